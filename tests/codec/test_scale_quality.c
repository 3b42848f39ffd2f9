/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How near the scaler comes to its own curve in real numbers, and whether swscale's bicubic comes nearer. */
#include <criterion/criterion.h>
#include <libavutil/pixfmt.h>
#include <libswscale/swscale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codec/frame.h"
#include "codec/scale.h"

static double curve(double x)
{
	const double a = -0.6;

	x = fabs(x);
	if (x >= 2)
		return 0;
	return x < 1 ? (a + 2) * x * x * x - (a + 3) * x * x + 1 : a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a;
}

/* One line of n samples, `step` apart, to one of m; a sample lies at `at` in its cell. */
static void resample(const double *from, unsigned n, size_t step, double *to, unsigned m, size_t to_step, double at)
{
	double ratio = (double)n / m, wide = ratio > 1 ? ratio : 1;

	for (unsigned i = 0; i < m; i++) {
		double pos = (i + at) * ratio - at, sum = 0, all = 0;

		for (int k = (int)floor(pos - 2 * wide) + 1; k <= (int)ceil(pos + 2 * wide) - 1; k++) {
			double w = curve((k - pos) / wide);

			sum += w * from[(size_t)(k < 0 ? 0 : k >= (int)n ? (int)n - 1 : k) * step];
			all += w;
		}
		to[i * to_step] = sum / all;
	}
}

static double *reference(const struct frame *in, int plane, unsigned width, unsigned height)
{
	unsigned w = in->width[plane], h = in->height[plane];
	double *from = malloc(sizeof *from * w * h), *down = malloc(sizeof *down * w * height), *to = malloc(sizeof *to * width * height);

	cr_assert(from && down && to);
	for (unsigned y = 0; y < h; y++)
		for (unsigned x = 0; x < w; x++)
			from[y * w + x] = in->plane[plane][y * in->stride[plane] + x];
	for (unsigned x = 0; x < w; x++)
		resample(from + x, h, w, down + x, height, w, 0.5);
	for (unsigned y = 0; y < height; y++)
		resample(down + y * w, w, 1, to + y * width, width, 1, plane ? 0.25 : 0.5);  /* chroma on the left: H.264 E.2.1 */
	free(from);
	free(down);
	return to;
}

static double psnr(const double *truth, const struct picture *p, int plane)
{
	unsigned w = plane ? p->width / 2 : p->width, h = plane ? p->height / 2 : p->height;
	double sum = 0;

	for (unsigned y = 0; y < h; y++)
		for (unsigned x = 0; x < w; x++) {
			double v = fmin(fmax(truth[y * w + x], 0), 255) - p->plane[plane][(ptrdiff_t)y * p->stride[plane] + x];

			sum += v * v;
		}
	return 10 * log10(255.0 * 255 * w * h / sum);
}

/* Soft shades, a slanting texture that gets finer to the right, discs, thin bright lines and some noise. */
static void draw(struct frame *f)
{
	uint32_t noise = 1;

	for (int i = 0; i < 3; i++)
		for (unsigned y = 0; y < f->height[i]; y++)
			for (unsigned x = 0; x < f->width[i]; x++) {
				double u = (x + 0.5) / f->width[i], v = (y + 0.5) / f->height[i], cx = fmod(u * 5, 1) - 0.5, cy = fmod(v * 4, 1) - 0.5;
				double value = 120 + 50 * sin(u * 3) * cos(v * 4) + 30 * sin(x * (0.1 + 1.2 * u) + y * 0.7);

				if (cx * cx + cy * cy < 0.06)
					value += 70;
				if ((x / 3 + y / 5) % 17 == 0)
					value = 235 - value / 4;
				noise = noise * 1664525 + 1013904223;
				value += (int)(noise >> 16) % 5 - 2;
				f->plane[i][y * f->stride[i] + x] = (uint8_t)lround(fmin(fmax(value, 0), 255));
			}
}

static void by_swscale(const struct frame *in, struct frame *out)
{
	struct SwsContext *sws = sws_getContext((int)in->width[0], (int)in->height[0], AV_PIX_FMT_YUV420P,
		(int)out->width[0], (int)out->height[0], AV_PIX_FMT_YUV420P, SWS_BICUBIC | SWS_ACCURATE_RND, NULL, NULL, NULL);
	const uint8_t *src[4] = {in->plane[0], in->plane[1], in->plane[2]};
	uint8_t *dst[4] = {out->plane[0], out->plane[1], out->plane[2]};
	int from[4], to[4];

	cr_assert_not_null(sws);
	for (int i = 0; i < 3; i++) {
		from[i] = (int)in->stride[i];
		to[i] = (int)out->stride[i];
	}
	sws_scale(sws, src, from, 0, (int)in->height[0], dst, to);
	sws_freeContext(sws);
}

Test(scale_quality, is_within_a_tenth_of_a_decibel_of_swscale)
{
	static const unsigned sizes[][4] = {
		{960, 540, 640, 360}, {960, 540, 320, 180}, {640, 360, 320, 180}, {960, 540, 426, 240}, {500, 282, 424, 240},
		{320, 180, 640, 360}, {360, 200, 640, 356}, {640, 360, 638, 358}, {1920, 264, 320, 44}, {768, 432, 96, 54},
	};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		const unsigned *n = sizes[i];
		struct scale *scale;
		struct frame *in, *theirs;
		struct picture ours;

		cr_assert_eq(frame_new(&in, n[0], n[1]), 0);
		cr_assert_eq(frame_new(&theirs, n[2], n[3]), 0);
		cr_assert_eq(scale_new(&scale, n[2], n[3], cpu_best()), 0);
		draw(in);
		cr_assert_eq(scale_run(scale, &in->picture, &ours), 0);
		by_swscale(in, theirs);
		for (int plane = 0; plane < 3; plane++) {
			double *truth = reference(in, plane, plane ? n[2] / 2 : n[2], plane ? n[3] / 2 : n[3]);
			double mine = psnr(truth, &ours, plane), swscale = psnr(truth, &theirs->picture, plane);

			cr_assert_geq(mine, swscale - 0.1, "%ux%u to %ux%u, plane %d: %.2f dB, swscale %.2f", n[0], n[1], n[2], n[3], plane, mine, swscale);
			cr_assert_geq(mine, 58.5, "%ux%u to %ux%u, plane %d: %.2f dB", n[0], n[1], n[2], n[3], plane, mine);
			free(truth);
		}
		scale_free(&scale);
		frame_free(&in);
		frame_free(&theirs);
	}
}

/* A line of one level must stay at that level, whatever the ratio: nothing is lost in rounding. */
Test(scale_quality, one_level_stays_that_level_at_any_ratio)
{
	static const unsigned widths[] = {66, 100, 130, 250, 334, 640, 1000, 2046};

	for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++)
		for (unsigned to = 128; to <= 1024; to += 128) {
			struct scale *scale;
			struct frame *in;
			struct picture out;

			if (widths[i] > 4 * to || to > 4 * widths[i])
				continue;  /* no pixels have that shape */
			cr_assert_eq(frame_new(&in, widths[i], 64), 0);
			cr_assert_eq(scale_new(&scale, to, 64, cpu_best()), 0);
			in->picture.sar_num = to;
			in->picture.sar_den = widths[i];
			for (int level = 0; level < 256; level += 51) {
				for (int k = 0; k < 3; k++)
					memset(in->plane[k], level, in->stride[k] * in->height[k]);
				cr_assert_eq(scale_run(scale, &in->picture, &out), 0);
				for (unsigned x = 0; x < to; x++)
					cr_assert_eq(out.plane[0][32 * (size_t)out.stride[0] + x], level, "%u to %u, at %u", widths[i], to, x);
			}
			scale_free(&scale);
			frame_free(&in);
		}
}
