/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_DENOISE_NOISE_H
#define CODEC_DENOISE_NOISE_H
/*
 * How strong the noise of a plane is, learned from what differs from picture to
 * picture in half of its places, and what follows from it for telling it from motion.
 */
#include "codec/denoise.h"
#include "codec/denoise_kernels.h"

enum noise_measure { NOISE_CELL4, NOISE_CELL8, NOISE_PIXEL, NOISE_MEASURES };
#define NOISE_BINS 161  /* 1/16 level; more than 10 levels is as good as 10 */

/* Zeros are a plane that nothing was seen of. */
struct noise {
	bool begun;
	uint32_t level[NOISE_MEASURES];  /* in 1/256 bins */
	uint32_t peak;                   /* of NOISE_PIXEL: what key frames show, between which an encoder holds noise still */
	uint32_t histogram[NOISE_MEASURES][NOISE_BINS], seen[NOISE_MEASURES];
	uint32_t cells, moved;           /* sampled, and of these */
};

/* Two lines of n cells, of which the upper is even, as denoise_kernels' sums and judge gave them; n even. */
void noise_sample_cells(struct noise *s, const int16_t *sum, const int16_t *moved, size_t stride, unsigned n);
/* A line of n samples. */
void noise_sample_line(struct noise *s, const int16_t *now, const int16_t *before, unsigned n);
/* All samples of a picture are in. */
void noise_learn(struct noise *s);

struct noise_limits {
	struct denoise_limits cells;
	unsigned pixel;   /* for blend */
	unsigned smooth;  /* for smooth */
	unsigned age;     /* for grow */
};

void noise_limits(const struct noise *s, enum denoise_strength strength, struct noise_limits *ret);

#endif
