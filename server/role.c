/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/role.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "server/sandbox.h"

#define ANSWERS_MAX 32

static void check_started_by_parent(enum role_kind me)
{
	struct stat st;

	if (fstat(ROLE_CHANNEL_FD, &st) == 0 && S_ISSOCK(st.st_mode))
		return;
	fprintf(stderr, "%s is a part of casemate and is started by it: casemate run -c site.yaml\n", role_kind_name(me));
	exit(2);
}

static void parent_broke(void *ctx, struct channel *c, const char *why)
{
	struct role *r = ctx;

	if (why)
		log_error("parent-message", "why=\"%s\"", why);
	if (!r->base || !r->go)
		_exit(1);
	event_base_loopbreak(r->base);
}

static const struct channel_answer *answers_now(const struct role *r)
{
	return r->go ? r->after : r->settings;
}

static void on_go(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct role *r = ctx;

	r->go = true;
	r->best_effort = m->go.best_effort;
}

static void on_stop(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct role *r = ctx;

	if (!r->go || !r->base)
		_exit(0);
	if (r->stopping)
		return;
	r->stopping = true;
	if (r->stop)
		r->stop(r->ctx);
	else
		event_base_loopbreak(r->base);
}

/* From the loop, so that one that hangs is found out. */
static void on_ask(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	channel_say(from, MSG_HERE, NULL, NULL, 0);
}

static void on_other(void *ctx, struct channel *from, enum msg_type type, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct role *r = ctx;

	for (const struct channel_answer *a = answers_now(r); a && a->type != MSG_NONE; a++) {
		if (a->type == type) {
			a->answer(r->ctx, from, m, fds);
			return;
		}
	}
	log_error("parent-message", "why=\"nothing answers %s %s\"", msg_name(type), r->go ? "now" : "as a setting");
	_exit(1);
}

static const struct channel_answer own_answers[] = {
	{MSG_GO, on_go},
	{MSG_STOP, on_stop},
	{MSG_ASK, on_ask},
	{MSG_NONE, NULL},
};

static void tame_malloc(void)
{
	/* One arena that grows by brk alone: sealed workers then need neither mmap nor madvise. */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	mallopt(M_TOP_PAD, 1 << 20);
}

void role_begin(struct role *r, enum role_kind me, struct event_base *base)
{
	struct channel_ends ends = {
		.me = me, .peer = ROLE_PARENT, .answers = own_answers, .otherwise = on_other, .broken = parent_broke, .ctx = r};

	check_started_by_parent(me);
	if (!base && me != ROLE_TRANSCODE) {
		log_error("no-memory", "at=start");
		_exit(1);
	}
	*r = (struct role){.me = me, .base = base, .folder = -1};
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	umask(077);
	tzset();
	if (me == ROLE_TRANSCODE)
		tame_malloc();
	r->parent = channel_new(base, ROLE_CHANNEL_FD, &ends);
	if (!r->parent) {
		log_error("no-memory", "at=start");
		_exit(1);
	}
}

void role_settings(struct role *r, const struct channel_answer *answers, void *ctx)
{
	enum msg_type type;

	r->settings = answers;
	r->ctx = ctx;
	while (!r->go)
		if (channel_wait(r->parent, &type) < 0) {
			log_error("parent-message", "why=\"no more settings come\"");
			_exit(1);
		}
}

/*
 * A sanitizer reads the programs' symbols for its reports while it can. Its search for leaks would stop the process by a tracer that
 * reads /proc, which is gone: what leaks is found by the tests of the parts, which are not sealed.
 */
#if POLICY_SANITIZED
const char *__asan_default_options(void);
void __sanitizer_symbolize_pc(void *pc, const char *format, char *out, size_t cap);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void sanitizer_prepare(void)
{
	char name[64];

	__sanitizer_symbolize_pc(__builtin_return_address(0), "%f", name, sizeof name);
}
#else
static void sanitizer_prepare(void)
{
}
#endif

/* Says which layers are missing, if any, and ends when the role may not go on without them. */
static void refuse_without(const struct role *r, uint32_t missing, const char *why, bool best_effort)
{
	char names[LAYERS_TEXT];

	if (!missing)
		return;
	sandbox_layers_text(missing, names, sizeof names);
	if (best_effort) {
		log_warn("sandbox-incomplete", "missing=\"%s\" why=\"%s\" mend=\"%s\"", names, why, sandbox_mend(missing));
		return;
	}
	log_error("sandbox-incomplete", "missing=\"%s\" why=\"%s\" mend=\"%s%s\"", names, why, sandbox_mend(missing),
		missing & LAYER_SECCOMP ? "" : ", or set sandbox: best-effort in the site file");
	_exit(ROLE_EXIT_UNSEALED);
}

void role_seal(struct role *r)
{
	const struct policy *p = policy_of(r->me);
	char why[128] = "";
	int rc;

	sanitizer_prepare();
	rc = sandbox_check_entry(p, why, sizeof why);
	if (rc < 0) {
		log_error("sandbox-refused", "why=\"%s\" mend=\"mount /proc if it is not; else this is a mistake in casemate: report it\"", why);
		_exit(ROLE_EXIT_UNSEALED);
	}
	r->layers = sandbox_enter(p, r->folder, why, sizeof why);
	refuse_without(r, LAYERS_NEEDED & ~(r->layers | LAYER_SECCOMP), why, r->best_effort);
	rc = sandbox_filter(p);
	if (rc == -ENOMEM) {
		log_error("no-memory", "at=seal");
		_exit(1);  /* it passes: it is tried again */
	}
	if (rc < 0)
		snprintf(why, sizeof why, "seccomp: %s", strerror(-rc));
	refuse_without(r, rc < 0 ? LAYER_SECCOMP : 0, why, false);
	r->layers |= LAYER_SECCOMP;
	if (channel_say(r->parent, MSG_READY, &(struct msg_ready){r->layers}, NULL, 0) < 0) {
		log_error("parent-message", "why=\"it cannot be told that this is ready\"");
		_exit(1);
	}
}

void role_secrets(size_t bytes, bool openssl)
{
	int rc = secret_begin(bytes);

	if (rc || !openssl)
		log_warn("memory-not-locked", "error=\"%s\" mend=\"let this user lock memory: LimitMEMLOCK=64M in the unit, or ulimit -l\"",
			 strerror(rc ? -rc : ENOMEM));
}

static void loop_at_pace(struct role *r)
{
	int64_t before_us = clock_mono_us();

	while (event_base_loop(r->base, EVLOOP_ONCE) == 0 && !event_base_got_break(r->base)) {
		int64_t wait_us;

		if (r->round)
			r->round(r->ctx);
		wait_us = before_us + r->pace_us - clock_mono_us();
		if (wait_us > 0)
			nanosleep(&(struct timespec){.tv_nsec = wait_us * 1000}, NULL);
		before_us = clock_mono_us();
	}
}

void role_arm(struct event *e, const struct timeval *tv)
{
	if (event_add(e, tv) == 0)
		return;
	log_error("no-memory", "at=timer");
	_exit(1);
}

void role_loop(struct role *r, const struct channel_answer *answers, void *ctx, void (*stop)(void *ctx))
{
	r->after = answers;
	r->ctx = ctx;
	r->stop = stop;
	if (r->pace_us)
		loop_at_pace(r);
	else
		event_base_dispatch(r->base);
}

void role_bad_peer(struct role *r, enum role_kind peer, unsigned index, const char *why)
{
	struct msg_bad_peer m = {.role = (uint8_t)peer, .index = (uint16_t)index};

	snprintf(m.why, sizeof m.why, "%s", why);
	channel_say(r->parent, MSG_BAD_PEER, &m, NULL, 0);
}
