/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/scale_third.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX2_INLINE AVX2 __attribute__((always_inline)) static inline

/* Before loops whose arrays are meant to be registers. */
#define UNROLL _Pragma("GCC unroll 16")

struct spread {
	__m256i ab[5], gain[5];
};

AVX2_INLINE __m256i load(const void *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

AVX2_INLINE void store(void *p, __m256i v)
{
	_mm256_storeu_si256((__m256i *)p, v);
}

AVX2_INLINE __m256i weigh(__m256i bytes, const struct spread *w, unsigned k)
{
	return _mm256_mulhrs_epi16(_mm256_maddubs_epi16(bytes, w->ab[k]), w->gain[k]);
}

/* 16 columns, at `at` of each sum: in the order in which unpacking finds them, which is the same in all of them. */
AVX2_INLINE __m256i down_16(int16_t *const sum[4], size_t at, __m256i pair, __m256i middle, const struct spread *w)
{
	store(sum[0] + at, weigh(pair, w, 0));
	store(sum[1] + at, _mm256_add_epi16(load(sum[1] + at), _mm256_add_epi16(weigh(pair, w, 1), weigh(middle, w, 4))));
	store(sum[2] + at, _mm256_add_epi16(load(sum[2] + at), weigh(pair, w, 2)));
	return _mm256_add_epi16(load(sum[3] + at), weigh(pair, w, 3));
}

AVX2 void scale_third_down_avx2(int16_t *to, int16_t *const sum[4], const uint8_t *const from[6], size_t n, const struct scale_third_weights *weights)
{
	/* A copy, since for all the compiler knows the stores below might change the original. */
	int16_t *const words[4] = {sum[0], sum[1], sum[2], sum[3]};
	const uint8_t *first = from[0], *second = from[1], *third = from[2], *next[3] = {from[3], from[4], from[5]};
	struct spread w;

	UNROLL for (unsigned k = 0; k < 5; k++) {
		w.ab[k] = _mm256_set1_epi16((int16_t)((uint8_t)weights->pair[k].a | (uint8_t)weights->pair[k].b << 8));
		w.gain[k] = _mm256_set1_epi16(weights->pair[k].gain);
	}
	for (size_t x = 0; x < n; x += 32) {
		__m256i a = load(first + x), b = load(second + x), c = load(third + x);
		__m256i low = down_16(words, x, _mm256_unpacklo_epi8(a, b), _mm256_unpacklo_epi8(c, c), &w);
		__m256i high = down_16(words, x + 16, _mm256_unpackhi_epi8(a, b), _mm256_unpackhi_epi8(c, c), &w);

		if (x % 64 == 0)
			UNROLL for (unsigned i = 0; i < 3; i++)
				_mm_prefetch(next[i] + x, _MM_HINT_T1);
		store(to + x, _mm256_permute2x128_si256(low, high, 0x20));
		store(to + x + 16, _mm256_permute2x128_si256(low, high, 0x31));
	}
}

/* Each eight words of three vectors' lanes have those of one third in places of their own: two blends bring them together, a shuffle into their order. */
AVX2 void scale_third_deal_avx2(int16_t *const to[3], const int16_t *from, size_t n)
{
	const __m256i order[3] = {
		_mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 6, 7, 12, 13, 2, 3, 8, 9, 14, 15, 4, 5, 10, 11)),
		_mm256_broadcastsi128_si256(_mm_setr_epi8(2, 3, 8, 9, 14, 15, 4, 5, 10, 11, 0, 1, 6, 7, 12, 13)),
		_mm256_broadcastsi128_si256(_mm_setr_epi8(4, 5, 10, 11, 0, 1, 6, 7, 12, 13, 2, 3, 8, 9, 14, 15)),
	};
	int16_t *first = to[0], *second = to[1], *third = to[2];

	for (size_t x = 0; x < n; x += 16, from += 48) {
		__m256i v[3];

		UNROLL for (unsigned i = 0; i < 3; i++)
			v[i] = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)(from + 8 * i))),
				_mm_loadu_si128((const __m128i *)(const void *)(from + 8 * i + 24)), 1);
		store(first + x, _mm256_shuffle_epi8(_mm256_blend_epi16(_mm256_blend_epi16(v[0], v[1], 0x92), v[2], 0x24), order[0]));
		store(second + x, _mm256_shuffle_epi8(_mm256_blend_epi16(_mm256_blend_epi16(v[0], v[1], 0x24), v[2], 0x49), order[1]));
		store(third + x, _mm256_shuffle_epi8(_mm256_blend_epi16(_mm256_blend_epi16(v[0], v[1], 0x49), v[2], 0x92), order[2]));
	}
}

#endif
