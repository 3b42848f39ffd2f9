/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_SCALE_PLANE_H
#define CODEC_SCALE_PLANE_H
/*
 * The kernel of scaling: one plane of bytes to another size. What comes out is
 * defined by this arithmetic, at every level (>> is arithmetic, all fits 16 bits):
 *
 *   first   v = sum over pairs of ((p a + q b) gain + 16384 >> 15)      in 1/64
 *   second  h = sum over taps of (v weight + 16384 >> 15)               in 1/64
 *   out     = clamp(h + bias >> 6)                                      0..255
 *
 * Which axis is first is told by the filters: across when a picture shrinks to no
 * less than half, since then one shuffle of 16 bytes finds what 8 new samples need;
 * else down. So the windows down may have holes, and those across may not. Nothing is read but the plane, nothing written but the new one.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codec/cpu.h"
#include "codec/scale_filter.h"

#define SCALE_PLANE_HALF 32  /* bias that only rounds */

struct scale_plane {
	const struct scale_filter *across, *down;  /* from and to: the sizes of both planes. One has pairs: it is first; the other weights */
	int bias;                                  /* in 1/64, its rounding included */
	const uint8_t *from;
	ptrdiff_t from_stride;
	uint8_t *to;
	size_t to_stride;
	const void *table;                         /* of across, from scale_table_new */
	void *scratch;                             /* scale_plane_scratch bytes, aligned to 64; what it holds does not matter */
};

/* Whether this axis, which is the one across, comes first. */
static inline bool scale_plane_across_first(const struct scale_axis *across)
{
	return across->step_num <= 2 * across->step_den;
}

/* What the forms for vectors make of a filter across, once for many pictures: NULL when there is nothing. For free(). 0 or -ENOMEM. */
int scale_table_new(void **ret, const struct scale_filter *across);
/* For any level; a multiple of 64. */
size_t scale_plane_scratch(const struct scale_filter *across, const struct scale_filter *down);
void scale_plane(const struct scale_plane *p, enum cpu_level cpu);

/*
 * For its forms, when across is first: where line `line` of words is kept. A new line needs SCALE_PLANE_LINES of them at most,
 * and four at once may be made beyond these.
 */
#define SCALE_PLANE_LINES(down) ((down)->taps + 4)

/* The line that tap `tap` of new line y takes: the margins are the first and the last line again. */
static inline unsigned scale_plane_line(const struct scale_filter *down, unsigned y, unsigned tap)
{
	unsigned line = down->start[y] + tap;

	line = line < down->margin ? 0 : line - down->margin;
	return line < down->from ? line : down->from - 1;
}

#endif
