/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_rate.h"

#include <string.h>

#include "server/serve_media.h"

#define SHAKES 20u                 /* one in so many: arrivals are measured */
#define NEAR 100u                  /* one in so many: what a clock is off, or 30000/1001 */
#define HALF_MILLI 500u

static bool is_within(uint32_t a, uint32_t b, uint32_t one_in)
{
	return (a > b ? a - b : b - a) <= b / one_in;
}

static uint32_t nominal(uint32_t fps_milli)
{
	uint32_t near = (fps_milli + HALF_MILLI / 2) / HALF_MILLI * HALF_MILLI;

	return near && is_within(fps_milli, near, NEAR) ? near : fps_milli;
}

bool serve_rate_begin(struct serve_rate *r, uint32_t pace_milli)
{
	uint32_t said = r->fps_milli;

	if (!pace_milli || pace_milli == r->pace_milli)
		return false;
	r->pace_milli = pace_milli;
	r->fps_milli = nominal(pace_milli);
	return r->fps_milli != said;
}

bool serve_rate_see(struct serve_rate *r, uint32_t fps_milli)
{
	bool again = fps_milli == r->last_milli;

	r->last_milli = fps_milli;
	if (!fps_milli || fps_milli < r->pace_milli || is_within(fps_milli, r->fps_milli, SHAKES)) {
		r->sum = r->n = 0;
		return false;
	}
	if (again)
		return false;
	if (r->n && !is_within(fps_milli, (uint32_t)(r->sum / r->n), SHAKES))
		r->sum = r->n = 0;
	r->sum += fps_milli;
	if (++r->n < SERVE_RATE_SETTLE)
		return false;
	r->fps_milli = nominal((uint32_t)(r->sum / r->n));
	r->sum = r->n = 0;
	return true;
}

static bool are_neighbours(const struct msg_segment *a, const struct msg_segment *b)
{
	return a->number + 1 == b->number && memcmp(a->init_sha256, b->init_sha256, sizeof a->init_sha256) == 0;
}

uint32_t serve_rate_peak_bps(const struct serve_segment *window, unsigned n, uint32_t target_s)
{
	uint64_t least_us = target_s * UINT64_C(500000), most_us = 3 * least_us, us = 0, bytes = 0, bps, peak = 0;

	for (unsigned i = n; i > 0 && (i == n || are_neighbours(&window[i - 1].m, &window[i].m)); i--) {
		us += serve_media_duration_us(&window[i - 1].m);
		bytes += window[i - 1].m.bytes;
		if (us > most_us)
			break;
		bps = us && us >= least_us ? (bytes * 8 * 1000000 + us - 1) / us : 0;
		peak = bps > peak ? bps : peak;
	}
	return peak < UINT32_MAX ? (uint32_t)peak : UINT32_MAX;
}
