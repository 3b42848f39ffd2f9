/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/denoise_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX2_INLINE AVX2 __attribute__((always_inline)) static inline

AVX2_INLINE __m256i load(const void *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

AVX2_INLINE void store(void *p, __m256i v)
{
	_mm256_storeu_si256((__m256i *)p, v);
}

/* A neighbour's pull up (to[0]) or down (to[1]), added to the others'. */
AVX2_INLINE void pull(const uint8_t *neighbour, __m256i centre, __m256i twice, __m256i to[2])
{
	__m256i n = load(neighbour), up = _mm256_subs_epu8(n, centre), down = _mm256_subs_epu8(centre, n);

	to[0] = _mm256_add_epi8(to[0], _mm256_min_epu8(up, _mm256_subs_epu8(twice, up)));
	to[1] = _mm256_add_epi8(to[1], _mm256_min_epu8(down, _mm256_subs_epu8(twice, down)));
}

/* 16 samples in 1/64, drawn by what is to be added in levels. */
AVX2_INLINE void drawn(__m128i centre, __m128i up, __m128i down, int16_t *ret)
{
	__m256i add = _mm256_sub_epi16(_mm256_cvtepu8_epi16(up), _mm256_cvtepu8_epi16(down));

	add = _mm256_mulhrs_epi16(_mm256_slli_epi16(add, 6), _mm256_set1_epi16(DENOISE_NINTH));
	store(ret, _mm256_add_epi16(_mm256_slli_epi16(_mm256_cvtepu8_epi16(centre), 6), add));
}

AVX2 static void smooth(const uint8_t *above, const uint8_t *line, const uint8_t *below, unsigned n, unsigned limit, int16_t *ret)
{
	const __m256i twice = _mm256_set1_epi8((char)(2 * limit));

	for (unsigned x = 0; x < n; x += 32) {
		__m256i centre = load(line + x), to[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};

		for (ptrdiff_t i = -1; i <= 1; i++) {
			pull(above + (ptrdiff_t)x + i, centre, twice, to);
			if (i)
				pull(line + (ptrdiff_t)x + i, centre, twice, to);
			pull(below + (ptrdiff_t)x + i, centre, twice, to);
		}
		drawn(_mm256_castsi256_si128(centre), _mm256_castsi256_si128(to[0]), _mm256_castsi256_si128(to[1]), ret + x);
		drawn(_mm256_extracti128_si256(centre, 1), _mm256_extracti128_si256(to[0], 1), _mm256_extracti128_si256(to[1], 1), ret + x + 16);
	}
}

/* 16 columns' sums over four lines, in pairs: 8 of 32 bits. */
AVX2_INLINE __m256i pairs(const int16_t *now, const int16_t *before, size_t stride)
{
	__m256i sum = _mm256_setzero_si256();

	for (size_t y = 0; y < DENOISE_CELL; y++)
		sum = _mm256_add_epi16(sum, _mm256_srai_epi16(_mm256_sub_epi16(load(now + y * stride), load(before + y * stride)), DENOISE_SUM_SHIFT));
	return _mm256_madd_epi16(sum, _mm256_set1_epi16(1));
}

AVX2 static void sums(const int16_t *now, const int16_t *before, size_t stride, unsigned cells, int16_t *ret)
{
	const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);

	for (unsigned c = 0; c < cells; c += 16, now += 64, before += 64) {
		__m256i a = _mm256_hadd_epi32(pairs(now, before, stride), pairs(now + 16, before + 16, stride));
		__m256i b = _mm256_hadd_epi32(pairs(now + 32, before + 32, stride), pairs(now + 48, before + 48, stride));

		/* in each half of a and b: two cells of the first 16 columns, two of the next */
		store(ret + c, _mm256_permutevar8x32_epi32(_mm256_packs_epi32(a, b), order));
	}
}

AVX2_INLINE __m256i absolute(__m256i v)
{
	return _mm256_max_epi16(v, _mm256_subs_epi16(_mm256_setzero_si256(), v));
}

AVX2_INLINE __m256i swap_pairs(__m256i v)
{
	return _mm256_shufflehi_epi16(_mm256_shufflelo_epi16(v, 0xb1), 0xb1);
}

AVX2 void denoise_judge_avx2(const int16_t *sum, const int16_t *age, size_t stride, unsigned cells, const struct denoise_limits *l,
	int16_t *ret_moved)
{
	const __m256i four_limit = _mm256_set1_epi16(l->cell8), old = _mm256_set1_epi16(l->cell4), new = _mm256_set1_epi16(l->cell4_new);
	const __m256i one = _mm256_set1_epi16(1);

	for (unsigned c = 0; c < cells; c += 16) {
		__m256i column = _mm256_adds_epi16(load(sum + c), load(sum + stride + c));
		__m256i four = _mm256_cmpgt_epi16(absolute(_mm256_adds_epi16(column, swap_pairs(column))), four_limit);

		for (size_t at = c; at <= stride + c; at += stride) {
			__m256i limit = _mm256_blendv_epi8(old, new, _mm256_cmpeq_epi16(load(age + at), one));

			store(ret_moved + at, _mm256_or_si256(four, _mm256_cmpgt_epi16(absolute(load(sum + at)), limit)));
		}
	}
}

AVX2_INLINE __m256i three(const int16_t *moved)
{
	return _mm256_or_si256(load(moved), _mm256_or_si256(load(moved - 1), load(moved + 1)));
}

/* -1 for each of 16 cells above which one of four is new. */
AVX2_INLINE __m256i new_over(const int16_t *over, size_t stride)
{
	const __m256i one = _mm256_set1_epi16(1), zero = _mm256_setzero_si256();
	__m256i a = _mm256_or_si256(_mm256_cmpeq_epi16(load(over), one), _mm256_cmpeq_epi16(load(over + stride), one));
	__m256i b = _mm256_or_si256(_mm256_cmpeq_epi16(load(over + 16), one), _mm256_cmpeq_epi16(load(over + stride + 16), one));
	__m256i none = _mm256_packs_epi32(_mm256_cmpeq_epi32(a, zero), _mm256_cmpeq_epi32(b, zero));

	return _mm256_cmpeq_epi16(_mm256_permute4x64_epi64(none, 0xd8), zero);
}

struct weights {
	__m256i low, high;  /* bytes of denoise_weight, in both halves */
};

AVX2_INLINE struct weights load_weights(void)
{
	__m256i all = load(denoise_weight);
	__m256i low = _mm256_and_si256(all, _mm256_set1_epi16(0xff)), high = _mm256_srli_epi16(all, 8);

	return (struct weights){_mm256_permute4x64_epi64(_mm256_packus_epi16(low, low), 0x88),
		_mm256_permute4x64_epi64(_mm256_packus_epi16(high, high), 0x88)};
}

/* By ages of 1 to 16. Their upper bytes become indices with the top bit set, which give 0. */
AVX2_INLINE __m256i weigh(const struct weights *w, __m256i age)
{
	__m256i index = _mm256_or_si256(_mm256_sub_epi16(age, _mm256_set1_epi16(1)), _mm256_set1_epi16((short)0x8000));

	return _mm256_or_si256(_mm256_shuffle_epi8(w->low, index), _mm256_slli_epi16(_mm256_shuffle_epi8(w->high, index), 8));
}

AVX2 void denoise_grow_avx2(const int16_t *moved, const int16_t *over, size_t stride, unsigned cells, unsigned max, int16_t *age,
	int16_t *ret_weight)
{
	const __m256i one = _mm256_set1_epi16(1), most = _mm256_set1_epi16((short)max);
	const struct weights w = load_weights();

	for (unsigned c = 0; c < cells; c += 16) {
		__m256i any = _mm256_or_si256(three(moved + c), _mm256_or_si256(three(moved + c - stride), three(moved + c + stride))), a;

		if (over)
			any = _mm256_or_si256(any, new_over(over + 2 * c, stride));
		a = _mm256_blendv_epi8(_mm256_min_epi16(_mm256_add_epi16(load(age + c), one), most), one, any);
		store(age + c, a);
		store(ret_weight + c, weigh(&w, a));
	}
}

struct gate {
	__m256i limit, factor, one;
};

/* 16 samples. */
AVX2_INLINE __m256i blend16(const int16_t *now, int16_t *before, const int16_t *weight, const struct gate *g)
{
	const __m256i spread = _mm256_setr_epi8(0, 1, 0, 1, 0, 1, 0, 1, 2, 3, 2, 3, 2, 3, 2, 3, 4, 5, 4, 5, 4, 5, 4, 5, 6, 7, 6, 7, 6, 7, 6, 7);
	__m256i was = load(before), d = _mm256_sub_epi16(load(now), was);
	__m256i w = _mm256_shuffle_epi8(_mm256_broadcastq_epi64(_mm_loadl_epi64((const __m128i *)(const void *)weight)), spread);
	__m256i over = _mm256_min_epu16(_mm256_subs_epu16(_mm256_abs_epi16(d), g->limit), g->limit);

	w = _mm256_max_epi16(w, _mm256_mullo_epi16(over, g->factor));
	w = _mm256_blendv_epi8(w, g->one, _mm256_cmpeq_epi16(over, g->limit));
	was = _mm256_add_epi16(was, _mm256_mulhrs_epi16(d, w));
	store(before, was);
	return _mm256_srai_epi16(_mm256_add_epi16(was, _mm256_set1_epi16(DENOISE_ONE / 2)), 6);
}

AVX2 static void blend(const int16_t *now, int16_t *before, const int16_t *weight, unsigned n, unsigned limit, uint8_t *ret)
{
	const struct gate g = {_mm256_set1_epi16((short)limit), _mm256_set1_epi16((short)(DENOISE_WEIGHT_ONE / limit)),
		_mm256_set1_epi16(DENOISE_WEIGHT_ONE)};

	for (unsigned x = 0; x < n; x += 32) {
		__m256i a = blend16(now + x, before + x, weight + x / DENOISE_CELL, &g);
		__m256i b = blend16(now + x + 16, before + x + 16, weight + x / DENOISE_CELL + 4, &g);

		store(ret + x, _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xd8));
	}
}

const struct denoise_kernels denoise_kernels_avx2 = {smooth, sums, denoise_judge_avx2, denoise_grow_avx2, blend};

#endif
