/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "media/cmaf.h"
#include "store/recover.h"
#include "tests/store/folder.h"

#define TIMESCALE 90000
#define CHUNK_SAMPLES 5

static struct folder f;
static struct tlog *l;
static struct archive *a;
static struct hash init;
static struct recover_report report;

static void reopen(void)
{
	const char *why = "";
	bool stale;

	tlog_free(&l);
	archive_free(&a);
	cr_assert_eq(tlog_open(f.fd, FOLDER_ORIGIN, &l, &why), 0, "%s", why);
	cr_assert_eq(archive_open(f.fd, &a, &stale), 0);
	report = (struct recover_report){0};
	cr_assert_eq(recover_archive(f.fd, l, a, stale, 1000000000, &report), 0);
}

static void setup(void)
{
	folder_begin(&f);
	reopen();
	hash_bytes("init", 4, &init);
	cr_assert_eq(archive_write_init(a, "yard", "copy", &init, "init", 4), 0);
}

static void teardown(void)
{
	tlog_free(&l);
	archive_free(&a);
	folder_end(&f);
}

TestSuite(recover, .init = setup, .fini = teardown, .timeout = 300);

/* Chunks of 0.2 s each, one behind the other. */
static void add_chunk(struct buf *b, unsigned i)
{
	struct cmaf_sample s[CHUNK_SAMPLES];
	struct cmaf_chunk c = {.sequence = i + 1, .decode_time = (uint64_t)i * CHUNK_SAMPLES * 3600, .begins_segment = i == 0, .samples = s, .nsamples = CHUNK_SAMPLES};
	uint8_t header[CMAF_CHUNK_HEADER_MAX(CHUNK_SAMPLES)], media[CHUNK_SAMPLES * 100] = {(uint8_t)i};
	struct wr w = wr_init(header, sizeof header);

	for (unsigned k = 0; k < CHUNK_SAMPLES; k++)
		s[k] = (struct cmaf_sample){.duration = 3600, .size_bytes = 100, .key = k == 0};
	cr_assert_eq(cmaf_write_chunk_header(&w, &c), 0);
	cr_assert_eq(buf_append(b, header, w.len), 0);
	cr_assert_eq(buf_append(b, media, sizeof media), 0);
}

static struct archive_slot slot_of(uint64_t number)
{
	struct archive_slot s = {.start_us = (int64_t)number * 1000000, .timescale = TIMESCALE};

	memcpy(s.init, init.b, sizeof s.init);
	return s;
}

static void leave_file(uint64_t number, const struct buf *b, bool whole)
{
	struct archive_slot s = slot_of(number);
	int fd;

	cr_assert_eq(archive_begin(a, "yard", "copy", number, &s, &fd), 0);
	cr_assert_eq(io_write_all(fd, buf_data(b), b->len), 0);
	s.bytes = (uint32_t)b->len;
	if (whole)
		cr_assert_eq(archive_finish(a, "yard", "copy", number, &s, fd), 0);
	close(fd);
}

static void enter(uint64_t number, const struct buf *b)
{
	struct entry e = {.kind = ENTRY_SEGMENT, .segment = {.camera = "yard", .rendition = "copy", .number = number, .init = init, .bytes = b->len,
		.start_us = (int64_t)number * 1000000, .duration_ms = 600}};
	uint8_t bytes[ENTRY_MAX_BYTES];
	uint64_t index;
	size_t n;

	hash_bytes(buf_data(b), b->len, &e.segment.media);
	cr_assert_eq(entry_write(&e, bytes, &n), 0);
	cr_assert_eq(tlog_append(l, bytes, n, &index), 0);
	cr_assert_eq(tlog_sync(l), 0);
}

static struct entry last_entry(void)
{
	uint8_t bytes[ENTRY_MAX_BYTES];
	struct entry e;
	size_t n;

	cr_assert_gt(tlog_size(l), 0);
	cr_assert_eq(tlog_entry(l, tlog_size(l) - 1, bytes, &n), 0);
	cr_assert_eq(entry_parse(bytes, n, &e, NULL), 0);
	return e;
}

static void check_last(uint64_t number, size_t bytes, unsigned chunks)
{
	struct entry e = last_entry();
	struct archive_slot s;
	struct hash h;
	struct buf b;

	buf_init(&b, 1 << 20);
	cr_assert_eq(e.kind, ENTRY_SEGMENT);
	cr_assert_eq(e.segment.number, number);
	cr_assert_eq(e.segment.bytes, bytes);
	cr_assert_eq(e.segment.duration_ms, chunks * 200);
	cr_assert_eq(e.segment.start_us, (int64_t)number * 1000000);
	cr_assert(hash_same(&e.segment.init, &init));
	cr_assert_eq(archive_read_segment(f.fd, "yard", "copy", number, &b), 0);
	hash_bytes(buf_data(&b), b.len, &h);
	cr_assert(hash_same(&h, &e.segment.media));
	cr_assert_eq(archive_read_slot(f.fd, "yard", "copy", number, &s), 0);
	cr_assert(s.kept && s.has_entry && s.entry == tlog_size(l) - 1);
	buf_free(&b);
}

static struct buf chunks(unsigned n)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	for (unsigned i = 0; i < n; i++)
		add_chunk(&b, i);
	return b;
}

Test(recover, keeps_the_whole_chunks_of_an_unfinished_file)
{
	struct buf two = chunks(2), b = chunks(3);
	size_t part = b.len - two.len;

	for (size_t cut = 0; cut < part; cut += 53) {
		uint64_t number = cut + 1;

		b.len = two.len + cut;
		leave_file(number, &b, false);
		reopen();
		cr_assert_eq(report.cut, 1);
		check_last(number, two.len, 2);
	}
	reopen();
	cr_assert_eq(report.cut + report.adopted + report.lost + report.removed, 0, "what is mended stays mended");
	buf_free(&b);
	buf_free(&two);
}

Test(recover, says_that_the_camera_signed)
{
	static const uint8_t units[] = {0, 0, 0, 20, 6, 5, 16, 'S', 'i', 'g', 'n', 'e', 'd', ' ', 'V', 'i', 'd', 'e', 'o', '.', '.', '.', '0', 0x80, 0, 0, 0, 2, 0x65, 0x88};
	struct buf two = chunks(2), one = chunks(1);

	leave_file(1, &two, false);
	reopen();
	cr_expect_eq(last_entry().segment.signature, ENTRY_SIGNATURE_NONE);
	memcpy(buf_data(&two) + two.len - CHUNK_SAMPLES * 100, units, sizeof units);
	leave_file(2, &two, false);
	reopen();
	cr_expect_eq(last_entry().segment.signature, ENTRY_SIGNATURE_AXIS);
	two.len -= 1;  /* what is cut off does not count */
	leave_file(3, &two, false);
	reopen();
	cr_expect_eq(last_entry().segment.signature, ENTRY_SIGNATURE_NONE);
	cr_expect_eq(last_entry().segment.bytes, one.len);
	buf_free(&two);
	buf_free(&one);
}

Test(recover, gives_a_whole_file_its_entry)
{
	struct buf b = chunks(3);

	leave_file(7, &b, true);
	leave_file(8, &b, true);
	reopen();
	cr_assert_eq(report.adopted, 2);
	check_last(8, b.len, 3);
	cr_assert_eq(archive_range(a, "yard", "copy").bytes, 2 * b.len);
	buf_free(&b);
}

/* A new epoch's first segment, whose gap entry was on its way to the journal when the site was cut off. */
Test(recover, accounts_for_the_time_before_what_it_adopts)
{
	struct buf b = chunks(3);
	uint8_t bytes[ENTRY_MAX_BYTES];
	struct entry e;
	size_t n;

	leave_file(1, &b, true);
	enter(1, &b);
	leave_file(5, &b, false);
	leave_file(6, &b, false);
	reopen();
	cr_assert_eq(tlog_size(l), 4, "one gap, before the first of the two");
	cr_assert_eq(tlog_entry(l, 1, bytes, &n), 0);
	cr_assert_eq(entry_parse(bytes, n, &e, NULL), 0);
	cr_assert_eq(e.kind, ENTRY_GAP);
	cr_assert_str_eq(e.gap.camera, "yard");
	cr_assert_eq(e.gap.from_us, 1600000);
	cr_assert_eq(e.gap.to_us, 5000000);
	cr_assert_str_eq(e.gap.why, "restart");
	check_last(6, b.len, 3);
	buf_free(&b);
}

Test(recover, names_sealed_bytes_that_are_gone)
{
	struct buf b = chunks(3);
	struct entry e;

	leave_file(1, &b, true);
	enter(1, &b);
	enter(2, &b);
	reopen();
	cr_assert_eq(report.lost, 1);
	e = last_entry();
	cr_assert_eq(e.kind, ENTRY_DELETE);
	cr_assert_str_eq(e.del.why, "lost");
	cr_assert_eq(e.del.from_number, 2);
	cr_assert_eq(e.del.to_number, 2);
	reopen();
	cr_assert_eq(report.lost, 0, "said once");
	cr_assert_eq(archive_range(a, "yard", "copy").newest, 1);
	buf_free(&b);
}

Test(recover, a_cut_file_of_a_sealed_segment_is_lost)
{
	struct buf b = chunks(3), two = chunks(2);

	leave_file(1, &two, false);
	enter(1, &b);
	reopen();
	cr_assert_eq(report.lost, 1);
	cr_assert_not(folder_exists(&f, "footage/yard/copy/000000/1.m4s.tmp"));
	buf_free(&b);
	buf_free(&two);
}

Test(recover, finishes_a_file_that_lacked_only_its_name)
{
	struct buf b = chunks(3);

	leave_file(1, &b, false);
	enter(1, &b);
	reopen();
	cr_assert_eq(report.lost + report.cut + report.adopted + report.removed, 0);
	check_last(1, b.len, 3);
	buf_free(&b);
}

Test(recover, removes_what_holds_no_footage)
{
	struct buf b = chunks(1);
	char path[ARCHIVE_PATH];

	b.len = 20;
	leave_file(3, &b, false);
	archive_segment_path("yard", "copy", 4, true, path);
	cr_assert_eq(io_replace_file(f.fd, path, "no slot, no chunk", 17, 0600), 0);
	reopen();
	cr_assert_eq(report.removed, 2);
	cr_assert_eq(tlog_size(l), 0);
	buf_free(&b);
}

Test(recover, makes_a_lost_index_again)
{
	struct buf b = chunks(3);

	for (uint64_t n = 1; n <= 3000; n++) {
		if (n > 990 && n < 1010)
			leave_file(n, &b, true);
		if (n > 990 && n < 1012)
			enter(n, &b);
	}
	unlinkat(f.fd, "index/yard/copy/000000", 0);
	reopen();
	cr_assert_eq(archive_range(a, "yard", "copy").oldest, 991);
	cr_assert_eq(archive_range(a, "yard", "copy").bytes, 19 * b.len);
	cr_assert_eq(report.lost, 2);
	buf_free(&b);
}

Test(recover, removes_what_a_published_deletion_named)
{
	struct entry e = {.kind = ENTRY_DELETE, .del = {.camera = "yard", .rendition = "copy", .from_number = 1, .to_number = 2, .bytes = 1, .why = "space"}};
	uint8_t bytes[ENTRY_MAX_BYTES];
	struct buf b = chunks(3);
	uint64_t index;
	size_t n;

	for (uint64_t i = 1; i <= 3; i++) {
		leave_file(i, &b, true);
		enter(i, &b);
	}
	cr_assert_eq(entry_write(&e, bytes, &n), 0);
	cr_assert_eq(tlog_append(l, bytes, n, &index), 0);
	cr_assert_eq(tlog_sync(l), 0);
	reopen();
	cr_assert(folder_exists(&f, "footage/yard/copy/000000/1.m4s"), "nobody can know of the deletion yet");
	cr_assert_eq(folder_publish(&f, l, tlog_size(l)), 0);
	reopen();
	cr_assert_eq(report.removed, 2);
	cr_assert_eq(report.lost, 0);
	cr_assert_not(folder_exists(&f, "footage/yard/copy/000000/2.m4s"));
	cr_assert(folder_exists(&f, "footage/yard/copy/000000/3.m4s"));
	cr_assert_eq(archive_range(a, "yard", "copy").oldest, 3);
	buf_free(&b);
}
