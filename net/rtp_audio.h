/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTP_AUDIO_H
#define NET_RTP_AUDIO_H
/*
 * Sound out of RTP: AAC (RFC 3640, see net/rtp_aac.h), Opus (RFC 7587: a packet is a
 * frame, its framing checked against RFC 6716 3.2), and the codecs of samples, G.711,
 * G.726, L16 (RFC 3551), of which a packet is a frame as well. Pure.
 */
#include "media/au.h"
#include "net/rtp.h"
#include "net/rtp_aac.h"
#include "net/sdp.h"

#define RTP_AUDIO_FRAME_MS 1000       /* a packet with more sound than this is dropped; Opus has at most 120 */

struct rtp_audio {
	rtp_audio_emit *emit;
	void *ctx;
	struct track track;
	struct rtp_aac aac;
	uint64_t frames, dropped;         /* dropped: packets empty, too long or broken; rtp_audio_dropped has all */
};

/*
 * The track that a media of the session description announces: its codec, rate, channels and config. 0; -ENOTSUP when it is not
 * carried, -EBADMSG when the description contradicts itself, with *why (static).
 */
int rtp_audio_track(const struct sdp_media *m, struct track *ret, const char **why);

/* track: of rtp_audio_track; copied. Allocates nothing. */
void rtp_audio_init(struct rtp_audio *d, const struct track *track, rtp_audio_emit *emit, void *ctx);
void rtp_audio_free(struct rtp_audio *d);
void rtp_audio_feed(struct rtp_audio *d, const struct rtp_packet *p, bool lost, int64_t arrival_us);
uint64_t rtp_audio_dropped(const struct rtp_audio *d);

#endif
