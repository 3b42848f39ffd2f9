/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/recovery.h"

#include "media/bits.h"
#include "media/h264.h"
#include "media/h265.h"
#include "media/nal.h"

#define SEI_RECOVERY_POINT 6
#define SLICE_HEAD 16                  /* bytes: both codes and what they may be escaped with */

/* H.264 7.3.2.3.1, H.265 7.3.5: type and size in bytes of 255 and a rest. */
static bool sei_value(struct rd *r, uint32_t *ret)
{
	uint32_t n = 0;
	uint8_t one;

	do {
		one = rd_u8(r);
		n += one;
	} while (one == 0xff && !r->bad);
	*ret = n;
	return !r->bad;
}

static bool sei_tells(const uint8_t *nal, size_t n, size_t header)
{
	uint8_t raw[RECOVERY_SEI_MAX_BYTES];
	struct rd r = rd_init(raw, nal_unescape(nal, n, raw, sizeof raw));
	uint32_t type, size;

	rd_bytes(&r, header);
	/* What follows the last message is one byte of trailing bits. */
	while (rd_left(&r) > 1 && sei_value(&r, &type) && sei_value(&r, &size)) {
		if (type == SEI_RECOVERY_POINT)
			return true;
		rd_bytes(&r, size);
	}
	return false;
}

/* Table 7-6: slice_type 2 and 7 are I, 4 and 9 SI. */
static bool is_intra(const uint8_t *nal, size_t n)
{
	uint8_t raw[SLICE_HEAD];
	struct bits b = bits_init(raw, nal_unescape(nal, n, raw, sizeof raw));
	uint32_t type;

	bits_skip(&b, 8);
	bits_ue(&b);
	type = bits_ue(&b) % 5;
	return !b.bad && (type == 2 || type == 4);
}

static bool h264_recovery(struct rd r)
{
	const uint8_t *nal;
	size_t n;
	bool intra = false;

	while (nal_next(&r, &nal, &n) == 1) {
		if (nal_type(nal) == NAL_SEI && sei_tells(nal, n, 1))
			return true;
		if (!h264_is_slice(nal, n))
			continue;
		if (!is_intra(nal, n))
			return false;
		intra = true;
	}
	return intra;
}

static bool h265_recovery(struct rd r)
{
	const uint8_t *nal;
	size_t n;

	while (nal_next(&r, &nal, &n) == 1) {
		unsigned type = h265_nal_type(nal);

		if (type == H265_NAL_SEI_PREFIX && sei_tells(nal, n, 2))
			return true;
		if (type < H265_NAL_VPS)
			return false;      /* a slice: prefix SEI stand before it */
	}
	return false;
}

bool recovery_point(enum codec codec, const uint8_t *data, size_t n)
{
	struct rd r = rd_init(data, n);

	switch (codec) {
	case CODEC_H264:
		return h264_recovery(r);
	case CODEC_H265:
		return h265_recovery(r);
	default:
		return false;
	}
}
