/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/scene_sums.h"

#include "codec/x86/scene_avx2.h"

static uint32_t word(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void one_line(const uint8_t *p, struct scene_sums *s, uint32_t cell[4])
{
	for (unsigned x = 0; x < SCENE_TILE; x++) {
		s->squares += (uint32_t)p[x] * p[x];
		s->dark += p[x] < SCENE_DARK;
		s->bright += p[x] > SCENE_BRIGHT;
		cell[x / SCENE_CELL] += p[x];
	}
	for (unsigned i = 0; i < SCENE_LANES; i++) {
		uint32_t h = (s->hash[i] + word(p + 4 * i)) * SCENE_HASH_FACTOR;

		s->hash[i] = h ^ h >> SCENE_HASH_SHIFT;
	}
}

void scene_sums_c(const uint8_t *p, ptrdiff_t stride, unsigned n, struct scene_sums *s, uint32_t *cell)
{
	for (unsigned t = 0; t < n; t++, cell += SCENE_TILE / SCENE_CELL) {
		for (unsigned i = 0; i < SCENE_TILE / SCENE_CELL; i++)
			cell[i] = 0;
		for (unsigned y = 0; y < SCENE_CELL; y++)
			one_line(p + (ptrdiff_t)y * stride + (size_t)t * SCENE_TILE, s, cell);
	}
}

scene_sums_fn *scene_sums_for(enum cpu_level cpu)
{
#if defined(__x86_64__)
	if (cpu >= CPU_AVX2)
		return scene_sums_avx2;
#endif
	(void)cpu;
	return scene_sums_c;
}
