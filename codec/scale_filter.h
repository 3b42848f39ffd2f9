/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_SCALE_FILTER_H
#define CODEC_SCALE_FILTER_H
/*
 * One axis of a scaling as a table: which samples each new one is made of, and how
 * much of each. The curve is the bicubic one that swscale uses (Keys, a = -0.6),
 * widened by the ratio when a picture shrinks; beyond the edge its sample goes on.
 * All in integers, so every machine gets the same table.
 */
#include <stddef.h>
#include <stdint.h>

#define SCALE_FILTER_SIDE_MAX 16384
#define SCALE_FILTER_TAPS_MAX 64      /* shrinking to a sixteenth */
#define SCALE_FILTER_MARGIN 1         /* of weights: the edge's and what is beyond it may be more than 16 bits can say */
#define SCALE_FILTER_MARGIN_DOWN 33   /* of pairs down: lines are found by a pointer each, so all that lie beyond may be there */
#define SCALE_FILTER_ONE (1 << 21)    /* what a * gain of a whole sample comes to */

/*
 * For the axis that comes first, which takes bytes: two samples with one multiplication of 16 bits. p * a + q * b fits into 16 bits for
 * all bytes p and q, and that times gain, shifted right by 15 and rounded, is in 1/64. a and b are those fractions of seven bits that come
 * nearest to the ratio of the two weights; gain brings them to their size. That is as exact as weights of some 14 bits.
 */
struct scale_pair {
	int8_t a, b;
	int16_t gain;
};

struct scale_filter {
	unsigned from, to;
	unsigned taps;                /* samples that make one; for pairs across even, or all that there are */
	unsigned margin;              /* samples more at each end of a line than from: copies of the first and the last */
	unsigned whole_step;          /* samples from one window to the next when that is a whole number, else 0: windows within the margins are alike then */
	uint16_t *start;              /* [to] the first of them, rising, in a line with its margins */
	struct scale_pair *pair;      /* [to * pairs] of samples start + at and the one behind it; when that is past the last sample, b is 0 */
	uint8_t at[SCALE_FILTER_TAPS_MAX / 2 + 1];  /* of each pair */
	unsigned pairs;
	int16_t (*weight)[2];         /* or: [to * taps] in 1/32768; each twice, which is what vector code loads */
};

/* Where a sample lies in its cell, in quarters. Chroma of 4:2:0 and 4:2:2 lies on the left across, when nothing else is told (H.264 E.2.1). */
enum { SCALE_AT_LEFT = 1, SCALE_AT_CENTRE = 2 };

struct scale_axis {
	unsigned from, to;            /* samples: 1..SCALE_FILTER_SIDE_MAX each */
	unsigned step_num, step_den;  /* from one new sample to the next in old ones: 1..2 * SCALE_FILTER_SIDE_MAX each */
	unsigned at_from, at_to;      /* SCALE_AT_... */
	unsigned gain_num, gain_den;  /* what a sample is multiplied with: at most 255, and at most 1 */
};

/*
 * Pairs across are side by side, without margins. Pairs down leave out what weighs nothing in any window: shrinking to a third, two lines of
 * eleven. The gain of weights must be 1. 0, -EINVAL when it would take more than SCALE_FILTER_TAPS_MAX, or -ENOMEM.
 */
int scale_filter_pairs(struct scale_filter **ret, const struct scale_axis *axis);
int scale_filter_pairs_down(struct scale_filter **ret, const struct scale_axis *axis);
int scale_filter_weights(struct scale_filter **ret, const struct scale_axis *axis);
void scale_filter_free(struct scale_filter **f);

#endif
