/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "server/store_period.h"

#define DAY_US INT64_C(86400000000)
#define EPOCH INT64_C(1795361400040000)

/* A camera's segments of 2 s each, of which its clock makes 2 s and some. */
Test(store_period, follows_a_clock_that_runs_off)
{
	static const struct { int64_t off_ppm; unsigned least, most; } cases[] = {{0, 0, 0}, {50, 8, 9}, {-50, 8, 9}, {200, 34, 35}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct store_periods p = {0};
		int64_t was = 0;
		unsigned changes = 0;

		for (int64_t n = 0; n < DAY_US / 2000000; n++) {
			int64_t wall = EPOCH + n * 2000000, media = n * 2000000 + n * 2 * cases[i].off_ppm;
			struct store_period one = store_period_of(&p, (uint64_t)n + 1, wall, (uint64_t)media);
			int64_t said = one.wall_us + media - (int64_t)one.media_us;

			cr_assert(said - wall <= STORE_PERIOD_OFF_US && wall - said <= STORE_PERIOD_OFF_US, "case %zu, segment %lld", i, (long long)n);
			changes += was && one.wall_us != was;
			was = one.wall_us;
		}
		cr_expect(changes >= cases[i].least && changes <= cases[i].most, "case %zu: %u", i, changes);
	}
}

/* Sound and encoded pictures of a number are where the first of them put it, whenever they come. */
Test(store_period, is_the_same_for_all_renditions)
{
	struct store_periods p = {0};
	struct store_period a = store_period_of(&p, 7, EPOCH + 40000, 40000), b, late;

	cr_expect_eq(a.wall_us, EPOCH);
	cr_expect_eq(a.media_us, 0);
	b = store_period_of(&p, 7, EPOCH + 5000000, 0);
	cr_expect_eq(b.wall_us, EPOCH, "a number has one period, whatever else is said of it");
	b = store_period_of(&p, 9, EPOCH + 14000000, 4000000);
	cr_expect_eq(b.wall_us, EPOCH + 14000000);
	cr_expect_eq(b.media_us, 4000000);
	late = store_period_of(&p, 8, EPOCH + 2000000, 2000000);
	cr_expect_eq(late.wall_us, EPOCH);
	late = store_period_of(&p, 9, EPOCH + 4000000, 4000000);
	cr_expect_eq(late.wall_us, b.wall_us);
	late = store_period_of(&p, 6, EPOCH, 0);
	cr_expect_eq(late.wall_us, EPOCH);
}

/* Small steps of a clock are no new period; one that is set back is, before the others. */
Test(store_period, takes_clocks_that_are_set)
{
	struct store_periods p = {0};
	struct store_period a = store_period_of(&p, 1, EPOCH, 0);

	cr_expect_eq(store_period_of(&p, 2, EPOCH + 2400000, 2000000).wall_us, a.wall_us);
	cr_expect_eq(store_period_of(&p, 3, EPOCH + 3600000, 4000000).wall_us, a.wall_us);
	cr_expect_eq(store_period_of(&p, 4, EPOCH - 3600000000, 6000000).wall_us, EPOCH - 3600000000);
	cr_expect_eq(store_period_of(&p, 5, EPOCH - 3598000000, 8000000).wall_us, EPOCH - 3600000000);
	cr_expect_eq(store_period_of(&p, 6, 5, UINT64_MAX).wall_us, 5);
	p = (struct store_periods){0};
	cr_expect_eq(store_period_of(&p, 1, 5, UINT64_MAX).wall_us, 0);
}
