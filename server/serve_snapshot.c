/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_snapshot.h"

#define ASKED_US 5000000  /* the parent has heard it by then, and said that it runs */

static bool has_worker_anyway(const struct serve_camera *c)
{
	for (unsigned k = RENDITION_ENCODED; k < RENDITION_SNAPSHOT; k++)
		if (c->rendition[k])
			return true;
	return false;
}

/* It has a worker for its snapshots and nothing else, or will have as soon as the parent heard of it. */
static bool has_own_worker(const struct serve_camera *c, int64_t now_us)
{
	const struct serve_rendition *r = c->rendition[RENDITION_SNAPSHOT];
	int64_t asked_us = c->watched_us[RENDITION_SNAPSHOT];

	return !has_worker_anyway(c) && ((r && r->runs) || (asked_us && now_us - asked_us < ASKED_US));
}

enum serve_limit serve_snapshot_begin(const struct serve_media *m, struct serve_camera *c, unsigned user, int64_t now_us)
{
	unsigned all = 0, his = 0;

	if (has_worker_anyway(c) || has_own_worker(c, now_us))
		return SERVE_LIMIT_COUNT;
	for (unsigned i = 0; i < m->ncameras; i++) {
		bool own = has_own_worker(&m->camera[i], now_us);

		all += own;
		his += own && m->camera[i].snapshots_for == user + 1;
	}
	if (his >= SERVE_USER_SNAPSHOTS)
		return SERVE_LIMIT_USER;
	if (all >= MSG_SNAPSHOT_WORKERS_MAX)
		return SERVE_LIMIT_DEMAND;
	c->snapshots_for = user + 1;
	return SERVE_LIMIT_COUNT;
}
