/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/scale_plane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/x86/scale_third.h"
#include "codec/x86/scale_x86.h"

#define ALIGN 64

static size_t aligned(size_t bytes)
{
	return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

static size_t line_words(const struct scale_plane *p)
{
	return aligned(p->across->to * sizeof(int16_t)) / sizeof(int16_t);
}

/* Too narrow planes are for the forms in C. */
static bool is_for_vectors(const struct scale_filter *across)
{
#if defined(__x86_64__)
	return across->from >= SCALE_X86_FROM_MIN && across->to >= SCALE_X86_TO_MIN;
#else
	return false;
#endif
}

int scale_table_new(void **ret, const struct scale_filter *across)
{
	void *table = NULL;

#if defined(__x86_64__)
	if (across->pair && is_for_vectors(across)) {
		table = aligned_alloc(ALIGN, aligned(scale_rows_table_bytes(across)));
		if (!table)
			return -ENOMEM;
		scale_rows_table(table, across);
	}
#endif
	*ret = table;
	return 0;
}

size_t scale_plane_scratch(const struct scale_filter *across, const struct scale_filter *down)
{
	const struct scale_plane p = {.across = across, .down = down};
	size_t c = across->pair ? SCALE_PLANE_LINES(down) * line_words(&p) : across->from + 2 * SCALE_FILTER_MARGIN;
	size_t fast = 0;

#if defined(__x86_64__)
	fast = across->pair ? scale_rows_scratch(&p) : scale_third_fits(across, down) ? scale_third_scratch(&p) : scale_columns_scratch(&p);
#endif
	return aligned(c * sizeof(int16_t) > fast ? c * sizeof(int16_t) : fast);
}

static int16_t mul_round(int a, int b)
{
	return (int16_t)((a * b + (1 << 14)) >> 15);
}

static int16_t pair_of(struct scale_pair pair, uint8_t p, uint8_t q)
{
	return mul_round(p * pair.a + q * pair.b, pair.gain);
}

static uint8_t clamp(int v)
{
	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* Down first: one new line at a time. */

static void down_first_line(const struct scale_plane *p, unsigned y, int16_t *to)
{
	const struct scale_filter *f = p->down;

	memset(to, 0, p->across->from * sizeof *to);
	for (unsigned k = 0; k < f->pairs; k++) {
		const uint8_t *a = p->from + (ptrdiff_t)scale_plane_line(f, y, f->at[k]) * p->from_stride;
		const uint8_t *b = p->from + (ptrdiff_t)scale_plane_line(f, y, f->at[k] + 1) * p->from_stride;

		for (unsigned x = 0; x < p->across->from; x++)
			to[x] = (int16_t)(to[x] + pair_of(f->pair[(size_t)y * f->pairs + k], a[x], b[x]));
	}
}

static void across_second(const struct scale_plane *p, const int16_t *line, uint8_t *to)
{
	const struct scale_filter *f = p->across;

	for (unsigned x = 0; x < f->to; x++) {
		const int16_t (*weight)[2] = (const int16_t (*)[2])f->weight + (size_t)x * f->taps;
		int sum = p->bias;

		for (unsigned k = 0; k < f->taps; k++)
			sum += mul_round(line[f->start[x] + k], weight[k][0]);
		to[x] = clamp(sum >> 6);
	}
}

static void down_first(const struct scale_plane *p)
{
	int16_t *line = (int16_t *)p->scratch + SCALE_FILTER_MARGIN;
	unsigned width = p->across->from;

	for (unsigned y = 0; y < p->down->to; y++) {
		down_first_line(p, y, line);
		line[-1] = line[0];
		line[width] = line[width - 1];
		across_second(p, line - SCALE_FILTER_MARGIN, p->to + y * p->to_stride);
	}
}

/* Across first: old lines are made words when a new one needs them, and kept as long. */

static void across_first_line(const struct scale_filter *f, const uint8_t *from, int16_t *to)
{
	for (unsigned x = 0; x < f->to; x++) {
		const struct scale_pair *pair = f->pair + (size_t)x * f->pairs;
		int sum = 0;

		for (unsigned k = 0; k < f->pairs; k++) {
			unsigned at = f->start[x] + f->at[k];

			sum += pair_of(pair[k], from[at], from[at + 1 < f->from ? at + 1 : at]);
		}
		to[x] = (int16_t)sum;
	}
}

static void down_second(const struct scale_plane *p, unsigned y, const int16_t *lines, uint8_t *to)
{
	const struct scale_filter *f = p->down;
	const int16_t (*weight)[2] = (const int16_t (*)[2])f->weight + (size_t)y * f->taps;
	const int16_t *line[SCALE_FILTER_TAPS_MAX + 2];

	for (unsigned k = 0; k < f->taps; k++)
		line[k] = lines + scale_plane_line(f, y, k) % SCALE_PLANE_LINES(f) * line_words(p);
	for (unsigned x = 0; x < p->across->to; x++) {
		int sum = p->bias;

		for (unsigned k = 0; k < f->taps; k++)
			sum += mul_round(line[k][x], weight[k][0]);
		to[x] = clamp(sum >> 6);
	}
}

static void across_first(const struct scale_plane *p)
{
	int16_t *lines = p->scratch;
	unsigned made = 0;

	for (unsigned y = 0; y < p->down->to; y++) {
		for (; made <= scale_plane_line(p->down, y, p->down->taps - 1); made++)
			across_first_line(p->across, p->from + (ptrdiff_t)made * p->from_stride, lines + made % SCALE_PLANE_LINES(p->down) * line_words(p));
		down_second(p, y, lines, p->to + y * p->to_stride);
	}
}

static bool run_fast(const struct scale_plane *p, enum cpu_level cpu)
{
#if defined(__x86_64__)
	if (!is_for_vectors(p->across) || cpu < CPU_AVX2)
		return false;
	if (p->across->pair)
		scale_rows_x86(p, cpu);
	else if (scale_third_fits(p->across, p->down))
		scale_third_x86(p, cpu);
	else if (cpu >= CPU_AVX512)
		scale_columns_avx512(p);
	else
		scale_columns_avx2(p);
	return true;
#else
	return false;
#endif
}

void scale_plane(const struct scale_plane *p, enum cpu_level cpu)
{
	if (run_fast(p, cpu))
		return;
	if (p->across->pair)
		across_first(p);
	else
		down_first(p);
}
