/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTP_VIDEO_FORMAT_H
#define NET_RTP_VIDEO_FORMAT_H
/* What H.264 and H.265 do differently in RTP; what they have in common is net/rtp_video.c. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rtp_nal_kind {
	RTP_NAL_FOREIGN,                  /* does not belong into an access unit */
	RTP_NAL_VPS, RTP_NAL_SPS, RTP_NAL_PPS,
	RTP_NAL_SLICE,
	RTP_NAL_PREFIX,                   /* stands before the slices of its picture: SEI, delimiter */
	RTP_NAL_OTHER
};

struct rtp_nal {
	enum rtp_nal_kind kind;
	bool first, key;                  /* of a slice: begins a picture; of a picture where decoding may begin */
};

struct rtp_video_format {
	size_t header;                    /* bytes of a NAL unit's header; of a fragment's, the FU header follows */
	unsigned aggregate, fragment;     /* types of payload structures */
	uint8_t type_mask;                /* of the FU header */
	/* nal_unit_type of a header, of which there are `header` bytes. */
	unsigned (*type)(const uint8_t *nal);
	/* The NAL unit's header for a fragmented unit of this type, out of the payload's. */
	void (*rebuild)(const uint8_t *payload, uint8_t type, uint8_t *nal);
	/* What a NAL unit is, by its header and first bytes; n is at least `header`. */
	struct rtp_nal (*look)(const uint8_t *nal, size_t n);
};

extern const struct rtp_video_format rtp_video_h264, rtp_video_h265;

#endif
