/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_PICTURE_H
#define CODEC_PICTURE_H
/*
 * One uncompressed picture, as the decoder gives it, the scaler turns it and the
 * encoder takes it. Planes are borrowed from whoever made the picture; each of
 * them says how long they last.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum picture_format { PICTURE_420, PICTURE_422, PICTURE_444, PICTURE_GRAY, PICTURE_GBR };

#define PICTURE_MAX_PIXELS (4096u * 2304u)  /* what is decoded at most, unless a caller says otherwise */
#define COLOUR_UNSPECIFIED 2                /* in each of the three colour code points */

/* How numbers become colours: code points of ITU-T H.273, as in H.264 E.2.1. */
struct colour {
	uint8_t primaries, transfer, matrix;
};

struct picture {
	enum picture_format format;
	uint8_t bits;                  /* a sample: 8, or 9..16 as little-endian 16-bit words */
	bool full_range;               /* 0..255 instead of 16..235 */
	struct colour colour;
	unsigned width, height;        /* pixels of plane 0 */
	unsigned sar_num, sar_den;     /* shape of one pixel, both 1..65535; 1:1 when unknown */
	const uint8_t *plane[3];       /* Y, Cb, Cr (GBR: G, B, R); NULL where the format has none */
	ptrdiff_t stride[3];           /* bytes from one line to the next */
	int64_t pts;                   /* 90 kHz */
	int64_t capture_us;            /* wall clock (unix) */
};

#endif
