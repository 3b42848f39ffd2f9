/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "server/serve_media.h"

#define T0 INT64_C(1795361400000000)

/* A camera of 2 s segments with a target of 3 s. */
struct yard {
	struct serve_camera c;
	struct serve_rendition copy, small;
};

static struct yard *yard_new(void)
{
	struct yard *y = calloc(1, sizeof *y);

	cr_assert(y);
	y->c.set.segment_ms = 2000;
	y->c.target_s = 3;
	return y;
}

/* As serve_media_segment does, without bytes. */
static void come(struct yard *y, struct serve_rendition *r, uint64_t number, int64_t start_us, uint32_t ms, uint32_t discontinuity)
{
	struct msg_segment m = {.number = number, .rendition = r->set.rendition, .start_us = start_us, .duration = ms, .timescale = 1000, .discontinuity = discontinuity, .independent = true};

	if (r->n == SERVE_WINDOW)
		memmove(&r->window[0], &r->window[1], --r->n * sizeof r->window[0]);
	r->window[r->n++].m = m;
	serve_line_note(y->c.cut, &m);
}

static void come_at(struct yard *y, struct serve_rendition *r, uint64_t number)
{
	come(y, r, number, T0 + (int64_t)number * 2000000, 2000, 1);
}

Test(serve_line, names_the_newest_ones)
{
	struct yard *y = yard_new();
	struct serve_listed l[SERVE_LISTED_MOST];

	cr_expect_eq(serve_line_list(&y->c, &y->copy, l), 0);
	for (uint64_t n = 1; n <= 30; n++) {
		size_t listed;

		come_at(y, &y->copy, n);
		listed = serve_line_list(&y->c, &y->copy, l);
		cr_assert_eq(listed, n < SERVE_LISTED ? n : SERVE_LISTED, "%lu: %zu", (unsigned long)n, listed);
		for (size_t i = 0; i < listed; i++) {
			cr_assert_eq(l[i].at.number, n - listed + 1 + i);
			cr_assert(l[i].segment && l[i].segment->m.number == l[i].at.number);
		}
	}
	y->c.target_s = 0;
	cr_expect_eq(serve_line_list(&y->c, &y->copy, l), 0, "not before the target is known");
	free(y);
}

/* The worker died: its rendition has 1 to 6 and 9 on; meanwhile the camera came back. */
Test(serve_line, names_what_is_missing_as_the_others_have_it)
{
	struct yard *y = yard_new();
	struct serve_listed l[SERVE_LISTED_MOST];

	for (uint64_t n = 1; n <= 9; n++) {
		come(y, &y->copy, n, T0 + (int64_t)(n * 2000000 + (n >= 8) * 500000), n == 8 ? 1000 : 2000, n >= 8 ? 5 : 4);
		if (n <= 6 || n == 9)
			come(y, &y->small, n, T0 + (int64_t)(n * 2000000 + (n >= 8) * 500000), 2000, n >= 8 ? 5 : 4);
	}
	cr_assert_eq(serve_line_list(&y->c, &y->small, l), 9);
	for (size_t i = 0; i < 9; i++) {
		cr_expect_eq(l[i].at.number, i + 1);
		cr_expect_eq(l[i].segment == NULL, i == 6 || i == 7, "%zu", i);
		cr_expect_eq(l[i].at.discontinuity, i >= 7 ? 5 : 4, "%zu", i);
		cr_expect_eq(l[i].at.duration_us, i == 7 ? 1000000 : 2000000, "%zu", i);
		cr_expect_eq(l[i].at.start_us, T0 + (int64_t)((i + 1) * 2000000 + (i >= 7) * 500000), "%zu", i);
	}
	cr_expect_eq(l[6].init_sha256, y->small.window[5].m.init_sha256);
	free(y);
}

Test(serve_line, shares_the_time_out_where_nobody_knows)
{
	static const struct { int64_t away_us; uint32_t discontinuity; uint64_t duration_us; } cases[] = {
		{6000000, 1, 2000000}, {5100000, 1, 1700000}, {60000000, 1, 3000000}, {0, 1, 2000000}, {-5000000, 1, 2000000}, {600000000, 2, 2000000}};
	struct serve_listed l[SERVE_LISTED_MOST];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct yard *y = yard_new();

		come(y, &y->small, 40, T0, 2000, 1);
		come(y, &y->small, 44, T0 + 2000000 + cases[i].away_us, 2000, cases[i].discontinuity);
		cr_assert_eq(serve_line_list(&y->c, &y->small, l), 5);
		for (unsigned k = 1; k <= 3; k++) {
			cr_expect_null(l[k].segment);
			cr_expect_eq(l[k].at.number, 40 + k);
			cr_expect_eq(l[k].at.duration_us, cases[i].duration_us, "case %zu: %lu", i, (unsigned long)l[k].at.duration_us);
			cr_expect_eq(l[k].at.discontinuity, 1);
		}
		free(y);
	}
}

/* RFC 8216bis 6.2.2: three targets stay, whatever came between. */
Test(serve_line, is_never_shorter_than_three_targets)
{
	struct yard *y = yard_new();
	struct serve_listed l[SERVE_LISTED_MOST];

	for (uint64_t n = 1; n <= 10; n++)
		come_at(y, &y->small, n);
	come_at(y, &y->small, 100);
	cr_assert_eq(serve_line_list(&y->c, &y->small, l), SERVE_LISTED);
	cr_expect_eq(l[0].at.number, 91);
	cr_expect(l[9].segment && !l[8].segment);
	for (uint64_t n = 1; n <= 30; n++)
		come(y, &y->copy, n, T0 + (int64_t)n * 600000, 600, 1);
	cr_assert_eq(serve_line_list(&y->c, &y->copy, l), 15, "9 s of 0.6 s each");
	for (uint64_t n = 31; n <= 60; n++)
		come(y, &y->copy, n, T0 + (int64_t)n * 10000, 10, 1);
	cr_assert_eq(serve_line_list(&y->c, &y->copy, l), SERVE_LISTED_MOST, "but there is an end to it");
	free(y);
}

/* A picture that stood for 8 s, where 3 s were promised. */
Test(serve_line, what_is_too_long_for_the_target_is_a_gap)
{
	struct yard *y = yard_new();
	struct serve_listed l[SERVE_LISTED_MOST];

	come(y, &y->copy, 1, T0, 8000, 1);
	cr_assert_eq(serve_line_list(&y->c, &y->copy, l), 0, "nothing is listed for its sake");
	come(y, &y->copy, 2, T0 + 8000000, 3499, 1);
	cr_assert_eq(serve_line_list(&y->c, &y->copy, l), 1);
	come(y, &y->copy, 3, T0 + 12000000, 3500, 1);
	come(y, &y->copy, 4, T0 + 16000000, 2000, 1);
	cr_assert_eq(serve_line_list(&y->c, &y->copy, l), 3);
	cr_expect(l[0].segment && !l[1].segment && l[2].segment);
	cr_expect_eq(l[1].at.duration_us, 3000000);
	free(y);
}

/* The worker died in the middle of 2; what it sends few pictures of ends where its last one does. */
Test(serve_line, the_beginning_of_a_segment_is_none)
{
	struct yard *y = yard_new();
	struct serve_listed l[SERVE_LISTED_MOST];
	static const struct { unsigned fps; uint32_t ms; bool gap; } cases[] = {{0, 600, true}, {0, 1690, true}, {0, 1700, false}, {0, 2000, false}, {2, 1200, false}, {2, 1190, true}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		memset(y->c.cut, 0, sizeof y->c.cut);
		y->small = y->copy = (struct serve_rendition){.set.fps = 0};
		y->small.set.fps = cases[i].fps;
		for (uint64_t n = 1; n <= 3; n++) {
			come_at(y, &y->copy, n);
			come(y, &y->small, n, T0 + (int64_t)n * 2000000, n == 2 ? cases[i].ms : 2000, 1);
		}
		cr_assert_eq(serve_line_list(&y->c, &y->small, l), 3);
		cr_expect_eq(l[1].segment == NULL, cases[i].gap, "case %zu", i);
		cr_expect_eq(l[1].at.duration_us, cases[i].gap ? 2000000 : cases[i].ms * 1000, "case %zu", i);
		cr_expect(l[0].segment && l[2].segment);
	}
	free(y);
}

/* Pictures that come late are cut when sound of behind the cut is there already; whichever of the two store tells of first. */
Test(serve_line, sound_that_ran_ahead_is_no_gap)
{
	struct yard *y = yard_new();
	struct serve_listed l[SERVE_LISTED_MOST];
	static const uint32_t at_ms[] = {2000, 4000, 6600, 8000, 10000};

	for (unsigned first = 0; first < 2; first++) {
		struct serve_rendition *sound = &y->small;

		memset(y->c.cut, 0, sizeof y->c.cut);
		y->small = y->copy = (struct serve_rendition){0};
		sound->set.rendition = RENDITION_AUDIO;
		for (uint64_t n = 1; n <= 4; n++) {
			if (first == 0)
				come_at(y, &y->copy, n);
			come(y, sound, n, T0 + at_ms[n - 1] * INT64_C(1000), at_ms[n] - at_ms[n - 1], 1);
			if (first == 1)
				come_at(y, &y->copy, n);
		}
		cr_assert_eq(serve_line_list(&y->c, sound, l), 4);
		for (unsigned i = 0; i < 4; i++)
			cr_expect(l[i].segment && l[i].at.duration_us == (at_ms[i + 1] - at_ms[i]) * 1000, "sound %u, first %u", i + 1, first);
		cr_assert_eq(serve_line_list(&y->c, &y->copy, l), 4);
		for (unsigned i = 0; i < 4; i++)
			cr_expect(l[i].segment, "pictures %u, first %u", i + 1, first);
	}
	free(y);
}

Test(serve_line, begins_behind_what_was_made_before_it_ran)
{
	struct yard *y = yard_new();
	struct serve_listed l[SERVE_LISTED_MOST];

	for (uint64_t n = 1; n <= 6; n++)
		come_at(y, &y->small, n);
	y->small.after = 6;
	cr_assert_eq(serve_line_list(&y->c, &y->small, l), 0);
	come_at(y, &y->small, 9);
	cr_assert_eq(serve_line_list(&y->c, &y->small, l), 1);
	cr_expect(l[0].at.number == 9 && l[0].segment, "not with gaps, of which there is nothing to play");
	y->small.after = 9;
	cr_assert_eq(serve_line_list(&y->c, &y->small, l), 0);
	free(y);
}

/* Whatever is lost: the first number never goes back, and what two renditions name alike is alike. */
Test(serve_line, stays_in_line)
{
	struct yard *y = yard_new();
	struct serve_listed a[SERVE_LISTED_MOST], b[SERVE_LISTED_MOST];
	uint64_t first[2] = {0, 0};
	uint32_t x = 7, discontinuity = 0;
	int64_t at_us = T0;

	for (uint64_t n = 1; n <= 3000; n++) {
		uint32_t ms;
		size_t na, nb;

		x = x * 1103515245 + 12345;
		ms = 200 + (x >> 16) % 3000;
		if ((x >> 8) % 11 == 0) {
			at_us += 7000000;
			discontinuity++;
		}
		if ((x >> 20) % 8)
			come(y, &y->copy, n, at_us, ms, discontinuity);
		if ((x >> 24) % 3)
			come(y, &y->small, n, at_us, ms, discontinuity);
		at_us += ms * 1000;
		na = serve_line_list(&y->c, &y->copy, a);
		nb = serve_line_list(&y->c, &y->small, b);
		cr_assert(!na || a[0].at.number >= first[0]);
		cr_assert(!nb || b[0].at.number >= first[1]);
		first[0] = na ? a[0].at.number : first[0];
		first[1] = nb ? b[0].at.number : first[1];
		for (size_t i = 0; i < na; i++)
			for (size_t k = 0; k < nb; k++)
				if (a[i].at.number == b[k].at.number && (a[i].segment || b[k].segment)) {
					cr_assert_eq(a[i].at.discontinuity, b[k].at.discontinuity, "%lu", (unsigned long)a[i].at.number);
					cr_assert_eq(a[i].at.start_us, b[k].at.start_us);
					cr_assert_eq(a[i].at.duration_us, b[k].at.duration_us);
				}
	}
	free(y);
}
