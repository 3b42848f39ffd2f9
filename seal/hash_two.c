/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/hash_two.h"

#include <assert.h>

#include "base/wr.h"
#include "seal/x86/sha256_ni.h"

#define BLOCK 64u

/* One message, handed out in whole blocks: where it lies where it can be, from its own room where pieces meet and at the end. */
struct message {
	uint32_t h[8];
	const uint8_t *base;
	const struct hash_range *next;
	unsigned more;                    /* ranges not begun */
	const uint8_t *at;                /* of the range under way */
	size_t left;
	uint64_t total;
	bool ended;
	uint8_t room[2 * BLOCK];          /* begins with what did not fill a block */
	const uint8_t *run;               /* blocks to be hashed now */
	size_t blocks;
};

static void begin(struct message *m, const uint8_t *base, const struct hash_range *range, unsigned ranges)
{
	/* FIPS 180-4 5.3.3 */
	*m = (struct message){.h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19},
		.base = base, .next = range, .more = ranges};
}

static size_t take_from_range(struct message *m, size_t most, const uint8_t **ret)
{
	size_t n;

	while (m->left == 0 && m->more) {
		m->at = m->base + m->next->at;
		m->left = m->next->len;
		m->next++;
		m->more--;
	}
	n = m->left < most ? m->left : most;
	*ret = m->at;
	m->at += n;
	m->left -= n;
	m->total += n;
	return n;
}

/* FIPS 180-4 5.1.1: a 1 bit, zeros, and the length in bits. */
static void pad(struct message *m, size_t filled)
{
	struct wr w;

	m->ended = true;
	m->room[filled++] = 0x80;
	m->blocks = filled + 8 > BLOCK ? 2 : 1;
	memset(m->room + filled, 0, m->blocks * BLOCK - filled);
	w = wr_init(m->room + m->blocks * BLOCK - 8, 8);
	wr_u64(&w, m->total * 8);
}

/* Makes sure that there are blocks to be hashed; false at the end of the message. */
static bool supply(struct message *m)
{
	const uint8_t *p;
	size_t filled = 0, n;

	if (m->blocks || m->ended)
		return m->blocks != 0;
	if (m->left >= BLOCK) {
		m->blocks = m->left / BLOCK;
		take_from_range(m, m->blocks * BLOCK, &m->run);
		return true;
	}
	m->run = m->room;
	while (filled < BLOCK && (n = take_from_range(m, BLOCK - filled, &p))) {
		memcpy(m->room + filled, p, n);
		filled += n;
	}
	if (filled == BLOCK)
		m->blocks = 1;
	else
		pad(m, filled);
	return true;
}

static void consume(struct message *m, size_t blocks)
{
	m->run += blocks * BLOCK;
	m->blocks -= blocks;
}

/* What is left of one message when the other is done: its partner is computed for nothing. */
static void finish_alone(struct message *m)
{
	uint32_t nothing[8] = {0};

	while (supply(m)) {
		sha256_ni_two(m->h, m->run, nothing, m->run, m->blocks);
		consume(m, m->blocks);
	}
}

static void give(const struct message *m, struct hash *ret)
{
	struct wr w = wr_init(ret->b, HASH_BYTES);

	for (unsigned i = 0; i < 8; i++)
		wr_u32(&w, m->h[i]);
}

static void two_at_once(struct message *a, struct message *b)
{
	while (supply(a) && supply(b)) {
		size_t n = a->blocks < b->blocks ? a->blocks : b->blocks;

		sha256_ni_two(a->h, a->run, b->h, b->run, n);
		consume(a, n);
		consume(b, n);
	}
	finish_alone(a);
	finish_alone(b);
}

void hash_two(const uint8_t *p, size_t n, const struct hash_range *range, unsigned ranges, struct hash *ret_whole, struct hash *ret_ranges)
{
	struct hash_range whole = {0, (uint32_t)n};
	struct message a, b;

	assert(n <= UINT32_MAX);
	for (unsigned i = 0; i < ranges; i++)
		assert(range[i].at <= n && range[i].len <= n - range[i].at);
	if (!sha256_ni_there()) {
		hash_bytes(p, n, ret_whole);
		hash_ranges(p, range, ranges, ret_ranges);
		return;
	}
	begin(&a, p, &whole, 1);
	begin(&b, p, range, ranges);
	two_at_once(&a, &b);
	give(&a, ret_whole);
	give(&b, ret_ranges);
}
