/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "media/au.h"
#include "media/dts.h"
#include "tests/media/stream.h"

#define MANY 400

/* A stream of n pictures: groups of one picture ahead and then the pictures between, as deep as the pattern says. */
static size_t make(int64_t *pts, size_t n, const int *pattern, size_t npattern, int64_t step)
{
	for (size_t i = 0; i < n; i++)
		pts[i] = ((int64_t)(i / npattern * npattern) + pattern[i % npattern]) * step;
	return n;
}

static const struct pattern { const char *name; int depth; size_t n; int order[8]; } patterns[] = {
	{"no B-frames", 0, 1, {0}},
	{"one B-frame", 1, 2, {1, 0}},
	{"three flat", 1, 4, {3, 0, 1, 2}},
	{"three in a pyramid", 2, 4, {3, 1, 0, 2}},
	{"seven in a pyramid", 3, 8, {7, 3, 1, 0, 2, 5, 4, 6}},
	{"backwards", 7, 8, {7, 6, 5, 4, 3, 2, 1, 0}},
};

Test(dts, is_never_after_pts_when_the_depth_is_told)
{
	int64_t pts[MANY];

	for (size_t k = 0; k < sizeof patterns / sizeof *patterns; k++) {
		struct dts_clock c;
		int64_t last = INT64_MIN;

		make(pts + 1, MANY - 1, patterns[k].order, patterns[k].n, 3600);
		pts[0] = -3600;            /* the key frame comes first in both orders */
		dts_init(&c, patterns[k].depth, 3600);
		for (size_t i = 0; i < MANY; i++) {
			int64_t dts = dts_next(&c, pts[i]);

			cr_assert(dts > last && dts <= pts[i], "%s, picture %zu: %ld after %ld, pts %ld", patterns[k].name, i, (long)dts, (long)last, (long)pts[i]);
			cr_assert(i == 0 || dts - last == 3600, "%s: even steps for an even stream", patterns[k].name);
			last = dts;
		}
		cr_assert_eq(c.mended, 0);
		cr_assert_eq(c.depth, (unsigned)patterns[k].depth);
	}
}

Test(dts, learns_the_depth_when_it_is_not_told)
{
	int64_t pts[MANY];

	for (size_t k = 0; k < sizeof patterns / sizeof *patterns; k++) {
		struct dts_clock c;
		int64_t last = INT64_MIN;

		make(pts + 1, MANY - 1, patterns[k].order, patterns[k].n, 3600);
		pts[0] = -3600;
		dts_init(&c, -1, 0);
		for (size_t i = 0; i < MANY; i++) {
			int64_t dts = dts_next(&c, pts[i]);

			cr_assert(dts > last, "%s, picture %zu", patterns[k].name, i);
			cr_assert(i < 20 || dts <= pts[i], "%s, picture %zu: learned by now", patterns[k].name, i);
			last = dts;
		}
		cr_assert_eq(c.depth, (unsigned)patterns[k].depth);
		cr_assert_leq(c.mended, 16, "%s: %lu", patterns[k].name, (unsigned long)c.mended);
	}
}

Test(dts, of_a_real_stream)
{
	struct dts_clock c;

	dts_init(&c, 2, 9000);
	for (int i = 0; i < (int)(sizeof stream_au / sizeof *stream_au); i++)
		cr_assert_eq(dts_next(&c, stream_au[i].pts * 9000), (i - 2) * 9000);
}

Test(dts, a_time_far_back_is_mended_alone)
{
	struct dts_clock c;

	dts_init(&c, 0, 3600);
	for (int i = 0; i < 100; i++)
		cr_assert_eq(dts_next(&c, i * 3600), i * 3600);
	cr_assert_eq(dts_next(&c, -1000000), 99 * 3600 + 1);
	cr_assert_eq(c.mended, 1);
	cr_assert_eq(c.depth, 0);
	cr_assert_eq(dts_next(&c, 100 * 3600), 100 * 3600);
}

Test(dts, repeated_times_still_increase)
{
	struct dts_clock c;

	dts_init(&c, -1, 0);
	for (int i = 0; i < 50; i++)
		cr_assert_eq(dts_next(&c, 5000), 5000 + i);
	cr_assert_eq(c.mended, 49);
	cr_assert_eq(dts_next(&c, 9000), 9000);
}

Test(dts, goes_at_most_a_second_before_the_first_picture)
{
	struct dts_clock c;

	dts_init(&c, 99, UINT32_MAX);
	cr_assert_eq(dts_next(&c, 0), -DTS_BEFORE_MAX);
	cr_assert_eq(c.depth, DTS_DEPTH_MAX);
}

Test(dts, always_increases_whatever_comes)
{
	uint64_t random = 1;

	for (int round = 0; round < 300; round++) {
		struct dts_clock c;
		int64_t last = INT64_MIN;

		dts_init(&c, round % 20 - 1, (uint32_t)(round * 97));
		for (int i = 0; i < 200; i++) {
			int64_t pts, dts;

			random = random * 6364136223846793005u + 1442695040888963407u;
			pts = (int64_t)(random >> 33) % (1 << (round % 30 + 1)) + (round % 3) * (int64_t)i * 3000;
			if (random >> 58 == 0)
				pts = random & 1 << 30 ? AU_TIME_MAX : -AU_TIME_MAX;
			dts = dts_next(&c, pts);
			cr_assert_gt(dts, last, "round %d, picture %d", round, i);
			last = dts;
		}
	}
}
