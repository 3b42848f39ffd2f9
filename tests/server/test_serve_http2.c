/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one connection by HTTP/2 may cost: each bound is reached, and one step beyond it. */
#include <criterion/criterion.h>
#include <string.h>

#include <event2/event.h>

#include "base/buf.h"
#include "base/wr.h"
#include "tests/server/http2_world.h"

#define FLAG_END_STREAM 1
#define FLAG_END_HEADERS 4
#define OPEN FLAG_END_HEADERS                              /* more of the request is to come */
#define WHOLE (FLAG_END_HEADERS | FLAG_END_STREAM)

static nghttp2_hd_inflater *inflater;                      /* of what the server says */
static struct buf out;

static void begin(void)
{
	cr_assert_eq(http2_world_begin(), 0);
	cr_assert_eq(nghttp2_hd_inflate_new(&inflater), 0);
	buf_init(&out, 8u << 20);
}

static void end(void)
{
	buf_free(&out);
	nghttp2_hd_inflate_del(inflater);
	http2_world_end();
}

TestSuite(serve_http2, .init = begin, .fini = end, .timeout = 120);

/* --- a client ----------------------------------------------------------------------------------- */

static void add(uint8_t type, uint8_t flags, uint32_t stream, const void *p, size_t n)
{
	uint8_t head[9];
	struct wr w = wr_init(head, sizeof head);

	wr_u24(&w, (uint32_t)n);
	wr_u8(&w, type);
	wr_u8(&w, flags);
	wr_u32(&w, stream);
	cr_assert(!w.bad && buf_append(&out, head, sizeof head) == 0 && buf_append(&out, p, n) == 0);
}

static void send_all(void)
{
	http2_world_take(buf_data(&out), out.len);
	buf_clear(&out);
}

/* HPACK, never indexed (RFC 7541 6.2.3): a value of at most 16000 bytes. */
static void put_field(struct wr *w, const char *name, const char *value, size_t n)
{
	wr_u8(w, 0x10);
	wr_u8(w, (uint8_t)strlen(name));
	wr_bytes(w, name, strlen(name));
	if (n < 127) {
		wr_u8(w, (uint8_t)n);
	} else {
		wr_u8(w, 127);
		wr_u8(w, (uint8_t)((n - 127) % 128 + 128));
		wr_u8(w, (uint8_t)((n - 127) / 128));
	}
	wr_bytes(w, value, n);
}

/* A head that is so much longer than it has to be. */
static void ask_at_length(uint32_t stream, const char *method, const char *path, size_t longer, uint8_t flags)
{
	static char fill[16000];
	uint8_t head[16384];
	struct wr w = wr_init(head, sizeof head);

	memset(fill, 'y', sizeof fill);
	put_field(&w, ":method", method, strlen(method));
	put_field(&w, ":scheme", "https", 5);
	put_field(&w, ":path", path, strlen(path));
	put_field(&w, ":authority", "localhost", 9);
	if (longer)
		put_field(&w, "x", fill, longer);
	cr_assert_not(w.bad);
	add(NGHTTP2_HEADERS, flags, stream, head, w.len);
}

static void ask(uint32_t stream, const char *path)
{
	ask_at_length(stream, "GET", path, 0, WHOLE);
}

static void add_u32(uint8_t type, uint32_t stream, uint32_t n)
{
	uint8_t b[4];
	struct wr w = wr_init(b, sizeof b);

	wr_u32(&w, n);
	add(type, 0, stream, b, sizeof b);
}

static void set_window(uint32_t n)
{
	uint8_t b[6];
	struct wr w = wr_init(b, sizeof b);

	wr_u16(&w, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE);
	wr_u32(&w, n);
	add(NGHTTP2_SETTINGS, 0, 0, b, sizeof b);
}

/* What the server said until now, in sum. */
struct heard {
	unsigned answers, resets, goaways, acks;
	unsigned status, error;              /* of the last answer; of the last reset or goaway */
	uint32_t stream;                     /* of the last answer or reset */
	size_t bytes;                        /* of bodies */
};

static unsigned status_of(const struct http2_frame *f)
{
	const uint8_t *p = f->body;
	size_t n = f->n;
	unsigned status = 0;
	int flags = 0;

	while (n && !(flags & NGHTTP2_HD_INFLATE_FINAL)) {
		nghttp2_nv nv;
		ssize_t took = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, p, n, 1);

		cr_assert_geq(took, 0);
		p += took;
		n -= (size_t)took;
		if ((flags & NGHTTP2_HD_INFLATE_EMIT) && nv.namelen == 7 && !memcmp(nv.name, ":status", 7))
			status = (unsigned)((nv.value[0] - '0') * 100 + (nv.value[1] - '0') * 10 + nv.value[2] - '0');
	}
	nghttp2_hd_inflate_end_headers(inflater);
	return status;
}

static unsigned error_of(const struct http2_frame *f, size_t at)
{
	struct rd r = rd_init(f->body, f->n);

	rd_bytes(&r, at);
	return rd_u32(&r);
}

static struct heard hear(void)
{
	struct heard h = {0};
	struct http2_frame f;

	while (http2_world_frame(&f)) {
		if (f.type == NGHTTP2_HEADERS) {
			h.answers++;
			h.status = status_of(&f);
			h.stream = f.stream;
		} else if (f.type == NGHTTP2_DATA) {
			h.bytes += f.n;
		} else if (f.type == NGHTTP2_RST_STREAM) {
			h.resets++;
			h.error = error_of(&f, 0);
			h.stream = f.stream;
		} else if (f.type == NGHTTP2_GOAWAY) {
			h.goaways++;
			h.error = error_of(&f, 4);
		} else if (f.type == NGHTTP2_SETTINGS) {
			h.acks += f.flags & NGHTTP2_FLAG_ACK;
		}
	}
	return h;
}

static void expect_calm(const char *what)
{
	struct heard h = hear();

	cr_expect(h.goaways == 1 && h.error == NGHTTP2_ENHANCE_YOUR_CALM && !http2_world_is_open(), "%s: %u goaways, error %u", what, h.goaways, h.error);
}

static void expect_borne(const char *what)
{
	struct heard h = hear();

	cr_expect(!h.goaways && http2_world_is_open(), "%s: error %u", what, h.error);
}

/* As if its time were over. */
static void outlast(void)
{
	struct serve_http2_stream *s;

	TAILQ_FOREACH(s, &http2_world_session()->streams, next)
		if (s->deadline_us != INT64_MAX)
			s->deadline_us = 0;
	http2_world_tick();
}

/* --- what is held for a client --------------------------------------------------------------------- */

Test(serve_http2, no_body_leaves_through_a_window_that_is_shut)
{
	struct heard h;

	set_window(0);
	ask(1, "/b");
	send_all();
	h = hear();
	cr_expect(h.answers == 1 && h.status == 200 && h.bytes == 0);
	cr_expect_eq(http2_world_session()->waiting, 0, "nothing of it is kept in frames");
	add_u32(NGHTTP2_WINDOW_UPDATE, 1, 100);
	send_all();
	cr_expect_eq(hear().bytes, 100);
	add_u32(NGHTTP2_WINDOW_UPDATE, 1, HTTP2_WORLD_BODY);
	send_all();
	cr_expect_eq(hear().bytes, 65535 - 100, "the connection has its own");
	add_u32(NGHTTP2_WINDOW_UPDATE, 0, HTTP2_WORLD_BODY);
	send_all();
	cr_expect_eq(hear().bytes, HTTP2_WORLD_BODY - 65535);
	cr_expect_eq(http2_world_session()->n, 0);
}

Test(serve_http2, who_never_opens_his_window_is_ended)
{
	struct heard h;

	set_window(0);
	ask(1, "/b");
	ask(3, "/");
	send_all();
	add_u32(NGHTTP2_WINDOW_UPDATE, 3, 100);
	send_all();
	cr_expect_eq(hear().bytes, 40, "the others go on");
	outlast();
	h = hear();
	cr_expect(h.resets == 1 && h.stream == 1 && h.error == NGHTTP2_ENHANCE_YOUR_CALM);
	cr_expect(http2_world.closed[SERVE_CLOSED_SLOW] == 1 && http2_world_session()->n == 0 && http2_world_is_open());
}

/* Also where the answer is out in the same turn: who asks every few seconds is not idle. */
Test(serve_http2, each_request_begins_the_wait_for_the_next_anew)
{
	http2_world.conn.deadline_us = 1;
	ask(1, "/");
	send_all();
	cr_expect(hear().answers == 1 && http2_world_session()->idle);
	cr_expect_gt(http2_world.conn.deadline_us, 1);
}

Test(serve_http2, a_request_that_never_ends_is_late)
{
	struct heard h;

	ask_at_length(1, "POST", "/login", 0, OPEN);
	add(NGHTTP2_DATA, 0, 1, "x", 1);
	send_all();
	cr_expect_eq(hear().answers, 0);
	outlast();
	h = hear();
	cr_expect(h.answers == 1 && h.status == 408 && http2_world.closed[SERVE_CLOSED_REQUEST] == 1);
	cr_expect_eq(http2_world_session()->in_bytes, 0);
}

/* Heads are whole, but no request is. */
Test(serve_http2, requests_under_way_take_no_more_than_their_room)
{
	uint32_t stream = 1, fits = SERVE_HTTP2_INPUT_MAX / 12100, last;
	struct heard h;

	for (; stream < 2 * fits; stream += 2)
		ask_at_length(stream, "POST", "/login", 12000, OPEN);
	send_all();
	cr_expect(hear().answers == 0 && http2_world_session()->in_bytes > fits * 12000);
	last = stream;
	ask_at_length(last, "POST", "/login", 12000, WHOLE);
	send_all();
	h = hear();
	cr_expect(h.answers == 1 && h.status == 431 && h.stream == last, "status %u", h.status);
	cr_expect_leq(http2_world_session()->in_bytes, SERVE_HTTP2_INPUT_MAX);
	add_u32(NGHTTP2_RST_STREAM, 1, NGHTTP2_CANCEL);
	ask_at_length(last + 2, "GET", "/", 12000, WHOLE);
	send_all();
	h = hear();
	cr_expect(h.answers == 1 && h.status == 200, "there is room again: %u", h.status);
}

Test(serve_http2, a_body_has_an_end)
{
	static const uint8_t some[16000];
	struct heard h;

	ask_at_length(1, "POST", "/login", 0, OPEN);
	for (unsigned i = 0; i * sizeof some < HTTP_INPUT_MAX; i++)
		add(NGHTTP2_DATA, 0, 1, some, sizeof some);
	add(NGHTTP2_DATA, FLAG_END_STREAM, 1, some, sizeof some);
	send_all();
	h = hear();
	cr_expect(h.answers == 1 && h.status == 413, "status %u", h.status);
}

Test(serve_http2, so_many_may_be_held_and_one_more_may_not)
{
	uint32_t stream = 1;
	struct heard h;

	for (unsigned i = 0; i < SERVE_HTTP2_STREAMS; i++, stream += 2)
		ask(stream, "/h");
	send_all();
	h = hear();
	cr_expect(h.answers == 0 && h.resets == 0 && h.acks == 1);
	cr_assert_eq(http2_world.held, SERVE_HTTP2_STREAMS);
	outlast();
	cr_expect_eq(http2_world.held, SERVE_HTTP2_STREAMS, "who waits for us is not late");
	ask(stream, "/h");
	send_all();
	h = hear();
	cr_expect(h.resets == 1 && h.stream == stream && h.error == NGHTTP2_REFUSED_STREAM);
	http2_world_release();
	http2_world_take(NULL, 0);
	h = hear();
	cr_expect(h.answers == SERVE_HTTP2_STREAMS && h.bytes == SERVE_HTTP2_STREAMS * 40);
	ask(stream + 2, "/");
	send_all();
	cr_expect_eq(hear().answers, 1);
}

Test(serve_http2, who_does_not_read_is_not_listened_to)
{
	size_t waiting;

	http2_world.at_once = 0;
	add_u32(NGHTTP2_WINDOW_UPDATE, 0, 64 * HTTP2_WORLD_BODY);
	for (uint32_t i = 0; i < 32; i++)
		ask(2 * i + 1, "/b");
	send_all();
	waiting = http2_world_session()->waiting;
	cr_expect(waiting > 0 && waiting <= SERVE_TLS_BATCH + SERVE_TLS_RECORD + 9, "%zu bytes", waiting);
	cr_expect_eq(serve_http2.wants(&http2_world.conn), EV_WRITE);
	for (unsigned i = 0; i < 10000; i++)
		add(NGHTTP2_PING, 0, 0, "12345678", 8);
	send_all();
	cr_expect_eq(http2_world_session()->waiting, waiting);
	serve_http2.overdue(&http2_world.conn);
	cr_expect(http2_world.conn.dead && http2_world.closed[SERVE_CLOSED_SLOW] == 1);
}

Test(serve_http2, a_long_body_comes_piece_by_piece)
{
	size_t bytes = 0;
	struct heard h;

	add_u32(NGHTTP2_WINDOW_UPDATE, 0, 4 * HTTP2_WORLD_BODY);
	set_window(4 * HTTP2_WORLD_BODY);
	ask(1, "/s");
	send_all();
	for (unsigned i = 0; i < 10; i++) {
		http2_world_take(NULL, 0);
		h = hear();
		bytes += h.bytes;
	}
	cr_expect(bytes == 3 * HTTP2_WORLD_BODY && http2_world_session()->n == 0, "%zu bytes", bytes);
}

/* --- what ends ------------------------------------------------------------------------------------- */

static void expect_end(unsigned answers)
{
	struct heard h = hear();

	cr_expect(h.answers == answers && h.goaways == 1 && h.error == NGHTTP2_NO_ERROR && !http2_world_is_open(), "%u answers, %u goaways", h.answers, h.goaways);
}

Test(serve_http2, an_answer_may_be_the_last)
{
	ask(1, "/c");
	send_all();
	expect_end(1);
}

Test(serve_http2, who_rests_too_long_is_told_to_go)
{
	ask(1, "/");
	send_all();
	hear();
	serve_http2.overdue(&http2_world.conn);
	expect_end(0);
	cr_expect_eq(http2_world.closed[SERVE_CLOSED_IDLE], 1);
}

Test(serve_http2, what_is_under_way_when_the_process_ends_is_answered)
{
	struct heard h;

	ask(1, "/h");
	send_all();
	serve_http2.stop(&http2_world.conn);
	h = hear();
	cr_expect(h.goaways == 1 && h.error == NGHTTP2_NO_ERROR && http2_world_is_open());
	ask(3, "/");
	send_all();
	cr_expect_eq(hear().answers, 0, "nothing more begins");
	http2_world_release();
	http2_world_take(NULL, 0);
	h = hear();
	cr_expect(h.answers == 1 && h.stream == 1 && !http2_world_is_open());
}

/* --- heads ----------------------------------------------------------------------------------------- */

static void ask_with(uint32_t stream, const char *const field[5][2])
{
	uint8_t head[16384];
	struct wr w = wr_init(head, sizeof head);

	for (unsigned i = 0; i < 5 && field[i][0]; i++)
		put_field(&w, field[i][0], field[i][1], strlen(field[i][1]));
	cr_assert_not(w.bad);
	add(NGHTTP2_HEADERS, WHOLE, stream, head, w.len);
	send_all();
}

Test(serve_http2, a_head_is_refused_as_by_http_1)
{
	static char target[HTTP_TARGET_MAX + 2], authority[300];
	const struct { unsigned status; const char *field[5][2]; } c[] = {
		{200, {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "h"}}},
		{200, {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "h"}, {"host", "h"}}},
		{200, {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {"host", "h"}}},
		{400, {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", "h"}, {"host", "i"}}},
		{400, {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "h"}}},
		{400, {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {":authority", authority}}},
		{405, {{":method", "ALTOGETHER-TOO-LONG"}, {":scheme", "https"}, {":path", "/"}, {":authority", "h"}}},
		{405, {{":method", "PATCH"}, {":scheme", "https"}, {":path", "/"}, {":authority", "h"}}},
		{414, {{":method", "GET"}, {":scheme", "https"}, {":path", target}, {":authority", "h"}}},
	};

	memset(target, '/', sizeof target - 1);
	memset(authority, 'a', sizeof authority - 1);
	for (uint32_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct heard h;

		ask_with(2 * i + 1, c[i].field);
		h = hear();
		cr_expect(h.answers == 1 && h.status == c[i].status && http2_world_is_open(), "case %u: status %u", i, h.status);
	}
}

Test(serve_http2, trailers_are_not_looked_at)
{
	uint8_t trailer[64];
	struct wr w = wr_init(trailer, sizeof trailer);
	struct heard h;

	put_field(&w, "x", "y", 1);
	ask_at_length(1, "POST", "/login", 0, OPEN);
	add(NGHTTP2_HEADERS, WHOLE, 1, trailer, w.len);
	send_all();
	h = hear();
	cr_expect(h.answers == 1 && h.status == 411, "status %u", h.status);
}

/* --- what costs work ------------------------------------------------------------------------------- */

static void reset(uint32_t first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		ask(first + 2 * i, "/h");
		add_u32(NGHTTP2_RST_STREAM, first + 2 * i, NGHTTP2_CANCEL);
	}
	send_all();
}

Test(serve_http2, resets_are_paid_from_a_purse_that_fills)
{
	reset(1, SERVE_HTTP2_RESETS);
	cr_expect_eq(http2_world.held, 0);
	expect_borne("all of it");
	http2_world_tick();
	reset(2 * SERVE_HTTP2_RESETS + 1, SERVE_HTTP2_RESETS_PER_S);
	expect_borne("a second later");
	reset(2 * (SERVE_HTTP2_RESETS + SERVE_HTTP2_RESETS_PER_S) + 1, 1);
	expect_calm("one more");
}

/* A client may bring the server to say them (CVE-2025-8671): here by a window that grows beyond all bounds. */
Test(serve_http2, resets_that_the_server_is_brought_to_say_count_too)
{
	for (uint32_t i = 0; i < SERVE_HTTP2_RESETS; i++) {
		ask(2 * i + 1, "/h");
		add_u32(NGHTTP2_WINDOW_UPDATE, 2 * i + 1, INT32_MAX);
	}
	send_all();
	cr_expect(http2_world_is_open());
	cr_expect_eq(hear().resets, SERVE_HTTP2_RESETS);
	ask(2 * SERVE_HTTP2_RESETS + 1, "/h");
	add_u32(NGHTTP2_WINDOW_UPDATE, 2 * SERVE_HTTP2_RESETS + 1, INT32_MAX);
	send_all();
	http2_world_take(NULL, 0);
	expect_calm("one more");
}

static void add_noise(uint8_t type, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (type == NGHTTP2_PING)
			add(type, 0, 0, "12345678", 8);
		else if (type == NGHTTP2_PRIORITY)
			add(type, 0, 1, "\0\0\0\0\20", 5);
		else if (type == NGHTTP2_WINDOW_UPDATE)
			add_u32(type, 0, 1);
		else
			add(type, 0, type == NGHTTP2_DATA, "", 0);
	send_all();
}

Test(serve_http2, what_brings_no_answer_is_paid_from_another)
{
	static const uint8_t types[] = {NGHTTP2_SETTINGS, NGHTTP2_PING, NGHTTP2_PRIORITY, NGHTTP2_WINDOW_UPDATE, NGHTTP2_DATA};

	for (unsigned i = 0; i < sizeof types; i++) {
		if (i) {
			end();
			begin();
		}
		ask_at_length(1, "POST", "/login", 0, OPEN);
		send_all();
		add_noise(types[i], SERVE_HTTP2_NOISE - 1);  /* one was paid for the first SETTINGS */
		cr_expect_eq(http2_world_session()->noise, 0, "type %u", types[i]);
		expect_borne("all of it");
		http2_world_tick();
		add_noise(types[i], SERVE_HTTP2_NOISE_PER_S);
		expect_borne("a second later");
		add_noise(types[i], 1);
		expect_calm("one more");
	}
}

Test(serve_http2, bodies_that_are_taken_fill_the_purse)
{
	add_noise(NGHTTP2_PING, SERVE_HTTP2_NOISE - 1);
	ask(1, "/b");
	send_all();
	cr_expect_gt(http2_world_session()->noise, 0);
	expect_borne("what a reader says of his window");
}

/* --- HPACK ----------------------------------------------------------------------------------------- */

/* A field of 4000 bytes goes into the table, and is named again and again: each byte more is 4000. */
Test(serve_http2, a_few_bytes_cannot_be_many_fields)
{
	static const char fill[4000] = "yyyy";
	uint8_t bomb[8192];
	struct wr w = wr_init(bomb, sizeof bomb);

	put_field(&w, ":method", "GET", 3);
	put_field(&w, ":scheme", "https", 5);
	put_field(&w, ":path", "/", 1);
	put_field(&w, ":authority", "localhost", 9);
	wr_bytes(&w, "\x40\x01x\x7f\xa1\x1e", 6);
	wr_bytes(&w, fill, 4);
	for (size_t i = 4; i < sizeof fill; i++)
		wr_u8(&w, 'y');
	for (unsigned i = 0; i * sizeof fill <= SERVE_HTTP2_DECODED_MAX; i++)
		wr_u8(&w, 0xbe);
	cr_assert_not(w.bad);
	add(NGHTTP2_HEADERS, WHOLE, 1, bomb, w.len);
	send_all();
	expect_calm("a bomb");
}

Test(serve_http2, a_head_that_goes_on_and_on_ends_the_connection)
{
	uint8_t field[64];
	struct wr w = wr_init(field, sizeof field);

	put_field(&w, "x", "y", 1);
	ask_at_length(1, "GET", "/", 0, FLAG_END_STREAM);
	for (unsigned i = 0; i < 20000; i++)
		add(NGHTTP2_CONTINUATION, 0, 1, field, w.len);
	send_all();
	cr_expect(!http2_world_is_open() && http2_world_session()->in_bytes <= SERVE_HTTP2_INPUT_MAX);
}

Test(serve_http2, a_head_that_is_too_large_is_answered)
{
	static char fill[6000];
	uint8_t field[6100];
	struct wr w = wr_init(field, sizeof field);
	struct heard h;

	memset(fill, 'y', sizeof fill);
	put_field(&w, "x", fill, 1);
	ask_at_length(1, "GET", "/", 12000, FLAG_END_STREAM);
	add(NGHTTP2_CONTINUATION, FLAG_END_HEADERS, 1, field, w.len);
	send_all();
	h = hear();
	cr_expect(h.answers == 1 && h.status == 200, "status %u", h.status);
	ask_at_length(3, "GET", "/", 12000, FLAG_END_STREAM);
	w = wr_init(field, sizeof field);
	put_field(&w, "x", fill, sizeof fill);
	add(NGHTTP2_CONTINUATION, FLAG_END_HEADERS, 3, field, w.len);
	send_all();
	h = hear();
	cr_expect(h.answers == 1 && h.status == 431 && http2_world_is_open(), "status %u", h.status);
}
