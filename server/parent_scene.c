/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cameras of which nothing is decoded: whether one is black, frozen or covered is looked at by a worker that comes for a few key frames
 * and goes, one camera after the other, so that each has its turn within alarms.scene. What was seen holds until the next look.
 * At most LOOKS_AT_ONCE look at a time: of many cameras with few key frames each has its turn later. A look whose worker ends is over: what ended
 * it is likely the camera's, and has its next turn when all others had theirs.
 *
 * A camera that has a worker, for sound that no browser plays or while snapshots are asked for, is not given another. Where that one is
 * given pictures it looks by itself (codec/transcoder.h).
 */
#include "server/parent.h"

#include "base/clock.h"
#include "conf/places.h"

#define LOOKS_AT_ONCE 4
#define LOOK_LONGEST_US 60000000
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
		if (!worker || worker->phase == CHILD_DOWN || cam->state.phase != CAMERA_STREAMING || now_us - cam->looked_at_us >= LOOK_LONGEST_US ||
		    has_seen_enough(cam))
			end_look(cam);
		else
			n++;
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
