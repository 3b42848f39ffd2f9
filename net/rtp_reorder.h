/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTP_REORDER_H
#define NET_RTP_REORDER_H
/*
 * Puts the packets of one source in order before anything is made of them. A packet
 * that is the next one goes through without a copy; one that comes too early is kept
 * until the missing ones are there, or until it has waited for wait_us, or
 * RTP_REORDER_PACKETS are spanned: then the missing ones are given up and counted as
 * lost. One that comes after that, or twice, is dropped and counted. Pure: the clock
 * is passed in. With wait_us 0 (TCP) nothing is waited for, and there is one sender: of a
 * stream that begins anew the packets that prove it are kept and not lost.
 *
 * Memory: one block of some 400 KB, allocated when a packet must be kept for the first
 * time. Without memory, and for packets over RTP_REORDER_BYTES, nothing is kept.
 */
#include "base/buf.h"
#include "net/rtp.h"

#define RTP_REORDER_PACKETS 256       /* divides 65536 */
#define RTP_REORDER_BYTES 1500        /* of a payload that can be kept */
#define RTP_REORDER_WAIT_MS 200
#define RTP_REORDER_PACKET_MAX 65535

/* In the order of their sequence; lost: some are missing before this one. p borrows for the call. */
typedef void rtp_reorder_emit(void *ctx, const struct rtp_packet *p, bool lost, int64_t arrival_us);

struct rtp_reorder {
	struct rtp_source *source;
	rtp_reorder_emit *emit;
	void *ctx;
	int64_t wait_us;
	struct rtp_kept *kept;            /* room for RTP_REORDER_PACKETS; NULL: not needed so far */
	unsigned held;
	struct rtp_claim {
		struct rtp_packet packet;
		int64_t arrival_us;
		struct buf bytes;
	} claim[RTP_PROOFS - 1];
	unsigned claimed;
	int64_t since_us;                 /* when the oldest of them came */
};

/* source: the caller's, already begun with rtp_source_init, lives as long; all counting is done in it. wait_us: at most RTP_REORDER_WAIT_MS. */
void rtp_reorder_init(struct rtp_reorder *o, struct rtp_source *source, int64_t wait_us, rtp_reorder_emit *emit, void *ctx);
/* Forgets what is kept. */
void rtp_reorder_free(struct rtp_reorder *o);
/* May emit none or many. now_us: a clock that only goes forward. */
void rtp_reorder_feed(struct rtp_reorder *o, const struct rtp_packet *p, int64_t now_us);
/* Gives up what was waited for too long; to be called at least every 50 ms while something is held. */
void rtp_reorder_tick(struct rtp_reorder *o, int64_t now_us);
/* The stream ends: all that is kept goes out. */
void rtp_reorder_flush(struct rtp_reorder *o);
static inline bool rtp_reorder_holds(const struct rtp_reorder *o) { return o->held > 0; }

#endif
