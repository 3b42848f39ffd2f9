/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_CONVERT_H
#define CODEC_CONVERT_H
/*
 * Pictures that our own scaler does not take (more than 8 bits, RGB, grey, or shrunk
 * to less than a sixteenth), by swscale: to 8-bit 4:2:0, limited range, of any size.
 * The colour matrix is left as it is (but GBR becomes BT.709).
 */
#include "codec/frame.h"

struct convert;

struct convert_from {
	enum picture_format format;
	unsigned bits, matrix, full_range;
	unsigned width, height;
};

/* To width x height, even. 0, -EINVAL for a format that can't be, -ENOMEM. */
int convert_new(struct convert **ret, const struct convert_from *from, unsigned width, unsigned height);
void convert_free(struct convert **c);
/* Into `to` at x, y (even), where it fits; of FRAME_SLACK bytes to the right of it nothing is left but black. 0 or -EINVAL. */
int convert_run(struct convert *c, const struct picture *in, struct frame *to, unsigned x, unsigned y);

#endif
