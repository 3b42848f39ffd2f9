/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said of the time without footage, so that every second of a camera
 * that is in the site file is in the log: doc/evidence.5, ACCOUNT. An account is
 * opened when the run begins or the camera comes, goes on by segments and gaps,
 * and is closed when the camera is removed. It goes by the wall clock; where that
 * was set, an entry says so.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/store.h"

#define HOLE_US 1000000          /* time between segments of one epoch that needs no word */
#define STEP_US 1000000          /* of the wall clock against the one that only goes forward, that nothing but setting it explains */
#define LEAP_US 2000000          /* of footage's times within an epoch, beyond what has passed */
#define BACK_US 12000000         /* footage's clock is a camera's, as long as it is within ten seconds of ours */
#define LASTS_US 300000000       /* a gap that lasts is entered so often, not only when it ends */

static int64_t wall_less_mono_us(void)
{
	return clock_wall_us() - clock_mono_us();
}

static void covered(struct store_camera *c, int64_t to_us)
{
	c->covered_us = to_us;
	c->covered_mono_us = clock_mono_us();
	c->wall_less_mono_us = wall_less_mono_us();
}

/* A log that takes no entry: what is not said now is in the next one's time. */
static bool add_gap(struct store *s, struct store_camera *c, int64_t from_us, int64_t to_us, enum gap_why why)
{
	struct entry e = {.kind = ENTRY_GAP, .gap = {.from_us = from_us, .to_us = to_us}};
	uint64_t index;

	memcpy(e.gap.camera, c->name, sizeof e.gap.camera);
	snprintf(e.gap.why, sizeof e.gap.why, "%s", gap_why_name(why));
	if (store_log_add(s, &e, &index) < 0)
		return false;
	s->gaps++;
	covered(c, to_us);
	return true;
}

/* Up to to_us, which is now, or will be soon; and where the clock was set meanwhile, up to when it was by the clock before that. */
static void add_gaps(struct store *s, struct store_camera *c, int64_t to_us, enum gap_why why)
{
	int64_t step_us = wall_less_mono_us() - c->wall_less_mono_us, before_us;

	if (step_us < STEP_US && step_us > -STEP_US)
		step_us = 0;
	before_us = (to_us - step_us) / 1000 * 1000;
	if (before_us > c->covered_us && !add_gap(s, c, c->covered_us, before_us, why))
		return;
	if (to_us > c->covered_us)
		add_gap(s, c, c->covered_us, to_us, GAP_CLOCK_STEP);
	else if (c->covered_us - to_us > (step_us < 0 ? 0 : BACK_US))
		add_gap(s, c, to_us, to_us, GAP_CLOCK_STEP);
}

static enum gap_why why_now(const struct store_camera *c, enum gap_why otherwise)
{
	return c->gap && c->why != GAP_NONE ? c->why : otherwise;
}

/* --- footage ---------------------------------------------------------------------------- */

/* Times of one epoch that leap while hardly any passed: the clock that they go by was set, or another one is believed. */
static enum gap_why why_of(const struct store_camera *c, bool new_epoch, bool hole, int64_t ahead_us)
{
	if (new_epoch)
		return GAP_RESTART;
	if (ahead_us - (clock_mono_us() - c->covered_mono_us) > LEAP_US)
		return GAP_CLOCK_STEP;
	return hole ? GAP_OVERLOAD : GAP_SILENT;
}

void store_account(struct store *s, struct store_camera *c, uint64_t epoch, int64_t to_us, bool hole)
{
	bool new_epoch = epoch != c->covered_epoch;
	int64_t least_us = c->gap || new_epoch ? 0 : HOLE_US, ahead_us;

	/* What has no entry yet covers time as well. */
	if (c->unhashed)
		store_hash(s);
	ahead_us = to_us - c->covered_us;
	if (ahead_us > least_us || ahead_us < -BACK_US)
		add_gaps(s, c, to_us, why_now(c, why_of(c, new_epoch, hole, ahead_us)));
	c->gap = false;
	c->why = GAP_NONE;
	c->covered_epoch = epoch;
}

void store_account_segment(struct store_camera *c, int64_t end_us)
{
	covered(c, end_us > c->covered_us ? end_us : c->covered_us);
}

/* --- no footage ------------------------------------------------------------------------- */

void store_account_gap(struct store_camera *c, enum gap_why why)
{
	/* The first reason stands: a camera that went silent is later also refused, and so on; until the log has it. */
	if (!c->gap || c->entered || c->why == GAP_NONE || c->why == GAP_STARTING)
		c->why = why;
	c->gap = true;
	c->entered = false;
}

void store_account_tick(struct store *s, struct store_camera *c)
{
	const struct store_rendition *r = &c->rendition[c->has_copy ? RENDITION_COPY : RENDITION_AUDIO];

	if (!s->running || !c->taken || c->gone || r->open || c->unhashed || clock_mono_us() - c->covered_mono_us < LASTS_US)
		return;
	add_gaps(s, c, clock_wall_us() / 1000 * 1000, why_now(c, GAP_SILENT));
	if (!c->gap)
		c->why = GAP_SILENT;
	c->gap = c->entered = true;
}

/* A camera that just sent its last segment is covered up to now but for the part that was under way. */
static void account_now(struct store *s, struct store_camera *c, int64_t now_us)
{
	int64_t ahead_us = now_us - c->covered_us;

	if (ahead_us > (c->gap ? 0 : HOLE_US) || ahead_us < -BACK_US)
		add_gaps(s, c, now_us, why_now(c, GAP_STOPPED));
}

/* --- begin and end ---------------------------------------------------------------------- */

/* What was until then is behind; a clock that is not as far as the log is was set back. */
static void open_account(struct store *s, struct store_camera *c, int64_t at_us, enum gap_why since)
{
	if (c->covered_us == 0)
		add_gap(s, c, at_us, at_us, GAP_STARTING);
	else if (at_us >= c->covered_us)
		add_gap(s, c, c->covered_us, at_us, since);
	else
		add_gap(s, c, at_us, at_us, c->covered_us - at_us > BACK_US ? GAP_CLOCK_STEP : since);
	covered(c, at_us);
	c->gap = true;
	c->entered = false;
	c->why = GAP_STARTING;
}

static void close_account(struct store *s, struct store_camera *c, int64_t at_us)
{
	add_gap(s, c, at_us, at_us, GAP_REMOVED);
}

static bool is_here(const struct store *s, const char *camera)
{
	for (unsigned i = 0; i < s->ncameras; i++)
		if (!s->camera[i].gone && !strcmp(s->camera[i].name, camera))
			return true;
	return false;
}

/* Cameras that the site file does not name any more, of which the log does not know that. */
static void close_absent(struct store *s, enum gap_why since)
{
	for (uint32_t i = 0; i < s->heads.n; i++) {
		const struct head *h = &s->heads.at[i];
		struct store_camera absent = {.covered_us = h->end_us};

		if (*h->rendition || h->closed || is_here(s, h->camera))
			continue;
		memcpy(absent.name, h->camera, sizeof absent.name);
		open_account(s, &absent, s->start_us, since);
		close_account(s, &absent, s->start_us);
	}
}

void store_account_begin_all(struct store *s)
{
	enum gap_why since = s->last_run == HEADS_STOPPED ? GAP_NOT_RUNNING : GAP_CRASHED;

	for (unsigned i = 0; i < s->ncameras; i++)
		if (s->camera[i].taken && !s->camera[i].gone)
			open_account(s, &s->camera[i], s->start_us, since);
	close_absent(s, since);
}

void store_account_begin(struct store *s, struct store_camera *c)
{
	if (s->running && !c->gone)
		open_account(s, c, clock_wall_us() / 1000 * 1000, GAP_REMOVED);
}

void store_account_end(struct store *s, struct store_camera *c)
{
	int64_t now_us = clock_wall_us() / 1000 * 1000;

	if (!s->running || !c->taken)
		return;
	account_now(s, c, now_us);
	close_account(s, c, now_us);
}

void store_account_end_all(struct store *s, int64_t now_us)
{
	for (unsigned i = 0; i < s->ncameras; i++)
		if (s->camera[i].taken && !s->camera[i].gone)
			account_now(s, &s->camera[i], now_us);
}
