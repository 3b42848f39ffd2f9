/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_FRAME_H
#define CODEC_FRAME_H
/*
 * A picture of our own, to write into: 8-bit 4:2:0. Lines begin at multiples of
 * FRAME_ALIGN bytes, and behind each are at least FRAME_SLACK bytes that vector
 * code may read and write, before the next one begins.
 */
#include "codec/picture.h"

#define FRAME_ALIGN 64
#define FRAME_SLACK 64

struct frame {
	struct picture picture;        /* planes as below; format, bits, width and height are set, the rest is its user's */
	uint8_t *plane[3];
	size_t stride[3];              /* multiples of FRAME_ALIGN; those of picture are the same */
	unsigned width[3], height[3];  /* of each plane */
};

/* Width and height: even, 2..16384. Its bytes are not set. 0, -EINVAL or -ENOMEM. */
int frame_new(struct frame **ret, unsigned width, unsigned height);
void frame_free(struct frame **f);
/* Everything black. */
void frame_blacken(struct frame *f);
/* Takes over planes, times and colour of a picture of the frame's size, 8-bit 4:2:0. */
void frame_copy(struct frame *f, const struct picture *p);

#endif
