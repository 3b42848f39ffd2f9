/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_VUI_H
#define MEDIA_VUI_H
/* How the VUI begins, the same in H.264 (ISO/IEC 14496-10 E.1.1) and H.265 (23008-2 E.2.1). Pure. */
#include <stdbool.h>
#include <stdint.h>

#include "media/bits.h"

struct vui {
	uint16_t sar_width, sar_height;  /* shape of a sample; 0 when not told */
	bool full_range;
};

/* Reads the shape of samples, overscan, the video signal and the place of chroma samples. What stands before a break is kept. */
void vui_parse(struct bits *b, struct vui *ret);

#endif
