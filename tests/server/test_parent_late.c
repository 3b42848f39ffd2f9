/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long a role has until it is ready: longer after it was not, and by and by as long as before once it is again. */
#include <criterion/criterion.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <event2/event.h>

#include "tests/server/parent_rig.h"

static struct child *c;

static void setup(void)
{
	rig_begin((const enum role_kind[]){ROLE_STORE}, 1);
	for (unsigned i = 0; i < 2; i++)
		rig.site_camera[i].gone = true;
	c = parent_add_child(&rig.p, ROLE_INGEST, 0);
	cr_assert_not_null(c);
}

TestSuite(parent_late, .init = setup, .fini = rig_end, .timeout = 30);

/* A program that is none, so that nobody but the test says when it is ready. In seconds. */
static int starts_with(void)
{
	struct timeval now, at;

	child_start(c);
	cr_assert_eq(c->phase, CHILD_STARTING);
	cr_assert(event_pending(c->killer, EV_TIMEOUT, &at));
	gettimeofday(&now, NULL);
	timersub(&at, &now, &at);
	return (int)at.tv_sec + (at.tv_usec >= 500000);
}

static void ended(void)
{
	event_del(c->killer);
	child_log_close(c);
	channel_free(&c->channel);
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	c->pid = 0;
	c->killed = false;
	c->phase = CHILD_DOWN;
}

static void is_late(void)
{
	event_active(c->killer, EV_TIMEOUT, 1);
	event_base_loop(rig.p.base, EVLOOP_NONBLOCK);
	cr_expect(c->killed);
	ended();
}

static void is_ready_after(int64_t s)
{
	c->started_us -= s * 1000000;
	RIG_SAY(1, MSG_READY, (struct msg_ready){0});
	cr_assert_eq(c->phase, CHILD_READY);
	ended();
}

Test(parent_late, who_was_late_has_twice_as_long_until_it_is_well_in_time)
{
	static const int later[] = {15, 30, 60, 120, 120, 120};

	for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
		cr_expect_eq(starts_with(), later[i], "start %zu", i);
		is_late();
	}
	cr_expect_eq(starts_with(), 120);
	is_ready_after(100);
	cr_expect_eq(starts_with(), 120, "it needed them");
	is_ready_after(8);
	cr_expect_eq(starts_with(), 120, "nor was it well before the first one's end");
	is_ready_after(3);
	cr_expect_eq(starts_with(), 60);
	is_ready_after(0);
	cr_expect_eq(starts_with(), 30);
	is_late();
	cr_expect_eq(starts_with(), 60, "late again");
	is_ready_after(0);
	for (int i = 30; i >= 0; i -= 15) {
		cr_expect_eq(starts_with(), i > 15 ? 30 : 15);
		is_ready_after(0);
	}
}
