/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/rd.h"
#include "base/wr.h"

Test(rd, stays_bad_after_a_read_past_the_end)
{
	const uint8_t bytes[] = {1, 2, 3, 4, 5};
	struct rd r = rd_init(bytes, sizeof bytes);

	cr_assert_eq(rd_u32(&r), 0x01020304);
	cr_assert_eq(rd_u16(&r), 0);
	cr_assert(r.bad);
	cr_assert_eq(rd_u8(&r), 0, "one byte is left, but the cursor is bad");
	cr_assert_null(rd_bytes(&r, 0));
}

Test(rd, sub_cursor_is_bounded)
{
	const uint8_t bytes[] = {1, 2, 3};
	struct rd r = rd_init(bytes, sizeof bytes), s = rd_sub(&r, 2);

	cr_assert_eq(rd_u16(&s), 0x0102);
	rd_u8(&s);
	cr_assert(s.bad);
	cr_assert_eq(rd_u8(&r), 3);
	s = rd_sub(&r, 1);
	cr_assert(s.bad && r.bad);
}

Test(wr, never_writes_past_its_room)
{
	uint8_t mem[8] = {0};
	struct wr w = wr_init(mem, 5);

	wr_u32(&w, 0xa1b2c3d4);
	wr_patch_u32(&w, 0, 0x01020304);
	wr_u16(&w, 0xffff);
	cr_assert(w.bad);
	cr_assert_eq(w.len, 4);
	cr_assert_arr_eq(mem, ((uint8_t[]){1, 2, 3, 4, 0, 0, 0, 0}), 8);
	w = wr_init(mem, 8);
	wr_fmt(&w, "%d", 1234567);
	cr_assert(!w.bad && w.len == 7);
	wr_fmt(&w, "8");
	cr_assert(w.bad, "no room for the NUL");
}

Test(buf, refuses_to_pass_its_maximum)
{
	struct buf b;

	buf_init(&b, 1000);
	for (int i = 0; i < 100; i++)
		cr_assert_eq(buf_append(&b, "0123456789", 10), 0);
	cr_assert_eq(buf_append(&b, "x", 1), -ENOBUFS);
	buf_consume(&b, 995);
	cr_assert_eq(buf_append_fmt(&b, "%s", "abc"), 0);
	cr_assert_eq(b.len, 8);
	cr_assert_arr_eq(buf_data(&b), "56789abc", 8);
	cr_assert_null(buf_reserve(&b, 993));
	cr_assert_eq(buf_append(&b, "", 0), 0);
	buf_free(&b);
	cr_assert_null(buf_data(&b));
}

Test(clock, text_and_back)
{
	static const struct { const char *text; int64_t us; } good[] = {
		{"1970-01-01T00:00:00.000Z", 0},
		{"2026-11-22T15:30:00.040Z", 1795361400040000},
		{"2000-02-29T23:59:59.999Z", 951868799999000},
		{"9999-12-31T23:59:59.999Z", 253402300799999000},
	};
	static const char *const bad[] = {
		"", "2026-11-22", "2026-11-22T15:30:00", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-22T24:00:00Z",
		"2026-11-22T15:30:00.Z", "2026-11-22T15:30:00.0000000Z", "2026-11-22 15:30:00Z", "1969-12-31T23:59:59Z", "2026-00-01T00:00:00Z",
	};
	char text[CLOCK_TEXT];
	int64_t us;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		clock_text(good[i].us, text);
		cr_assert_str_eq(text, good[i].text);
		cr_assert_eq(clock_parse(text, 24, &us), 0);
		cr_assert_eq(us, good[i].us);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		cr_assert_eq(clock_parse(bad[i], strlen(bad[i]), &us), -EINVAL, "%s", bad[i]);
	clock_text(INT64_MAX, text);
	cr_assert_str_eq(text, "9999-12-31T23:59:59.999Z");
	clock_text(INT64_MIN, text);
	cr_assert_str_eq(text, "1970-01-01T00:00:00.000Z");
}

Test(json, quotes_and_commas)
{
	struct buf b;
	struct json j;

	buf_init(&b, 4096);
	j = json_init(&b);
	json_open(&j, NULL, '{');
	json_str(&j, "a\"b", "x\n\\\xff");
	json_open(&j, "list", '[');
	json_int(&j, NULL, -1);
	json_bool(&j, NULL, true);
	json_close(&j, ']');
	json_num(&j, "n", 1.5, 2);
	json_str(&j, "none", NULL);
	json_close(&j, '}');
	cr_assert(!j.bad);
	buf_append(&b, "", 1);
	cr_assert_str_eq((char *)buf_data(&b), "{\"a\\\"b\":\"x\\u000a\\\\\\u00ff\",\"list\":[-1,true],\"n\":1.50,\"none\":null}");
	buf_free(&b);
}
