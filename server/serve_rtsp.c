/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_rtsp_inner.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <openssl/rand.h>

#include "base/clock.h"
#include "base/log.h"

#define BATCH (48u << 10)             /* plain bytes made at once: with what TLS adds they fit its own batch */
#define BATCHES 4                     /* of one viewer, before others get their turn */
#define READ_BYTES 4096
#define READS 8

/* Requests may hold passwords. */
static void free_input(struct serve_rtsp *r)
{
	if (r->in.mem)
		explicit_bzero(r->in.mem, r->in.cap);
	buf_free(&r->in);
}

static int begin(struct serve_conn *c)
{
	struct serve_rtsp *r = calloc(1, sizeof *r);
	uint8_t random[16];

	if (!r || RAND_bytes(random, sizeof random) != 1) {
		free(r);
		return -ENOMEM;
	}
	*r = (struct serve_rtsp){.conn = c, .serve = c->serve, .camera = -1, .viewer.user = -1};
	buf_init(&r->in, RTSP_IN_MAX);
	buf_init(&r->out, BATCH + 2 * RTSP_SERVER_OUT_MAX);
	rtsp_server_init(&r->engine, &serve_rtsp_host, r, random);
	c->speaker = r;
	LIST_INSERT_HEAD(&c->serve->rtsp, r, all);
	return 0;
}

static void end(struct serve_conn *c)
{
	struct serve_rtsp *r = c->speaker;

	if (!r)
		return;
	rtsp_server_end(&r->engine);
	serve_rtsp_forget(r);
	LIST_REMOVE(r, all);
	free_input(r);
	buf_free(&r->out);
	free(r);
	c->speaker = NULL;
}

static bool is_stuck(const struct serve_conn *c)
{
	return c->tls.pending.len > 0;
}

/* What is played is made only when nothing else waits to go out. */
static void make_batch(struct serve_rtsp *r)
{
	static uint8_t batch[BATCH];   /* shared; what is not taken at once is kept by its connection */
	const char *why = "";
	ssize_t n = serve_rtsp_track_fill(r, batch, sizeof batch, &why);

	if (n < 0)
		log_info("rtsp-end", "from=%s why=\"%s\"", r->conn->peer.name, why);
	if (n < 0 || buf_append(&r->out, batch, (size_t)n) < 0)
		r->conn->dead = true;
}

/* True when the socket may take more. */
static bool write_some(struct serve_rtsp *r)
{
	struct serve_conn *c = r->conn;
	struct iovec iov;
	ssize_t took;

	if (!r->out.len && r->playing)
		make_batch(r);
	if (!r->out.len || c->dead)
		return false;
	iov = (struct iovec){buf_data(&r->out), r->out.len};
	took = serve_tls_write(&c->tls, &iov, 1);
	if (took < 0) {
		c->dead = true;
		return false;
	}
	buf_consume(&r->out, (size_t)took);
	c->serve->state.bytes_out += (uint64_t)took;
	if (!r->out.len)
		buf_free(&r->out);
	return took > 0;
}

static void pump(struct serve_rtsp *r)
{
	struct serve_conn *c = r->conn;
	bool more = true;
	int i;

	for (i = 0; i < BATCHES && more && !c->dead; i++) {
		if (is_stuck(c) && serve_tls_flush(&c->tls) < 0)
			c->dead = true;
		more = !c->dead && !is_stuck(c) && write_some(r);
	}
	if (c->dead)
		return;
	if (more && !is_stuck(c))
		serve_conn_ready(c);
	if (r->playing && (c->tls.sent - c->mark >= SERVE_SLOW_BYTES || (!r->out.len && !is_stuck(c))))
		serve_conn_deadline(c, SERVE_SLOW_US);
}

/* Whole requests are answered, as far as nothing has to be waited for. */
static void answer(struct serve_rtsp *r)
{
	struct serve_conn *c = r->conn;
	int rc;

	r->waits = false;
	rc = rtsp_server_feed(&r->engine, &r->in, &r->out);
	if (rc == RTSP_SERVER_WAITS) {
		assert(r->waits);
		return;
	}
	serve_rtsp_forget(r);
	c->serve->state.requests_rtsp++;
	if (!r->in.len)
		free_input(r);
	if (rc < 0) {
		rtsp_server_end(&r->engine);
		pump(r);
		if (!c->dead)
			serve_conn_goodbye(c);
	} else if (!r->playing) {
		serve_conn_deadline(c, r->in.len ? SERVE_HEAD_US : SERVE_IDLE_US);
	}
}

/* While a reply waits to be taken, or a request for something, nothing more is read. */
static bool may_read(const struct serve_rtsp *r)
{
	return !r->conn->dead && !r->waits && r->conn->state == SERVE_CONN_OPEN && (r->playing || !r->out.len);
}

static void read_some(struct serve_rtsp *r)
{
	struct serve_conn *c = r->conn;

	for (int i = 0; i < READS && may_read(r); i++) {
		uint8_t *room = buf_reserve(&r->in, READ_BYTES);
		ssize_t n = room ? serve_tls_read(&c->tls, room, READ_BYTES) : 0;

		if (n == -EAGAIN)
			return;
		if (n <= 0) {
			c->dead = true;  /* the end; or a message that is too long */
			return;
		}
		buf_commit(&r->in, (size_t)n);
		if (r->out.len > RTSP_SERVER_OUT_MAX) {
			c->dead = true;  /* asks on and on, and takes nothing */
			return;
		}
		answer(r);
	}
	if (may_read(r) && serve_tls_has_input(&c->tls))
		serve_conn_ready(c);
}

static void event(struct serve_conn *c)
{
	struct serve_rtsp *r = c->speaker;

	if (r->ended) {
		c->dead = true;
		return;
	}
	read_some(r);
	if (!c->dead && c->state == SERVE_CONN_OPEN)
		pump(r);
}

static void turn(struct serve_conn *c)
{
	struct serve_rtsp *r = c->speaker;

	if (r->waits && !r->ended)
		answer(r);
	event(c);
}

static short wants(const struct serve_conn *c)
{
	const struct serve_rtsp *r = c->speaker;

	return (short)((may_read(r) ? EV_READ : 0) | (r->out.len ? EV_WRITE : 0));
}

/* Who plays and takes all there is may be silent, and so may his camera. */
static void overdue(struct serve_conn *c)
{
	struct serve_rtsp *r = c->speaker;

	if (r->waits || (r->playing && !r->out.len && !is_stuck(c))) {
		serve_conn_deadline(c, SERVE_SLOW_US);
		return;
	}
	serve_closed(c->serve, r->playing || r->out.len ? SERVE_CLOSED_SLOW : r->in.len ? SERVE_CLOSED_REQUEST : SERVE_CLOSED_IDLE, c->peer.name);
	c->dead = true;
}

/* By its own measure, since turns like this one come each second or so; one that slews is sent with each. */
static void make_reports_due(struct serve_rtsp *r, int64_t now_us)
{
	bool due = now_us >= r->report_us, any = false;

	if (due)
		r->report_us += SERVE_RTSP_REPORT_US;
	if (r->report_us < now_us)
		r->report_us = now_us + SERVE_RTSP_REPORT_US;
	for (unsigned i = 0; i < RTSP_SERVER_TRACKS; i++) {
		r->track[i].report_due |= r->track[i].set_up && (due || r->track[i].slews);
		any |= r->track[i].report_due;
	}
	if (any)
		serve_conn_ready(r->conn);
}

static void tick(struct serve_conn *c)
{
	struct serve_rtsp *r = c->speaker;
	int64_t now_us = clock_mono_us();

	if (r->waits && r->wait_until_us <= now_us) {
		r->timed_out = true;
		serve_conn_ready(c);
	}
	if (!r->playing)
		return;
	c->peer.media_us = now_us;
	serve_rtsp_watch(r, now_us);
	make_reports_due(r, now_us);
}

static void stop(struct serve_conn *c)
{
	rtsp_server_end(&((struct serve_rtsp *)c->speaker)->engine);
	serve_conn_goodbye(c);
}

const struct serve_speech serve_rtsp = {.begin = begin, .end = end, .event = event, .turn = turn, .wants = wants, .overdue = overdue,
	.tick = tick, .stop = stop};

void serve_rtsp_wake(struct serve *s, unsigned camera)
{
	struct serve_rtsp *r;

	LIST_FOREACH(r, &s->rtsp, all)
		if (r->camera == (int)camera && r->waits)
			serve_conn_ready(r->conn);
}

void serve_rtsp_gone(struct serve *s, unsigned camera)
{
	struct serve_rtsp *r;

	LIST_FOREACH(r, &s->rtsp, all)
		if (r->camera == (int)camera) {
			r->ended = true;
			serve_conn_ready(r->conn);
		}
}
