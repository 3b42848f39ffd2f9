/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "server/login_book.h"

#define MINUTE 60000000ll

static struct login_book b;

static void add(uint16_t user, const char *address, bool accepted, uint32_t count)
{
	struct msg_login m = {.user = user, .accepted = accepted, .count = count};

	snprintf(m.address, sizeof m.address, "%s", address);
	login_book_add(&b, &m);
}

/* How many lines are due then, and the times in them. */
static unsigned due(int64_t at_us, bool all, uint64_t *ret_count)
{
	struct msg_login m;
	unsigned n = 0;

	*ret_count = 0;
	for (; login_book_next(&b, at_us, MINUTE, all, &m); n++)
		*ret_count += m.count;
	return n;
}

Test(login_book, tells_the_first_at_once_and_then_one_in_an_interval)
{
	uint64_t count;
	struct msg_login m;

	b = (struct login_book){0};
	add(3, "192.0.2.7", true, 1);
	cr_assert(login_book_next(&b, 1000, MINUTE, false, &m));
	cr_expect(m.user == 3 && m.accepted && m.count == 1);
	cr_expect_str_eq(m.address, "192.0.2.7");
	add(3, "192.0.2.7", true, 4);
	add(3, "192.0.2.7", true, 5);
	cr_expect_eq(due(2000, false, &count), 0);
	cr_expect_eq(due(MINUTE + 1000, false, &count), 1);
	cr_expect_eq(count, 9);
	cr_expect_eq(due(3 * MINUTE, false, &count), 0);
	add(3, "192.0.2.7", true, 1);
	cr_expect_eq(due(3 * MINUTE, false, &count), 1, "after a while of silence the next is told at once again");
}

Test(login_book, keeps_users_addresses_and_results_apart)
{
	uint64_t count;

	b = (struct login_book){0};
	add(3, "192.0.2.7", true, 1);
	add(3, "192.0.2.7", false, 1);
	add(4, "192.0.2.7", true, 1);
	add(3, "192.0.2.8", true, 1);
	cr_expect_eq(due(1000, false, &count), 4);
}

Test(login_book, bounds_what_a_crowd_can_make_it_tell)
{
	uint64_t count;
	char address[MSG_ADDRESS];
	struct msg_login m;
	unsigned lines = 0;
	uint64_t told = 0;

	b = (struct login_book){0};
	for (unsigned second = 0; second < 60; second++) {
		for (unsigned i = 0; i < 1000; i++) {
			snprintf(address, sizeof address, "2001:db8::%x:%x", second + 1, i + 1);
			add(MSG_LOGIN_NOBODY, address, false, 2);
		}
		lines += due((second + 1) * 1000000, false, &count);
		told += count;
	}
	cr_expect_eq(lines, LOGIN_BOOK_REFUSED + 1, "%u", lines);
	add(1, "192.0.2.7", true, 1);
	cr_assert(login_book_next(&b, 60500000, MINUTE, false, &m));
	cr_expect(m.accepted && m.user == 1 && !strcmp(m.address, "192.0.2.7"), "who came in meanwhile is named");
	told += m.count;
	cr_expect_eq(due(60500000, true, &count), 1, "the rest of the refused");
	cr_expect_eq(told + count, 60 * 1000 * 2 + 1, "nobody is forgotten");
	add(MSG_LOGIN_NOBODY, "192.0.2.9", false, UINT32_MAX);
	add(MSG_LOGIN_NOBODY, "192.0.2.9", false, 7);
	while (login_book_next(&b, 10 * MINUTE, MINUTE, false, &m))
		cr_expect_eq(m.count, UINT32_MAX);
}
