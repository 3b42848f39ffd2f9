/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The processes: started, watched, started again, stopped in order. */
#include "server/parent_change.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "server/become.h"
#include "server/role.h"
#include "server/sandbox.h"

#define START_DOUBLED_MAX 3
#define STOP_DEADLINE_S 10
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 10000
#define BACKOFF_WORKER_MAX_MS 300000  /* what ended it is likely to come again: it is the camera's */
#define STEADY_US 30000000      /* a role that ran this long begins its back-off anew, */
#define STEADY_WORKER_US 120000000  /* and a worker only then */

struct child *parent_child(struct parent *p, enum role_kind kind, unsigned index)
{
	for (unsigned i = 0; i < p->nchildren; i++)
		if (p->child[i].kind == kind && p->child[i].index == index)
			return &p->child[i];
	return NULL;
}

int child_say(struct child *c, enum msg_type type, const void *body, const int *fds, unsigned nfds)
{
	int rc = c->channel ? channel_say(c->channel, type, body, fds, nfds) : -EPIPE;

	if (rc == -ENOBUFS)
		child_kill(c, "does not read what the parent says");
	return rc;
}

void child_kill(struct child *c, const char *why)
{
	if (c->pid <= 0 || c->killed)
		return;
	snprintf(c->last_end, sizeof c->last_end, "%s", why);
	c->killed = true;
	if (c->phase != CHILD_STOPPING)
		parent_log("warn", "role-killed", "role=%s index=%u pid=%d why=\"%s\"", role_kind_name(c->kind), c->index, (int)c->pid, why);
	kill(c->pid, SIGKILL);
}

static void on_broken(void *ctx, struct channel *channel, const char *why)
{
	if (why)
		child_kill(ctx, why);
	else
		parent_hung_up(ctx);
}

static void start_again(struct child *c)
{
	unsigned ms = c->backoff_ms, max_ms = c->kind == ROLE_TRANSCODE ? BACKOFF_WORKER_MAX_MS : BACKOFF_MAX_MS;

	c->backoff_ms = ms == 0 ? BACKOFF_FIRST_MS : ms * 2 > max_ms ? max_ms : ms * 2;
	/* Without memory for the timer, at once. */
	if (event_add(c->again, &(struct timeval){ms / 1000, ms % 1000 * 1000}) < 0)
		event_active(c->again, EV_TIMEOUT, 0);
}

static void failed_to_start(struct child *c, const char *what, int error)
{
	parent_log("error", "role-start", "role=%s index=%u at=%s error=\"%s\"", role_kind_name(c->kind), c->index, what, strerror(error));
	start_again(c);
}

static void close_rings(struct child *c)
{
	int *fds[] = {&c->ring_in, &c->ring_in_bell, &c->ring_out, &c->ring_out_bell, &c->watch_fd};

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
	c->watch_since_us = 0;
}

void child_start(struct child *c)
{
	struct channel_ends ends = {
		.me = ROLE_PARENT, .peer = c->kind, .peer_index = c->index, .answers = parent_hears, .otherwise = parent_hear,
		.broken = on_broken, .ctx = c};
	int pair[2] = {-1, -1}, log[2] = {-1, -1}, rc;

	if (c->phase != CHILD_DOWN || c->parent->stopping || c->retired)
		return;
	rc = channel_pair(pair);
	if (rc || pipe2(log, O_CLOEXEC | O_NONBLOCK) < 0) {
		failed_to_start(c, "descriptors", rc ? -rc : errno);
		goto out;
	}
	c->pid = sandbox_fork();
	if (c->pid == 0)
		become_role(c->parent->programs.fd[c->kind], c->kind, pair[1], log[1]);
	if (c->pid < 0) {
		failed_to_start(c, "fork", -c->pid);
		goto out;
	}
	child_group_begin(c);
	c->started_us = clock_mono_us();
	c->phase = CHILD_STARTING;
	c->hung_up = c->answers = c->asked = false;
	c->heard = c->said = c->sessions = 0;
	c->layers = 0;
	*c->last_error = 0;
	c->serve = (struct msg_serve_state){0};
	child_log_open(c, log[0]);
	log[0] = -1;
	c->channel = channel_new(c->parent->base, pair[0], &ends);
	pair[0] = -1;
	event_add(c->killer, &(struct timeval){START_DEADLINE_S << c->late, 0});
	if (!c->channel || child_settings(c) < 0)
		child_kill(c, "could not be given its settings");
out:
	for (int i = 0; i < 2; i++) {
		if (pair[i] >= 0)
			close(pair[i]);
		if (log[i] >= 0)
			close(log[i]);
	}
}

/* What was gathered and not told, before store goes. */
static void tell_log(struct parent *p)
{
	parent_login_sweep(p, true);
	parent_viewing_sweep(p, true);
}

/* ingest first, so that it can say goodbye to cameras and end its segments; sign last, for the last checkpoint. */
static void stop_next(struct parent *p)
{
	static const enum role_kind order[] = {ROLE_INGEST, ROLE_TRANSCODE, ROLE_STORE, ROLE_SERVE, ROLE_SIGN};

	for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
		bool waiting = false;

		for (unsigned i = 0; i < p->nchildren; i++) {
			struct child *c = &p->child[i];

			if (c->kind != order[k] || c->phase == CHILD_DOWN)
				continue;
			waiting = true;
			if (c->phase == CHILD_STOPPING)
				continue;
			if (c->kind == ROLE_STORE)
				tell_log(p);
			if (c->kind == ROLE_TRANSCODE || c->phase == CHILD_STARTING || child_say(c, MSG_STOP, NULL, NULL, 0) < 0)
				kill(c->pid, SIGKILL);
			c->phase = CHILD_STOPPING;
		}
		if (waiting)
			return;
	}
	event_base_loopbreak(p->base);
}

void parent_stop(struct parent *p, const char *why)
{
	p->stopping = true;
	parent_log("info", "stopping", "why=\"%s\"", why);
	if (!p->watch) {
		service_notify("STOPPING=1");
		parent_unlisten(p);
	}
	event_add(p->stop_deadline, &(struct timeval){STOP_DEADLINE_S, 0});
	stop_next(p);
}

static void ended(struct child *c, int status)
{
	char how[64];
	bool expected = c->phase == CHILD_STOPPING;

	if (WIFSIGNALED(status))
		snprintf(how, sizeof how, "signal %d (%s)", WTERMSIG(status), sigabbrev_np(WTERMSIG(status)));
	else
		snprintf(how, sizeof how, "exit %d", WEXITSTATUS(status));
	if (child_group_end(c))
		snprintf(how, sizeof how, "its memory was at the cap of its control group");
	child_log_close(c);
	channel_free(&c->channel);
	for (unsigned i = 0; c->kind == ROLE_INGEST && i < c->parent->site->ncameras; i++)
		if (ingest_of(c->parent, i) == c->index) {
			parent_udp_close(c->parent, i);
			parent_camera_left(&c->parent->camera[i]);
		}
	event_del(c->killer);
	if (!expected) {
		parent_log("warn", "role-ended", "role=%s index=%u pid=%d how=\"%s\" ran_ms=%lld", role_kind_name(c->kind), c->index, (int)c->pid, how,
			   (long long)(clock_mono_us() - c->started_us) / 1000);
		if (!c->killed && WIFEXITED(status) && *c->last_error)
			snprintf(c->last_end, sizeof c->last_end, "%s: %s", how, c->last_error);
		else if (!c->killed)
			snprintf(c->last_end, sizeof c->last_end, "%s", how);
		c->restarts++;
		parent_alarm_ended(c);
	}
	if (clock_mono_us() - c->started_us > (c->kind == ROLE_TRANSCODE ? STEADY_WORKER_US : STEADY_US))
		c->backoff_ms = 0;
	c->pid = 0;
	c->killed = false;
	c->phase = CHILD_DOWN;
	if (!c->parent->stopping && !c->was_ready && WIFEXITED(status) && WEXITSTATUS(status) == ROLE_EXIT_UNSEALED) {
		c->parent->exit_status = 1;
		parent_stop(c->parent, "a role cannot be sealed, and sandbox: is strict");
	} else if (c->parent->stopping) {
		stop_next(c->parent);
	} else if (!c->retired) {
		start_again(c);
	}
	if (c->kind == ROLE_TRANSCODE)
		parent_worker_ended(c, expected);
	close_rings(c);
}

static void on_child(evutil_socket_t sig, short what, void *arg)
{
	struct parent *p = arg;

	for (unsigned i = 0; i < p->nchildren; i++) {
		int status;

		if (p->child[i].pid > 0 && waitpid(p->child[i].pid, &status, WNOHANG) == p->child[i].pid)
			ended(&p->child[i], status);
	}
	parent_turn_reap(p);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	child_start(arg);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;

	if (c->phase == CHILD_STARTING) {
		/* A machine on which it takes longer would never get through its starts, each of them killed for another. */
		if (c->late < START_DOUBLED_MAX)
			c->late++;
		child_kill(c, "did not become ready in time");
	} else if (c->hung_up)
		child_kill(c, "closed its channel and lives on");
}

static void on_stop_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct parent *p = arg;

	for (unsigned i = 0; i < p->nchildren; i++)
		if (p->child[i].pid > 0)
			child_kill(&p->child[i], "did not stop in time");
}

static void on_stop(evutil_socket_t sig, short what, void *arg)
{
	struct parent *p = arg;

	if (p->stopping) {
		on_stop_deadline(-1, 0, p);
		return;
	}
	parent_stop(p, sigabbrev_np((int)sig));
}

static void on_hangup(evutil_socket_t sig, short what, void *arg)
{
	struct buf said;

	buf_init(&said, PARENT_RELOAD_MAX);
	parent_reload(arg, false, &said);
	buf_free(&said);
}

struct child *parent_add_child(struct parent *p, enum role_kind kind, unsigned index)
{
	struct child *c = &p->child[p->nchildren];

	*c = (struct child){.parent = p, .kind = kind, .index = index, .log_fd = -1,
			    .ring_in = -1, .ring_in_bell = -1, .ring_out = -1, .ring_out_bell = -1, .watch_fd = -1};
	c->again = event_new(p->base, -1, EV_TIMEOUT, on_again, c);
	c->killer = event_new(p->base, -1, EV_TIMEOUT, on_late, c);
	if (!c->again || !c->killer)
		return NULL;
	p->nchildren++;
	return c;
}

static int add_children(struct parent *p, enum role_kind kind, unsigned n)
{
	if (p->watch && !(p->watch->roles >> kind & 1))
		return 0;
	for (unsigned i = 0; i < n; i++)
		if (!parent_add_child(p, kind, i))
			return -ENOMEM;
	return 0;
}

static int make_children(struct parent *p)
{
	const struct site *site = p->site;

	p->child = calloc(2 + site->ingest_processes + site->serve_processes + SITE_CAMERAS_MAX, sizeof *p->child);
	if (!p->child || add_children(p, ROLE_SIGN, 1) || add_children(p, ROLE_STORE, 1) ||
	    add_children(p, ROLE_INGEST, site->ingest_processes) || add_children(p, ROLE_SERVE, site->serve_processes))
		return -ENOMEM;
	return p->watch ? 0 : parent_add_workers(p);
}

static int make_live(struct parent *p)
{
	const struct site *site = p->site;

	p->camera = calloc(SITE_CAMERAS_MAX, sizeof *p->camera);
	if (!p->camera)
		return -ENOMEM;
	for (unsigned i = 0; i < site->ncameras; i++) {
		if (parent_add_camera(p, i) < 0)
			return -ENOMEM;
		p->camera[i].taken = true;
	}
	for (unsigned i = 0; i < site->nlisteners; i++)
		if (!parent_add_listener(p, &site->listener[i]))
			return -ENOMEM;
	return 0;
}

static int make_events(struct parent *p)
{
	static const struct { int signal; event_callback_fn on; } handlers[] = {
		{SIGCHLD, on_child}, {SIGTERM, on_stop}, {SIGINT, on_stop}, {SIGHUP, on_hangup}};

	for (size_t i = 0; i < 4; i++) {
		p->signals[i] = evsignal_new(p->base, handlers[i].signal, handlers[i].on, p);
		if (!p->signals[i] || event_add(p->signals[i], NULL) < 0)
			return -ENOMEM;
	}
	p->stop_deadline = event_new(p->base, -1, EV_TIMEOUT, on_stop_deadline, p);
	return p->stop_deadline ? 0 : -ENOMEM;
}

static void on_watch_over(evutil_socket_t fd, short what, void *arg)
{
	struct parent *p = arg;

	if (!p->stopping)
		parent_stop(p, "time is over");
}

int parent_run(struct parent *p)
{
	int rc;

	p->base = event_base_new();
	rc = p->base ? make_live(p) : -ENOMEM;
	if (!rc)
		rc = make_children(p);
	if (!rc)
		rc = make_events(p);
	if (!rc && !p->watch)
		rc = parent_ask(p);
	if (!rc && !p->watch)
		rc = status_listen(p);
	if (!rc && !p->watch)
		rc = parent_service_begin(p);
	if (rc == -ENOMEM)
		parent_log("error", "no-memory", "role=casemate at=start");
	if (rc)
		return rc;
	parent_note_site(p);
	if (!p->watch)
		parent_digest_files(p);
	if (!p->watch) {
		parent_listen(p);
		parent_groups_begin(p);
	}
	rc = sandbox_parent();
	if (rc) {
		parent_log("error", "sandbox-incomplete", "role=casemate error=\"%s\"", strerror(-rc));
		if (!p->site->sandbox_best_effort)
			return rc;
	} else {
		p->layers = LAYER_NO_CAPABILITIES | LAYER_NO_NEW_PRIVS | LAYER_SECCOMP;
	}
	for (unsigned i = 0; i < p->nchildren; i++)
		child_start(&p->child[i]);
	if (p->watch)
		event_base_once(p->base, -1, EV_TIMEOUT, on_watch_over, p, &(struct timeval){p->watch->longest_us / 1000000, p->watch->longest_us % 1000000});
	event_base_dispatch(p->base);
	parent_turn_end(p);
	if (!p->watch) {
		parent_unlisten(p);
		status_unlisten(p);
		parent_metrics_free(p);
	}
	parent_log("info", "stopped", "after_s=%lld", (long long)(clock_mono_us() - p->started_us) / 1000000);
	return 0;
}
