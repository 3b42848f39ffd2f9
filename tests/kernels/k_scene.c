/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kernels/kernels.h"

#include <string.h>

#include "codec/scene.h"

static bool same(enum cpu_level cpu, const struct guarded_picture *p, enum fill fill)
{
	struct scene_stats want, got;

	memset(&want, 0, sizeof want);
	memset(&got, 0, sizeof got);
	scene_measure(&p->picture, CPU_C, &want);
	scene_measure(&p->picture, cpu, &got);
	if (memcmp(&want, &got, sizeof want) == 0)
		return true;
	return failed("%ux%u, fill %d: mean %u not %u, deviation %u not %u, edges %u not %u, dark %u not %u, bright %u not %u, or fingerprints",
		p->picture.width, p->picture.height, (int)fill, got.mean, want.mean, got.deviation, want.deviation, got.edges, want.edges,
		got.dark, want.dark, got.bright, want.bright);
}

static bool all_fills(enum cpu_level cpu, unsigned width, unsigned height, unsigned apart, enum guard where)
{
	struct guarded_picture p;
	bool good = true;

	guarded_picture_new(&p, width, height, apart, 0, where);
	for (int f = 0; f < FILLS && good; f++) {
		fill_picture(&p, (enum fill)f, width);
		good = same(cpu, &p, (enum fill)f);
	}
	guarded_picture_free(&p);
	return good;
}

static bool test(enum cpu_level cpu)
{
	static const unsigned sizes[][2] = {{16, 16}, {18, 16}, {32, 18}, {34, 32}, {62, 34}, {64, 64}, {130, 46}, {338, 98}, {4096, 16}, {16384, 16}};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		for (int where = 0; where < GUARDS; where++)
			if (!all_fills(cpu, sizes[i][0], sizes[i][1], (unsigned)i % 3 * 7, (enum guard)where))
				return false;
	return true;
}

struct work {
	const struct picture *p;
	enum cpu_level cpu;
};

static void measure(void *ctx)
{
	const struct work *w = ctx;
	struct scene_stats stats;

	scene_measure(w->p, w->cpu, &stats);
}

static void bench(enum cpu_level best)
{
	static const struct { const char *name; unsigned width, height; } sizes[] = {{"1920x1080", 1920, 1080}, {"640x360", 640, 360}};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		struct guarded_picture p;
		double ms[CPU_LEVELS];

		guarded_frame_new(&p, sizes[i].width, sizes[i].height);
		fill_picture(&p, FILL_SCENE, 1);
		for (int cpu = CPU_C; cpu <= (int)best; cpu++)
			ms[cpu] = bench_ms(measure, &(struct work){&p.picture, (enum cpu_level)cpu});
		guarded_picture_free(&p);
		bench_row(sizes[i].name, ms, best, 0);
	}
}

const struct kernel kernel_scene = {"scene", test, bench};
