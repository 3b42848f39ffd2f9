/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/server/http2_world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "server/serve_route.h"

#define STREAM_PIECES 3
#define FRAME_HEAD 9
#define FRAME_MAX 16384
#define TURNS_MAX 4000

struct http2_world http2_world;
static uint8_t body[HTTP2_WORLD_BODY];
static struct serve_bytes shared = {.p = body, .n = HTTP2_WORLD_BODY, .refs = 1, .etag = "\"0\"", .digest = "sha-256=:0:"};
static const uint8_t *input;
static size_t input_len, frame_len;
static struct serve_exchange *hungry;    /* wants more of its body */
static struct serve_exchange *fed;       /* and may ask for it again */
static struct serve_exchange *held[SERVE_HTTP2_STREAMS];

/* --- the connection ------------------------------------------------------------------------- */

bool serve_tls_has_input(const struct serve_tls *t)
{
	return false;
}

ssize_t serve_tls_read(struct serve_tls *t, void *p, size_t n)
{
	if (!input_len)
		return -EAGAIN;
	if (n > input_len)
		n = input_len;
	memcpy(p, input, n);
	input += n;
	input_len -= n;
	return (ssize_t)n;
}

int serve_tls_flush(struct serve_tls *t)
{
	return 0;
}

ssize_t serve_tls_write(struct serve_tls *t, const struct iovec *iov, int niov)
{
	size_t total = 0, most = http2_world.at_once;

	for (int i = 0; i < niov && total < most; i++) {
		size_t n = iov[i].iov_len < most - total ? iov[i].iov_len : most - total;

		if (n && buf_append(&http2_world.sent, iov[i].iov_base, n) < 0)
			return -EPIPE;
		total += n;
	}
	return (ssize_t)total;
}

void serve_conn_ready(struct serve_conn *c)
{
	c->is_ready = true;
}

void serve_conn_deadline(struct serve_conn *c, int64_t in_us)
{
	c->deadline_us = in_us;
}

void serve_conn_goodbye(struct serve_conn *c)
{
	c->state = SERVE_CONN_LINGER;
}

void serve_closed(struct serve *s, enum serve_closed cause, const char *from)
{
	if (cause >= SERVE_CLOSED_COUNT)
		abort();
	http2_world.closed[cause]++;
}

/* --- the answers ------------------------------------------------------------------------------ */

void serve_exchange_begin(struct serve_exchange *x, struct serve *s, struct serve_peer *peer, const struct serve_carrier *carrier)
{
	*x = (struct serve_exchange){.serve = s, .peer = peer, .carrier = carrier};
	http2_world.exchanges++;
}

bool serve_exchange_resume(struct serve_exchange *x)
{
	bool resumes = x->waiting && x->woken;

	if (resumes)
		x->waiting = x->woken = false;
	return resumes;
}

static void let_go(const struct serve_exchange *x)
{
	for (unsigned i = 0; i < http2_world.held; i++)
		if (held[i] == x) {
			held[i] = held[--http2_world.held];
			return;
		}
}

void serve_exchange_end(struct serve_exchange *x)
{
	http2_world.exchanges--;
	let_go(x);
	if (hungry == x)
		hungry = NULL;
	if (fed == x)
		fed = NULL;
}

/* "/s" has STREAM_PIECES of a length that was told, and "/o" as many of one that was not: each later than it is asked for, so that it is asked again. */
enum serve_more_state serve_exchange_more(struct serve_exchange *x, struct serve_more *ret)
{
	if (fed == x) {
		fed = NULL;
		if (!x->wait.part.part--)
			return SERVE_MORE_OVER;
		*ret = (struct serve_more){.owner = serve_bytes_ref(&shared), .p = shared.p, .n = shared.n};
		return SERVE_MORE_HERE;
	}
	if (hungry)
		return SERVE_MORE_FAILED;
	hungry = x;
	return SERVE_MORE_LATER;
}

static void wait_for(struct serve_exchange *x)
{
	x->wait.last = SERVE_WAIT_SEGMENT;
	x->waiting = true;
}

static void wake(struct serve_exchange *x)
{
	x->woken = true;
	x->carrier->wake(x);
}

void http2_world_release(void)
{
	while (http2_world.held)
		wake(held[--http2_world.held]);
}

void serve_route(struct serve_exchange *x, const struct http_request *r)
{
	struct serve_reply reply = {.status = 200, .type = "text/plain", .etag = shared.etag};
	char what = r->path.n > 1 ? r->path.p[1] : 0;

	if (r->size > HTTP_INPUT_MAX || !r->path.n || r->path.p[0] != '/' || !r->host.n)
		abort();
	if ((what == 'w' || what == 'h') && x->wait.last == SERVE_WAIT_NONE) {
		wait_for(x);
		if (what == 'w')
			wake(x);
		else
			held[http2_world.held++] = x;
		return;
	}
	if (what == 'b') {
		reply.bytes = &shared;
	} else if (what == 's') {
		reply.stream_bytes = STREAM_PIECES * HTTP2_WORLD_BODY;
		x->wait.part.part = STREAM_PIECES;
	} else if (what == 'o') {
		reply.open = true;
		x->wait.part.part = STREAM_PIECES;
	} else {
		reply.close = what == 'c';
		reply.text = (const char *)body;
		reply.text_len = 40;
	}
	x->carrier->reply(x, r, &reply);
}

/* --- the loop --------------------------------------------------------------------------------- */

struct serve_http2 *http2_world_session(void)
{
	return http2_world.conn.speaker;
}

bool http2_world_is_open(void)
{
	return !http2_world.conn.dead && http2_world.conn.state == SERVE_CONN_OPEN;
}

static void look_at_session(void)
{
	const struct serve_http2 *h = http2_world_session();

	if (h->n > SERVE_HTTP2_STREAMS || h->in_bytes > SERVE_HTTP2_INPUT_MAX || http2_world.exchanges != h->n || h->pieces > SERVE_HTTP2_PIECES)
		abort();
}

static void round_of_loop(void)
{
	struct serve_conn *c = &http2_world.conn;
	struct serve_exchange *x = hungry;

	serve_http2.event(c);
	for (unsigned i = 0; http2_world_is_open() && c->is_ready && i < TURNS_MAX; i++) {
		c->is_ready = false;
		serve_http2.turn(c);
	}
	look_at_session();
	if (http2_world_is_open() && x && hungry == x) {
		hungry = NULL;
		fed = x;
		x->carrier->go_on(x);
	}
}

void http2_world_take(const void *p, size_t n)
{
	input = p;
	input_len = n;
	for (unsigned i = 0; http2_world_is_open() && (input_len || i < 4) && i < TURNS_MAX; i++)
		round_of_loop();
	input_len = 0;
}

void http2_world_tick(void)
{
	serve_http2.tick(&http2_world.conn);
	http2_world_take(NULL, 0);
}

int http2_world_begin(void)
{
	static const char preface[] = NGHTTP2_CLIENT_MAGIC "\0\0\0\4\0\0\0\0";  /* and SETTINGS without a setting */
	int rc;

	for (size_t i = 0; i < sizeof body; i++)
		body[i] = (uint8_t)(i % HTTP2_WORLD_PERIOD);
	http2_world = (struct http2_world){.conn = {.serve = &http2_world.serve, .state = SERVE_CONN_OPEN}, .at_once = 1u << 20};
	memcpy(http2_world.serve.date, "Sun, 22 Nov 2026 12:00:00 GMT", sizeof "Sun, 22 Nov 2026 12:00:00 GMT");
	buf_init(&http2_world.sent, 4u << 20);
	frame_len = 0;
	rc = serve_http2.begin(&http2_world.conn);
	if (rc == 0)
		http2_world_take(preface, sizeof preface);
	return rc;
}

void http2_world_end(void)
{
	serve_http2.end(&http2_world.conn);
	buf_free(&http2_world.sent);
	if (http2_world.exchanges || http2_world.held || hungry || shared.refs != 1)
		abort();
}

/* RFC 9113 4.1 */
bool http2_world_frame(struct http2_frame *ret)
{
	struct rd r;
	uint32_t length;

	buf_consume(&http2_world.sent, frame_len);
	frame_len = 0;
	if (http2_world.sent.len < FRAME_HEAD)
		return false;
	r = rd_init(buf_data(&http2_world.sent), http2_world.sent.len);
	length = rd_u24(&r);
	ret->n = length;
	ret->type = rd_u8(&r);
	ret->flags = rd_u8(&r);
	ret->stream = rd_u32(&r);
	if (length > FRAME_MAX || ret->type > NGHTTP2_CONTINUATION || ret->stream > INT32_MAX || (ret->stream && ret->stream % 2 == 0))
		abort();
	if (http2_world.sent.len < FRAME_HEAD + length)
		return false;
	ret->body = buf_data(&http2_world.sent) + FRAME_HEAD;
	frame_len = FRAME_HEAD + length;
	return true;
}
