/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/scale_columns.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX2_INLINE AVX2 __attribute__((always_inline)) static inline

#define BLOCK SCALE_BLOCK
#define LANES 16  /* lines that a vector holds of a column: half a band */

/* Before loops whose arrays are meant to be registers. */
#define UNROLL _Pragma("GCC unroll 16")

struct sums {
	__m256i low, high;  /* of 32 columns: 0-7 and 16-23; 8-15 and 24-31 */
};

AVX2_INLINE __m256i load(const void *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

/* Sums are made in the order that is written: the compiler's own makes it run out of registers (a third slower at six pairs). */
AVX2_INLINE __m256i in_order(__m256i v)
{
	__asm__("" : "+x"(v));
	return v;
}

AVX2_INLINE void add_pair(struct sums *s, const uint8_t *p, const uint8_t *q, __m256i ab, __m256i gain)
{
	__m256i a = load(p), b = in_order(load(q));
	__m256i low = _mm256_maddubs_epi16(_mm256_unpacklo_epi8(a, b), ab), high = _mm256_maddubs_epi16(_mm256_unpackhi_epi8(a, b), ab);

	s->low = in_order(_mm256_add_epi16(s->low, _mm256_mulhrs_epi16(low, gain)));
	s->high = in_order(_mm256_add_epi16(s->high, _mm256_mulhrs_epi16(high, gain)));
}

AVX2_INLINE void store_sums(int16_t *to, const struct sums *s)
{
	_mm_storeu_si128((__m128i *)(void *)to, _mm256_castsi256_si128(s->low));
	_mm_storeu_si128((__m128i *)(void *)(to + 8), _mm256_castsi256_si128(s->high));
	_mm_storeu_si128((__m128i *)(void *)(to + 16), _mm256_extracti128_si256(s->low, 1));
	_mm_storeu_si128((__m128i *)(void *)(to + 24), _mm256_extracti128_si256(s->high, 1));
}

/* A line's pairs, spread over vectors. */
struct spread {
	__m256i ab[SCALE_FILTER_TAPS_MAX / 2 + 1], gain[SCALE_FILTER_TAPS_MAX / 2 + 1];
};

AVX2_INLINE void spread_pairs(struct spread *to, const struct scale_pair *pair, unsigned pairs)
{
	for (unsigned k = 0; k < pairs; k++) {
		to->ab[k] = _mm256_set1_epi16((int16_t)((uint8_t)pair[k].a | (uint8_t)pair[k].b << 8));
		to->gain[k] = _mm256_set1_epi16(pair[k].gain);
	}
}

/* One line. The number of pairs is constant wherever that helps. */
AVX2_INLINE void down_pairs(int16_t *restrict to, const struct scale_line *l, const struct spread *w, unsigned pairs)
{
	for (unsigned x = 0; x < l->n; x += 64) {
		__m256i zero = _mm256_setzero_si256();
		struct sums left = {zero, zero}, right = left;

		if (x + 64 > l->n)
			x = l->n - 64;
		for (unsigned i = 0; i < l->fetch.lines; i++)
			_mm_prefetch(l->fetch.at + (ptrdiff_t)i * l->fetch.stride + x, _MM_HINT_T0);
		UNROLL for (unsigned k = 0; k < pairs; k++) {
			add_pair(&left, l->from[2 * k] + x, l->from[2 * k + 1] + x, w->ab[k], w->gain[k]);
			add_pair(&right, l->from[2 * k] + x + 32, l->from[2 * k + 1] + x + 32, w->ab[k], w->gain[k]);
		}
		store_sums(to + x, &left);
		store_sums(to + x + 32, &right);
	}
}

AVX2 static void down(int16_t *to, const struct scale_line *l)
{
	struct spread w __attribute__((uninitialized));

	spread_pairs(&w, l->pair, l->pairs);
	switch (l->pairs) {
	case 1:
		down_pairs(to, l, &w, 1);
		break;
	case 2:
		down_pairs(to, l, &w, 2);
		break;
	case 3:
		down_pairs(to, l, &w, 3);
		break;
	case 4:
		down_pairs(to, l, &w, 4);
		break;
	case 5:
		down_pairs(to, l, &w, 5);
		break;
	case 6:
		down_pairs(to, l, &w, 6);
		break;
	default:
		down_pairs(to, l, &w, l->pairs);
	}
}

/* 16 lines of 8 columns become 16 words of 8 columns. */
AVX2_INLINE void turn_8x16(int16_t *to, unsigned lanes, const int16_t *from)
{
	__m256i v[8], w[8];

	UNROLL for (int i = 0; i < 8; i++)
		v[i] = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)(from + i * BLOCK))),
			_mm_loadu_si128((const __m128i *)(const void *)(from + (i + 8) * BLOCK)), 1);
	UNROLL for (int round = 0; round < 3; round++) {
		UNROLL for (int i = 0; i < 4; i++) {
			w[2 * i] = _mm256_unpacklo_epi16(v[i], v[i + 4]);
			w[2 * i + 1] = _mm256_unpackhi_epi16(v[i], v[i + 4]);
		}
		UNROLL for (int i = 0; i < 8; i++)
			v[i] = w[i];
	}
	UNROLL for (int i = 0; i < 8; i++)
		_mm256_store_si256((__m256i *)(void *)(to + i * lanes), v[i]);
}

AVX2 static void turn(int16_t *columns, const int16_t *block, unsigned n)
{
	for (unsigned x = 0; x < n; x += 8) {
		if (x + 8 > n)
			x = n - 8;
		turn_8x16(columns + (size_t)x * LANES, LANES, block + x);
	}
}

/* Both halves of a column one after the other: its 64 bytes are one line of the cache. */
AVX2 void scale_columns_turn_avx2(int16_t *columns, const int16_t *block, unsigned n)
{
	for (unsigned x = 0; x < n; x += 8) {
		if (x + 8 > n)
			x = n - 8;
		turn_8x16(columns + (size_t)x * SCALE_BAND, SCALE_BAND, block + x);
		turn_8x16(columns + (size_t)x * SCALE_BAND + LANES, SCALE_BAND, block + LANES * BLOCK + x);
	}
}

/* Both halves of the band, or the first alone. */
AVX2_INLINE __m256i across_column(const int16_t *at, size_t half, const int16_t (*weight)[2], unsigned taps, __m256i bias, bool whole)
{
	__m256i first = bias, second = bias;

	UNROLL for (unsigned k = 0; k < taps; k++) {
		int32_t twice;
		__m256i w;

		memcpy(&twice, weight[k], sizeof twice);
		w = _mm256_set1_epi32(twice);
		first = in_order(_mm256_add_epi16(first, _mm256_mulhrs_epi16(_mm256_load_si256((const __m256i *)(const void *)(at + k * LANES)), w)));
		if (whole)
			second = in_order(_mm256_add_epi16(second, _mm256_mulhrs_epi16(_mm256_load_si256((const __m256i *)(const void *)(at + half + k * LANES)), w)));
	}
	return _mm256_packus_epi16(_mm256_srai_epi16(first, 6), _mm256_srai_epi16(second, 6));
}

AVX2_INLINE void across_columns(__m256i to[16], const struct scale_plane *p, unsigned x, unsigned taps, const int16_t *columns, bool whole)
{
	const struct scale_filter *f = p->across;
	__m256i bias = _mm256_set1_epi16((int16_t)p->bias);
	size_t half = scale_columns_half(p, LANES);

	for (unsigned i = 0; i < 16; i++)
		to[i] = across_column(columns + (size_t)f->start[x + i] * LANES, half, (const int16_t (*)[2])f->weight + (size_t)(x + i) * taps, taps, bias, whole);
}

/* Eight columns as lines of eight bytes: of each lane 0 and 1, 2 and 3... */
AVX2_INLINE void turn_bytes(__m256i v[8], const __m256i *from)
{
	__m256i w[8];

	UNROLL for (int i = 0; i < 4; i++) {
		v[2 * i] = _mm256_unpacklo_epi8(from[i], from[i + 4]);
		v[2 * i + 1] = _mm256_unpackhi_epi8(from[i], from[i + 4]);
	}
	UNROLL for (int i = 0; i < 4; i++) {
		w[2 * i] = _mm256_unpacklo_epi8(v[i], v[i + 4]);
		w[2 * i + 1] = _mm256_unpackhi_epi8(v[i], v[i + 4]);
	}
	UNROLL for (int i = 0; i < 4; i++) {
		v[2 * i] = _mm256_unpacklo_epi8(w[i], w[i + 4]);
		v[2 * i + 1] = _mm256_unpackhi_epi8(w[i], w[i + 4]);
	}
}

AVX2_INLINE void store_line(uint8_t *to, size_t stride, unsigned y, unsigned lines, __m128i v)
{
	if (y < lines)
		_mm_storeu_si128((__m128i *)(void *)(to + y * stride), v);
}

/* 16 columns of packed lines (0-7, 16-23; 8-15, 24-31) become lines again. */
AVX2_INLINE void turn_back(uint8_t *to, size_t stride, const __m256i *columns, unsigned lines)
{
	__m256i left[8], right[8];

	turn_bytes(left, columns);
	turn_bytes(right, columns + 8);
	UNROLL for (unsigned i = 0; i < 8; i++) {
		__m256i even = _mm256_unpacklo_epi64(left[i], right[i]), odd = _mm256_unpackhi_epi64(left[i], right[i]);
		unsigned y = i < 4 ? 2 * i : 2 * i + 8;

		store_line(to, stride, y, lines, _mm256_castsi256_si128(even));
		store_line(to, stride, y + 1, lines, _mm256_castsi256_si128(odd));
		store_line(to, stride, y + 8, lines, _mm256_extracti128_si256(even, 1));
		store_line(to, stride, y + 9, lines, _mm256_extracti128_si256(odd, 1));
	}
}

AVX2 void scale_columns_store_avx2(uint8_t *to, size_t stride, const void *columns, unsigned lines)
{
	if (lines == SCALE_BAND)
		turn_back(to, stride, columns, SCALE_BAND);
	else
		turn_back(to, stride, columns, lines);
}

AVX2_INLINE void across_lines(const struct scale_plane *p, unsigned y, unsigned lines, unsigned x, unsigned end, const int16_t *columns, unsigned taps, bool whole)
{
	__m256i out[16] __attribute__((uninitialized));

	for (; x < end; x += 16) {
		across_columns(out, p, x, taps, columns, whole);
		scale_columns_store_avx2(p->to + (size_t)y * p->to_stride + x, p->to_stride, out, lines);
	}
}

AVX2_INLINE void across_taps(const struct scale_plane *p, unsigned y, unsigned lines, unsigned x, unsigned end, const int16_t *columns, unsigned taps)
{
	if (lines > LANES)
		across_lines(p, y, lines, x, end, columns, taps, true);
	else
		across_lines(p, y, lines, x, end, columns, taps, false);
}

/* With a constant number of taps the loops unroll. Those are what common ratios need. */
AVX2 static void across(const struct scale_plane *p, unsigned y, unsigned lines, unsigned x, unsigned end, const int16_t *columns)
{
	switch (p->across->taps) {
	case 4:
		across_taps(p, y, lines, x, end, columns, 4);
		break;
	case 6:
		across_taps(p, y, lines, x, end, columns, 6);
		break;
	case 8:
		across_taps(p, y, lines, x, end, columns, 8);
		break;
	case 9:
		across_taps(p, y, lines, x, end, columns, 9);
		break;
	case 11:
		across_taps(p, y, lines, x, end, columns, 11);
		break;
	default:
		across_taps(p, y, lines, x, end, columns, p->across->taps);
	}
}

void scale_columns_avx2(const struct scale_plane *p)
{
	static const struct scale_form form = {LANES, down, turn, across};

	scale_columns_run(p, &form);
}

#endif
