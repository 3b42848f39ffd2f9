/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_AAC_ENCODER_H
#define CODEC_AAC_ENCODER_H
/*
 * Samples in, AAC-LC frames out (libavcodec's own encoder). Each frame carries the
 * time of its samples; the one that an encoder sends ahead to fill the decoder
 * (its delay, 1024 samples) is left out, so a stream begins at the time of its
 * first sample, faded in over that frame.
 */
#include "codec/fit.h"
#include "media/au.h"

#define AAC_ENCODER_SAMPLES FIT_BLOCK  /* of a frame */

struct aac_encoder;

/* 0; -EINVAL for a rate that AAC has no code for, or channels other than 1 and 2; -ENOMEM. */
int aac_encoder_open(struct aac_encoder **ret, uint32_t rate, unsigned channels);
void aac_encoder_free(struct aac_encoder **e);
/* The track with its AudioSpecificConfig; lasts as long as e. */
const struct track *aac_encoder_track(const struct aac_encoder *e);
/*
 * AAC_ENCODER_SAMPLES a channel, interleaved, that begin at pts; NULL: no more will come. All frames must have been
 * fetched before. 0, -EIO or -ENOMEM.
 */
int aac_encoder_put(struct aac_encoder *e, int64_t pts, const int16_t *samples);
/* The next frame: 1 with data that lasts until the next call, dts and pts set (not capture_us); 0 when there is none. */
int aac_encoder_get(struct aac_encoder *e, struct au *ret);

#endif
