/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SHARE_LIST_H
#define SERVER_SHARE_LIST_H
/*
 * Share links as the parent keeps them: a line each, in a file beside the key's state, and a key beside it by which their tokens are made.
 *
 *     ID CAMERA FROM TO EXPIRES USER MADE
 *
 * Times as clock_text writes them; FROM and TO are "-" for what is live, USER is "-" where nobody's rights bound the link. A link's token
 * is the HMAC-SHA-256 of its line under that key, in base64url (RFC 4648 5, no padding): who has the file has no token, and a line that
 * somebody changed has another one than the link that was given away. Pure.
 */
#include "base/buf.h"
#include "conf/site.h"
#include "server/msg.h"
#include "server/share_id.h"

#define SHARE_KEY 32
#define SHARE_TOKEN 44                        /* with NUL */
#define SHARE_FILE_MAX (SITE_SHARES_MAX * 256u)
#define SHARE_LASTS_MAX_US (400ll * 86400 * 1000000)
#define SHARE_RANGE_MAX_US (6 * 3600ll * 1000000)

struct share {
	char id[MSG_SHARE_ID];
	char camera[SITE_NAME], user[SITE_NAME];  /* user "": nobody's rights bound it */
	int64_t from_us, to_us;                   /* both 0: live */
	int64_t expires_us, made_us;
};

/* Appends its line; -ENOBUFS. */
int share_write(const struct share *s, struct buf *out);
/* A whole file. 0 with *ret_n, or -EBADMSG for one that share_write did not write so: nothing is touched then. */
int share_read(const void *p, size_t n, struct share ret[SITE_SHARES_MAX], unsigned *ret_n);
/* 0 or -ENOMEM. */
int share_token(const uint8_t key[SHARE_KEY], const struct share *s, char out[SHARE_TOKEN]);

#endif
