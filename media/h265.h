/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_H265_H
#define MEDIA_H265_H
/*
 * What must be known of an H.265 stream without decoding it: its parameter
 * sets, and where pictures begin. Pure; nothing is owned. NAL units come
 * without length or start code, with emulation prevention in place. As
 * media/h264.h; sections are those of ITU-T H.265 (ISO/IEC 23008-2).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/au.h"

#define H265_SIDE_MAX 16384      /* pixels a side */
#define H265_SET_MAX_BYTES 2048  /* of a parameter set at most this many are looked at; without matrices it has below 200 */
#define H265_REORDER_MAX 16

/* nal_unit_type (table 7-1), those that are spoken of. 0..9: slices of pictures where decoding can't start. */
enum h265_nal_type {
	H265_NAL_RADL_N = 6, H265_NAL_RADL_R, H265_NAL_RASL_N, H265_NAL_RASL_R,
	H265_NAL_BLA_W_LP = 16, H265_NAL_BLA_W_RADL, H265_NAL_BLA_N_LP,
	H265_NAL_IDR_W_RADL, H265_NAL_IDR_N_LP, H265_NAL_CRA,
	H265_NAL_VPS = 32, H265_NAL_SPS, H265_NAL_PPS, H265_NAL_AUD, H265_NAL_END_SEQUENCE, H265_NAL_END_STREAM,
	H265_NAL_FILLER, H265_NAL_SEI_PREFIX, H265_NAL_SEI_SUFFIX
};

/* nal_unit_type, 0..63; a NAL unit has at least one byte (its header has two). */
static inline unsigned h265_nal_type(const uint8_t *nal) { return nal[0] >> 1 & 0x3f; }

/* Video parameter set (7.3.2.1), as far as it is of use. */
struct h265_vps {
	uint8_t id;
	uint32_t fps_num, fps_den;             /* pictures per second as a fraction; 0/0 when not told */
};

/* Sequence parameter set (7.3.2.2 and annex E). */
struct h265_sps {
	uint8_t id, vps_id;
	uint8_t profile;                       /* general_profile_idc, with general_tier_flag in bit 7 */
	uint8_t level;                         /* general_level_idc: 30 times the level */
	uint32_t compat;                       /* general_profile_compatibility_flags, the first one on top */
	uint64_t constraints;                  /* the 48 bits behind those */
	uint8_t sub_layers;                    /* temporal, 1..7 */
	bool nested;                           /* sps_temporal_id_nesting_flag */
	uint8_t chroma_format;                 /* 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4 */
	uint8_t bit_depth_luma, bit_depth_chroma;
	bool fields;                           /* each picture is a field */
	bool full_range;
	uint16_t width, height;                /* cropped, luma samples; never 0 */
	uint16_t coded_width, coded_height;    /* what a decoder allocates */
	uint16_t sar_width, sar_height;        /* shape of a sample; 0 when not told */
	uint32_t fps_num, fps_den;             /* pictures per second as a fraction; 0/0 when not told */
	int reorder;                           /* pictures that may come before one that is shown earlier; -1 when what is told can't be */
};

/* Picture parameter set (7.3.2.3), as far as it is of use. */
struct h265_pps {
	uint8_t id, sps_id;
};

/*
 * 0 or -EBADMSG, ret untouched then. Bytes after the parameter set are let pass (some cameras send them), and what a
 * broken VUI leaves out is as if not told; sizes of 0 or over H265_SIDE_MAX, and sets of layers above the base, are refused.
 */
int h265_parse_vps(const uint8_t *nal, size_t n, struct h265_vps *ret);
int h265_parse_sps(const uint8_t *nal, size_t n, struct h265_sps *ret);
int h265_parse_pps(const uint8_t *nal, size_t n, struct h265_pps *ret);

/*
 * A track from one set of each: config becomes their HEVCDecoderConfigurationRecord with 4-byte lengths, its arrays
 * complete (ISO/IEC 14496-15 8.3.3.1). 0, -EBADMSG for broken sets or such as don't name each other, -EMSGSIZE when
 * they don't fit TRACK_CONFIG_MAX.
 */
int h265_track(const uint8_t *vps, size_t nvps, const uint8_t *sps, size_t nsps, const uint8_t *pps, size_t npps, struct track *ret);
/* The first SPS inside a track's config. 0 or -EBADMSG. */
int h265_track_sps(const struct track *t, struct h265_sps *ret);

/* Whether a NAL unit is a VPS, SPS or PPS. */
bool h265_is_parameter_set(const uint8_t *nal, size_t n);
/* Whether a NAL unit is a coded slice segment of the base layer. */
bool h265_is_slice(const uint8_t *nal, size_t n);
/* Whether a slice is of a picture where decoding may start: IDR, BLA or CRA (3.69). */
bool h265_is_irap(const uint8_t *nal, size_t n);
/* Whether length-prefixed data holds a slice of such a picture. */
bool h265_au_has_irap(const uint8_t *data, size_t n);
/* Whether a slice is the first of its picture: first_slice_segment_in_pic_flag (7.4.7.1). */
bool h265_begins_picture(const uint8_t *nal, size_t n);

#endif
