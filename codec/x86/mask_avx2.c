/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/mask_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* Each eight bytes' sum as a 64-bit word; what is left of a line is added byte by byte, since nothing behind it may be read. */
AVX2 uint32_t mask_sum_avx2(const uint8_t *p, size_t stride, unsigned width, unsigned height)
{
	__m256i zero = _mm256_setzero_si256(), sums = zero;
	unsigned whole = width & ~31u;
	uint32_t rest = 0;
	uint64_t lane[4];

	for (unsigned y = 0; y < height; y++, p += stride) {
		for (unsigned x = 0; x < whole; x += 32)
			sums = _mm256_add_epi64(sums, _mm256_sad_epu8(_mm256_loadu_si256((const __m256i *)(const void *)(p + x)), zero));
		for (unsigned x = whole; x < width; x++)
			rest += p[x];
	}
	_mm256_storeu_si256((__m256i *)(void *)lane, sums);
	return rest + (uint32_t)(lane[0] + lane[1] + lane[2] + lane[3]);
}

#endif
