/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What verify counts and tells beside whether all holds: clocks, signatures, gaps, keys, encoders, people, witnesses. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "archive.h"
#include "seal/cosign.h"
#include "seal/keychain.h"

#define NOW_US (ARCHIVE_T0 + INT64_C(86400000000))

/* Segments of two seconds, with these errors of the clock; the first are by RTCP. */
static void clocks(struct archive *a, const uint32_t *error_ms, unsigned n, unsigned rtcp)
{
	archive_start(a, ARCHIVE_T0);
	for (unsigned i = 0; i < n; i++) {
		struct entry e;
		uint64_t at = archive_segment(a, "gate", "360p", i + 1, ARCHIVE_T0 + (int64_t)i * 2000000, false);

		cr_assert_eq(entry_parse(a->entry[at], a->entry_len[at], &e, NULL), 0);
		e.segment.clock_error_ms = error_ms[i];
		e.segment.clock_rtcp = i < rtcp;
		e.segment.signature = i % 3 ? ENTRY_SIGNATURE_ONVIF : ENTRY_SIGNATURE_NONE;
		a->size--;
		archive_append(a, &e);
	}
	archive_publish(a);
}

Test(verify_report, tells_the_clock_s_usual_and_worst_error)
{
	static const struct {
		uint32_t error_ms[5];
		unsigned n, rtcp;
		uint32_t typical_ms, worst_ms;
	} cases[] = {
		{{0}, 1, 0, 0, 0}, {{1, 2, 3}, 3, 3, 2, 3}, {{7, 7, 7, 7, 5000}, 5, 1, 7, 5000}, {{3, 7, 6}, 3, 0, 6, 7},
		{{40, 41, 42}, 3, 0, 40, 42}, {{1000, 1000, 1000}, 3, 3, 896, 1000}, {{UINT32_MAX, UINT32_MAX}, 2, 0, 0xe0000000, UINT32_MAX},
		{{9, 0}, 2, 2, 0, 9},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct archive *a = archive_new("site.example");
		struct verify_report *r;

		clocks(a, cases[i].error_ms, cases[i].n, cases[i].rtcp);
		r = archive_verify(a, NULL, true);
		cr_assert_eq(verify_status(r), 0, "%s", archive_explain(r));
		cr_expect_eq(r->rendition->clock_typical_ms, cases[i].typical_ms, "case %zu: %u", i, r->rendition->clock_typical_ms);
		cr_expect_eq(r->rendition->clock_worst_ms, cases[i].worst_ms, "case %zu", i);
		cr_expect(r->rendition->clock_rtcp == cases[i].rtcp && r->rendition->clock_arrival == cases[i].n - cases[i].rtcp, "case %zu", i);
		cr_expect_eq(r->rendition->signature[ENTRY_SIGNATURE_NONE], (cases[i].n + 2) / 3, "case %zu", i);
		verify_free(&r);
		archive_free(&a);
	}
}

Test(verify_report, sums_gaps_by_reason)
{
	struct archive *a = archive_new("site.example");
	const struct verify_account *s;
	struct verify_report *r;
	char why[ENTRY_NAME];

	archive_start(a, ARCHIVE_T0);
	for (unsigned i = 0; i < 2 * VERIFY_REASONS_MAX; i++) {
		snprintf(why, sizeof why, "reason-%u", i % (VERIFY_REASONS_MAX + 3));
		archive_gap(a, "gate", ARCHIVE_T0 + i * INT64_C(1000000), ARCHIVE_T0 + (i + 1) * INT64_C(1000000), why);
	}
	archive_gap(a, "gate", ARCHIVE_T0 + INT64_C(99000000), ARCHIVE_T0 + INT64_C(99000000), "removed");
	archive_publish(a);
	r = archive_verify(a, NULL, true);
	s = r->account;
	cr_assert(r->naccounts == 1 && s->gaps == 2 * VERIFY_REASONS_MAX && s->gap_us == 2 * VERIFY_REASONS_MAX * INT64_C(1000000), "%s", archive_explain(r));
	cr_assert(s->nreasons == VERIFY_REASONS_MAX && !strcmp(s->reason[0].why, "reason-0") && s->reason[0].gaps == 2 && s->reason[0].us == 2000000);
	cr_assert_eq(s->reason[VERIFY_REASONS_MAX - 1].gaps, 1);
	verify_free(&r);
	archive_free(&a);
}

Test(verify_report, names_encoders_where_they_change)
{
	static const char *const settings[] = {"crf 23", "crf 23", "crf 30", "crf 23"};
	struct archive *a = archive_new("site.example");
	struct verify_report *r;

	archive_start(a, ARCHIVE_T0);
	for (unsigned i = 0; i < 4; i++) {
		archive_encoder(a, "gate", "360p", settings[i]);
		archive_segment(a, "gate", "360p", i + 1, ARCHIVE_T0 + i * INT64_C(2000000), false);
	}
	archive_publish(a);
	r = archive_verify(a, NULL, true);
	cr_assert(verify_status(r) == 0 && r->nencoders == 3 && !strcmp(r->encoder[1].settings, "crf 30"), "%s", archive_explain(r));
	verify_free(&r);
	archive_free(&a);
}

/* What was logged before the encoder changed may be entered behind the change, but not long behind. */
Test(verify_report, an_encoder_is_one_of_the_last)
{
	for (unsigned later = 0; later < 6; later++) {
		struct archive *a = archive_new("site.example");
		struct verify_report *r;
		struct hash first;

		archive_start(a, ARCHIVE_T0);
		archive_encoder(a, "gate", "360p", "crf 23");
		first = a->encoder;
		for (unsigned i = 0; i < later; i++)
			archive_encoder(a, "gate", "360p", i % 2 ? "crf 24" : "crf 25");
		a->encoder = first;
		archive_segment(a, "gate", "360p", 1, ARCHIVE_T0, false);
		archive_publish(a);
		r = archive_verify(a, NULL, true);
		cr_expect_eq(verify_status(r), later > 3, "%u: %s", later, archive_explain(r));
		cr_expect(later <= 3 || r->problem[0].kind == VERIFY_ORDER);
		verify_free(&r);
		archive_free(&a);
	}
}

/* Where the copy is not known any more, nothing can be said. */
Test(verify_report, an_encoded_segment_was_made_from_the_copy_of_its_number)
{
	static const struct { bool named, other; uint64_t copies; int status; } row[] = {
		{false, false, 1, 0}, {true, false, 1, 0}, {true, true, 1, 1}, {true, true, 32, 1}, {true, true, 33, 0}, {true, true, 0, 0},
	};

	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct archive *a = archive_new("site.example");
		struct verify_report *r;
		uint8_t *media = malloc(a->media_bytes);

		archive_start(a, ARCHIVE_T0);
		archive_encoder(a, "gate", "360p", "crf 23");
		for (uint64_t n = 1; n <= row[i].copies; n++)
			archive_segment(a, "gate", "copy", n, ARCHIVE_T0 + (int64_t)n * 2000000, true);
		if (row[i].named)
			hash_bytes(media, archive_media(a, "gate", row[i].other ? "360p" : "copy", 1, media), &a->source);
		archive_segment(a, "gate", "360p", 1, ARCHIVE_T0 + 2000000, false);
		archive_publish(a);
		r = archive_verify(a, NULL, true);
		cr_expect_eq(verify_status(r), row[i].status, "%zu: %s", i, archive_explain(r));
		cr_expect(!row[i].status || (r->problem[0].kind == VERIFY_ORDER && archive_named(r, "gate", "360p", 1)), "%zu", i);
		verify_free(&r);
		archive_free(&a);
		free(media);
	}
}

Test(verify_report, counts_logins_views_and_exports)
{
	struct entry e = {.kind = ENTRY_LOGIN, .login = {.time_us = ARCHIVE_T0, .user = "guard", .address = "192.0.2.7", .count = 3}};
	struct archive *a = archive_new("site.example");
	struct verify_report *r;

	archive_start(a, ARCHIVE_T0);
	archive_append(a, &e);
	e.login.accepted = true;
	e.login.count = UINT64_C(1) << 53;
	for (unsigned i = 0; i < 2; i++)
		archive_append(a, &e);
	e = (struct entry){.kind = ENTRY_WATCH, .watch = {.user = "guard", .address = "-", .camera = "gate", .by = 1, .rendition = {"copy"}, .nrenditions = 1,
		.from_number = 1, .to_number = 2, .from_us = ARCHIVE_T0, .to_us = ARCHIVE_T0, .bytes = 5}};
	archive_append(a, &e);
	e = (struct entry){.kind = ENTRY_EXPORT, .export = {.time_us = ARCHIVE_T0, .user = "guard", .camera = "gate", .rendition = "copy",
		.from_us = ARCHIVE_T0, .to_us = ARCHIVE_T0 + 1000000, .segments = 5}};
	for (unsigned i = 0; i < VERIFY_EXPORTS_MAX + 5; i++)
		archive_append(a, &e);
	archive_publish(a);
	r = archive_verify(a, NULL, true);
	cr_assert(r->refusals == 3 && r->logins == UINT64_C(1) << 54 && r->nexports == VERIFY_EXPORTS_MAX + 5, "%s", archive_explain(r));
	cr_assert_eq(r->export[VERIFY_EXPORTS_MAX - 1].segments, 5);
	cr_assert(r->views == 1 && strstr(archive_explain(r), "who watched what: 1 entries"));
	cr_assert(strstr(archive_explain(r), "and 5 more exports"));
	verify_free(&r);
	archive_free(&a);
}

/* Writes log/cosigned: the checkpoint of the first size entries with cosignatures by these. */
static void cosign(struct archive *a, uint64_t size, struct key_private *const *by, unsigned n, int64_t time_s)
{
	const struct archive_file *f;
	const char *text_end;
	struct buf note;

	archive_checkpoint(a, size, a->key);
	f = archive_find(a, "log/checkpoint");
	text_end = memmem(f->p, f->n, "\n\n", 2);
	buf_init(&note, NOTE_MAX_BYTES);
	cr_assert_eq(buf_append(&note, f->p, f->n), 0);
	for (unsigned i = 0; i < n; i++)
		cr_assert_eq(cosign_write(&note, f->p, (size_t)(text_end + 1 - (const char *)f->p), time_s, by[i]), 0);
	archive_put(a, "log/cosigned", buf_data(&note), note.len);
	archive_checkpoint(a, a->size, a->key);
	buf_free(&note);
}

static void policy_of(struct witness_policy *p, struct key_private *const *w, const char *quorum)
{
	char text[2048], vkey[2][KEY_VKEY];

	for (unsigned i = 0; i < 2; i++) {
		struct cosign_public c;

		cr_assert_eq(cosign_make_public(i ? "b.example" : "a.example", key_public_of(w[i])->raw, &c), 0);
		cosign_vkey(&c, vkey[i]);
	}
	snprintf(text, sizeof text, "witness a %s\nwitness b %s\ngroup both 2 a b\ngroup any any both\nquorum %s\n", vkey[0], vkey[1], quorum);
	cr_assert_eq(witness_policy_parse(text, strlen(text), p, NULL, NULL), 0, "%s", text);
}

Test(verify_report, judges_by_a_policy)
{
	static const struct { unsigned cosigned; bool given, met; int status; const char *words; } cases[] = {
		{2, true, true, 0, "witnesses: enough, by the policy that was given; 2 of 2 cosigned the first 300 entries, the newest 24 h ago"},
		{1, true, false, 1, "witnesses: NOT ENOUGH, by the policy that was given; 1 of 2 cosigned the first 300 entries"},
		{1, false, false, 0, "witnesses: NOT ENOUGH, by the policy that came with it; 1 of 2"},
		{0, true, false, 1, "unwitnessed: not as many witnesses have cosigned this log as the policy needs"},
	};
	struct key_private *w[2] = {NULL, NULL};
	struct archive *a = archive_example();
	static struct witness_policy p;

	cr_assert_eq(key_generate("a.example", &w[0]) || key_generate("b.example", &w[1]), 0);
	policy_of(&p, w, "both");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct verify_report *r;

		cosign(a, 300, w, cases[i].cosigned, ARCHIVE_T0 / 1000000);
		r = archive_verify(a, NULL, true);
		cr_assert(r->cosigned.there && r->cosigned.at.size == 300 && r->note.at.size == a->size, "%s", archive_explain(r));
		cr_assert_eq(verify_judge(r, &p, NOW_US, cases[i].given), 0);
		cr_expect_eq(r->quorum.verdict.met, cases[i].met, "case %zu", i);
		cr_expect_eq(verify_status(r), cases[i].status, "case %zu: %s", i, archive_explain(r));
		cr_expect(strstr(archive_explain(r), cases[i].words), "case %zu: %s", i, archive_explain(r));
		verify_free(&r);
	}
	key_free(&w[0]);
	key_free(&w[1]);
	archive_free(&a);
}

/* Who made the policy named its witnesses: a terminal shows no more than printable ASCII of them. */
Test(verify_report, names_witnesses_in_printable_letters)
{
	struct key_private *w[2] = {NULL, NULL};
	struct archive *a = archive_example();
	struct verify_report *r;
	static struct witness_policy p;

	cr_assert_eq(key_generate("a.example", &w[0]) || key_generate("b.example", &w[1]), 0);
	policy_of(&p, w, "both");
	strcpy(p.witness[0].name, "a\xc2\x9b" "2J");
	memset(p.witness[1].name, 0xff, sizeof p.witness[1].name - 1);
	cosign(a, 300, w, 2, ARCHIVE_T0 / 1000000);
	r = archive_verify(a, NULL, true);
	cr_assert_eq(verify_judge(r, &p, NOW_US, true), 0);
	cr_expect(strstr(archive_explain(r), "  witness a\\xc2\\x9b2J: "), "%s", archive_explain(r));
	cr_expect(strstr(archive_explain(r), "\\xff: ") && !strchr(archive_explain(r), 0xff), "%s", archive_explain(r));
	verify_free(&r);
	key_free(&w[0]);
	key_free(&w[1]);
	archive_free(&a);
}

Test(verify_report, what_is_not_this_log_is_not_judged)
{
	struct key_private *w[2] = {NULL, NULL};
	struct archive *a = archive_example();
	struct verify_report *r;
	static struct witness_policy p;

	cr_assert_eq(key_generate("a.example", &w[0]) || key_generate("b.example", &w[1]), 0);
	policy_of(&p, w, "any");
	a->leaf[7].b[0] ^= 1;
	cosign(a, 300, w, 2, ARCHIVE_T0 / 1000000);
	a->leaf[7].b[0] ^= 1;
	archive_checkpoint(a, a->size, a->key);
	r = archive_verify(a, NULL, true);
	cr_assert(verify_status(r) == 1 && !r->cosigned.there && r->problem[0].kind == VERIFY_LOG, "%s", archive_explain(r));
	cr_assert_eq(verify_judge(r, &p, NOW_US, true), 0);
	cr_assert(!r->quorum.verdict.met && r->nproblems == 2 && r->problem[1].kind == VERIFY_UNWITNESSED, "%s", archive_explain(r));
	verify_free(&r);
	key_free(&w[0]);
	key_free(&w[1]);
	archive_free(&a);
}

/* A policy may name the key that was replaced since: who has the first one has the log. */
Test(verify_report, a_policy_of_an_earlier_key_is_of_this_log)
{
	static const struct { unsigned given, named; int status; } row[] = {{0, 0, 0}, {0, 1, 0}, {1, 0, 0}, {1, 1, 0}, {0, 2, 1}, {1, 2, 1}};
	struct key_private *key[3] = {NULL};
	struct archive *a = archive_new("site.example");
	static struct witness_policy p;
	struct buf notes;

	cr_assert_eq(key_generate("site.example", &key[1]) || key_generate("site.example", &key[2]), 0);
	key[0] = a->key;
	archive_start(a, ARCHIVE_T0);
	buf_init(&notes, KEYCHAIN_BYTES_MAX);
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct entry e = {.kind = ENTRY_KEY, .key = {.time_us = ARCHIVE_T0, .why = "rotation"}};
		struct verify_report *r;
		char text[512], vkey[KEY_VKEY];

		if (i == 0) {
			key_vkey(key_public_of(key[1]), e.key.key);
			key_vkey(key_public_of(key[0]), e.key.by);
			archive_append(a, &e);
			cr_assert_eq(keychain_write(&notes, key_public_of(key[1]), ARCHIVE_T0, a->size, key[0]), 0);
			archive_put(a, "log/keys", buf_data(&notes), notes.len);
			a->key = key[1];
			archive_start(a, ARCHIVE_T0 + 1000000);
			archive_publish(a);
		}
		key_vkey(key_public_of(key[row[i].named]), vkey);
		snprintf(text, sizeof text, "log %s\nquorum none\n", vkey);
		cr_assert_eq(witness_policy_parse(text, strlen(text), &p, NULL, NULL), 0);
		a->key = key[row[i].given];
		r = archive_verify(a, NULL, true);
		cr_assert_eq(verify_status(r), 0, "%zu: %s", i, archive_explain(r));
		cr_assert_eq(verify_judge(r, &p, NOW_US, true), 0);
		cr_expect_eq(verify_status(r), row[i].status, "%zu: %s", i, archive_explain(r));
		cr_expect_eq(r->quorum.is_listed, row[i].status == 0, "%zu", i);
		verify_free(&r);
	}
	buf_free(&notes);
	a->key = key[1];
	key_free(&key[0]);
	key_free(&key[2]);
	archive_free(&a);
}

/* A run that begins meanwhile names the key before: it signs nothing any more, and is not told as one that does. */
Test(verify_report, tells_each_key_once_though_a_run_began_while_it_was_replaced)
{
	struct entry e = {.kind = ENTRY_KEY, .key = {.time_us = ARCHIVE_T0, .why = "rotation"}};
	struct archive *a = archive_new("site.example");
	struct key_private *old = a->key, *new;
	struct verify_report *r;

	cr_assert_eq(key_generate("site.example", &new), 0);
	key_vkey(key_public_of(new), e.key.key);
	key_vkey(key_public_of(old), e.key.by);
	archive_start(a, ARCHIVE_T0);
	archive_append(a, &e);
	archive_start(a, ARCHIVE_T0 + 1000000);
	a->key = new;
	archive_start(a, ARCHIVE_T0 + 2000000);
	archive_publish(a);
	r = archive_verify(a, NULL, true);
	cr_assert_eq(verify_status(r), 0, "%s", archive_explain(r));
	cr_expect_eq(r->starts, 3);
	cr_expect_eq(r->nkeys, 2, "%s", archive_explain(r));
	cr_expect_str_eq(r->key[1].vkey, e.key.key);
	verify_free(&r);
	key_free(&old);
	archive_free(&a);
}

/* Nobody reads lines that run out of the window. */
Test(verify_report, lines_for_people_are_no_longer_than_the_window)
{
	struct archive *a = archive_example();
	struct verify_report *r = archive_verify(a, NULL, true);
	char *line, *rest = archive_explain(r);
	unsigned lines = 0;

	while ((line = strsep(&rest, "\n"))) {
		cr_expect_leq(strlen(line), 120, "%s", line);
		lines++;
	}
	cr_assert_gt(lines, 12);
	verify_free(&r);
	archive_free(&a);
}
