/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/scale_x86.h"

#if defined(__x86_64__)

void scale_plane_avx512(const struct scale_plane *p)
{
	scale_plane_avx2(p);
}

#endif
