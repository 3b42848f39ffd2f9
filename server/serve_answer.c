/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_answer.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "net/http_fields.h"
#include "server/serve_route.h"
#include "server/serve_viewing.h"
#include "server/serve_watch.h"

#define SEGMENT_WAIT_US 10000000        /* for a camera's first segment, or a segment's proof */
#define STORE_WAIT_US (SERVE_WANT_TIMEOUT_US + 1000000)

void serve_answer_status(struct serve_ask *a, unsigned status)
{
	struct serve_reply reply = {.status = status, .retry_s = status == 503};

	serve_exchange_reply(a->x, a->r, &reply);
}

void serve_answer_later(struct serve_ask *a, const char *words, unsigned retry_s, bool close)
{
	struct serve_reply reply = {.status = 503, .type = SERVE_TYPE_TEXT, .text = words, .text_len = strlen(words), .retry_s = retry_s, .close = close};

	serve_exchange_reply(a->x, a->r, &reply);
}

bool serve_answer_may(struct serve_ask *a, enum serve_right right)
{
	unsigned camera = a->camera ? a->camera->set.camera : SERVE_RIGHTS_NO_CAMERA;

	if (serve_exchange_follow(a->x, &a->viewer, right, camera) == 0)
		return true;
	a->x->serve->state.refused++;
	serve_answer_status(a, 403);
	return false;
}

void serve_answer_refused_by(const struct serve_ask *a, enum serve_limit limit)
{
	serve_limit_refused(a->x->serve, limit, serve_auth_name(a->x->serve->auth, (unsigned)a->user));
}

/* What the request's conditions make of it (RFC 9110 13.2.2). A date is the one that was told, or none (as with nginx). */
static unsigned judge(const struct serve_ask *a, const struct serve_reply *reply)
{
	const char *etag = reply->bytes->etag;
	struct span field;

	if (http_header(a->r, "If-Match", &field) && !http_etag_matches(field, etag))
		return 412;
	if (http_header(a->r, "If-None-Match", &field))
		return http_etag_listed(field, etag) ? 304 : reply->status;
	return reply->modified && http_header(a->r, "If-Modified-Since", &field) && span_is(field, reply->modified) ? 304 : reply->status;
}

/* RFC 9110 13.1.5: a range of what has changed meanwhile is no use. */
static bool range_holds(const struct serve_ask *a, const char *etag)
{
	struct span field;

	return !http_header(a->r, "If-Range", &field) || span_is(field, etag);
}

/* Who had what, for the log. */
static void note_viewing(const struct serve_ask *a, const struct serve_reply *reply)
{
	uint64_t bytes = reply->part ? reply->last - reply->first + 1 : reply->bytes->n;

	if (a->footage && a->r->method == HTTP_GET && (reply->status == 200 || reply->status == 206))
		serve_viewing_note(a->x->serve, a->x->peer, (unsigned)a->user, a->viewer.by_session ? VIEWING_PAGE : VIEWING_PLAYER, a->camera,
			a->rendition ? a->rendition->set.rendition : RENDITION_SNAPSHOT, a->footage, bytes);
}

void serve_answer_with(struct serve_ask *a, struct serve_reply reply)
{
	struct serve_bytes *b = reply.bytes;
	struct span field;

	reply.status = judge(a, &reply);
	if (reply.status == 412) {
		serve_answer_status(a, 412);
		return;
	}
	if (reply.status == 200 && a->r->method == HTTP_GET && http_header(a->r, "Range", &field) && !http_header_repeated(a->r, "Range") &&
	    range_holds(a, b->etag)) {
		switch (http_range(field, b->n, &reply.first, &reply.last)) {
		case HTTP_RANGE_WHOLE:
			break;
		case HTTP_RANGE_PART:
			reply.status = 206;
			reply.part = true;
			break;
		case HTTP_RANGE_UNSATISFIABLE:
			reply.status = 416;
			reply.unsatisfiable = true;
			break;
		}
	}
	note_viewing(a, &reply);
	serve_exchange_reply(a->x, a->r, &reply);
}

void serve_answer_bytes(struct serve_ask *a, struct serve_bytes *b, const char *type)
{
	serve_answer_with(a, (struct serve_reply){.status = 200, .type = type, .cache = a->route->cache, .bytes = b, .digest = true});
}

/* What is asked of store comes; a second look at the same request finds it in x->wait. */
static void on_have(struct serve_want_waiter *w, enum msg_have_status status, struct serve_bytes *bytes)
{
	struct serve_exchange *x = (struct serve_exchange *)(void *)((char *)w - offsetof(struct serve_exchange, wait.want));

	x->wait.has_status = true;
	x->wait.status = status;
	x->wait.bytes = serve_bytes_ref(bytes);
	serve_exchange_wake(x);
}

void serve_answer_from_store(struct serve_ask *a, const struct msg_want *key, const char *type)
{
	static const unsigned status_of[] = {
		[MSG_HAVE_NONE] = 404, [MSG_HAVE_NOT_YET] = 503, [MSG_HAVE_GONE] = 410, [MSG_HAVE_ERROR] = 503};
	struct serve_waiting *w = &a->x->wait;
	struct serve_bytes *bytes = w->bytes;
	int rc;

	if (w->has_status && w->status != MSG_HAVE_OK) {
		serve_answer_status(a, status_of[w->status]);
		return;
	}
	if (w->timed_out) {
		serve_answer_status(a, 503);
		return;
	}
	w->want.done = on_have;
	rc = bytes ? 1 : serve_want_ask(a->x->serve->wants, key, (unsigned)a->user, clock_mono_us(), &w->want, &bytes);
	if (rc == -EDQUOT)
		serve_answer_refused_by(a, SERVE_LIMIT_USER);
	if (rc < 0) {
		serve_answer_later(a, "Too much is asked for at once: ask again.\n", 1, false);
	} else if (rc == 0) {
		serve_exchange_wait(a->x, SERVE_WAIT_STORE, STORE_WAIT_US);
	} else {
		serve_bytes_ref(bytes);  /* the reply forgets w->bytes before it takes its own reference */
		serve_answer_bytes(a, bytes, type);
		serve_bytes_unref(&bytes);
	}
}

void serve_answer_wait_for_segment(struct serve_ask *a)
{
	if (a->x->wait.timed_out)
		serve_answer_status(a, 503);
	else
		serve_exchange_wait(a->x, SERVE_WAIT_SEGMENT, SEGMENT_WAIT_US);
}

static void reply_coming(struct serve_ask *a)
{
	serve_answer_later(a, "It is made on demand and has not come yet: ask again.\n", 2, false);
}

void serve_answer_wait_for_demand(struct serve_ask *a, unsigned rendition)
{
	serve_watch_say(a->x->serve, a->camera, rendition, clock_mono_us());
	if (a->x->wait.timed_out || !serve_exchange_hold(a->x, (unsigned)a->user, a->camera->set.camera, SERVE_HOLD_US))
		reply_coming(a);
}
