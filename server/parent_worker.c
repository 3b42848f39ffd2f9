/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which camera has a worker (transcode). Those with encoded renditions from the start; the others once their ingest
 * says that their sound is of a kind that no browser plays, and then until the parent ends: so an ingest that lies can have
 * one a camera, and no more; or while snapshots are asked for, and UNNEEDED_US longer; or for a look at what it shows (parent_scene.c).
 *
 * A decoder that a camera has sent into an endless loop does not end by itself: a worker that takes nothing from its
 * ring for STUCK_US, while something waits there, is ended. One that is only slow, or kept from the CPU by others, is not: it
 * takes one record at a time, and no record is worth STUCK_CPU_S of computing. So for that time it must either have
 * computed for so long, or not have wanted to compute at all (asleep or stopped, while others wait for
 * the CPU or the disk). Where the kernel does not say, SLOW_US decides.
 */
#include "server/parent.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/ring.h"
#include "conf/places.h"
#include "server/status_inner.h"

#define WATCH_S 1
#define STUCK_US 5000000
#define STUCK_CPU_S 2.0
#define SLOW_US 60000000
#define UNNEEDED_US 180000000
#define SAYS_PER_S 200               /* states and renditions' states */

static bool must_be_made_aac(uint8_t codec)
{
	return codec_is_sound((enum codec)codec) && !codec_is_packaged((enum codec)codec);
}

static bool is_stuck(const struct child *c, int64_t now_us)
{
	struct status_usage u;

	if (now_us - c->watch_since_us < STUCK_US)
		return false;
	u = status_usage(c->pid);
	return u.cpu_s - c->watch_cpu_s >= STUCK_CPU_S || (u.state && u.state != 'R' && u.state != 'D') || now_us - c->watch_since_us >= SLOW_US;
}

static void watch(struct child *c, int64_t now_us)
{
	uint64_t put, taken;

	if (c->phase != CHILD_READY || c->watch_fd < 0 || ring_progress(c->watch_fd, &put, &taken) || put == taken) {
		c->watch_since_us = 0;
	} else if (c->watch_since_us == 0 || taken != c->watch_taken) {
		c->watch_since_us = now_us;
		c->watch_taken = taken;
		c->watch_cpu_s = status_usage(c->pid).cpu_s;
	} else if (is_stuck(c, now_us)) {
		child_kill(c, "does not get on with what the camera sent");
	}
}

/* What was said of its pictures is over with it; that it keeps ending is not. */
static void forget_state(struct camera_live *cam)
{
	cam->worker = (struct msg_worker_state){0};
	cam->worker_known = false;
	/* Who only came to look was expected to go. */
	if (places_renditions(&cam->parent->site->camera[cam->index])) {
		cam->scene = 0;
		cam->blind = false;
	}
	for (unsigned r = 0; r < RENDITIONS_MAX; r++)
		cam->demand[r].worker = (struct msg_worker_rendition){0};
	parent_worker_alarms(cam);
}

void parent_worker_ended(struct child *c, bool expected)
{
	struct parent *p = c->parent;
	struct child *ingest = parent_child(p, ROLE_INGEST, ingest_of(p, c->index));
	struct camera_live *cam = &p->camera[c->index];

	/* What ingest would put into a ring that nobody reads would count as lost. */
	if (ingest && ingest->phase == CHILD_READY && c->ring_in < 0)
		child_say(ingest, MSG_RING_TRANSCODE, &(struct msg_ring_transcode){.camera = (uint16_t)c->index}, NULL, 0);
	forget_state(cam);
	if (!expected)
		parent_scene_worker_ended(cam);
	if (expected || c->backoff_ms < WORKER_TOLD_MS)
		return;
	if (child_may_log(c))
		parent_log("warn", "worker-held-back", "camera=%s for_ms=%u restarts=%u why=\"%s\" mend=\"try the camera's other stream, or update its firmware\"",
			   p->site->camera[c->index].name, c->backoff_ms, c->restarts, c->last_end);
	parent_alarm(cam, ALARM_WORKER, true, "the worker keeps ending and is held back");
}

bool parent_needs_worker(const struct camera_live *cam)
{
	return places_renditions(&cam->parent->site->camera[cam->index]) || cam->wants_sound || cam->demand[RENDITION_SNAPSHOT].runs;
}

void parent_retire_worker(struct child *c)
{
	c->retired = true;
	event_del(c->again);
	if (c->pid > 0) {
		c->phase = CHILD_STOPPING;
		kill(c->pid, SIGKILL);
	}
}

static void sweep_worker(struct child *c, struct camera_live *cam, int64_t now_us)
{
	watch(c, now_us);
	if (c->phase == CHILD_READY && now_us - c->started_us > WORKER_WELL_US)
		parent_alarm(cam, ALARM_WORKER, false, "");
	if (parent_needs_worker(cam) || cam->looked_at_us)
		cam->needed_us = now_us;
	else if (!c->retired && now_us - cam->needed_us > UNNEEDED_US)
		parent_retire_worker(c);
}

void parent_watch_workers(int fd, short what, void *arg)
{
	struct parent *p = arg;
	int64_t now_us = clock_mono_us();

	for (unsigned i = 0; i < p->nchildren; i++)
		if (p->child[i].kind == ROLE_TRANSCODE)
			sweep_worker(&p->child[i], &p->camera[p->child[i].index], now_us);
	for (unsigned i = 0; i < p->site->ncameras; i++) {
		parent_demand_sweep(&p->camera[i], now_us);
		parent_closely_sweep(&p->camera[i], now_us);
		parent_leaving_sweep(&p->camera[i], now_us);
		parent_alarm_look(&p->camera[i], now_us);
		parent_alarm_sweep(&p->camera[i]);
	}
	parent_scene_sweep(p, now_us);
	parent_site_alarm_look(p);
	parent_login_sweep(p, false);
	parent_viewing_sweep(p, false);
	parent_metrics_sweep(p);
	parent_share_sweep(p);
	parent_history_sweep(p, now_us);
}

void parent_restart_worker(struct child *c)
{
	c->backoff_ms = 0;
	event_del(c->again);
	if (c->phase == CHILD_DOWN) {
		child_start(c);
		child_wire(c);
	} else if (c->phase != CHILD_STOPPING) {
		c->phase = CHILD_STOPPING;
		kill(c->pid, SIGKILL);
	}
}

int parent_add_workers(struct parent *p)
{
	for (unsigned i = 0; i < p->site->ncameras; i++)
		if (places_renditions(&p->site->camera[i]) && !parent_add_child(p, ROLE_TRANSCODE, i))
			return -ENOMEM;
	p->worker_watch = event_new(p->base, -1, EV_PERSIST, parent_watch_workers, p);
	return p->worker_watch && event_add(p->worker_watch, &(struct timeval){WATCH_S, 0}) == 0 ? 0 : -ENOMEM;
}

struct child *parent_want_worker(struct parent *p, unsigned camera)
{
	struct child *c = parent_child(p, ROLE_TRANSCODE, camera);
	bool is_new = !c;

	p->camera[camera].needed_us = clock_mono_us();
	if (is_new)
		c = parent_add_child(p, ROLE_TRANSCODE, camera);
	if (!c || (!is_new && !c->retired))
		return c;
	c->retired = false;
	c->backoff_ms = 0;
	child_start(c);
	child_wire(c);  /* what comes waits in its ring */
	return c;
}

void parent_want_sound(struct parent *p, unsigned camera, uint8_t codec)
{
	if (p->stopping || !p->site->camera[camera].audio || !must_be_made_aac(codec) || p->camera[camera].wants_sound)
		return;
	p->camera[camera].wants_sound = true;
	parent_want_worker(p, camera);
}

void parent_want_pictures(struct parent *p, unsigned camera)
{
	struct child *c = parent_want_worker(p, camera);

	/* A worker for sound alone is given no pictures, and has no room for them. */
	if (c && !c->pictures && (c->phase == CHILD_STARTING || c->phase == CHILD_READY)) {
		c->backoff_ms = 0;
		child_kill(c, "started anew to have pictures as well");
	}
}

static bool says_too_much(struct child *c)
{
	int64_t second = clock_mono_us() / 1000000;

	if (second != c->said_second)
		c->said = 0;
	c->said_second = second;
	return ++c->said > SAYS_PER_S;
}

static struct camera_live *camera_of(struct child *c, unsigned camera)
{
	if (camera == c->index && !says_too_much(c))
		return &c->parent->camera[camera];
	child_kill(c, camera == c->index ? "says too much of itself" : "spoke of a camera that is not its own");
	return NULL;
}

void parent_worker_state(struct child *c, const struct msg_worker_state *m)
{
	struct camera_live *cam = camera_of(c, m->camera);

	if (!cam || c->retired)
		return;
	cam->worker = *m;
	if (m->no_picture_since_us < 0 || m->no_picture_since_us > AU_TIME_MAX)
		cam->worker.no_picture_since_us = 0;
	cam->worker_known = true;
	parent_scene_told(cam);
	parent_worker_alarms(cam);
}

void parent_worker_rendition(struct child *c, const struct msg_worker_rendition *m)
{
	struct camera_live *cam = camera_of(c, m->camera);

	if (cam && m->rendition < RENDITIONS_MAX)
		cam->demand[m->rendition].worker = *m;
}
