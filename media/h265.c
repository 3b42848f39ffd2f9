/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/h265.h"

#include <errno.h>

#include "base/wr.h"
#include "media/nal.h"

/* The parts of a NAL unit header (7.3.1.2) beside the type. */
static bool is_base_layer(const uint8_t *nal)
{
	return !(nal[0] & 0x81) && nal[1] >> 3 == 0;
}

bool h265_is_parameter_set(const uint8_t *nal, size_t n)
{
	unsigned type = n >= 2 ? h265_nal_type(nal) : 0;

	return type >= H265_NAL_VPS && type <= H265_NAL_PPS;
}

/* Types 10..15 and 22..31 are reserved: decoders pass them over (7.4.2.2). */
bool h265_is_slice(const uint8_t *nal, size_t n)
{
	unsigned type = n > 2 ? h265_nal_type(nal) : H265_NAL_VPS;

	return (type <= H265_NAL_RASL_R || (type >= H265_NAL_BLA_W_LP && type <= H265_NAL_CRA)) && is_base_layer(nal);
}

bool h265_is_irap(const uint8_t *nal, size_t n)
{
	return h265_is_slice(nal, n) && h265_nal_type(nal) >= H265_NAL_BLA_W_LP;
}

bool h265_au_has_irap(const uint8_t *data, size_t n)
{
	struct rd r = rd_init(data, n);
	const uint8_t *nal;
	size_t len;

	while (nal_next(&r, &nal, &len) == 1)
		if (h265_is_irap(nal, len))
			return true;
	return false;
}

bool h265_begins_picture(const uint8_t *nal, size_t n)
{
	return h265_is_slice(nal, n) && nal[2] & 0x80;
}

static void put_array(struct wr *w, unsigned type, const uint8_t *nal, size_t n)
{
	wr_u8(w, (uint8_t)(0x80 | type));  /* complete: none of this type in the samples */
	wr_u16(w, 1);
	wr_u16(w, (uint16_t)n);
	wr_bytes(w, nal, n);
}

/* ISO/IEC 14496-15 8.3.3.1.2, before its arrays. What the samples alone could tell is left at "not known". */
static void put_record(struct wr *w, const struct h265_sps *s)
{
	wr_u8(w, 1);                       /* configurationVersion */
	wr_u8(w, (uint8_t)((s->profile & 0x80) >> 2 | (s->profile & 0x1f)));
	wr_u32(w, s->compat);
	wr_u16(w, (uint16_t)(s->constraints >> 32));
	wr_u32(w, (uint32_t)s->constraints);
	wr_u8(w, s->level);
	wr_u16(w, 0xf000);                 /* min_spatial_segmentation_idc */
	wr_u8(w, 0xfc);                    /* parallelismType */
	wr_u8(w, 0xfc | s->chroma_format);
	wr_u8(w, (uint8_t)(0xf8 | (s->bit_depth_luma - 8)));
	wr_u8(w, (uint8_t)(0xf8 | (s->bit_depth_chroma - 8)));
	wr_u16(w, 0);                      /* avgFrameRate */
	wr_u8(w, (uint8_t)(s->sub_layers << 3 | s->nested << 2 | 3)); /* lengths of 4 bytes */
	wr_u8(w, 3);                       /* arrays */
}

int h265_track(const uint8_t *vps, size_t nvps, const uint8_t *sps, size_t nsps, const uint8_t *pps, size_t npps, struct track *ret)
{
	struct track t = {.codec = CODEC_H265, .timescale = TIMESCALE_VIDEO};
	struct wr w = wr_init(t.config, sizeof t.config);
	struct h265_vps v;
	struct h265_sps s;
	struct h265_pps p;

	nvps = nal_trim(vps, nvps);
	nsps = nal_trim(sps, nsps);
	npps = nal_trim(pps, npps);
	if (h265_parse_vps(vps, nvps, &v) || h265_parse_sps(sps, nsps, &s) || h265_parse_pps(pps, npps, &p))
		return -EBADMSG;
	if (s.vps_id != v.id || p.sps_id != s.id)
		return -EBADMSG;
	if (nvps + nsps + npps > TRACK_CONFIG_MAX)
		return -EMSGSIZE;
	put_record(&w, &s);
	put_array(&w, H265_NAL_VPS, vps, nvps);
	put_array(&w, H265_NAL_SPS, sps, nsps);
	put_array(&w, H265_NAL_PPS, pps, npps);
	if (w.bad)
		return -EMSGSIZE;
	t.config_len = (uint16_t)w.len;
	t.width = s.width;
	t.height = s.height;
	t.profile = s.profile;
	t.level = s.level;
	t.compat = s.compat;
	t.constraints = s.constraints;
	*ret = t;
	return 0;
}

int h265_track_sps(const struct track *t, struct h265_sps *ret)
{
	struct rd r = rd_init(t->config, t->config_len <= TRACK_CONFIG_MAX ? t->config_len : 0);
	unsigned arrays;

	rd_bytes(&r, 22);
	arrays = rd_u8(&r);
	for (unsigned i = 0; i < arrays && !r.bad; i++) {
		unsigned type = rd_u8(&r) & 0x3f, count = rd_u16(&r);

		for (unsigned k = 0; k < count && !r.bad; k++) {
			size_t n = rd_u16(&r);
			const uint8_t *nal = rd_bytes(&r, n);

			if (nal && type == H265_NAL_SPS && t->codec == CODEC_H265)
				return h265_parse_sps(nal, n, ret);
		}
	}
	return -EBADMSG;
}
