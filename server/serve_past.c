/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was recorded of a camera in a time that the request names: playlists of it, whole and ended, and when there is footage and when not.
 * What is still in the window is live: who has no right to that is told of the time before.
 */
#include "base/clock.h"
#include "server/serve_range.h"

#define PLAYLIST_MAX_S 7200             /* store reads an entry of the log for each segment */
#define SPANS_MAX_S (24 * 3600 + 1)

static bool may_live(const struct serve_ask *a)
{
	return serve_rights_may(a->x->serve, &a->viewer, SERVE_RIGHT_LIVE, a->camera->set.camera, clock_wall_us());
}

/* False where nothing of the time is left. */
static bool set_time(struct serve_ask *a)
{
	const struct serve_rendition *r = a->rendition;

	a->range_from_us = (int64_t)a->path.from_s * 1000000;
	a->range_to_us = (int64_t)a->path.to_s * 1000000;
	if (r->n && a->range_to_us > r->window[0].m.start_us && !may_live(a))
		a->range_to_us = r->window[0].m.start_us;
	return a->range_from_us < a->range_to_us;
}

static void answer_told(struct serve_ask *a, enum msg_want_kind kind, const char *type)
{
	if (set_time(a))
		serve_range_told(a, kind, type);
	else
		serve_answer_status(a, 404);
}

void serve_answer_past(struct serve_ask *a)
{
	uint64_t max_s = a->path.kind == HTTP_PATH_PAST_SPANS ? SPANS_MAX_S : PLAYLIST_MAX_S;

	if (a->path.kind == HTTP_PATH_PAST_SPANS)
		a->rendition = a->camera->rendition[RENDITION_COPY];
	if (a->path.to_s - a->path.from_s > max_s)
		serve_answer_status(a, 400);
	else if (a->path.kind == HTTP_PATH_PAST)
		serve_range_multivariant(a);
	else if (!a->rendition || a->rendition->set.rendition == RENDITION_SNAPSHOT)
		serve_answer_status(a, 404);
	else if (a->path.kind == HTTP_PATH_PAST_SPANS)
		answer_told(a, MSG_WANT_SPANS, "application/json");
	else
		answer_told(a, MSG_WANT_LIST, SERVE_TYPE_PLAYLIST);
}
