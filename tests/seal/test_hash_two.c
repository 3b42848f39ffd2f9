/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "seal/hash_two.h"
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

TestSuite(hash_two, .init = fill);

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
	struct hash whole, parts, got_whole, got_parts, got_ranges;

	truth(n, range, ranges, &whole, &parts);
	hash_two(bytes, n, range, ranges, &got_whole, &got_parts);
	hash_ranges(bytes, range, ranges, &got_ranges);
	cr_assert(hash_same(&whole, &got_whole), "the whole of %zu", n);
	cr_assert(hash_same(&parts, &got_parts), "%u ranges of %zu", ranges, n);
	cr_assert(hash_same(&parts, &got_ranges), "%u ranges of %zu, one after the other", ranges, n);
}

Test(hash_two, any_lengths_around_a_block)
{
	for (uint32_t n = 0; n < 200; n++)
		for (uint32_t len = 0; len <= n; len += 1 + n / 40)
			check(n, &(struct hash_range){n - len, len}, 1);
	check(100, NULL, 0);
}

Test(hash_two, ranges_that_meet_anywhere_in_a_block)
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

Test(hash_two, a_segment_with_the_heads_of_its_parts_left_out)
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

Test(hash_two, two_messages_of_one_block_are_those_of_the_standard)
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
