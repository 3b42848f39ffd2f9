/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_HTTP1_H
#define SERVER_SERVE_HTTP1_H
/*
 * HTTP/1.1 on a connection: cut into requests, answered in order. One response
 * at a time; while it is not out, nothing more is read.
 */
#include "server/serve_conn.h"

extern const struct serve_speech serve_http1;

#endif
