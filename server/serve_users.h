/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_USERS_H
#define SERVER_SERVE_USERS_H
/* What each viewer, a user or a share link, has at once in this process, so that no one has all. */
#include <stdbool.h>
#include <stdint.h>

#include "conf/site.h"

#define SERVE_USER_SHARE 4         /* of the connections, of the held requests and of the questions to store he has a fourth at most */
#define SERVE_USER_CONNS_MIN 256   /* but so many connections, as an address may have */
#define SERVE_USER_LOOKS 10        /* a second, of what the parent is asked: a fourth of what it answers; */
#define SERVE_USER_CHANGES 5       /* of what changes something, too */

struct serve_users {
	struct {
		unsigned conns, held, reloads;
		int64_t second;    /* in which he asked so much: */
		unsigned looks, changes;
	} user[SITE_USERS_MAX + SITE_SHARES_MAX];
};

/* The user's connections grow by one, unless he has his share of max. */
bool serve_users_add_conn(struct serve_users *u, unsigned user, unsigned max);
bool serve_users_add_held(struct serve_users *u, unsigned user, unsigned max);
bool serve_users_add_reload(struct serve_users *u, unsigned user, unsigned max);
/* Whether the parent may be asked for him once more in this second, which counts it; changes: to change something. */
bool serve_users_add_question(struct serve_users *u, unsigned user, bool changes, int64_t now_us);
/* Takes -1, for nobody. */
void serve_users_drop_conn(struct serve_users *u, int user);
void serve_users_drop_held(struct serve_users *u, int user);
void serve_users_drop_reload(struct serve_users *u, int user);

#endif
