/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/encoder_budget.h"

#define WINDOW_S ((double)ENCODER_BUDGET_WINDOW_90K / TIMESCALE_VIDEO)
/* Encoders miss what they aim at by a little, most of all with the picture after a cut. */
#define MARGIN 0.99
/*
 * Large enough for a key frame. With a whole second's the first burst took so much that the second behind it was coarse;
 * and an encoder that looks ahead keeps the bucket half full, which costs a quarter of it in rate.
 */
#define SIZE_S 0.5
/* The least that comes in while a burst is paid off, as a part of the cap: never a standstill. */
#define RATE_LEAST 0.1

static double least(double a, double b)
{
	return a < b ? a : b;
}

void encoder_budget_init(struct encoder_budget *b, unsigned cap_bps)
{
	*b = (struct encoder_budget){.cap_bps = cap_bps * MARGIN, .at = INT64_MIN};
	b->rate_bps = b->cap_bps;
	b->size = b->fill = b->cap_bps * SIZE_S;
}

static double spent(const struct encoder_budget *b, unsigned i)
{
	return b->spent[(b->first + i) % ENCODER_BUDGET_SPENT_MAX].bits;
}

static double age_s(const struct encoder_budget *b, unsigned i, int64_t pts)
{
	return ((double)pts - (double)b->spent[(b->first + i) % ENCODER_BUDGET_SPENT_MAX].pts) / TIMESCALE_VIDEO;
}

double encoder_budget_bits(const struct encoder_budget *b, int64_t pts)
{
	double fill, left = b->cap_bps * WINDOW_S;

	if (b->at == INT64_MIN)
		return b->fill;
	for (unsigned i = b->n; i > 0 && age_s(b, i - 1, pts) < WINDOW_S; i--)
		left -= spent(b, i - 1);
	fill = b->fill + b->rate_bps * ((double)pts - (double)b->at) / TIMESCALE_VIDEO;
	return least(least(fill, b->size), left);
}

/*
 * Bucket and what flows into it must fit into what is left of each window to come.
 * These are tightest just before something that was spent leaves them.
 */
static double pace(const struct encoder_budget *b)
{
	double left = b->cap_bps * WINDOW_S - (b->fill > 0 ? b->fill : 0), rate = b->cap_bps;

	for (unsigned i = b->n; i > 0; i--) {
		left -= spent(b, i - 1);
		rate = least(rate, left / (WINDOW_S - age_s(b, i - 1, b->at)));
	}
	return rate > b->cap_bps * RATE_LEAST ? rate : b->cap_bps * RATE_LEAST;
}

static void forget_old(struct encoder_budget *b, int64_t pts)
{
	while (b->n && age_s(b, 0, pts) >= WINDOW_S) {
		b->first = (b->first + 1) % ENCODER_BUDGET_SPENT_MAX;
		b->n--;
	}
}

void encoder_budget_spend(struct encoder_budget *b, int64_t pts, double bits)
{
	unsigned last;

	b->fill = encoder_budget_bits(b, pts) - bits;
	b->at = pts;
	forget_old(b, pts);
	/* More pictures than there is room for: the newest two count as one, at the later time. */
	if (b->n < ENCODER_BUDGET_SPENT_MAX)
		b->spent[(b->first + b->n++) % ENCODER_BUDGET_SPENT_MAX].bits = 0;
	last = (b->first + b->n - 1) % ENCODER_BUDGET_SPENT_MAX;
	b->spent[last].pts = pts;
	b->spent[last].bits += bits;
	b->rate_bps = pace(b);
}
