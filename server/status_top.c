/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer to casemate top: a line each of the site, its roles and its cameras, counts and not rates (server/top_view.h). */
#include <inttypes.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/status_inner.h"

static uint64_t cpu_us(const struct status_usage *u)
{
	return (uint64_t)(u->cpu_s * 1e6);
}

static void camera_line(struct parent *p, unsigned i, struct buf *out)
{
	const struct camera_live *cam = &p->camera[i];
	const struct child *worker = parent_child(p, ROLE_TRANSCODE, i);
	struct status_usage u = {0};
	uint64_t age_ms = cam->recorded_us ? (uint64_t)(clock_mono_us() - cam->recorded_us) / 1000 : UINT64_MAX;
	unsigned alarms = 0;

	if (worker && worker->pid > 0)
		u = status_usage(worker->pid);
	for (unsigned kind = 0; kind < ALARM_CAMERA_KINDS; kind++)
		alarms += cam->alarm[kind].on;
	buf_append_fmt(out, "camera %s %s %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %u\n", p->site->camera[i].name, status_camera_phase(cam),
		       cam->state.rate_bps, cam->state.fps_milli, cam->state.packets, cam->state.lost, age_ms, cpu_us(&u), alarms);
}

void status_top(struct parent *p, struct buf *out)
{
	struct status_usage own = status_usage(getpid());
	uint64_t viewers = 0;

	for (unsigned i = 0; i < p->nchildren; i++)
		viewers += p->child[i].serve.viewers;
	buf_append_fmt(out, "site %s %" PRId64 " %" PRIu64 " %" PRIu64 " %u\n", p->site->origin, (clock_mono_us() - p->started_us) / 1000000, viewers, p->store.archive_bytes,
		       parent_alarms_on(p));
	buf_append_fmt(out, "role casemate 0 running %" PRIu64 " %" PRIu64 " 0\n", cpu_us(&own), own.memory_bytes);
	for (unsigned i = 0; i < p->nchildren; i++) {
		const struct child *c = &p->child[i];
		struct status_usage u;

		if (c->retired || c->kind == ROLE_TRANSCODE)
			continue;
		u = status_usage(c->pid);
		buf_append_fmt(out, "role %s %u %s %" PRIu64 " %" PRIu64 " %u\n", role_kind_name(c->kind), c->index, status_child_phase(c), cpu_us(&u), u.memory_bytes, c->restarts);
	}
	for (unsigned i = 0; i < p->site->ncameras; i++)
		if (!p->site->camera[i].gone)
			camera_line(p, i, out);
}
