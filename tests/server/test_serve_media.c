/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What serve knows of cameras, from what store and the parent say, and the lists that it makes of it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "server/serve_dash.h"
#include "server/serve_media.h"
#include "server/serve_playlist.h"

static void hash_of(const void *p, size_t n, uint8_t ret[32])
{
	cr_assert_eq(EVP_Digest(p, n, ret, NULL, EVP_sha256(), NULL), 1);
}

static struct serve_media *media;
static const char *why;

static int track(const char *init)
{
	struct msg_track t = {.codec = CODEC_H264, .width = 640, .height = 360, .timescale = 90000, .profile = 66, .level = 30};
	int fd, rc;

	hash_of(init, strlen(init), t.init_sha256);
	cr_assert_eq(io_seal_bytes("init", init, strlen(init), &fd), 0);
	rc = serve_media_track(media, &t, fd, &why);
	close(fd);
	return rc;
}

static struct msg_segment segment_of(uint64_t number, const char *init)
{
	struct msg_segment s = {.number = number, .discontinuity = 3, .independent = true, .duration = 180000, .timescale = 90000, .bytes = 5};

	hash_of("bytes", 5, s.sha256);
	hash_of(init, strlen(init), s.init_sha256);
	return s;
}

static int put(const struct msg_segment *s)
{
	int fd, rc;

	cr_assert_eq(io_seal_bytes("segment", "bytes", 5, &fd), 0);
	rc = serve_media_segment(media, s, fd, 1, &why);
	close(fd);
	return rc;
}

static int segment(uint64_t number, const char *init)
{
	struct msg_segment s = segment_of(number, init);

	return put(&s);
}

static void media_start(void)
{
	struct msg_serve_camera yard = {.camera = 0, .name = "yard", .segment_ms = 2000};

	struct msg_camera_state state = {.longest_s = 2};

	media = serve_media_new();
	cr_assert_eq(serve_media_set_camera(media, &yard), 0);
	cr_assert_eq(serve_media_set_state(media, &state), 1);
	cr_assert_eq(serve_media_set_state(media, &state), 0);
	cr_assert_eq(track("init-a"), 0);
}

static void media_stop(void)
{
	serve_media_free(&media);
	serve_media_free(&media);
}

TestSuite(serve_media, .init = media_start, .fini = media_stop);
TestSuite(serve_dash, .init = media_start, .fini = media_stop);

/* Store and the parent speak on channels of their own: either may tell of a rendition first, and both of one that is gone. */
Test(serve_media, what_store_tells_early_is_shown_when_the_parent_tells)
{
	struct msg_serve_camera attic = {.camera = 7, .name = "attic", .segment_ms = 2000};
	struct msg_serve_rendition small = {.camera = 7, .rendition = RENDITION_ENCODED, .name = "small"};
	struct msg_segment s = segment_of(1, "init-a");

	s.camera = 7;
	s.rendition = RENDITION_ENCODED;
	cr_assert_eq(put(&s), 0);
	cr_expect(!serve_media_camera(media, span_of("attic", 5)) && !serve_media_camera(media, span_of("", 0)));
	cr_assert_eq(serve_media_set_camera(media, &attic), 0);
	cr_assert_eq(serve_media_set_rendition(media, &small), 0);
	cr_assert_not_null(serve_media_camera(media, span_of("attic", 5)));
	cr_expect_eq(media->camera[7].rendition[RENDITION_ENCODED]->n, 1);
	small.gone = true;
	cr_assert_eq(serve_media_set_rendition(media, &small), 0);
	cr_expect_null(serve_media_rendition(&media->camera[7], span_of("small", 5)));
	s.number = 2;
	cr_expect_eq(put(&s), 0, "store has not heard yet that it is gone");
	cr_assert_eq(serve_media_drop_camera(media, 7), 0);
	cr_expect_null(serve_media_camera(media, span_of("attic", 5)));
	cr_expect_not_null(serve_media_camera(media, span_of("yard", 4)));
	s.number = 3;
	cr_expect_eq(put(&s), 0);
	cr_expect_eq(serve_media_drop_camera(media, 8), -EINVAL);
}

/* A copy that is not for viewers any more is forgotten, and the multivariant playlist with it. */
Test(serve_media, a_copy_may_be_taken_from_viewers)
{
	struct msg_serve_camera yard = {.camera = 0, .name = "yard", .segment_ms = 2000, .no_copy = true};

	cr_assert_eq(segment(5, "init-a"), 0);
	cr_assert_not_null(serve_media_multivariant(&media->camera[0]));
	cr_assert_eq(serve_media_set_camera(media, &yard), 0);
	cr_expect_null(serve_media_rendition(&media->camera[0], span_of("copy", 4)));
	cr_expect_null(serve_media_multivariant(&media->camera[0]));
	yard.no_copy = false;
	cr_assert_eq(serve_media_set_camera(media, &yard), 0);
	cr_expect_eq(serve_media_rendition(&media->camera[0], span_of("copy", 4))->n, 0);
}

Test(serve_media, refuses_what_store_may_not_say)
{
	struct msg_segment s;
	static const struct { const char *name; size_t offset, size; uint64_t value; } bad[] = {
		{"camera", offsetof(struct msg_segment, camera), 2, SITE_CAMERAS_MAX}, {"rendition", offsetof(struct msg_segment, rendition), 1, RENDITIONS_MAX},
		{"number", offsetof(struct msg_segment, number), 8, UINT64_MAX},
		{"old number", offsetof(struct msg_segment, number), 8, 5}, {"older number", offsetof(struct msg_segment, number), 8, 4},
		{"no timescale", offsetof(struct msg_segment, timescale), 4, 0},
		{"an hour", offsetof(struct msg_segment, duration), 4, 90000u * 3600}, {"bytes", offsetof(struct msg_segment, bytes), 8, 6},
		{"huge", offsetof(struct msg_segment, bytes), 8, UINT64_MAX},
	};

	cr_assert_eq(segment(5, "init-a"), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		s = segment_of(6, "init-a");
		memcpy((uint8_t *)&s + bad[i].offset, &bad[i].value, bad[i].size);
		why = NULL;
		cr_expect_eq(put(&s), -EBADMSG, "%s", bad[i].name);
		cr_expect_not_null(why, "%s", bad[i].name);
	}
	cr_assert_eq(segment(6, "init-a"), 0);
	cr_assert_eq(media->camera[0].rendition[0]->n, 2);
}

Test(serve_media, refuses_tracks_that_cannot_be)
{
	static const struct { const char *what; uint8_t rendition, codec; int rc; } cases[] = {
		{"H.265 copy", RENDITION_COPY, CODEC_H265, 0}, {"Opus", RENDITION_AUDIO, CODEC_OPUS, 0}, {"AAC", RENDITION_AUDIO, CODEC_AAC, 0},
		{"sound as a picture", RENDITION_COPY, CODEC_AAC, -EBADMSG}, {"a picture as sound", RENDITION_AUDIO, CODEC_H264, -EBADMSG},
		{"what no segment holds", RENDITION_AUDIO, CODEC_PCMA, -EBADMSG}, {"no codec", RENDITION_COPY, CODEC_NONE, -EBADMSG},
		{"a codec unknown", RENDITION_AUDIO, CODEC_COUNT, -EBADMSG}, {"255", RENDITION_COPY, 255, -EBADMSG},
	};
	int fd;

	cr_assert_eq(io_seal_bytes("init", "init", 4, &fd), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct msg_track t = {.rendition = cases[i].rendition, .codec = cases[i].codec, .timescale = 48000};

		hash_of("init", 4, t.init_sha256);
		cr_expect_eq(serve_media_track(media, &t, fd, &why), cases[i].rc, "%s", cases[i].what);
	}
	close(fd);
}

/* The codec string is made of numbers that store passes on, so that no byte of a camera's gets into a playlist. */
Test(serve_media, lists_h265_beside_what_all_can_play)
{
	struct msg_serve_rendition small = {.rendition = RENDITION_ENCODED, .name = "small", .width = 640, .height = 360, .bitrate_bps = 500000};
	struct msg_track t[] = {
		{.rendition = RENDITION_COPY, .codec = CODEC_H265, .width = 2560, .height = 1440, .timescale = 90000, .profile = 1, .level = 150, .compat = 0x60000000, .constraints = 0xb00000000000},
		{.rendition = RENDITION_AUDIO, .codec = CODEC_AAC, .timescale = 8000, .rate = 8000, .channels = 1, .profile = 2},
		{.rendition = RENDITION_ENCODED, .codec = CODEC_H264, .width = 640, .height = 360, .timescale = 90000, .profile = 66, .level = 30},
	};
	const struct serve_bytes *b;
	const char *text, *copy, *encoded;

	cr_assert_eq(serve_media_set_rendition(media, &small), 0);
	for (unsigned i = 0; i < 3; i++) {
		struct msg_segment s = segment_of(7, "init-b");
		int fd;

		hash_of("init-b", 6, t[i].init_sha256);
		cr_assert_eq(io_seal_bytes("init", "init-b", 6, &fd), 0);
		cr_assert_eq(serve_media_track(media, &t[i], fd, &why), 0);
		close(fd);
		s.rendition = t[i].rendition;
		cr_assert_eq(put(&s), 0);
	}
	b = serve_media_multivariant(&media->camera[0]);
	cr_assert_not_null(b);
	text = strndup((const char *)b->p, b->n);
	copy = strstr(text, "CODECS=\"hvc1.1.6.L150.B0,mp4a.40.2\",RESOLUTION=2560x1440");
	encoded = strstr(text, "CODECS=\"avc1.42001e,mp4a.40.2\",RESOLUTION=640x360");
	cr_assert(copy && encoded && encoded < copy, "%s", text);
	free((char *)(uintptr_t)text);
}

Test(serve_media, lists_no_copy_that_players_cannot_begin_with)
{
	struct msg_serve_rendition small = {.rendition = RENDITION_ENCODED, .name = "small", .width = 640, .height = 360};
	struct msg_track t = {.rendition = RENDITION_ENCODED, .codec = CODEC_H264, .width = 640, .height = 360, .timescale = 90000, .profile = 66, .level = 30};
	struct { bool copy, has_small, small; bool lists_copy, lists_small, independent; } cases[] = {
		{true, false, false, true, false, true}, {false, false, false, true, false, false}, {true, true, true, true, true, true},
		{false, true, true, false, true, true}, {false, true, false, true, true, false},
	};
	int fd;

	cr_assert_eq(serve_media_set_rendition(media, &small), 0);
	cr_assert_eq(io_seal_bytes("init", "init-b", 6, &fd), 0);
	hash_of("init-b", 6, t.init_sha256);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct serve_bytes *b;

		serve_media_reset(media);
		cr_assert_eq(track("init-a"), 0);
		cr_assert_eq(serve_media_track(media, &t, fd, &why), 0);
		for (uint64_t number = 1; number <= 3; number++) {
			struct msg_segment copy = segment_of(number, "init-a"), s = segment_of(number, "init-b");

			copy.independent = cases[i].copy || number == 1;
			s.independent = cases[i].small || number == 1;
			s.rendition = RENDITION_ENCODED;
			cr_assert(put(&copy) == 0 && (!cases[i].has_small || put(&s) == 0));
		}
		b = serve_media_multivariant(&media->camera[0]);
		cr_assert_not_null(b);
		cr_expect_eq(memmem(b->p, b->n, "copy/", 5) != NULL, cases[i].lists_copy, "case %zu", i);
		cr_expect_eq(memmem(b->p, b->n, "small/", 6) != NULL, cases[i].lists_small, "case %zu", i);
		cr_expect_eq(memmem(b->p, b->n, "INDEPENDENT", 11) != NULL, cases[i].independent, "case %zu", i);
	}
	close(fd);
}

static void put_timed(uint64_t number, int64_t period_us, uint64_t time)
{
	struct msg_segment s = segment_of(number, "init-a");

	s.period_us = period_us;
	s.decode_time = time;
	cr_assert_eq(put(&s), 0);
}

static bool has(const struct serve_bytes *b, const char *text)
{
	return b && memmem(b->p, b->n, text, strlen(text));
}

static bool manifest_has(const char *text)
{
	return has(serve_dash_manifest(&media->camera[0]), text);
}

static bool near_has(const char *text)
{
	return has(serve_dash_manifest_near(&media->camera[0]), text);
}

static void put_part(struct msg_part m)
{
	int fd;

	m.tag = 1;
	m.timescale = 90000;
	m.target_ms = 1000;
	hash_of("bytes" + m.offset, m.bytes, m.sha256);
	hash_of("init-a", 6, m.init_sha256);
	cr_assert_eq(io_seal_bytes("part", "bytes" + m.offset, m.bytes, &fd), 0);
	cr_assert_geq(serve_media_part(media, &m, fd, &why), 0);
	close(fd);
}

/* Chunk i of a segment, of a second: a part of its own. */
static void put_chunk(uint64_t number, unsigned i, uint32_t discontinuity)
{
	put_part((struct msg_part){.number = number, .discontinuity = discontinuity, .part = (uint16_t)i, .ends = true, .duration = 90000, .offset = i, .bytes = 1});
}

/* Chunk i of n of a segment as put_timed's, two of which are a part. */
static void put_half_chunk(uint64_t number, unsigned i, unsigned n)
{
	put_part((struct msg_part){.number = number, .discontinuity = 3, .part = (uint16_t)(i / 2), .ends = i % 2, .last = i + 1 == n, .duration = 180000 / n,
		.offset = i, .bytes = i + 1 < n ? 1 : 6 - n});
}

/* How long it will be is a guess, which is mended as it grows; players of other kinds never hear of it. */
Test(serve_dash, the_near_one_lists_the_segment_under_way)
{
	put_timed(1, 1000000, 0);
	cr_assert(near_has("<S t=\"0\" d=\"180000\"/>\n</SegmentTimeline>"));
	put_chunk(2, 0, 3);
	cr_expect(near_has("startNumber=\"1\"") && near_has("<S t=\"0\" d=\"180000\" r=\"1\"/>\n</SegmentTimeline>"));
	cr_expect(manifest_has("<S t=\"0\" d=\"180000\"/>\n</SegmentTimeline>"));
	put_chunk(2, 1, 3);
	put_chunk(2, 2, 3);
	cr_expect(near_has("<S t=\"0\" d=\"180000\"/>\n<S d=\"270000\"/>\n</SegmentTimeline>"));
	put_timed(2, 1000000, 180000);
	cr_expect(near_has("<S t=\"0\" d=\"180000\" r=\"1\"/>\n</SegmentTimeline>"));
}

/* Where it stands is known when it is whole. */
Test(serve_dash, one_of_another_epoch_is_not_listed_under_way)
{
	put_timed(1, 1000000, 0);
	put_chunk(2, 0, 4);
	cr_expect(near_has("<S t=\"0\" d=\"180000\"/>\n</SegmentTimeline>"));
}

/* Of each period the newest segments without a hole, of which the first is told to begin where what is before that ends; the first of a window that moves on leave by and by. */
Test(serve_dash, lists_each_period)
{
	cr_assert_null(serve_dash_manifest(&media->camera[0]));
	for (uint64_t i = 0; i < 3; i++)
		put_timed(1 + i, 1000000, 180000 * i);
	cr_assert(manifest_has("<Period id=\"1000000\" start=\"PT1.000000S\">"));
	cr_assert(manifest_has("startNumber=\"1\">\n<SegmentTimeline>\n<S t=\"0\" d=\"180000\" r=\"2\"/>\n"));
	put_timed(5, 1000000, 900000);
	cr_expect(manifest_has("startNumber=\"5\">\n<SegmentTimeline>\n<S t=\"540000\" d=\"540000\"/>\n"));
	put_timed(6, 60000000, 0);
	cr_expect(manifest_has("<Period id=\"1000000\" start=\"PT1.000000S\" duration=\"PT11.000000S\">"));
	cr_expect(manifest_has("<Period id=\"60000000\" start=\"PT60.000000S\">"));
	for (uint64_t i = 1; i < 12; i++)
		put_timed(6 + i, 60000000, 180000 * i);
	cr_expect_not(manifest_has("<Period id=\"1000000\""));
	cr_expect(manifest_has("startNumber=\"8\">\n<SegmentTimeline>\n<S t=\"360000\" d=\"180000\" r=\"9\"/>\n"));
}

/* What a worker that died left of a segment is listed: the next one begins where it ends. */
Test(serve_dash, leaves_no_time_without_a_segment)
{
	put_timed(1, 1000000, 0);
	put_timed(2, 1000000, 270000);
	cr_expect(manifest_has("<S t=\"0\" d=\"180000\"/>\n<S d=\"270000\"/>\n</SegmentTimeline>"));
}

/* The segment that a list begins with was told of before: its time stays, while what it is told from is listed no more. */
Test(serve_dash, what_was_told_of_a_segment_stays)
{
	put_timed(1, 1000000, 0);
	for (uint64_t i = 0; i < SERVE_LISTED; i++)
		put_timed(3 + i, 1000000, 360000 + 180000 * i);
	cr_expect(manifest_has("startNumber=\"3\">\n<SegmentTimeline>\n<S t=\"180000\" d=\"360000\"/>\n"));
}

static int published_after(char was[40], const struct serve_bytes *b)
{
	const char *at = memmem(b->p, b->n, "publishTime=\"", 13);
	char is[40] = "";
	int order;

	cr_assert(at && sscanf(at, "publishTime=\"%39[^\"]", is) == 1);
	order = strcmp(is, was);
	memcpy(was, is, sizeof is);
	return order;
}

/* Of another list, a later one (ISO/IEC 23009-1 5.3.1.2), from the first chunk of a segment on; what is all there stays the same list when it is whole. */
Test(serve_dash, each_list_is_published_later)
{
	char was[40] = "";

	put_timed(1, 1000000, 0);
	cr_assert_gt(published_after(was, serve_dash_manifest_near(&media->camera[0])), 0);
	for (unsigned i = 0; i < 4; i++) {
		put_half_chunk(2, i, 4);
		if (i % 2 == 0 && i)
			cr_expect_eq(published_after(was, serve_dash_manifest_near(&media->camera[0])), 0, "a part is not whole with chunk %u", i);
		else
			cr_expect_gt(published_after(was, serve_dash_manifest_near(&media->camera[0])), 0, "chunk %u", i);
	}
	put_timed(2, 1000000, 180000);
	cr_expect_eq(published_after(was, serve_dash_manifest_near(&media->camera[0])), 0, "the segment is what its parts were");
	put_timed(3, 1000000, 360000);
	cr_expect_gt(published_after(was, serve_dash_manifest_near(&media->camera[0])), 0, "the next");
}

Test(serve_dash, takes_no_times_that_cannot_be)
{
	static const struct { int64_t period_us; uint64_t time; } cases[] = {{INT64_MAX, 0}, {-1, 0}, {1, UINT64_MAX}, {(int64_t)1 << 62, (uint64_t)1 << 62}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		put_timed(i + 1, cases[i].period_us, cases[i].time);
		cr_expect_null(serve_dash_manifest(&media->camera[0]), "case %zu", i);
		serve_media_reset(media);
		cr_assert_eq(track("init-a"), 0);
	}
}

Test(serve_media, holds_a_window)
{
	const struct serve_rendition *r = media->camera[0].rendition[0];

	for (unsigned i = 1; i <= 40; i++)
		cr_assert_eq(segment(i, "init-a"), 0);
	cr_assert_eq(r->n, SERVE_WINDOW);
	cr_assert_null(serve_media_find(r, 40 - SERVE_WINDOW));
	cr_assert_eq(serve_media_find(r, 41 - SERVE_WINDOW)->m.number, 41 - SERVE_WINDOW);
	cr_assert_eq(serve_media_find(r, 40)->m.number, 40);
	cr_assert_null(serve_media_find(r, 41));
}

Test(serve_media, keeps_init_segments_while_they_are_used)
{
	const struct serve_rendition *r = media->camera[0].rendition[0];
	char name[16];
	uint8_t h[32];

	for (unsigned i = 1; i <= 50; i++) {
		snprintf(name, sizeof name, "init-%u", i);
		cr_assert_eq(track(name), 0);
		cr_assert_eq(track(name), 0);
		cr_assert_eq(segment(i, name), 0);
		cr_assert_leq(r->ntracks, SERVE_WINDOW + 1);
	}
	hash_of("init-50", 7, h);
	cr_assert_not_null(serve_media_init(r, h));
	hash_of("init-39", 7, h);
	cr_assert_not_null(serve_media_init(r, h));
	hash_of("init-a", 6, h);
	cr_assert_null(serve_media_init(r, h));
}

Test(serve_media, takes_segments_of_an_init_segment_not_told)
{
	cr_assert_eq(segment(1, "init-before"), 0);
	cr_assert_eq(segment(2, "init-a"), 0);
	cr_assert_not_null(serve_playlist_of(&media->camera[0], media->camera[0].rendition[0], false));
	cr_assert_not_null(serve_media_multivariant(&media->camera[0]));
}

static bool says(struct serve_camera *c, const char *text)
{
	struct serve_bytes *b = serve_playlist_of(c, c->rendition[0], false);

	return b && memmem(b->p, b->n, text, strlen(text));
}

static bool lists(const char *text)
{
	return says(&media->camera[0], text);
}

Test(serve_media, names_holes_as_gaps)
{
	cr_assert_not(lists("#EXTM3U"));
	for (unsigned i = 1; i <= 3; i++)
		segment(i, "init-a");
	cr_assert(lists("#EXT-X-MEDIA-SEQUENCE:1\n"));
	for (unsigned i = 7; i <= 8; i++)
		segment(i, "init-a");
	cr_assert(lists("#EXT-X-MEDIA-SEQUENCE:1\n"));
	cr_assert(lists("#EXT-X-GAP\n#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:02.000Z\n#EXTINF:2.000000,\n4.m4s\n"));
	cr_assert(lists("#EXTINF:2.000000,\n8.m4s\n"));
}

Test(serve_media, tells_discontinuities_by_their_number)
{
	struct msg_segment s;

	segment(1, "init-a");
	s = segment_of(2, "init-a");
	s.discontinuity = 4;
	put(&s);
	cr_assert(lists("#EXT-X-DISCONTINUITY-SEQUENCE:3\n"));
	cr_assert(lists("#EXT-X-DISCONTINUITY\n"));
	for (unsigned i = 3; i <= 12; i++) {
		s.number = i;
		put(&s);
	}
	cr_assert(lists("#EXT-X-DISCONTINUITY-SEQUENCE:4\n"));
	cr_assert_not(lists("#EXT-X-DISCONTINUITY\n"));
}

Test(serve_media, lists_nothing_before_the_target_is_known_and_keeps_it)
{
	struct msg_serve_camera attic = {.camera = 1, .name = "attic", .segment_ms = 2000};
	struct msg_camera_state state = {.camera = 1, .phase = CAMERA_STREAMING, .video = CODEC_H264};
	struct msg_segment s = segment_of(1, "init-a");
	struct serve_camera *c = &media->camera[1];

	cr_assert_eq(serve_media_set_camera(media, &attic), 0);
	s.camera = 1;
	cr_assert_eq(put(&s), 0);
	cr_assert_eq(serve_media_set_state(media, &state), 0);
	cr_assert_null(serve_playlist_of(c, c->rendition[0], false));
	cr_assert_not(serve_media_is_complete(c));
	state.longest_s = 3;
	cr_assert_eq(serve_media_set_state(media, &state), 1);
	cr_assert(says(c, "#EXT-X-TARGETDURATION:3\n"));
	cr_assert(serve_media_is_complete(c));
	state.longest_s = 0;
	cr_assert_eq(serve_media_set_state(media, &state), 0);
	s.number = 2;
	s.duration = 90000 * 8;
	cr_assert_eq(put(&s), 0);
	cr_assert(says(c, "#EXT-X-TARGETDURATION:3\n"));
	cr_assert(says(c, "#EXT-X-GAP\n"), "8 s are not what was promised");
}

Test(serve_media, holds_less_of_what_store_has)
{
	const struct serve_rendition *r = media->camera[0].rendition[0];

	for (unsigned i = 1; i <= 20; i++)
		cr_assert_eq(segment(i, "init-a"), 0);
	cr_assert_eq(r->n, 20);
	cr_assert_eq(serve_media_oldest(media, &(struct msg_oldest){.number = 1}, &why), 0);
	cr_assert_eq(segment(21, "init-a"), 0);
	cr_assert_eq(r->n, SERVE_ARCHIVED);
	cr_assert_eq(r->window[0].m.number, 22 - SERVE_ARCHIVED);
}

Test(serve_media, takes_no_segment_of_a_time_that_cannot_be)
{
	static const struct { int64_t start_us; int rc; } cases[] = {{-1, -EBADMSG}, {INT64_MIN, -EBADMSG}, {AU_TIME_MAX + 1, -EBADMSG}, {INT64_MAX, -EBADMSG}, {AU_TIME_MAX, 0}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct msg_segment s = segment_of(1, "init-a");

		s.start_us = cases[i].start_us;
		cr_expect_eq(put(&s), cases[i].rc, "case %zu", i);
	}
}

Test(serve_media, takes_no_checkpoint_that_goes_back)
{
	struct msg_checkpoint c = {.size = 10, .note_len = 3, .note = "abc"};

	cr_assert_eq(serve_media_checkpoint(media, &c, &why), 0);
	cr_assert_eq(serve_media_checkpoint(media, &c, &why), 0);
	c.size = 9;
	cr_assert_eq(serve_media_checkpoint(media, &c, &why), -EBADMSG);
	cr_assert_eq(media->checkpoint_size, 10);
	serve_media_reset(media);
	cr_assert_eq(serve_media_checkpoint(media, &c, &why), 0);
}
