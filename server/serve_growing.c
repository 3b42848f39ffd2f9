/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_growing.h"

#include <stddef.h>
#include <stdlib.h>

#include "server/serve_route.h"
#include "server/serve_viewing.h"
#include "server/serve_watch.h"

#define RETRY_S 1

struct serve_growing {
	struct serve_exchange *exchange;
	struct serve_follower follower;  /* until it ends: it is told when store or the rendition goes, whatever it is at */
	bool waits;                      /* for more to come */
	struct serve_rendition *rendition;  /* NULL: it is gone */
	struct serve_place at;
	uint32_t tag;                    /* of its epoch: another segment may have its number after a crash */
	const struct serve_camera *camera;
	unsigned user;                   /* as whose it is counted */
	enum msg_viewing_by by;
};

static void on_told(struct serve_follower *f, enum serve_told what)
{
	struct serve_growing *g = (struct serve_growing *)(void *)((char *)f - offsetof(struct serve_growing, follower));
	struct serve_exchange *x = g->exchange;

	if (what == SERVE_TOLD_GONE)
		g->rendition = NULL;
	if (what == SERVE_TOLD_GONE || (what == SERVE_TOLD_LOST && g->waits)) {
		g->waits = false;
		x->carrier->stop(x);
	} else if (g->waits && serve_parts_look(g->rendition, &g->at, g->tag) != SERVE_GROWTH_COMES) {
		g->waits = false;
		x->carrier->go_on(x);
	}
}

enum serve_more_state serve_growing_more(struct serve_exchange *x, struct serve_more *ret)
{
	struct serve_growing *g = x->growing;
	struct serve_piece piece;

	if (!g->rendition)
		return SERVE_MORE_FAILED;
	switch (serve_parts_look(g->rendition, &g->at, g->tag)) {
	case SERVE_GROWTH_HERE:
		serve_parts_next(g->rendition, &g->at, &piece);
		serve_viewing_note(x->serve, x->peer, g->user, g->by, g->camera, g->rendition->set.rendition, g->at.number, piece.n);
		*ret = (struct serve_more){.owner = serve_bytes_ref(piece.owner), .p = piece.p, .n = piece.n};
		return SERVE_MORE_HERE;
	case SERVE_GROWTH_COMES:
		g->waits = true;
		return SERVE_MORE_LATER;
	case SERVE_GROWTH_OVER:
		return SERVE_MORE_OVER;
	case SERVE_GROWTH_NONE:
		break;
	}
	return SERVE_MORE_FAILED;
}

void serve_growing_end(struct serve_exchange *x)
{
	struct serve_growing *g = x->growing;

	if (!g)
		return;
	x->growing = NULL;
	serve_parts_leave(&g->follower);
	serve_exchange_let_go(x->serve, g->user);
	free(g);
}

/* False: that was answered. */
static bool begin(struct serve_ask *a)
{
	struct serve_exchange *x = a->x;
	struct serve *s = x->serve;
	struct serve_growing *g;

	if (!serve_exchange_take_hold(x, (unsigned)a->user)) {
		serve_answer_later(a, "Too many requests are held back: ask again.\n", RETRY_S, false);
		return false;
	}
	g = calloc(1, sizeof *g);
	if (!g) {
		serve_exchange_let_go(s, (unsigned)a->user);
		serve_answer_status(a, 503);
		return false;
	}
	*g = (struct serve_growing){.exchange = x, .follower.told = on_told, .rendition = a->rendition, .at.number = a->path.number,
		.tag = serve_parts_tag(a->rendition, a->path.number), .camera = a->camera, .user = (unsigned)a->user,
		.by = a->viewer.by_session ? VIEWING_PAGE : VIEWING_PLAYER};
	x->growing = g;
	serve_parts_follow(g->rendition, &g->follower);
	return true;
}

void serve_growing_answer(struct serve_ask *a)
{
	struct serve_reply reply = {.status = 200, .type = serve_answer_media_type(a), .cache = SERVE_CACHE_NEVER, .open = true};

	if (a->r->method != HTTP_GET || begin(a))
		serve_exchange_reply(a->x, a->r, &reply);
}
