/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kernels/kernels.h"

#include "codec/mask.h"

static bool sums(mask_sum_fn *fast, unsigned width, unsigned height, size_t apart, enum guard where, enum fill how)
{
	size_t stride = width + apart;
	struct guarded g;
	uint32_t a, b;

	guarded_new(&g, stride * (height - 1) + width, where);
	for (unsigned y = 0; y < height; y++)
		fill_plane(g.p + y * stride, stride, width, 1, how, width + y);
	a = mask_sum(CPU_C)(g.p, stride, width, height);
	b = fast(g.p, stride, width, height);
	guarded_free(&g);
	return a == b || failed("%ux%u, filled by way %d: %u, not %u", width, height, (int)how, b, a);
}

static bool test(enum cpu_level cpu)
{
	static const unsigned heights[] = {1, 2, 7};

	for (unsigned width = 1; width <= 131; width++)
		for (int how = 0; how < FILLS; how++)
			for (unsigned i = 0; i < 6; i++)
				if (!sums(mask_sum(cpu), width, heights[i / 2], i % 2 ? 61 : 0, (enum guard)(i % GUARDS), (enum fill)how))
					return false;
	/* The largest tile there is, of the brightest. */
	return sums(mask_sum(cpu), 4094, 4094, 0, GUARD_BEHIND, FILL_FULL);
}

struct run {
	mask_sum_fn *sum;
	struct guarded memory;
	uint32_t sink;
};

static void run(void *ctx)
{
	struct run *r = ctx;

	r->sink += r->sum(r->memory.p, 240, 240, 240);
}

static void bench(enum cpu_level best)
{
	double ms[CPU_LEVELS] = {0};
	struct run r = {.sink = 0};

	guarded_new(&r.memory, (size_t)240 * 240, GUARD_BEHIND);
	for (int cpu = CPU_C; cpu <= (int)best; cpu++) {
		r.sum = mask_sum((enum cpu_level)cpu);
		ms[cpu] = bench_ms(run, &r);
	}
	bench_row("mean of a tile of 240x240", ms, best, 0);
	guarded_free(&r.memory);
}

const struct kernel kernel_mask = {"mask", test, bench};
