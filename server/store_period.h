/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_STORE_PERIOD_H
#define SERVER_STORE_PERIOD_H
/*
 * What a camera's media time is by the wall clock. Cameras' clocks run off, by minutes in months, and an epoch lasts as
 * long as its camera stays. So it has periods, in each of which media time and wall clock go on together from where they
 * met; a new one begins with a segment that is STORE_PERIOD_OFF_US off. All renditions of a camera have the same ones: the
 * first of them that comes to a segment's number decides. store alone keeps them, since whoever serves must say the same
 * of a segment for as long as it is listed. Pure.
 */
#include <stdint.h>

#define STORE_PERIOD_OFF_US INT64_C(500000)

struct store_period {
	uint64_t from;           /* number of its first segment */
	int64_t wall_us;         /* where it begins */
	uint64_t media_us;       /* there, since the epoch's begin */
};

/* Of an epoch; all zeros at first. Two, since some renditions come later than others. */
struct store_periods { struct store_period newest, before; };

/* The period of segment `number` (from 1), which begins at those times. */
struct store_period store_period_of(struct store_periods *p, uint64_t number, int64_t wall_us, uint64_t media_us);

#endif
