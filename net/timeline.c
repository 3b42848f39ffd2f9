/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "net/timeline_inner.h"

#define START_NEAR_US 500000          /* RTP-Info that lies further from the arrivals is wrong, as it often is */

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

void timeline_begin(struct timeline *t, unsigned track, uint32_t rtp, int64_t arrival_us, int64_t arrival_wall_us)
{
	for (unsigned i = 0; i < TIMELINE_TRACKS; i++) {
		struct timeline_track *k = &t->track[i];

		k->begun = k->has_lip = k->by_start = false;
		k->repeats = k->behind = 0;
		k->step = k->rate / 25;
	}
	t->begun = true;
	t->main = track;
	t->origin_rtp = rtp;
	t->origin_arrival_us = arrival_us;
	timeline_base(t, &t->track[track], rtp, arrival_wall_us);
}

/* Where a track's first timestamp lies on the common origin: by reports, by RTP-Info, by arrival, the first that is sane. */
static int64_t first_time(const struct timeline *t, struct timeline_track *k, uint32_t rtp, int64_t arrival_us)
{
	const struct timeline_track *m = &t->track[t->main];
	int64_t arrived = arrival_us - t->origin_arrival_us, us;

	if (k == m)
		return rtp_apart(rtp, t->origin_rtp);
	if (k->report.there && m->report.there) {
		us = by_report(k, &k->report, rtp) - by_report(m, &m->report, t->origin_rtp);
		if (near(us, arrived, TIMELINE_LEAP_S * SECOND_US))
			return us_to_ticks(k, us);
	}
	if (k->has_start && m->has_start) {
		us = ticks_to_us(k, rtp_apart(rtp, k->start_rtp)) - ticks_to_us(m, rtp_apart(t->origin_rtp, m->start_rtp));
		k->by_start = near(us, arrived, START_NEAR_US);
		if (k->by_start)
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
	timeline_forget_arrivals(k);
	return time;
}

/* Mends what came from another clock than before: no report holds any more. */
static int64_t mend_leap(struct timeline *t, struct timeline_track *k, int64_t time)
{
	timeline_forget_clock(k);
	return mend(t, k, time);
}

static int64_t passed(const struct timeline_track *k, int64_t arrival_us)
{
	int64_t us = arrival_us - k->last_arrival_us;

	return us_to_ticks(k, us < 0 ? 0 : us > 3600ll * SECOND_US ? 3600ll * SECOND_US : us);
}

static int64_t place_video(struct timeline *t, struct timeline_track *k, int64_t delta, int64_t dt)
{
	int64_t limit = (int64_t)TIMELINE_LEAP_S * k->rate, time = k->raw + k->offset;

	if (delta > dt + limit || delta < -limit)
		return mend_leap(t, k, k->newest + max64(k->step, dt));
	if (delta == 0) {
		t->mended++;
		/* Once it may be a second field; a clock that stands still is another matter. */
		if (k->repeats++ == 0)
			return k->last + max64(1, k->step / 2);
		time = k->newest + max64(1, dt);
		k->offset = time - k->raw;
		timeline_forget_arrivals(k);
		return time;
	}
	k->repeats = 0;
	if (time > k->newest) {
		k->behind = 0;
		return time;
	}
	if (++k->behind > TIMELINE_BACK_PICTURES)
		return mend_leap(t, k, k->newest + max64(k->step, dt));
	return time;
}

static int64_t place_audio(struct timeline *t, struct timeline_track *k, int64_t delta, int64_t dt)
{
	int64_t limit = (int64_t)TIMELINE_LEAP_S * k->rate;

	if (delta > dt + limit || delta < -limit)
		return mend_leap(t, k, k->newest + max64(k->step, dt));
	if (k->raw + k->offset <= k->newest)
		return mend(t, k, k->newest + max64(1, k->step));
	return k->raw + k->offset;
}

static int64_t place_next(struct timeline *t, struct timeline_track *k, uint32_t rtp, int64_t arrival_us)
{
	int64_t delta = rtp_apart(rtp, k->last_rtp), dt = passed(k, arrival_us), time;

	k->raw += delta;
	time = k->reorders ? place_video(t, k, delta, dt) : place_audio(t, k, delta, dt);
	if (time > k->newest && time - k->newest <= (int64_t)k->rate)
		k->step = time - k->newest;
	return time;
}

static int place_first(struct timeline *t, struct timeline_track *k, uint32_t rtp, int64_t arrival_us, int64_t *ret_time)
{
	int64_t time = first_time(t, k, rtp, arrival_us);

	if (time < 0)
		return -ERANGE;
	k->begun = true;
	k->raw = 0;
	k->offset = k->newest = k->first = k->aligned_at = time;
	timeline_forget_arrivals(k);
	*ret_time = time;
	return 0;
}

int timeline_place(struct timeline *t, unsigned track, uint32_t rtp, int64_t arrival_us, int64_t arrival_wall_us,
		   int64_t *ret_time, int64_t *ret_capture_us)
{
	struct timeline_track *k = &t->track[track];
	int64_t time;

	if (!t->begun)
		return -ERANGE;
	if (k->begun)
		time = place_next(t, k, rtp, arrival_us);
	else if (place_first(t, k, rtp, arrival_us, &time))
		return -ERANGE;
	k->last_rtp = rtp;
	k->last_arrival_us = arrival_us;
	k->last = time;
	k->newest = max64(k->newest, time);
	timeline_note_arrival(k);
	timeline_align(t, k);
	if (track == t->main)
		timeline_correct(t, k, arrival_wall_us);
	/* Pictures that are shown before the one that the epoch began with can't be decoded either. */
	if (time < 0)
		return -ERANGE;
	*ret_time = time;
	*ret_capture_us = t->base_us + ticks_to_us(k, time);
	return 0;
}
