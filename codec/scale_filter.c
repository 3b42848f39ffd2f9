/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/scale_filter.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define Q 24                      /* bits behind the point of a distance and of the curve */
#define ONE (INT64_C(1) << Q)
#define WEIGHT_ONE 32768
#define NOTHING (SCALE_FILTER_ONE >> 14)  /* weights below it are left out where no window of the axis has more */

/* What makes one new sample: weights in 1/SCALE_FILTER_ONE that sum to it. Beyond n they are 0. */
struct window {
	int64_t start;
	unsigned n;
	int32_t weight[SCALE_FILTER_TAPS_MAX + 2];
};

/* What all windows of an axis have of the widest one: without the first `skip`, which are next to nothing in each. */
struct extent {
	unsigned skip, n;
	bool used[SCALE_FILTER_TAPS_MAX + 2];  /* of these n: those that are more than that in any */
};

/* Five times the curve (it is scaled to a sum of one anyway), at x >= 0 in 1/ONE. */
static int64_t curve(int64_t x)
{
	int64_t x2 = x * x >> Q, x3;

	if (x >= 2 * ONE)
		return 0;
	x3 = x2 * x >> Q;
	return x < ONE ? 7 * x3 - 12 * x2 + 5 * ONE : -3 * x3 + 15 * x2 - 24 * x + 12 * ONE;
}

static int64_t div_floor(int64_t a, int64_t b)
{
	assert(b > 0);
	return a >= 0 ? a / b : -((-a + b - 1) / b);
}

/* Where new sample i lies among the old ones, in 1/unit(axis): exact, so the phases repeat exactly. */
static int64_t unit(const struct scale_axis *axis)
{
	return 4 * (int64_t)axis->step_den;
}

static int64_t position(const struct scale_axis *axis, unsigned i)
{
	return (4 * (int64_t)i + axis->at_to) * axis->step_num - (int64_t)axis->at_from * axis->step_den;
}

/* Half the window, in 1/unit. */
static int64_t reach(const struct scale_axis *axis)
{
	return 2 * 4 * (int64_t)(axis->step_num > axis->step_den ? axis->step_num : axis->step_den);
}

static void scale_weights(const struct scale_axis *axis, const int64_t *raw, int64_t sum, struct window *w)
{
	int64_t one = (int64_t)SCALE_FILTER_ONE * axis->gain_num / axis->gain_den, left = one;
	unsigned biggest = 0;

	for (unsigned k = 0; k < w->n; k++) {
		w->weight[k] = (int32_t)div_floor(raw[k] * one + sum / 2, sum);
		left -= w->weight[k];
		if (w->weight[k] > w->weight[biggest])
			biggest = k;
	}
	w->weight[biggest] += (int32_t)left;
}

static void open_window(const struct scale_axis *axis, unsigned i, struct window *w)
{
	int64_t raw[SCALE_FILTER_TAPS_MAX + 2], at = position(axis, i), sum = 0, far = reach(axis), end;

	w->start = div_floor(at - far, unit(axis)) + 1;
	end = div_floor(at + far - 1, unit(axis)) + 1;
	w->n = (unsigned)(end - w->start);
	assert(w->n <= SCALE_FILTER_TAPS_MAX + 2);
	memset(w->weight, 0, sizeof w->weight);
	for (unsigned k = 0; k < w->n; k++) {
		int64_t d = (w->start + k) * unit(axis) - at;

		raw[k] = curve((d < 0 ? -d : d) * 2 * ONE / far);
		sum += raw[k];
	}
	scale_weights(axis, raw, sum, w);
}

/* Windows rise by the same rule all along, so nothing is left out of one that another needs. */
static struct extent extent_of(const struct scale_axis *axis)
{
	bool used[SCALE_FILTER_TAPS_MAX + 2] = {false};
	struct extent e = {0};
	struct window w;

	for (unsigned i = 0; i < axis->to; i++) {
		open_window(axis, i, &w);
		for (unsigned k = 0; k < w.n; k++)
			used[k] = used[k] || abs(w.weight[k]) >= NOTHING;
	}
	while (e.skip < SCALE_FILTER_TAPS_MAX && !used[e.skip])
		e.skip++;
	for (unsigned k = e.skip; k < SCALE_FILTER_TAPS_MAX + 2; k++) {
		e.used[k - e.skip] = used[k];
		if (used[k])
			e.n = k + 1 - e.skip;
	}
	return e;
}

/* The window as `taps` weights that begin at *start, all inside: what lies outside goes to the last sample that there is. */
static void fold(const struct scale_filter *f, const struct window *w, const struct extent *e, uint16_t *start, int32_t weight[SCALE_FILTER_TAPS_MAX + 2])
{
	int64_t low = -(int64_t)f->margin, high = (int64_t)f->from - 1 - low, first = w->start + e->skip, last = high + 1 - f->taps;

	first = first < low ? low : first > last ? last : first;
	memset(weight, 0, (SCALE_FILTER_TAPS_MAX + 2) * sizeof weight[0]);
	for (unsigned k = 0; k < w->n; k++) {
		int64_t at = w->start + k;

		if (w->weight[k] == 0)
			continue;
		at = at < low ? low : at > high ? high : at;
		at = at < first ? first : at > first + f->taps - 1 ? first + f->taps - 1 : at;
		weight[at - first] += w->weight[k];
	}
	*start = (uint16_t)(first - low);
}

/* Sums to one; a weight of one itself is more than 16 bits can say. */
static void set_weights(struct scale_filter *f, unsigned i, const int32_t *weight)
{
	int16_t (*to)[2] = f->weight + (size_t)i * f->taps;
	int32_t left = WEIGHT_ONE, v[SCALE_FILTER_TAPS_MAX + 2];
	unsigned biggest = 0;

	assert(f->taps > 0);
	for (unsigned k = 0; k < f->taps; k++) {
		v[k] = (weight[k] + SCALE_FILTER_ONE / WEIGHT_ONE / 2) >> 6;
		left -= v[k];
		if (v[k] > v[biggest])
			biggest = k;
	}
	v[biggest] += left;
	if (v[biggest] >= WEIGHT_ONE) {
		if (f->taps > 1)
			v[biggest ? biggest - 1 : 1] += v[biggest] - (WEIGHT_ONE - 1);
		v[biggest] = WEIGHT_ONE - 1;
	}
	for (unsigned k = 0; k < f->taps; k++)
		to[k][0] = to[k][1] = (int16_t)v[k];
}

static int32_t div_nearest(int32_t a, int32_t b)
{
	return (a >= 0 ? a + b / 2 : a - b / 2) / b;
}

/* big is the one of more weight, of any sign. */
static struct scale_pair approximate(int32_t big, int32_t small)
{
	int32_t size = abs(big), best_error = INT32_MAX;
	struct scale_pair best = {0};

	for (int32_t m = 127; m > 0 && size && best_error; m--) {
		int32_t a = big < 0 ? -m : m, b = div_nearest(small * m, size), gain = div_nearest(size, m), error;

		if (gain > INT16_MAX || (a > 0 && b > 0 && a + b > 128) || (a < 0 && b < 0 && a + b < -128))
			continue;
		error = abs(gain * a - big) + abs(gain * b - small);
		if (error >= best_error)
			continue;
		best_error = error;
		best = (struct scale_pair){.a = (int8_t)a, .b = (int8_t)b, .gain = (int16_t)gain};
	}
	return best;
}

static struct scale_pair pair_of(int32_t a, int32_t b)
{
	struct scale_pair p;

	if (abs(a) >= abs(b))
		return approximate(a, b);
	p = approximate(b, a);
	return (struct scale_pair){.a = p.b, .b = p.a, .gain = p.gain};
}

/* What approximation has made of the sum is made good where it changes the least. */
static void set_pairs(struct scale_filter *f, unsigned i, const int32_t *weight)
{
	struct scale_pair *to = f->pair + (size_t)i * f->pairs;
	int32_t left = 0, most = 0;
	unsigned heaviest = 0;

	for (unsigned k = 0; k < f->taps; k++)
		left += weight[k];
	for (unsigned k = 0; k < f->pairs; k++) {
		unsigned next = f->at[k] + 1;
		bool alone = next >= f->taps || (k + 1 < f->pairs && f->at[k + 1] == next);

		to[k] = pair_of(weight[f->at[k]], alone ? 0 : weight[next]);
		left -= to[k].gain * (to[k].a + to[k].b);
		if (to[k].gain * (to[k].a + to[k].b) > most) {
			most = to[k].gain * (to[k].a + to[k].b);
			heaviest = k;
		}
	}
	if (most)
		left = div_nearest(left, to[heaviest].a + to[heaviest].b);
	if (most && to[heaviest].gain + left <= INT16_MAX)
		to[heaviest].gain = (int16_t)(to[heaviest].gain + left);
}

static unsigned greatest_divisor(unsigned a, unsigned b)
{
	while (b) {
		unsigned t = a % b;

		a = b;
		b = t;
	}
	return a;
}

/* A window wholly inside whose phase was there before has the same pairs. */
static void fill(struct scale_filter *f, const struct scale_axis *axis, const struct extent *e)
{
	unsigned period = axis->step_den / greatest_divisor(axis->step_num, axis->step_den), inside = 0;
	int32_t weight[SCALE_FILTER_TAPS_MAX + 2];
	struct window w;

	for (unsigned i = 0; i < f->to; i++) {
		open_window(axis, i, &w);
		fold(f, &w, e, &f->start[i], weight);
		inside = w.start >= 0 && w.start + w.n <= f->from && f->start[i] == w.start + e->skip ? inside + 1 : 0;
		if (f->weight)
			set_weights(f, i, weight);
		else if (inside > period)
			memcpy(f->pair + (size_t)i * f->pairs, f->pair + (size_t)(i - period) * f->pairs, f->pairs * sizeof *f->pair);
		else
			set_pairs(f, i, weight);
	}
}

static bool is_good(const struct scale_axis *axis)
{
	return axis->from && axis->from <= SCALE_FILTER_SIDE_MAX && axis->to && axis->to <= SCALE_FILTER_SIDE_MAX &&
		axis->step_num && axis->step_num <= 2 * SCALE_FILTER_SIDE_MAX && axis->step_den && axis->step_den <= 2 * SCALE_FILTER_SIDE_MAX &&
		axis->gain_num && axis->gain_num <= axis->gain_den && axis->gain_den <= 255 &&
		4 * (uint64_t)axis->step_num <= SCALE_FILTER_TAPS_MAX * (uint64_t)axis->step_den;
}

/* What a filter is for: it says how its samples are found. */
enum kind { PAIRS_ACROSS, PAIRS_DOWN, WEIGHTS };

static void set_taps(struct scale_filter *f, unsigned n, enum kind kind)
{
	unsigned there = f->from + 2 * f->margin;

	if (kind == PAIRS_ACROSS)
		n = (n + 1) / 2 * 2;
	f->taps = n < there ? n : there;
}

/* All side by side. */
static void place_across(struct scale_filter *f)
{
	for (; 2 * f->pairs < f->taps; f->pairs++)
		f->at[f->pairs] = (uint8_t)(2 * f->pairs);
}

/* Of an odd number in a row one in the middle stays alone: so the pairs around it are the same in the lines that follow, where three are gone on. */
static void place_down(struct scale_filter *f, const struct extent *e)
{
	for (unsigned k = 0, end; k < f->taps; k = end) {
		unsigned alone;

		for (end = k; end < f->taps && e->used[end];)
			end++;
		alone = (end - k) % 2 ? k + ((end - k) / 2 & ~1u) : end;
		for (; k < end; k += k == alone ? 1 : 2)
			f->at[f->pairs++] = (uint8_t)k;
		while (end < f->taps && !e->used[end])
			end++;
	}
}

static int make(struct scale_filter **ret, const struct scale_axis *axis, enum kind kind)
{
	static const unsigned margin[] = {[PAIRS_DOWN] = SCALE_FILTER_MARGIN_DOWN, [WEIGHTS] = SCALE_FILTER_MARGIN};
	struct scale_filter *f;
	struct extent e;

	if (!is_good(axis))
		return -EINVAL;
	f = calloc(1, sizeof *f);
	if (!f)
		return -ENOMEM;
	e = extent_of(axis);
	f->from = axis->from;
	f->to = axis->to;
	f->margin = margin[kind];
	f->whole_step = axis->step_num % axis->step_den ? 0 : axis->step_num / axis->step_den;
	set_taps(f, e.n, kind);
	f->start = calloc(f->to, sizeof *f->start);
	if (kind == PAIRS_ACROSS)
		place_across(f);
	if (kind == PAIRS_DOWN)
		place_down(f, &e);
	if (kind == WEIGHTS)
		f->weight = calloc((size_t)f->to * f->taps, sizeof *f->weight);
	else
		f->pair = calloc((size_t)f->to * f->pairs, sizeof *f->pair);
	if (!f->start || !(f->pair || f->weight)) {
		scale_filter_free(&f);
		return -ENOMEM;
	}
	fill(f, axis, &e);
	*ret = f;
	return 0;
}

int scale_filter_pairs(struct scale_filter **ret, const struct scale_axis *axis)
{
	return make(ret, axis, PAIRS_ACROSS);
}

int scale_filter_pairs_down(struct scale_filter **ret, const struct scale_axis *axis)
{
	return make(ret, axis, PAIRS_DOWN);
}

int scale_filter_weights(struct scale_filter **ret, const struct scale_axis *axis)
{
	return axis->gain_num == axis->gain_den ? make(ret, axis, WEIGHTS) : -EINVAL;
}

void scale_filter_free(struct scale_filter **fp)
{
	struct scale_filter *f = *fp;

	if (!f)
		return;
	free(f->start);
	free(f->weight);
	free(f->pair);
	free(f);
	*fp = NULL;
}
