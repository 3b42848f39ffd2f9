/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_WATCH_BOOK_H
#define SERVER_WATCH_BOOK_H
/*
 * Who watched what, gathered: what one user had of one camera is one message in an interval, however he had it. There are so many
 * places, of which one user has a fourth at most; what finds none is told of its camera as several users'. So viewers cost a bounded
 * number of messages, and of entries that stay for ever, and nobody can take the place in which another would stand.
 * serve keeps one for the parent, the parent one for the log. Pure: the time is passed in.
 */
#include <sys/queue.h>

#include "server/msg.h"

#define WATCH_BOOK_PLACES 1024u
#define WATCH_BOOK_USER_PLACES (WATCH_BOOK_PLACES / 4)
#define WATCH_BOOK_BUCKETS 512u

/* When what was gathered is told. */
struct watch_pace {
	int64_t interval_us;            /* of one user and one camera, at most once in it */
	int64_t idle_us;                /* but sooner, when nothing came for that long and nothing was told for an interval */
};

struct watch_place {
	LIST_ENTRY(watch_place) next;   /* of its bucket, or of the free ones */
	bool taken;
	struct msg_viewing of;          /* to_number 0: nothing since it was told */
	int64_t since_us, last_us;      /* mono: of the first and the last that is in it */
	int64_t told_us;                /* mono; 0: never */
};

/* Zeroed: empty. */
struct watch_book {
	struct watch_place place[WATCH_BOOK_PLACES];
	struct watch_place rest[SITE_CAMERAS_MAX];  /* of several users, by camera */
	LIST_HEAD(, watch_place) bucket[WATCH_BOOK_BUCKETS], free;
	unsigned used;                  /* places that were somebody's at some time: the first ones */
	unsigned waiting;               /* that have something to tell */
};

/* m's camera is below SITE_CAMERAS_MAX, and its to_number not 0. */
void watch_book_add(struct watch_book *b, const struct msg_viewing *m, int64_t mono_us);
/* The next that is due; false: none. all: also what is not due yet. */
bool watch_book_next(struct watch_book *b, int64_t mono_us, const struct watch_pace *pace, bool all, struct msg_viewing *ret);

#endif
