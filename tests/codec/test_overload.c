/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "codec/overload.h"

#define MS 1000

static struct overload overload;
static int64_t now, backlog_us;  /* the clock; how much work waits */

/*
 * Pictures every 40 ms for some seconds, each so many milliseconds of work at 0 steps; each step halves it. The last step that
 * was taken comes back.
 */
static unsigned run(int64_t ms, unsigned work_ms, unsigned max)
{
	unsigned steps = overload.steps;

	for (int64_t t = 0; t < ms; t += 40) {
		int64_t from = now, work = (int64_t)work_ms * MS >> steps, late;

		backlog_us += work - 40 * MS;
		late = backlog_us > 0 ? backlog_us : 0;
		backlog_us = late > 1000 * MS ? 0 : late;  /* what the pump leaves out */
		now += late ? 40 * MS : work;
		steps = overload_worked(&overload, from, now, late, max);
		now = from + 40 * MS;
	}
	return steps;
}

static void setup(void)
{
	overload = (struct overload){0};
	now = 5000000000;
	backlog_us = 0;
}

TestSuite(overload, .init = setup);

Test(overload, gives_up_nothing_while_in_time)
{
	cr_assert_eq(run(60000, 39, 4), 0);
}

Test(overload, gives_up_step_by_step_and_no_more_than_need_be)
{
	/* 100 ms of work for 40: a quarter of the rate is in time, half is not. */
	cr_assert_eq(run(1500, 100, 4), 1);
	cr_assert_eq(run(1000, 100, 4), 1);
	cr_assert_eq(run(3000, 100, 4), 2);
	cr_assert_eq(overload.steps, 2);
	/* Too much whatever is given up: it ends at the last one. */
	cr_assert_eq(run(60000, 4000, 4), 4);
}

Test(overload, takes_steps_no_faster_than_they_show_what_they_do)
{
	int64_t began = now, last = now;
	unsigned steps = 0;

	while (steps < 4) {
		unsigned next = run(40, 100000, 4);

		if (next != steps) {
			cr_assert_eq(next, steps + 1);
			if (steps)
				cr_assert_geq(now - last, OVERLOAD_CALM_US);
			last = now;
			steps = next;
		}
		cr_assert_lt(now - began, 60000 * MS);
	}
}

Test(overload, takes_back_one_at_a_time_when_there_is_room)
{
	unsigned steps = run(5000, 200, 4);

	cr_assert_geq(steps, 2);
	cr_assert_eq(run(8000, 4, 4), steps, "not before patience is over");
	cr_assert_eq(run(4000, 4, 4), steps - 1);
	cr_assert_eq(run(35000, 4, 4), 0);
}

Test(overload, takes_nothing_back_without_room)
{
	run(10000, 100, 4);
	cr_assert_eq(overload.steps, 2);
	/* 25 ms of 40 with what is given up: more than OVERLOAD_ROOM. */
	cr_assert_eq(run(120000, 100, 4), 2);
}

Test(overload, grows_patient_when_it_flaps)
{
	int64_t last = 0, gap = 0, longest = 0;
	unsigned steps = 0, changes = 0;

	/* Half the rate leaves room, all of it is too much: 44 ms of work for 40. */
	for (unsigned i = 0; i < 60 * 60 * 25; i++) {
		unsigned next = run(40, 44, 4);

		if (next < steps) {
			gap = last ? now - last : 0;
			longest = gap > longest ? gap : longest;
			last = now;
			changes++;
		}
		steps = next;
	}
	cr_assert_leq(changes, 20, "%u times in an hour", changes);
	cr_assert_geq(longest, OVERLOAD_PATIENCE_MAX_US / 2);
	/* And forgiven once it has held. */
	run(2 * OVERLOAD_PATIENCE_MAX_US / MS, 4, 4);
	run(2 * OVERLOAD_PATIENCE_MAX_US / MS, 4, 4);
	cr_assert_eq(overload.steps, 0);
	cr_assert_eq(overload.patience_us, OVERLOAD_PATIENCE_US);
}

Test(overload, follows_what_there_is_to_give_up)
{
	run(60000, 4000, 4);
	cr_assert_eq(overload.steps, 4);
	cr_assert_eq(run(40, 4, 2), 2);
	cr_assert_eq(run(40, 4, 0), 0);
}
