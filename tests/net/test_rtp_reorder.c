/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "net/rtp_reorder.h"

/* What came out: "1 2 !5": sequence numbers, ! where some are missing before. */
static char seen[65536];
static uint64_t emitted, losses;
static uint16_t last;
static struct rtp_source source;
static struct rtp_reorder order;

static void note(void *ctx, const struct rtp_packet *p, bool lost, int64_t arrival_us)
{
	size_t at = strlen(seen);

	if (at < sizeof seen - 16)
		snprintf(seen + at, sizeof seen - at, "%s%s%u", at ? " " : "", lost ? "!" : "", p->sequence);
	cr_assert(p->payload && (p->len == 0 || p->payload[0] == (uint8_t)p->sequence));
	cr_assert(!emitted || lost || p->sequence == (uint16_t)(last + 1));
	last = p->sequence;
	emitted++;
	losses += lost;
}

static void start(int64_t wait_ms)
{
	seen[0] = 0;
	emitted = losses = 0;
	rtp_source_init(&source, 96, 90000);
	rtp_reorder_init(&order, &source, wait_ms * 1000, note, NULL);
}

static void feed_sized(int64_t at_ms, uint16_t sequence, size_t n)
{
	static uint8_t payload[4096];
	struct rtp_packet p = {.payload_type = 96, .ssrc = 7, .sequence = sequence, .payload = payload, .len = n};

	payload[0] = (uint8_t)sequence;
	rtp_reorder_feed(&order, &p, at_ms * 1000);
}

static void feed(int64_t at_ms, uint16_t sequence)
{
	feed_sized(at_ms, sequence, 100);
}

static void expect(const char *text)
{
	cr_expect_str_eq(seen, text, "\"%s\" instead of \"%s\"", seen, text);
	rtp_reorder_free(&order);
}

Test(rtp_reorder, nothing_is_kept_of_what_comes_in_order)
{
	start(200);
	for (uint16_t i = 65533; i != 3; i++)
		feed(i, i);
	cr_expect(!order.kept && source.lost == 0 && source.reordered == 0);
	expect("65533 65534 65535 0 1 2");
}

Test(rtp_reorder, puts_in_order_over_the_wrap)
{
	start(200);
	feed(0, 65533);
	feed(1, 65535);
	feed(2, 1);
	feed(3, 65534);
	feed(4, 2);
	feed(5, 0);
	cr_expect(source.lost == 0 && source.reordered == 2 && source.duplicates == 0 && source.packets == 6);
	expect("65533 65534 65535 0 1 2");
}

Test(rtp_reorder, drops_what_comes_twice)
{
	start(200);
	feed(0, 10);
	feed(1, 10);
	feed(2, 12);
	feed(3, 12);
	feed(4, 11);
	feed(5, 11);
	feed(6, 12);
	cr_expect(source.lost == 0 && source.duplicates == 4 && source.late == 0 && source.reordered == 1);
	expect("10 11 12");
}

Test(rtp_reorder, gives_up_by_the_clock)
{
	start(200);
	feed(0, 10);
	feed(10, 13);
	feed(150, 12);
	rtp_reorder_tick(&order, 209999);
	cr_expect_str_eq(seen, "10");
	rtp_reorder_tick(&order, 210000);
	cr_expect_str_eq(seen, "10 !12 13");
	feed(220, 11);
	feed(230, 15);
	feed(431, 16);
	cr_expect(source.lost == 2 && source.late == 1 && source.reordered == 1);
	expect("10 !12 13 !15 16");
}

Test(rtp_reorder, what_waits_behind_a_second_gap_has_its_own_time)
{
	start(200);
	feed(0, 10);
	feed(0, 12);
	feed(100, 14);
	rtp_reorder_tick(&order, 200000);
	cr_expect_str_eq(seen, "10 !12");
	rtp_reorder_tick(&order, 299999);
	cr_expect_str_eq(seen, "10 !12");
	rtp_reorder_tick(&order, 300000);
	expect("10 !12 !14");
}

Test(rtp_reorder, gives_up_when_too_many_are_spanned)
{
	start(200);
	feed(0, 0);
	for (uint16_t i = 2; i <= RTP_REORDER_PACKETS; i++)
		feed(1, i);
	cr_expect_str_eq(seen, "0");
	feed(1, RTP_REORDER_PACKETS + 1);
	cr_expect(emitted == RTP_REORDER_PACKETS + 1 && losses == 1 && source.lost == 1 && order.held == 0);
	/* A gap wider than that is not waited for. */
	feed(2, 2000);
	cr_expect(emitted == RTP_REORDER_PACKETS + 2 && losses == 2 && order.held == 0);
	rtp_reorder_free(&order);
}

Test(rtp_reorder, large_packets_are_not_kept_and_overtake_nobody)
{
	start(200);
	feed(0, 10);
	feed(1, 12);
	feed(1, 15);
	feed_sized(2, 14, RTP_REORDER_BYTES + 1);
	feed_sized(3, 17, RTP_REORDER_BYTES);
	feed(4, 16);
	expect("10 !12 !14 15 16 17");
}

Test(rtp_reorder, foreign_packets_change_nothing)
{
	struct rtp_packet other = {.payload_type = 96, .ssrc = 8, .sequence = 11};

	start(200);
	feed(0, 10);
	feed(1, 12);
	rtp_reorder_feed(&order, &other, 2000);
	other = (struct rtp_packet){.payload_type = 97, .ssrc = 7, .sequence = 11};
	rtp_reorder_feed(&order, &other, 2000);
	other = (struct rtp_packet){.payload_type = 96, .ssrc = 7, .sequence = 30011};
	rtp_reorder_feed(&order, &other, 2000);
	feed(3, 11);
	cr_expect(source.foreign == 2 && source.stale == 1 && source.lost == 0);
	expect("10 11 12");
}

Test(rtp_reorder, an_encoder_that_begins_anew_is_followed)
{
	start(200);
	feed(0, 10);
	feed(1, 12);
	for (uint16_t i = 0; i < 12; i++)
		feed(50 + 40 * i, (uint16_t)(40000 + i));
	cr_expect(source.restarts == 1 && order.held == 0);
	cr_expect(strstr(seen, "10 !12 !400") == seen && strstr(seen, " 40011"), "%s", seen);
	rtp_reorder_free(&order);
}

/* One SSRC for each group of pictures, the sequence going on or beginning anew, and one that is reset: seen of some vendors. */
Test(rtp_reorder, one_sender_that_begins_anew_loses_nothing)
{
	struct rtp_packet p = {.payload_type = 96};
	uint8_t payload[RTP_REORDER_PACKET_MAX] = {0};

	start(0);
	for (unsigned group = 0; group < 6; group++)
		for (unsigned i = 0; i < 10; i++) {
			p.ssrc = group < 5 ? group : 4;
			p.sequence = (uint16_t)(group < 3 ? 100 + 10 * group + i : 12000 * group + i);
			p.payload = payload;
			p.len = i == 2 ? sizeof payload : i == 1 ? 0 : 100;
			payload[0] = (uint8_t)p.sequence;
			rtp_reorder_feed(&order, &p, 1000 * (10 * group + i));
		}
	cr_expect(emitted == 60 && source.packets == 60 && source.restarts == 5, "%ju", (uintmax_t)emitted);
	cr_expect(source.lost == 0 && source.foreign == 0 && source.stale == 0 && losses == 5);
	rtp_reorder_free(&order);
}

Test(rtp_reorder, strangers_beside_one_sender_change_nothing)
{
	start(0);
	for (uint16_t i = 0; i < 20; i++) {
		struct rtp_packet other = {.payload_type = 96, .ssrc = 8 + i / 10, .sequence = (uint16_t)(500 + i)};

		feed(0, i);
		for (unsigned k = 0; k < 3; k++, other.sequence++)
			rtp_reorder_feed(&order, &other, 0);
	}
	cr_expect(emitted == 20 && losses == 0 && source.foreign == 60 && source.restarts == 0);
	rtp_reorder_free(&order);
}

Test(rtp_reorder, without_waiting_nothing_is_kept)
{
	start(0);
	feed(0, 10);
	feed(1, 12);
	feed(2, 11);
	feed(3, 13);
	cr_expect(!order.kept && source.lost == 1 && source.late == 1);
	expect("10 !12 13");
}

Test(rtp_reorder, the_end_gives_all_out)
{
	start(200);
	feed(0, 10);
	feed(1, 12);
	feed(1, 14);
	rtp_reorder_flush(&order);
	cr_expect(!rtp_reorder_holds(&order));
	expect("10 !12 !14");
}

Test(rtp_reorder, counts_agree_with_a_network_that_loses_doubles_and_mixes)
{
	enum { N = 60000, SPAN = 8 };
	static uint16_t delayed[SPAN];
	uint64_t x = 88172645463325252u, dropped = 0, doubled = 0, fed = 0;
	unsigned nd = 0;

	start(200);
	feed(0, 0);
	for (unsigned i = 1; i < N; i++) {
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		if (x % 50 == 0) {
			dropped++;
			continue;
		}
		fed++;
		if (x % 50 == 1 && nd < SPAN) {
			delayed[nd++] = (uint16_t)i;
			continue;
		}
		feed(i, (uint16_t)i);
		if (x % 50 == 2) {
			feed(i, (uint16_t)i);
			doubled++;
		}
		if (nd && x % 5 == 0)
			feed(i, delayed[--nd]);
	}
	rtp_reorder_flush(&order);
	/* The last ones may have stayed behind, and a few waited in vain. */
	cr_expect(source.lost + SPAN >= dropped && source.lost <= dropped + source.late + SPAN, "%zu %zu %zu", source.lost, dropped, source.late);
	cr_expect_eq(source.duplicates, doubled);
	cr_expect_eq(emitted, 1 + fed - nd - source.late);
	cr_expect(source.late < 20 && source.reordered > N / 100 && source.foreign + source.stale == 0);
	rtp_reorder_free(&order);
}
