/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_X86_DENOISE_AVX512_H
#define CODEC_X86_DENOISE_AVX512_H
/* denoise_kernels_c with AVX-512, where there is anything to be gained; see codec/denoise_kernels.h. */
#include "codec/denoise_kernels.h"

extern const struct denoise_kernels denoise_kernels_avx512;

#endif
