/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who watched what becomes watch/v1 entries. A serve process says what it likes, and entries are for ever: so they are gathered
 * (server/watch_book.h), users and cameras are the site's, and no time is beyond now.
 */
#include "server/parent.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/wr.h"

#define GATHERED_US 900000000ll         /* how long ago a serve may have begun to gather */

static const struct watch_pace pace = {.interval_us = 300000000, .idle_us = 30000000};

static bool can_be(const struct parent *p, const struct msg_viewing *m)
{
	return parent_viewer_name(p, m->user) && m->camera < p->site->ncameras && m->by && !(m->by >> VIEWING_WAYS) && m->renditions &&
		!(m->renditions >> RENDITIONS_MAX) && m->from_number && m->from_number <= m->to_number && m->to_number <= MSG_VIEWING_NUMBER_MAX &&
		m->bytes <= MSG_VIEWING_BYTES_MAX && m->from_us <= m->to_us && parent_is_address(m->address);
}

/* Between so long ago and now, whatever its clock was. */
static int64_t bounded(int64_t us, int64_t now_us)
{
	if (us > now_us)
		return now_us;
	return us < now_us - GATHERED_US ? now_us - GATHERED_US : us;
}

void parent_viewing(struct child *serve, const struct msg_viewing *m)
{
	struct parent *p = serve->parent;
	struct msg_viewing seen = *m;
	int64_t now_us = clock_wall_us();

	if (!can_be(p, m)) {
		child_kill(serve, "says that somebody watched what cannot be");
		return;
	}
	seen.from_us = bounded(m->from_us, now_us);
	seen.to_us = bounded(m->to_us, now_us);
	watch_book_add(&p->views, &seen, clock_mono_us());
}

static const char *rendition_name(const struct site_camera *cam, unsigned rendition)
{
	if (rendition == RENDITION_COPY)
		return "copy";
	if (rendition == RENDITION_AUDIO)
		return "audio";
	if (rendition == RENDITION_SNAPSHOT)
		return "snapshot";
	return rendition - RENDITION_ENCODED < cam->nrenditions ? cam->rendition[rendition - RENDITION_ENCODED].name : NULL;
}

/* False when none of them is one of the camera's. */
static bool name_renditions(const struct site_camera *cam, unsigned renditions, char *out, size_t cap)
{
	struct wr w = wr_init(out, cap - 1);

	for (unsigned i = 0; i < RENDITIONS_MAX; i++) {
		const char *name = renditions >> i & 1 ? rendition_name(cam, i) : NULL;

		if (name)
			wr_fmt(&w, "%s%s", w.len ? " " : "", name);
	}
	out[w.len] = 0;
	return w.len > 0;
}

static int say(const struct parent *p, struct child *store, const struct msg_viewing *m)
{
	const struct site_camera *cam = &p->site->camera[m->camera];
	struct msg_watch_entry e = {.by = m->by, .from_number = m->from_number, .to_number = m->to_number, .bytes = m->bytes,
		.from_us = m->from_us / 1000 * 1000, .to_us = m->to_us / 1000 * 1000};

	if (!name_renditions(cam, m->renditions, e.renditions, sizeof e.renditions))
		return 0;
	snprintf(e.user, sizeof e.user, "%s", parent_viewer_name(p, m->user));
	snprintf(e.camera, sizeof e.camera, "%s", cam->name);
	snprintf(e.address, sizeof e.address, "%s", m->address);
	return child_say(store, MSG_WATCH_ENTRY, &e, NULL, 0);
}

void parent_viewing_sweep(struct parent *p, bool all)
{
	struct child *store = parent_child(p, ROLE_STORE, 0);
	int64_t now_us = clock_mono_us();
	struct msg_viewing m;

	if (!store || store->phase != CHILD_READY)
		return;
	while (watch_book_next(&p->views, now_us, &pace, all, &m)) {
		if (say(p, store, &m) == 0)
			continue;
		watch_book_add(&p->views, &m, now_us);  /* for the next store */
		return;
	}
}
