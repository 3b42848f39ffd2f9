/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who it is that asks by RTSP. In clear text only Digest (RFC 7616) is offered and taken, at every request. Inside TLS a password
 * may come as it is (RFC 7617), and who was let in once stays that user's as long as the connection lives.
 *
 * A nonce is random, of one connection alone, and counts: what was overheard can be used neither on another connection nor again.
 *
 * Inside TLS both are offered in one header, Basic first. In headers of their own ffmpeg 5.1 would take the Digest, whose SHA-256 it
 * does not know, and give up; GStreamer 1.22 answers any Digest with MD5, whatever is asked for, and is then offered Basic alone.
 */
#include "server/serve_rtsp_inner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/rand.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "net/http_fields.h"
#include "net/rtsp_login.h"
#include "net/rtsp_message.h"
#include "server/serve_certificate.h"
#include "server/serve_limit.h"
#include "server/serve_login.h"

#define NONCE_US 600000000
#define BASIC "Basic realm=\"casemate\", charset=\"UTF-8\""

static void note(struct serve_rtsp *r, int user, bool accepted)
{
	struct msg_login m = {.user = user < 0 ? MSG_LOGIN_NOBODY : (uint16_t)user, .accepted = accepted, .count = 1};

	snprintf(m.address, sizeof m.address, "%s", *r->conn->peer.name ? r->conn->peer.name : "-");
	login_book_add(&r->serve->logins, &m);
	serve_login_tell(r->serve);
}

static void on_verdict(struct serve_auth_ask *ask, int user)
{
	struct serve_rtsp *r = (struct serve_rtsp *)(void *)((char *)ask - offsetof(struct serve_rtsp, ask));

	r->has_verdict = true;
	r->verdict = user;
	r->version = user < 0 ? 0 : serve_auth_version(r->serve->auth, (unsigned)user);
	serve_conn_ready(r->conn);
}

/* Until the request had its turn, the user may have got another password, or gone. */
static int verdict_now(const struct serve_rtsp *r)
{
	int user = r->verdict;

	return user >= 0 && serve_auth_version(r->serve->auth, (unsigned)user) != r->version ? -1 : user;
}

static int refuse(struct serve_rtsp *r, const char *name)
{
	note(r, serve_auth_find(r->serve->auth, name), false);
	r->serve->state.refused++;
	/* A name that is none may be a password in the wrong field. */
	log_warn("login-failed", "user=\"%s\" from=%s", text_is_name(name, strlen(name)) ? name : "?", r->conn->peer.name);
	return -EACCES;
}

/* 0 with the user, or as a host answers. */
static int ask_auth(struct serve_rtsp *r, const char *name, const char *password, unsigned *ret_user)
{
	unsigned wait_s;

	if (r->has_verdict) {
		int user = verdict_now(r);

		r->has_verdict = false;
		*ret_user = (unsigned)user;
		return user < 0 ? refuse(r, name) : 0;
	}
	if (!r->serve->site.users)
		return -EACCES;
	if (r->timed_out)
		return -EBUSY;
	if (r->ask.job)
		return serve_rtsp_wait(r);
	r->ask.done = on_verdict;
	switch (serve_auth_check(r->serve->auth, r->conn->peer.address, name, password, clock_mono_us(), &r->ask, ret_user, &wait_s)) {
	case SERVE_AUTH_USER:
		return 0;
	case SERVE_AUTH_WRONG:
		return refuse(r, name);
	case SERVE_AUTH_WAIT:
		return serve_rtsp_wait(r);
	case SERVE_AUTH_TOO_SOON:
		note(r, serve_auth_find(r->serve->auth, name), false);
		break;
	case SERVE_AUTH_BUSY:
		break;
	}
	serve_limit_refused(r->serve, SERVE_LIMIT_LOGIN, r->conn->peer.name);
	return -EBUSY;
}

/* The connection is that user's from now on. */
static int take_user(struct serve_rtsp *r, unsigned user, bool by_certificate)
{
	if (r->conn->peer.user == (int)user)
		return 0;
	if (r->conn->peer.user >= 0)
		return -EACCES;
	if (!serve_users_add_conn(&r->serve->users, user, r->serve->conns_max)) {
		serve_limit_refused(r->serve, SERVE_LIMIT_USER, serve_auth_name(r->serve->auth, user));
		return -EBUSY;
	}
	r->conn->peer.user = (int)user;
	if (by_certificate) {
		serve_certificate_viewer(r->serve, &r->conn->peer, &r->viewer);
		serve_certificate_let_in(r->serve, &r->conn->peer);
		return 0;
	}
	r->viewer = serve_rights_viewer(r->serve, user);
	note(r, (int)user, true);
	log_info("login", "user=%s from=%s by=password", serve_auth_name(r->serve->auth, user), r->conn->peer.name);
	return 0;
}

static int by_basic(struct serve_rtsp *r, const struct rtsp_server_ask *ask, unsigned *ret_user)
{
	char name[SITE_NAME], password[SERVE_PASSWORD];
	int rc;

	if (http_basic(ask->authorization, name, sizeof name, password, sizeof password))
		return -EACCES;
	rc = ask_auth(r, name, password, ret_user);
	explicit_bzero(password, sizeof password);
	return rc;
}

/* Algorithms that are offered here, as a bit set: MD5 only to who could have nothing better. */
static unsigned offered(const struct serve_rtsp *r)
{
	unsigned some = serve_auth_digests(r->serve->auth);

	return r->conn->encrypted ? some & 1u << DIGEST_SHA256 : some | 1u << DIGEST_SHA256;
}

static bool nonce_is_good(const struct serve_rtsp *r)
{
	return *r->nonce && clock_mono_us() - r->nonce_us < NONCE_US;
}

/* Whether it answers what was asked here; what does not is no guess at a password. MD5 may lack qop (RFC 2069), as GStreamer's does. */
static bool answers_us(struct serve_rtsp *r, const struct rtsp_server_ask *ask, const struct digest_claim *claim)
{
	uint32_t count = digest_count(claim);

	if (!(offered(r) >> claim->algorithm & 1)) {
		r->basic_only = true;
		return false;
	}
	if (strcmp(claim->realm, r->serve->site.origin) || strcmp(claim->uri, ask->uri) || (claim->qop_auth ? !count : claim->algorithm != DIGEST_MD5))
		return false;
	r->stale = !nonce_is_good(r) || strcmp(claim->nonce, r->nonce) || (claim->qop_auth && count <= r->nonce_count);
	return !r->stale;
}

static int by_digest(struct serve_rtsp *r, const struct rtsp_server_ask *ask, unsigned *ret_user)
{
	struct digest_claim claim;
	int rc = -EACCES;

	r->stale = false;
	if (digest_read(ask->authorization, &claim) || !answers_us(r, ask, &claim))
		return rc;
	rc = serve_auth_check_digest(r->serve->auth, r->conn->peer.address, &claim, ask->method, r->conn->peer.user, clock_mono_us(), ret_user);
	if (rc == -EACCES)
		return refuse(r, claim.user);
	if (rc == -EBUSY) {
		note(r, serve_auth_find(r->serve->auth, claim.user), false);
		serve_limit_refused(r->serve, SERVE_LIMIT_LOGIN, r->conn->peer.name);
	}
	if (!rc && claim.qop_auth)
		r->nonce_count = digest_count(&claim);
	return rc;
}

static int login(struct serve_rtsp *r, const struct rtsp_server_ask *ask)
{
	struct serve_viewer shown;
	unsigned user = 0;
	int rc = -EACCES;

	if (r->conn->peer.user >= 0 && !serve_rights_is(r->serve, &r->viewer, clock_wall_us()))
		return rc;
	if (r->conn->peer.user >= 0 && r->conn->encrypted)
		return 0;
	if (!ask->authorization.n && serve_certificate_viewer(r->serve, &r->conn->peer, &shown) && serve_rights_is(r->serve, &shown, clock_wall_us()))
		return take_user(r, (unsigned)shown.user, true);
	if (span_begins_nocase(ask->authorization, "Digest "))
		rc = by_digest(r, ask, &user);
	else if (r->conn->encrypted && ask->authorization.n)
		rc = by_basic(r, ask, &user);
	return rc ? rc : take_user(r, user, false);
}

int serve_rtsp_login(void *ctx, const struct rtsp_server_ask *ask)
{
	struct serve_rtsp *r = ctx;
	bool again = r->admitted;
	int rc;

	r->let_in = r->admitted = false;
	rc = again ? 0 : login(r, ask);
	r->let_in = rc == 0;
	return rc;
}

/* A fresh one where the last is not to be used any more. */
static const char *nonce_of(struct serve_rtsp *r)
{
	uint8_t random[16];

	if (nonce_is_good(r) && !r->stale)
		return r->nonce;
	if (RAND_bytes(random, sizeof random) != 1)
		r->conn->dead = true;
	hex_encode(random, sizeof random, r->nonce);
	r->nonce_us = clock_mono_us();
	r->nonce_count = 0;
	return r->nonce;
}

static void challenge_inside_tls(struct serve_rtsp *r, struct buf *out)
{
	struct digest_challenge c = {.algorithm = DIGEST_SHA256, .algorithm_named = true, .qop_auth = true, .stale = r->stale};
	char text[DIGEST_HEADER_MAX];
	struct wr w = wr_init(text, sizeof text);

	if (!offered(r) || r->basic_only) {
		rtsp_write_header(out, "WWW-Authenticate", BASIC);
		return;
	}
	snprintf(c.realm, sizeof c.realm, "%s", r->serve->site.origin);
	snprintf(c.nonce, sizeof c.nonce, "%s", nonce_of(r));
	digest_write_challenge(&w, &c);
	rtsp_write_header(out, "WWW-Authenticate", BASIC ", %.*s", (int)w.len, text);
}

void serve_rtsp_challenge(void *ctx, struct buf *out)
{
	struct serve_rtsp *r = ctx;

	if (r->conn->encrypted)
		challenge_inside_tls(r, out);
	else
		rtsp_login_challenge(out, r->serve->site.origin, nonce_of(r), offered(r), r->stale);
	r->stale = false;
}
