/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_SCENE_SUMS_H
#define CODEC_SCENE_SUMS_H
/* The kernel of scene.h: what there is to sum up over a strip of eight lines. */
#include <stddef.h>
#include <stdint.h>

#include "codec/cpu.h"

#define SCENE_DARK 32     /* darker is dark */
#define SCENE_BRIGHT 224  /* brighter is bright */

#define SCENE_TILE 32     /* columns that are taken at once */
#define SCENE_CELL 8      /* lines of a strip; columns and lines of a cell */
#define SCENE_LANES 8

/* Grow with each call. Squares, the largest, hold the largest picture: 16384 * 16384 * 255 * 255 < 2^44. */
struct scene_sums {
	uint64_t squares, dark, bright;
	uint32_t hash[SCENE_LANES];  /* 32-bit words of a line, little-endian, of which lane i takes number 8k + i */
};

#define SCENE_HASH_FACTOR 0x9e3779b1u  /* odd, so that no step loses what came before */
#define SCENE_HASH_SHIFT 15

/* n tiles side by side; cell gets the sums of their 4n cells. Nothing outside them is read. */
typedef void scene_sums_fn(const uint8_t *p, ptrdiff_t stride, unsigned n, struct scene_sums *s, uint32_t *cell);

scene_sums_fn scene_sums_c;
/* The form for a level that this machine has. */
scene_sums_fn *scene_sums_for(enum cpu_level cpu);

#endif
