/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_WANT_H
#define SERVER_SERVE_WANT_H
/*
 * Asking store for what is not held: older segments, init segments, proofs,
 * tiles. The same thing wanted by many viewers is asked for once. All of it
 * never changes, so the latest answers are kept, up to a bound; but for proofs,
 * which end with a checkpoint: once another key signs, they are made anew, since
 * who has that one's public half alone can do nothing with the earlier key's.
 */
#include <sys/queue.h>

#include "server/msg.h"
#include "server/serve_bytes.h"

#define SERVE_WANTS_MAX 256                 /* asked for and not answered */
#define SERVE_WANTS_USER_MAX 64             /* of which for one user */
#define SERVE_WANTS_TIMES_MAX 4             /* of which what a time had: store reads an entry of the log for each segment, and all others wait */
#define SERVE_WANT_TIMEOUT_US 10000000
#define SERVE_CACHE_MAX_BYTES (64u << 20)
#define SERVE_CACHE_MAX 2048                /* answers */

struct channel;
struct serve_wants;

/* Somebody who waits for an answer; the owner's memory. */
struct serve_want_waiter {
	/* bytes is borrowed, and NULL unless status is MSG_HAVE_OK. Called once; the waiter is free again by then. */
	void (*done)(struct serve_want_waiter *w, enum msg_have_status status, struct serve_bytes *bytes);
	TAILQ_ENTRY(serve_want_waiter) next;
	void *line;                             /* serve_want's own; NULL while not waiting */
};

struct serve_wants *serve_want_new(void);
void serve_want_free(struct serve_wants **w);
/* The channel to ask on (borrowed), NULL for none. What is not answered is asked again there. */
void serve_want_use(struct serve_wants *w, struct channel *store);
/*
 * key.request is ignored; user: who wants it. 1 with *ret (borrowed) when it is held, 0 when the waiter waits, -ENOBUFS when
 * too much is asked for, -EDQUOT when that user has SERVE_WANTS_USER_MAX asked for, or SERVE_WANTS_TIMES_MAX of times.
 */
int serve_want_ask(struct serve_wants *w, const struct msg_want *key, unsigned user, int64_t now_us, struct serve_want_waiter *waiter, struct serve_bytes **ret);
void serve_want_cancel(struct serve_want_waiter *waiter);
/* store's answer; fd is -1 for none and stays the caller's. 0 or -EBADMSG with *why. */
int serve_want_have(struct serve_wants *w, const struct msg_have *h, int fd, const char **why);
/* The newest checkpoint, a note of n bytes. */
void serve_want_checkpoint(struct serve_wants *w, const void *note, size_t n);
/* Tells those that waited too long MSG_HAVE_ERROR. */
void serve_want_expire(struct serve_wants *w, int64_t now_us);

#endif
