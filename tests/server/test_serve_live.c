/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts, as viewers and store see them at a serve that runs. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/au.h"
#include "server/serve_media.h"
#include "tests/server/serve_suite.h"

#define BYTES 4000u
#define PARTS 4u

static void start(void)
{
	struct msg_camera_state state = {.longest_s = WORLD_TARGET_S, .video = CODEC_H264};

	suite_start();
	for (state.fps_milli = 25000; state.fps_milli < 25000 + SERVE_RATE_SETTLE; state.fps_milli++)
		cr_assert_eq(channel_say(world.parent[0], MSG_CAMERA_STATE, &state, NULL, 0), 0);
	world_track(&world, 0);
}

TestSuite(serve_live, .init = start, .fini = suite_stop, .timeout = 240);

static void parts(uint64_t number)
{
	for (unsigned i = 0; i < PARTS; i++)
		world_part(&world, 0, number, BYTES, i, PARTS);
}

/* What viewers had of a segment has to be what is hashed, logged and proved of it. */
Test(serve_live, a_segment_that_its_parts_were_not_is_refused)
{
	parts(5);
	world_segment(&world, 0, 5, BYTES - 1, true);
	world_wait(&world, &world.bad_peers, 1);
	cr_assert_str_eq(world.why, "a segment that is not what its parts were");
	world_wait(&world, &world.gone, 1);
	world_give_store(&world, 0);
	world_track(&world, 0);
	parts(5);
	world_segment(&world, 0, 5, BYTES, true);
	viewer_get(&viewer, "/live/yard/copy/5.m4s", ALICE, &got);
	cr_expect_eq(got.status, 200);
	cr_expect_eq(world.bad_peers, 1);
}

static void send_get(const char *path)
{
	char text[512];
	int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", path, ALICE);

	viewer_send(&viewer, text, (size_t)n);
}

/* Segment 5 is whole, and two parts of 6 are there; the camera's state may come after store's word of them. */
static void begin_watching(void)
{
	parts(5);
	world_segment(&world, 0, 5, BYTES, true);
	world_part(&world, 0, 6, BYTES, 0, PARTS);
	world_part(&world, 0, 6, BYTES, 1, PARTS);
	send_get("/live/yard/copy/index.m3u8?_HLS_msn=6&_HLS_part=1");
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	cr_assert(body_has("URI=\"6.1.0000feed.m4s\""));
}

Test(serve_live, a_playlist_is_held_back_for_a_part)
{
	begin_watching();
	cr_expect(body_has("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"6.2.0000feed.m4s\"\n"));
	send_get("/live/yard/copy/index.m3u8?_HLS_msn=6&_HLS_part=2");
	world_part(&world, 0, 6, BYTES, 2, PARTS);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	cr_expect(body_has("URI=\"6.2.0000feed.m4s\"") && !body_has("#EXTINF:2.000000,\n6.m4s"));
	send_get("/live/yard/copy/index.m3u8?_HLS_msn=6");
	world_part(&world, 0, 6, BYTES, 3, PARTS);
	world_segment(&world, 0, 6, BYTES, true);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	cr_expect(body_has("URI=\"6.3.0000feed.m4s\"\n#EXTINF:2.000000,\n6.m4s\n"));
	cr_expect(body_has("TYPE=PART,URI=\"7.0.0000feed.m4s\""));
	/* Behind the last part of a segment comes the first of the next. */
	send_get("/live/yard/copy/index.m3u8?_HLS_msn=6&_HLS_part=4");
	world_part(&world, 0, 7, BYTES, 0, PARTS);
	viewer_receive(&viewer, &got, false);
	cr_expect(got.status == 200 && body_has("URI=\"7.0.0000feed.m4s\""));
	world_wait(&world, &world.watched, 1);
	cr_expect(world.last_watched.rendition == 0 && world.last_watched.chunk_ms > MSG_PICTURE_MS, "parts are wanted");
}

static bool is_part(uint64_t number, unsigned i)
{
	uint8_t all[BYTES];

	world_fill(all, sizeof all, number);
	return got.body.len == BYTES / PARTS && memcmp(buf_data(&got.body), all + i * (BYTES / PARTS), BYTES / PARTS) == 0;
}

Test(serve_live, a_part_is_held_back_until_it_is_there)
{
	const char *cache;

	begin_watching();
	send_get("/live/yard/copy/6.2.0000feed.m4s");
	world_part(&world, 0, 6, BYTES, 2, PARTS);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
	cr_expect(is_part(6, 2));
	cache = response_header(&got, "Cache-Control");
	cr_expect(cache && strstr(cache, "immutable"), "it is never another");
	send_get("/live/yard/copy/5.3.0000feed.m4s");
	viewer_receive(&viewer, &got, false);
	cr_expect(got.status == 200 && is_part(5, 3), "of a segment that is whole");
}

/* Until the next store says what there is. */
Test(serve_live, what_is_held_back_stays_so_when_store_begins_anew)
{
	struct viewer other;

	begin_watching();
	cr_assert(viewer_open(&other, world.base, world.port[0], 0));
	send_get("/live/yard/copy/6.2.0000feed.m4s");
	viewer_get(&other, "/live/yard/copy/6.0.0000feed.m4s", ALICE, &got);
	world_give_store(&world, 0);
	do
		viewer_get(&other, "/live/yard/copy/6.0.0000feed.m4s", ALICE, &got);
	while (got.status == 200);
	viewer_close(&other);
	world_track(&world, 0);
	for (unsigned i = 0; i < 3; i++)
		world_part(&world, 0, 6, BYTES, i, PARTS);
	viewer_receive(&viewer, &got, false);
	cr_expect(got.status == 200 && is_part(6, 2), "%u", got.status);
}

Test(serve_live, what_cannot_be_is_said_at_once)
{
	static const struct { const char *file; unsigned status; } table[] = {
		{"index.m3u8?_HLS_msn=x", 400}, {"index.m3u8?_HLS_msn=", 400}, {"index.m3u8?_HLS_part=1", 400}, {"index.m3u8?_HLS_msn=5&_HLS_msn=5", 400},
		{"index.m3u8?_HLS_msn=8", 400}, {"index.m3u8?_HLS_msn=9223372036854775808", 400}, {"index.m3u8?_HLS_msn=6&_HLS_part=99", 400}, {"index.m3u8?_HLS_skip=NO", 400},
		{"index.m3u8?_HLS_msn=-1", 400}, {"index.m3u8?_HLS_msn=5", 200}, {"index.m3u8?_HLS_msn=0&_HLS_part=7", 200}, {"index.m3u8?_HLS_skip=YES", 200}, {"index.m3u8?t=1", 200},
		{"5.4.0000feed.m4s", 404}, {"6.1.0000beef.m4s", 404}, {"6.9.0000feed.m4s", 404}, {"4.0.0000feed.m4s", 404}, {"8.0.0000feed.m4s", 404},
		{"6.1.0000FEED.m4s", 404}, {"6.1.feed.m4s", 404}, {"6.0.0000feed.m4s", 200}, {"6.1.0000feed.m4s?_HLS_msn=x", 200},
	};
	char path[128];

	begin_watching();
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		snprintf(path, sizeof path, "/live/yard/copy/%s", table[i].file);
		viewer_get(&viewer, path, ALICE, &got);
		cr_expect_eq(got.status, table[i].status, "%s: %u", table[i].file, got.status);
	}
	viewer_get(&viewer, "/live/yard/copy/6.0.0000feed.m4s", "", &got);
	cr_expect_eq(got.status, 401);
	viewer_get(&viewer, "/live/yard/snapshot/6.0.0000feed.m4s", ALICE, &got);
	cr_expect_eq(got.status, 404);
}

Test(serve_live, a_camera_that_goes_ends_what_is_held_back)
{
	begin_watching();
	send_get("/live/yard/copy/index.m3u8?_HLS_msn=7");
	cr_assert_eq(channel_say(world.parent[0], MSG_CAMERA_GONE, &(struct msg_camera_gone){.camera = 0}, NULL, 0), 0);
	viewer_receive(&viewer, &got, false);
	cr_expect_eq(got.status, 404);
}

/* --- DASH, by several processes --------------------------------------------------------------- */

/* All that a manifest needs of that number. */
static void all_of(uint64_t number)
{
	static const unsigned renditions[] = {RENDITION_COPY, RENDITION_AUDIO, RENDITION_ENCODED};

	for (unsigned i = 0; i < sizeof renditions / sizeof *renditions; i++)
		world_segment(&world, renditions[i], number, BYTES, true);
}

static void publish_time(const char *file, char ret[40])
{
	char path[64];
	const char *at;

	snprintf(path, sizeof path, "/live/yard/%s", file);
	viewer_get(&viewer, path, ALICE, &got);
	cr_assert_eq(got.status, 200);
	cr_assert_eq(buf_append(&got.body, "", 1), 0);
	at = strstr((char *)buf_data(&got.body), "publishTime=\"");
	cr_assert(at && sscanf(at, "publishTime=\"%39[^\"]", ret) == 1);
}

/* Both manifests, of that process, once it has that segment. */
static void publish_times(unsigned serve, uint64_t newest, char ret[2][40])
{
	char path[64];

	reconnect(serve);
	snprintf(path, sizeof path, "/live/yard/360p/%u.m4s", (unsigned)newest);
	viewer_get(&viewer, path, ALICE, &got);
	cr_assert_eq(got.status, 200);
	publish_time("manifest.mpd", ret[0]);
	publish_time("manifest-ll.mpd", ret[1]);
}

/* One process is asked for each list that there is, the other for the last one alone; and the clock is set back by an hour. */
Test(serve_twice, say_the_same_of_when_a_list_was_published, .timeout = 60)
{
	char of[2][2][40], before[40];

	world_start(&world, 2);
	cr_assert(viewer_open(&viewer, world.base, world.port[0], 0));
	world_track(&world, RENDITION_COPY);
	world_track(&world, RENDITION_AUDIO);
	world_track(&world, RENDITION_ENCODED);
	parts(5);
	all_of(5);
	publish_times(0, 5, of[0]);
	for (unsigned i = 0; i < PARTS; i++) {
		world_part(&world, 0, 6, BYTES, i, PARTS);
		memcpy(before, of[0][1], sizeof before);
		do
			publish_time("manifest-ll.mpd", of[0][1]);
		while (!strcmp(of[0][1], before));
		cr_expect_gt(strcmp(of[0][1], before), 0, "part %u: %s after %s", i, of[0][1], before);
	}
	all_of(6);
	for (unsigned serve = 0; serve < 2; serve++)
		publish_times(serve, 6, of[serve]);
	cr_expect(!memcmp(of[0], of[1], sizeof *of), "%s and %s, %s and %s", of[0][0], of[1][0], of[0][1], of[1][1]);
	memcpy(before, of[0][0], sizeof before);
	world.set_back_us = INT64_C(3600000000);
	for (uint64_t number = 7; number < 7 + SERVE_WINDOW; number++)
		all_of(number);
	for (unsigned serve = 0; serve < 2; serve++)
		publish_times(serve, 6 + SERVE_WINDOW, of[serve]);
	cr_expect(!memcmp(of[0], of[1], sizeof *of), "%s and %s, %s and %s", of[0][0], of[1][0], of[0][1], of[1][1]);
	cr_expect_lt(strcmp(of[0][0], before), 0, "no list is of a time to come: %s", of[0][0]);
	suite_stop();
}
