/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/font.h"
#include "codec/overlay.h"

static struct frame *frame_of(unsigned width, unsigned height, uint8_t luma)
{
	struct frame *f;

	cr_assert_eq(frame_new(&f, width, height), 0);
	for (int i = 0; i < 3; i++)
		memset(f->plane[i], i ? 100 : luma, f->stride[i] * f->height[i]);
	return f;
}

static struct overlay *made(unsigned width, unsigned height)
{
	struct overlay *o;

	cr_assert_eq(overlay_new(&o, width, height, cpu_best()), 0);
	return o;
}

static bool same(const struct frame *a, const struct frame *b)
{
	for (int i = 0; i < 3; i++)
		for (unsigned y = 0; y < a->height[i]; y++)
			if (memcmp(a->plane[i] + y * a->stride[i], b->plane[i] + y * b->stride[i], a->width[i]))
				return false;
	return true;
}

/* How many pixels of the picture are at least, or at most, so bright. */
static unsigned count(const struct frame *f, unsigned from, unsigned to)
{
	unsigned n = 0;

	for (unsigned y = 0; y < f->height[0]; y++)
		for (unsigned x = 0; x < f->width[0]; x++)
			n += f->plane[0][y * f->stride[0] + x] >= from && f->plane[0][y * f->stride[0] + x] <= to;
	return n;
}

Test(font, every_letter_has_its_own_shape_inside_its_cell)
{
	static uint8_t cell[97][24 * 40];

	for (unsigned c = 0; c < 96; c++) {
		unsigned covered = 0, edge = 0;

		font_draw(cell[c], 24, 24, 40, (char)(' ' + c), FONT_LETTER);
		for (unsigned i = 0; i < sizeof cell[c]; i++) {
			covered += cell[c][i];
			if (i % 24 == 0 || i % 24 == 23 || i < 24 || i >= 39 * 24)
				edge += cell[c][i];
		}
		cr_expect_eq(edge, 0, "'%c' touches its cell's edge", ' ' + (int)c);
		cr_expect(c == 0 ? !covered : covered > 255 * 10, "'%c' covers %u", ' ' + (int)c, covered);
		for (unsigned k = 0; k < c; k++)
			cr_expect_neq(memcmp(cell[c], cell[k], sizeof cell[c]), 0, "%c and %c", ' ' + (int)c, ' ' + (int)k);
	}
	font_draw(cell[96], 24, 24, 40, '\xe4', FONT_LETTER);
	cr_expect_eq(memcmp(cell[96], cell[95], sizeof cell[96]), 0, "a box, as for 0x7f");
}

Test(font, rim_holds_the_letter_and_is_wider)
{
	uint8_t letter[12 * 20], rim[12 * 20];

	for (char c = '!'; c <= '~'; c++) {
		unsigned more = 0;

		font_draw(letter, 12, 12, 20, c, FONT_LETTER);
		font_draw(rim, 12, 12, 20, c, FONT_RIM);
		for (unsigned i = 0; i < sizeof letter; i++) {
			cr_assert_geq(rim[i], letter[i], "'%c'", c);
			more += rim[i] > letter[i];
		}
		cr_expect_gt(more, 8, "'%c'", c);
	}
}

/* Two that look alike at the smallest size could be taken for each other in evidence. */
Test(font, digits_and_capitals_differ_at_the_smallest_size)
{
	static const char all[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	uint8_t a[8 * 12], b[8 * 12];

	for (size_t i = 0; i < sizeof all - 1; i++) {
		for (size_t k = i + 1; k < sizeof all - 1; k++) {
			unsigned apart = 0;

			font_draw(a, 8, 8, 12, all[i], FONT_LETTER);
			font_draw(b, 8, 8, 12, all[k], FONT_LETTER);
			for (unsigned n = 0; n < sizeof a; n++)
				apart += (unsigned)abs(a[n] - b[n]);
			cr_expect_gt(apart, 2 * 255, "%c and %c: %u", all[i], all[k], apart);
		}
	}
}

Test(overlay, is_readable_on_black_and_white_and_between)
{
	for (unsigned luma = 0; luma <= 255; luma += 51) {
		struct frame *f = frame_of(640, 360, (uint8_t)luma);
		struct overlay *o = made(640, 360);
		unsigned light, dark;

		overlay_draw(o, f, OVERLAY_TOP, "museum.example/north-wing 2026-11-22 15:30:00 UTC");
		light = count(f, 190, 240);
		dark = count(f, 14, 60);
		cr_expect_gt(light, 300, "on %u: %u light", luma, light);
		cr_expect_gt(dark, 500, "on %u: %u dark", luma, dark);
		overlay_free(&o);
		frame_free(&f);
	}
}

Test(overlay, stays_where_it_belongs)
{
	static const unsigned sizes[][2] = {{1920, 1080}, {640, 360}, {64, 48}, {16, 16}, {4096, 2304}, {360, 640}, {18, 2000}, {2000, 18}};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		unsigned w = sizes[i][0], h = sizes[i][1], high = h / 28 < 12 ? 12 : h / 28;
		struct overlay *o = made(w, h);

		for (int place = 0; place < OVERLAY_PLACES; place++) {
			struct frame *f = frame_of(w, h, 200);
			unsigned from = h, to = 0;

			overlay_draw(o, f, (enum overlay_place)place, "HHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHHH");
			for (unsigned y = 0; y < h; y++) {
				for (unsigned x = 0; x < w; x++) {
					if (f->plane[0][y * f->stride[0] + x] == 200)
						continue;
					from = y < from ? y : from;
					to = y + 1;
				}
			}
			cr_expect(from < to && to - from <= high + 2, "%ux%u, place %d: %u..%u", w, h, place, from, to);
			if (h > 100 && place == OVERLAY_TOP)
				cr_expect_leq(to, h / 10);
			if (h > 100 && place == OVERLAY_BOTTOM)
				cr_expect_geq(from, h * 9 / 10);
			if (h > 100 && place == OVERLAY_MIDDLE)
				cr_expect(from > h * 4 / 10 && to < h * 6 / 10);
			frame_free(&f);
		}
		overlay_free(&o);
	}
}

Test(overlay, middle_is_on_a_bar_as_wide_as_the_picture)
{
	struct frame *f = frame_of(640, 360, 235);
	struct overlay *o = made(640, 360);

	overlay_draw(o, f, OVERLAY_MIDDLE, "NO PICTURE");
	for (unsigned x = 0; x < 640; x++)
		cr_assert(f->plane[0][180 * f->stride[0] + x] < 120 || (x > 270 && x < 370), "column %u", x);
	for (unsigned x = 0; x < 320; x++)
		cr_assert(f->plane[1][90 * f->stride[1] + x] > 115, "colour shines through");
	cr_expect_gt(count(f, 200, 234), 20);
	overlay_free(&o);
	frame_free(&f);
}

/* Letters of before leave nothing: what was drawn letter by letter is as if drawn at once. */
Test(overlay, changes_of_the_text_are_as_if_it_were_drawn_anew)
{
	static const char *const texts[] = {"cam 15:30:09", "cam 15:30:10", "cam 15:31:10", "", "x", "            ", "CAM 15:31:10", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", "cam"};

	for (int place = 0; place < OVERLAY_PLACES; place++) {
		struct overlay *o = made(320, 180);

		for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
			struct frame *a = frame_of(320, 180, 120), *b = frame_of(320, 180, 120);
			struct overlay *fresh = made(320, 180);

			overlay_draw(o, a, (enum overlay_place)place, texts[i]);
			overlay_draw(fresh, b, (enum overlay_place)place, texts[i]);
			cr_expect(same(a, b), "place %d, text %zu", place, i);
			overlay_free(&fresh);
			frame_free(&a);
			frame_free(&b);
		}
		overlay_free(&o);
	}
}

Test(overlay, levels_give_the_same)
{
	static const unsigned sizes[][2] = {{1918, 1078}, {322, 182}, {34, 30}};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct frame *f[2];

		for (int k = 0; k < 2; k++) {
			struct overlay *o;

			f[k] = frame_of(sizes[i][0], sizes[i][1], 90);
			cr_assert_eq(overlay_new(&o, sizes[i][0], sizes[i][1], k ? cpu_best() : CPU_C), 0);
			for (int place = 0; place < OVERLAY_PLACES; place++)
				overlay_draw(o, f[k], (enum overlay_place)place, "museum.example/north-wing \xc3\xa4 2026-11-22");
			overlay_free(&o);
		}
		cr_expect(same(f[0], f[1]), "%ux%u", sizes[i][0], sizes[i][1]);
		frame_free(&f[0]);
		frame_free(&f[1]);
	}
}

Test(overlay, odd_and_tiny_sizes_are_refused)
{
	static const unsigned sizes[][2] = {{0, 0}, {15, 16}, {16, 14}, {17, 16}, {640, 359}};
	struct overlay *o = NULL;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		cr_expect_eq(overlay_new(&o, sizes[i][0], sizes[i][1], CPU_C), -EINVAL);
	cr_expect_null(o);
	overlay_free(&o);
}

Test(overlay, time_is_utc_to_the_second)
{
	static const struct { int64_t us; const char *text; } cases[] = {
		{0, "1970-01-01 00:00:00 UTC"}, {1795361400999999, "2026-11-22 15:30:00 UTC"}, {951782399000000, "2000-02-28 23:59:59 UTC"}, {-1, "1970-01-01 00:00:00 UTC"},
	};
	char text[OVERLAY_TIME];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		overlay_time(cases[i].us, text);
		cr_expect_str_eq(text, cases[i].text);
	}
}
