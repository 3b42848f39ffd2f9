/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_conn_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "server/role.h"
#include "server/serve_certificate.h"
#include "server/serve_http1.h"
#include "server/serve_http2.h"
#include "server/serve_rtsp.h"

#define VIEWER_US 15000000

static void conn_free(struct serve_conn *c)
{
	struct serve_conns *l = c->of;

	if (c->speech)
		c->speech->end(c);
	serve_users_drop_conn(&c->serve->users, c->peer.user);
	TAILQ_REMOVE(&l->all, c, all);
	if (c->is_ready)
		TAILQ_REMOVE(&l->ready, c, ready);
	--*serve_address_count(&l->addresses, c->peer.address);
	l->n--;
	if (c->readable)
		event_free(c->readable);
	if (c->writable)
		event_free(c->writable);
	serve_tls_close(&c->tls);
	free(c->peer.certificate);
	close(c->fd);
	free(c);
}

void serve_conn_ready(struct serve_conn *c)
{
	if (c->is_ready)
		return;
	c->is_ready = true;
	TAILQ_INSERT_TAIL(&c->of->ready, c, ready);
	role_arm(c->of->run, &(struct timeval){0, 0});
}

void serve_conn_deadline(struct serve_conn *c, int64_t in_us)
{
	c->deadline_us = clock_mono_us() + in_us;
	c->mark = c->tls.sent;
}

void serve_conn_goodbye(struct serve_conn *c)
{
	serve_tls_end(&c->tls);
	buf_free(&c->tls.pending);  /* a goodbye that does not fit is not worth waiting for */
	shutdown(c->fd, SHUT_WR);
	c->state = SERVE_CONN_LINGER;
	serve_conn_deadline(c, SERVE_LINGER_US);
}

bool serve_conn_stopping(const struct serve_conn *c)
{
	return c->of->stopping;
}

/* What still comes after the last response is thrown away, until the other side ends too. */
static void drain(struct serve_conn *c)
{
	uint8_t waste[4096];
	ssize_t n;

	for (int i = 0; i < 16; i++) {
		n = read(c->fd, waste, sizeof waste);
		if (n <= 0)
			break;
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		c->dead = true;
}

static void shake_hands(struct serve_conn *c)
{
	int rc = serve_tls_handshake(&c->tls);

	if (rc == 0)
		return;
	/* It may have begun when what is revoked now was good. */
	if (rc > 0 && !serve_certificate_is_good(c->tls.ssl, c->of->tls)) {
		serve_certificate_refused(c->serve, &c->peer, "it is good no more");
		c->dead = true;
		return;
	}
	if (rc < 0 && serve_certificate_why(c->tls.ssl))
		serve_certificate_refused(c->serve, &c->peer, serve_certificate_why(c->tls.ssl));
	c->peer.certificate = rc > 0 ? serve_certificate_shown(c->tls.ssl) : NULL;
	if (c->expected)
		c->speech = c->expected;
	else
		c->speech = serve_tls_speaks_http2(&c->tls) ? &serve_http2 : &serve_http1;
	c->state = SERVE_CONN_OPEN;
	serve_conn_deadline(c, SERVE_IDLE_US);
	if (rc < 0 || c->speech->begin(c) < 0)
		c->dead = true;
}

static void on_event(int fd, short what, void *arg)
{
	struct serve_conn *c = arg;
	struct serve_conns *l = c->of;

	l->at = c;
	if (c->tls.pending.len && c->state != SERVE_CONN_OPEN && serve_tls_flush(&c->tls) < 0)
		c->dead = true;
	if (!c->dead && c->state == SERVE_CONN_HANDSHAKE)
		shake_hands(c);
	if (!c->dead && c->state == SERVE_CONN_OPEN)
		c->speech->event(c);
	else if (!c->dead && c->state == SERVE_CONN_LINGER)
		drain(c);
	l->at = NULL;
	serve_conn_settle(c);
}

static void on_run(int fd, short what, void *arg)
{
	struct serve_conns *l = arg;
	struct serve_conn *c, *last = TAILQ_LAST(&l->ready, conn_list);

	do {
		c = TAILQ_FIRST(&l->ready);
		if (!c)
			return;
		TAILQ_REMOVE(&l->ready, c, ready);
		c->is_ready = false;
		l->at = c;
		if (!c->dead && c->state == SERVE_CONN_OPEN)
			c->speech->turn(c);
		l->at = NULL;
		serve_conn_settle(c);
	} while (c != last);  /* what becomes ready meanwhile has its turn after the others' events */
}

static void want_event(struct event *e, bool *is, bool want)
{
	if (*is == want)
		return;
	*is = want;
	if (!want)
		event_del(e);
	else if (event_add(e, NULL) < 0)
		*is = false;  /* its deadline ends it, if nothing else comes */
}

/* Its events follow its state, or it goes. */
void serve_conn_settle(struct serve_conn *c)
{
	struct serve_conns *l = c->of;
	short wants;

	if (c == l->at)
		return;
	if (c->dead) {
		conn_free(c);
		if (l->n < l->serve->conns_max)
			serve_listen_pause(l, false);
		return;
	}
	wants = c->state == SERVE_CONN_OPEN ? c->speech->wants(c) : EV_READ;
	want_event(c->readable, &c->reading, wants & EV_READ);
	want_event(c->writable, &c->writing, (wants & EV_WRITE) || c->tls.pending.len);
}

/* NULL: HTTP, of the version that the handshake settles. */
static const struct serve_speech *spoken_by(enum listener_kind kind)
{
	if (kind == LISTENER_METRICS)
		return &serve_http1;
	return kind == LISTENER_RTSPS || kind == LISTENER_RTSP ? &serve_rtsp : NULL;
}

void serve_conn_begin(struct serve_conns *l, int fd, const struct sockaddr_storage *from, uint64_t address, enum listener_kind kind)
{
	struct serve_conn *c = calloc(1, sizeof *c);

	if (!c) {
		close(fd);
		return;
	}
	c->serve = l->serve;
	c->of = l;
	c->fd = fd;
	c->expected = spoken_by(kind);
	c->encrypted = kind != LISTENER_RTSP && kind != LISTENER_METRICS;
	c->peer.by = kind;
	c->peer.address = address;
	c->peer.user = -1;
	serve_address_name(from, c->peer.name);
	TAILQ_INSERT_TAIL(&l->all, c, all);
	++*serve_address_count(&l->addresses, address);
	l->n++;
	c->readable = event_new(l->serve->base, fd, EV_READ | EV_PERSIST, on_event, c);
	c->writable = event_new(l->serve->base, fd, EV_WRITE | EV_PERSIST, on_event, c);
	if (!c->encrypted)
		serve_tls_open_plain(&c->tls, fd);
	if (!c->readable || !c->writable || (c->encrypted && serve_tls_open(&c->tls, l->tls, fd, c->expected ? "" : SERVE_TLS_HTTP) < 0))
		c->dead = true;
	if (!c->encrypted && !c->dead)
		shake_hands(c);
	serve_conn_deadline(c, SERVE_HEAD_US);
	serve_conn_settle(c);
}

struct serve_conns *serve_conn_new(struct serve *s, struct ssl_ctx_st *tls)
{
	struct serve_conns *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->serve = s;
	l->tls = tls;
	TAILQ_INIT(&l->all);
	TAILQ_INIT(&l->ready);
	l->run = event_new(s->base, -1, 0, on_run, l);
	if (l->run && serve_address_init(&l->addresses) == 0)
		return l;
	free(l);
	return NULL;
}

void serve_conn_use_tls(struct serve_conns *l, struct ssl_ctx_st *tls)
{
	struct serve_conn *c, *next;

	l->tls = tls;
	for (c = TAILQ_FIRST(&l->all); c; c = next) {
		next = TAILQ_NEXT(c, all);
		if (!c->peer.certificate || serve_certificate_is_good(c->tls.ssl, tls))
			continue;
		serve_certificate_refused(l->serve, &c->peer, "it is good no more");
		c->peer.certificate->until_us = 1;  /* a request at hand is not let in by it */
		c->dead = true;
		serve_conn_settle(c);
	}
}

void serve_conn_stop(struct serve_conns *l)
{
	struct serve_conn *c, *next;

	l->stopping = true;
	serve_listen_stop(l);
	for (c = TAILQ_FIRST(&l->all); c; c = next) {
		next = TAILQ_NEXT(c, all);
		if (c->state != SERVE_CONN_OPEN)
			continue;
		c->speech->stop(c);
		serve_conn_settle(c);
	}
}

/* A deadline has passed. */
static void overdue(struct serve_conn *c)
{
	if (c->state == SERVE_CONN_OPEN) {
		c->speech->overdue(c);
	} else {
		if (c->state == SERVE_CONN_HANDSHAKE)
			serve_closed(c->serve, SERVE_CLOSED_HANDSHAKE, c->peer.name);
		c->dead = true;
	}
	serve_conn_settle(c);
}

void serve_conn_tick(struct serve_conns *l, int64_t now_us)
{
	struct serve_conn *c, *next;

	serve_listen_pause(l, l->n >= l->serve->conns_max);
	for (c = TAILQ_FIRST(&l->all); c; c = next) {
		next = TAILQ_NEXT(c, all);
		serve_tls_tick(&c->tls);
		if (c->deadline_us <= now_us)
			overdue(c);
		else if (c->state == SERVE_CONN_OPEN)
			c->speech->tick(c);
	}
}

unsigned serve_conn_count(const struct serve_conns *l)
{
	return l->n;
}

unsigned serve_conn_viewers(const struct serve_conns *l, int64_t now_us)
{
	const struct serve_conn *c;
	unsigned n = 0;

	TAILQ_FOREACH(c, &l->all, all)
		n += c->peer.media_us && c->peer.media_us + VIEWER_US > now_us;
	return n;
}
