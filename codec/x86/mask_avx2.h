/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_X86_MASK_AVX2_H
#define CODEC_X86_MASK_AVX2_H
#include "codec/mask.h"

#if defined(__x86_64__)
mask_sum_fn mask_sum_avx2;
#endif

#endif
