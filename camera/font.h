/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CAMERA_FONT_H
#define CAMERA_FONT_H
/* Letters for the picture: 5 by 7 dots, capitals, digits and ": . -". */
#include <stdint.h>

#define FONT_WIDTH 6   /* dots from one letter to the next */
#define FONT_HEIGHT 7

/* Seven rows, from the top; bit 4 is the left dot. Small letters give their capitals, what is unknown a blank. */
const uint8_t *font_glyph(char c);

#endif
