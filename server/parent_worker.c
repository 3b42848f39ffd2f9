/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which camera has a worker (transcode). Those with encoded renditions from the start; the others once their ingest
 * says that their sound is of a kind that no browser plays. A worker stays until the parent ends: so an ingest that
 * lies can have one a camera, and no more.
 *
 * A decoder that a camera has sent into an endless loop does not end by itself: a worker that takes nothing from its
 * ring for so long, while something waits there, is ended.
 */
#include "server/parent.h"

#include <errno.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/ring.h"

#define WATCH_S 5
#define STUCK_US 30000000

static bool must_be_made_aac(uint8_t codec)
{
	return codec_is_sound((enum codec)codec) && !codec_is_packaged((enum codec)codec);
}

static void watch(struct child *c, int64_t now_us)
{
	uint64_t put, taken;

	if (c->phase != CHILD_READY || c->watch_fd < 0 || ring_progress(c->watch_fd, &put, &taken) || put == taken) {
		c->watch_since_us = 0;
	} else if (c->watch_since_us == 0 || taken != c->watch_taken) {
		c->watch_since_us = now_us;
		c->watch_taken = taken;
	} else if (now_us - c->watch_since_us > STUCK_US) {
		child_kill(c, "does not get on with what the camera sent");
	}
}

void parent_watch_workers(int fd, short what, void *arg)
{
	struct parent *p = arg;

	for (unsigned i = 0; i < p->nchildren; i++)
		if (p->child[i].kind == ROLE_TRANSCODE)
			watch(&p->child[i], clock_mono_us());
}

int parent_add_workers(struct parent *p)
{
	for (unsigned i = 0; i < p->site->ncameras; i++)
		if (p->site->camera[i].nrenditions && !parent_add_child(p, ROLE_TRANSCODE, i))
			return -ENOMEM;
	p->worker_watch = event_new(p->base, -1, EV_PERSIST, parent_watch_workers, p);
	return p->worker_watch && event_add(p->worker_watch, &(struct timeval){WATCH_S, 0}) == 0 ? 0 : -ENOMEM;
}

void parent_want_sound(struct parent *p, unsigned camera, uint8_t codec)
{
	struct child *c;

	if (p->stopping || !p->site->camera[camera].audio || !must_be_made_aac(codec) || parent_child(p, ROLE_TRANSCODE, camera))
		return;
	c = parent_add_child(p, ROLE_TRANSCODE, camera);
	if (!c)
		return;
	child_start(c);
	child_wire(c);  /* what comes waits in its ring */
}
