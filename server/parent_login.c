/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logins and refusals become login/v1 entries. A serve process says what it
 * likes, and entries are for ever: so they are gathered over a minute
 * (server/login_book.h), and a user is one of the site file's or nobody.
 */
#include "server/parent.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define LOGIN_US 60000000

bool parent_is_address(const char *text)
{
	struct in6_addr any;

	return !strcmp(text, "-") || inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

const char *parent_viewer_name(const struct parent *p, unsigned viewer)
{
	if (viewer == MSG_LOGIN_NOBODY)
		return "-";
	if (viewer >= SITE_USERS_MAX && viewer - SITE_USERS_MAX < SITE_SHARES_MAX && p->shares.at[viewer - SITE_USERS_MAX].version)
		return p->shares.at[viewer - SITE_USERS_MAX].share.id;  /* also of one that has just gone */
	return viewer < p->site->nusers ? p->site->user[viewer].name : NULL;
}

void parent_login(struct child *serve, const struct msg_login *m)
{
	struct parent *p = serve->parent;

	if (!parent_viewer_name(p, m->user) || m->count == 0 || !parent_is_address(m->address)) {
		child_kill(serve, "a login that cannot be");
		return;
	}
	login_book_add(&p->logins, m);
	parent_login_sweep(p, false);
}

void parent_login_sweep(struct parent *p, bool all)
{
	struct child *store = parent_child(p, ROLE_STORE, 0);
	struct msg_login m;

	if (!store || store->phase != CHILD_READY)
		return;
	while (login_book_next(&p->logins, clock_mono_us(), LOGIN_US, all, &m)) {
		struct msg_login_entry e = {.accepted = m.accepted, .count = m.count, .at_us = clock_wall_us(), .certificate = m.certificate};

		snprintf(e.user, sizeof e.user, "%s", parent_viewer_name(p, m.user));
		snprintf(e.address, sizeof e.address, "%s", m.address);
		if (child_say(store, MSG_LOGIN_ENTRY, &e, NULL, 0) == 0)
			continue;
		login_book_add(&p->logins, &m);  /* for the next store */
		return;
	}
}
