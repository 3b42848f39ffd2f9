/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_X86_SCENE_AVX2_H
#define CODEC_X86_SCENE_AVX2_H
/* scene_sums_c with AVX2; see codec/scene_sums.h. */
#include "codec/scene_sums.h"

scene_sums_fn scene_sums_avx2;

#endif
