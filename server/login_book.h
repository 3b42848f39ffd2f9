/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_LOGIN_BOOK_H
#define SERVER_LOGIN_BOOK_H
/*
 * Who was let in and who was refused, gathered: of one user from one address
 * with one result something is told at once, and then, with the number of times,
 * once in an interval. There are so many places for those who were let in, and a
 * few for those who were not; what finds none is told in one line for all. So strangers
 * who try passwords cost a bounded number of messages, and of entries that stay for
 * ever, and cannot take the place in which it would stand that one of them came in.
 * serve keeps one for the parent, the parent one for the log. Pure: the time is passed in.
 */
#include "server/msg.h"

#define LOGIN_BOOK_ACCEPTED 48u
#define LOGIN_BOOK_REFUSED 16u
#define LOGIN_BOOK_PLACES (LOGIN_BOOK_REFUSED + LOGIN_BOOK_ACCEPTED)

struct login_place {
	bool taken;
	struct msg_login of;           /* its count: since it was told */
	int64_t told_us;               /* mono; 0: never */
};

/* Zeroed: empty. */
struct login_book {
	struct login_place place[LOGIN_BOOK_PLACES];  /* the first are those of the refused */
	struct login_place rest[2];    /* refused, accepted */
};

/* count is taken up to what a message holds. */
void login_book_add(struct login_book *b, const struct msg_login *m);
/* The next that is due, at most one for each place in interval_us; false: none. all: also what is not due yet. */
bool login_book_next(struct login_book *b, int64_t mono_us, int64_t interval_us, bool all, struct msg_login *ret);

#endif
