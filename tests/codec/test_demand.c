/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Renditions and snapshots that are made only while somebody watches. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "codec/scene.h"
#include "codec/transcoder.h"
#include "tests/codec/stream.h"
#include "tests/codec/viewer.h"

static struct transcoder *transcoder;
static struct stream stream;

static void teardown(void)
{
	transcoder_free(&transcoder);
	stream_free(&stream);
	viewer_reset();
}

TestSuite(demand, .fini = teardown);

static const struct transcoder_rendition always = {2, 160, 90, 0, 400000}, wanted = {3, 128, 72, 0, 300000, .on_demand = true},
	other = {4, 64, 64, 0, 200000, .on_demand = true};

static void start(const struct transcoder_rendition *a, const struct transcoder_rendition *b)
{
	struct transcoder_settings s = {.cpu = cpu_best(), .nrenditions = b ? 2 : 1, .rendition = {*a}};
	struct record r = {.kind = RECORD_TRACK, .track = {.epoch = 1, .track = stream.track}};
	const char *why;

	if (b)
		s.rendition[1] = *b;
	viewer_reset();
	cr_assert_eq(transcoder_new(&transcoder, &s, viewer_emit, NULL), 0);
	cr_assert_eq(transcoder_feed(transcoder, &r, false, &why), 0);
}

/* Access units from..to, cut each second. */
static void feed(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct record r = {.kind = RECORD_AU, .au = {.epoch = 1, .segment = i / 25, .au = stream.au[i]}};
		const char *why;

		cr_assert_eq(transcoder_feed(transcoder, &r, false, &why), 0);
	}
}

/* In that rendition: segments from..to, each 25 pictures but perhaps the last, none missing and none twice. */
static void check(unsigned rendition, unsigned from, unsigned to, unsigned pictures)
{
	const struct viewer *v = &viewer[rendition];

	cr_assert_eq(v->nsegments, to - from + 1, "%u segments", v->nsegments);
	cr_assert_eq(v->nsamples, pictures, "%u pictures", v->nsamples);
	for (unsigned i = 0; i < v->nsegments; i++) {
		cr_assert_eq(v->segment[i].number, from + i);
		cr_assert_eq(v->segment[i].start, (int64_t)(from + i) * 25 * STREAM_STEP);
		cr_assert(v->segment[i].ended);
	}
	for (unsigned i = 0; i < v->nsamples; i++)
		cr_assert_eq(v->sample[i].pts, (int64_t)(from * 25 + i) * STREAM_STEP);
}

static bool runs(unsigned rendition)
{
	struct transcoder_state s;
	unsigned i = 0;

	transcoder_state(transcoder, &s);
	while (i < s.nrenditions && s.rendition[i].number != rendition)
		i++;
	cr_assert_lt(i, s.nrenditions, "no such rendition");
	return s.rendition[i].running;
}

Test(demand, decodes_nothing_until_somebody_watches)
{
	static const struct stream_kind k = {"B", 320, 180, 200, 25, 2};

	stream_make(&stream, &k);
	start(&wanted, NULL);
	feed(0, 110);
	cr_assert_eq(transcoder_counts(transcoder).pictures, 0);
	cr_assert_not(runs(3));
	cr_assert_eq(transcoder_run(transcoder, 3, true), 0);
	cr_assert(runs(3));
	/* The last whole segment is there at once, and more. */
	cr_assert_eq(viewer[3].nsegments >= 1 && viewer[3].segment[0].ended, true);
	cr_assert_eq(viewer[3].segment[0].number, 3);
	cr_assert_eq(transcoder_run(transcoder, 3, true), 0, "again");
	feed(110, 160);
	cr_assert_eq(transcoder_run(transcoder, 3, false), 0);
	cr_assert_eq(transcoder_run(transcoder, 3, false), 0, "again");
	/* Up to what the decoder still held back in its reordering. */
	check(3, 3, 6, viewer[3].nsamples);
	cr_assert_geq(viewer[3].nsamples, 160 - 75 - 3);
	feed(160, 200);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	check(3, 3, 6, viewer[3].nsamples);
	cr_assert_eq(transcoder_run(transcoder, 5, true), -ENOENT);
	cr_assert_eq(transcoder_run(transcoder, RENDITION_COPY, true), -ENOENT);
}

/* The worker would take longer than its parent has patience. */
Test(demand, begins_with_the_next_segment_where_catching_up_is_too_much, .timeout = 120)
{
	static const struct stream_kind k = {"HD", 1920, 1080, 190, 90};
	const char *why;

	stream_make(&stream, &k);
	start(&wanted, NULL);
	for (unsigned i = 0; i < 190; i++) {
		struct record r = {.kind = RECORD_AU, .au = {.epoch = 1, .segment = i / 90, .au = stream.au[i]}};

		if (i == 175)
			cr_assert_eq(transcoder_run(transcoder, 3, true), 0);
		cr_assert_eq(transcoder_feed(transcoder, &r, false, &why), 0);
		cr_assert(i >= 180 || viewer[3].nsamples == 0);
	}
	cr_assert_eq(transcoder_finish(transcoder), 0);
	cr_assert_eq(viewer[3].nsegments, 1);
	cr_assert_eq(viewer[3].segment[0].number, 2);
	cr_assert_eq(viewer[3].segment[0].start, (int64_t)180 * STREAM_STEP);
}

Test(demand, joins_those_that_run_without_disturbing_them)
{
	static const struct stream_kind kinds[] = {{"B", 320, 180, 200, 25, 2}, {"plain", 320, 180, 200, 25}};

	for (unsigned i = 0; i < 2; i++) {
		stream_make(&stream, &kinds[i]);
		start(&always, &wanted);
		feed(0, 112);
		cr_assert_eq(viewer[3].nsegments, 0);
		cr_assert_eq(transcoder_run(transcoder, 3, true), 0);
		cr_assert_eq(viewer[3].segment[0].number, 3);
		cr_assert(viewer[3].segment[0].ended);
		feed(112, 200);
		cr_assert_eq(transcoder_finish(transcoder), 0);
		check(2, 0, 7, 200);
		check(3, 3, 7, 125);
		teardown();
	}
}

Test(demand, shows_no_segment_twice)
{
	static const struct stream_kind k = {"plain", 320, 180, 200, 25};

	stream_make(&stream, &k);
	start(&wanted, &other);
	feed(0, 60);
	cr_assert_eq(transcoder_run(transcoder, 3, true), 0);
	feed(60, 90);
	cr_assert_eq(transcoder_run(transcoder, 3, false), 0);
	cr_assert_eq(viewer[3].segment[viewer[3].nsegments - 1].number, 3);
	cr_assert_eq(transcoder_run(transcoder, 3, true), 0);
	feed(90, 120);
	cr_assert_eq(transcoder_run(transcoder, 3, false), 0);
	feed(120, 180);
	cr_assert_eq(transcoder_run(transcoder, 3, true), 0);
	feed(180, 200);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	/* 1, 2, part of 3; then from 4 on; then 6, the last whole one. viewer.c sees to the order. */
	cr_assert_eq(viewer[3].nsegments, 6);
	cr_assert_eq(viewer[3].segment[3].number, 4);
	cr_assert_eq(viewer[3].segment[4].number, 6);
	cr_assert_eq(viewer[3].inits, 3);
}

Test(demand, begins_with_the_stream_when_it_is_asked_for_before)
{
	static const struct stream_kind k = {"plain", 320, 180, 50, 25};

	stream_make(&stream, &k);
	start(&wanted, NULL);
	cr_assert_eq(transcoder_run(transcoder, 3, true), 0);
	feed(0, 50);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	check(3, 0, 1, 50);
}

Test(demand, goes_on_in_the_next_epoch)
{
	static const struct stream_kind k = {"plain", 320, 180, 60, 25};
	const char *why;

	stream_make(&stream, &k);
	start(&wanted, NULL);
	feed(0, 30);
	cr_assert_eq(transcoder_run(transcoder, 3, true), 0);
	feed(30, 60);
	for (unsigned i = 0; i < 2; i++) {
		struct record r = {.kind = RECORD_TRACK, .track = {.epoch = 2 + i, .track = stream.track}};

		cr_assert_eq(transcoder_feed(transcoder, &r, false, &why), 0);
		for (unsigned n = 0; n < 30; n++) {
			r = (struct record){.kind = RECORD_AU, .au = {.epoch = 2 + i, .segment = n / 25, .au = stream.au[n]}};
			cr_assert_eq(transcoder_feed(transcoder, &r, false, &why), 0);
		}
	}
	cr_assert_eq(transcoder_finish(transcoder), 0);
	cr_assert_eq(viewer[3].inits, 3);
	cr_assert_eq(viewer[3].nsamples, 120);
}

/* --- snapshots ------------------------------------------------------------------------------ */

static void check_snapshot(unsigned at, uint32_t segment)
{
	const struct viewer *v = &viewer[RENDITION_SNAPSHOT];
	const struct viewer_sample *s = &v->sample[at];

	cr_assert_lt(at, v->nsamples);
	cr_assert_eq(v->segment[at].number, segment, "segment %u", v->segment[at].number);
	cr_assert(v->segment[at].ended);
	cr_assert_eq(s->pts, (int64_t)segment * 25 * STREAM_STEP);
	cr_assert_eq(v->segment[at].capture_us, 1000000 + segment * 1000000);
	/* SOI, EOI (ITU-T T.81 B.1.1.3) */
	cr_assert(s->len > 100 && s->data[0] == 0xff && s->data[1] == 0xd8 && s->data[s->len - 2] == 0xff && s->data[s->len - 1] == 0xd9);
}

Test(demand, takes_snapshots_of_key_frames_and_decodes_nothing_else)
{
	static const struct stream_kind k = {"B", 1920, 1088, 110, 25, 2};

	stream_make(&stream, &k);
	start(&wanted, NULL);
	feed(0, 60);
	cr_assert_eq(viewer[RENDITION_SNAPSHOT].nsamples, 0);
	cr_assert_eq(transcoder_run(transcoder, RENDITION_SNAPSHOT, true), 0);
	cr_assert_eq(viewer[RENDITION_SNAPSHOT].nsamples, 2);
	check_snapshot(0, 1);
	check_snapshot(1, 2);
	cr_assert_eq(viewer[RENDITION_SNAPSHOT].track.codec, CODEC_JPEG);
	cr_assert_eq(viewer[RENDITION_SNAPSHOT].track.width, 1280);
	cr_assert_eq(viewer[RENDITION_SNAPSHOT].track.height, 726);
	feed(60, 101);
	check_snapshot(2, 3);
	check_snapshot(3, 4);
	cr_assert_eq(viewer[RENDITION_SNAPSHOT].nsamples, 4);
	cr_assert_eq(transcoder_counts(transcoder).pictures, 2);
	cr_assert_eq(transcoder_run(transcoder, RENDITION_SNAPSHOT, false), 0);
	feed(101, 110);
	cr_assert_eq(transcoder_run(transcoder, RENDITION_SNAPSHOT, true), 0);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	cr_assert_eq(viewer[RENDITION_SNAPSHOT].nsamples, 4, "none comes twice");
	cr_assert_eq(viewer[RENDITION_SNAPSHOT].inits, 1);
}

Test(demand, takes_snapshots_beside_renditions)
{
	static const struct stream_kind k = {"plain", 320, 180, 125, 25};

	stream_make(&stream, &k);
	start(&always, &wanted);
	feed(0, 30);
	cr_assert_eq(transcoder_run(transcoder, RENDITION_SNAPSHOT, true), 0);
	feed(30, 60);
	cr_assert_eq(transcoder_run(transcoder, 3, true), 0);
	feed(60, 90);
	cr_assert_eq(transcoder_run(transcoder, 3, false), 0);
	feed(90, 125);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	check(2, 0, 4, 125);
	cr_assert_eq(viewer[RENDITION_SNAPSHOT].nsamples, 5);
	for (unsigned i = 0; i < 5; i++)
		check_snapshot(i, i);
}

Test(demand, takes_snapshots_of_a_camera_without_renditions)
{
	static const struct stream_kind k = {"plain", 320, 180, 75, 25};
	struct transcoder_settings s = {.nrenditions = 0};
	struct record r = {.kind = RECORD_TRACK};
	const char *why;

	stream_make(&stream, &k);
	r.track = (struct record_track){.epoch = 1, .track = stream.track};
	cr_assert_eq(transcoder_new(&transcoder, &s, viewer_emit, NULL), 0);
	cr_assert_eq(transcoder_run(transcoder, RENDITION_SNAPSHOT, true), 0);
	cr_assert_eq(transcoder_feed(transcoder, &r, false, &why), 0);
	feed(0, 75);
	for (unsigned i = 0; i < 3; i++)
		check_snapshot(i, i);
}

static void black(uint8_t *const plane[3], const int stride[3], const struct stream_kind *k, unsigned n)
{
	for (unsigned i = 0; i < 3; i++)
		for (unsigned y = 0; y < k->height >> (i > 0); y++)
			memset(plane[i] + (ptrdiff_t)y * stride[i], i ? 128 : 16, k->width >> (i > 0));
}

/* Eight seconds of which nothing is wanted, a key frame and a cut each second, looked at each three. */
static struct transcoder_state look_at(const struct stream_kind *k, uint32_t look_s)
{
	struct transcoder_settings s = {.cpu = cpu_best(), .nrenditions = 1, .rendition = {wanted}, .look_s = look_s};
	struct record r = {.kind = RECORD_TRACK};
	struct transcoder_state state;
	const char *why;

	stream_make(&stream, k);
	r.track = (struct record_track){.epoch = 1, .track = stream.track};
	cr_assert_eq(transcoder_new(&transcoder, &s, viewer_emit, NULL), 0);
	cr_assert_eq(transcoder_feed(transcoder, &r, false, &why), 0);
	feed(0, 200);
	transcoder_state(transcoder, &state);
	cr_expect_eq(viewer[3].nsamples, 0, "nothing is made");
	return state;
}

Test(demand, the_scene_is_looked_at_now_and_then_while_nothing_is_decoded)
{
	static const struct stream_kind k = {"noise", 320, 180, 200, 25, .noise = true};
	struct transcoder_state s = look_at(&k, 3);

	/* those of seconds 0 and 1; of 5 and 6 */
	cr_expect_eq(s.looked, 4, "%u", (unsigned)s.looked);
	cr_expect_eq(transcoder_counts(transcoder).pictures, 4);
	cr_expect(!s.scene && !s.scene_now);
}

Test(demand, what_is_wrong_with_the_scene_is_watched)
{
	static const struct stream_kind k = {"black", 320, 180, 200, 25, .draw = black};
	struct transcoder_state s = look_at(&k, 3);

	cr_expect_eq(s.looked, 8, "%u", (unsigned)s.looked);
	cr_expect(s.scene_now & SCENE_BLACK && !s.scene, "ten seconds have not gone by");
}

Test(demand, the_scene_is_not_looked_at_unless_asked_for)
{
	static const struct stream_kind k = {"black", 320, 180, 200, 25, .draw = black};

	cr_expect_eq(look_at(&k, 0).looked, 0);
	cr_expect_eq(transcoder_counts(transcoder).pictures, 0);
}

Test(demand, how_often_the_scene_is_looked_at_can_change)
{
	static const struct stream_kind k = {"noise", 320, 180, 300, 25, .noise = true};
	static const struct { uint32_t look_s; unsigned until, looked; } steps[] = {
		{0, 50, 0}, {600, 125, 2}, {2, 200, 4}, {0, 250, 4}, {2, 300, 6}};
	struct transcoder_settings settings = {.cpu = cpu_best(), .nrenditions = 1, .rendition = {wanted}};
	struct record r = {.kind = RECORD_TRACK};
	struct transcoder_state s;
	const char *why;
	unsigned from = 0;

	stream_make(&stream, &k);
	r.track = (struct record_track){.epoch = 1, .track = stream.track};
	cr_assert_eq(transcoder_new(&transcoder, &settings, viewer_emit, NULL), 0);
	cr_assert_eq(transcoder_feed(transcoder, &r, false, &why), 0);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		cr_assert_eq(transcoder_look(transcoder, steps[i].look_s), 0);
		feed(from, steps[i].until);
		from = steps[i].until;
		transcoder_state(transcoder, &s);
		cr_expect_eq(s.looked, steps[i].looked, "%zu: %u", i, (unsigned)s.looked);
	}
}
