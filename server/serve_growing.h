/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_GROWING_H
#define SERVER_SERVE_GROWING_H
/*
 * A segment that is not whole yet, as an answer: what is sealed of it at once, and each chunk as it is sealed, until the segment is
 * over. So a viewer gets the bytes that will be hashed and proved under the segment's own name, and never one that could still
 * change; what becomes a gap after all, its store's death or lie, has no proof. An answer is one of those that are held back (SERVE_RELOADS_MAX), until it is out. One whose segment is lost with its store
 * ends in the middle.
 */
#include "server/serve_answer.h"

struct serve_growing;

/* The segment at hand, of which something is sealed. Answers, or says that there are too many of these. */
void serve_growing_answer(struct serve_ask *a);
/* As serve_exchange_more. */
enum serve_more_state serve_growing_more(struct serve_exchange *x, struct serve_more *ret);
/* Nobody wants more of it. Nothing when there is none. */
void serve_growing_end(struct serve_exchange *x);

#endif
