/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/clip_rate.h"

#include <stdio.h>
#include <string.h>

struct limit {
	int64_t each_us;
	unsigned at_once;
};

static const struct limit of_all = {2000000, 30};    /* 30 a minute */
static const struct limit of_user = {10000000, 10};  /* 6 a minute */

/* When it is full again, with one more taken. */
static int64_t after(int64_t full_us, const struct limit *l, int64_t now_us)
{
	return (full_us > now_us ? full_us : now_us) + l->each_us;
}

static bool fits(int64_t full_us, const struct limit *l, int64_t now_us)
{
	return after(full_us, l, now_us) - now_us <= l->at_once * l->each_us;
}

/* The user's place, or one that says nothing any more, or NULL. */
static struct clip_rate_user *place_of(struct clip_rate *r, const char *user, int64_t now_us)
{
	struct clip_rate_user *spare = NULL;

	for (unsigned i = 0; i < CLIP_RATE_USERS; i++) {
		if (!strcmp(r->user[i].name, user))
			return &r->user[i];
		if (r->user[i].full_us <= now_us)
			spare = &r->user[i];
	}
	return spare;
}

bool clip_rate_take(struct clip_rate *r, const char *user, int64_t now_us)
{
	struct clip_rate_user *u = place_of(r, user, now_us);

	if (!fits(r->full_us, &of_all, now_us) || (u && !fits(u->full_us, &of_user, now_us)))
		return false;
	r->full_us = after(r->full_us, &of_all, now_us);
	if (u) {
		snprintf(u->name, sizeof u->name, "%s", user);
		u->full_us = after(u->full_us, &of_user, now_us);
	}
	return true;
}
