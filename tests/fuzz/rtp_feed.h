/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FUZZ_RTP_FEED_H
#define TESTS_FUZZ_RTP_FEED_H
/*
 * Packets of one track out of a fuzzer's bytes: of each a byte (128 marker, 64 packets are missing before it, the rest a step of the
 * timestamp), the payload's length in two, and the payload, in memory of its own so that a sanitizer sees one byte too far.
 */
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "net/rtp.h"

static inline bool rtp_feed_next(struct rd *all, struct rtp_packet *p, bool *lost)
{
	uint8_t flags = rd_u8(all);
	size_t n = rd_u16(all);
	struct rd one = rd_sub(all, n < rd_left(all) ? n : rd_left(all));
	uint8_t *copy;

	if (all->bad)
		return false;
	copy = malloc(rd_left(&one) + 1);
	if (!copy)
		abort();
	/* At the end of the block, not at its beginning: a block of no bytes has an end as well. */
	if (rd_left(&one))
		memcpy(copy + 1, one.p, rd_left(&one));
	free((uint8_t *)(uintptr_t)(p->payload ? p->payload - 1 : NULL));
	p->payload = copy + 1;
	p->len = rd_left(&one);
	p->marker = flags >> 7;
	p->timestamp += (flags & 63) * 1000u;
	p->sequence++;
	*lost = flags >> 6 & 1;
	return true;
}

static inline void rtp_feed_end(struct rtp_packet *p)
{
	free((uint8_t *)(uintptr_t)(p->payload ? p->payload - 1 : NULL));
}

#endif
