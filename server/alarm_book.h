/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_ALARM_BOOK_H
#define SERVER_ALARM_BOOK_H
/*
 * Alarms: conditions go in, beginnings and ends come out. A condition has to hold, and to be over, for a while before it is
 * said; one alarm is said at most once in ALARM_SAY_US, since entries of the log are for ever, and what came and went
 * between is not. Nor is a measure that changes while it lasts (how long until the disk is full). The book keeps what was said last. Pure: the clocks are passed in.
 */
#include <stdbool.h>
#include <stdint.h>

#include "server/msg.h"

#define ALARM_SAY_US 2000000
#define ALARM_EVENTS_MAX 1024
#define ALARM_DETAIL (sizeof((struct msg_alarm *)0)->detail)

struct alarm {
	bool is;                          /* the condition, as it was told last */
	bool on;                          /* the alarm: it held for long enough */
	bool measures;                    /* as of its hold */
	int64_t turned_us;                /* monotonic: since when `is` is other than `on` */
	int64_t since_us;                 /* wall clock: since when the condition holds */
	char detail[ALARM_DETAIL];
	bool said;
	char said_detail[ALARM_DETAIL];
	int64_t said_us;                  /* monotonic, 0 if never */
	bool unentered;                   /* what was said last is not in the log yet */
	int64_t event_us;                 /* wall clock: when it was said */
};

/* How long it must hold to begin, and be over to end. */
struct alarm_hold {
	int64_t begin_us, end_us;
	bool measures;                    /* numbers in its detail, each with the word behind it, are as measured now: another one is no news */
};

/* What was said: it begins, goes on with another detail, or (end) is over. */
struct alarm_event {
	int64_t at_us;                    /* wall clock */
	uint8_t kind;                     /* enum alarm_kind */
	bool begin;
	char camera[SITE_NAME];           /* "" of the site */
	char detail[ALARM_DETAIL];        /* why; of an end, what was over */
};

struct alarm_book {
	struct alarm_event event[ALARM_EVENTS_MAX];
	uint64_t next;                    /* number of the next one, from 0 */
	uint64_t begun[ALARM_KINDS];      /* how often one of that kind began */
};

/* The condition now. detail: of one that holds; any text, what no entry may hold becomes blank. */
void alarm_set(struct alarm *a, const struct alarm_hold *hold, bool is, const char *detail, int64_t mono_us, int64_t wall_us);
/* Whether something is to be said now; then it counts as said. *ret_begins: it was off before. */
bool alarm_say(struct alarm *a, int64_t mono_us, int64_t wall_us, bool *ret_begins);
/* Whether what is on and was said has another measure now, for who shows what is on; then it counts as shown. */
bool alarm_show(struct alarm *a);

void alarm_book_add(struct alarm_book *b, const struct alarm_event *e);
/* The event of that number; NULL when there is none, or no more. */
const struct alarm_event *alarm_book_event(const struct alarm_book *b, uint64_t n);
/* The oldest number that there still is. */
uint64_t alarm_book_oldest(const struct alarm_book *b);

#endif
