/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/overload.h"

static void begin(struct overload *o, int64_t now_us)
{
	o->begun = true;
	o->stepped_us = now_us - OVERLOAD_CALM_US;
	o->late_us = o->window_us = now_us;
	o->busy_us = 0;
	o->patience_us = OVERLOAD_PATIENCE_US;
}

/* What was measured before a step says nothing of the time after it. */
static void step(struct overload *o, unsigned steps, int64_t now_us)
{
	o->took_back = steps < o->steps;
	o->steps = steps;
	o->stepped_us = o->window_us = now_us;
	o->busy_us = 0;
}

static void give_up(struct overload *o, int64_t now_us)
{
	if (o->took_back && now_us - o->stepped_us < o->patience_us && o->patience_us < OVERLOAD_PATIENCE_MAX_US)
		o->patience_us *= 2;
	step(o, o->steps + 1, now_us);
}

/* At the end of a window as long as patience: whether there was room in all of it. */
static void look_back(struct overload *o, int64_t now_us)
{
	int64_t window_us = now_us - o->window_us;
	bool room = o->busy_us <= window_us / 100 * OVERLOAD_ROOM;

	if (now_us - o->late_us < o->patience_us || window_us < o->patience_us)
		return;
	o->window_us = now_us;
	o->busy_us = 0;
	if (o->steps && room)
		step(o, o->steps - 1, now_us);
	else if (o->took_back)
		o->patience_us = OVERLOAD_PATIENCE_US;
}

unsigned overload_worked(struct overload *o, int64_t from_us, int64_t now_us, int64_t late_us, unsigned max)
{
	if (!o->begun)
		begin(o, from_us);
	if (now_us > from_us)
		o->busy_us += now_us - from_us;
	if (late_us >= OVERLOAD_LATE_US)
		o->late_us = now_us;
	if (o->steps > max)
		step(o, max, now_us);
	if (late_us >= OVERLOAD_LATE_US && o->steps < max && now_us - o->stepped_us >= OVERLOAD_CALM_US)
		give_up(o, now_us);
	look_back(o, now_us);
	return o->steps;
}

