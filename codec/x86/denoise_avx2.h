/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_X86_DENOISE_AVX2_H
#define CODEC_X86_DENOISE_AVX2_H
/* denoise_kernels_c with AVX2; see codec/denoise_kernels.h. */
#include "codec/denoise_kernels.h"

extern const struct denoise_kernels denoise_kernels_avx2;

#endif
