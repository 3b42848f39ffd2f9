/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cameras that send a key frame once in minutes, or change their parameter sets when it pleases them. */
#include <stdio.h>
#include <string.h>

#include "tests/server/made_camera.h"

TestSuite(ingest_key, .init = setup_world, .fini = end_world);

Test(ingest_key, waits_for_a_key_frame_only_so_long)
{
	begin_with_sets_told();
	run_without_keys(25 * INGEST_NO_KEY_S - 4);
	cr_expect(!ingest_stream_running(s));
	run_without_keys(400);
	cr_expect(ingest_stream_running(s));
	EXPECT_ORDER(store.log, "init0", "part0.0.0 ", "end0.0", "part0.1.0 ", "end0.1", "part0.2.0 ", "end0.2");
	cr_expect(strstr(transcode.log, "track1280x720 au0 ") == transcode.log, "the worker makes key frames of its own");
}

Test(ingest_key, a_new_store_waits_for_a_key_frame_only_so_long)
{
	begin_session(true, false);
	run(30, false);
	ingest_stream_store_anew(s);
	EVP_DigestInit_ex(store.hash[0], EVP_sha256(), NULL);
	run_without_keys(25 * INGEST_NO_KEY_S - 4);
	cr_expect(!ingest_stream_running(s));
	run_without_keys(8);
	cr_expect(ingest_stream_running(s));
}

Test(ingest_key, a_recovery_point_or_an_intra_picture_begins_as_well)
{
	static const uint8_t sei[] = {0x06, 0x05, 0x01, 0xaa, 0x06, 0x01, 0xc4, 0x80}, other_sei[] = {0x06, 0x01, 0x01, 0xc4, 0x80};
	static const uint8_t intra[] = {0x41, 0x88, 0x84, 5};  /* first_mb 0, slice_type 7 */

	begin_with_sets_told();
	run_without_keys(10);
	send_beside(other_sei, sizeof other_sei);
	run_without_keys(2);
	cr_expect(!ingest_stream_running(s));
	send_beside(sei, sizeof sei);
	run_without_keys(2);
	cr_expect(ingest_stream_running(s));
	ingest_stream_end(s, GAP_STOPPED, now);
	begin_with_sets_told();
	run_without_keys(10);
	send_au((const uint8_t *const[]){intra}, (const size_t[]){sizeof intra}, 1);
	run_without_keys(2);
	cr_expect(ingest_stream_running(s));
}

/* What is lost by waiting for the key frame that belongs to new sets is lost for good. */
Test(ingest_key, goes_on_with_the_old_sets_until_a_key_frame_comes)
{
	uint64_t dropped;

	begin_session(true, false);
	run(30, false);
	dropped = ingest_stream_counters(s).dropped_camera;
	send_beside(sps_b, sizeof sps_b);
	run_without_keys(60);
	cr_expect_eq(store.epoch, store.first_epoch);
	cr_expect_eq(ingest_stream_counters(s).dropped_camera, dropped);
	use_sets(true);
	while (pictures % 25)
		pictures++;
	run(30, false);
	cr_expect_gt(store.epoch, store.first_epoch);
	EXPECT_ORDER(store.log, "init0", "end0.0", "init0", "part0.0.0k");
	cr_expect_null(over);
}

Test(ingest_key, new_sets_without_a_key_frame_begin_an_epoch_after_a_while)
{
	begin_session(true, false);
	run(30, false);
	send_beside(sps_b, sizeof sps_b);
	run_without_keys(25 * INGEST_NO_KEY_S + 40);
	cr_expect_gt(store.epoch, store.first_epoch);
	EXPECT_ORDER(store.log, "init0", "end0.0", "init0", "part0.0.0 ");
}

Test(ingest_key, a_picture_parameter_set_alone_travels_with_the_pictures)
{
	static const uint8_t pps_other[] = {0x68, 0xee, 0x3c, 0x81};
	static const uint8_t first[] = {0, 0, 0, 4, 0x68, 0xee, 0x3c, 0x81, 0, 0, 0, 5, 0x41};

	begin_session(true, false);
	run(30, false);
	cr_expect_eq(store.in_band, 0);
	send_beside(pps_other, sizeof pps_other);
	cr_expect_eq(memcmp(transcode.last, first, sizeof first), 0);
	pps = pps_other;
	run(49, false);
	cr_expect_eq(store.epoch, store.first_epoch);
	cr_expect_null(over);
	run(30, false);
	ingest_stream_end(s, GAP_STOPPED, now);
	cr_expect_eq(store.in_band, 1 + 3, "it came once, and three key frames after it");
	cr_expect_eq(store.epoch, store.first_epoch);
}

/* Asks as the loop does, and tells when and how: "4.0P 6.0F 10.0P+", with + where other ways are due. */
static void ask(char *log, size_t cap, int64_t since_us)
{
	uint8_t p[INGEST_FEEDBACK_MAX];
	struct wr w = wr_init(p, sizeof p);
	bool more = ingest_stream_feedback(s, now, &w);
	size_t n = strlen(log);

	cr_assert(!w.bad);
	if (w.len == 0)
		return;
	cr_assert_eq(p[1], 201, "a compound packet begins with a report");
	/* The last packet of it: PSFB, with the media's source. */
	for (struct rd r = rd_init(p, w.len); rd_left(&r);) {
		uint8_t first = rd_u8(&r), type = rd_u8(&r);
		struct rd one = rd_sub(&r, 4u * rd_u16(&r));

		cr_assert(!r.bad);
		if (type != 206)
			continue;
		rd_u32(&one);
		cr_expect_eq(rd_u32(&one), (first & 31) == 1 ? video_out.ssrc : 0);
		cr_expect((first & 31) == 1 || rd_u32(&one) == video_out.ssrc);
		snprintf(log + n, cap - n, "%s%.1f%c%s", n ? " " : "", (double)(now.mono_us - since_us) / 1e6, (first & 31) == 1 ? 'P' : (first & 31) == 4 ? 'F' : '?',
			more ? "+" : "");
	}
}

Test(ingest_key, asks_for_a_key_frame_when_one_is_wanted)
{
	static const struct {
		const char *name;
		unsigned begins;          /* the first picture's place among the 25 from one key frame to the next */
		unsigned pictures;
		bool keys, answers;       /* sends them by itself; when it is asked */
		unsigned loss_every;      /* pictures */
		const char *asked;
	} cases[] = {
		{"a camera as it should be", 0, 1000, true, false, 0, ""},
		{"one that is joined in the middle", 5, 1000, true, false, 0, "0.0P"},
		{"a bad network, but a key frame is near", 0, 1000, true, false, 40, ""},
		{"one that never sends any", 5, 1800, false, false, 0, "0.0P 2.0F+ 6.0P+ 14.0F+ 30.0P+ 60.0F+"},
		{"one that sends them only when asked", 5, 2500, false, true, 0, "0.0P 4.1P 8.1P 16.1P 32.1P 62.1P 92.1P"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char log[256] = "";
		uint64_t before = ingest_stream_counters(s).key_requests;

		int64_t begun_us = now.mono_us;

		pictures = cases[i].begins;
		begin_with_sets_told();
		for (unsigned k = 0; k < cases[i].pictures; k++) {
			size_t asked = strlen(log);

			pictures += !cases[i].keys && pictures % 25 == 0;
			if (cases[i].loss_every && k % cases[i].loss_every == cases[i].loss_every - 1)
				video_out.sequence++;
			picture();
			now.mono_us -= 40000;
			ask(log, sizeof log, begun_us);
			now.mono_us += 40000;
			if (strlen(log) != asked && cases[i].answers)
				pictures += 25 - pictures % 25, picture();
		}
		cr_expect_str_eq(log, cases[i].asked, "%s: %s", cases[i].name, log);
		cr_expect_null(over, "%s", over);
		for (const char *at = log; *at; at++)
			before += *at == 'P' || *at == 'F';
		cr_expect_eq(ingest_stream_counters(s).key_requests, before, "%s", cases[i].name);
		ingest_stream_end(s, GAP_STOPPED, now);
	}
}
