/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codec/scale.h"

static struct scale *scale;
static uint8_t *mem[3];

static void teardown(void)
{
	scale_free(&scale);
	for (int i = 0; i < 3; i++) {
		free(mem[i]);
		mem[i] = NULL;
	}
}

TestSuite(scale, .fini = teardown);

/* A picture of one colour; samples are given as 8-bit values. */
static struct picture flat(enum picture_format format, unsigned bits, unsigned w, unsigned h, const unsigned value[3])
{
	struct picture p = {.format = format, .bits = (uint8_t)bits, .width = w, .height = h, .sar_num = 1, .sar_den = 1, .colour = {2, 2, 2}};
	bool narrow = format == PICTURE_420 || format == PICTURE_422, low = format == PICTURE_420;

	for (int i = 0; i < (format == PICTURE_GRAY ? 1 : 3); i++) {
		size_t cols = i && narrow ? (w + 1) / 2 : w, rows = i && low ? (h + 1) / 2 : h, n = cols * rows;

		free(mem[i]);
		mem[i] = malloc(n * 2 + 64);
		for (size_t s = 0; s < n; s++) {
			if (bits > 8)
				((uint16_t *)(void *)mem[i])[s] = (uint16_t)(value[i] << (bits - 8));
			else
				mem[i][s] = (uint8_t)value[i];
		}
		p.plane[i] = mem[i];
		p.stride[i] = (ptrdiff_t)(bits > 8 ? 2 * cols : cols);
	}
	return p;
}

static void check_flat(const char *name, const struct picture *p, const unsigned want[3], int slack)
{
	for (int i = 0; i < 3; i++)
		for (unsigned y = 0; y < (i ? p->height / 2 : p->height); y++)
			for (unsigned x = 0; x < (i ? p->width / 2 : p->width); x++) {
				int got = p->plane[i][y * (size_t)p->stride[i] + x];

				cr_assert_leq(abs(got - (int)want[i]), slack, "%s: plane %d at %u,%u: %d, not %u", name, i, x, y, got, want[i]);
			}
}

Test(scale, one_colour_stays_one_colour_in_every_format)
{
	static const struct {
		const char *name;
		enum picture_format format;
		unsigned bits, in[3], out[3];
		bool full_range;
	} cases[] = {
		{"4:2:0", PICTURE_420, 8, {100, 90, 200}, {100, 90, 200}},
		{"4:2:2", PICTURE_422, 8, {100, 90, 200}, {100, 90, 200}},
		{"4:4:4", PICTURE_444, 8, {100, 90, 200}, {100, 90, 200}},
		{"grey", PICTURE_GRAY, 8, {100}, {100, 128, 128}},
		{"grey 10", PICTURE_GRAY, 10, {100}, {100, 128, 128}},
		{"9 bits", PICTURE_420, 9, {100, 90, 200}, {100, 90, 200}},
		{"10 bits", PICTURE_420, 10, {100, 90, 200}, {100, 90, 200}},
		{"4:2:2 10", PICTURE_422, 10, {100, 90, 200}, {100, 90, 200}},
		{"4:4:4 12", PICTURE_444, 12, {100, 90, 200}, {100, 90, 200}},
		{"14 bits", PICTURE_420, 14, {100, 90, 200}, {100, 90, 200}},
		{"full white", PICTURE_420, 8, {255, 128, 128}, {235, 128, 128}, true},
		{"full black", PICTURE_420, 8, {0, 128, 128}, {16, 128, 128}, true},
		{"full colour", PICTURE_422, 8, {128, 255, 0}, {126, 240, 16}, true},
		{"full grey", PICTURE_GRAY, 8, {255}, {235, 128, 128}, true},
		{"full 10", PICTURE_420, 10, {255, 128, 128}, {235, 128, 128}, true},
		{"RGB white", PICTURE_GBR, 8, {255, 255, 255}, {235, 128, 128}, true},
		{"RGB red", PICTURE_GBR, 8, {0, 0, 255}, {63, 102, 240}, true},
	};
	static const unsigned sizes[][2] = {{640, 360}, {160, 90}, {320, 180}, {1280, 720}};

	cr_assert_eq(scale_new(&scale, 320, 180, cpu_best()), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (size_t n = 0; n < sizeof sizes / sizeof sizes[0]; n++) {
			struct picture in = flat(cases[i].format, cases[i].bits, sizes[n][0], sizes[n][1], cases[i].in), out;

			in.full_range = cases[i].full_range;
			in.pts = 1234;
			in.capture_us = 99;
			cr_assert_eq(scale_run(scale, &in, &out), 0, "%s", cases[i].name);
			cr_assert_eq(out.format, PICTURE_420);
			cr_assert_eq(out.bits, 8);
			cr_assert_eq(out.width, 320);
			cr_assert_eq(out.height, 180);
			cr_assert_eq(out.pts, 1234);
			cr_assert_eq(out.capture_us, 99);
			cr_assert_not(out.full_range);
			check_flat(cases[i].name, &out, cases[i].out, cases[i].bits > 8 || cases[i].full_range ? 1 : 0);
		}
}

Test(scale, keeps_the_shape_between_black_bars)
{
	static const struct {
		const char *name;
		unsigned w, h, sar_num, sar_den;
		unsigned left, top, width, height;  /* of the picture between the bars */
	} cases[] = {
		{"same shape", 1280, 720, 1, 1, 0, 0, 640, 360},
		{"4:3", 640, 480, 1, 1, 80, 0, 480, 360},
		{"wide", 1280, 360, 1, 1, 0, 90, 640, 180},
		{"square", 720, 720, 1, 1, 140, 0, 360, 360},
		{"upright", 360, 640, 1, 1, 218, 0, 202, 360},
		{"nearly", 1920, 1088, 1, 1, 0, 0, 640, 360},
		{"wide pixels", 320, 360, 2, 1, 0, 0, 640, 360},
		{"PAL 16:9", 720, 576, 64, 45, 0, 0, 640, 360},
		{"a lie", 640, 480, 1, 100, 80, 0, 480, 360},
		{"nothing told", 640, 480, 0, 0, 80, 0, 480, 360},
	};
	static const unsigned white[3] = {235, 90, 200};

	cr_assert_eq(scale_new(&scale, 640, 360, cpu_best()), 0);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct picture in = flat(PICTURE_420, 8, cases[i].w, cases[i].h, white), out;
		unsigned left = cases[i].left, top = cases[i].top, right = left + cases[i].width, end = top + cases[i].height;

		in.sar_num = cases[i].sar_num;
		in.sar_den = cases[i].sar_den;
		cr_assert_eq(scale_run(scale, &in, &out), 0);
		for (unsigned y = 0; y < 360; y++)
			for (unsigned x = 0; x < 640; x++) {
				bool inside = x >= left && x < right && y >= top && y < end;

				cr_assert_eq(out.plane[0][y * (size_t)out.stride[0] + x], inside ? 235 : 16, "%s at %u,%u", cases[i].name, x, y);
				cr_assert_eq(out.plane[1][y / 2 * (size_t)out.stride[1] + x / 2], inside ? 90 : 128, "%s", cases[i].name);
				cr_assert_eq(out.plane[2][y / 2 * (size_t)out.stride[2] + x / 2], inside ? 200 : 128, "%s", cases[i].name);
			}
	}
}

Test(scale, passes_through_what_fits)
{
	static const unsigned grey[3] = {90, 100, 110};
	struct picture in, out;

	cr_assert_eq(scale_new(&scale, 320, 180, cpu_best()), 0);
	in = flat(PICTURE_420, 8, 320, 180, grey);
	cr_assert_eq(scale_run(scale, &in, &out), 0);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(out.plane[i], in.plane[i]);
}

static bool shows(const struct picture *p, int luma)
{
	for (unsigned y = 0; y < p->height; y++)
		for (unsigned x = 0; x < p->width; x++)
			if (abs(p->plane[0][y * (size_t)p->stride[0] + x] - luma) <= 1)
				return true;
	return false;
}

Test(scale, takes_any_size_there_is)
{
	static const unsigned side[] = {1, 2, 3, 15, 16, 17, 255, 1081, 4096, 16384};
	static const unsigned grey[3] = {90, 100, 110};
	static const unsigned to[][2] = {{16, 16}, {64, 64}, {640, 360}, {4096, 16}};

	for (size_t t = 0; t < 4; t++) {
		cr_assert_eq(scale_new(&scale, to[t][0], to[t][1], cpu_best()), 0);
		for (size_t i = 0; i < 10; i++)
			for (size_t j = 0; j < 10; j++) {
				struct picture in, out;

				if (side[i] * side[j] > 4096 * 1081)
					continue;
				in = flat(PICTURE_420, 8, side[i], side[j], grey);
				cr_assert_eq(scale_run(scale, &in, &out), 0, "%ux%u to %ux%u", side[i], side[j], to[t][0], to[t][1]);
				cr_assert(shows(&out, 90), "%ux%u to %ux%u", side[i], side[j], to[t][0], to[t][1]);
			}
		scale_free(&scale);
	}
}

Test(scale, refuses_what_cannot_be)
{
	static const unsigned bad[][2] = {{0, 0}, {14, 16}, {16, 14}, {17, 16}, {16, 17}, {4098, 16}, {16, 4098}};
	static const unsigned grey[3] = {90, 100, 110};
	struct picture in, out = {.width = 7};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(scale_new(&scale, bad[i][0], bad[i][1], cpu_best()), -EINVAL);
	cr_assert_null(scale);
	cr_assert_eq(scale_new(&scale, 64, 64, cpu_best()), 0);
	in = flat(PICTURE_420, 8, 32, 32, grey);
	in.width = 0;
	cr_assert_eq(scale_run(scale, &in, &out), -EINVAL);
	in.width = 16385;
	cr_assert_eq(scale_run(scale, &in, &out), -EINVAL);
	in.width = 32;
	in.bits = 11;
	cr_assert_eq(scale_run(scale, &in, &out), -EINVAL);
	in.bits = 7;
	cr_assert_eq(scale_run(scale, &in, &out), -EINVAL);
	cr_assert_eq(out.width, 7);
}

static double wave(double x, double y)
{
	return 128 + 60 * sin(x * 9) + 50 * sin(y * 7 + x * 3);
}

/* What is smooth must come out as if it had been sampled at the new size: the right place, no shift, no ringing. */
Test(scale, puts_a_smooth_picture_where_it_belongs)
{
	static const unsigned sizes[][2] = {{1280, 720}, {1920, 1080}, {960, 540}, {320, 180}};
	static const unsigned grey[3] = {128, 128, 128};

	cr_assert_eq(scale_new(&scale, 640, 360, cpu_best()), 0);
	for (size_t i = 0; i < 4; i++) {
		unsigned w = sizes[i][0], h = sizes[i][1];
		struct picture in = flat(PICTURE_420, 8, w, h, grey), out;
		double sum = 0, psnr;

		for (unsigned y = 0; y < h; y++)
			for (unsigned x = 0; x < w; x++)
				mem[0][y * w + x] = (uint8_t)lround(wave((x + 0.5) / w, (y + 0.5) / h));
		cr_assert_eq(scale_run(scale, &in, &out), 0);
		for (unsigned y = 0; y < 360; y++)
			for (unsigned x = 0; x < 640; x++) {
				double d = out.plane[0][y * (size_t)out.stride[0] + x] - wave((x + 0.5) / 640, (y + 0.5) / 360);

				sum += d * d;
			}
		psnr = 10 * log10(255.0 * 255 * 640 * 360 / sum);
		cr_assert_gt(psnr, 50.0, "from %ux%u: %.1f dB", w, h, psnr);
	}
}
