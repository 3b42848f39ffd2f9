/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A segment that comes while it is made, as viewers have it of a serve that runs. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "conf/site.h"
#include "server/serve_users.h"
#include "server/serve_watch.h"
#include "tests/server/serve_suite.h"
#include "tests/server/viewer_http2.h"

#define BYTES 4000u
#define PARTS 4u
#define LARGE (16u << 20)          /* beyond what two sockets keep */
#define WINDOW 65535u              /* of HTTP/2, and a piece that does not fit */
#define WINDOW_BEYOND 100000u

/* Segment 5 is whole, and two parts of 6 are there. */
static void start(void)
{
	suite_start();
	world_track(&world, 0);
	for (unsigned i = 0; i < PARTS; i++)
		world_part(&world, 0, 5, BYTES, i, PARTS);
	world_segment(&world, 0, 5, BYTES, true);
	world_part(&world, 0, 6, BYTES, 0, PARTS);
	world_part(&world, 0, 6, BYTES, 1, PARTS);
}

TestSuite(serve_growing, .init = start, .fini = suite_stop, .timeout = 240);

static void send_as(const char *method, const char *path, const char *version, const char *who)
{
	char text[512];
	int n = snprintf(text, sizeof text, "%s %s HTTP/%s\r\nHost: x\r\nConnection: keep-alive\r\nRange: bytes=1-2\r\nIf-None-Match: *\r\n%s\r\n", method, path, version, who);

	viewer_send(&viewer, text, (size_t)n);
}

static void send_get(const char *path)
{
	send_as("GET", path, "1.1", ALICE);
}

/* So much of that segment, from its first byte on. */
static bool has_of(uint64_t number, size_t bytes)
{
	uint8_t all[BYTES];

	world_fill(all, sizeof all, number);
	return got.body.len == bytes && memcmp(buf_data(&got.body), all, bytes) == 0;
}

static void receive_until(size_t bytes)
{
	while (got.body.len < bytes)
		cr_assert_eq(viewer_receive_chunk(&viewer, &got.body), 1);
}

static void begin(const char *who)
{
	send_as("GET", "/live/yard/copy/6.ll.m4s", "1.1", who);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	receive_until(BYTES / PARTS * 2);
}

static bool says(const char *field, const char *value)
{
	const char *is = response_header(&got, field);

	return value ? is && strstr(is, value) : !is;
}

/* No range, no condition, and no cache keeps it: what it will be nobody knows. */
Test(serve_growing, comes_part_by_part)
{
	begin(ALICE);
	cr_expect(has_of(6, BYTES / PARTS * 2), "what there is");
	cr_expect(says("Transfer-Encoding", "chunked") && says("Content-Length", NULL) && says("Cache-Control", "no-store") && says("ETag", NULL) &&
	          says("Accept-Ranges", NULL) && says("Content-Type", "video/mp4"), "%s", got.head);
	world_part(&world, 0, 6, BYTES, 2, PARTS);
	receive_until(BYTES / PARTS * 3);
	world_part(&world, 0, 6, BYTES, 3, PARTS);
	receive_until(BYTES);
	cr_expect_eq(viewer_receive_chunk(&viewer, &got.body), 0, "its end comes with its last part");
	cr_expect(has_of(6, BYTES));
	world_segment(&world, 0, 6, BYTES, true);
	do {  /* serve may hear of it after the request */
		viewer_get(&viewer, "/live/yard/copy/6.ll.m4s", ALICE, &got);
		while (says("Transfer-Encoding", "chunked") && viewer_receive_chunk(&viewer, &got.body) > 0)
			;
	} while (says("Transfer-Encoding", "chunked"));
	cr_expect(got.status == 200 && has_of(6, BYTES) && says("Cache-Control", "immutable") && says("Content-Length", "4000"), "then it is one like others: %s", got.head);
	world_wait(&world, &world.nviewings, 1);
	cr_expect_eq(world.viewing[0].from_number, 6);
}

/* Its camera went: the segment is what there was, and so is the answer. */
Test(serve_growing, ends_where_its_segment_does)
{
	begin(ALICE);
	world_segment(&world, 0, 6, BYTES / PARTS * 2, true);
	cr_expect_eq(viewer_receive_chunk(&viewer, &got.body), 0);
	send_get("/live/yard/copy/5.ll.m4s");
	viewer_receive(&viewer, &got, false);
	cr_expect_eq(got.status, 304, "one that is whole has conditions, and the connection goes on");
}

Test(serve_growing, what_was_not_published_in_parts_comes_with_the_whole)
{
	begin(ALICE);
	world_segment(&world, 0, 6, BYTES, true);
	receive_until(BYTES);
	cr_expect_eq(viewer_receive_chunk(&viewer, &got.body), 0);
	cr_expect(has_of(6, BYTES));
}

Test(serve_growing, waits_for_its_beginning)
{
	for (unsigned i = 2; i < PARTS; i++)
		world_part(&world, 0, 6, BYTES, i, PARTS);
	begin(ALICE);
	cr_expect_eq(viewer_receive_chunk(&viewer, &got.body) + viewer_receive_chunk(&viewer, &got.body) + viewer_receive_chunk(&viewer, &got.body), 2);
	send_get("/live/yard/copy/7.ll.m4s");
	world_segment(&world, 0, 6, BYTES, true);
	world_part(&world, 0, 7, BYTES, 0, PARTS);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	receive_until(BYTES / PARTS);
	cr_expect(has_of(7, BYTES / PARTS));
}

/* The viewer can tell: the last chunk is missing. */
static void expect_broken_off(void)
{
	cr_expect_eq(viewer_receive_chunk(&viewer, &got.body), -1);
	cr_expect(has_of(6, BYTES / PARTS * 2));
}

Test(serve_growing, ends_with_the_right_to_it)
{
	world_user_may(&world, 7, 1, "bob", "knock knock", 1u << SITE_RIGHT_LIVE, 0);
	begin(basic("bob", "knock knock"));
	world_user_may(&world, 7, 2, "bob", "knock knock", 1u << SITE_RIGHT_LIVE, 1);
	expect_broken_off();
}

/* At once, whenever there will be another one. */
Test(serve_growing, ends_with_its_store)
{
	begin(ALICE);
	channel_free(&world.store[0]);
	expect_broken_off();
}

/* And one that began while there was none, with the next. */
Test(serve_growing, ends_with_the_store_before)
{
	channel_free(&world.store[0]);
	begin(ALICE);
	world_give_store(&world, 0);
	expect_broken_off();
}

Test(serve_growing, ends_with_its_camera)
{
	begin(ALICE);
	cr_assert_eq(channel_say(world.parent[0], MSG_SERVE_RENDITION, &(struct msg_serve_rendition){.rendition = 0, .name = "copy", .gone = true}, NULL, 0), 0);
	expect_broken_off();
}

/* More than fits between the two ends: most of its only piece is still to go out when the rendition goes. */
Test(serve_growing, ends_with_its_camera_while_a_piece_goes_out)
{
	struct viewer other;

	world_part(&world, 0, 6, BYTES, 2, PARTS);
	world_part(&world, 0, 6, BYTES, 3, PARTS);
	world_segment(&world, 0, 6, BYTES, true);
	world_part(&world, 0, 7, 2 * LARGE, 0, 2);
	send_get("/live/yard/copy/7.ll.m4s");
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	cr_assert_eq(channel_say(world.parent[0], MSG_SERVE_RENDITION, &(struct msg_serve_rendition){.rendition = 0, .name = "copy", .gone = true}, NULL, 0), 0);
	cr_assert(viewer_open(&other, world.base, world.port[0], 0));
	do
		viewer_get(&other, "/live/yard/copy/5.m4s", ALICE, &got);
	while (got.status == 200);
	viewer_close(&other);
	cr_expect_eq(viewer_receive_chunk(&viewer, &got.body), -1, "it is broken off, and nobody looks for more of it");
}

static void begin_http2(struct viewer_http2 *v, uint64_t number, size_t bytes)
{
	char path[64];

	snprintf(path, sizeof path, "/live/yard/copy/%u.ll.m4s", (unsigned)number);
	viewer_http2_open(v, world.base, world.port[0]);
	viewer_http2_ask(v, path, ALICE);
	viewer_http2_receive(v, bytes);
	cr_assert(v->status == 200 && !v->over, "%u", v->status);
}

static void expect_broken_off_http2(struct viewer_http2 *v, size_t bytes)
{
	viewer_http2_receive(v, bytes + 1);
	cr_expect(v->over && v->error && v->body.len == bytes, "error %u after %zu bytes", v->error, v->body.len);
	viewer_http2_ask(v, "/live/yard/copy/nothing.m4s", ALICE);
	viewer_http2_receive(v, 1);
	cr_expect_eq(v->status, 404, "the connection goes on");
	viewer_http2_close(v);
}

Test(serve_growing, comes_by_http_2)
{
	uint8_t all[BYTES];
	struct viewer_http2 v;

	world_fill(all, sizeof all, 6);
	begin_http2(&v, 6, BYTES / PARTS * 2);
	world_part(&world, 0, 6, BYTES, 2, PARTS);
	viewer_http2_receive(&v, BYTES / PARTS * 3);
	world_part(&world, 0, 6, BYTES, 3, PARTS);
	viewer_http2_receive(&v, BYTES + 1);
	cr_expect(v.over && !v.error && v.body.len == BYTES && memcmp(buf_data(&v.body), all, BYTES) == 0, "error %u after %zu bytes", v.error, v.body.len);
	viewer_http2_close(&v);
}

Test(serve_growing, ends_with_its_store_by_http_2)
{
	struct viewer_http2 v;

	begin_http2(&v, 6, BYTES / PARTS * 2);
	channel_free(&world.store[0]);
	expect_broken_off_http2(&v, BYTES / PARTS * 2);
}

/* What the window takes of its only piece is out; the rest waits for a window that never opens. */
Test(serve_growing, ends_with_its_camera_while_a_piece_goes_out_by_http_2)
{
	struct viewer_http2 v;

	world_part(&world, 0, 6, BYTES, 2, PARTS);
	world_part(&world, 0, 6, BYTES, 3, PARTS);
	world_segment(&world, 0, 6, BYTES, true);
	world_part(&world, 0, 7, 2 * WINDOW_BEYOND, 0, 2);
	begin_http2(&v, 7, WINDOW);
	cr_assert_eq(channel_say(world.parent[0], MSG_SERVE_RENDITION, &(struct msg_serve_rendition){.rendition = 0, .name = "copy", .gone = true}, NULL, 0), 0);
	viewer_http2_receive(&v, WINDOW + 1);
	cr_expect(v.over && v.error && v.body.len == WINDOW, "error %u after %zu bytes", v.error, v.body.len);
	viewer_http2_close(&v);
}

/* More than one user may have at once, one after the other. */
Test(serve_growing, gives_its_place_back)
{
	world_part(&world, 0, 6, BYTES, 2, PARTS);
	world_part(&world, 0, 6, BYTES, 3, PARTS);
	for (unsigned i = 0; i <= SERVE_RELOADS_MAX / SERVE_USER_SHARE; i++) {
		begin(ALICE);
		receive_until(BYTES);
		cr_assert_eq(viewer_receive_chunk(&viewer, &got.body), 0);
	}
}

/* Without chunks (HTTP/1.0) there is no telling where it ends; one far ahead will not be for long. */
Test(serve_growing, others_are_answered_as_ever)
{
	static const struct { const char *method, *path, *version; unsigned status; } cases[] = {
		{"HEAD", "/live/yard/copy/6.ll.m4s", "1.1", 200}, {"GET", "/live/yard/copy/9.ll.m4s", "1.1", 404}, {"GET", "/live/yard/copy/x.ll.m4s", "1.1", 404},
		{"POST", "/live/yard/copy/6.ll.m4s", "1.1", 411}, {"GET", "/live/yard/copy/5.ll.m4s", "1.0", 304}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		viewer_close(&viewer);
		cr_assert(viewer_open(&viewer, world.base, world.port[0], 0));
		send_as(cases[i].method, cases[i].path, cases[i].version, ALICE);
		viewer_receive(&viewer, &got, true);
		cr_expect_eq(got.status, cases[i].status, "case %zu: %u", i, got.status);
	}
	viewer_get(&viewer, "/live/yard/copy/5.ll.m4s", ALICE, &got);
}
