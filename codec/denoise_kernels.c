/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/denoise_kernels.h"

#include <stdlib.h>

#include "codec/x86/denoise_avx2.h"
#include "codec/x86/denoise_avx512.h"

const uint16_t denoise_weight[DENOISE_AGE_MAX] = {
	DENOISE_WEIGHT_ONE, 16384, 10923, 8192, 6554, 5461, 4681, 4096, 3641, 3277, 2979, 2731, 2521, 2341, 2185, 2048,
};

/* Times a 32768th, rounded, as vector instructions have it. */
static int scaled(int a, int b)
{
	return (a * b + 0x4000) >> 15;
}

static int saturated(int v)
{
	return v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v;
}

/* How far a neighbour draws: up to limit as far as it is away, then less, and from twice the limit on not at all. */
static int pull(int difference, int limit)
{
	int a = abs(difference), back = a < 2 * limit ? 2 * limit - a : 0, p = a < back ? a : back;

	return difference < 0 ? -p : p;
}

static void smooth(const uint8_t *above, const uint8_t *line, const uint8_t *below, unsigned n, unsigned limit, int16_t *ret)
{
	const uint8_t *const lines[3] = {above, line, below};

	for (unsigned x = 0; x < n; x++) {
		int sum = 0;

		for (int y = 0; y < 3; y++)
			for (int i = -1; i <= 1; i++)
				sum += pull(lines[y][(ptrdiff_t)x + i] - line[x], (int)limit);
		ret[x] = (int16_t)(line[x] * DENOISE_ONE + scaled(sum * DENOISE_ONE, DENOISE_NINTH));
	}
}

static void sums(const int16_t *now, const int16_t *before, size_t stride, unsigned cells, int16_t *ret)
{
	for (unsigned c = 0; c < cells; c++) {
		int sum = 0;

		for (unsigned y = 0; y < DENOISE_CELL; y++)
			for (unsigned x = 0; x < DENOISE_CELL; x++) {
				size_t at = y * stride + c * DENOISE_CELL + x;

				sum += (now[at] - before[at]) >> DENOISE_SUM_SHIFT;
			}
		ret[c] = (int16_t)sum;
	}
}

static void judge(const int16_t *sum, const int16_t *age, size_t stride, unsigned cells, const struct denoise_limits *l, int16_t *ret_moved)
{
	for (unsigned c = 0; c < cells; c++) {
		unsigned left = c & ~1u;
		int four = saturated(saturated(sum[left] + sum[stride + left]) + saturated(sum[left + 1] + sum[stride + left + 1]));

		for (size_t at = c; at <= stride + c; at += stride) {
			int limit = age[at] == 1 ? l->cell4_new : l->cell4;

			ret_moved[at] = abs(sum[at]) > limit || abs(four) > l->cell8 ? -1 : 0;
		}
	}
}

static void grow(const int16_t *moved, const int16_t *over, size_t stride, unsigned cells, unsigned max, int16_t *age, int16_t *ret_weight)
{
	for (unsigned c = 0; c < cells; c++) {
		const int16_t *m = moved + c;
		int any = 0;

		for (int i = -1; i <= 1; i++)
			any |= m[i] | m[i + (ptrdiff_t)stride] | m[i - (ptrdiff_t)stride];
		if (over)
			for (unsigned i = 0; i < 2; i++)
				any |= over[2 * c + i] == 1 || over[stride + 2 * c + i] == 1;
		age[c] = (int16_t)(any ? 1 : age[c] < (int)max ? age[c] + 1 : (int)max);
		ret_weight[c] = (int16_t)denoise_weight[age[c] - 1];
	}
}

static void blend(const int16_t *now, int16_t *before, const int16_t *weights, unsigned n, unsigned limit, uint8_t *ret)
{
	int factor = DENOISE_WEIGHT_ONE / (int)limit;

	for (unsigned x = 0; x < n; x++) {
		int d = now[x] - before[x], over = abs(d) - (int)limit, w = weights[x / DENOISE_CELL];

		over = over < 0 ? 0 : over > (int)limit ? (int)limit : over;
		if (over == (int)limit)
			w = DENOISE_WEIGHT_ONE;
		else if (over * factor > w)
			w = over * factor;
		before[x] = (int16_t)(before[x] + scaled(d, w));
		ret[x] = (uint8_t)((before[x] + DENOISE_ONE / 2) / DENOISE_ONE);
	}
}

const struct denoise_kernels denoise_kernels_c = {smooth, sums, judge, grow, blend};

const struct denoise_kernels *denoise_kernels_for(enum cpu_level cpu)
{
#if defined(__x86_64__)
	if (cpu >= CPU_AVX512)
		return &denoise_kernels_avx512;
	if (cpu >= CPU_AVX2)
		return &denoise_kernels_avx2;
#endif
	(void)cpu;
	return &denoise_kernels_c;
}
