/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_body.h"

#include <assert.h>

void serve_body_begin(struct serve_body *b, const struct serve_reply *reply, bool wanted)
{
	*b = (struct serve_body){0};
	if (!wanted)
		return;
	b->more = reply->stream_bytes;
	b->open = reply->open;
	b->p = serve_reply_body(reply, &b->n);
	b->owner = b->n ? serve_bytes_ref(reply->bytes) : NULL;
}

void serve_body_took(struct serve_body *b)
{
	serve_bytes_unref(&b->owner);
	b->p = NULL;
	b->n = 0;
}

static void take(struct serve_body *b, const struct serve_more *more)
{
	assert(more->n && (b->open || more->n <= b->more));
	b->owner = more->owner;
	b->p = more->p;
	b->n = more->n;
	if (!b->open)
		b->more -= more->n;
}

enum serve_more_state serve_body_next(struct serve_body *b, struct serve_exchange *x)
{
	struct serve_more more;
	enum serve_more_state state;

	assert(!b->n && !b->starved && serve_body_comes(b));
	serve_body_took(b);
	state = serve_exchange_more(x, &more);
	if (state == SERVE_MORE_HERE)
		take(b, &more);
	assert(state != SERVE_MORE_OVER || b->open);
	b->open &= state != SERVE_MORE_OVER;
	b->starved = state == SERVE_MORE_LATER;
	return state;
}

void serve_body_end(struct serve_body *b)
{
	serve_bytes_unref(&b->owner);
	*b = (struct serve_body){0};
}
