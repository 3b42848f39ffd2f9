/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is made on demand: from the first viewer's request, which some serve tells of, until DEMAND_US after the last.
 * The worker is told when a rendition is to run, and every serve is, so that none shows what was made for an earlier
 * viewer as if it were live. Snapshots are for every camera; the worker of one that has none otherwise comes and goes with them.
 *
 * A serve that lies can have all of it made, as its viewers could; no more than one worker a camera comes of that, and of
 * those that are there for snapshots alone no more than MSG_SNAPSHOT_WORKERS_MAX at once.
 */
#include "server/parent.h"

#include "base/clock.h"
#include "base/ring.h"
#include "conf/places.h"

#define DEMAND_US 30000000

static const char *name_of(const struct site_camera *cam, unsigned rendition)
{
	return rendition == RENDITION_SNAPSHOT ? "snapshot" : cam->rendition[rendition - RENDITION_ENCODED].name;
}

bool parent_on_demand(const struct parent *p, unsigned camera, unsigned rendition)
{
	const struct site_camera *cam = &p->site->camera[camera];

	if (rendition == RENDITION_SNAPSHOT)
		return true;
	return rendition >= RENDITION_ENCODED && rendition - RENDITION_ENCODED < cam->nrenditions && cam->rendition[rendition - RENDITION_ENCODED].on_demand;
}

bool parent_was_on_demand(const struct parent *p, unsigned camera, unsigned rendition)
{
	return parent_on_demand(p, camera, rendition) || p->camera[camera].demand[rendition].ever;
}

/* It sleeps on a pipe of whose ends it has the other: whoever rings it is never made to wait. */
int parent_tell_worker(struct child *worker, enum msg_type type, const void *body)
{
	int rc = child_say(worker, type, body, NULL, 0);

	if (!rc)
		ring_doorbell(worker->ring_in_bell);
	return rc;
}

static struct msg_rendition_run run_of(const struct camera_live *cam, unsigned rendition)
{
	return (struct msg_rendition_run){.camera = (uint16_t)cam->index, .rendition = (uint8_t)rendition, .run = cam->demand[rendition].runs};
}

static void set_run(struct camera_live *cam, unsigned rendition, bool runs)
{
	struct parent *p = cam->parent;
	struct child *worker = parent_child(p, ROLE_TRANSCODE, cam->index);
	struct msg_rendition_run m;

	cam->demand[rendition].runs = runs;
	m = run_of(cam, rendition);
	parent_log("info", runs ? "rendition-begins" : "rendition-ends", "camera=%s rendition=%s", p->site->camera[cam->index].name,
		   name_of(&p->site->camera[cam->index], rendition));
	if (worker && worker->phase == CHILD_READY)
		parent_tell_worker(worker, MSG_RENDITION_RUN, &m);
	for (unsigned i = 0; i < p->nchildren; i++)
		if (p->child[i].kind == ROLE_SERVE && p->child[i].phase == CHILD_READY)
			child_say(&p->child[i], MSG_RENDITION_RUN, &m, NULL, 0);
	if (runs && rendition == RENDITION_SNAPSHOT)
		parent_want_pictures(p, cam->index);
}

/* Workers that are there for snapshots alone. */
static unsigned snapshot_workers(const struct parent *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->site->ncameras; i++)
		n += !places_renditions(&p->site->camera[i]) && p->camera[i].demand[RENDITION_SNAPSHOT].runs;
	return n;
}

/* serve says no before; this is for one that lies, or several that did at once. */
static bool is_too_much(const struct parent *p, unsigned camera, unsigned rendition)
{
	return rendition == RENDITION_SNAPSHOT && !places_renditions(&p->site->camera[camera]) && snapshot_workers(p) >= MSG_SNAPSHOT_WORKERS_MAX;
}

void parent_watched(struct parent *p, unsigned camera, unsigned rendition)
{
	struct camera_live *cam = &p->camera[camera];

	if (p->stopping || (!cam->demand[rendition].runs && is_too_much(p, camera, rendition)))
		return;
	cam->demand[rendition].watched_us = clock_mono_us();
	if (!cam->demand[rendition].runs)
		set_run(cam, rendition, true);
}

void parent_demand_sweep(struct camera_live *cam, int64_t now_us)
{
	for (unsigned r = RENDITION_ENCODED; r < RENDITIONS_MAX; r++)
		if (cam->demand[r].runs && now_us - cam->demand[r].watched_us >= DEMAND_US)
			set_run(cam, r, false);
}

void parent_tell_demand(struct child *c)
{
	struct parent *p = c->parent;

	for (unsigned i = 0; i < p->site->ncameras; i++) {
		if (c->kind == ROLE_TRANSCODE && i != c->index)
			continue;
		for (unsigned r = RENDITION_ENCODED; r < RENDITIONS_MAX; r++) {
			struct msg_rendition_run m = run_of(&p->camera[i], r);

			if (!m.run)
				continue;
			if (c->kind == ROLE_TRANSCODE)
				parent_tell_worker(c, MSG_RENDITION_RUN, &m);
			else
				child_say(c, MSG_RENDITION_RUN, &m, NULL, 0);
		}
	}
}
