/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/alarm_forecast.h"

#include <math.h>
#include <stdbool.h>

/* A mean over what was fed so far, and from FORECAST_SMOOTH_S on one that forgets. */
static double smooth(double was, double is, double step_s, double fed_s)
{
	double over_s = fed_s < FORECAST_SMOOTH_S ? fed_s : FORECAST_SMOOTH_S;

	return was + (is - was) * (step_s / over_s);
}

void forecast_feed(struct forecast *f, int64_t mono_us, double rate_Bps, uint64_t size, uint64_t limit, uint64_t free)
{
	double step_s = (double)(mono_us - f->fed_us) / 1e6, fed_s = (double)(mono_us - f->begun_us) / 1e6;

	if (!f->fed_us) {
		*f = (struct forecast){.begun_us = mono_us, .rate_Bps = rate_Bps};
	} else if (step_s > 0) {
		f->rate_Bps = smooth(f->rate_Bps, rate_Bps, step_s, fed_s);
		f->fall_Bps = smooth(f->fall_Bps, ((double)f->free - (double)free) / step_s, step_s, fed_s);
	}
	f->fed_us = mono_us;
	f->size = size;
	f->limit = limit;
	f->free = free;
}

static bool is_warm(const struct forecast *f)
{
	return f->fed_us && f->fed_us - f->begun_us >= FORECAST_WARM_US;
}

double forecast_full_s(const struct forecast *f)
{
	double wanted = f->limit > f->size ? (double)(f->limit - f->size) : 0, room = (double)f->free;
	double others_Bps = f->fall_Bps - (wanted > 0 ? f->rate_Bps : 0);  /* that write to the same disk */

	if (!is_warm(f))
		return INFINITY;
	/* Whoever looks the same as nobody: footage is removed in lumps, and measured a moment later. */
	if (others_Bps < f->rate_Bps / 10)
		others_Bps = 0;
	if (wanted > room)
		return f->rate_Bps + others_Bps > 0 ? room / (f->rate_Bps + others_Bps) : INFINITY;
	return others_Bps > 0 ? (room - wanted) / others_Bps : INFINITY;
}

double forecast_kept_s(const struct forecast *f)
{
	double holds = (double)f->size + (double)f->free;

	if (!is_warm(f) || f->rate_Bps <= 0)
		return INFINITY;
	return (holds < (double)f->limit ? holds : (double)f->limit) / f->rate_Bps;
}
