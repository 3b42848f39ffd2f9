/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_X86_OVERLAY_AVX2_H
#define CODEC_X86_OVERLAY_AVX2_H
#include "codec/overlay.h"

#if defined(__x86_64__)
overlay_blend_fn overlay_blend_avx2;
#endif

#endif
