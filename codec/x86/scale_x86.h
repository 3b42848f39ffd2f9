/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_X86_SCALE_X86_H
#define CODEC_X86_SCALE_X86_H
/* The forms of scale_plane for x86: by rows when across is first, by columns when down is. */
#include "codec/scale_plane.h"

/* Narrower planes are for the form in C: what is left over at a line's end is done again from further left. */
#define SCALE_X86_FROM_MIN 64
#define SCALE_X86_TO_MIN 32

/* Once for many planes: what rows need of a filter across with pairs. */
size_t scale_rows_table_bytes(const struct scale_filter *across);
void scale_rows_table(void *table, const struct scale_filter *across);

/* Bytes of memory that they work in. */
size_t scale_rows_scratch(const struct scale_plane *p);
size_t scale_columns_scratch(const struct scale_plane *p);

void scale_rows_x86(const struct scale_plane *p, enum cpu_level cpu);
void scale_columns_avx2(const struct scale_plane *p);
void scale_columns_avx512(const struct scale_plane *p);

#endif
