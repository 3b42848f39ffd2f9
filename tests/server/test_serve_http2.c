/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one connection by HTTP/2 holds for a client, how it ends, and what heads it takes: each bound is reached, and one step beyond it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <event2/event.h>

#include "base/wr.h"
#include "server/serve_http2_head.h"
#include "tests/server/http2_client.h"

TestSuite(serve_http2, .init = client_begin, .fini = client_end, .timeout = 120);

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
	struct client_heard h;

	client_set_window(0);
	client_ask(1, "/b");
	client_send();
	h = client_hear();
	cr_expect(h.answers == 1 && h.status == 200 && h.bytes == 0);
	cr_expect_eq(http2_world_session()->waiting, 0, "nothing of it is kept in frames");
	client_add_u32(NGHTTP2_WINDOW_UPDATE, 1, 100);
	client_send();
	cr_expect_eq(client_hear().bytes, 100);
	client_add_u32(NGHTTP2_WINDOW_UPDATE, 1, HTTP2_WORLD_BODY);
	client_send();
	cr_expect_eq(client_hear().bytes, 65535 - 100, "the connection has its own");
	client_add_u32(NGHTTP2_WINDOW_UPDATE, 0, HTTP2_WORLD_BODY);
	client_send();
	cr_expect_eq(client_hear().bytes, HTTP2_WORLD_BODY - 65535);
	cr_expect_eq(http2_world_session()->n, 0);
}

Test(serve_http2, who_never_opens_his_window_is_ended)
{
	struct client_heard h;

	client_set_window(0);
	client_ask(1, "/b");
	client_ask(3, "/");
	client_send();
	client_add_u32(NGHTTP2_WINDOW_UPDATE, 3, 100);
	client_send();
	cr_expect_eq(client_hear().bytes, 40, "the others go on");
	outlast();
	h = client_hear();
	cr_expect(h.resets == 1 && h.stream == 1 && h.error == NGHTTP2_ENHANCE_YOUR_CALM);
	cr_expect(http2_world.closed[SERVE_CLOSED_SLOW] == 1 && http2_world_session()->n == 0 && http2_world_is_open());
}

/* Also where the answer is out in the same turn: who asks every few seconds is not idle. */
Test(serve_http2, each_request_begins_the_wait_for_the_next_anew)
{
	http2_world.conn.deadline_us = 1;
	client_ask(1, "/");
	client_send();
	cr_expect(client_hear().answers == 1 && http2_world_session()->idle);
	cr_expect_gt(http2_world.conn.deadline_us, 1);
}

Test(serve_http2, a_request_that_never_ends_is_late)
{
	struct client_heard h;

	client_ask_at_length(1, "POST", "/login", 0, CLIENT_OPEN);
	client_add(NGHTTP2_DATA, 0, 1, "x", 1);
	client_send();
	cr_expect_eq(client_hear().answers, 0);
	outlast();
	h = client_hear();
	cr_expect(h.answers == 1 && h.status == 408 && http2_world.closed[SERVE_CLOSED_REQUEST] == 1);
	cr_expect_eq(http2_world_session()->in_bytes, 0);
}

/* Heads are whole, but no request is. */
Test(serve_http2, requests_under_way_take_no_more_than_their_room)
{
	uint32_t stream = 1, fits = SERVE_HTTP2_INPUT_MAX / 12100, last;
	struct client_heard h;

	for (; stream < 2 * fits; stream += 2)
		client_ask_at_length(stream, "POST", "/login", 12000, CLIENT_OPEN);
	client_send();
	cr_expect(client_hear().answers == 0 && http2_world_session()->in_bytes > fits * 12000);
	last = stream;
	client_ask_at_length(last, "POST", "/login", 12000, CLIENT_WHOLE);
	client_send();
	h = client_hear();
	cr_expect(h.answers == 1 && h.status == 431 && h.stream == last, "status %u", h.status);
	cr_expect_leq(http2_world_session()->in_bytes, SERVE_HTTP2_INPUT_MAX);
	client_add_u32(NGHTTP2_RST_STREAM, 1, NGHTTP2_CANCEL);
	client_ask_at_length(last + 2, "GET", "/", 12000, CLIENT_WHOLE);
	client_send();
	h = client_hear();
	cr_expect(h.answers == 1 && h.status == 200, "there is room again: %u", h.status);
}

Test(serve_http2, a_body_has_an_end)
{
	static const uint8_t some[16000];
	struct client_heard h;

	client_ask_at_length(1, "POST", "/login", 0, CLIENT_OPEN);
	for (unsigned i = 0; i * sizeof some < HTTP_INPUT_MAX; i++)
		client_add(NGHTTP2_DATA, 0, 1, some, sizeof some);
	client_add(NGHTTP2_DATA, NGHTTP2_FLAG_END_STREAM, 1, some, sizeof some);
	client_send();
	h = client_hear();
	cr_expect(h.answers == 1 && h.status == 413, "status %u", h.status);
}

Test(serve_http2, so_many_may_be_held_and_one_more_may_not)
{
	uint32_t stream = 1;
	struct client_heard h;

	for (unsigned i = 0; i < SERVE_HTTP2_STREAMS; i++, stream += 2)
		client_ask(stream, "/h");
	client_send();
	h = client_hear();
	cr_expect(h.answers == 0 && h.resets == 0 && h.acks == 1);
	cr_assert_eq(http2_world.held, SERVE_HTTP2_STREAMS);
	outlast();
	cr_expect_eq(http2_world.held, SERVE_HTTP2_STREAMS, "who waits for us is not late");
	client_ask(stream, "/h");
	client_send();
	h = client_hear();
	cr_expect(h.resets == 1 && h.stream == stream && h.error == NGHTTP2_REFUSED_STREAM);
	http2_world_release();
	http2_world_take(NULL, 0);
	h = client_hear();
	cr_expect(h.answers == SERVE_HTTP2_STREAMS && h.bytes == SERVE_HTTP2_STREAMS * 40);
	client_ask(stream + 2, "/");
	client_send();
	cr_expect_eq(client_hear().answers, 1);
}

Test(serve_http2, who_does_not_read_is_not_listened_to)
{
	size_t waiting;

	http2_world.at_once = 0;
	client_add_u32(NGHTTP2_WINDOW_UPDATE, 0, 64 * HTTP2_WORLD_BODY);
	for (uint32_t i = 0; i < 32; i++)
		client_ask(2 * i + 1, "/b");
	client_send();
	waiting = http2_world_session()->waiting;
	cr_expect(waiting > 0 && waiting <= SERVE_TLS_BATCH + SERVE_TLS_RECORD + 9, "%zu bytes", waiting);
	cr_expect_eq(serve_http2.wants(&http2_world.conn), EV_WRITE);
	for (unsigned i = 0; i < 10000; i++)
		client_add(NGHTTP2_PING, 0, 0, "12345678", 8);
	client_send();
	cr_expect_eq(http2_world_session()->waiting, waiting);
	serve_http2.overdue(&http2_world.conn);
	cr_expect(http2_world.conn.dead && http2_world.closed[SERVE_CLOSED_SLOW] == 1);
}

static void expect_pieces(const char *path)
{
	size_t bytes = 0;
	struct client_heard h;

	client_add_u32(NGHTTP2_WINDOW_UPDATE, 0, 4 * HTTP2_WORLD_BODY);
	client_set_window(4 * HTTP2_WORLD_BODY);
	client_ask(1, path);
	client_send();
	for (unsigned i = 0; i < 10; i++) {
		http2_world_take(NULL, 0);
		h = client_hear();
		bytes += h.bytes;
	}
	cr_expect(bytes == 3 * HTTP2_WORLD_BODY && http2_world_session()->n == 0, "%s: %zu bytes", path, bytes);
}

Test(serve_http2, a_long_body_comes_piece_by_piece)
{
	expect_pieces("/s");
}

Test(serve_http2, so_does_one_whose_length_nobody_knows)
{
	expect_pieces("/o");
}

/* --- what ends ------------------------------------------------------------------------------------- */

static void expect_end(unsigned answers)
{
	struct client_heard h = client_hear();

	cr_expect(h.answers == answers && h.goaways == 1 && h.error == NGHTTP2_NO_ERROR && !http2_world_is_open(), "%u answers, %u goaways", h.answers, h.goaways);
}

Test(serve_http2, an_answer_may_be_the_last)
{
	client_ask(1, "/c");
	client_send();
	expect_end(1);
}

Test(serve_http2, who_rests_too_long_is_told_to_go)
{
	client_ask(1, "/");
	client_send();
	client_hear();
	serve_http2.overdue(&http2_world.conn);
	expect_end(0);
	cr_expect_eq(http2_world.closed[SERVE_CLOSED_IDLE], 1);
}

Test(serve_http2, what_is_under_way_when_the_process_ends_is_answered)
{
	struct client_heard h;

	client_ask(1, "/h");
	client_send();
	serve_http2.stop(&http2_world.conn);
	h = client_hear();
	cr_expect(h.goaways == 1 && h.error == NGHTTP2_NO_ERROR && http2_world_is_open());
	client_ask(3, "/");
	client_send();
	cr_expect_eq(client_hear().answers, 0, "nothing more begins");
	http2_world_release();
	http2_world_take(NULL, 0);
	h = client_hear();
	cr_expect(h.answers == 1 && h.stream == 1 && !http2_world_is_open());
}

/* --- heads ----------------------------------------------------------------------------------------- */

static void ask_with(uint32_t stream, const char *const field[5][2])
{
	uint8_t head[16384];
	struct wr w = wr_init(head, sizeof head);

	for (unsigned i = 0; i < 5 && field[i][0]; i++)
		client_field(&w, field[i][0], field[i][1], strlen(field[i][1]));
	cr_assert_not(w.bad);
	client_add(NGHTTP2_HEADERS, CLIENT_WHOLE, stream, head, w.len);
	client_send();
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
		struct client_heard h;

		ask_with(2 * i + 1, c[i].field);
		h = client_hear();
		cr_expect(h.answers == 1 && h.status == c[i].status && http2_world_is_open(), "case %u: status %u", i, h.status);
	}
}

Test(serve_http2, trailers_are_not_looked_at)
{
	uint8_t trailer[64];
	struct wr w = wr_init(trailer, sizeof trailer);
	struct client_heard h;

	client_field(&w, "x", "y", 1);
	client_ask_at_length(1, "POST", "/login", 0, CLIENT_OPEN);
	client_add(NGHTTP2_HEADERS, CLIENT_WHOLE, 1, trailer, w.len);
	client_send();
	h = client_hear();
	cr_expect(h.answers == 1 && h.status == 411, "status %u", h.status);
}

/* --- answers' heads -------------------------------------------------------------------------------- */

static void expect_field(struct span *block, nghttp2_hd_inflater *inflater, const char *name, const char *value, bool never)
{
	nghttp2_nv nv = {0};
	int flags = 0;

	while (block->n && !(flags & NGHTTP2_HD_INFLATE_EMIT)) {
		ssize_t took = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, (const uint8_t *)block->p, block->n, 1);

		cr_assert_gt(took, 0, "%s", name);
		*block = span_skip(*block, (size_t)took);
	}
	cr_assert(flags & NGHTTP2_HD_INFLATE_EMIT);
	cr_expect(span_is(span_of(nv.name, nv.namelen), name), "%.*s", (int)nv.namelen, (const char *)nv.name);
	cr_expect(span_is(span_of(nv.value, nv.valuelen), value), "%s: %.*s", name, (int)nv.valuelen, (const char *)nv.value);
	cr_expect_eq(!!(nv.flags & NGHTTP2_NV_FLAG_NO_INDEX), never, "%s", name);
}

/* Lengths on both sides of where an integer takes a byte more (RFC 7541 5.1), and names with a place in the table and without. */
Test(serve_http2_head, says_the_fields_and_fills_no_table)
{
	static const size_t lengths[] = {0, 1, 126, 127, 128, 254, 255, 4000};
	static char head[8192], value[4001];
	nghttp2_hd_inflater *inflater;
	struct span block;
	struct buf out;

	cr_assert_eq(nghttp2_hd_inflate_new(&inflater), 0);
	buf_init(&out, 7000);
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		memset(value, 'v', lengths[i]);
		value[lengths[i]] = 0;
		buf_clear(&out);
		snprintf(head, sizeof head, "Content-Digest: %s\r\nDate: now\r\nETag:%s\r\nSet-Cookie: a=b\r\nX: \r\n\r\n", value, value);
		cr_assert_eq(serve_http2_head(&out, span_str(head)), lengths[i] < 4000 ? 0 : -ENOBUFS);
		if (lengths[i] == 4000)
			break;
		block = span_of(buf_data(&out), out.len);
		expect_field(&block, inflater, "content-digest", value, false);
		expect_field(&block, inflater, "date", "now", false);
		expect_field(&block, inflater, "etag", value, false);
		expect_field(&block, inflater, "set-cookie", "a=b", true);
		expect_field(&block, inflater, "x", "", false);
		cr_expect_eq(block.n, 0);
		nghttp2_hd_inflate_end_headers(inflater);
	}
	cr_expect_eq(nghttp2_hd_inflate_get_num_table_entries(inflater), 61, "the static table, and nothing else");
	nghttp2_hd_inflate_del(inflater);
	buf_free(&out);
}

Test(serve_http2_head, takes_no_line_that_is_no_field)
{
	static const char *const bad[] = {"no colon\r\n\r\n", ": no name\r\n\r\n", "A: b\r\nlast", "A-name-that-is-longer-than-any-that-there-is-and-longer-than-sixty-four: x\r\n\r\n"};
	struct buf out;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		buf_init(&out, 8192);
		cr_expect_eq(serve_http2_head(&out, span_str(bad[i])), -EINVAL, "%s", bad[i]);
		buf_free(&out);
	}
}

/* nghttp2's own status before them, of which some go into the table. */
Test(serve_http2, answers_come_with_all_their_fields)
{
	for (uint32_t i = 0; i < 20; i++) {
		struct client_heard h;

		client_ask_at_length(2 * i + 1, i % 2 ? "GET" : "PATCH", "/", 0, CLIENT_WHOLE);
		client_send();
		h = client_hear();
		cr_expect(h.answers == 1 && h.status == (i % 2 ? 200 : 405) && h.fields > 8, "%u: %u, %u fields", i, h.status, h.fields);
	}
}

/* The status may be in the table, and the table is the client's to bound, down to none at all. */
Test(serve_http2, a_table_is_as_large_as_the_client_wants)
{
	static const uint32_t size[] = {4096, 0, 0, 64, 4096, 65536};

	for (uint32_t i = 0; i < sizeof size / sizeof *size; i++) {
		struct client_heard h;

		client_set_table(size[i]);
		client_ask_at_length(4 * i + 1, "PATCH", "/", 0, CLIENT_WHOLE);
		client_ask_at_length(4 * i + 3, "PATCH", "/", 0, CLIENT_WHOLE);
		client_send();
		h = client_hear();
		cr_expect(h.acks && h.answers == 2 && h.status == 405 && h.fields > 8, "%u: %u answers, %u", size[i], h.answers, h.status);
	}
}
