/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/scale_columns.h"

#if defined(__x86_64__)

#include <string.h>

#define BAND SCALE_BAND
#define BLOCK SCALE_BLOCK
#define MARGIN SCALE_FILTER_MARGIN

/* A part of a band of lines: n columns from x. */
struct part {
	unsigned y, x, n;
};

/* Where the part at x is. The last one begins further left when it would be too narrow. */
static struct part part_at(unsigned y, unsigned x, unsigned width)
{
	unsigned n = width - x < BLOCK ? width - x : BLOCK;

	return n < SCALE_X86_FROM_MIN ? (struct part){y, width - SCALE_X86_FROM_MIN, SCALE_X86_FROM_MIN} : (struct part){y, x, n};
}

static struct part part_behind(const struct part *part, unsigned width)
{
	unsigned x = part->x + part->n;

	return x < width ? part_at(part->y, x, width) : part_at(part->y + BAND, 0, width);
}

/* What line i of the next part needs that the line before it did not. */
static struct scale_fetch fetch_for(const struct scale_plane *p, const struct part *next, unsigned i)
{
	const struct scale_filter *f = p->down;
	unsigned y = next->y + i, line, end;

	if (y >= f->to)
		return (struct scale_fetch){0};
	line = i ? scale_plane_line(f, y - 1, f->taps - 1) + 1 : scale_plane_line(f, y, 0);
	end = scale_plane_line(f, y, f->taps - 1) + 1;
	return (struct scale_fetch){.at = p->from + (ptrdiff_t)line * p->from_stride + next->x, .stride = p->from_stride,
		.lines = end > line ? end - line : 0};
}

static void set_from(const uint8_t **from, const struct scale_plane *p, unsigned y, unsigned x)
{
	const struct scale_filter *f = p->down;

	for (unsigned k = 0; k < 2 * f->pairs; k++)
		from[k] = p->from + (ptrdiff_t)scale_plane_line(f, y, f->at[k / 2] + k % 2) * p->from_stride + x;
}

/* Lines i.. of a part. */
static void down(const struct scale_plane *p, const struct scale_form *form, const struct part *part, unsigned i, unsigned lines, int16_t *block)
{
	struct part next = part_behind(part, p->across->from);
	const struct scale_filter *f = p->down;
	struct scale_line line __attribute__((uninitialized));

	line.pairs = f->pairs;
	line.n = part->n;
	for (; lines--; i++, block += BLOCK) {
		set_from(line.from, p, part->y + i, part->x);
		line.pair = f->pair + (size_t)(part->y + i) * f->pairs;
		line.fetch = fetch_for(p, &next, i);
		form->down(block, &line);
	}
}

/* The margins are copies of the columns beside them. */
static void turn(const struct scale_plane *p, const struct scale_form *form, const struct part *part, const int16_t *block, int16_t *columns)
{
	int16_t *first = columns + MARGIN * form->lanes, *last = first + (size_t)(p->across->from - 1) * form->lanes;

	form->turn(first + (size_t)part->x * form->lanes, block, part->n);
	if (part->x == 0)
		memcpy(columns, first, form->lanes * sizeof *columns);
	if (part->x + part->n == p->across->from)
		memcpy(last + form->lanes, last, form->lanes * sizeof *columns);
}

/* All that can be made, from new column x on, of the columns up to `there`: what comes next. */
static unsigned across(const struct scale_plane *p, const struct scale_form *form, const struct part *part, unsigned lines, unsigned x, const int16_t *columns)
{
	const struct scale_filter *f = p->across;
	unsigned there = MARGIN + part->x + part->n, whole = 2 * MARGIN + f->from, end;

	if (there == MARGIN + f->from)
		there = whole;
	for (end = x; end + 16 <= f->to && f->start[end + 15] + f->taps <= there;)
		end += 16;
	form->across(p, part->y, lines, x, end, columns);
	if (there == whole && end < f->to)
		form->across(p, part->y, lines, f->to - 16, f->to, columns);
	return end;
}

size_t scale_columns_scratch(const struct scale_plane *p)
{
	return sizeof(int16_t) * BAND * ((size_t)p->across->from + 2 * MARGIN + BLOCK);
}

void scale_columns_run(const struct scale_plane *p, const struct scale_form *form)
{
	int16_t *block = p->scratch, *columns = block + BAND * BLOCK;
	unsigned width = p->across->from;

	for (unsigned y = 0; y < p->down->to; y += BAND) {
		unsigned lines = p->down->to - y < BAND ? p->down->to - y : BAND, made = 0;
		struct part part = part_at(y, 0, width);

		for (; part.y == y; part = part_behind(&part, width)) {
			for (unsigned i = 0; i < lines; i += form->lanes) {
				down(p, form, &part, i, lines - i < form->lanes ? lines - i : form->lanes, block);
				turn(p, form, &part, block, columns + (i ? scale_columns_half(p, form->lanes) : 0));
			}
			made = across(p, form, &part, lines, made, columns);
		}
	}
}

#endif
