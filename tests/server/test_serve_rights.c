/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may see what: of a camera at which a viewer has no right he learns as much as of one that there is not. */
#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "tests/server/serve_suite.h"

#define LIVE (1u << SITE_RIGHT_LIVE)
#define HISTORY (1u << SITE_RIGHT_HISTORY)
#define EXPORT (1u << SITE_RIGHT_EXPORT)
#define ADMIN (1u << SITE_RIGHT_ADMIN)
#define YARD 0u
#define ATTIC 1u

static void start(void)
{
	suite_start();
	for (unsigned k = 0; k < 3; k++) {
		world_track(&world, k);
		for (unsigned i = 5; i < 8; i++)
			world_segment(&world, k, i, 1000, true);
	}
}

TestSuite(serve_rights, .init = start, .fini = suite_stop, .timeout = 120);

static unsigned status(const char *path)
{
	response_free(&got);
	viewer_get(&viewer, path, ALICE, &got);
	return got.status;
}

static bool site_has(const char *text)
{
	return status("/api/site") == 200 && memmem(buf_data(&got.body), got.body.len, text, strlen(text));
}

/* The user may only that, there, from now on: what the parent says is heard in its own time. */
static void may(unsigned rights, unsigned camera, const char *other)
{
	static uint32_t version;

	world_user_may(&world, 0, ++version, WORLD_USER, WORLD_PASSWORD, rights, camera);
	while (rights ? site_has(other) || got.status != 200 : status("/api/site") != 401)
		;
}

Test(serve_rights, a_camera_that_may_not_be_seen_is_as_one_that_is_not)
{
	static const char *const route[] = {
		"index.m3u8", "copy/index.m3u8", "copy/6.m4s", "copy/1.m4s", "copy/9999.m4s", "copy/6.m4s.tlog-proof", "copy/1.m4s.tlog-proof",
		"copy/init-0011223344556677.mp4", "360p/index.m3u8", "snapshot.jpg", "snapshot/6.jpg", "none/index.m3u8",
		"1700000000-1700001800.m3u8", "copy/1700000000-1700001800.m3u8", "1700000000-1700001800.json", "1700000000-1800000000.json"};

	may(LIVE | HISTORY, ATTIC, "yard");
	for (size_t i = 0; i < sizeof route / sizeof *route; i++) {
		char hidden[100], absent[100], head[4096];
		struct buf body;

		snprintf(hidden, sizeof hidden, "/live/yard/%s", route[i]);
		snprintf(absent, sizeof absent, "/live/yurd/%s", route[i]);
		cr_assert_eq(status(absent), 404, "%s", absent);
		buf_init(&body, 1 << 16);
		cr_assert_eq(buf_append(&body, buf_data(&got.body), got.body.len), 0);
		snprintf(head, sizeof head, "%s", response_header(&got, "Cache-Control") ? response_header(&got, "Cache-Control") : "-");
		cr_expect_eq(status(hidden), 404, "%s: %u", hidden, got.status);
		cr_expect(got.body.len == body.len && (!body.len || !memcmp(buf_data(&got.body), buf_data(&body), body.len)), "%s", hidden);
		cr_expect_str_eq(response_header(&got, "Cache-Control") ? response_header(&got, "Cache-Control") : "-", head);
		buf_free(&body);
	}
	cr_expect_eq(status("/api/site"), 200);
	cr_expect(memmem(buf_data(&got.body), got.body.len, "attic", 5));
	cr_expect_null(memmem(buf_data(&got.body), got.body.len, "yard", 4));
}

Test(serve_rights, each_right_is_for_its_own)
{
	static const struct { const char *path; unsigned live, history, exports, admin; } c[] = {
		{"/live/yard/index.m3u8", 200, 403, 403, 403},
		{"/live/yard/copy/index.m3u8", 200, 403, 403, 403},
		{"/live/yard/copy/6.m4s", 200, 403, 403, 403},
		{"/live/yard/copy/2.m4s", 403, 0, 403, 403},
		{"/log/tile/entries/000", 403, 403, 403, 0},
		{"/api/site", 200, 200, 200, 200},
		{"/", 200, 200, 200, 200},
	};
	static const struct { unsigned right; const char *text, *before; } r[] = {
		{LIVE, "\"may\":[\"live\"]", "attic"}, {HISTORY, "\"may\":[\"history\"]", "\"live\"]"}, {EXPORT, "\"may\":[\"export\"]", "\"history\"]"},
		{ADMIN, "\"may\":[\"admin\"]", "\"export\"]"}};

	for (unsigned k = 0; k < 4; k++) {
		may(r[k].right, YARD, r[k].before);
		cr_expect(site_has(r[k].text), "%s", r[k].text);
		for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
			unsigned want = k == 0 ? c[i].live : k == 1 ? c[i].history : k == 2 ? c[i].exports : c[i].admin;

			/* 0: it is asked of store, which this test does not answer. */
			if (want)
				cr_expect_eq(status(c[i].path), want, "%s, right %u: %u", c[i].path, k, got.status);
		}
	}
}

/* What store would have of a camera that has not come back yet is nothing of now. */
Test(serve_rights, where_there_is_nothing_live_all_is_history)
{
	static const char *const old[] = {"small/5.m4s", "small/5.m4s.tlog-proof", "snapshot/5.jpg", "snapshot/5.jpg.tlog-proof"};
	char path[100];

	may(LIVE, ATTIC, "yard");
	for (size_t i = 0; i < sizeof old / sizeof *old; i++) {
		snprintf(path, sizeof path, "/live/attic/%s", old[i]);
		cr_expect_eq(status(path), 403, "%s: %u", path, got.status);
	}
}

Test(serve_rights, who_has_none_is_not_let_in)
{
	may(0, YARD, "");
	cr_expect_eq(status("/live/yard/index.m3u8"), 401);
	cr_expect_eq(status("/log/checkpoint"), 401);
	may(LIVE, YARD, "attic");
	cr_expect_eq(status("/live/yard/index.m3u8"), 200);
}

/* Held until something of the camera comes, which may be never; his right goes first. */
Test(serve_rights, a_held_request_ends_with_the_right)
{
	char text[500];

	may(LIVE, ATTIC, "yard");
	viewer_send(&viewer, text, (size_t)snprintf(text, sizeof text, "GET /live/attic/small/index.m3u8 HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
		ALICE));
	world_wait(&world, &world.watched, 1);
	world_user_may(&world, 0, 1000, WORLD_USER, WORLD_PASSWORD, LIVE, YARD);
	viewer_receive(&viewer, &got, false);
	cr_expect(got.status == 401 || got.status == 404, "%u", got.status);
}

/* What goes out is told: which camera's, of which segments, how much; playlists, proofs and what has not changed are no footage. */
Test(serve_rights, tells_who_watched_what)
{
	static const char *const none[] = {"index.m3u8", "copy/index.m3u8", "copy/9999.m4s", "copy/init-0011223344556677.mp4"};
	struct msg_viewing sum = {0};
	char path[100], extra[500];

	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		snprintf(path, sizeof path, "/live/yard/%s", none[i]);
		if (i != 3)  /* which store is asked for */
			status(path);
	}
	cr_expect_eq(world.nviewings, 0);
	cr_assert_eq(status("/live/yard/copy/7.m4s"), 200);
	world_wait(&world, &world.nviewings, 1);
	cr_assert_eq(status("/live/yard/360p/6.m4s"), 200);
	snprintf(extra, sizeof extra, "%sRange: bytes=10-19\r\n", ALICE);
	response_free(&got);
	viewer_get(&viewer, "/live/yard/copy/5.m4s", extra, &got);
	cr_assert_eq(got.status, 206);
	for (unsigned seen = 1; sum.bytes < 2010; seen++) {
		world_wait(&world, &world.nviewings, seen);
		const struct msg_viewing *m = &world.viewing[seen - 1];

		cr_assert(m->user == 0 && m->camera == YARD && m->by == 1u << VIEWING_PLAYER && m->from_us > 0 && m->from_us <= m->to_us);
		cr_expect_str_eq(m->address, "127.0.0.1");
		sum.bytes += m->bytes;
		sum.renditions |= m->renditions;
		sum.from_number = seen == 1 || m->from_number < sum.from_number ? m->from_number : sum.from_number;
		sum.to_number = m->to_number > sum.to_number ? m->to_number : sum.to_number;
	}
	cr_expect(sum.bytes == 2010 && sum.from_number == 5 && sum.to_number == 7, "%llu", (unsigned long long)sum.bytes);
	cr_expect_eq(sum.renditions, 1u << RENDITION_COPY | 1u << RENDITION_ENCODED);
}
