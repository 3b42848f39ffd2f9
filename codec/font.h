/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_FONT_H
#define CODEC_FONT_H
/*
 * Letters for pictures: printable ASCII, all of one width, drawn as strokes, so
 * that they are smooth at any size. A letter stands in a cell with room around it
 * for its rim.
 */
#include <stddef.h>
#include <stdint.h>

/* The cell in steps. Capitals reach from FONT_TOP to FONT_BASE, small letters hang down to FONT_LOW; strokes are about two steps thick. */
#define FONT_WIDE 12u
#define FONT_HIGH 20u
#define FONT_LEFT 2u
#define FONT_TOP 2u
#define FONT_BASE 14u
#define FONT_LOW 18u

enum font_part {
	FONT_LETTER,
	FONT_RIM       /* the letter and a rim of at least a pixel around it */
};

/* How much of each pixel of a cell of width x height is covered, 0..255. What is not printable ASCII is a box. */
void font_draw(uint8_t *to, size_t stride, unsigned width, unsigned height, char c, enum font_part part);

#endif
