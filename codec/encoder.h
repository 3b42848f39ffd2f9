/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_ENCODER_H
#define CODEC_ENCODER_H
/*
 * Pictures in, access units out: one small interface, whatever encodes behind it
 * (x264's own API now, one thread). Key frames come when asked for, and only then.
 * Timing may vary freely. Constant quality (CRF) under a cap: no two seconds of the
 * stream hold more than two seconds' worth of bitrate_bps, as far as the lowest
 * quality allows.
 *
 * ENCODER_LOW gives each picture's access unit at once. ENCODER_NORMAL looks a few
 * pictures ahead, which saves bits, is late by as many, and holds as many (60 MB at
 * 1080p, beside 40). There are no B-frames in either: decode times equal presentation
 * times.
 */
#include "codec/picture.h"
#include "media/au.h"

#define ENCODER_CRF 24             /* the default */
#define ENCODER_DELAY_MAX 16       /* pictures, with ENCODER_NORMAL */

/* As x264's presets of these names, with less motion search in the first. */
enum encoder_speed { ENCODER_VERYFAST, ENCODER_SUPERFAST, ENCODER_ULTRAFAST, ENCODER_SPEEDS };
enum encoder_latency { ENCODER_LOW, ENCODER_NORMAL, ENCODER_LATENCIES };
enum encoder_profile { ENCODER_HIGH, ENCODER_MAIN, ENCODER_BASELINE, ENCODER_PROFILES };

struct encoder_settings {
	enum codec codec;              /* CODEC_H264; another: -ENOTSUP */
	unsigned width, height;        /* even, 16..4096 */
	unsigned fps;                  /* pictures a second to be expected, 1..240; 0: 25 */
	unsigned bitrate_bps;          /* cap, at least 16000 */
	unsigned crf;                  /* 1..51; 0: ENCODER_CRF */
	enum encoder_speed speed;
	enum encoder_latency latency;
	enum encoder_profile profile;
	struct colour colour;          /* written into the stream; all 0 is taken as unspecified */
};

struct encoder;

/* 0, -EINVAL for settings that can't be, -ENOTSUP, -ENOMEM. */
int encoder_open(struct encoder **ret, const struct encoder_settings *s);
void encoder_free(struct encoder **e);
/* The track with its avcC; lasts as long as e. */
const struct track *encoder_track(const struct encoder *e);
/*
 * One picture of the settings' size, 8-bit 4:2:0, pts above the one before; key makes it an IDR picture (the first always
 * is). still: NULL, or a byte a macroblock as changes_find gives it: 1 where it is as in the picture given before.
 * 0 with *ret, whose data (without SPS, PPS, delimiter) lasts until the next call; its pts and capture_us are those of
 * the picture that it shows. -EAGAIN: taken, none comes out yet. -EINVAL for another shape or pts, -EIO when the encoder fails.
 */
int encoder_encode(struct encoder *e, const struct picture *p, bool key, const uint8_t *still, struct au *ret);
/*
 * The picture that is given next shows nothing new: it is there to mend what those before it left coarse, and coded finer than they.
 * No hints about still blocks should go with it.
 */
void encoder_mend(struct encoder *e);
/* No picture will come any more: what is late comes out, one a call, as above; -EAGAIN when there is none left. */
int encoder_drain(struct encoder *e, struct au *ret);

#endif
