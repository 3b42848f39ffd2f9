/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/transcoder.h"

#include <errno.h>
#include <stdlib.h>

#include "codec/backlog.h"
#include "codec/ladder.h"
#include "codec/lane.h"
#include "codec/sets.h"
#include "codec/snapshot.h"
#include "codec/starts.h"
#include "codec/sound.h"

/*
 * Luma samples that are decoded at once for one that begins: two segments of two seconds at 1080p25. It is one step of the worker, about two
 * seconds of a core where it is encoded at its full size; for much longer the parent would take the worker to be stuck.
 */
#define CATCH_UP_SAMPLES (250u * 1000 * 1000)
#define LOOK_PICTURES 2  /* key frames that are enough to say that all is well: one alone cannot be frozen */
#define KEYED 2  /* segments in a row that begin with key frames: the next ones will too */

/* What is decoded: nothing, the key frames that begin segments, everything. */
enum need { NEED_NOTHING, NEED_STARTS, NEED_ALL };

struct transcoder {
	struct transcoder_settings settings;
	struct transcoder_counts counts;
	bool has_track;           /* one that can be decoded */
	struct track track;
	uint64_t epoch;
	bool fed;                 /* an access unit of this epoch was taken */
	uint32_t segment_in;      /* of the access unit fed last */
	unsigned keyed;           /* segments in a row that began with a key frame */
	struct lane *lane;        /* NULL: nothing is needed, or there is no track */
	uint64_t lane_errors;     /* of those that are no more */
	struct backlog backlog;   /* while a rendition on demand does not run */
	struct ladder ladder;
	bool snapshot_runs;
	struct snapshot *snapshot;
	struct starts starts;     /* of which it is made when it begins to run */
	struct look { bool over; int64_t again_pts; uint64_t from; } look;  /* at the scene; from: ladder.looked as it began */
	struct sound *sound;      /* NULL: not wanted */
};

static int open_all(struct transcoder *t, int (*emit)(void *ctx, const struct record *r), void *ctx)
{
	struct packager_hooks hooks = {.emit = emit, .ctx = ctx};
	int rc = ladder_init(&t->ladder, &t->settings, &hooks);

	if (!rc)
		rc = snapshot_new(&t->snapshot, t->settings.camera, t->settings.cpu, emit, ctx);
	if (!rc && t->settings.sound)
		rc = sound_new(&t->sound, t->settings.camera, t->settings.part_ms, emit, ctx);
	return rc;
}

static bool settings_are_good(const struct transcoder_settings *s)
{
	if (s->nrenditions > TRANSCODER_RENDITIONS_MAX || s->nmasks > MASKS_MAX || s->denoise >= DENOISE_STRENGTHS || s->cpu > cpu_best())
		return false;
	for (unsigned i = 0; i < s->nmasks; i++)
		if (!mask_is_good(&s->mask[i]))
			return false;
	return true;
}

int transcoder_new(struct transcoder **ret, const struct transcoder_settings *s,
	int (*emit)(void *ctx, const struct record *r), void *ctx)
{
	struct transcoder *t;
	int rc;

	if (!settings_are_good(s))
		return -EINVAL;
	t = calloc(1, sizeof *t);
	if (!t)
		return -ENOMEM;
	t->settings = *s;
	backlog_init(&t->backlog);
	starts_init(&t->starts);
	rc = open_all(t, emit, ctx);
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
	ladder_free(&t->ladder);
	lane_free(&t->lane);
	backlog_free(&t->backlog);
	starts_free(&t->starts);
	snapshot_free(&t->snapshot);
	sound_free(&t->sound);
	free(t);
	*tp = NULL;
}

static enum need what_is_needed(const struct transcoder *t)
{
	if (ladder_runs(&t->ladder))
		return ladder_makes_only_cuts(&t->ladder) && t->keyed >= KEYED ? NEED_STARTS : NEED_ALL;
	return t->snapshot_runs || (t->settings.look_s && !t->look.over) ? NEED_STARTS : NEED_NOTHING;
}

/* Somebody may come to whom the newest access units are of use. */
static bool backlog_is_needed(const struct transcoder *t)
{
	for (unsigned i = 0; i < t->ladder.n; i++)
		if (!t->ladder.output[i].running)
			return true;
	return false;
}

static void close_lane(struct transcoder *t)
{
	if (t->lane)
		t->lane_errors += lane_counts(t->lane).errors;
	lane_free(&t->lane);
}

static int show_snapshot(struct transcoder *t, const struct lane_picture *p)
{
	int rc = snapshot_take(t->snapshot, &p->picture, t->epoch, p->segment);

	if (rc != -EINVAL)
		return rc;
	t->counts.errors++;
	return 0;
}

static int show(struct transcoder *t, const struct lane_picture *p, bool behind)
{
	int rc = 0;

	t->counts.pictures += !p->blind_since_us;
	t->counts.behind += behind && !p->cut;
	if (t->snapshot_runs && p->cut && !p->blind_since_us)
		rc = show_snapshot(t, p);
	return rc ? rc : ladder_show(&t->ladder, p, t->epoch, behind);
}

static int take_pictures(struct transcoder *t, bool behind)
{
	struct lane_picture p;
	int rc;

	while ((rc = lane_next(t->lane, &p)) == 1) {
		rc = show(t, &p, behind);
		if (rc)
			break;
	}
	return rc;
}

/* Decodes as much as is needed, and no more. */
static int settle(struct transcoder *t)
{
	enum need need = what_is_needed(t);
	int rc;

	if (!backlog_is_needed(t))
		backlog_clear(&t->backlog);
	if (need == NEED_NOTHING || !t->has_track) {
		close_lane(t);
		return 0;
	}
	rc = t->lane ? 0 : lane_open(&t->lane, &t->track, &t->settings);
	if (rc)
		return rc;
	lane_set_sparse(t->lane, need == NEED_STARTS);
	return take_pictures(t, false);
}

static int finish_pictures(struct transcoder *t)
{
	int rc = 0, rc_end;

	if (t->lane) {
		lane_drain(t->lane);
		rc = take_pictures(t, false);
	}
	rc_end = ladder_end(&t->ladder);
	close_lane(t);
	backlog_clear(&t->backlog);
	starts_clear(&t->starts);
	t->has_track = t->fed = false;
	t->keyed = 0;
	return rc ? rc : rc_end;
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

static int open_track(struct transcoder *t, const struct record_track *r)
{
	uint64_t max_pixels = t->settings.max_pixels ? t->settings.max_pixels : PICTURE_MAX_PIXELS;
	int rc = sets_check_track(&r->track, max_pixels);

	if (rc)
		return rc;
	t->track = r->track;
	t->epoch = r->epoch;
	t->has_track = true;
	rc = settle(t);
	t->has_track = !rc;
	return rc;
}

static int feed_track(struct transcoder *t, const struct record_track *r, const char **why)
{
	int rc;

	if (!codec_is_video(r->track.codec))
		return t->sound ? sound_track(t->sound, r, why) : 0;
	rc = finish_pictures(t);
	if (!rc)
		rc = open_track(t, r);
	if (rc != -ENOTSUP && rc != -E2BIG && rc != -EBADMSG)
		return rc;
	*why = why_not(rc);
	return -ENOTSUP;
}

/* As soon as all is well a look is over; while anything is not, it goes on. Times that go back begin one. */
static void follow_look(struct transcoder *t, int64_t pts)
{
	const struct ladder *l = &t->ladder;
	int64_t rest = (int64_t)t->settings.look_s * TIMESCALE_VIDEO;

	if (!t->look.over && l->looked - t->look.from >= LOOK_PICTURES && !l->scene.now && !l->scene_bits)
		t->look = (struct look){.over = true, .again_pts = pts + rest};
	else if (t->look.over && (pts >= t->look.again_pts || pts < t->look.again_pts - rest))
		t->look = (struct look){.from = l->looked};
}

/*
 * Segments that are missing here were dropped on the way. The decoder goes on: ingest resumes at a key frame, or when the
 * camera sends none for long, and then what it remembers is the best there is to conceal with.
 */
static int follow_segment(struct transcoder *t, const struct record_au *r, bool *ret_begins)
{
	*ret_begins = !t->fed || r->segment != t->segment_in;
	t->segment_in = r->segment;
	t->fed = true;
	if (!*ret_begins)
		return 0;
	t->keyed = r->au.key ? t->keyed + 1 : 0;
	follow_look(t, r->au.pts);
	return settle(t);
}

static int feed_picture(struct transcoder *t, const struct record_au *r, bool behind)
{
	bool begins;
	int rc;

	t->counts.aus++;
	rc = follow_segment(t, r, &begins);
	if (begins)
		starts_add(&t->starts, r);
	if (!rc && backlog_is_needed(t))
		rc = backlog_add(&t->backlog, r, begins);
	if (rc || !t->lane)
		return rc;
	rc = lane_feed(t->lane, r, begins);
	return rc ? rc : take_pictures(t, behind);
}

static int feed_au(struct transcoder *t, const struct record_au *r, bool behind)
{
	if (r->audio && t->sound)
		return sound_feed(t->sound, r);
	if (r->audio || !t->has_track || r->epoch != t->epoch || (t->fed && r->segment < t->segment_in)) {
		t->counts.skipped_aus++;
		return 0;
	}
	return feed_picture(t, r, behind);
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

/* The backlog through a lane, from its i-th access unit on; each picture goes to o alone, but none after until_pts. */
static int show_backlog(struct transcoder *t, struct lane *lane, struct output *o, int64_t until_pts)
{
	struct lane_picture p;
	int rc = 0;

	for (unsigned i = 0; i <= t->backlog.n && !rc; i++) {
		struct record_au au;

		if (i < t->backlog.n) {
			au = backlog_get(&t->backlog, i, t->epoch);
			rc = lane_feed(lane, &au, i == 0 || au.segment != t->backlog.list[i - 1].segment);
		} else if (until_pts < INT64_MAX) {
			lane_drain(lane);
		}
		while (!rc && (rc = lane_next(lane, &p)) == 1)
			rc = p.picture.pts <= until_pts ? ladder_show_to(&t->ladder, o, &p, t->epoch) : 0;
	}
	return rc;
}

/* No segment twice: what it has shown before it does not show again. */
static uint32_t first_segment(const struct transcoder *t, const struct output *o)
{
	uint32_t first = backlog_whole(&t->backlog);

	if (o->sent && o->sent_epoch == t->epoch && o->sent_segment >= first)
		first = o->sent_segment < UINT32_MAX ? o->sent_segment + 1 : UINT32_MAX;
	return first;
}

/*
 * One that begins, from the last whole segment on. If others run their lane stays as it is, and it joins them where they are: what
 * their decoder still holds back, all of it also in the backlog, comes to it from there. Else its lane becomes the lane.
 */
static int catch_up(struct transcoder *t, struct output *o, bool others)
{
	struct lane *lane = NULL;
	int rc;

	o->from_segment = first_segment(t, o);
	if (!others)
		close_lane(t);
	rc = lane_open(&lane, &t->track, &t->settings);
	if (!rc)
		rc = show_backlog(t, lane, o, others ? lane_last_pts(t->lane) : INT64_MAX);
	if (others || rc)
		lane_free(&lane);
	else
		t->lane = lane;
	return rc;
}

static bool is_too_much(const struct transcoder *t)
{
	return (uint64_t)t->track.width * t->track.height * t->backlog.n > CATCH_UP_SAMPLES;
}

/* Where there is no catching up it begins with the next segment. */
static int begin_output(struct transcoder *t, struct output *o)
{
	bool others = ladder_runs(&t->ladder), short_of_time = t->ladder.steps > LADDER_RATE_STEPS || is_too_much(t);
	int rc = 0;

	o->running = true;
	o->from_segment = 0;
	if (t->has_track && t->backlog.n && !short_of_time)
		rc = catch_up(t, o, others);
	if (!rc)
		rc = ladder_arrange(&t->ladder);
	return rc ? rc : settle(t);
}

static int end_output(struct transcoder *t, struct output *o)
{
	int rc;

	o->running = false;
	rc = ladder_arrange(&t->ladder);
	return rc ? rc : settle(t);
}

/* From what is kept: a viewer need not wait for the next segment. */
static int take_snapshots_now(struct transcoder *t)
{
	struct lane_picture p;
	struct lane *lane;
	int rc = t->starts.n ? lane_open(&lane, &t->track, &t->settings) : 0;

	if (rc || !t->starts.n)
		return rc;
	lane_set_sparse(lane, true);
	for (unsigned i = 0; i < t->starts.n && !rc; i++) {
		rc = lane_feed(lane, &t->starts.au[i], true);
		while (!rc && (rc = lane_next(lane, &p)) == 1)
			rc = show_snapshot(t, &p);
	}
	lane_free(&lane);
	return rc;
}

static int run_snapshot(struct transcoder *t, bool run)
{
	int rc = run && !t->snapshot_runs ? take_snapshots_now(t) : 0;

	t->snapshot_runs = run;
	return rc ? rc : settle(t);
}

int transcoder_look(struct transcoder *t, uint32_t look_s)
{
	t->settings.look_s = look_s;
	return settle(t);
}

int transcoder_part(struct transcoder *t, unsigned rendition, uint32_t part_ms)
{
	struct output *o;

	if (rendition == RENDITION_AUDIO) {
		if (t->sound)
			sound_part(t->sound, part_ms);
		return 0;
	}
	o = ladder_find(&t->ladder, rendition);
	if (!o)
		return -ENOENT;
	output_part(o, part_ms);
	return 0;
}

int transcoder_run(struct transcoder *t, unsigned rendition, bool run)
{
	struct output *o;

	if (rendition == RENDITION_SNAPSHOT)
		return run_snapshot(t, run);
	o = ladder_find(&t->ladder, rendition);
	if (!o)
		return -ENOENT;
	if (!o->want.on_demand || o->running == run)
		return 0;
	return run ? begin_output(t, o) : end_output(t, o);
}

unsigned transcoder_overload_max(const struct transcoder *t)
{
	return ladder_steps_max(&t->ladder);
}

int transcoder_overload(struct transcoder *t, unsigned steps)
{
	int rc = ladder_set_steps(&t->ladder, steps);

	return rc ? rc : settle(t);
}

void transcoder_answer(struct transcoder *t, uint8_t rendition, uint32_t number, int64_t start_us, const uint8_t *nal, size_t n)
{
	for (unsigned i = 0; i < t->ladder.n; i++) {
		struct output *o = &t->ladder.output[i];

		if (o->signer && number == 0)
			gop_signer_certificate(o->signer, nal, n);
		else if (o->signer && o->want.number == rendition)
			gop_signer_answer(o->signer, number, start_us, nal, n);
	}
}

void transcoder_state(const struct transcoder *t, struct transcoder_state *ret)
{
	const struct ladder *l = &t->ladder;

	*ret = (struct transcoder_state){.scene = l->scene_bits, .scene_now = l->scene.now, .looked = l->looked, .overload = l->steps, .snapshot = t->snapshot_runs, .nrenditions = l->n,
		.no_picture_since_us = t->lane ? lane_counts(t->lane).blind_since_us : 0};
	for (unsigned i = 0; i < l->n; i++) {
		const struct output *o = &l->output[i];
		struct gop_signer_counts gops = o->signer ? gop_signer_counts(o->signer) : (struct gop_signer_counts){0};

		ret->rendition[i] = (struct transcoder_rendition_state){.number = o->want.number, .running = o->running, .given_up = o->given_up,
			.fps_step = l->steps < LADDER_RATE_STEPS ? l->steps : LADDER_RATE_STEPS,
			.encoded = o->encoded, .same = o->same_count, .behind = o->behind_count,
			.signed_gops = gops.signed_gops, .unsigned_gops = gops.unsigned_gops};
	}
}

struct transcoder_counts transcoder_counts(const struct transcoder *t)
{
	struct transcoder_counts c = t->counts;

	c.errors += t->lane_errors + (t->lane ? lane_counts(t->lane).errors : 0);
	for (unsigned i = 0; i < t->ladder.n; i++) {
		c.encoded += t->ladder.output[i].encoded;
		c.refused += t->ladder.output[i].refused;
		c.errors += t->ladder.output[i].errors;
	}
	if (t->sound)
		c.sound = sound_counts(t->sound);
	return c;
}
