/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client by HTTP/2 may cost: each purse is emptied, and one step beyond it. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/wr.h"
#include "tests/server/http2_client.h"

TestSuite(serve_http2_abuse, .init = client_begin, .fini = client_end, .timeout = 120);

/* --- what costs work ------------------------------------------------------------------------------- */

static void reset(uint32_t first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		client_ask(first + 2 * i, "/h");
		client_add_u32(NGHTTP2_RST_STREAM, first + 2 * i, NGHTTP2_CANCEL);
	}
	client_send();
}

Test(serve_http2_abuse, resets_are_paid_from_a_purse_that_fills)
{
	reset(1, SERVE_HTTP2_RESETS);
	cr_expect_eq(http2_world.held, 0);
	client_expect_borne("all of it");
	http2_world_tick();
	reset(2 * SERVE_HTTP2_RESETS + 1, SERVE_HTTP2_RESETS_PER_S);
	client_expect_borne("a second later");
	reset(2 * (SERVE_HTTP2_RESETS + SERVE_HTTP2_RESETS_PER_S) + 1, 1);
	client_expect_calm("one more");
}

/* A client may bring the server to say them (CVE-2025-8671): here by a window that grows beyond all bounds. */
Test(serve_http2_abuse, resets_that_the_server_is_brought_to_say_count_too)
{
	for (uint32_t i = 0; i < SERVE_HTTP2_RESETS; i++) {
		client_ask(2 * i + 1, "/h");
		client_add_u32(NGHTTP2_WINDOW_UPDATE, 2 * i + 1, INT32_MAX);
	}
	client_send();
	cr_expect(http2_world_is_open());
	cr_expect_eq(client_hear().resets, SERVE_HTTP2_RESETS);
	client_ask(2 * SERVE_HTTP2_RESETS + 1, "/h");
	client_add_u32(NGHTTP2_WINDOW_UPDATE, 2 * SERVE_HTTP2_RESETS + 1, INT32_MAX);
	client_send();
	http2_world_take(NULL, 0);
	client_expect_calm("one more");
}

static void add_noise(uint8_t type, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (type == NGHTTP2_PING)
			client_add(type, 0, 0, "12345678", 8);
		else if (type == NGHTTP2_PRIORITY)
			client_add(type, 0, 1, "\0\0\0\0\20", 5);
		else if (type == NGHTTP2_WINDOW_UPDATE)
			client_add_u32(type, 0, 1);
		else
			client_add(type, 0, type == NGHTTP2_DATA, "", 0);
	client_send();
}

Test(serve_http2_abuse, what_brings_no_answer_is_paid_from_another)
{
	static const uint8_t types[] = {NGHTTP2_SETTINGS, NGHTTP2_PING, NGHTTP2_PRIORITY, NGHTTP2_WINDOW_UPDATE, NGHTTP2_DATA};

	for (unsigned i = 0; i < sizeof types; i++) {
		if (i) {
			client_end();
			client_begin();
		}
		client_ask_at_length(1, "POST", "/login", 0, CLIENT_OPEN);
		client_send();
		add_noise(types[i], SERVE_HTTP2_NOISE - 1);  /* one was paid for the first SETTINGS */
		cr_expect_eq(http2_world_session()->noise, 0, "type %u", types[i]);
		client_expect_borne("all of it");
		http2_world_tick();
		add_noise(types[i], SERVE_HTTP2_NOISE_PER_S);
		client_expect_borne("a second later");
		add_noise(types[i], 1);
		client_expect_calm("one more");
	}
}

Test(serve_http2_abuse, bodies_that_are_taken_fill_the_purse)
{
	add_noise(NGHTTP2_PING, SERVE_HTTP2_NOISE - 1);
	client_ask(1, "/b");
	client_send();
	cr_expect_gt(http2_world_session()->noise, 0);
	client_expect_borne("what a reader says of his window");
}

/* --- HPACK ----------------------------------------------------------------------------------------- */

/* A field of 4000 bytes goes into the table, and is named again and again: each byte more is 4000. */
Test(serve_http2_abuse, a_few_bytes_cannot_be_many_fields)
{
	static const char fill[4000] = "yyyy";
	uint8_t bomb[8192];
	struct wr w = wr_init(bomb, sizeof bomb);

	client_field(&w, ":method", "GET", 3);
	client_field(&w, ":scheme", "https", 5);
	client_field(&w, ":path", "/", 1);
	client_field(&w, ":authority", "localhost", 9);
	wr_bytes(&w, "\x40\x01x\x7f\xa1\x1e", 6);
	wr_bytes(&w, fill, 4);
	for (size_t i = 4; i < sizeof fill; i++)
		wr_u8(&w, 'y');
	for (unsigned i = 0; i * sizeof fill <= SERVE_HTTP2_DECODED_MAX; i++)
		wr_u8(&w, 0xbe);
	cr_assert_not(w.bad);
	client_add(NGHTTP2_HEADERS, CLIENT_WHOLE, 1, bomb, w.len);
	client_send();
	client_expect_calm("a bomb");
}

Test(serve_http2_abuse, a_head_that_goes_on_and_on_ends_the_connection)
{
	uint8_t field[64];
	struct wr w = wr_init(field, sizeof field);

	client_field(&w, "x", "y", 1);
	client_ask_at_length(1, "GET", "/", 0, NGHTTP2_FLAG_END_STREAM);
	for (unsigned i = 0; i < 20000; i++)
		client_add(NGHTTP2_CONTINUATION, 0, 1, field, w.len);
	client_send();
	cr_expect(!http2_world_is_open() && http2_world_session()->in_bytes <= SERVE_HTTP2_INPUT_MAX);
}

Test(serve_http2_abuse, a_head_that_is_too_large_is_answered)
{
	static char fill[6000];
	uint8_t field[6100];
	struct wr w = wr_init(field, sizeof field);
	struct client_heard h;

	memset(fill, 'y', sizeof fill);
	client_field(&w, "x", fill, 1);
	client_ask_at_length(1, "GET", "/", 12000, NGHTTP2_FLAG_END_STREAM);
	client_add(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 1, field, w.len);
	client_send();
	h = client_hear();
	cr_expect(h.answers == 1 && h.status == 200, "status %u", h.status);
	client_ask_at_length(3, "GET", "/", 12000, NGHTTP2_FLAG_END_STREAM);
	w = wr_init(field, sizeof field);
	client_field(&w, "x", fill, sizeof fill);
	client_add(NGHTTP2_CONTINUATION, NGHTTP2_FLAG_END_HEADERS, 3, field, w.len);
	client_send();
	h = client_hear();
	cr_expect(h.answers == 1 && h.status == 431 && http2_world_is_open(), "status %u", h.status);
}
