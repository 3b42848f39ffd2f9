/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is made on demand, as viewers and the parent see it: "attic" has no copy for viewers, and "small" on demand. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "media/au.h"
#include "server/serve_users.h"
#include "server/serve_watch.h"
#include "tests/server/serve_suite.h"

#define ATTIC 1
#define SMALL RENDITION_ENCODED
#define HIS_SHARE (SERVE_HOLDS_MAX / SERVE_USER_SHARE)

static void tell_state(uint8_t phase)
{
	struct msg_camera_state s = {.camera = ATTIC, .phase = phase, .video = CODEC_H264, .fps_milli = 25000};

	cr_assert_eq(channel_say(world.parent[0], MSG_CAMERA_STATE, &s, NULL, 0), 0);
}

static void tell_run(bool run)
{
	struct msg_rendition_run m = {.camera = ATTIC, .rendition = SMALL, .run = run};

	cr_assert_eq(channel_say(world.parent[0], MSG_RENDITION_RUN, &m, NULL, 0), 0);
}

static void start(void)
{
	suite_start();
	world.camera = ATTIC;
	tell_state(CAMERA_STREAMING);
}

static void get(const char *path)
{
	viewer_get(&viewer, path, ALICE, &got);
}

/* A request whose answer is not waited for. */
static void ask(struct viewer *v, const char *path)
{
	char head[400];

	viewer_send(v, head, (size_t)snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, ALICE));
}

TestSuite(serve_demand, .init = start, .fini = suite_stop, .timeout = 60);

Test(serve_demand, lists_what_was_never_made_and_asks_for_nothing_by_that)
{
	get("/live/attic/index.m3u8");
	cr_assert_eq(got.status, 200);
	cr_expect(body_has("small/index.m3u8"));
	cr_expect(body_has("CODECS=\"avc1.4d401e\",RESOLUTION=640x360"));
	cr_expect(!body_has("copy/"));
	cr_expect_eq(world.watched, 0);
}

Test(serve_demand, a_copy_that_is_only_recorded_is_not_there)
{
	get("/live/attic/copy/index.m3u8");
	cr_expect_eq(got.status, 404);
	get("/live/attic/copy/5.m4s");
	cr_expect_eq(got.status, 404);
	get("/api/site");
	cr_expect(got.status == 200 && body_has("\"on_demand\":true,\"runs\":false"));
}

Test(serve_demand, a_playlist_is_held_until_its_first_segment)
{
	ask(&viewer, "/live/attic/small/index.m3u8");
	world_wait(&world, &world.watched, 1);
	cr_expect(world.last_watched.camera == ATTIC && world.last_watched.rendition == SMALL);
	tell_run(true);
	world_track(&world, SMALL);
	world_segment(&world, SMALL, 7, 1000, true);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	cr_expect(body_has("MEDIA-SEQUENCE:7\n") && body_has("\n7.m4s\n"));
	get("/live/attic/small/7.m4s");
	cr_expect(got.status == 200 && got.body.len == 1000);
}

Test(serve_demand, what_was_made_for_an_earlier_viewer_is_not_shown_as_live)
{
	tell_run(true);
	world_track(&world, SMALL);
	world_segment(&world, SMALL, 7, 1000, true);
	get("/live/attic/small/index.m3u8");
	cr_assert(got.status == 200 && body_has("\n7.m4s\n"));
	tell_run(false);
	ask(&viewer, "/live/attic/small/index.m3u8");
	world_wait(&world, &world.watched, 2);
	tell_run(true);
	world_segment(&world, SMALL, 8, 1000, true);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	cr_expect(body_has("MEDIA-SEQUENCE:8\n") && !body_has("\n7.m4s\n"));
}

Test(serve_demand, a_segment_that_is_coming_is_held_and_others_are_not)
{
	tell_run(true);
	world_track(&world, SMALL);
	world_segment(&world, SMALL, 7, 1000, true);
	get("/live/attic/small/7.m4s");
	cr_assert_eq(got.status, 200);
	get("/live/attic/small/10.m4s");
	cr_expect_eq(got.status, 404);
	ask(&viewer, "/live/attic/small/8.m4s");
	world_segment(&world, SMALL, 8, 1000, true);
	viewer_receive(&viewer, &got, false);
	cr_expect_eq(got.status, 200);
}

Test(serve_demand, says_that_it_has_not_come_and_when_to_ask_again)
{
	int64_t before_us = clock_mono_us();

	get("/live/attic/small/index.m3u8");
	cr_assert_eq(got.status, 503);
	cr_expect_geq(clock_mono_us() - before_us, 9500000);
	cr_expect(response_header(&got, "Retry-After") && body_has("made on demand"));
}

Test(serve_demand, a_viewer_is_told_of_while_he_asks_and_not_oftener)
{
	tell_run(true);
	world_track(&world, SMALL);
	world_segment(&world, SMALL, 7, 1000, true);
	for (unsigned i = 0; i < 50; i++) {
		get("/live/attic/small/index.m3u8");
		cr_assert_eq(got.status, 200);
	}
	cr_expect_leq(world.watched, 3);
	world_wait(&world, &world.watched, 1);
	while (world.watched < 2)
		get("/live/attic/small/7.m4s");
}

Test(serve_demand, holds_are_counted)
{
	ask(&viewer, "/live/attic/small/index.m3u8");
	world_wait(&world, &world.watched, 1);
	while (world.state.held != 1)
		event_base_loop(world.base, EVLOOP_ONCE);
	tell_run(true);
	world_track(&world, SMALL);
	world_segment(&world, SMALL, 7, 1000, true);
	viewer_receive(&viewer, &got, false);
	cr_expect_eq(got.status, 200);
	while (world.state.held != 0)
		event_base_loop(world.base, EVLOOP_ONCE);
}

/* One user has a fourth of what may be held; the next is told at once, and one more when somebody has gone. */
Test(serve_demand, one_user_does_not_hold_all)
{
	static struct viewer many[HIS_SHARE];

	get("/live/attic/index.m3u8");  /* by which the password is known */
	for (unsigned i = 0; i < HIS_SHARE; i++)
		cr_assert(viewer_open(&many[i], world.base, world.port[0], 0));
	for (unsigned i = 0; i < HIS_SHARE; i++)
		ask(&many[i], "/live/attic/small/index.m3u8");
	while (world.state.held < HIS_SHARE)
		event_base_loop(world.base, EVLOOP_ONCE);
	get("/live/attic/small/index.m3u8");
	cr_assert_eq(got.status, 503);
	cr_assert(body_has("ask again"));
	cr_assert_eq(world.state.held, HIS_SHARE);
	while (!world.state.refused_user)
		event_base_loop(world.base, EVLOOP_ONCE);
	tell_run(true);
	world_track(&world, SMALL);
	world_segment(&world, SMALL, 5, 10000, true);
	for (unsigned i = 0; i < HIS_SHARE; i++) {
		viewer_receive(&many[i], &got, false);
		cr_assert_eq(got.status, 200);
		viewer_close(&many[i]);
	}
	get("/live/attic/small/index.m3u8");
	cr_assert_eq(got.status, 200);
}

Test(serve_demand, the_page_is_told_of_alarms)
{
	struct msg_alarm m = {.camera = ATTIC, .kind = ALARM_BLACK, .begin = true, .detail = "the picture is black"};

	cr_assert_eq(channel_say(world.parent[0], MSG_ALARM, &m, NULL, 0), 0);
	while (!body_has("{\"alarm\":\"black\",\"detail\":\"the picture is black\"}")) {
		get("/api/site");
		cr_assert_eq(got.status, 200);
	}
	m.begin = false;
	cr_assert_eq(channel_say(world.parent[0], MSG_ALARM, &m, NULL, 0), 0);
	while (body_has("\"alarm\":\"black\""))
		get("/api/site");
	m = (struct msg_alarm){.camera = MSG_ALARM_SITE, .kind = ALARM_DISK, .begin = true, .detail = "the disk is nearly full"};
	cr_assert_eq(channel_say(world.parent[0], MSG_ALARM, &m, NULL, 0), 0);
	while (!body_has("{\"alarm\":\"disk\",\"detail\":\"the disk is nearly full\"}"))
		get("/api/site");
}
