/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/denoise_noise.h"

#include <stdlib.h>
#include <string.h>

#define UNIT 256u            /* of a level, per bin */
#define BIN_CELL4 3          /* shifts of a measure to its bin of 1/16 level: 16 samples in 1/8 level, */
#define BIN_CELL8 5          /* ... 64 in 1/8, */
#define BIN_PIXEL 2          /* ... one in 1/64 */
#define LEARN_SHIFT 3
#define MOVING_SHIFT 6       /* while more than half of the picture moves, what is seen is more motion than noise */
#define PEAK_FALL_SHIFT 7    /* longer than from one key frame to the next */
#define PEAK_BEGIN (2 * 16 * UNIT) /* before anything is known: the first picture is a key frame, and what noise is in it costs most */

/*
 * Times what half of the places keep below. Coded noise has a long tail; factors of 5 cost a third more bits at no gain in
 * SSIM, as blocks are taken anew that only flicker. A pixel is taken anew for less: with 4 the bits
 * are the same, and a trail is left behind faint edges; with 2 more of white noise stays.
 */
#define CELL_FACTOR 8
#define PIXEL_FACTOR_HALVES 5
#define SMOOTH_FACTOR 5

static const struct {
	unsigned levels;         /* that noise can hide in a cell of 4x4, at most; half as many in one of 8x8, three times as many in a pixel */
	unsigned smooth;
	unsigned age;
} strengths[DENOISE_STRENGTHS] = {
	[DENOISE_LOW] = {6, 5, 6},
	[DENOISE_MEDIUM] = {10, 9, 16},
	[DENOISE_HIGH] = {16, 14, 16},
};

#define LEVEL4 128u          /* a level in the measures' own units */
#define LEVEL8 512u
#define LEVEL_PIXEL 64u

static unsigned bounded(unsigned v, unsigned least, unsigned most)
{
	return v < least ? least : v > most ? most : v;
}

static void count(struct noise *s, enum noise_measure m, int difference, unsigned shift)
{
	unsigned bin = (unsigned)abs(difference) >> shift;

	s->histogram[m][bin < NOISE_BINS ? bin : NOISE_BINS - 1]++;
	s->seen[m]++;
}

void noise_sample_cells(struct noise *s, const int16_t *sum, const int16_t *moved, size_t stride, unsigned n)
{
	for (unsigned c = 0; c + 1 < n; c += 2) {
		const int16_t *four[2] = {sum + c, sum + stride + c};

		count(s, NOISE_CELL8, four[0][0] + four[0][1] + four[1][0] + four[1][1], BIN_CELL8);
		for (unsigned i = 0; i < 4; i++) {
			count(s, NOISE_CELL4, four[i / 2][i % 2], BIN_CELL4);
			s->moved += moved[i / 2 * stride + c + i % 2] != 0;
		}
		s->cells += 4;
	}
}

void noise_sample_line(struct noise *s, const int16_t *now, const int16_t *before, unsigned n)
{
	for (unsigned x = 0; x < n; x++)
		count(s, NOISE_PIXEL, now[x] - before[x], BIN_PIXEL);
}

static uint32_t median(const struct noise *s, enum noise_measure m)
{
	uint32_t n = 0, bin = 0;

	for (; bin + 1 < NOISE_BINS; bin++) {
		n += s->histogram[m][bin];
		if (2 * n >= s->seen[m])
			break;
	}
	return bin * UNIT;
}

static void approach(uint32_t *level, uint32_t seen, unsigned shift)
{
	if (seen > *level)
		*level += (seen - *level) >> shift;
	else
		*level -= (*level - seen) >> shift;
}

void noise_learn(struct noise *s)
{
	bool moving = s->begun && 2 * s->moved > s->cells;

	if (!s->begun)
		s->peak = PEAK_BEGIN;
	for (unsigned m = 0; m < NOISE_MEASURES && s->cells; m++)
		approach(&s->level[m], median(s, (enum noise_measure)m), !s->begun ? 0 : moving ? MOVING_SHIFT : LEARN_SHIFT);
	if (s->cells && !moving) {
		uint32_t seen = median(s, NOISE_PIXEL);

		approach(&s->peak, seen, seen > s->peak ? 1 : PEAK_FALL_SHIFT);
	}
	s->begun |= s->cells > 0;
	memset(s->histogram, 0, sizeof s->histogram);
	memset(s->seen, 0, sizeof s->seen);
	s->cells = s->moved = 0;
}

void noise_limits(const struct noise *s, enum denoise_strength strength, struct noise_limits *ret)
{
	unsigned levels = strengths[strength].levels;
	unsigned four = bounded((s->level[NOISE_CELL4] << BIN_CELL4) * CELL_FACTOR / UNIT, LEVEL4, levels * LEVEL4);
	unsigned eight = bounded((s->level[NOISE_CELL8] << BIN_CELL8) * CELL_FACTOR / UNIT, LEVEL8 / 2, levels * LEVEL8 / 2);

	ret->cells = (struct denoise_limits){.cell4 = (int16_t)four, .cell4_new = (int16_t)(four * 7 / 5), .cell8 = (int16_t)eight};
	ret->pixel = bounded((s->level[NOISE_PIXEL] << BIN_PIXEL) * PIXEL_FACTOR_HALVES / (2 * UNIT), 3 * LEVEL_PIXEL, 3 * levels * LEVEL_PIXEL);
	ret->smooth = bounded((s->begun ? s->peak : PEAK_BEGIN) * SMOOTH_FACTOR / (16 * UNIT), 1, strengths[strength].smooth);
	ret->age = strengths[strength].age;
}
