/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/mask.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/x86/mask_avx2.h"

#define TILES_OF_PICTURE 24    /* along its longer side */
#define TILES_OF_MASK 8
#define TILE_MIN 16            /* pixels */
#define TILES (TILES_OF_MASK * TILES_OF_MASK)
#define BLACK 16
#define NO_COLOUR 128

struct tile {
	uint8_t colour[3];
};

/* A mask in pixels, all even, and its mosaic. */
struct area {
	enum mask_style style;
	unsigned x, y, width, height;
	unsigned columns, rows;
	struct tile tile[TILES];
};

struct masks {
	unsigned width, height, n;
	mask_sum_fn *sum;
	bool drawn;            /* mosaics have their colours */
	int64_t since;         /* pts */
	struct area area[MASKS_MAX];
};

static uint32_t sum_c(const uint8_t *p, size_t stride, unsigned width, unsigned height)
{
	uint32_t sum = 0;

	for (unsigned y = 0; y < height; y++, p += stride)
		for (unsigned x = 0; x < width; x++)
			sum += p[x];
	return sum;
}

mask_sum_fn *mask_sum(enum cpu_level cpu)
{
#if defined(__x86_64__)
	if (cpu >= CPU_AVX2)
		return mask_sum_avx2;
#endif
	(void)cpu;
	return sum_c;
}

bool mask_is_good(const struct mask *m)
{
	return m->style < MASK_STYLES && m->width && m->height && m->x + m->width <= MASK_WHOLE && m->y + m->height <= MASK_WHOLE;
}

/* --- where ---------------------------------------------------------------------------------- */

/* From and to in ten-thousandths of size pixels, outward to even ones. */
static void outward(unsigned from, unsigned to, unsigned size, unsigned *ret_at, unsigned *ret_n)
{
	unsigned begin = from * size / MASK_WHOLE & ~1u, end = ((to * size + MASK_WHOLE - 1) / MASK_WHOLE + 1) & ~1u;

	*ret_at = begin;
	*ret_n = (end > size ? size : end) - begin;
}

static unsigned larger(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static void place(struct area *a, const struct mask *m, unsigned width, unsigned height)
{
	unsigned side;

	a->style = (enum mask_style)m->style;
	outward(m->x, m->x + m->width, width, &a->x, &a->width);
	outward(m->y, m->y + m->height, height, &a->y, &a->height);
	side = larger(larger(width, height) / TILES_OF_PICTURE, (larger(a->width, a->height) + TILES_OF_MASK - 1) / TILES_OF_MASK);
	side = larger(side, TILE_MIN);
	a->columns = larger(a->width / side, 1);
	a->rows = larger(a->height / side, 1);
	assert(a->columns * a->rows <= TILES);
}

int masks_new(struct masks **ret, const struct mask *m, unsigned n, unsigned width, unsigned height, enum cpu_level cpu)
{
	struct masks *s;

	if (n < 1 || n > MASKS_MAX || width < 2 || height < 2 || (width | height) & 1 || width > 16384 || height > 16384)
		return -EINVAL;
	for (unsigned i = 0; i < n; i++)
		if (!mask_is_good(&m[i]))
			return -EINVAL;
	s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	*s = (struct masks){.width = width, .height = height, .n = n, .sum = mask_sum(cpu)};
	for (unsigned i = 0; i < n; i++)
		place(&s->area[i], &m[i], width, height);
	*ret = s;
	return 0;
}

void masks_free(struct masks **m)
{
	free(*m);
	*m = NULL;
}

/* --- what ------------------------------------------------------------------------------------- */

/* The i-th of n even pieces of an even length. */
static unsigned piece(unsigned length, unsigned i, unsigned n)
{
	return length / 2 * i / n * 2;
}

static void fill(struct frame *f, unsigned x, unsigned y, unsigned width, unsigned height, const uint8_t colour[3])
{
	for (int i = 0; i < 3; i++) {
		unsigned sub = i ? 2 : 1;

		for (unsigned row = y / sub; row < (y + height) / sub; row++)
			memset(f->plane[i] + row * f->stride[i] + x / sub, colour[i], width / sub);
	}
}

/* To the middles of 32 steps of luma; chroma to 16 of which one is no colour. */
static uint8_t rounded(unsigned mean, bool chroma)
{
	unsigned v = chroma ? (mean + 8) / 16 * 16 : mean / 8 * 8 + 4;

	return (uint8_t)(v > 240 ? 240 : v);
}

static void look(const struct masks *m, const struct frame *f, unsigned x, unsigned y, unsigned width, unsigned height, struct tile *ret)
{
	for (int i = 0; i < 3; i++) {
		unsigned sub = i ? 2 : 1, w = width / sub, h = height / sub, n = w * h;
		uint32_t sum = m->sum(f->plane[i] + y / sub * f->stride[i] + x / sub, f->stride[i], w, h);

		ret->colour[i] = rounded((unsigned)(((uint64_t)sum + n / 2) / n), i > 0);
	}
}

static void draw_mosaic(const struct masks *m, struct area *a, struct frame *f, bool renew)
{
	for (unsigned r = 0; r < a->rows; r++) {
		for (unsigned c = 0; c < a->columns; c++) {
			unsigned x = piece(a->width, c, a->columns), y = piece(a->height, r, a->rows);
			unsigned width = piece(a->width, c + 1, a->columns) - x, height = piece(a->height, r + 1, a->rows) - y;
			struct tile *t = &a->tile[r * a->columns + c];

			if (renew)
				look(m, f, a->x + x, a->y + y, width, height, t);
			fill(f, a->x + x, a->y + y, width, height, t->colour);
		}
	}
}

/* Once for all mosaics of a picture. A clock that goes back says nothing of how old they are. */
static bool is_due(struct masks *m, int64_t pts)
{
	bool back = m->drawn && pts < m->since;

	if (m->drawn && !back && pts - m->since < MOSAIC_RENEW_90K)
		return false;
	m->since = pts;
	m->drawn = true;
	return !back;
}

void masks_draw(struct masks *m, struct frame *f)
{
	const uint8_t black[3] = {f->picture.full_range ? 0 : BLACK, NO_COLOUR, NO_COLOUR};
	bool renew = is_due(m, f->picture.pts);

	assert(f->width[0] == m->width && f->height[0] == m->height);
	for (unsigned i = 0; i < m->n; i++)
		if (m->area[i].style == MASK_SOLID)
			fill(f, m->area[i].x, m->area[i].y, m->area[i].width, m->area[i].height, black);
	for (unsigned i = 0; i < m->n; i++)
		if (m->area[i].style == MASK_MOSAIC)
			draw_mosaic(m, &m->area[i], f, renew);
}
