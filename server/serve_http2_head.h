/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_HTTP2_HEAD_H
#define SERVER_SERVE_HTTP2_HEAD_H
/*
 * The fields of an answer as a field block (RFC 7541), all of them literals that go into no table (6.2.2; cookies 6.2.3): most
 * values are of one answer alone, and would push out of the table what is not. So a connection has no table on this side, no field of one
 * answer shows in the size of another, and a block can stand behind any other. To look for them in a table, as nghttp2 does, was a tenth of
 * what a small answer costs.
 */
#include "base/buf.h"
#include "net/span.h"

/* Appends the fields of the head of an answer by HTTP/1.1, without its first line. 0, -ENOBUFS, or -EINVAL for a field that is none. */
int serve_http2_head(struct buf *out, struct span fields);

#endif
