/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_http2_inner.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/serve_http2_head.h"
#include "server/serve_route.h"

#define REPLY_HEAD_MAX (8u << 10) /* of an answer; with its status it is one frame of the least size that a client takes (RFC 9113 4.2) */
#define HEAD_TYPICAL 1024        /* of a request, and of an answer */
#define SMALL_BODY 2048          /* is copied, since what it is in may be gone */
#define URGENT 1                 /* RFC 9218: small answers, as playlists, go before segments */
#define USUAL 3

static struct serve_http2_stream *of(struct serve_exchange *x)
{
	return (struct serve_http2_stream *)(void *)((char *)x - offsetof(struct serve_http2_stream, exchange));
}

static void ready(struct serve_http2_stream *s)
{
	if (!s->of->busy)
		serve_conn_ready(s->of->conn);
}

static void wake(struct serve_http2_stream *s)
{
	if (!s->is_woken)
		TAILQ_INSERT_TAIL(&s->of->woken, s, woken);
	s->is_woken = true;
	ready(s);
}

static void on_wake(struct serve_exchange *x)
{
	wake(of(x));
}

static void drop(struct serve_http2_stream *s, struct buf *b)
{
	s->of->in_bytes -= b->len;
	if (b->len)
		explicit_bzero(buf_data(b), b->len);
	buf_free(b);
}

static void drop_input(struct serve_http2_stream *s)
{
	drop(s, &s->line);
	drop(s, &s->in);
	explicit_bzero(s->authority, sizeof s->authority);
}

static void refuse(struct serve_http2_stream *s, unsigned status, const char *why)
{
	if (!s->bad.status)
		s->bad = (struct http_refusal){status, why};
}

static void put(struct serve_http2_stream *s, struct buf *b, const void *p, size_t n)
{
	if (s->bad.status)
		return;
	assert(s->of->in_bytes <= SERVE_HTTP2_INPUT_MAX);
	if (n > SERVE_HTTP2_INPUT_MAX - s->of->in_bytes || buf_append(b, p, n) < 0)
		refuse(s, 431, "a head that is too large");
	else
		s->of->in_bytes += n;
}

static void put_text(struct serve_http2_stream *s, struct buf *b, const char *text)
{
	put(s, b, text, strlen(text));
}

/* What would make two lines, or two fields, of one. nghttp2 looks too; but on this the reading of all requests rests. */
static bool fits(struct span name, struct span value)
{
	if (!name.n)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if ((uint8_t)name.p[i] <= ' ' || (name.p[i] == ':' && i) || (name.p[i] >= 'A' && name.p[i] <= 'Z'))
			return false;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] == '\r' || value.p[i] == '\n' || !value.p[i] || (name.p[0] == ':' && value.p[i] == ' '))
			return false;
	return true;
}

static void keep(struct serve_http2_stream *s, char *to, size_t cap, struct span value, unsigned status)
{
	if (value.n >= cap)
		refuse(s, status, "a method or an authority that is too long");
	else
		memcpy(to, value.p, value.n);
}

static void pseudo(struct serve_http2_stream *s, struct span name, struct span value)
{
	if (span_is(name, ":method")) {
		keep(s, s->method, sizeof s->method, value, 405);
	} else if (span_is(name, ":path")) {
		if (value.n > HTTP_TARGET_MAX)
			refuse(s, 414, "a target that is too long");
		put(s, &s->line, value.p, value.n);
	} else if (span_is(name, ":authority")) {
		s->has_authority = true;
		keep(s, s->authority, sizeof s->authority, value, 400);
	} else if (!span_is(name, ":scheme") || !span_is(value, "https")) {
		refuse(s, 400, "a pseudo-header field that may not be, or another scheme");
	}
}

/* The pseudo-header fields are there: no other comes behind a field that is none (RFC 9113 8.3; nghttp2 sees to it). */
static void begin_fields(struct serve_http2_stream *s)
{
	if (s->in.len || s->bad.status || !buf_reserve(&s->in, HEAD_TYPICAL))
		return;
	put_text(s, &s->in, s->method);
	put_text(s, &s->in, " ");
	put(s, &s->in, buf_data(&s->line), s->line.len);
	put_text(s, &s->in, " HTTP/1.1\r\n");
	drop(s, &s->line);
	if (s->has_authority) {
		put_text(s, &s->in, "Host: ");
		put_text(s, &s->in, s->authority);
		put_text(s, &s->in, "\r\n");
	}
}

void serve_http2_stream_field(struct serve_http2_stream *s, struct span name, struct span value)
{
	if (!fits(name, value)) {
		refuse(s, 400, "a field with bytes that may not be in it");
	} else if (name.p[0] == ':') {
		pseudo(s, name, value);
	} else if (s->has_authority && span_is(name, "host")) {
		if (!span_is(value, s->authority))
			refuse(s, 400, "two hosts");
	} else {
		begin_fields(s);
		put(s, &s->in, name.p, name.n);
		put_text(s, &s->in, ": ");
		put(s, &s->in, value.p, value.n);
		put_text(s, &s->in, "\r\n");
	}
}

void serve_http2_stream_head(struct serve_http2_stream *s)
{
	begin_fields(s);
	put_text(s, &s->in, "\r\n");
}

void serve_http2_stream_body(struct serve_http2_stream *s, const uint8_t *p, size_t n)
{
	if (!s->bad.status && n > HTTP_INPUT_MAX - s->in.len)
		refuse(s, 413, "a body that is too large");
	put(s, &s->in, p, n);
}

static void on_stop(struct serve_exchange *x)
{
	struct serve_http2_stream *s = of(x);

	nghttp2_submit_rst_stream(s->of->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_INTERNAL_ERROR);
	ready(s);
}

/* More of the body, where it is made; false: none now. */
static bool take_more(struct serve_http2_stream *s)
{
	if (s->body.starved)
		return false;
	switch (serve_body_next(&s->body, &s->exchange)) {
	case SERVE_MORE_HERE:
		s->deadline_us = clock_mono_us() + SERVE_SLOW_US;
		return true;
	case SERVE_MORE_OVER:
		return true;
	case SERVE_MORE_LATER:
		s->deadline_us = clock_mono_us() + SERVE_STARVED_US;
		return false;
	case SERVE_MORE_FAILED:
		on_stop(&s->exchange);
		return false;
	}
	return false;
}

/* The answer's body, in frames that nghttp2 asks for the lengths of: on_frame sends them. */
static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t n, uint32_t *flags, nghttp2_data_source *source, void *ctx)
{
	struct serve_http2_stream *s = source->ptr;

	if (!s->body.n && serve_body_comes(&s->body) && !take_more(s))
		return NGHTTP2_ERR_DEFERRED;
	if (s->body.n)
		*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (n >= s->body.n && !serve_body_comes(&s->body))
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)(n < s->body.n ? n : s->body.n);
}

/* nghttp2 is told the status alone: the other fields go behind it when its frame goes out. */
static int make_head(struct serve_http2_stream *s, const struct serve_reply *reply, char ret_status[3])
{
	struct buf text;
	struct span fields;
	int rc;

	buf_init(&text, REPLY_HEAD_MAX);
	rc = buf_reserve(&text, HEAD_TYPICAL) ? serve_reply_head(&text, reply, s->of->conn->serve->date, true) : -ENOMEM;
	assert(rc || buf_data(&text));
	if (!rc) {
		fields = span_of(buf_data(&text), text.len);
		memcpy(ret_status, span_cut(&fields, '\n').p + sizeof "HTTP/1.1", 3);
		rc = serve_http2_head(&s->head, fields);
	}
	buf_free(&text);
	return rc;
}

static int submit(struct serve_http2_stream *s, const struct serve_reply *reply)
{
	nghttp2_data_provider body = {.source.ptr = s, .read_callback = read_body};
	nghttp2_extpri priority = {.urgency = s->body.n <= SERVE_TLS_RECORD ? URGENT : USUAL, .inc = 1};
	char status[3];
	nghttp2_nv nv = {.name = (uint8_t *)(uintptr_t)":status", .namelen = 7, .value = (uint8_t *)status, .valuelen = sizeof status};
	int rc = make_head(s, reply, status);

	if (rc)
		return rc;
	nghttp2_session_change_extpri_stream_priority(s->of->session, s->id, &priority, 1);
	return nghttp2_submit_response(s->of->session, s->id, &nv, 1, s->body.n || serve_body_comes(&s->body) ? &body : NULL);
}

static void begin_response(struct serve_http2_stream *s, const struct serve_reply *reply, bool with_body)
{
	bool copied = true;

	s->answered = true;
	s->deadline_us = clock_mono_us() + SERVE_SLOW_US;
	drop_input(s);
	serve_body_begin(&s->body, reply, with_body);
	if (s->body.n && s->body.n <= SMALL_BODY && !reply->bytes) {
		copied = buf_append(&s->copy, s->body.p, s->body.n) == 0;
		s->body.p = buf_data(&s->copy);
	}
	s->of->conn->serve->state.requests_http2++;
	if (!copied || submit(s, reply) < 0)
		nghttp2_submit_rst_stream(s->of->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_INTERNAL_ERROR);
	ready(s);
}

static void on_reply(struct serve_exchange *x, const struct http_request *r, const struct serve_reply *reply)
{
	struct serve_http2_stream *s = of(x);

	if (reply->close)
		s->of->ending = true;
	begin_response(s, reply, r->method != HTTP_HEAD);
}

static void on_go_on(struct serve_exchange *x)
{
	struct serve_http2_stream *s = of(x);

	assert(s->body.starved);
	s->body.starved = false;
	nghttp2_session_resume_data(s->of->session, s->id);
	ready(s);
}

static const struct serve_carrier carrier = {.reply = on_reply, .wake = on_wake, .go_on = on_go_on, .stop = on_stop};

struct serve_http2_stream *serve_http2_stream_new(struct serve_http2 *h, int32_t id)
{
	struct serve_http2_stream *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->of = h;
	s->id = id;
	buf_init(&s->line, HTTP_TARGET_MAX);
	buf_init(&s->in, HTTP_INPUT_MAX + sizeof s->method + sizeof s->authority + 64);
	buf_init(&s->head, REPLY_HEAD_MAX);
	buf_init(&s->copy, SMALL_BODY);
	serve_exchange_begin(&s->exchange, h->conn->serve, &h->conn->peer, &carrier);
	s->deadline_us = clock_mono_us() + SERVE_HEAD_US;
	TAILQ_INSERT_TAIL(&h->streams, s, next);
	h->n++;
	h->idle = false;  /* also when it is answered before anybody looks again */
	return s;
}

void serve_http2_stream_free(struct serve_http2_stream *s)
{
	serve_exchange_end(&s->exchange);
	if (s->is_woken)
		TAILQ_REMOVE(&s->of->woken, s, woken);
	TAILQ_REMOVE(&s->of->streams, s, next);
	s->of->n--;
	drop_input(s);
	buf_free(&s->head);
	buf_free(&s->copy);
	serve_body_end(&s->body);
	free(s);
}

static void answer_refused(struct serve_http2_stream *s, const struct http_refusal *bad)
{
	struct serve_reply reply = {.status = bad->status, .allow = bad->status == 405 ? HTTP_ALLOW : NULL};

	s->of->conn->serve->state.refused++;
	begin_response(s, &reply, true);
}

static void answer(struct serve_http2_stream *s)
{
	struct http_progress progress = {0};
	struct http_request request;
	struct http_refusal bad = s->bad;
	int rc = bad.status ? -EBADMSG : http_parse(buf_data(&s->in), s->in.len, &progress, &request, &bad);

	if (rc == 1 && request.size != s->in.len)
		bad = (struct http_refusal){400, "more than the request"};
	else if (rc == 0)
		bad = (struct http_refusal){400, "less than the request"};
	if (rc < 1 || request.size != s->in.len)
		answer_refused(s, &bad);
	else
		serve_route(&s->exchange, &request);
}

void serve_http2_stream_whole(struct serve_http2_stream *s)
{
	s->whole = true;
	s->deadline_us = INT64_MAX;  /* what it waits for has its own */
	wake(s);
}

void serve_http2_stream_turn(struct serve_http2_stream *s)
{
	TAILQ_REMOVE(&s->of->woken, s, woken);
	s->is_woken = false;
	if (!s->answered && (!s->exchange.waiting || serve_exchange_resume(&s->exchange)))
		answer(s);
}

static enum serve_closed cause(const struct serve_http2_stream *s)
{
	if (!s->answered)
		return SERVE_CLOSED_REQUEST;
	return s->body.starved ? SERVE_CLOSED_STARVED : SERVE_CLOSED_SLOW;
}

void serve_http2_stream_tick(struct serve_http2_stream *s, int64_t now_us)
{
	static const struct http_refusal late = {408, "a request that took too long"};

	if (s->answered && !s->body.starved && s->sent - s->mark >= SERVE_SLOW_BYTES) {
		s->mark = s->sent;
		s->deadline_us = now_us + SERVE_SLOW_US;
	}
	if (s->deadline_us > now_us)
		return;
	serve_closed(s->exchange.serve, cause(s), s->of->conn->peer.name);
	if (!s->answered)
		answer_refused(s, &late);
	else
		nghttp2_submit_rst_stream(s->of->session, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_ENHANCE_YOUR_CALM);
	s->deadline_us = now_us + SERVE_SLOW_US;
	ready(s);
}
