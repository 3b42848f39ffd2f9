/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTP_H
#define NET_RTP_H
/*
 * RTP packets as they come in (RFC 3550 5.1), and what may be believed of one
 * source: its SSRC is the first one seen, and its sequence only goes forward. An
 * encoder that began anew within the session, with another SSRC or sequence, is
 * followed once RTP_PROOFS packets in a row came from there while nothing came from
 * the source as it was for some time: a foreign packet beside a running source
 * changes nothing. Where only the camera can send (a connection), the packets in a row
 * are enough: some cameras have a new SSRC for each key frame. Pure; a packet borrows
 * from the bytes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rtp_packet {
	bool marker;
	uint8_t payload_type;
	uint16_t sequence;
	uint32_t timestamp, ssrc;
	const uint8_t *payload;           /* padding and extension taken off; may be empty, never NULL */
	size_t len;
};

/* 0, or -EBADMSG with *why. */
int rtp_parse(const uint8_t *p, size_t n, struct rtp_packet *ret, const char **why);

#define RTP_GAP_MAX 3000              /* packets that may be missing at once; a longer jump must prove itself */
#define RTP_PROOFS 4                  /* packets in a row that prove a jump, or another SSRC … */
#define RTP_JUMP_SILENT_MS 200        /* … and for how long the old sequence must have been silent */
#define RTP_SSRC_SILENT_MS 2000       /* or the old SSRC */

struct rtp_source {
	uint32_t clock_rate;              /* Hz, for jitter */
	uint8_t payload_type;
	bool begun;
	bool one_sender;                  /* set by whoever knows: nobody else's packets can come this way */
	uint32_t ssrc;
	uint16_t first, next;             /* sequence numbers: the first one, the one expected */
	uint32_t cycles;                  /* times the sequence wrapped, shifted by 16 */
	uint64_t seen;                    /* bit i: next - 1 - i came */
	int64_t last_us;                  /* arrival of the last one used */
	/* What claims to be the source from now on. */
	unsigned proofs;
	uint32_t claimed_ssrc;
	uint16_t claimed_next;

	uint64_t packets, lost;
	uint64_t reordered;               /* came after a later one, and were put right */
	uint64_t duplicates;              /* dropped: came before */
	uint64_t late;                    /* dropped: given up and counted as lost before they came */
	uint64_t foreign;                 /* dropped: another SSRC or payload type */
	uint64_t stale;                   /* dropped: a jump that proved nothing yet */
	uint64_t restarts;                /* times that another SSRC or sequence was accepted */
	/* RFC 3550 A.8, 6.4.1: for receiver reports */
	uint32_t transit, jitter_x16;
	uint64_t reported_packets, reported_lost;
};

enum rtp_verdict { RTP_NEXT, RTP_AFTER_LOSS, RTP_DROP };

void rtp_source_init(struct rtp_source *s, uint8_t payload_type, uint32_t clock_rate);
/* Whether to use the packet; counts. arrival_us: any clock that only goes forward. */
enum rtp_verdict rtp_source_take(struct rtp_source *s, const struct rtp_packet *p, int64_t arrival_us);

#endif
