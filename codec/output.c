/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOVING_PART 16  /* more than one block in so many has changed: all of it may have */
#define CHANGING_PART 128  /* more than one in so many: something goes on */
#define NOTICE_MAX 64
#define MENDED_MAX 4  /* by then it is longer than any part */

static bool rendition_is_good(const struct transcoder_rendition *r)
{
	return r->number >= RENDITION_ENCODED && r->number < RENDITION_ENCODED + TRANSCODER_RENDITIONS_MAX && r->fps <= 240 &&
		r->bitrate_bps >= 16000 && r->crf <= 51 && r->latency < ENCODER_LATENCIES && r->profile < ENCODER_PROFILES &&
		r->speed < ENCODER_SPEEDS && r->priority <= 9 && r->width >= SCALE_MIN && r->width <= SCALE_MAX && r->width % 2 == 0 &&
		r->height >= SCALE_MIN && r->height <= SCALE_MAX && r->height % 2 == 0;
}

static void ask(void *ctx, const struct media_signing_gop *gop)
{
	const struct output *o = ctx;

	o->settings->ask(o->settings->ask_ctx, o->want.number, gop);
}

int output_init(struct output *o, const struct transcoder_rendition *want, const struct transcoder_settings *s, const struct packager_hooks *hooks)
{
	if (!rendition_is_good(want) || (want->sign && !s->ask))
		return -EINVAL;
	*o = (struct output){.want = *want, .settings = s, .running = !want->on_demand};
	o->part_ms = s->part_ms ? s->part_ms : PACKAGER_PART_MS;
	packager_init(&o->packager, hooks, o->part_ms);
	return want->sign ? gop_signer_new(&o->signer, &(struct gop_signer_hooks){ask, o}) : 0;
}

void output_part(struct output *o, uint32_t part_ms)
{
	uint32_t close_ms = part_ms && part_ms < OUTPUT_CLOSE_LEAST_MS ? OUTPUT_CLOSE_LEAST_MS : part_ms;

	if (close_ms && !o->close_90k)
		o->part_pts = INT64_MAX;  /* with the next picture */
	o->close_90k = close_ms * (TIMESCALE_VIDEO / 1000);
	packager_set_part(&o->packager, part_ms ? part_ms : o->part_ms);
}

/* What only one that has begun needs. */
static void give_back(struct output *o)
{
	encoder_free(&o->encoder);
	scale_free(&o->scale);
	denoise_free(&o->denoise);
	changes_free(&o->changes);
	overlay_free(&o->overlay);
	frame_free(&o->written);
	free(o->still);
	o->still = NULL;
}

void output_free(struct output *o)
{
	give_back(o);
	gop_signer_free(&o->signer);
	packager_free(&o->packager);
}

/* An encoder of its own for each epoch: it starts with the picture's colours, and no time of the epoch before. */
static int open_encoder(struct output *o, const struct output_picture *p)
{
	const struct transcoder_rendition *r = &o->want;
	struct encoder_settings s = {.codec = CODEC_H264, .width = r->width, .height = r->height,
		.fps = r->fps && (!p->fps || r->fps < p->fps) ? r->fps : p->fps, .bitrate_bps = r->bitrate_bps, .crf = r->crf,
		.speed = r->speed, .latency = r->latency, .profile = r->profile, .colour = p->lane.picture.colour};

	if (p->lane.picture.format == PICTURE_GBR)
		s.colour.matrix = 1;
	return encoder_open(&o->encoder, &s);
}

static int open_kernels(struct output *o)
{
	enum cpu_level cpu = o->settings->cpu;
	int rc = scale_new(&o->scale, o->want.width, o->want.height, cpu);

	if (!rc)
		rc = changes_new(&o->changes, o->want.width, o->want.height, cpu);
	if (!rc)
		o->still = malloc(changes_blocks(o->changes));
	return rc ? rc : o->still ? 0 : -ENOMEM;
}

int output_set_parent(struct output *o, struct output *parent)
{
	bool clean = !parent && o->settings->denoise != DENOISE_OFF && output_has_begun(o);

	o->parent = parent;
	o->agrees = INT64_MIN;
	if (!clean)
		denoise_free(&o->denoise);
	if (!clean || o->denoise)
		return 0;
	return denoise_new(&o->denoise, o->want.width, o->want.height, o->settings->denoise, o->settings->cpu);
}

int output_begin(struct output *o, const struct output_picture *p)
{
	int rc;

	if (output_has_begun(o))
		return 0;
	rc = open_encoder(o, p);
	if (!rc)
		rc = open_kernels(o);
	if (!rc)
		rc = output_set_parent(o, o->parent);
	if (!rc)
		rc = packager_begin(&o->packager, o->settings->camera, o->want.number, p->epoch, encoder_track(o->encoder));
	if (rc) {
		give_back(o);
		return rc;
	}
	if (o->signer)
		gop_signer_begin(o->signer);
	o->cuts = (struct cuts){0};
	o->due = o->coded_pts = o->agrees = INT64_MIN;
	o->whole_pts = p->lane.picture.pts;
	o->coded_second = -1;
	o->key_owed = true;
	o->noticed = o->same = false;
	o->mended = 0;
	o->made_number = o->judged_number = 0;
	return 0;
}

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* From picture to picture at the rate that is to be kept to; 0: any rate. */
static int64_t wanted_step(const struct output *o, const struct output_picture *p)
{
	int64_t step = o->want.fps ? TIMESCALE_VIDEO / o->want.fps : 0;

	if (p->fps_step)
		step = most(step, p->fps ? TIMESCALE_VIDEO / p->fps : p->lane.step) << p->fps_step;
	return step;
}

/*
 * Keeps to the rate without drifting: due moves by whole steps. A picture a little early is taken, since timestamps
 * shake, but not one that has a nearer one coming behind it.
 */
static bool is_due(struct output *o, const struct output_picture *p)
{
	int64_t step = wanted_step(o, p), pts = p->lane.picture.pts;

	if (step == 0)
		return true;
	if (o->due == INT64_MIN || o->key_owed || pts >= o->due + step)
		o->due = pts + step;
	else if (pts >= o->due - least(step / 4, p->lane.step / 2))
		o->due += step;
	else
		return false;
	return true;
}

static struct output *root_of(struct output *o)
{
	while (o->parent)
		o = o->parent;
	return o;
}

static int64_t second_of(const struct output_picture *p)
{
	return p->lane.picture.capture_us / 1000000;
}

/* Before it would be too late, as with the longest that a picture may stand. */
static bool must_mend(const struct output *o, const struct output_picture *p)
{
	int64_t next = p->lane.picture.pts + most(p->lane.step, wanted_step(o, p));

	return next - o->whole_pts > (int64_t)OUTPUT_MEND_90K << o->mended;
}

/* Where somebody watches closely each part begins with a picture, so that it lasts neither longer nor much shorter than is said of parts. */
static bool begins_part(const struct output *o, const struct output_picture *p)
{
	int64_t next = p->lane.picture.pts + most(p->lane.step, wanted_step(o, p));

	return o->close_90k && (o->key_owed || o->part_pts > p->lane.picture.pts || next - o->part_pts > o->close_90k);
}

/* Whether it is to be coded whatever is in it. */
static bool must_code(const struct output *o, const struct output_picture *p)
{
	uint32_t part_ms = o->part_ms < 1000 ? o->part_ms : 1000;
	int64_t longest = o->want.latency == ENCODER_NORMAL ? OUTPUT_STILL_NORMAL_90K : (int64_t)part_ms * (TIMESCALE_VIDEO / 1000);
	int64_t next = p->lane.picture.pts + most(p->lane.step, wanted_step(o, p));

	return begins_part(o, p) || o->key_owed || p->lane.blind_since_us || o->noticed || o->coded_pts == INT64_MIN || next - o->coded_pts > longest || must_mend(o, p) ||
		(o->settings->overlay && second_of(p) != o->coded_second);
}

/* Scaled, for itself and those below it: once a picture. */
static int make(struct output *o, const struct output_picture *p)
{
	const struct picture *from = &p->lane.picture;
	int rc = 0;

	if (o->made_number == p->number)
		return 0;
	if (o->parent) {
		rc = make(o->parent, p);
		from = &o->parent->made;
	}
	if (!rc)
		rc = scale_run(o->scale, from, &o->made);
	if (rc)
		return rc;
	if (o->denoise && !p->lane.blind_since_us) {
		struct picture noisy = o->made;

		denoise_run(o->denoise, &noisy, &o->made);
	}
	o->made_number = p->number;
	return 0;
}

/* In its root nothing is new, and what was coded of it last is what was coded last of that one. */
static bool nothing_new_above(struct output *o, const struct output_picture *p)
{
	const struct output *root = root_of(o);

	return root != o && root->judged_number == p->number && root->same && o->agrees != INT64_MIN && o->agrees == root->coded_pts;
}

/* The blocks that lie below changing text: it stands in the top eighth, and is never higher than two blocks of a low picture. */
static void clear_top(struct output *o)
{
	unsigned across = (o->want.width + 15) / 16, rows = o->want.height / 128 + 1;
	size_t n = (size_t)across * (rows < 2 ? 2 : rows), all = changes_blocks(o->changes);

	memset(o->still, 0, n < all ? n : all);
}

/* Text goes onto a copy: others are scaled from the picture, and it is compared without. */
static int write_text(struct output *o, const struct output_picture *p, struct picture *ret)
{
	char text[OVERLAY_TIME + 2 * TRANSCODER_NAME + 4], notice[NOTICE_MAX], time[OVERLAY_TIME];
	int rc = 0;

	if (!o->overlay)
		rc = overlay_new(&o->overlay, o->want.width, o->want.height, o->settings->cpu);
	if (!rc && !o->written)
		rc = frame_new(&o->written, o->want.width, o->want.height);
	if (rc)
		return rc;
	frame_copy(o->written, &o->made);
	if (o->settings->overlay) {
		overlay_time(p->lane.picture.capture_us, time);
		snprintf(text, sizeof text, "%s  %s  %s", time, o->settings->name, o->settings->site);
		overlay_draw(o->overlay, o->written, OVERLAY_TOP, text);
	}
	if (p->lane.blind_since_us) {
		overlay_time(p->lane.blind_since_us, time);
		snprintf(notice, sizeof notice, "NO PICTURE SINCE %s", time);
		overlay_draw(o->overlay, o->written, OVERLAY_MIDDLE, notice);
	}
	*ret = o->written->picture;
	return 0;
}

static int package(struct output *o, const struct au *au)
{
	uint64_t dropped = o->packager.dropped_aus;
	struct au sent = *au;
	int rc;

	if (o->signer && gop_signer_add(o->signer, au, &sent))
		o->errors++;  /* it goes without */
	cuts_reach(&o->cuts, au->pts);
	o->sent = true;
	o->sent_epoch = o->packager.epoch;
	o->sent_segment = o->cuts.segment;
	rc = packager_add(&o->packager, &sent, o->cuts.segment);
	o->refused += o->packager.dropped_aus - dropped;
	if (rc == -EINVAL) {  /* a time out of bounds */
		o->errors++;
		return 0;
	}
	return rc;
}

static int encode(struct output *o, const struct output_picture *p, const uint8_t *still)
{
	struct picture picture = o->made;
	struct au au;
	int rc = 0;

	if (o->settings->overlay || p->lane.blind_since_us)
		rc = write_text(o, p, &picture);
	if (rc)
		return rc;
	picture.pts = p->lane.picture.pts;
	picture.capture_us = p->lane.picture.capture_us;
	if (o->key_owed)
		cuts_add(&o->cuts, picture.pts, p->lane.segment);
	rc = encoder_encode(o->encoder, &picture, o->key_owed, still, &au);
	if (rc && rc != -EAGAIN)
		return rc;
	o->encoded++;
	return rc ? 0 : package(o, &au);
}

static void follow_mending(struct output *o, const struct output_picture *p, bool whole, unsigned changed)
{
	if (whole) {
		o->mended = o->key_owed ? 0 : o->mended + (o->mended < MENDED_MAX);
		o->whole_pts = p->lane.picture.pts;
	} else if (o->mended > OUTPUT_MEND_CHANGING && changed > changes_blocks(o->changes) / CHANGING_PART) {
		o->mended = OUTPUT_MEND_CHANGING;
	}
}

/*
 * Of a still scene the SSIM to what it is without noise was 0.9844 with a picture a second that was hinted, 0.9859 with two that were
 * not, and is 0.988 with those that mend: within 0.002 of coding every picture, at half its bits.
 * Without hints goes one in which much moves, too: where a camera swings flat places look still, and held back they cost 15 %
 * more bits than they save.
 */
static int code(struct output *o, const struct output_picture *p, const uint8_t *still, unsigned changed)
{
	bool moving = changed > changes_blocks(o->changes) / MOVING_PART, mend = !moving && (o->same || must_mend(o, p));
	bool whole = o->key_owed || o->noticed || p->lane.blind_since_us || mend || moving;
	int rc;

	if (mend)
		encoder_mend(o->encoder);
	follow_mending(o, p, o->key_owed || (whole && !moving), changed);
	memcpy(o->still, still, changes_blocks(o->changes));
	if (o->settings->overlay && second_of(p) != o->coded_second)
		clear_top(o);
	rc = encode(o, p, whole ? NULL : o->still);
	if (rc)
		return rc;
	if (begins_part(o, p))
		o->part_pts = p->lane.picture.pts;
	changes_coded(o->changes, &o->made, whole);
	o->key_owed = false;
	o->noticed = p->lane.blind_since_us;
	o->coded_pts = p->lane.picture.pts;
	o->coded_second = second_of(p);
	o->same = true;
	return 0;
}

/* Looks at it, and codes it if there is anything new. */
static int judge(struct output *o, const struct output_picture *p)
{
	const struct output *root = root_of(o);
	unsigned changed;
	const uint8_t *still;
	int rc = 0;

	changed = changes_find(o->changes, &o->made, &still);
	o->same = changed == 0;
	o->judged_number = p->number;
	if (o->same && !must_code(o, p)) {
		o->same_count++;
		return 0;
	}
	rc = code(o, p, still, changed);
	if (!rc)
		o->agrees = root->judged_number == p->number && root->same ? root->coded_pts : INT64_MIN;
	return rc;
}

int output_add(struct output *o, const struct output_picture *p)
{
	int rc;

	o->key_owed |= p->lane.cut;
	if (!o->key_owed && (p->only_cuts || p->behind)) {
		o->behind_count++;
		return 0;
	}
	if (!is_due(o, p))
		return 0;
	if (!must_code(o, p) && nothing_new_above(o, p)) {
		o->same_count++;
		return 0;
	}
	rc = make(o, p);
	if (rc == -EINVAL) {
		o->errors++;
		return 0;
	}
	return rc ? rc : judge(o, p);
}

int output_end(struct output *o)
{
	struct au au;
	int rc = 0, rc_flush;

	if (!output_has_begun(o))
		return 0;
	while (!rc && encoder_drain(o->encoder, &au) == 0)
		rc = package(o, &au);
	rc_flush = packager_flush(&o->packager);
	give_back(o);
	return rc ? rc : rc_flush;
}
