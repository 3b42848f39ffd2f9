/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_users.h"

#include <assert.h>

static bool add(unsigned *n, unsigned max)
{
	if (*n >= max)
		return false;
	++*n;
	return true;
}

static void drop(unsigned *n)
{
	assert(*n);
	--*n;
}

bool serve_users_add_conn(struct serve_users *u, unsigned user, unsigned max)
{
	unsigned share = max / SERVE_USER_SHARE;

	return user < SITE_USERS_MAX + SITE_SHARES_MAX && add(&u->user[user].conns, share < SERVE_USER_CONNS_MIN ? SERVE_USER_CONNS_MIN : share);
}

bool serve_users_add_held(struct serve_users *u, unsigned user, unsigned max)
{
	return user < SITE_USERS_MAX + SITE_SHARES_MAX && add(&u->user[user].held, max / SERVE_USER_SHARE);
}

bool serve_users_add_reload(struct serve_users *u, unsigned user, unsigned max)
{
	return user < SITE_USERS_MAX + SITE_SHARES_MAX && add(&u->user[user].reloads, max / SERVE_USER_SHARE);
}

bool serve_users_add_question(struct serve_users *u, unsigned user, bool changes, int64_t now_us)
{
	int64_t second = now_us / 1000000;

	if (user >= SITE_USERS_MAX + SITE_SHARES_MAX)
		return false;
	if (u->user[user].second != second)
		u->user[user].looks = u->user[user].changes = 0;
	u->user[user].second = second;
	return changes ? add(&u->user[user].changes, SERVE_USER_CHANGES) : add(&u->user[user].looks, SERVE_USER_LOOKS);
}

void serve_users_drop_conn(struct serve_users *u, int user)
{
	if (user >= 0)
		drop(&u->user[user].conns);
}

void serve_users_drop_held(struct serve_users *u, int user)
{
	if (user >= 0)
		drop(&u->user[user].held);
}

void serve_users_drop_reload(struct serve_users *u, int user)
{
	if (user >= 0)
		drop(&u->user[user].reloads);
}
