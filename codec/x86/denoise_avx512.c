/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/denoise_avx512.h"

#include "codec/x86/denoise_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define AVX512_INLINE AVX512 __attribute__((always_inline)) static inline

/* A neighbour's pull up (to[0]) or down (to[1]), added to the others'. */
AVX512_INLINE void pull(const uint8_t *neighbour, __m512i centre, __m512i twice, __m512i to[2])
{
	__m512i n = _mm512_loadu_si512(neighbour), up = _mm512_subs_epu8(n, centre), down = _mm512_subs_epu8(centre, n);

	to[0] = _mm512_add_epi8(to[0], _mm512_min_epu8(up, _mm512_subs_epu8(twice, up)));
	to[1] = _mm512_add_epi8(to[1], _mm512_min_epu8(down, _mm512_subs_epu8(twice, down)));
}

/* 32 samples in 1/64, drawn by what is to be added in levels. */
AVX512_INLINE void drawn(__m256i centre, __m256i up, __m256i down, int16_t *ret)
{
	__m512i add = _mm512_sub_epi16(_mm512_cvtepu8_epi16(up), _mm512_cvtepu8_epi16(down));

	add = _mm512_mulhrs_epi16(_mm512_slli_epi16(add, 6), _mm512_set1_epi16(DENOISE_NINTH));
	_mm512_storeu_si512(ret, _mm512_add_epi16(_mm512_slli_epi16(_mm512_cvtepu8_epi16(centre), 6), add));
}

AVX512 static void smooth(const uint8_t *above, const uint8_t *line, const uint8_t *below, unsigned n, unsigned limit, int16_t *ret)
{
	const __m512i twice = _mm512_set1_epi8((char)(2 * limit));

	for (unsigned x = 0; x < n; x += 64) {
		__m512i centre = _mm512_loadu_si512(line + x), to[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};

		for (ptrdiff_t i = -1; i <= 1; i++) {
			pull(above + (ptrdiff_t)x + i, centre, twice, to);
			if (i)
				pull(line + (ptrdiff_t)x + i, centre, twice, to);
			pull(below + (ptrdiff_t)x + i, centre, twice, to);
		}
		drawn(_mm512_castsi512_si256(centre), _mm512_castsi512_si256(to[0]), _mm512_castsi512_si256(to[1]), ret + x);
		drawn(_mm512_extracti64x4_epi64(centre, 1), _mm512_extracti64x4_epi64(to[0], 1), _mm512_extracti64x4_epi64(to[1], 1), ret + x + 32);
	}
}

AVX512 static void sums(const int16_t *now, const int16_t *before, size_t stride, unsigned cells, int16_t *ret)
{
	for (unsigned c = 0; c < cells; c += 8, now += 32, before += 32) {
		__m512i sum = _mm512_setzero_si512();

		for (size_t y = 0; y < DENOISE_CELL; y++)
			sum = _mm512_add_epi16(sum, _mm512_srai_epi16(_mm512_sub_epi16(_mm512_loadu_si512(now + y * stride),
				_mm512_loadu_si512(before + y * stride)), DENOISE_SUM_SHIFT));
		sum = _mm512_madd_epi16(sum, _mm512_set1_epi16(1));
		sum = _mm512_add_epi32(sum, _mm512_srli_epi64(sum, 32));  /* a cell's in the lower half of its 64 bits */
		_mm_storeu_si128((__m128i *)(void *)(ret + c), _mm512_cvtepi64_epi16(sum));
	}
}

AVX512 static void blend(const int16_t *now, int16_t *before, const int16_t *weight, unsigned n, unsigned limit, uint8_t *ret)
{
	const __m512i edge = _mm512_set1_epi16((short)limit), factor = _mm512_set1_epi16((short)(DENOISE_WEIGHT_ONE / limit));
	const __m512i one = _mm512_set1_epi16(DENOISE_WEIGHT_ONE), half = _mm512_set1_epi16(DENOISE_ONE / 2);
	const __m512i spread = _mm512_set_epi16(7, 7, 7, 7, 6, 6, 6, 6, 5, 5, 5, 5, 4, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);

	for (unsigned x = 0; x < n; x += 32) {
		__m512i was = _mm512_loadu_si512(before + x), d = _mm512_sub_epi16(_mm512_loadu_si512(now + x), was);
		__m128i eight = _mm_loadu_si128((const __m128i *)(const void *)(weight + x / DENOISE_CELL));
		__m512i w = _mm512_permutexvar_epi16(spread, _mm512_castsi128_si512(eight));
		__m512i over = _mm512_min_epu16(_mm512_subs_epu16(_mm512_abs_epi16(d), edge), edge);

		w = _mm512_max_epi16(w, _mm512_mullo_epi16(over, factor));
		w = _mm512_mask_mov_epi16(w, _mm512_cmpeq_epi16_mask(over, edge), one);
		was = _mm512_add_epi16(was, _mm512_mulhrs_epi16(d, w));
		_mm512_storeu_si512(before + x, was);
		_mm256_storeu_si256((__m256i *)(void *)(ret + x), _mm512_cvtepi16_epi8(_mm512_srai_epi16(_mm512_add_epi16(was, half), 6)));
	}
}

const struct denoise_kernels denoise_kernels_avx512 = {smooth, sums, denoise_judge_avx2, denoise_grow_avx2, blend};

#endif
