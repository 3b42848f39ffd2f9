/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "archive.h"
#include "seal/tile.h"
#include "seal/tree.h"

static void expect_clean(struct archive *a, const char *what)
{
	struct verify_report *r = archive_verify(a, NULL, true);

	cr_assert_eq(verify_status(r), 0, "%s:\n%s", what, archive_explain(r));
	cr_assert_eq(r->nproblems, 0);
	verify_free(&r);
}

Test(verify, clean_archive_holds)
{
	struct archive *a = archive_example();
	struct verify_report *r = archive_verify(a, NULL, true);

	cr_assert_eq(verify_status(r), 0, "%s", archive_explain(r));
	cr_assert(r->entries == a->size && a->size > 512 && r->ngaps == 3 && r->starts == 2 && r->crashes == 1 && r->nrenditions == 5);
	for (size_t i = 0; i < r->nrenditions; i++) {
		const struct verify_rendition *v = &r->rendition[i];
		bool encoded = !strcmp(v->rendition, "360p"), yard = !strcmp(v->camera, "yard");

		cr_assert_eq(v->segments, encoded ? 100 : ARCHIVE_SEGMENTS);
		cr_assert_eq(v->not_kept, encoded ? 100 : 0);
		cr_assert_eq(v->deleted, yard ? 10 : 0);
		cr_assert_eq(v->good, encoded ? 0 : yard ? ARCHIVE_SEGMENTS - 10 : ARCHIVE_SEGMENTS);
	}
	cr_assert_str_eq(r->gap[0].why, "restart");
	verify_free(&r);
	archive_free(&a);
}

/* Every size of a log, around the edges of tiles; with only stop entries up to a third level. */
Test(verify, clean_logs_of_all_sizes)
{
	static const uint64_t size[] = {1, 2, 255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 66000};
	struct archive *a = archive_new("site.example");

	for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
		while (a->size < size[i])
			archive_stop(a, ARCHIVE_T0);
		archive_publish(a);
		expect_clean(a, "log");
	}
	archive_free(&a);
}

Test(verify, empty_log_holds)
{
	struct archive *a = archive_new("site.example");

	archive_publish(a);
	expect_clean(a, "empty");
	archive_free(&a);
}

/* The deletion is logged and signed first, then the files go: a crash between leaves them. */
Test(verify, a_deleted_segment_may_still_lie_there)
{
	struct entry e = {.kind = ENTRY_DELETE, .del = {.camera = "gate-1", .rendition = "copy", .from_number = 950, .to_number = 954, .why = "space"}};
	struct archive *a = archive_example();
	struct verify_report *r;

	archive_append(a, &e);
	archive_publish(a);
	r = archive_verify(a, NULL, true);
	cr_assert_eq(verify_status(r), 0, "%s", archive_explain(r));
	cr_assert(r->leftover == 5 && r->rendition[0].deleted == 5);
	verify_free(&r);
	archive_free(&a);
}

/* Time that was covered before the clock went back is covered, also where the second time has a hole. */
Test(verify, a_clock_set_back_is_no_hole)
{
	struct archive *a = archive_new("site.example");

	archive_start(a, ARCHIVE_T0);
	for (uint64_t n = 1; n <= 10; n++)
		archive_segment(a, "gate-1", "copy", n, ARCHIVE_AT(n), true);
	archive_segment(a, "gate-1", "copy", 11, ARCHIVE_AT(2), true);
	archive_segment(a, "gate-1", "copy", 12, ARCHIVE_AT(8), true);
	archive_segment(a, "gate-1", "copy", 13, ARCHIVE_AT(11), true);
	archive_publish(a);
	expect_clean(a, "clock set back");
	archive_free(&a);
}

Test(verify, filters)
{
	struct archive *a = archive_example();
	struct verify_filter yard = {"yard", INT64_MIN, INT64_MAX}, early = {NULL, ARCHIVE_AT(10), ARCHIVE_AT(20) - 1}, late = {"gate-1", ARCHIVE_AT(100), INT64_MAX};
	struct verify_report *r;

	archive_flip_segment(a, "gate-1", "copy", 1000, 5);
	r = archive_verify(a, &yard, true);
	cr_assert_eq(verify_status(r), 0, "%s", archive_explain(r));
	verify_free(&r);
	r = archive_verify(a, &early, true);
	cr_assert_eq(verify_status(r), 0, "%s", archive_explain(r));
	cr_assert_eq(r->rendition[0].good, 11, "%s", archive_explain(r));
	verify_free(&r);
	r = archive_verify(a, &late, true);
	cr_assert_eq(verify_status(r), 0, "%s", archive_explain(r));
	verify_free(&r);
	archive_free(&a);
}

static void publish_more(struct archive *a)
{
	archive_delete(a, "door", "audio", 950, 952, "space");
	archive_publish(a);
}

/* Files come before their entries are signed, and go after their deletion is: a running site is no damaged one. */
Test(verify, waits_for_a_running_site)
{
	struct archive *a = archive_example();
	struct verify_report *r;

	archive_round(a, 1100, ARCHIVE_AT(150) + 60000000);
	archive_delete(a, "door", "audio", 950, 952, NULL);
	a->waits = 3;
	a->then = publish_more;
	r = archive_verify(a, NULL, true);
	cr_assert_eq(verify_status(r), 0, "%s", archive_explain(r));
	cr_assert_eq(r->checkpoint.size, a->size);
	cr_assert_eq(r->rendition[0].good, ARCHIVE_SEGMENTS + 1);
	verify_free(&r);
	archive_free(&a);
}

/* What a server offers: no list of files, and the newest footage only. */
Test(verify, of_a_server)
{
	struct archive *a = archive_example();
	struct verify_report *r;

	archive_delete(a, "gate-1", "copy", 950, 1000, NULL);
	r = archive_verify(a, NULL, false);
	cr_assert_eq(verify_status(r), 0, "%s", archive_explain(r));
	cr_assert_eq(r->rendition[0].not_offered, 51);
	verify_free(&r);
	archive_delete(a, "gate-1", "copy", 1050, 1050, NULL);
	r = archive_verify(a, NULL, false);
	cr_assert_eq(verify_status(r), 1);
	cr_assert(archive_named(r, "gate-1", "copy", 1050));
	verify_free(&r);
	archive_free(&a);
}

Test(verify, of_a_server_that_offers_nothing)
{
	struct archive *a = archive_example();
	struct verify_report *r;

	for (size_t i = a->nfiles; i-- > 0;)
		if (!strncmp(a->file[i].path, "footage/", 8))
			archive_remove(a, a->file[i].path);
	r = archive_verify(a, NULL, false);
	cr_assert_eq(verify_status(r), 2, "%s", archive_explain(r));
	verify_free(&r);
	archive_free(&a);
}

Test(verify, nothing_there_is_not_an_answer)
{
	struct archive *a = archive_new("site.example");
	struct verify_report *r = archive_verify(a, NULL, true);

	cr_assert_eq(verify_status(r), 2);
	verify_free(&r);
	archive_free(&a);
}

/* A start of these programs; the second one's hash begins with that byte. */
static void start_of(struct archive *a, int64_t time_us, const char *program, uint8_t second)
{
	struct entry e = {.kind = ENTRY_START, .start = {.time_us = time_us, .nkeep = 1, .keep = {"copy"}, .has_sbom = true, .nbinaries = 2,
		.binary = {{"casemate", {{0x11}}}, {"ingest", {{second}}}}}};

	snprintf(e.start.program, sizeof e.start.program, "%s", program);
	key_vkey(key_public_of(a->key), e.start.key);
	archive_append(a, &e);
}

Test(verify, tells_the_programs_each_time_that_they_change)
{
	struct archive *a = archive_new("site.example");
	struct verify_report *r;
	const char *text;
	struct buf json;

	start_of(a, ARCHIVE_T0, "casemate 0.1.0", 0xaa);
	start_of(a, ARCHIVE_T0 + 1000000, "casemate 0.1.0", 0xaa);
	start_of(a, ARCHIVE_T0 + 2000000, "casemate 0.1.0", 0xbb);
	start_of(a, ARCHIVE_T0 + 3000000, "casemate 0.2.0", 0xbb);
	archive_publish(a);
	r = archive_verify(a, NULL, true);
	cr_assert_eq(verify_status(r), 0, "%s", archive_explain(r));
	cr_assert_eq(r->nprograms, 3);
	cr_assert(r->programs[0].binary[1].hash.b[0] == 0xaa && r->programs[1].binary[1].hash.b[0] == 0xbb);
	text = archive_explain(r);
	cr_expect(strstr(text, "programs: 2026-11-22T15:30:00.000Z casemate 0.1.0, casemate 1100000000000000, ingest aa00000000000000, sbom"), "%s", text);
	cr_expect(strstr(text, "programs: 2026-11-22T15:30:02.000Z casemate 0.1.0, ingest bb00000000000000, sbom"), "%s", text);
	buf_init(&json, 1 << 20);
	cr_assert_eq(verify_print_json(r, &json), 0);
	cr_assert_eq(buf_append(&json, "", 1), 0);
	cr_expect(strstr((char *)buf_data(&json), "\"programs_total\":3"), "%s", buf_data(&json));
	buf_free(&json);
	verify_free(&r);
	archive_free(&a);
}

Test(verify, report_as_json)
{
	struct archive *a = archive_example();
	struct verify_report *r;
	struct buf b;

	buf_init(&b, 1u << 20);
	archive_flip_segment(a, "gate-1", "copy", 1000, 5);
	r = archive_verify(a, NULL, true);
	cr_assert_eq(verify_print_json(r, &b), 0);
	buf_append(&b, "", 1);
	cr_assert(strstr((char *)buf_data(&b), "\"verdict\":\"not verified\",\"status\":1,\"shape\":\"archive\",\"origin\":\"site.example\""));
	cr_assert(strstr((char *)buf_data(&b), "{\"kind\":\"changed\",\"camera\":\"gate-1\",\"rendition\":\"copy\",\"first\":1000,\"last\":1000,"));
	buf_free(&b);
	buf_init(&b, 100);
	cr_assert_eq(verify_print_json(r, &b), -ENOBUFS);
	cr_assert_eq(verify_print(r, &b), -ENOBUFS);
	buf_free(&b);
	verify_free(&r);
	archive_free(&a);
}
