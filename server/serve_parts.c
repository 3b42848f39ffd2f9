/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_parts.h"

#include <string.h>

#include "server/serve_media.h"

/* The first segment held at or behind a place: one that was begun goes on only as itself. */
static const struct serve_segment *segment_at(const struct serve_rendition *r, const struct serve_place *at)
{
	for (unsigned i = 0; i < r->n; i++) {
		const struct serve_segment *s = &r->window[i];

		if (s->m.number > at->number || (s->m.number == at->number && at->offset < s->bytes->n))
			return s;
	}
	return NULL;
}

bool serve_parts_next(const struct serve_rendition *r, struct serve_place *at, struct serve_piece *ret)
{
	const struct serve_segment *s = segment_at(r, at);
	uint64_t offset = s && s->m.number == at->number ? at->offset : 0;

	if (!s)
		return false;
	*ret = (struct serve_piece){.owner = s->bytes, .p = s->bytes->p + offset, .n = s->bytes->n - offset, .number = s->m.number,
		.discontinuity = s->m.discontinuity, .begins = offset == 0, .independent = offset == 0 && s->m.independent, .capture_us = s->m.start_us};
	memcpy(ret->init_sha256, s->m.init_sha256, sizeof ret->init_sha256);
	*at = (struct serve_place){.number = s->m.number, .offset = s->bytes->n};
	return true;
}

bool serve_parts_newest_key(const struct serve_rendition *r, struct serve_place *ret)
{
	for (unsigned i = r->n; i-- > 0;)
		if (r->window[i].m.independent) {
			*ret = (struct serve_place){.number = r->window[i].m.number};
			return true;
		}
	return false;
}
