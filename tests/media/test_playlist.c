/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "media/playlist.h"

static void expect_text(struct buf *b, const char *want)
{
	cr_assert_eq(buf_append(b, "", 1), 0);
	cr_assert_str_eq((char *)buf_data(b), want, "%s", (char *)buf_data(b));
	buf_free(b);
}

Test(playlist, media)
{
	const struct playlist_segment s[] = {
		{41, 2000000, 1795361400040000, "00112233445566aa", true, true},
		{42, 1966667, 1795361402040000, "00112233445566aa", false, true},
		{43, 2480000, 1795361500000000, "ffeeddccbbaa9988", true, true},
		{44, 520000, 1795361502480000, "ffeeddccbbaa9988", true, true},
	};
	struct playlist_media m = {.segment = s, .nsegments = 4, .discontinuities = 2, .target_s = 2};
	struct buf b;

	buf_init(&b, 4096);
	cr_assert_eq(playlist_media(&b, &m), 0);
	expect_text(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:41\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n#EXT-X-INDEPENDENT-SEGMENTS\n"
		"#EXT-X-MAP:URI=\"init-00112233445566aa.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T15:30:00.040Z\n#EXTINF:2.000000,\n41.m4s\n"
		"#EXT-X-PROGRAM-DATE-TIME:2026-11-22T15:30:02.040Z\n#EXTINF:1.966667,\n42.m4s\n"
		"#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-ffeeddccbbaa9988.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T15:31:40.000Z\n#EXTINF:2.480000,\n43.m4s\n"
		"#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2026-11-22T15:31:42.480Z\n#EXTINF:0.520000,\n44.m4s\n");
}

/* As segments leave a window of two, each discontinuity is counted exactly once, by its tag or by the sequence. */
Test(playlist, discontinuities_are_counted_once)
{
	struct playlist_segment s[12];
	uint64_t before = 0;

	for (uint64_t i = 0; i < 12; i++)
		s[i] = (struct playlist_segment){i, 2000000, 0, "00112233445566aa", i % 3 == 1, true};
	for (size_t first = 0; first < 11; first++) {
		struct playlist_media m = {.segment = s + first, .nsegments = 2, .discontinuities = before, .target_s = 2};
		const char *tag;
		uint64_t seen = 0;
		struct buf b;

		buf_init(&b, 4096);
		cr_assert_eq(playlist_media(&b, &m), 0);
		cr_assert_eq(buf_append(&b, "", 1), 0);
		tag = strstr((char *)buf_data(&b), "#EXT-X-DISCONTINUITY-SEQUENCE:");
		seen = tag ? (uint64_t)(tag[30] - '0') : 0;
		seen += strstr((char *)buf_data(&b), "#EXT-X-DISCONTINUITY\n") != NULL;
		cr_assert_eq(seen, (first + 1 + 2) / 3, "window at %zu: %lu", first, (unsigned long)seen);
		before += s[first].discontinuity;
		buf_free(&b);
	}
}

Test(playlist, says_independent_only_when_true)
{
	struct playlist_segment s[] = {{1, 2499999, 0, "00112233445566aa", false, true}, {2, 10500000, 0, "00112233445566aa", false, false}};
	struct playlist_media m = {.segment = s, .nsegments = 1, .target_s = 2, .ended = true};
	struct buf b;

	buf_init(&b, 4096);
	cr_assert_eq(playlist_media(&b, &m), 0);
	expect_text(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"init-00112233445566aa.mp4\"\n"
		"#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z\n#EXTINF:2.499999,\n1.m4s\n#EXT-X-ENDLIST\n");
	m = (struct playlist_media){.segment = s, .nsegments = 2, .target_s = 11};
	cr_assert_eq(playlist_media(&b, &m), 0);
	expect_text(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:11\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-MAP:URI=\"init-00112233445566aa.mp4\"\n"
		"#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z\n#EXTINF:2.499999,\n1.m4s\n#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z\n#EXTINF:10.500000,\n2.m4s\n");
}

Test(playlist, names_what_cannot_be_had_as_a_gap)
{
	const struct playlist_segment s[] = {
		{7, 2000000, 0, "00112233445566aa", false, true, false},
		{8, 2000000, 2000000, "00112233445566aa", true, false, true},
		{9, 2000000, 4000000, "ffeeddccbbaa9988", false, true, false},
	};
	struct playlist_media m = {.segment = s, .nsegments = 3, .target_s = 3};
	struct buf b;

	buf_init(&b, 4096);
	cr_assert_eq(playlist_media(&b, &m), 0);
	expect_text(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:3\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
		"#EXT-X-MAP:URI=\"init-00112233445566aa.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z\n#EXTINF:2.000000,\n7.m4s\n"
		"#EXT-X-DISCONTINUITY\n#EXT-X-GAP\n#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:02.000Z\n#EXTINF:2.000000,\n8.m4s\n"
		"#EXT-X-MAP:URI=\"init-ffeeddccbbaa9988.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:04.000Z\n#EXTINF:2.000000,\n9.m4s\n");
}

Test(playlist, refuses_a_segment_that_rounds_to_more_than_the_target)
{
	static const struct { uint64_t duration_us; int rc; } cases[] = {
		{0, 0}, {1, 0}, {3000000, 0}, {3499999, 0}, {3500000, -EINVAL}, {4000000, -EINVAL}, {UINT64_MAX, -EINVAL}};
	struct buf b;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct playlist_segment s = {1, cases[i].duration_us, 0, "00112233445566aa", false, true, false};

		buf_init(&b, 4096);
		cr_assert_eq(playlist_media(&b, &(struct playlist_media){.segment = &s, .nsegments = 1, .target_s = 3}), cases[i].rc, "case %zu", i);
		buf_free(&b);
	}
}

Test(playlist, refuses_names_that_are_none)
{
	static const char *const inits[] = {NULL, "", "0011223344556", "00112233445566AA", "00112233445566a\n", "00112233445566aa0"};
	struct buf b;

	buf_init(&b, 4096);
	cr_assert_eq(buf_append_str(&b, "before"), 0);
	for (size_t i = 0; i < sizeof inits / sizeof *inits; i++) {
		struct playlist_segment s = {1, 1, 1, inits[i], false, true};

		cr_assert_eq(playlist_media(&b, &(struct playlist_media){.segment = &s, .nsegments = 1, .target_s = 1}), -EINVAL, "case %zu", i);
	}
	cr_assert_eq(playlist_media(&b, &(struct playlist_media){0}), -EINVAL);
	cr_assert_eq(playlist_media(&b, &(struct playlist_media){.nsegments = 2, .target_s = 1, .segment = (struct playlist_segment[]){
		{1, 1, 1, "00112233445566aa"}, {3, 1, 1, "00112233445566aa"}}}), -EINVAL, "numbers go up by one");
	expect_text(&b, "before");
}

Test(playlist, a_full_buffer_keeps_what_it_held)
{
	const struct playlist_segment s = {41, 2000000, 0, "00112233445566aa", true, true};
	struct buf b;

	for (size_t max = 8; max < 120; max++) {
		buf_init(&b, max);
		cr_assert_eq(buf_append_str(&b, "before"), 0);
		cr_assert_eq(playlist_media(&b, &(struct playlist_media){.segment = &s, .nsegments = 1, .target_s = 2}), -ENOBUFS);
		expect_text(&b, "before");
	}
}

static const struct playlist_part three[] = {{216000, true}, {200000, false}, {99999, false}};

static struct playlist_segment whole(uint64_t number)
{
	return (struct playlist_segment){.number = number, .duration_us = 515999, .capture_us = 1795361400040000, .init = "00112233445566aa", .independent = true,
		.parts = {three, 3, 0xabcd}};
}

#define HEAD "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
#define TIME "#EXT-X-PROGRAM-DATE-TIME:2026-11-22T15:30:00.040Z\n"
#define CONTROL "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=6.0,HOLD-BACK=3.0"
#define PARTS(n) "#EXT-X-PART:DURATION=0.216000,URI=\"" n ".0.0000abcd.m4s\",INDEPENDENT=YES\n#EXT-X-PART:DURATION=0.200000,URI=\"" n ".1.0000abcd.m4s\"\n" \
	"#EXT-X-PART:DURATION=0.099999,URI=\"" n ".2.0000abcd.m4s\"\n"

Test(playlist_live, lists_parts_of_what_is_whole_and_of_what_is_not)
{
	const struct playlist_segment s[] = {whole(7), whole(8)};
	struct playlist_segment open = whole(9);
	const struct playlist_report other[] = {{"copy", 9, true, 1}, {"audio", 8, false, 0}};
	struct playlist_live live = {.part_target_ms = 216, .has_hint = true, .hint_number = 9, .hint_part = 2, .hint_tag = 0xffffffff, .report = other, .nreports = 2};
	struct playlist_media m = {.segment = s, .nsegments = 2, .target_s = 1, .live = &live, .open = &open};
	struct buf b;

	open.parts.n = 2;
	open.init = "ffeeddccbbaa9988";
	open.discontinuity = true;
	buf_init(&b, 8192);
	cr_assert_eq(playlist_media(&b, &m), 0);
	expect_text(&b, HEAD CONTROL ",PART-HOLD-BACK=0.648\n#EXT-X-PART-INF:PART-TARGET=0.216\n#EXT-X-MAP:URI=\"init-00112233445566aa.mp4\"\n"
		TIME PARTS("7") "#EXTINF:0.515999,\n7.m4s\n" TIME PARTS("8") "#EXTINF:0.515999,\n8.m4s\n"
		"#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-ffeeddccbbaa9988.mp4\"\n" TIME
		"#EXT-X-PART:DURATION=0.216000,URI=\"9.0.0000abcd.m4s\",INDEPENDENT=YES\n#EXT-X-PART:DURATION=0.200000,URI=\"9.1.0000abcd.m4s\"\n"
		"#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"9.2.ffffffff.m4s\"\n"
		"#EXT-X-RENDITION-REPORT:URI=\"../copy/index.m3u8\",LAST-MSN=9,LAST-PART=1\n#EXT-X-RENDITION-REPORT:URI=\"../audio/index.m3u8\",LAST-MSN=8\n");
	open.independent = false;
	open.parts.n = 0;
	live = (struct playlist_live){0};
	cr_assert_eq(playlist_media(&b, &m), 0);
	cr_expect_null(memmem(buf_data(&b), b.len, "INDEPENDENT-SEGMENTS", 20));
	cr_expect_not_null(memmem(buf_data(&b), b.len, CONTROL ",PART-HOLD-BACK=3.000\n#EXT-X-MAP", strlen(CONTROL ",PART-HOLD-BACK=3.000\n#EXT-X-MAP")), "what nobody watches closely has no parts");
	cr_expect_eq(memcmp(buf_data(&b) + b.len - 6, "8.m4s\n", 6), 0, "nothing is there of what is under way");
	buf_free(&b);
	open.number = 10;
	cr_expect_eq(playlist_media(&b, &m), -EINVAL);
	buf_free(&b);
}

static unsigned count(const struct buf *b, const char *what)
{
	const uint8_t *at = buf_data(b), *end = at + b->len;
	unsigned n = 0;

	while ((at = memmem(at, (size_t)(end - at), what, strlen(what)))) {
		at += strlen(what);
		n++;
	}
	return n;
}

/* A delta update is the whole playlist with one line for what is older than the skip boundary. */
Test(playlist_live, leaves_out_what_is_old)
{
	struct playlist_segment s[20];
	struct playlist_live live = {.part_target_ms = 216};
	struct playlist_media m = {.segment = s, .target_s = 2, .live = &live};
	struct buf full, delta;

	for (unsigned i = 0; i < 20; i++) {
		s[i] = whole(100 + i);
		s[i].duration_us = 2000000;
		s[i].discontinuity = i == 9;
	}
	for (m.nsegments = 1; m.nsegments <= 20; m.nsegments++) {
		size_t old = m.nsegments > 6 ? m.nsegments - 6 : 0;
		const uint8_t *skip, *rest;
		char line[64];

		buf_init(&full, 65536);
		buf_init(&delta, 65536);
		live.skip = false;
		cr_assert_eq(playlist_media(&full, &m), 0);
		live.skip = true;
		cr_assert_eq(playlist_live_skipped(&m), old);
		cr_assert_eq(playlist_media(&delta, &m), 0);
		snprintf(line, sizeof line, "#EXT-X-SKIP:SKIPPED-SEGMENTS=%zu\n", old);
		cr_expect_eq(count(&delta, line), old > 0, "none are skipped: no delta update");
		cr_expect_eq(count(&full, ".m4s\n"), m.nsegments);
		cr_expect_eq(count(&delta, ".m4s\n"), m.nsegments - old);
		cr_expect_eq(count(&full, "EXT-X-PART:"), 3 * (m.nsegments < 3 ? m.nsegments : 3), "parts within three targets of the end");
		skip = memmem(buf_data(&delta), delta.len, line, strlen(line));
		rest = skip ? skip + strlen(line) : buf_data(&delta);
		cr_expect_eq(memcmp(buf_data(&full) + full.len - (buf_data(&delta) + delta.len - rest), rest, (size_t)(buf_data(&delta) + delta.len - rest)), 0);
		buf_free(&full);
		buf_free(&delta);
	}
}
