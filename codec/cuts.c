/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/cuts.h"

#include <string.h>

static void drop_first(struct cuts *c, unsigned n)
{
	memmove(c->cut, c->cut + n, (c->n - n) * sizeof c->cut[0]);
	c->n -= n;
}

void cuts_add(struct cuts *c, int64_t pts, uint32_t segment)
{
	/* A cut shown before an earlier one would never be reached in order. */
	while (c->n && c->cut[c->n - 1].pts >= pts)
		c->n--;
	if (c->n == CUTS_MAX)
		drop_first(c, 1);
	c->cut[c->n].pts = pts;
	c->cut[c->n++].segment = segment;
}

bool cuts_reach(struct cuts *c, int64_t pts)
{
	unsigned n = 0;

	while (n < c->n && c->cut[n].pts <= pts)
		c->segment = c->cut[n++].segment;
	drop_first(c, n);
	c->in_segment |= n > 0;
	return n > 0;
}
