/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clips out of the example archive: what is in them, what they say of what is not, and that they verify. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive.h"
#include "base/crc32.h"
#include "seal/clip.h"
#include "seal/cosign.h"

/* A clip, and the folder that it went to. */
struct made {
	struct archive *site, *folder;
	struct verify_source src;
	struct clip *clip;
	int rc;                         /* of clip_look, or what came after */
	unsigned exports;
};

static struct clip_ask ask_of(const char *camera, int64_t from_us, int64_t to_us)
{
	return (struct clip_ask){.camera = camera, .rendition = "copy", .audio = true, .from_us = from_us, .to_us = to_us, .user = "operator",
		.page = "<page>", .page_bytes = 6, .bytes_max = UINT64_MAX};
}

static void begin(struct made *m, struct archive *site, const struct clip_ask *ask)
{
	*m = (struct made){.site = site, .folder = archive_new("clip"), .src = {.get = archive_get, .ctx = site}};
	cr_assert_eq(clip_new(ask, &m->src, &m->clip), 0);
	while ((m->rc = clip_look(m->clip)) == 1)
		;
}

static void take_piece(struct archive *folder, const struct clip_piece *p, struct buf *file)
{
	if (p->begins)
		buf_clear(file);
	cr_assert_eq(buf_append(file, p->p, p->n), 0);
	if (!p->ends)
		return;
	cr_assert_eq(file->len, p->file_bytes, "%s", p->name);
	cr_assert_eq(crc32_add(0, buf_data(file), file->len), p->crc32, "%s", p->name);
	cr_assert_null(archive_find(folder, p->name), "%s twice", p->name);
	archive_put(folder, p->name, buf_data(file), file->len);
}

/* The entries are logged, and the files taken. */
static void finish(struct made *m)
{
	struct entry e[CLIP_RENDITIONS];
	struct clip_piece p;
	struct buf file;

	cr_assert_eq(m->rc, 0, "%s", clip_why(m->clip));
	m->exports = clip_exports(m->clip, ARCHIVE_AT(500), e);
	cr_assert_eq(clip_prove(m->clip), -EAGAIN);
	for (unsigned i = 0; i < m->exports; i++) {
		e[i].export.time_us += 1000000;  /* the log's time is its own */
		archive_append(m->site, &e[i]);
	}
	cr_assert_eq(clip_prove(m->clip), -EAGAIN, "no checkpoint covers them");
	archive_publish(m->site);
	m->rc = clip_prove(m->clip);
	cr_assert_eq(m->rc, 0, "%s", clip_why(m->clip));
	buf_init(&file, 64u << 20);
	while ((m->rc = clip_next(m->clip, &p)) == 1)
		take_piece(m->folder, &p, &file);
	buf_free(&file);
}

static void make(struct made *m, struct archive *site, const struct clip_ask *ask)
{
	begin(m, site, ask);
	finish(m);
	cr_assert_eq(m->rc, 0, "%s", clip_why(m->clip));
}

static void end(struct made *m)
{
	clip_free(&m->clip);
	archive_free(&m->folder);
	archive_free(&m->site);
}

static struct verify_report *judge(const struct made *m)
{
	static const struct verify_filter all = {NULL, INT64_MIN, INT64_MAX};
	struct verify_source src = archive_folder(m->folder);
	struct verify_report *r = NULL;

	cr_assert_eq(verify_run_clip(&src, key_public_of(m->site->key), &all, &r), 0);
	return r;
}

static void assert_holds(const struct made *m)
{
	struct verify_report *r = judge(m);

	cr_assert_eq(verify_status(r), 0, "%s", archive_explain(r));
	verify_free(&r);
}

static const char *told(const struct made *m)
{
	static struct buf b;

	buf_free(&b);
	buf_init(&b, 1u << 20);
	cr_assert_eq(clip_tell(m->clip, &b), 0);
	buf_append(&b, "", 1);
	return (const char *)buf_data(&b);
}

static const char *text_of(struct made *m, const char *name)
{
	struct archive_file *f = archive_find(m->folder, name);

	cr_assert_not_null(f, "%s", name);
	f->p[f->n] = 0;  /* archive_put leaves room for it */
	return (const char *)f->p;
}

/* Export entry i of the clip, which the log ends with. */
static struct entry export_of(const struct made *m, unsigned i)
{
	uint64_t at = m->site->size - m->exports + i;
	struct entry e;

	cr_assert_eq(entry_parse(m->site->entry[at], m->site->entry_len[at], &e, NULL), 0);
	cr_assert_eq(e.kind, ENTRY_EXPORT);
	return e;
}

Test(clip, holds_and_is_rounded_to_whole_segments)
{
	struct clip_ask ask = ask_of("gate-1", ARCHIVE_AT(10) + 500000, ARCHIVE_AT(20) + 1);
	struct made m;
	int64_t from_us, to_us;

	make(&m, archive_example(), &ask);
	cr_assert_eq(m.exports, 2);
	for (unsigned i = 0; i < 2; i++) {
		struct entry e = export_of(&m, i), other = export_of(&m, 1 - i);

		cr_assert_str_eq(e.export.beside.rendition, other.export.rendition);
		cr_assert(e.export.beside.segments == other.export.segments && e.export.beside.bytes == other.export.bytes);
	}
	clip_given(m.clip, &from_us, &to_us);
	cr_assert_eq(from_us, ARCHIVE_AT(10));
	cr_assert_eq(to_us, ARCHIVE_AT(21));
	cr_assert(clip_is_whole(m.clip));
	cr_assert(strstr(told(&m), "begins 0.500 s before the asked time"), "%s", told(&m));
	cr_assert_not_null(archive_find(m.folder, "gate-1-copy-960-970.mp4"));
	cr_assert_not_null(archive_find(m.folder, "gate-1-audio-960-970.mp4"));
	cr_assert_str_eq(text_of(&m, "verify.html"), "<page>");
	cr_assert_null(archive_find(m.folder, "keys"));
	cr_assert_null(archive_find(m.folder, "policy"));
	cr_assert(strstr(text_of(&m, "report.txt"), "Nothing: the asked time is covered without a gap."), "%s", text_of(&m, "report.txt"));
	assert_holds(&m);
	end(&m);
}

Test(clip, begins_another_file_after_a_gap_and_with_another_init_segment)
{
	struct archive *site = archive_new("site.example");
	struct clip_ask ask = ask_of("gate-1", ARCHIVE_AT(0), ARCHIVE_AT(100));
	struct made m;

	archive_start(site, ARCHIVE_AT(-1));
	for (uint64_t n = 0; n < 9; n++) {
		site->epoch = n >= 6;
		if (n == 3)
			archive_gap(site, "gate-1", ARCHIVE_AT(3), ARCHIVE_AT(13), "unreachable");
		archive_segment(site, "gate-1", "copy", n + 1, ARCHIVE_AT(n >= 3 ? n + 10 : n), true);
	}
	archive_publish(site);
	ask.audio = false;
	make(&m, site, &ask);
	cr_assert_not_null(archive_find(m.folder, "gate-1-copy-1-3.mp4"));
	cr_assert_not_null(archive_find(m.folder, "gate-1-copy-4-6.mp4"));
	cr_assert_not_null(archive_find(m.folder, "gate-1-copy-7-9.mp4"));
	cr_assert(strstr(told(&m), ": unreachable"), "%s", told(&m));
	cr_assert(strstr(text_of(&m, "report.html"), "unreachable"));
	assert_holds(&m);
	end(&m);
}

Test(clip, goes_over_a_restart)
{
	struct clip_ask ask = ask_of("gate-1", ARCHIVE_AT(49), ARCHIVE_AT(53) + 60000000);
	struct made m;

	make(&m, archive_example(), &ask);
	cr_assert(strstr(told(&m), ": restart"), "%s", told(&m));
	assert_holds(&m);
	end(&m);
}

Test(clip, says_what_was_removed_and_by_which_entry)
{
	struct clip_ask ask = ask_of("yard", ARCHIVE_AT(5), ARCHIVE_AT(15));
	struct made m;

	make(&m, archive_example(), &ask);
	cr_assert_not(clip_is_whole(m.clip));
	cr_assert(strstr(told(&m), "copy, segments 954 to 959 (6)") && strstr(told(&m), "says the log: space"), "%s", told(&m));
	cr_assert(strstr(text_of(&m, "report.txt"), "says the log: space"));
	assert_holds(&m);
	end(&m);
}

Test(clip, leaves_out_what_does_not_hold)
{
	static const struct { const char *words; uint64_t number; bool remove; } row[] = {
		{"NOT what was sealed", 965, false}, {"NOT in the archive", 966, true}};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct clip_ask ask = ask_of("gate-1", ARCHIVE_AT(10), ARCHIVE_AT(20));
		struct archive *site = archive_example();
		struct verify_report *r;
		char path[VERIFY_PATH];
		struct made m;

		archive_path("gate-1", "copy", row[i].number, path);
		if (row[i].remove)
			archive_remove(site, path);
		else
			archive_flip_segment(site, "gate-1", "copy", row[i].number, 7);
		make(&m, site, &ask);
		cr_assert_not(clip_is_whole(m.clip));
		cr_assert(strstr(told(&m), row[i].words), "%s", told(&m));
		r = judge(&m);
		cr_assert_eq(verify_status(r), 1);
		cr_assert(archive_named(r, "gate-1", "copy", row[i].number), "%s", archive_explain(r));
		verify_free(&r);
		end(&m);
	}
}

Test(clip, leaves_out_what_has_no_init_segment)
{
	struct clip_ask ask = ask_of("gate-1", ARCHIVE_AT(10), ARCHIVE_AT(12));
	struct archive *site = archive_example();
	struct made m;

	for (size_t i = site->nfiles; i-- > 0;)
		if (strstr(site->file[i].path, "gate-1/copy/init-"))
			archive_remove(site, site->file[i].path);
	begin(&m, site, &ask);
	cr_assert_eq(m.rc, 0);
	cr_assert_not(clip_is_whole(m.clip));
	cr_assert(strstr(told(&m), "init segment"), "%s", told(&m));
	end(&m);
}

Test(clip, says_why_there_is_none)
{
	static const struct { const char *camera, *rendition, *words; int64_t from_us, to_us; } row[] = {
		{"gate-9", "copy", "the log has no footage of camera gate-9", ARCHIVE_AT(10), ARCHIVE_AT(20)},
		{"gate-1", "copy", "the log has no footage", ARCHIVE_AT(-200), ARCHIVE_AT(-100)},
		{"gate-1", "copy", "gap entries cover it (restart)", ARCHIVE_AT(53), ARCHIVE_AT(55)},
		{"gate-1", "360p", "none that holds is in the archive", ARCHIVE_AT(10), ARCHIVE_AT(20)},
		{"yard", "copy", "none that holds is in the archive", ARCHIVE_AT(1), ARCHIVE_AT(4)}};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct clip_ask ask = ask_of(row[i].camera, row[i].from_us, row[i].to_us);
		struct made m;

		ask.rendition = row[i].rendition;
		ask.audio = false;
		begin(&m, archive_example(), &ask);
		cr_assert_eq(m.rc, -ENODATA, "%zu", i);
		cr_assert(strstr(clip_why(m.clip), row[i].words), "%zu: %s", i, clip_why(m.clip));
		end(&m);
	}
}

Test(clip, says_so_when_an_archive_is_none_or_is_damaged)
{
	struct clip_ask ask = ask_of("gate-1", ARCHIVE_AT(10), ARCHIVE_AT(20));
	struct archive *site = archive_example();
	struct made m;

	for (size_t i = site->nfiles; i-- > 0;)
		if (strstr(site->file[i].path, "log/tile/entries/"))
			archive_flip(site, site->file[i].path, 0);
	begin(&m, site, &ask);
	cr_assert_eq(m.rc, -EBADMSG);
	cr_assert(strstr(clip_why(m.clip), "casemate verify"), "%s", clip_why(m.clip));
	end(&m);
	begin(&m, archive_new("site.example"), &ask);
	cr_assert_eq(m.rc, -ENOENT);
	cr_assert(strstr(clip_why(m.clip), "log/checkpoint"));
	end(&m);
}

Test(clip, does_not_give_out_what_changes_meanwhile)
{
	struct clip_ask ask = ask_of("gate-1", ARCHIVE_AT(10), ARCHIVE_AT(20));
	struct made m;

	begin(&m, archive_example(), &ask);
	archive_flip_segment(m.site, "gate-1", "copy", 962, 9);
	finish(&m);
	cr_assert_eq(m.rc, -EIO);
	cr_assert(strstr(clip_why(m.clip), "segment 962 changed"), "%s", clip_why(m.clip));
	end(&m);
}

Test(clip, takes_what_the_log_has_of_keys_and_policy_and_a_cosigned_checkpoint)
{
	struct clip_ask ask = ask_of("gate-1", ARCHIVE_AT(10), ARCHIVE_AT(11));
	struct archive *site = archive_example();
	struct made m;

	archive_put(site, "log/keys", "keys\n", 5);
	archive_put(site, "log/policy", "quorum none\n", 12);
	archive_put(site, "log/cosigned", "nonsense", 8);
	make(&m, site, &ask);
	cr_assert_str_eq(text_of(&m, "keys"), "keys\n");
	cr_assert_str_eq(text_of(&m, "policy"), "quorum none\n");
	end(&m);
}

/* log/cosigned: the checkpoint of the first size entries, with a cosignature by w; and a policy that asks for it. */
static void cosign(struct archive *site, uint64_t size, const struct key_private *w)
{
	char vkey[KEY_VKEY], policy[512];
	struct cosign_public public;
	const struct archive_file *f;
	struct checkpoint c;
	struct buf note;
	const char *end_of_text;

	archive_checkpoint(site, size, site->key);
	f = archive_find(site, "log/checkpoint");
	buf_init(&note, CHECKPOINT_MAX_BYTES);
	end_of_text = memmem(f->p, f->n, "\n\n", 2);
	cr_assert_eq(buf_append(&note, f->p, f->n) || cosign_write(&note, f->p, (size_t)(end_of_text + 1 - (const char *)f->p), ARCHIVE_T0 / 1000000, w), 0);
	cr_assert(checkpoint_parse(buf_data(&note), note.len, &c, NULL) == 0 && c.size == size);
	archive_put(site, "log/cosigned", buf_data(&note), note.len);
	buf_free(&note);
	archive_checkpoint(site, site->size, site->key);
	cr_assert_eq(cosign_make_public("w.example", key_public_of(w)->raw, &public), 0);
	cosign_vkey(&public, vkey);
	snprintf(policy, sizeof policy, "witness w %s\nquorum w\n", vkey);
	archive_put(site, "log/policy", policy, strlen(policy));
}

/* Index behind the newest segment that begins before then. */
static uint64_t size_at(const struct archive *site, int64_t time_us)
{
	uint64_t size = 0;
	struct entry e;

	for (uint64_t i = 0; i < site->size; i++)
		if (entry_parse(site->entry[i], site->entry_len[i], &e, NULL) == 0 && e.kind == ENTRY_SEGMENT && e.segment.start_us < time_us)
			size = i + 1;
	return size;
}

static struct verify_report *judge_by_own_policy(struct made *m)
{
	struct archive_file *f = archive_find(m->folder, "policy");
	static struct witness_policy p;
	struct verify_report *r = judge(m);

	cr_assert_eq(witness_policy_parse(f->p, f->n, &p, NULL, NULL), 0);
	cr_assert_eq(verify_judge(r, &p, ARCHIVE_T0 + 1000000, true), 0);
	return r;
}

Test(clip, has_what_witnesses_cosigned_of_its_footage)
{
	static const struct { int until; bool beside, all; const char *words; } row[] = {
		{40, true, true, "covers 22 of the 22 segments"},
		{15, true, false, "covers 10 of the 22 segments"},
		{5, false, false, "0 of the 1 that the site names have cosigned"},
	};
	struct clip_ask ask = ask_of("gate-1", ARCHIVE_AT(10) + 500000, ARCHIVE_AT(20) + 1);
	struct key_private *w = NULL;

	cr_assert_eq(key_generate("w.example", &w), 0);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct archive *site = archive_example();
		struct verify_report *r;
		struct made m;

		cosign(site, size_at(site, ARCHIVE_AT(row[i].until)), w);
		begin(&m, site, &ask);
		cr_expect_eq(clip_witnessed(m.clip, ARCHIVE_T0), row[i].all ? 0 : -EAGAIN, "%zu", i);
		finish(&m);
		cr_assert_eq(m.rc, 0, "%s", clip_why(m.clip));
		cr_expect_eq(archive_find(m.folder, "cosigned") != NULL, row[i].beside, "%zu", i);
		cr_expect(strstr(text_of(&m, "report.txt"), row[i].words), "%zu: %s", i, text_of(&m, "report.txt"));
		assert_holds(&m);
		r = judge_by_own_policy(&m);
		cr_expect_eq(verify_status(r), !row[i].all, "%zu: %s", i, archive_explain(r));
		cr_expect_eq(r->uncosigned, row[i].beside && !row[i].all ? 12 : 0, "%zu: %ju", i, (uintmax_t)r->uncosigned);
		verify_free(&r);
		end(&m);
	}
	key_free(&w);
}

Test(clip, does_not_take_another_log_for_its_own)
{
	struct clip_ask ask = ask_of("gate-1", ARCHIVE_AT(10), ARCHIVE_AT(11));
	struct archive *site = archive_example();
	struct key_private *w = NULL;
	struct made m;

	cr_assert_eq(key_generate("w.example", &w), 0);
	site->leaf[7].b[0] ^= 1;
	cosign(site, 300, w);
	site->leaf[7].b[0] ^= 1;
	archive_publish(site);
	make(&m, site, &ask);
	cr_assert_null(archive_find(m.folder, "cosigned"));
	cr_assert(strstr(text_of(&m, "report.txt"), "is NOT this log"), "%s", text_of(&m, "report.txt"));
	assert_holds(&m);
	end(&m);
	key_free(&w);
}

Test(clip, waits_for_no_witnesses_where_none_are_asked_for)
{
	struct clip_ask ask = ask_of("gate-1", ARCHIVE_AT(10), ARCHIVE_AT(11));
	struct made m;

	begin(&m, archive_example(), &ask);
	cr_assert_eq(clip_witnessed(m.clip, ARCHIVE_T0), -ENOENT);
	cr_assert(strstr(clip_why(m.clip), "asks for no witnesses"), "%s", clip_why(m.clip));
	end(&m);
}

Test(clip, proves_the_encoder_that_segments_name)
{
	struct archive *site = archive_new("site.example");
	struct clip_ask ask = ask_of("gate-1", ARCHIVE_AT(4), ARCHIVE_AT(8));
	struct entry encoder = {.kind = ENTRY_ENCODER, .encoder = {.camera = "gate-1", .rendition = "audio", .encoder = "aac 1", .settings = "x"}};
	uint64_t old, used;
	struct made m;
	char path[VERIFY_PATH];

	archive_start(site, ARCHIVE_AT(-1));
	encoder.encoder.time_us = ARCHIVE_AT(-1);
	snprintf(encoder.encoder.rendition, sizeof encoder.encoder.rendition, "360p");
	old = archive_append(site, &encoder);
	snprintf(encoder.encoder.settings, sizeof encoder.encoder.settings, "y");
	used = archive_append(site, &encoder);
	for (uint64_t n = 0; n < 12; n++) {
		uint64_t at = archive_segment(site, "gate-1", "360p", n + 1, ARCHIVE_AT(n), true);
		struct entry e;

		/* as it would be, had the encoder been told */
		cr_assert_eq(entry_parse(site->entry[at], site->entry_len[at], &e, NULL), 0);
		e.segment.has_encoder = true;
		e.segment.encoder = site->leaf[used];
		site->size--;
		archive_append(site, &e);
	}
	archive_publish(site);
	ask.audio = false;
	ask.rendition = "360p";
	make(&m, site, &ask);
	snprintf(path, sizeof path, "proofs/%llu.tlog-proof", (unsigned long long)used);
	cr_assert_not_null(archive_find(m.folder, path));
	snprintf(path, sizeof path, "proofs/%llu.tlog-proof", (unsigned long long)old);
	cr_assert_null(archive_find(m.folder, path));
	cr_assert_not_null(archive_find(m.folder, "gate-1-360p-5-8.mp4"));
	end(&m);
}

Test(clip, has_a_limit_of_bytes)
{
	struct clip_ask ask = ask_of("gate-1", ARCHIVE_AT(10), ARCHIVE_AT(20));
	struct made m;

	ask.bytes_max = 1000;
	begin(&m, archive_example(), &ask);
	cr_assert_eq(m.rc, -EFBIG);
	cr_assert(strstr(clip_why(m.clip), "ask for a shorter time"));
	end(&m);
}

Test(clip, refuses_names_and_times_that_are_none)
{
	static const struct clip_ask bad[] = {
		{.camera = "Gate", .rendition = "copy", .user = "u", .from_us = 1, .to_us = 2},
		{.camera = "gate", .rendition = "../x", .user = "u", .from_us = 1, .to_us = 2},
		{.camera = "gate", .rendition = "copy", .user = "", .from_us = 1, .to_us = 2},
		{.camera = "gate", .rendition = "copy", .user = "u", .from_us = 2, .to_us = 2},
		{.camera = "gate", .rendition = "copy", .user = "u", .from_us = -1, .to_us = 2},
		{.camera = "gate", .rendition = "copy", .user = "u", .from_us = INT64_MIN, .to_us = INT64_MAX},
		{.camera = "gate", .rendition = "copy", .user = "u", .from_us = 1, .to_us = CLIP_TIME_MAX_US + 1}};
	struct verify_source src = {.get = archive_get};
	struct clip *c = NULL;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert_eq(clip_new(&bad[i], &src, &c), -EINVAL, "%zu", i);
	clip_free(&c);
}

Test(clip, finds_its_place_in_a_log_of_many_hours)
{
	struct archive *site = archive_new("site.example");
	struct clip_ask ask = ask_of("gate-1", ARCHIVE_AT(9000), ARCHIVE_AT(9010));
	struct entry e = {.kind = ENTRY_SEGMENT, .segment = {.camera = "yard", .rendition = "copy", .duration_ms = 2000, .bytes = 1}};
	struct made m;

	archive_start(site, ARCHIVE_AT(-1));
	for (int64_t n = 0; n < 20000; n++) {
		e.segment.number = (uint64_t)n + 1;
		e.segment.start_us = ARCHIVE_AT(n);
		archive_append(site, &e);
		if (n >= 8998 && n < 9012)
			archive_segment(site, "gate-1", "copy", (uint64_t)n, ARCHIVE_AT(n), true);
	}
	archive_publish(site);
	ask.audio = false;
	make(&m, site, &ask);
	cr_assert_not_null(archive_find(m.folder, "gate-1-copy-9000-9009.mp4"));
	cr_assert_not_null(archive_find(m.folder, "proofs/0.tlog-proof"), "the run's start");
	assert_holds(&m);
	end(&m);
}

Test(clip, looks_back_no_further_than_the_beginning_of_a_camera_that_is_new)
{
	struct archive *site = archive_new("site.example");
	struct clip_ask ask = ask_of("gate-1", ARCHIVE_AT(1985), ARCHIVE_AT(2000));
	struct entry e = {.kind = ENTRY_SEGMENT, .segment = {.camera = "yard", .rendition = "copy", .duration_ms = 1000, .bytes = 1}};
	struct made m;

	for (int64_t n = 0; n < 2010; n++) {
		e.segment.number = (uint64_t)n + 1;
		e.segment.start_us = ARCHIVE_AT(n);
		archive_append(site, &e);
		if (n == 1500)
			archive_start(site, ARCHIVE_AT(n));
		if (n >= 1990)
			archive_segment(site, "gate-1", "copy", (uint64_t)n - 1989, ARCHIVE_AT(n), true);
	}
	archive_publish(site);
	archive_flip(site, "log/tile/entries/000", 0);  /* what is not read does not matter */
	ask.audio = false;
	begin(&m, site, &ask);
	cr_assert_eq(m.rc, 0, "%s", clip_why(m.clip));
	end(&m);
}
