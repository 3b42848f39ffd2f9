/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/playlist.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "media/out.h"

static bool good_init(const char *s)
{
	return s && strlen(s) == PLAYLIST_HEX && strspn(s, "0123456789abcdef") == PLAYLIST_HEX;
}

static bool good_segments(const struct playlist_media *m)
{
	for (size_t i = 0; i < m->nsegments; i++)
		if (!good_init(m->segment[i].init) || m->segment[i].number != m->segment[0].number + i || !playlist_fits(m->segment[i].duration_us, m->target_s))
			return false;
	if (m->open && (!good_init(m->open->init) || m->open->number != m->segment[0].number + m->nsegments))
		return false;
	return m->nsegments > 0;
}

static bool all_independent(const struct playlist_media *m)
{
	for (size_t i = 0; i < m->nsegments; i++)
		if (!m->segment[i].independent && !m->segment[i].gap)
			return false;
	return !m->open || m->open->independent;
}

static void begin_segment(struct out *o, const struct playlist_segment *s, const struct playlist_segment *before)
{
	char when[CLOCK_TEXT];

	if (before && s->discontinuity)
		OUT_PUT(o, "#EXT-X-DISCONTINUITY\n");
	if (!before || strcmp(before->init, s->init) != 0)
		OUT_PUT(o, "#EXT-X-MAP:URI=\"init-%s.mp4\"\n", s->init);
	if (s->gap)
		OUT_PUT(o, "#EXT-X-GAP\n");
	clock_text(s->capture_us, when);
	OUT_PUT(o, "#EXT-X-PROGRAM-DATE-TIME:%s\n", when);
}

static void put_segments(struct out *o, const struct playlist_media *m)
{
	for (size_t i = m->live ? playlist_live_skipped(m) : 0; i < m->nsegments; i++) {
		const struct playlist_segment *s = &m->segment[i];

		begin_segment(o, s, i ? s - 1 : NULL);
		if (m->live && playlist_live_is_near(m, i))
			playlist_live_parts(o, s->number, &s->parts);
		OUT_PUT(o, "#EXTINF:%" PRIu64 ".%06u,\n%" PRIu64 ".m4s\n", s->duration_us / 1000000, (unsigned)(s->duration_us % 1000000), s->number);
	}
	if (m->open && m->open->parts.n) {
		begin_segment(o, m->open, &m->segment[m->nsegments - 1]);
		playlist_live_parts(o, m->open->number, &m->open->parts);
	}
}

int playlist_media(struct buf *b, const struct playlist_media *m)
{
	struct out o = out_begin(b);

	if (!good_segments(m))
		return -EINVAL;
	OUT_PUT(&o, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:%" PRIu32 "\n#EXT-X-MEDIA-SEQUENCE:%" PRIu64 "\n",
	    m->live ? 9 : 7, m->target_s, m->segment[0].number);
	/* The first one's discontinuity lies before it, and so counts among those gone by. */
	if (m->discontinuities || m->segment[0].discontinuity)
		OUT_PUT(&o, "#EXT-X-DISCONTINUITY-SEQUENCE:%" PRIu64 "\n", m->discontinuities + m->segment[0].discontinuity);
	if (all_independent(m))
		OUT_PUT(&o, "#EXT-X-INDEPENDENT-SEGMENTS\n");
	if (m->live)
		playlist_live_head(&o, m);
	put_segments(&o, m);
	if (m->live)
		playlist_live_tail(&o, m);
	if (m->ended)
		OUT_PUT(&o, "#EXT-X-ENDLIST\n");
	return out_end(&o);
}
