/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SERVER_HTTP2_WORLD_H
#define TESTS_SERVER_HTTP2_WORLD_H
/*
 * One connection by HTTP/2 with everything around it made up: bytes come when the test says so, leave into a
 * buffer, and requests are answered by their paths:
 *   /b  BODY_BYTES of sealed memory         /s  so many, thrice, each asked for when the one before is out
 *   /c  a short text, and no request more   /w  waits once, and is woken at once
 *   /h  waits until http2_world_release     else a short text
 * For tests and fuzz targets; what cannot be aborts.
 */
#include "server/serve_http2_inner.h"

#define HTTP2_WORLD_BODY 100000
#define HTTP2_WORLD_PERIOD 251           /* each byte of a body is one more than the last, modulo this */

struct http2_world {
	struct serve serve;
	struct serve_conn conn;
	size_t at_once;                      /* so many bytes leave with one write; 0: the socket is full */
	unsigned exchanges, held;
	unsigned closed[SERVE_CLOSED_COUNT]; /* by cause */
	struct buf sent;                     /* and not looked at yet */
};

/* What was sent; body is there until the next one is looked at. */
struct http2_frame {
	uint8_t type, flags;
	uint32_t stream;
	const uint8_t *body;
	size_t n;
};

extern struct http2_world http2_world;

/* A connection whose client has sent its preface, and SETTINGS without a setting. 0, or -ENOMEM. */
int http2_world_begin(void);
/* Nothing is left of it, or this aborts. */
void http2_world_end(void);
/* These bytes come, and the connection has its turns as long as it wants some. */
void http2_world_take(const void *p, size_t n);
/* A second passes. */
void http2_world_tick(void);
bool http2_world_is_open(void);
struct serve_http2 *http2_world_session(void);
/* What all held requests wait for has come. */
void http2_world_release(void);
/* The next whole frame that was sent; false: there is none. */
bool http2_world_frame(struct http2_frame *ret);

#endif
