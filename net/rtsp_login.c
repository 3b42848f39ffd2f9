/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_login.h"

#include <errno.h>
#include <stdio.h>

#include "net/rtsp_message.h"

static int write_one(struct buf *out, const struct digest_challenge *c)
{
	char text[DIGEST_HEADER_MAX];
	struct wr w = wr_init(text, sizeof text);

	if (digest_write_challenge(&w, c))
		return -ENOBUFS;
	return rtsp_write_header(out, "WWW-Authenticate", "%.*s", (int)w.len, text);
}

int rtsp_login_challenge(struct buf *out, const char *realm, const char *nonce, unsigned algorithms, bool stale)
{
	struct digest_challenge c = {.algorithm_named = true, .qop_auth = true, .stale = stale};
	int e = 0;

	snprintf(c.realm, sizeof c.realm, "%s", realm);
	snprintf(c.nonce, sizeof c.nonce, "%s", nonce);
	for (int a = DIGEST_ALGORITHMS - 1; !e && a >= 0; a--) {
		c.algorithm = (enum digest_algorithm)a;
		if (algorithms >> a & 1)
			e = write_one(out, &c);
	}
	return e;
}

int rtsp_login_check(const struct rtsp_server_login *login, const char *nonce, const struct rtsp_server_ask *ask)
{
	struct digest_who who = {.user = login->user, .password = login->password, .method = ask->method, .uri = ask->uri};
	int e = ask->authorization.n ? digest_verify(ask->authorization, login->realm, nonce, &who) : -EACCES;

	return e == -EBADMSG ? -EACCES : e;
}
