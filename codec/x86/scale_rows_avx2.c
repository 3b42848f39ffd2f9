/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/scale_rows.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX2_INLINE AVX2 __attribute__((always_inline)) static inline

/* Before loops whose arrays are meant to be registers. */
#define UNROLL _Pragma("GCC unroll 16")

/* Sums are made in the order that is written: the compiler's own makes it run out of registers. */
AVX2_INLINE __m256i in_order(__m256i v)
{
	__asm__("" : "+x"(v));
	return v;
}

AVX2_INLINE __m256i load_halves(const uint8_t *first, const uint8_t *second)
{
	return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)first)),
		_mm_loadu_si128((const __m128i *)(const void *)second), 1);
}

/* Pair k of 16 new samples of a line. */
AVX2_INLINE __m256i load_pair(const uint8_t *first, size_t apart, unsigned k, __m256i mask, bool in_order_too)
{
	if (in_order_too)
		return _mm256_loadu_si256((const __m256i *)(const void *)(first + 2 * k));
	return _mm256_shuffle_epi8(load_halves(first + 2 * k, first + apart + 2 * k), mask);
}

AVX2_INLINE void across_16(__m256i sum[SCALE_ROWS], const uint8_t *const from[SCALE_ROWS], const struct scale_place *place,
	const struct scale_group *g, unsigned pairs, bool in_order_too)
{
	__m256i mask = _mm256_load_si256((const __m256i *)(const void *)g->mask);
	size_t apart = (size_t)place->second - place->first;
	const uint8_t *first[SCALE_ROWS];

	UNROLL for (unsigned i = 0; i < SCALE_ROWS; i++) {
		first[i] = from[i] + place->first;
		__asm__("" : "+r"(first[i]));  /* or else the compiler works out every address ahead, for which it has no registers */
	}
	UNROLL for (unsigned i = 0; i < SCALE_ROWS; i++)
		sum[i] = _mm256_setzero_si256();
	UNROLL for (unsigned k = 0; k < pairs; k++) {
		__m256i ab = _mm256_load_si256((const __m256i *)(const void *)g->pair[k].ab);
		__m256i gain = _mm256_load_si256((const __m256i *)(const void *)g->pair[k].gain);

		UNROLL for (unsigned i = 0; i < SCALE_ROWS; i++) {
			__m256i v = _mm256_maddubs_epi16(load_pair(first[i], apart, k, mask, in_order_too), ab);

			sum[i] = in_order(_mm256_add_epi16(sum[i], _mm256_mulhrs_epi16(v, gain)));
		}
	}
}

AVX2_INLINE void across_pairs(int16_t *const to[SCALE_ROWS], const uint8_t *const from[SCALE_ROWS], const struct scale_across *a, unsigned pairs)
{
	/* Copies, since for all the compiler knows the stores below might change the originals. */
	const uint8_t *const line[SCALE_ROWS] = {from[0], from[1], from[2], from[3]};
	int16_t *const words[SCALE_ROWS] = {to[0], to[1], to[2], to[3]};
	const uint8_t *group = a->groups;
	unsigned n = a->to;

	for (unsigned x = 0, i = 0; x < n; x += 16, i++, group += scale_group_bytes(pairs)) {
		const struct scale_place place = a->place[i];
		__m256i sum[SCALE_ROWS];

		if (x + 16 > n)
			x = n - 16;
		if (place.in_order)
			across_16(sum, line, &place, (const struct scale_group *)(const void *)group, pairs, true);
		else
			across_16(sum, line, &place, (const struct scale_group *)(const void *)group, pairs, false);
		UNROLL for (unsigned k = 0; k < SCALE_ROWS; k++)
			_mm256_storeu_si256((__m256i *)(void *)(words[k] + x), sum[k]);
	}
}

AVX2 void scale_rows_across_avx2(int16_t *const to[SCALE_ROWS], const uint8_t *const from[SCALE_ROWS], const struct scale_across *a)
{
	switch (a->pairs) {
	case 1:
		across_pairs(to, from, a, 1);
		break;
	case 2:
		across_pairs(to, from, a, 2);
		break;
	case 3:
		across_pairs(to, from, a, 3);
		break;
	case 4:
		across_pairs(to, from, a, 4);
		break;
	default:
		across_pairs(to, from, a, a->pairs);
	}
}

AVX2_INLINE __m256i twice(const int16_t weight[2])
{
	int32_t v;

	memcpy(&v, weight, sizeof v);
	return _mm256_set1_epi32(v);
}

AVX2_INLINE __m256i add_tap(__m256i sum, const int16_t *line, __m256i weight)
{
	return in_order(_mm256_add_epi16(sum, _mm256_mulhrs_epi16(_mm256_loadu_si256((const __m256i *)(const void *)line), weight)));
}

AVX2_INLINE void store_32(uint8_t *to, __m256i left, __m256i right)
{
	left = _mm256_packus_epi16(_mm256_srai_epi16(left, 6), _mm256_srai_epi16(right, 6));
	_mm256_storeu_si256((__m256i *)(void *)to, _mm256_permute4x64_epi64(left, 0xd8));
}

/* The number of taps is constant wherever that helps. */
AVX2_INLINE void down_taps(uint8_t *restrict to, const struct scale_down *d, unsigned taps)
{
	__m256i weight[SCALE_FILTER_TAPS_MAX + 2] __attribute__((uninitialized)), bias = _mm256_set1_epi16((int16_t)d->bias);

	UNROLL for (unsigned k = 0; k < taps; k++)
		weight[k] = twice(d->weight[k]);
	for (unsigned x = 0; x < d->n; x += 32) {
		__m256i left = bias, right = bias;

		if (x + 32 > d->n)
			x = d->n - 32;
		UNROLL for (unsigned k = 0; k < taps; k++) {
			left = add_tap(left, d->line[k] + x, weight[k]);
			right = add_tap(right, d->line[k] + x + 16, weight[k]);
		}
		store_32(to + x, left, right);
	}
}

AVX2 void scale_rows_down_avx2(uint8_t *to, const struct scale_down *d)
{
	switch (d->taps) {
	case 4:
		down_taps(to, d, 4);
		break;
	case 5:
		down_taps(to, d, 5);
		break;
	case 6:
		down_taps(to, d, 6);
		break;
	case 7:
		down_taps(to, d, 7);
		break;
	case 8:
		down_taps(to, d, 8);
		break;
	case 9:
		down_taps(to, d, 9);
		break;
	case 12:
		down_taps(to, d, 12);
		break;
	default:
		down_taps(to, d, d->taps);
	}
}

/* 16 samples of both. */
AVX2_INLINE void add_both(__m256i sum[2], const struct scale_down *d, unsigned x, const __m256i weight[8])
{
	UNROLL for (unsigned k = 0; k < 4; k++) {
		__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(d->line[k] + x));

		sum[0] = in_order(_mm256_add_epi16(sum[0], _mm256_mulhrs_epi16(v, weight[k])));
		sum[1] = in_order(_mm256_add_epi16(sum[1], _mm256_mulhrs_epi16(v, weight[4 + k])));
	}
}

AVX2 void scale_rows_down_two_avx2(uint8_t *to, uint8_t *second, const struct scale_down *original)
{
	const struct scale_down copy = *original, *d = &copy;  /* for all the compiler knows the stores below might change the original */
	__m256i weight[8] __attribute__((uninitialized)), bias = _mm256_set1_epi16((int16_t)d->bias);

	UNROLL for (unsigned k = 0; k < 8; k++)
		weight[k] = twice(d->weight[k]);
	for (unsigned x = 0; x < d->n; x += 32) {
		__m256i left[2] = {bias, bias}, right[2] = {bias, bias};

		if (x + 32 > d->n)
			x = d->n - 32;
		add_both(left, d, x, weight);
		add_both(right, d, x + 16, weight);
		store_32(to + x, left[0], right[0]);
		store_32(second + x, left[1], right[1]);
	}
}

#endif
