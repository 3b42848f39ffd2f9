/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CAMERA_TONE_H
#define CAMERA_TONE_H
/*
 * The test camera's sound as AAC-LC, 48 kHz, one channel: a beep of 1 kHz for the
 * first tenth of each second of the wall clock, over a soft hum.
 */
#include <stddef.h>
#include <stdint.h>

#include "media/au.h"

#define TONE_RATE 48000
#define TONE_FRAME 1024  /* samples a frame */

struct tone;

/* 0 with the track filled in, -ENOMEM, -EIO when there is no AAC encoder. */
int tone_new(struct tone **ret, struct track *track);
void tone_free(struct tone **t);
/*
 * The frame whose first sample is number index * TONE_FRAME and sounds at wall_us. Any index may follow
 * any other; in order is cheapest. 0 with borrowed bytes that last until the next call, or -EIO.
 */
int tone_frame(struct tone *t, int64_t index, int64_t wall_us, const uint8_t **ret, size_t *ret_len);

#endif
