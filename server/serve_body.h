/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_BODY_H
#define SERVER_SERVE_BODY_H
/*
 * The body of an answer on its way out, whatever carries it: what is at hand of it, and whether more comes. A carrier's, zeroed
 * before the first; it steps p and n over what has left. Nothing is copied.
 */
#include "server/serve_exchange.h"

struct serve_body {
	struct serve_bytes *owner;       /* of p; NULL: the program's own, or the carrier's */
	const uint8_t *p;
	size_t n;
	uint64_t more;                   /* bytes that have not come yet */
	bool open;                       /* nobody knows how many, until it is over */
	bool starved;                    /* all that came is out, and more was asked for: the carrier clears it when it is told to go on */
};

/* What goes out with that answer; wanted false: nothing does (HEAD). */
void serve_body_begin(struct serve_body *b, const struct serve_reply *reply, bool wanted);
static inline bool serve_body_comes(const struct serve_body *b)
{
	return b->more || b->open;
}
/* What is at hand was copied. */
void serve_body_took(struct serve_body *b);
/* What is at hand is out, and more comes: as serve_exchange_more, which it asks. HERE: it is at hand. OVER: no more comes. */
enum serve_more_state serve_body_next(struct serve_body *b, struct serve_exchange *x);
/* Nothing of it goes out any more. */
void serve_body_end(struct serve_body *b);

#endif
