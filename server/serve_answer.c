/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_answer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "net/http_fields.h"
#include "net/http_path.h"
#include "seal/tile.h"
#include "server/serve_export.h"
#include "server/serve_login.h"
#include "server/serve_site.h"
#include "server/serve_snapshot.h"
#include "server/serve_watch.h"
#include "web/web.h"

#define SEGMENT_WAIT_US 10000000        /* for a camera's first segment, or a segment's proof */
#define NEXT_WAIT_US 2000000            /* for a segment that another serve process may have listed already */
#define NEXT_NUMBERS 2                  /* how far beyond the newest that can be */
#define STORE_WAIT_US (SERVE_WANT_TIMEOUT_US + 1000000)
#define COMPLETE_US 4000000             /* from a camera's first segment: renditions that come later are not waited for */
#define SNAPSHOT_FRESH_US 10000000      /* how old a snapshot may be, when the camera's segments are not longer than a third of it */
#define SNAPSHOT_SEGMENTS 3             /* else so many of them */
#define SNAPSHOT_RETRY_S 10
#define FOREVER "private, max-age=31536000, immutable"
#define FRESH "private, no-cache"
#define PLAYLIST_TYPE "application/vnd.apple.mpegurl"
#define TEXT_TYPE "text/plain; charset=utf-8"
#define SNAPSHOT_PATH (sizeof "/live/" + SITE_NAME + sizeof "/snapshot/18446744073709551615.jpg")

/* The request at hand. */
struct ask {
	struct serve_conn *c;
	const struct http_request *r;
	struct http_path path;
	int user;
	struct serve_camera *camera;        /* of the path, where it names one */
	struct serve_rendition *rendition;
};

static void reply_status(struct ask *a, unsigned status)
{
	struct serve_reply reply = {.status = status, .retry_s = status == 503};

	serve_conn_reply(a->c, a->r, &reply);
}

/* Not now, in words too. */
static void reply_later(struct ask *a, const char *words, unsigned retry_s, bool close)
{
	struct serve_reply reply = {.status = 503, .type = TEXT_TYPE, .text = words, .text_len = strlen(words), .retry_s = retry_s, .close = close};

	serve_conn_reply(a->c, a->r, &reply);
}

static void refused_by(const struct ask *a, enum serve_limit limit)
{
	serve_limit_refused(a->c->serve, limit, serve_auth_name(a->c->serve->auth, (unsigned)a->user));
}

/* RFC 9110 13.1.5: a range of what has changed meanwhile is no use. */
static bool range_holds(const struct ask *a, const char *etag)
{
	struct span field;

	return !http_header(a->r, "If-Range", &field) || span_is(field, etag);
}

/* Whole, a part of it, or only that it has not changed. */
static void reply_with(struct ask *a, struct serve_reply reply)
{
	struct serve_bytes *b = reply.bytes;
	struct span field;

	if (http_header(a->r, "If-None-Match", &field) && http_etag_listed(field, b->etag)) {
		reply.status = 304;
	} else if (a->r->method == HTTP_GET && http_header(a->r, "Range", &field) && !http_header_repeated(a->r, "Range") &&
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
	serve_conn_reply(a->c, a->r, &reply);
}

static void reply_bytes(struct ask *a, struct serve_bytes *b, const char *type, const char *cache)
{
	reply_with(a, (struct serve_reply){.status = 200, .type = type, .cache = cache, .bytes = b, .digest = true});
}

static void reply_asset(struct ask *a, const char *path, size_t n, bool page)
{
	const struct web_asset *w = web_find(path, n);
	struct serve_reply reply = {.status = 200};
	struct span field;

	if (!w) {
		reply_status(a, 404);
		return;
	}
	reply.type = w->type;
	reply.page = page || w->policy;
	reply.policy = w->policy;
	reply.cache = page ? "no-store" : FRESH;
	reply.etag = w->etag;
	reply.text = (const char *)w->bytes;
	reply.text_len = w->len;
	if (!page && http_header(a->r, "If-None-Match", &field) && http_etag_listed(field, w->etag))
		reply.status = 304;
	serve_conn_reply(a->c, a->r, &reply);
}

/* What is asked of store comes; a second look at the same request finds it in c->wait. */
static void on_have(struct serve_want_waiter *w, enum msg_have_status status, struct serve_bytes *bytes)
{
	struct serve_conn *c = (struct serve_conn *)(void *)((char *)w - offsetof(struct serve_conn, wait.want));

	c->wait.has_status = true;
	c->wait.status = status;
	c->wait.bytes = serve_bytes_ref(bytes);
	serve_conn_wake(c);
}

static void answer_from_store(struct ask *a, const struct msg_want *key, const char *type)
{
	static const unsigned status_of[] = {
		[MSG_HAVE_NONE] = 404, [MSG_HAVE_NOT_YET] = 503, [MSG_HAVE_GONE] = 410, [MSG_HAVE_ERROR] = 503};
	struct serve_waiting *w = &a->c->wait;
	struct serve_bytes *bytes = w->bytes;
	int rc;

	if (w->has_status && w->status != MSG_HAVE_OK) {
		reply_status(a, status_of[w->status]);
		return;
	}
	if (w->timed_out) {
		reply_status(a, 503);
		return;
	}
	w->want.done = on_have;
	rc = bytes ? 1 : serve_want_ask(a->c->serve->wants, key, (unsigned)a->user, clock_mono_us(), &w->want, &bytes);
	if (rc == -EDQUOT)
		refused_by(a, SERVE_LIMIT_USER);
	if (rc < 0) {
		reply_later(a, "Too much is asked for at once: ask again.\n", 1, false);
	} else if (rc == 0) {
		serve_conn_wait(a->c, SERVE_WAIT_STORE, STORE_WAIT_US);
	} else {
		serve_bytes_ref(bytes);  /* the reply forgets w->bytes before it takes its own reference */
		reply_bytes(a, bytes, type, key->kind == MSG_WANT_KEYS ? FRESH : FOREVER);
		serve_bytes_unref(&bytes);
	}
}

/* Held back until the first segment (or the next checkpoint) comes. */
static void wait_for_segment(struct ask *a)
{
	if (a->c->wait.timed_out)
		reply_status(a, 503);
	else
		serve_conn_wait(a->c, SERVE_WAIT_SEGMENT, SEGMENT_WAIT_US);
}

static void reply_coming(struct ask *a)
{
	reply_later(a, "It is made on demand and has not come yet: ask again.\n", 2, false);
}

/* What is made on demand is asked for, and the request held back until something of the camera comes. */
static void wait_for_demand(struct ask *a, unsigned rendition)
{
	serve_watch_say(a->c->serve, a->camera, rendition, clock_mono_us());
	if (a->c->wait.timed_out || !serve_conn_hold(a->c, a->camera->set.camera, SERVE_HOLD_US))
		reply_coming(a);
}

static void answer_page(struct ask *a)
{
	if (serve_login_session(a->c, a->r) >= 0)
		reply_asset(a, "/", 1, true);
	else
		reply_asset(a, "/login.html", 11, true);
}

static void answer_login(struct ask *a)
{
	if (a->r->method == HTTP_POST)
		serve_login_begin(a->c, a->r);
	else
		reply_asset(a, "/login.html", 11, true);
}

static void answer_logout(struct ask *a)
{
	serve_login_end(a->c, a->r);
}

static void answer_asset(struct ask *a)
{
	reply_asset(a, a->r->path.p, a->r->path.n, false);
}

static void answer_site(struct ask *a)
{
	struct serve_reply reply = {.status = 200, .type = "application/json"};
	struct buf json;

	buf_init(&json, SERVE_SITE_MAX_BYTES);
	if (serve_site_json(a->c->serve, (unsigned)a->user, &json) < 0 || serve_bytes_copy(buf_data(&json), json.len, &reply.bytes) < 0)
		reply_status(a, 503);
	else
		serve_conn_reply(a->c, a->r, &reply);
	serve_bytes_unref(&reply.bytes);
	buf_free(&json);
}

static void answer_multivariant(struct ask *a)
{
	int64_t now_us = clock_mono_us();
	bool late = a->camera->first_us && a->camera->first_us + COMPLETE_US < now_us;
	bool worth = late || serve_media_is_complete(a->camera);
	struct serve_bytes *b = worth ? serve_media_multivariant(a->camera) : NULL;

	a->c->media_us = now_us;
	if (b)
		reply_bytes(a, b, PLAYLIST_TYPE, FRESH);
	else
		wait_for_segment(a);
}

static void tell_watched(struct ask *a)
{
	if (a->rendition->set.on_demand)
		serve_watch_say(a->c->serve, a->camera, a->rendition->set.rendition, a->c->media_us);
}

static void answer_playlist(struct ask *a)
{
	struct serve_bytes *b = serve_media_playlist(a->camera, a->rendition);

	a->c->media_us = clock_mono_us();
	if (!b && a->rendition->set.on_demand) {
		wait_for_demand(a, a->rendition->set.rendition);
		return;
	}
	tell_watched(a);
	if (b)
		reply_bytes(a, b, PLAYLIST_TYPE, FRESH);
	else
		wait_for_segment(a);
}

static const char *media_type(const struct ask *a)
{
	if (a->rendition->set.rendition == RENDITION_SNAPSHOT)
		return "image/jpeg";
	return a->rendition->set.rendition == RENDITION_AUDIO ? "audio/mp4" : "video/mp4";
}

static struct msg_want want_of(const struct ask *a, enum msg_want_kind kind)
{
	return (struct msg_want){.kind = (uint8_t)kind, .camera = a->camera->set.camera, .rendition = a->rendition->set.rendition,
		.number = a->path.number};
}

static void answer_init(struct ask *a)
{
	struct serve_bytes *b = serve_media_init(a->rendition, a->path.init_prefix);
	struct msg_want key = want_of(a, MSG_WANT_INIT);

	memcpy(key.init_prefix, a->path.init_prefix, sizeof key.init_prefix);
	if (b)
		reply_bytes(a, b, media_type(a), FOREVER);
	else
		answer_from_store(a, &key, media_type(a));
}

/*
 * Store tells all serve processes of a segment at once, but they hear of it one after the other: a viewer may have its number from the list of
 * one, and ask the other for it. True when the request was held back for that.
 */
static bool wait_for_next(struct ask *a)
{
	const struct serve_rendition *r = a->rendition;
	uint64_t newest = r->n ? r->window[r->n - 1].m.number : 0;

	if (!r->n || a->path.number <= newest || a->path.number - newest > NEXT_NUMBERS || a->c->wait.timed_out)
		return false;
	serve_conn_wait(a->c, SERVE_WAIT_SEGMENT, NEXT_WAIT_US);
	return true;
}

static bool beyond_newest(const struct ask *a)
{
	const struct serve_rendition *r = a->rendition;

	return r->n && a->path.number > r->window[r->n - 1].m.number;
}

/* 0, or the status that says why there can be no such segment. */
static unsigned absent(const struct ask *a)
{
	if (beyond_newest(a))
		return 404;
	return a->path.number < a->rendition->oldest ? 410 : 0;
}

static void answer_segment(struct ask *a)
{
	const struct serve_segment *s = serve_media_find(a->rendition, a->path.number);
	struct msg_want key = want_of(a, MSG_WANT_SEGMENT);

	a->c->media_us = clock_mono_us();
	if (!s && serve_media_is_coming(a->camera, a->rendition, a->path.number)) {
		wait_for_demand(a, a->rendition->set.rendition);
		return;
	}
	tell_watched(a);
	if (s)
		reply_bytes(a, s->bytes, media_type(a), FOREVER);
	else if (wait_for_next(a))
		return;
	else if (absent(a))
		reply_status(a, absent(a));
	else
		answer_from_store(a, &key, media_type(a));
}

/* The newest snapshot, if it is of now. */
static const struct serve_segment *fresh_snapshot(const struct ask *a)
{
	const struct serve_rendition *r = a->camera->rendition[RENDITION_SNAPSHOT];
	int64_t segments_us = (int64_t)a->camera->set.segment_ms * 1000 * SNAPSHOT_SEGMENTS;
	int64_t max_us = segments_us > SNAPSHOT_FRESH_US ? segments_us : SNAPSHOT_FRESH_US;

	return r && r->n && clock_wall_us() - r->window[r->n - 1].m.start_us < max_us ? &r->window[r->n - 1] : NULL;
}

/* One address for whatever is newest; Content-Location says which it is, for its proof. */
static void answer_snapshot(struct ask *a)
{
	const struct serve_segment *s = fresh_snapshot(a);
	char location[SNAPSHOT_PATH], modified[HTTP_DATE];
	enum serve_limit limit;

	a->c->media_us = clock_mono_us();
	if (!s) {
		limit = serve_snapshot_begin(a->c->serve->media, a->camera, (unsigned)a->user, a->c->media_us);
		if (limit == SERVE_LIMIT_COUNT) {
			wait_for_demand(a, RENDITION_SNAPSHOT);
		} else {
			refused_by(a, limit);
			reply_later(a, "Snapshots of too many cameras are being made: ask again.\n", SNAPSHOT_RETRY_S, false);
		}
		return;
	}
	serve_watch_say(a->c->serve, a->camera, RENDITION_SNAPSHOT, a->c->media_us);
	snprintf(location, sizeof location, "/live/%s/snapshot/%" PRIu64 ".jpg", a->camera->set.name, s->m.number);
	http_date(s->m.start_us, modified);
	reply_with(a, (struct serve_reply){.status = 200, .type = "image/jpeg", .cache = FRESH, .bytes = s->bytes, .digest = true,
		.content_location = location, .modified = modified});
}

/* One that has its address for good. */
static void answer_picture(struct ask *a)
{
	const struct serve_segment *s = serve_media_find(a->rendition, a->path.number);
	struct msg_want key = want_of(a, MSG_WANT_SEGMENT);

	if (s)
		reply_bytes(a, s->bytes, media_type(a), FOREVER);
	else if (absent(a))
		reply_status(a, absent(a));
	else
		answer_from_store(a, &key, media_type(a));
}

/* Of any segment ever: retention takes bytes, and never the account of them. */
static void answer_proof(struct ask *a)
{
	const struct serve_segment *s = serve_media_find(a->rendition, a->path.number);
	struct msg_want key = want_of(a, MSG_WANT_PROOF);

	if (!s && wait_for_next(a))
		return;
	if (!s && beyond_newest(a))
		reply_status(a, 404);
	else if (s && s->m.entry >= a->c->serve->media->checkpoint_size)
		wait_for_segment(a);  /* its checkpoint follows within a second */
	else
		answer_from_store(a, &key, TEXT_TYPE);
}

static void answer_checkpoint(struct ask *a)
{
	struct serve_bytes *b = a->c->serve->media->checkpoint;

	if (b)
		reply_bytes(a, b, TEXT_TYPE, FRESH);
	else
		wait_for_segment(a);
}

/* What there is of a site's witnesses; 404 while there is nothing. */
static void reply_log_note(struct ask *a, enum msg_log_note_what what)
{
	struct serve_bytes *b = serve_witness_shown(a->c->serve->witness, what);

	if (b)
		reply_bytes(a, b, TEXT_TYPE, FRESH);
	else
		reply_status(a, 404);
}

static void answer_cosigned(struct ask *a) { reply_log_note(a, MSG_LOG_COSIGNED); }
static void answer_pending(struct ask *a) { reply_log_note(a, MSG_LOG_WANTED); }
static void answer_policy(struct ask *a) { reply_log_note(a, MSG_LOG_POLICY); }

static void on_cosigned(struct serve_witness_waiter *w, enum msg_cosigned_result result)
{
	struct serve_conn *c = (struct serve_conn *)(void *)((char *)w - offsetof(struct serve_conn, wait.cosignature));

	c->wait.has_result = true;
	c->wait.result = result;
	serve_conn_wake(c);
}

static void reply_cosigned(struct ask *a, enum msg_cosigned_result result)
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
	struct serve_reply reply = {.status = said[result].status, .type = TEXT_TYPE, .text = said[result].words,
		.text_len = strlen(said[result].words), .retry_s = said[result].status == 503};

	serve_conn_reply(a->c, a->r, &reply);
}

/* The same rules as for a login: a page of somebody else's may not have a viewer's browser bring anything. */
static void answer_cosignature(struct ask *a)
{
	struct serve *s = a->c->serve;
	struct serve_waiting *w = &a->c->wait;
	int rc;

	if (!serve_login_from_our_page(a->r)) {
		reply_status(a, 403);
	} else if (w->has_result || w->timed_out) {
		reply_cosigned(a, w->has_result ? w->result : MSG_COSIGNED_LATER);
	} else {
		w->cosignature.done = on_cosigned;
		rc = serve_witness_give(s->witness, s->store, (unsigned)a->user, a->r->body, a->r->body_len, clock_mono_us(), &w->cosignature);
		if (rc == -EDQUOT)
			refused_by(a, SERVE_LIMIT_USER);
		if (rc < 0)
			reply_cosigned(a, MSG_COSIGNED_LATER);
		else
			serve_conn_wait(a->c, SERVE_WAIT_STORE, SERVE_WITNESS_TIMEOUT_US + 1000000);
	}
}

static void answer_tile(struct ask *a)
{
	struct msg_want key = {.kind = MSG_WANT_TILE};
	struct tile t;

	if (tile_parse_path(a->path.rest.p, a->path.rest.n, &t) < 0) {
		reply_status(a, 404);
		return;
	}
	key.number = t.index;
	key.level = t.entries ? -1 : (int16_t)t.level;
	key.width = (uint16_t)t.width;
	answer_from_store(a, &key, "application/octet-stream");
}

static void answer_keys(struct ask *a)
{
	struct msg_want key = {.kind = MSG_WANT_KEYS, .number = a->c->serve->media->checkpoint_size};

	answer_from_store(a, &key, TEXT_TYPE);
}

enum need { OPEN, USER, CAMERA, RENDITION };  /* each needs the one before it too */

static void answer_export(struct ask *a)
{
	serve_export_answer(a->c, a->r, (unsigned)a->user);
}

static const struct route {
	void (*answer)(struct ask *a);
	enum need need;
	bool get, post;
	const char *allow;
} routes[] = {
	[HTTP_PATH_PAGE] = {answer_page, OPEN, true, false, "GET, HEAD"},
	[HTTP_PATH_LOGIN] = {answer_login, OPEN, true, true, "GET, HEAD, POST"},
	[HTTP_PATH_LOGOUT] = {answer_logout, OPEN, false, true, "POST"},
	[HTTP_PATH_VERIFIER] = {answer_asset, OPEN, true, false, "GET, HEAD"},
	[HTTP_PATH_ASSET] = {answer_asset, OPEN, true, false, "GET, HEAD"},
	[HTTP_PATH_SITE] = {answer_site, USER, true, false, "GET, HEAD"},
	[HTTP_PATH_CHECKPOINT] = {answer_checkpoint, USER, true, false, "GET, HEAD"},
	[HTTP_PATH_KEYS] = {answer_keys, USER, true, false, "GET, HEAD"},
	[HTTP_PATH_COSIGNED] = {answer_cosigned, USER, true, false, "GET, HEAD"},
	[HTTP_PATH_PENDING] = {answer_pending, USER, true, false, "GET, HEAD"},
	[HTTP_PATH_POLICY] = {answer_policy, USER, true, false, "GET, HEAD"},
	[HTTP_PATH_COSIGNATURE] = {answer_cosignature, USER, false, true, "POST"},
	[HTTP_PATH_EXPORT] = {answer_export, USER, false, true, "POST"},
	[HTTP_PATH_TILE] = {answer_tile, USER, true, false, "GET, HEAD"},
	[HTTP_PATH_MULTIVARIANT] = {answer_multivariant, CAMERA, true, false, "GET, HEAD"},
	[HTTP_PATH_PLAYLIST] = {answer_playlist, RENDITION, true, false, "GET, HEAD"},
	[HTTP_PATH_INIT] = {answer_init, RENDITION, true, false, "GET, HEAD"},
	[HTTP_PATH_SEGMENT] = {answer_segment, RENDITION, true, false, "GET, HEAD"},
	[HTTP_PATH_PROOF] = {answer_proof, RENDITION, true, false, "GET, HEAD"},
	[HTTP_PATH_SNAPSHOT] = {answer_snapshot, CAMERA, true, false, "GET, HEAD"},
	[HTTP_PATH_PICTURE] = {answer_picture, RENDITION, true, false, "GET, HEAD"},
};

/* Who is asked for and who asks; false when that has been answered here. */
static bool prepare(struct ask *a, enum need need)
{
	if (need >= USER && (a->user = serve_login_user(a->c, a->r)) < 0)
		return false;
	if (need >= USER && !serve_conn_take_user(a->c, (unsigned)a->user)) {
		reply_later(a, "This user has too many connections.\n", 5, true);
		return false;
	}
	if (need >= CAMERA)
		a->camera = serve_media_camera(a->c->serve->media, a->path.camera);
	if (need >= RENDITION && a->camera)
		a->rendition = serve_media_rendition(a->camera, a->path.rendition);
	if ((need >= CAMERA && !a->camera) || (need >= RENDITION && !a->rendition)) {
		reply_status(a, 404);
		return false;
	}
	return true;
}

void serve_answer(struct serve_conn *c, const struct http_request *r)
{
	struct ask a = {.c = c, .r = r, .path = http_path_parse(r->path), .user = -1};
	const struct route *route = &routes[a.path.kind];
	struct serve_reply not_allowed = {.status = 405, .allow = route->allow};

	if (a.path.kind == HTTP_PATH_NONE)
		reply_status(&a, 404);
	else if (r->method == HTTP_POST ? !route->post : !route->get)
		serve_conn_reply(c, r, &not_allowed);
	else if (prepare(&a, route->need))
		route->answer(&a);
}
