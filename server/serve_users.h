/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_USERS_H
#define SERVER_SERVE_USERS_H
/* What each viewer, a user or a share link, has at once in this process, so that no one has all. */
#include <stdbool.h>

#include "conf/site.h"

#define SERVE_USER_SHARE 4         /* of the connections, of the held requests and of the questions to store he has a fourth at most */
#define SERVE_USER_CONNS_MIN 256   /* but so many connections, as an address may have */

struct serve_users {
	struct { unsigned conns, held, reloads; } user[SITE_USERS_MAX + SITE_SHARES_MAX];
};

/* The user's connections grow by one, unless he has his share of max. */
bool serve_users_add_conn(struct serve_users *u, unsigned user, unsigned max);
bool serve_users_add_held(struct serve_users *u, unsigned user, unsigned max);
bool serve_users_add_reload(struct serve_users *u, unsigned user, unsigned max);
/* Takes -1, for nobody. */
void serve_users_drop_conn(struct serve_users *u, int user);
void serve_users_drop_held(struct serve_users *u, int user);
void serve_users_drop_reload(struct serve_users *u, int user);

#endif
