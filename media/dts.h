/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_DTS_H
#define MEDIA_DTS_H
/*
 * Decode times. RTP carries only presentation times, in decode order; files
 * need decode times that strictly increase and are not after presentation. With
 * a reorder depth of d the decode times are the presentation times sorted and
 * moved d places back, so picture i gets the (i-d)th smallest; the first d are
 * extrapolated to before the first picture. No picture waits.
 *
 * While the depth is right, last < dts <= pts holds for every picture. When the
 * depth was not told, it starts at 0 and grows as presentation times go
 * backwards; the few pictures at which it grows get the smallest dts that still
 * increases (it may then be after their pts), and are counted as mended. A time
 * further back than DTS_DEPTH_MAX pictures is mended alone: no depth explains it.
 * Extrapolation goes at most one second (DTS_BEFORE_MAX) before the first pts.
 */
#include <stdbool.h>
#include <stdint.h>

#define DTS_DEPTH_MAX 16
#define DTS_BEFORE_MAX 90000  /* 90 kHz */

struct dts_clock {
	int64_t held[DTS_DEPTH_MAX + 2]; /* the largest presentation times so far, ascending */
	unsigned nheld, depth;
	int64_t first, last, frame;
	bool begun;
	uint64_t mended;                 /* pictures whose dts had to be after their pts */
};

/* reorder: h264_sps.reorder (-1 not told; depth of an earlier epoch of the same stream may be given then); frame_90k: duration of a frame, 0 when not told. */
void dts_init(struct dts_clock *c, int reorder, uint32_t frame_90k);
/* The decode time of the next picture in decode order; times are within AU_TIME_MAX. */
int64_t dts_next(struct dts_clock *c, int64_t pts);

#endif
