/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "seal/hash_many.h"
#include "seal/x86/sha256_avx512.h"
#include "seal/x86/sha256_ni.h"

#define SIZE 70000u

static uint8_t bytes[SIZE];

static void fill(void)
{
	uint32_t x = 1;

	for (size_t i = 0; i < SIZE; i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(x >> 24);
	}
}

TestSuite(hash_many, .init = fill);

/* By OpenSSL, over a copy of the ranges one behind the other. */
static void truth(size_t n, const struct hash_range *range, unsigned ranges, struct hash *whole, struct hash *parts)
{
	static uint8_t joined[2 * SIZE];
	size_t len = 0;

	for (unsigned i = 0; i < ranges; i++) {
		memcpy(joined + len, bytes + range[i].at, range[i].len);
		len += range[i].len;
	}
	hash_bytes(bytes, n, whole);
	hash_bytes(joined, len, parts);
}

static void check(size_t n, const struct hash_range *range, unsigned ranges)
{
	struct hash_range all = {0, (uint32_t)n};
	struct hash_message m[] = {{.base = bytes, .range = &all, .ranges = 1}, {.base = bytes, .range = range, .ranges = ranges}};
	struct hash whole, parts, got_ranges;

	truth(n, range, ranges, &whole, &parts);
	hash_many(m, 2);
	hash_ranges(bytes, range, ranges, &got_ranges);
	cr_assert(hash_same(&whole, &m[0].hash), "the whole of %zu", n);
	cr_assert(hash_same(&parts, &m[1].hash), "%u ranges of %zu", ranges, n);
	cr_assert(hash_same(&parts, &got_ranges), "%u ranges of %zu, one after the other", ranges, n);
}

Test(hash_many, any_lengths_around_a_block)
{
	for (uint32_t n = 0; n < 200; n++)
		for (uint32_t len = 0; len <= n; len += 1 + n / 40)
			check(n, &(struct hash_range){n - len, len}, 1);
	check(100, NULL, 0);
}

Test(hash_many, ranges_that_meet_anywhere_in_a_block)
{
	struct hash_range range[64];

	for (uint32_t head = 0; head < 300; head += 7) {
		for (uint32_t part = 1; part < 1000; part += 61) {
			uint32_t at = 0;
			unsigned n = 0;

			for (; n < 64 && at + head + part <= SIZE; at += head + part)
				range[n++] = (struct hash_range){at + head, part};
			check(at, range, n);
		}
	}
}

Test(hash_many, a_segment_with_the_heads_of_its_parts_left_out)
{
	static const struct hash_range range[] = {{512, 20000}, {20912, 17001}, {37913, 0}, {38400, 31600}};

	check(SIZE, range, 4);
	check(SIZE, range, 1);
	check(SIZE, range + 2, 1);
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t n = (uint32_t)(bytes[i] << 8 | bytes[i + 1000]) % SIZE, at = (uint32_t)bytes[i + 2000] % (n + 1);

		check(n, &(struct hash_range){at, n - at}, 1);
	}
}

Test(hash_many, two_messages_of_one_block_are_those_of_the_standard)
{
	static const uint8_t abc[64] = {'a', 'b', 'c', 0x80, [63] = 24}, empty[64] = {0x80};
	static const uint32_t begin[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	uint32_t a[8], b[8];

	if (!sha256_ni_there())
		cr_skip_test("this CPU has no SHA extensions");
	memcpy(a, begin, sizeof a);
	memcpy(b, begin, sizeof b);
	sha256_ni_two(a, abc, b, empty, 1);
	cr_assert(a[0] == 0xba7816bf && a[7] == 0xf20015ad);
	cr_assert(b[0] == 0xe3b0c442 && b[7] == 0x7852b855);
}

/* As many as there may be, so that lanes are taken over, left idle, and their messages finished in another way. */
Test(hash_many, any_number_of_messages_of_any_lengths)
{
	enum { MOST = 150 };
	static struct hash_range range[MOST][3];
	static struct hash_message m[MOST];

	for (unsigned n = 0; n <= MOST; n += n < 40 ? 1 : 37) {
		for (unsigned i = 0; i < n; i++) {
			uint32_t len = (uint32_t)(bytes[n * 7 + i] << 6 | bytes[n + i]) % (SIZE / 4);

			range[i][0] = (struct hash_range){i * 3, len};
			range[i][1] = (struct hash_range){i * 5 + 1, i % 3 ? len / 2 : 0};
			range[i][2] = (struct hash_range){i + len, bytes[i]};
			m[i] = (struct hash_message){.base = bytes, .range = range[i], .ranges = i % 4};
		}
		hash_many(m, n);
		for (unsigned i = 0; i < n; i++) {
			struct hash wanted;

			hash_ranges(bytes, range[i], i % 4, &wanted);
			cr_assert(hash_same(&wanted, &m[i].hash), "message %u of %u", i, n);
		}
	}
}

static void check_lanes(void (*compress)(uint32_t h[8][SHA256_LANES], const uint8_t *const *p, size_t n), unsigned lanes)
{
	static const uint8_t abc[64] = {'a', 'b', 'c', 0x80, [63] = 24}, empty[64] = {0x80};
	static const uint32_t begin[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	uint32_t h[8][SHA256_LANES];
	const uint8_t *p[SHA256_LANES];

	for (unsigned i = 0; i < SHA256_LANES; i++) {
		p[i] = i < lanes ? i % 3 ? abc : empty : NULL;
		for (unsigned k = 0; k < 8; k++)
			h[k][i] = begin[k];
	}
	compress(h, p, 1);
	for (unsigned i = 0; i < SHA256_LANES; i++) {
		cr_assert_eq(h[0][i], i >= lanes ? begin[0] : i % 3 ? 0xba7816bfu : 0xe3b0c442u, "lane %u of %u", i, lanes);
		cr_assert_eq(h[7][i], i >= lanes ? begin[7] : i % 3 ? 0xf20015adu : 0x7852b855u, "lane %u of %u", i, lanes);
	}
}

Test(hash_many, lanes_of_one_block_are_those_of_the_standard)
{
	if (!sha256_avx512_there())
		cr_skip_test("this CPU has no AVX-512");
	check_lanes(sha256_avx512_all, SHA256_LANES);
	check_lanes(sha256_avx512_half, SHA256_LANES / 2);
}
