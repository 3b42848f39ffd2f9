/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/scene_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX2_INLINE AVX2 __attribute__((always_inline)) static inline

struct state {
	__m256i hash;
	__m256i squares;       /* 4 sums of 64 bits */
	__m256i dark, bright;
};

AVX2_INLINE __m256i load(const void *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

/* Eight sums of 32 bits, added in pairs to four of 64. */
AVX2_INLINE __m256i widen_add(__m256i to, __m256i v)
{
	const __m256i zero = _mm256_setzero_si256();

	return _mm256_add_epi64(to, _mm256_add_epi64(_mm256_unpacklo_epi32(v, zero), _mm256_unpackhi_epi32(v, zero)));
}

AVX2_INLINE uint64_t total(__m256i v)
{
	uint64_t each[4];

	_mm256_storeu_si256((__m256i *)(void *)each, v);
	return each[0] + each[1] + each[2] + each[3];
}

/* Four sums of 64 bits, none of which needs more than 32, into four of 32. */
AVX2_INLINE void store_cells(uint32_t *to, __m256i v)
{
	__m256i low = _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6));

	_mm_storeu_si128((__m128i *)(void *)to, _mm256_castsi256_si128(low));
}

AVX2_INLINE void one_tile(const uint8_t *p, ptrdiff_t stride, struct state *s, uint32_t *cell)
{
	const __m256i zero = _mm256_setzero_si256(), factor = _mm256_set1_epi32((int)SCENE_HASH_FACTOR);
	const __m256i below = _mm256_set1_epi8(SCENE_DARK - 1), above = _mm256_set1_epi8((char)(SCENE_BRIGHT + 1));
	__m256i cells = zero, squares = zero, dark = zero, bright = zero;

	for (int y = 0; y < SCENE_CELL; y++, p += stride) {
		__m256i v = load(p), lo = _mm256_unpacklo_epi8(v, zero), hi = _mm256_unpackhi_epi8(v, zero);

		cells = _mm256_add_epi64(cells, _mm256_sad_epu8(v, zero));
		squares = _mm256_add_epi32(squares, _mm256_add_epi32(_mm256_madd_epi16(lo, lo), _mm256_madd_epi16(hi, hi)));
		dark = _mm256_sub_epi8(dark, _mm256_cmpeq_epi8(_mm256_min_epu8(v, below), v));
		bright = _mm256_sub_epi8(bright, _mm256_cmpeq_epi8(_mm256_max_epu8(v, above), v));
		s->hash = _mm256_mullo_epi32(_mm256_add_epi32(s->hash, v), factor);
		s->hash = _mm256_xor_si256(s->hash, _mm256_srli_epi32(s->hash, SCENE_HASH_SHIFT));
	}
	store_cells(cell, cells);
	s->squares = widen_add(s->squares, squares);
	s->dark = _mm256_add_epi64(s->dark, _mm256_sad_epu8(dark, zero));
	s->bright = _mm256_add_epi64(s->bright, _mm256_sad_epu8(bright, zero));
}

AVX2 void scene_sums_avx2(const uint8_t *p, ptrdiff_t stride, unsigned n, struct scene_sums *sums, uint32_t *cell)
{
	struct state s = {.hash = load(sums->hash), .squares = _mm256_setzero_si256(), .dark = _mm256_setzero_si256(),
		.bright = _mm256_setzero_si256()};

	for (unsigned t = 0; t < n; t++)
		one_tile(p + (size_t)t * SCENE_TILE, stride, &s, cell + (size_t)t * (SCENE_TILE / SCENE_CELL));
	_mm256_storeu_si256((__m256i *)(void *)sums->hash, s.hash);
	sums->squares += total(s.squares);
	sums->dark += total(s.dark);
	sums->bright += total(s.bright);
}

#endif
