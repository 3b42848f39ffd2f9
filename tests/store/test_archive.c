/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "store/archive.h"
#include "tests/store/folder.h"

static struct folder f;
static struct archive *a;
static bool stale;

static void setup(void)
{
	folder_begin(&f);
	cr_assert_eq(archive_open(f.fd, &a, &stale), 0);
}

static void teardown(void)
{
	archive_free(&a);
	folder_end(&f);
}

TestSuite(archive, .init = setup, .fini = teardown, .timeout = 300);

static void put(const char *camera, const char *rendition, uint64_t number, size_t n, int64_t start_us)
{
	struct archive_slot s = {.has_entry = true, .entry = number, .start_us = start_us, .bytes = (uint32_t)n, .timescale = 90000};
	uint8_t bytes[4096] = {(uint8_t)number};
	int fd;

	cr_assert_eq(archive_begin(a, camera, rendition, number, &s, &fd), 0);
	cr_assert_eq(io_write_all(fd, bytes, n), 0);
	cr_assert_eq(archive_finish(a, camera, rendition, number, &s, fd), 0);
	close(fd);
}

static void reopen(void)
{
	archive_free(&a);
	cr_assert_eq(archive_open(f.fd, &a, &stale), 0);
}

static void shorten(const char *path, off_t to)
{
	int fd = openat(f.fd, path, O_RDWR);

	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, to), 0);
	close(fd);
}

Test(archive, gives_back_what_was_put)
{
	struct archive_slot s;
	struct buf b;

	buf_init(&b, 1 << 20);
	put("yard", "copy", 1999, 100, 5000);
	put("yard", "copy", 2000, 200, 6000);
	cr_assert(folder_exists(&f, "footage/yard/copy/000001/1999.m4s"));
	cr_assert(folder_exists(&f, "footage/yard/copy/000002/2000.m4s"));
	cr_assert_eq(archive_read_segment(f.fd, "yard", "copy", 2000, &b), 0);
	cr_assert_eq(b.len, 200);
	cr_assert_eq(archive_read_slot(f.fd, "yard", "copy", 1999, &s), 0);
	cr_assert(s.kept && s.has_entry && s.entry == 1999 && s.start_us == 5000 && s.bytes == 100 && s.timescale == 90000);
	cr_assert_eq(archive_read_slot(f.fd, "yard", "copy", 1998, &s), -ENOENT);
	cr_assert_eq(archive_read_slot(f.fd, "yard", "copy", 9998, &s), -ENOENT);
	cr_assert_eq(archive_read_segment(f.fd, "yard", "audio", 1, &b), -ENOENT);
	buf_free(&b);
}

Test(archive, counts_the_same_after_a_restart)
{
	struct archive_range was, is;

	for (uint64_t i = 990; i < 1010; i++) {
		put("yard", "copy", i, 100 + i % 7, (int64_t)i * 1000000);
		put("yard", "audio", i, 10, (int64_t)i * 1000000);
	}
	for (int i = 0; i < 2; i++) {
		is = archive_range(a, "yard", "copy");
		cr_assert_eq(is.oldest, 990);
		cr_assert_eq(is.newest, 1009);
		if (i)
			cr_assert_eq(is.bytes, was.bytes);
		cr_assert_eq(archive_bytes(a), is.bytes + 200);
		was = is;
		reopen();
		cr_assert_not(stale);
	}
	is = archive_range(a, "gate", "copy");
	cr_assert_eq(is.oldest + is.newest + is.bytes, 0);
}

/* A minute of each camera at most, so a fleet needs many runs for what it writes in a second. */
Test(archive, chooses_runs_of_many_cameras_that_do_not_meet)
{
	enum { CAMERAS = 12, EACH = 100 };
	struct archive_run run[20];
	uint64_t bytes = 0;
	unsigned n;

	for (unsigned c = 0; c < CAMERAS; c++)
		for (uint64_t i = 1; i <= EACH; i++)
			put((const char[]){'c', (char)('a' + c), 0}, "copy", 950 + i, 10, (int64_t)i * 2000000 + c);
	n = archive_oldest(a, 5000, run, 20);
	for (unsigned i = 0; i < n; i++) {
		bytes += run[i].bytes;
		for (unsigned k = 0; k < i; k++)
			cr_assert(strcmp(run[i].camera, run[k].camera) || run[k].to < run[i].from, "runs %u and %u", k, i);
	}
	cr_assert_geq(bytes, 5000);
	cr_assert_lt(bytes, 5500);
	cr_assert_eq(archive_oldest(a, 5000, run + n, 1), 1);
	cr_assert_eq(run[n].from, run[0].from, "nothing has gone yet");
	cr_assert_str_eq(run[n].camera, run[0].camera);
	cr_assert_eq(archive_bytes(a), CAMERAS * EACH * 10);
	for (unsigned i = 0; i < n; i++)
		cr_assert_eq(archive_remove(a, &run[i]), 0);
	cr_assert_eq(archive_bytes(a), CAMERAS * EACH * 10 - bytes);
	while ((n = archive_oldest(a, UINT64_MAX, run, 20)))
		for (unsigned i = 0; i < n; i++)
			cr_assert_eq(archive_remove(a, &run[i]), 0);
	cr_assert_eq(archive_bytes(a), 0);
}

Test(archive, lets_the_oldest_of_all_go_first)
{
	struct archive_run run;
	int64_t last_us = 0;
	unsigned runs = 0;

	for (uint64_t i = 1; i <= 1200; i++) {
		put("yard", "copy", i, 100, (int64_t)i * 2000000);
		if (i % 2)
			put("gate", "copy", i + 5000, 50, (int64_t)i * 2000000 + 1);
	}
	while (archive_oldest(a, 2000, &run, 1)) {
		struct archive_slot s;
		uint64_t before = archive_bytes(a);

		cr_assert_eq(archive_read_slot(f.fd, run.camera, run.rendition, run.from, &s), 0);
		cr_assert(s.kept);
		cr_assert_geq(s.start_us, last_us - 65 * 1000000ll, "run %u", runs);
		last_us = s.start_us;
		cr_assert_eq(run.from / 1000, run.to / 1000);
		cr_assert_eq(archive_remove(a, &run), 0);
		cr_assert_eq(before - archive_bytes(a), run.bytes);
		runs++;
		if (runs == 20)
			reopen();
		if (runs == 1)
			cr_assert_eq(archive_range(a, "yard", "copy").oldest, run.to + 1);
	}
	cr_assert_eq(archive_bytes(a), 0);
	cr_assert_gt(runs, 60);
	cr_assert_lt(runs, 200);
	cr_assert_not(folder_exists(&f, "footage/yard/copy/000000"));
	cr_assert(folder_exists(&f, "index/yard/copy/000000"), "what was there can still be proved");
}

Test(archive, removes_nothing_twice_and_no_run_across_folders)
{
	struct archive_run run = {.camera = "yard", .rendition = "copy", .from = 999, .to = 1001};

	put("yard", "copy", 999, 100, 0);
	put("yard", "copy", 1001, 100, 0);
	cr_assert_eq(archive_remove(a, &run), -EINVAL);
	run.to = 999;
	cr_assert_eq(archive_remove(a, &run), 0);
	cr_assert_eq(archive_remove(a, &run), 0);
	cr_assert_eq(archive_bytes(a), 100);
	strcpy(run.camera, "gate");
	cr_assert_eq(archive_remove(a, &run), -EINVAL);
}

Test(archive, knows_the_highest_number_also_of_unfinished_files)
{
	struct archive_slot s = {.start_us = 1};
	uint64_t highest;
	int fd;

	put("yard", "copy", 41, 10, 0);
	cr_assert_eq(archive_begin(a, "yard", "audio", 43, &s, &fd), 0);
	close(fd);
	reopen();
	cr_assert_eq(archive_highest(a, "yard", &highest), 0);
	cr_assert_eq(highest, 43);
	cr_assert_eq(archive_highest(a, "gate", &highest), 0);
	cr_assert_eq(highest, 0);
	archive_abandon(a, "yard", "audio", 43);
	cr_assert_not(folder_exists(&f, "footage/yard/audio/000000/43.m4s.tmp"));
}

Test(archive, init_segments_are_checked_by_their_name)
{
	char path[ARCHIVE_PATH];
	struct hash h;
	struct buf b;

	buf_init(&b, 4096);
	hash_bytes("init", 4, &h);
	cr_assert_eq(archive_write_init(a, "yard", "copy", &h, "init", 4), 0);
	cr_assert_eq(archive_write_init(a, "yard", "copy", &h, "init", 4), 0);
	cr_assert_eq(archive_read_init(f.fd, "yard", "copy", h.b, &b), 0);
	cr_assert_eq(b.len, 4);
	archive_init_path("yard", "copy", h.b, path);
	cr_assert_eq(io_replace_file(f.fd, path, "evil", 4, 0600), 0);
	cr_assert_eq(archive_read_init(f.fd, "yard", "copy", h.b, &b), -EBADMSG);
	cr_assert_eq(b.len, 4);
	cr_assert_eq(archive_write_init(a, "yard", "copy", &h, "init", 4), 0);
	cr_assert_eq(archive_read_init(f.fd, "yard", "copy", h.b, &b), 0);
	buf_free(&b);
}

Test(archive, says_when_its_index_is_lost)
{
	put("yard", "copy", 5, 10, 0);
	unlinkat(f.fd, "index/yard/copy/000000", 0);
	reopen();
	cr_assert(stale);
}

/* A full archive lets as much go as comes, so what each time costs is what it costs at all. */
Test(archive, knows_its_oldest_without_reading_again)
{
	static const char page[] = "index/yard/copy/000000";
	struct archive_run run;
	struct buf b;

	buf_init(&b, 1 << 20);
	for (uint64_t i = 1; i <= 5; i++)
		put("yard", "copy", i, 100, (int64_t)i * 1000000);
	cr_assert_eq(archive_oldest(a, 150, &run, 1), 1);
	cr_assert_eq(run.to, 2);
	cr_assert_eq(io_read_file(f.fd, page, &b), 0);
	shorten(page, 0);
	cr_assert_eq(archive_range(a, "yard", "copy").oldest, 1, "what is chosen is still there");
	cr_assert_eq(io_replace_file(f.fd, page, buf_data(&b), b.len, 0600), 0);
	cr_assert_eq(archive_remove(a, &run), 0);
	shorten(page, 0);
	cr_assert_eq(archive_range(a, "yard", "copy").oldest, 3);
	buf_free(&b);
}

Test(archive, a_page_that_is_emptied_keeps_no_other_camera)
{
	struct archive_run run;

	for (uint64_t i = 1; i <= 5; i++) {
		put("yard", "copy", i, 100, (int64_t)i);
		put("gate", "copy", i, 100, (int64_t)i + 10);
	}
	cr_assert_eq(archive_oldest(a, 100, &run, 1), 1);
	cr_assert_str_eq(run.camera, "yard");
	shorten("index/yard/copy/000000", 0);
	cr_assert_eq(archive_oldest(a, 100, &run, 1), 1);
	cr_assert_str_eq(run.camera, "gate");
	cr_assert_eq(archive_remove(a, &run), 0);
	cr_assert_eq(archive_bytes(a), 400);
	unlinkat(f.fd, "index/gate/copy/000000", 0);
	cr_assert_eq(archive_oldest(a, 100, &run, 1), 0);
}

Test(archive, two_runs_of_one_camera_do_not_meet)
{
	struct archive_run run[4];

	for (uint64_t i = 1; i <= 5; i++)
		put("yard", "copy", i, 100, (int64_t)i * 50000000);
	put("gate", "copy", 1, 100, 60000000);
	cr_assert_eq(archive_oldest(a, 500, run, 4), 3);
	cr_assert(run[0].from == 1 && run[0].to == 2 && run[2].from == 3 && run[2].to == 4);
	cr_assert_str_eq(run[1].camera, "gate");
	cr_assert_eq(archive_range(a, "yard", "copy").oldest, 1);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(archive_remove(a, &run[i]), 0);
	cr_assert_eq(archive_range(a, "yard", "copy").oldest, 5);
	cr_assert_eq(archive_bytes(a), 100);
}

/* --- counts ----------------------------------------------------------------------------- */

/* Two segments of 100 bytes in each of the folders 1 to 8. */
static void fill_folders(void)
{
	for (uint64_t folder = 1; folder <= 8; folder++)
		for (uint64_t k = 0; k < 2; k++)
			put("yard", "copy", folder * 1000 + k, 100, (int64_t)(folder * 1000 + k));
}

static uint64_t bytes_found(void)
{
	reopen();
	return archive_bytes(a);
}

Test(archive, a_start_reads_the_pages_of_few_folders)
{
	fill_folders();
	cr_assert_eq(bytes_found(), 1600);
	/* Pages that say nothing: what was counted of them stands, but for the oldest and the newest two. */
	for (char path[] = "index/yard/copy/000001"; path[21] <= '8'; path[21]++)
		shorten(path, 0);
	cr_assert_eq(bytes_found(), 1000);
	cr_assert_not(stale);
	unlinkat(f.fd, "index/yard/copy/counts", 0);
	cr_assert_eq(bytes_found(), 0, "then all pages are read");
}

Test(archive, counts_that_are_torn_are_none)
{
	struct buf b;

	buf_init(&b, 4096);
	fill_folders();
	cr_assert_eq(io_read_file(f.fd, "index/yard/copy/counts", &b), 0);
	for (size_t i = 0; i < b.len; i += 9) {
		buf_data(&b)[i] ^= 1;
		cr_assert_eq(io_replace_file(f.fd, "index/yard/copy/counts", buf_data(&b), b.len, 0600), 0);
		buf_data(&b)[i] ^= 1;
		cr_assert_eq(bytes_found(), 1600, "byte %zu", i);
	}
	for (size_t n = 0; n < b.len; n += 7) {
		cr_assert_eq(io_replace_file(f.fd, "index/yard/copy/counts", buf_data(&b), n, 0600), 0);
		cr_assert_eq(bytes_found(), 1600, "of %zu bytes", n);
	}
	buf_free(&b);
}

Test(archive, counts_do_not_bring_back_what_went)
{
	struct archive_run run;

	fill_folders();
	while (archive_bytes(a) > 1100) {
		cr_assert_eq(archive_oldest(a, archive_bytes(a) - 1100, &run, 1), 1);
		cr_assert_eq(archive_remove(a, &run), 0);
	}
	cr_assert_eq(bytes_found(), 1100);
	cr_assert_eq(archive_range(a, "yard", "copy").oldest, 3001);
	cr_assert_eq(archive_range(a, "yard", "copy").newest, 8001);
}

Test(archive, a_page_that_is_missing_is_noticed_though_it_was_counted)
{
	fill_folders();
	unlinkat(f.fd, "index/yard/copy/000004", 0);
	cr_assert_eq(bytes_found(), 1400);
	cr_assert(stale);
}
