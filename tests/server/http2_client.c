/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/server/http2_client.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/buf.h"
#include "base/rd.h"

static nghttp2_hd_inflater *inflater;                      /* of what the server says */
static struct buf out;

void client_begin(void)
{
	cr_assert_eq(http2_world_begin(), 0);
	cr_assert_eq(nghttp2_hd_inflate_new(&inflater), 0);
	buf_init(&out, 8u << 20);
}

void client_end(void)
{
	buf_free(&out);
	nghttp2_hd_inflate_del(inflater);
	http2_world_end();
}

void client_add(uint8_t type, uint8_t flags, uint32_t stream, const void *p, size_t n)
{
	uint8_t head[9];
	struct wr w = wr_init(head, sizeof head);

	wr_u24(&w, (uint32_t)n);
	wr_u8(&w, type);
	wr_u8(&w, flags);
	wr_u32(&w, stream);
	cr_assert(!w.bad && buf_append(&out, head, sizeof head) == 0 && buf_append(&out, p, n) == 0);
}

void client_send(void)
{
	http2_world_take(buf_data(&out), out.len);
	buf_clear(&out);
}

void client_field(struct wr *w, const char *name, const char *value, size_t n)
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

void client_ask_at_length(uint32_t stream, const char *method, const char *path, size_t longer, uint8_t flags)
{
	static char fill[16000];
	uint8_t head[16384];
	struct wr w = wr_init(head, sizeof head);

	memset(fill, 'y', sizeof fill);
	client_field(&w, ":method", method, strlen(method));
	client_field(&w, ":scheme", "https", 5);
	client_field(&w, ":path", path, strlen(path));
	client_field(&w, ":authority", "localhost", 9);
	if (longer)
		client_field(&w, "x", fill, longer);
	cr_assert_not(w.bad);
	client_add(NGHTTP2_HEADERS, flags, stream, head, w.len);
}

void client_ask(uint32_t stream, const char *path)
{
	client_ask_at_length(stream, "GET", path, 0, CLIENT_WHOLE);
}

void client_add_u32(uint8_t type, uint32_t stream, uint32_t n)
{
	uint8_t b[4];
	struct wr w = wr_init(b, sizeof b);

	wr_u32(&w, n);
	client_add(type, 0, stream, b, sizeof b);
}

static void set(uint16_t what, uint32_t n)
{
	uint8_t b[6];
	struct wr w = wr_init(b, sizeof b);

	wr_u16(&w, what);
	wr_u32(&w, n);
	client_add(NGHTTP2_SETTINGS, 0, 0, b, sizeof b);
}

void client_set_window(uint32_t n)
{
	set(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, n);
}

void client_set_table(uint32_t n)
{
	set(NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, n);
	cr_assert_eq(nghttp2_hd_inflate_change_table_size(inflater, n), 0);
}

static unsigned status_of(const struct http2_frame *f, unsigned *ret_fields)
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
		*ret_fields += !!(flags & NGHTTP2_HD_INFLATE_EMIT);
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

struct client_heard client_hear(void)
{
	struct client_heard h = {0};
	struct http2_frame f;

	while (http2_world_frame(&f)) {
		if (f.type == NGHTTP2_HEADERS) {
			h.answers++;
			h.fields = 0;
			h.status = status_of(&f, &h.fields);
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

void client_expect_calm(const char *what)
{
	struct client_heard h = client_hear();

	cr_expect(h.goaways == 1 && h.error == NGHTTP2_ENHANCE_YOUR_CALM && !http2_world_is_open(), "%s: %u goaways, error %u", what, h.goaways, h.error);
}

void client_expect_borne(const char *what)
{
	struct client_heard h = client_hear();

	cr_expect(!h.goaways && http2_world_is_open(), "%s: error %u", what, h.error);
}
