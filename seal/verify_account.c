/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify's account of time: every second of a camera is covered by footage or by a gap entry. */
#include <string.h>

#include "seal/verify_state.h"

#define TOLERANCE_US 1000000  /* time between two segments that nobody has to account for */

static void unaccounted(struct verify *v, const char *camera, int64_t from_us, int64_t to_us)
{
	struct verify_problem *p;

	if (!verify_wanted(v, camera, from_us, to_us))
		return;
	p = verify_add(v, VERIFY_UNACCOUNTED, camera, NULL, 0, 0, NULL, "no footage and no gap entry");
	p->from_us = from_us;
	p->to_us = to_us;
}

/* A clock that was set back only covers some time twice. */
void verify_cover(struct verify *v, struct verify_camera *c, int64_t from_us, int64_t to_us)
{
	if (c->covered_us && !c->lost && from_us - c->covered_us > TOLERANCE_US)
		unaccounted(v, c->name, c->covered_us, from_us);
	if (to_us > c->covered_us)
		c->covered_us = to_us;
	c->lost = false;
}

void verify_gap(struct verify *v, const struct entry_gap *g)
{
	struct verify_report *r = v->report;
	struct verify_camera *c = verify_camera_get(v, g->camera);

	if (!c)
		return;
	verify_cover(v, c, g->from_us, g->to_us);
	if (!verify_wanted(v, g->camera, g->from_us, g->to_us))
		return;
	verify_count_gap(v, c, g);
	if (r->ngaps < VERIFY_GAPS_MAX) {
		struct verify_gap *to = &r->gap[r->ngaps];

		memcpy(to->camera, g->camera, sizeof to->camera);
		memcpy(to->why, g->why, sizeof to->why);
		to->from_us = g->from_us;
		to->to_us = g->to_us;
	}
	r->ngaps++;
}
