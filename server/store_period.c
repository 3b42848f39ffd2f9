/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/store_period.h"

#include <stdbool.h>

#include "media/au.h"

static bool is_off(const struct store_period *p, int64_t wall_us, int64_t media_us)
{
	int64_t off = wall_us - (p->wall_us + (media_us - (int64_t)p->media_us));

	return off > STORE_PERIOD_OFF_US || off < -STORE_PERIOD_OFF_US;
}

struct store_period store_period_of(struct store_periods *p, uint64_t number, int64_t wall_us, uint64_t media_us)
{
	int64_t media = media_us < AU_TIME_MAX ? (int64_t)media_us : AU_TIME_MAX;

	if (!p->newest.from)  /* an epoch's first one begins with it, not with the segment */
		p->newest = (struct store_period){.from = number, .wall_us = wall_us > media ? wall_us - media : 0};
	if (number < p->newest.from && p->before.from)
		return p->before;
	if (number > p->newest.from && is_off(&p->newest, wall_us, media)) {
		p->before = p->newest;
		p->newest = (struct store_period){.from = number, .wall_us = wall_us, .media_us = (uint64_t)media};
	}
	return p->newest;
}
