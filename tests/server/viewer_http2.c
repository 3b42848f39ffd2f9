/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/server/viewer_http2.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len, const uint8_t *value, size_t n, uint8_t flags, void *ctx)
{
	struct viewer_http2 *v = ctx;

	if (name_len == 7 && !memcmp(name, ":status", 7))
		cr_assert_eq(sscanf((const char *)value, "%u", &v->status), 1);
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *p, size_t n, void *ctx)
{
	cr_assert_eq(buf_append(&((struct viewer_http2 *)ctx)->body, p, n), 0);
	return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error, void *ctx)
{
	struct viewer_http2 *v = ctx;

	v->over = true;
	v->error = error;
	return 0;
}

static void send_all(struct viewer_http2 *v)
{
	const uint8_t *p;
	ssize_t n;

	while ((n = nghttp2_session_mem_send(v->session, &p)) > 0)
		viewer_send(&v->by, p, (size_t)n);
	cr_assert_eq(n, 0);
}

void viewer_http2_open(struct viewer_http2 *v, struct event_base *base, uint16_t port)
{
	nghttp2_session_callbacks *on;
	nghttp2_option *option;

	*v = (struct viewer_http2){0};
	buf_init(&v->body, 1u << 20);
	cr_assert(viewer_open_offering(&v->by, base, port, "\x02h2"));
	cr_assert_eq(nghttp2_session_callbacks_new(&on), 0);
	cr_assert_eq(nghttp2_option_new(&option), 0);
	nghttp2_session_callbacks_set_on_header_callback(on, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(on, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(on, on_close);
	nghttp2_option_set_no_auto_window_update(option, 1);
	cr_assert_eq(nghttp2_session_client_new2(&v->session, on, v, option), 0);
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(on);
	cr_assert_eq(nghttp2_submit_settings(v->session, 0, NULL, 0), 0);
	send_all(v);
}

void viewer_http2_close(struct viewer_http2 *v)
{
	nghttp2_session_del(v->session);
	buf_free(&v->body);
	viewer_close(&v->by);
}

static nghttp2_nv field(const char *name, const char *value, size_t n)
{
	return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name, .namelen = strlen(name), .value = (uint8_t *)(uintptr_t)value, .valuelen = n};
}

void viewer_http2_ask(struct viewer_http2 *v, const char *path, const char *header)
{
	const char *value = strstr(header, ": ");
	nghttp2_nv nv[] = {field(":method", "GET", 3), field(":scheme", "https", 5), field(":authority", "x", 1), field(":path", path, strlen(path)), {0}};
	char name[64] = "";

	cr_assert(value && (size_t)(value - header) < sizeof name);
	for (const char *p = header; p < value; p++)
		name[p - header] = (char)(*p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p);
	nv[4] = field(name, value + 2, strcspn(value + 2, "\r"));
	v->status = 0;
	v->over = false;
	buf_clear(&v->body);
	cr_assert_gt(nghttp2_submit_request(v->session, NULL, nv, 5, NULL, NULL), 0);
	send_all(v);
}

void viewer_http2_receive(struct viewer_http2 *v, size_t bytes)
{
	struct buf *in = &v->by.in;

	while (!v->over && v->body.len < bytes) {
		cr_assert(viewer_more(&v->by), "the connection ended");
		cr_assert_eq(nghttp2_session_mem_recv(v->session, buf_data(in), in->len), in->len);
		buf_clear(in);
		send_all(v);
	}
}
