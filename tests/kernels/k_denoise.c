/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kernels/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/denoise.h"

/* The planes of a picture that differ, bit by bit, where random says. */
static void roughen(struct guarded_picture *p, uint32_t seed, unsigned range)
{
	for (int i = 0; i < 3; i++)
		for (size_t at = 0; at < p->memory[i].len; at++)
			p->memory[i].p[at] ^= (uint8_t)(random_next(&seed) % range);
}

/* What picture number i is: noise over a scene, a cut, and whatever is extreme. */
static void next_picture(struct guarded_picture *p, unsigned i)
{
	static const enum fill extremes[] = {FILL_ZERO, FILL_FULL, FILL_CHECKS, FILL_ZERO, FILL_NOISE, FILL_COLUMNS, FILL_RAMP, FILL_FULL, FILL_NOISE, FILL_NOISE};

	if (i < 24) {
		fill_picture(p, FILL_SCENE, i / 20);
		roughen(p, i, 16);
		return;
	}
	fill_picture(p, extremes[(i - 24) % (sizeof extremes / sizeof extremes[0])], i);
}

static bool same(enum cpu_level cpu, unsigned width, unsigned height, enum denoise_strength strength, enum guard where)
{
	struct denoise *d[2] = {NULL, NULL};
	struct guarded_picture p;
	bool good;

	guarded_picture_new(&p, width, height, 0, 0, where);
	good = denoise_new(&d[0], width, height, strength, CPU_C) == 0 && denoise_new(&d[1], width, height, strength, cpu) == 0;
	for (unsigned i = 0; i < 36 && good; i++) {
		struct picture out[2];
		char what[64];

		next_picture(&p, i);
		for (int k = 0; k < 2; k++) {
			if (i == 30)
				denoise_forget(d[k]);
			denoise_run(d[k], &p.picture, &out[k]);
		}
		snprintf(what, sizeof what, "%ux%u, strength %d, picture %u", width, height, (int)strength, i);
		good = same_picture(what, &out[0], &out[1]);
	}
	denoise_free(&d[0]);
	denoise_free(&d[1]);
	guarded_picture_free(&p);
	return good;
}

static bool test(enum cpu_level cpu)
{
	static const unsigned sizes[][2] = {{16, 16}, {18, 16}, {16, 18}, {62, 34}, {64, 64}, {66, 70}, {126, 46}, {130, 130}, {338, 98}};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (int s = DENOISE_LOW; s < DENOISE_STRENGTHS; s++)
			if (!same(cpu, sizes[i][0], sizes[i][1], (enum denoise_strength)s, (enum guard)((i + (size_t)s) % GUARDS)))
				return false;
	return true;
}

struct work {
	struct denoise *d;
	struct guarded_picture p[2];
	unsigned n;
};

static void run(void *ctx)
{
	struct work *w = ctx;
	struct picture out;

	denoise_run(w->d, &w->p[w->n++ % 2].picture, &out);
}

static double measure(unsigned width, unsigned height, enum cpu_level cpu)
{
	struct work w = {0};
	double ms;

	for (uint32_t i = 0; i < 2; i++) {
		guarded_frame_new(&w.p[i], width, height);
		fill_picture(&w.p[i], FILL_SCENE, 1);
		roughen(&w.p[i], i, 8);
	}
	if (denoise_new(&w.d, width, height, DENOISE_MEDIUM, cpu))
		exit(2);
	ms = bench_ms(run, &w);
	denoise_free(&w.d);
	for (int i = 0; i < 2; i++)
		guarded_picture_free(&w.p[i]);
	return ms;
}

static void bench(enum cpu_level best) { bench_sizes(measure, best); }

const struct kernel kernel_denoise = {"denoise", test, bench};
