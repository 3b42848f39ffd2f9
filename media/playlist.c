/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/playlist.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "media/codec_string.h"

/* Appends until an append is refused; the caller looks at rc once. */
struct out {
	struct buf *b;
	int rc;
};

#define PUT(o, ...) ((o)->rc = (o)->rc ? (o)->rc : buf_append_fmt((o)->b, __VA_ARGS__))

/* A refused playlist leaves nothing behind. */
static int finish(struct out *o, size_t len_before)
{
	if (o->rc)
		o->b->len = len_before;
	return o->rc;
}

static bool good_rendition(const struct playlist_rendition *r, bool is_video)
{
	return r->name && text_is_name(r->name, strlen(r->name)) && codec_is_packaged(r->track->codec) && codec_is_video(r->track->codec) == is_video;
}

static void put_audio(struct out *o, const struct playlist_rendition *a)
{
	PUT(o, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"audio\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"%u\",URI=\"%s/index.m3u8\"\n",
	    a->track->channels, a->name);
}

static void put_variant(struct out *o, const struct playlist_rendition *v, const struct playlist_rendition *audio)
{
	char codec[CODEC_STRING_MAX], sound[CODEC_STRING_MAX] = "";
	uint64_t peak = v->peak_bps, average = v->average_bps;

	codec_string(v->track, codec);
	if (audio) {
		codec_string(audio->track, sound);
		peak += audio->peak_bps;
		average += audio->average_bps;
	}
	PUT(o, "#EXT-X-STREAM-INF:BANDWIDTH=%" PRIu64 ",AVERAGE-BANDWIDTH=%" PRIu64 ",CODECS=\"%s%s%s\"",
	    peak, average, codec, audio ? "," : "", sound);
	if (codec_is_video(v->track->codec))
		PUT(o, ",RESOLUTION=%ux%u", v->track->width, v->track->height);
	if (v->fps_milli)
		PUT(o, ",FRAME-RATE=%u.%03u", v->fps_milli / 1000, v->fps_milli % 1000);
	PUT(o, "%s\n%s/index.m3u8\n", audio ? ",AUDIO=\"audio\"" : "", v->name);
}

int playlist_multivariant(struct buf *b, const struct playlist_rendition *video, size_t nvideo,
                          const struct playlist_rendition *audio, bool independent)
{
	struct out o = {.b = b};
	size_t before = b->len;

	if (nvideo == 0 && !audio)
		return -EINVAL;
	if (audio && !good_rendition(audio, false))
		return -EINVAL;
	for (size_t i = 0; i < nvideo; i++)
		if (!good_rendition(&video[i], true))
			return -EINVAL;
	PUT(&o, "#EXTM3U\n#EXT-X-VERSION:7\n");
	if (independent)
		PUT(&o, "#EXT-X-INDEPENDENT-SEGMENTS\n");
	if (nvideo && audio)
		put_audio(&o, audio);
	for (int plain = 1; plain >= 0; plain--)
		for (size_t i = 0; i < nvideo; i++)
			if ((video[i].track->codec == CODEC_H264) == plain)
				put_variant(&o, &video[i], audio);
	if (nvideo == 0)
		put_variant(&o, audio, NULL);
	return finish(&o, before);
}

static bool good_init(const char *s)
{
	return s && strlen(s) == PLAYLIST_HEX && strspn(s, "0123456789abcdef") == PLAYLIST_HEX;
}

static bool good_segments(const struct playlist_media *m)
{
	for (size_t i = 0; i < m->nsegments; i++)
		if (!good_init(m->segment[i].init) || m->segment[i].number != m->segment[0].number + i)
			return false;
	return m->nsegments > 0;
}

/* RFC 8216 4.3.3.1: no EXTINF, rounded to the nearest second, may be larger. */
static uint64_t target_of(const struct playlist_media *m)
{
	uint64_t target = m->target_s;

	for (size_t i = 0; i < m->nsegments; i++) {
		uint64_t s = (m->segment[i].duration_us + 500000) / 1000000;

		target = s > target ? s : target;
	}
	return target;
}

static bool all_independent(const struct playlist_media *m)
{
	for (size_t i = 0; i < m->nsegments; i++)
		if (!m->segment[i].independent)
			return false;
	return true;
}

static void put_segment(struct out *o, const struct playlist_segment *s, const struct playlist_segment *before)
{
	char when[CLOCK_TEXT];

	if (before && s->discontinuity)
		PUT(o, "#EXT-X-DISCONTINUITY\n");
	if (!before || strcmp(before->init, s->init) != 0)
		PUT(o, "#EXT-X-MAP:URI=\"init-%s.mp4\"\n", s->init);
	clock_text(s->capture_us, when);
	PUT(o, "#EXT-X-PROGRAM-DATE-TIME:%s\n#EXTINF:%" PRIu64 ".%06u,\n%" PRIu64 ".m4s\n",
	    when, s->duration_us / 1000000, (unsigned)(s->duration_us % 1000000), s->number);
}

int playlist_media(struct buf *b, const struct playlist_media *m)
{
	struct out o = {.b = b};
	size_t before = b->len;

	if (!good_segments(m))
		return -EINVAL;
	PUT(&o, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%" PRIu64 "\n#EXT-X-MEDIA-SEQUENCE:%" PRIu64 "\n",
	    target_of(m), m->segment[0].number);
	/* The first one's discontinuity lies before it, and so counts among those gone by. */
	if (m->discontinuities || m->segment[0].discontinuity)
		PUT(&o, "#EXT-X-DISCONTINUITY-SEQUENCE:%" PRIu64 "\n", m->discontinuities + m->segment[0].discontinuity);
	if (all_independent(m))
		PUT(&o, "#EXT-X-INDEPENDENT-SEGMENTS\n");
	for (size_t i = 0; i < m->nsegments; i++)
		put_segment(&o, &m->segment[i], i ? &m->segment[i - 1] : NULL);
	if (m->ended)
		PUT(&o, "#EXT-X-ENDLIST\n");
	return finish(&o, before);
}
