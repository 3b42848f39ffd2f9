/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_DENOISE_KERNELS_H
#define CODEC_DENOISE_KERNELS_H
/*
 * The kernels of denoise.h, on lines of a plane. Samples are kept in 1/64 (0..16320), so that small steps are not lost
 * to rounding. A cell is 4x4 samples; whatever there is one of for each cell is an int16_t, cell by cell.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/cpu.h"

#define DENOISE_ONE 64           /* a level of 8 bits */
#define DENOISE_CELL 4
#define DENOISE_STEP 64          /* lines are as many samples long as a multiple of this */
#define DENOISE_SUM_SHIFT 3      /* differences are in 1/8 level where they are summed: 16 of them fit 16 bits */
#define DENOISE_AGE_MAX 16       /* pictures that a cell's samples are the mean of */
#define DENOISE_WEIGHT_ONE 32767 /* all of a difference */
#define DENOISE_NINTH 3641       /* 32768 / 9: a sample and its eight neighbours */
#define DENOISE_SMOOTH_MAX 31    /* of a smoothing's limit: eight times it fits 8 bits */

/* What is noise, in 1/8 level times the samples that are summed; -1: nothing is. */
struct denoise_limits {
	int16_t cell4;               /* a sum over 4x4 */
	int16_t cell4_new;           /* ... in a cell of age 1, of which both pictures are noisy */
	int16_t cell8;               /* a sum over 8x8 */
};

struct denoise_kernels {
	/*
	 * n samples of a line, each drawn towards its eight neighbours: by as much as each differs while that is at most limit, by less and less up
	 * to twice that, and not by those beyond: these are across an edge. Lines are readable from [-1] to [n].
	 */
	void (*smooth)(const uint8_t *above, const uint8_t *line, const uint8_t *below, unsigned n, unsigned limit, int16_t *ret);
	/* For each of the cells of four lines: what now differs from before, added up. */
	void (*sums)(const int16_t *now, const int16_t *before, size_t stride, unsigned cells, int16_t *ret);
	/* Two lines of cells, the upper of an even number: -1 where one moved, else 0. Lines of cells are stride apart. */
	void (*judge)(const int16_t *sum, const int16_t *age, size_t stride, unsigned cells, const struct denoise_limits *l, int16_t *ret_moved);
	/*
	 * A line of cells gets older by a picture, up to max, or new where it or a neighbour moved, or where one of the four cells that are at its place in
	 * over (two lines, twice as many cells, same stride) is new; over may be NULL. moved is readable one cell to all sides.
	 */
	void (*grow)(const int16_t *moved, const int16_t *over, size_t stride, unsigned cells, unsigned max, int16_t *age, int16_t *ret_weight);
	/*
	 * n samples of a line: before goes towards now by the weight of the cell (32767: all the way), and in full from twice
	 * the limit on, in 1/64 level: that is no noise. ret has them in 8 bits.
	 */
	void (*blend)(const int16_t *now, int16_t *before, const int16_t *weight, unsigned n, unsigned limit, uint8_t *ret);
};


extern const struct denoise_kernels denoise_kernels_c;
/* Weight of a cell's newest picture, by its age less one: 32768 / age. */
extern const uint16_t denoise_weight[DENOISE_AGE_MAX];

/* The forms for a level that this machine has. */
const struct denoise_kernels *denoise_kernels_for(enum cpu_level cpu);

#endif
