/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kernels/kernels.h"

#include <stdlib.h>
#include <string.h>

#include "codec/changes.h"
#include "codec/changes_blocks.h"

#define BLOCKS_MAX 17

/* The kernel alone, on whole blocks that end at the page. */
static bool one_row(enum cpu_level cpu, unsigned blocks, enum fill a_fill, enum fill b_fill, enum guard where)
{
	struct changes_block want[BLOCKS_MAX], got[BLOCKS_MAX];
	struct guarded_picture a, b;
	struct changes_pair pair;
	bool good;

	guarded_picture_new(&a, blocks * 16, 16, 0, 0, where);
	guarded_picture_new(&b, blocks * 16, 16, 6, 0, where);
	fill_picture(&a, a_fill, blocks);
	fill_picture(&b, b_fill, blocks + 1);
	for (int i = 0; i < 3; i++) {
		pair.a[i] = a.picture.plane[i];
		pair.b[i] = b.picture.plane[i];
		pair.a_stride[i] = a.picture.stride[i];
		pair.b_stride[i] = b.picture.stride[i];
	}
	memset(want, 0xaa, sizeof want);
	memset(got, 0xaa, sizeof got);
	changes_blocks_c(&pair, blocks, want);
	changes_blocks_for(cpu)(&pair, blocks, got);
	good = memcmp(want, got, sizeof want) == 0 || failed("%u blocks, fills %d and %d", blocks, (int)a_fill, (int)b_fill);
	guarded_picture_free(&a);
	guarded_picture_free(&b);
	return good;
}

static bool same_still(struct changes *const c[2], const struct picture *p, const char *what)
{
	const uint8_t *still[2];
	unsigned n[2];

	for (int i = 0; i < 2; i++)
		n[i] = changes_find(c[i], p, &still[i]);
	if (n[0] != n[1] || memcmp(still[0], still[1], changes_blocks(c[0])))
		return failed("%ux%u: %s: %u changed, not %u", p->width, p->height, what, n[1], n[0]);
	return true;
}

/* All of it, with sizes that cut blocks, as noise is learned. */
static bool whole(enum cpu_level cpu, unsigned width, unsigned height)
{
	struct changes *c[2] = {NULL, NULL};
	struct guarded_picture p;
	bool good = true;

	guarded_picture_new(&p, width, height, 0, 0, GUARD_BEHIND);
	good = changes_new(&c[0], width, height, CPU_C) == 0 && changes_new(&c[1], width, height, cpu) == 0;
	for (unsigned i = 0; i < 40 && good; i++) {
		uint32_t random = i;

		fill_picture(&p, FILL_SCENE, i / 25);
		for (int k = 0; k < 3; k++)
			for (size_t at = 0; at < p.memory[k].len; at++)
				p.memory[k].p[at] ^= (uint8_t)(random_next(&random) % 8);
		good = same_still(c, &p.picture, "noisy scene");
		for (int k = 0; k < 2 && i % 8 == 0; k++)
			changes_coded(c[k], &p.picture, i % 16 == 0);
	}
	changes_free(&c[0]);
	changes_free(&c[1]);
	guarded_picture_free(&p);
	return good;
}

static bool test(enum cpu_level cpu)
{
	static const unsigned sizes[][2] = {{16, 16}, {18, 16}, {16, 18}, {62, 34}, {64, 64}, {130, 46}, {338, 98}};

	for (unsigned n = 1; n <= BLOCKS_MAX; n++)
		for (int a = 0; a < FILLS; a++)
			for (int b = 0; b < FILLS; b++)
				if (!one_row(cpu, n, (enum fill)a, (enum fill)b, (enum guard)((a + b) % GUARDS)))
					return false;
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		if (!whole(cpu, sizes[i][0], sizes[i][1]))
			return false;
	return true;
}

struct work {
	struct changes *c;
	struct picture picture;
};

static void find(void *ctx)
{
	struct work *w = ctx;
	const uint8_t *still;

	changes_find(w->c, &w->picture, &still);
}

static double measure(unsigned width, unsigned height, enum cpu_level cpu)
{
	struct guarded_picture p;
	struct work w = {0};
	double ms;

	guarded_frame_new(&p, width, height);
	fill_picture(&p, FILL_SCENE, 1);
	if (changes_new(&w.c, width, height, cpu))
		exit(2);
	changes_coded(w.c, &p.picture, true);
	w.picture = p.picture;
	ms = bench_ms(find, &w);
	changes_free(&w.c);
	guarded_picture_free(&p);
	return ms;
}

static void bench(enum cpu_level best) { bench_sizes(measure, best); }

const struct kernel kernel_changes = {"changes", test, bench};
