/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTP_SEND_H
#define NET_RTP_SEND_H
/*
 * The sending half of RTP (RFC 3550): one stream's numbering, the packets of
 * H.264 (RFC 6184, packetization-mode 1) and AAC (RFC 3640, mode AAC-hbr), its
 * sender reports, and the SDP text that announces them. Pure: packets leave
 * through a callback, the clock comes as an argument, nothing is kept of the
 * bytes given.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/wr.h"
#include "media/au.h"

#define RTP_SEND_HEADER 12
#define RTP_SEND_PACKET_MAX 1440  /* header and payload; below 1500 - IPv6 - UDP, and a multiple of 16 */
#define RTP_SEND_VIDEO_TYPE 96    /* payload types, as the SDP names them */
#define RTP_SEND_AUDIO_TYPE 97

struct rtp_send {
	uint32_t ssrc, first_timestamp;  /* both random, see RFC 3550 5.1 */
	uint32_t clock_rate;             /* Hz */
	uint16_t sequence;               /* of the next packet */
	uint8_t payload_type;
	uint32_t packets, octets;        /* sent so far, payload only, modulo 2^32 (RFC 3550 6.4.1) */
};

/* Takes one whole RTP packet, valid during the call. A packet that it cannot place is its loss to count. */
typedef void rtp_send_fn(void *ctx, const uint8_t *packet, size_t n);

/* Begins a stream of this track; SSRC, first sequence number and timestamp come from the random bytes. */
void rtp_send_init(struct rtp_send *s, const struct track *track, const uint8_t random[12]);

/* The RTP timestamp of a moment on the track's timeline (in its timescale, wraps). */
static inline uint32_t rtp_send_timestamp(const struct rtp_send *s, int64_t media_time)
{
	return s->first_timestamp + (uint32_t)(uint64_t)media_time;
}

/*
 * One access unit: NAL units each behind a 4-byte length, as in struct au.
 * Small neighbours share a STAP-A, large units are cut into FU-A; the last
 * packet carries the marker. 0, or -EBADMSG when a length passes the end (what
 * came before it has been sent).
 */
int rtp_send_h264(struct rtp_send *s, int64_t pts, const uint8_t *data, size_t n, rtp_send_fn *send, void *ctx);

/* One raw AAC frame of at most 8191 bytes (its size field has 13 bits); -EMSGSIZE beyond that. */
int rtp_send_aac(struct rtp_send *s, int64_t pts, const uint8_t *data, size_t n, rtp_send_fn *send, void *ctx);

/*
 * A compound RTCP packet: sender report (RFC 3550 6.4.1) that ties media_time on
 * the track's timeline to the wall clock, and SDES with this CNAME (at most 64
 * bytes). The same CNAME on all tracks of a source tells that their clocks are one.
 */
void rtp_send_report(const struct rtp_send *s, int64_t wall_us, int64_t media_time, const char *cname, struct wr *w);

/*
 * Appends an SDP description (RFC 8866) of ntracks tracks: the controls are
 * "track0", "track1", … relative to Content-Base. name must be printable.
 * 0, -EINVAL for a track that is neither H.264 nor AAC or has a broken config, -ENOBUFS.
 */
int rtp_send_sdp(struct buf *out, const char *name, const struct track *const *tracks, unsigned ntracks);

#endif
