/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_http2_inner.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/wr.h"

#define READS_BATCH 16           /* of one connection, before others get their turn */
#define WRITES_BATCH 8
#define ANSWERS_BATCH 16
#define GATHERED SERVE_TLS_BATCH /* bytes of one write */
#define OUT_MAX (256u << 10)     /* nghttp2 gives one frame at a time, and one is at most a head */
#define SMALL_PIECE 2048         /* of a body: goes into one record with the frames around it */
#define WINDOW_BYTES 65535
#define FRAME_HEAD 9             /* bytes (RFC 9113 4.1) */
#define FRAME_MAX 16384          /* of what follows it, which every client takes (4.2) */

/* What was read last; all connections share it, since nghttp2 keeps what it needs. */
static uint8_t input[SERVE_TLS_RECORD];

static bool pay(uint32_t *purse)
{
	if (!*purse)
		return false;
	--*purse;
	return true;
}

static void fill(uint32_t *purse, uint32_t by, uint32_t max)
{
	*purse = *purse + by < max ? *purse + by : max;
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *ctx)
{
	struct serve_http2 *h = ctx;
	bool ends = hd->flags & NGHTTP2_FLAG_END_STREAM;

	if (hd->type == NGHTTP2_RST_STREAM)
		h->calm |= !pay(&h->resets);
	else if (hd->type != NGHTTP2_HEADERS && (hd->type != NGHTTP2_DATA || (!hd->length && !ends)))
		h->calm |= !pay(&h->noise);
	return 0;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
	struct serve_http2 *h = ctx;
	struct serve_http2_stream *s;

	if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;  /* trailers: not looked at */
	s = h->calm || h->ending ? NULL : serve_http2_stream_new(h, frame->hd.stream_id);
	if (!s)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	nghttp2_session_set_stream_user_data(session, s->id, s);
	return 0;
}

/* A few bytes can name a long field of HPACK's table again and again. */
static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t value_len, uint8_t flags, void *ctx)
{
	struct serve_http2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

	if (!s)
		return 0;
	s->decoded += name_len + value_len + 32;  /* as RFC 9113 6.5.2 counts */
	if (s->decoded > SERVE_HTTP2_DECODED_MAX) {
		s->of->calm = true;
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	}
	if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		serve_http2_stream_field(s, span_of(name, name_len), span_of(value, value_len));
	return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
	struct serve_http2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

	if (!s || s->whole || s->answered || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		serve_http2_stream_head(s);
	if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		serve_http2_stream_whole(s);
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *ctx)
{
	struct serve_http2_stream *s = nghttp2_session_get_stream_user_data(session, id);

	if (s && !s->whole && !s->answered)
		serve_http2_stream_body(s, p, n);
	return 0;
}

/* A frame is about to be given: of an answer, the status. */
static int on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *ctx)
{
	struct serve_http2_stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	struct serve_http2 *h = ctx;

	if (frame->hd.type == NGHTTP2_RST_STREAM)
		h->calm |= !pay(&h->resets);
	if (frame->hd.type == NGHTTP2_HEADERS && s) {
		assert(!h->head.mem);
		h->head = s->head;  /* the stream may be gone before we have the frame */
		buf_init(&s->head, s->head.max);
	}
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error, void *ctx)
{
	struct serve_http2_stream *s = nghttp2_session_get_stream_user_data(session, id);

	if (s)
		serve_http2_stream_free(s);
	return 0;
}

static int put_frames(struct serve_http2 *h, const void *p, size_t n)
{
	if (buf_append(&h->out, p, n) < 0)
		return -ENOBUFS;
	h->behind += n;
	h->waiting += n;
	return 0;
}

/* A DATA frame goes out: its head behind what waits already, its bytes from where they are. */
static int on_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head, size_t n, nghttp2_data_source *source, void *ctx)
{
	struct serve_http2_stream *s = source->ptr;
	struct serve_http2 *h = ctx;
	bool copied;

	if (h->pieces == SERVE_HTTP2_PIECES || h->waiting >= GATHERED)
		return NGHTTP2_ERR_WOULDBLOCK;
	copied = s->copy.len || n <= SMALL_PIECE;  /* a copy may be gone with its stream before it is out */
	if (put_frames(h, head, FRAME_HEAD) < 0 || (copied && put_frames(h, s->body.p, n) < 0))
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	if (!copied) {
		h->piece[h->pieces++] = (struct serve_http2_piece){.before = h->behind, .owner = serve_bytes_ref(s->body.owner), .p = s->body.p, .n = n};
		h->behind = 0;
		h->waiting += n;
	}
	s->body.p += n;
	s->body.n -= n;
	s->sent += n;
	fill(&h->noise, SERVE_HTTP2_NOISE_PER_FRAME, SERVE_HTTP2_NOISE);
	return 0;
}

static int set_up(struct serve_http2 *h)
{
	static const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, SERVE_HTTP2_STREAMS},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP_HEAD_MAX},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_BYTES},
		{NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
	};
	nghttp2_session_callbacks *calls = NULL;
	nghttp2_option *option = NULL;
	int rc = nghttp2_session_callbacks_new(&calls);

	if (!rc)
		rc = nghttp2_option_new(&option);
	if (rc) {
		nghttp2_session_callbacks_del(calls);
		return -ENOMEM;
	}
	nghttp2_option_set_max_outbound_ack(option, sizeof input / FRAME_HEAD + SERVE_HTTP2_NOISE);  /* the purse ends it first, and says so */
	nghttp2_session_callbacks_set_on_begin_frame_callback(calls, on_begin_frame);
	nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
	nghttp2_session_callbacks_set_on_frame_send_callback(calls, on_sent);
	nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
	nghttp2_session_callbacks_set_send_data_callback(calls, on_send_data);
	rc = nghttp2_session_server_new3(&h->session, calls, h, option, &h->memory.mem);
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(calls);
	if (!rc)
		rc = nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, sizeof settings / sizeof *settings);
	return rc ? -ENOMEM : 0;
}

static void end(struct serve_conn *c)
{
	struct serve_http2 *h = c->speaker;

	if (!h)
		return;
	while (!TAILQ_EMPTY(&h->streams))
		serve_http2_stream_free(TAILQ_FIRST(&h->streams));
	if (!h->broken)
		nghttp2_session_del(h->session);
	serve_http2_memory_free(&h->memory);
	for (unsigned i = 0; i < h->pieces; i++)
		serve_bytes_unref(&h->piece[i].owner);
	buf_free(&h->head);
	buf_free(&h->out);
	free(h);
	c->speaker = NULL;
}

static int begin(struct serve_conn *c)
{
	struct serve_http2 *h = calloc(1, sizeof *h);

	if (!h)
		return -ENOMEM;
	h->conn = c;
	h->resets = SERVE_HTTP2_RESETS;
	h->noise = SERVE_HTTP2_NOISE;
	TAILQ_INIT(&h->streams);
	TAILQ_INIT(&h->woken);
	buf_init(&h->out, OUT_MAX);
	serve_http2_memory_init(&h->memory);
	c->speaker = h;
	return set_up(h);
}

/*
 * Where memory fails it as a body's first frame is queued, nghttp2 1.52 frees that frame and keeps it in the stream, to be freed again
 * with the session (nghttp2_session_del). So of a session that had no memory only the memory is freed (serve_http2_memory_free).
 */
static bool failed(struct serve_http2 *h, ssize_t rc)
{
	h->broken |= rc == NGHTTP2_ERR_NOMEM;
	return rc < 0;
}

/* The frame of an answer's status, with its other fields behind: they use no table, so that it stays nghttp2's (RFC 7541 2.3.2). */
static int put_answer(struct serve_http2 *h, const uint8_t *p, size_t n)
{
	size_t len = n - FRAME_HEAD + h->head.len;
	uint8_t head[FRAME_HEAD];
	struct wr w = wr_init(head, sizeof head);
	int rc;

	assert(p[3] == NGHTTP2_HEADERS && (p[4] & NGHTTP2_FLAG_END_HEADERS) && len <= FRAME_MAX);
	wr_u24(&w, (uint32_t)len);
	wr_bytes(&w, p + w.len, sizeof head - w.len);
	rc = put_frames(h, head, sizeof head) < 0 || put_frames(h, p + FRAME_HEAD, n - FRAME_HEAD) < 0 || put_frames(h, buf_data(&h->head), h->head.len) < 0;
	buf_free(&h->head);
	return rc ? -ENOBUFS : 0;
}

/* Frames until there is enough for a write. */
static int gather(struct serve_http2 *h)
{
	const uint8_t *p;
	ssize_t n = 1;

	while (n > 0 && h->waiting < GATHERED) {
		n = nghttp2_session_mem_send(h->session, &p);
		if (failed(h, n) || (n > 0 && (h->head.len ? put_answer(h, p, (size_t)n) : put_frames(h, p, (size_t)n)) < 0))
			return -EPIPE;
	}
	return 0;
}

static void list_frames(struct iovec *iov, int *n, uint8_t **frames, size_t len)
{
	if (!len)
		return;
	iov[(*n)++] = (struct iovec){*frames, len};
	*frames += len;
}

static int list_out(const struct serve_http2 *h, struct iovec iov[2 * SERVE_HTTP2_PIECES + 1])
{
	uint8_t *frames = buf_data(&h->out);
	int n = 0;

	for (unsigned i = 0; i < h->pieces; i++) {
		const struct serve_http2_piece *piece = &h->piece[i];

		list_frames(iov, &n, &frames, piece->before);
		iov[n++] = (struct iovec){(void *)(uintptr_t)piece->p, piece->n};
	}
	list_frames(iov, &n, &frames, h->behind);
	return n;
}

/* So much of the first piece, and what is before it, is out; the rest of n. */
static size_t step_over_piece(struct serve_http2 *h, size_t n)
{
	struct serve_http2_piece *piece = h->piece;
	size_t before = n < piece->before ? n : piece->before, body = n - before < piece->n ? n - before : piece->n;

	buf_consume(&h->out, before);
	piece->before -= before;
	piece->p += body;
	piece->n -= body;
	if (!piece->n) {
		serve_bytes_unref(&piece->owner);
		memmove(h->piece, h->piece + 1, --h->pieces * sizeof *piece);
	}
	return n - before - body;
}

static void step_over(struct serve_http2 *h, size_t n)
{
	h->waiting -= n;
	h->conn->serve->state.bytes_out += n;
	while (n && h->pieces)
		n = step_over_piece(h, n);
	buf_consume(&h->out, n);
	h->behind -= n;
}

static void write_some(struct serve_http2 *h)
{
	struct serve_conn *c = h->conn;

	for (int i = 0; i < WRITES_BATCH; i++) {
		struct iovec iov[2 * SERVE_HTTP2_PIECES + 1];
		ssize_t n;

		if (gather(h) < 0) {
			c->dead = true;
			return;
		}
		if (!h->waiting)
			break;
		n = serve_tls_write(&c->tls, iov, list_out(h, iov));
		if (n < 0)
			c->dead = true;
		if (n <= 0)
			break;
		step_over(h, (size_t)n);
	}
	if (!c->dead && serve_tls_flush(&c->tls) < 0)
		c->dead = true;
}

/* How long it may go on like this. */
static void set_deadline(struct serve_http2 *h)
{
	struct serve_conn *c = h->conn;
	bool blocked = h->waiting || c->tls.pending.len, idle = !blocked && !h->n;

	if (blocked && (!h->blocked || c->tls.sent - c->mark >= SERVE_SLOW_BYTES))
		serve_conn_deadline(c, SERVE_SLOW_US);
	else if (idle && !h->idle)
		serve_conn_deadline(c, SERVE_IDLE_US);
	else if (!blocked && !idle)
		c->deadline_us = INT64_MAX;  /* each stream has its own */
	h->blocked = blocked;
	h->idle = idle;
}

static void say_end(struct serve_http2 *h)
{
	if (h->calm)
		nghttp2_session_terminate_session(h->session, NGHTTP2_ENHANCE_YOUR_CALM);
	else if (h->ending && !h->said)
		h->said = !nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h->session), NGHTTP2_NO_ERROR, NULL, 0);
}

/* After anything happened: what there is to say goes out. */
static void go_on(struct serve_http2 *h)
{
	struct serve_conn *c = h->conn;
	bool more;

	h->busy = false;
	if (c->dead)
		return;
	say_end(h);
	write_some(h);
	if (c->dead)
		return;
	set_deadline(h);
	more = !h->blocked && nghttp2_session_want_write(h->session);
	if (!h->blocked && !more && (!nghttp2_session_want_read(h->session) || (h->ending && !h->n)))
		serve_conn_goodbye(c);
	else if (more || !TAILQ_EMPTY(&h->woken))
		serve_conn_ready(c);  /* others have their turn first */
}

static void read_some(struct serve_http2 *h)
{
	struct serve_conn *c = h->conn;

	for (int i = 0; i < READS_BATCH && !h->calm; i++) {
		ssize_t n = serve_tls_read(&c->tls, input, sizeof input);

		if (n == -EAGAIN)
			return;
		if (n <= 0 || failed(h, nghttp2_session_mem_recv(h->session, input, (size_t)n)))
			c->dead = true;
		if (n > 0)
			explicit_bzero(input, (size_t)n);
		if (c->dead || !serve_tls_has_input(&c->tls))
			return;
	}
	serve_conn_ready(c);
}

static void answer_woken(struct serve_http2 *h)
{
	for (int i = 0; i < ANSWERS_BATCH && !TAILQ_EMPTY(&h->woken); i++)
		serve_http2_stream_turn(TAILQ_FIRST(&h->woken));
}

static void turn(struct serve_conn *c)
{
	struct serve_http2 *h = c->speaker;

	h->busy = true;
	answer_woken(h);
	if (!h->blocked && serve_tls_has_input(&c->tls))
		read_some(h);
	go_on(h);
}

static void event(struct serve_conn *c)
{
	struct serve_http2 *h = c->speaker;

	h->busy = true;
	if (!h->blocked)
		read_some(h);
	if (!c->dead)
		answer_woken(h);
	go_on(h);
}

/* Who does not read what he is told is not listened to: nothing piles up. */
static short wants(const struct serve_conn *c)
{
	const struct serve_http2 *h = c->speaker;

	return h->blocked ? EV_WRITE : EV_READ;
}

static void overdue(struct serve_conn *c)
{
	struct serve_http2 *h = c->speaker;

	if (h->idle) {
		serve_closed(c->serve, SERVE_CLOSED_IDLE, c->peer.name);
		h->ending = true;
		go_on(h);
	} else {
		serve_closed(c->serve, SERVE_CLOSED_SLOW, c->peer.name);
		c->dead = true;
	}
}

static void tick(struct serve_conn *c)
{
	struct serve_http2 *h = c->speaker;
	struct serve_http2_stream *s;

	fill(&h->resets, SERVE_HTTP2_RESETS_PER_S, SERVE_HTTP2_RESETS);
	fill(&h->noise, SERVE_HTTP2_NOISE_PER_S, SERVE_HTTP2_NOISE);
	if (!h->out.len)
		buf_free(&h->out);
	TAILQ_FOREACH(s, &h->streams, next)
		serve_http2_stream_tick(s, clock_mono_us());
}

static void stop(struct serve_conn *c)
{
	struct serve_http2 *h = c->speaker;

	h->ending = true;
	if (!h->busy)
		go_on(h);
}

const struct serve_speech serve_http2 = {.begin = begin, .end = end, .event = event, .turn = turn, .wants = wants, .overdue = overdue,
	.tick = tick, .stop = stop};
