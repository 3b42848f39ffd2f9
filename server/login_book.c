/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/login_book.h"

#include <string.h>

static bool is_same(const struct msg_login *a, const struct msg_login *b)
{
	return a->user == b->user && a->accepted == b->accepted && a->certificate == b->certificate && strcmp(a->address, b->address) == 0;
}

/* The place of these, or a free one; NULL: all are others'. */
static struct login_place *find(struct login_book *b, const struct msg_login *m)
{
	unsigned from = m->accepted ? LOGIN_BOOK_REFUSED : 0, to = m->accepted ? LOGIN_BOOK_PLACES : LOGIN_BOOK_REFUSED;
	struct login_place *free_one = NULL;

	for (unsigned i = from; i < to; i++) {
		struct login_place *p = &b->place[i];

		if (p->taken && is_same(&p->of, m))
			return p;
		if (!p->taken && !free_one)
			free_one = p;
	}
	return free_one;
}

void login_book_add(struct login_book *b, const struct msg_login *m)
{
	struct login_place *p = find(b, m);

	if (!p) {
		p = &b->rest[m->accepted];
		if (!p->taken)
			p->of = (struct msg_login){.user = MSG_LOGIN_NOBODY, .accepted = m->accepted, .address = "-"};
	} else if (!p->taken) {
		p->of = *m;
		p->of.count = 0;
	}
	p->taken = true;
	p->of.count = m->count < UINT32_MAX - p->of.count ? p->of.count + m->count : UINT32_MAX;
}

/* A place is its holder's for an interval after it was told, so that coming and going gives nobody more of them. */
static bool tell(struct login_place *p, int64_t mono_us, int64_t interval_us, bool all, struct msg_login *ret)
{
	bool due = p->told_us == 0 || mono_us - p->told_us >= interval_us;

	if (!p->taken || !(due || all))
		return false;
	if (p->of.count == 0) {
		*p = (struct login_place){0};
		return false;
	}
	*ret = p->of;
	p->of.count = 0;
	p->told_us = mono_us;
	return true;
}

bool login_book_next(struct login_book *b, int64_t mono_us, int64_t interval_us, bool all, struct msg_login *ret)
{
	for (unsigned i = 0; i < LOGIN_BOOK_PLACES; i++)
		if (tell(&b->place[i], mono_us, interval_us, all, ret))
			return true;
	return tell(&b->rest[0], mono_us, interval_us, all, ret) || tell(&b->rest[1], mono_us, interval_us, all, ret);
}
