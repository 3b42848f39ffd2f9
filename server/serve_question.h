/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_QUESTION_H
#define SERVER_SERVE_QUESTION_H
/*
 * Questions of viewers' pages that the parent answers (enum msg_question_what): how all of the server does is asked at most every
 * SERVE_STATUS_OLD_US, however many look.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "server/msg.h"
#include "server/serve_bytes.h"

#define SERVE_QUESTIONS_MAX 64            /* asked and not answered */
#define SERVE_STATUS_OLD_US 2000000

struct channel;
struct serve_users;

/* Somebody who waits for an answer; the owner's memory, zeroed. */
struct serve_question_waiter {
	LIST_ENTRY(serve_question_waiter) next;
	struct serve_questions *of;           /* NULL while not waiting */
	uint32_t request;
	bool asked, answered;
	enum msg_answer_result result;
	char why[sizeof((struct msg_answer *)0)->why];
	struct serve_bytes *bytes;            /* with MSG_ANSWER_DONE: his, until serve_question_cancel */
	void (*done)(struct serve_question_waiter *w);
};

struct serve_questions {
	LIST_HEAD(, serve_question_waiter) waiting;
	unsigned n;
	uint32_t last_request, status_request;
	struct serve_bytes *status;           /* the newest answer to QUESTION_STATUS, and when it came (monotonic) */
	int64_t status_us;
};

/*
 * Asks; request is filled in. 0: w waits, done is called once; or w is answered already, and done is not called. -EDQUOT when that user has
 * asked enough in this second, -ENOBUFS when too many wait, or the parent cannot be told.
 */
int serve_question_ask(struct serve_questions *s, struct serve_users *users, struct channel *parent, struct msg_question *m, struct serve_question_waiter *w, int64_t now_us);
/* Gives back what it has; takes one that does not wait. */
void serve_question_cancel(struct serve_question_waiter *w);
/* The parent's: fd is not kept. 0, or as serve_bytes_map; who waits is told MSG_ANSWER_LATER then. */
int serve_question_answered(struct serve_questions *s, const struct msg_answer *m, int fd, int64_t now_us);

#endif
