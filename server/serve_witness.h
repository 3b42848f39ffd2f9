/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_WITNESS_H
#define SERVER_SERVE_WITNESS_H
/*
 * What witnesses see of serve: the notes that store shows them, and the way of a cosignature to store and of its answer
 * back. serve looks at none of it. Of each user one is handed on at a time, and one a second: the places are few, and for all.
 */
#include "server/msg.h"
#include "server/serve_bytes.h"

#define SERVE_WITNESS_MAX 8                 /* cosignatures handed on and not answered */
#define SERVE_WITNESS_TIMEOUT_US 10000000
#define SERVE_WITNESS_PAUSE_US 1000000      /* from one to the next of the same user */

struct channel;
struct serve_witness;

/* Somebody who waits for an answer; the owner's memory. */
struct serve_witness_waiter {
	/* Called once; the waiter is free again by then. */
	void (*done)(struct serve_witness_waiter *w, enum msg_cosigned_result result);
	void *place;                            /* serve_witness' own; NULL while not waiting */
};

/* NULL on lack of memory. */
struct serve_witness *serve_witness_new(void);
/* Forgets what store said; who waits is told MSG_COSIGNED_LATER. */
void serve_witness_reset(struct serve_witness *w);

/* store's: a note in place of an earlier one. 0, -ENOMEM, or -EBADMSG with *why. */
int serve_witness_note(struct serve_witness *w, const struct msg_log_note *m, const char **why);
/* Borrowed, until the next change; NULL while there is none. */
struct serve_bytes *serve_witness_shown(const struct serve_witness *w, enum msg_log_note_what what);

/*
 * Hands n bytes of that user's to store. 0: the waiter waits; -EDQUOT when the user has to wait; -ENOBUFS when too many do, or store
 * cannot be told; -EMSGSIZE.
 */
int serve_witness_give(struct serve_witness *w, struct channel *store, unsigned user, const void *p, size_t n, int64_t now_us,
	struct serve_witness_waiter *waiter);
void serve_witness_cancel(struct serve_witness_waiter *waiter);
/* store's answer. 0 or -EBADMSG with *why. */
int serve_witness_cosigned(struct serve_witness *w, const struct msg_cosigned *m, const char **why);
/* Tells those that waited too long MSG_COSIGNED_LATER. */
void serve_witness_expire(struct serve_witness *w, int64_t now_us);

#endif
