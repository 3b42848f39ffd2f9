/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What whoever has a clip in hand may do to its folder, and what verify says of it. The table of mutations (tests/evidence) has more. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "seal/clip.h"

#define FILM "gate-1-copy-960-970.mp4"

static void take_files(struct clip *c, struct archive *folder)
{
	struct clip_piece p;
	struct buf file;
	int rc;

	buf_init(&file, 1u << 20);
	while ((rc = clip_next(c, &p)) == 1) {
		cr_assert_eq(buf_append(&file, p.p, p.n), 0);
		if (!p.ends)
			continue;
		archive_put(folder, p.name, buf_data(&file), file.len);
		buf_clear(&file);
	}
	cr_assert_eq(rc, 0);
	buf_free(&file);
}

/* The gate's segments 960 to 970 out of the example. */
static struct archive *make(struct archive *site)
{
	const struct clip_ask ask = {.camera = "gate-1", .rendition = "copy", .from_us = ARCHIVE_AT(10), .to_us = ARCHIVE_AT(20) + 1, .user = "guard",
		.bytes_max = UINT64_MAX};
	struct verify_source src = {.get = archive_get, .ctx = site};
	struct archive *folder = archive_new("clip");
	struct entry e[CLIP_RENDITIONS];
	struct clip *c = NULL;
	int rc;

	cr_assert_eq(clip_new(&ask, &src, &c), 0);
	while ((rc = clip_look(c)) == 1)
		;
	cr_assert(rc == 0 && clip_exports(c, ARCHIVE_AT(500), e) == 1);
	archive_append(site, &e[0]);
	archive_publish(site);
	cr_assert_eq(clip_prove(c), 0);
	take_files(c, folder);
	clip_free(&c);
	return folder;
}

static void flip_init(struct archive *a)
{
	uint8_t init[128];

	archive_flip(a, FILM, archive_init("gate-1", "copy", a->epoch, init) - 1);
}

static void flip_last(struct archive *a) { archive_flip(a, FILM, archive_find(a, FILM)->n - 1); }
static void flip_size(struct archive *a) { archive_flip(a, FILM, 0); }
static void cut_all(struct archive *a) { archive_put(a, FILM, "", 0); }
static void add_within(struct archive *a) { archive_put(a, "gate-1-copy-961-962.mp4", "", 0); }
static void add_other(struct archive *a) { archive_put(a, "gate-1-copy-9600-9700.mp4", "", 0); }
static void add_numberless(struct archive *a) { archive_put(a, "gate-1-copy.mp4", "", 0); }
static void add_nameless(struct archive *a) { archive_put(a, "-1-2.mp4", "", 0); }
static void lose_checkpoint(struct archive *a) { archive_remove(a, "checkpoint"); }
static void say_too_much(struct archive *a) { strcpy(archive_find(a, FILM)->path, "gate-1-copy-960-971.mp4"); }
static void say_too_early(struct archive *a) { strcpy(archive_find(a, FILM)->path, "gate-1-copy-959-970.mp4"); }

static void longer(struct archive *a)
{
	const struct archive_file *f = archive_find(a, FILM);
	uint8_t *p = calloc(1, f->n + 9);

	memcpy(p, f->p, f->n);
	archive_put(a, FILM, p, f->n + 9);
	free(p);
}

static const char *a_proof(const struct archive *a)
{
	for (size_t i = 0; i < a->nfiles; i++)
		if (!strncmp(a->file[i].path, "proofs/", 7))
			return a->file[i].path;
	abort();
}

static void empty_proof(struct archive *a) { archive_put(a, a_proof(a), "", 0); }

/* Another's proof under its name. */
static void swap_proof(struct archive *a)
{
	const struct archive_file *f = archive_find(a, a_proof(a)), *last = NULL;
	uint8_t *p;

	for (size_t i = 0; i < a->nfiles; i++)
		if (!strncmp(a->file[i].path, "proofs/", 7))
			last = &a->file[i];
	cr_assert(last && last != f);
	p = calloc(1, last->n + 1);
	memcpy(p, last->p, last->n);
	archive_put(a, f->path, p, last->n);
	free(p);
}

static bool tells(const struct verify_report *r, enum verify_kind kind, const char *words)
{
	for (size_t i = 0; i < r->nproblems && i < VERIFY_PROBLEMS_MAX; i++)
		if (r->problem[i].kind == kind && strstr(r->problem[i].text, words))
			return true;
	return false;
}

static struct verify_report *judge(struct archive *site, struct archive *folder, const struct verify_filter *filter)
{
	struct verify_source src = archive_folder(folder);
	struct verify_report *r = NULL;

	cr_assert_eq(verify_run_clip(&src, key_public_of(site->key), filter, &r), 0);
	return r;
}

Test(verify_clip, tells_what_was_done_to_its_films_and_proofs)
{
	static const struct { void (*what)(struct archive *folder); enum verify_kind kind; const char *words; } row[] = {
		{flip_init, VERIFY_CHANGED, "does not begin with its init segment"}, {flip_last, VERIFY_CHANGED, "not those that were sealed"},
		{flip_size, VERIFY_CHANGED, "not those that were sealed"}, {cut_all, VERIFY_CHANGED, "the file ends before it"},
		{longer, VERIFY_EXTRA, "more bytes than the entries name"}, {add_within, VERIFY_EXTRA, "overlaps the film of 960 to 970"},
		{add_other, VERIFY_EXTRA, "no entry of the clip names"}, {add_numberless, VERIFY_EXTRA, "not a file of a clip"},
		{add_nameless, VERIFY_EXTRA, "not a file of a clip"}, {say_too_much, VERIFY_MISSING, "called by them"},
		{say_too_early, VERIFY_MISSING, "called by them"}, {empty_proof, VERIFY_LOG, ""}, {swap_proof, VERIFY_LOG, "index is not the one"},
		{lose_checkpoint, VERIFY_UNREADABLE, ""},
	};
	static const struct verify_filter all = {NULL, INT64_MIN, INT64_MAX};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct archive *site = archive_example(), *folder = make(site);
		struct verify_report *r;

		row[i].what(folder);
		r = judge(site, folder, &all);
		cr_expect_neq(verify_status(r), 0, "%zu", i);
		cr_expect(tells(r, row[i].kind, row[i].words), "%zu: %s", i, archive_explain(r));
		verify_free(&r);
		archive_free(&folder);
		archive_free(&site);
	}
}

/* What lies before the asked time is walked over. */
Test(verify_clip, may_be_asked_for_a_part)
{
	static const struct verify_filter part_of = {NULL, ARCHIVE_AT(15), ARCHIVE_AT(17)};
	struct archive *site = archive_example(), *folder = make(site);
	struct verify_report *r = judge(site, folder, &part_of);

	cr_assert_eq(verify_status(r), 0, "%s", archive_explain(r));
	cr_expect(r->rendition[0].good > 0 && r->rendition[0].not_asked > 0 && r->rendition[0].good + r->rendition[0].not_asked == 11);
	verify_free(&r);
	archive_free(&folder);
	archive_free(&site);
}
