/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "media/mpd.h"

static const struct track video = {.codec = CODEC_H264, .timescale = 90000, .width = 1280, .height = 720, .profile = 0x64, .level = 0x1f};
static const struct track small = {.codec = CODEC_H264, .timescale = 90000, .width = 640, .height = 360, .profile = 0x42, .compat = 0xc0, .level = 0x1e};
static const struct track h265 = {.codec = CODEC_H265, .timescale = 90000, .width = 2560, .height = 1440, .profile = 1, .compat = 0x60000000, .constraints = 0xb00000000000, .level = 150};
static const struct track aac = {.codec = CODEC_AAC, .timescale = 48000, .rate = 48000, .channels = 2, .profile = 2};
static const struct track pcma = {.codec = CODEC_PCMA, .timescale = 8000, .rate = 8000, .channels = 1};

#define INIT "00112233445566aa"
#define EPOCH INT64_C(1795361400040000)

static const struct mpd_segment even[] = {{180000, 180000}, {360000, 180000}, {540000, 180000}};
static const struct mpd_segment gap[] = {{0, 180000}, {180000, 90000}, {450000, 90000}, {540000, 90000}};
static const struct mpd_segment sound[] = {{96256, 96256}, {192512, 95232}};

static void expect_text(struct buf *b, const char *want)
{
	cr_assert_eq(buf_append(b, "", 1), 0);
	cr_assert_str_eq((char *)buf_data(b), want, "%s", (char *)buf_data(b));
	buf_free(b);
}

#define HEAD(longest, published) "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" \
	"<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" type=\"dynamic\" availabilityStartTime=\"1970-01-01T00:00:00Z\" " \
	"publishTime=\"2026-11-22T15:30:" published "Z\" minimumUpdatePeriod=\"PT1.000000S\" timeShiftBufferDepth=\"PT20.000000S\" " \
	"suggestedPresentationDelay=\"PT6.000000S\" minBufferTime=\"PT2.000000S\" maxSegmentDuration=\"PT" longest "S\">\n"
#define TAIL "<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\" value=\"/api/time\"/>\n</MPD>\n"
#define COPY "<Representation id=\"copy-00112233\" codecs=\"avc1.64001f\" bandwidth=\"4000000\" width=\"1280\" height=\"720\" frameRate=\"25\">\n" \
	"<SegmentTemplate timescale=\"90000\" presentationTimeOffset=\"90000\" initialization=\"copy/init-00112233445566aa.mp4\" media=\"copy/$Number$.m4s\" startNumber=\"41\">\n" \
	"<SegmentTimeline>\n<S t=\"180000\" d=\"180000\" r=\"2\"/>\n</SegmentTimeline>\n</SegmentTemplate>\n</Representation>\n"

static struct mpd_representation copy_of(const struct track *t, const struct mpd_segment *s, size_t n)
{
	return (struct mpd_representation){"copy", INIT, t, 4000000, 25000, 41, s, n};
}

static int write_one(struct buf *b, const struct mpd_representation *r, size_t n)
{
	struct mpd_period p = {EPOCH, 0, r, n};

	return mpd_write(b, &(struct mpd){&p, 1, 2000, 20000});
}

static bool has(struct buf *b, const char *text)
{
	return memmem(buf_data(b), b->len, text, strlen(text)) != NULL;
}

/* What a player of low latency looks for; one that knows nothing of it is not given this. */
Test(mpd, says_how_early_segments_can_be_had)
{
	const struct mpd_representation of[] = {copy_of(&video, even, 3), {"audio", INIT, &aac, 130000, 0, 41, sound, 2}};
	struct mpd_period p = {EPOCH, 0, of, 2};
	struct mpd m = {&p, 1, 2000, 20000, 200};
	struct buf b;

	buf_init(&b, 8192);
	cr_assert_eq(mpd_write(&b, &m), 0);
	cr_expect(has(&b, "media=\"copy/$Number$.ll.m4s\" startNumber=\"41\" availabilityTimeOffset=\"1.800\" availabilityTimeComplete=\"false\">\n"));
	cr_expect(has(&b, "minimumUpdatePeriod=\"PT0.500000S\"") && has(&b, "suggestedPresentationDelay=\"PT1.200000S\" minBufferTime=\"PT0.200000S\""));
	cr_expect(has(&b, "<Latency referenceId=\"0\" target=\"1200\" min=\"600\" max=\"7200\"/>\n<PlaybackRate min=\"0.96\" max=\"1.04\"/>\n"));
	cr_expect(has(&b, "<ProducerReferenceTime id=\"0\" inband=\"false\" type=\"captured\" wallClockTime=\"2026-11-22T15:30:00.040Z\" presentationTime=\"90000\">\n"));
	cr_expect(has(&b, "presentationTime=\"48000\">\n"));
	buf_free(&b);
	/* Segments that are as short as their chunks are never had early. */
	m.chunk_ms = m.segment_ms;
	buf_init(&b, 8192);
	cr_assert_eq(mpd_write(&b, &m), 0);
	cr_expect(!has(&b, "availabilityTimeOffset") && has(&b, "media=\"copy/$Number$.m4s\"") && !has(&b, "Latency"));
	buf_free(&b);
}

Test(mpd, names_each_rendition_in_its_set)
{
	const struct mpd_representation of[] = {
		copy_of(&video, even, 3), {"360p", INIT, &small, 800000, 12500, 42, even + 1, 2}, {"big", INIT, &h265, 6000000, 0, 41, even, 1},
		{"audio", INIT, &aac, 130000, 0, 41, sound, 2}};
	struct buf b;

	buf_init(&b, 8192);
	cr_assert_eq(write_one(&b, of, 4), 0);
	expect_text(&b, HEAD("2.005333", "07.073994") "<Period id=\"1795361400040000\" start=\"PT1795361400.040000S\">\n"
		"<AdaptationSet id=\"1\" contentType=\"video\" mimeType=\"video/mp4\" segmentAlignment=\"true\">\n" COPY
		"<Representation id=\"360p-00112233\" codecs=\"avc1.42c01e\" bandwidth=\"800000\" width=\"640\" height=\"360\" frameRate=\"12500/1000\">\n"
		"<SegmentTemplate timescale=\"90000\" presentationTimeOffset=\"90000\" initialization=\"360p/init-00112233445566aa.mp4\" media=\"360p/$Number$.m4s\" startNumber=\"42\">\n"
		"<SegmentTimeline>\n<S t=\"360000\" d=\"180000\" r=\"1\"/>\n</SegmentTimeline>\n</SegmentTemplate>\n</Representation>\n</AdaptationSet>\n"
		"<AdaptationSet id=\"2\" contentType=\"video\" mimeType=\"video/mp4\" segmentAlignment=\"true\">\n"
		"<Representation id=\"big-00112233\" codecs=\"hvc1.1.6.L150.B0\" bandwidth=\"6000000\" width=\"2560\" height=\"1440\">\n"
		"<SegmentTemplate timescale=\"90000\" presentationTimeOffset=\"90000\" initialization=\"big/init-00112233445566aa.mp4\" media=\"big/$Number$.m4s\" startNumber=\"41\">\n"
		"<SegmentTimeline>\n<S t=\"180000\" d=\"180000\"/>\n</SegmentTimeline>\n</SegmentTemplate>\n</Representation>\n</AdaptationSet>\n"
		"<AdaptationSet id=\"3\" contentType=\"audio\" mimeType=\"audio/mp4\" segmentAlignment=\"true\">\n"
		"<Representation id=\"audio-00112233\" codecs=\"mp4a.40.2\" bandwidth=\"130000\" audioSamplingRate=\"48000\">\n"
		"<AudioChannelConfiguration schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"2\"/>\n"
		"<SegmentTemplate timescale=\"48000\" presentationTimeOffset=\"48000\" initialization=\"audio/init-00112233445566aa.mp4\" media=\"audio/$Number$.m4s\" startNumber=\"41\">\n"
		"<SegmentTimeline>\n<S t=\"96256\" d=\"96256\"/>\n<S d=\"95232\"/>\n</SegmentTimeline>\n</SegmentTemplate>\n</Representation>\n</AdaptationSet>\n"
		"</Period>\n" TAIL);
}

Test(mpd, a_gap_is_a_time_of_its_own)
{
	const struct mpd_representation r = copy_of(&video, gap, 4);
	struct buf b;

	buf_init(&b, 8192);
	cr_assert_eq(write_one(&b, &r, 1), 0);
	cr_assert_eq(buf_append(&b, "", 1), 0);
	cr_assert_not_null(strstr((char *)buf_data(&b), "<S t=\"0\" d=\"180000\"/>\n<S d=\"90000\"/>\n<S t=\"450000\" d=\"90000\" r=\"1\"/>\n"));
	buf_free(&b);
}

/* One that is over lasts until its last segment ends, or the next one begins. */
Test(mpd, periods_follow_one_another)
{
	const struct mpd_representation r = copy_of(&video, even, 3);
	static const struct { int64_t later_us; const char *duration; } cases[] = {{60000000, "7.000000"}, {5000000, "5.000000"}};
	struct buf b;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct mpd_period p[] = {{EPOCH - cases[i].later_us, 0, &r, 1}, {EPOCH, 0, &r, 1}};
		char want[100];

		buf_init(&b, 8192);
		cr_assert_eq(mpd_write(&b, &(struct mpd){p, 2, 2000, 20000}), 0);
		cr_assert_eq(buf_append(&b, "", 1), 0);
		snprintf(want, sizeof want, "S\" duration=\"PT%sS\">", cases[i].duration);
		cr_expect_not_null(strstr((char *)buf_data(&b), want), "%s", (char *)buf_data(&b));
		cr_expect_not_null(strstr((char *)buf_data(&b), "<Period id=\"1795361400040000\" start=\"PT1795361400.040000S\">"));
		buf_free(&b);
	}
}

/* What is shown at a period's begin is the offset, in each track's units; with media time 0 it is the packager's origin. */
Test(mpd, a_period_may_begin_within_its_media)
{
	const struct mpd_representation of[] = {copy_of(&video, even, 3), {"audio", INIT, &aac, 130000, 0, 41, sound, 2}};
	struct mpd_period p = {EPOCH, 2000500000ull, of, 2};
	struct buf b;

	buf_init(&b, 8192);
	cr_assert_eq(mpd_write(&b, &(struct mpd){&p, 1, 2000, 20000}), 0);
	cr_assert_eq(buf_append(&b, "", 1), 0);
	cr_expect_not_null(strstr((char *)buf_data(&b), " timescale=\"90000\" presentationTimeOffset=\"180135000\" "));
	cr_expect_not_null(strstr((char *)buf_data(&b), " timescale=\"48000\" presentationTimeOffset=\"96072000\" "));
	buf_free(&b);
	p.media_us = UINT64_MAX;
	cr_expect_eq(mpd_write(&b, &(struct mpd){&p, 1, 2000, 20000}), -EINVAL);
}

static void publish(const struct mpd *m, char ret[40])
{
	const char *at;
	struct buf b;

	buf_init(&b, 16384);
	cr_assert_eq(mpd_write(&b, m), 0);
	cr_assert_eq(buf_append(&b, "", 1), 0);
	at = strstr((char *)buf_data(&b), "publishTime=\"");
	cr_assert(at && sscanf(at, "publishTime=\"%39[^\"]", ret) == 1);
	buf_free(&b);
}

/* Also where only one goes on that is behind the others, or is only begun; and what leaves the list at its old end moves nothing. */
Test(mpd, who_tells_of_more_was_published_later)
{
	const struct mpd_representation old = copy_of(&video, even, 1), begun = {.name = "copy", .init = INIT, .track = &video, .segment = even, .nsegments = 3, .came = 90};
	static const struct { size_t copy, sound; uint64_t came; bool has_old; } lists[] = {
		{1, 1, 0, true}, {2, 1, 90, false}, {2, 1, 90000, false}, {2, 1, 0, false}, {2, 2, 0, false}, {3, 2, 90, false}, {3, 2, 0, false}};
	char is[40], was[40] = "";

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct mpd_representation of[] = {begun, {"audio", INIT, &aac, 130000, 0, 41, sound, lists[i].sound}};
		struct mpd_period p[] = {{EPOCH - 60000000, 0, &old, 1}, {EPOCH, 0, of, 2}};

		of[0].nsegments = lists[i].copy;
		of[0].came = lists[i].came;
		publish(&(struct mpd){lists[i].has_old ? p : p + 1, lists[i].has_old ? 2 : 1, 2000, 20000, 200}, is);
		cr_expect_gt(strcmp(is, was), 0, "list %zu: %s after %s", i, is, was);
		memcpy(was, is, sizeof is);
	}
}

Test(mpd, refuses_what_cannot_be)
{
	static const char *const names[] = {NULL, "", "Copy", "a b", "../x", "a\"b", "a<b"}, *const inits[] = {NULL, "", "00112233445566AA", "00112233445566a\"", INIT "0"};
	static const struct mpd_segment back[] = {{180000, 180000}, {359999, 1}}, nothing[] = {{0, 0}}, far[] = {{UINT64_MAX, 1}}, endless[] = {{0, UINT64_MAX}};
	const struct mpd_segment *const wrong[] = {nothing, far, endless};
	const struct mpd_representation good = copy_of(&video, even, 3);
	struct mpd_period twice[] = {{EPOCH, 0, &good, 1}, {EPOCH, 0, &good, 1}};
	struct mpd_representation r;
	struct buf b;

	buf_init(&b, 8192);
	cr_assert_eq(buf_append_str(&b, "before"), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		r = good;
		r.name = names[i];
		cr_expect_eq(write_one(&b, &r, 1), -EINVAL, "name %zu", i);
	}
	for (size_t i = 0; i < sizeof inits / sizeof *inits; i++) {
		r = good;
		r.init = inits[i];
		cr_expect_eq(write_one(&b, &r, 1), -EINVAL, "init %zu", i);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		r = copy_of(&video, wrong[i], 1);
		cr_expect_eq(write_one(&b, &r, 1), -EINVAL, "segment %zu", i);
	}
	r = copy_of(&video, back, 2);
	cr_expect_eq(write_one(&b, &r, 1), -EINVAL);
	r = copy_of(&pcma, even, 3);
	cr_expect_eq(write_one(&b, &r, 1), -EINVAL);
	r = copy_of(&video, even, 0);
	cr_expect_eq(write_one(&b, &r, 1), -EINVAL);
	cr_expect_eq(write_one(&b, &good, 0), -EINVAL);
	cr_expect_eq(mpd_write(&b, &(struct mpd){twice, 2, 2000, 20000}), -EINVAL);
	cr_expect_eq(mpd_write(&b, &(struct mpd){twice, 0, 2000, 20000}), -EINVAL);
	expect_text(&b, "before");
}

Test(mpd, a_full_buffer_keeps_what_it_held)
{
	const struct mpd_representation r = copy_of(&video, even, 3);
	struct buf b;

	for (size_t max = 8; max < 1000; max += 31) {
		buf_init(&b, max);
		cr_assert_eq(buf_append_str(&b, "before"), 0);
		cr_assert_eq(write_one(&b, &r, 1), -ENOBUFS);
		expect_text(&b, "before");
	}
}
