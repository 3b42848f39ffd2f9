/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/sound.h"

#include <errno.h>
#include <libavutil/mem.h>
#include <libavutil/sha.h>
#include <stdlib.h>
#include <string.h>

#include "codec/aac_encoder.h"
#include "codec/cuts.h"
#include "codec/fit.h"
#include "codec/pcm.h"
#include "media/packager.h"

#define SUMS_MAX 16          /* segments that the encoder is still to reach the end of */
#define MISSED_MAX 16        /* segments without sound that silence is shared out to */

struct sum {
	uint32_t segment;
	uint8_t sha256[32];
};

struct sound {
	uint16_t camera;
	int (*emit)(void *ctx, const struct record *r);
	void *ctx;
	struct sound_counts counts;

	bool open;                   /* a track is being decoded */
	uint64_t epoch;
	struct track track;
	struct pcm *pcm;
	struct fit fit;
	struct aac_encoder *encoder;
	struct packager packager;
	uint32_t part_ms;            /* so long as nobody watches closely */
	bool begun;                  /* the packager has its init segment */

	bool fed;                    /* an access unit of this epoch was taken; then: */
	uint32_t segment_in;         /* the last one's segment */
	int64_t pts_in, capture_us;  /* its time, on both clocks */
	struct cuts cuts;
	struct AVSHA *sha;           /* over segment_in */
	struct sum sum[SUMS_MAX];    /* of the segments before it */
	unsigned nsums;
};

static int emit(void *ctx, const struct record *r)
{
	struct sound *s = ctx;

	return s->emit(s->ctx, r);
}

/* What came of a segment. The one under way is looked at without ending it. */
static void sum_of(void *ctx, uint8_t ret[32])
{
	struct sound *s = ctx;
	uint32_t segment = s->packager.segment;
	struct AVSHA *copy;

	for (unsigned i = 0; i < SUMS_MAX && i < s->nsums; i++)
		if (s->sum[i].segment == segment) {
			memcpy(ret, s->sum[i].sha256, 32);
			return;
		}
	copy = av_memdup(s->sha, (size_t)av_sha_size);
	if (!copy)
		return;
	if (segment != s->segment_in)  /* all silence */
		av_sha_init(copy, 256);
	av_sha_final(copy, ret);
	av_free(copy);
}

static void end_sum(struct sound *s)
{
	struct sum *sum = &s->sum[s->nsums++ % SUMS_MAX];

	sum->segment = s->segment_in;
	av_sha_final(s->sha, sum->sha256);
	av_sha_init(s->sha, 256);
}

static void add_to_sum(struct sound *s, const struct au *au)
{
	uint8_t prefix[4] = {(uint8_t)(au->len >> 24), (uint8_t)(au->len >> 16), (uint8_t)(au->len >> 8), (uint8_t)au->len};

	av_sha_update(s->sha, prefix, sizeof prefix);
	av_sha_update(s->sha, au->data, au->len);
}

int sound_new(struct sound **ret, uint16_t camera, uint32_t part_ms, int (*to)(void *ctx, const struct record *r), void *ctx)
{
	struct sound *s = calloc(1, sizeof *s);
	struct packager_hooks hooks = {.emit = emit, .source = sum_of, .ctx = s};

	if (!s)
		return -ENOMEM;
	s->camera = camera;
	s->emit = to;
	s->ctx = ctx;
	s->sha = av_sha_alloc();
	if (!s->sha) {
		free(s);
		return -ENOMEM;
	}
	av_sha_init(s->sha, 256);
	s->part_ms = part_ms ? part_ms : PACKAGER_PART_MS;
	packager_init(&s->packager, &hooks, s->part_ms);
	*ret = s;
	return 0;
}

void sound_part(struct sound *s, uint32_t part_ms)
{
	packager_set_part(&s->packager, part_ms ? part_ms : s->part_ms);
}

void sound_free(struct sound **sp)
{
	struct sound *s = *sp;

	if (!s)
		return;
	packager_free(&s->packager);
	aac_encoder_free(&s->encoder);
	pcm_free(&s->pcm);
	av_free(s->sha);
	free(s);
	*sp = NULL;
}

/* The wall clock at a time near that of the newest access unit. */
static int64_t capture_at(const struct sound *s, int64_t pts)
{
	int64_t at = s->capture_us + (pts - s->pts_in) * 1000000 / (int64_t)s->track.rate;

	return at < 0 ? 0 : at;
}

static int package(struct sound *s, struct au *au)
{
	uint64_t dropped = s->packager.dropped_aus;
	int rc = 0;

	cuts_reach(&s->cuts, au->pts);
	au->capture_us = capture_at(s, au->pts);
	if (!s->begun)
		rc = packager_begin(&s->packager, s->camera, RENDITION_AUDIO, s->epoch, aac_encoder_track(s->encoder));
	s->begun = true;
	if (!rc)
		rc = packager_add(&s->packager, au, s->cuts.segment);
	s->counts.encoded++;
	s->counts.refused += s->packager.dropped_aus - dropped;
	if (rc == -EINVAL) {  /* a time out of bounds */
		s->counts.errors++;
		return 0;
	}
	return rc;
}

static int take_frames(struct sound *s)
{
	struct au au;
	int rc = 0;

	while (!rc && aac_encoder_get(s->encoder, &au))
		rc = package(s, &au);
	return rc;
}

static int on_block(void *ctx, int64_t pts, const int16_t *samples)
{
	struct sound *s = ctx;
	int rc = aac_encoder_put(s->encoder, pts, samples);

	return rc ? rc : take_frames(s);
}

/* The encoder's last frames. It can take nothing after them. */
static int end_encoder(struct sound *s)
{
	int rc = fit_end(&s->fit), rc_flush = 0;

	if (!rc && s->fed)
		rc = aac_encoder_put(s->encoder, s->fit.next, NULL);
	if (!rc && s->fed)
		rc = take_frames(s);
	s->counts.silence += s->fit.silence;
	s->counts.left_out += s->fit.left_out;
	s->fit.silence = s->fit.left_out = 0;
	aac_encoder_free(&s->encoder);
	if (s->begun)
		rc_flush = packager_flush(&s->packager);
	s->begun = false;
	return rc ? rc : rc_flush;
}

static int begin_encoder(struct sound *s)
{
	int rc = aac_encoder_open(&s->encoder, s->track.rate, s->track.channels);

	if (!rc)
		fit_init(&s->fit, s->track.rate, s->track.channels, on_block, s);
	return rc;
}

int sound_finish(struct sound *s)
{
	int rc = s->open ? end_encoder(s) : 0;

	pcm_free(&s->pcm);
	av_sha_init(s->sha, 256);
	s->open = s->fed = false;
	s->cuts = (struct cuts){0};
	s->nsums = 0;
	return rc;
}

static int open_track(struct sound *s, const struct track *t, const char **why)
{
	int rc = pcm_open(&s->pcm, t);

	if (rc == -ENOTSUP)
		*why = "sound in a form that is not known";
	if (rc)
		return rc;
	s->track = *t;
	rc = begin_encoder(s);
	if (rc == -EINVAL) {
		*why = "sound at a rate that AAC does not have";
		rc = -ENOTSUP;
	}
	if (rc)
		pcm_free(&s->pcm);
	return rc;
}

int sound_track(struct sound *s, const struct record_track *t, const char **why)
{
	int rc = sound_finish(s);

	if (!rc)
		rc = open_track(s, &t->track, why);
	s->epoch = t->epoch;
	s->open = !rc;
	return rc;
}

/* Segments that had no sound at all share the silence that stands for it. */
static void share_out(struct sound *s, const struct record_au *a)
{
	uint32_t missed = a->segment - s->segment_in;
	int64_t from = s->fit.next, gap = a->au.pts - from;

	if (missed > MISSED_MAX || gap <= 0 || gap > (int64_t)s->track.rate * FIT_SILENCE_MAX_S)
		return;
	for (uint32_t i = 1; i < missed; i++)
		cuts_add(&s->cuts, from + gap * i / missed, s->segment_in + i);
}

static void follow_segment(struct sound *s, const struct record_au *a)
{
	if (s->fed && a->segment == s->segment_in)
		return;
	if (s->fed) {
		end_sum(s);
		share_out(s, a);
	}
	cuts_add(&s->cuts, a->au.pts, a->segment);
	s->segment_in = a->segment;
}

static void anchor(struct sound *s, const struct au *au)
{
	s->pts_in = au->pts;
	s->capture_us = au->capture_us;
	s->fed = true;
}

/* After a hole that is too long to be filled the next frames stand alone, as at an epoch's beginning. */
static int pass_hole(struct sound *s)
{
	int rc = end_encoder(s);

	if (!rc)
		rc = begin_encoder(s);
	return rc == -EINVAL ? -EIO : rc;
}

int sound_feed(struct sound *s, const struct record_au *a)
{
	const int16_t *samples;
	size_t n;
	int rc;

	if (!s->open || a->epoch != s->epoch || (s->fed && (a->segment < s->segment_in || a->au.pts < s->pts_in))) {
		s->counts.skipped_aus++;
		return 0;
	}
	s->counts.aus++;
	rc = pcm_decode(s->pcm, a->au.data, a->au.len, &samples, &n);
	if (rc == -EBADMSG) {
		s->counts.errors++;
		return 0;
	}
	if (rc)
		return rc;
	follow_segment(s, a);
	add_to_sum(s, &a->au);
	if (!s->fed)
		anchor(s, &a->au);
	rc = fit_add(&s->fit, a->au.pts, samples, n);
	if (rc == -ERANGE) {
		rc = pass_hole(s);
		anchor(s, &a->au);
		if (!rc)
			rc = fit_add(&s->fit, a->au.pts, samples, n);
	}
	anchor(s, &a->au);
	return rc;
}

struct sound_counts sound_counts(const struct sound *s)
{
	struct sound_counts c = s->counts;

	c.silence += s->fit.silence;
	c.left_out += s->fit.left_out;
	return c;
}
