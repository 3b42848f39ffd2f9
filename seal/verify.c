/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "seal/verify_state.h"

#define ROUNDS_MAX 8  /* times that a running site is waited for */

struct verify_problem *verify_add_to(struct verify_report *r, enum verify_kind kind, const char *camera, const char *rendition, uint64_t first,
	uint64_t last, const char *path, const char *fmt, ...)
{
	/* Past the maximum the last place is used again and again, and only the count grows. */
	struct verify_problem *p = &r->problem[r->nproblems < VERIFY_PROBLEMS_MAX ? r->nproblems : VERIFY_PROBLEMS_MAX - 1];
	va_list ap;

	r->nproblems++;
	r->nunreadable += kind == VERIFY_UNREADABLE;
	*p = (struct verify_problem){.kind = kind, .first = first, .last = last};
	snprintf(p->camera, sizeof p->camera, "%s", camera ? camera : "");
	snprintf(p->rendition, sizeof p->rendition, "%s", rendition ? rendition : "");
	if (path)
		text_escape(path, strlen(path), p->path, sizeof p->path);
	va_start(ap, fmt);
	vsnprintf(p->text, sizeof p->text, fmt, ap);
	va_end(ap);
	return p;
}

void verify_add_unreadable(struct verify *v, const char *path, int rc)
{
	verify_add(v, VERIFY_UNREADABLE, NULL, NULL, 0, 0, path, "%s", strerror(-rc));
}

/* The first look at the checkpoint; false when there is nothing to go on with. */
static bool begin(struct verify *v)
{
	const char *why;
	int rc;

	if (v->src->list)
		verify_list_log(v);
	verify_read_cosigned(v, "log/cosigned");
	rc = verify_checkpoint(v, &v->target, &why);
	v->report->is_signed = rc == 0;
	if (!rc) {
		verify_keep_note(&v->report->note, &v->note, &v->target);
		return true;
	}
	if (verify_is_bad_note(rc)) {
		verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, "log/checkpoint", "%s", rc == -ENOBUFS ? "is too long for a checkpoint" : why);
	} else if (rc == -ENOENT && v->widest.width) {
		verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, "log/checkpoint", "is not there, but the log is");
	} else {
		verify_add_unreadable(v, "log/checkpoint", rc);
		return false;
	}
	return v->src->list != NULL;
}

/* Takes over a checkpoint that has become newer meanwhile; whether it has. */
static bool renew(struct verify *v)
{
	struct checkpoint c;
	const char *why;

	if (!v->src->again || verify_checkpoint(v, &c, &why) || c.size <= v->target.size)
		return false;
	v->target = c;
	verify_keep_note(&v->report->note, &v->note, &c);
	return true;
}

/* Walks to the newest checkpoint there is; a long walk is followed by shorter ones, until none is newer. */
static void catch_up(struct verify *v)
{
	for (int round = 0; round < ROUNDS_MAX && !v->error; round++) {
		verify_walk(v, v->target.size);
		if (!v->stale && !v->error)
			verify_tops(v);
		if (!renew(v) && !v->stale)
			return;
	}
	if (v->stale)
		verify_add(v, VERIFY_UNREADABLE, NULL, NULL, 0, 0, "log/checkpoint", "becomes newer faster than the log can be read");
}

/* To the checkpoint, and on with it while a running site still writes what we have already seen on disk. */
static void walk_signed(struct verify *v)
{
	catch_up(v);
	if (v->src->list && !v->error)
		verify_list_footage(v);
	for (int round = 0; round < ROUNDS_MAX && !v->error && !v->stale && !v->root_bad; round++) {
		if (verify_settled(v) || !v->src->again || !v->src->again(v->src->ctx))
			return;
		if (renew(v))
			catch_up(v);
	}
}

static void say_lost(struct verify *v)
{
	for (size_t i = 0; i < v->ntracks; i++) {
		const struct verify_rendition *r = verify_rendition_of(v, v->track[i]);

		if (v->track[i]->lost)
			verify_add(v, VERIFY_MISSING, r->camera, r->rendition, r->last + 1, 0, NULL, "its later entries, if there were any, cannot be read");
	}
}

static void verify_archive(struct verify *v)
{
	if (!begin(v))
		return;
	if (v->report->is_signed) {
		walk_signed(v);
	} else {
		v->past = true;
		verify_walk(v, verify_size_on_disk(v));
		if (!v->error)
			verify_list_footage(v);
	}
	if (!v->error)
		verify_files_end(v);
	if (v->error)
		return;
	verify_keys_end(v);
	verify_cosigned_end(v);
	verify_account_end(v);
	say_lost(v);
	verify_media_end(v);
}

/* What is verified, and how. */
struct verify_how {
	enum verify_shape shape;
	void (*run)(struct verify *v);
	const char *note_path, *keys_path, *segment_path, *proof_path;
};

static int verify_with(const struct verify_source *src, const struct key_public *key, const struct verify_filter *filter,
	const struct verify_how *how, struct verify_report **ret)
{
	struct verify *v = calloc(1, sizeof *v);
	int rc = -ENOMEM;

	if (!v)
		return -ENOMEM;
	v->src = src;
	v->filter = filter;
	v->note_path = how->note_path;
	v->keys_path = how->keys_path;
	v->segment_path = how->segment_path;
	v->proof_path = how->proof_path;
	buf_init(&v->tile, TILE_BYTES);
	buf_init(&v->bundle, TILE_BUNDLE_MAX_BYTES);
	buf_init(&v->note, CHECKPOINT_MAX_BYTES);
	v->report = calloc(1, sizeof *v->report);
	hasher_init(&v->hasher);
	if (v->report) {
		buf_init(&v->report->keys, KEYCHAIN_BYTES_MAX);
		v->report->given = *key;
		v->report->is_part = filter->camera || filter->from_us != INT64_MIN || filter->to_us != INT64_MAX;
	}
	if (v->report && keychain_begin(&v->keys, key) == 0) {
		if (v->keys_path)
			verify_learn_keys(v);
		v->report->shape = how->shape;
		how->run(v);
		rc = v->error;
		if (!rc)
			verify_sums_end(v);
	}
	if (rc)
		verify_free(&v->report);
	else
		*ret = v->report;
	buf_free(&v->tile);
	buf_free(&v->bundle);
	buf_free(&v->note);
	verify_tracks_free(v);
	keychain_free(&v->keys);
	free(v->pending);
	free(v);
	return rc;
}

int verify_run(const struct verify_source *src, const struct key_public *key, const struct verify_filter *filter,
	struct verify_report **ret)
{
	static const struct verify_how archive = {VERIFY_ARCHIVE, verify_archive, .note_path = "log/checkpoint", .keys_path = "log/keys"};

	return verify_with(src, key, filter, &archive, ret);
}

int verify_run_clip(const struct verify_source *src, const struct key_public *key, const struct verify_filter *filter,
	struct verify_report **ret)
{
	static const struct verify_how clip = {VERIFY_CLIP, verify_clip, .note_path = "checkpoint", .keys_path = "keys"};

	return verify_with(src, key, filter, &clip, ret);
}

int verify_run_segment(const struct verify_source *src, const struct key_public *key, const char *segment_path, const char *proof_path,
	const char *keys_path, struct verify_report **ret)
{
	static const struct verify_filter all = {NULL, INT64_MIN, INT64_MAX};
	struct verify_how segment = {VERIFY_SEGMENT, verify_segment, .keys_path = keys_path, .segment_path = segment_path, .proof_path = proof_path};

	return verify_with(src, key, &all, &segment, ret);
}

void verify_free(struct verify_report **r)
{
	if (!*r)
		return;
	free((*r)->rendition);
	free((*r)->account);
	buf_free(&(*r)->keys);
	free(*r);
	*r = NULL;
}

/*
 * That nothing is wrong with no segment says nothing of footage: of a clip, of what was asked for, of what a server offers. A whole
 * archive may be one of a site that has just begun.
 */
static bool nothing_checked(const struct verify_report *r)
{
	uint64_t good = 0, deleted = 0, not_offered = 0, asked = 0;

	for (size_t i = 0; i < r->nrenditions; i++) {
		good += r->rendition[i].good;
		deleted += r->rendition[i].deleted;
		not_offered += r->rendition[i].not_offered;
		asked += r->rendition[i].clock_rtcp + r->rendition[i].clock_arrival;
	}
	return !good && (not_offered || ((r->is_part || r->shape == VERIFY_CLIP) && (!deleted || !asked)));
}

int verify_status(const struct verify_report *r)
{
	if (r->nproblems > r->nunreadable)
		return 1;
	return r->nunreadable || !r->is_signed || nothing_checked(r) ? 2 : 0;
}
