/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/transcoder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/cuts.h"
#include "codec/decoder.h"
#include "codec/encoder.h"
#include "codec/scale.h"
#include "codec/sound.h"
#include "media/packager.h"

struct output {
	struct transcoder_rendition want;
	struct scale *scale;
	struct encoder *encoder;  /* one per epoch */
	bool running;
	uint64_t encoded;
	struct packager packager;
	int64_t due;              /* no picture before this, to keep to want.fps */
	bool key_owed;            /* the segment's first picture was not coded yet */
};

struct transcoder {
	struct transcoder_settings settings;
	struct transcoder_counts counts;
	struct decoder *decoder;  /* NULL: waiting for a track */
	uint64_t epoch;
	bool fed;                 /* an access unit of this epoch was taken */
	bool begun;               /* a picture of this epoch came out, the encoders run */
	uint32_t segment_in;      /* of the access unit fed last */
	struct cuts cuts;
	int64_t last_pts, since_last;  /* its time, and that since the one before it */
	bool snapshot;
	unsigned noutputs;
	struct output output[TRANSCODER_RENDITIONS_MAX];
	struct sound *sound;      /* NULL: not wanted */
};

static bool rendition_is_good(const struct transcoder_rendition *r)
{
	return r->number >= RENDITION_ENCODED && r->number < RENDITION_ENCODED + TRANSCODER_RENDITIONS_MAX && r->fps <= 240 && r->bitrate_bps >= 16000;
}

static int open_output(struct transcoder *t, const struct transcoder_rendition *want, const struct packager_hooks *hooks)
{
	struct output *o = &t->output[t->noutputs];
	int rc;

	if (!rendition_is_good(want))
		return -EINVAL;
	rc = scale_new(&o->scale, want->width, want->height, cpu_best());
	if (rc)
		return rc;
	o->want = *want;
	o->running = !want->on_demand;
	packager_init(&o->packager, hooks, t->settings.part_ms ? t->settings.part_ms : PACKAGER_PART_MS);
	t->noutputs++;
	return 0;
}

int transcoder_new(struct transcoder **ret, const struct transcoder_settings *s,
	int (*emit)(void *ctx, const struct record *r), void *ctx)
{
	struct packager_hooks hooks = {.emit = emit, .ctx = ctx};
	struct transcoder *t;
	int rc = 0;

	if ((s->nrenditions == 0 && !s->sound) || s->nrenditions > TRANSCODER_RENDITIONS_MAX)
		return -EINVAL;
	t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->settings = *s;
	for (unsigned i = 0; i < s->nrenditions && !rc; i++)
		rc = open_output(t, &s->rendition[i], &hooks);
	if (!rc && s->sound)
		rc = sound_new(&t->sound, s->camera, s->part_ms, emit, ctx);
	if (rc)
		transcoder_free(&t);
	else
		*ret = t;
	return rc;
}

void transcoder_free(struct transcoder **tp)
{
	struct transcoder *t = *tp;

	if (!t)
		return;
	for (unsigned i = 0; i < t->noutputs; i++) {
		packager_free(&t->output[i].packager);
		encoder_free(&t->output[i].encoder);
		scale_free(&t->output[i].scale);
	}
	decoder_free(&t->decoder);
	sound_free(&t->sound);
	free(t);
	*tp = NULL;
}

/* An encoder of its own for each epoch: it starts with the picture's colours, and no time of the epoch before. */
static int begin_output(struct transcoder *t, struct output *o, const struct picture *p)
{
	struct encoder_settings s = {.codec = CODEC_H264, .width = o->want.width, .height = o->want.height, .fps = o->want.fps,
		.bitrate_bps = o->want.bitrate_bps, .crf = o->want.crf, .speed = o->want.speed, .profile = o->want.profile, .colour = p->colour};
	int rc;

	if (p->format == PICTURE_GBR)
		s.colour.matrix = 1;
	encoder_free(&o->encoder);
	rc = encoder_open(&o->encoder, &s);
	if (rc)
		return rc;
	o->due = INT64_MIN;
	return packager_begin(&o->packager, t->settings.camera, o->want.number, t->epoch, encoder_track(o->encoder));
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/*
 * Keeps to the rate without drifting: due moves by whole steps. A picture a little early is taken, since timestamps
 * shake, but not one that has a nearer one coming behind it.
 */
static bool is_due(struct output *o, int64_t pts, int64_t since_last, bool key)
{
	int64_t step;

	if (!o->want.fps)
		return true;
	step = TIMESCALE_VIDEO / o->want.fps;
	if (o->due == INT64_MIN || key || pts >= o->due + step)
		o->due = pts + step;
	else if (pts >= o->due - least(step / 4, since_last / 2))
		o->due += step;
	else
		return false;
	return true;
}

static int encode_output(struct transcoder *t, struct output *o, const struct picture *p)
{
	uint64_t dropped = o->packager.dropped_aus;
	struct picture small;
	struct au au;
	int rc;

	if (!is_due(o, p->pts, t->since_last, o->key_owed))
		return 0;
	rc = scale_run(o->scale, p, &small);
	if (rc == -EINVAL) {
		t->counts.errors++;
		return 0;
	}
	if (!rc)
		rc = encoder_encode(o->encoder, &small, o->key_owed, NULL, &au);
	if (rc)
		return rc;
	o->key_owed = false;
	o->encoded++;
	t->counts.encoded++;
	rc = packager_add(&o->packager, &au, t->cuts.segment);
	t->counts.refused += o->packager.dropped_aus - dropped;
	if (rc == -EINVAL) {  /* a time out of bounds */
		t->counts.errors++;
		return 0;
	}
	return rc;
}

static int encode_picture(struct transcoder *t, const struct picture *p, bool behind)
{
	bool cut = cuts_reach(&t->cuts, p->pts);
	int rc = 0;

	t->counts.pictures++;
	t->since_last = p->pts - t->last_pts;
	t->last_pts = p->pts;
	if (!t->cuts.in_segment)  /* shown before the stream's first access unit: belongs to nothing */
		return 0;
	if (behind && !cut && t->begun) {
		t->counts.behind++;
		return 0;
	}
	for (unsigned i = 0; i < t->noutputs && !rc; i++) {
		struct output *o = &t->output[i];

		if (!o->running || (!o->encoder && !cut))
			continue;
		if (!o->encoder)
			rc = begin_output(t, o, p);
		o->key_owed |= cut;
		if (!rc)
			rc = encode_output(t, o, p);
	}
	t->begun = true;
	return rc;
}

static int take_pictures(struct transcoder *t, bool behind)
{
	struct picture p;
	int rc = 0;

	while (!rc && decoder_picture(t->decoder, &p))
		rc = encode_picture(t, &p, behind);
	return rc;
}

static int end_output(struct output *o)
{
	int rc = o->encoder ? packager_flush(&o->packager) : 0;

	encoder_free(&o->encoder);
	return rc;
}

static int finish_pictures(struct transcoder *t)
{
	int rc = 0, rc_flush;

	if (t->decoder) {
		decoder_drain(t->decoder);
		rc = take_pictures(t, false);
	}
	for (unsigned i = 0; i < t->noutputs; i++) {
		rc_flush = end_output(&t->output[i]);
		rc = rc ? rc : rc_flush;
	}
	decoder_free(&t->decoder);
	t->fed = t->begun = false;
	t->cuts = (struct cuts){0};
	return rc;
}

int transcoder_finish(struct transcoder *t)
{
	int rc = finish_pictures(t), rc_sound = t->sound ? sound_finish(t->sound) : 0;

	return rc ? rc : rc_sound;
}

static const char *why_not(int rc)
{
	switch (rc) {
	case -ENOTSUP:
		return "neither H.264 nor H.265";
	case -E2BIG:
		return "the picture is larger than is decoded";
	default:
		return "unreadable parameter sets";
	}
}

static int feed_track(struct transcoder *t, const struct record_track *r, const char **why)
{
	int rc;

	if (!codec_is_video(r->track.codec))
		return t->sound ? sound_track(t->sound, r, why) : 0;
	if (t->noutputs == 0)
		return 0;
	rc = finish_pictures(t);
	if (rc)
		return rc;
	t->epoch = r->epoch;
	rc = decoder_open(&t->decoder, &r->track, t->settings.max_pixels);
	if (!rc || rc == -ENOMEM)
		return rc;
	*why = why_not(rc);
	return -ENOTSUP;
}

/*
 * Segments that are missing here were dropped on the way. The decoder goes on: ingest resumes at a key frame, or when the
 * camera sends none for long, and then what it remembers is the best there is to conceal with.
 */
static void follow_segment(struct transcoder *t, const struct record_au *r)
{
	if (t->fed && r->segment == t->segment_in)
		return;
	cuts_add(&t->cuts, r->au.pts, r->segment);
	t->segment_in = r->segment;
	t->fed = true;
}

static int feed_au(struct transcoder *t, const struct record_au *r, bool behind)
{
	int rc;

	if (r->audio && t->sound)
		return sound_feed(t->sound, r);

	if (r->audio || !t->decoder || r->epoch != t->epoch || (t->fed && r->segment < t->segment_in)) {
		t->counts.skipped_aus++;
		return 0;
	}
	t->counts.aus++;
	follow_segment(t, r);
	rc = decoder_feed(t->decoder, &r->au);
	if (rc == -ENOMEM)
		return rc;
	if (rc)
		t->counts.errors++;
	return take_pictures(t, behind);
}

int transcoder_feed(struct transcoder *t, const struct record *r, bool behind, const char **why)
{
	switch (r->kind) {
	case RECORD_TRACK:
		return feed_track(t, &r->track, why);
	case RECORD_AU:
		return feed_au(t, &r->au, behind);
	case RECORD_GAP:
		return transcoder_finish(t);
	default:
		return 0;
	}
}

int transcoder_run(struct transcoder *t, unsigned rendition, bool run)
{
	for (unsigned i = 0; i < t->noutputs; i++) {
		struct output *o = &t->output[i];

		if (o->want.number != rendition)
			continue;
		o->running = run || !o->want.on_demand;
		return o->running ? 0 : end_output(o);
	}
	return -ENOENT;
}

void transcoder_state(const struct transcoder *t, struct transcoder_state *ret)
{
	*ret = (struct transcoder_state){.snapshot = t->snapshot, .nrenditions = t->noutputs};
	for (unsigned i = 0; i < t->noutputs; i++)
		ret->rendition[i] = (struct transcoder_rendition_state){.number = t->output[i].want.number,
			.running = t->output[i].running, .encoded = t->output[i].encoded};
}

struct transcoder_counts transcoder_counts(const struct transcoder *t)
{
	struct transcoder_counts c = t->counts;

	if (t->sound)
		c.sound = sound_counts(t->sound);
	return c;
}
