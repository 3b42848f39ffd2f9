/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_RIGHTS_H
#define SERVER_SERVE_RIGHTS_H
/*
 * Who may see what. Whatever carries a request asks here, and nowhere else: HTTP, RTSP, and what goes on after its request.
 *
 * A camera at which a viewer has no right does not exist for him: he is answered as for a name that is no camera's, and finds it in no list.
 *
 * A viewer has a number: of a user of the site file, or, from SITE_USERS_MAX on, of a share link. It stands for him wherever something is
 * counted. All functions belong to the loop's thread.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "server/rights.h"

#define SERVE_VIEWERS_MAX (SITE_USERS_MAX + SITE_SHARES_MAX)

/*
 * LIVE: playlists, and what is in their window; snapshots. HISTORY: what is older, proofs of it. EXPORT: clips.
 * ADMIN: the log as a whole, how the site does, sessions and shares of others.
 */
enum serve_right {
	SERVE_RIGHT_LIVE = SITE_RIGHT_LIVE,
	SERVE_RIGHT_HISTORY = SITE_RIGHT_HISTORY,
	SERVE_RIGHT_EXPORT = SITE_RIGHT_EXPORT,
	SERVE_RIGHT_ADMIN = SITE_RIGHT_ADMIN,
	SERVE_RIGHT_ANY = SITE_RIGHTS          /* whichever: he may know that the camera exists */
};

#define SERVE_RIGHTS_NO_CAMERA UINT32_MAX      /* the right itself, at whatever camera */

struct msg_serve_user;
struct msg_share;
struct serve;
struct serve_rights;

/* Somebody who was let in, and how; zeroed and user -1: nobody. */
struct serve_viewer {
	int user;                              /* his number */
	uint32_t version;                      /* serve_auth_version of him then */
	int64_t until_us;                      /* wall clock: what he showed is good until then (a certificate); 0: no end */
	bool by_session;                       /* he is there while that session is, whose name in serve.sessions is: */
	uint8_t session[32];
};

/* Something that goes on after its request: a stream, a request that is held, an export. The owner's memory, zeroed. */
struct serve_rights_follower {
	struct serve_viewer viewer;
	enum serve_right right;
	unsigned camera;
	/* Called once when the viewer may no more, within a second; it is no longer followed by then. */
	void (*ended)(struct serve_rights_follower *f);
	LIST_ENTRY(serve_rights_follower) next;  /* serve_rights' own, as is: */
	bool follows;
};

/* NULL on lack of memory. */
struct serve_rights *serve_rights_new(void);
void serve_rights_free(struct serve_rights **r);
/* What a user may, from now on. 0; -EINVAL for rules that cannot be; -ENOMEM. He has none when it fails. */
int serve_rights_user(struct serve_rights *r, const struct msg_serve_user *m);

/* What the viewer of a share link may, likewise: live, or history of a time, at one camera, and no more than the user who bounds it. */
int serve_rights_share(struct serve_rights *r, const struct msg_share *m);

/* The viewer that a user is now who has shown a password: for who has a session see serve_login_viewer. */
struct serve_viewer serve_rights_viewer(const struct serve *s, unsigned user);
/* Whether he still is who he was when he was let in: no other password, not gone, expired or logged out. */
bool serve_rights_is(const struct serve *s, const struct serve_viewer *v, int64_t wall_us);
/* The same, and has that right at that camera now. wall_us: now. */
bool serve_rights_may(const struct serve *s, const struct serve_viewer *v, enum serve_right right, unsigned camera, int64_t wall_us);

/*
 * Whether he sees footage of that time alone, by a share link (wall clock): then he has no right but SERVE_RIGHT_ANY, at one camera, and what
 * is not of that time is not there for him.
 */
bool serve_rights_range(const struct serve *s, const struct serve_viewer *v, int64_t *ret_from_us, int64_t *ret_to_us);

/* 0, or -EACCES when he may not now. */
int serve_rights_follow(const struct serve *s, struct serve_rights_follower *f);
/* Takes one that is not followed. */
void serve_rights_unfollow(struct serve_rights_follower *f);
/* Looks at all that is followed: each second, and when something has changed. */
void serve_rights_look(const struct serve *s, int64_t wall_us);
/* At what that user follows, and who by a link of his: his rights have changed. */
void serve_rights_look_at(const struct serve *s, unsigned user, int64_t wall_us);

#endif
