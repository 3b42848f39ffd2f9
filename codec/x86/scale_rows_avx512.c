/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/scale_rows.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define AVX512_INLINE AVX512 __attribute__((always_inline)) static inline

#define UNROLL _Pragma("GCC unroll 16")

AVX512_INLINE __m512i in_order(__m512i v)
{
	__asm__("" : "+v"(v));
	return v;
}

AVX512_INLINE __m512i twice(const int16_t weight[2])
{
	int32_t v;

	memcpy(&v, weight, sizeof v);
	return _mm512_set1_epi32(v);
}

AVX512_INLINE __m512i add_tap(__m512i sum, const int16_t *line, __m512i weight)
{
	return in_order(_mm512_add_epi16(sum, _mm512_mulhrs_epi16(_mm512_loadu_si512(line), weight)));
}

/* The number of taps is constant wherever that helps. */
AVX512_INLINE void down_taps(uint8_t *restrict to, const struct scale_down *d, unsigned taps)
{
	const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
	__m512i weight[SCALE_FILTER_TAPS_MAX + 2] __attribute__((uninitialized)), bias = _mm512_set1_epi16((int16_t)d->bias);

	UNROLL for (unsigned k = 0; k < taps; k++)
		weight[k] = twice(d->weight[k]);
	for (unsigned x = 0; x < d->n; x += 64) {
		__m512i left = bias, right = bias;

		if (x + 64 > d->n)
			x = d->n - 64;
		UNROLL for (unsigned k = 0; k < taps; k++) {
			left = add_tap(left, d->line[k] + x, weight[k]);
			right = add_tap(right, d->line[k] + x + 32, weight[k]);
		}
		left = _mm512_packus_epi16(_mm512_srai_epi16(left, 6), _mm512_srai_epi16(right, 6));
		_mm512_storeu_si512(to + x, _mm512_permutexvar_epi64(order, left));
	}
}

AVX512 void scale_rows_down_avx512(uint8_t *to, const struct scale_down *d)
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

#endif
