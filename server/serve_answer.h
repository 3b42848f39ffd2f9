/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_ANSWER_H
#define SERVER_SERVE_ANSWER_H
/* What a request means, and whether its sender may have it. Ends in serve_conn_reply or serve_conn_wait. */
#include "server/serve_conn.h"

#define SERVE_COOKIE "__Host-session"

void serve_answer(struct serve_conn *c, const struct http_request *r);

#endif
