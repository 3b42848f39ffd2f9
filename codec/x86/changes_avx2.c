/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/changes_avx2.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX2_INLINE AVX2 __attribute__((always_inline)) static inline

AVX2_INLINE __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* Signed sums over 8 cells of 4x4 side by side. */
AVX2_INLINE __m256i cells(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b, ptrdiff_t b_stride, __m256i *pixel)
{
	const __m256i ones8 = _mm256_set1_epi8(1), ones16 = _mm256_set1_epi16(1);
	__m256i sum = _mm256_setzero_si256();

	for (int y = 0; y < 4; y++) {
		__m256i x = load(a + y * a_stride), z = load(b + y * b_stride);

		*pixel = _mm256_max_epu8(*pixel, _mm256_or_si256(_mm256_subs_epu8(x, z), _mm256_subs_epu8(z, x)));
		sum = _mm256_add_epi16(sum, _mm256_sub_epi16(_mm256_maddubs_epi16(x, ones8), _mm256_maddubs_epi16(z, ones8)));
	}
	return _mm256_madd_epi16(sum, ones16);
}

/* The largest of each half's four. */
AVX2_INLINE __m256i largest4(__m256i v)
{
	v = _mm256_max_epi32(v, _mm256_shuffle_epi32(v, 0x4e));
	return _mm256_max_epi32(v, _mm256_shuffle_epi32(v, 0xb1));
}

/* The largest of each half's 16 bytes, in its lowest. */
AVX2_INLINE __m256i largest16(__m256i v)
{
	v = _mm256_max_epu8(v, _mm256_srli_si256(v, 8));
	v = _mm256_max_epu8(v, _mm256_srli_si256(v, 4));
	v = _mm256_max_epu8(v, _mm256_srli_si256(v, 2));
	return _mm256_max_epu8(v, _mm256_srli_si256(v, 1));
}

/* Two blocks' luma, a block in each half. */
AVX2_INLINE void luma(const struct changes_pair *p, size_t x, struct changes_block ret[2])
{
	__m256i pixel = _mm256_setzero_si256(), most = pixel, v[4], cell8, all;

	for (int i = 0; i < 4; i++) {
		v[i] = cells(p->a[0] + 4 * i * p->a_stride[0] + x, p->a_stride[0], p->b[0] + 4 * i * p->b_stride[0] + x, p->b_stride[0], &pixel);
		most = _mm256_max_epi32(most, _mm256_abs_epi32(v[i]));
	}
	cell8 = _mm256_hadd_epi32(_mm256_add_epi32(v[0], v[1]), _mm256_add_epi32(v[2], v[3]));
	all = _mm256_hadd_epi32(cell8, cell8);
	all = _mm256_abs_epi32(_mm256_hadd_epi32(all, all));
	most = largest4(most);
	cell8 = largest4(_mm256_abs_epi32(cell8));
	pixel = largest16(pixel);
	ret[0].pixel = (uint16_t)_mm256_extract_epi8(pixel, 0);
	ret[1].pixel = (uint16_t)_mm256_extract_epi8(pixel, 16);
	ret[0].cell4 = (uint16_t)_mm256_extract_epi32(most, 0);
	ret[1].cell4 = (uint16_t)_mm256_extract_epi32(most, 4);
	ret[0].cell8 = (uint16_t)_mm256_extract_epi32(cell8, 0);
	ret[1].cell8 = (uint16_t)_mm256_extract_epi32(cell8, 4);
	ret[0].all = (uint16_t)_mm256_extract_epi32(all, 0);
	ret[1].all = (uint16_t)_mm256_extract_epi32(all, 4);
}

/* One plane of chroma of four blocks, of which each has two cells side by side: the largest sums so far, a block in each 64 bits. */
AVX2_INLINE void chroma(const struct changes_pair *p, int i, size_t x, __m256i *most4, __m256i *most8)
{
	__m256i unused = _mm256_setzero_si256();
	__m256i top = cells(p->a[i] + x, p->a_stride[i], p->b[i] + x, p->b_stride[i], &unused);
	__m256i low = cells(p->a[i] + 4 * p->a_stride[i] + x, p->a_stride[i], p->b[i] + 4 * p->b_stride[i] + x, p->b_stride[i], &unused);
	__m256i both = _mm256_add_epi32(top, low);

	*most4 = _mm256_max_epi32(*most4, _mm256_max_epi32(_mm256_abs_epi32(top), _mm256_abs_epi32(low)));
	*most8 = _mm256_max_epi32(*most8, _mm256_abs_epi32(_mm256_add_epi32(both, _mm256_shuffle_epi32(both, 0xb1))));
}

AVX2 void changes_blocks_avx2(const struct changes_pair *p, unsigned n, struct changes_block *ret)
{
	struct changes_pair rest = *p;
	unsigned i = 0;

	for (; i + 4 <= n; i += 4) {
		__m256i most4 = _mm256_setzero_si256(), most8 = most4;
		uint32_t four[8], eight[8];

		luma(p, (size_t)i * 16, ret + i);
		luma(p, (size_t)i * 16 + 32, ret + i + 2);
		chroma(p, 1, (size_t)i * 8, &most4, &most8);
		chroma(p, 2, (size_t)i * 8, &most4, &most8);
		most4 = _mm256_max_epi32(most4, _mm256_shuffle_epi32(most4, 0xb1));
		_mm256_storeu_si256((__m256i *)(void *)four, most4);
		_mm256_storeu_si256((__m256i *)(void *)eight, most8);
		for (unsigned k = 0; k < 4; k++) {
			ret[i + k].chroma4 = (uint16_t)four[2 * k];
			ret[i + k].chroma8 = (uint16_t)eight[2 * k];
		}
	}
	for (int k = 0; k < 3; k++) {
		rest.a[k] += (size_t)i * (k ? 8 : 16);
		rest.b[k] += (size_t)i * (k ? 8 : 16);
	}
	changes_blocks_c(&rest, n - i, ret + i);
}

#endif
