/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_AU_H
#define MEDIA_AU_H
/*
 * The words all rooms share: tracks and access units. Nothing here owns memory.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum codec { CODEC_NONE, CODEC_H264, CODEC_AAC };

#define TRACK_CONFIG_MAX 1024         /* bytes of avcC or AudioSpecificConfig */
#define AU_MAX_BYTES (8u << 20)       /* one access unit; larger ones are dropped and counted */
#define TIMESCALE_VIDEO 90000         /* all video tracks */
#define AU_TIME_MAX ((int64_t)1 << 53) /* no time, in any unit, is further from 0; larger ones are refused */

/* What a decoder or an init segment needs to know about one track. */
struct track {
	enum codec codec;
	uint32_t timescale;               /* 90000 for video, sampling rate for audio */
	uint16_t width, height;           /* video, after cropping; 0 for audio */
	uint32_t rate;                    /* audio: sampling rate, Hz */
	uint8_t channels;                 /* audio */
	uint8_t profile, compat, level;   /* video: bytes 1..3 of avcC; audio: profile is the audio object type */
	uint8_t config[TRACK_CONFIG_MAX]; /* video: AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3); audio: AudioSpecificConfig (14496-3 1.6.2.1) */
	uint16_t config_len;
};

/*
 * One coded picture or audio frame. Video data is NAL units each behind a
 * 4-byte big-endian length (the form of ISO/IEC 14496-15), without SPS and PPS;
 * audio data is one raw AAC frame. Times are in the track's timescale, on the
 * camera's mended timeline, from 0 at the epoch's first access unit.
 */
struct au {
	int64_t dts, pts;
	int64_t capture_us;               /* wall clock (unix) */
	bool key;                         /* decoding may start here (IDR) */
	const uint8_t *data;
	size_t len;
};

#endif
