/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTP_AUDIO_FRAME_H
#define NET_RTP_AUDIO_FRAME_H
/* What every depacketizer of sound gives out. */
#include <stddef.h>
#include <stdint.h>

struct rtp_audio_frame {
	uint32_t timestamp;
	int64_t arrival_us;
	const uint8_t *data;              /* borrowed for the call; never empty */
	size_t len;
	uint32_t duration;                /* in ticks of the track's clock */
};

typedef void rtp_audio_emit(void *ctx, const struct rtp_audio_frame *f);

#endif
