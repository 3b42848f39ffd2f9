/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/mask.h"

#define W 640
#define H 360

static uint32_t seed;

static uint8_t noise(void)
{
	seed = seed * 1664525 + 1013904223;
	return (uint8_t)(seed >> 24);
}

static struct frame *frame_of_noise(unsigned width, unsigned height, uint32_t from)
{
	struct frame *f;

	cr_assert_eq(frame_new(&f, width, height), 0);
	seed = from;
	for (int i = 0; i < 3; i++)
		for (size_t k = 0; k < f->stride[i] * f->height[i]; k++)
			f->plane[i][k] = noise();
	f->picture.pts = 0;
	return f;
}

static struct masks *made(const struct mask *m, unsigned n, unsigned width, unsigned height)
{
	struct masks *s;

	cr_assert_eq(masks_new(&s, m, n, width, height, cpu_best()), 0);
	return s;
}

static uint8_t at(const struct frame *f, int plane, unsigned x, unsigned y)
{
	return f->plane[plane][y * f->stride[plane] + x];
}

static bool same(const struct frame *a, const struct frame *b)
{
	for (int i = 0; i < 3; i++)
		for (unsigned y = 0; y < a->height[i]; y++)
			if (memcmp(a->plane[i] + y * a->stride[i], b->plane[i] + y * b->stride[i], a->width[i]))
				return false;
	return true;
}

Test(mask, only_what_is_inside_the_picture_is_good)
{
	static const struct { struct mask m; bool good; } cases[] = {
		{{0, 0, 10000, 10000, MASK_SOLID}, true}, {{9999, 9999, 1, 1, MASK_MOSAIC}, true}, {{0, 0, 0, 1, MASK_SOLID}, false},
		{{0, 0, 1, 0, MASK_SOLID}, false}, {{1, 0, 10000, 1, MASK_SOLID}, false}, {{0, 1, 1, 10000, MASK_SOLID}, false},
		{{65535, 0, 1, 1, MASK_SOLID}, false}, {{0, 0, 1, 65535, MASK_SOLID}, false}, {{0, 0, 1, 1, MASK_STYLES}, false},
	};
	struct masks *s = NULL;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_expect_eq(mask_is_good(&cases[i].m), cases[i].good, "case %zu", i);
		cr_expect_eq(masks_new(&s, &cases[i].m, 1, W, H, CPU_C), cases[i].good ? 0 : -EINVAL, "case %zu", i);
		cr_expect_eq(!!s, cases[i].good, "case %zu", i);
		if (s)
			masks_free(&s);
	}
	cr_expect_eq(masks_new(&s, &cases[0].m, 0, W, H, CPU_C), -EINVAL);
	cr_expect_eq(masks_new(&s, &cases[0].m, MASKS_MAX + 1, W, H, CPU_C), -EINVAL);
	cr_expect_eq(masks_new(&s, &cases[0].m, 1, W + 1, H, CPU_C), -EINVAL);
	cr_expect_eq(masks_new(&s, &cases[0].m, 1, W, 0, CPU_C), -EINVAL);
	masks_free(&s);
}

/* Each case: which pixels are covered, by hand. */
Test(mask, covers_outward_to_whole_blocks_and_nothing_else)
{
	static const struct { struct mask m; unsigned x0, y0, x1, y1; } cases[] = {
		{{0, 0, 10000, 10000, 0}, 0, 0, W, H}, {{0, 0, 1, 1, 0}, 0, 0, 2, 2}, {{9999, 9999, 1, 1, 0}, W - 2, H - 2, W, H},
		{{5000, 5000, 2500, 2500, 0}, 320, 180, 480, 270},
		{{5001, 5001, 2500, 2500, 0}, 320, 180, 482, 272},   /* 320.06 .. 480.06, 180.04 .. 270.04 */
		{{4999, 4999, 1, 1, 0}, 318, 178, 320, 180},         /* 319.94 .. 320, 179.96 .. 180 */
		{{3333, 1111, 1234, 4321, 0}, 212, 38, 294, 196},    /* 213.3 .. 292.3, 39.996 .. 195.55 */
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (int style = 0; style < MASK_STYLES; style++) {
			struct frame *f = frame_of_noise(W, H, 1), *was = frame_of_noise(W, H, 1);
			struct mask m = cases[i].m;
			struct masks *s;
			unsigned kept = 0, wrong = 0;

			m.style = (uint8_t)style;
			s = made(&m, 1, W, H);
			masks_draw(s, f);
			for (int p = 0; p < 3; p++) {
				unsigned sub = p ? 2 : 1;

				for (unsigned y = 0; y < f->height[p]; y++) {
					for (unsigned x = 0; x < f->width[p]; x++) {
						bool in = x >= cases[i].x0 / sub && x < cases[i].x1 / sub && y >= cases[i].y0 / sub && y < cases[i].y1 / sub;

						if (!in)
							wrong += at(f, p, x, y) != at(was, p, x, y);
						else if (style == MASK_SOLID)
							wrong += at(f, p, x, y) != (p ? 128 : 16);
						else
							kept += at(f, p, x, y) == at(was, p, x, y);
					}
				}
			}
			cr_expect_eq(wrong, 0, "case %zu, style %d: %u", i, style, wrong);
			cr_expect_leq(kept, W * H * 3 / 2 / 50, "case %zu: %u", i, kept);
			masks_free(&s);
			frame_free(&f);
			frame_free(&was);
		}
	}
}

/* Two pixels of a tile change places: its mean stays. */
Test(mask, mosaic_tells_of_a_tile_nothing_but_its_rounded_mean)
{
	static const struct mask m = {1000, 1000, 6000, 7000, MASK_MOSAIC};
	struct frame *a = frame_of_noise(W, H, 5), *b = frame_of_noise(W, H, 5);
	struct masks *s = made(&m, 1, W, H), *t = made(&m, 1, W, H);
	unsigned side = 48;                  /* (6000 of 640) / 8 */

	for (int i = 0; i < 3; i++) {
		unsigned sub = i ? 2 : 1, x = 64 / sub, y = 36 / sub, n = side / sub;

		for (unsigned k = 0; k < n / 2; k++) {
			uint8_t *p = b->plane[i] + (y + k) * b->stride[i] + x, *q = b->plane[i] + (y + n - 1 - k) * b->stride[i] + x;

			for (unsigned c = 0; c < n; c++) {
				uint8_t was = p[c];

				p[c] = q[n - 1 - c];
				q[n - 1 - c] = was;
			}
		}
	}
	cr_assert(!same(a, b));
	masks_draw(s, a);
	masks_draw(t, b);
	cr_expect(same(a, b));
	/* And what is told: 32 steps of luma, 16 of chroma. */
	for (unsigned y = 36; y < 36 + 252; y++)
		for (unsigned x = 64; x < 64 + 384; x++)
			cr_assert(at(a, 0, x, y) % 8 == 4 && at(a, 1, x / 2, y / 2) % 16 == 0 && at(a, 2, x / 2, y / 2) % 16 == 0);
	masks_free(&s);
	masks_free(&t);
	frame_free(&a);
	frame_free(&b);
}

/* The narrowest and the shortest run of one colour in a row and a column of a mosaic of gradients. */
static void find_tiles(const struct frame *f, unsigned x0, unsigned y0, unsigned x1, unsigned y1, unsigned *ret_wide, unsigned *ret_high)
{
	unsigned run = 0;

	*ret_wide = *ret_high = 100000;
	for (unsigned x = x0; x < x1; x++) {
		run++;
		if (x + 1 == x1 || at(f, 0, x, y0) != at(f, 0, x + 1, y0)) {
			*ret_wide = run < *ret_wide ? run : *ret_wide;
			run = 0;
		}
	}
	for (unsigned y = y0; y < y1; y++) {
		run++;
		if (y + 1 == y1 || at(f, 0, x0, y) != at(f, 0, x0, y + 1)) {
			*ret_high = run < *ret_high ? run : *ret_high;
			run = 0;
		}
	}
}

Test(mask, tiles_are_coarse_everywhere)
{
	static const struct { struct mask m; unsigned width, height, least; } cases[] = {
		{{0, 0, 10000, 10000, MASK_MOSAIC}, 1920, 1080, 134}, {{100, 100, 1000, 1000, MASK_MOSAIC}, 1920, 1080, 80},
		{{0, 0, 9999, 5000, MASK_MOSAIC}, 640, 360, 80}, {{5000, 5000, 1111, 1111, MASK_MOSAIC}, 640, 360, 26}, {{0, 0, 10000, 10000, MASK_MOSAIC}, 64, 64, 16},
		{{1000, 1000, 8000, 300, MASK_MOSAIC}, 1280, 720, 22}, {{0, 0, 3000, 3000, MASK_MOSAIC}, 360, 640, 18},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		unsigned w = cases[i].width, h = cases[i].height, wide, high;
		const struct mask *m = &cases[i].m;
		struct frame *f = frame_of_noise(w, h, 1);
		struct masks *s = made(m, 1, w, h);

		for (unsigned y = 0; y < h; y++)
			for (unsigned x = 0; x < w; x++)
				f->plane[0][y * f->stride[0] + x] = (uint8_t)(x * 40 / 16 + y * 40 / 16);
		masks_draw(s, f);
		find_tiles(f, m->x * w / 10000 + 1, m->y * h / 10000 + 1, (m->x + m->width) * w / 10000, (m->y + m->height) * h / 10000, &wide, &high);
		cr_expect_geq(wide + 2, cases[i].least, "case %zu: %u wide", i, wide);
		cr_expect_geq(high + 2, cases[i].least < h * m->height / 10000 ? cases[i].least : h * m->height / 10000, "case %zu: %u high", i, high);
		masks_free(&s);
		frame_free(&f);
	}
}

/* One who walks behind a mosaic for ten seconds, 25 pictures a second, is told in three pictures of it. */
Test(mask, mosaic_is_renewed_seldom_whatever_the_clock_does)
{
	static const struct { int64_t step; unsigned pictures, changes; } cases[] = {
		{3600, 250, 2}, {90000, 11, 2}, {MOSAIC_RENEW_90K, 5, 4}, {10 * MOSAIC_RENEW_90K, 5, 4}, {0, 100, 0}, {-3600, 1000, 0}, {-10 * MOSAIC_RENEW_90K, 20, 0},
	};
	static const struct mask m = {0, 0, 5000, 5000, MASK_MOSAIC};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct masks *s = made(&m, 1, W, H);
		uint8_t last = 0;
		unsigned changes = 0;

		for (unsigned k = 0; k < cases[i].pictures; k++) {
			struct frame *f = frame_of_noise(W, H, 3);

			for (unsigned y = 0; y < H; y++)
				memset(f->plane[0] + y * f->stride[0], (int)(16 + k * 8 % 208), W);
			f->picture.pts = 900000 + (int64_t)k * cases[i].step;
			masks_draw(s, f);
			changes += k > 0 && at(f, 0, 7, 7) != last;
			last = at(f, 0, 7, 7);
			frame_free(&f);
		}
		cr_expect_eq(changes, cases[i].changes, "case %zu: %u", i, changes);
		masks_free(&s);
	}
}

Test(mask, mosaic_sees_nothing_of_what_a_solid_one_covers)
{
	static const struct mask m[] = {{0, 0, 10000, 10000, MASK_MOSAIC}, {2000, 2000, 3000, 3000, MASK_SOLID}};
	struct frame *a = frame_of_noise(W, H, 5), *b = frame_of_noise(W, H, 5);
	struct masks *s = made(m, 2, W, H), *t = made(m, 2, W, H);

	for (unsigned y = 72; y < 180; y++)
		memset(b->plane[0] + y * b->stride[0] + 128, 255, 192);
	masks_draw(s, a);
	masks_draw(t, b);
	cr_expect(same(a, b));
	masks_free(&s);
	masks_free(&t);
	frame_free(&a);
	frame_free(&b);
}

Test(mask, levels_and_extremes_give_the_same)
{
	static const struct mask m[] = {{0, 0, 3333, 10000, MASK_MOSAIC}, {4000, 17, 5999, 8123, MASK_MOSAIC}, {9000, 9000, 1000, 1000, MASK_SOLID}};

	for (int fill = 0; fill <= 510; fill += 255) {
		struct frame *f[2];

		for (int i = 0; i < 2; i++) {
			struct masks *s;

			f[i] = frame_of_noise(1918, 1078, 9);
			for (int p = 0; p < 3 && fill <= 255; p++)
				memset(f[i]->plane[p], fill, f[i]->stride[p] * f[i]->height[p]);
			cr_assert_eq(masks_new(&s, m, 3, 1918, 1078, i ? cpu_best() : CPU_C), 0);
			masks_draw(s, f[i]);
			masks_free(&s);
		}
		cr_expect(same(f[0], f[1]), "%d", fill);
		if (fill == 0)
			cr_expect(at(f[0], 0, 5, 5) == 4 && at(f[0], 1, 5, 5) == 0);
		if (fill == 255)
			cr_expect(at(f[0], 0, 5, 5) == 240 && at(f[0], 1, 5, 5) == 240);
		frame_free(&f[0]);
		frame_free(&f[1]);
	}
}

Test(mask, solid_is_black_in_either_range)
{
	static const struct mask m = {0, 0, 1000, 1000, MASK_SOLID};
	struct frame *f = frame_of_noise(W, H, 1);
	struct masks *s = made(&m, 1, W, H);

	f->picture.full_range = true;
	masks_draw(s, f);
	cr_expect(at(f, 0, 0, 0) == 0 && at(f, 1, 0, 0) == 128);
	masks_free(&s);
	frame_free(&f);
}
