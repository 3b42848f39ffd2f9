/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtp_reorder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(RTP_REORDER_WAIT_MS <= RTP_JUMP_SILENT_MS, "what is kept is let go before another stream is followed");

/* By sequence number. The bytes stand apart, so that looking through what is kept touches little memory. */
struct rtp_kept {
	struct kept {
		bool used;
		struct rtp_packet packet;  /* its payload is in bytes */
		int64_t arrival_us;
	} slot[RTP_REORDER_PACKETS];
	uint8_t bytes[RTP_REORDER_PACKETS][RTP_REORDER_BYTES];
};

void rtp_reorder_init(struct rtp_reorder *o, struct rtp_source *source, int64_t wait_us, rtp_reorder_emit *emit, void *ctx)
{
	int64_t longest = RTP_REORDER_WAIT_MS * 1000;

	source->one_sender = wait_us == 0;
	*o = (struct rtp_reorder){.source = source, .wait_us = wait_us < longest ? wait_us : longest, .emit = emit, .ctx = ctx};
	for (unsigned i = 0; i < RTP_PROOFS - 1; i++)
		buf_init(&o->claim[i].bytes, RTP_REORDER_PACKET_MAX);
}

void rtp_reorder_free(struct rtp_reorder *o)
{
	free(o->kept);
	o->kept = NULL;
	o->held = o->claimed = 0;
	for (unsigned i = 0; i < RTP_PROOFS - 1; i++)
		buf_free(&o->claim[i].bytes);
}

static struct kept *slot(const struct rtp_reorder *o, uint16_t sequence)
{
	return &o->kept->slot[sequence % RTP_REORDER_PACKETS];
}

static void pass(struct rtp_reorder *o, const struct rtp_packet *p, int64_t arrival_us)
{
	enum rtp_verdict verdict = rtp_source_take(o->source, p, arrival_us);

	if (verdict != RTP_DROP)
		o->emit(o->ctx, p, verdict == RTP_AFTER_LOSS, arrival_us);
}

static void release(struct rtp_reorder *o, struct kept *k)
{
	k->used = false;
	o->held--;
	pass(o, &k->packet, k->arrival_us);
}

/* What is kept and next in turn; what then still waits has waited since the oldest of it came. */
static void release_next(struct rtp_reorder *o)
{
	while (o->held && slot(o, o->source->next)->used)
		release(o, slot(o, o->source->next));
	o->since_us = INT64_MAX;
	for (unsigned i = 0; o->held && i < RTP_REORDER_PACKETS; i++)
		if (o->kept->slot[i].used && o->kept->slot[i].arrival_us < o->since_us)
			o->since_us = o->kept->slot[i].arrival_us;
}

static uint16_t ahead(const struct rtp_reorder *o, const struct rtp_packet *p)
{
	return (uint16_t)(p->sequence - o->source->next);
}

/* How far ahead the first one is that is kept: so many are waited for. All are within RTP_REORDER_PACKETS of the next. */
static uint16_t missing(const struct rtp_reorder *o)
{
	uint16_t n = 0;

	while (n < RTP_REORDER_PACKETS && !slot(o, (uint16_t)(o->source->next + n))->used)
		n++;
	assert(n < RTP_REORDER_PACKETS);
	return n;
}

static void give_up(struct rtp_reorder *o)
{
	release(o, slot(o, (uint16_t)(o->source->next + missing(o))));
	release_next(o);
}

void rtp_reorder_flush(struct rtp_reorder *o)
{
	while (o->held)
		give_up(o);
}

void rtp_reorder_tick(struct rtp_reorder *o, int64_t now_us)
{
	while (o->held && now_us - o->since_us >= o->wait_us)
		give_up(o);
}

/* Out with it, and with what is kept before it. */
static void pass_now(struct rtp_reorder *o, const struct rtp_packet *p, int64_t now_us)
{
	while (o->held && missing(o) < ahead(o, p))
		give_up(o);
	/* What comes while later ones are kept was overtaken. */
	o->source->reordered += o->held > 0;
	pass(o, p, now_us);
	if (o->held)
		release_next(o);
}

static bool can_keep(struct rtp_reorder *o, const struct rtp_packet *p)
{
	if (p->len > RTP_REORDER_BYTES)
		return false;
	if (!o->kept) {
		o->kept = malloc(sizeof *o->kept);
		if (o->kept)
			memset(o->kept->slot, 0, sizeof o->kept->slot);
	}
	return o->kept != NULL;
}

static bool is_overtaken(const struct rtp_reorder *o, uint16_t at)
{
	for (unsigned i = at + 1u; o->held && i < RTP_REORDER_PACKETS; i++)
		if (slot(o, (uint16_t)(o->source->next + i))->used)
			return true;
	return false;
}

static void keep(struct rtp_reorder *o, const struct rtp_packet *p, int64_t now_us)
{
	struct kept *k = slot(o, p->sequence);
	uint8_t *bytes = o->kept->bytes[p->sequence % RTP_REORDER_PACKETS];

	if (k->used) {
		o->source->duplicates++;
		return;
	}
	o->source->reordered += is_overtaken(o, ahead(o, p));
	if (!o->held++)
		o->since_us = now_us;
	o->source->last_us = now_us;
	k->used = true;
	k->arrival_us = now_us;
	k->packet = *p;
	k->packet.payload = bytes;
	if (p->len)
		memcpy(bytes, p->payload, p->len);
}

/* Of the running source, and not from before. */
static bool is_ahead(const struct rtp_reorder *o, const struct rtp_packet *p)
{
	const struct rtp_source *s = o->source;

	return s->begun && p->ssrc == s->ssrc && p->payload_type == s->payload_type && ahead(o, p) <= RTP_GAP_MAX;
}

/* Of a stream that may begin anew: it is used once the source believes it. */
static void keep_claim(struct rtp_reorder *o, const struct rtp_packet *p, int64_t now_us)
{
	static const uint8_t empty[1];
	struct rtp_claim *c = &o->claim[o->claimed];

	buf_clear(&c->bytes);
	if (buf_append(&c->bytes, p->payload, p->len))
		return;
	c->packet = *p;
	c->packet.payload = p->len ? buf_data(&c->bytes) : empty;
	c->arrival_us = now_us;
	o->claimed++;
}

/* The newest of the stream that may begin anew; one of another payload type, or of the running stream, may have its number too. */
static bool is_claimed(const struct rtp_source *s, const struct rtp_packet *p)
{
	return p->ssrc == s->claimed_ssrc && p->payload_type == s->payload_type && s->claimed_next == (uint16_t)(p->sequence + 1);
}

/* All that proved it, as if it had been believed from the first packet on. */
static void pass_claims(struct rtp_reorder *o, uint64_t *counted_as)
{
	*counted_as -= o->claimed;
	o->source->packets += o->claimed;
	for (unsigned i = 0; i < o->claimed; i++)
		o->emit(o->ctx, &o->claim[i].packet, i == 0, o->claim[i].arrival_us);
}

static void pass_stranger(struct rtp_reorder *o, const struct rtp_packet *p, int64_t now_us)
{
	struct rtp_source *s = o->source;
	uint64_t *counted_as = p->ssrc == s->ssrc ? &s->stale : &s->foreign, restarts = s->restarts;
	enum rtp_verdict verdict = rtp_source_take(s, p, now_us);

	if (verdict == RTP_DROP) {
		if (s->proofs <= 1)
			o->claimed = 0;
		if (s->one_sender && s->proofs == o->claimed + 1 && s->proofs < RTP_PROOFS && is_claimed(s, p))
			keep_claim(o, p, now_us);
		return;
	}
	if (s->restarts == restarts || o->claimed != RTP_PROOFS - 1) {
		o->emit(o->ctx, p, verdict == RTP_AFTER_LOSS, now_us);
	} else {
		pass_claims(o, counted_as);
		o->emit(o->ctx, p, false, now_us);
	}
	o->claimed = 0;
}

void rtp_reorder_feed(struct rtp_reorder *o, const struct rtp_packet *p, int64_t now_us)
{
	rtp_reorder_tick(o, now_us);
	if (!is_ahead(o, p)) {
		/* Nothing is kept when a stream that begins anew is accepted: it was silent for longer than anything waits. */
		pass_stranger(o, p, now_us);
		return;
	}
	while (o->held && ahead(o, p) >= RTP_REORDER_PACKETS)
		give_up(o);
	if (o->wait_us > 0 && ahead(o, p) > 0 && ahead(o, p) < RTP_REORDER_PACKETS && can_keep(o, p))
		keep(o, p, now_us);
	else
		pass_now(o, p, now_us);
}
