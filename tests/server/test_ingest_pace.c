/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "server/ingest_pace.h"

#define LEAST INGEST_PACE_LEAST_US
#define MOST INGEST_PACE_MOST_US

static struct ingest_pace p;
static int64_t now_us;

static void setup(void)
{
	now_us = 5000000;
	ingest_pace_init(&p);
	ingest_pace_next(&p, now_us);
}

TestSuite(ingest_pace, .init = setup);

static uint32_t after_s(unsigned s)
{
	uint32_t us = 0;

	for (int64_t end_us = now_us + s * 1000000ll; now_us < end_us; now_us += us)
		us = ingest_pace_next(&p, now_us);
	return us;
}

Test(ingest_pace, slows_down_while_nobody_fills_a_window)
{
	cr_assert_lt(after_s(1), MOST);
	cr_assert_eq(after_s(10), MOST);
	ingest_pace_took(&p, INGEST_PACE_FULL_BYTES - 1);
	cr_assert_eq(ingest_pace_next(&p, now_us), MOST);
}

Test(ingest_pace, comes_back_at_once_to_a_camera_that_sends_much)
{
	after_s(10);
	ingest_pace_took(&p, INGEST_PACE_FULL_BYTES);
	cr_assert_eq(ingest_pace_next(&p, now_us), LEAST);
	cr_assert_eq(ingest_pace_next(&p, now_us + LEAST), MOST / 2);
	for (int i = 0; i < 10; i++) {
		ingest_pace_took(&p, 10 * INGEST_PACE_FULL_BYTES);
		cr_assert_eq(ingest_pace_next(&p, now_us), LEAST);
	}
	cr_assert_eq(ingest_pace_next(&p, now_us), LEAST);
	cr_assert_eq(after_s(10), MOST);
}

/* What comes between two rounds stays below what a window holds. */
Test(ingest_pace, keeps_up_with_any_camera_that_a_window_can_hold)
{
	for (unsigned mbps = 1; mbps <= 60; mbps++) {
		unsigned most = 0;

		setup();
		for (uint32_t us = LEAST; now_us < 60000000; now_us += us) {
			unsigned bytes = us * mbps / 8;

			most = bytes > most ? bytes : most;
			ingest_pace_took(&p, bytes);
			us = ingest_pace_next(&p, now_us);
		}
		cr_assert_leq(most, 2 * INGEST_PACE_FULL_BYTES, "%u Mb/s: %u bytes", mbps, most);
	}
}

Test(ingest_pace, waits_for_no_conversation)
{
	after_s(10);
	p.quick = 1;
	cr_assert_eq(ingest_pace_next(&p, now_us), LEAST);
	p.quick = 0;
	cr_assert_eq(ingest_pace_next(&p, now_us), MOST);
}

Test(ingest_pace, leaves_datagrams_alone_as_long_as_the_smallest_socket_holds_them)
{
	static const struct { uint32_t room, us; } rows[] = {
		{4 << 20, MOST}, {2 << 20, (2 << 20) / 41}, {425984, 425984 / 41}, {2 << 20, 425984 / 41}, {100000, LEAST}, {0, LEAST},
	};

	after_s(10);
	p.datagrams = 1;
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		ingest_pace_room(&p, rows[i].room);
		cr_assert_eq(ingest_pace_next(&p, now_us), rows[i].us, "%u bytes: %u us", rows[i].room, ingest_pace_next(&p, now_us));
	}
	p.datagrams = 0;
	cr_assert_eq(ingest_pace_next(&p, now_us), MOST);
}
