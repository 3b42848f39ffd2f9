/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "tests/server/parent_rig.h"

struct parent_rig rig;

static void begin_child(unsigned i, enum role_kind kind)
{
	struct child *c = &rig.child[i];
	struct channel_ends ends = {.me = ROLE_PARENT, .peer = kind, .answers = parent_answers, .ctx = c};
	int pair[2];

	*c = (struct child){.parent = &rig.p, .kind = kind, .phase = CHILD_READY, .log_fd = -1, .watch_fd = -1, .ring_in = -1,
		.pictures = true, .ring_in_bell = rig.bell[1], .ring_out = -1, .ring_out_bell = -1, .started_us = clock_mono_us()};
	cr_assert_eq(channel_pair(pair), 0);
	c->channel = channel_new(rig.p.base, pair[0], &ends);
	rig.ear[i] = pair[1];
	c->pid = fork();
	cr_assert_geq(c->pid, 0);
	while (c->pid == 0)
		pause();
}

void rig_begin(const enum role_kind *kind, unsigned n)
{
	cr_assert_leq(n, RIG_CHILDREN);
	rig.site = (struct site){.camera = rig.site_camera, .ncameras = 2, .ingest_processes = 1, .serve_processes = 1};
	rig.p = (struct parent){.site = &rig.site, .base = event_base_new(), .child = rig.child, .nchildren = n, .camera = rig.camera};
	cr_assert_eq(pipe2(rig.bell, O_CLOEXEC | O_NONBLOCK), 0);
	for (unsigned i = 0; i < 2; i++)
		rig.camera[i] = (struct camera_live){.parent = &rig.p, .index = i};
	rig.children = n;
	for (unsigned i = 0; i < n; i++)
		begin_child(i, kind[i]);
}

void rig_end(void)
{
	for (unsigned i = 0; i < RIG_CHILDREN + 1; i++) {
		struct child *c = &rig.child[i];

		if (c->pid > 0) {
			kill(c->pid, SIGKILL);
			waitpid(c->pid, NULL, 0);
		}
		if (i < rig.children)
			close(rig.ear[i]);
		channel_free(&c->channel);
		if (c->again)
			event_free(c->again);
		if (c->killer)
			event_free(c->killer);
	}
	close(rig.bell[0]);
	close(rig.bell[1]);
	event_base_free(rig.p.base);
	memset(&rig, 0, sizeof rig);
}

void rig_say(unsigned who, enum msg_type type, const void *body, size_t n)
{
	const struct channel_answer *a = parent_answers;
	int fds[MSG_FDS_MAX] = {-1, -1, -1, -1};
	static union msg_body m;

	cr_assert(roles_may_say(rig.child[who].kind, ROLE_PARENT, type, 0));
	memcpy(&m, body, n);
	while (a->type != type)
		cr_assert_neq((a++)->type, MSG_NONE);
	a->answer(&rig.child[who], NULL, &m, fds);
}

enum msg_type rig_heard(unsigned who, union msg_body *ret)
{
	static uint8_t packet[MSG_MAX];
	enum msg_type type;
	ssize_t n = recv(rig.ear[who], packet, sizeof packet, MSG_DONTWAIT);

	if (n <= 0)
		return MSG_NONE;
	cr_assert_eq(msg_decode(packet, (size_t)n, &type, ret), 0);
	return type;
}
