/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/dts.h"

#include <string.h>

void dts_init(struct dts_clock *c, int reorder, uint32_t frame_90k)
{
	*c = (struct dts_clock){.frame = frame_90k ? frame_90k : 3000};
	if (reorder > 0)
		c->depth = reorder < DTS_DEPTH_MAX ? (unsigned)reorder : DTS_DEPTH_MAX;
	if (c->depth && c->frame > DTS_BEFORE_MAX / c->depth)
		c->frame = DTS_BEFORE_MAX / c->depth;
}

/* Puts pts among the held ones, and lets go of the smallest when there are too many. */
static void hold(struct dts_clock *c, int64_t pts, unsigned later)
{
	unsigned at = c->nheld - later;

	if (c->nheld == DTS_DEPTH_MAX + 1) {
		memmove(c->held, c->held + 1, (c->nheld - 1) * sizeof *c->held);
		c->nheld--;
		at--;
	}
	memmove(c->held + at + 1, c->held + at, (c->nheld - at) * sizeof *c->held);
	c->held[at] = pts;
	c->nheld++;
}

int64_t dts_next(struct dts_clock *c, int64_t pts)
{
	unsigned later = 0;
	int64_t dts;

	if (!c->begun)
		c->first = pts;
	while (later < c->nheld && c->held[c->nheld - 1 - later] > pts)
		later++;
	if (later <= DTS_DEPTH_MAX) {
		if (later > c->depth)
			c->depth = later;
		hold(c, pts, later);
	}
	if (c->nheld > c->depth)
		dts = c->held[c->nheld - 1 - c->depth];
	else
		dts = c->first - (int64_t)(c->depth + 1 - c->nheld) * c->frame;
	if (c->begun && dts <= c->last)
		dts = c->last + 1;
	if (dts > pts)
		c->mended++;
	c->begun = true;
	c->last = dts;
	return dts;
}
