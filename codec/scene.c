/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/scene.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "codec/scene_sums.h"

#define SIDE_MIN 16
#define SIDE_MAX 16384
#define CELLS_MAX (SIDE_MAX / SCENE_CELL)
#define EDGE_SUM (4 * SCENE_CELL * SCENE_CELL)  /* 4 levels, between sums of cells: noise of 10 levels makes 1.8 of them */
#define LEFT_OUT 8                              /* one part in so many of the lines, at the top and at the bottom */

/*
 * Black: nearly all of it as dark as the dark end of the range (16; its noise stays below 32), and nothing stands out. Night is not
 * black: where something is to be seen, be it a lamp, cells differ.
 */
#define BLACK_MEAN 24
#define BLACK_DARK 990
/*
 * A real scene that is in focus has edges in some 100 to 400 of 1000 pairs of cells; a car park from above, little but asphalt, was seen
 * to have 8 when it was empty, and 1 when it was made night. A hand, a cloth or paint before the lens has none. A picture that is out of
 * focus keeps its contrast, and is no cover.
 */
#define BARE_EDGES 0
#define COVERED_DEVIATION 40
/*
 * An encoder that sees nothing change sends nothing but "as before" until its next key frame, and the decoder gives the very same
 * picture so long. No sensor gives the same one across key frames.
 */
#define FROZEN_KEYS 2

static const unsigned bits[3] = {SCENE_BLACK, SCENE_FROZEN, SCENE_COVERED};

struct area {
	const uint8_t *p;
	ptrdiff_t stride;
	unsigned width, height;
};

/* A tile that the edge cuts, with zeros in place of what is missing; they are not counted. */
static void cut_tile(const struct area *a, unsigned x, unsigned y, struct scene_sums *s, uint32_t *cell)
{
	uint8_t tile[SCENE_CELL * SCENE_TILE] = {0};
	unsigned w = a->width - x < SCENE_TILE ? a->width - x : SCENE_TILE, h = a->height - y < SCENE_CELL ? a->height - y : SCENE_CELL;

	for (unsigned i = 0; i < h; i++)
		memcpy(tile + i * SCENE_TILE, a->p + (ptrdiff_t)(y + i) * a->stride + x, w);
	scene_sums_c(tile, SCENE_TILE, 1, s, cell);
	s->dark -= sizeof tile - w * h;
}

static void strip(const struct area *a, unsigned y, scene_sums_fn *sum, struct scene_sums *s, uint32_t *cell)
{
	unsigned whole = y + SCENE_CELL <= a->height ? a->width / SCENE_TILE : 0;

	sum(a->p + (ptrdiff_t)y * a->stride, a->stride, whole, s, cell);
	for (unsigned t = whole; t * SCENE_TILE < a->width; t++)
		cut_tile(a, t * SCENE_TILE, y, s, cell + t * (SCENE_TILE / SCENE_CELL));
}

struct edges {
	uint32_t cell[2][CELLS_MAX + SCENE_TILE / SCENE_CELL];  /* of this strip and the one above */
	uint64_t found, pairs, sum;
};

static void count_pair(struct edges *e, uint32_t a, uint32_t b)
{
	e->found += (a > b ? a - b : b - a) > EDGE_SUM;
	e->pairs++;
}

/* Whole cells alone: one that the edge cuts is compared with nothing. */
static void count_edges(struct edges *e, unsigned strip, unsigned n)
{
	const uint32_t *now = e->cell[strip % 2], *above = e->cell[1 - strip % 2];

	for (unsigned i = 0; i < n; i++) {
		if (i)
			count_pair(e, now[i], now[i - 1]);
		if (strip)
			count_pair(e, now[i], above[i]);
	}
}

static unsigned root(uint64_t v)
{
	unsigned r = 0;

	for (unsigned bit = 128; bit; bit >>= 1)
		if ((uint64_t)(r + bit) * (r + bit) <= v)
			r += bit;
	return r;
}

static uint64_t mix(const uint32_t hash[SCENE_LANES])
{
	uint64_t h = 0;

	for (unsigned i = 0; i < SCENE_LANES; i++) {
		h = (h + hash[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return h;
}

void scene_measure(const struct picture *p, enum cpu_level cpu, struct scene_stats *ret)
{
	struct area a = {p->plane[0] + (ptrdiff_t)(p->height / LEFT_OUT) * p->stride[0], p->stride[0], p->width, p->height - p->height / LEFT_OUT * 2};
	uint64_t pixels = (uint64_t)a.width * a.height;
	scene_sums_fn *sum = scene_sums_for(cpu);
	struct scene_sums s = {0};
	struct edges e;

	assert(p->format == PICTURE_420 && p->bits == 8 && p->width >= SIDE_MIN && p->width <= SIDE_MAX && p->height >= SIDE_MIN);
	e.found = e.pairs = e.sum = 0;
	for (unsigned y = 0; y < a.height; y += SCENE_CELL) {
		uint32_t *cell = e.cell[y / SCENE_CELL % 2];

		strip(&a, y, sum, &s, cell);
		for (unsigned i = 0; i * SCENE_CELL < a.width; i++)
			e.sum += cell[i];
		if (y + SCENE_CELL <= a.height)
			count_edges(&e, y / SCENE_CELL, a.width / SCENE_CELL);
	}
	*ret = (struct scene_stats){.mean = (unsigned)(e.sum / pixels), .edges = (unsigned)(e.found * 1000 / e.pairs),
		.dark = (unsigned)(s.dark * 1000 / pixels), .bright = (unsigned)(s.bright * 1000 / pixels), .fingerprint = mix(s.hash)};
	ret->deviation = root((s.squares - e.sum * e.sum / pixels) / pixels);
}

static unsigned judge(const struct scene *s, const struct scene_stats *stats)
{
	unsigned now = 0;

	if (s->begun && stats->fingerprint == s->fingerprint)
		now |= SCENE_FROZEN;
	if (stats->edges > BARE_EDGES)
		return now;
	if (stats->mean <= BLACK_MEAN && stats->dark >= BLACK_DARK)
		return now | SCENE_BLACK;
	if (stats->deviation <= COVERED_DEVIATION)
		now |= SCENE_COVERED;
	return now;
}

static void follow(struct scene *s, unsigned i, unsigned now, int64_t pts)
{
	bool held = (now & bits[i]) == (s->now & bits[i]);

	if (!s->begun || !held || pts < s->since[i])
		s->since[i] = pts;
	if ((now & bits[i]) == (s->said & bits[i]) || pts - s->since[i] < SCENE_LASTS_90K)
		return;
	if (bits[i] == SCENE_FROZEN && now & SCENE_FROZEN && s->keys < FROZEN_KEYS)
		return;
	s->said ^= bits[i];
}

unsigned scene_add(struct scene *s, const struct scene_stats *stats, bool key, int64_t pts)
{
	unsigned now = judge(s, stats);

	if (!(now & SCENE_FROZEN))
		s->keys = 0;
	else if (key && s->keys < FROZEN_KEYS)
		s->keys++;
	for (unsigned i = 0; i < sizeof bits / sizeof bits[0]; i++)
		follow(s, i, now, pts);
	s->begun = true;
	s->now = now;
	s->fingerprint = stats->fingerprint;
	return s->said;
}
