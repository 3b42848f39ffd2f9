/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_OVERLAY_H
#define CODEC_OVERLAY_H
/*
 * Text in a picture of limited range: light letters with a dark rim, readable on
 * anything, of a size that goes by the picture's height. Letters are drawn when
 * the text changes, and only those that changed; each picture costs a blend.
 */
#include "codec/cpu.h"
#include "codec/frame.h"

#define OVERLAY_TEXT_MAX 200       /* bytes; what is not printable ASCII is shown as a box */

enum overlay_place { OVERLAY_TOP, OVERLAY_BOTTOM, OVERLAY_MIDDLE, OVERLAY_PLACES };

struct overlay;

/* For frames of this size, both even and at least 16. 0, -EINVAL or -ENOMEM. */
int overlay_new(struct overlay **ret, unsigned width, unsigned height, enum cpu_level cpu);
void overlay_free(struct overlay **o);
/* One line; what does not fit is left out at its end (some 48 letters do, 40 in the smallest pictures). The middle is on a dark bar as wide as the picture. */
void overlay_draw(struct overlay *o, struct frame *f, enum overlay_place place, const char *text);
/* "2026-11-22 15:30:00 UTC" */
#define OVERLAY_TIME 24
void overlay_time(int64_t wall_us, char ret[OVERLAY_TIME]);

/*
 * The kernel: each of n bytes at dst becomes dst * keep / 255, rounded, plus add, at most 255.
 * Arrays need no alignment, and nothing behind them is touched.
 */
typedef void overlay_blend_fn(uint8_t *dst, const uint8_t *keep, const uint8_t *add, size_t n);
overlay_blend_fn *overlay_blend(enum cpu_level cpu);

#endif
