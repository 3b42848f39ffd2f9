/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accounts of time: opened, closed, owed up to the end of a run and of the log. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "archive.h"

#define S INT64_C(1000000)
#define T ARCHIVE_T0

static struct archive *a;

static void set_up(void)
{
	a = archive_new("site.example");
	archive_start(a, T);
}

static void tear_down(void) { archive_free(&a); }

TestSuite(verify_account, .init = set_up, .fini = tear_down);

/* How much of the camera's time nobody accounts for, in seconds; 0: the archive is clean. */
static int64_t owed(const char *camera)
{
	struct verify_report *r;
	int64_t us = 0;

	archive_publish(a);
	r = archive_verify(a, NULL, true);
	cr_assert(r->nproblems == 0 || camera, "%s", archive_explain(r));
	for (uint64_t i = 0; i < r->nproblems; i++) {
		cr_assert_eq(r->problem[i].kind, VERIFY_UNACCOUNTED, "%s", archive_explain(r));
		cr_assert_str_eq(r->problem[i].camera, camera);
		us += r->problem[i].to_us - r->problem[i].from_us;
	}
	verify_free(&r);
	return us / S;
}

Test(verify_account, is_owed_up_to_the_stop)
{
	archive_gap(a, "gate", T, T, "starting");
	archive_gap(a, "gate", T, T + 60 * S, "unreachable");
	archive_stop(a, T + 60 * S);
	cr_expect_eq(owed(NULL), 0);
	archive_start(a, T + 90 * S);
	archive_gap(a, "gate", T + 60 * S, T + 90 * S, "not-running");
	archive_segment(a, "gate", "copy", 1, T + 90 * S, true);
	archive_stop(a, T + 99 * S);
	cr_expect_eq(owed("gate"), 7);
}

Test(verify_account, of_a_camera_that_is_never_heard_of_again)
{
	archive_gap(a, "gate", T, T, "starting");
	archive_gap(a, "yard", T, T, "starting");
	archive_start(a, T + 50 * S);
	archive_gap(a, "yard", T, T + 50 * S, "crashed");
	archive_gap(a, "yard", T + 50 * S, T + 80 * S, "silent");
	archive_stop(a, T + 80 * S);
	cr_expect_eq(owed("gate"), 80);
}

Test(verify_account, of_a_camera_that_the_log_never_opened_ends_with_its_last_entry)
{
	archive_segment(a, "gate", "copy", 1, T, true);
	archive_stop(a, T + 80 * S);
	cr_expect_eq(owed(NULL), 0);
}

Test(verify_account, ends_where_the_camera_was_removed_and_goes_on_when_it_comes_back)
{
	archive_gap(a, "gate", T, T, "starting");
	archive_gap(a, "gate", T, T + 10 * S, "refused");
	archive_gap(a, "gate", T + 10 * S, T + 10 * S, "removed");
	archive_stop(a, T + 20 * S);
	cr_expect_eq(owed(NULL), 0);
	archive_start(a, T + 30 * S);
	archive_gap(a, "gate", T + 10 * S, T + 40 * S, "removed");
	archive_stop(a, T + 45 * S);
	cr_expect_eq(owed("gate"), 5);
}

Test(verify_account, of_a_clock_that_was_set_back_begins_anew)
{
	archive_gap(a, "gate", T, T, "starting");
	archive_gap(a, "gate", T, T + 100 * S, "refused");
	archive_gap(a, "gate", T + 50 * S, T + 50 * S, "clock-step");
	archive_gap(a, "gate", T + 70 * S, T + 80 * S, "refused");
	archive_stop(a, T + 80 * S);
	cr_expect_eq(owed("gate"), 20);
}

Test(verify_account, of_a_log_that_goes_on_may_wait_ten_minutes)
{
	archive_gap(a, "gate", T, T, "starting");
	archive_gap(a, "yard", T, T, "starting");
	archive_gap(a, "yard", T, T + 600 * S, "silent");
	cr_expect_eq(owed(NULL), 0);
	archive_gap(a, "yard", T + 600 * S, T + 601 * S, "silent");
	cr_expect_eq(owed("gate"), 601);
}
