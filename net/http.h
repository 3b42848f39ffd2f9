/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_HTTP_H
#define NET_HTTP_H
/*
 * HTTP/1.1 requests (RFC 9112) out of bytes as they came; strict, because what
 * two readers understand differently is how requests are smuggled. Pure: the
 * caller keeps the bytes, asks again when more have come, and steps over
 * ret->size when one request is answered. A request borrows from those bytes.
 *
 * Lines end in CRLF and nothing else. Refused: bare LF or CR, control bytes,
 * folded header lines, blanks before a colon, anything but exactly one Host
 * (HTTP/1.0: at most one), two Content-Length or one that is not plain decimal,
 * every Transfer-Encoding, a body on GET or HEAD, targets that are not a path
 * (RFC 9112 3.2.1). One empty line before a request is skipped (2.2).
 *
 * A refused stream cannot be followed any further: answer the status and close.
 */
#include <stdbool.h>
#include <stdint.h>

#include "net/span.h"

#define HTTP_HEAD_MAX (16u << 10)     /* request line and headers, bytes */
#define HTTP_TARGET_MAX 4096          /* path and query, bytes */
#define HTTP_HEADERS_MAX 64
#define HTTP_BODY_MAX 4096
/* What a caller's buffer must be able to hold so that any request fits. */
#define HTTP_INPUT_MAX (HTTP_HEAD_MAX + HTTP_BODY_MAX)
#define HTTP_ALLOW "GET, HEAD, POST"  /* the methods that are known; goes with 405 */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST };

struct http_header {
	struct span name, value;          /* value is trimmed */
};

struct http_request {
	enum http_method method;
	struct span path, query;          /* query without '?'; query.p is NULL when there is none */
	struct span host;                 /* empty only for HTTP/1.0 */
	struct http_header header[HTTP_HEADERS_MAX];
	unsigned nheaders;
	bool keep_alive;                  /* another request may follow */
	bool takes_chunks;                /* HTTP/1.1: who asked reads an answer whose length is not told (RFC 9112 7.1) */
	const uint8_t *body;
	size_t body_len;
	size_t size;                      /* bytes of the input that this request takes */
};

/* How far a request that is not whole yet was read, so that no byte is looked at twice. Zero for each new request. */
struct http_progress {
	size_t seen, line_end, head_end;
};

struct http_refusal {
	unsigned status;                  /* 400, 405 (send HTTP_ALLOW), 411, 413, 414, 417, 431, 501 or 505 */
	const char *why;                  /* static */
};

/* 1 with *ret; 0 when more bytes are needed; -EBADMSG with *ret_refusal. */
int http_parse(const uint8_t *p, size_t n, struct http_progress *at, struct http_request *ret, struct http_refusal *ret_refusal);

/* The first header of that name; false when there is none. */
bool http_header(const struct http_request *r, const char *name, struct span *ret);
/* Whether more than one header has that name. */
bool http_header_repeated(const struct http_request *r, const char *name);
/* One cookie's value (RFC 6265 4.2.1), from all Cookie headers; false when it is not there, or there twice. */
bool http_cookie(const struct http_request *r, const char *name, struct span *ret);

#endif
