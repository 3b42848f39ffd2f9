/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_X86_DENOISE_AVX2_H
#define CODEC_X86_DENOISE_AVX2_H
/* denoise_kernels_c with AVX2; see codec/denoise_kernels.h. */
#include "codec/denoise_kernels.h"

extern const struct denoise_kernels denoise_kernels_avx2;

/* Two of them, which wider forms take over: there is one value for sixteen samples. */
void denoise_judge_avx2(const int16_t *sum, const int16_t *age, size_t stride, unsigned cells, const struct denoise_limits *l,
	int16_t *ret_moved);
void denoise_grow_avx2(const int16_t *moved, const int16_t *over, size_t stride, unsigned cells, unsigned max, int16_t *age,
	int16_t *ret_weight);

#endif
