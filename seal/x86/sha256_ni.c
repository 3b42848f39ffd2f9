/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/x86/sha256_ni.h"

#include <stdlib.h>

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>
#include <stdatomic.h>

#include "seal/x86/sha256_k.h"

#define NI __attribute__((target("sha,sse4.1,ssse3")))
#define NI_INLINE NI __attribute__((always_inline)) static inline

/* The instructions want the state as (A B E F) and (C D G H), from the highest word down. */
struct lane {
	__m128i abef, cdgh, m[4];
};

/* CPUID leaf 7, EBX bit 29: SHA; leaf 1, ECX bits 9 and 19: SSSE3 and SSE4.1. */
static bool ask_cpu(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b >> 29 & 1))
		return false;
	return __get_cpuid(1, &a, &b, &c, &d) && c >> 9 & 1 && c >> 19 & 1;
}

bool sha256_ni_there(void)
{
	static atomic_int known;           /* 1: no, 2: yes. A virtual machine leaves the guest for each question */

	if (!atomic_load_explicit(&known, memory_order_relaxed))
		atomic_store_explicit(&known, 1 + ask_cpu(), memory_order_relaxed);
	return atomic_load_explicit(&known, memory_order_relaxed) == 2;
}

NI_INLINE struct lane load_state(const uint32_t h[8])
{
	__m128i dcba = _mm_loadu_si128((const __m128i *)(const void *)h), hgfe = _mm_loadu_si128((const __m128i *)(const void *)(h + 4));
	__m128i cdab = _mm_shuffle_epi32(dcba, 0xb1), efgh = _mm_shuffle_epi32(hgfe, 0x1b);

	return (struct lane){.abef = _mm_alignr_epi8(cdab, efgh, 8), .cdgh = _mm_blend_epi16(efgh, cdab, 0xf0)};
}

NI_INLINE void store_state(uint32_t h[8], __m128i abef, __m128i cdgh)
{
	__m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);

	_mm_storeu_si128((__m128i *)(void *)h, _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128((__m128i *)(void *)(h + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/* Four rounds, number 4i to 4i + 3, with w[4i..4i+3] in m[i % 4]. */
NI_INLINE void rounds(struct lane *l, unsigned i)
{
	__m128i wk = _mm_add_epi32(l->m[i % 4], _mm_load_si128((const __m128i *)(const void *)(k + 4 * i)));

	l->cdgh = _mm_sha256rnds2_epu32(l->cdgh, l->abef, wk);
	l->abef = _mm_sha256rnds2_epu32(l->abef, l->cdgh, _mm_shuffle_epi32(wk, 0x0e));
}

/* w[4i+16..4i+19] take the place of w[4i..4i+3]. */
NI_INLINE void schedule(struct lane *l, unsigned i)
{
	__m128i w0 = l->m[i % 4], w4 = l->m[(i + 1) % 4], w8 = l->m[(i + 2) % 4], w12 = l->m[(i + 3) % 4];
	__m128i w9 = _mm_alignr_epi8(w12, w8, 4);

	l->m[i % 4] = _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(w0, w4), w9), w12);
}

NI_INLINE void load_block(struct lane *l, const uint8_t *p)
{
	const __m128i swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);

	for (unsigned i = 0; i < 4; i++)
		l->m[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i)), swap);
}

NI void sha256_ni_two(uint32_t a[8], const uint8_t *pa, uint32_t b[8], const uint8_t *pb, size_t n)
{
	struct lane x = load_state(a), y = load_state(b);

	for (; n; n--, pa += 64, pb += 64) {
		__m128i x_abef = x.abef, x_cdgh = x.cdgh, y_abef = y.abef, y_cdgh = y.cdgh;

		load_block(&x, pa);
		load_block(&y, pb);
#pragma GCC unroll 16
		for (unsigned i = 0; i < 16; i++) {
			rounds(&x, i);
			rounds(&y, i);
			if (i < 12) {
				schedule(&x, i);
				schedule(&y, i);
			}
		}
		x.abef = _mm_add_epi32(x.abef, x_abef);
		x.cdgh = _mm_add_epi32(x.cdgh, x_cdgh);
		y.abef = _mm_add_epi32(y.abef, y_abef);
		y.cdgh = _mm_add_epi32(y.cdgh, y_cdgh);
	}
	store_state(a, x.abef, x.cdgh);
	store_state(b, y.abef, y.cdgh);
}

#else

bool sha256_ni_there(void)
{
	return false;
}

void sha256_ni_two(uint32_t a[8], const uint8_t *pa, uint32_t b[8], const uint8_t *pb, size_t n)
{
	abort();                           /* never asked for, see sha256_ni_there */
}

#endif
