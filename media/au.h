/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_AU_H
#define MEDIA_AU_H
/*
 * The words all rooms share: tracks and access units. Nothing here owns memory.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Written into records and messages: new ones go to the end. */
enum codec {
	CODEC_NONE, CODEC_H264, CODEC_AAC, CODEC_H265, CODEC_OPUS,
	CODEC_PCMA, CODEC_PCMU, CODEC_G726, CODEC_L16,  /* sound that no browser plays: transcode makes AAC of it */
	CODEC_JPEG,                                     /* no stream: each segment is one picture, a whole file */
	CODEC_COUNT
};

static inline bool codec_is_video(enum codec c)
{
	return c == CODEC_H264 || c == CODEC_H265;
}

static inline bool codec_is_sound(enum codec c)
{
	return c > CODEC_NONE && c < CODEC_COUNT && c != CODEC_JPEG && !codec_is_video(c);
}

/* Whether CMAF segments can hold it as it is. */
static inline bool codec_is_packaged(enum codec c)
{
	return c == CODEC_H264 || c == CODEC_H265 || c == CODEC_AAC || c == CODEC_OPUS;
}

#define TRACK_CONFIG_MAX 2048         /* bytes of avcC, hvcC, AudioSpecificConfig or dOps */
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
	/*
	 * H.264: bytes 1..3 of avcC. H.265 (7.3.3): general_profile_idc with general_tier_flag in bit 7, the 32
	 * compatibility flags with the first one on top, general_level_idc. AAC: profile is the audio object type. G.726:
	 * profile is bits a sample (2..5), compat 1 for the packing of AAL2 (RFC 3551 4.5.4), most significant bits first.
	 */
	uint8_t profile, level;
	uint32_t compat;
	uint64_t constraints;             /* H.265: the 48 bits between the compatibility flags and the level */
	/*
	 * H.264: AVCDecoderConfigurationRecord (ISO/IEC 14496-15 5.3.3); H.265: HEVCDecoderConfigurationRecord (8.3.3);
	 * AAC: AudioSpecificConfig (14496-3 1.6.2.1); Opus: the fields of OpusSpecificBox (dOps); else none.
	 */
	uint8_t config[TRACK_CONFIG_MAX];
	uint16_t config_len;
};

/*
 * One coded picture or audio frame. Video data is NAL units each behind a
 * 4-byte big-endian length (the form of ISO/IEC 14496-15), without parameter sets (VPS, SPS, PPS);
 * audio data is one raw AAC frame, one Opus packet, or
 * some milliseconds of samples as the camera's codec writes them. Times are in the track's timescale, on the
 * camera's mended timeline, from 0 at the epoch's first access unit.
 */
struct au {
	int64_t dts, pts;
	int64_t capture_us;               /* wall clock (unix) */
	bool key;                         /* decoding may start here (H.264: IDR; H.265: IDR, BLA, CRA) */
	const uint8_t *data;
	size_t len;
};

#endif
