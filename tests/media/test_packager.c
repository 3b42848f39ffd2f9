/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "media/cmaf_read.h"
#include "media/opus.h"
#include "media/packager.h"

static const struct track video = {.codec = CODEC_H264, .timescale = 90000, .width = 640, .height = 360, .profile = 100, .config = {1, 100, 0, 30, 0xff, 0xe0, 0}, .config_len = 7};
static const struct track audio = {.codec = CODEC_AAC, .timescale = 48000, .rate = 48000, .channels = 1, .profile = 2, .config = {0x11, 0x88}, .config_len = 2};

/*
 * A store that refuses when told to, and writes down what it took as text:
 * "i" init, "pS.N" part N of segment S (with '*' when independent), "eS:B" the end of
 * segment S with B source bytes.
 */
struct sink {
	char text[4096];
	size_t at;
	int refuse;              /* this many records from now on, with rc */
	int refuse_after;        /* once that many were taken */
	int rc;
	uint64_t next_start;     /* each part begins where the one before ended */
	uint64_t hashed, samples, bytes;
	struct record_part last;
	uint8_t source_last;
};

static int take(void *ctx, const struct record *r)
{
	struct sink *s = ctx;
	struct cmaf_extent e;
	char *to = s->text + s->at;
	size_t room = sizeof s->text - s->at;

	if (s->refuse_after > 0 && s->refuse_after--) {
	} else if (s->refuse > 0) {
		s->refuse--;
		return s->rc;
	}
	if (r->kind == RECORD_INIT) {
		s->at += (size_t)snprintf(to, room, "i ");
		s->next_start = 0;
	} else if (r->kind == RECORD_PART) {
		cmaf_check_chunks(r->part.data, r->part.len, &e);
		cr_assert(e.chunks == 1 && e.end == r->part.len, "one whole chunk");
		cr_assert(e.decode_time == (uint64_t)r->part.start && e.duration == r->part.duration && e.independent == r->part.independent);
		cr_assert(e.decode_time >= s->next_start);
		s->next_start = e.decode_time + e.duration;
		s->samples += e.samples;
		s->bytes += r->part.len;
		s->last = r->part;
		s->at += (size_t)snprintf(to, room, "p%u.%u%s ", r->part.segment, r->part.part, r->part.independent ? "*" : "");
	} else {
		cr_assert_eq(r->kind, RECORD_SEGMENT_END);
		s->source_last = r->end.source[0];
		s->at += (size_t)snprintf(to, room, "e%u:%u ", r->end.segment, r->end.source[0] << 8 | r->end.source[1]);
	}
	return 0;
}

static void sent(void *ctx, const uint8_t *data, size_t len)
{
	struct sink *s = ctx;

	for (size_t i = 0; i < len; i++)
		cr_assert_eq(data[i], (uint8_t)len, "the sample's own bytes");
	s->hashed += len;
}

static void source(void *ctx, uint8_t ret[32])
{
	struct sink *s = ctx;

	ret[0] = (uint8_t)(s->hashed >> 8);
	ret[1] = (uint8_t)s->hashed;
	s->hashed = 0;
}

static struct packager_hooks hooks(struct sink *s)
{
	return (struct packager_hooks){.emit = take, .sent = sent, .source = source, .ctx = s};
}

/* Picture i of an even stream of 10 frames a second with a key frame and a new segment each second; 10 bytes each. */
static int add(struct packager *p, int i)
{
	static const uint8_t data[10] = {10, 10, 10, 10, 10, 10, 10, 10, 10, 10};
	struct au au = {.dts = i * 9000, .pts = i * 9000, .capture_us = 1000000 + i * 100000, .key = i % 10 == 0, .data = data, .len = sizeof data};

	return packager_add(p, &au, (uint32_t)(i / 10));
}

/* Pictures 0 .. n-1 through a packager with parts of 500 ms; what came out. */
static void run(struct packager *p, struct sink *s, int n)
{
	struct packager_hooks h = hooks(s);

	packager_init(p, &h, 500);
	cr_assert_eq(packager_begin(p, 3, RENDITION_COPY, 77, &video), 0);
	for (int i = 0; i < n; i++)
		cr_assert_eq(add(p, i), 0);
	cr_assert_eq(packager_flush(p), 0);
}

Test(packager, parts_and_segments_in_order)
{
	struct packager p;
	struct sink s = {0};

	run(&p, &s, 25);
	cr_assert_str_eq(s.text, "i p0.0* p0.1 e0:100 p1.0* p1.1 e1:100 p2.0* e2:50 ", "%s", s.text);
	cr_assert_eq(s.samples, 25);
	cr_assert_eq(p.parts, 5);
	cr_assert_eq(p.bytes, s.bytes);
	cr_assert_eq(p.dropped_aus, 0);
	cr_assert_eq(s.next_start, 90000u * PACKAGER_ORIGIN_S + 25 * 9000);
	cr_assert(s.last.camera == 3 && s.last.epoch == 77 && s.last.capture_us == 1000000 + 20 * 100000);
	packager_free(&p);
	packager_free(NULL);
}

Test(packager, a_part_leaves_when_the_next_picture_comes)
{
	struct packager p;
	struct sink s = {0};
	struct packager_hooks h = hooks(&s);

	packager_init(&p, &h, 500);
	cr_assert_eq(packager_begin(&p, 0, 0, 1, &video), 0);
	for (int i = 0; i < 5; i++)
		cr_assert_eq(add(&p, i), 0);
	cr_assert_str_eq(s.text, "i ");
	cr_assert_eq(add(&p, 5), 0);
	cr_assert_str_eq(s.text, "i p0.0* ");
	packager_free(&p);
}

Test(packager, says_of_a_part_that_it_is_the_segments_or_the_epochs_last)
{
	struct packager p;
	struct sink s = {0};
	struct packager_hooks h = hooks(&s);

	packager_init(&p, &h, 500);
	cr_assert_eq(packager_begin(&p, 3, RENDITION_COPY, 77, &video), 0);
	for (int i = 0; i <= 5; i++)
		cr_assert_eq(add(&p, i), 0);
	cr_assert(s.last.part == 0 && !s.last.last);
	for (int i = 6; i <= 10; i++)
		cr_assert_eq(add(&p, i), 0);
	cr_assert(s.last.segment == 0 && s.last.part == 1 && s.last.last && !s.last.final, "the next segment has begun");
	cr_assert_eq(packager_flush(&p), 0);
	cr_assert(s.last.segment == 1 && s.last.part == 0 && s.last.last && s.last.final, "and nothing follows");
	packager_free(&p);
}

Test(packager, takes_another_length_in_the_middle_of_a_segment)
{
	struct packager p;
	struct sink s = {0};
	struct packager_hooks h = hooks(&s);

	packager_init(&p, &h, 500);
	cr_assert_eq(packager_begin(&p, 3, RENDITION_COPY, 77, &video), 0);
	for (int i = 0; i <= 6; i++)
		cr_assert_eq(add(&p, i), 0);
	packager_set_part(&p, 40);  /* each picture by itself, though it lasts longer */
	cr_assert_eq(add(&p, 7), 0);
	cr_assert_eq(add(&p, 8), 0);
	packager_set_part(&p, 500);
	for (int i = 9; i < 20; i++)
		cr_assert_eq(add(&p, i), 0);
	cr_assert_str_eq(s.text, "i p0.0* p0.1 p0.2 p0.3 e0:100 p1.0* ", "%s", s.text);
	cr_assert_eq(packager_flush(&p), 0);
	cr_assert_eq(s.samples, 20, "none is lost");
	packager_free(&p);
}

Test(packager, the_target_of_parts_is_some_whole_pictures)
{
	/* All parts are between 85 and 100 % of it, also where pictures come up to 7 % early or late. */
	static const struct { uint32_t frame_us, target_ms; } cases[] = {
		{0, 216}, {40000, 216}, {33333, 216}, {33367, 217}, {16667, 217}, {50000, 216}, {66667, 217}, {83333, 180}, {100000, 216},
		{125000, 135}, {200000, 216}, {250000, 270}, {1000000, 1080}, {21333, 208}, {64000, 208}, {UINT32_MAX, 10000}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(packager_part_target_ms(cases[i].frame_us), cases[i].target_ms, "%u us: %u ms", cases[i].frame_us,
			     packager_part_target_ms(cases[i].frame_us));
}

Test(packager, capture_time_is_of_the_picture_shown_first)
{
	struct packager p;
	struct sink s = {0};
	struct packager_hooks h = hooks(&s);
	static const int shown[] = {3, 1, 2};
	uint8_t data[1] = {1};

	packager_init(&p, &h, 500);
	cr_assert_eq(packager_begin(&p, 0, 0, 1, &video), 0);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(packager_add(&p, &(struct au){.dts = i, .pts = shown[i] * 3, .capture_us = shown[i] * 100, .data = data, .len = 1}, 0), 0);
	cr_assert_eq(packager_flush(&p), 0);
	cr_assert_eq(s.last.capture_us, 100);
	cr_assert_eq(s.last.start, 90000);
	cr_assert(!s.last.independent);
	packager_free(&p);
}

/* Each row: the record (counted from 0) from which on some are refused, how many, and what arrives then. */
Test(packager, drops_to_the_key_frame_that_begins_a_segment)
{
	static const struct { int after, refuse; const char *text; int dropped; } cases[] = {
		{1, 1, "i p1.0* p1.1 e1:100 p2.0* e2:50 ", 10},
		{2, 1, "i p0.0* e0:50 p1.0* p1.1 e1:100 p2.0* e2:50 ", 5},
		{2, 2, "i p0.0* e0:50 p1.0* p1.1 e1:100 p2.0* e2:50 ", 5},
		{2, 3, "i p0.0* e0:50 p2.0* e2:50 ", 15},
		{3, 1, "i p0.0* p0.1 e0:100 p1.0* p1.1 e1:100 p2.0* e2:50 ", 0},
		{3, 5, "i p0.0* p0.1 ", 15},
		{4, 1, "i p0.0* p0.1 e0:100 p2.0* e2:50 ", 10},
		{4, 2, "i p0.0* p0.1 e0:100 ", 15},
		{0, 1, "i p0.0* p0.1 e0:100 p1.0* p1.1 e1:100 p2.0* e2:50 ", 0},
		{0, 2, "i p1.0* p1.1 e1:100 p2.0* e2:50 ", 10},
		{0, 100, "", 25},
		{7, 1, "i p0.0* p0.1 e0:100 p1.0* p1.1 e1:100 ", 5},
	};
	static const int refusals[] = {-ENOBUFS, -EMSGSIZE};

	for (size_t i = 0; i < sizeof cases / sizeof *cases * 2; i++) {
		struct sink s = {.refuse = cases[i / 2].refuse, .refuse_after = cases[i / 2].after, .rc = refusals[i % 2]};
		struct packager p;

		run(&p, &s, 25);
		cr_expect_str_eq(s.text, cases[i / 2].text, "case %zu: %s", i / 2, s.text);
		cr_expect_eq(p.dropped_aus, (uint64_t)cases[i / 2].dropped, "case %zu: %d", i / 2, (int)p.dropped_aus);
		cr_expect_eq(s.samples + p.dropped_aus, 25, "case %zu: each picture was sent or counted", i / 2);
		packager_free(&p);
	}
}

Test(packager, goes_on_at_the_next_segment_of_a_camera_without_key_frames)
{
	struct sink s = {.refuse_after = 1, .refuse = 1, .rc = -ENOBUFS};
	struct packager_hooks h = hooks(&s);
	struct packager p;

	packager_init(&p, &h, 500);
	cr_assert_eq(packager_begin(&p, 0, 0, 1, &video), 0);
	for (int i = 0; i < 30; i++) {
		uint8_t data[10] = {10};
		struct au au = {.dts = i * 9000, .pts = i * 9000, .capture_us = 1000000, .key = i == 0, .data = data, .len = sizeof data};

		memset(data, 10, sizeof data);
		cr_assert_eq(packager_add(&p, &au, (uint32_t)i / 10), 0);
	}
	cr_assert_eq(packager_flush(&p), 0);
	cr_expect_str_eq(s.text, "i p1.0 p1.1 e1:100 p2.0 p2.1 e2:100 ");
	cr_expect_eq(p.dropped_aus, 10);
	packager_free(&p);
}

Test(packager, a_lone_access_unit_is_as_long_as_such_ones_are)
{
	static const struct { const struct track *track; uint64_t duration; } cases[] = {{&video, 3600}, {&audio, 1024}, {NULL, 960}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sink s = {0};
		struct packager_hooks h = hooks(&s);
		struct au au = {.capture_us = 1, .key = true, .data = (const uint8_t *)"\5\5\5\5\5", .len = 5};
		struct packager p;
		struct track opus;

		cr_assert_eq(opus_track(1, &opus), 0);
		packager_init(&p, &h, 500);
		cr_assert_eq(packager_begin(&p, 0, 0, 1, cases[i].track ? cases[i].track : &opus), 0);
		cr_assert_eq(packager_add(&p, &au, 0), 0);
		cr_assert_eq(packager_flush(&p), 0);
		cr_expect_eq(s.last.duration, cases[i].duration, "case %zu: %u", i, s.last.duration);
		packager_free(&p);
	}
}

Test(packager, what_is_owed_is_paid_before_the_next_epoch)
{
	struct sink s = {0};
	struct packager p;

	run(&p, &s, 5);
	s.refuse = 2;
	s.rc = -ENOBUFS;
	cr_assert_eq(packager_begin(&p, 3, 0, 78, &video), 0);
	for (int i = 0; i < 5; i++)
		cr_assert_eq(add(&p, i), 0);
	cr_assert_str_eq(s.text, "i p0.0* e0:50 ", "init was refused at begin and at the key frame");
	cr_assert_eq(packager_begin(&p, 3, 0, 79, &video), 0);
	cr_assert_eq(add(&p, 0), 0);
	s.refuse_after = 1;
	s.refuse = 1;
	cr_assert_eq(packager_flush(&p), 0);
	cr_assert_str_eq(s.text, "i p0.0* e0:50 i p0.0* ", "the end is owed");
	cr_assert_eq(packager_begin(&p, 3, 0, 80, &audio), 0);
	cr_assert_str_eq(s.text, "i p0.0* e0:50 i p0.0* e0:10 i ");
	packager_free(&p);
}

Test(packager, other_errors_are_handed_on)
{
	struct sink s = {.refuse = 1, .refuse_after = 1, .rc = -EPIPE};
	struct packager_hooks h = hooks(&s);
	struct packager p;

	packager_init(&p, &h, 500);
	cr_assert_eq(packager_begin(&p, 0, 0, 1, &video), 0);
	for (int i = 0; i < 5; i++)
		cr_assert_eq(add(&p, i), 0);
	cr_assert_eq(add(&p, 5), -EPIPE);
	cr_assert_eq(add(&p, 6), 0);
	cr_assert_eq(p.dropped_aus, 7);
	packager_free(&p);
}

Test(packager, refuses_times_that_cannot_be)
{
	uint8_t data[1] = {1};
	static const struct { struct au au; uint32_t segment; const char *what; } cases[] = {
		{{.dts = 500, .pts = 500}, 5, "dts repeats"},
		{{.dts = 499, .pts = 500}, 5, "dts goes back"},
		{{.dts = 501, .pts = 501}, 4, "segment goes back"},
		{{.dts = 501, .pts = 501, .capture_us = -1}, 5, "captured before 1970"},
		{{.dts = 501, .pts = AU_TIME_MAX + 1}, 5, "pts out of bounds"},
		{{.dts = 501, .pts = 502 + (int64_t)INT32_MAX}, 5, "pts too far ahead"},
		{{.dts = AU_TIME_MAX, .pts = AU_TIME_MAX}, 5, "dts out of bounds"},
		{{.dts = 501 + (int64_t)INT32_MAX, .pts = 501}, 5, "a step of six hours"},
	};
	struct sink s = {0};
	struct packager_hooks h = hooks(&s);
	struct packager p;

	packager_init(&p, &h, 500);
	cr_assert_eq(packager_add(&p, &(struct au){.data = data, .len = 1}, 0), -EINVAL, "before begin");
	cr_assert_eq(packager_begin(&p, 0, 0, 1, &video), 0);
	cr_assert_eq(packager_add(&p, &(struct au){.dts = -90001, .data = data, .len = 1}, 0), -EINVAL, "more than a second before 0");
	cr_assert_eq(packager_add(&p, &(struct au){.data = data, .len = 0}, 0), -EINVAL, "no bytes");
	cr_assert_eq(packager_add(&p, &(struct au){.data = data, .len = AU_MAX_BYTES + 1}, 0), -EINVAL, "too many bytes");
	cr_assert_eq(packager_add(&p, &(struct au){.dts = -90000, .pts = 0, .key = true, .data = data, .len = 1}, 5), 0);
	cr_assert_eq(packager_add(&p, &(struct au){.dts = 500, .pts = 500, .data = data, .len = 1}, 5), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct au au = cases[i].au;

		au.data = data;
		au.len = 1;
		cr_assert_eq(packager_add(&p, &au, cases[i].segment), -EINVAL, "%s", cases[i].what);
	}
	cr_assert_eq(packager_flush(&p), 0);
	cr_assert_eq(s.samples, 2, "nothing of it was taken");
	cr_assert_eq(packager_begin(&p, 0, 0, 1, &(struct track){.codec = CODEC_H264}), -EINVAL);
	cr_assert_eq(packager_add(&p, &(struct au){.data = data, .len = 1}, 0), -EINVAL);
	packager_free(&p);
}

Test(packager, a_part_has_a_maximum_of_samples)
{
	struct sink s = {0};
	struct packager_hooks h = hooks(&s);
	struct packager p;
	uint8_t data[2] = {2, 2};

	packager_init(&p, &h, 10000);
	cr_assert_eq(packager_begin(&p, 0, 1, 1, &audio), 0);
	for (int i = 0; i < 1200; i++)
		cr_assert_eq(packager_add(&p, &(struct au){.dts = i * 10, .pts = i * 10, .key = true, .data = data, .len = 2}, 0), 0);
	cr_assert_eq(packager_flush(&p), 0);
	cr_assert_str_eq(s.text, "i p0.0* p0.1* p0.2* e0:2400 ");
	cr_assert_eq(s.samples, 1200);
	packager_free(&p);
}

Test(packager, a_part_has_a_maximum_of_bytes)
{
	struct sink s = {0};
	struct packager_hooks h = hooks(&s);
	struct packager p;
	uint8_t *data = calloc(1, AU_MAX_BYTES);

	cr_assert_not_null(data);
	h.sent = NULL;
	h.source = NULL;
	packager_init(&p, &h, 10000);
	cr_assert_eq(packager_begin(&p, 0, 0, 1, &video), 0);
	for (int i = 0; i < 5; i++)
		cr_assert_eq(packager_add(&p, &(struct au){.dts = i, .pts = i, .key = true, .data = data, .len = AU_MAX_BYTES - 1000 * (i == 4)}, 0), 0);
	cr_assert_eq(packager_flush(&p), 0);
	cr_assert_str_eq(s.text, "i p0.0* p0.1* p0.2* p0.3* p0.4* e0:0 ");
	cr_assert_eq(s.samples, 5);
	packager_free(&p);
	free(data);
}

struct tally {
	unsigned parts, ends, largest;
	uint64_t longest;
	int64_t start;           /* of the last part */
};

static int count(void *ctx, const struct record *r)
{
	struct tally *t = ctx;

	t->ends += r->kind == RECORD_SEGMENT_END;
	if (r->kind != RECORD_PART)
		return 0;
	t->parts++;
	t->largest = r->part.part > t->largest ? r->part.part : t->largest;
	t->longest = r->part.duration > t->longest ? r->part.duration : t->longest;
	t->start = r->part.start;
	return 0;
}

/* Whatever a camera's clock does: who sends store more parts is ended as a liar, and all his cameras with him. */
Test(packager, a_segment_has_a_maximum_of_parts)
{
	struct tally t = {0};
	struct packager_hooks h = {.emit = count, .ctx = &t};
	struct packager p;

	packager_init(&p, &h, 20);
	cr_assert_eq(packager_begin(&p, 3, RENDITION_COPY, 77, &video), 0);
	for (int i = 0; i < RECORD_PARTS_MAX + 50; i++)
		cr_assert_eq(packager_add(&p, &(struct au){.dts = i * 9000, .pts = i * 9000, .data = (const uint8_t *)"x", .len = 1}, 0), 0);
	cr_expect(t.parts == RECORD_PARTS_MAX && t.largest == RECORD_PARTS_MAX - 1 && t.ends == 1, "%u %u %u", t.parts, t.largest, t.ends);
	cr_expect_gt(p.dropped_aus, 40);
	for (int i = RECORD_PARTS_MAX + 50; i < RECORD_PARTS_MAX + 53; i++)
		cr_assert_eq(packager_add(&p, &(struct au){.dts = i * 9000, .pts = i * 9000, .data = (const uint8_t *)"x", .len = 1}, 1), 0);
	cr_assert_eq(packager_flush(&p), 0);
	cr_expect(t.parts == RECORD_PARTS_MAX + 3 && t.ends == 2, "it goes on at the next segment: %u %u", t.parts, t.ends);
	packager_free(&p);
}

Test(packager, takes_only_tracks_that_store_takes)
{
	struct tally t = {0};
	struct packager_hooks h = {.emit = count, .ctx = &t};
	struct track odd = audio;
	struct packager p;

	packager_init(&p, &h, 500);
	odd.timescale *= 2;      /* HE-AAC */
	cr_expect_eq(packager_begin(&p, 3, RENDITION_AUDIO, 77, &odd), 0);
	odd.timescale *= 2;
	cr_expect_eq(packager_begin(&p, 3, RENDITION_AUDIO, 78, &odd), -EINVAL);
	packager_free(&p);
}

/* Sound that comes again after an hour: its last frame before did not last so long, and store takes no segment of ten minutes. */
Test(packager, nothing_lasts_for_a_pause)
{
	struct tally t = {0};
	struct packager_hooks h = {.emit = count, .ctx = &t};
	int64_t at[] = {0, 1024, 2048, 48000ll * 3600, 48000ll * 3600 + 1024, 48000ll * 7200};
	static const uint32_t segment[] = {0, 0, 0, 1800, 1800, 1800};
	struct packager p;

	packager_init(&p, &h, 500);
	cr_assert_eq(packager_begin(&p, 3, RENDITION_AUDIO, 77, &audio), 0);
	for (int i = 0; i < 6; i++)
		cr_assert_eq(packager_add(&p, &(struct au){.dts = at[i], .pts = at[i], .key = true, .data = (const uint8_t *)"x", .len = 1}, segment[i]), 0);
	cr_assert_eq(packager_flush(&p), 0);
	cr_expect(t.parts == 3 && t.longest == 3 * 1024, "%u %llu", t.parts, (unsigned long long)t.longest);
	cr_expect_eq(t.start, 48000ll * (7200 + PACKAGER_ORIGIN_S), "what comes after has its own time");
	packager_free(&p);
}

Test(packager, every_refusal_keeps_the_promises)
{
	/* All patterns of 12 refusals and acceptances: parts have no holes, ends follow their parts, each picture is sent or counted. */
	for (unsigned pattern = 0; pattern < 1u << 12; pattern++) {
		struct sink s = {.rc = -ENOBUFS};
		struct packager_hooks h = hooks(&s);
		struct packager p;
		unsigned segment = 0, part = 0, open = 0, used = 0;
		char *at;

		packager_init(&p, &h, 500);
		s.refuse = pattern & 1;
		cr_assert_eq(packager_begin(&p, 0, 0, 1, &video), 0);
		for (int i = 0; i < 45; i++) {
			if (i % 4 == 0)
				s.refuse = pattern >> (1 + used++ % 11) & 1 ? 1 + (int)(used & 1) : 0;
			cr_assert_eq(add(&p, i), 0);
		}
		s.refuse = 0;
		cr_assert_eq(packager_flush(&p), 0);
		cr_assert_eq(s.samples + p.dropped_aus, 45);
		for (at = s.text; *at; at += strcspn(at, " ") + 1) {
			unsigned a = (unsigned)atoi(at + 1), b = at[0] == 'p' ? (unsigned)atoi(strchr(at, '.') + 1) : 0;

			if (at[0] == 'i') {
				cr_assert(at == s.text, "%s", s.text);
			} else if (at[0] == 'p') {
				cr_assert(open ? a == segment && b == part : b == 0 && at[4] == '*', "pattern %x: %s", pattern, s.text);
				segment = a;
				part = b + 1;
				open = 1;
			} else {
				cr_assert(open && a == segment, "pattern %x: %s", pattern, s.text);
				open = 0;
			}
		}
		cr_assert(!open, "pattern %x: %s", pattern, s.text);
		packager_free(&p);
	}
}
