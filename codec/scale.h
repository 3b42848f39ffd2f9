/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_SCALE_H
#define CODEC_SCALE_H
/*
 * Any picture to one fixed size: 8-bit 4:2:0, limited range, square pixels. The
 * shape is kept: what is left over is black, split evenly over both sides. The
 * colour matrix is left as it is (but GBR becomes BT.709). Lines of both fields
 * of an interlaced picture are scaled as one picture.
 */
#include "codec/cpu.h"
#include "codec/picture.h"

#define SCALE_MIN 16
#define SCALE_MAX 4096

struct scale;

/* Width and height: even, SCALE_MIN..SCALE_MAX. 0, -EINVAL or -ENOMEM. */
int scale_new(struct scale **ret, unsigned width, unsigned height, enum cpu_level cpu);
void scale_free(struct scale **s);

/*
 * 0 with *ret, whose planes belong to s and last until its next call; a picture that already fits is
 * passed through (planes of in). -EINVAL for a shape or format that can't be, -ENOMEM.
 */
int scale_run(struct scale *s, const struct picture *in, struct picture *ret);

#endif
