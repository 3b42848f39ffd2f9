/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole packets, each behind two bytes: how long it took to come (2 to the power of the upper four bits, ms) and its length (the lower
 * twelve). Through the header, the source and the buffer that puts them in order; what comes out is in order, and counted.
 */
#include <stdlib.h>

#include "base/rd.h"
#include "net/rtcp.h"
#include "net/rtp_reorder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct out {
	const struct rtp_source *source;
	bool any;
	uint16_t last;
	uint64_t packets, sum;
};

static void on_packet(void *ctx, const struct rtp_packet *p, bool lost, int64_t arrival_us)
{
	struct out *o = ctx;

	if (p->ssrc != o->source->ssrc || p->payload_type != o->source->payload_type)
		abort();
	if (o->any && !lost && p->sequence != (uint16_t)(o->last + 1))
		abort();
	for (size_t i = 0; i < p->len; i++)
		o->sum += p->payload[i];
	o->any = true;
	o->last = p->sequence;
	o->packets++;
}

static void report(struct rtp_source *s)
{
	uint8_t bytes[128];
	struct wr w = wr_init(bytes, sizeof bytes);
	struct rtcp_report back;
	const char *why;

	rtcp_write_receiver(&w, 1, s, NULL, 0);
	rtcp_write_pli(&w, 1, s->ssrc);
	rtcp_write_fir(&w, 1, s->ssrc, (uint8_t)s->packets);
	if (w.bad || rtcp_parse(bytes, w.len, s->ssrc, &back, &why))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd all = rd_init(data, size);
	struct rtp_source source;
	struct out out = {.source = &source};
	struct rtp_reorder order;
	int64_t now_us = 0;
	uint64_t parsed = 0;

	rtp_source_init(&source, 96, 90000);
	rtp_reorder_init(&order, &source, rd_u8(&all) & 1 ? 200000 : 0, on_packet, &out);
	while (rd_left(&all) > 2) {
		unsigned head = rd_u16(&all);
		size_t n = head & 0xfff;
		struct rd one = rd_sub(&all, n < rd_left(&all) ? n : rd_left(&all));
		struct rtp_packet p;
		const char *why;

		now_us += head >> 12 ? (1000ll << (head >> 12)) : 0;
		if (rtp_parse(one.p, rd_left(&one), &p, &why))
			continue;
		parsed++;
		rtp_reorder_feed(&order, &p, now_us);
		if (order.held >= RTP_REORDER_PACKETS)
			abort();
	}
	rtp_reorder_flush(&order);
	if (source.packets != out.packets || source.packets + source.duplicates + source.late + source.foreign + source.stale != parsed)
		abort();
	report(&source);
	rtp_reorder_free(&order);
	return 0;
}
