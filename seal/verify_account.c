/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verify's account of time: every second of a camera is covered by footage or by
 * a gap entry (doc/evidence.5, ACCOUNT). Up to an account's last entry that is
 * asked of every camera; up to the end of a run, and of the log, only of those
 * whose account the log has opened.
 */
#include <string.h>

#include "seal/verify_state.h"

#define TOLERANCE_US 1000000  /* time between two segments that nobody has to account for */
#define BEHIND_US 600000000   /* a gap that lasts is entered every five minutes; what waits for its entry is not lost */

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

/* An account is opened at the begin of a run, or by a gap of no time, or by what ends the time without one; a gap of no time closes it. */
static void note_open(const struct verify *v, struct verify_camera *c, const struct entry_gap *g)
{
	bool removed = !strcmp(g->why, "removed"), moment = g->from_us == g->to_us;

	if (moment && removed)
		c->open = false;
	else if (moment || removed || (v->start.nkeep && g->to_us == v->start.time_us))
		c->open = true;
}

void verify_gap(struct verify *v, const struct entry_gap *g)
{
	struct verify_report *r = v->report;
	struct verify_camera *c = verify_camera_get(v, g->camera);

	if (!c)
		return;
	verify_cover(v, c, g->from_us, g->to_us);
	if (!strcmp(g->why, "clock-step"))
		c->covered_us = g->to_us;
	note_open(v, c, g);
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

static void check_open(struct verify *v, int64_t to_us, int64_t behind_us)
{
	for (size_t i = 0; i < v->ncameras; i++) {
		const struct verify_camera *c = v->camera[i];

		if (c->open && !c->lost && to_us - c->covered_us > behind_us)
			unaccounted(v, c->name, c->covered_us, to_us);
	}
}

void verify_account_entry(struct verify *v, const struct entry *e)
{
	v->told_us = entry_time_us(e, v->told_us);
	if (e->kind == ENTRY_STOP && !v->clip)
		check_open(v, e->stop.time_us, TOLERANCE_US);
}

void verify_account_end(struct verify *v)
{
	if (v->running)
		check_open(v, v->told_us, BEHIND_US);
}
