/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "server/parent.h"

/* Two ingests for two cameras, two serves, a worker for camera 0; each role a process that only sleeps. */
static const struct { enum role_kind kind; unsigned index; } places[] = {
	{ROLE_SIGN, 0}, {ROLE_STORE, 0}, {ROLE_INGEST, 0}, {ROLE_INGEST, 1}, {ROLE_SERVE, 0}, {ROLE_SERVE, 1}, {ROLE_TRANSCODE, 0}};
#define PLACES (sizeof places / sizeof *places)

static struct site site;
static struct site_camera site_camera[2];
static struct parent p;
static struct child child[PLACES];
static struct camera_live camera[2];

static void setup(void)
{
	site = (struct site){.camera = site_camera, .ncameras = 2, .nusers = 2, .ingest_processes = 2, .serve_processes = 2};
	p = (struct parent){.site = &site, .base = event_base_new(), .child = child, .nchildren = PLACES, .camera = camera};
	for (unsigned i = 0; i < 2; i++)
		camera[i] = (struct camera_live){.parent = &p, .index = i, .dial_fd = -1};
	for (unsigned i = 0; i < PLACES; i++) {
		child[i] = (struct child){.parent = &p, .kind = places[i].kind, .index = places[i].index, .phase = CHILD_READY, .log_fd = -1};
		child[i].pid = fork();
		cr_assert_geq(child[i].pid, 0);
		while (child[i].pid == 0)
			pause();
	}
}

static void teardown(void)
{
	for (unsigned i = 0; i < PLACES; i++) {
		kill(child[i].pid, SIGKILL);
		waitpid(child[i].pid, NULL, 0);
	}
	event_base_free(p.base);
}

TestSuite(parent, .init = setup, .fini = teardown, .timeout = 30);

static struct child *role(enum role_kind kind, unsigned index)
{
	return parent_child(&p, kind, index);
}

static void hear(struct child *c, enum msg_type type, const union msg_body *m)
{
	const struct channel_answer *a = parent_answers;
	int fds[MSG_FDS_MAX] = {-1, -1, -1, -1};

	cr_assert(roles_may_say(c->kind, ROLE_PARENT, type, 0));
	while (a->type != type)
		cr_assert_neq((a++)->type, MSG_NONE);
	a->answer(c, NULL, m, fds);
}

Test(parent, has_no_role_ended_at_the_word_of_one_that_is_trusted_less)
{
	static const struct { enum role_kind who, whom; bool dies; } words[] = {
		{ROLE_STORE, ROLE_INGEST, true}, {ROLE_STORE, ROLE_TRANSCODE, true}, {ROLE_STORE, ROLE_SERVE, true}, {ROLE_STORE, ROLE_SIGN, true},
		{ROLE_SIGN, ROLE_STORE, true}, {ROLE_SIGN, ROLE_SERVE, false}, {ROLE_SERVE, ROLE_STORE, false}, {ROLE_SERVE, ROLE_SIGN, false},
		{ROLE_SERVE, ROLE_INGEST, false}};

	for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
		struct child *who = role(words[i].who, 0), *whom = role(words[i].whom, 0);
		union msg_body m = {.bad_peer = {.role = (uint8_t)words[i].whom, .why = "a lie"}};

		who->killed = whom->killed = false;
		hear(who, MSG_BAD_PEER, &m);
		cr_assert_eq(whom->killed, words[i].dies, "%s of %s", role_kind_name(who->kind), role_kind_name(whom->kind));
		cr_assert_eq(who->killed, !words[i].dies, "%s of %s", role_kind_name(who->kind), role_kind_name(whom->kind));
	}
	cr_assert(!roles_may_say(ROLE_TRANSCODE, ROLE_PARENT, MSG_BAD_PEER, 0));
	cr_assert(!roles_may_say(ROLE_INGEST, ROLE_PARENT, MSG_BAD_PEER, 0));
}
