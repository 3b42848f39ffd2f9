/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/scale_columns.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define AVX512_INLINE AVX512 __attribute__((always_inline)) static inline

#define UNROLL _Pragma("GCC unroll 16")

struct sums {
	__m512i low, high;  /* of 64 columns, by lanes: 0-7, 16-23, 32-39, 48-55; the others */
};

/* Sums are made in the order that is written: the compiler's own makes it run out of registers. */
AVX512_INLINE __m512i in_order(__m512i v)
{
	__asm__("" : "+v"(v));
	return v;
}

AVX512_INLINE void add_pair(struct sums *s, const uint8_t *p, const uint8_t *q, __m512i ab, __m512i gain)
{
	__m512i a = _mm512_loadu_si512(p), b = in_order(_mm512_loadu_si512(q));
	__m512i low = _mm512_maddubs_epi16(_mm512_unpacklo_epi8(a, b), ab), high = _mm512_maddubs_epi16(_mm512_unpackhi_epi8(a, b), ab);

	s->low = in_order(_mm512_add_epi16(s->low, _mm512_mulhrs_epi16(low, gain)));
	s->high = in_order(_mm512_add_epi16(s->high, _mm512_mulhrs_epi16(high, gain)));
}

AVX512_INLINE void store_sums(int16_t *to, const struct sums *s)
{
	const __m512i first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);

	_mm512_storeu_si512(to, _mm512_permutex2var_epi64(s->low, first, s->high));
	_mm512_storeu_si512(to + 32, _mm512_permutex2var_epi64(s->low, second, s->high));
}

AVX512_INLINE __m512i both(struct scale_pair pair)
{
	return _mm512_set1_epi16((int16_t)((uint8_t)pair.a | (uint8_t)pair.b << 8));
}

/* One line. The number of pairs is constant wherever that helps. */
AVX512_INLINE void down_pairs(int16_t *restrict to, const struct scale_line *l, unsigned pairs)
{
	const struct scale_pair *pair = l->pair;

	for (unsigned x = 0; x < l->n; x += 64) {
		struct sums s = {_mm512_setzero_si512(), _mm512_setzero_si512()};

		if (x + 64 > l->n)
			x = l->n - 64;
		for (unsigned i = 0; i < l->fetch.lines; i++)
			_mm_prefetch(l->fetch.at + (ptrdiff_t)i * l->fetch.stride + x, _MM_HINT_T0);
		UNROLL for (unsigned k = 0; k < pairs; k++)
			add_pair(&s, l->from[2 * k] + x, l->from[2 * k + 1] + x, both(pair[k]), _mm512_set1_epi16(pair[k].gain));
		store_sums(to + x, &s);
	}
}

AVX512 static void down(int16_t *to, const struct scale_line *l)
{
	switch (l->pairs) {
	case 1:
		down_pairs(to, l, 1);
		break;
	case 2:
		down_pairs(to, l, 2);
		break;
	case 3:
		down_pairs(to, l, 3);
		break;
	case 4:
		down_pairs(to, l, 4);
		break;
	case 5:
		down_pairs(to, l, 5);
		break;
	case 6:
		down_pairs(to, l, 6);
		break;
	default:
		down_pairs(to, l, l->pairs);
	}
}

AVX512_INLINE __m256i across_column(const int16_t *at, const int16_t (*weight)[2], unsigned taps, __m512i bias)
{
	__m512i sum = bias;

	UNROLL for (unsigned k = 0; k < taps; k++) {
		int32_t twice;

		memcpy(&twice, weight[k], sizeof twice);
		sum = in_order(_mm512_add_epi16(sum, _mm512_mulhrs_epi16(_mm512_load_si512(at + k * SCALE_BAND), _mm512_set1_epi32(twice))));
	}
	sum = _mm512_srai_epi16(sum, 6);
	return _mm256_packus_epi16(_mm512_castsi512_si256(sum), _mm512_extracti64x4_epi64(sum, 1));
}

AVX512_INLINE void across_columns(__m256i to[16], const struct scale_plane *p, unsigned x, unsigned taps, const int16_t *columns)
{
	const struct scale_filter *f = p->across;
	__m512i bias = _mm512_set1_epi16((int16_t)p->bias);

	for (unsigned i = 0; i < 16; i++)
		to[i] = across_column(columns + (size_t)f->start[x + i] * SCALE_BAND, (const int16_t (*)[2])f->weight + (size_t)(x + i) * taps, taps, bias);
}

AVX512_INLINE void across_taps(const struct scale_plane *p, unsigned y, unsigned lines, unsigned x, unsigned end, const int16_t *columns, unsigned taps)
{
	__m256i out[16] __attribute__((uninitialized));

	for (; x < end; x += 16) {
		across_columns(out, p, x, taps, columns);
		scale_columns_store_avx2(p->to + (size_t)y * p->to_stride + x, p->to_stride, out, lines);
	}
}

AVX512 static void across(const struct scale_plane *p, unsigned y, unsigned lines, unsigned x, unsigned end, const int16_t *columns)
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

void scale_columns_avx512(const struct scale_plane *p)
{
	static const struct scale_form form = {SCALE_BAND, down, scale_columns_turn_avx2, across};

	scale_columns_run(p, &form);
}

#endif
