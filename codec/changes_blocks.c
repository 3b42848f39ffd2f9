/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/changes_blocks.h"

#include <stdlib.h>

#include "codec/x86/changes_avx2.h"

struct plane {
	const uint8_t *a, *b;
	ptrdiff_t a_stride, b_stride;
};

static unsigned larger(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

/* Signed sum over 4x4 samples at x, y; *pixel grows to the largest difference among them. */
static int sum4(const struct plane *p, unsigned x, unsigned y, unsigned *pixel)
{
	int sum = 0;

	for (unsigned j = y; j < y + 4; j++)
		for (unsigned i = x; i < x + 4; i++) {
			int d = p->a[(ptrdiff_t)j * p->a_stride + i] - p->b[(ptrdiff_t)j * p->b_stride + i];

			*pixel = larger(*pixel, (unsigned)abs(d));
			sum += d;
		}
	return sum;
}

static int sum8(const struct plane *p, unsigned x, unsigned y, unsigned *pixel, unsigned *cell4)
{
	int sum = 0;

	for (unsigned i = 0; i < 4; i++) {
		int s = sum4(p, x + i % 2 * 4, y + i / 2 * 4, pixel);

		*cell4 = larger(*cell4, (unsigned)abs(s));
		sum += s;
	}
	return sum;
}

static void one_block(const struct plane plane[3], unsigned n, struct changes_block *ret)
{
	unsigned pixel = 0, cell4 = 0, cell8 = 0, chroma4 = 0, chroma8 = 0, unused = 0;
	int all = 0;

	for (unsigned i = 0; i < 4; i++) {
		int s = sum8(&plane[0], n * 16 + i % 2 * 8, i / 2 * 8, &pixel, &cell4);

		cell8 = larger(cell8, (unsigned)abs(s));
		all += s;
	}
	for (unsigned i = 1; i < 3; i++)
		chroma8 = larger(chroma8, (unsigned)abs(sum8(&plane[i], n * 8, 0, &unused, &chroma4)));
	*ret = (struct changes_block){.pixel = (uint16_t)pixel, .cell4 = (uint16_t)cell4, .cell8 = (uint16_t)cell8,
		.all = (uint16_t)abs(all), .chroma4 = (uint16_t)chroma4, .chroma8 = (uint16_t)chroma8};
}

void changes_blocks_c(const struct changes_pair *p, unsigned n, struct changes_block *ret)
{
	struct plane plane[3];

	for (int i = 0; i < 3; i++)
		plane[i] = (struct plane){p->a[i], p->b[i], p->a_stride[i], p->b_stride[i]};
	for (unsigned i = 0; i < n; i++)
		one_block(plane, i, &ret[i]);
}

changes_blocks_fn *changes_blocks_for(enum cpu_level cpu)
{
#if defined(__x86_64__)
	if (cpu >= CPU_AVX2)
		return changes_blocks_avx2;
#endif
	(void)cpu;
	return changes_blocks_c;
}
