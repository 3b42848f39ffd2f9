/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/encoder_budget.h"

#define WINDOW_S ((double)ENCODER_BUDGET_WINDOW_90K / TIMESCALE_VIDEO)
/* Encoders miss what they aim at by a little, most of all with the picture after a cut. */
#define MARGIN 0.97
#define HORIZONS 8
/* The least that comes in while a burst is paid off, as a part of the cap: never a standstill. */
#define RATE_LEAST 0.25

static double least(double a, double b)
{
	return a < b ? a : b;
}

void encoder_budget_init(struct encoder_budget *b, unsigned cap_bps)
{
	*b = (struct encoder_budget){.cap_bps = cap_bps * MARGIN, .at = INT64_MIN};
	b->size = b->fill = b->rate_bps = b->cap_bps;
}

static double age_s(const struct encoder_budget *b, unsigned i, int64_t pts)
{
	return ((double)pts - (double)b->spent[(b->first + i) % ENCODER_BUDGET_SPENT_MAX].pts) / TIMESCALE_VIDEO;
}

/* Spent in the age_max_s up to pts. */
static double spent_lately(const struct encoder_budget *b, int64_t pts, double age_max_s)
{
	double sum = 0;

	for (unsigned i = b->n; i > 0 && age_s(b, i - 1, pts) < age_max_s; i--)
		sum += b->spent[(b->first + i - 1) % ENCODER_BUDGET_SPENT_MAX].bits;
	return sum;
}

/* What is left of a window that ends horizon_s after pts. */
static double left(const struct encoder_budget *b, int64_t pts, double horizon_s)
{
	return b->cap_bps * WINDOW_S - spent_lately(b, pts, WINDOW_S - horizon_s);
}

double encoder_budget_bits(const struct encoder_budget *b, int64_t pts)
{
	double fill;

	if (b->at == INT64_MIN)
		return b->fill;
	fill = b->fill + b->rate_bps * ((double)pts - (double)b->at) / TIMESCALE_VIDEO;
	return least(least(fill, b->size), left(b, pts, 0));
}

/* Bucket and what flows into it must fit into what is left, now and until all that was spent has left the window. */
static double pace(const struct encoder_budget *b)
{
	double fill = b->fill > 0 ? b->fill : 0, rate = b->cap_bps;

	for (unsigned i = 1; i <= HORIZONS; i++) {
		double horizon_s = WINDOW_S * i / HORIZONS;

		rate = least(rate, (left(b, b->at, horizon_s) - fill) / horizon_s);
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
