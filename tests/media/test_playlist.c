/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

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

Test(playlist, says_independent_only_when_true_and_covers_the_longest)
{
	struct playlist_segment s[] = {{1, 2499999, 0, "00112233445566aa", false, true}, {2, 10500000, 0, "00112233445566aa", false, false}};
	struct playlist_media m = {.segment = s, .nsegments = 1, .target_s = 1, .ended = true};
	struct buf b;

	buf_init(&b, 4096);
	cr_assert_eq(playlist_media(&b, &m), 0);
	expect_text(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"init-00112233445566aa.mp4\"\n"
		"#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z\n#EXTINF:2.499999,\n1.m4s\n#EXT-X-ENDLIST\n");
	m = (struct playlist_media){.segment = s, .nsegments = 2, .target_s = 6};
	cr_assert_eq(playlist_media(&b, &m), 0);
	expect_text(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:11\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-MAP:URI=\"init-00112233445566aa.mp4\"\n"
		"#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z\n#EXTINF:2.499999,\n1.m4s\n#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z\n#EXTINF:10.500000,\n2.m4s\n");
}

Test(playlist, refuses_names_that_are_none)
{
	static const char *const inits[] = {NULL, "", "0011223344556", "00112233445566AA", "00112233445566a\n", "00112233445566aa0"};
	struct buf b;

	buf_init(&b, 4096);
	cr_assert_eq(buf_append_str(&b, "before"), 0);
	for (size_t i = 0; i < sizeof inits / sizeof *inits; i++) {
		struct playlist_segment s = {1, 1, 1, inits[i], false, true};

		cr_assert_eq(playlist_media(&b, &(struct playlist_media){.segment = &s, .nsegments = 1}), -EINVAL, "case %zu", i);
	}
	cr_assert_eq(playlist_media(&b, &(struct playlist_media){0}), -EINVAL);
	cr_assert_eq(playlist_media(&b, &(struct playlist_media){.nsegments = 2, .segment = (struct playlist_segment[]){
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
		cr_assert_eq(playlist_media(&b, &(struct playlist_media){.segment = &s, .nsegments = 1}), -ENOBUFS);
		expect_text(&b, "before");
	}
}
