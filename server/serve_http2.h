/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_HTTP2_H
#define SERVER_SERVE_HTTP2_H
/*
 * HTTP/2 (RFC 9113) on a connection that chose it by ALPN. nghttp2 speaks the
 * frames; each stream is an exchange. A request's fields are set down as the head
 * of HTTP/1.1 and read by the same parser, so both are refused alike; an answer's
 * head is the one of HTTP/1.1, cut up again (server/serve_http2_head.h). Bodies go from sealed memory into TLS
 * records: nghttp2 never sees them.
 */
#include "server/serve_conn.h"

#define SERVE_HTTP2_STREAMS 64              /* of a connection at once */
#define SERVE_HTTP2_INPUT_MAX (128u << 10)  /* bytes of requests that are not answered yet, of a connection */
#define SERVE_HTTP2_DECODED_MAX (8 * HTTP_HEAD_MAX)  /* bytes of a stream's fields: more is no head that is too large, but an attack */
/*
 * What costs us work and brings no answer is paid from a purse. Resets, whoever is brought to say them (CVE-2023-44487,
 * CVE-2025-8671): full at first, and filling by so many a second. The rest, as PING, SETTINGS, PRIORITY, WINDOW_UPDATE and empty DATA: by each DATA frame sent, too.
 */
#define SERVE_HTTP2_RESETS 200
#define SERVE_HTTP2_RESETS_PER_S 20
#define SERVE_HTTP2_NOISE 1000
#define SERVE_HTTP2_NOISE_PER_S 100
#define SERVE_HTTP2_NOISE_PER_FRAME 2

extern const struct serve_speech serve_http2;

#endif
