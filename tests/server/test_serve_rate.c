/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "server/serve_media.h"

Test(serve_rate, says_what_a_camera_settles_at)
{
	static const struct { uint32_t seen[SERVE_RATE_SETTLE], said; } cases[] = {
		{{24999, 25000, 25001}, 25000}, {{24500, 25400, 25050}, 25000}, {{29970, 29969, 29970}, 30000}, {{29800, 30400, 29900}, 30000},
		{{12480, 12510, 12500}, 12500}, {{1000, 999, 1000}, 1000}, {{499, 500, 501}, 500}, {{100, 101, 100}, 100}, {{8240, 8250, 8260}, 8250},
		{{UINT32_MAX, UINT32_MAX - 1, UINT32_MAX}, UINT32_MAX - 1}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct serve_rate r = {0};

		for (unsigned k = 0; k + 1 < SERVE_RATE_SETTLE; k++) {
			cr_expect_not(serve_rate_see(&r, cases[i].seen[k]));
			cr_expect_eq(r.fps_milli, 0);
		}
		cr_expect(serve_rate_see(&r, cases[i].seen[SERVE_RATE_SETTLE - 1]), "case %zu", i);
		cr_expect_eq(r.fps_milli, cases[i].said, "case %zu: %u", i, r.fps_milli);
	}
}

Test(serve_rate, begins_with_what_the_cameras_clock_says)
{
	struct serve_rate r = {0};

	cr_expect_not(serve_rate_begin(&r, 0));
	cr_expect(serve_rate_begin(&r, 24996));
	cr_expect_eq(r.fps_milli, 25000);
	cr_expect_not(serve_rate_begin(&r, 24996), "the same once more");
	for (unsigned k = 0; k < 2 * SERVE_RATE_SETTLE; k++)
		cr_expect_not(serve_rate_see(&r, 15000 + k), "a busy machine sees fewer");
	cr_expect(serve_rate_begin(&r, 12500));
	cr_expect_eq(r.fps_milli, 12500, "another epoch");
	for (unsigned k = 0; k + 1 < SERVE_RATE_SETTLE; k++)
		cr_expect_not(serve_rate_see(&r, 30000 + k), "measurement %u", k);
	cr_expect(serve_rate_see(&r, 30002));
	cr_expect_eq(r.fps_milli, 30000, "more than was told");
}

Test(serve_rate, stays_until_the_camera_is_set_otherwise)
{
	struct serve_rate r = {.fps_milli = 25000};
	static const uint32_t shaking[] = {24000, 26000, 0, 25300, 12000, 12100, 25000, 12000, 0, 12000, 12100, 12100, 12100, 17000, 24100};

	for (size_t i = 0; i < sizeof shaking / sizeof *shaking; i++)
		cr_expect_not(serve_rate_see(&r, shaking[i]), "measurement %zu", i);
	cr_expect_not(serve_rate_see(&r, 12400));
	cr_expect_not(serve_rate_see(&r, 12600));
	cr_expect(serve_rate_see(&r, 12500));
	cr_expect_eq(r.fps_milli, 12500);
}

/* Lengths in ms and sizes in kB of neighbours, under a target duration of 4 s. */
Test(serve_rate, a_peak_is_that_of_sets_of_about_a_target)
{
	static const struct { struct { uint32_t ms, kb, number, init; } s[5]; unsigned n; uint32_t bps; } cases[] = {
		{{{4000, 500, 1, 0}}, 1, 1000000},
		{{{1999, 500, 1, 0}}, 1, 0},
		{{{2000, 500, 1, 0}}, 1, 2000000},
		{{{2000, 100, 1, 0}, {2000, 500, 2, 0}}, 2, 2000000},                      /* the last alone is more than both */
		{{{1000, 500, 1, 0}, {2000, 100, 2, 0}}, 2, 1600000},                      /* and less here */
		{{{4000, 9999, 1, 0}, {4000, 500, 2, 0}}, 2, 1000000},                     /* together 8 s: too long */
		{{{1000, 900, 1, 0}, {1000, 125, 2, 0}, {500, 125, 3, 0}}, 3, 3680000},
		{{{1000, 900, 1, 0}, {1000, 125, 3, 0}, {1000, 125, 4, 0}}, 3, 1000000},   /* one is missing between */
		{{{1000, 900, 1, 1}, {1000, 125, 2, 0}, {1000, 125, 3, 0}}, 3, 1000000},   /* of another size */
		{{{0, 900, 1, 0}}, 1, 0}, {{{0}}, 0, 0}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct serve_segment s[5] = {0};
		uint32_t bps;

		for (unsigned k = 0; k < cases[i].n; k++)
			s[k].m = (struct msg_segment){.number = cases[i].s[k].number, .duration = cases[i].s[k].ms, .timescale = 1000,
				.bytes = cases[i].s[k].kb * UINT64_C(1000), .init_sha256 = {(uint8_t)cases[i].s[k].init}};
		bps = serve_rate_peak_bps(s, cases[i].n, 4);
		cr_expect_eq(bps, cases[i].bps, "case %zu: %u", i, bps);
	}
}
