/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a viewer sees when there is no picture, and what is never to be seen. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "codec/lane.h"
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

TestSuite(blind, .fini = teardown);

static void start(const struct transcoder_settings *s)
{
	struct record r = {.kind = RECORD_TRACK, .track = {.epoch = 1, .track = stream.track}};
	const char *why;

	viewer_reset();
	cr_assert_eq(transcoder_new(&transcoder, s, viewer_emit, NULL), 0);
	cr_assert_eq(transcoder_feed(transcoder, &r, false, &why), 0);
}

/* Access units from..to, cut every 50; broken ones have the right length and nothing else. */
static void feed(unsigned from, unsigned to, bool broken)
{
	static const uint8_t junk[] = {0, 0, 0, 4, 0x41, 0xff, 0xff, 0xff};

	for (unsigned i = from; i < to; i++) {
		struct record r = {.kind = RECORD_AU, .au = {.epoch = 1, .segment = i / 50, .au = stream.au[i]}};
		const char *why;

		if (broken) {
			r.au.au.data = junk;
			r.au.au.len = sizeof junk;
		}
		cr_assert_eq(transcoder_feed(transcoder, &r, false, &why), 0);
	}
}

static const struct transcoder_settings plain = {.nrenditions = 1, .rendition = {{2, 320, 180, 0, 1000000}}};

static int64_t blind_since(void)
{
	struct transcoder_state s;

	transcoder_state(transcoder, &s);
	return s.no_picture_since_us;
}

/* Luma of the middle lines, where a notice stands, and of what is above. */
static struct {
	int64_t pts;
	unsigned middle, above, brightest;
} seen[STREAM_MAX];
static unsigned nseen;

static void see(void *ctx, const struct picture *p, uint32_t duration)
{
	unsigned middle = 0, above = 0, brightest = 0, n = 0;

	for (unsigned y = p->height / 2 - 4; y < p->height / 2 + 4; y++)
		for (unsigned x = 0; x < p->width; x++, n++) {
			uint8_t v = p->plane[0][(ptrdiff_t)y * p->stride[0] + x];

			middle += v;
			brightest = v > brightest ? v : brightest;
			above += p->plane[0][(ptrdiff_t)(y - p->height / 4) * p->stride[0] + x];
		}
	seen[nseen].pts = p->pts;
	seen[nseen].middle = middle / n;
	seen[nseen].above = above / n;
	seen[nseen++].brightest = brightest;
}

static bool near(unsigned a, unsigned b)
{
	return a + 4 >= b && b + 4 >= a;
}

Test(blind, says_so_on_the_last_good_picture)
{
	static const struct stream_kind k = {"plain", 320, 180, 250, 50};
	unsigned notices = 0;

	stream_make(&stream, &k);
	start(&plain);
	feed(0, 60, false);
	cr_assert_eq(blind_since(), 0);
	feed(60, 80, true);
	cr_assert_eq(blind_since(), 0, "not for less than a second");
	feed(80, 200, true);
	/* The wall clock of picture 59. */
	cr_assert_eq(blind_since(), 1000000 + 59 * 40000);
	feed(200, 250, false);
	cr_assert_eq(blind_since(), 0);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	nseen = 0;
	viewer_watch(2, see, NULL);
	for (unsigned i = 0; i < nseen; i++) {
		unsigned n = (unsigned)(seen[i].pts / STREAM_STEP);

		if (n < 60 || n >= 200) {
			cr_assert(near(seen[i].middle, stream_luma(n)), "picture %u is clean", n);
			continue;
		}
		notices++;
		cr_assert(near(seen[i].above, stream_luma(59)), "what is shown is the last good picture");
		cr_assert_gt(seen[i].brightest, 200, "with letters on it");
		cr_assert_not(near(seen[i].middle, stream_luma(59)), "on a bar");
	}
	/* 120 pictures are missing behind the first second: one each second, and one for each of two cuts. */
	cr_assert(notices >= 4 && notices <= 7, "%u", notices);
	/* Segments go on as ever. */
	cr_assert_eq(viewer[2].nsegments, 5);
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(viewer[2].segment[i].start, (int64_t)i * 50 * STREAM_STEP);
}

Test(blind, says_so_on_black_when_there_was_no_good_picture)
{
	static const struct stream_kind k = {"plain", 320, 180, 100, 50};

	stream_make(&stream, &k);
	start(&plain);
	feed(0, 80, true);
	cr_assert_eq(blind_since(), 1000000);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	nseen = 0;
	viewer_watch(2, see, NULL);
	cr_assert_geq(nseen, 2);
	for (unsigned i = 0; i < nseen; i++) {
		cr_assert(near(seen[i].above, 16));
		cr_assert_gt(seen[i].brightest, 200);
	}
}

Test(blind, is_not_what_only_shows_few_pictures)
{
	static const struct stream_kind k = {"B", 320, 180, 20, 10, 3};

	stream_make(&stream, &k);
	start(&plain);
	/* One picture every two seconds, some of them held back in reordering. */
	for (unsigned i = 0; i < 20; i++) {
		struct record r = {.kind = RECORD_AU, .au = {.epoch = 1, .segment = i / 10, .au = stream.au[i]}};
		const char *why;

		r.au.au.pts *= 50;
		r.au.au.dts *= 50;
		cr_assert_eq(transcoder_feed(transcoder, &r, false, &why), 0);
		if (i > 5)
			cr_assert_eq(blind_since(), 0);
	}
	cr_assert_eq(transcoder_finish(transcoder), 0);
	nseen = 0;
	viewer_watch(2, see, NULL);
	for (unsigned i = 0; i < nseen; i++)
		if (seen[i].pts > 5 * 50 * STREAM_STEP)
			cr_assert(near(seen[i].middle, stream_luma((unsigned)(seen[i].pts / 50 / STREAM_STEP))));
}

/* --- masks ---------------------------------------------------------------------------------- */

static struct {
	unsigned x, y, width, height;
	unsigned brightest;
} hidden;

static void look_behind(void *ctx, const struct picture *p, uint32_t duration)
{
	for (unsigned y = hidden.y; y < hidden.y + hidden.height; y++)
		for (unsigned x = hidden.x; x < hidden.x + hidden.width; x++) {
			unsigned v = p->plane[0][(ptrdiff_t)y * p->stride[0] + x];

			hidden.brightest = v > hidden.brightest ? v : hidden.brightest;
		}
}

/* In each rendition, whatever the camera's format, from the first picture on; also of one that begins late, and on the last good picture. */
Test(blind, nothing_is_seen_behind_a_mask)
{
	static const struct stream_kind kinds[] = {
		{"plain", 320, 180, 100, 25}, {"422", 320, 180, 100, 25, .chroma = STREAM_422}, {"10 bits", 320, 180, 100, 25, .bits = 10},
		{"gray", 320, 180, 100, 25, .chroma = STREAM_400}, {"full range", 320, 180, 100, 25, .full_range = true}, {"flat pixels", 160, 180, 100, 25, .sar_num = 2, .sar_den = 1}};
	struct transcoder_settings s = {.cpu = cpu_best(), .nmasks = 1, .mask = {{2500, 2500, 5000, 5000, MASK_SOLID}}, .nrenditions = 3,
		.rendition = {{2, 320, 180, 0, 1000000}, {3, 160, 90, 0, 500000}, {4, 160, 90, 0, 500000, .on_demand = true}}};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		stream_make(&stream, &kinds[i]);
		start(&s);
		feed(0, 60, false);
		cr_assert_eq(transcoder_run(transcoder, 4, true), 0);
		feed(60, 100, true);
		cr_assert_eq(transcoder_finish(transcoder), 0);
		for (unsigned r = 2; r <= 4; r++) {
			/* Above where a notice would stand, and a little within: the scaler's and the encoder's edges are soft. */
			hidden.x = viewer[r].track.width / 4 + 4;
			hidden.y = viewer[r].track.height / 4 + 4;
			hidden.width = viewer[r].track.width / 2 - 8;
			hidden.height = viewer[r].track.height / 16;
			hidden.brightest = 0;
			cr_assert_gt(viewer_watch(r, look_behind, NULL), 20);
			cr_assert_leq(hidden.brightest, 24, "%s, rendition %u: %u", kinds[i].name, r, hidden.brightest);
		}
		teardown();
	}
}
