/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/decoder.h"
#include "codec/transcoder.h"
#include "media/cmaf_read.h"
#include "media/packager.h"
#include "tests/codec/stream.h"

#define SEGMENTS_MAX 64
#define ORIGIN (PACKAGER_ORIGIN_S * TIMESCALE_VIDEO)

/* What store would have seen of one segment. */
struct seen {
	uint64_t epoch;
	uint32_t segment, parts;
	int64_t start, capture_us;
	uint64_t duration, samples;
	bool independent, ended;
};

static struct {
	struct seen seen[SEGMENTS_MAX];
	unsigned n, inits;
	struct track track;
} sink[RENDITIONS_MAX];
static int emit_rc;              /* what emit says next to parts */
static struct transcoder *transcoder;
static struct stream stream, other;

static void teardown(void)
{
	transcoder_free(&transcoder);
	stream_free(&stream);
	stream_free(&other);
}

TestSuite(transcoder, .fini = teardown);

static void take_part(const struct record_part *r)
{
	struct cmaf_extent e;
	struct seen *s;

	cmaf_check_chunks(r->data, r->len, &e);
	cr_assert_eq(e.chunks, 1);
	cr_assert_eq(e.end, r->len);
	cr_assert_eq((int64_t)e.decode_time, r->start);
	cr_assert_eq(e.independent, r->independent);
	if (r->part == 0) {
		cr_assert_lt(sink[r->rendition].n, SEGMENTS_MAX);
		sink[r->rendition].seen[sink[r->rendition].n++] = (struct seen){.epoch = r->epoch, .segment = r->segment,
			.start = r->start, .capture_us = r->capture_us, .independent = r->independent};
	}
	cr_assert_gt(sink[r->rendition].n, 0);
	s = &sink[r->rendition].seen[sink[r->rendition].n - 1];
	cr_assert_eq(s->epoch, r->epoch);
	cr_assert_eq(s->segment, r->segment);
	cr_assert_eq(s->parts, r->part);
	cr_assert_eq(s->start + (int64_t)s->duration, r->start);
	cr_assert_not(s->ended);
	s->parts++;
	s->duration += r->duration;
	s->samples += e.samples;
}

static int emit(void *ctx, const struct record *r)
{
	switch (r->kind) {
	case RECORD_INIT:
		cr_assert_eq(r->init.camera, 5);
		sink[r->init.rendition].inits++;
		sink[r->init.rendition].track = r->init.track;
		return 0;
	case RECORD_PART:
		if (emit_rc)
			return emit_rc;
		cr_assert_eq(r->part.camera, 5);
		take_part(&r->part);
		return 0;
	default:
		cr_assert_eq(r->kind, RECORD_SEGMENT_END);
		sink[r->end.rendition].seen[sink[r->end.rendition].n - 1].ended = true;
		return 0;
	}
}

static void start(const struct transcoder_rendition *r, unsigned n)
{
	struct transcoder_settings s = {.camera = 5, .nrenditions = n};

	memset(sink, 0, sizeof sink);
	emit_rc = 0;
	memcpy(s.rendition, r, n * sizeof *r);
	cr_assert_eq(transcoder_new(&transcoder, &s, emit, NULL), 0);
}

static const struct transcoder_rendition one[] = {{2, 160, 90, 0, 500000}};

static int feed_track(const struct track *t, uint64_t epoch)
{
	struct record r = {.kind = RECORD_TRACK, .track = {.epoch = epoch, .track = *t}};
	const char *why = NULL;
	int rc = transcoder_feed(transcoder, &r, false, &why);

	cr_assert(rc == 0 || (rc == -ENOTSUP && why));
	return rc;
}

static void feed_au(const struct au *au, uint64_t epoch, uint32_t segment, bool behind)
{
	struct record r = {.kind = RECORD_AU, .au = {.epoch = epoch, .segment = segment, .au = *au}};
	const char *why;

	cr_assert_eq(transcoder_feed(transcoder, &r, behind, &why), 0);
}

/* Access units from..to of the stream, cut at each key frame, in segments from `segment` on. */
static void feed(const struct stream *s, unsigned from, unsigned to, uint64_t epoch, uint32_t segment)
{
	for (unsigned i = from; i < to; i++) {
		segment += i > from && s->au[i].key;
		feed_au(&s->au[i], epoch, segment, false);
	}
}

static void check_segment(unsigned rendition, unsigned at, uint64_t epoch, uint32_t segment, unsigned first_picture)
{
	const struct seen *s = &sink[rendition].seen[at];

	cr_assert_lt(at, sink[rendition].n, "rendition %u has %u segments", rendition, sink[rendition].n);
	cr_assert_eq(s->epoch, epoch);
	cr_assert_eq(s->segment, segment, "segment %u, not %u", s->segment, segment);
	cr_assert_eq(s->start, (int64_t)first_picture * STREAM_STEP + ORIGIN, "segment %u begins with picture %d, not %u", segment,
		(int)((s->start - ORIGIN) / STREAM_STEP), first_picture);
	cr_assert_eq(s->capture_us, 1000000 + first_picture * 40000);
	cr_assert(s->independent);
	cr_assert(s->ended);
}

Test(transcoder, cuts_every_rendition_where_ingest_cuts)
{
	static const struct transcoder_rendition three[] = {{2, 320, 180, 0, 800000}, {3, 160, 90, 5, 300000}, {9, 64, 64, 25, 100000}};
	static const unsigned samples[] = {15, 3, 15};
	struct stream_kind k = {"B", 320, 180, 60, 15, 2};

	stream_make(&stream, &k);
	start(three, 3);
	cr_assert_eq(feed_track(&stream.track, 1000), 0);
	feed(&stream, 0, stream.n, 1000, 0);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	for (unsigned r = 0; r < 3; r++) {
		unsigned number = three[r].number;

		cr_assert_eq(sink[number].inits, 1);
		cr_assert_eq(sink[number].track.width, three[r].width);
		cr_assert_eq(sink[number].n, 4);
		for (unsigned i = 0; i < 4; i++) {
			check_segment(number, i, 1000, i, i * 15);
			cr_assert_eq(sink[number].seen[i].samples, samples[r], "rendition %u, segment %u: %lu", number, i, (unsigned long)sink[number].seen[i].samples);
			if (i < 3)  /* how long the last picture would have stood is not known */
				cr_assert_eq(sink[number].seen[i].duration, 15 * STREAM_STEP);
		}
	}
	cr_assert_eq(transcoder_counts(transcoder).pictures, 60);
	cr_assert_eq(transcoder_counts(transcoder).encoded, 60 + 12 + 60);
	cr_assert_eq(transcoder_counts(transcoder).errors, 0);
}

Test(transcoder, puts_key_frames_where_the_camera_has_none)
{
	struct stream_kind k = {"smart", 320, 180, 40};

	stream_make(&stream, &k);
	start(one, 1);
	cr_assert_eq(feed_track(&stream.track, 1), 0);
	for (unsigned i = 0; i < stream.n; i++)
		feed_au(&stream.au[i], 1, 7 + i / 10, false);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	cr_assert_eq(sink[2].n, 4);
	for (unsigned i = 0; i < 4; i++)
		check_segment(2, i, 1, 7 + i, i * 10);
}

Test(transcoder, takes_H265_where_no_key_frame_comes_for_long)
{
	static const struct stream_kind k = {"smart", 320, 180, 200, 150, 2, .open_gop = true};
	unsigned late = DECODER_BLIND_90K / STREAM_STEP;

	/* Ingest had waited in vain and begins in the midst; it cuts each second. */
	stream_make_h265(&stream, &k);
	start(one, 1);
	cr_assert_eq(feed_track(&stream.track, 1), 0);
	for (unsigned i = 30; i < stream.n; i++)
		feed_au(&stream.au[i], 1, (i - 30) / 25, false);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	/* After a second without a picture, that is said; then it is shown concealed, in its reordering a picture or two late. */
	cr_assert_eq(sink[2].n, 7);
	cr_assert_eq(sink[2].seen[0].samples, 1);
	for (unsigned i = 0; i < 7; i++) {
		cr_assert_eq(sink[2].seen[i].segment, i);
		cr_assert(sink[2].seen[i].independent);
	}
	cr_assert_geq(transcoder_counts(transcoder).encoded, 200 - 30 - late - 3);
}

Test(transcoder, makes_sound_beside_pictures_or_alone)
{
	static const struct track mulaw = {.codec = CODEC_PCMU, .timescale = 8000, .rate = 8000, .channels = 1};
	struct transcoder_settings s = {.camera = 5, .sound = true};
	struct stream_kind k = {"plain", 320, 180, 75, 25};
	uint8_t packet[320];

	stream_make(&stream, &k);
	memset(packet, 0xff, sizeof packet);
	for (s.nrenditions = 0; s.nrenditions < 2; s.nrenditions++) {
		start(one, 1);
		transcoder_free(&transcoder);
		s.rendition[0] = one[0];
		cr_assert_eq(transcoder_new(&transcoder, &s, emit, NULL), 0);
		cr_assert_eq(feed_track(&stream.track, 1), 0);
		cr_assert_eq(feed_track(&mulaw, 1), 0);
		for (unsigned i = 0; i < stream.n; i++) {
			struct au sound = {.dts = i * 320, .pts = i * 320, .capture_us = 1000000 + i * 40000, .data = packet, .len = sizeof packet};
			struct record r = {.kind = RECORD_AU, .au = {.epoch = 1, .segment = i / 25, .audio = true, .au = sound}};
			const char *why;

			feed_au(&stream.au[i], 1, i / 25, false);
			cr_assert_eq(transcoder_feed(transcoder, &r, false, &why), 0);
		}
		/* A gap ends both. */
		cr_assert_eq(transcoder_feed(transcoder, &(struct record){.kind = RECORD_GAP}, false, NULL), 0);
		for (unsigned rendition = RENDITION_AUDIO; rendition <= 2; rendition++) {
			unsigned n = rendition == 2 && s.nrenditions == 0 ? 0 : 3;

			cr_assert_eq(sink[rendition].n, n);
			for (unsigned i = 0; i < n; i++) {
				cr_assert_eq(sink[rendition].seen[i].segment, i);
				cr_assert(sink[rendition].seen[i].ended);
			}
		}
		cr_assert_eq(sink[RENDITION_AUDIO].track.codec, CODEC_AAC);
		cr_assert_eq(transcoder_counts(transcoder).skipped_aus, 0);
		transcoder_free(&transcoder);
	}
}

Test(transcoder, keeps_the_rate_cap_at_any_input_rate)
{
	static const struct {
		unsigned cap, pictures;  /* of 75 in three seconds, cut each second */
	} cases[] = {{1, 3}, {5, 15}, {10, 30}, {15, 45}, {24, 72}, {25, 75}, {30, 75}, {60, 75}};
	struct stream_kind k = {"plain", 160, 90, 75, 25};

	stream_make(&stream, &k);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct transcoder_rendition r = {2, 64, 64, cases[i].cap, 100000};
		uint64_t n;

		start(&r, 1);
		cr_assert_eq(feed_track(&stream.track, 1), 0);
		feed(&stream, 0, stream.n, 1, 0);
		cr_assert_eq(transcoder_finish(transcoder), 0);
		n = transcoder_counts(transcoder).encoded;
		cr_assert_leq(n, cases[i].pictures + 3, "cap %u: %lu pictures", cases[i].cap, (unsigned long)n);
		cr_assert_geq(n, cases[i].pictures - cases[i].pictures / 12, "cap %u: %lu pictures", cases[i].cap, (unsigned long)n);
		for (unsigned s = 0; s < 3; s++)
			check_segment(2, s, 1, s, s * 25);
		transcoder_free(&transcoder);
	}
}

Test(transcoder, leaves_out_all_but_cuts_when_behind)
{
	struct stream_kind k = {"plain", 320, 180, 50, 10};

	stream_make(&stream, &k);
	start(one, 1);
	cr_assert_eq(feed_track(&stream.track, 1), 0);
	for (unsigned i = 0; i < stream.n; i++)
		feed_au(&stream.au[i], 1, i / 10, i >= 10 && i < 40);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	cr_assert_eq(sink[2].n, 5);
	for (unsigned i = 0; i < 5; i++) {
		check_segment(2, i, 1, i, i * 10);
		cr_assert_eq(sink[2].seen[i].samples, i >= 1 && i < 4 ? 1 : 10);
		cr_assert_eq(sink[2].seen[i].duration, 10 * STREAM_STEP);
	}
	cr_assert_eq(transcoder_counts(transcoder).behind, 27);
}

Test(transcoder, begins_again_at_a_new_epoch)
{
	static const struct stream_kind first = {"first", 320, 180, 20, 10, 2}, second = {"second", 640, 480, 20, 10, .chroma = STREAM_422};

	stream_make(&stream, &first);
	stream_make(&other, &second);
	start(one, 1);
	cr_assert_eq(feed_track(&stream.track, 100), 0);
	feed(&stream, 0, 20, 100, 0);
	cr_assert_eq(feed_track(&other.track, 200), 0);
	feed(&other, 0, 20, 200, 0);
	cr_assert_eq(feed_track(&stream.track, 300), 0);
	feed(&stream, 0, 20, 300, 0);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	cr_assert_eq(sink[2].inits, 3);
	cr_assert_eq(sink[2].n, 6);
	for (unsigned i = 0; i < 6; i++) {
		check_segment(2, i, 100 + i / 2 * 100, i % 2, i % 2 * 10);
		cr_assert_eq(sink[2].seen[i].samples, 10, "nothing of segment %u is lost", i);
	}
	cr_assert_eq(sink[2].track.width, 160);
}

Test(transcoder, says_what_it_cannot_decode_and_waits_for_better)
{
	struct stream_kind k = {"plain", 320, 180, 10};
	struct transcoder_settings s = {.camera = 5, .nrenditions = 1, .max_pixels = 320 * 192};
	struct track broken;

	stream_make(&stream, &k);
	start(one, 1);
	transcoder_free(&transcoder);
	s.rendition[0] = one[0];
	cr_assert_eq(transcoder_new(&transcoder, &s, emit, NULL), 0);
	feed(&stream, 0, 5, 1, 0);
	broken = stream.track;
	broken.codec = CODEC_H265;
	cr_assert_eq(feed_track(&broken, 1), -ENOTSUP);
	feed(&stream, 0, 5, 1, 0);
	cr_assert_eq(transcoder_counts(transcoder).skipped_aus, 10);
	cr_assert_eq(feed_track(&stream.track, 2), 0);
	feed(&stream, 0, 5, 1, 0);
	cr_assert_eq(transcoder_counts(transcoder).skipped_aus, 15);
	feed(&stream, 0, 10, 2, 0);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	check_segment(2, 0, 2, 0, 0);
	k = (struct stream_kind){"large", 640, 480, 1};
	stream_make(&other, &k);
	cr_assert_eq(feed_track(&other.track, 3), -ENOTSUP);
}

Test(transcoder, steps_over_a_hole)
{
	struct stream_kind k = {"B", 320, 180, 60, 10, 2};

	stream_make(&stream, &k);
	start(one, 1);
	cr_assert_eq(feed_track(&stream.track, 1), 0);
	feed(&stream, 0, 10, 1, 0);
	feed(&stream, 30, 40, 1, 3);
	/* Resumed without a key frame: shown as well as what was before the hole allows. */
	for (unsigned i = 45; i < 60; i++)
		feed_au(&stream.au[i], 1, i < 50 ? 5 : 6, false);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	cr_assert_eq(sink[2].n, 4);
	check_segment(2, 0, 1, 0, 0);
	check_segment(2, 1, 1, 3, 30);
	check_segment(2, 2, 1, 5, 48);
	check_segment(2, 3, 1, 6, 50);
	cr_assert_eq(sink[2].seen[3].samples, 10);
}

Test(transcoder, skips_what_comes_out_of_order)
{
	struct stream_kind k = {"plain", 320, 180, 30, 10};

	stream_make(&stream, &k);
	start(one, 1);
	cr_assert_eq(feed_track(&stream.track, 1), 0);
	feed(&stream, 0, 30, 1, 0);
	feed(&stream, 0, 10, 1, 0);
	cr_assert_eq(transcoder_counts(transcoder).skipped_aus, 10);
	/* The same times again, and cuts that lie in the past, under numbers that are right. */
	feed(&stream, 0, 30, 1, 2);
	feed(&stream, 10, 30, 1, UINT32_MAX - 1);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	for (unsigned i = 0; i < 3; i++)
		check_segment(2, i, 1, i, i * 10);
}

Test(transcoder, goes_on_through_damage)
{
	struct stream_kind k = {"noise", 160, 90, 60, 10, 2, .noise = true};
	uint32_t state = 5;

	stream_make(&stream, &k);
	start(one, 1);
	cr_assert_eq(feed_track(&stream.track, 1), 0);
	for (unsigned i = 0; i < stream.n; i++) {
		struct au au = stream.au[i];
		uint8_t *copy = malloc(au.len);

		memcpy(copy, au.data, au.len);
		for (unsigned c = 0; c < 30 && i >= 10 && i < 50; c++)
			copy[stream_random(&state) % au.len] = (uint8_t)stream_random(&state);
		if (i >= 20 && i < 30)
			memset(copy, 0xff, au.len);
		au.data = copy;
		feed_au(&au, 1, i / 10, false);
		free(copy);
	}
	cr_assert_eq(transcoder_finish(transcoder), 0);
	cr_assert_gt(transcoder_counts(transcoder).errors, 0);
	check_segment(2, 0, 1, 0, 0);
	check_segment(2, sink[2].n - 1, 1, 5, 50);
	cr_assert_eq(sink[2].seen[sink[2].n - 1].samples, 10);
}

/* Epochs, segments, times and order are all ingest's word; none of it may be believed. */
Test(transcoder, takes_anything_after_anything)
{
	static const int64_t times[] = {0, -1, 1, 3600, -90000, -90001, AU_TIME_MAX, -AU_TIME_MAX, AU_TIME_MAX - 1, (int64_t)INT32_MAX * 2};
	static const uint32_t segments[] = {0, 1, 2, 7, UINT32_MAX, UINT32_MAX - 1};
	struct stream_kind k = {"B", 64, 64, 30, 10, 2};
	uint32_t state = 3;

	stream_make(&stream, &k);
	start((const struct transcoder_rendition[]){{2, 64, 64, 0, 100000}, {3, 32, 16, 5, 16000}}, 2);
	for (unsigned i = 0; i < 6000; i++) {
		struct au au = stream.au[stream_random(&state) % stream.n];
		uint64_t epoch = stream_random(&state) % 32 ? 1 : stream_random(&state) % 3;

		if (stream_random(&state) % 50 == 0)
			cr_assert_eq(feed_track(&stream.track, epoch), 0);
		if (stream_random(&state) % 4 == 0)
			au.pts = times[stream_random(&state) % 10] + stream_random(&state) % 2;
		if (stream_random(&state) % 4 == 0)
			au.capture_us = times[stream_random(&state) % 10];
		sink[2].n = sink[3].n = 0;
		emit_rc = -ENOBUFS;  /* what comes of it makes no sense that could be checked */
		feed_au(&au, epoch, stream_random(&state) % 8 ? i / 100 : segments[stream_random(&state) % 6], stream_random(&state) % 16 == 0);
	}
	transcoder_finish(transcoder);
	cr_assert_gt(transcoder_counts(transcoder).encoded, 100);
}

Test(transcoder, resumes_at_a_cut_when_store_was_full)
{
	struct stream_kind k = {"plain", 320, 180, 60, 20};
	struct transcoder_counts c;

	stream_make(&stream, &k);
	start(one, 1);
	cr_assert_eq(feed_track(&stream.track, 1), 0);
	feed(&stream, 0, 20, 1, 0);
	emit_rc = -ENOBUFS;
	feed(&stream, 20, 35, 1, 1);
	emit_rc = 0;
	for (unsigned i = 35; i < 60; i++)
		feed_au(&stream.au[i], 1, i / 20, false);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	c = transcoder_counts(transcoder);
	cr_assert_eq(c.encoded, 60);
	cr_assert_geq(c.refused, 20);
	check_segment(2, sink[2].n - 1, 1, 2, 40);
	cr_assert_eq(sink[2].seen[sink[2].n - 1].samples, 20);
}

Test(transcoder, hands_on_an_error_that_is_not_for_going_on)
{
	struct stream_kind k = {"plain", 320, 180, 40, 20};
	const char *why;
	int rc = 0;

	stream_make(&stream, &k);
	start(one, 1);
	cr_assert_eq(feed_track(&stream.track, 1), 0);
	emit_rc = -EPIPE;
	for (unsigned i = 0; i < 40 && !rc; i++) {
		struct record r = {.kind = RECORD_AU, .au = {.epoch = 1, .segment = i / 20, .au = stream.au[i]}};

		rc = transcoder_feed(transcoder, &r, false, &why);
	}
	cr_assert_eq(rc, -EPIPE);
}

Test(transcoder, refuses_settings_that_cannot_be)
{
	static const struct transcoder_rendition bad[] = {
		{1, 160, 90, 0, 500000}, {10, 160, 90, 0, 500000}, {2, 161, 90, 0, 500000}, {2, 160, 0, 0, 500000}, {2, 160, 90, 241, 500000}, {2, 160, 90, 0, 0}};
	struct transcoder_settings s = {.nrenditions = 0};

	s.nrenditions = TRANSCODER_RENDITIONS_MAX + 1;
	cr_assert_eq(transcoder_new(&transcoder, &s, emit, NULL), -EINVAL);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		s.nrenditions = 2;
		s.rendition[0] = one[0];
		s.rendition[1] = bad[i];
		cr_assert_eq(transcoder_new(&transcoder, &s, emit, NULL), -EINVAL);
	}
	cr_assert_null(transcoder);
}
