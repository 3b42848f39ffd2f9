/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "net/timeline.h"

#define SECOND 1000000ll
#define WALL 1795000000000000ll  /* 2026 */

static struct timeline t;
static int64_t time_out, capture;

/* The wall clock runs WALL ahead of the arrival clock. */
static int place(unsigned track, uint32_t rtp, int64_t arrival_us)
{
	return timeline_place(&t, track, rtp, arrival_us, WALL + arrival_us, &time_out, &capture);
}

static void start(uint32_t rtp, int64_t arrival_us)
{
	timeline_init(&t);
	timeline_track(&t, 0, 90000, true);
	timeline_track(&t, 1, 48000, false);
	timeline_begin(&t, 0, rtp, arrival_us, WALL + arrival_us);
}

/* It comes with the track's last picture. */
static void report(unsigned track, uint32_t rtp, int64_t wall_us)
{
	timeline_report(&t, track, rtp, wall_us, t.track[track].last_arrival_us);
}

Test(timeline, unwraps_from_zero)
{
	uint32_t rtp = UINT32_MAX - 5000;

	start(rtp, 0);
	for (int64_t i = 0; i < 200000; i++, rtp += 90000) {
		cr_assert_eq(place(0, rtp, i * SECOND), 0);
		cr_assert_eq(time_out, i * 90000);
	}
	cr_assert_eq(t.mended, 0);
}

Test(timeline, lets_b_frames_go_back)
{
	static const int order[] = {0, 3, 1, 2, 6, 4, 5, 9, 7, 8};

	start(1000, 0);
	for (int i = 0; i < 10; i++) {
		cr_assert_eq(place(0, 1000u + 3600u * (unsigned)order[i], i * 40000), 0);
		cr_assert_eq(time_out, 3600 * order[i]);
	}
	cr_assert_eq(t.mended, 0);
}

Test(timeline, mends_leaps_by_the_time_that_passed)
{
	static const uint32_t leaps[] = {90000 * 3, 90000u * 3600, 0x80000000u, (uint32_t)-90000 * 3, 0x7fffffff};

	for (size_t i = 0; i < sizeof leaps / sizeof *leaps; i++) {
		start(1000, 0);
		place(0, 1000, 0);
		place(0, 4600, 40000);
		place(0, 8200 + leaps[i], 80000);
		cr_expect_eq(time_out, 7200, "leap %zu: %lld", i, (long long)time_out);
		place(0, 11800 + leaps[i], 120000);
		cr_expect_eq(time_out, 10800, "leap %zu", i);
		cr_expect_eq(t.mended, 1);
	}
}

Test(timeline, a_pause_is_no_leap)
{
	start(1000, 0);
	place(0, 1000, 0);
	place(0, 1000 + 90000 * 30, 30 * SECOND);
	cr_assert_eq(time_out, 90000 * 30);
	cr_assert_eq(t.mended, 0);
}

Test(timeline, a_clock_that_goes_back_a_little_is_mended_in_the_end)
{
	int64_t newest = 0;

	start(0, 0);
	for (int i = 0; i < 100; i++)
		place(0, 3600u * (unsigned)i, i * 40000);
	newest = time_out;
	for (int i = 100; i < 130; i++)
		place(0, 3600u * (unsigned)(i - 40), i * 40000);
	cr_assert_eq(t.mended, 1);
	cr_assert_gt(time_out, newest + 13 * 3600);
	cr_assert_leq(time_out, newest + 16 * 3600);
}

Test(timeline, repeated_timestamps_never_stand_still)
{
	int64_t last = -1;

	start(0, 0);
	for (int i = 0; i < 100; i++) {
		place(0, 0, i * 40000);
		cr_assert_gt(time_out, last);
		last = time_out;
	}
	cr_assert_gt(last, 90 * 3600);
	cr_assert_lt(last, 101 * 3600);
	cr_assert_eq(t.mended, 99);
}

Test(timeline, audio_only_rises)
{
	int64_t last = -1;

	start(0, 0);
	place(0, 0, 0);
	for (unsigned i = 0; i < 200; i++) {
		/* Every tenth timestamp is repeated, every fiftieth runs back. */
		uint32_t rtp = i % 50 == 49 ? 1000 : 1024 * (i - (i % 10 == 9));

		cr_assert_eq(place(1, rtp, i * 21333), 0);
		cr_assert_gt(time_out, last, "%u", i);
		last = time_out;
	}
	cr_assert_gt(t.mended, 0);
}

Test(timeline, sound_from_before_the_origin_is_not_used)
{
	timeline_init(&t);
	timeline_track(&t, 0, 90000, true);
	timeline_track(&t, 1, 48000, false);
	cr_assert_eq(place(1, 5, 0), -ERANGE);
	timeline_start(&t, 0, 100000);
	timeline_start(&t, 1, 500);
	timeline_begin(&t, 0, 190000, SECOND, WALL + SECOND);
	cr_assert_eq(place(1, 500 + 24000, SECOND), -ERANGE);
	cr_assert_eq(place(1, 500 + 48000 + 1024, SECOND), 0);
	cr_assert_eq(time_out, 1024);
}

Test(timeline, pictures_from_before_the_origin_are_not_used)
{
	start(90000, 0);
	cr_assert_eq(place(0, 90000, 0), 0);
	cr_assert_eq(place(0, 90000 - 7200, 40000), -ERANGE);
	cr_assert_eq(place(0, 90000 - 3600, 80000), -ERANGE);
	cr_assert_eq(place(0, 90000 + 3600, 120000), 0);
	cr_assert(time_out == 3600 && t.mended == 0);
}

Test(timeline, tracks_share_one_origin_by_the_best_source)
{
	/* By arrival alone. */
	start(0, 0);
	place(0, 0, 0);
	place(1, 777, SECOND / 2);
	cr_expect_eq(time_out, 24000);
	/* By RTP-Info; a wrong one is not believed, be it far off or only by a second. */
	for (int wrong = 0; wrong < 3; wrong++) {
		start(0, 0);
		timeline_start(&t, 0, 0);
		timeline_start(&t, 1, wrong == 2 ? 100000000u : wrong ? 777u - 48000 : 777u);
		place(1, 777 + 12000, SECOND / 2);
		cr_expect_eq(time_out, wrong ? 24000 : 12000);
	}
	/* By sender reports, whatever the camera's clock says. */
	start(0, 0);
	report(0, 90000, 7 * SECOND);
	report(1, 777 + 48000, 7 * SECOND);
	place(1, 777 + 36000, SECOND / 2);
	cr_expect_eq(time_out, 36000);
}

Test(timeline, capture_is_the_reports_time_if_sane)
{
	start(0, 0);
	report(0, 0, WALL - SECOND / 10);
	timeline_begin(&t, 0, 0, 0, WALL);
	place(0, 0, 0);
	cr_expect_eq(capture, WALL - SECOND / 10);
	cr_expect_eq(t.clock, CLOCK_RTCP);
	cr_expect_eq(timeline_error_ms(&t), 10);

	start(0, 0);
	report(0, 0, WALL - 3600 * SECOND);
	timeline_begin(&t, 0, 0, 0, WALL);
	place(0, 0, 0);
	cr_expect_eq(capture, WALL);
	cr_expect_eq(t.clock, CLOCK_ARRIVAL);

	report(0, 0, 0);
	cr_expect(!t.track[0].report.there);
}

/* Cameras send one when they begin to play, and are waited for until they send a key frame; the machine may have run for long. */
Test(timeline, a_report_from_before_the_first_picture_tells_its_time)
{
	int64_t up = 30 * 86400 * SECOND;

	for (unsigned waits_s = 0; waits_s <= TIMELINE_REPORT_S + 1; waits_s += TIMELINE_REPORT_S + 1) {
		int64_t first = up + waits_s * SECOND;

		timeline_init(&t);
		timeline_track(&t, 0, 90000, true);
		timeline_report(&t, 0, 0, WALL + up - 3 * SECOND, up);
		timeline_begin(&t, 0, 90000 * waits_s, first, WALL + first);
		for (unsigned i = 0; i < 25; i++) {
			place(0, 90000 * waits_s + 3600 * i, first + 40000 * i);
			cr_expect_eq(capture, WALL + first + 40000 * i - (waits_s ? 0 : 3 * SECOND), "%u", i);
			cr_expect_eq(t.clock, waits_s ? CLOCK_ARRIVAL : CLOCK_RTCP);
		}
		cr_expect_eq(t.steps, 0);
	}
}

Test(timeline, capture_follows_the_first_report_at_once_and_later_ones_gently)
{
	int64_t last;

	start(0, 0);
	for (unsigned i = 0; i < 25 * 20; i++)
		place(0, 3600 * i, 40000ll * i);
	cr_assert_eq(capture, WALL + 499 * 40000ll);
	report(0, 3600 * 500, WALL + 20 * SECOND - SECOND / 5);
	place(0, 3600 * 500, 20 * SECOND);
	cr_assert_eq(capture, WALL + 20 * SECOND - SECOND / 5);
	last = capture;
	report(0, 3600 * 501, WALL + 20 * SECOND + 40000 - SECOND / 2);
	for (unsigned i = 501; i < 2501; i++) {
		int64_t step;

		place(0, 3600 * i, 40000ll * i);
		step = capture - last;
		last = capture;
		cr_assert_leq(llabs(step - 40000), 20);
	}
	cr_assert_eq(t.steps, 0);
	cr_assert_eq(capture, WALL + 40000ll * 2500 - SECOND / 5 - 2000 * 20);
	cr_expect_leq(timeline_error_ms(&t), 10 + 300);
}

Test(timeline, a_report_that_contradicts_has_to_be_confirmed)
{
	int64_t offset;

	start(0, 0);
	cr_expect(!timeline_clock_offset(&t, &offset));
	report(0, 0, WALL);
	place(0, 0, 0);
	cr_assert(timeline_clock_offset(&t, &offset) && offset == 0);
	/* One liar among honest ones. */
	report(0, 90000, WALL + 4 * SECOND);
	place(0, 90000, SECOND);
	cr_expect_eq(capture, WALL + SECOND);
	report(0, 180000, WALL + 2 * SECOND);
	place(0, 180000, 2 * SECOND);
	cr_expect_eq(capture, WALL + 2 * SECOND);
	/* The clock was set. */
	report(0, 270000, WALL + 6 * SECOND);
	report(0, 360000, WALL + 7 * SECOND);
	place(0, 360000, 4 * SECOND);
	cr_expect_eq(capture, WALL + 7 * SECOND);
	cr_assert(timeline_clock_offset(&t, &offset) && offset == 3 * SECOND);
	/* A clock that stands still confirms nothing. */
	for (unsigned i = 5; i < 12; i++)
		report(0, 90000 * i * 5, WALL + 7 * SECOND);
	place(0, 450000, 5 * SECOND);
	cr_expect_eq(t.clock, CLOCK_ARRIVAL);
	/* Nor does one report say much after minutes without another. */
	report(0, 450000, WALL + 5 * SECOND);
	for (unsigned i = 6; i < 6 + TIMELINE_REPORT_S + 2; i++) {
		place(0, 90000 * i, i * SECOND);
		cr_assert_eq(t.clock, i <= 5 + TIMELINE_REPORT_S ? CLOCK_RTCP : CLOCK_ARRIVAL, "%u", i);
	}
}

Test(timeline, reports_of_a_track_that_is_not_there_divide_by_nothing)
{
	timeline_init(&t);
	report(1, 5, WALL);
	report(1, 5, WALL);
	cr_expect(!t.track[1].report.there);
}

Test(timeline, a_clock_around_the_bound_does_not_toss_between_sources)
{
	start(0, 0);
	for (unsigned i = 0; i < 25 * 600; i++) {
		if (i % 125 == 0)
			report(0, 3600 * i, WALL + 40000ll * i + 9990000 + (i % 250 ? 20000 : -20000));
		place(0, 3600 * i, 40000ll * i);
	}
	cr_expect_leq(t.steps, 2);
}

Test(timeline, capture_steps_when_a_second_off)
{
	start(0, 0);
	place(0, 0, 0);
	report(0, 0, WALL - 5 * SECOND);
	place(0, 3600, 40000);
	cr_assert_eq(capture, WALL - 5 * SECOND + 40000);
	cr_assert_eq(t.steps, 1);
}

Test(timeline, a_clock_off_by_percents_loses_nothing)
{
	start(0, 0);
	for (unsigned i = 0; i < 25 * 600; i++) {
		cr_assert_eq(place(0, 3700 * i, 40000ll * i), 0);
		cr_assert_eq(time_out, 3700ll * i);
		cr_assert_leq(llabs(capture - (WALL + 40000ll * i)), SECOND + 50000);
	}
	cr_assert_eq(t.mended, 0);
}

Test(timeline, a_wall_clock_that_was_years_off_is_named_as_far_as_numbers_go)
{
	start(0, 0);
	place(0, 0, 0);
	cr_assert_eq(timeline_place(&t, 0, 3600, 40000, WALL + 50ll * 365 * 86400 * SECOND, &time_out, &capture), 0);
	cr_expect_eq(timeline_error_ms(&t), UINT32_MAX);
	cr_assert_eq(timeline_place(&t, 0, 7200, 80000, WALL + 50ll * 365 * 86400 * SECOND + 40000, &time_out, &capture), 0);
	cr_expect_eq(timeline_error_ms(&t), 200);
}

Test(timeline, the_worst_since_it_was_asked_is_not_forgotten)
{
	start(0, 0);
	for (unsigned i = 0; i < 10; i++)
		cr_assert_eq(timeline_place(&t, 0, 3600 * i, 40000ll * i, WALL + 40000ll * i + (i < 5 ? 0 : 3600 * SECOND), &time_out, &capture), 0);
	cr_expect_eq(timeline_error_ms(&t), 200);
	cr_expect_eq(timeline_worst_ms(&t), 3600000 + 200);
	cr_expect_eq(timeline_worst_ms(&t), 200);
	timeline_place(&t, 0, 36000, 400000, WALL + 400000, &time_out, &capture);
	timeline_begin(&t, 0, 36000, 400000, WALL + 400000);
	cr_expect_eq(timeline_worst_ms(&t), 200, "what was before is the epoch's before");
}

Test(timeline, wild_numbers_stay_in_bounds)
{
	uint64_t x = 88172645463325252u;
	int64_t arrival = 0;

	start(0, 0);
	for (int i = 0; i < 200000; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		arrival += (int64_t)(x % 100000);
		if (x % 7 == 0)
			report(x >> 8 & 1, (uint32_t)(x >> 16), (int64_t)(x >> (x & 63) >> 10));
		place(x >> 9 & 1, (uint32_t)(x >> 32), arrival);
		cr_assert(time_out >= 0 && time_out < (1ll << 50));
		cr_assert(llabs(capture - WALL - arrival) < (1ll << 50));
	}
}
