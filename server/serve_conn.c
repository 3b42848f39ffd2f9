/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_conn_inner.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "server/role.h"
#include "server/serve_export.h"
#include "server/serve_route.h"

#define HEAD_MAX (8u << 10)
#define HEAD_TYPICAL 1024
#define SMALL_BODY 2048          /* goes out with the head */
#define REQUESTS_BATCH 16        /* of one connection, before others get their turn */
#define BATCHES 8                /* of one response, before others get their turn */
#define VIEWER_US 15000000

static void settle(struct serve_conn *c);
static void on_event(int fd, short what, void *arg);

static void free_input(struct serve_conn *c)
{
	if (c->in)
		explicit_bzero(c->in, HTTP_INPUT_MAX);
	free(c->in);
	c->in = NULL;
	c->in_len = 0;
}

static void conn_free(struct serve_conn *c)
{
	struct serve_conns *l = c->of;

	serve_exchange_end(&c->exchange);
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
	close(c->fd);
	free_input(c);
	buf_free(&c->out);
	serve_bytes_unref(&c->owner);
	free(c);
}

/* Its turn comes in the next round of the loop. */
static void make_ready(struct serve_conn *c)
{
	if (c->is_ready)
		return;
	c->is_ready = true;
	TAILQ_INSERT_TAIL(&c->of->ready, c, ready);
	role_arm(c->of->run, &(struct timeval){0, 0});
}

static void set_state(struct serve_conn *c, enum serve_conn_state state, int64_t in_us)
{
	c->state = state;
	c->deadline_us = clock_mono_us() + in_us;
	c->mark = c->tls.sent;
}

/*
 * The other side reads the answer before it sees the connection gone (RFC 9112 9.6). Closing at once would
 * reset it: so it is for those who are too slow, whose bytes the kernel would else keep for as long as they like.
 */
static void say_goodbye(struct serve_conn *c)
{
	serve_tls_end(&c->tls);
	buf_free(&c->tls.pending);  /* a goodbye that does not fit is not worth waiting for */
	shutdown(c->fd, SHUT_WR);
	set_state(c, SERVE_CONN_LINGER, SERVE_LINGER_US);
}

/* More of the body is asked for, where it is made. */
static void starve(struct serve_conn *c)
{
	serve_bytes_unref(&c->owner);
	c->body = NULL;
	c->starved = true;
	set_state(c, SERVE_CONN_WRITING, SERVE_STARVED_US);
	serve_export_more(&c->exchange);
}

/* The response is out: the request's bytes go, and the next may come. */
static void finish_response(struct serve_conn *c)
{
	size_t left = c->in_len - c->request_size;

	serve_exchange_end(&c->exchange);
	buf_free(&c->out);
	serve_bytes_unref(&c->owner);
	c->body = NULL;
	memmove(c->in, c->in + c->request_size, left);
	explicit_bzero(c->in + left, c->in_len - left);
	c->in_len = left;
	c->request_size = 0;
	c->progress = (struct http_progress){0};
	if (c->close_after || c->of->stopping)
		say_goodbye(c);
	else
		set_state(c, SERVE_CONN_READING, left ? SERVE_HEAD_US : SERVE_IDLE_US);
}

static void step_over(struct serve_conn *c, size_t n)
{
	size_t head = n < c->out.len ? n : c->out.len;

	buf_consume(&c->out, head);
	c->body += c->body ? n - head : 0;
	c->body_len -= n - head;
	c->serve->state.bytes_out += n;
}

static void write_some(struct serve_conn *c)
{
	if (c->starved)
		return;
	for (int i = 0; i < BATCHES && (c->out.len || c->body_len); i++) {
		struct iovec iov[2] = {{buf_data(&c->out), c->out.len}, {(void *)(uintptr_t)c->body, c->body_len}};
		ssize_t n = serve_tls_write(&c->tls, iov, 2);

		if (n < 0) {
			c->dead = true;
			return;
		}
		if (n == 0)
			break;
		step_over(c, (size_t)n);
	}
	if (serve_tls_flush(&c->tls) < 0)
		c->dead = true;
	else if (!c->out.len && !c->body_len && !c->tls.pending.len && c->body_more)
		starve(c);
	else if (!c->out.len && !c->body_len && !c->tls.pending.len)
		finish_response(c);
	else if (c->tls.sent - c->mark >= SERVE_SLOW_BYTES)
		set_state(c, SERVE_CONN_WRITING, SERVE_SLOW_US);
}

static void begin_response(struct serve_conn *c, const struct serve_reply *reply, bool with_body)
{
	bool keep_alive;

	c->close_after |= reply->close || c->of->stopping;
	keep_alive = !c->close_after;
	buf_init(&c->out, HEAD_MAX);
	if (!buf_reserve(&c->out, HEAD_TYPICAL) || serve_reply_head(&c->out, reply, c->serve->date, keep_alive) < 0) {
		c->dead = true;
		return;
	}
	c->body = serve_reply_body(reply, &c->body_len);
	c->body_more = with_body ? reply->stream_bytes : 0;
	if (!with_body || !c->body_len) {
		c->body = NULL;
		c->body_len = 0;
	}
	if (c->body_len <= SMALL_BODY && buf_append(&c->out, c->body, c->body_len) == 0) {
		c->body = NULL;  /* one record instead of two */
		c->body_len = 0;
	}
	c->owner = c->body ? serve_bytes_ref(reply->bytes) : NULL;
	c->serve->state.requests++;
	set_state(c, SERVE_CONN_WRITING, SERVE_SLOW_US);
	write_some(c);
}

static struct serve_conn *conn_of(struct serve_exchange *x)
{
	return (struct serve_conn *)(void *)((char *)x - offsetof(struct serve_conn, exchange));
}

static void on_reply(struct serve_exchange *x, const struct http_request *r, const struct serve_reply *reply)
{
	struct serve_conn *c = conn_of(x);

	c->request_size = r->size;
	c->close_after = !r->keep_alive;
	begin_response(c, reply, r->method != HTTP_HEAD);
}

static void reply_refused(struct serve_conn *c, const struct http_refusal *bad)
{
	struct serve_reply reply = {.status = bad->status, .close = true, .allow = bad->status == 405 ? HTTP_ALLOW : NULL};

	c->serve->state.refused++;
	c->request_size = c->in_len;
	begin_response(c, &reply, true);
}

static void on_wake(struct serve_exchange *x)
{
	make_ready(conn_of(x));
}

static void answer(struct serve_conn *c, const struct http_request *request)
{
	serve_route(&c->exchange, request);
	if (!c->exchange.waiting)
		return;
	c->state = SERVE_CONN_WAITING;
	c->deadline_us = INT64_MAX;  /* the exchange has its own */
}

/* Answers what has been read, as long as whole requests are there. */
static void run(struct serve_conn *c)
{
	struct http_request request;
	struct http_refusal bad;

	for (int i = 0; i < REQUESTS_BATCH; i++) {
		int rc;

		if (c->dead || c->state != SERVE_CONN_READING || !c->in_len)
			return;
		rc = http_parse(c->in, c->in_len, &c->progress, &request, &bad);
		if (rc == 0)
			return;
		if (rc < 0)
			reply_refused(c, &bad);
		else
			answer(c, &request);
	}
	if (c->state == SERVE_CONN_READING)
		make_ready(c);
}

/* One read; whether there may be more inside the TLS engine. */
static bool read_once(struct serve_conn *c)
{
	ssize_t n;

	if (!c->in)
		c->in = malloc(HTTP_INPUT_MAX);
	if (!c->in || c->in_len == HTTP_INPUT_MAX) {
		c->dead = true;  /* the parser refuses before that; or no memory */
		return false;
	}
	n = serve_tls_read(&c->tls, c->in + c->in_len, HTTP_INPUT_MAX - c->in_len);
	if (n == -EAGAIN)
		return false;
	if (n <= 0) {
		c->dead = true;
		return false;
	}
	if (!c->in_len)
		c->deadline_us = clock_mono_us() + SERVE_HEAD_US;
	c->in_len += (size_t)n;
	return true;
}

static void read_and_run(struct serve_conn *c)
{
	for (int i = 0; i < REQUESTS_BATCH && !c->dead && c->state == SERVE_CONN_READING; i++) {
		if (!read_once(c))
			return;
		run(c);
		if (c->state != SERVE_CONN_READING || c->dead || !serve_tls_has_input(&c->tls))
			return;
	}
	make_ready(c);
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

	if (rc < 0)
		c->dead = true;
	else if (rc == 1)
		set_state(c, SERVE_CONN_READING, SERVE_IDLE_US);
}

static void on_event(int fd, short what, void *arg)
{
	struct serve_conn *c = arg;

	if (c->tls.pending.len && c->state != SERVE_CONN_WRITING && serve_tls_flush(&c->tls) < 0)
		c->dead = true;
	if (!c->dead && c->state == SERVE_CONN_HANDSHAKE)
		shake_hands(c);
	if (!c->dead && c->state == SERVE_CONN_WRITING) {
		write_some(c);
		if (c->state == SERVE_CONN_READING)
			make_ready(c);
	} else if (!c->dead && c->state == SERVE_CONN_READING) {
		read_and_run(c);
	} else if (!c->dead && c->state == SERVE_CONN_LINGER) {
		drain(c);
	}
	settle(c);
}

/* Those whose wait is over, and those with more requests than one turn takes. */
static void run_ready(struct serve_conn *c)
{
	c->is_ready = false;
	if (serve_exchange_resume(&c->exchange))
		c->state = SERVE_CONN_READING;
	run(c);
	if (!c->dead && c->state == SERVE_CONN_READING && serve_tls_has_input(&c->tls))
		read_and_run(c);
	settle(c);
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
		run_ready(c);
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

/* After anything happened to a connection: its events follow its state, or it goes. */
static void settle(struct serve_conn *c)
{
	struct serve_conns *l = c->of;

	if (c->dead) {
		conn_free(c);
		if (l->n < l->serve->conns_max)
			serve_listen_pause(l, false);
		return;
	}
	want_event(c->readable, &c->reading, c->state != SERVE_CONN_WAITING && c->state != SERVE_CONN_WRITING);
	want_event(c->writable, &c->writing, (c->state == SERVE_CONN_WRITING && !c->starved) || c->tls.pending.len);
}

static void on_feed(struct serve_exchange *x, struct serve_bytes *more)
{
	struct serve_conn *c = conn_of(x);

	assert(c->starved && more->n <= c->body_more);
	c->starved = false;
	c->owner = serve_bytes_ref(more);
	c->body = more->p;
	c->body_len = more->n;
	c->body_more -= more->n;
	set_state(c, SERVE_CONN_WRITING, SERVE_SLOW_US);
	write_some(c);
	if (c->state == SERVE_CONN_READING)
		make_ready(c);
	settle(c);
}

/* Not freed here: it may be the very one that is being answered, and hears of its end while it looks for a session. */
static void on_stop(struct serve_exchange *x)
{
	struct serve_conn *c = conn_of(x);

	c->dead = true;
	make_ready(c);
}

static const struct serve_carrier carrier = {.reply = on_reply, .wake = on_wake, .feed = on_feed, .stop = on_stop};

void serve_conn_begin(struct serve_conns *l, int fd, const struct sockaddr_storage *from, uint64_t address)
{
	struct serve_conn *c = calloc(1, sizeof *c);

	if (!c) {
		close(fd);
		return;
	}
	c->serve = l->serve;
	c->of = l;
	c->fd = fd;
	c->peer.address = address;
	c->peer.user = -1;
	serve_address_name(from, c->peer.name);
	serve_exchange_begin(&c->exchange, l->serve, &c->peer, &carrier);
	TAILQ_INSERT_TAIL(&l->all, c, all);
	++*serve_address_count(&l->addresses, address);
	l->n++;
	c->readable = event_new(l->serve->base, fd, EV_READ | EV_PERSIST, on_event, c);
	c->writable = event_new(l->serve->base, fd, EV_WRITE | EV_PERSIST, on_event, c);
	if (!c->readable || !c->writable || serve_tls_open(&c->tls, l->tls, fd) < 0)
		c->dead = true;
	set_state(c, SERVE_CONN_HANDSHAKE, SERVE_HEAD_US);
	settle(c);
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
	l->tls = tls;
}

void serve_conn_stop(struct serve_conns *l)
{
	struct serve_conn *c, *next;

	l->stopping = true;
	serve_listen_stop(l);
	for (c = TAILQ_FIRST(&l->all); c; c = next) {
		next = TAILQ_NEXT(c, all);
		if (c->state == SERVE_CONN_READING && !c->in_len) {
			say_goodbye(c);
			settle(c);
		}
	}
}

/* A deadline has passed. */
static void overdue(struct serve_conn *c)
{
	struct http_refusal late = {408, "a request that took too long"};

	if (c->state == SERVE_CONN_READING && c->in_len) {
		c->serve->state.slow_closed++;
		reply_refused(c, &late);
	} else if (c->state == SERVE_CONN_READING) {
		say_goodbye(c);
	} else {
		c->serve->state.slow_closed += c->state != SERVE_CONN_LINGER;
		c->dead = true;
	}
	settle(c);
}

void serve_conn_tick(struct serve_conns *l, int64_t now_us)
{
	struct serve_conn *c, *next;

	serve_listen_pause(l, l->n >= l->serve->conns_max);
	for (c = TAILQ_FIRST(&l->all); c; c = next) {
		next = TAILQ_NEXT(c, all);
		if (c->deadline_us <= now_us)
			overdue(c);
		else if (c->state == SERVE_CONN_READING && !c->in_len)
			free_input(c);
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
