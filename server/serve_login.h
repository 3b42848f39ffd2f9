/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_LOGIN_H
#define SERVER_SERVE_LOGIN_H
/*
 * Who sent a request: the page's session cookie, or a player's HTTP Basic; and
 * how a session begins and ends. A session's token is 256 random bits, told to
 * the viewer alone; its hash goes by the parent to every serve process, and the
 * login is answered when it comes back, so that the next request finds it anywhere.
 */
#include <stdbool.h>

#include "server/serve_exchange.h"

/* The user whose session the cookie names, or -1. */
int serve_login_session(struct serve_exchange *x, const struct http_request *r);
/* The same, and the session's name in serve.sessions: for what goes on after the request. */
int serve_login_session_named(struct serve_exchange *x, const struct http_request *r, uint8_t ret_sha256[32]);
/* The user; or -1, and then the request has been answered or waits. */
int serve_login_user(struct serve_exchange *x, const struct http_request *r);
/* Whether the request comes from our own page, or from something that is no browser (RFC 6454; Fetch Metadata). */
bool serve_login_from_our_page(const struct http_request *r);
/* POST /login: 303 to the page, 403 (wrong), 429 (too soon), 503 (busy). Its body: name=…&password=… */
void serve_login_begin(struct serve_exchange *x, const struct http_request *r);
/* POST /logout: 303 to the page. */
void serve_login_end(struct serve_exchange *x, const struct http_request *r);
/* Each second: the parent hears of who was let in and who was refused, for login/v1. */
void serve_login_tell(struct serve *s);

#endif
