/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_X86_SCALE_ROWS_H
#define CODEC_X86_SCALE_ROWS_H
/*
 * scale_plane for x86 when across is first. What 8 new samples of a line need lies
 * within 16 bytes for each pair of taps, since they are at most half as many: one
 * shuffle finds it. New lines are then made of some of these lines of words, which
 * are few enough to stay in the first cache.
 */
#include "codec/x86/scale_x86.h"

#define SCALE_ROWS 4  /* lines that are made at once: what is the same for all is loaded once */

/* Where the bytes are that pair 0 of 16 new samples takes: within 16 from `first` on for 8 of them, from `second` on for the others. */
struct scale_place {
	uint16_t first, second;
	bool in_order;                 /* they are 32 in their order from `first` on: exactly half as many samples */
};

struct scale_group {
	uint8_t mask[32];              /* which of those bytes */
	struct {
		int8_t ab[32];
		int16_t gain[16];
	} pair[];
};

struct scale_across {
	unsigned to, pairs;
	const struct scale_place *place;
	const void *groups;            /* of scale_group_bytes each; the last one is for the last 16 samples */
};

static inline size_t scale_group_bytes(unsigned pairs)
{
	return 32 + 64 * (size_t)pairs;
}

void scale_rows_across_avx2(int16_t *const to[SCALE_ROWS], const uint8_t *const from[SCALE_ROWS], const struct scale_across *a);

/* One new line of n samples, at least 32, of lines of words. */
struct scale_down {
	const int16_t *line[SCALE_FILTER_TAPS_MAX + 2];
	const int16_t (*weight)[2];
	unsigned taps, n;
	int bias;
};

void scale_rows_down_avx2(uint8_t *to, const struct scale_down *d);
/* Two new lines of the same 4 lines, as there are when a picture grows: the weights of the second follow those of the first. */
void scale_rows_down_two_avx2(uint8_t *to, uint8_t *second, const struct scale_down *d);
/* At least 64 samples. */
void scale_rows_down_avx512(uint8_t *to, const struct scale_down *d);

#endif
