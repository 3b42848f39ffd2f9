/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_HTTP2_INNER_H
#define SERVER_SERVE_HTTP2_INNER_H
/* What server/serve_http2.c (the connection) and server/serve_http2_stream.c (its streams) share. */
#include <sys/queue.h>

#include <nghttp2/nghttp2.h>

#include "server/serve_body.h"
#include "server/serve_http2.h"
#include "server/serve_http2_memory.h"

struct serve_http2_stream {
	TAILQ_ENTRY(serve_http2_stream) next, woken;
	bool is_woken;
	struct serve_http2 *of;
	int32_t id;
	struct serve_exchange exchange;
	struct buf line;                 /* of the head that is coming: its target */
	char method[16], authority[256];
	bool has_authority;
	size_t decoded;                  /* of all its fields, also of those that are not kept */
	struct buf in;                   /* the request, as HTTP/1.1 would have it */
	struct buf head;                 /* the answer's fields, until its frame goes out */
	struct buf copy;                 /* a small answer's body */
	bool whole, answered;
	struct http_refusal bad;         /* status 0: nothing is wrong so far */
	struct serve_body body;
	uint64_t sent, mark;             /* bytes of body; at the last deadline */
	int64_t deadline_us;             /* for a whole request, then for some of the answer to leave */
};

TAILQ_HEAD(serve_http2_streams, serve_http2_stream);

/* Bytes of a body that go out from where they are, behind so many bytes of frames. */
struct serve_http2_piece {
	size_t before;
	struct serve_bytes *owner;       /* NULL for the program's own */
	const uint8_t *p;
	size_t n;
};

#define SERVE_HTTP2_PIECES 8             /* of one write */

struct serve_http2 {
	struct serve_conn *conn;
	nghttp2_session *session;
	struct serve_http2_memory memory;  /* the session's */
	struct serve_http2_streams streams, woken;
	unsigned n;                      /* streams */
	size_t in_bytes;                 /* of all their requests */
	struct buf head;                 /* fields of the answer whose frame nghttp2 is about to give */
	struct buf out;                  /* frames, without the bodies that are in pieces */
	struct serve_http2_piece piece[SERVE_HTTP2_PIECES];
	unsigned pieces;
	size_t behind;                   /* bytes of out that go behind the last piece */
	size_t waiting;                  /* bytes of both */
	bool calm, ending, said, blocked, idle;  /* said: that it ends */
	bool broken;                     /* session had no memory */
	bool busy;                       /* its event or turn is under way: what happens meanwhile goes out with that */
	uint32_t resets, noise;          /* what is left in the purses */
};

/* A request begins. NULL: nothing may begin now. */
struct serve_http2_stream *serve_http2_stream_new(struct serve_http2 *h, int32_t id);
void serve_http2_stream_free(struct serve_http2_stream *s);
/* One field of its head, its end, and some of its body. What is wrong is kept, and answered when the request is whole. */
void serve_http2_stream_field(struct serve_http2_stream *s, struct span name, struct span value);
void serve_http2_stream_head(struct serve_http2_stream *s);
void serve_http2_stream_body(struct serve_http2_stream *s, const uint8_t *p, size_t n);
/* The request is whole, or something that it waited for has come. */
void serve_http2_stream_whole(struct serve_http2_stream *s);
void serve_http2_stream_turn(struct serve_http2_stream *s);
/* Once a second; may end it. */
void serve_http2_stream_tick(struct serve_http2_stream *s, int64_t now_us);

#endif
