/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_CHANGES_BLOCKS_H
#define CODEC_CHANGES_BLOCKS_H
/*
 * The kernel of changes.h: how much two pictures differ, block by block. Sums are
 * of signed differences, from which noise, being as often above as below, falls
 * out, and change does not; the largest of a block's is taken, without its sign.
 */
#include <stddef.h>
#include <stdint.h>

#include "codec/cpu.h"

struct changes_block {
	uint16_t pixel;    /* one pixel of luma */
	uint16_t cell4;    /* sum over a cell of 4x4 pixels of luma, */
	uint16_t cell8;    /* ... of 8x8, */
	uint16_t all;      /* ... over all 16x16: up to 65280 */
	uint16_t chroma4;  /* sum over a cell of 4x4 samples of Cb or Cr, */
	uint16_t chroma8;  /* ... over all 8x8 */
};

/* Y, Cb and Cr of two pictures, at the first sample to compare. */
struct changes_pair {
	const uint8_t *a[3], *b[3];
	ptrdiff_t a_stride[3], b_stride[3];
};

/* n whole blocks side by side; nothing outside them is read. */
typedef void changes_blocks_fn(const struct changes_pair *p, unsigned n, struct changes_block *ret);

changes_blocks_fn changes_blocks_c;
/* The form for a level that this machine has. */
changes_blocks_fn *changes_blocks_for(enum cpu_level cpu);

#endif
