/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_X86_SCALE_X86_H
#define CODEC_X86_SCALE_X86_H
/*
 * scale_plane for x86. A vector holds samples of one column, line below line, while
 * it is scaled across: weights are then the same for all of it, and no ratio needs
 * a shuffle of its own. So a band of lines is scaled down first, turned by 90 degrees,
 * scaled across, and turned back.
 */
#include "codec/scale_plane.h"

/* Narrower planes are for the form in C: what is left over at a line's end is done again from further left. */
#define SCALE_X86_FROM_MIN 64
#define SCALE_X86_TO_MIN 16

void scale_plane_avx2(const struct scale_plane *p);
void scale_plane_avx512(const struct scale_plane *p);

/* 16 columns of 32 packed bytes (lines 0-7, 16-23; 8-15, 24-31) become lines again, of which the first `lines` are stored. */
void scale_x86_store_avx2(uint8_t *to, size_t stride, const void *columns, unsigned lines);

#endif
