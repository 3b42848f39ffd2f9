/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signatures inside streams: a worker asks, sign writes and signs, the parent carries both ways. A worker is heard
 * for the renditions alone that its camera has signed, and in the names that the site file gives them; no more
 * often than they have groups of pictures.
 */
#include "server/parent.h"

#include <stdio.h>

#include "base/clock.h"

#define SEIS_PER_S 32                /* of one camera: what was held up comes at once, each rendition's groups of several seconds */

static const struct site_rendition *signed_rendition(const struct parent *p, unsigned camera, unsigned rendition)
{
	const struct site_camera *cam = &p->site->camera[camera];

	if (rendition < RENDITION_ENCODED || rendition - RENDITION_ENCODED >= cam->nrenditions)
		return NULL;
	return &cam->rendition[rendition - RENDITION_ENCODED];
}

static bool asks_too_often(struct camera_live *cam)
{
	int64_t second = clock_mono_us() / 1000000;

	if (second != cam->sei_second)
		cam->seis = 0;
	cam->sei_second = second;
	return ++cam->seis > SEIS_PER_S;
}

void parent_sei_ask(struct child *worker, const struct msg_sei_ask *m)
{
	struct parent *p = worker->parent;
	const struct site_rendition *r = m->camera == worker->index ? signed_rendition(p, m->camera, m->rendition) : NULL;
	struct child *sign = parent_child(p, ROLE_SIGN, 0);
	struct msg_sei_ask ask = *m;

	if (!r) {
		child_kill(worker, "asked for signatures of what is not its own");
		return;
	}
	/* With a reload it may not be signed any more. */
	if (r->gone || r->sign != SITE_SIGN_ONVIF || asks_too_often(&p->camera[m->camera]) || !sign || sign->phase != CHILD_READY)
		return;
	snprintf(ask.camera_name, sizeof ask.camera_name, "%s", p->site->camera[m->camera].name);
	snprintf(ask.rendition_name, sizeof ask.rendition_name, "%s", r->name);
	child_say(sign, MSG_SEI_ASK, &ask, NULL, 0);
}

void parent_sei(struct parent *p, const struct msg_sei *m)
{
	struct child *worker = m->camera < p->site->ncameras ? parent_child(p, ROLE_TRANSCODE, m->camera) : NULL;

	if (worker && worker->phase == CHILD_READY)
		parent_tell_worker(worker, MSG_SEI, m);
}
