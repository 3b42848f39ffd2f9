/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_http1.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "server/serve_body.h"
#include "server/serve_route.h"

#define HEAD_MAX (8u << 10)
#define HEAD_TYPICAL 1024
#define SMALL_BODY 2048          /* goes out with the head */
#define REQUESTS_BATCH 16        /* of one connection, before others get their turn */
#define BATCHES 8                /* of one response, before others get their turn */

enum state { READING, WAITING, WRITING, ENDED };

struct serve_http1 {
	struct serve_conn *conn;
	struct serve_exchange exchange;  /* the request at hand */
	enum state state;
	uint8_t *in;                     /* HTTP_INPUT_MAX bytes, NULL at rest */
	size_t in_len, request_size;
	struct http_progress progress;
	struct buf out;                  /* head of the response */
	struct serve_body body;          /* one that is open goes out in chunks (RFC 9112 7.1) */
	size_t crlf_len;                 /* of the CRLF behind its chunk */
	bool close_after;
};

static void set_state(struct serve_http1 *h, enum state state, int64_t in_us)
{
	h->state = state;
	serve_conn_deadline(h->conn, in_us);
}

static void say_goodbye(struct serve_http1 *h)
{
	h->state = ENDED;
	serve_conn_goodbye(h->conn);
}

static void free_input(struct serve_http1 *h)
{
	if (h->in)
		explicit_bzero(h->in, HTTP_INPUT_MAX);
	free(h->in);
	h->in = NULL;
	h->in_len = 0;
}

/* Not freed here: it may be the very one that is being answered, and hears of its end while it looks for a session. */
static void stop_here(struct serve_http1 *h)
{
	h->conn->dead = true;
	serve_conn_ready(h->conn);
}

static bool has_output(const struct serve_http1 *h)
{
	return h->out.len || h->body.n || h->crlf_len;
}

static void frame(struct serve_http1 *h, size_t n)
{
	if (buf_append_fmt(&h->out, "%zx\r\n", n) < 0)
		h->conn->dead = true;
	h->crlf_len = 2;
}

/* More of the body, where it is made; false: there is none, or none now. */
static bool take_more(struct serve_http1 *h)
{
	if (!serve_body_comes(&h->body) || h->body.starved || h->conn->dead || h->conn->tls.pending.len)
		return false;
	switch (serve_body_next(&h->body, &h->exchange)) {
	case SERVE_MORE_HERE:
		if (h->body.open)
			frame(h, h->body.n);
		set_state(h, WRITING, SERVE_SLOW_US);
		break;
	case SERVE_MORE_LATER:
		set_state(h, WRITING, SERVE_STARVED_US);
		break;
	case SERVE_MORE_OVER:
		frame(h, 0);
		break;
	case SERVE_MORE_FAILED:
		stop_here(h);
		break;
	}
	return has_output(h);
}

/* The response is out: the request's bytes go, and the next may come. */
static void finish_response(struct serve_http1 *h)
{
	size_t left = h->in_len - h->request_size;

	serve_exchange_end(&h->exchange);
	buf_free(&h->out);
	serve_body_end(&h->body);
	memmove(h->in, h->in + h->request_size, left);
	explicit_bzero(h->in + left, h->in_len - left);
	h->in_len = left;
	h->request_size = 0;
	h->progress = (struct http_progress){0};
	if (h->close_after || serve_conn_stopping(h->conn))
		say_goodbye(h);
	else
		set_state(h, READING, left ? SERVE_HEAD_US : SERVE_IDLE_US);
}

static void step_over(struct serve_http1 *h, size_t n)
{
	size_t head = n < h->out.len ? n : h->out.len, body = n - head < h->body.n ? n - head : h->body.n;

	buf_consume(&h->out, head);
	h->body.p += h->body.p ? body : 0;
	h->body.n -= body;
	h->crlf_len -= n - head - body;
	h->conn->serve->state.bytes_out += n;
}

static void write_some(struct serve_http1 *h)
{
	static const char crlf[2] = {'\r', '\n'};

	if (h->body.starved)
		return;
	for (int i = 0; i < BATCHES && (has_output(h) || take_more(h)); i++) {
		struct iovec iov[3] = {{buf_data(&h->out), h->out.len}, {(void *)(uintptr_t)h->body.p, h->body.n}, {(void *)(uintptr_t)(crlf + sizeof crlf - h->crlf_len), h->crlf_len}};
		ssize_t n = serve_tls_write(&h->conn->tls, iov, 3);

		if (n < 0) {
			h->conn->dead = true;
			return;
		}
		if (n == 0)
			break;
		step_over(h, (size_t)n);
	}
	if (serve_tls_flush(&h->conn->tls) < 0)
		h->conn->dead = true;
	else if (!has_output(h) && !h->conn->tls.pending.len && !serve_body_comes(&h->body) && !h->conn->dead)
		finish_response(h);
	else if (!h->body.starved && h->conn->tls.sent - h->conn->mark >= SERVE_SLOW_BYTES)
		set_state(h, WRITING, SERVE_SLOW_US);
}

static void begin_response(struct serve_http1 *h, const struct serve_reply *reply, bool with_body)
{
	struct serve_reply said = *reply;
	bool keep_alive;

	said.chunked = reply->open;
	h->close_after |= reply->close || serve_conn_stopping(h->conn);
	keep_alive = !h->close_after;
	buf_init(&h->out, HEAD_MAX);
	if (!buf_reserve(&h->out, HEAD_TYPICAL) || serve_reply_head(&h->out, &said, h->conn->serve->date, keep_alive) < 0) {
		h->conn->dead = true;
		return;
	}
	serve_body_begin(&h->body, reply, with_body);
	if (h->body.n && h->body.n <= SMALL_BODY && buf_append(&h->out, h->body.p, h->body.n) == 0)
		serve_body_took(&h->body);  /* one record instead of two */
	h->conn->serve->state.requests_http1++;
	set_state(h, WRITING, SERVE_SLOW_US);
	write_some(h);
}

static struct serve_http1 *of(struct serve_exchange *x)
{
	return (struct serve_http1 *)(void *)((char *)x - offsetof(struct serve_http1, exchange));
}

static void on_reply(struct serve_exchange *x, const struct http_request *r, const struct serve_reply *reply)
{
	struct serve_http1 *h = of(x);

	h->request_size = r->size;
	h->close_after = !r->keep_alive;
	begin_response(h, reply, r->method != HTTP_HEAD);
}

static void reply_refused(struct serve_http1 *h, const struct http_refusal *bad)
{
	struct serve_reply reply = {.status = bad->status, .close = true, .allow = bad->status == 405 ? HTTP_ALLOW : NULL};

	h->conn->serve->state.refused++;
	h->request_size = h->in_len;
	begin_response(h, &reply, true);
}

static void on_wake(struct serve_exchange *x)
{
	serve_conn_ready(of(x)->conn);
}

static void answer(struct serve_http1 *h, const struct http_request *request)
{
	serve_route(&h->exchange, request);
	if (!h->exchange.waiting)
		return;
	h->state = WAITING;
	h->conn->deadline_us = INT64_MAX;  /* the exchange has its own */
}

/* Answers what has been read, as long as whole requests are there. */
static void run(struct serve_http1 *h)
{
	struct http_request request;
	struct http_refusal bad;

	for (int i = 0; i < REQUESTS_BATCH; i++) {
		int rc;

		if (h->conn->dead || h->state != READING || !h->in_len)
			return;
		rc = http_parse(h->in, h->in_len, &h->progress, &request, &bad);
		if (rc == 0)
			return;
		if (rc < 0)
			reply_refused(h, &bad);
		else
			answer(h, &request);
	}
	if (h->state == READING)
		serve_conn_ready(h->conn);
}

/* One read; whether there may be more inside the TLS engine. */
static bool read_once(struct serve_http1 *h)
{
	ssize_t n;

	if (!h->in)
		h->in = malloc(HTTP_INPUT_MAX);
	if (!h->in || h->in_len == HTTP_INPUT_MAX) {
		h->conn->dead = true;  /* the parser refuses before that; or no memory */
		return false;
	}
	n = serve_tls_read(&h->conn->tls, h->in + h->in_len, HTTP_INPUT_MAX - h->in_len);
	if (n == -EAGAIN)
		return false;
	if (n <= 0) {
		h->conn->dead = true;
		return false;
	}
	if (!h->in_len)
		h->conn->deadline_us = clock_mono_us() + SERVE_HEAD_US;
	h->in_len += (size_t)n;
	return true;
}

static void read_and_run(struct serve_http1 *h)
{
	for (int i = 0; i < REQUESTS_BATCH && !h->conn->dead && h->state == READING; i++) {
		if (!read_once(h))
			return;
		run(h);
		if (h->state != READING || h->conn->dead || !serve_tls_has_input(&h->conn->tls))
			return;
	}
	serve_conn_ready(h->conn);
}

static void on_go_on(struct serve_exchange *x)
{
	struct serve_http1 *h = of(x);

	assert(h->body.starved);
	h->body.starved = false;
	set_state(h, WRITING, SERVE_SLOW_US);
	serve_conn_settle(h->conn);  /* and its event writes: thousands may be told of one chunk */
}

static void on_stop(struct serve_exchange *x)
{
	stop_here(of(x));
}

static const struct serve_carrier carrier = {.reply = on_reply, .wake = on_wake, .go_on = on_go_on, .stop = on_stop};

static int begin(struct serve_conn *c)
{
	struct serve_http1 *h = calloc(1, sizeof *h);

	if (!h)
		return -ENOMEM;
	h->conn = c;
	serve_exchange_begin(&h->exchange, c->serve, &c->peer, &carrier);
	c->speaker = h;
	set_state(h, READING, SERVE_IDLE_US);
	return 0;
}

static void end(struct serve_conn *c)
{
	struct serve_http1 *h = c->speaker;

	if (!h)
		return;
	serve_exchange_end(&h->exchange);
	free_input(h);
	buf_free(&h->out);
	serve_body_end(&h->body);
	free(h);
	c->speaker = NULL;
}

static void event(struct serve_conn *c)
{
	struct serve_http1 *h = c->speaker;

	if (c->tls.pending.len && h->state != WRITING && serve_tls_flush(&c->tls) < 0)
		c->dead = true;
	if (c->dead)
		return;
	if (h->state == WRITING) {
		write_some(h);
		if (h->state == READING)
			serve_conn_ready(c);
	} else if (h->state == READING) {
		read_and_run(h);
	}
}

/* Those whose wait is over, and those with more requests than one turn takes. */
static void turn(struct serve_conn *c)
{
	struct serve_http1 *h = c->speaker;

	if (serve_exchange_resume(&h->exchange))
		h->state = READING;
	run(h);
	if (!c->dead && h->state == READING && serve_tls_has_input(&c->tls))
		read_and_run(h);
}

static short wants(const struct serve_conn *c)
{
	const struct serve_http1 *h = c->speaker;

	if (h->state == WRITING)
		return h->body.starved ? 0 : EV_WRITE;
	return h->state == WAITING ? 0 : EV_READ;
}

static void overdue(struct serve_conn *c)
{
	struct http_refusal late = {408, "a request that took too long"};
	struct serve_http1 *h = c->speaker;

	if (h->state == READING && h->in_len) {
		serve_closed(c->serve, SERVE_CLOSED_REQUEST, c->peer.name);
		reply_refused(h, &late);
	} else if (h->state == READING) {
		serve_closed(c->serve, SERVE_CLOSED_IDLE, c->peer.name);
		say_goodbye(h);
	} else {
		serve_closed(c->serve, h->body.starved ? SERVE_CLOSED_STARVED : SERVE_CLOSED_SLOW, c->peer.name);
		c->dead = true;
	}
}

static void tick(struct serve_conn *c)
{
	struct serve_http1 *h = c->speaker;

	if (h->state == READING && !h->in_len)
		free_input(h);
}

static void stop(struct serve_conn *c)
{
	struct serve_http1 *h = c->speaker;

	if (h->state == READING && !h->in_len)
		say_goodbye(h);
}

const struct serve_speech serve_http1 = {.begin = begin, .end = end, .event = event, .turn = turn, .wants = wants, .overdue = overdue,
	.tick = tick, .stop = stop};
