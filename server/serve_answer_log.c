/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_answer.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "seal/tile.h"
#include "server/serve_login.h"

void serve_answer_checkpoint(struct serve_ask *a)
{
	struct serve_bytes *b = a->x->serve->media->checkpoint;

	if (b)
		serve_answer_bytes(a, b, SERVE_TYPE_TEXT);
	else
		serve_answer_wait_for_segment(a);
}

/* What there is of a site's witnesses; 404 while there is nothing. */
static void reply_log_note(struct serve_ask *a, enum msg_log_note_what what)
{
	struct serve_bytes *b = serve_witness_shown(a->x->serve->witness, what);

	if (b)
		serve_answer_bytes(a, b, SERVE_TYPE_TEXT);
	else
		serve_answer_status(a, 404);
}

void serve_answer_cosigned(struct serve_ask *a) { reply_log_note(a, MSG_LOG_COSIGNED); }
void serve_answer_pending(struct serve_ask *a) { reply_log_note(a, MSG_LOG_WANTED); }
void serve_answer_policy(struct serve_ask *a) { reply_log_note(a, MSG_LOG_POLICY); }

static void on_cosigned(struct serve_witness_waiter *w, enum msg_cosigned_result result)
{
	struct serve_exchange *x = (struct serve_exchange *)(void *)((char *)w - offsetof(struct serve_exchange, wait.cosignature));

	x->wait.has_result = true;
	x->wait.result = result;
	serve_exchange_wake(x);
}

static void reply_cosigned(struct serve_ask *a, enum msg_cosigned_result result)
{
	static const struct { unsigned status; const char *words; } said[] = {
		[MSG_COSIGNED_TAKEN] = {200, "taken\n"},
		[MSG_COSIGNED_KNOWN] = {200, "nothing new\n"},
		[MSG_COSIGNED_MALFORMED] = {400, "not a checkpoint with cosignatures\n"},
		[MSG_COSIGNED_REFUSED] = {403, "no cosignature in it is by a witness of this site's policy, or one is wrong\n"},
		[MSG_COSIGNED_OTHER] = {409, "not a checkpoint of this site's log as it is here\n"},
		[MSG_COSIGNED_NOBODY] = {404, "this site asks for no witnesses\n"},
		[MSG_COSIGNED_LATER] = {503, "not now: bring it again a little later\n"},
	};
	struct serve_reply reply = {.status = said[result].status, .type = SERVE_TYPE_TEXT, .text = said[result].words,
		.text_len = strlen(said[result].words), .retry_s = said[result].status == 503};

	serve_exchange_reply(a->x, a->r, &reply);
}

/* The same rules as for a login: a page of somebody else's may not have a viewer's browser bring anything. */
void serve_answer_cosignature(struct serve_ask *a)
{
	struct serve *s = a->x->serve;
	struct serve_waiting *w = &a->x->wait;
	int rc;

	if (!serve_login_from_our_page(a->r)) {
		serve_answer_status(a, 403);
	} else if (w->has_result || w->timed_out) {
		reply_cosigned(a, w->has_result ? w->result : MSG_COSIGNED_LATER);
	} else {
		w->cosignature.done = on_cosigned;
		rc = serve_witness_give(s->witness, s->store, (unsigned)a->user, a->r->body, a->r->body_len, clock_mono_us(), &w->cosignature);
		if (rc == -EDQUOT)
			serve_answer_refused_by(a, SERVE_LIMIT_USER);
		if (rc < 0)
			reply_cosigned(a, MSG_COSIGNED_LATER);
		else
			serve_exchange_wait(a->x, SERVE_WAIT_STORE, SERVE_WITNESS_TIMEOUT_US + 1000000);
	}
}

void serve_answer_tile(struct serve_ask *a)
{
	struct msg_want key = {.kind = MSG_WANT_TILE};
	struct tile t;

	if (tile_parse_path(a->path.rest.p, a->path.rest.n, &t) < 0) {
		serve_answer_status(a, 404);
		return;
	}
	/* Entries name every camera; hashes tell nothing, and are all that a witness needs. */
	if (t.entries && !serve_answer_may(a, SERVE_RIGHT_ADMIN))
		return;
	key.number = t.index;
	key.level = t.entries ? -1 : (int16_t)t.level;
	key.width = (uint16_t)t.width;
	serve_answer_from_store(a, &key, "application/octet-stream");
}

void serve_answer_keys(struct serve_ask *a)
{
	struct msg_want key = {.kind = MSG_WANT_KEYS, .number = a->x->serve->media->checkpoint_size};

	serve_answer_from_store(a, &key, SERVE_TYPE_TEXT);
}
