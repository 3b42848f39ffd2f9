/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_OPUS_H
#define MEDIA_OPUS_H
/* Opus packets (RFC 6716) and what describes a stream of them. Pure. */
#include <stddef.h>
#include <stdint.h>

#include "media/au.h"

#define OPUS_RATE 48000           /* the only timescale, whatever was recorded (RFC 7587 4.1) */
#define OPUS_PACKET_SAMPLES 5760  /* 120 ms: no packet is longer */
#define OPUS_FRAME_SAMPLES 960    /* 20 ms: the usual packet */

/* A track of 1 or 2 channels: config becomes the fields of an OpusSpecificBox (dOps), version 0. 0 or -EINVAL. */
int opus_track(uint8_t channels, struct track *ret);
/*
 * How many samples at OPUS_RATE a packet decodes to, at most OPUS_PACKET_SAMPLES (RFC 6716 3.1 and 3.2): all its
 * frame lengths are held against n. -EBADMSG for one that breaks a rule of 3.4.
 */
int opus_packet_samples(const uint8_t *packet, size_t n);

#endif
