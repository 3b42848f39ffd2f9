/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify's reading of footage: segments' and init segments' bytes, and what of them is missing. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "seal/verify_state.h"

#define INIT_MAX_BYTES (64u << 10)

#define changed(v, s, path, ...) verify_add(v, VERIFY_CHANGED, (s)->camera, (s)->rendition, (s)->number, (s)->number, path, __VA_ARGS__)

bool verify_wanted(const struct verify *v, const char *camera, int64_t from_us, int64_t to_us)
{
	const struct verify_filter *f = v->filter;

	return (!f->camera || !strcmp(f->camera, camera)) && to_us >= f->from_us && from_us <= f->to_us;
}

int verify_hash_file(struct verify *v, const char *path, uint64_t max_bytes, struct hash *ret, uint64_t *ret_bytes)
{
	int rc = v->src->hash(v->src->ctx, path, max_bytes, &v->hasher, ret_bytes);

	if (rc) {
		hasher_init(&v->hasher);
		return rc;
	}
	hasher_final(&v->hasher, ret);
	v->report->bytes += *ret_bytes;
	return 0;
}

static void check_new_init(struct verify *v, const struct entry_segment *s, struct verify_init *init)
{
	char path[VERIFY_PATH], hex[HASH_HEX];
	uint64_t bytes;
	struct hash h;
	int rc;

	hash_hex(&s->init, hex);
	snprintf(path, sizeof path, "footage/%s/%s/init-%.16s.mp4", s->camera, s->rendition, hex);
	rc = verify_hash_file(v, path, INIT_MAX_BYTES, &h, &bytes);
	init->missing = rc == -ENOENT;
	init->changed = rc == -EFBIG || (!rc && !hash_same(&h, &s->init));
	if (rc && !init->missing && !init->changed)
		verify_add_unreadable(v, path, rc);
}

/* Each init segment is read once, at the first segment that uses it. */
static void check_init(struct verify *v, struct verify_track *t, const struct entry_segment *s)
{
	struct verify_init *grown;

	for (size_t i = t->ninits; i-- > 0;) {
		if (hash_same(&t->init[i].hash, &s->init)) {
			t->init[i].last = s->number;
			return;
		}
	}
	grown = t->ninits < INITS_MAX ? realloc(t->init, (t->ninits + 1) * sizeof *grown) : NULL;
	if (!grown) {
		verify_add(v, VERIFY_UNREADABLE, s->camera, s->rendition, s->number, s->number, NULL, "more than %d init segments", INITS_MAX);
		return;
	}
	t->init = grown;
	grown[t->ninits] = (struct verify_init){.hash = s->init, .first = s->number, .last = s->number};
	check_new_init(v, s, &grown[t->ninits++]);
}

static void check_segment(struct verify *v, struct verify_track *t, const struct entry_segment *s, bool kept)
{
	struct verify_rendition *r = verify_rendition_of(v, t);
	char path[VERIFY_PATH];
	uint64_t bytes = 0;
	struct hash h;
	int rc;

	snprintf(path, sizeof path, "footage/%s/%s/%06" PRIu64 "/%" PRIu64 ".m4s", s->camera, s->rendition, s->number / FOLDER_SEGMENTS, s->number);
	rc = verify_hash_file(v, path, s->bytes, &h, &bytes);
	if (rc == -ENOENT && !kept) {
		r->not_kept++;
	} else if (rc == -ENOENT && !v->src->list && !t->offered) {
		r->not_offered++;  /* a server offers the newest footage only: what is older than the first that it has is no hole */
	} else if (rc == -ENOENT) {
		verify_set(verify_folder(v, t, s->number, true)->missing, s->number, true);
	} else if (rc == -EFBIG) {
		changed(v, s, path, "is longer than the %" PRIu64 " bytes that were sealed", s->bytes);
	} else if (!rc && bytes != s->bytes) {
		changed(v, s, path, "was cut: has %" PRIu64 " bytes, %" PRIu64 " were sealed", bytes, s->bytes);
	} else if (!rc && !hash_same(&h, &s->media)) {
		changed(v, s, path, "its bytes are not those that were sealed");
	} else if (rc) {
		verify_add_unreadable(v, path, rc);
	} else {
		r->good++;
		r->good_bytes += bytes;
	}
	if (rc == -EFBIG || (!rc && (bytes != s->bytes || !hash_same(&h, &s->media))))
		r->changed++;
	if (rc != -ENOENT) {
		t->offered = true;
		check_init(v, t, s);
	} else if (kept && (v->src->list || t->offered)) {
		check_init(v, t, s);
	}
}

void verify_media(struct verify *v, struct verify_track *t, const struct entry_segment *s)
{
	bool kept = v->start.nkeep == 0 || entry_keeps(&v->start, s->rendition);

	if (v->clip)
		verify_clip_segment(v, t, s);
	else if (!verify_wanted(v, s->camera, s->start_us, s->start_us + (int64_t)s->duration_ms * 1000))
		verify_rendition_of(v, t)->not_asked++;
	else if (!kept && !v->src->list)
		verify_rendition_of(v, t)->not_kept++;
	else
		check_segment(v, t, s, kept);
}

void verify_deleted(struct verify *v, const struct entry_delete *d)
{
	struct verify_track *t = verify_track_find(v, d->camera, d->rendition);

	/* A clip has the entries of its own time only. */
	if (!t && v->clip)
		return;
	if (!t || (!v->clip && d->to_number > verify_rendition_of(v, t)->last && !t->lost)) {
		verify_add(v, VERIFY_ORDER, d->camera, d->rendition, d->from_number, d->to_number, NULL,
			"deleted before they were logged");
		return;
	}
	for (size_t i = verify_folder_from(t, d->from_number); i < t->nfolders; i++) {
		struct verify_folder *f = &t->folder[i];

		if (f->n > d->to_number / FOLDER_SEGMENTS)
			break;
		for (uint64_t n = f->n * FOLDER_SEGMENTS; n < (f->n + 1) * FOLDER_SEGMENTS; n++) {
			if (n < d->from_number || n > d->to_number || !verify_bit(f->named, n) || verify_bit(f->deleted, n))
				continue;
			if (verify_bit(f->missing, n))
				t->excused = v->index + 1;
			verify_set(f->deleted, n, true);
			verify_set(f->missing, n, false);
			verify_rendition_of(v, t)->deleted++;
		}
	}
}

bool verify_any_missing(const struct verify *v)
{
	static const uint8_t none[FOLDER_SEGMENTS / 8];

	for (size_t i = 0; i < v->ntracks; i++)
		for (size_t k = 0; k < v->track[i]->nfolders; k++)
			if (memcmp(v->track[i]->folder[k].missing, none, sizeof none))
				return true;
	return false;
}

static void say_missing(struct verify *v, const struct verify_track *t, uint64_t first, uint64_t last, uint64_t count)
{
	struct verify_rendition *r = verify_rendition_of(v, t);

	r->missing += count;
	verify_add(v, VERIFY_MISSING, r->camera, r->rendition, first, last, NULL,
		"%" PRIu64 " sealed segment%s not there, and no entry says that %s deleted", count, count == 1 ? " is" : "s are",
		count == 1 ? "it was" : "they were");
}

/* Runs of missing segments, each said once. */
static void missing_of(struct verify *v, const struct verify_track *t)
{
	uint64_t first = 0, last = 0, count = 0;

	for (size_t i = 0; i < t->nfolders; i++) {
		const struct verify_folder *f = &t->folder[i];

		for (uint64_t n = f->n * FOLDER_SEGMENTS; n < (f->n + 1) * FOLDER_SEGMENTS; n++) {
			if (!verify_bit(f->named, n))
				continue;
			if (verify_bit(f->missing, n)) {
				first = count++ ? first : n;
				last = n;
			} else if (count) {
				say_missing(v, t, first, last, count);
				count = 0;
			}
		}
	}
	if (count)
		say_missing(v, t, first, last, count);
}

/* Whether any segment from..to should still be there. */
static bool any_left(const struct verify_track *t, uint64_t from, uint64_t to)
{
	for (size_t i = verify_folder_from(t, from); i < t->nfolders && t->folder[i].n <= to / FOLDER_SEGMENTS; i++) {
		const struct verify_folder *f = &t->folder[i];

		for (uint64_t n = f->n * FOLDER_SEGMENTS; n < (f->n + 1) * FOLDER_SEGMENTS; n++)
			if (n >= from && n <= to && verify_bit(f->named, n) && !verify_bit(f->deleted, n))
				return true;
	}
	return false;
}

void verify_media_end(struct verify *v)
{
	for (size_t i = 0; i < v->ntracks; i++) {
		const struct verify_track *t = v->track[i];
		const struct verify_rendition *r = verify_rendition_of(v, t);

		missing_of(v, t);
		for (size_t k = 0; k < t->ninits; k++) {
			const struct verify_init *init = &t->init[k];

			if ((init->missing || init->changed) && any_left(t, init->first, init->last))
				verify_add(v, init->changed ? VERIFY_CHANGED : VERIFY_MISSING, r->camera, r->rendition, init->first, init->last, NULL,
					"their init segment %s: without it they do not play", init->changed ? "is not the sealed one" : "is not there");
		}
	}
}
