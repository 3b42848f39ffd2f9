/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots, as viewers and the parent see them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "media/au.h"
#include "server/serve_snapshot.h"
#include "tests/server/serve_suite.h"

static void start_with_more(void)
{
	suite_start_with(SERVE_USER_SNAPSHOTS + 1);
}

static void get(const char *path)
{
	viewer_get(&viewer, path, ALICE, &got);
}

static void ask_by(struct viewer *v, const char *path)
{
	char head[400];

	viewer_send(v, head, (size_t)snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, ALICE));
}

static void ask(const char *path)
{
	ask_by(&viewer, path);
}

/* Captured so long ago. */
static void snapshot(uint64_t number, size_t bytes, int64_t ago_us)
{
	world.start_us = clock_wall_us() - ago_us;
	world_segment(&world, RENDITION_SNAPSHOT, number, bytes, true);
	world.start_us = 0;
}

static bool header_is(const char *name, const char *value)
{
	const char *is = response_header(&got, name);

	return is && strcmp(is, value) == 0;
}

TestSuite(serve_snapshot, .init = suite_start, .fini = suite_stop, .timeout = 60);

Test(serve_snapshot, is_held_until_one_comes)
{
	uint8_t bytes[3000];

	ask("/live/yard/snapshot.jpg");
	world_wait(&world, &world.watched, 1);
	cr_expect(world.last_watched.camera == 0 && world.last_watched.rendition == RENDITION_SNAPSHOT);
	snapshot(7, sizeof bytes, 1000000);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	world_fill(bytes, sizeof bytes, 7);
	cr_expect(got.body.len == sizeof bytes && memcmp(buf_data(&got.body), bytes, sizeof bytes) == 0);
	cr_expect(header_is("Content-Type", "image/jpeg") && header_is("Cache-Control", "private, no-cache"));
	cr_expect(header_is("Content-Location", "/live/yard/snapshot/7.jpg"));
	cr_expect(response_header(&got, "Content-Digest") && response_header(&got, "ETag"));
	cr_expect(response_header(&got, "Last-Modified") && strstr(response_header(&got, "Last-Modified"), " GMT"));
}

Test(serve_snapshot, newest_is_given_and_each_keeps_its_address)
{
	for (uint64_t n = 5; n <= 9; n++)
		snapshot(n, 1000, (int64_t)(10 - n) * 1000000);
	get("/live/yard/snapshot.jpg");
	cr_assert_eq(got.status, 200);
	cr_expect(header_is("Content-Location", "/live/yard/snapshot/9.jpg"));
	get("/live/yard/snapshot/8.jpg");
	cr_assert_eq(got.status, 200);
	cr_expect(header_is("Content-Type", "image/jpeg") && header_is("Cache-Control", "private, max-age=31536000, immutable"));
	get("/live/yard/snapshot/10.jpg");
	cr_expect_eq(got.status, 404);
	ask("/live/yard/snapshot/6.jpg");  /* no longer held: store is asked */
	world_wait(&world, &world.nwants, 1);
	cr_expect(world.want[0].kind == MSG_WANT_SEGMENT && world.want[0].rendition == RENDITION_SNAPSHOT && world.want[0].number == 6);
	world_have(&world, 0, MSG_HAVE_GONE, NULL);
	viewer_receive(&viewer, &got, false);
	cr_expect_eq(got.status, 410);
}

Test(serve_snapshot, proof_is_of_the_same_number)
{
	snapshot(7, 1000, 0);
	world_checkpoint(&world, 8, "note\n");
	ask("/live/yard/snapshot/7.jpg.tlog-proof");
	world_wait(&world, &world.nwants, 1);
	cr_expect(world.want[0].kind == MSG_WANT_PROOF && world.want[0].rendition == RENDITION_SNAPSHOT && world.want[0].number == 7);
	world_have(&world, 0, MSG_HAVE_OK, "the proof\n");
	viewer_receive(&viewer, &got, false);
	cr_expect(got.status == 200 && body_has("the proof"));
}

Test(serve_snapshot, what_has_not_changed_is_not_sent_again)
{
	char head[300];

	snapshot(7, 1000, 0);
	get("/live/yard/snapshot.jpg");
	cr_assert_eq(got.status, 200);
	snprintf(head, sizeof head, "%sIf-None-Match: %s\r\n", ALICE, response_header(&got, "ETag"));
	viewer_get(&viewer, "/live/yard/snapshot.jpg", head, &got);
	cr_expect(got.status == 304 && got.body.len == 0);
	cr_expect(header_is("Content-Location", "/live/yard/snapshot/7.jpg"));
	get("/live/yard/snapshot.jpg");
	snprintf(head, sizeof head, "%sIf-Modified-Since: %s\r\n", ALICE, response_header(&got, "Last-Modified"));
	viewer_get(&viewer, "/live/yard/snapshot.jpg", head, &got);
	cr_expect(got.status == 304 && got.body.len == 0);
	snprintf(head, sizeof head, "%sIf-None-Match: \"x\"\r\nIf-Modified-Since: %s\r\n", ALICE, response_header(&got, "Last-Modified"));
	viewer_get(&viewer, "/live/yard/snapshot.jpg", head, &got);
	cr_expect_eq(got.status, 200, "a date is no word beside a tag");
}

Test(serve_snapshot, old_one_is_never_given_for_a_new_one)
{
	snapshot(7, 1000, 11000000);
	ask("/live/yard/snapshot.jpg");
	world_wait(&world, &world.watched, 1);
	snapshot(8, 1000, 10500000);       /* comes, but is old as well */
	snapshot(9, 1000, 2000000);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	cr_expect(header_is("Content-Location", "/live/yard/snapshot/9.jpg"));
}

Test(serve_snapshot, of_a_time_to_come_is_not_given_since_the_clock_was_set_back)
{
	snapshot(7, 1000, -3600000000);
	ask("/live/yard/snapshot.jpg");
	world_wait(&world, &world.watched, 1);
	snapshot(8, 1000, 0);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	cr_expect(header_is("Content-Location", "/live/yard/snapshot/8.jpg"));
}

Test(serve_snapshot, says_that_it_has_not_come_and_when_to_ask_again)
{
	int64_t before_us = clock_mono_us();

	get("/live/yard/snapshot.jpg");
	cr_assert_eq(got.status, 503);
	cr_expect_geq(clock_mono_us() - before_us, 9500000);
	cr_expect(response_header(&got, "Retry-After") && body_has("made on demand"));
}

Test(serve_snapshot, is_in_no_list)
{
	struct msg_camera_state s = {.camera = 0, .phase = CAMERA_STREAMING, .video = CODEC_H264, .fps_milli = 25000};

	cr_assert_eq(channel_say(world.parent[0], MSG_CAMERA_STATE, &s, NULL, 0), 0);
	world_track(&world, RENDITION_COPY);
	world_segment(&world, RENDITION_COPY, 7, 1000, true);
	world_track(&world, RENDITION_ENCODED);
	world_segment(&world, RENDITION_ENCODED, 7, 1000, true);
	snapshot(7, 1000, 0);
	get("/live/yard/index.m3u8");
	cr_assert_eq(got.status, 200);
	cr_expect(body_has("copy/index.m3u8") && !body_has("snapshot"));
	get("/api/site");
	cr_assert_eq(got.status, 200);
	cr_expect(!body_has("snapshot"));
	get("/live/yard/snapshot/index.m3u8");
	cr_expect_eq(got.status, 404);
}

Test(serve_snapshot, needs_a_login_and_a_camera)
{
	snapshot(7, 1000, 0);
	viewer_get(&viewer, "/live/yard/snapshot.jpg", "", &got);
	cr_expect_eq(got.status, 401);
	viewer_get(&viewer, "/live/yard/snapshot/7.jpg", "", &got);
	cr_expect_eq(got.status, 401);
	get("/live/nowhere/snapshot.jpg");
	cr_expect_eq(got.status, 404);
	cr_expect_eq(world.watched, 0);
}

Test(serve_snapshot, a_track_of_it_is_a_lie)
{
	world_track(&world, RENDITION_SNAPSHOT);
	world_wait(&world, &world.bad_peers, 1);
	cr_expect_str_eq(world.why, "a track that cannot be");
}

/* Each is a worker of some 42 MB: who wants one more is told so at once, and what he began already goes on. */
Test(serve_snapshot, one_user_begins_them_for_so_many_cameras, .init = start_with_more)
{
	static struct viewer many[SERVE_USER_SNAPSHOTS];
	char path[40];

	for (unsigned i = 0; i < SERVE_USER_SNAPSHOTS; i++)
		cr_assert(viewer_open(&many[i], world.base, world.port[0], 0));
	for (unsigned i = 0; i < SERVE_USER_SNAPSHOTS; i++) {
		struct msg_rendition_run run = {.camera = (uint16_t)(2 + i), .rendition = RENDITION_SNAPSHOT, .run = true};

		snprintf(path, sizeof path, "/live/c%u/snapshot.jpg", 2 + i);
		ask_by(&many[i], path);
		world_wait(&world, &world.watched, i + 1);
		cr_assert_eq(world.last_watched.camera, 2 + i);
		cr_assert_eq(channel_say(world.parent[0], MSG_RENDITION_RUN, &run, NULL, 0), 0);
	}
	snprintf(path, sizeof path, "/live/c%u/snapshot.jpg", 2 + SERVE_USER_SNAPSHOTS);
	get(path);
	cr_assert_eq(got.status, 503);
	cr_expect(header_is("Retry-After", "10") && body_has("too many cameras"));
	cr_expect_eq(world.watched, SERVE_USER_SNAPSHOTS, "the parent hears nothing of it");
	while (!world.state.refused_user)
		event_base_loop(world.base, EVLOOP_ONCE);
	world.camera = 1 + SERVE_USER_SNAPSHOTS;
	snapshot(7, 1000, 1000000);
	viewer_receive(&many[SERVE_USER_SNAPSHOTS - 1], &got, false);
	cr_expect_eq(got.status, 200);
	ask("/live/yard/snapshot.jpg");  /* it has a worker anyway */
	while (world.last_watched.camera != 0)
		event_base_loop(world.base, EVLOOP_ONCE);
	for (unsigned i = 0; i < SERVE_USER_SNAPSHOTS; i++)
		viewer_close(&many[i]);
}
