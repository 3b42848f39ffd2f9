/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_route.h"

#include "base/clock.h"
#include "server/serve_login.h"
#include "server/serve_range.h"
#include "server/serve_metrics.h"

#define GET true, false
#define POST false, true
#define GET_POST true, true
#define FOREVER SERVE_CACHE_FOREVER
#define FRESH SERVE_CACHE_FRESH
#define NEVER SERVE_CACHE_NEVER

static const struct serve_route routes[] = {
	[HTTP_PATH_PAGE] = {serve_answer_page, SERVE_NEED_NOTHING, SERVE_RIGHT_ANY, GET, NEVER},
	[HTTP_PATH_LOGIN] = {serve_answer_login, SERVE_NEED_NOTHING, SERVE_RIGHT_ANY, GET_POST, NEVER},
	[HTTP_PATH_LOGOUT] = {serve_answer_logout, SERVE_NEED_NOTHING, SERVE_RIGHT_ANY, POST, NEVER},
	[HTTP_PATH_VERIFIER] = {serve_answer_asset, SERVE_NEED_NOTHING, SERVE_RIGHT_ANY, GET, FRESH},
	[HTTP_PATH_ASSET] = {serve_answer_asset, SERVE_NEED_NOTHING, SERVE_RIGHT_ANY, GET, FRESH},
	[HTTP_PATH_SITE] = {serve_answer_site, SERVE_NEED_USER, SERVE_RIGHT_ANY, GET, NEVER},
	[HTTP_PATH_TIME] = {serve_answer_time, SERVE_NEED_NOTHING, SERVE_RIGHT_ANY, GET, NEVER},
	[HTTP_PATH_EXPORT] = {serve_answer_export, SERVE_NEED_USER, SERVE_RIGHT_EXPORT, POST, NEVER},
	[HTTP_PATH_CHECKPOINT] = {serve_answer_checkpoint, SERVE_NEED_USER, SERVE_RIGHT_ANY, GET, FRESH},
	[HTTP_PATH_KEYS] = {serve_answer_keys, SERVE_NEED_USER, SERVE_RIGHT_ANY, GET, FRESH},
	[HTTP_PATH_TILE] = {serve_answer_tile, SERVE_NEED_USER, SERVE_RIGHT_ANY, GET, FOREVER},
	[HTTP_PATH_COSIGNED] = {serve_answer_cosigned, SERVE_NEED_USER, SERVE_RIGHT_ANY, GET, FRESH},
	[HTTP_PATH_PENDING] = {serve_answer_pending, SERVE_NEED_USER, SERVE_RIGHT_ANY, GET, FRESH},
	[HTTP_PATH_POLICY] = {serve_answer_policy, SERVE_NEED_USER, SERVE_RIGHT_ANY, GET, FRESH},
	[HTTP_PATH_COSIGNATURE] = {serve_answer_cosignature, SERVE_NEED_USER, SERVE_RIGHT_ANY, POST, NEVER},
	[HTTP_PATH_MULTIVARIANT] = {serve_answer_multivariant, SERVE_NEED_CAMERA, SERVE_RIGHT_LIVE, GET, FRESH},
	[HTTP_PATH_MANIFEST] = {serve_answer_manifest, SERVE_NEED_CAMERA, SERVE_RIGHT_LIVE, GET, FRESH},
	[HTTP_PATH_MANIFEST_NEAR] = {serve_answer_manifest_near, SERVE_NEED_CAMERA, SERVE_RIGHT_LIVE, GET, FRESH},
	[HTTP_PATH_SNAPSHOT] = {serve_answer_snapshot, SERVE_NEED_CAMERA, SERVE_RIGHT_LIVE, GET, FRESH},
	[HTTP_PATH_PLAYLIST] = {serve_answer_playlist, SERVE_NEED_RENDITION, SERVE_RIGHT_LIVE, GET, FRESH},
	[HTTP_PATH_INIT] = {serve_answer_init, SERVE_NEED_RENDITION, SERVE_RIGHT_ANY, GET, FOREVER},
	[HTTP_PATH_SEGMENT] = {serve_answer_segment, SERVE_NEED_RENDITION, SERVE_RIGHT_ANY, GET, FOREVER},
	[HTTP_PATH_GROWING] = {serve_answer_growing, SERVE_NEED_RENDITION, SERVE_RIGHT_ANY, GET, FOREVER},
	[HTTP_PATH_PART] = {serve_answer_part, SERVE_NEED_RENDITION, SERVE_RIGHT_LIVE, GET, FOREVER},
	[HTTP_PATH_PICTURE] = {serve_answer_picture, SERVE_NEED_RENDITION, SERVE_RIGHT_ANY, GET, FOREVER},
	[HTTP_PATH_STATUS] = {serve_answer_overview, SERVE_NEED_USER, SERVE_RIGHT_ADMIN, GET, NEVER},
	[HTTP_PATH_ALARMS] = {serve_answer_alarms, SERVE_NEED_USER, SERVE_RIGHT_ADMIN, GET, NEVER},
	[HTTP_PATH_HISTORY] = {serve_answer_history, SERVE_NEED_CAMERA, SERVE_RIGHT_LIVE, GET, NEVER},
	[HTTP_PATH_SESSIONS] = {serve_answer_sessions, SERVE_NEED_USER, SERVE_RIGHT_ANY, GET_POST, NEVER},
	[HTTP_PATH_SHARES] = {serve_answer_shares, SERVE_NEED_USER, SERVE_RIGHT_ADMIN, GET_POST, NEVER},
	[HTTP_PATH_PAST] = {serve_answer_past, SERVE_NEED_CAMERA, SERVE_RIGHT_HISTORY, GET, FRESH},
	[HTTP_PATH_PAST_PLAYLIST] = {serve_answer_past, SERVE_NEED_RENDITION, SERVE_RIGHT_HISTORY, GET, FRESH},
	[HTTP_PATH_PAST_SPANS] = {serve_answer_past, SERVE_NEED_CAMERA, SERVE_RIGHT_HISTORY, GET, FRESH},
	[HTTP_PATH_PROOF] = {serve_answer_proof, SERVE_NEED_RENDITION, SERVE_RIGHT_ANY, GET, FRESH},
};

static const char *allowed(const struct serve_route *route)
{
	if (!route->get)
		return "POST";
	return route->post ? "GET, HEAD, POST" : "GET, HEAD";
}

/* The camera of the path; for who has no right at it there is none of that name. */
static struct serve_camera *seen_camera(const struct serve_ask *a)
{
	const struct serve *s = a->x->serve;
	struct serve_camera *c = serve_media_camera(s->media, a->path.camera);

	return c && serve_rights_may(s, &a->viewer, SERVE_RIGHT_ANY, c->set.camera, clock_wall_us()) ? c : NULL;
}

/* Who is asked for and who asks; false when that has been answered here. */
static bool prepare(struct serve_ask *a)
{
	enum serve_need need = a->route->need;

	serve_rights_unfollow(&a->x->follow);
	if (need < SERVE_NEED_USER)
		return true;
	if (!serve_login_viewer(a->x, a->r, &a->viewer))
		return false;
	a->user = a->viewer.user;
	if (!serve_exchange_take_user(a->x, (unsigned)a->user)) {
		serve_answer_later(a, "This user has too many connections.\n", 5, true);
		return false;
	}
	if (need >= SERVE_NEED_CAMERA)
		a->camera = seen_camera(a);
	if (need >= SERVE_NEED_RENDITION && a->camera)
		a->rendition = serve_media_rendition(a->camera, a->path.rendition);
	if ((need >= SERVE_NEED_CAMERA && !a->camera) || (need >= SERVE_NEED_RENDITION && !a->rendition)) {
		serve_answer_status(a, 404);
		return false;
	}
	/* Of a time alone: what is of that time is for serve_range_answer to say. */
	a->range = need >= SERVE_NEED_CAMERA && serve_rights_range(a->x->serve, &a->viewer, &a->range_from_us, &a->range_to_us);
	return serve_answer_may(a, a->range ? SERVE_RIGHT_ANY : a->route->right);
}

void serve_route(struct serve_exchange *x, const struct http_request *r)
{
	struct serve_ask a = {.x = x, .r = r, .path = http_path_parse(r->path), .viewer = {.user = -1}, .user = -1};
	struct serve_reply not_allowed = {.status = 405};

	if (x->peer->by == LISTENER_METRICS || x->peer->by == LISTENER_METRICS_TLS) {
		serve_metrics_answer(x, r);
		return;
	}
	a.route = &routes[a.path.kind];
	if (a.path.kind == HTTP_PATH_NONE) {
		serve_answer_status(&a, 404);
	} else if (r->method == HTTP_POST ? !a.route->post : !a.route->get) {
		not_allowed.allow = allowed(a.route);
		serve_exchange_reply(x, r, &not_allowed);
	} else if (prepare(&a)) {
		if (a.range)
			serve_range_answer(&a);
		else
			a.route->answer(&a);
	}
}
