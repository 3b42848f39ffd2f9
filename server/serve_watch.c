/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_watch.h"

#include "media/packager.h"
#include "server/channel.h"

#define AAC_FRAME 1024             /* samples */
#define RATE_PATIENCE_US 15000000  /* from a camera's first segment: one of no steady rate has parts all the same */
#define FPS_MILLI_USUAL 30000      /* while the camera's is not known */

void serve_watch_say(struct serve *s, struct serve_camera *c, unsigned rendition, int64_t now_us)
{
	struct msg_watched m = {.camera = c->set.camera, .rendition = (uint8_t)rendition};

	if (c->watched_us[rendition] && now_us - c->watched_us[rendition] < MSG_WATCHED_US)
		return;
	if (channel_say(s->role.parent, MSG_WATCHED, &m, NULL, 0) == 0)
		c->watched_us[rendition] = now_us;
}

/* How long a picture, or a frame of sound, lasts, as far as it is known. */
static uint32_t frame_us(const struct serve_camera *c, const struct serve_rendition *r)
{
	const struct msg_track *t = r->ntracks ? &r->track[r->ntracks - 1].m : NULL;
	uint32_t fps_milli = c->rate.fps_milli;

	if (r->set.rendition == RENDITION_AUDIO)
		return t && t->codec == CODEC_AAC && t->rate ? AAC_FRAME * 1000000u / t->rate : 0;
	if (r->set.fps && (fps_milli == 0 || r->set.fps * 1000u < fps_milli))
		fps_milli = r->set.fps * 1000u;
	return fps_milli ? 1000000000u / fps_milli : 0;
}

/* A target stays; one that was reckoned from a camera's first pictures, before its rate is known, would be wrong for good. */
static bool has_settled(const struct serve_camera *c, const struct serve_rendition *r, int64_t now_us)
{
	return r->parts.target_ms || frame_us(c, r) || (c->first_us && now_us - c->first_us > RATE_PATIENCE_US);
}

/*
 * A target that players were told already only grows, and only where no parts are held: those of a camera that became slower are too long for the old
 * one, and are none, but one whose rate was misread for a moment (it came back, the machine is busy) goes on with those it has.
 */
static uint16_t part_ms(const struct serve_camera *c, const struct serve_rendition *r)
{
	uint32_t ms = packager_part_target_ms(frame_us(c, r));

	return (uint16_t)(ms > r->parts.target_ms && !serve_parts_any(r) ? ms : r->parts.target_ms);
}

void serve_watch_closely(struct serve *s, struct serve_camera *c, unsigned rendition, unsigned chunk_ms, int64_t now_us)
{
	bool pictures = chunk_ms <= SERVE_PICTURE_MS;
	int64_t *said_us = pictures ? &c->closely_us[rendition].pictures : &c->closely_us[rendition].parts;
	const struct serve_rendition *r = c->rendition[rendition];
	struct msg_watched m = {.camera = c->set.camera, .rendition = (uint8_t)rendition, .chunk_ms = (uint16_t)chunk_ms};

	if (!r || rendition == RENDITION_SNAPSHOT || (*said_us && now_us - *said_us < MSG_WATCHED_US))
		return;
	if (!pictures && !has_settled(c, r, now_us))
		return;
	if (!pictures)
		m.chunk_ms = part_ms(c, r);
	if (channel_say(s->role.parent, MSG_WATCHED, &m, NULL, 0) == 0)
		*said_us = now_us;
}

/* Per macroblock: a second and a frame; kb/s are those of the High profile, a quarter more than Baseline's and Main's. */
static const struct {
	uint8_t level;
	uint32_t per_s, per_frame, kbps;
} levels[] = {
	{10, 1485, 99, 80}, {11, 3000, 396, 240}, {12, 6000, 396, 480}, {13, 11880, 396, 960}, {20, 11880, 396, 2500}, {21, 19800, 792, 5000},
	{22, 20250, 1620, 5000}, {30, 40500, 1620, 12500}, {31, 108000, 3600, 17500}, {32, 216000, 5120, 25000}, {40, 245760, 8192, 25000},
	{41, 245760, 8192, 62500}, {42, 522240, 8704, 62500}, {50, 589824, 22080, 168750}, {51, 983040, 36864, 300000}, {52, 2073600, 36864, 300000},
};

static uint8_t level_of(const struct msg_serve_rendition *set, uint32_t fps_milli)
{
	uint64_t frame = (uint64_t)((set->width + 15) / 16) * ((set->height + 15) / 16);
	uint64_t per_s = (frame * (fps_milli ? fps_milli : FPS_MILLI_USUAL) + 999) / 1000;
	uint64_t kbps = ((uint64_t)set->bitrate_bps + 999) / 1000;
	size_t i = 0, last = sizeof levels / sizeof *levels - 1;

	if (set->profile != SITE_PROFILE_HIGH)
		kbps = kbps * 5 / 4;
	while (i < last && (levels[i].per_frame < frame || levels[i].per_s < per_s || levels[i].kbps < kbps))
		i++;
	return levels[i].level;
}

struct track serve_watch_track(const struct msg_serve_rendition *set, uint32_t fps_milli)
{
	/* profile_idc and the constraint flags (7.4.2.1.1): Main says that it is Main, Baseline that it is constrained. */
	static const struct { uint8_t idc, flags; } profile[] = {
		[SITE_PROFILE_HIGH] = {100, 0}, [SITE_PROFILE_MAIN] = {77, 0x40}, [SITE_PROFILE_BASELINE] = {66, 0xc0}};
	unsigned p = set->profile < sizeof profile / sizeof *profile ? set->profile : SITE_PROFILE_HIGH;

	if (set->fps && (fps_milli == 0 || set->fps * 1000 < fps_milli))
		fps_milli = set->fps * 1000;
	return (struct track){.codec = CODEC_H264, .timescale = 90000, .width = set->width, .height = set->height,
		.profile = profile[p].idc, .compat = profile[p].flags, .level = level_of(set, fps_milli)};
}
