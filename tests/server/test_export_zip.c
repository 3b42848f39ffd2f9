/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ZIP files whose fields a reader of another hand finds where APPNOTE.TXT has them; `unzip` reads real ones in t-export.sh. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/export_zip.h"

#define T0 INT64_C(1795361400000000)  /* 2026-11-22T15:30:00Z */

static uint64_t le(const struct buf *b, size_t at, unsigned bytes)
{
	uint64_t v = 0;

	cr_assert_leq(at + bytes, b->len);
	for (unsigned i = 0; i < bytes; i++)
		v |= (uint64_t)buf_data(b)[at + i] << 8 * i;
	return v;
}

static struct export_zip zip;
static struct buf out;

static void begin(const char *folder)
{
	export_zip_init(&zip, folder, T0);
	buf_init(&out, 1u << 20);
}

static void end(void)
{
	export_zip_free(&zip);
	buf_free(&out);
}

Test(export_zip, heads_a_small_file_without_zip64)
{
	begin("clip");
	cr_assert_eq(export_zip_begin(&zip, "a.txt", 5, 0x11223344, &out), 0);
	cr_assert_eq(le(&out, 0, 4), 0x04034b50);
	cr_assert_eq(le(&out, 4, 2), 20);
	cr_assert_eq(le(&out, 10, 2), 15 << 11 | 30 << 5);
	cr_assert_eq(le(&out, 12, 2), (2026 - 1980) << 9 | 11 << 5 | 22);
	cr_assert_eq(le(&out, 14, 4), 0x11223344);
	cr_assert_eq(le(&out, 18, 4), 5);
	cr_assert_eq(le(&out, 22, 4), 5);
	cr_assert_eq(le(&out, 28, 2), 0, "no extra field");
	cr_assert_eq(out.len, 30 + strlen("clip/a.txt"));
	cr_assert_eq(memcmp(buf_data(&out) + 30, "clip/a.txt", 10), 0);
	cr_assert_eq(zip.at, out.len + 5);
	end();
}

Test(export_zip, lists_files_at_their_places)
{
	size_t first = 30 + 5, second = first + 7;

	begin("");
	cr_assert_eq(export_zip_begin(&zip, "a.txt", 7, 1, &out), 0);
	cr_assert_eq(export_zip_begin(&zip, "b.txt", 9, 2, &out), 0);
	buf_clear(&out);
	cr_assert_eq(export_zip_end(&zip, &out), 0);
	cr_assert_eq(le(&out, 0, 4), 0x02014b50);
	cr_assert_eq(le(&out, 42, 4), 0);
	cr_assert_eq(le(&out, 46 + 5, 4), 0x02014b50);
	cr_assert_eq(le(&out, 46 + 5 + 42, 4), second);
	cr_assert_eq(le(&out, 2 * 51, 4), 0x06054b50, "no Zip64 end");
	cr_assert_eq(le(&out, 2 * 51 + 10, 2), 2);
	cr_assert_eq(le(&out, 2 * 51 + 12, 4), 2 * 51);
	cr_assert_eq(le(&out, 2 * 51 + 16, 4), second + 30 + 5 + 9);
	end();
}

Test(export_zip, says_in_64_bits_what_32_do_not_hold)
{
	uint64_t large = UINT64_C(5000000000);
	size_t at;

	begin("");
	cr_assert_eq(export_zip_begin(&zip, "large", large, 1, &out), 0);
	cr_assert_eq(le(&out, 4, 2), 45);
	cr_assert_eq(le(&out, 18, 4), 0xffffffff);
	cr_assert_eq(le(&out, 28, 2), 20);
	cr_assert_eq(le(&out, 35, 2), 1);
	cr_assert_eq(le(&out, 37, 2), 16);
	cr_assert_eq(le(&out, 39, 8), large);
	cr_assert_eq(le(&out, 47, 8), large);
	cr_assert_eq(export_zip_begin(&zip, "small", 3, 2, &out), 0);
	buf_clear(&out);
	cr_assert_eq(export_zip_end(&zip, &out), 0);
	at = 46 + 5 + 20;
	cr_assert_eq(le(&out, at, 4), 0x02014b50);
	cr_assert_eq(le(&out, at + 24, 4), 3, "its own size fits");
	cr_assert_eq(le(&out, at + 42, 4), 0xffffffff);
	cr_assert_eq(le(&out, at + 46 + 5 + 4, 8), large + 55);
	at += 46 + 5 + 12;
	cr_assert_eq(le(&out, at, 4), 0x06064b50);
	cr_assert_eq(le(&out, at + 32, 8), 2);
	cr_assert_eq(le(&out, at + 48, 8), large + 55 + 35 + 3);
	cr_assert_eq(le(&out, at + 56, 4), 0x07064b50);
	cr_assert_eq(le(&out, at + 64, 8), large + 55 + 35 + 3 + at);
	cr_assert_eq(le(&out, at + 76, 4), 0x06054b50);
	end();
}

Test(export_zip, counts_more_files_than_16_bits_hold)
{
	char name[16];

	begin("");
	for (unsigned i = 0; i < 70000; i++) {
		snprintf(name, sizeof name, "%05u", i);
		buf_clear(&out);
		cr_assert_eq(export_zip_begin(&zip, name, 0, 0, &out), 0);
	}
	buf_free(&out);
	buf_init(&out, 64u << 20);
	cr_assert_eq(export_zip_end(&zip, &out), 0);
	cr_assert_eq(le(&out, out.len - 22 + 10, 2), 0xffff);
	cr_assert_eq(le(&out, out.len - 22 - 20 - 56 + 32, 8), 70000);
	end();
}

Test(export_zip, refuses_a_name_that_is_too_long)
{
	char name[EXPORT_ZIP_NAME + 1];

	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = 0;
	begin("clip");
	cr_assert_eq(export_zip_begin(&zip, name, 0, 0, &out), -EINVAL);
	cr_assert_eq(out.len, 0);
	cr_assert_eq(export_zip_begin(&zip, name + 5, 0, 0, &out), 0);
	end();
}
