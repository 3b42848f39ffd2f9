/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_exchange.h"

#include <string.h>

#include "base/clock.h"
#include "server/serve_export.h"
#include "server/serve_growing.h"
#include "server/serve_watch.h"

static bool is_held(const struct serve_exchange *x)
{
	return x->waiting && x->wait.kind == SERVE_WAIT_DEMAND;
}

static void stop_waiting(struct serve_exchange *x)
{
	if (!x->waiting)
		return;
	if (is_held(x)) {
		x->serve->held--;
		serve_users_drop_held(&x->serve->users, (int)x->wait.user);
	} else if (x->wait.kind == SERVE_WAIT_PART) {
		serve_parts_leave(&x->wait.follower);
		serve_exchange_let_go(x->serve, x->wait.user);
	}
	TAILQ_REMOVE(&x->serve->waiting, x, next);
	x->waiting = x->woken = false;
}

void serve_exchange_begin(struct serve_exchange *x, struct serve *s, struct serve_peer *peer, const struct serve_carrier *carrier)
{
	*x = (struct serve_exchange){.serve = s, .peer = peer, .carrier = carrier};
}

bool serve_exchange_resume(struct serve_exchange *x)
{
	if (!x->waiting || !x->woken)
		return false;
	stop_waiting(x);
	x->wait.kind = SERVE_WAIT_NONE;
	return true;
}

void serve_exchange_forget(struct serve_exchange *x)
{
	stop_waiting(x);
	serve_auth_cancel(&x->wait.auth);
	serve_want_cancel(&x->wait.want);
	serve_witness_cancel(&x->wait.cosignature);
	serve_question_cancel(&x->wait.question);
	serve_bytes_unref(&x->wait.bytes);
	explicit_bzero(&x->wait, sizeof x->wait);
}

void serve_exchange_end(struct serve_exchange *x)
{
	serve_export_end(x);
	serve_growing_end(x);
	serve_rights_unfollow(&x->follow);
	serve_exchange_forget(x);
}

enum serve_more_state serve_exchange_more(struct serve_exchange *x, struct serve_more *ret)
{
	return x->growing ? serve_growing_more(x, ret) : serve_export_more(x, ret);
}

void serve_exchange_reply(struct serve_exchange *x, const struct http_request *r, const struct serve_reply *reply)
{
	serve_exchange_forget(x);
	x->carrier->reply(x, r, reply);
}

void serve_exchange_wait(struct serve_exchange *x, enum serve_wait kind, int64_t timeout_us)
{
	if (x->wait.last != kind)
		x->wait.until_us = clock_mono_us() + timeout_us;
	x->wait.kind = x->wait.last = kind;
	x->woken = false;
	if (!x->waiting)
		TAILQ_INSERT_TAIL(&x->serve->waiting, x, next);
	x->waiting = true;
}

bool serve_exchange_hold(struct serve_exchange *x, unsigned user, unsigned camera, int64_t timeout_us)
{
	struct serve *s = x->serve;
	const char *name = serve_auth_name(s->auth, user);

	if (s->held >= SERVE_HOLDS_MAX) {
		serve_limit_refused(s, SERVE_LIMIT_DEMAND, name);
		return false;
	}
	if (!serve_users_add_held(&s->users, user, SERVE_HOLDS_MAX)) {
		serve_limit_refused(s, SERVE_LIMIT_USER, name);
		return false;
	}
	s->held++;
	x->wait.camera = camera;
	x->wait.user = user;
	serve_exchange_wait(x, SERVE_WAIT_DEMAND, timeout_us);
	return true;
}

/* What comes after store began anew is looked at when it does: nothing is decided until then. */
static void on_told(struct serve_follower *f, enum serve_told what)
{
	struct serve_exchange *x = (struct serve_exchange *)(void *)((char *)f - offsetof(struct serve_exchange, wait.follower));

	if (what == SERVE_TOLD_GONE || (what == SERVE_TOLD_MORE && x->wait.is_decided(x->wait.rendition, &x->wait.part)))
		serve_exchange_wake(x);
}

bool serve_exchange_take_hold(struct serve_exchange *x, unsigned user)
{
	struct serve *s = x->serve;
	const char *name = serve_auth_name(s->auth, user);

	if (s->reloads >= SERVE_RELOADS_MAX) {
		serve_limit_refused(s, SERVE_LIMIT_DEMAND, name);
		return false;
	}
	if (!serve_users_add_reload(&s->users, user, SERVE_RELOADS_MAX)) {
		serve_limit_refused(s, SERVE_LIMIT_USER, name);
		return false;
	}
	s->reloads++;
	return true;
}

void serve_exchange_let_go(struct serve *s, unsigned user)
{
	s->reloads--;
	serve_users_drop_reload(&s->users, (int)user);
}

bool serve_exchange_hold_for(struct serve_exchange *x, unsigned user, struct serve_rendition *r, const struct serve_part_name *part,
	bool (*is_decided)(const struct serve_rendition *r, const struct serve_part_name *part), int64_t timeout_us)
{
	if (!serve_exchange_take_hold(x, user))
		return false;
	x->wait.user = user;
	x->wait.rendition = r;
	x->wait.part = *part;
	x->wait.is_decided = is_decided;
	x->wait.follower.told = on_told;
	serve_parts_follow(r, &x->wait.follower);
	serve_exchange_wait(x, SERVE_WAIT_PART, timeout_us);
	return true;
}

void serve_exchange_wake(struct serve_exchange *x)
{
	x->woken = true;
	x->carrier->wake(x);
}

static void on_ended(struct serve_rights_follower *f)
{
	struct serve_exchange *x = (struct serve_exchange *)(void *)((char *)f - offsetof(struct serve_exchange, follow));

	if (x->waiting)
		serve_exchange_wake(x);
	else
		x->carrier->stop(x);
}

int serve_exchange_follow(struct serve_exchange *x, const struct serve_viewer *v, enum serve_right right, unsigned camera)
{
	serve_rights_unfollow(&x->follow);
	x->follow = (struct serve_rights_follower){.viewer = *v, .right = right, .camera = camera, .ended = on_ended};
	return serve_rights_follow(x->serve, &x->follow);
}

bool serve_exchange_take_user(struct serve_exchange *x, unsigned user)
{
	struct serve *s = x->serve;

	if (x->peer->user == (int)user)
		return true;
	if (!serve_users_add_conn(&s->users, user, s->conns_max)) {
		serve_limit_refused(s, SERVE_LIMIT_USER, serve_auth_name(s->auth, user));
		return false;
	}
	serve_users_drop_conn(&s->users, x->peer->user);
	x->peer->user = (int)user;
	return true;
}

void serve_exchange_wake_all(struct serve *s, unsigned camera)
{
	struct serve_exchange *x;

	TAILQ_FOREACH(x, &s->waiting, next)
		if (x->wait.kind == SERVE_WAIT_SEGMENT || (is_held(x) && x->wait.camera == camera))
			serve_exchange_wake(x);
}

void serve_exchange_wake_session(struct serve *s, const uint8_t token_sha256[32])
{
	struct serve_exchange *x;

	TAILQ_FOREACH(x, &s->waiting, next) {
		if (x->wait.kind != SERVE_WAIT_SESSION || memcmp(x->wait.token_sha256, token_sha256, 32) != 0)
			continue;
		x->wait.has_session = true;
		serve_exchange_wake(x);
	}
}

void serve_exchange_tick(struct serve *s, int64_t now_us)
{
	struct serve_exchange *x;

	TAILQ_FOREACH(x, &s->waiting, next) {
		x->wait.timed_out |= x->wait.until_us <= now_us;
		if (x->wait.timed_out || is_held(x) || x->wait.kind == SERVE_WAIT_SEGMENT)
			serve_exchange_wake(x);
	}
}
