/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_X86_CHANGES_AVX2_H
#define CODEC_X86_CHANGES_AVX2_H
/* changes_blocks_c with AVX2; see codec/changes_blocks.h. */
#include "codec/changes_blocks.h"

changes_blocks_fn changes_blocks_avx2;

#endif
