/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_MASK_H
#define CODEC_MASK_H
/*
 * Privacy masks: rectangles of a picture in which nothing can be seen. A mosaic
 * keeps so little (one colour for each of a few coarse tiles, rounded, and renewed
 * seldom) that what it hides cannot be had back, from many pictures either.
 */
#include "codec/cpu.h"
#include "codec/frame.h"

#define MASKS_MAX 16
#define MASK_WHOLE 10000

enum mask_style { MASK_SOLID, MASK_MOSAIC, MASK_STYLES };

/* Where: in ten-thousandths of the picture's width and height. What is touched is covered: sides go outward, to whole blocks of 2 x 2 pixels. */
struct mask {
	uint16_t x, y, width, height;
	uint8_t style;                 /* enum mask_style */
};

/* False for one that is empty, reaches outside the picture or has another style. */
bool mask_is_good(const struct mask *m);

struct masks;

/* n (1..MASKS_MAX) good masks for frames of this size. 0, -EINVAL or -ENOMEM. */
int masks_new(struct masks **ret, const struct mask *m, unsigned n, unsigned width, unsigned height, enum cpu_level cpu);
void masks_free(struct masks **m);
/* Covers what is in f; by its pts it knows how old a mosaic is. */
void masks_draw(struct masks *m, struct frame *f);

#endif
