/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How each camera does, sampled for the page's plots. */
#include <string.h>

#include "base/clock.h"
#include "server/status_inner.h"

static const struct child *worker_of(const struct parent *p, unsigned camera)
{
	for (unsigned i = 0; i < p->nchildren; i++)
		if (p->child[i].kind == ROLE_TRANSCODE && p->child[i].index == camera && p->child[i].phase == CHILD_READY)
			return &p->child[i];
	return NULL;
}

static void take(struct parent *p, unsigned camera, int64_t mono_us)
{
	struct camera_live *cam = &p->camera[camera];
	const struct child *worker = worker_of(p, camera);
	struct history_now now = {.sends = cam->known && cam->state.phase == CAMERA_STREAMING, .rate_bps = cam->state.rate_bps,
		.fps_milli = cam->state.fps_milli, .packets = cam->state.packets, .lost = cam->state.lost};

	if (worker) {
		now.worker = (int32_t)worker->pid;
		now.cpu_s = status_usage(worker->pid).cpu_s;
	}
	history_next(&cam->history, &now, mono_us);
}

void parent_history_sweep(struct parent *p, int64_t mono_us)
{
	for (unsigned i = 0; i < p->site->ncameras; i++)
		if (!p->site->camera[i].gone && mono_us - p->camera[i].history.taken_us >= HISTORY_US)
			take(p, i, mono_us);
}

bool parent_history_json(const struct parent *p, const char *camera, struct buf *out)
{
	for (unsigned i = 0; i < p->site->ncameras; i++)
		if (!p->site->camera[i].gone && strcmp(p->site->camera[i].name, camera) == 0) {
			history_json(&p->camera[i].history, clock_wall_us(), out);
			return true;
		}
	return false;
}
