/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A viewer's frames, behind a preface, to a session whose connection and answers are made here: the first byte says in what pieces they come,
 * the second how much leaves at once. What goes out is whole frames, and bodies are what they should be; nothing is left behind.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "server/serve_export.h"
#include "server/serve_http2_inner.h"
#include "server/serve_route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_BYTES 100000
#define PERIOD 251               /* of what bodies are made of */
#define STREAM_PIECES 3
#define FRAME_HEAD 9
#define FRAME_MAX 16384
#define TURNS_MAX 4000

static uint8_t body[BODY_BYTES]; /* each byte one more than the last, modulo PERIOD */
static struct serve_bytes shared = {.p = body, .n = BODY_BYTES, .refs = 1, .etag = "\"0\"", .digest = "sha-256=:0:"};
static struct serve serve;
static struct serve_conn conn;
static struct buf sent;          /* and not looked at yet */
static const uint8_t *input;
static size_t input_len, at_once;
static unsigned exchanges;
static struct serve_exchange *hungry;  /* wants more of its body */

/* The connection. */

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

static void look_at_body(struct span data)
{
	for (size_t i = 1; i < data.n; i++)
		if ((uint8_t)data.p[i] != ((uint8_t)data.p[i - 1] + 1) % PERIOD)
			abort();
}

/* Whole frames, as RFC 9113 4.1 and 6 have them. */
static void look_at_sent(void)
{
	while (sent.len >= FRAME_HEAD) {
		struct rd r = rd_init(buf_data(&sent), sent.len);
		uint32_t length = rd_u24(&r);
		uint8_t type = rd_u8(&r);
		uint32_t stream;

		rd_u8(&r);  /* flags */
		stream = rd_u32(&r);
		if (length > FRAME_MAX || type > NGHTTP2_CONTINUATION || stream > INT32_MAX || (stream && stream % 2 == 0))
			abort();
		if (sent.len < FRAME_HEAD + length)
			return;
		if (type == NGHTTP2_DATA)
			look_at_body(span_of(buf_data(&sent) + FRAME_HEAD, length));
		buf_consume(&sent, FRAME_HEAD + length);
	}
}

ssize_t serve_tls_write(struct serve_tls *t, const struct iovec *iov, int niov)
{
	size_t total = 0;

	for (int i = 0; i < niov && total < at_once; i++) {
		size_t n = iov[i].iov_len < at_once - total ? iov[i].iov_len : at_once - total;

		if (n && buf_append(&sent, iov[i].iov_base, n) < 0)
			return -EPIPE;
		total += n;
	}
	look_at_sent();
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
}

/* The answers. */

void serve_exchange_begin(struct serve_exchange *x, struct serve *s, struct serve_peer *peer, const struct serve_carrier *carrier)
{
	*x = (struct serve_exchange){.serve = s, .peer = peer, .carrier = carrier};
	exchanges++;
}

bool serve_exchange_resume(struct serve_exchange *x)
{
	bool resumes = x->waiting && x->woken;

	if (resumes)
		x->waiting = x->woken = false;
	return resumes;
}

void serve_exchange_end(struct serve_exchange *x)
{
	exchanges--;
	if (hungry == x)
		hungry = NULL;
}

void serve_export_more(struct serve_exchange *x)
{
	if (hungry)
		x->carrier->stop(x);
	else
		hungry = x;
}

/* By its path's second byte; what waits is woken at once, and answered in its turn. */
void serve_route(struct serve_exchange *x, const struct http_request *r)
{
	struct serve_reply reply = {.status = 200, .type = "text/plain", .etag = shared.etag};

	if (r->size > HTTP_INPUT_MAX || !r->path.n || r->path.p[0] != '/' || !r->host.n)
		abort();
	switch (r->path.n > 1 ? r->path.p[1] : 0) {
	case 'b':
		reply.bytes = &shared;
		break;
	case 's':
		reply.stream_bytes = STREAM_PIECES * BODY_BYTES;
		break;
	case 'c':
		reply.close = true;
		break;
	case 'w':
		if (x->wait.last == SERVE_WAIT_NONE) {
			x->wait.last = SERVE_WAIT_SEGMENT;
			x->waiting = x->woken = true;
			x->carrier->wake(x);
			return;
		}
		break;
	default:
		reply.text = (const char *)body;
		reply.text_len = 40;
	}
	x->carrier->reply(x, r, &reply);
}

/* The loop. */

static void look_at_session(void)
{
	const struct serve_http2 *h = conn.speaker;

	if (h->n > SERVE_HTTP2_STREAMS || h->in_bytes > SERVE_HTTP2_INPUT_MAX || exchanges != h->n || h->pieces > SERVE_HTTP2_PIECES)
		abort();
}

static bool goes_on(void)
{
	return !conn.dead && conn.state == SERVE_CONN_OPEN;
}

static void round_of_loop(void)
{
	struct serve_exchange *x = hungry;

	serve_http2.event(&conn);
	for (unsigned i = 0; goes_on() && conn.is_ready && i < TURNS_MAX; i++) {
		conn.is_ready = false;
		serve_http2.turn(&conn);
	}
	look_at_session();
	if (goes_on() && x && hungry == x) {
		hungry = NULL;
		x->carrier->feed(x, &shared);
	}
	if (goes_on())
		serve_http2.tick(&conn);
}

static void take(const void *p, size_t n)
{
	input = p;
	input_len = n;
	for (unsigned i = 0; goes_on() && (input_len || i < 4) && i < TURNS_MAX; i++)
		round_of_loop();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char preface[] = NGHTTP2_CLIENT_MAGIC "\0\0\0\4\0\0\0\0";  /* and SETTINGS without a setting */
	size_t step;

	if (size < 2)
		return 0;
	for (size_t i = 0; i < sizeof body; i++)
		body[i] = (uint8_t)(i % PERIOD);
	step = data[0] ? data[0] : size;
	at_once = data[1] ? (size_t)data[1] * 16 : 1u << 20;
	conn = (struct serve_conn){.serve = &serve, .state = SERVE_CONN_OPEN};
	memcpy(serve.date, "Sun, 22 Nov 2026 12:00:00 GMT", sizeof "Sun, 22 Nov 2026 12:00:00 GMT");
	buf_init(&sent, 4u << 20);
	if (serve_http2.begin(&conn) == 0) {
		take(preface, NGHTTP2_CLIENT_MAGIC_LEN + FRAME_HEAD);
		for (size_t at = 2; at < size && goes_on(); at += step)
			take(data + at, size - at < step ? size - at : step);
		if (goes_on())
			serve_http2.stop(&conn);
	}
	serve_http2.end(&conn);
	buf_free(&sent);
	if (exchanges || hungry || shared.refs != 1)
		abort();
	return 0;
}
