/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 7798: AP and FU, without DON (what uses it is refused by the session description). */
#include "media/h265.h"
#include "net/rtp_video_format.h"

enum { NAL_AP = 48, NAL_FU = 49 };

static unsigned type(const uint8_t *nal)
{
	return h265_nal_type(nal);
}

/* 4.4.3: layer and temporal id stand in the payload header, the type in the FU header. */
static void rebuild(const uint8_t *payload, uint8_t fragmented, uint8_t *nal)
{
	nal[0] = (uint8_t)((payload[0] & 0x81) | fragmented << 1);
	nal[1] = payload[1];
}

/* Forbidden bit set, temporal id 0, or of a layer above the base: nothing that a decoder of the base should see. */
static bool is_foreign(const uint8_t *nal)
{
	return nal[0] & 0x81 || nal[1] >> 3 || !(nal[1] & 7) || h265_nal_type(nal) >= NAL_AP;
}

static struct rtp_nal look(const uint8_t *nal, size_t n)
{
	if (is_foreign(nal))
		return (struct rtp_nal){.kind = RTP_NAL_FOREIGN};
	switch (h265_nal_type(nal)) {
	case H265_NAL_VPS:
		return (struct rtp_nal){.kind = RTP_NAL_VPS};
	case H265_NAL_SPS:
		return (struct rtp_nal){.kind = RTP_NAL_SPS};
	case H265_NAL_PPS:
		return (struct rtp_nal){.kind = RTP_NAL_PPS};
	case H265_NAL_AUD:
	case H265_NAL_SEI_PREFIX:
		return (struct rtp_nal){.kind = RTP_NAL_PREFIX};
	default:
		break;
	}
	if (!h265_is_slice(nal, n))
		return (struct rtp_nal){.kind = RTP_NAL_OTHER};
	return (struct rtp_nal){.kind = RTP_NAL_SLICE, .first = h265_begins_picture(nal, n), .key = h265_is_irap(nal, n)};
}

const struct rtp_video_format rtp_video_h265 = {
	.header = 2, .aggregate = NAL_AP, .fragment = NAL_FU, .type_mask = 0x3f, .type = type, .rebuild = rebuild, .look = look,
};
