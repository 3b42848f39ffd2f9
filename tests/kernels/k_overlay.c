/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kernels/kernels.h"

#include <string.h>

#include "codec/overlay.h"

struct arrays {
	struct guarded dst, keep, add;
};

static void arrays_new(struct arrays *a, size_t n, enum guard where)
{
	guarded_new(&a->dst, n, where);
	guarded_new(&a->keep, n, where);
	guarded_new(&a->add, n, where);
}

static void arrays_free(struct arrays *a)
{
	guarded_free(&a->dst);
	guarded_free(&a->keep);
	guarded_free(&a->add);
}

static bool blends(overlay_blend_fn *fast, unsigned n, enum guard where, enum fill how, enum fill keep, enum fill add)
{
	struct arrays a, b;
	bool good;

	arrays_new(&a, n, where);
	arrays_new(&b, n, where);
	fill_plane(a.dst.p, n, n, 1, how, 1);
	fill_plane(a.keep.p, n, n, 1, keep, 2);
	fill_plane(a.add.p, n, n, 1, add, 3);
	memcpy(b.dst.p, a.dst.p, n);
	overlay_blend(CPU_C)(a.dst.p, a.keep.p, a.add.p, n);
	fast(b.dst.p, a.keep.p, a.add.p, n);
	good = same_plane("blend", b.dst.p, (ptrdiff_t)n, a.dst.p, (ptrdiff_t)n, n, 1);
	arrays_free(&a);
	arrays_free(&b);
	return good;
}

/* Every byte times every other. */
static bool all_products(overlay_blend_fn *fast)
{
	uint8_t dst[256], same[256], keep[256], none[256] = {0};

	for (unsigned k = 0; k < 256; k++) {
		for (unsigned i = 0; i < 256; i++)
			dst[i] = same[i] = (uint8_t)i;
		memset(keep, (int)k, sizeof keep);
		overlay_blend(CPU_C)(same, keep, none, 256);
		fast(dst, keep, none, 256);
		for (unsigned i = 0; i < 256; i++)
			if (dst[i] != same[i] || same[i] != (i * k + 127) / 255)
				return failed("%u * %u / 255: %u, by C %u", i, k, dst[i], same[i]);
	}
	return true;
}

static bool test(enum cpu_level cpu)
{
	if (!all_products(overlay_blend(cpu)))
		return false;
	for (unsigned n = 1; n <= 131; n++)
		for (int how = 0; how < FILLS; how++)
			for (int keep = 0; keep < FILLS; keep++)
				for (int where = 0; where < GUARDS; where++)
					if (!blends(overlay_blend(cpu), n, (enum guard)where, (enum fill)how, (enum fill)keep, keep % 2 ? FILL_NOISE : FILL_FULL))
						return false;
	return true;
}

struct run {
	overlay_blend_fn *blend;
	struct arrays arrays;
};

#define LINE 1200

static void run(void *ctx)
{
	struct run *r = ctx;

	for (int i = 0; i < 40; i++)
		r->blend(r->arrays.dst.p, r->arrays.keep.p, r->arrays.add.p, LINE);
}

static void bench(enum cpu_level best)
{
	double ms[CPU_LEVELS] = {0};
	struct run r;

	arrays_new(&r.arrays, LINE, GUARD_BEHIND);
	for (int cpu = CPU_C; cpu <= (int)best; cpu++) {
		r.blend = overlay_blend((enum cpu_level)cpu);
		ms[cpu] = bench_ms(run, &r);
	}
	bench_row("a line of text, 1200x40", ms, best, 0);
	arrays_free(&r.arrays);
}

const struct kernel kernel_overlay = {"overlay", test, bench};
