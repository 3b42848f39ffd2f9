/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_X86_SCALE_COLUMNS_H
#define CODEC_X86_SCALE_COLUMNS_H
/*
 * scale_plane for x86 when down is first. A vector holds samples of one column,
 * line below line, while it is scaled across: weights are then the same for all of
 * it, and no ratio needs a shuffle of its own. So a band of lines is scaled down
 * first, block by block, turned by 90 degrees, scaled across, and turned back.
 */
#include "codec/x86/scale_x86.h"

#define SCALE_BAND 32    /* lines that are taken at once */
#define SCALE_BLOCK 512  /* columns that are turned at once */

/* Lines that will be wanted soon: blocks are too narrow for the machine to see by itself what comes after them. */
struct scale_fetch {
	const uint8_t *at;
	ptrdiff_t stride;
	unsigned lines;
};

/* One line of a block to be scaled down. */
struct scale_line {
	const uint8_t *from[SCALE_FILTER_TAPS_MAX + 2];  /* for each pair two */
	const struct scale_pair *pair;
	unsigned pairs;
	unsigned n;                                      /* columns: SCALE_X86_FROM_MIN..SCALE_BLOCK */
	struct scale_fetch fetch;
};

/*
 * What differs between the levels. Columns are `lanes` words each: SCALE_BAND or half of it. All of a band's first half come
 * before those of its second, each with the margins' at both ends.
 */
struct scale_form {
	unsigned lanes;
	void (*down)(int16_t *to, const struct scale_line *line);
	/* n columns of a block of `lanes` lines, which lie SCALE_BLOCK words apart. */
	void (*turn)(int16_t *columns, const int16_t *block, unsigned n);
	/* New columns from x to end, a multiple of 16 further, of lines y.., of which there are `lines`. */
	void (*across)(const struct scale_plane *p, unsigned y, unsigned lines, unsigned x, unsigned end, const int16_t *columns);
};

/* Words of a half. */
static inline size_t scale_columns_half(const struct scale_plane *p, unsigned lanes)
{
	return (size_t)(p->across->from + 2 * SCALE_FILTER_MARGIN) * lanes;
}

void scale_columns_run(const struct scale_plane *p, const struct scale_form *form);

/* Also for the level above: turn, for lanes of a whole band. */
void scale_columns_turn_avx2(int16_t *columns, const int16_t *block, unsigned n);
/* 16 columns of 32 bytes (lines 0-7, 16-23; 8-15, 24-31) become lines again, of which the first `lines` are stored. */
void scale_columns_store_avx2(uint8_t *to, size_t stride, const void *columns, unsigned lines);


#endif
