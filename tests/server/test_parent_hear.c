/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which roles the parent hears, and which it ends for what they say or do not say. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "server/parent.h"

static struct site site;
static struct parent p;
static struct child child[2];  /* store, serve */
static struct camera_live camera;

static void setup(void)
{
	site = (struct site){.ncameras = 0, .ingest_processes = 1, .serve_processes = 2};
	p = (struct parent){.site = &site, .base = event_base_new(), .child = child, .nchildren = 2, .camera = &camera};
	for (unsigned i = 0; i < 2; i++) {
		child[i] = (struct child){.parent = &p, .kind = i ? ROLE_SERVE : ROLE_STORE, .phase = CHILD_READY, .log_fd = -1, .watch_fd = -1};
		child[i].pid = fork();
		cr_assert_geq(child[i].pid, 0);
		while (child[i].pid == 0)
			pause();
	}
}

static void teardown(void)
{
	for (unsigned i = 0; i < 2; i++) {
		kill(child[i].pid, SIGKILL);
		waitpid(child[i].pid, NULL, 0);
	}
	event_base_free(p.base);
}

TestSuite(parent_hear, .init = setup, .fini = teardown, .timeout = 30);

static void say(struct child *c, enum msg_type type)
{
	static union msg_body m;
	int fds[MSG_FDS_MAX] = {-1, -1, -1, -1};

	memset(&m, 0, sizeof m);
	parent_hear(c, NULL, type, &m, fds);
}

Test(parent_hear, ends_who_speaks_before_it_is_sealed)
{
	child[0].phase = CHILD_STARTING;
	say(&child[0], MSG_STORE_STATE);
	cr_assert(child[0].killed);
	cr_assert_str_eq(child[0].last_end, "spoke before it was sealed");
}

Test(parent_hear, hears_nothing_more_of_who_is_ended)
{
	p.store.entries = 7;
	child_kill(&child[0], "a reason");
	say(&child[0], MSG_STORE_STATE);
	cr_assert_eq(p.store.entries, 7);
}

/* Within a second, so it says as much as it can and the clock may turn over once. */
Test(parent_hear, ends_who_says_too_much)
{
	for (unsigned i = 0; i < 1000; i++)
		say(&child[0], MSG_STORE_STATE);
	cr_assert(!child[0].killed);
	for (unsigned i = 0; i < 1000000 && !child[0].killed; i++)
		say(&child[0], MSG_STORE_STATE);
	cr_assert(child[0].killed);
	cr_assert_str_eq(child[0].last_end, "says too much");
}

/* As its timer would call it. */
static void round_of_asking(void)
{
	event_active(p.asking, EV_TIMEOUT, 1);
	event_base_loop(p.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

static struct channel *ears[2];

static void give_channels(void)
{
	static const struct channel_answer none[] = {{MSG_NONE, NULL}};

	for (unsigned i = 0; i < 2; i++) {
		struct channel_ends ends = {.me = ROLE_PARENT, .peer = child[i].kind, .answers = none};
		int fd[2];

		cr_assert_eq(channel_pair(fd), 0);
		child[i].channel = channel_new(p.base, fd[0], &ends);
		ends = (struct channel_ends){.me = child[i].kind, .peer = ROLE_PARENT, .answers = none};
		ears[i] = channel_new(NULL, fd[1], &ends);
	}
	cr_assert_eq(parent_ask(&p), 0);
}

static void take_channels(void)
{
	event_free(p.asking);
	for (unsigned i = 0; i < 2; i++) {
		channel_free(&child[i].channel);
		channel_free(&ears[i]);
	}
}

Test(parent_hear, ends_who_answered_once_and_does_not_any_more)
{
	give_channels();
	for (unsigned i = 0; i < 20; i++) {
		round_of_asking();
		say(&child[0], MSG_HERE);
		say(&child[1], MSG_HERE);
	}
	cr_assert(!child[0].killed && !child[1].killed);
	for (unsigned i = 0; i < 20; i++) {
		cr_assert_eq(child[0].killed, i > 6, "after %u", i);
		round_of_asking();
		say(&child[1], MSG_HERE);
	}
	cr_assert(child[0].killed && !child[1].killed);
	cr_assert_str_eq(child[0].last_end, "does not answer");
	take_channels();
}

Test(parent_hear, waits_for_who_has_not_answered_yet)
{
	give_channels();
	for (unsigned i = 0; i < 100; i++)
		round_of_asking();
	cr_assert(!child[0].killed);
	take_channels();
}
