/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tests/server/made_camera.h"

TestSuite(ingest_stream, .init = setup_world, .fini = end_world);

Test(ingest_stream, makes_segments_of_both_renditions)
{
	struct ingest_counters c;

	begin_session(true, true);
	run(25 * 7, true);
	ingest_stream_end(s, GAP_STOPPED, now);
	cr_assert_null(over);
	EXPECT_ORDER(store.log, "init0 init1", "part0.0.0k", "end0.0", "part0.1.0k", "end0.1", "part0.2.0k", "end0.2", "gap-stopped");
	EXPECT_ORDER(store.log, "part1.0.0k", "end1.0", "part1.1.0k", "end1.1", "end1.2");
	cr_expect_geq(store.ends, 8);
	EXPECT_ORDER(transcode.log, "track1280x720 key0 au0", "key1 au1", "key2");
	c = ingest_stream_counters(s);
	cr_expect(c.access_units == 175 && c.lost == 0 && c.mended == 0);
	cr_expect(c.packets > 175 * 2);
	cr_expect_leq(c.dropped_camera, 4);  /* sound that came before the first picture was known to be whole */
}

/* What the first GOP promised holds in later epochs, and what an earlier ingest promised in the first one. */
Test(ingest_stream, promises_how_long_segments_are_once)
{
	cr_expect_eq(ingest_stream_longest_s(s), 0);
	begin_session(true, true);
	run(20, true);
	cr_expect_eq(ingest_stream_longest_s(s), 0);
	run(25 * 3, true);
	cr_expect_eq(ingest_stream_longest_s(s), 3);
	cr_expect_eq(ingest_stream_health(s, now).pace_milli, 25000);
	ingest_stream_end(s, GAP_SILENT, now);
	ingest_stream_promise(s, 4);
	begin_session(true, true);
	run(25 * 3, true);
	cr_expect_eq(ingest_stream_longest_s(s), 4);
}

Test(ingest_stream, begins_at_a_key_frame)
{
	pictures = 5;
	begin_session(true, true);
	run(20, true);
	cr_expect_str_eq(store.log, "");
	cr_expect(!ingest_stream_running(s));
	run(25, true);
	cr_expect(ingest_stream_running(s));
	EXPECT_ORDER(store.log, "init0 init1", "part0.0.0k");
	cr_expect_eq(ingest_stream_track(s, 0)->width, 1280);
	cr_expect_eq(ingest_stream_track(s, 1)->rate, 48000);
}

Test(ingest_stream, packets_without_pictures_end_the_stream)
{
	begin_session(true, true);
	run(100, true);
	for (int64_t t = 4 * 48000 / 1024; !over && t < 60 * 48000 / 1024; t++) {
		cr_assert_leq(now.mono_us, 36 * SECOND);
		rtp_send_au(&audio_out, t * 1024, frame, sizeof frame, send_packet, &audio_out);
		now.mono_us += 21333;
		now.wall_us += 21333;
	}
	cr_assert_not_null(over);
	cr_expect_eq(why, GAP_SILENT);
	cr_expect_geq(now.mono_us, 34 * SECOND);
}

/* One key frame with its sets. */
static void key_at(int64_t pts)
{
	uint8_t data[256], slice[8] = {0x65, 0x9a, 1, 2, 3, 4, 5, 6};
	struct wr w = wr_init(data, sizeof data);

	send_nal(&w, sps, nsps);
	send_nal(&w, pps, npps);
	send_nal(&w, slice, sizeof slice);
	rtp_send_au(&video_out, pts, data, w.len, send_packet, NULL);
}

Test(ingest_stream, segments_that_come_too_fast_end_the_stream)
{
	static const struct {
		const char *name;
		int64_t step_90k, arrival_us;
		bool flips;
		unsigned n;
		bool ends;
	} cases[] = {
		{"sets that flip at each picture", 900, 10000, true, 200, true},
		{"a clock that leaps all the time", 170000, 10000, false, 200, true},
		{"sets that flip each half second", 45000, 500000, true, 200, false},
		{"the burst of what a camera had stored", 90000, 0, false, 40, false},
		{"a fast clock", 180000, 1000000, false, 200, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin_session(true, false);
		for (unsigned k = 0; k < cases[i].n && !over; k++) {
			use_sets(cases[i].flips && k % 2);
			key_at(k * cases[i].step_90k);
			now.mono_us += cases[i].arrival_us;
			now.wall_us += cases[i].arrival_us;
		}
		cr_expect_eq(over != NULL, cases[i].ends, "%s", cases[i].name);
		cr_expect(!over || why == GAP_BAD_STREAM, "%s", cases[i].name);
		ingest_stream_end(s, GAP_STOPPED, now);
		now.mono_us += 60 * SECOND;
		now.wall_us += 60 * SECOND;
	}
}

Test(ingest_stream, new_parameter_sets_begin_an_epoch)
{
	begin_session(true, false);
	run(50, false);
	use_sets(true);
	run(50, false);
	ingest_stream_end(s, GAP_SILENT, now);
	EXPECT_ORDER(store.log, "init0", "part0.0.0k", "end0.0", "init0", "part0.0.0k", "end0.0", "gap-silent");
	cr_expect_gt(store.epoch, store.first_epoch);
	EXPECT_ORDER(transcode.log, "track1280x720 key0", "over", "track240x160 key0");
	cr_expect(!strstr(store.log, "gap-silent-nothing"));
}

Test(ingest_stream, a_new_store_hears_an_init_first)
{
	uint64_t dropped;

	begin_session(true, true);
	run(40, true);
	cr_expect_eq(ingest_stream_counters(s).dropped_store, 0);
	ingest_stream_store_anew(s);
	dropped = ingest_stream_counters(s).dropped_store;
	cr_expect(dropped >= 2 && dropped <= 80, "%ju: the parts under way, of both renditions", (uintmax_t)dropped);
	memset(store.log, 0, sizeof store.log);
	for (int i = 0; i < 2; i++)
		EVP_DigestInit_ex(store.hash[i], EVP_sha256(), NULL);
	cr_expect(!ingest_stream_running(s));
	run(9, true);
	cr_expect_str_eq(store.log, "");
	run(60, true);
	cr_expect(strstr(store.log, "init0 init1 ") == store.log, "%s", store.log);
	EXPECT_ORDER(store.log, "part0.0.0k", "end0.0", "part0.1.0k");
	cr_expect_gt(store.epoch, store.first_epoch);
	EXPECT_ORDER(transcode.log, "track", "key0", "track", "key0");
}

Test(ingest_stream, a_new_transcode_hears_the_track_and_a_whole_segment)
{
	begin_session(true, false);
	run(60, false);
	ingest_stream_transcode_anew(s, true);
	memset(transcode.log, 0, sizeof transcode.log);
	run(100, false);
	cr_expect(strstr(transcode.log, "track1280x720 key2 au2 ") == transcode.log, "%s", transcode.log);
	cr_expect_eq(store.epoch, store.first_epoch);
}

Test(ingest_stream, a_full_ring_to_transcode_costs_whole_segments_there_only)
{
	begin_session(true, false);
	run(30, false);
	transcode.full = true;
	run(10, false);
	transcode.full = false;
	memset(transcode.log, 0, sizeof transcode.log);
	run(80, false);
	cr_expect(strstr(transcode.log, "key2 au2 ") == transcode.log || strstr(transcode.log, "key1 au1 ") == transcode.log, "%s", transcode.log);
	cr_expect(!strstr(transcode.log, "track"));
	EXPECT_ORDER(store.log, "part0.0.0k", "end0.0", "part0.1.0k", "end0.1");
}

Test(ingest_stream, a_full_ring_to_store_never_waits)
{
	begin_session(true, false);
	run(60, false);
	store.full = true;
	run(60, false);
	store.full = false;
	run(100, false);
	ingest_stream_end(s, GAP_STOPPED, now);
	cr_expect_gt(ingest_stream_counters(s).dropped_ring, 0);
	cr_expect_eq(ingest_stream_counters(s).access_units, 220);
	EXPECT_ORDER(store.log, "part0.0.0k", "end0.0", "part0.1.0k", "k", "end0.", "gap-stopped");
}

Test(ingest_stream, foreign_packets_and_reports_change_nothing)
{
	static const uint8_t bye[] = {0x81, 0xcb, 0, 1, 9, 9, 9, 9}, short_bye[] = {0x9f, 0xcb, 0, 2, 'r', 'a', 'n', 'd', 0xff, 0, 0, 0};
	uint8_t foreign[] = {0x80, 0xe0, 0, 1, 0, 0, 0, 0, 9, 9, 9, 9, 0x65, 0x88, 1, 2};
	char clean[sizeof store.log];

	begin_session(true, false);
	run(75, false);
	ingest_stream_end(s, GAP_STOPPED, now);
	memcpy(clean, store.log, sizeof clean);
	end_world();
	setup_world();
	begin_session(true, false);
	for (int i = 0; i < 75; i++) {
		run(1, false);
		cr_assert_null(ingest_stream_packet(s, 0, false, foreign, sizeof foreign, now, &why));
		cr_assert_null(ingest_stream_packet(s, 0, false, foreign, 7, now, &why));
		cr_assert_null(ingest_stream_packet(s, 0, true, bye, sizeof bye, now, &why));
		cr_assert_null(ingest_stream_packet(s, 0, true, short_bye, sizeof short_bye, now, &why));
		cr_assert_null(ingest_stream_packet(s, 1, false, foreign, sizeof foreign, now, &why));
	}
	ingest_stream_end(s, GAP_STOPPED, now);
	cr_expect_str_eq(store.log, clean);
	cr_expect_geq(ingest_stream_counters(s).dropped_camera, 225);
}

Test(ingest_stream, a_goodbye_of_its_own_ends_the_stream)
{
	uint8_t bye[8] = {0x81, 0xcb, 0, 1};
	struct wr w = wr_init(bye + 4, 4);

	begin_session(true, false);
	run(30, false);
	wr_u32(&w, video_out.ssrc);
	cr_assert_not_null(ingest_stream_packet(s, 0, true, bye, sizeof bye, now, &why));
	cr_assert_eq(why, GAP_CAMERA_CLOSED);
	ingest_stream_end(s, why, now);
	EXPECT_ORDER(store.log, "end0.", "gap-camera-closed");
}

Test(ingest_stream, broken_parameter_sets_end_the_stream)
{
	static const uint8_t broken[] = {0x67, 0x4d, 0x00};

	sps = broken;
	nsps = sizeof broken;
	begin_session(true, false);
	run(10, false);
	cr_assert_not_null(over);
	cr_assert_eq(why, GAP_BAD_STREAM);
	ingest_stream_end(s, why, now);
	cr_expect_str_eq(store.log, "gap-bad-stream-nothing");
}

Test(ingest_stream, a_gap_is_told_once_for_each_reason)
{
	ingest_stream_end(s, GAP_REFUSED, now);
	ingest_stream_end(s, GAP_REFUSED, now);
	ingest_stream_end(s, GAP_UNREACHABLE, now);
	begin_session(true, false);
	run(30, false);
	store.full = true;
	ingest_stream_end(s, GAP_UNREACHABLE, now);
	store.full = false;
	ingest_stream_end(s, GAP_REFUSED, now);
	EXPECT_ORDER(store.log, "gap-refused-nothing gap-unreachable-nothing init0", "gap-unreachable");
	cr_expect(strstr(store.log, "gap-unreachable") && !strstr(strstr(store.log, "init0"), "nothing"), "%s", store.log);
}

Test(ingest_stream, sound_alone_is_cut_by_time)
{
	begin_session(false, true);
	for (int64_t t = 0; t < 47 * 7; t++) {
		rtp_send_au(&audio_out, t * 1024, frame, sizeof frame, send_packet, &audio_out);
		now.mono_us += 21333;
		now.wall_us += 21333;
	}
	ingest_stream_end(s, GAP_STOPPED, now);
	EXPECT_ORDER(store.log, "init1", "part1.0.0k", "end1.0", "part1.1.0k", "end1.1", "gap-stopped");
	cr_expect_str_eq(transcode.log, "");
}

Test(ingest_stream, sound_that_cannot_be_carried_is_left_out)
{
	static const struct sdp_media vm = {.kind = SDP_VIDEO, .payload_type = RTP_SEND_VIDEO_TYPE, .codec = CODEC_H264, .clock_rate = 90000};
	static const struct sdp_media am = {.kind = SDP_AUDIO, .payload_type = RTP_SEND_AUDIO_TYPE, .codec = CODEC_AAC, .clock_rate = 48000,
		.config = {0xff, 0xff}, .config_len = 2};

	begin_session(true, false);
	ingest_stream_end(s, GAP_STOPPED, now);
	ingest_stream_begin(s, &vm, &am, false, now);
	run(30, true);
	cr_expect(ingest_stream_running(s) && !ingest_stream_track(s, 1));
	ingest_stream_end(s, GAP_STOPPED, now);
	ingest_stream_begin(s, NULL, &am, false, now);
	cr_assert_not_null(ingest_stream_packet(s, 1, false, frame, sizeof frame, now, &why));
	cr_assert_eq(why, GAP_UNSUPPORTED);
}
