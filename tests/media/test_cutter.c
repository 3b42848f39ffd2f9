/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "media/cutter.h"

static struct au at_ms(int64_t ms, bool key)
{
	return (struct au){.dts = ms * 90, .pts = ms * 90, .key = key};
}

Test(cutter, cuts_at_key_frames_near_the_target)
{
	/* Frames of 40 ms with a key frame each gop_ms: the lengths of the first segments that come out, ms. */
	static const struct { uint32_t target_ms, gop_ms; int lengths[5]; } cases[] = {
		{2000, 1000, {1000, 2000, 2000, 2000, 2000}},
		{2000, 2000, {2000, 2000, 2000, 2000, 2000}},
		{2000, 3000, {3000, 3000, 3000, 3000, 3000}},
		{2000, 400, {1200, 2000, 2000, 2000, 2000}},
		{2000, 1200, {1200, 2400, 2400, 2400, 2400}},
		{2000, 4000, {4000, 4000, 4000, 4000, 4000}},
		{2000, 10000, {10000, 10000, 10000, 10000, 10000}},
		{2000, 12000, {10400, 1600, 2000, 2000, 2000}},
		{1000, 12000, {5400, 1000, 1000, 1000, 1000}},
		{2000, 3600000, {10400, 2000, 2000, 2000, 2000}},
		{6000, 2000, {2000, 6000, 6000, 6000, 6000}},
		{8000, 3600000, {16400, 8000, 8000, 8000, 8000}},
		{0, 40, {480, 480, 480, 480, 480}},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cutter c;
		int64_t start = 0;
		int seen = -1;

		cutter_init(&c, cases[i].target_ms, 0, true);
		for (int64_t ms = 0; seen < 5 && ms < 200000; ms += 40) {
			struct au au = at_ms(ms, ms % cases[i].gop_ms == 0);

			if (!cutter_cut(&c, &au))
				continue;
			cr_assert_eq(c.segment, (uint32_t)(seen + 1));
			if (seen >= 0)
				cr_assert_eq(ms - start, cases[i].lengths[seen], "case %zu, segment %d: %d ms", i, seen, (int)(ms - start));
			start = ms;
			seen++;
		}
		cr_assert_eq(seen, 5);
	}
}

/* One picture each frame_ms, a key frame each gop_ms: what is promised once the first segment is over. */
Test(cutter, promises_what_the_first_gop_says)
{
	static const struct { uint32_t target_ms; int gop_ms, frame_ms; uint32_t longest_s; } cases[] = {
		{2000, 1000, 40, 3}, {2000, 2000, 40, 3}, {2000, 2002, 33, 3}, {2000, 1200, 40, 3}, {2000, 1900, 50, 4}, {2000, 2480, 40, 3}, {2000, 3080, 40, 3},
		{2000, 3480, 40, 4}, {2000, 4000, 40, 4}, {2000, 4004, 77, 4}, {2000, 5000, 40, 5}, {2000, 10000, 40, 10}, {2000, 20000, 40, 3}, {2000, 3600000, 40, 3},
		{1000, 1000, 40, 2}, {1000, 2000, 40, 2}, {1000, 4000, 40, 4}, {500, 500, 50, 1}, {500, 900, 100, 1}, {500, 1600, 100, 2}, {6000, 2000, 40, 9}, {6000, 4000, 40, 9},
		{10000, 2000, 40, 15}, {10000, 20000, 40, 20}, {2000, 8000, 1000, 8}, {2000, 60000, 5000, 5},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cutter c;

		cutter_init(&c, cases[i].target_ms, 0, true);
		for (int ms = 0; ms < 60000 && !c.longest_s; ms += cases[i].frame_ms) {
			struct au au = at_ms(ms, ms / cases[i].gop_ms != (ms - cases[i].frame_ms) / cases[i].gop_ms || ms == 0);

			cr_assert_leq(c.segment, 0);
			cutter_cut(&c, &au);
		}
		cr_expect_eq(c.longest_s, cases[i].longest_s, "case %zu: %u", i, c.longest_s);
		cutter_init(&c, cases[i].target_ms, 7, true);
		cr_expect_eq(c.longest_s, 7, "what was promised before holds");
	}
}

/* Key frames and pictures that come as they like, pauses in them, and sound: none is ever longer than was promised before it. */
Test(cutter, keeps_its_promise)
{
	uint32_t x = 1;

	for (int run = 0; run < 400; run++) {
		int64_t start = 0, sound_start = 0, dts = 0;
		uint32_t sound_segment = 0, promised = run % 7, to_sound = promised;
		struct cutter c;

		cutter_init(&c, 500 + run * 25, promised, true);
		for (int i = 0, n = 0; i < 3000; i++, dts += 40 * 90) {
			struct au v, a = {.key = true};

			int64_t pause_ms = run % 5 == 0 && i >= 699 && (i + 1) % 700 < 4 ? 2000 : 0;

			x = x * 1103515245 + 12345;
			if (pause_ms && (i + 1) % 700 == 0)
				dts += pause_ms * 90;
			v = at_ms(dts / 90, i == 0 || (x >> 16) % (unsigned)(3 + run) == 0);
			promised = c.longest_s;
			if (cutter_cut(&c, &v)) {
				if (promised && i > 0)
					cr_assert_lt(v.dts - start, promised * 90000 + 45000 + pause_ms * 90, "run %d, picture %d: %d ms of %u s", run, i, (int)((v.dts - start) / 90), promised);
				start = v.dts;
			}
			for (; n * 1024 / 16 <= dts / 90; n++) {
				uint32_t segment;

				a.dts = a.pts = (int64_t)n * 1024;
				segment = cutter_audio(&c, &a, 16000);
				if (segment == sound_segment)
					continue;
				if (to_sound)
					cr_assert_lt((a.dts - sound_start) * 1000 / 16, (to_sound * INT64_C(1000) + 500 + pause_ms) * 1000, "run %d, picture %d", run, i);
				sound_start = a.dts;
				sound_segment = segment;
				to_sound = c.longest_s;
			}
		}
	}
}

Test(cutter, key_frames_that_come_again_are_waited_for_again)
{
	struct cutter c;
	unsigned before = 0;

	cutter_init(&c, 2000, 0, true);
	for (int64_t ms = 0; ms < 60000; ms += 40) {
		/* One, none for 30 s, then each 3 s. */
		struct au au = at_ms(ms, ms == 0 || (ms >= 30000 && ms % 3000 == 0));

		if (cutter_cut(&c, &au) && ms >= 36000)
			cr_assert_eq(ms % 3000, 0, "%d ms", (int)ms);
		if (ms == 36000)
			before = c.segment;
	}
	cr_assert_eq(c.segment - before, 7);
}

Test(cutter, half_a_frame_early_is_early_enough)
{
	struct cutter c;
	struct au au;

	cutter_init(&c, 2000, 0, true);
	for (int i = 0; i < 1000; i++) {
		/* 15 frames a second and a key frame each 2 s, the clock off by 1 %: never 4 s. */
		au = (struct au){.dts = i * 5940, .pts = i * 5940, .key = i % 30 == 0};
		cr_assert_eq(cutter_cut(&c, &au), i % 30 == 0, "picture %d", i);
	}
}

Test(cutter, audio_follows_video)
{
	struct cutter c;
	struct au v, a;
	uint32_t segment = 0;

	cutter_init(&c, 2000, 0, true);
	/* Audio of 1024 samples at 48 kHz arrives 300 ms after video of the same time. */
	for (int ms = 0, n = 0; ms < 60000; ms += 40) {
		v = at_ms(ms, ms % 2000 == 0);
		cutter_cut(&c, &v);
		for (; n * 1024 / 48 < ms - 300; n++) {
			uint32_t got;

			a = (struct au){.dts = n * 1024, .pts = n * 1024, .key = true};
			got = cutter_audio(&c, &a, 48000);
			cr_assert_geq(got, segment);
			cr_assert_eq(got, (uint32_t)((int64_t)n * 1024 * 1000 / 48000 / 2000), "frame %d", n);
			segment = got;
		}
	}
	cr_assert_eq(segment, 29);
}

Test(cutter, audio_alone_is_cut_by_time)
{
	struct cutter c;
	uint32_t last = 0;

	cutter_init(&c, 2000, 0, false);
	for (int n = 0; n < 2000; n++) {
		struct au a = {.dts = n * 1024, .pts = n * 1024, .key = true};

		last = cutter_audio(&c, &a, 8000);
		cr_assert_eq(last, (uint32_t)(n / 16), "2 s are 15.6 frames of 128 ms: 16; frame %d got %u", n, last);
	}
}

Test(cutter, audio_goes_on_when_video_stays_away)
{
	struct cutter c;
	struct au v = at_ms(0, true), a;
	uint32_t last = 0;

	cutter_init(&c, 2000, 0, true);
	cutter_cut(&c, &v);
	for (int s = 0; s < 60; s++) {
		a = (struct au){.dts = s * 48000, .pts = s * 48000};
		last = cutter_audio(&c, &a, 48000);
	}
	cr_assert_eq(last, 12, "the first after 13 s, the others each 4 s: %u", last);
	v = at_ms(60040, false);
	cr_assert(cutter_cut(&c, &v), "video joins the segment that audio opened");
	cr_assert_eq(c.segment, 12);
	v = at_ms(60080, false);
	cr_assert(!cutter_cut(&c, &v));
	v = at_ms(60120, true);
	cr_assert(cutter_cut(&c, &v), "and cuts as soon as a key frame comes");
	cr_assert_eq(c.segment, 13);
}

Test(cutter, audio_that_is_very_late_never_goes_back)
{
	struct cutter c;
	struct au v, a;
	uint32_t last = 0;

	cutter_init(&c, 2000, 0, true);
	for (int ms = 0; ms <= 40000; ms += 1000) {
		v = at_ms(ms, true);
		cutter_cut(&c, &v);
	}
	for (int ms = 60000; ms >= -5000; ms -= 500) {
		uint32_t got;

		a = (struct au){.dts = ms * 48, .pts = ms * 48};
		got = cutter_audio(&c, &a, 48000);
		cr_assert_geq(got, last);
		last = got;
	}
}
