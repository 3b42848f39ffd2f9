/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/timeline.h"

#include <errno.h>
#include <stdlib.h>

#define SECOND_US 1000000

void timeline_init(struct timeline *t)
{
	*t = (struct timeline){0};
}

void timeline_track(struct timeline *t, unsigned track, uint32_t rate, bool reorders)
{
	t->track[track] = (struct timeline_track){.rate = rate, .reorders = reorders};
}

void timeline_start(struct timeline *t, unsigned track, uint32_t rtp)
{
	t->track[track].has_start = true;
	t->track[track].start_rtp = rtp;
}

void timeline_report(struct timeline *t, unsigned track, uint32_t rtp, int64_t wall_us)
{
	struct timeline_track *k = &t->track[track];

	k->has_report = wall_us > 0;
	k->report_rtp = rtp;
	k->report_us = wall_us;
}

static int64_t ticks_to_us(const struct timeline_track *k, int64_t ticks)
{
	return ticks / k->rate * SECOND_US + ticks % k->rate * SECOND_US / k->rate;
}

static int64_t us_to_ticks(const struct timeline_track *k, int64_t us)
{
	return us / SECOND_US * k->rate + (us % SECOND_US * k->rate + SECOND_US / 2) / SECOND_US;
}

/* RTP times less than half their range apart. */
static int64_t apart(uint32_t later, uint32_t earlier)
{
	return (int32_t)(later - earlier);
}

static bool near(int64_t a, int64_t b, int64_t within)
{
	return llabs(a - b) <= within;
}

/* The wall clock of an RTP time by the track's last report. */
static int64_t by_report(const struct timeline_track *k, uint32_t rtp)
{
	return k->report_us + ticks_to_us(k, apart(rtp, k->report_rtp));
}

static int64_t capture_target(struct timeline *t, const struct timeline_track *k, uint32_t rtp, int64_t arrival_wall_us)
{
	int64_t reported = k->has_report ? by_report(k, rtp) : 0;
	bool sane = k->has_report && near(reported, arrival_wall_us, TIMELINE_SANE_S * SECOND_US);

	t->has_clock_offset = k->has_report;
	t->clock_offset_us = reported - arrival_wall_us;
	t->clock = sane ? CLOCK_RTCP : CLOCK_ARRIVAL;
	return sane ? reported : arrival_wall_us;
}

void timeline_begin(struct timeline *t, unsigned track, uint32_t rtp, int64_t arrival_us, int64_t arrival_wall_us)
{
	for (unsigned i = 0; i < TIMELINE_TRACKS; i++) {
		struct timeline_track *k = &t->track[i];

		k->begun = false;
		k->repeats = k->behind = 0;
		k->step = k->rate / 25;
	}
	t->begun = true;
	t->main = track;
	t->origin_rtp = rtp;
	t->origin_arrival_us = arrival_us;
	t->base_us = capture_target(t, &t->track[track], rtp, arrival_wall_us);
	t->based_at = t->off_us = 0;
}

/* Where a track's first timestamp lies on the common origin: by reports, by RTP-Info, by arrival, the first that is sane. */
static int64_t first_time(const struct timeline *t, const struct timeline_track *k, uint32_t rtp, int64_t arrival_us)
{
	const struct timeline_track *m = &t->track[t->main];
	int64_t arrived = arrival_us - t->origin_arrival_us, us;

	if (k == m)
		return apart(rtp, t->origin_rtp);
	if (k->has_report && m->has_report) {
		us = by_report(k, rtp) - by_report(m, t->origin_rtp);
		if (near(us, arrived, TIMELINE_LEAP_S * SECOND_US))
			return us_to_ticks(k, us);
	}
	if (k->has_start && m->has_start) {
		us = ticks_to_us(k, apart(rtp, k->start_rtp)) - ticks_to_us(m, apart(t->origin_rtp, m->start_rtp));
		if (near(us, arrived, TIMELINE_LEAP_S * SECOND_US))
			return us_to_ticks(k, us);
	}
	return us_to_ticks(k, arrived);
}

/* Sets the offset so that the current timestamp comes out as `time`. */
static int64_t mend(struct timeline *t, struct timeline_track *k, int64_t time)
{
	t->mended++;
	k->raw = 0;
	k->offset = time;
	k->repeats = k->behind = 0;
	return time;
}

static int64_t passed(const struct timeline_track *k, int64_t arrival_us)
{
	int64_t us = arrival_us - k->last_arrival_us;

	return us_to_ticks(k, us < 0 ? 0 : us > 3600ll * SECOND_US ? 3600ll * SECOND_US : us);
}

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t place_video(struct timeline *t, struct timeline_track *k, int64_t delta, int64_t dt)
{
	int64_t limit = (int64_t)TIMELINE_LEAP_S * k->rate, time = k->raw + k->offset;

	if (delta > dt + limit || delta < -limit)
		return mend(t, k, k->newest + max64(k->step, dt));
	if (delta == 0) {
		t->mended++;
		/* Once it may be a second field; a clock that stands still is another matter. */
		if (k->repeats++ == 0)
			return k->last + max64(1, k->step / 2);
		time = k->newest + max64(1, dt);
		k->offset = time - k->raw;
		return time;
	}
	k->repeats = 0;
	if (time > k->newest) {
		k->behind = 0;
		return time;
	}
	if (++k->behind > TIMELINE_BACK_PICTURES)
		return mend(t, k, k->newest + max64(k->step, dt));
	return time;
}

static int64_t place_audio(struct timeline *t, struct timeline_track *k, int64_t delta, int64_t dt)
{
	int64_t limit = (int64_t)TIMELINE_LEAP_S * k->rate;

	if (delta > dt + limit || delta < -limit)
		return mend(t, k, k->newest + max64(k->step, dt));
	if (k->raw + k->offset <= k->newest)
		return mend(t, k, k->newest + max64(1, k->step));
	return k->raw + k->offset;
}

/* The wall clock at time 0, drawn towards what the main track's source says. */
static void correct(struct timeline *t, const struct timeline_track *k, int64_t time, int64_t target)
{
	int64_t off = target - ticks_to_us(k, time) - t->base_us;
	int64_t may = ticks_to_us(k, time - t->based_at) * TIMELINE_SLEW_PPM / SECOND_US;

	t->off_us = off;
	if (llabs(off) > SECOND_US) {
		t->base_us += off;
		t->steps++;
	} else if (time > t->based_at)
		t->base_us += off > may ? may : off < -may ? -may : off;
	t->based_at = max64(t->based_at, time);
}

static int64_t place_next(struct timeline *t, struct timeline_track *k, uint32_t rtp, int64_t arrival_us)
{
	int64_t delta = apart(rtp, k->last_rtp), dt = passed(k, arrival_us), time;

	k->raw += delta;
	time = k->reorders ? place_video(t, k, delta, dt) : place_audio(t, k, delta, dt);
	if (time > k->newest && time - k->newest <= (int64_t)k->rate)
		k->step = time - k->newest;
	return time;
}

int timeline_place(struct timeline *t, unsigned track, uint32_t rtp, int64_t arrival_us, int64_t arrival_wall_us,
		   int64_t *ret_time, int64_t *ret_capture_us)
{
	struct timeline_track *k = &t->track[track];
	int64_t time;

	if (!t->begun)
		return -ERANGE;
	if (k->begun) {
		time = place_next(t, k, rtp, arrival_us);
	} else {
		time = first_time(t, k, rtp, arrival_us);
		if (time < 0)
			return -ERANGE;
		k->begun = true;
		k->raw = 0;
		k->offset = k->newest = time;
	}
	k->last_rtp = rtp;
	k->last_arrival_us = arrival_us;
	k->last = time;
	k->newest = max64(k->newest, time);
	if (track == t->main)
		correct(t, k, time, capture_target(t, k, rtp, arrival_wall_us));
	*ret_time = time;
	*ret_capture_us = t->base_us + ticks_to_us(k, time);
	return 0;
}

bool timeline_clock_offset(const struct timeline *t, int64_t *ret_us)
{
	if (t->has_clock_offset)
		*ret_us = t->clock_offset_us;
	return t->has_clock_offset;
}

uint32_t timeline_error_ms(const struct timeline *t)
{
	/* Of an arrival nobody knows how long the camera and the network took; cameras are seldom below 200 ms. */
	int64_t own = t->clock == CLOCK_RTCP ? 10 : 200;

	own += llabs(t->off_us) / 1000;
	return own > UINT32_MAX ? UINT32_MAX : (uint32_t)own;
}
