/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/playlist_live.h"

#include <inttypes.h>

#include "media/out.h"
#include "media/playlist.h"

#define HOLD_BACK 3               /* target durations, or part targets, that players stay behind the end (4.4.3.8) */

/* From the end of segment i to the end of the playlist. */
static uint64_t distance_us(const struct playlist_media *m, size_t i)
{
	uint64_t us = 0;

	for (size_t k = 0; m->open && k < m->open->parts.n; k++)
		us += m->open->parts.part[k].duration_us;
	for (size_t k = i + 1; k < m->nsegments; k++)
		us += m->segment[k].duration_us;
	return us;
}

bool playlist_live_is_near(const struct playlist_media *m, size_t i)
{
	return distance_us(m, i) < UINT64_C(1000000) * PLAYLIST_PART_TARGETS * m->target_s;
}

size_t playlist_live_skipped(const struct playlist_media *m)
{
	size_t n = 0;

	if (m->live->skip)
		while (n < m->nsegments && distance_us(m, n) >= UINT64_C(1000000) * PLAYLIST_SKIP_TARGETS * m->target_s)
			n++;
	return n;
}

void playlist_live_head(struct out *o, const struct playlist_media *m)
{
	uint32_t part_ms = m->live->part_target_ms, hold_ms = HOLD_BACK * (part_ms ? part_ms : m->target_s * 1000);
	size_t skipped = playlist_live_skipped(m);

	/* Shaka takes no list without PART-HOLD-BACK, hls.js heeds it without parts too: it is said always, and is no less than there is to play. */
	OUT_PUT(o, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=%" PRIu32 ".0,HOLD-BACK=%" PRIu32 ".0,PART-HOLD-BACK=%" PRIu32 ".%03" PRIu32,
	    PLAYLIST_SKIP_TARGETS * m->target_s, HOLD_BACK * m->target_s, hold_ms / 1000, hold_ms % 1000);
	if (part_ms)
		OUT_PUT(o, "\n#EXT-X-PART-INF:PART-TARGET=%" PRIu32 ".%03" PRIu32, part_ms / 1000, part_ms % 1000);
	OUT_PUT(o, "\n");
	if (skipped)
		OUT_PUT(o, "#EXT-X-SKIP:SKIPPED-SEGMENTS=%zu\n", skipped);
}

void playlist_live_parts(struct out *o, uint64_t number, const struct playlist_parts *p)
{
	for (size_t i = 0; i < p->n; i++)
		OUT_PUT(o, "#EXT-X-PART:DURATION=%" PRIu64 ".%06u,URI=\"%" PRIu64 ".%zu.%08" PRIx32 ".m4s\"%s\n", p->part[i].duration_us / 1000000,
		    (unsigned)(p->part[i].duration_us % 1000000), number, i, p->tag, p->part[i].independent ? ",INDEPENDENT=YES" : "");
}

void playlist_live_tail(struct out *o, const struct playlist_media *m)
{
	const struct playlist_live *l = m->live;

	if (l->has_hint)
		OUT_PUT(o, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"%" PRIu64 ".%u.%08" PRIx32 ".m4s\"\n", l->hint_number, l->hint_part, l->hint_tag);
	for (size_t i = 0; i < l->nreports; i++) {
		OUT_PUT(o, "#EXT-X-RENDITION-REPORT:URI=\"../%s/index.m3u8\",LAST-MSN=%" PRIu64, l->report[i].name, l->report[i].number);
		if (l->report[i].has_part)
			OUT_PUT(o, ",LAST-PART=%u", l->report[i].part);
		OUT_PUT(o, "\n");
	}
}
