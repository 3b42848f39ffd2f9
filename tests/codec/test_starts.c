/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "codec/starts.h"

static struct starts s;

/* A start of that many bytes, all of them the segment's number; what it came in is overwritten. */
static void add(uint32_t segment, size_t n, bool key)
{
	uint8_t *p = malloc(n);
	struct record_au au = {.epoch = 5, .segment = segment, .au = {.pts = segment * 90000, .key = key, .data = p, .len = n}};

	memset(p, (int)segment, n);
	starts_add(&s, &au);
	memset(p, 0, n);
	free(p);
}

static void check(unsigned n, const uint32_t *segments)
{
	cr_assert_eq(s.n, n, "%u are kept", s.n);
	for (unsigned i = 0; i < n; i++) {
		const struct record_au *au = &s.au[i];

		cr_assert(au->segment == segments[i] && au->epoch == 5 && au->au.pts == segments[i] * 90000 && au->au.key);
		for (size_t k = 0; k < au->au.len; k++)
			cr_assert_eq(au->au.data[k], segments[i]);
	}
}

Test(starts, keeps_copies_of_the_two_newest)
{
	starts_init(&s);
	check(0, NULL);
	for (uint32_t i = 1; i < 100; i++) {
		add(i, 1 + i * 7919 % 5000, true);
		check(i == 1 ? 1 : 2, i == 1 ? (uint32_t[]){1} : (uint32_t[]){i - 1, i});
	}
	starts_clear(&s);
	check(0, NULL);
	add(7, 100, true);
	check(1, (uint32_t[]){7});
	starts_free(&s);
	starts_free(&s);
}

Test(starts, what_cannot_be_begun_with_leaves_nothing)
{
	starts_init(&s);
	add(1, 10, true);
	add(2, 10, true);
	add(3, 10, false);
	check(0, NULL);
	add(4, 10, true);
	check(1, (uint32_t[]){4});
	add(5, START_BYTES_MAX, true);
	check(2, (uint32_t[]){4, 5});
	add(6, START_BYTES_MAX + 1, true);
	check(0, NULL);
	starts_free(&s);
}
