/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_H264_H
#define MEDIA_H264_H
/*
 * What must be known of an H.264 stream without decoding it: its parameter
 * sets, and where pictures begin. Pure; nothing is owned. NAL units come
 * without length or start code, with emulation prevention in place.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/au.h"

#define H264_SIDE_MAX 16384      /* pixels a side */
#define H264_SPS_MAX_BYTES 512   /* of which at most this many are looked at; ours are below 100 */
#define H264_REORDER_MAX 16

/* Sequence parameter set (ISO/IEC 14496-10 7.3.2.1.1 and annex E). */
struct h264_sps {
	uint8_t profile, compat, level;        /* the three bytes after the NAL header */
	uint8_t id;
	uint8_t chroma_format;                 /* 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4 */
	uint8_t bit_depth_luma, bit_depth_chroma;
	uint8_t poc_type, max_ref_frames;
	bool interlaced;                       /* fields or field pairs may occur */
	bool full_range;
	uint16_t width, height;                /* cropped, luma samples; never 0 */
	uint16_t coded_width, coded_height;    /* what a decoder allocates */
	uint16_t sar_width, sar_height;        /* shape of a sample; 0 when not told */
	uint32_t fps_num, fps_den;             /* frames per second as a fraction; 0/0 when not told */
	int reorder;                           /* pictures that may come before one that is shown earlier; -1 when not told */
};

/*
 * 0 or -EBADMSG. Bytes after the parameter set are let pass (some cameras send them), and what a
 * broken VUI leaves out is as if not told; sizes of 0 or over H264_SIDE_MAX are refused.
 */
int h264_parse_sps(const uint8_t *nal, size_t n, struct h264_sps *ret);

/*
 * A track from one SPS and one PPS: config becomes their AVCDecoderConfigurationRecord with 4-byte lengths
 * (ISO/IEC 14496-15 5.3.3.1). 0, -EBADMSG for broken sets, -EMSGSIZE when they don't fit TRACK_CONFIG_MAX.
 */
int h264_track(const uint8_t *sps, size_t nsps, const uint8_t *pps, size_t npps, struct track *ret);
/* The first SPS inside a track's config. 0 or -EBADMSG. */
int h264_track_sps(const struct track *t, struct h264_sps *ret);

/* Whether length-prefixed data holds an IDR slice. */
bool h264_au_has_idr(const uint8_t *data, size_t n);
/* Whether a NAL unit is a coded slice (types 1, 2 and 5). */
bool h264_is_slice(const uint8_t *nal, size_t n);
/*
 * Whether a slice is the first of its picture: first_mb_in_slice is 0. The reduced form of 7.4.1.2.4 for streams
 * without arbitrary slice order: it splits access units when marker bits and timestamps can't be trusted. The
 * second field of a pair begins a picture too: fields share their RTP timestamp, so ask that first.
 */
bool h264_begins_picture(const uint8_t *nal, size_t n);

#endif
