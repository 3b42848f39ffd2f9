/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "server/watch_book.h"

#define S 1000000ll

static const struct watch_pace pace = {.interval_us = 300 * S, .idle_us = 30 * S};
static struct watch_book b;

static void init(void)
{
	memset(&b, 0, sizeof b);
}

TestSuite(watch_book, .init = init);

static void add(unsigned user, unsigned camera, uint64_t number, const char *address, int64_t at_us)
{
	struct msg_viewing m = {.user = (uint16_t)user, .camera = (uint16_t)camera, .renditions = (uint16_t)(1u << number % 2), .by = (uint8_t)(1u << number % 3),
		.from_number = number, .to_number = number, .bytes = 100, .from_us = at_us, .to_us = at_us};

	snprintf(m.address, sizeof m.address, "%s", address);
	watch_book_add(&b, &m, at_us);
}

static unsigned told(int64_t at_us, bool all, struct msg_viewing *last)
{
	unsigned n = 0;

	while (watch_book_next(&b, at_us, &pace, all, last))
		n++;
	return n;
}

Test(watch_book, gathers_what_one_had_of_one_camera)
{
	struct msg_viewing m;

	add(3, 7, 12, "192.0.2.1", 10 * S);
	add(3, 7, 11, "192.0.2.1", 12 * S);
	add(3, 7, 15, "192.0.2.1", 14 * S);
	cr_assert_eq(told(43 * S, false, &m), 0, "something came less than half a minute ago");
	cr_assert_eq(told(44 * S, false, &m), 1);
	cr_expect(m.user == 3 && m.camera == 7 && m.renditions == 3 && m.by == 5 && m.bytes == 300);
	cr_expect(m.from_number == 11 && m.to_number == 15 && m.from_us == 10 * S && m.to_us == 14 * S);
	cr_expect_str_eq(m.address, "192.0.2.1");
	cr_assert_eq(told(1000 * S, true, &m), 0);
}

Test(watch_book, several_addresses_are_none)
{
	struct msg_viewing m;

	add(3, 7, 12, "192.0.2.1", 1 * S);
	add(3, 7, 12, "192.0.2.2", 1 * S);
	cr_assert_eq(told(2 * S, true, &m), 1);
	cr_expect_str_eq(m.address, "-");
}

Test(watch_book, tells_once_in_an_interval_whoever_comes_and_goes)
{
	struct msg_viewing m;
	unsigned lines = 0;

	for (int64_t t = 1; t <= 3000; t++) {
		if (t % 40 == 0)
			add(1, 1, 5, "-", t * S);
		lines += told(t * S, false, &m);
	}
	cr_expect_geq(lines, 9);
	cr_expect_leq(lines, 11, "%u", lines);
}

Test(watch_book, a_long_watch_is_told_at_each_interval)
{
	struct msg_viewing m;
	unsigned lines = 0;

	for (int64_t t = 1; t <= 1204; t++) {
		add(1, 1, (uint64_t)t, "-", t * S);
		lines += told(t * S, false, &m);
	}
	cr_expect_eq(lines, 4);
	cr_expect(m.to_number == 1204 && m.from_number == 904, "%llu", (unsigned long long)m.from_number);
}

/* One who has everything costs no other his place; what finds none is still told, of its camera. */
Test(watch_book, gives_no_user_all_places)
{
	static unsigned of_user[3];
	struct msg_viewing m;

	for (unsigned i = 0; i < SITE_CAMERAS_MAX; i++)
		add(0, i, 1, "-", S);
	add(1, 999, 1, "-", S);
	while (watch_book_next(&b, 2 * S, &pace, true, &m))
		of_user[m.user == MSG_LOGIN_NOBODY ? 2 : m.user]++;
	cr_expect(of_user[0] == WATCH_BOOK_USER_PLACES && of_user[1] == 1 && of_user[2] == SITE_CAMERAS_MAX - WATCH_BOOK_USER_PLACES, "%u %u %u", of_user[0],
		of_user[1], of_user[2]);
}

Test(watch_book, is_bounded_and_its_places_come_free_again)
{
	struct msg_viewing m;
	uint64_t bytes = 0;

	for (int64_t round = 0; round < 5; round++) {
		unsigned nobody = 0;
		int64_t at_us = (1 + round * 1000) * S;

		for (unsigned i = 0; i < 2 * WATCH_BOOK_PLACES; i++)
			add(i % 500, i / 500, 1, "-", at_us);
		bytes = 0;
		while (watch_book_next(&b, at_us, &pace, true, &m)) {
			bytes += m.bytes;
			nobody += m.user == MSG_LOGIN_NOBODY;
		}
		cr_expect_eq(bytes, 2 * WATCH_BOOK_PLACES * 100ull, "round %lld", (long long)round);
		cr_expect_eq(nobody, 3, "%u cameras for those who found no place", nobody);
		cr_assert_eq(told(at_us + 301 * S, false, &m), 0);
	}
}

Test(watch_book, bytes_end_at_what_an_entry_can_say)
{
	struct msg_viewing m = {.user = 1, .camera = 1, .renditions = 1, .by = 1, .from_number = 1, .to_number = 1, .bytes = MSG_VIEWING_BYTES_MAX - 1, .address = "-"};

	watch_book_add(&b, &m, S);
	watch_book_add(&b, &m, S);
	cr_assert_eq(told(2 * S, true, &m), 1);
	cr_expect_eq(m.bytes, MSG_VIEWING_BYTES_MAX);
}
