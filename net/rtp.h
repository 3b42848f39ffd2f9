/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTP_H
#define NET_RTP_H
/*
 * RTP packets as they come in (RFC 3550 5.1), and what may be believed of one
 * source: its SSRC is the first one seen and never changes within a session, and
 * its sequence only goes forward. Pure; a packet borrows from the bytes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rtp_packet {
	bool marker;
	uint8_t payload_type;
	uint16_t sequence;
	uint32_t timestamp, ssrc;
	const uint8_t *payload;           /* padding and extension taken off; may be empty */
	size_t len;
};

/* 0, or -EBADMSG with *why. */
int rtp_parse(const uint8_t *p, size_t n, struct rtp_packet *ret, const char **why);

#define RTP_GAP_MAX 3000              /* packets that may be missing at once; a longer jump must prove itself */

struct rtp_source {
	uint32_t clock_rate;              /* Hz, for jitter */
	uint8_t payload_type;
	bool begun, jumping;
	uint32_t ssrc;
	uint16_t next, jumped_next;       /* sequence numbers expected: in the stream, and after an unproved jump */
	uint16_t first;
	uint32_t cycles;                  /* times the sequence wrapped, shifted by 16 */
	uint64_t packets, lost;
	uint64_t foreign;                 /* dropped: another SSRC or payload type */
	uint64_t stale;                   /* dropped: late, repeated, or a jump that proved nothing */
	/* RFC 3550 A.8, 6.4.1: for receiver reports */
	uint32_t transit, jitter_x16;
	uint64_t reported_packets, reported_lost;
};

enum rtp_verdict { RTP_NEXT, RTP_AFTER_LOSS, RTP_DROP };

void rtp_source_init(struct rtp_source *s, uint8_t payload_type, uint32_t clock_rate);
/* Whether to use the packet; counts. arrival_us: any clock that only goes forward. */
enum rtp_verdict rtp_source_take(struct rtp_source *s, const struct rtp_packet *p, int64_t arrival_us);

#endif
