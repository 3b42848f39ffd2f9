/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codec/denoise.h"
#include "codec/frame.h"

#define W 320
#define H 192
#define SETTLED 40    /* pictures after which means are means */
#define BOX_W 40
#define BOX_H 60
#define BOX_Y 66
#define NOISES 1024
#define CROSSING 60   /* pictures of it */

static struct denoise *denoise;
static struct frame *clean, *noisy;
static struct picture out;
static uint32_t seed;
static int8_t noises[NOISES];

static void start(enum denoise_strength strength)
{
	denoise_free(&denoise);
	cr_assert_eq(denoise_new(&denoise, W, H, strength, cpu_best()), 0);
}

static void setup(void)
{
	seed = 1;
	start(DENOISE_MEDIUM);
	cr_assert_eq(frame_new(&clean, W, H), 0);
	cr_assert_eq(frame_new(&noisy, W, H), 0);
}

static void teardown(void)
{
	denoise_free(&denoise);
	frame_free(&clean);
	frame_free(&noisy);
}

TestSuite(denoise, .init = setup, .fini = teardown);

static uint32_t random_bits(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

/* About normal. */
static void make_noise(int level)
{
	for (int n = 0; n < NOISES; n++) {
		int sum = 0;

		for (int i = 0; i < 12; i++)
			sum += (int)(random_bits() >> 8 & 0xff);
		noises[n] = (int8_t)((sum - 12 * 255 / 2) * level / 256);
	}
}

static void paint_scene(void)
{
	for (int i = 0; i < 3; i++)
		for (unsigned y = 0; y < clean->height[i]; y++)
			for (unsigned x = 0; x < clean->width[i]; x++)
				clean->plane[i][y * clean->stride[i] + x] = (uint8_t)(i ? 120 + x / 16 : 60 + x / 8 + y / 8 + (x / 32 + y / 32) % 2 * 30);
}

static void paint_box(unsigned left, int add)
{
	for (int i = 0; i < 3; i++)
		for (unsigned y = BOX_Y; y < BOX_Y + BOX_H; y++)
			for (unsigned x = left; x < left + BOX_W; x++)
				if (!i || (y % 2 == 0 && x % 2 == 0))
					clean->plane[i][(i ? y / 2 : y) * clean->stride[i] + (i ? x / 2 : x)] += (uint8_t)(i ? add / 4 : add);
}

static void run(void)
{
	for (int i = 0; i < 3; i++)
		for (unsigned y = 0; y < clean->height[i]; y++)
			for (unsigned x = 0; x < clean->width[i]; x++) {
				int v = clean->plane[i][y * clean->stride[i] + x] + noises[random_bits() >> 8 & (NOISES - 1)];

				noisy->plane[i][y * noisy->stride[i] + x] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
			}
	denoise_run(denoise, &noisy->picture, &out);
}

/* Root of the mean square of what differs from the clean picture in a part of a plane. */
static double error_of(const struct picture *p, int plane, unsigned x, unsigned y, unsigned w, unsigned h)
{
	double sum = 0;

	for (unsigned j = y; j < y + h; j++)
		for (unsigned i = x; i < x + w; i++) {
			double d = p->plane[plane][(ptrdiff_t)j * p->stride[plane] + i] - clean->plane[plane][j * clean->stride[plane] + i];

			sum += d * d;
		}
	return sqrt(sum / (w * h));
}

Test(denoise, settings_that_cannot_be_are_refused)
{
	static const struct {
		unsigned w, h;
		enum denoise_strength strength;
	} bad[] = {{14, 16, 1}, {16, 14, 1}, {17, 16, 1}, {16, 17, 1}, {4098, 16, 1}, {16, 4098, 1}, {16, 16, DENOISE_OFF}, {16, 16, DENOISE_STRENGTHS}};
	struct denoise *d = NULL;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(denoise_new(&d, bad[i].w, bad[i].h, bad[i].strength, CPU_C), -EINVAL, "%zu", i);
	cr_assert_null(d);
	denoise_free(&d);
}

/* What goes beside the pixels goes through, and a picture without noise stays as it is. */
Test(denoise, leaves_a_clean_still_picture_alone)
{
	make_noise(0);
	paint_scene();
	noisy->picture.pts = 1234;
	noisy->picture.capture_us = 5678;
	noisy->picture.sar_num = 4;
	for (int i = 0; i < SETTLED; i++)
		run();
	cr_assert_eq(out.pts, 1234);
	cr_assert_eq(out.capture_us, 5678);
	cr_assert_eq(out.sar_num, 4);
	for (int i = 0; i < 3; i++)
		cr_assert_lt(error_of(&out, i, 0, 0, i ? W / 2 : W, i ? H / 2 : H), 0.7, "plane %d: %f", i, error_of(&out, i, 0, 0, i ? W / 2 : W, i ? H / 2 : H));
}

Test(denoise, takes_away_noise)
{
	static const struct {
		enum denoise_strength strength;
		int noise;
		double left;         /* of the noise, at most */
	} cases[] = {
		{DENOISE_LOW, 4, 0.65}, {DENOISE_MEDIUM, 4, 0.4}, {DENOISE_HIGH, 4, 0.35},
		{DENOISE_LOW, 8, 0.7}, {DENOISE_MEDIUM, 8, 0.6}, {DENOISE_HIGH, 8, 0.45},
		{DENOISE_HIGH, 14, 0.6},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		start(cases[i].strength);
		make_noise(cases[i].noise);
		paint_scene();
		for (int n = 0; n < SETTLED; n++)
			run();
		for (int p = 0; p < 3; p++) {
			unsigned w = clean->width[p], h = clean->height[p];
			double before = error_of(&noisy->picture, p, 0, 0, w, h), after = error_of(&out, p, 0, 0, w, h);

			cr_assert_lt(after, before * cases[i].left, "strength %d, noise %d, plane %d: %f of %f", (int)cases[i].strength, cases[i].noise, p, after,
				before);
		}
	}
}

struct ghost {
	int noise, add;
	unsigned step;
};

/* A box crosses the picture: what it leaves behind is right in the very next picture, but for noise, and at its edges nothing is worse than it was. */
static void cross(const struct ghost *g, enum denoise_strength strength)
{
	double behind = 0, behind_noisy = 0, near = 0, near_noisy = 0;
	unsigned left = 16, n = 0;

	start(strength);
	make_noise(g->noise);
	paint_scene();
	paint_box(left, g->add);
	for (int i = 0; i < SETTLED; i++)
		run();
	for (; n < CROSSING && left + g->step + BOX_W + 20 < W; left += g->step, n++) {
		paint_scene();
		paint_box(left + g->step, g->add);
		run();
		behind += pow(error_of(&out, 0, left, BOX_Y, g->step, BOX_H), 2);
		behind_noisy += pow(error_of(&noisy->picture, 0, left, BOX_Y, g->step, BOX_H), 2);
		near += pow(error_of(&out, 0, left + g->step - 8, BOX_Y, BOX_W + 16, BOX_H), 2);
		near_noisy += pow(error_of(&noisy->picture, 0, left + g->step - 8, BOX_Y, BOX_W + 16, BOX_H), 2);
	}
	cr_assert_leq(sqrt(behind / n), sqrt(behind_noisy / n) * 1.25 + 0.5, "noise %d, box of %d, %u a picture, strength %d: behind it %f, noise %f", g->noise, g->add,
		g->step, (int)strength, sqrt(behind / n), sqrt(behind_noisy / n));
	cr_assert_leq(sqrt(near / n), sqrt(near_noisy / n) + 0.3, "noise %d, box of %d, %u a picture, strength %d: near it %f, noise %f", g->noise, g->add,
		g->step, (int)strength, sqrt(near / n), sqrt(near_noisy / n));
}

Test(denoise, no_ghost_behind_a_moving_edge)
{
	static const int noise[] = {0, 3, 8}, add[] = {20, 40, 100};
	static const unsigned step[] = {1, 2, 3, 5, 8, 16};

	for (size_t n = 0; n < 3; n++)
		for (size_t a = 0; a < 3; a++)
			for (size_t s = 0; s < 6; s++)
				for (int strength = DENOISE_LOW; strength < DENOISE_STRENGTHS; strength++)
					cross(&(struct ghost){noise[n], add[a], step[s]}, (enum denoise_strength)strength);
}

/* Nothing of what was before is in the first picture after a cut, told or not. */
Test(denoise, begins_anew_after_a_cut)
{
	for (int told = 0; told < 2; told++) {
		start(DENOISE_HIGH);
		make_noise(6);
		paint_scene();
		for (int i = 0; i < SETTLED; i++)
			run();
		for (unsigned y = 0; y < H; y++)
			for (unsigned x = 0; x < W; x++)
				clean->plane[0][y * clean->stride[0] + x] = (uint8_t)(255 - clean->plane[0][y * clean->stride[0] + x]);
		if (told)
			denoise_forget(denoise);
		run();
		cr_assert_lt(error_of(&out, 0, 0, 0, W, H), error_of(&noisy->picture, 0, 0, 0, W, H) + 0.2, "told: %d", told);
	}
}

/* Light that falls by two levels a second is followed. */
Test(denoise, slow_light_is_followed)
{
	make_noise(4);
	paint_scene();
	for (unsigned i = 0; i < 250; i++) {
		if (i > SETTLED && i % 12 == 0)
			for (unsigned y = 0; y < H; y++)
				for (unsigned x = 0; x < W; x++)
					clean->plane[0][y * clean->stride[0] + x]--;
		run();
		if (i > SETTLED)
			cr_assert_lt(error_of(&out, 0, 0, 0, W, H), 2.5, "picture %u: %f", i, error_of(&out, 0, 0, 0, W, H));
	}
}
