/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/http_reload.h"
#include "server/serve_dash.h"
#include "server/serve_growing.h"
#include "server/serve_playlist.h"
#include "server/serve_route.h"
#include "server/serve_snapshot.h"
#include "server/serve_watch.h"

#define NEXT_WAIT_US 2000000            /* for a segment that another serve process may have listed already */
#define NEXT_NUMBERS 2                  /* how far beyond the newest that can be */
#define RELOAD_RETRY_S 1
#define SNAPSHOT_FRESH_US 10000000      /* how old a snapshot may be, when the camera's segments are not longer than a third of it */
#define SNAPSHOT_SEGMENTS 3             /* else so many of them */
#define SNAPSHOT_RETRY_S 10
#define SNAPSHOT_PATH (sizeof "/live/" + SITE_NAME + sizeof "/snapshot/18446744073709551615.jpg")

/* What lists all renditions is worth giving out when all have come, or those that have not are late. */
static void answer_list(struct serve_ask *a, struct serve_bytes *(*list_of)(struct serve_camera *), const char *type)
{
	int64_t now_us = clock_mono_us();
	bool late = a->camera->first_us && a->camera->first_us + SERVE_COMPLETE_US < now_us;
	struct serve_bytes *b = late || serve_media_is_complete(a->camera) ? list_of(a->camera) : NULL;

	a->x->peer->media_us = now_us;
	if (b)
		serve_answer_bytes(a, b, type);
	else
		serve_answer_wait_for_segment(a);
}

void serve_answer_multivariant(struct serve_ask *a)
{
	answer_list(a, serve_media_multivariant, SERVE_TYPE_PLAYLIST);
}

void serve_answer_manifest(struct serve_ask *a)
{
	answer_list(a, serve_dash_manifest, SERVE_TYPE_MANIFEST);
}

/* What it lists of a segment under way has to be sealed part by part, in each rendition that a player may change to. */
void serve_answer_manifest_near(struct serve_ask *a)
{
	for (unsigned k = 0; k < RENDITION_SNAPSHOT; k++)
		if (a->camera->rendition[k] && !serve_media_is_asleep(a->camera->rendition[k]))
			serve_watch_closely(a->x->serve, a->camera, k, SERVE_CHUNK_MS, clock_mono_us());
	answer_list(a, serve_dash_manifest_near, SERVE_TYPE_MANIFEST);
}

void serve_answer_time(struct serve_ask *a)
{
	char now[CLOCK_TEXT];
	struct serve_reply reply = {.status = 200, .type = SERVE_TYPE_TEXT, .text = now, .text_len = sizeof now - 1};

	clock_text(clock_wall_us(), now);
	serve_exchange_reply(a->x, a->r, &reply);
}

static void tell_watched(struct serve_ask *a)
{
	if (a->rendition->set.on_demand)
		serve_watch_say(a->x->serve, a->camera, a->rendition->set.rendition, a->x->peer->media_us);
}

/* Until what was asked for is in the playlist. */
static void wait_for_part(struct serve_ask *a, const struct serve_part_name *part, bool (*is_decided)(const struct serve_rendition *, const struct serve_part_name *))
{
	int64_t patience_us = serve_playlist_patience_us(a->camera);

	if (a->x->wait.timed_out)
		serve_answer_status(a, 503);
	else if (!serve_exchange_hold_for(a->x, (unsigned)a->user, a->rendition, part, is_decided, patience_us))
		serve_answer_later(a, "Too many requests are held back: ask again.\n", RELOAD_RETRY_S, false);
}

static void answer_reload(struct serve_ask *a, const struct http_reload *want, struct serve_bytes *b)
{
	struct serve_part_name part;

	switch (serve_playlist_look(a->rendition, want, &part)) {
	case SERVE_RELOAD_HERE:
		serve_answer_bytes(a, b, SERVE_TYPE_PLAYLIST);
		break;
	case SERVE_RELOAD_COMES:
		wait_for_part(a, &part, serve_playlist_has);
		break;
	case SERVE_RELOAD_TOO_FAR:
		serve_answer_status(a, 400);
		break;
	}
}

void serve_answer_playlist(struct serve_ask *a)
{
	struct http_reload want;
	struct serve_bytes *b;

	if (http_reload_parse(a->r->query, &want)) {
		serve_answer_status(a, 400);
		return;
	}
	b = serve_playlist_of(a->camera, a->rendition, want.skip);
	a->x->peer->media_us = clock_mono_us();
	if (!b && a->rendition->set.on_demand) {
		serve_answer_wait_for_demand(a, a->rendition->set.rendition);
		return;
	}
	tell_watched(a);
	serve_watch_closely(a->x->serve, a->camera, a->rendition->set.rendition, SERVE_CHUNK_MS, a->x->peer->media_us);
	if (b)
		answer_reload(a, &want, b);
	else
		serve_answer_wait_for_segment(a);
}

const char *serve_answer_media_type(const struct serve_ask *a)
{
	if (a->rendition->set.rendition == RENDITION_SNAPSHOT)
		return "image/jpeg";
	return a->rendition->set.rendition == RENDITION_AUDIO ? "audio/mp4" : "video/mp4";
}

static struct msg_want want_of(const struct serve_ask *a, enum msg_want_kind kind)
{
	return (struct msg_want){.kind = (uint8_t)kind, .camera = a->camera->set.camera, .rendition = a->rendition->set.rendition,
		.number = a->path.number};
}

void serve_answer_init(struct serve_ask *a)
{
	struct serve_bytes *b = serve_media_init(a->rendition, a->path.init_prefix);
	struct msg_want key = want_of(a, MSG_WANT_INIT);

	memcpy(key.init_prefix, a->path.init_prefix, sizeof key.init_prefix);
	if (b)
		serve_answer_bytes(a, b, serve_answer_media_type(a));
	else
		serve_answer_from_store(a, &key, serve_answer_media_type(a));
}

/*
 * Store tells all serve processes of a segment at once, but they hear of it one after the other: a viewer may have its number from the list of
 * one, and ask the other for it. True when the request was held back for that.
 */
static bool wait_for_next(struct serve_ask *a)
{
	const struct serve_rendition *r = a->rendition;
	uint64_t newest = r->n ? r->window[r->n - 1].m.number : 0;

	if (!r->n || a->path.number <= newest || a->path.number - newest > NEXT_NUMBERS || a->x->wait.timed_out)
		return false;
	serve_exchange_wait(a->x, SERVE_WAIT_SEGMENT, NEXT_WAIT_US);
	return true;
}

static bool beyond_newest(const struct serve_ask *a)
{
	const struct serve_rendition *r = a->rendition;

	return r->n && a->path.number > r->window[r->n - 1].m.number;
}

/* 0, or the status that says why there can be no such segment. */
static unsigned absent(const struct serve_ask *a)
{
	if (beyond_newest(a))
		return 404;
	return a->path.number < a->rendition->oldest ? 410 : 0;
}

/*
 * What is in the window, or only comes, is live; what is older is history: all there is of a rendition without a window, as that of a camera which
 * has not come back since the server began.
 */
static bool may_have(struct serve_ask *a, bool is_live)
{
	const struct serve_rendition *r = a->rendition;
	bool old = !is_live && (!r->n || a->path.number < r->window[r->n - 1].m.number);

	return serve_answer_may(a, old ? SERVE_RIGHT_HISTORY : SERVE_RIGHT_LIVE);
}

void serve_answer_segment(struct serve_ask *a)
{
	const struct serve_segment *s = serve_media_find(a->rendition, a->path.number);
	struct msg_want key = want_of(a, MSG_WANT_SEGMENT);
	bool coming = !s && serve_media_is_coming(a->camera, a->rendition, a->path.number);

	a->footage = a->path.number;
	if (!may_have(a, s || coming))
		return;
	a->x->peer->media_us = clock_mono_us();
	if (coming) {
		serve_answer_wait_for_demand(a, a->rendition->set.rendition);
		return;
	}
	tell_watched(a);
	if (s)
		serve_answer_bytes(a, s->bytes, serve_answer_media_type(a));
	else if (wait_for_next(a))
		return;
	else if (absent(a))
		serve_answer_status(a, absent(a));
	else
		serve_answer_from_store(a, &key, serve_answer_media_type(a));
}

static bool has_begun(const struct serve_rendition *r, const struct serve_part_name *part)
{
	return serve_parts_tag(r, part->number) || (r->n && r->window[r->n - 1].m.number >= part->number);
}

/* A segment that is whole, or will be. */
void serve_answer_growing(struct serve_ask *a)
{
	const struct serve_rendition *r = a->rendition;
	struct serve_part_name begun = {.number = a->path.number};
	uint64_t newest = r->n ? r->window[r->n - 1].m.number : 0;

	if (!newest || a->path.number <= newest || a->path.number - newest > NEXT_NUMBERS || !a->r->takes_chunks || serve_media_is_asleep(r)) {
		serve_answer_segment(a);
		return;
	}
	a->footage = a->path.number;
	if (!serve_answer_may(a, SERVE_RIGHT_LIVE))
		return;
	a->x->peer->media_us = clock_mono_us();
	tell_watched(a);
	serve_watch_closely(a->x->serve, a->camera, r->set.rendition, SERVE_CHUNK_MS, a->x->peer->media_us);
	if (has_begun(r, &begun))
		serve_growing_answer(a);
	else
		wait_for_part(a, &begun, has_begun);
}

void serve_answer_part(struct serve_ask *a)
{
	struct serve_part_name part = {a->path.number, a->path.part, a->path.tag};
	struct serve_bytes *b = NULL;

	a->footage = a->path.number;
	a->x->peer->media_us = clock_mono_us();
	switch (serve_parts_find(a->rendition, &part, &b)) {
	case SERVE_PART_HERE:
		if (b)
			serve_answer_bytes(a, b, serve_answer_media_type(a));
		else
			serve_answer_status(a, 503);
		break;
	case SERVE_PART_COMES:
		wait_for_part(a, &part, serve_parts_is_decided);
		break;
	case SERVE_PART_NONE:
		serve_answer_status(a, 404);
		break;
	}
}

/* The newest snapshot, if it is of now: neither long ago, nor of a time to come since the clock was set back. */
static const struct serve_segment *fresh_snapshot(const struct serve_ask *a)
{
	const struct serve_rendition *r = a->camera->rendition[RENDITION_SNAPSHOT];
	int64_t segments_us = (int64_t)a->camera->set.segment_ms * 1000 * SNAPSHOT_SEGMENTS;
	int64_t max_us = segments_us > SNAPSHOT_FRESH_US ? segments_us : SNAPSHOT_FRESH_US;

	return r && r->n && llabs(clock_wall_us() - r->window[r->n - 1].m.start_us) < max_us ? &r->window[r->n - 1] : NULL;
}

/* One address for whatever is newest; Content-Location says which it is, for its proof. */
void serve_answer_snapshot(struct serve_ask *a)
{
	const struct serve_segment *s = fresh_snapshot(a);
	char location[SNAPSHOT_PATH], modified[HTTP_DATE];
	enum serve_limit limit;

	a->x->peer->media_us = clock_mono_us();
	if (!s) {
		limit = serve_snapshot_begin(a->x->serve->media, a->camera, (unsigned)a->user, a->x->peer->media_us);
		if (limit == SERVE_LIMIT_COUNT) {
			serve_answer_wait_for_demand(a, RENDITION_SNAPSHOT);
		} else {
			serve_answer_refused_by(a, limit);
			serve_answer_later(a, "Snapshots of too many cameras are being made: ask again.\n", SNAPSHOT_RETRY_S, false);
		}
		return;
	}
	a->footage = s->m.number;
	serve_watch_say(a->x->serve, a->camera, RENDITION_SNAPSHOT, a->x->peer->media_us);
	snprintf(location, sizeof location, "/live/%s/snapshot/%" PRIu64 ".jpg", a->camera->set.name, s->m.number);
	http_date(s->m.start_us, modified);
	serve_answer_with(a, (struct serve_reply){.status = 200, .type = "image/jpeg", .cache = a->route->cache, .bytes = s->bytes, .digest = true,
		.content_location = location, .modified = modified});
}

/* One that has its address for good. */
void serve_answer_picture(struct serve_ask *a)
{
	const struct serve_segment *s = serve_media_find(a->rendition, a->path.number);
	struct msg_want key = want_of(a, MSG_WANT_SEGMENT);

	a->footage = a->path.number;
	if (!may_have(a, s != NULL))
		return;
	if (s)
		serve_answer_bytes(a, s->bytes, serve_answer_media_type(a));
	else if (absent(a))
		serve_answer_status(a, absent(a));
	else
		serve_answer_from_store(a, &key, serve_answer_media_type(a));
}

/* Of any segment ever: retention takes bytes, and never the account of them. */
void serve_answer_proof(struct serve_ask *a)
{
	const struct serve_segment *s = serve_media_find(a->rendition, a->path.number);
	struct msg_want key = want_of(a, MSG_WANT_PROOF);

	/* Who sees a segment may prove it. */
	if (!may_have(a, s != NULL))
		return;
	if (!s && wait_for_next(a))
		return;
	if (!s && beyond_newest(a))
		serve_answer_status(a, 404);
	else if (s && s->m.entry >= a->x->serve->media->checkpoint_size)
		serve_answer_wait_for_segment(a);  /* its checkpoint follows within a second */
	else
		serve_answer_from_store(a, &key, SERVE_TYPE_TEXT);
}
