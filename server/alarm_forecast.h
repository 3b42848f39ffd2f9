/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_ALARM_FORECAST_H
#define SERVER_ALARM_FORECAST_H
/*
 * How long disk and archive last: from what the cameras send now, and from how the disk has been filling up, both smoothed
 * over some ten minutes. Nothing is foretold in the first FORECAST_WARM_US. Pure.
 */
#include <stdint.h>

#define FORECAST_WARM_US 60000000
#define FORECAST_SMOOTH_S 600.0

struct forecast {
	int64_t begun_us, fed_us;         /* monotonic; 0: nothing was fed */
	double rate_Bps;                  /* what goes into the archive */
	double fall_Bps;                  /* by how much the disk's room shrinks */
	uint64_t size, limit, free;       /* of the archive, its max_size; room on the disk: bytes */
};

void forecast_feed(struct forecast *f, int64_t mono_us, double rate_Bps, uint64_t size, uint64_t limit, uint64_t free);
/* Seconds until the disk is full; INFINITY: as it goes, never. */
double forecast_full_s(const struct forecast *f);
/* How many seconds of footage there will be once the oldest goes; INFINITY: nothing comes in. */
double forecast_kept_s(const struct forecast *f);

#endif
