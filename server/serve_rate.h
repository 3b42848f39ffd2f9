/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_RATE_H
#define SERVER_SERVE_RATE_H
/*
 * The rates that lists tell of a rendition before a player has a byte of it: numbers that are true, and do not change
 * from one reading to the next. Pure.
 */
#include <stdbool.h>
#include <stdint.h>

struct serve_segment;

#define SERVE_RATE_SETTLE 3        /* measurements, one after the other, of a second or two each */

/* A camera's pictures a second; all zeros at first. */
struct serve_rate {
	uint32_t fps_milli;        /* what is said; 0 while nothing is known */
	uint32_t pace_milli;       /* what the camera itself told */
	uint32_t last_milli;       /* measured */
	uint64_t sum;              /* of the n newest measurements, which said something else, and nearly the same */
	unsigned n;
};

/* What the camera itself tells (0: nothing) counts at once; the same once more is nothing new. Whether what is said has changed. */
bool serve_rate_begin(struct serve_rate *r, uint32_t pace_milli);

/*
 * A measurement came (0: none could be made; the same once more: it was told again). SERVE_RATE_SETTLE of them that agree,
 * further off what is said than they shake, make a new rate: their mean, or the whole or half number beside it; but none below what
 * the camera told: a machine without time for it sees fewer pictures, and what is said is the most that may come. Whether
 * what is said has changed.
 */
bool serve_rate_see(struct serve_rate *r, uint32_t fps_milli);

/*
 * The peak segment bit rate (RFC 8216bis 4.1) among the sets of segments that end with the last one: of neighbours under
 * one init segment, of 0.5 to 1.5 target durations. 0: there is no such set.
 */
uint32_t serve_rate_peak_bps(const struct serve_segment *window, unsigned n, uint32_t target_s);

#endif
