/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTP_SEND_H
#define NET_RTP_SEND_H
/*
 * The sending half of RTP (RFC 3550): one stream's numbering, the packets of
 * H.264 (RFC 6184, packetization-mode 1), H.265 (RFC 7798, without DON), AAC
 * (RFC 3640, mode AAC-hbr) and Opus (RFC 7587), its sender reports, and the SDP
 * text that announces them. Pure: packets are made one by one into the caller's
 * memory, the clock comes as an argument, nothing is kept of the bytes given.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/rd.h"
#include "base/wr.h"
#include "media/au.h"

#define RTP_SEND_HEADER 12
#define RTP_SEND_PACKET_MAX 1440  /* header and payload; below 1500 - IPv6 - UDP, and a multiple of 16 */
#define RTP_SEND_VIDEO_TYPE 96    /* payload types, as the SDP names them */
#define RTP_SEND_AUDIO_TYPE 97
#define RTP_SEND_REPORT_MAX 112   /* bytes of a sender report with its SDES */
#define RTP_SEND_CNAME_MAX 64

struct rtp_send {
	enum codec codec;
	uint32_t ssrc, first_timestamp;  /* both random, see RFC 3550 5.1 */
	uint32_t clock_rate;             /* Hz */
	uint16_t sequence;               /* of the next packet */
	uint8_t payload_type;
	uint32_t packets, octets;        /* sent so far, payload only, modulo 2^32 (RFC 3550 6.4.1) */
};

/* Begins a stream of this track; SSRC, first sequence number and timestamp come from the random bytes. */
void rtp_send_init(struct rtp_send *s, const struct track *track, const uint8_t random[12]);

/* The RTP timestamp of a moment on the track's timeline (in its timescale, wraps). */
static inline uint32_t rtp_send_timestamp(const struct rtp_send *s, int64_t media_time)
{
	return s->first_timestamp + (uint32_t)(uint64_t)media_time;
}

/* An access unit, or a piece of one, on its way into packets. Borrows its bytes. */
struct rtp_unit {
	struct rd rest;                  /* what no packet has begun to carry */
	struct rd fragment;              /* what is left of the NAL unit, or frame, that is being carried in pieces */
	uint8_t head[2];                 /* of that NAL unit */
	bool begun;                      /* of it, something was sent */
	bool last;                       /* nothing follows of the access unit: its last packet carries the marker */
	uint32_t timestamp;
	size_t size;                     /* in bytes, at its beginning */
};

/*
 * Pictures: NAL units each behind a 4-byte length, as in struct au; parameter sets before them are a unit of their own,
 * not the last of its picture. Sound: one raw AAC frame, or one Opus packet. 0, or -EMSGSIZE for a frame of sound that
 * has no place: AAC above 8191 bytes (its size field has 13 bits), Opus above one packet.
 */
int rtp_unit_begin(struct rtp_unit *u, const struct rtp_send *s, int64_t pts, const uint8_t *data, size_t n, bool last);
/*
 * Writes the next packet of u, of at most RTP_SEND_PACKET_MAX bytes, for which w must have room. Small neighbours share one
 * (STAP-A, AP), large NAL units are cut (FU-A, FU). 1, 0 when there is no more of u, or -EBADMSG when a length passes the end.
 */
int rtp_send_next(struct rtp_send *s, struct rtp_unit *u, struct wr *w);

/* Takes one whole RTP packet, valid during the call. A packet that it cannot place is its loss to count. */
typedef void rtp_send_fn(void *ctx, const uint8_t *packet, size_t n);

/* All packets of one access unit. 0, or an error of the two above; what came before it has been sent. */
int rtp_send_au(struct rtp_send *s, int64_t pts, const uint8_t *data, size_t n, rtp_send_fn *send, void *ctx);

/*
 * A compound RTCP packet: sender report (RFC 3550 6.4.1) that ties media_time on
 * the track's timeline to the wall clock, and SDES with this CNAME (at most
 * RTP_SEND_CNAME_MAX bytes). The same CNAME on all tracks of a source tells that their clocks are one.
 */
void rtp_send_report(const struct rtp_send *s, int64_t wall_us, int64_t media_time, const char *cname, struct wr *w);

/*
 * Appends an SDP description (RFC 8866) of ntracks tracks: the controls are
 * "track0", "track1", … relative to Content-Base. name must be printable.
 * 0, -EINVAL for a track of another codec or with a broken config, -ENOBUFS.
 */
int rtp_send_sdp(struct buf *out, const char *name, const struct track *const *tracks, unsigned ntracks);

#endif
