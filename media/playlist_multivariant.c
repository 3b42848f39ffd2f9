/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/playlist_multivariant.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "media/codec_string.h"
#include "media/out.h"

static bool good_rendition(const struct playlist_rendition *r, bool is_video)
{
	return r->name && text_is_name(r->name, strlen(r->name)) && codec_is_packaged(r->track->codec) && codec_is_video(r->track->codec) == is_video;
}

/* Its media playlist. */
static void put_uri(struct out *o, const struct playlist_rendition *r)
{
	if (r->to_s)
		OUT_PUT(o, "%s/%" PRIu64 "-%" PRIu64 ".m3u8", r->name, r->from_s, r->to_s);
	else
		OUT_PUT(o, "%s/index.m3u8", r->name);
}

static void put_audio(struct out *o, const struct playlist_rendition *a)
{
	OUT_PUT(o, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"audio\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"%u\",URI=\"", a->track->channels);
	put_uri(o, a);
	OUT_PUT(o, "\"\n");
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
	OUT_PUT(o, "#EXT-X-STREAM-INF:BANDWIDTH=%" PRIu64 ",AVERAGE-BANDWIDTH=%" PRIu64 ",CODECS=\"%s%s%s\"",
	    peak, average, codec, audio ? "," : "", sound);
	if (codec_is_video(v->track->codec))
		OUT_PUT(o, ",RESOLUTION=%ux%u", v->track->width, v->track->height);
	if (v->fps_milli)
		OUT_PUT(o, ",FRAME-RATE=%u.%03u", v->fps_milli / 1000, v->fps_milli % 1000);
	OUT_PUT(o, "%s\n", audio ? ",AUDIO=\"audio\"" : "");
	put_uri(o, v);
	OUT_PUT(o, "\n");
}

int playlist_multivariant(struct buf *b, const struct playlist_rendition *video, size_t nvideo,
                          const struct playlist_rendition *audio, bool independent)
{
	struct out o = out_begin(b);

	if (nvideo == 0 && !audio)
		return -EINVAL;
	if (audio && !good_rendition(audio, false))
		return -EINVAL;
	for (size_t i = 0; i < nvideo; i++)
		if (!good_rendition(&video[i], true))
			return -EINVAL;
	OUT_PUT(&o, "#EXTM3U\n#EXT-X-VERSION:7\n");
	if (independent)
		OUT_PUT(&o, "#EXT-X-INDEPENDENT-SEGMENTS\n");
	if (nvideo && audio)
		put_audio(&o, audio);
	for (int plain = 1; plain >= 0; plain--)
		for (size_t i = 0; i < nvideo; i++)
			if ((video[i].track->codec == CODEC_H264) == plain)
				put_variant(&o, &video[i], audio);
	if (nvideo == 0)
		put_variant(&o, audio, NULL);
	return out_end(&o);
}
