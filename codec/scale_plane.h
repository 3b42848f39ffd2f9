/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_SCALE_PLANE_H
#define CODEC_SCALE_PLANE_H
/*
 * The kernel of scaling: one plane of bytes to another size. What comes out is
 * defined by this arithmetic, at every level (>> is arithmetic, all fits 16 bits):
 *
 *   down    v = sum over pairs of ((p a + q b) gain + 16384 >> 15)       in 1/64
 *   across  h = sum over taps of (v weight + 16384 >> 15)                in 1/64
 *   out     = clamp(h + bias >> 6)                                       0..255
 *
 * Nothing is read but the plane, nothing written but the new one.
 */
#include <stddef.h>
#include <stdint.h>

#include "codec/cpu.h"
#include "codec/scale_filter.h"

#define SCALE_PLANE_HALF 32  /* bias that only rounds */

struct scale_plane {
	const struct scale_filter *across, *down;  /* from and to: the sizes of both planes */
	int bias;                                  /* in 1/64, its rounding included */
	const uint8_t *from;
	ptrdiff_t from_stride;
	uint8_t *to;
	size_t to_stride;
	int16_t *scratch;                          /* SCALE_PLANE_SCRATCH(across->from) bytes, aligned to 64; what it holds does not matter */
};

#define SCALE_PLANE_BAND 32    /* lines that vector code takes at once */
#define SCALE_PLANE_BLOCK 512  /* columns that it turns at once */
#define SCALE_PLANE_SCRATCH(width) (sizeof(int16_t) * SCALE_PLANE_BAND * ((size_t)(width) + 2 * SCALE_FILTER_MARGIN + SCALE_PLANE_BLOCK))

void scale_plane(const struct scale_plane *p, enum cpu_level cpu);

/* For its forms: the samples that a pair of new line y takes, the picture's last line standing for what would be behind it. */
static inline const uint8_t *scale_plane_line(const struct scale_plane *p, unsigned y, unsigned tap)
{
	unsigned line = p->down->start[y] + tap;

	return p->from + (ptrdiff_t)(line < p->down->from ? line : p->down->from - 1) * p->from_stride;
}

#endif
