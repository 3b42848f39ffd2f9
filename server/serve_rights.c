/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_rights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "server/serve.h"

/* What one viewer may. */
struct may {
	bool all;
	bool is_share;                          /* then no rule: */
	unsigned camera, right;
	int bound;                              /* the user who must have the right himself, or -1 */
	int64_t from_us, to_us;                 /* of footage; both 0: no bounds */
	int64_t expires_us;                     /* 0: never */
	unsigned nrules;
	struct rights_rule rule[];
};

struct serve_rights {
	struct may *of[SERVE_VIEWERS_MAX];      /* NULL: nothing */
	LIST_HEAD(, serve_rights_follower) followers;
};

struct serve_rights *serve_rights_new(void)
{
	return calloc(1, sizeof(struct serve_rights));
}

void serve_rights_free(struct serve_rights **rp)
{
	struct serve_rights *r = *rp;

	*rp = NULL;
	for (unsigned i = 0; r && i < SERVE_VIEWERS_MAX; i++)
		free(r->of[i]);
	free(r);
}

int serve_rights_user(struct serve_rights *r, const struct msg_serve_user *m)
{
	struct rights_rule rule[RIGHTS_RULES_MAX];
	struct may *may;
	unsigned n;

	if (m->user >= SITE_USERS_MAX)
		return -EINVAL;
	free(r->of[m->user]);
	r->of[m->user] = NULL;
	if (m->gone)
		return 0;
	if (rights_read(m->rules, m->rules_len, rule, &n))
		return -EINVAL;
	may = malloc(sizeof *may + n * sizeof *rule);
	if (!may)
		return -ENOMEM;
	*may = (struct may){.all = m->all, .expires_us = m->expires_us, .nrules = n};
	memcpy(may->rule, rule, n * sizeof *rule);
	r->of[m->user] = may;
	return 0;
}

int serve_rights_share(struct serve_rights *r, const struct msg_share *m)
{
	struct may *may;

	if (m->share >= SITE_SHARES_MAX)
		return -EINVAL;
	free(r->of[SITE_USERS_MAX + m->share]);
	r->of[SITE_USERS_MAX + m->share] = NULL;
	if (m->gone)
		return 0;
	if (m->camera >= SITE_CAMERAS_MAX || (m->user != MSG_LOGIN_NOBODY && m->user >= SITE_USERS_MAX) || m->from_us > m->to_us)
		return -EINVAL;
	may = malloc(sizeof *may);
	if (!may)
		return -ENOMEM;
	*may = (struct may){.is_share = true, .camera = m->camera, .right = m->to_us ? SERVE_RIGHT_HISTORY : SERVE_RIGHT_LIVE,
		.bound = m->user == MSG_LOGIN_NOBODY ? -1 : m->user, .from_us = m->from_us, .to_us = m->to_us, .expires_us = m->expires_us};
	r->of[SITE_USERS_MAX + m->share] = may;
	return 0;
}

struct serve_viewer serve_rights_viewer(const struct serve *s, unsigned user)
{
	return (struct serve_viewer){.user = (int)user, .version = serve_auth_version(s->auth, user)};
}

static const struct may *may_of(const struct serve *s, const struct serve_viewer *v)
{
	return v->user >= 0 && v->user < SERVE_VIEWERS_MAX ? s->rights->of[v->user] : NULL;
}

static bool is_over(const struct may *may, int64_t wall_us)
{
	return may->expires_us && wall_us >= may->expires_us;
}

bool serve_rights_is(const struct serve *s, const struct serve_viewer *v, int64_t wall_us)
{
	const struct may *may = may_of(s, v);

	if (!may || is_over(may, wall_us) || (v->until_us && wall_us >= v->until_us))
		return false;
	if (serve_auth_version(s->auth, (unsigned)v->user) != v->version)
		return false;
	return !v->by_session || serve_session_find(s->sessions, v->session, wall_us) == v->user;
}

/* Whether one of the rules has one of the rights there, at that time. */
static bool has_rule(const struct may *may, unsigned rights, unsigned camera, int64_t wall_us)
{
	time_t now = (time_t)(wall_us / 1000000);
	struct tm local;

	if (may->all)
		return true;
	/* The zone was read before the doors shut (tzset), and localtime_r looks for no other. */
	if (!localtime_r(&now, &local))
		return false;
	for (unsigned i = 0; i < may->nrules; i++) {
		const struct rights_rule *r = &may->rule[i];

		if ((r->rights & rights) && (camera == SERVE_RIGHTS_NO_CAMERA || rights_has_camera(r, camera)) && rights_hour(&r->hours, &local))
			return true;
	}
	return false;
}

static bool has_share(const struct serve *s, const struct may *may, unsigned rights, unsigned camera, int64_t wall_us)
{
	const struct may *bound = may->bound >= 0 ? s->rights->of[may->bound] : NULL;
	/* A link to footage of a time has no right as such: who answers it looks at the time (serve_rights_range). */
	bool has = may->to_us ? rights == SITE_RIGHTS_ALL : rights >> may->right & 1;

	if (!has || (camera != SERVE_RIGHTS_NO_CAMERA && camera != may->camera))
		return false;
	return may->bound < 0 || (bound && !is_over(bound, wall_us) && has_rule(bound, 1u << may->right, may->camera, wall_us));
}

bool serve_rights_may(const struct serve *s, const struct serve_viewer *v, enum serve_right right, unsigned camera, int64_t wall_us)
{
	unsigned rights = right == SERVE_RIGHT_ANY ? SITE_RIGHTS_ALL : 1u << right;

	const struct may *may = may_of(s, v);

	if (!serve_rights_is(s, v, wall_us))
		return false;
	return may->is_share ? has_share(s, may, rights, camera, wall_us) : has_rule(may, rights, camera, wall_us);
}

bool serve_rights_range(const struct serve *s, const struct serve_viewer *v, int64_t *ret_from_us, int64_t *ret_to_us)
{
	const struct may *may = may_of(s, v);

	if (!may || !may->to_us)
		return false;
	*ret_from_us = may->from_us;
	*ret_to_us = may->to_us;
	return true;
}

int serve_rights_follow(const struct serve *s, struct serve_rights_follower *f)
{
	if (!serve_rights_may(s, &f->viewer, f->right, f->camera, clock_wall_us()))
		return -EACCES;
	LIST_INSERT_HEAD(&s->rights->followers, f, next);
	f->follows = true;
	return 0;
}

void serve_rights_unfollow(struct serve_rights_follower *f)
{
	if (f->follows)
		LIST_REMOVE(f, next);
	f->follows = false;
}

/* By his own right, or by a link that is bound to his. */
static bool watches_by(const struct serve *s, const struct serve_viewer *v, int user)
{
	const struct may *may = may_of(s, v);

	return v->user == user || (may && may->is_share && may->bound == user);
}

/* Who is told may free himself, and others, who then take themselves off either list. user: -1 for all. */
static void look(const struct serve *s, int user, int64_t wall_us)
{
	LIST_HEAD(, serve_rights_follower) ended = LIST_HEAD_INITIALIZER(ended);
	struct serve_rights_follower *f, *next;

	for (f = LIST_FIRST(&s->rights->followers); f; f = next) {
		next = LIST_NEXT(f, next);
		if ((user >= 0 && !watches_by(s, &f->viewer, user)) || serve_rights_may(s, &f->viewer, f->right, f->camera, wall_us))
			continue;
		LIST_REMOVE(f, next);
		LIST_INSERT_HEAD(&ended, f, next);
	}
	while ((f = LIST_FIRST(&ended))) {
		serve_rights_unfollow(f);
		f->ended(f);
	}
}

void serve_rights_look(const struct serve *s, int64_t wall_us)
{
	look(s, -1, wall_us);
}

void serve_rights_look_at(const struct serve *s, unsigned user, int64_t wall_us)
{
	look(s, (int)user, wall_us);
}
