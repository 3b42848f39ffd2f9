/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtp.h"

#include <errno.h>

#include "base/rd.h"

#define RTP_BEHIND 64                 /* packets behind that are still known one by one */

static int bad(const char **why, const char *text)
{
	*why = text;
	return -EBADMSG;
}

int rtp_parse(const uint8_t *p, size_t n, struct rtp_packet *ret, const char **why)
{
	struct rd r = rd_init(p, n);
	uint8_t first = rd_u8(&r), second = rd_u8(&r);
	struct rtp_packet k = {.marker = second >> 7, .payload_type = second & 0x7f};

	k.sequence = rd_u16(&r);
	k.timestamp = rd_u32(&r);
	k.ssrc = rd_u32(&r);
	rd_bytes(&r, 4u * (first & 15));
	if (first >> 4 & 1) {
		rd_u16(&r);
		rd_bytes(&r, 4u * rd_u16(&r));
	}
	if (r.bad)
		return bad(why, "RTP packet shorter than its header");
	if (first >> 6 != 2)
		return bad(why, "RTP version is not 2");
	k.payload = r.p;
	k.len = rd_left(&r);
	if (first >> 5 & 1) {
		size_t padding = k.len ? k.payload[k.len - 1] : 0;

		if (padding == 0 || padding > k.len)
			return bad(why, "RTP padding longer than the packet");
		k.len -= padding;
	}
	*ret = k;
	return 0;
}

void rtp_source_init(struct rtp_source *s, uint8_t payload_type, uint32_t clock_rate)
{
	*s = (struct rtp_source){.payload_type = payload_type, .clock_rate = clock_rate};
}

static void follow(struct rtp_source *s, uint16_t sequence, int64_t arrival_us)
{
	uint16_t ahead = (uint16_t)(sequence - s->next);

	if (s->begun && (sequence < s->next || s->next == 0))
		s->cycles += 1u << 16;
	s->seen = ahead < 63 ? s->seen << (ahead + 1) | 1 : 1;
	s->next = (uint16_t)(sequence + 1);
	s->last_us = arrival_us;
	s->proofs = 0;
	s->packets++;
}

/* RFC 3550 A.8, in 1/16 of a clock tick. */
static void jitter(struct rtp_source *s, const struct rtp_packet *p, int64_t arrival_us)
{
	uint64_t whole = (uint64_t)arrival_us / 1000000, rest = (uint64_t)arrival_us % 1000000;
	uint32_t arrival = (uint32_t)(whole * s->clock_rate + rest * s->clock_rate / 1000000);
	uint32_t transit = arrival - p->timestamp;
	int32_t d = (int32_t)(transit - s->transit);

	if (s->packets > 1) {
		uint32_t size = d < 0 ? 0u - (uint32_t)d : (uint32_t)d;

		if (size < 10 * s->clock_rate)
			s->jitter_x16 += size - ((s->jitter_x16 + 8) >> 4);
	}
	s->transit = transit;
}

/* Behind what is expected: a copy of one that came, or one that was given up. */
static void count_behind(struct rtp_source *s, uint16_t behind)
{
	uint64_t bit = 1ull << (behind - 1);

	if (s->seen & bit)
		s->duplicates++;
	else
		s->late++;
	s->seen |= bit;
}

/* Whether a stream that begins anew elsewhere has proved that it does (RFC 3550 A.1 asks for less). */
static bool is_proved(struct rtp_source *s, const struct rtp_packet *p, int64_t arrival_us)
{
	int64_t silent_ms = p->ssrc == s->ssrc ? RTP_JUMP_SILENT_MS : RTP_SSRC_SILENT_MS;

	if (!s->proofs || p->ssrc != s->claimed_ssrc || p->sequence != s->claimed_next)
		s->proofs = 0;
	s->claimed_ssrc = p->ssrc;
	s->claimed_next = (uint16_t)(p->sequence + 1);
	if (s->proofs < RTP_PROOFS)
		s->proofs++;
	return s->proofs == RTP_PROOFS && (s->one_sender || arrival_us - s->last_us >= silent_ms * 1000);
}

static void begin(struct rtp_source *s, const struct rtp_packet *p)
{
	s->ssrc = p->ssrc;
	s->next = p->sequence;
	s->seen = 0;
}

static enum rtp_verdict take_claim(struct rtp_source *s, const struct rtp_packet *p, int64_t arrival_us)
{
	if (!is_proved(s, p, arrival_us)) {
		if (p->ssrc == s->ssrc)
			s->stale++;
		else
			s->foreign++;
		return RTP_DROP;
	}
	s->restarts++;
	s->lost += !s->one_sender;
	begin(s, p);
	return RTP_AFTER_LOSS;
}

enum rtp_verdict rtp_source_take(struct rtp_source *s, const struct rtp_packet *p, int64_t arrival_us)
{
	uint16_t ahead = (uint16_t)(p->sequence - s->next), behind = (uint16_t)(s->next - p->sequence);
	enum rtp_verdict verdict = RTP_NEXT;

	if (p->payload_type != s->payload_type) {
		s->foreign++;
		return RTP_DROP;
	}
	if (!s->begun) {
		begin(s, p);
		s->first = p->sequence;
	} else if (p->ssrc == s->ssrc && behind && behind <= RTP_BEHIND) {
		count_behind(s, behind);
		return RTP_DROP;
	} else if (p->ssrc != s->ssrc || ahead > RTP_GAP_MAX) {
		verdict = take_claim(s, p, arrival_us);
		if (verdict == RTP_DROP)
			return verdict;
	} else if (ahead) {
		s->lost += ahead;
		verdict = RTP_AFTER_LOSS;
	}
	follow(s, p->sequence, arrival_us);
	s->begun = true;
	jitter(s, p, arrival_us);
	return verdict;
}
