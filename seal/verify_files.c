/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify's look at the folders: files that no entry names, tiles beyond the checkpoint. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "seal/lines.h"
#include "seal/verify_state.h"

static int see_tile(void *arg, const char *path)
{
	struct verify *v = arg;
	struct rd r = rd_init(path, strlen(path));
	struct tile t;

	lines_expect(&r, "log/");
	if (r.bad || tile_parse_path(lines_text(&r), rd_left(&r), &t) || !t.entries)
		return 0;
	if (v->widest.width == 0 || t.index > v->widest.index || (t.index == v->widest.index && t.width > v->widest.width))
		v->widest = t;
	return 0;
}

void verify_list_log(struct verify *v)
{
	int rc = v->src->list(v->src->ctx, "log/tile", see_tile, v);

	if (rc && rc != -ENOENT)
		verify_add_unreadable(v, "log/tile", rc);
}

uint64_t verify_size_on_disk(const struct verify *v)
{
	return v->widest.width ? v->widest.index * TILE_WIDTH + v->widest.width : 0;
}

static bool ends_in(const struct rd *s, const char *end)
{
	size_t n = strlen(end);

	return rd_left(s) >= n && !memcmp(s->end - n, end, n);
}

/* "1042.m4s" */
static bool segment_number(struct rd name, uint64_t *ret)
{
	if (!ends_in(&name, ".m4s"))
		return false;
	return text_u64(lines_text(&name), rd_left(&name) - 4, ENTRY_NUMBER_MAX, ret) == 0;
}

/* A segment's file whose place in the archive is right. */
static void see_segment(struct verify *v, const char *path, const char *camera, const char *rendition, uint64_t number)
{
	struct verify_track *t = verify_track_find(v, camera, rendition);
	const struct verify_folder *f = t ? verify_folder(v, t, number, false) : NULL;

	if (f && verify_bit(f->deleted, number))
		v->report->leftover++;
	if (f && verify_bit(f->named, number))
		return;
	if ((!t || number > verify_rendition_of(v, t)->last) && v->npending < PENDING_MAX) {
		struct verify_pending *p = &v->pending[v->npending++];

		snprintf(p->camera, sizeof p->camera, "%s", camera);
		snprintf(p->rendition, sizeof p->rendition, "%s", rendition);
		p->number = number;
		return;
	}
	verify_add(v, VERIFY_EXTRA, camera, rendition, number, number, path, "no entry of the log names this file");
}

static bool take_name(struct rd *r, char out[ENTRY_NAME])
{
	struct rd s = lines_until(r, '/');

	if (s.bad || !text_is_name(lines_text(&s), rd_left(&s)))
		return false;
	memcpy(out, s.p, rd_left(&s));
	out[rd_left(&s)] = 0;
	return true;
}

static int see_footage(void *arg, const char *path)
{
	char camera[ENTRY_NAME] = "", rendition[ENTRY_NAME] = "", folder[32];
	struct verify *v = arg;
	struct rd r = rd_init(path, strlen(path)), part;
	uint64_t number = 0;
	bool known;

	lines_expect(&r, "footage/");
	known = take_name(&r, camera) && take_name(&r, rendition);
	if (v->filter->camera && strcmp(camera, v->filter->camera))
		return 0;
	if (known && ends_in(&r, ".tmp")) {
		v->report->unfinished++;
		return 0;
	}
	/* An init segment without a segment is what is left of a stream that broke off early. */
	if (known && rd_left(&r) == strlen("init-0123456789abcdef.mp4") && !memcmp(r.p, "init-", 5) && ends_in(&r, ".mp4"))
		return 0;
	part = lines_until(&r, '/');
	if (known && !part.bad && segment_number(r, &number)) {
		snprintf(folder, sizeof folder, "%06" PRIu64, number / FOLDER_SEGMENTS);
		if (lines_is(&part, folder)) {
			see_segment(v, path, camera, rendition, number);
			return v->error;
		}
	}
	verify_add(v, VERIFY_EXTRA, camera, rendition, number, number, path, "not a file of the archive");
	return 0;
}

void verify_list_footage(struct verify *v)
{
	int rc;

	v->pending = calloc(PENDING_MAX, sizeof *v->pending);
	if (!v->pending) {
		v->error = -ENOMEM;
		return;
	}
	rc = v->src->list(v->src->ctx, "footage", see_footage, v);
	if (rc && rc != -ENOENT && !v->error)
		verify_add_unreadable(v, "footage", rc);
}

/* Whether an entry has come for it by now. */
static bool is_named(const struct verify *v, const struct verify_pending *p)
{
	struct verify_track *t = verify_track_find(v, p->camera, p->rendition);
	size_t i = t ? verify_folder_from(t, p->number) : 0;

	return t && i < t->nfolders && t->folder[i].n == p->number / FOLDER_SEGMENTS && verify_bit(t->folder[i].named, p->number);
}

bool verify_settled(const struct verify *v)
{
	for (size_t i = 0; i < v->npending; i++)
		if (!is_named(v, &v->pending[i]))
			return false;
	return verify_size_on_disk(v) <= v->size && !verify_any_missing(v);
}

void verify_say_unsigned(struct verify *v)
{
	const struct verify_report *r = v->report;

	for (size_t i = 0; i < v->ntracks; i++) {
		const struct verify_track *t = v->track[i];
		const struct verify_rendition *line = verify_rendition_of(v, t);

		if (!r->is_signed)
			verify_add(v, VERIFY_UNSIGNED, line->camera, line->rendition, line->first, line->last, NULL, "no checkpoint by the key covers them");
		else if (t->unsigned_first)
			verify_add(v, VERIFY_UNSIGNED, line->camera, line->rendition, t->unsigned_first, t->unsigned_last, NULL,
				"in the log, but past the checkpoint: it is an older one, or the site was cut off in mid-write");
	}
}

void verify_files_end(struct verify *v)
{
	uint64_t size = verify_size_on_disk(v);

	if (size > v->size) {
		v->past = true;
		verify_add(v, VERIFY_UNSIGNED, NULL, NULL, 0, 0, "log/checkpoint", "the log goes on: %" PRIu64 " entries lie there, the checkpoint signs %" PRIu64,
			size, v->target.size);
		verify_walk(v, size);
	}
	for (size_t i = 0; i < v->npending; i++) {
		const struct verify_pending *p = &v->pending[i];

		if (!is_named(v, p))
			verify_add(v, VERIFY_EXTRA, p->camera, p->rendition, p->number, p->number, NULL, "no entry of the log names this file");
	}
	verify_say_unsigned(v);
}
