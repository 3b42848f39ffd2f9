/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_DENOISE_H
#define CODEC_DENOISE_H
/*
 * Temporal noise reduction: each pixel is averaged with what was there before, as
 * far as its block does not move, and before that drawn a little towards its
 * neighbours, but not across edges. Behind a moving edge the new picture stands at
 * once: no ghosts. How strong the noise is is learned; the strength bounds what is
 * taken for noise. It changes what is seen, so it is for viewing renditions that
 * ask for it.
 */
#include "codec/cpu.h"
#include "codec/picture.h"

enum denoise_strength { DENOISE_OFF, DENOISE_LOW, DENOISE_MEDIUM, DENOISE_HIGH, DENOISE_STRENGTHS };

struct denoise;

/* For 8-bit 4:2:0 pictures of this size, even, 16..4096; a strength other than off. 0, -EINVAL or -ENOMEM. */
int denoise_new(struct denoise **ret, unsigned width, unsigned height, enum denoise_strength strength, enum cpu_level cpu);
void denoise_free(struct denoise **d);
/* The next picture of the stream. *ret's planes belong to d and last until its next call; the rest of it is as in p. */
void denoise_run(struct denoise *d, const struct picture *p, struct picture *ret);
/* What comes next has nothing to do with what was: a cut, a gap. Where it is not said, what differs begins anew by itself. */
void denoise_forget(struct denoise *d);

#endif
