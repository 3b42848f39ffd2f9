/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/sets.h"

#include <errno.h>

#include "base/rd.h"
#include "media/h264.h"
#include "media/h265.h"
#include "media/nal.h"

static int check_size(int rc, unsigned width, unsigned height, uint64_t max_pixels)
{
	if (rc)
		return -EBADMSG;
	return (uint64_t)width * height > max_pixels ? -E2BIG : 0;
}

static int check_sps(enum codec codec, const uint8_t *nal, size_t n, uint64_t max_pixels)
{
	struct h264_sps a = {0};
	struct h265_sps b = {0};
	int rc;

	if (codec == CODEC_H264) {
		rc = h264_parse_sps(nal, n, &a);
		return check_size(rc, a.coded_width, a.coded_height, max_pixels);
	}
	rc = h265_parse_sps(nal, n, &b);
	return check_size(rc, b.coded_width, b.coded_height, max_pixels);
}

/* n NAL units, each behind its u16 length; of those that are SPS at least one is needed. */
static int check_list(struct rd *r, unsigned n, enum codec codec, uint64_t max_pixels)
{
	int rc = n ? 0 : -EBADMSG;

	while (n-- && !rc) {
		struct rd sps = rd_sub(r, rd_u16(r));

		rc = sps.bad || rd_left(&sps) == 0 ? -EBADMSG : check_sps(codec, sps.p, rd_left(&sps), max_pixels);
	}
	return rc;
}

/* ISO/IEC 14496-15 5.3.3.1.2 */
static int check_avcc(struct rd r, uint64_t max_pixels)
{
	rd_bytes(&r, 4);
	if ((rd_u8(&r) & 3) != 3)
		return -EBADMSG;
	return check_list(&r, rd_u8(&r) & 31, CODEC_H264, max_pixels);
}

static int skip_list(struct rd *r, unsigned n)
{
	while (n--)
		if (rd_sub(r, rd_u16(r)).bad)
			return -EBADMSG;
	return 0;
}

/* 8.3.3.1.2 */
static int check_hvcc(struct rd r, uint64_t max_pixels)
{
	unsigned arrays;
	bool found = false;
	int rc = 0;

	rd_bytes(&r, 21);
	if ((rd_u8(&r) & 3) != 3)
		return -EBADMSG;
	arrays = rd_u8(&r);
	while (arrays-- && !rc) {
		bool sps = (rd_u8(&r) & 0x3f) == H265_NAL_SPS;
		unsigned n = rd_u16(&r);

		rc = sps ? check_list(&r, n, CODEC_H265, max_pixels) : skip_list(&r, n);
		found |= sps;
	}
	return rc ? rc : found && !r.bad ? 0 : -EBADMSG;
}

int sets_check_track(const struct track *t, uint64_t max_pixels)
{
	struct rd r = rd_init(t->config, t->config_len);

	if (t->config_len > TRACK_CONFIG_MAX)
		return -ENOTSUP;
	switch (t->codec) {
	case CODEC_H264:
		return check_avcc(r, max_pixels);
	case CODEC_H265:
		return check_hvcc(r, max_pixels);
	default:
		return -ENOTSUP;
	}
}

/* Of the base layer alone: libavcodec passes the others over (H.265 nuh_layer_id). */
static bool is_sps(enum codec codec, const uint8_t *nal, size_t n)
{
	if (codec == CODEC_H264)
		return nal_type(nal) == NAL_SPS;
	return n >= 2 && h265_nal_type(nal) == H265_NAL_SPS && (nal[0] & 1) == 0 && nal[1] >> 3 == 0;
}

int sets_check_au(enum codec codec, const uint8_t *data, size_t n, uint64_t max_pixels)
{
	struct rd r = rd_init(data, n);
	const uint8_t *nal;
	size_t len;
	int rc = 0;

	while (!rc && nal_next(&r, &nal, &len) == 1)
		if (is_sps(codec, nal, len))
			rc = check_sps(codec, nal, len, max_pixels);
	return rc;
}
