/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTP_AAC_H
#define NET_RTP_AAC_H
/*
 * AAC out of RTP (RFC 3640, mode AAC-hbr: sizes of 13 bits, indices of 3): raw
 * frames out. Several frames in a packet, or a frame over several packets;
 * interleaving is refused. Pure.
 */
#include "base/buf.h"
#include "net/rtp.h"
#include "net/rtp_audio_frame.h"

#define RTP_AAC_FRAME_MAX 8191        /* bytes: 13 bits */
#define RTP_AAC_FRAMES_MAX 64         /* in one packet */

struct rtp_aac {
	rtp_audio_emit *emit;
	void *ctx;
	uint16_t frame_samples;
	struct buf part;                  /* of a frame that comes in pieces */
	size_t want;                      /* its size; 0: none under way */
	uint32_t timestamp;
	int64_t arrival_us;
	uint64_t frames, dropped;         /* dropped: packets, or fragmented frames that stayed incomplete */
};

/* frame_samples: 1024 or 960, the step of time between frames of one packet. */
void rtp_aac_init(struct rtp_aac *d, uint16_t frame_samples, rtp_audio_emit *emit, void *ctx);
void rtp_aac_free(struct rtp_aac *d);
void rtp_aac_feed(struct rtp_aac *d, const struct rtp_packet *p, bool lost, int64_t arrival_us);

#endif
