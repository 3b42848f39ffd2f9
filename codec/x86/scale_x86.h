/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_X86_SCALE_X86_H
#define CODEC_X86_SCALE_X86_H
/*
 * scale_plane for x86. A vector holds samples of one column, line below line, while
 * it is scaled across: weights are then the same for all of it, and no ratio needs
 * a shuffle of its own. So a band of lines is scaled down first, block by block,
 * turned by 90 degrees, scaled across, and turned back.
 */
#include "codec/scale_plane.h"

#define SCALE_X86_BAND SCALE_PLANE_BAND
#define SCALE_X86_BLOCK SCALE_PLANE_BLOCK

/* Narrower planes are for the form in C: what is left over at a line's end is done again from further left. */
#define SCALE_X86_FROM_MIN 64
#define SCALE_X86_TO_MIN 16

/* Lines that will be wanted soon: blocks are too narrow for the machine to see by itself what comes after them. */
struct scale_fetch {
	const uint8_t *at;
	ptrdiff_t stride;
	unsigned lines;
};

/* One line of a block to be scaled down. */
struct scale_line {
	const uint8_t *from[SCALE_FILTER_TAPS_MAX];  /* for each pair two */
	const struct scale_pair *pair;
	unsigned pairs;
	unsigned n;                                  /* columns: 64..SCALE_X86_BLOCK */
	struct scale_fetch fetch;
};

/*
 * What differs between the levels. Columns are `lanes` words each: SCALE_X86_BAND or half of it. All of a band's first half come
 * before those of its second, each with the margins' at both ends.
 */
struct scale_form {
	unsigned lanes;
	void (*down)(int16_t *to, const struct scale_line *line);
	/* n columns of a block of `lanes` lines, which lie SCALE_X86_BLOCK words apart. */
	void (*turn)(int16_t *columns, const int16_t *block, unsigned n);
	/* New columns from x to end, a multiple of 16 further, of lines y.., of which there are `lines`. */
	void (*across)(const struct scale_plane *p, unsigned y, unsigned lines, unsigned x, unsigned end, const int16_t *columns);
};

/* Words of a half. */
static inline size_t scale_x86_half(const struct scale_plane *p, unsigned lanes)
{
	return (size_t)(p->across->from + 2 * SCALE_FILTER_MARGIN) * lanes;
}

void scale_x86_run(const struct scale_plane *p, const struct scale_form *form);

/* Also for the level above: turn, for lanes of a whole band. */
void scale_x86_turn_avx2(int16_t *columns, const int16_t *block, unsigned n);
/* 16 columns of 32 bytes (lines 0-7, 16-23; 8-15, 24-31) become lines again, of which the first `lines` are stored. */
void scale_x86_store_avx2(uint8_t *to, size_t stride, const void *columns, unsigned lines);

void scale_plane_avx2(const struct scale_plane *p);
void scale_plane_avx512(const struct scale_plane *p);

#endif
