/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "camera/source.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/rd.h"
#include "camera/param_sets.h"
#include "camera/scene.h"
#include "camera/tone.h"
#include "codec/encoder.h"

#define BIT_RATE 4000000  /* a cap: the scene needs far less */
#define LATE_US 500000    /* later than this, frames are left out */
#define US 1000000

struct scene_source {
	struct source base;
	struct scene *scene;
	struct encoder *encoder;
	struct tone *tone;       /* NULL without sound */
	unsigned fps;
	int64_t frame, sound;    /* numbers of the next picture and audio frame */
	bool key;
	struct buf sets, unit;   /* parameter sets; a key frame behind them */
};

static int64_t frame_us(const struct scene_source *s)
{
	return s->frame * US / s->fps;
}

static int64_t sound_us(const struct scene_source *s)
{
	return s->tone ? s->sound * TONE_FRAME * US / TONE_RATE : INT64_MAX;
}

static int start(struct source *base, int64_t media_us)
{
	struct scene_source *s = (struct scene_source *)base;

	s->frame = (media_us * s->fps + US - 1) / US;
	s->sound = (media_us * TONE_RATE / TONE_FRAME + US - 1) / US;
	s->key = true;
	return 0;
}

static int64_t due_us(const struct source *base)
{
	const struct scene_source *s = (const struct scene_source *)base;

	return frame_us(s) < sound_us(s) ? frame_us(s) : sound_us(s);
}

static void ask_key(struct source *base)
{
	((struct scene_source *)base)->key = true;
}

static int next_picture(struct scene_source *s, int64_t wall_us, struct source_unit *ret)
{
	struct source_unit unit = {.track = 0, .due_us = frame_us(s)};
	struct picture picture;
	int e;

	scene_draw(s->scene, (uint64_t)s->frame, s->fps, wall_us, &picture);
	picture.pts = s->frame * TIMESCALE_VIDEO / s->fps;
	e = encoder_encode(s->encoder, &picture, s->key || s->frame % s->fps == 0, NULL, &unit.au);
	if (e)
		return e;
	s->frame++;
	if (unit.au.key) {
		buf_clear(&s->unit);
		e = buf_append(&s->unit, buf_data(&s->sets), s->sets.len);
		if (!e)
			e = buf_append(&s->unit, unit.au.data, unit.au.len);
		if (e)
			return e;
		unit.au.data = buf_data(&s->unit);
		unit.au.len = s->unit.len;
		s->key = false;
	}
	*ret = unit;
	return 0;
}

static int next_sound(struct scene_source *s, int64_t media_us, int64_t wall_us, struct source_unit *ret)
{
	struct source_unit unit = {.track = 1, .due_us = sound_us(s)};
	int e;

	unit.au.pts = unit.au.dts = s->sound * TONE_FRAME;
	unit.au.capture_us = wall_us - media_us + unit.due_us;
	unit.au.key = true;
	e = tone_frame(s->tone, s->sound, unit.au.capture_us, &unit.au.data, &unit.au.len);
	if (e)
		return e;
	s->sound++;
	*ret = unit;
	return 0;
}

static int next(struct source *base, int64_t media_us, int64_t wall_us, struct source_unit *ret)
{
	struct scene_source *s = (struct scene_source *)base;

	if (media_us - due_us(base) > LATE_US)
		start(base, media_us);
	return sound_us(s) < frame_us(s) ? next_sound(s, media_us, wall_us, ret) : next_picture(s, wall_us, ret);
}

static void scene_source_free(struct source *base)
{
	struct scene_source *s = (struct scene_source *)base;

	scene_free(&s->scene);
	encoder_free(&s->encoder);
	tone_free(&s->tone);
	buf_free(&s->sets);
	buf_free(&s->unit);
	free(s);
}

static const struct source_ops scene_ops = {start, due_us, ask_key, next, scene_source_free};

static int open_parts(struct scene_source *s, const struct source_scene_settings *settings)
{
	struct encoder_settings encoding = {
		.codec = CODEC_H264,
		.width = settings->width, .height = settings->height, .fps = settings->fps,
		.bitrate_bps = BIT_RATE, .speed = ENCODER_SUPERFAST,
	};
	int e = scene_new(&s->scene, settings->width, settings->height, settings->name);

	if (!e)
		e = encoder_open(&s->encoder, &encoding);
	if (e)
		return e;
	s->base.track[0] = *encoder_track(s->encoder);
	e = param_sets_from_config(s->base.track[0].config, s->base.track[0].config_len, &s->sets);
	if (!e && settings->sound)
		e = tone_new(&s->tone, &s->base.track[1]);
	s->base.ntracks = s->tone ? 2 : 1;
	return e;
}

int source_open_scene(struct source **ret, const struct source_scene_settings *settings)
{
	struct scene_source *s;
	int e;

	if (!settings->fps || settings->fps > SOURCE_FPS_MAX)
		return -EINVAL;
	s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->base.ops = &scene_ops;
	s->fps = settings->fps;
	buf_init(&s->sets, PARAM_SETS_MAX);
	buf_init(&s->unit, AU_MAX_BYTES + PARAM_SETS_MAX);
	e = open_parts(s, settings);
	if (e)
		scene_source_free(&s->base);
	else
		*ret = &s->base;
	return e;
}
