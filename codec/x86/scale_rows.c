/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/scale_rows.h"

#if defined(__x86_64__)

#include <string.h>

#define ALIGN 64

/* How the scratch memory is used, in bytes from its beginning. */
struct layout {
	size_t line_words, places, groups, all;
};

static size_t aligned(size_t bytes)
{
	return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

static struct layout layout_of(const struct scale_plane *p)
{
	size_t n = (p->across->to + 15) / 16;
	struct layout l = {.line_words = aligned(p->across->to * sizeof(int16_t)) / sizeof(int16_t)};

	l.places = SCALE_PLANE_LINES(p->down) * l.line_words * sizeof(int16_t);
	l.groups = l.places + aligned(n * sizeof(struct scale_place));
	l.all = l.groups + n * scale_group_bytes(p->across->pairs);
	return l;
}

size_t scale_rows_scratch(const struct scale_plane *p)
{
	return layout_of(p).all;
}

/* 8 samples from x on. Their bytes are read from further left when 16 would reach behind the line's end. */
static void set_half(const struct scale_filter *f, unsigned x, unsigned half, uint16_t *at, struct scale_group *g)
{
	unsigned last = f->from - 16 - 2 * (f->pairs - 1), base = f->start[x] < last ? f->start[x] : last;

	*at = (uint16_t)base;
	for (unsigned i = 0; i < 8; i++) {
		const struct scale_pair *pair = f->pair + (size_t)(x + i) * f->pairs;
		unsigned to = 8 * half + i;

		g->mask[2 * to] = (uint8_t)(f->start[x + i] - base);
		g->mask[2 * to + 1] = (uint8_t)(f->start[x + i] - base + 1);
		for (unsigned k = 0; k < f->pairs; k++) {
			g->pair[k].ab[2 * to] = pair[k].a;
			g->pair[k].ab[2 * to + 1] = pair[k].b;
			g->pair[k].gain[to] = pair[k].gain;
		}
	}
}

static bool bytes_in_order(const struct scale_place *place, const struct scale_group *g)
{
	for (unsigned i = 0; i < 32; i++)
		if (g->mask[i] != i % 16)
			return false;
	return place->second == place->first + 16;
}

static void set_groups(const struct scale_filter *f, struct scale_place *place, void *groups)
{
	for (unsigned x = 0; x < f->to; x += 16, place++) {
		struct scale_group *g = (struct scale_group *)(void *)((uint8_t *)groups + x / 16 * scale_group_bytes(f->pairs));
		unsigned from = x + 16 > f->to ? f->to - 16 : x;

		set_half(f, from, 0, &place->first, g);
		set_half(f, from + 8, 1, &place->second, g);
		place->in_order = bytes_in_order(place, g);
	}
}

static void make_lines(const struct scale_plane *p, const struct scale_across *a, unsigned made, int16_t *lines, size_t line_words)
{
	const uint8_t *from[SCALE_ROWS];
	int16_t *to[SCALE_ROWS];

	for (unsigned i = 0; i < SCALE_ROWS; i++) {
		unsigned line = made + i < p->down->from ? made + i : p->down->from - 1;

		from[i] = p->from + (ptrdiff_t)line * p->from_stride;
		to[i] = lines + (made + i) % SCALE_PLANE_LINES(p->down) * line_words;
	}
	scale_rows_across_avx2(to, from, a);
}

void scale_rows_x86(const struct scale_plane *p, enum cpu_level cpu)
{
	const struct layout l = layout_of(p);
	uint8_t *scratch = p->scratch;
	struct scale_place *place = (struct scale_place *)(void *)(scratch + l.places);
	const struct scale_across a = {.to = p->across->to, .pairs = p->across->pairs, .place = place, .groups = scratch + l.groups};
	struct scale_down d = {.taps = p->down->taps, .n = p->across->to, .bias = p->bias};
	unsigned made = 0;

	set_groups(p->across, place, scratch + l.groups);
	for (unsigned y = 0; y < p->down->to; y++) {
		for (; made <= scale_plane_line(p->down, y, d.taps - 1); made += SCALE_ROWS)
			make_lines(p, &a, made, p->scratch, l.line_words);
		for (unsigned k = 0; k < d.taps; k++)
			d.line[k] = (const int16_t *)p->scratch + scale_plane_line(p->down, y, k) % SCALE_PLANE_LINES(p->down) * l.line_words;
		d.weight = (const int16_t (*)[2])p->down->weight + (size_t)y * d.taps;
		if (cpu >= CPU_AVX512 && d.n >= 64)
			scale_rows_down_avx512(p->to + y * p->to_stride, &d);
		else
			scale_rows_down_avx2(p->to + y * p->to_stride, &d);
	}
}

#endif
