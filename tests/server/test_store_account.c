/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether every second of every camera is in the log, whatever happens to cameras, to store and to the site file. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "store_rig.h"

#define COPY 1u

static struct rig r;
static unsigned wanted;

static void set_up(void) { rig_begin(&r); }
static void tear_down(void) { rig_end(&r); }

TestSuite(store_account, .init = set_up, .fini = tear_down, .timeout = 240);

static bool has_copies(struct rig *x) { return x->segments[0] == wanted; }
static bool has_begun(struct rig *x) { return x->state.entries > 0; }
static bool has_taken(struct rig *x) { return x->taken == wanted; }

static void begin(void)
{
	rig_start(&r);
	cr_assert(rig_until(&r, has_begun, 60000));
	cr_assert(rig_settle(&r));
}

static void say(enum msg_type type, const void *body)
{
	cr_assert_eq(channel_say(r.store.parent, type, body, NULL, 0), 0);
}

Test(store_account, begins_with_the_run_for_cameras_that_never_come)
{
	r.silent = 2;
	begin();
	cr_expect_eq(rig_count_entries(&r, "why starting"), 3);
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 0);
	begin();
	cr_expect_eq(rig_count_entries(&r, "camera silent-1\n"), 3, "its begin, up to the stop, up to the start");
	cr_expect_eq(rig_count_entries(&r, "why not-running"), 3);
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 0);
}

Test(store_account, goes_on_over_crashes)
{
	r.silent = 1;
	begin();
	rig_epoch(&r, clock_wall_us() - 5000000);
	rig_feed(&r, 3, COPY, 500);
	wanted = 3;
	cr_assert(rig_until(&r, has_copies, 60000));
	cr_assert(rig_settle(&r));
	for (unsigned i = 1; i <= 3; i++) {
		rig_kill_all(&r);
		begin();
		cr_expect_eq(rig_count_entries(&r, "why crashed"), 2 * i);
	}
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 3);
}

Test(store_account, ends_with_a_camera_that_the_site_file_lost_while_nothing_ran)
{
	r.silent = 1;
	begin();
	cr_assert_eq(rig_stop_store(&r), 0);
	r.silent = 0;
	begin();
	cr_expect_eq(rig_count_entries(&r, "camera silent-1\n"), 4);
	cr_expect_eq(rig_count_entries(&r, "why removed"), 1);
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 0);
	begin();
	cr_expect_eq(rig_count_entries(&r, "why removed"), 1, "once is enough");
	r.silent = 1;
	cr_assert_eq(rig_stop_store(&r), 0);
	begin();
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 0);
}

Test(store_account, begins_and_ends_with_a_camera_that_comes_and_goes)
{
	begin();
	say(MSG_STORE_CAMERA, &(struct msg_store_camera){.camera = 1, .name = "porch"});
	wanted = 1;
	cr_assert(rig_until(&r, has_taken, 60000));
	cr_assert(rig_settle(&r));
	cr_expect_eq(rig_count_entries(&r, "camera porch\n"), 1);
	say(MSG_CAMERA_GONE, &(struct msg_camera_gone){1});
	say(MSG_STORE_CAMERA, &(struct msg_store_camera){.camera = 1, .name = "porch"});
	wanted = 2;
	cr_assert(rig_until(&r, has_taken, 60000));
	cr_assert(rig_settle(&r));
	cr_expect_eq(rig_count_entries(&r, "why removed"), 2, "its end, and the time until it came back");
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 0);
}
