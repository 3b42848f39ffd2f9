/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/changes.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/changes_blocks.h"
#include "codec/frame.h"

#define SIDE_MIN 16
#define SIDE_MAX 4096
#define BLOCK 16
#define ROW_MAX (SIDE_MAX / BLOCK)

/*
 * A block has changed when one of its measures is above that measure's limit: what noise keeps below in nine of ten blocks, times
 * a factor, for the tail beyond is long: where a camera's encoder spends bits, on textures, noise comes through, and where it
 * doesn't, it stays. The factors keep the noise of 1080p scenes coded at 4 Mb/s, and the step from each GOP to the next, below the
 * limit in all but a picture in some hundred. Where more than one in ten moves, what half of the blocks keep below bounds
 * it: noise was not seen to be above `spread` times that. The floor is what no picture is expected to keep to, the ceiling the most that
 * noise may hide.
 */
enum measure { PIXEL, CELL4, CELL8, ALL, CHROMA4, CHROMA8, MEASURES };

static const struct {
	uint16_t factor_16th, spread_16th, floor, ceiling;
} rule[MEASURES] = {
	[PIXEL] = {44, 28, 12, 64},
	[CELL4] = {52, 32, 40, 320},
	[CELL8] = {56, 36, 96, 512},
	[ALL] = {76, 52, 192, 768},
	[CHROMA4] = {56, 48, 32, 160},
	[CHROMA8] = {72, 48, 64, 256},
};

/* Levels of noise are kept in 1/256. They rise within some 8 pictures, bounded in what one picture says, and fall within some 128: two GOPs of a usual camera. */
#define LEVEL_UNIT 256
#define RISE_SHIFT 3
#define FALL_SHIFT 7
#define SAMPLED_ROWS 4      /* noise is looked at in every fourth line of blocks, other ones each time */
#define SAMPLE_MIN 16       /* blocks that say something about noise: fewer, and nothing is learned */
#define BINS 168            /* above the largest ceiling over its factor */

struct changes {
	unsigned width, height, columns, rows;
	changes_blocks_fn *measure;
	struct frame *coded;       /* each block as the viewer has it */
	bool any;                  /* something is in it */
	uint8_t *still;
	uint32_t level[MEASURES];
	unsigned turn;
	uint16_t histogram[MEASURES][BINS];
	unsigned sampled;
};

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

int changes_new(struct changes **ret, unsigned width, unsigned height, enum cpu_level cpu)
{
	struct changes *c;
	int r;

	if (width < SIDE_MIN || width > SIDE_MAX || width % 2 || height < SIDE_MIN || height > SIDE_MAX || height % 2)
		return -EINVAL;
	c = calloc(1, sizeof *c);
	if (!c)
		return -ENOMEM;
	c->width = width;
	c->height = height;
	c->columns = (width + BLOCK - 1) / BLOCK;
	c->rows = (height + BLOCK - 1) / BLOCK;
	c->measure = changes_blocks_for(cpu);
	c->still = calloc(c->columns, c->rows);
	r = c->still ? frame_new(&c->coded, width, height) : -ENOMEM;
	if (r) {
		changes_free(&c);
		return r;
	}
	*ret = c;
	return 0;
}

void changes_free(struct changes **cp)
{
	struct changes *c = *cp;

	if (!c)
		return;
	frame_free(&c->coded);
	free(c->still);
	free(c);
	*cp = NULL;
}

unsigned changes_blocks(const struct changes *c)
{
	return c->columns * c->rows;
}

static uint16_t value(const struct changes_block *b, enum measure m)
{
	switch (m) {
	case PIXEL: return b->pixel;
	case CELL4: return b->cell4;
	case CELL8: return b->cell8;
	case ALL: return b->all;
	case CHROMA4: return b->chroma4;
	default: return b->chroma8;
	}
}

/* What one picture can say about a level, at most. */
static unsigned level_max(enum measure m)
{
	return rule[m].ceiling * 16u / rule[m].factor_16th;
}

static void find_limits(const struct changes *c, uint16_t limit[MEASURES])
{
	for (unsigned m = 0; m < MEASURES; m++) {
		uint32_t l = c->level[m] * rule[m].factor_16th / (16 * LEVEL_UNIT);

		limit[m] = (uint16_t)(l < rule[m].floor ? rule[m].floor : smaller(l, rule[m].ceiling));
	}
}

/* A block that is the very same says nothing about noise: the camera's encoder left it out. */
static void sample(struct changes *c, const struct changes_block *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (!b[i].pixel)
			continue;
		for (unsigned m = 0; m < MEASURES; m++)
			c->histogram[m][smaller(value(&b[i], (enum measure)m), level_max((enum measure)m))]++;
		c->sampled++;
	}
}

/* What so many tenths of the sampled blocks keep to. */
static unsigned quantile(const struct changes *c, enum measure m, unsigned tenths)
{
	unsigned n = 0, v = 0;

	for (; v + 1 < BINS; v++) {
		n += c->histogram[m][v];
		if (10 * n >= tenths * c->sampled)
			break;
	}
	return v;
}

static uint32_t seen(const struct changes *c, enum measure m)
{
	unsigned most = (quantile(c, m, 5) * 2 + 1) * rule[m].spread_16th / 32;  /* half a unit more, for what is whole but small */

	return smaller(quantile(c, m, 9), most) * LEVEL_UNIT;
}

static void learn(struct changes *c)
{
	if (c->sampled >= SAMPLE_MIN)
		for (unsigned m = 0; m < MEASURES; m++) {
			uint32_t now = seen(c, (enum measure)m);

			if (now > c->level[m])
				c->level[m] += (now - c->level[m]) >> RISE_SHIFT;
			else
				c->level[m] -= (c->level[m] - now) >> FALL_SHIFT;
		}
	memset(c->histogram, 0, sizeof c->histogram);
	c->sampled = 0;
	c->turn = (c->turn + 1) % SAMPLED_ROWS;
}

static void pair_at(const struct changes *c, const struct picture *p, unsigned column, unsigned row, struct changes_pair *ret)
{
	for (int i = 0; i < 3; i++) {
		ptrdiff_t side = i ? BLOCK / 2 : BLOCK, x = (ptrdiff_t)column * side, y = (ptrdiff_t)row * side;

		ret->a[i] = p->plane[i] + y * p->stride[i] + x;
		ret->b[i] = c->coded->plane[i] + y * (ptrdiff_t)c->coded->stride[i] + x;
		ret->a_stride[i] = p->stride[i];
		ret->b_stride[i] = (ptrdiff_t)c->coded->stride[i];
	}
}

/* A block that the picture's edge cuts: what is outside differs in nothing. */
static void measure_cut(const struct changes *c, const struct picture *p, unsigned column, unsigned row, struct changes_block *ret)
{
	uint8_t a[3][BLOCK * BLOCK] = {0}, b[3][BLOCK * BLOCK] = {0};
	struct changes_pair from, to;

	pair_at(c, p, column, row, &from);
	for (int i = 0; i < 3; i++) {
		unsigned side = i ? BLOCK / 2 : BLOCK, half = i ? 2 : 1;
		unsigned w = smaller(side, c->width / half - column * side), h = smaller(side, c->height / half - row * side);

		for (unsigned y = 0; y < h; y++) {
			memcpy(a[i] + y * BLOCK, from.a[i] + (ptrdiff_t)y * from.a_stride[i], w);
			memcpy(b[i] + y * BLOCK, from.b[i] + (ptrdiff_t)y * from.b_stride[i], w);
		}
		to.a[i] = a[i];
		to.b[i] = b[i];
		to.a_stride[i] = to.b_stride[i] = BLOCK;
	}
	changes_blocks_c(&to, 1, ret);
}

static void measure_row(const struct changes *c, const struct picture *p, unsigned row, struct changes_block *ret)
{
	unsigned whole = (row + 1) * BLOCK <= c->height ? c->width / BLOCK : 0;
	struct changes_pair pair;

	pair_at(c, p, 0, row, &pair);
	c->measure(&pair, whole, ret);
	for (unsigned i = whole; i < c->columns; i++)
		measure_cut(c, p, i, row, &ret[i]);
}

/* While a picture is being judged, a byte of still is one of these. */
enum { CHANGED = 0, STILL = 1, DOUBTFUL = 2, SPREAD = 3 };

static bool over(const struct changes_block *b, const uint16_t limit[MEASURES])
{
	return (b->pixel > limit[PIXEL]) | (b->cell4 > limit[CELL4]) | (b->cell8 > limit[CELL8]) | (b->all > limit[ALL]) |
		(b->chroma4 > limit[CHROMA4]) | (b->chroma8 > limit[CHROMA8]);
}

/* How many of n blocks have changed. */
static unsigned judge(const struct changes_block *b, unsigned n, const uint16_t limit[MEASURES], const uint16_t half[MEASURES], uint8_t *still)
{
	unsigned changed = 0;

	for (unsigned i = 0; i < n; i++) {
		still[i] = !over(&b[i], half) ? STILL : over(&b[i], limit) ? CHANGED : DOUBTFUL;
		changed += still[i] == CHANGED;
	}
	return changed;
}

static bool beside_change(const struct changes *c, unsigned x, unsigned y)
{
	unsigned right = smaller(x + 1, c->columns - 1), low = smaller(y + 1, c->rows - 1);

	for (unsigned j = y ? y - 1 : 0; j <= low; j++)
		for (unsigned i = x ? x - 1 : 0; i <= right; i++)
			if (c->still[j * c->columns + i] == CHANGED)
				return true;
	return false;
}

/* Beside a block that has changed half of the limit is enough: it is the rest of the same thing, and would be left behind. That spreads no further. */
static unsigned settle_doubts(struct changes *c)
{
	unsigned n = changes_blocks(c), changed = 0;

	for (unsigned i = 0; i < n; i++)
		if (c->still[i] == DOUBTFUL)
			c->still[i] = beside_change(c, i % c->columns, i / c->columns) ? SPREAD : STILL;
	for (unsigned i = 0; i < n; i++)
		if (c->still[i] == SPREAD) {
			c->still[i] = CHANGED;
			changed++;
		}
	return changed;
}

unsigned changes_find(struct changes *c, const struct picture *p, const uint8_t **ret_still)
{
	struct changes_block row[ROW_MAX];
	uint16_t limit[MEASURES], half[MEASURES];
	unsigned changed = 0;

	assert(p->format == PICTURE_420 && p->bits == 8 && p->width == c->width && p->height == c->height);
	*ret_still = c->still;
	if (!c->any) {
		memset(c->still, 0, changes_blocks(c));
		return changes_blocks(c);
	}
	find_limits(c, limit);
	for (unsigned m = 0; m < MEASURES; m++)
		half[m] = limit[m] / 2;
	for (unsigned y = 0; y < c->rows; y++) {
		measure_row(c, p, y, row);
		changed += judge(row, c->columns, limit, half, c->still + (size_t)y * c->columns);
		if (y % SAMPLED_ROWS == c->turn)
			sample(c, row, c->columns);
	}
	learn(c);
	changed += settle_doubts(c);
	return changed;
}

static void take_block(struct changes *c, const struct picture *p, unsigned column, unsigned row)
{
	for (int i = 0; i < 3; i++) {
		unsigned side = i ? BLOCK / 2 : BLOCK;
		size_t x = (size_t)column * side, stride = c->coded->stride[i];
		unsigned w = smaller(side, c->coded->width[i] - (unsigned)x), end = smaller((row + 1) * side, c->coded->height[i]);

		for (unsigned y = row * side; y < end; y++)
			memcpy(c->coded->plane[i] + y * stride + x, p->plane[i] + (ptrdiff_t)y * p->stride[i] + x, w);
	}
}

void changes_coded(struct changes *c, const struct picture *p, bool whole)
{
	assert(p->format == PICTURE_420 && p->bits == 8 && p->width == c->width && p->height == c->height);
	if (whole || !c->any) {
		frame_copy(c->coded, p);
		c->any = true;
		return;
	}
	for (unsigned y = 0; y < c->rows; y++)
		for (unsigned x = 0; x < c->columns; x++)
			if (!c->still[y * c->columns + x])
				take_block(c, p, x, y);
}
