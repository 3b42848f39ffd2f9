/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_ANSWER_H
#define SERVER_SERVE_ANSWER_H
/*
 * What answers are made of: the functions that server/serve_route.c's table
 * names, and what they share. Each ends in serve_exchange_reply, serve_exchange_wait or serve_exchange_hold.
 */
#include "net/http_path.h"
#include "server/serve_exchange.h"

#define SERVE_COOKIE "__Host-session"
#define SERVE_TYPE_TEXT "text/plain; charset=utf-8"
#define SERVE_TYPE_MANIFEST "application/dash+xml"
#define SERVE_TYPE_PLAYLIST "application/vnd.apple.mpegurl"

struct serve_route;

/* The request at hand. */
struct serve_ask {
	struct serve_exchange *x;
	const struct http_request *r;
	const struct serve_route *route;
	struct http_path path;
	struct serve_viewer viewer;         /* user -1: the route is open to everybody */
	int user;                           /* the same number */
	struct serve_camera *camera;        /* of the path, where it names one */
	struct serve_rendition *rendition;
	bool range;                         /* he sees footage of that time alone (wall clock): */
	int64_t range_from_us, range_to_us;
	uint64_t footage;                   /* number of the segment whose bytes the answer is; 0: it is no footage */
};

/* What is shared [server/serve_answer.c]. */
void serve_answer_status(struct serve_ask *a, unsigned status);
/* Not now, in words too. */
void serve_answer_later(struct serve_ask *a, const char *words, unsigned retry_s, bool close);
/* Whether he who asks has that right at the camera at hand; else that has been answered: 403. */
bool serve_answer_may(struct serve_ask *a, enum serve_right right);
/* It is counted and logged that this limit of the user's was reached. */
void serve_answer_refused_by(const struct serve_ask *a, enum serve_limit limit);
/* reply.bytes whole, a part of it, or only that it has not changed: as the request's conditions want it. */
void serve_answer_with(struct serve_ask *a, struct serve_reply reply);
/* The same, with what the route says of caches. */
void serve_answer_bytes(struct serve_ask *a, struct serve_bytes *b, const char *type);
/* What is not held here is asked of store. */
void serve_answer_from_store(struct serve_ask *a, const struct msg_want *key, const char *type);
/* Held back until the next segment (or the next checkpoint) comes; 503 when that was too long. */
void serve_answer_wait_for_segment(struct serve_ask *a);
/* What is made on demand is asked for, and the request held back until something of the camera comes. */
void serve_answer_wait_for_demand(struct serve_ask *a, unsigned rendition);

/* Pages, logins and what the site is [server/serve_answer_page.c]. */
void serve_answer_page(struct serve_ask *a);
void serve_answer_login(struct serve_ask *a);
void serve_answer_logout(struct serve_ask *a);
void serve_answer_asset(struct serve_ask *a);
void serve_answer_site(struct serve_ask *a);
void serve_answer_export(struct serve_ask *a);

/* What the parent is asked [server/serve_answer_parent.c]. */
void serve_answer_overview(struct serve_ask *a);
void serve_answer_alarms(struct serve_ask *a);
void serve_answer_history(struct serve_ask *a);
void serve_answer_sessions(struct serve_ask *a);
void serve_answer_shares(struct serve_ask *a);

/* Playlists, segments, pictures [server/serve_answer_live.c]. */
void serve_answer_multivariant(struct serve_ask *a);
void serve_answer_manifest(struct serve_ask *a);
void serve_answer_manifest_near(struct serve_ask *a);
/* The wall clock, for players that reckon by DASH's manifest: no more than the Date of every answer says. */
void serve_answer_time(struct serve_ask *a);
void serve_answer_playlist(struct serve_ask *a);
void serve_answer_init(struct serve_ask *a);
const char *serve_answer_media_type(const struct serve_ask *a);
void serve_answer_segment(struct serve_ask *a);
void serve_answer_growing(struct serve_ask *a);
void serve_answer_part(struct serve_ask *a);
void serve_answer_snapshot(struct serve_ask *a);
void serve_answer_picture(struct serve_ask *a);
void serve_answer_proof(struct serve_ask *a);

/* What was recorded, for who has the right history [server/serve_past.c]. */
void serve_answer_past(struct serve_ask *a);

/* The log and its witnesses [server/serve_answer_log.c]. */
void serve_answer_checkpoint(struct serve_ask *a);
void serve_answer_keys(struct serve_ask *a);
void serve_answer_tile(struct serve_ask *a);
void serve_answer_cosigned(struct serve_ask *a);
void serve_answer_pending(struct serve_ask *a);
void serve_answer_policy(struct serve_ask *a);
void serve_answer_cosignature(struct serve_ask *a);

#endif
