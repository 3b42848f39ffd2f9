/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/scale_rows.h"

#if defined(__x86_64__)

#include <string.h>

#define ALIGN 64

static size_t aligned(size_t bytes)
{
	return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

static size_t line_words(const struct scale_plane *p)
{
	return aligned(p->across->to * sizeof(int16_t)) / sizeof(int16_t);
}

size_t scale_rows_scratch(const struct scale_plane *p)
{
	return SCALE_PLANE_LINES(p->down) * line_words(p) * sizeof(int16_t);
}

/* A table is the places of all groups of 16 samples, and then the groups. */
static size_t groups_at(const struct scale_filter *across)
{
	return aligned((across->to + 15) / 16 * sizeof(struct scale_place));
}

size_t scale_rows_table_bytes(const struct scale_filter *across)
{
	return groups_at(across) + (across->to + 15) / 16 * scale_group_bytes(across->pairs);
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

void scale_rows_table(void *table, const struct scale_filter *f)
{
	uint8_t *groups = (uint8_t *)table + groups_at(f);
	struct scale_place *place = table;

	for (unsigned x = 0; x < f->to; x += 16, place++) {
		struct scale_group *g = (struct scale_group *)(void *)(groups + x / 16 * scale_group_bytes(f->pairs));
		unsigned from = x + 16 > f->to ? f->to - 16 : x;

		set_half(f, from, 0, &place->first, g);
		set_half(f, from + 8, 1, &place->second, g);
		place->in_order = bytes_in_order(place, g);
	}
}

static void make_lines(const struct scale_plane *p, const struct scale_across *a, unsigned made, int16_t *lines, size_t words)
{
	const uint8_t *from[SCALE_ROWS];
	int16_t *to[SCALE_ROWS];

	for (unsigned i = 0; i < SCALE_ROWS; i++) {
		unsigned line = made + i < p->down->from ? made + i : p->down->from - 1;

		from[i] = p->from + (ptrdiff_t)line * p->from_stride;
		to[i] = lines + (made + i) % SCALE_PLANE_LINES(p->down) * words;
	}
	scale_rows_across_avx2(to, from, a);
}

/* One after the other, and round; a division for each would cost more than scaling some of them. */
static void set_lines(struct scale_down *d, const struct scale_plane *p, unsigned y, size_t words)
{
	const int16_t *lines = p->scratch;
	unsigned last = scale_plane_line(p->down, y, 0), at = last % SCALE_PLANE_LINES(p->down);

	for (unsigned k = 0; k < d->taps; k++) {
		unsigned line = scale_plane_line(p->down, y, k);

		if (line != last && ++at == SCALE_PLANE_LINES(p->down))
			at = 0;
		last = line;
		d->line[k] = lines + at * words;
	}
}

/* Whether the next new line is made of the same lines. */
static bool is_twin(const struct scale_plane *p, unsigned y)
{
	return p->down->taps == 4 && y + 1 < p->down->to && p->down->start[y] == p->down->start[y + 1];
}

void scale_rows_x86(const struct scale_plane *p, enum cpu_level cpu)
{
	const struct scale_across a = {.to = p->across->to, .pairs = p->across->pairs, .place = p->table,
		.groups = (const uint8_t *)p->table + groups_at(p->across)};
	struct scale_down d = {.taps = p->down->taps, .n = p->across->to, .bias = p->bias};
	size_t words = line_words(p);
	unsigned made = 0;

	for (unsigned y = 0; y < p->down->to; y++) {
		for (; made <= scale_plane_line(p->down, y, d.taps - 1); made += SCALE_ROWS)
			make_lines(p, &a, made, p->scratch, words);
		set_lines(&d, p, y, words);
		d.weight = (const int16_t (*)[2])p->down->weight + (size_t)y * d.taps;
		if (cpu >= CPU_AVX512 && d.n >= 64)
			scale_rows_down_avx512(p->to + y * p->to_stride, &d);
		else if (!is_twin(p, y))
			scale_rows_down_avx2(p->to + y * p->to_stride, &d);
		else {
			scale_rows_down_two_avx2(p->to + y * p->to_stride, p->to + (y + 1) * p->to_stride, &d);
			y++;
		}
	}
}

#endif
