/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "net/http_fields.h"
#include "net/http_path.h"
#include "net/http_reload.h"
#include "net/http_response.h"

Test(http_path, is_a_grammar)
{
	static const struct { const char *path; enum http_path_kind kind; const char *camera, *rendition; uint64_t number; } table[] = {
		{"/", HTTP_PATH_PAGE, "", "", 0},
		{"/login", HTTP_PATH_LOGIN, "", "", 0},
		{"/logout", HTTP_PATH_LOGOUT, "", "", 0},
		{"/api/site", HTTP_PATH_SITE, "", "", 0},
		{"/api/status", HTTP_PATH_STATUS, "", "", 0},
		{"/api/alarms", HTTP_PATH_ALARMS, "", "", 0},
		{"/api/sessions", HTTP_PATH_SESSIONS, "", "", 0},
		{"/api/shares", HTTP_PATH_SHARES, "", "", 0},
		{"/api/history/gate-1", HTTP_PATH_HISTORY, "gate-1", "", 0},
		{"/verify.html", HTTP_PATH_VERIFIER, "", "", 0},
		{"/export", HTTP_PATH_EXPORT, "", "", 0},
		{"/assets/page.js", HTTP_PATH_ASSET, "", "", 0},
		{"/live/gate-1/index.m3u8", HTTP_PATH_MULTIVARIANT, "gate-1", "", 0},
		{"/live/gate-1/copy/index.m3u8", HTTP_PATH_PLAYLIST, "gate-1", "copy", 0},
		{"/live/gate-1/copy/init-0123456789abcdef.mp4", HTTP_PATH_INIT, "gate-1", "copy", 0},
		{"/live/gate-1/360p/0.m4s", HTTP_PATH_SEGMENT, "gate-1", "360p", 0},
		{"/live/gate-1/360p/1042.m4s", HTTP_PATH_SEGMENT, "gate-1", "360p", 1042},
		{"/live/gate-1/360p/9223372036854775807.m4s", HTTP_PATH_SEGMENT, "gate-1", "360p", INT64_MAX},
		{"/live/gate-1/360p/1042.ll.m4s", HTTP_PATH_GROWING, "gate-1", "360p", 1042},
		{"/live/gate-1/360p/9223372036854775808.ll.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/360p/.ll.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/360p/1042.0.0123abcd.ll.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/manifest-ll.mpd", HTTP_PATH_MANIFEST_NEAR, "gate-1", "", 0},
		{"/live/gate-1/360p/manifest-ll.mpd", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/360p/1042.0.0123abcd.m4s", HTTP_PATH_PART, "gate-1", "360p", 1042},
		{"/live/gate-1/360p/9223372036854775807.65535.ffffffff.m4s", HTTP_PATH_PART, "gate-1", "360p", INT64_MAX},
		{"/live/gate-1/360p/1042.65536.0123abcd.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/360p/1042.0.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/360p/1042.0.0123abc.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/360p/1042.0.0123abcde.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/360p/1042.0.0123ABCD.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/360p/1042.00.0123abcd.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/360p/1042..0123abcd.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/360p/.0.0123abcd.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/360p/9223372036854775808.0.0123abcd.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/360p/1042.0.0123abcd.m4s.tlog-proof", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/snapshot/1042.0.0123abcd.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/1042.m4s.tlog-proof", HTTP_PATH_PROOF, "gate-1", "copy", 1042},
		{"/live/gate-1/snapshot.jpg", HTTP_PATH_SNAPSHOT, "gate-1", "", 0},
		{"/live/gate-1/snapshot/1042.jpg", HTTP_PATH_PICTURE, "gate-1", "snapshot", 1042},
		{"/live/gate-1/snapshot/1042.jpg.tlog-proof", HTTP_PATH_PROOF, "gate-1", "snapshot", 1042},
		{"/live/gate-1/0-1.m3u8", HTTP_PATH_PAST, "gate-1", "", 0},
		{"/live/gate-1/1795000000-1795001800.json", HTTP_PATH_PAST_SPANS, "gate-1", "", 0},
		{"/live/gate-1/copy/1795000000-253402300799.m3u8", HTTP_PATH_PAST_PLAYLIST, "gate-1", "copy", 0},
		{"/live/gate-1/copy/1795000000-253402300800.m3u8", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/1795000000-1795000000.m3u8", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/1795000001-1795000000.m3u8", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/1795000000.m3u8", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/-1795000000.m3u8", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/0-01.m3u8", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/0-1-2.m3u8", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/0-1.json", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/snapshot/0-1.m3u8", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/0-1", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/0-1.m3u8.json", HTTP_PATH_NONE, "", "", 0},
		{"/log/checkpoint", HTTP_PATH_CHECKPOINT, "", "", 0},
		{"/log/cosigned", HTTP_PATH_COSIGNED, "", "", 0},
		{"/log/pending", HTTP_PATH_PENDING, "", "", 0},
		{"/log/policy", HTTP_PATH_POLICY, "", "", 0},
		{"/log/cosignature", HTTP_PATH_COSIGNATURE, "", "", 0},
		{"/log/tile/0/x001/234", HTTP_PATH_TILE, "", "", 0},
		{"", HTTP_PATH_NONE, "", "", 0},
		{"//", HTTP_PATH_NONE, "", "", 0},
		{"//evil", HTTP_PATH_NONE, "", "", 0},
		{"/%5Cevil", HTTP_PATH_NONE, "", "", 0},
		{"/../", HTTP_PATH_NONE, "", "", 0},
		{"/%2e%2e/", HTTP_PATH_NONE, "", "", 0},
		{"/login/", HTTP_PATH_NONE, "", "", 0},
		{"/Login", HTTP_PATH_NONE, "", "", 0},
		{"/api", HTTP_PATH_NONE, "", "", 0},
		{"/assets/", HTTP_PATH_NONE, "", "", 0},
		{"/assets/.hidden", HTTP_PATH_NONE, "", "", 0},
		{"/assets/../x", HTTP_PATH_NONE, "", "", 0},
		{"/assets/a/b", HTTP_PATH_NONE, "", "", 0},
		{"/assets/a%2fb", HTTP_PATH_NONE, "", "", 0},
		{"/live/", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/", HTTP_PATH_NONE, "", "", 0},
		{"/live//index.m3u8", HTTP_PATH_NONE, "", "", 0},
		{"/live/Gate/index.m3u8", HTTP_PATH_NONE, "", "", 0},
		{"/live/../index.m3u8", HTTP_PATH_NONE, "", "", 0},
		{"/live/%67ate/index.m3u8", HTTP_PATH_NONE, "", "", 0},
		{"/live/abcdefghijklmnopqrstuvwxyz0123456/index.m3u8", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/x.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/01.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/+1.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/-1.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/9223372036854775808.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/1.m4s/", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/1.mp4", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/a/1.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/init-.mp4", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/init-0123456789abcde.mp4", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/init-0123456789ABCDEF.mp4", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/init-0123456789abcdeg.mp4", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/1.m4s.tlog-proof.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/1.jpg", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/copy/1.jpg.tlog-proof", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/snapshot/1.m4s", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/snapshot/index.m3u8", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/snapshot/init-0123456789abcdef.mp4", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/snapshot/01.jpg", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/snapshot/.jpg", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/snapshot/1.jpeg", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/snapshot/", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/snapshot", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/snapshot.jpeg", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/snapshot.jpg/", HTTP_PATH_NONE, "", "", 0},
		{"/live/gate-1/snapshot.jpg.tlog-proof", HTTP_PATH_NONE, "", "", 0},
		{"/live/snapshot.jpg", HTTP_PATH_NONE, "", "", 0},
		{"/log/", HTTP_PATH_NONE, "", "", 0},
		{"/log/tile/", HTTP_PATH_NONE, "", "", 0},
		{"/log/journal", HTTP_PATH_NONE, "", "", 0},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct http_path p = http_path_parse(span_str(table[i].path));

		cr_expect_eq(p.kind, table[i].kind, "%s is %d", table[i].path, p.kind);
		cr_expect(span_is(p.camera, table[i].camera) && span_is(p.rendition, table[i].rendition), "%s", table[i].path);
		cr_expect_eq(p.number, table[i].number, "%s", table[i].path);
	}
}

Test(http_path, keeps_what_others_read)
{
	static const uint8_t prefix[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
	struct http_path p = http_path_parse(span_str("/live/a/copy/init-0123456789abcdef.mp4"));

	cr_assert_eq(memcmp(p.init_prefix, prefix, 8), 0);
	p = http_path_parse(span_str("/live/a/copy/7.12.0123abcd.m4s"));
	cr_assert(p.number == 7 && p.part == 12 && p.tag == 0x0123abcd);
	p = http_path_parse(span_str("/live/a/12-345.json"));
	cr_assert(p.from_s == 12 && p.to_s == 345);
	cr_assert(span_is(http_path_parse(span_str("/assets/hls.min.js")).rest, "hls.min.js"));
	cr_assert(span_is(http_path_parse(span_str("/log/tile/entries/000.p/5")).rest, "tile/entries/000.p/5"));
}

Test(http_reload, reads_what_a_player_asks_for)
{
	static const struct { const char *query; int rc; struct http_reload want; } table[] = {
		{"", 0, {0}}, {"x=1&y", 0, {0}}, {"&&", 0, {0}}, {"_HLS_other=9&_HLS_other=8", 0, {0}}, {"_hls_msn=4", 0, {0}},
		{"_HLS_msn=0", 0, {.has_number = true}}, {"_HLS_msn=12", 0, {.has_number = true, .number = 12}},
		{"_HLS_msn=12&_HLS_part=3", 0, {.has_number = true, .has_part = true, .number = 12, .part = 3}},
		{"_HLS_part=3&t=a&_HLS_msn=12&_HLS_skip=YES", 0, {.has_number = true, .has_part = true, .skip = true, .number = 12, .part = 3}},
		{"_HLS_skip=YES", 0, {.skip = true}}, {"_HLS_skip=v2", 0, {.skip = true}},
		{"_HLS_msn=9223372036854775807&_HLS_part=4294967295", 0, {.has_number = true, .has_part = true, .number = INT64_MAX, .part = UINT32_MAX}},
		{"_HLS_msn=9223372036854775808", -EINVAL, {0}}, {"_HLS_msn=1&_HLS_part=4294967296", -EINVAL, {0}}, {"_HLS_msn=", -EINVAL, {0}}, {"_HLS_msn", -EINVAL, {0}},
		{"_HLS_msn=-1", -EINVAL, {0}}, {"_HLS_msn=1x", -EINVAL, {0}}, {"_HLS_msn=%31", -EINVAL, {0}}, {"_HLS_msn=01", -EINVAL, {0}}, {"_HLS_msn=1=1", -EINVAL, {0}},
		{"_HLS_msn=1&_HLS_msn=1", -EINVAL, {0}}, {"_HLS_part=1", -EINVAL, {0}}, {"_HLS_msn=1&_HLS_part=", -EINVAL, {0}}, {"_HLS_skip=NO", -EINVAL, {0}},
		{"_HLS_skip=yes", -EINVAL, {0}}, {"_HLS_skip", -EINVAL, {0}}, {"_HLS_skip=YES&_HLS_skip=YES", -EINVAL, {0}},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct http_reload r = {.number = 77}, want = table[i].rc ? r : table[i].want;

		cr_expect_eq(http_reload_parse(span_str(table[i].query), &r), table[i].rc, "%s", table[i].query);
		cr_expect(r.has_number == want.has_number && r.has_part == want.has_part && r.skip == want.skip && r.number == want.number && r.part == want.part, "%s", table[i].query);
	}
}

Test(http_range, takes_one_range)
{
	static const struct { const char *value; enum http_range kind; uint64_t first, last; } table[] = {
		{"bytes=0-0", HTTP_RANGE_PART, 0, 0},
		{"bytes=0-99", HTTP_RANGE_PART, 0, 99},
		{"bytes=0-100", HTTP_RANGE_PART, 0, 99},
		{"bytes=10-", HTTP_RANGE_PART, 10, 99},
		{"bytes=99-99", HTTP_RANGE_PART, 99, 99},
		{"bytes=-1", HTTP_RANGE_PART, 99, 99},
		{"bytes=-100", HTTP_RANGE_PART, 0, 99},
		{"bytes=-1000", HTTP_RANGE_PART, 0, 99},
		{"Bytes=1-2", HTTP_RANGE_PART, 1, 2},
		{"bytes=01-02", HTTP_RANGE_PART, 1, 2},
		{"bytes=5-9223372036854775807", HTTP_RANGE_PART, 5, 99},
		{"bytes=-0", HTTP_RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=100-", HTTP_RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=100-200", HTTP_RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=9223372036854775807-", HTTP_RANGE_UNSATISFIABLE, 0, 0},
		{"bytes=9223372036854775808-", HTTP_RANGE_WHOLE, 0, 0},
		{"bytes=-18446744073709551616", HTTP_RANGE_WHOLE, 0, 0},
		{"bytes=2-1", HTTP_RANGE_WHOLE, 0, 0},
		{"bytes=0-1,2-3", HTTP_RANGE_WHOLE, 0, 0},
		{"bytes=0-1,", HTTP_RANGE_WHOLE, 0, 0},
		{"bytes=", HTTP_RANGE_WHOLE, 0, 0},
		{"bytes=-", HTTP_RANGE_WHOLE, 0, 0},
		{"bytes=5", HTTP_RANGE_WHOLE, 0, 0},
		{"bytes=a-b", HTTP_RANGE_WHOLE, 0, 0},
		{"bytes=+1-2", HTTP_RANGE_WHOLE, 0, 0},
		{"bytes= 1-2", HTTP_RANGE_WHOLE, 0, 0},
		{"bytes=1--2", HTTP_RANGE_WHOLE, 0, 0},
		{"seconds=1-2", HTTP_RANGE_WHOLE, 0, 0},
		{"", HTTP_RANGE_WHOLE, 0, 0},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		uint64_t first = 0, last = 0;
		enum http_range kind = http_range(span_str(table[i].value), 100, &first, &last);

		cr_expect_eq(kind, table[i].kind, "\"%s\" is %d", table[i].value, kind);
		if (kind == HTTP_RANGE_PART)
			cr_expect(first == table[i].first && last == table[i].last, "\"%s\"", table[i].value);
	}
}

Test(http_etag, is_listed_or_not)
{
	static const struct { const char *list; bool listed; } table[] = {
		{"\"a\"", true}, {"W/\"a\"", true}, {"\"b\", \"a\"", true}, {"*", true}, {" \"a\" ", true},
		{"\"b\"", false}, {"a", false}, {"\"aa\"", false}, {"", false}, {",", false}, {"w/\"a\"", false},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		cr_expect_eq(http_etag_listed(span_str(table[i].list), "\"a\""), table[i].listed, "%s", table[i].list);
		cr_expect_eq(http_etag_matches(span_str(table[i].list), "\"a\""), table[i].listed && table[i].list[0] != 'W', "%s", table[i].list);
	}
}

Test(http_accepts, is_the_most_that_is_asked_for)
{
	static const struct { const char *value; unsigned weight; } table[] = {
		{"a/b", 1000}, {"A/B", 1000}, {"a/b;q=1", 1000}, {"a/b; q=0.5", 500}, {"a/b ;version=1.0.0; q=0.25", 250}, {"c/d, a/b;q=0.001", 1},
		{"a/b;q=0.2,a/b;x=y;q=0.7", 700}, {"a/b;q=0", 0}, {"a/b;q=0.", 0}, {"a/b;q=1.000", 1000}, {"a/b;q=1.5", 1000}, {"c/d", 0}, {"*/*", 0}, {"a/*", 0},
		{"", 0}, {",", 0}, {";", 0}, {"a/b;q=", 0}, {"a/b;q=2", 0}, {"a/b;q=-1", 0}, {"a/b;q=0.1234", 0}, {"a/b;q=0.x", 0}, {"a/b;q=00.1", 0}, {"a/bc", 0},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		cr_expect_eq(http_accepts(span_str(table[i].value), "a/b"), table[i].weight, "%s", table[i].value);
}

Test(http_basic, is_read_strictly)
{
	static const struct { const char *value; int rc; const char *name, *password; } table[] = {
		{"Basic YTpi", 0, "a", "b"},
		{"basic YTpi", 0, "a", "b"},
		{"Basic YTpiOmM=", 0, "a", "b:c"},
		{"Basic YTo=", 0, "a", ""},
		{"Basic OmI=", 0, "", "b"},
		{"Basic YWI=", -EINVAL, NULL, NULL},
		{"Basic", -EINVAL, NULL, NULL},
		{"Basic ", -EINVAL, NULL, NULL},
		{"Basic YTpi YTpi", -EINVAL, NULL, NULL},
		{"Basic YTp", -EINVAL, NULL, NULL},
		{"Basic %%%%", -EINVAL, NULL, NULL},
		{"Digest YTpi", -EINVAL, NULL, NULL},
		{"Basic YTphAGI=", -EINVAL, NULL, NULL},
		{"Basic YQo6Yg==", -EINVAL, NULL, NULL},
		{"Basic YWFhYWFhYWFhOmI=", -EINVAL, NULL, NULL},
		{"Basic YTpiYmJiYmJiYmI=", -EINVAL, NULL, NULL},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char name[9], password[9];
		int rc = http_basic(span_str(table[i].value), name, sizeof name, password, sizeof password);

		cr_expect_eq(rc, table[i].rc, "%s gave %d", table[i].value, rc);
		if (!rc)
			cr_expect(strcmp(name, table[i].name) == 0 && strcmp(password, table[i].password) == 0, "%s", table[i].value);
	}
}

Test(http_form, fields_are_decoded)
{
	static const struct { const char *body; int rc; const char *value; } table[] = {
		{"password=x", 0, "x"}, {"name=a&password=x", 0, "x"}, {"password=", 0, ""}, {"password", 0, ""},
		{"password=a+b%20c%2B", 0, "a b c+"}, {"pass%77ord=x", 0, "x"}, {"password=a=b", 0, "a=b"}, {"password=%c3%a9", 0, "\xc3\xa9"},
		{"", -ENOENT, NULL}, {"name=a", -ENOENT, NULL}, {"Password=x", -ENOENT, NULL}, {"password2=x", -ENOENT, NULL},
		{"password=x&password=x", -EINVAL, NULL}, {"password=%", -EINVAL, NULL}, {"password=%4", -EINVAL, NULL},
		{"password=%zz", -EINVAL, NULL}, {"password=%00", -EINVAL, NULL}, {"password=12345678", -EINVAL, NULL},
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		char value[8];
		int rc = http_form_field(span_str(table[i].body), "password", value, sizeof value);

		cr_expect_eq(rc, table[i].rc, "%s gave %d", table[i].body, rc);
		if (!rc)
			cr_expect_str_eq(value, table[i].value);
	}
}

Test(http_response, is_written_field_by_field)
{
	char date[HTTP_DATE];
	struct buf b;

	buf_init(&b, 4096);
	http_date(784111777000000, date);
	cr_assert_str_eq(date, "Sun, 06 Nov 1994 08:49:37 GMT");
	cr_assert_eq(http_response_begin(&b, 404), 0);
	cr_assert_eq(http_response_field(&b, "Date", date), 0);
	cr_assert_eq(http_response_field(&b, "X", "a\r\nY: b"), -EINVAL);
	cr_assert_eq(http_response_number(&b, "Content-Length", 0), 0);
	cr_assert_eq(http_response_end(&b), 0);
	cr_assert_eq(buf_append(&b, "", 1), 0);
	cr_assert_str_eq((char *)buf_data(&b), "HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n");
	buf_free(&b);
}

Test(http_response, never_passes_its_bound)
{
	struct buf b;

	buf_init(&b, 20);
	cr_assert_eq(http_response_begin(&b, 200), 0);
	cr_assert_eq(http_response_field(&b, "Date", "x"), -ENOBUFS);
	cr_assert_eq(b.len, strlen("HTTP/1.1 200 OK\r\n"));
	buf_free(&b);
}
