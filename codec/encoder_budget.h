/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_ENCODER_BUDGET_H
#define CODEC_ENCODER_BUDGET_H
/*
 * How many bits a picture may take, so that no ENCODER_BUDGET_WINDOW_90K of the
 * stream holds more than the cap allows for that long. Goes by the pictures' own
 * times, so pictures that are left out leave their share to those that come. Pure.
 *
 * A bucket that fills at the cap would not do: when full, it lets more than two
 * seconds' worth into two seconds. So what was spent over the window is remembered,
 * and slows the filling after a burst, early enough that the pictures behind the
 * burst all get their share.
 */
#include <stdint.h>

#include "media/au.h"

#define ENCODER_BUDGET_WINDOW_90K (2 * TIMESCALE_VIDEO)
#define ENCODER_BUDGET_SPENT_MAX 512   /* pictures remembered: the window's at 240 a second, and some */

struct encoder_budget {
	double cap_bps;
	double size;                   /* bits that the bucket holds at most */
	double fill;                   /* at time at; below 0: more was spent than there was */
	double rate_bps;               /* at which it fills */
	int64_t at;                    /* of the last picture; INT64_MIN: none yet */
	struct {
		int64_t pts;
		double bits;
	} spent[ENCODER_BUDGET_SPENT_MAX];  /* in the window, a ring */
	unsigned first, n;
};

void encoder_budget_init(struct encoder_budget *b, unsigned cap_bps);
/* Bits for a picture at pts, not before the last one: up to size, and below 0 when too much was spent. */
double encoder_budget_bits(const struct encoder_budget *b, int64_t pts);
/* The picture at pts, not before the last one, took that many. */
void encoder_budget_spend(struct encoder_budget *b, int64_t pts, double bits);

#endif
