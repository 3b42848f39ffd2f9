/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/h264.h"

#include <errno.h>
#include <string.h>

#include "base/wr.h"
#include "media/bits.h"
#include "media/nal.h"
#include "media/vui.h"

/* profile_idc values whose SPS carries chroma format, bit depths and scaling lists (7.3.2.1.1). */
static bool has_high_syntax(uint8_t profile)
{
	static const uint8_t high[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};

	return memchr(high, profile, sizeof high) != NULL;
}

/* 7.3.2.1.1.1; the values themselves are of no interest. */
static void skip_scaling_list(struct bits *b, unsigned size)
{
	int32_t last = 8, next = 8;

	for (unsigned i = 0; i < size && !b->bad; i++) {
		if (next != 0)
			next = (last + bits_se(b) % 256 + 256) % 256;
		if (next != 0)
			last = next;
	}
}

static void parse_high(struct bits *b, struct h264_sps *s)
{
	uint32_t chroma = bits_ue(b), luma_depth, chroma_depth;

	if (chroma == 3)
		bits_skip(b, 1);           /* separate_colour_plane_flag */
	luma_depth = bits_ue(b);
	chroma_depth = bits_ue(b);
	if (chroma > 3 || luma_depth > 6 || chroma_depth > 6)
		b->bad = true;
	bits_skip(b, 1);                   /* qpprime_y_zero_transform_bypass_flag */
	if (bits_get(b, 1))
		for (unsigned i = 0; i < (chroma == 3 ? 12u : 8u) && !b->bad; i++)
			if (bits_get(b, 1))
				skip_scaling_list(b, i < 6 ? 16 : 64);
	s->chroma_format = (uint8_t)chroma;
	s->bit_depth_luma = (uint8_t)(8 + luma_depth);
	s->bit_depth_chroma = (uint8_t)(8 + chroma_depth);
}

static void parse_poc(struct bits *b, struct h264_sps *s)
{
	uint32_t type = bits_ue(b), cycle;

	if (type > 2)
		b->bad = true;
	s->poc_type = (uint8_t)type;
	if (type == 0)
		bits_ue(b);                /* log2_max_pic_order_cnt_lsb_minus4 */
	if (type != 1)
		return;
	bits_skip(b, 1);
	bits_se(b);
	bits_se(b);
	cycle = bits_ue(b);
	if (cycle > 255)
		b->bad = true;
	while (!b->bad && cycle--)
		bits_se(b);
}

/* frame_cropping offsets in units of chroma samples and, for fields, of two lines (7.4.2.1.1). */
static void crop(struct bits *b, struct h264_sps *s, uint64_t width, uint64_t height)
{
	bool sub_x = s->chroma_format == 1 || s->chroma_format == 2;
	unsigned unit_x = sub_x ? 2 : 1;
	unsigned unit_y = (s->chroma_format == 1 ? 2 : 1) * (s->interlaced ? 2 : 1);
	uint64_t x = 0, y = 0;

	s->coded_width = (uint16_t)width;
	s->coded_height = (uint16_t)height;
	if (bits_get(b, 1)) {
		x = (uint64_t)bits_ue(b);
		x = (x + bits_ue(b)) * unit_x;
		y = (uint64_t)bits_ue(b);
		y = (y + bits_ue(b)) * unit_y;
	}
	if (x >= width || y >= height)
		b->bad = true;
	s->width = (uint16_t)(width - x);
	s->height = (uint16_t)(height - y);
}

static void parse_size(struct bits *b, struct h264_sps *s)
{
	uint64_t width = ((uint64_t)bits_ue(b) + 1) * 16;
	uint64_t height = ((uint64_t)bits_ue(b) + 1) * 16;

	s->interlaced = !bits_get(b, 1);
	if (s->interlaced) {
		height *= 2;
		bits_skip(b, 1);           /* mb_adaptive_frame_field_flag */
	}
	bits_skip(b, 1);                   /* direct_8x8_inference_flag */
	if (width > H264_SIDE_MAX || height > H264_SIDE_MAX)
		b->bad = true;
	if (!b->bad)
		crop(b, s, width, height);
}

static void skip_hrd(struct bits *b)
{
	uint32_t count = bits_ue(b);

	if (count > 31)
		b->bad = true;
	bits_skip(b, 8);
	for (uint32_t i = 0; i <= count && !b->bad; i++) {
		bits_ue(b);
		bits_ue(b);
		bits_skip(b, 1);
	}
	bits_skip(b, 20);
}

static void parse_timing(struct bits *b, struct h264_sps *s)
{
	uint32_t tick = bits_get(b, 32), scale = bits_get(b, 32);

	/* Two ticks a frame (E.2.1); nonsense is taken as not told. */
	if (b->bad || tick == 0 || scale == 0 || tick > UINT32_MAX / 2 || scale / 2 / tick > 1000)
		return;
	s->fps_num = scale;
	s->fps_den = tick * 2;
}

/* Annex E.1.1. What stands before a break is kept: each field is complete when it is set. */
static void parse_vui(struct bits *b, struct h264_sps *s)
{
	bool nal_hrd, vcl_hrd;
	uint32_t reorder;
	struct vui v;

	vui_parse(b, &v);
	s->sar_width = v.sar_width;
	s->sar_height = v.sar_height;
	s->full_range = v.full_range;
	if (bits_get(b, 1)) {
		parse_timing(b, s);
		bits_skip(b, 1);           /* fixed_frame_rate_flag */
	}
	nal_hrd = bits_get(b, 1);
	if (nal_hrd)
		skip_hrd(b);
	vcl_hrd = bits_get(b, 1);
	if (vcl_hrd)
		skip_hrd(b);
	if (nal_hrd || vcl_hrd)
		bits_skip(b, 1);           /* low_delay_hrd_flag */
	bits_skip(b, 1);                   /* pic_struct_present_flag */
	if (!bits_get(b, 1))
		return;
	bits_skip(b, 1);                   /* motion_vectors_over_pic_boundaries_flag */
	for (int i = 0; i < 4; i++)
		bits_ue(b);
	reorder = bits_ue(b);
	if (!b->bad && reorder <= H264_REORDER_MAX)
		s->reorder = (int)reorder;
}

/* Streams in which nothing can be shown before what was sent earlier, whatever the VUI leaves out (C.4.5.3, A.2.1). */
static bool never_reorders(const struct h264_sps *s)
{
	bool intra_only = s->compat & 0x10 &&
		(s->profile == 44 || s->profile == 86 || s->profile == 100 || s->profile == 110 || s->profile == 122 || s->profile == 244);

	return s->poc_type == 2 || s->profile == 66 || intra_only || s->max_ref_frames == 0;
}

int h264_parse_sps(const uint8_t *nal, size_t n, struct h264_sps *ret)
{
	struct h264_sps s = {.chroma_format = 1, .bit_depth_luma = 8, .bit_depth_chroma = 8, .reorder = -1};
	uint8_t raw[H264_SPS_MAX_BYTES];
	struct bits b;
	uint32_t id, refs;

	if (n < 4 || nal_type(nal) != NAL_SPS)
		return -EBADMSG;
	b = bits_init(raw, nal_unescape(nal, n, raw, sizeof raw));
	bits_skip(&b, 8);
	s.profile = (uint8_t)bits_get(&b, 8);
	s.compat = (uint8_t)bits_get(&b, 8);
	s.level = (uint8_t)bits_get(&b, 8);
	id = bits_ue(&b);
	if (has_high_syntax(s.profile))
		parse_high(&b, &s);
	if (bits_ue(&b) > 12)              /* log2_max_frame_num_minus4 */
		return -EBADMSG;
	parse_poc(&b, &s);
	refs = bits_ue(&b);
	bits_skip(&b, 1);                  /* gaps_in_frame_num_value_allowed_flag */
	parse_size(&b, &s);
	if (b.bad || id > 31 || refs > 16)
		return -EBADMSG;
	s.id = (uint8_t)id;
	s.max_ref_frames = (uint8_t)refs;
	if (bits_get(&b, 1))
		parse_vui(&b, &s);
	if (s.reorder < 0 && never_reorders(&s))
		s.reorder = 0;
	*ret = s;
	return 0;
}

int h264_track(const uint8_t *sps, size_t nsps, const uint8_t *pps, size_t npps, struct track *ret)
{
	struct track t = {.codec = CODEC_H264, .timescale = TIMESCALE_VIDEO};
	struct wr w = wr_init(t.config, sizeof t.config);
	struct h264_sps s;

	nsps = nal_trim(sps, nsps);
	npps = nal_trim(pps, npps);
	if (h264_parse_sps(sps, nsps, &s) || npps < 2 || nal_type(pps) != NAL_PPS)
		return -EBADMSG;
	if (nsps > UINT16_MAX || npps > UINT16_MAX)
		return -EMSGSIZE;
	wr_u8(&w, 1);                      /* configurationVersion */
	wr_bytes(&w, sps + 1, 3);
	wr_u8(&w, 0xfc | 3);               /* lengths of 4 bytes */
	wr_u8(&w, 0xe0 | 1);
	wr_u16(&w, (uint16_t)nsps);
	wr_bytes(&w, sps, nsps);
	wr_u8(&w, 1);
	wr_u16(&w, (uint16_t)npps);
	wr_bytes(&w, pps, npps);
	if (has_high_syntax(s.profile)) {  /* 5.3.3.1.2 */
		wr_u8(&w, 0xfc | s.chroma_format);
		wr_u8(&w, (uint8_t)(0xf8 | (s.bit_depth_luma - 8)));
		wr_u8(&w, (uint8_t)(0xf8 | (s.bit_depth_chroma - 8)));
		wr_u8(&w, 0);              /* no SPS extension */
	}
	if (w.bad)
		return -EMSGSIZE;
	t.config_len = (uint16_t)w.len;
	t.width = s.width;
	t.height = s.height;
	t.profile = s.profile;
	t.compat = s.compat;
	t.level = s.level;
	*ret = t;
	return 0;
}

int h264_track_sps(const struct track *t, struct h264_sps *ret)
{
	struct rd r = rd_init(t->config, t->config_len <= TRACK_CONFIG_MAX ? t->config_len : 0);
	const uint8_t *sps;
	unsigned count;
	size_t n;

	rd_bytes(&r, 5);
	count = rd_u8(&r) & 0x1f;
	n = rd_u16(&r);
	sps = rd_bytes(&r, n);
	if (t->codec != CODEC_H264 || !sps || count == 0)
		return -EBADMSG;
	return h264_parse_sps(sps, n, ret);
}

bool h264_au_has_idr(const uint8_t *data, size_t n)
{
	struct rd r = rd_init(data, n);
	const uint8_t *nal;
	size_t len;

	while (nal_next(&r, &nal, &len) == 1)
		if (nal_type(nal) == NAL_IDR)
			return true;
	return false;
}

bool h264_is_slice(const uint8_t *nal, size_t n)
{
	return n > 1 && (nal_type(nal) == NAL_SLICE || nal_type(nal) == NAL_PARTITION_A || nal_type(nal) == NAL_IDR);
}

bool h264_begins_picture(const uint8_t *nal, size_t n)
{
	/* first_mb_in_slice is the first code of the slice header, and ue(v) 0 is a single 1 bit. */
	return h264_is_slice(nal, n) && nal[1] & 0x80;
}
