/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/hash_many.h"

#include "base/wr.h"
#include "seal/x86/sha256_avx512.h"
#include "seal/x86/sha256_ni.h"

#define BLOCK 64u
#define AT_ONCE 64u                    /* messages on the stack */
#define ALL_LEAST 26u                  /* lanes in use below which half of the lanes, and then the rest, are as fast */
#define HALF_LEAST 10u                 /* … below which two at a time are */

/* One message, handed out in whole blocks: where it lies where it can be, from its own room where pieces meet and at the end. */
struct message {
	uint32_t h[8];
	struct hash_message *of;
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

static void begin(struct message *m, struct hash_message *of)
{
	/* FIPS 180-4 5.3.3 */
	*m = (struct message){.h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19},
		.of = of, .base = of->base, .next = of->range, .more = of->ranges};
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

static void give(const struct message *m)
{
	struct wr w = wr_init(m->of->hash.b, HASH_BYTES);

	for (unsigned i = 0; i < 8; i++)
		wr_u32(&w, m->h[i]);
}

/* --- two at a time ---------------------------------------------------------------------- */

/* What is left of one message when there is no other: its partner is computed for nothing. */
static void finish_alone(struct message *m)
{
	uint32_t nothing[8] = {0};

	while (supply(m)) {
		sha256_ni_two(m->h, m->run, nothing, m->run, m->blocks);
		consume(m, m->blocks);
	}
	give(m);
}

/* Until one of them is at its end. */
static void two_at_once(struct message *a, struct message *b)
{
	while (supply(a) && supply(b)) {
		size_t n = a->blocks < b->blocks ? a->blocks : b->blocks;

		sha256_ni_two(a->h, a->run, b->h, b->run, n);
		consume(a, n);
		consume(b, n);
	}
}

/* They may be under way already; who is at its end makes room for the next one. */
static void by_twos(struct message **m, unsigned n)
{
	struct message *one = n ? m[0] : NULL;

	for (unsigned next = 1; next < n; next++) {
		struct message *other = m[next];

		two_at_once(one, other);
		give(supply(one) ? other : one);
		one = supply(one) ? one : other;
	}
	if (one)
		finish_alone(one);
}

/* --- many at a time --------------------------------------------------------------------- */

struct lanes {
	uint32_t h[8][SHA256_LANES];
	struct message *in[SHA256_LANES]; /* NULL: computed for nothing */
	unsigned used, width;
};

static void move_in(struct lanes *l, unsigned lane, struct message *m)
{
	l->in[lane] = m;
	l->used++;
	for (unsigned i = 0; i < 8; i++)
		l->h[i][lane] = m->h[i];
}

static struct message *move_out(struct lanes *l, unsigned lane)
{
	struct message *m = l->in[lane];

	l->in[lane] = NULL;
	l->used--;
	for (unsigned i = 0; i < 8; i++)
		m->h[i] = l->h[i][lane];
	return m;
}

/* Lanes whose message is at its end get the next one while there is one. */
static void refill(struct lanes *l, struct message **m, unsigned n, unsigned *next)
{
	for (unsigned i = 0; i < l->width; i++) {
		while (l->in[i] && !supply(l->in[i])) {
			give(move_out(l, i));
			if (*next < n)
				move_in(l, i, m[(*next)++]);
		}
	}
}

static void run_lanes(struct lanes *l)
{
	const uint8_t *p[SHA256_LANES], *any = NULL;
	size_t blocks = SIZE_MAX;

	for (unsigned i = 0; i < l->width; i++) {
		if (!l->in[i])
			continue;
		any = l->in[i]->run;
		if (l->in[i]->blocks < blocks)
			blocks = l->in[i]->blocks;
	}
	for (unsigned i = 0; i < l->width; i++)
		p[i] = l->in[i] ? l->in[i]->run : any;
	if (l->width == SHA256_LANES)
		sha256_avx512_all(l->h, p, blocks);
	else
		sha256_avx512_half(l->h, p, blocks);
	for (unsigned i = 0; i < l->width; i++)
		if (l->in[i])
			consume(l->in[i], blocks);
}

/* Those that are left, under way, come to stand at the beginning of m; how many they are. */
static unsigned by_lanes(struct message **m, unsigned n, unsigned width, unsigned least)
{
	struct lanes l = {.width = width};
	unsigned next = 0, left = 0;

	if (n < least)
		return n;
	for (; next < n && next < width; next++)
		move_in(&l, next, m[next]);
	for (refill(&l, m, n, &next); l.used >= least; refill(&l, m, n, &next))
		run_lanes(&l);
	for (unsigned i = 0; i < width; i++)
		if (l.in[i])
			m[left++] = move_out(&l, i);
	return left;
}

/* --- all of them ------------------------------------------------------------------------ */

bool hash_many_pays(void)
{
	return sha256_avx512_there();
}

static void some(struct hash_message *of, unsigned n)
{
	struct message m[AT_ONCE], *order[AT_ONCE];

	for (unsigned i = 0; i < n; i++) {
		begin(&m[i], &of[i]);
		order[i] = &m[i];
	}
	if (sha256_avx512_there()) {
		n = by_lanes(order, n, SHA256_LANES, ALL_LEAST);
		n = by_lanes(order, n, SHA256_LANES / 2, sha256_ni_there() ? HALF_LEAST : 1);
	}
	by_twos(order, n);
}

void hash_many(struct hash_message *m, unsigned n)
{
	bool here = sha256_ni_there() || sha256_avx512_there();

	for (unsigned i = 0; !here && i < n; i++)
		hash_ranges(m[i].base, m[i].range, m[i].ranges, &m[i].hash);
	for (unsigned i = 0; here && i < n; i += AT_ONCE)
		some(m + i, n - i < AT_ONCE ? n - i : AT_ONCE);
}
