/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "base/crc32.h"

/* Bit by bit, as the standard has it. */
static uint32_t slowly(uint32_t before, const uint8_t *p, size_t n)
{
	uint32_t c = ~before;

	for (size_t i = 0; i < n; i++) {
		c ^= p[i];
		for (int b = 0; b < 8; b++)
			c = c >> 1 ^ (c & 1 ? 0xedb88320u : 0);
	}
	return ~c;
}

Test(crc32, gives_the_check_value)
{
	cr_assert_eq(crc32_add(0, "123456789", 9), 0xcbf43926u);
	cr_assert_eq(crc32_add(0, "", 0), 0);
}

Test(crc32, is_the_slow_one_at_every_length_and_cut)
{
	uint8_t p[64];

	for (size_t i = 0; i < sizeof p; i++)
		p[i] = (uint8_t)(i * 37 + 11);
	for (size_t n = 0; n <= sizeof p; n++)
		for (size_t cut = 0; cut <= n; cut++)
			cr_assert_eq(crc32_add(crc32_add(0, p, cut), p + cut, n - cut), slowly(0, p, n), "%zu cut at %zu", n, cut);
}
