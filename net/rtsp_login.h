/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_RTSP_LOGIN_H
#define NET_RTSP_LOGIN_H
/* What an RTSP server says of Digest (RFC 7616) in a 401, and the login of one that knows a single user. Pure. */
#include "net/digest.h"
#include "net/rtsp_server.h"

/* Whom to let in. The strings are borrowed for as long as it is used. */
struct rtsp_server_login {
	const char *realm, *user, *password;
};

/* Appends a WWW-Authenticate header for each algorithm in the bit set, strongest first (3.7). 0 or -ENOBUFS. */
int rtsp_login_challenge(struct buf *out, const char *realm, const char *nonce, unsigned algorithms, bool stale);
/* 0, -EACCES, -ESTALE, or -EIO (no such hash). */
int rtsp_login_check(const struct rtsp_server_login *login, const char *nonce, const struct rtsp_server_ask *ask);

#endif
