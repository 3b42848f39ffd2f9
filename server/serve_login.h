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

/* The viewer whose session the cookie names, or else whose certificate the connection showed, if he may anything now. */
bool serve_login_known(struct serve_exchange *x, const struct http_request *r, struct serve_viewer *ret);
/* Who sent it, and may anything now; false: the request has been answered or waits. */
bool serve_login_viewer(struct serve_exchange *x, const struct http_request *r, struct serve_viewer *ret);
/* Whether the request comes from our own page, or from something that is no browser (RFC 6454; Fetch Metadata). */
bool serve_login_from_our_page(const struct http_request *r);
/* POST /login: 303 to the page, 403 (wrong), 429 (too soon), 503 (busy). Its body: name=…&password=… */
void serve_login_begin(struct serve_exchange *x, const struct http_request *r);
/* POST /logout: 303 to the page. */
void serve_login_end(struct serve_exchange *x, const struct http_request *r);
/* Each second: the parent hears of who was let in and who was refused, for login/v1. */
void serve_login_tell(struct serve *s);

#endif
