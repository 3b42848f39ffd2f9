/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_MASK_H
#define CODEC_MASK_H
/*
 * Privacy masks: rectangles of a picture in which nothing can be seen.
 *
 * Solid leaves nothing. A mosaic leaves one colour for each of a few tiles, and
 * that little must not add up to what it hides:
 *
 *  - Tiles are coarse: at least a 24th of the picture's longer side and an eighth
 *    of the mask's, evenly divided, so none is a narrow rest. A face as large as a
 *    tenth of the picture's width is some 3 x 3 tiles, all that is ever told of it.
 *  - A tile is the mean of all its pixels, rounded to 5 bits of luma and 4 of each
 *    chroma: two pictures with the same means give the same mosaic, and what a
 *    single pixel or a line does to a mean is below the rounding.
 *  - The grid stands still on the mask, the same in every rendition, since masks
 *    are drawn on the decoded picture before it is scaled. Shifted grids of the
 *    same scene are what lets mosaics be taken apart.
 *  - It is renewed every MOSAIC_RENEW_90K only. Many pictures of something that
 *    moves a little behind a mosaic are samples of it at fractions of a tile, from
 *    which a finer picture can be computed; four seconds apart, what moves has
 *    long become something else, and what does not move says the same each time.
 *
 * What it does tell: rough colours, and that something of a tile's size came or
 * went. Where that is too much, solid.
 */
#include "codec/cpu.h"
#include "codec/frame.h"

#define MASKS_MAX 16
#define MASK_WHOLE 10000
#define MOSAIC_RENEW_90K (4 * 90000)

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
/*
 * Covers what is in f. By its pts it knows how old a mosaic is; where time goes back, the old one stays for another
 * MOSAIC_RENEW_90K. Where masks overlap, a mosaic sees nothing of what a solid one, or a mosaic before it, covers.
 */
void masks_draw(struct masks *m, struct frame *f);

/* The kernel: the sum of width x height bytes, at most 2^32 - 1. Nothing else is read. */
typedef uint32_t mask_sum_fn(const uint8_t *p, size_t stride, unsigned width, unsigned height);
mask_sum_fn *mask_sum(enum cpu_level cpu);

#endif
