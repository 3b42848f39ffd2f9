/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RFC 6184: STAP-A and FU-A. */
#include "media/h264.h"
#include "media/nal.h"
#include "net/rtp_video_format.h"

enum { NAL_STAP_A = 24, NAL_FU_A = 28 };

static unsigned type(const uint8_t *nal)
{
	return nal_type(nal);
}

/* 5.8: importance stands in the FU indicator, the type in the FU header. */
static void rebuild(const uint8_t *payload, uint8_t fragmented, uint8_t *nal)
{
	nal[0] = (uint8_t)((payload[0] & 0xe0) | fragmented);
}

static struct rtp_nal look(const uint8_t *nal, size_t n)
{
	unsigned t = nal_type(nal);

	if (nal[0] & 0x80 || t == 0 || t >= NAL_STAP_A)
		return (struct rtp_nal){.kind = RTP_NAL_FOREIGN};
	if (t == NAL_SPS)
		return (struct rtp_nal){.kind = RTP_NAL_SPS};
	if (t == NAL_PPS)
		return (struct rtp_nal){.kind = RTP_NAL_PPS};
	if (t == NAL_SEI || t == NAL_AUD)
		return (struct rtp_nal){.kind = RTP_NAL_PREFIX};
	if (!h264_is_slice(nal, n))
		return (struct rtp_nal){.kind = RTP_NAL_OTHER};
	return (struct rtp_nal){.kind = RTP_NAL_SLICE, .first = h264_begins_picture(nal, n), .key = t == NAL_IDR};
}

const struct rtp_video_format rtp_video_h264 = {
	.header = 1, .aggregate = NAL_STAP_A, .fragment = NAL_FU_A, .type_mask = 0x1f, .type = type, .rebuild = rebuild, .look = look,
};
