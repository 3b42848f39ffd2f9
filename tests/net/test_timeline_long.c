/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hours and days of a camera whose clocks, network and habits are as a scenario says. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "net/timeline.h"

#define SECOND 1000000ll
#define WALL 1795000000000000ll  /* 2026 */
#define DELAY 120000             /* from capture to arrival */

struct scenario {
	const char *name;
	double hours;
	int video_ppm, audio_ppm;         /* of the RTP clocks */
	int wall_ppm;                     /* of the camera's clock, which its reports tell … */
	int64_t wall_off_us;              /* … and how far off it was at the beginning */
	int64_t wall_step_us;             /* it is set by this much at half-time … */
	int64_t rtp_leap_us;              /* … or the video's RTP clock begins anew, so much later */
	int reports_s, jitter_ms;         /* 0: no reports */
	bool start;                       /* RTP-Info is right */
	int64_t burst_us;                 /* of the past, sent at once at the beginning */
	uint32_t first_rtp;
	/* What has to come out. */
	int limit_ms, lip_ms;             /* capture against the camera's clock or the arrival; sound against pictures */
	int settles_s, recovers_s;        /* after the beginning, after half-time */
	enum clock_source clock;
	bool mended;
};

static const struct scenario scenarios[] = {
	{"all is well", 1, .reports_s = 5, .limit_ms = 1, .lip_ms = 1, .settles_s = 10, .clock = CLOCK_RTCP},
	{"RTP fast, reports", 1, .video_ppm = 200, .audio_ppm = 200, .reports_s = 5, .limit_ms = 5, .lip_ms = 10, .settles_s = 10, .clock = CLOCK_RTCP},
	{"RTP slow, reports, jitter", 1, .video_ppm = -200, .audio_ppm = -200, .reports_s = 5, .jitter_ms = 30,
		.limit_ms = 5, .lip_ms = 10, .settles_s = 10, .clock = CLOCK_RTCP},
	{"RTP fast, no reports", 1, .video_ppm = 200, .audio_ppm = 200, .start = true, .limit_ms = 20, .lip_ms = 20, .settles_s = 5},
	{"RTP fast, no reports, jitter", 1, .video_ppm = 200, .audio_ppm = 200, .jitter_ms = 30, .start = true,
		.limit_ms = 50, .lip_ms = 20, .settles_s = 10},
	{"RTP slow, no reports, jitter", 1, .video_ppm = -200, .audio_ppm = -200, .jitter_ms = 30, .start = true,
		.limit_ms = 50, .lip_ms = 20, .settles_s = 10},
	{"the camera's every clock fast", 1, .video_ppm = 200, .audio_ppm = 200, .wall_ppm = 200, .reports_s = 5, .jitter_ms = 30,
		.limit_ms = 5, .lip_ms = 10, .settles_s = 10, .clock = CLOCK_RTCP},
	{"sound and pictures drift apart, reports", 1, .video_ppm = -200, .audio_ppm = 200, .reports_s = 5, .jitter_ms = 30,
		.limit_ms = 5, .lip_ms = 20, .settles_s = 15, .clock = CLOCK_RTCP},
	{"sound and pictures drift apart, no reports", 1, .video_ppm = 200, .audio_ppm = -200, .jitter_ms = 30, .start = true,
		.limit_ms = 50, .lip_ms = 20, .settles_s = 10},
	{"the same for a day", 24, .video_ppm = 200, .audio_ppm = -200, .jitter_ms = 30, .start = true,
		.limit_ms = 50, .lip_ms = 20, .settles_s = 10},
	{"a day with reports, over the wrap", 24, .video_ppm = -200, .audio_ppm = 50, .wall_ppm = 100, .reports_s = 5, .jitter_ms = 30,
		.first_rtp = UINT32_MAX - 90000 * 60, .limit_ms = 5, .lip_ms = 20, .settles_s = 15, .clock = CLOCK_RTCP},
	{"set by NTP, 3 s", 1, .video_ppm = 200, .audio_ppm = 200, .wall_step_us = 3 * SECOND, .reports_s = 5, .jitter_ms = 30,
		.limit_ms = 5, .lip_ms = 10, .settles_s = 10, .recovers_s = 15, .clock = CLOCK_RTCP},
	{"set back by NTP, 3 s", 1, .wall_step_us = -3 * SECOND, .reports_s = 5, .limit_ms = 5, .lip_ms = 10, .settles_s = 10, .recovers_s = 15,
		.clock = CLOCK_RTCP},
	{"set by NTP, half a second: slewed", 1, .wall_step_us = SECOND / 2, .reports_s = 5, .limit_ms = 5, .lip_ms = 10, .settles_s = 10,
		.recovers_s = 1010, .clock = CLOCK_RTCP},
	{"set by NTP, from hours off", 1, .wall_off_us = -7200 * SECOND, .wall_step_us = 7200 * SECOND, .reports_s = 5, .jitter_ms = 30,
		.limit_ms = 50, .lip_ms = 10, .settles_s = 10, .recovers_s = 15, .clock = CLOCK_RTCP},
	{"local time as UTC", 1, .video_ppm = 200, .audio_ppm = -200, .wall_off_us = 7200 * SECOND, .reports_s = 5, .jitter_ms = 30,
		.limit_ms = 50, .lip_ms = 20, .settles_s = 15},
	{"minutes off, and fast", 1, .wall_ppm = 200, .wall_off_us = -150 * SECOND, .reports_s = 5, .jitter_ms = 30,
		.limit_ms = 50, .lip_ms = 10, .settles_s = 10},
	{"no clock", 1, .wall_off_us = -WALL, .reports_s = 5, .jitter_ms = 30, .start = true, .limit_ms = 50, .lip_ms = 20, .settles_s = 10},
	{"pre-event burst", 0.1, .video_ppm = 200, .audio_ppm = 200, .burst_us = 5 * SECOND, .start = true, .limit_ms = 20, .lip_ms = 20, .settles_s = 6},
	{"pre-event burst, reports", 0.1, .burst_us = 5 * SECOND, .reports_s = 5, .limit_ms = 5, .lip_ms = 20, .settles_s = 11, .clock = CLOCK_RTCP},
	{"RTP back by 10 s", 1, .video_ppm = 200, .audio_ppm = 200, .rtp_leap_us = -10 * SECOND, .reports_s = 5, .jitter_ms = 30,
		.limit_ms = 50, .lip_ms = 20, .settles_s = 10, .recovers_s = 25, .clock = CLOCK_RTCP, .mended = true},
	{"RTP on by 2^31 and more, no reports", 1, .rtp_leap_us = 30000 * SECOND, .jitter_ms = 30, .start = true,
		.limit_ms = 60, .lip_ms = 20, .settles_s = 10, .recovers_s = 25, .mended = true},
	{"RTP back by half a second, as if reordered: slewed", 1, .rtp_leap_us = -SECOND / 2, .reports_s = 5, .limit_ms = 50, .lip_ms = 20,
		.settles_s = 10, .recovers_s = 1010, .clock = CLOCK_RTCP},
	{"RTP fast by percents, reports", 1, .video_ppm = 30000, .reports_s = 5, .jitter_ms = 30, .limit_ms = 1200, .lip_ms = 250, .settles_s = 15,
		.clock = CLOCK_RTCP},
	{"RTP slow by percents, no reports", 1, .video_ppm = -30000, .audio_ppm = -30000, .jitter_ms = 30, .start = true, .limit_ms = 1600, .lip_ms = 60,
		.settles_s = 15},
};

/* A run */
static struct timeline t;
static const struct scenario *sc;
static uint64_t random_state;
static int64_t worst_us, worst_lip_us, newest_arrival_us;

static int64_t jitter(void)
{
	int64_t span = sc->jitter_ms * 1000ll;

	random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
	return span ? (int64_t)(random_state % (uint64_t)(2 * span + 1)) - span : 0;
}

static bool second_half(int64_t true_us)
{
	return (double)true_us > sc->hours * 1800 * SECOND;
}

/* The camera's clocks at a moment of the true one, which is 0 at the first picture. */
static int64_t camera_wall(int64_t true_us)
{
	return WALL + sc->wall_off_us + true_us + true_us / 1000000 * sc->wall_ppm + (second_half(true_us) ? sc->wall_step_us : 0);
}

static uint32_t camera_rtp(bool audio, int64_t true_us)
{
	int ppm = audio ? sc->audio_ppm : sc->video_ppm;
	int64_t us = true_us + true_us / 1000 * ppm / 1000 + (!audio && second_half(true_us) ? sc->rtp_leap_us : 0);

	return sc->first_rtp + (uint32_t)(us / SECOND * (audio ? 48000 : 90000) + us % SECOND * (audio ? 48 : 90) / 1000);
}

static int64_t arrive(int64_t true_us)
{
	int64_t at = true_us + DELAY + jitter();

	if (true_us < sc->burst_us)
		at = sc->burst_us + true_us / 50 + DELAY;
	if (at > newest_arrival_us)
		newest_arrival_us = at;
	return newest_arrival_us;
}

static bool settled(int64_t true_us)
{
	int64_t half = (int64_t)(sc->hours * 1800 * SECOND);

	return true_us > sc->settles_s * SECOND && (true_us < half || true_us > half + sc->recovers_s * SECOND);
}

static void report(int64_t true_us)
{
	for (unsigned i = 0; i < 2; i++)
		timeline_report(&t, i, camera_rtp(i, true_us), camera_wall(true_us), true_us);
}

static void place(unsigned track, int64_t true_us)
{
	int64_t arrival = arrive(true_us), time, capture, wrong;
	static int64_t last_time, picture_capture, picture_us;

	if (track == 0 && true_us == 0) {
		timeline_begin(&t, 0, camera_rtp(0, 0), arrival, WALL + arrival);
		last_time = -1;
		picture_us = 0;
	}
	cr_assert_eq(timeline_place(&t, track, camera_rtp(track, true_us), arrival, WALL + arrival, &time, &capture), 0, "%s", sc->name);
	/* Pictures may come out of order, so those of a clock that goes back a little are let through for a while. */
	cr_assert(track == 0 || time > last_time, "%s", sc->name);
	last_time = track ? time : last_time;
	if (!settled(true_us))
		return;
	wrong = capture - (sc->clock == CLOCK_RTCP && t.clock == CLOCK_RTCP ? camera_wall(true_us) : WALL + true_us + DELAY);
	if (track == 0) {
		picture_capture = capture;
		picture_us = true_us;
		worst_us = llabs(wrong) > worst_us ? llabs(wrong) : worst_us;
	} else if (true_us - picture_us < SECOND) {
		wrong = capture - picture_capture - (true_us - picture_us);
		worst_lip_us = llabs(wrong) > worst_lip_us ? llabs(wrong) : worst_lip_us;
	}
}

static void run(const struct scenario *s)
{
	int64_t end = (int64_t)(s->hours * 3600 * SECOND), video = 0, audio = 5000, next_report = 2 * SECOND;

	sc = s;
	random_state = 88172645463325252u;
	worst_us = worst_lip_us = 0;
	newest_arrival_us = INT64_MIN;
	timeline_init(&t);
	timeline_track(&t, 0, 90000, true);
	timeline_track(&t, 1, 48000, false);
	for (unsigned i = 0; i < 2 && s->start; i++)
		timeline_start(&t, i, camera_rtp(i, 0));
	while (video < end) {
		if (s->reports_s && video > next_report) {
			report(video);
			next_report += s->reports_s * SECOND;
		}
		if (video <= audio) {
			place(0, video);
			video += 40000;
		} else {
			place(1, audio);
			audio += 21333;
		}
	}
}

Test(timeline_long, captures_and_lips_stay_true)
{
	for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++) {
		const struct scenario *s = &scenarios[i];
		int64_t offset;

		run(s);
		if (getenv("SHOW_TIMELINE"))
			printf("%-52s worst %.1f ms, lips %.1f ms, %ju steps, %ju mended, %s\n", s->name, (double)worst_us / 1000, (double)worst_lip_us / 1000,
			       (uintmax_t)t.steps, (uintmax_t)t.mended, t.clock == CLOCK_RTCP ? "reports" : "arrival");
		cr_expect_leq(worst_us, s->limit_ms * 1000, "%s: %lld us", s->name, (long long)worst_us);
		cr_expect_leq(worst_lip_us, s->lip_ms * 1000, "%s: lips %lld us", s->name, (long long)worst_lip_us);
		cr_expect_eq(t.clock, s->clock, "%s", s->name);
		cr_expect_eq(t.mended > 0, s->mended, "%s: %ju", s->name, (uintmax_t)t.mended);
		cr_expect_leq(t.mended, 2, "%s", s->name);
		if (s->reports_s && s->wall_off_us != -WALL) {
			int64_t end = (int64_t)(s->hours * 3600 * SECOND), off = camera_wall(end) - WALL - end - DELAY;

			cr_expect(timeline_clock_offset(&t, &offset), "%s", s->name);
			if (llabs(s->video_ppm) < 1000)
				cr_expect_leq(llabs(offset - off), 50000, "%s: %lld", s->name, (long long)(offset - off));
		}
	}
}
