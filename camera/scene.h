/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CAMERA_SCENE_H
#define CAMERA_SCENE_H
/*
 * The test picture: a clock (UTC, milliseconds), the frame's number in big
 * digits, the camera's name, a bouncing ball, a sliding block, colour bars, and
 * number and clock once more for machines. Only what changed is drawn.
 *
 * For machines: let u be a fortieth of the picture's width. The strip from the
 * top-left corner, 34 u wide and 3 u high, is black; in it lie two rows of 32
 * squares of u by u, the number's from (u, u), the clock's from (u, 2 u), each
 * square black (0) or white (1), read from the left:
 *     4 squares   1 0 1 0 for the number, 0 1 0 1 for the clock
 *    24 squares   the value modulo 2^24, highest bit first; the clock's is
 *                 milliseconds since 1970, so it comes round every 4.66 hours
 *     4 squares   check: the exclusive or of the value's six 4-bit digits, each bit turned over
 * Square i has its middle at x = (1.5 + i) u, y = 1.5 u or 2.5 u, so it can be read
 * at any scale that keeps the picture's shape: 16 pixels a square at 640 wide.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/picture.h"

#define SCENE_WIDTH_MIN 640
#define SCENE_HEIGHT_MIN 360
#define SCENE_SIDE_MAX 4096
#define SCENE_CODE_MASK 0xffffffu  /* of number and clock */

struct scene;

/* Sides even, in the bounds above, height at least half the width; name as text_is_name. 0, -EINVAL, -ENOMEM. */
int scene_new(struct scene **ret, unsigned width, unsigned height, const char *name);
void scene_free(struct scene **s);
/* The picture of this frame, fps telling how fast things move; planes last until the next call. Its pts is left 0. */
void scene_draw(struct scene *s, uint64_t number, unsigned fps, int64_t wall_us, struct picture *ret);

/* Read the machines' number and clock out of a luma plane; 0, or -EBADMSG when sync or check don't fit. */
int scene_read_number(const uint8_t *luma, ptrdiff_t stride, unsigned width, unsigned height, uint32_t *ret);
int scene_read_clock_ms(const uint8_t *luma, ptrdiff_t stride, unsigned width, unsigned height, uint32_t *ret);

#endif
