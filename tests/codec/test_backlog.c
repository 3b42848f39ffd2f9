/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/backlog.h"

static struct backlog backlog;
static uint8_t *bytes;

static void setup(void)
{
	bytes = calloc(1, AU_MAX_BYTES);
	cr_assert_not_null(bytes);
	backlog_init(&backlog);
}

static void teardown(void)
{
	backlog_free(&backlog);
	free(bytes);
}

TestSuite(backlog, .init = setup, .fini = teardown);

/* n access units of that size, the first of them begins its segment; their dts count on. */
static int64_t clock_90k;

static void add(uint32_t segment, unsigned n, size_t len, bool key)
{
	for (unsigned i = 0; i < n; i++) {
		struct record_au r = {.epoch = 9, .segment = segment, .au = {.dts = clock_90k, .pts = clock_90k, .key = key && i == 0, .data = bytes, .len = len}};

		memset(bytes, (int)clock_90k, 8);
		cr_assert_eq(backlog_add(&backlog, &r, i == 0), 0);
		clock_90k++;
	}
}

static void check(int64_t first, unsigned n)
{
	cr_assert_eq(backlog.n, n, "%u are kept", backlog.n);
	for (unsigned i = 0; i < n; i++) {
		struct record_au r = backlog_get(&backlog, i, 9);

		cr_assert_eq(r.epoch, 9);
		cr_assert_eq(r.au.dts, first + i);
		cr_assert_eq(r.au.data[0], (uint8_t)(first + i), "its bytes are its own");
	}
}

Test(backlog, keeps_the_last_whole_segment_and_the_one_under_way)
{
	for (uint32_t s = 0; s < 5; s++) {
		add(s, 10, 100, true);
		check(s ? (s - 1) * 10 : 0, s ? 20 : 10);
		cr_assert_eq(backlog_whole(&backlog), s ? s - 1 : 0);
		cr_assert_eq(backlog_newest_start(&backlog), s ? 10 : 0);
	}
	add(5, 1, 100, true);
	check(40, 11);
	/* Numbers may be missing. */
	add(9, 1, 100, true);
	check(50, 2);
	cr_assert_eq(backlog_whole(&backlog), 5);
}

Test(backlog, goes_back_to_a_key_frame)
{
	add(0, 10, 100, true);
	for (uint32_t s = 1; s < 6; s++)
		add(s, 10, 100, false);
	check(0, 60);
	cr_assert_eq(backlog_whole(&backlog), 4);
	cr_assert_eq(backlog_newest_start(&backlog), 0);
	add(6, 10, 100, true);
	check(0, 70);
	add(7, 1, 100, false);
	check(60, 11);
}

Test(backlog, begins_with_a_key_frame_that_begins_a_segment)
{
	add(3, 10, 100, false);
	check(0, 0);
	/* A key frame in the midst of a segment is none to begin with. */
	add(4, 1, 100, false);
	cr_assert_eq(backlog_add(&backlog, &(struct record_au){.segment = 4, .au = {.key = true, .data = bytes, .len = 1}}, false), 0);
	check(0, 0);
	add(5, 2, 100, true);
	check(11, 2);
}

Test(backlog, never_holds_more_than_it_may)
{
	/* By number: the whole GOP goes, and nothing is kept until the next one. */
	add(0, BACKLOG_AUS_MAX, 10, true);
	check(0, BACKLOG_AUS_MAX);
	add(1, 5, 10, false);
	check(0, 0);
	add(2, 5, 10, true);
	check(BACKLOG_AUS_MAX + 5, 5);
	/* By bytes: three of the largest do not fit, the oldest start goes. */
	backlog_clear(&backlog);
	clock_90k = 0;
	add(3, 1, AU_MAX_BYTES - 1, true);
	add(4, 1, AU_MAX_BYTES - 1, true);
	check(0, 2);
	add(4, 1, AU_MAX_BYTES - 1, false);
	check(1, 2);
	for (unsigned i = 0; i < 40; i++) {
		add(5 + i, 3, AU_MAX_BYTES / 3, i % 3 == 0);
		cr_assert_leq(backlog.bytes.len, (size_t)BACKLOG_BYTES_MAX);
		cr_assert_leq(backlog.bytes.cap, (size_t)BACKLOG_BYTES_MAX);
	}
}
