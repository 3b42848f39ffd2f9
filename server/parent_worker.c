/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which camera has a worker (transcode). Those with encoded renditions from the start; the others once their ingest
 * says that their sound is of a kind that no browser plays. A worker stays until the parent ends: so an ingest that
 * lies can have one a camera, and no more.
 */
#include "server/parent.h"

#include <errno.h>

static bool must_be_made_aac(uint8_t codec)
{
	return codec > CODEC_NONE && codec < CODEC_COUNT && !codec_is_video((enum codec)codec) && !codec_is_packaged((enum codec)codec);
}

int parent_add_workers(struct parent *p)
{
	for (unsigned i = 0; i < p->site->ncameras; i++)
		if (p->site->camera[i].nrenditions && !parent_add_child(p, ROLE_TRANSCODE, i))
			return -ENOMEM;
	return 0;
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
