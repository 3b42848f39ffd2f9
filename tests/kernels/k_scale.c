/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kernels/kernels.h"

#include <libavutil/pixfmt.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/scale.h"
#include "codec/scale_plane.h"

#define GAP 0xa5  /* between the lines of what is written */

struct plane {
	struct guarded memory;
	size_t stride;
	unsigned width, height;
};

static void plane_new(struct plane *p, unsigned width, unsigned height, unsigned apart, enum guard where)
{
	p->stride = width + apart;
	p->width = width;
	p->height = height;
	guarded_new(&p->memory, p->stride * (height - 1) + width, where);
	memset(p->memory.p, GAP, p->memory.len);
}

static bool gaps_are_whole(const struct plane *p)
{
	for (unsigned y = 0; y + 1 < p->height; y++)
		for (size_t x = p->width; x < p->stride; x++)
			if (p->memory.p[y * p->stride + x] != GAP)
				return failed("wrote behind line %u", y);
	return true;
}

struct tables {
	struct scale_filter *across, *down;
	void *table, *scratch;
};

static void tables_new(struct tables *t, unsigned from_w, unsigned from_h, unsigned to_w, unsigned to_h, unsigned at, unsigned gain)
{
	struct scale_axis across = {.from = from_w, .to = to_w, .step_num = from_w, .step_den = to_w, .at_from = at, .at_to = at,
		.gain_num = 1, .gain_den = 1};
	struct scale_axis down = {.from = from_h, .to = to_h, .step_num = from_h, .step_den = to_h, .at_from = SCALE_AT_CENTRE,
		.at_to = SCALE_AT_CENTRE, .gain_num = 1, .gain_den = 1};
	bool across_first = scale_plane_across_first(&across);
	struct scale_axis *first = across_first ? &across : &down;
	size_t n;

	first->gain_num = gain;
	first->gain_den = 255;
	if ((across_first ? scale_filter_pairs(&t->across, first) : scale_filter_pairs_down(&t->down, first)) ||
	    scale_filter_weights(across_first ? &t->down : &t->across, across_first ? &down : &across))
		exit(2);
	if (scale_table_new(&t->table, t->across))
		exit(2);
	n = scale_plane_scratch(t->across, t->down);
	t->scratch = aligned_alloc(64, n);
	if (!t->scratch)
		exit(2);
	memset(t->scratch, GAP, n);
}

static void tables_free(struct tables *t)
{
	scale_filter_free(&t->across);
	scale_filter_free(&t->down);
	free(t->table);
	free(t->scratch);
}

static void run_plane(const struct tables *t, const struct plane *from, struct plane *to, int bias, enum cpu_level cpu)
{
	struct scale_plane p = {.across = t->across, .down = t->down, .bias = bias, .from = from->memory.p,
		.from_stride = (ptrdiff_t)from->stride, .to = to->memory.p, .to_stride = to->stride, .table = t->table, .scratch = t->scratch};

	scale_plane(&p, cpu);
}

/* One size to another, from every content, on both sides of a guard page. */
static bool same_at(enum cpu_level cpu, const unsigned size[4], unsigned apart, enum guard where)
{
	static const struct {
		unsigned at, gain;
		int bias;
	} kinds[] = {{SCALE_AT_CENTRE, 255, SCALE_PLANE_HALF}, {SCALE_AT_LEFT, 224, SCALE_PLANE_HALF + 996}};
	struct plane from, truth, got;
	bool good = true;
	char what[64];

	snprintf(what, sizeof what, "%ux%u to %ux%u", size[0], size[1], size[2], size[3]);
	plane_new(&from, size[0], size[1], apart, where);
	plane_new(&truth, size[2], size[3], 0, GUARD_BEHIND);
	plane_new(&got, size[2], size[3], apart, where);
	for (size_t k = 0; k < 2 && good; k++) {
		struct tables t;

		tables_new(&t, size[0], size[1], size[2], size[3], kinds[k].at, kinds[k].gain);
		for (int how = 0; how < FILLS && good; how++) {
			fill_plane(from.memory.p, from.stride, size[0], size[1], (enum fill)how, size[2] + k);
			run_plane(&t, &from, &truth, kinds[k].bias, CPU_C);
			run_plane(&t, &from, &got, kinds[k].bias, cpu);
			good = same_plane(what, got.memory.p, (ptrdiff_t)got.stride, truth.memory.p, (ptrdiff_t)truth.stride, size[2], size[3]) &&
				gaps_are_whole(&got);
		}
		tables_free(&t);
	}
	guarded_free(&from.memory);
	guarded_free(&truth.memory);
	guarded_free(&got.memory);
	return good;
}

/* From wide enough to be read in vectors to what is just not, and both ways; heights around the band of lines; ratios to the limit. */
static bool all_sizes(enum cpu_level cpu)
{
	static const unsigned sizes[][4] = {
		{1, 1, 1, 1}, {1, 1, 40, 40}, {2, 3, 16, 33}, {63, 40, 40, 31}, {64, 40, 16, 32}, {64, 64, 15, 17}, {65, 33, 17, 33},
		{95, 35, 31, 34}, {96, 47, 33, 15}, {97, 48, 64, 16}, {127, 49, 65, 17}, {128, 96, 128, 96}, {129, 97, 255, 191},
		{240, 90, 160, 60}, {240, 90, 120, 45}, {240, 90, 80, 30}, {240, 90, 60, 22}, {160, 60, 240, 90}, {80, 30, 240, 90},
		{256, 64, 16, 4}, {257, 64, 17, 5}, {287, 65, 143, 66}, {288, 20, 20, 288}, {300, 200, 299, 201}, {320, 50, 1000, 31},
		{511, 16, 512, 16}, {96, 30, 32, 10}, {201, 36, 67, 12}, {303, 9, 101, 3}, {2160, 12, 720, 4}, {4242, 6, 1414, 2}, {513, 16, 33, 1}, {520, 1, 260, 1}, {1000, 31, 320, 50}, {1024, 66, 64, 130},
	};
	static const unsigned apart[] = {0, 1, 37, 64};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (size_t k = 0; k < sizeof apart / sizeof apart[0]; k++)
			for (int where = 0; where < GUARDS; where++)
				if (!same_at(cpu, sizes[i], apart[k], (enum guard)where))
					return false;
	return true;
}

/* Any ratio that comes: odd numbers from a fixed seed. */
static bool random_sizes(enum cpu_level cpu)
{
	uint32_t seed = 4711;

	for (int i = 0; i < 60; i++) {
		unsigned w = 1 + random_next(&seed) % 400, h = 1 + random_next(&seed) % 120;
		unsigned to_w = (w + 15) / 16 + random_next(&seed) % 400, to_h = (h + 15) / 16 + random_next(&seed) % 120;

		if (!same_at(cpu, (const unsigned[4]){w, h, to_w, to_h}, i % 3, (enum guard)(i % GUARDS)))
			return false;
	}
	return true;
}

/* The whole scaler, with bars and range, for each form of chroma. */
static bool whole_pictures(enum cpu_level cpu)
{
	static const struct {
		unsigned w, h;
		bool full_range;
	} cases[] = {{320, 240, false}, {321, 241, true}, {1280, 72, false}, {130, 400, true}, {640, 360, false}};
	struct scale *truth, *fast;
	bool good = true;

	if (scale_new(&truth, 272, 152, CPU_C) || scale_new(&fast, 272, 152, cpu))
		exit(2);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0] && good; i++) {
		struct guarded_picture in;
		struct picture a, b;

		guarded_picture_new(&in, cases[i].w, cases[i].h, 1, 0, GUARD_BEHIND);
		in.picture.full_range = cases[i].full_range;
		fill_picture(&in, FILL_SCENE, (uint32_t)i);
		if (scale_run(truth, &in.picture, &a) || scale_run(fast, &in.picture, &b))
			exit(2);
		good = same_picture("picture", &b, &a);
		guarded_picture_free(&in);
	}
	scale_free(&truth);
	scale_free(&fast);
	return good;
}

static bool test(enum cpu_level cpu)
{
	return all_sizes(cpu) && random_sizes(cpu) && whole_pictures(cpu);
}

struct job {
	struct scale *scale;
	struct SwsContext *sws;
	struct guarded_picture *in, *out;
};

static void run_ours(void *ctx)
{
	struct job *j = ctx;
	struct picture out;

	if (scale_run(j->scale, &j->in->picture, &out))
		exit(2);
}

static void run_swscale(void *ctx)
{
	struct job *j = ctx;
	const uint8_t *src[4] = {j->in->picture.plane[0], j->in->picture.plane[1], j->in->picture.plane[2]};
	int from[4], to[4];

	for (int i = 0; i < 3; i++) {
		from[i] = (int)j->in->frame.stride[i];
		to[i] = (int)j->out->frame.stride[i];
	}
	sws_scale(j->sws, src, from, 0, (int)j->in->picture.height, j->out->frame.plane, to);
}

static void bench_size(enum cpu_level best, const unsigned size[4], int flags, const char *against)
{
	struct guarded_picture in, out;
	struct job j = {.in = &in, .out = &out};
	double ms[CPU_LEVELS] = {0}, peer;
	char what[64];

	guarded_frame_new(&in, size[0], size[1]);
	guarded_frame_new(&out, size[2], size[3]);
	fill_picture(&in, FILL_SCENE, 1);
	j.sws = sws_getContext((int)size[0], (int)size[1], AV_PIX_FMT_YUV420P, (int)size[2], (int)size[3], AV_PIX_FMT_YUV420P, flags, NULL, NULL, NULL);
	if (!j.sws)
		exit(2);
	peer = bench_ms(run_swscale, &j);
	for (int cpu = CPU_C; cpu <= (int)best; cpu++) {
		if (scale_new(&j.scale, size[2], size[3], (enum cpu_level)cpu))
			exit(2);
		ms[cpu] = bench_ms(run_ours, &j);
		scale_free(&j.scale);
	}
	snprintf(what, sizeof what, "%ux%u-%ux%u%s", size[0], size[1], size[2], size[3], against);
	bench_row(what, ms, best, peer);
	sws_freeContext(j.sws);
	guarded_picture_free(&in);
	guarded_picture_free(&out);
}

static void bench(enum cpu_level best)
{
	static const unsigned sizes[][4] = {
		{1920, 1080, 1280, 720}, {1920, 1080, 640, 360}, {1280, 720, 640, 360}, {1920, 1080, 960, 540}, {1920, 1080, 854, 480},
		{2560, 1440, 1280, 720}, {3840, 2160, 1280, 720}, {1000, 562, 854, 480}, {640, 360, 1280, 720}, {768, 432, 1920, 1080},
	};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		bench_size(best, sizes[i], SWS_BICUBIC | SWS_ACCURATE_RND, "");
	for (size_t i = 0; i < 3; i++)
		bench_size(best, sizes[i], SWS_BICUBIC, " inexact");
}

const struct kernel kernel_scale = {"scale", test, bench};
