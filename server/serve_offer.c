/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_offer.h"

#include "server/serve_watch.h"

#define PLAYLIST_MAX_BYTES (16u << 10)

static uint32_t average_bps(const struct serve_rendition *r)
{
	uint64_t us = 0, bytes = 0;

	for (unsigned i = 0; i < r->n; i++) {
		us += serve_media_duration_us(&r->window[i].m);
		bytes += r->window[i].m.bytes;
	}
	bytes = us ? bytes * 8 * 1000000 / us : 0;
	return bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX;
}

/* An encoder leaves pictures out, and makes none. */
static uint32_t fps_milli(const struct serve_camera *c, const struct serve_rendition *r)
{
	uint32_t most = r->set.fps * UINT32_C(1000);

	return most && (!c->rate.fps_milli || most < c->rate.fps_milli) ? most : c->rate.fps_milli;
}

static bool is_there(const struct serve_rendition *r)
{
	return r && r->n && r->ntracks;
}

/* Made as soon as somebody asks: it is listed like those that are there. */
static bool can_come(const struct serve_camera *c, const struct serve_rendition *r)
{
	return r && r->set.on_demand && c->state.phase == CAMERA_STREAMING && codec_is_video((enum codec)c->state.video);
}

/*
 * A copy with segments that begin without a key frame (smart codecs send none for minutes) shows nothing to a player that
 * begins with it, and players begin with the highest rate: it is not listed beside a rendition that can be begun anywhere.
 */
static bool is_listed(const struct serve_camera *c, unsigned rendition)
{
	const struct serve_rendition *r = rendition == RENDITION_SNAPSHOT ? NULL : c->rendition[rendition];

	if (!is_there(r) || rendition != RENDITION_COPY || serve_media_is_independent(r))
		return is_there(r) || can_come(c, r);
	for (unsigned k = RENDITION_ENCODED; k < RENDITION_SNAPSHOT; k++)
		if (can_come(c, c->rendition[k]) || (is_there(c->rendition[k]) && serve_media_is_independent(c->rendition[k])))
			return false;
	return true;
}

static void describe(const struct serve_camera *c, const struct serve_rendition *r, struct track *t, struct playlist_rendition *ret)
{
	*t = r->ntracks ? serve_media_track_of(&r->track[r->ntracks - 1]) : serve_watch_track(&r->set, c->rate.fps_milli);
	*ret = (struct playlist_rendition){.name = r->set.name, .track = t, .peak_bps = r->peak_bps, .average_bps = average_bps(r),
		.fps_milli = fps_milli(c, r)};
	if (r->set.bitrate_bps > ret->peak_bps)
		ret->peak_bps = r->set.bitrate_bps;
	if (ret->average_bps > ret->peak_bps)
		ret->peak_bps = ret->average_bps;
}

void serve_offer_of(const struct serve_camera *c, struct serve_offer *ret)
{
	*ret = (struct serve_offer){.independent = true};
	for (unsigned k = 0; k < RENDITIONS_MAX; k++) {
		const struct serve_rendition *r = c->rendition[k];

		if (!is_listed(c, k))
			continue;
		ret->independent &= serve_media_is_independent(r);
		if (k == RENDITION_AUDIO) {
			ret->sound = r;
			describe(c, r, &ret->track[k], &ret->audio);
		} else {
			ret->picture[ret->nvideo] = r;
			describe(c, r, &ret->track[k], &ret->video[ret->nvideo++]);
		}
	}
}

struct serve_bytes *serve_media_multivariant(struct serve_camera *c)
{
	struct serve_offer o;
	struct buf b;

	if (c->multivariant)
		return c->multivariant;
	serve_offer_of(c, &o);
	buf_init(&b, PLAYLIST_MAX_BYTES);
	if (playlist_multivariant(&b, o.video, o.nvideo, o.sound ? &o.audio : NULL, o.independent) == 0)
		serve_bytes_copy(buf_data(&b), b.len, &c->multivariant);
	buf_free(&b);
	return c->multivariant;
}

bool serve_media_is_complete(const struct serve_camera *c)
{
	if (!c->target_s)
		return false;
	for (unsigned k = 0; k < RENDITIONS_MAX; k++) {
		const struct serve_rendition *r = c->rendition[k];
		bool wanted = r && !r->set.on_demand && (k == RENDITION_COPY ? c->state.video != CODEC_NONE : k != RENDITION_AUDIO || c->state.audio != CODEC_NONE);

		if (wanted && !r->n)
			return false;
	}
	return true;
}
