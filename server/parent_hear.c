/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a role is heard at all. It may be taken over or hang: it says nothing before it is sealed, not too much after, keeps its
 * channel for as long as it lives, and answers when it is asked. Who does not is ended and started again.
 */
#include <errno.h>

#include <event2/event.h>

#include "base/clock.h"
#include "server/parent.h"

#define SAYS_PER_S 5000           /* and for each camera: store tells of eleven renditions, all at the same tick */
#define SAYS_PER_CAMERA 50
#define ASK_S 5
#define UNANSWERED_MAX 6          /* half a minute, by as many rounds of our own: one that we sleep through does not count */
#define HUNG_UP_S 5               /* what ends by itself has long done so */

const struct channel_answer parent_hears[] = {{MSG_NONE, NULL}};

static bool says_too_much(struct child *c, enum msg_type type)
{
	int64_t second = clock_mono_us() / 1000000;

	if (type == MSG_WATCHED)  /* has a limit of its own */
		return false;
	if (second != c->heard_second)
		c->heard = 0;
	c->heard_second = second;
	return ++c->heard > SAYS_PER_S + SAYS_PER_CAMERA * c->parent->site->ncameras;
}

void parent_hear(void *ctx, struct channel *from, enum msg_type type, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const struct channel_answer *a = parent_answers;
	struct child *c = ctx;

	if (c->killed)
		return;
	while (a->type != type && a->type != MSG_NONE)
		a++;
	if (c->phase == CHILD_STARTING && type != MSG_READY)
		child_kill(c, "spoke before it was sealed");
	else if (says_too_much(c, type))
		child_kill(c, "says too much");
	else if (a->type == MSG_NONE)
		child_kill(c, "said what nobody answers");
	else
		a->answer(ctx, from, m, fds);
}

/* Nothing reaches it any more. Most often it has ended, and SIGCHLD tells how. */
void parent_hung_up(struct child *c)
{
	c->hung_up = true;
	if (c->phase != CHILD_STOPPING)
		event_add(c->killer, &(struct timeval){HUNG_UP_S, 0});
}

/* transcode has no loop that could answer: parent_worker.c looks at what it takes from its ring. */
static bool is_asked(const struct child *c)
{
	return c->phase == CHILD_READY && c->kind != ROLE_TRANSCODE && !c->killed;
}

/* A store that is new may read its archive for minutes: who has not answered yet is waited for. */
static void ask(struct child *c)
{
	if (!c->asked)
		c->asked = child_say(c, MSG_ASK, NULL, NULL, 0) == 0;
	else if (c->answers && ++c->unanswered >= UNANSWERED_MAX)
		child_kill(c, "does not answer");
}

static void on_ask(evutil_socket_t fd, short what, void *arg)
{
	struct parent *p = arg;

	for (unsigned i = 0; i < p->nchildren; i++)
		if (is_asked(&p->child[i]))
			ask(&p->child[i]);
	parent_witness_sweep(p);
	parent_certificate_sweep(p);
}

void parent_heard(struct child *c)
{
	c->answers = true;
	c->asked = false;
	c->unanswered = 0;
}

int parent_ask(struct parent *p)
{
	p->asking = event_new(p->base, -1, EV_PERSIST, on_ask, p);
	return p->asking && event_add(p->asking, &(struct timeval){ASK_S, 0}) == 0 ? 0 : -ENOMEM;
}
