/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The serve role as its own processes, sealed, with this test as parent, store and viewers. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/text.h"
#include "server/sandbox.h"
#include "tests/server/serve_suite.h"

#define SEGMENT_BYTES 300000

static void get(const char *path, const char *extra)
{
	viewer_get(&viewer, path, extra, &got);
}

static void send_get(const char *path)
{
	char text[512];
	int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", path, ALICE);

	viewer_send(&viewer, text, (size_t)n);
}

/* Copy, audio and 360p of "yard", segments 5 to 5 + n - 1. */
static void publish(unsigned n)
{
	for (unsigned k = 0; k < 3; k++) {
		world_track(&world, k);
		for (unsigned i = 0; i < n; i++)
			world_segment(&world, k, 5 + i, SEGMENT_BYTES, true);
	}
}

static bool body_is_segment(uint64_t number, size_t first, size_t n)
{
	uint8_t *p = malloc(SEGMENT_BYTES);
	bool same;

	cr_assert(p);
	world_fill(p, SEGMENT_BYTES, number);
	same = got.body.len == n && memcmp(buf_data(&got.body), p + first, n) == 0;
	free(p);
	return same;
}

TestSuite(serve, .init = suite_start, .fini = suite_stop, .timeout = 60);

Test(serve, is_sealed_before_the_first_byte)
{
	char path[64];
	struct buf b;

	cr_assert(world.layers & LAYER_SECCOMP);
	cr_assert(world.layers & LAYER_NO_NEW_PRIVS);
	snprintf(path, sizeof path, "/proc/%d/status", (int)world.pid[0]);
	buf_init(&b, 65536);
	cr_assert_eq(io_read_file(AT_FDCWD, path, &b), 0);
	cr_assert_eq(buf_append(&b, "", 1), 0);
	cr_assert(strstr((char *)buf_data(&b), "Seccomp:\t2"));
	cr_assert(strstr((char *)buf_data(&b), "CapEff:\t0000000000000000"));
	buf_free(&b);
}

Test(serve, speaks_tls_1_3_alone)
{
	struct viewer old;

	cr_assert_not(viewer_open(&old, world.base, world.port[0], TLS1_2_VERSION));
	cr_assert_str_eq(SSL_get_version(viewer.ssl), "TLSv1.3");
}

Test(serve, shows_nothing_without_a_user)
{
	static const char *const path[] = {"/api/site", "/live/yard/index.m3u8", "/live/nothing/index.m3u8", "/live/yard/copy/index.m3u8",
		"/live/yard/copy/5.m4s", "/live/yard/copy/5.m4s.tlog-proof", "/live/yard/copy/init-0123456789abcdef.mp4", "/log/checkpoint",
		"/log/tile/0/000.p/5"};

	publish(2);
	for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
		get(path[i], "");
		cr_assert_eq(got.status, 401, "%s gave %u", path[i], got.status);
		cr_assert_eq(got.body.len, 0);
		cr_assert(head_has("WWW-Authenticate", "Basic realm=\"casemate\""));
	}
}

Test(serve, lists_the_newest_segments)
{
	get("/api/site", ALICE);
	publish(13);
	get("/live/yard/index.m3u8", ALICE);
	cr_assert_eq(got.status, 200);
	cr_assert(head_has("Content-Type", "application/vnd.apple.mpegurl"));
	cr_assert(head_has("Cache-Control", "no-cache"));
	cr_assert(body_has("copy/index.m3u8"));
	cr_assert(body_has("360p/index.m3u8"));
	cr_assert(body_has("audio/index.m3u8"));
	get("/live/yard/copy/index.m3u8", ALICE);
	cr_assert_eq(got.status, 200);
	cr_assert(body_has("#EXT-X-MEDIA-SEQUENCE:8\n"));
	cr_assert(body_has("#EXT-X-TARGETDURATION:2\n"));
	cr_assert(body_has("17.m4s\n"));
	cr_assert_not(body_has("\n7.m4s\n"));
	get("/live/yard/gone/index.m3u8", ALICE);
	cr_assert_eq(got.status, 404);
	get("/live/none/index.m3u8", ALICE);
	cr_assert_eq(got.status, 404);
}

Test(serve, tells_the_page_how_cameras_do)
{
	struct msg_camera_state state = {.camera = 1, .phase = CAMERA_WAITING, .why = GAP_AUTHENTICATION, .detail = "refuses the \"password\"",
		.width = 1280, .height = 720, .fps_milli = 25000};
	static const char *const parts[] = {"\"origin\":\"test.example/house\"", "\"vkey\":\"test.example/house+00000000+AAAA\"", "\"user\":\"alice\"",
		"\"name\":\"attic\",\"phase\":\"waiting\"", "\"detail\":\"refuses the \\\"password\\\"\"", "\"fps\":25.000",
		"\"codec\":\"avc1.64001f\"", "\"audio_codec\":\"mp4a.40.2\"", "\"first\":5,\"last\":6"};

	cr_assert_eq(channel_say(world.parent[0], MSG_CAMERA_STATE, &state, NULL, 0), 0);
	publish(2);
	get("/api/site", ALICE);
	cr_assert_eq(got.status, 200);
	cr_assert(head_has("Content-Type", "application/json"));
	cr_assert(head_has("Cache-Control", "no-store"));
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		cr_expect(body_has(parts[i]), "%s", parts[i]);
}

Test(serve, holds_a_playlist_until_the_first_segment)
{
	char text[512];
	int n = snprintf(text, sizeof text, "GET /live/yard/copy/index.m3u8 HTTP/1.1\r\nHost: x\r\n%s\r\n", ALICE);

	get("/api/site", ALICE);
	viewer_send(&viewer, text, (size_t)n);
	world_track(&world, 0);
	world_segment(&world, 0, 5, SEGMENT_BYTES, true);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	cr_assert(body_has("5.m4s"));
}

/* Another serve process may have heard of it, and listed it, a moment before this one. */
Test(serve, holds_a_request_for_the_segment_that_is_next)
{
	struct viewer other;

	publish(2);
	get("/live/yard/copy/6.m4s", ALICE);
	cr_assert_eq(got.status, 200);
	send_get("/live/yard/copy/7.m4s");
	/* Who comes after it is answered before it. */
	cr_assert(viewer_open(&other, world.base, world.port[0], 0));
	viewer_get(&other, "/live/yard/copy/6.m4s", ALICE, &got);
	viewer_close(&other);
	world_segment(&world, 0, 7, SEGMENT_BYTES, true);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	cr_assert(body_is_segment(7, 0, SEGMENT_BYTES));
	get("/live/yard/copy/8.m4s.tlog-proof", ALICE);
	cr_assert_eq(got.status, 404, "%u: it did not come in time", got.status);
}

Test(serve, gives_segments_whole_and_in_part)
{
	static const struct { const char *range; unsigned status; size_t first, n; } try[] = {
		{"", 200, 0, SEGMENT_BYTES},
		{"Range: bytes=0-0\r\n", 206, 0, 1},
		{"Range: bytes=100-199\r\n", 206, 100, 100},
		{"Range: bytes=-5\r\n", 206, SEGMENT_BYTES - 5, 5},
		{"Range: bytes=299999-\r\n", 206, SEGMENT_BYTES - 1, 1},
		{"Range: bytes=1-2,4-5\r\n", 200, 0, SEGMENT_BYTES},
		{"Range: bytes=1-2\r\nIf-Range: \"other\"\r\n", 200, 0, SEGMENT_BYTES},
		{"Range: bytes=9223372036854775808-\r\n", 200, 0, SEGMENT_BYTES},
	};

	publish(2);
	for (size_t i = 0; i < sizeof try / sizeof *try; i++) {
		char extra[256];

		snprintf(extra, sizeof extra, "%s%s", ALICE, try[i].range);
		get("/live/yard/copy/6.m4s", extra);
		cr_assert_eq(got.status, try[i].status, "%s gave %u", try[i].range, got.status);
		cr_assert(body_is_segment(6, try[i].first, try[i].n), "%s", try[i].range);
		cr_assert(head_has(try[i].status == 206 ? "Repr-Digest" : "Content-Digest", "sha-256=:"));
		cr_assert(head_has("Cache-Control", "private, max-age=31536000, immutable"));
		cr_assert(head_has("Content-Type", "video/mp4"));
	}
}

Test(serve, refuses_ranges_outside)
{
	char extra[256];

	publish(1);
	snprintf(extra, sizeof extra, "%sRange: bytes=300000-\r\n", ALICE);
	get("/live/yard/copy/5.m4s", extra);
	cr_assert_eq(got.status, 416);
	cr_assert(head_has("Content-Range", "bytes */300000"));
	cr_assert_eq(got.body.len, 0);
	snprintf(extra, sizeof extra, "%sRange: bytes=-0\r\n", ALICE);
	get("/live/yard/copy/5.m4s", extra);
	cr_assert_eq(got.status, 416);
}

Test(serve, names_the_digest_of_what_it_sends)
{
	uint8_t sha256[32];
	char text[64], etag[64], extra[256];

	publish(1);
	get("/live/yard/copy/5.m4s", ALICE);
	EVP_Digest(buf_data(&got.body), got.body.len, sha256, NULL, EVP_sha256(), NULL);
	base64_encode(sha256, 32, text);
	cr_assert(head_has("Content-Digest", text));
	snprintf(etag, sizeof etag, "%s", response_header(&got, "ETag"));
	snprintf(extra, sizeof extra, "%sIf-None-Match: \"x\", %s\r\n", ALICE, etag);
	get("/live/yard/copy/5.m4s", extra);
	cr_assert_eq(got.status, 304);
	cr_assert_eq(got.body.len, 0);
	snprintf(extra, sizeof extra, "%sIf-Match: \"x\"\r\nIf-None-Match: %s\r\nRange: bytes=0-1\r\n", ALICE, etag);
	get("/live/yard/copy/5.m4s", extra);
	cr_assert_eq(got.status, 412);
	cr_assert_eq(got.body.len, 0);
	snprintf(extra, sizeof extra, "%sIf-Match: \"x\", %s\r\nRange: bytes=0-1\r\n", ALICE, etag);
	get("/live/yard/copy/5.m4s", extra);
	cr_assert_eq(got.status, 206);
}

Test(serve, answers_head_without_a_body)
{
	char text[512];
	int n = snprintf(text, sizeof text, "HEAD /live/yard/copy/5.m4s HTTP/1.1\r\nHost: x\r\n%s\r\n", ALICE);

	publish(1);
	viewer_send(&viewer, text, (size_t)n);
	viewer_receive(&viewer, &got, true);
	cr_assert_eq(got.status, 200);
	cr_assert(head_has("Content-Length", "300000"));
	get("/api/site", ALICE);
	cr_assert_eq(got.status, 200);
}

Test(serve, answers_requests_in_order)
{
	char text[4096];
	int n = 0;

	publish(3);
	for (unsigned i = 0; i < 20; i++)
		n += snprintf(text + n, sizeof text - (size_t)n, "GET /live/yard/copy/%u.m4s HTTP/1.1\r\nHost: x\r\n%s\r\n", 5 + i % 3, ALICE);
	viewer_send(&viewer, text, (size_t)n);
	for (unsigned i = 0; i < 20; i++) {
		viewer_receive(&viewer, &got, false);
		cr_assert_eq(got.status, 200);
		cr_assert(body_is_segment(5 + i % 3, 0, SEGMENT_BYTES), "request %u", i);
	}
}

Test(serve, closes_after_what_cannot_be_followed)
{
	static const struct { const char *request; unsigned status; } try[] = {
		{"GET / HTTP/1.1\nHost: x\n\n", 400},
		{"GET / HTTP/1.1\r\n\r\n", 400},
		{"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", 400},
		{"POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501},
		{"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 405},
		{"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
		{"\x16\x03\x01", 400},
	};

	for (size_t i = 0; i < sizeof try / sizeof *try; i++) {
		reconnect(0);
		viewer_send(&viewer, try[i].request, strlen(try[i].request));
		viewer_receive(&viewer, &got, false);
		cr_assert_eq(got.status, try[i].status, "case %zu gave %u", i, got.status);
		cr_assert(head_has("Connection", "close"));
		viewer_wait_end(&viewer);
	}
}

Test(serve, knows_no_other_paths)
{
	static const char *const path[] = {"/../etc/passwd", "/%2e%2e/", "//evil", "/%5Cevil", "/live/yard/copy/../copy/5.m4s", "/assets/../x",
		"/live/yard/copy/05.m4s", "/live/yard/copy/init-0123456789ABCDEF.mp4", "/live/YARD/index.m3u8", "/index.html", "/log/tile", "/live"};

	for (size_t i = 0; i < sizeof path / sizeof *path; i++) {
		get(path[i], ALICE);
		cr_assert_eq(got.status, 404, "%s gave %u", path[i], got.status);
		cr_assert_null(response_header(&got, "Location"));
	}
}

Test(serve, asks_store_once_for_what_it_does_not_hold)
{
	publish(2);
	get("/api/site", ALICE);
	send_get("/live/yard/copy/3.m4s");
	world_wait(&world, &world.nwants, 1);
	cr_assert_eq(world.want[0].kind, MSG_WANT_SEGMENT);
	cr_assert_eq(world.want[0].number, 3);
	world_have(&world, 0, MSG_HAVE_OK, "an old segment");
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	cr_assert(body_has("an old segment"));
	get("/live/yard/copy/3.m4s", ALICE);
	cr_assert_eq(got.status, 200);
	cr_assert_eq(world.nwants, 1);
	get("/live/yard/copy/9.m4s", ALICE);
	cr_assert_eq(got.status, 404);
	send_get("/log/tile/entries/000.p/9");
	world_wait(&world, &world.nwants, 2);
	cr_assert_eq(world.want[1].level, -1);
	cr_assert_eq(world.want[1].width, 9);
	world_have(&world, 1, MSG_HAVE_GONE, NULL);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 410);
}

Test(serve, gives_proofs_once_the_checkpoint_covers_them)
{
	publish(1);
	get("/api/site", ALICE);
	send_get("/live/yard/copy/5.m4s.tlog-proof");
	world_checkpoint(&world, 6, "a checkpoint\n");
	world_wait(&world, &world.nwants, 1);
	cr_assert_eq(world.want[0].kind, MSG_WANT_PROOF);
	world_have(&world, 0, MSG_HAVE_OK, "c2sp.org/tlog-proof@v1\n");
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	get("/log/checkpoint", ALICE);
	cr_assert_eq(got.status, 200);
	cr_assert(body_has("a checkpoint\n"));
	cr_assert(head_has("Cache-Control", "no-cache"));
}

Test(serve, asks_for_the_proof_of_what_retention_removed)
{
	publish(1);
	world_oldest(&world, 0, 4);
	world_checkpoint(&world, 6, "a checkpoint\n");
	do
		get("/log/checkpoint", ALICE);  /* what store said before has been heard, once that is there */
	while (got.status != 200);
	get("/live/yard/copy/999.m4s.tlog-proof", ALICE);
	cr_assert_eq(got.status, 404);
	get("/live/yard/copy/3.m4s", ALICE);
	cr_assert_eq(got.status, 410);
	send_get("/live/yard/copy/3.m4s.tlog-proof");
	world_wait(&world, &world.nwants, 1);
	cr_assert(world.want[0].kind == MSG_WANT_PROOF && world.want[0].number == 3);
	world_have(&world, 0, MSG_HAVE_OK, "c2sp.org/tlog-proof@v1\n");
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
}

Test(serve, refuses_memory_that_is_not_sealed)
{
	world_track(&world, 0);
	world_segment(&world, 0, 5, SEGMENT_BYTES, false);
	world_wait(&world, &world.bad_peers, 1);
	cr_assert_str_eq(world.why, "memory that is not sealed");
	world_wait(&world, &world.gone, 1);
	get("/", "");
	cr_assert_eq(got.status, 200);
}

/* Another serve process may have asked for them, more than once. */
Test(serve, takes_chunks_that_it_did_not_ask_for)
{
	struct msg_part m = {.number = 9, .part = MSG_NO_PART, .duration = 1, .timescale = 90000, .bytes = 5};
	int fd = -1;

	publish(3);
	cr_assert_eq(io_seal_bytes("part", "chunk", 5, &fd), 0);
	for (unsigned i = 0; i < 100; i++)
		cr_assert_eq(channel_say(world.store[0], MSG_PART, &m, &fd, 1), 0);
	close(fd);
	send_get("/live/yard/copy/8.m4s");
	world_segment(&world, 0, 8, SEGMENT_BYTES, true);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	cr_assert_eq(world.bad_peers, 0);
}

Test(serve, starts_over_with_a_new_store)
{
	publish(3);
	get("/live/yard/copy/7.m4s", ALICE);
	cr_assert_eq(got.status, 200);
	world_give_store(&world, 0);
	send_get("/live/yard/copy/index.m3u8");
	world_track(&world, 0);
	world_segment(&world, 0, 6, SEGMENT_BYTES, true);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	cr_assert(body_has("#EXT-X-MEDIA-SEQUENCE:6\n"));
}

/* Memory of its own: resident pages that are not shared. */
static long own_kib(pid_t pid)
{
	long resident = 0, shared = 0;
	char path[64];
	struct buf b;

	buf_init(&b, 4096);
	snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
	cr_assert_eq(io_read_file(AT_FDCWD, path, &b), 0);
	cr_assert_eq(buf_append(&b, "", 1), 0);
	cr_assert_eq(sscanf((char *)buf_data(&b), "%*d %ld %ld", &resident, &shared), 2);
	buf_free(&b);
	return (resident - shared) * (sysconf(_SC_PAGESIZE) / 1024);
}

#define SLOW 20

Test(serve, holds_little_for_readers_that_do_not_read)
{
	static struct viewer slow[SLOW];
	long before, more;
	char text[512];

#ifdef __SANITIZE_ADDRESS__
	cr_skip("a sanitizer's memory is not ours");
#endif
	publish(12);
	get("/live/yard/copy/5.m4s", ALICE);
	before = own_kib(world.pid[0]);
	for (unsigned i = 0; i < SLOW; i++) {
		cr_assert(viewer_open(&slow[i], world.base, world.port[0], 0));
		for (unsigned k = 0; k < 60; k++) {
			int n = snprintf(text, sizeof text, "GET /live/yard/copy/%u.m4s HTTP/1.1\r\nHost: x\r\n%s\r\n", 5 + k % 12, ALICE);

			viewer_send(&slow[i], text, (size_t)n);
		}
	}
	get("/live/yard/copy/6.m4s", ALICE);
	cr_assert_eq(got.status, 200);
	more = own_kib(world.pid[0]) - before;
	cr_assert_lt(more, SLOW * 200, "%ld KiB more for %u viewers", more, SLOW);
	for (unsigned i = 0; i < SLOW; i++)
		viewer_close(&slow[i]);
}

Test(serve, caps_the_connections_of_one_address)
{
	static struct viewer many[255];
	struct viewer one_more;

	for (unsigned i = 0; i < 255; i++)
		cr_assert(viewer_open(&many[i], world.base, world.port[0], 0));
	cr_assert_not(viewer_open(&one_more, world.base, world.port[0], 0));
	viewer_close(&many[0]);
	get("/", "");
	cr_assert_eq(got.status, 200);
	cr_assert(viewer_open(&many[0], world.base, world.port[0], 0));
	for (unsigned i = 0; i < 255; i++)
		viewer_close(&many[i]);
}
