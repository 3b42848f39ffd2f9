/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/overlay_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))

/* Sixteen words: a * b / 255, rounded; exact for bytes, and 255 * 255 + 128 + 254 still fits into a word. */
AVX2 static inline __m256i scaled(__m256i a, __m256i b)
{
	__m256i v = _mm256_add_epi16(_mm256_mullo_epi16(a, b), _mm256_set1_epi16(128));

	return _mm256_srli_epi16(_mm256_add_epi16(v, _mm256_srli_epi16(v, 8)), 8);
}

AVX2 static inline __m256i blend(__m256i dst, __m256i keep, __m256i add)
{
	__m256i zero = _mm256_setzero_si256();
	__m256i lo = scaled(_mm256_unpacklo_epi8(dst, zero), _mm256_unpacklo_epi8(keep, zero));
	__m256i hi = scaled(_mm256_unpackhi_epi8(dst, zero), _mm256_unpackhi_epi8(keep, zero));

	return _mm256_adds_epu8(_mm256_packus_epi16(lo, hi), add);
}

AVX2 static inline __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

AVX2 void overlay_blend_avx2(uint8_t *dst, const uint8_t *keep, const uint8_t *add, size_t n)
{
	uint8_t rest[3][32] = {{0}};

	for (; n >= 32; n -= 32, dst += 32, keep += 32, add += 32)
		_mm256_storeu_si256((__m256i *)(void *)dst, blend(load(dst), load(keep), load(add)));
	if (!n)
		return;
	memcpy(rest[0], dst, n);
	memcpy(rest[1], keep, n);
	memcpy(rest[2], add, n);
	_mm256_storeu_si256((__m256i *)(void *)rest[0], blend(load(rest[0]), load(rest[1]), load(rest[2])));
	memcpy(dst, rest[0], n);
}

#endif
