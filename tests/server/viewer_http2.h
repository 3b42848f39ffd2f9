/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SERVER_VIEWER_HTTP2_H
#define TESTS_SERVER_VIEWER_HTTP2_H
/*
 * A viewer by HTTP/2, one request at a time, over nghttp2's client. The window never opens again, so that more of a body than
 * it takes (65535 bytes of a connection) is on its way for good. As viewer.h, whatever never comes fails the test.
 */
#include "tests/server/viewer.h"

struct nghttp2_session;

struct viewer_http2 {
	struct viewer by;
	struct nghttp2_session *session;
	unsigned status;         /* of the answer, 0 before its head has come */
	struct buf body;         /* what has come of it */
	bool over;               /* nothing more comes: */
	unsigned error;          /* why, 0 if it came whole (RFC 9113 7) */
};

/* Connects to 127.0.0.1, or fails the test. */
void viewer_http2_open(struct viewer_http2 *v, struct event_base *base, uint16_t port);
void viewer_http2_close(struct viewer_http2 *v);
/* Sends a GET with one header line more (with its CRLF). */
void viewer_http2_ask(struct viewer_http2 *v, const char *path, const char *header);
/* Waits until so many bytes of the body have come, or it is over. */
void viewer_http2_receive(struct viewer_http2 *v, size_t bytes);

#endif
