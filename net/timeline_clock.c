/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/timeline_inner.h"

#define CONTRADICTIONS_MAX 3          /* reports that agree neither with the believed one nor with each other */
#define CLAIM_NEAR_US 200000          /* two reports that agree */
#define LIP_WAIT_S 5                  /* of a track, before its arrivals say how it lies beside main */

/* Sender reports */

void timeline_forget_clock(struct timeline_track *k)
{
	k->report.there = k->claim.there = false;
	k->contradictions = 0;
}

static void believe(struct timeline_track *k, const struct timeline_report *r, int64_t arrival_us)
{
	k->report = *r;
	k->report_arrival_us = arrival_us;
	k->claim.there = false;
	k->contradictions = 0;
}

void timeline_report(struct timeline *t, unsigned track, uint32_t rtp, int64_t wall_us, int64_t arrival_us)
{
	struct timeline_track *k = &t->track[track];
	struct timeline_report r = {.there = true, .rtp = rtp, .wall_us = wall_us};

	if (!k->rate)
		return;
	if (wall_us <= 0) {
		timeline_forget_clock(k);
	} else if (!k->report.there || near(wall_us, by_report(k, &k->report, rtp), SECOND_US) ||
		   (k->claim.there && near(wall_us, by_report(k, &k->claim, rtp), CLAIM_NEAR_US))) {
		believe(k, &r, arrival_us);
	} else if (++k->contradictions >= CONTRADICTIONS_MAX) {
		timeline_forget_clock(k);
	} else
		k->claim = r;
}

/* Arrivals: how far they lie behind the track's own clock, the least of the last TIMELINE_LOWS spans */

void timeline_forget_arrivals(struct timeline_track *k)
{
	for (unsigned i = 0; i < TIMELINE_LOWS; i++)
		k->low[i] = INT64_MAX;
	k->low_begun_us = ticks_to_us(k, k->raw);
}

void timeline_note_arrival(struct timeline_track *k)
{
	int64_t raw_us = ticks_to_us(k, k->raw), late = k->last_arrival_us - raw_us;

	/* Spans of the track's own time: while a network stands still, nothing is forgotten. */
	if (raw_us - k->low_begun_us >= TIMELINE_LOW_S * SECOND_US) {
		k->low_at = (k->low_at + 1) % TIMELINE_LOWS;
		k->low[k->low_at] = INT64_MAX;
		k->low_begun_us = raw_us;
	}
	if (late < k->low[k->low_at])
		k->low[k->low_at] = late;
}

/* The arrival clock at time 0; one arrival at least has been noted. */
static int64_t arrival_base(const struct timeline_track *k)
{
	int64_t least = INT64_MAX;

	for (unsigned i = 0; i < TIMELINE_LOWS; i++)
		if (k->low[i] < least)
			least = k->low[i];
	return least - ticks_to_us(k, k->offset);
}

static bool has_report(const struct timeline_track *k)
{
	return k->report.there && k->last_arrival_us - k->report_arrival_us <= TIMELINE_REPORT_S * SECOND_US;
}

/* The camera's clock at time 0, by the last timestamp placed. */
static int64_t report_base(const struct timeline_track *k)
{
	return by_report(k, &k->report, k->last_rtp) - ticks_to_us(k, k->last);
}

/* Lip synchronism */

/* How much later a track should be placed than it is, in us; false: nothing tells. */
static bool lag(struct timeline_track *k, const struct timeline_track *m, int64_t *ret_us)
{
	int64_t arrived = arrival_base(k) - arrival_base(m);

	if (has_report(k) && has_report(m)) {
		*ret_us = report_base(k) - report_base(m);
		if (near(*ret_us, arrived, TIMELINE_LEAP_S * SECOND_US)) {
			/* Should the reports end, the arrivals go on from here. */
			k->has_lip = true;
			k->lip_us = arrived - *ret_us;
			return true;
		}
	}
	if (k->last - k->first < (int64_t)LIP_WAIT_S * k->rate)
		return false;
	if (!k->has_lip) {
		k->has_lip = true;
		k->lip_us = k->by_start ? arrived : 0;
	}
	*ret_us = arrived - k->lip_us;
	return true;
}

/* What is not heard is done gently, what hurts is mended fast. */
static int64_t align_ppm(int64_t off_us)
{
	off_us = llabs(off_us);
	return off_us > 40000 ? 100000 : off_us > 15000 ? 10000 : off_us > 5000 ? TIMELINE_SLEW_PPM : 0;
}

void timeline_align(struct timeline *t, struct timeline_track *k)
{
	const struct timeline_track *m = &t->track[t->main];
	int64_t off_us, off, may, span = k->last - k->aligned_at;

	if (k == m || !m->begun || !lag(k, m, &off_us) || !align_ppm(off_us)) {
		k->aligned_at = k->last;
		return;
	}
	off = us_to_ticks(k, off_us);
	if (off_us > TIMELINE_LEAP_S * SECOND_US) {
		t->mended++;
		k->offset += off;
		k->aligned_at = k->last;
		return;
	}
	may = (span < (int64_t)k->rate ? span : (int64_t)k->rate) * align_ppm(off_us) / SECOND_US;
	if (may <= 0)
		return;
	k->offset += off > may ? may : off < -may ? -may : off;
	k->aligned_at = k->last;
}

/* Capture time */

static bool is_sane(const struct timeline *t, int64_t offset_us)
{
	return near(offset_us, 0, (t->clock == CLOCK_RTCP ? TIMELINE_SANE_S : TIMELINE_SANE_AGAIN_S) * SECOND_US);
}

/* The wall clock at time 0 by the best source there is. */
static int64_t target_base(struct timeline *t, const struct timeline_track *k, int64_t arrived_base)
{
	int64_t reported = has_report(k) ? report_base(k) : 0;
	bool sane;

	t->has_clock_offset = has_report(k);
	t->clock_offset_us = reported - arrived_base;
	sane = t->has_clock_offset && is_sane(t, t->clock_offset_us);
	t->clock = sane ? CLOCK_RTCP : CLOCK_ARRIVAL;
	return sane ? reported : arrived_base;
}

void timeline_base(struct timeline *t, struct timeline_track *k, uint32_t rtp, int64_t arrival_wall_us)
{
	struct timeline_track first = *k;

	first.last = 0;
	first.last_rtp = rtp;
	first.last_arrival_us = t->origin_arrival_us;
	t->base_us = target_base(t, &first, arrival_wall_us);
	t->based_at = t->off_us = t->worst_us = 0;
}

void timeline_correct(struct timeline *t, struct timeline_track *k, int64_t arrival_wall_us)
{
	enum clock_source before = t->clock;
	int64_t target = target_base(t, k, arrival_base(k) + arrival_wall_us - k->last_arrival_us);
	int64_t off = target - t->base_us;
	int64_t may = ticks_to_us(k, k->last - t->based_at) * TIMELINE_SLEW_PPM / SECOND_US;
	bool settles = k->last < (int64_t)TIMELINE_SETTLE_S * k->rate || (before == CLOCK_ARRIVAL && t->clock == CLOCK_RTCP);

	t->off_us = off;
	t->worst_us = max64(t->worst_us, llabs(off));
	if (settles || llabs(off) > SECOND_US) {
		t->base_us = target;
		t->steps += llabs(off) > SECOND_US;
	} else if (may > 0)
		t->base_us += off > may ? may : off < -may ? -may : off;
	t->based_at = max64(t->based_at, k->last);
}

bool timeline_clock_offset(const struct timeline *t, int64_t *ret_us)
{
	if (t->has_clock_offset)
		*ret_us = t->clock_offset_us;
	return t->has_clock_offset;
}

static uint32_t error_ms(const struct timeline *t, int64_t off_us)
{
	/* Of an arrival nobody knows how long the camera and the network took; cameras are seldom below 200 ms. */
	int64_t own = t->clock == CLOCK_RTCP ? 10 : 200;

	own += off_us / 1000;
	return own > UINT32_MAX ? UINT32_MAX : (uint32_t)own;
}

uint32_t timeline_error_ms(const struct timeline *t)
{
	return error_ms(t, llabs(t->off_us));
}

uint32_t timeline_worst_ms(struct timeline *t)
{
	uint32_t ms = error_ms(t, t->worst_us);

	t->worst_us = 0;
	return ms;
}
