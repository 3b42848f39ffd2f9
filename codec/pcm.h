/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_PCM_H
#define CODEC_PCM_H
/*
 * The old ways to write sound (G.711, G.726, L16: RFC 3551 4.5) made into
 * samples. libavcodec does it; every byte there can be is sound of some kind, so
 * what a camera sends can be wrong in length only.
 */
#include <stddef.h>
#include <stdint.h>

#include "media/au.h"

#define PCM_AU_MAX_BYTES 65536     /* what one RTP packet can hold */
#define PCM_CHANNELS_MAX 2

struct pcm;

/* 0; -ENOTSUP for another codec, or channels or bits that it can't have; -ENOMEM. */
int pcm_open(struct pcm **ret, const struct track *t);
void pcm_free(struct pcm **p);
/*
 * The samples of one access unit, channels interleaved: they last until the next call. 0 with their number a channel,
 * -EBADMSG when it holds none or is too long, -ENOMEM.
 */
int pcm_decode(struct pcm *p, const uint8_t *data, size_t n, const int16_t **ret, size_t *ret_samples);

#endif
