/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "net/http_fields.h"
#include "server/serve_answer.h"
#include "server/serve_certificate.h"

#define PASSWORD_WAIT_US 30000000
#define SESSION_WAIT_US 5000000
#define TELL_US 2000000
#define COOKIE_TAIL "; Path=/; Secure; HttpOnly; SameSite=Strict"

static void hash_token(const uint8_t token[32], uint8_t ret[32])
{
	if (!EVP_Digest(token, 32, ret, NULL, EVP_sha256(), NULL))
		abort();  /* out of memory while hashing 32 bytes */
}

static bool token_of(const struct http_request *r, uint8_t ret_sha256[32])
{
	uint8_t token[32];
	struct span value;
	bool ok = http_cookie(r, SERVE_COOKIE, &value) && hex_decode(value.p, value.n, token, sizeof token) == 0;

	if (ok)
		hash_token(token, ret_sha256);
	explicit_bzero(token, sizeof token);
	return ok;
}

/* The user, or negative. */
static int session_of(struct serve *s, const uint8_t sha256[32])
{
	int user = serve_session_find(s->sessions, sha256, clock_wall_us());

	if (user < 0) {
		/* Another process may have begun it an instant ago: what the parent has said already is read first. */
		channel_poll(s->role.parent);
		user = serve_session_find(s->sessions, sha256, clock_wall_us());
	}
	return user;
}

/* Who has no right at this hour is not let in. */
static bool may_enter(const struct serve *s, const struct serve_viewer *v)
{
	return serve_rights_may(s, v, SERVE_RIGHT_ANY, SERVE_RIGHTS_NO_CAMERA, clock_wall_us());
}

static bool may_be_user(const struct serve *s, int user)
{
	struct serve_viewer v = serve_rights_viewer(s, (unsigned)user);

	return may_enter(s, &v);
}

static bool by_session(struct serve_exchange *x, const struct http_request *r, struct serve_viewer *ret)
{
	struct serve_viewer v = {.by_session = true};
	int user = token_of(r, v.session) ? session_of(x->serve, v.session) : -1;

	if (user < 0 || user >= SERVE_VIEWERS_MAX)
		return false;
	v.user = user;
	v.version = serve_auth_version(x->serve->auth, (unsigned)user);
	if (!may_enter(x->serve, &v))
		return false;
	*ret = v;
	return true;
}

/* A page's own requests must not make the browser ask for a password; a player's must name the scheme. */
static const char *challenge_for(const struct http_request *r)
{
	struct span site, mode;
	bool fetched = http_header(r, "Sec-Fetch-Site", &site) && http_header(r, "Sec-Fetch-Mode", &mode) && !span_is(mode, "navigate");

	return fetched ? "Session realm=\"casemate\"" : "Basic realm=\"casemate\", charset=\"UTF-8\"";
}

static void reply_unknown(struct serve_exchange *x, const struct http_request *r)
{
	struct serve_reply reply = {.status = 401, .challenge = challenge_for(r)};

	x->serve->state.refused++;
	serve_exchange_reply(x, r, &reply);
}

static void reply_later(struct serve_exchange *x, const struct http_request *r, unsigned status, unsigned retry_s)
{
	static const char words[] = "Not now: try again a little later.\n";
	struct serve_reply reply = {.status = status, .type = "text/plain; charset=utf-8", .text = words, .text_len = sizeof words - 1, .retry_s = retry_s};

	serve_exchange_reply(x, r, &reply);
}

void serve_login_tell(struct serve *s)
{
	struct msg_login m;

	while (login_book_next(&s->logins, clock_mono_us(), TELL_US, s->role.stopping, &m))
		channel_say(s->role.parent, MSG_LOGIN, &m, NULL, 0);
}

/* For the log: login/v1. */
static void note(const struct serve_exchange *x, int user, bool accepted)
{
	struct msg_login m = {.user = user < 0 ? MSG_LOGIN_NOBODY : (uint16_t)user, .accepted = accepted, .count = 1};

	snprintf(m.address, sizeof m.address, "%s", *x->peer->name ? x->peer->name : "-");
	login_book_add(&x->serve->logins, &m);
	serve_login_tell(x->serve);
}

static void on_verdict(struct serve_auth_ask *ask, int user)
{
	struct serve_exchange *x = (struct serve_exchange *)(void *)((char *)ask - offsetof(struct serve_exchange, wait.auth));

	x->wait.has_verdict = true;
	x->wait.verdict = user;
	if (user >= 0 && may_be_user(x->serve, user))
		note(x, user, true);
	x->wait.version = user < 0 ? 0 : serve_auth_version(x->serve->auth, (unsigned)user);
	serve_exchange_wake(x);
}

/* While the request waited for something else, the user may have got another password, or gone. */
static int verdict_now(const struct serve_exchange *x)
{
	int user = x->wait.verdict;

	return user >= 0 && serve_auth_version(x->serve->auth, (unsigned)user) != x->wait.version ? -1 : user;
}

static void log_failure(const struct serve_exchange *x, const char *name)
{
	note(x, serve_auth_find(x->serve->auth, name), false);
	/* A name that is none may be a password in the wrong field. */
	log_warn("login-failed", "user=\"%s\" from=%s", text_is_name(name, strlen(name)) ? name : "?", x->peer->name);
}

/* The user that name and password are; -1 wrong; -2: it has been answered or waits. */
static int check(struct serve_exchange *x, const struct http_request *r, const char *name, const char *password)
{
	unsigned user = 0, wait_s = 1;

	if (x->wait.has_verdict) {
		if (verdict_now(x) < 0)
			log_failure(x, name);
		return verdict_now(x);
	}
	if (!x->serve->site.users)
		return -1;
	if (!x->wait.timed_out || x->wait.last != SERVE_WAIT_PASSWORD) {
		x->wait.auth.done = on_verdict;
		switch (serve_auth_check(x->serve->auth, x->peer->address, name, password, clock_mono_us(), &x->wait.auth, &user, &wait_s)) {
		case SERVE_AUTH_USER:
			return (int)user;
		case SERVE_AUTH_WRONG:
			log_failure(x, name);
			return -1;
		case SERVE_AUTH_WAIT:
			serve_exchange_wait(x, SERVE_WAIT_PASSWORD, PASSWORD_WAIT_US);
			return -2;
		case SERVE_AUTH_TOO_SOON:
			note(x, serve_auth_find(x->serve->auth, name), false);
			serve_limit_refused(x->serve, SERVE_LIMIT_LOGIN, x->peer->name);
			reply_later(x, r, 429, wait_s);
			return -2;
		case SERVE_AUTH_BUSY:
			serve_limit_refused(x->serve, SERVE_LIMIT_LOGIN, x->peer->name);
			break;
		}
	}
	reply_later(x, r, 503, 1);
	return -2;
}

/* The password of HTTP Basic: as check. */
static int check_basic(struct serve_exchange *x, const struct http_request *r)
{
	char name[SITE_NAME], password[SERVE_PASSWORD];
	struct span field;
	int user = -1;

	if (http_header(r, "Authorization", &field) && !http_header_repeated(r, "Authorization") &&
	    http_basic(field, name, sizeof name, password, sizeof password) == 0) {
		user = check(x, r, name, password);
		explicit_bzero(password, sizeof password);
	}
	return user;
}

/* What he says himself, a name and a password, goes before what his connection has shown. */
static bool by_certificate(struct serve_exchange *x, const struct http_request *r, struct serve_viewer *ret)
{
	struct serve_viewer v;
	struct span field;

	if (http_header(r, "Authorization", &field) || !serve_certificate_viewer(x->serve, x->peer, &v) || !may_enter(x->serve, &v))
		return false;
	serve_certificate_let_in(x->serve, x->peer);
	*ret = v;
	return true;
}

bool serve_login_known(struct serve_exchange *x, const struct http_request *r, struct serve_viewer *ret)
{
	return by_session(x, r, ret) || by_certificate(x, r, ret);
}

bool serve_login_viewer(struct serve_exchange *x, const struct http_request *r, struct serve_viewer *ret)
{
	int user;

	if (!x->wait.has_verdict && serve_login_known(x, r, ret))
		return true;
	user = check_basic(x, r);
	if (user == -2)
		return false;
	if (user < 0 || !may_be_user(x->serve, user)) {
		if (user >= 0)
			log_failure(x, serve_auth_name(x->serve->auth, (unsigned)user));
		reply_unknown(x, r);
		return false;
	}
	*ret = serve_rights_viewer(x->serve, (unsigned)user);
	return true;
}

bool serve_login_from_our_page(const struct http_request *r)
{
	char ours[300];
	struct span field;

	if (http_header(r, "Sec-Fetch-Site", &field))
		return span_is(field, "same-origin") && !http_header_repeated(r, "Sec-Fetch-Site");
	if (!http_header(r, "Origin", &field))
		return true;
	if (r->host.n > 256 || http_header_repeated(r, "Origin"))
		return false;
	snprintf(ours, sizeof ours, "https://%.*s", (int)r->host.n, r->host.p);
	return span_is_nocase(field, ours);
}

/* 0 with name and password; else the status that says what is wrong. */
static unsigned read_form(const struct http_request *r, char name[SITE_NAME], char password[SERVE_PASSWORD])
{
	struct span type, body = span_of(r->body, r->body_len);

	if (!serve_login_from_our_page(r))
		return 403;
	if (!http_header(r, "Content-Type", &type) || !span_is_nocase(span_trim(span_cut(&type, ';')), "application/x-www-form-urlencoded"))
		return 415;
	if (http_form_field(body, "name", name, SITE_NAME) < 0 || http_form_field(body, "password", password, SERVE_PASSWORD) < 0)
		return 403;
	return 0;
}

static void begin_session(struct serve_exchange *x, const struct http_request *r, int user)
{
	struct msg_session m = {.user = (uint16_t)user, .version = serve_auth_version(x->serve->auth, (unsigned)user), .expires_us = clock_wall_us() + MSG_SESSION_US};

	if (RAND_priv_bytes(x->wait.token, sizeof x->wait.token) != 1) {
		reply_later(x, r, 503, 1);
		return;
	}
	hash_token(x->wait.token, x->wait.token_sha256);
	memcpy(m.token_sha256, x->wait.token_sha256, 32);
	snprintf(m.address, sizeof m.address, "%s", *x->peer->name ? x->peer->name : "-");
	x->wait.has_token = true;
	if (channel_say(x->serve->role.parent, MSG_SESSION, &m, NULL, 0) < 0) {
		reply_later(x, r, 503, 1);
		return;
	}
	if (!x->wait.has_verdict)  /* it was found out before, and is remembered */
		note(x, user, true);
	log_info("login", "user=%s from=%s by=password", serve_auth_name(x->serve->auth, (unsigned)user), x->peer->name);
	serve_exchange_wait(x, SERVE_WAIT_SESSION, SESSION_WAIT_US);
}

static void reply_session(struct serve_exchange *x, const struct http_request *r)
{
	char hex[65], cookie[160];
	struct serve_reply reply = {.status = 303, .location = "/", .cookie = cookie};

	hex_encode(x->wait.token, sizeof x->wait.token, hex);
	snprintf(cookie, sizeof cookie, SERVE_COOKIE "=%s; Max-Age=%d" COOKIE_TAIL, hex, (int)(MSG_SESSION_US / 1000000));
	serve_exchange_reply(x, r, &reply);
	explicit_bzero(hex, sizeof hex);
	explicit_bzero(cookie, sizeof cookie);
}

void serve_login_begin(struct serve_exchange *x, const struct http_request *r)
{
	struct serve_reply wrong = {.status = 403, .type = "text/plain; charset=utf-8", .text = "wrong name or password\n", .text_len = 23};
	char name[SITE_NAME] = "", password[SERVE_PASSWORD] = "";
	int user;

	if (x->wait.has_session) {
		reply_session(x, r);
		return;
	}
	if (x->wait.has_token) {
		reply_later(x, r, 503, 1);  /* the parent did not answer in time */
		return;
	}
	wrong.status = read_form(r, name, password);
	user = wrong.status ? -1 : check(x, r, name, password);
	explicit_bzero(password, sizeof password);
	if (!wrong.status)
		wrong.status = 403;
	if (user >= 0 && !may_be_user(x->serve, user)) {
		log_failure(x, name);
		user = -1;
	}
	if (user >= 0)
		begin_session(x, r, user);
	else if (user == -1)
		serve_exchange_reply(x, r, &wrong);
}

void serve_login_end(struct serve_exchange *x, const struct http_request *r)
{
	struct serve_reply reply = {.status = 303, .location = "/", .cookie = SERVE_COOKIE "=; Max-Age=0" COOKIE_TAIL};
	struct msg_session_end m;

	if (!serve_login_from_our_page(r)) {
		reply = (struct serve_reply){.status = 403};
	} else if (token_of(r, m.token_sha256) && session_of(x->serve, m.token_sha256) >= 0) {
		/* The parent hears of sessions that there were: no stranger can make this process say too much. */
		serve_session_end(x->serve->sessions, m.token_sha256);
		channel_say(x->serve->role.parent, MSG_SESSION_END, &m, NULL, 0);
	}
	serve_exchange_reply(x, r, &reply);
}
