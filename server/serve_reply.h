/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_REPLY_H
#define SERVER_SERVE_REPLY_H
/*
 * A response before it is written: what a table of headers is for us. Every
 * response gets Date, Strict-Transport-Security, X-Content-Type-Options,
 * Referrer-Policy and Cross-Origin-Resource-Policy. Texts are borrowed.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "server/serve_bytes.h"

struct serve_reply {
	unsigned status;
	const char *type, *cache;        /* NULL: none */
	struct serve_bytes *bytes;       /* the body, shared; or text */
	const char *text;                /* the program's own */
	size_t text_len;
	uint64_t stream_bytes;           /* of a body that comes later, in pieces; 0: none does */
	bool open;                       /* the same, of a body whose length nobody knows yet */
	const char *file;                /* what a browser saves it as, ".zip" behind it: letters, digits, hyphens; NULL: it is no file */
	const char *etag;                /* NULL with bytes: its own */
	bool digest;                     /* with bytes: Content-Digest (Repr-Digest on a part) */
	bool part;                       /* 206: only first to last of bytes */
	uint64_t first, last;
	bool unsatisfiable;              /* 416: Content-Range names the size of bytes, which is not sent */
	bool page;                       /* Content-Security-Policy and its like */
	const char *policy;              /* with page: the policy that it brings; NULL: that of our own pages */
	const char *content_location, *modified;
	const char *location, *challenge, *cookie, *allow;
	unsigned retry_s;                /* Retry-After; 0: none */
	bool close;
	bool chunked;                    /* as HTTP/1.1 carries what is open (RFC 9112 7.1) */
};

/* Appends the head. 0, -ENOBUFS, or -EINVAL for a text that no header can hold (out is then half a head). */
int serve_reply_head(struct buf *out, const struct serve_reply *r, const char *date, bool keep_alive);
/* The body's bytes, borrowed, as they go out (a part of bytes, or text); empty for 304 and 416. */
const uint8_t *serve_reply_body(const struct serve_reply *r, size_t *ret_len);

#endif
