/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cameras of which nothing is decoded: whether one is black, frozen or covered is looked at by a worker that comes for a few key frames
 * and goes, one camera after the other, so that each has its turn within alarms.scene. What was seen holds until the next look.
 * At most LOOKS_AT_ONCE look at a time. A camera that sends a key frame in minutes is not seen twice in LOOK_LONGEST_US: where it was seen once,
 * up to LOOKS_LONG of them go on for LOOK_APART_US, in nobody's way; of more each has its turn later. A look whose worker ends is over: what
 * ended it is likely the camera's, and has its next turn when all others had theirs.
 *
 * A camera that has a worker, for sound that no browser plays or while snapshots are asked for, is not given another: that one looks by
 * itself, as often (codec/transcoder.h).
 */
#include "server/parent.h"

#include "base/clock.h"
#include "conf/places.h"

#define LOOKS_AT_ONCE 4
#define LOOK_LONGEST_US 60000000
#define LOOKS_LONG 8               /* each some 13 MB, and no work */
#define LOOK_APART_US 900000000
#define LOOKS_FAILED 3             /* in a row are told */
#define LOOK_PICTURES 2            /* one alone cannot be frozen */

static bool is_idle(const struct child *worker)
{
	return !worker || (worker->retired && worker->phase == CHILD_DOWN);
}

static bool is_to_be_looked_at(struct parent *p, unsigned camera)
{
	const struct camera_live *cam = &p->camera[camera];
	const struct site_camera *conf = &p->site->camera[camera];

	return !conf->gone && !places_renditions(conf) && cam->taken && cam->known && cam->state.phase == CAMERA_STREAMING && !cam->looked_at_us &&
	       is_idle(parent_child(p, ROLE_TRANSCODE, camera));
}

/* All that there is to learn: that nothing is wrong, or that all that is has lasted. */
static bool has_seen_enough(const struct camera_live *cam)
{
	const struct msg_worker_state *m = &cam->worker;

	return m->looked >= LOOK_PICTURES && !(m->scene_now & ~m->scene);
}

static void end_look(struct camera_live *cam)
{
	struct child *worker = parent_child(cam->parent, ROLE_TRANSCODE, cam->index);

	cam->looked_at_us = 0;
	cam->looks_long = false;
	if (worker && !worker->retired && !parent_needs_worker(cam))
		parent_retire_worker(worker);
}

static void forgive(struct camera_live *cam)
{
	if (cam->looks_failed >= LOOKS_FAILED)
		parent_alarm(cam, ALARM_WORKER, false, "");
	cam->looks_failed = 0;
}

/* What was seen holds no longer than there is somebody who could see that it is over. */
static void forget_unless_seen(struct camera_live *cam)
{
	const struct child *worker;

	if (!cam->scene && !cam->blind && !cam->looks_failed)
		return;
	worker = parent_child(cam->parent, ROLE_TRANSCODE, cam->index);
	if (is_idle(worker) ? cam->parent->site->alarms.scene_s != 0 : worker->pictures)
		return;
	forgive(cam);
	cam->scene = 0;
	cam->blind = false;
	parent_worker_alarms(cam);
}

static unsigned long_looks(const struct parent *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->site->ncameras; i++)
		n += p->camera[i].looks_long;
	return n;
}

static bool has_time(struct camera_live *cam, int64_t now_us)
{
	int64_t for_us = now_us - cam->looked_at_us;

	if (for_us < LOOK_LONGEST_US)
		return true;
	if (!cam->looks_long)
		cam->looks_long = cam->worker.looked && long_looks(cam->parent) < LOOKS_LONG;
	return cam->looks_long && for_us < LOOK_APART_US;
}

/* How many there are that others have to wait for. */
static unsigned sweep_looks(struct parent *p, int64_t now_us)
{
	unsigned n = 0;

	for (struct camera_live *cam = p->camera; cam < p->camera + p->site->ncameras; cam++) {
		const struct child *worker = cam->looked_at_us ? parent_child(p, ROLE_TRANSCODE, cam->index) : NULL;

		forget_unless_seen(cam);
		if (!cam->looked_at_us)
			continue;
		if (has_seen_enough(cam))
			forgive(cam);
		if (!worker || worker->phase == CHILD_DOWN || cam->state.phase != CAMERA_STREAMING || !has_time(cam, now_us) || has_seen_enough(cam))
			end_look(cam);
		else
			n += !cam->looks_long;
	}
	return n;
}

/* The next in turn; a camera that is in the way of none. */
static void begin_look(struct parent *p, int64_t now_us)
{
	for (unsigned i = 0; i < p->site->ncameras; i++) {
		unsigned camera = p->scene.turn++ % p->site->ncameras;

		if (!is_to_be_looked_at(p, camera))
			continue;
		p->camera[camera].looked_at_us = now_us;
		if (!parent_want_worker(p, camera))
			p->camera[camera].looked_at_us = 0;
		return;
	}
}

void parent_scene_sweep(struct parent *p, int64_t now_us)
{
	int64_t every_us = (int64_t)p->site->alarms.scene_s * 1000000;
	unsigned n = sweep_looks(p, now_us), cameras = places_cameras(p->site);

	if (!every_us || !cameras || p->stopping)
		return;
	if (!p->scene.next_us || p->scene.next_us - now_us > every_us)
		p->scene.next_us = now_us + every_us / (cameras + 1);
	if (now_us < p->scene.next_us || n >= LOOKS_AT_ONCE)
		return;
	begin_look(p, now_us);
	p->scene.next_us = now_us + every_us / cameras;
}

void parent_scene_told(struct camera_live *cam)
{
	const struct msg_worker_state *m = &cam->worker;

	if (m->looked >= LOOK_PICTURES)
		cam->scene &= m->scene_now;
	cam->scene |= m->scene;
	if (m->no_picture_since_us)
		cam->blind = true;
	else if (m->looked || !cam->looked_at_us)
		cam->blind = false;
}

void parent_scene_worker_ended(struct camera_live *cam)
{
	if (!cam->looked_at_us || parent_needs_worker(cam))
		return;
	end_look(cam);
	if (++cam->looks_failed >= LOOKS_FAILED)
		parent_alarm(cam, ALARM_WORKER, true, "who looks at its pictures keeps ending");
}

void parent_tell_look(struct child *worker)
{
	struct msg_look m = {.camera = (uint16_t)worker->index, .every_s = worker->parent->site->alarms.scene_s};

	parent_tell_worker(worker, MSG_LOOK, &m);
}

void parent_scene_changes(struct parent *p)
{
	for (struct child *c = p->child; c < p->child + p->nchildren; c++) {
		if (c->kind != ROLE_TRANSCODE || c->retired)
			continue;
		if (c->phase == CHILD_READY)
			parent_tell_look(c);
		if (p->site->alarms.scene_s && !c->pictures)
			parent_want_pictures(p, c->index);
	}
}
