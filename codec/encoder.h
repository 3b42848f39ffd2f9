/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_ENCODER_H
#define CODEC_ENCODER_H
/*
 * Pictures in, H.264 access units out (x264's own API, one thread). No delay:
 * each picture gives its access unit at once, so decode times equal presentation
 * times. Key frames come when asked for, and only then. Timing may vary freely.
 * Constant quality (CRF) under a cap: no second of the stream holds much more
 * than bitrate_bps (a decoder buffer of one second, H.264 C.1).
 */
#include "codec/picture.h"
#include "media/au.h"

#define ENCODER_CRF 24             /* the default */

enum encoder_speed { ENCODER_VERYFAST, ENCODER_SUPERFAST, ENCODER_ULTRAFAST };

struct encoder_settings {
	unsigned width, height;        /* even, 16..4096 */
	unsigned fps;                  /* pictures a second to be expected, 1..240; 0: 25 */
	unsigned bitrate_bps;          /* cap, at least 16000 */
	unsigned crf;                  /* 1..51; 0: ENCODER_CRF */
	enum encoder_speed speed;
	struct colour colour;          /* written into the stream; all 0 is taken as unspecified */
};

struct encoder;

/* 0, -EINVAL for settings that can't be, -ENOMEM. */
int encoder_open(struct encoder **ret, const struct encoder_settings *s);
void encoder_free(struct encoder **e);
/* The track with its avcC; lasts as long as e. */
const struct track *encoder_track(const struct encoder *e);
/*
 * One picture of the settings' size, 8-bit 4:2:0, pts above the one before; key makes it an IDR
 * picture (the first always is). 0 with *ret, whose data (without SPS, PPS, delimiter) lasts until
 * the next call; pts and capture_us are the picture's. -EINVAL for another shape or pts, -EIO when x264 fails.
 */
int encoder_encode(struct encoder *e, const struct picture *p, bool key, struct au *ret);

#endif
