/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_TIMELINE_INNER_H
#define NET_TIMELINE_INNER_H
/* Between net/timeline.c, which places and mends timestamps, and net/timeline_clock.c, which holds them against other clocks. */
#include <stdlib.h>

#include "net/timeline.h"

#define SECOND_US 1000000ll

static inline int64_t ticks_to_us(const struct timeline_track *k, int64_t ticks)
{
	return ticks / k->rate * SECOND_US + ticks % k->rate * SECOND_US / k->rate;
}

static inline int64_t us_to_ticks(const struct timeline_track *k, int64_t us)
{
	return us / SECOND_US * k->rate + (us % SECOND_US * k->rate + SECOND_US / 2) / SECOND_US;
}

/* RTP times less than half their range apart. */
static inline int64_t rtp_apart(uint32_t later, uint32_t earlier)
{
	return (int32_t)(later - earlier);
}

static inline bool near(int64_t a, int64_t b, int64_t within)
{
	return llabs(a - b) <= within;
}

static inline int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The camera's clock at an RTP time, by the track's report. */
static inline int64_t by_report(const struct timeline_track *k, const struct timeline_report *r, uint32_t rtp)
{
	return r->wall_us + ticks_to_us(k, rtp_apart(rtp, r->rtp));
}

/* The RTP clock leapt: what was known of it holds no more. */
void timeline_forget_clock(struct timeline_track *k);
/* Arrivals so far say nothing about the offset there is now. */
void timeline_forget_arrivals(struct timeline_track *k);
/* The track's last timestamp has been placed. */
void timeline_note_arrival(struct timeline_track *k);
/* Draws a track after main. */
void timeline_align(struct timeline *t, struct timeline_track *k);
/* The wall clock at time 0 when the epoch begins, and drawn towards what main's source says. */
void timeline_base(struct timeline *t, struct timeline_track *k, uint32_t rtp, int64_t arrival_wall_us);
void timeline_correct(struct timeline *t, struct timeline_track *k, int64_t arrival_wall_us);

#endif
