/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_X86_SCALE_THIRD_H
#define CODEC_X86_SCALE_THIRD_H
/*
 * scale_plane for x86 when both sides shrink to exactly a third. The weights are the
 * same for all samples then, and of the eleven lines that make a new one two weigh
 * nothing: what is left are four pairs, three lines apart, and the line in the middle.
 * So three lines are read at a time, once each and in their order, and added to the
 * four new lines that they are part of. A finished line is dealt out by threes,
 * so that scaling it across is a sum of lines, too.
 */
#include "codec/x86/scale_x86.h"

bool scale_third_fits(const struct scale_filter *across, const struct scale_filter *down);
size_t scale_third_scratch(const struct scale_plane *p);
void scale_third_x86(const struct scale_plane *p, enum cpu_level cpu);

/* The pairs of lines in their order, the one in the middle last. */
struct scale_third_weights {
	struct scale_pair pair[5];
};

/*
 * n columns, 32 of them at a time, of lines from[0] and from[1], a pair, and from[2]: added to sum[1..3], of which the last comes to `to`; sum[0] begins.
 * from[3..5] are what comes next, and is sent for.
 */
void scale_third_down_avx2(int16_t *to, int16_t *const sum[4], const uint8_t *const from[6], size_t n, const struct scale_third_weights *w);
/* Every third word, from the first, second and third on: n of each, 16 at a time. */
void scale_third_deal_avx2(int16_t *const to[3], const int16_t *from, size_t n);

#endif
