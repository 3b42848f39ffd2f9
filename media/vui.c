/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/vui.h"

/* Table E-1 of both; 255 is Extended_SAR. */
static void parse_sar(struct bits *b, struct vui *v)
{
	static const uint16_t table[17][2] = {
		{0, 0}, {1, 1}, {12, 11}, {10, 11}, {16, 11}, {40, 33}, {24, 11}, {20, 11}, {32, 11},
		{80, 33}, {18, 11}, {15, 11}, {64, 33}, {160, 99}, {4, 3}, {3, 2}, {2, 1},
	};
	uint32_t idc = bits_get(b, 8);

	if (idc == 255) {
		v->sar_width = (uint16_t)bits_get(b, 16);
		v->sar_height = (uint16_t)bits_get(b, 16);
	} else if (idc < 17) {
		v->sar_width = table[idc][0];
		v->sar_height = table[idc][1];
	}
	if (!v->sar_width || !v->sar_height)
		v->sar_width = v->sar_height = 0;
}

void vui_parse(struct bits *b, struct vui *ret)
{
	*ret = (struct vui){0};
	if (bits_get(b, 1))
		parse_sar(b, ret);
	if (bits_get(b, 1))
		bits_skip(b, 1);           /* overscan */
	if (bits_get(b, 1)) {
		bits_skip(b, 3);           /* video_format */
		ret->full_range = bits_get(b, 1);
		if (bits_get(b, 1))
			bits_skip(b, 24);  /* colour */
	}
	if (bits_get(b, 1)) {
		bits_ue(b);
		bits_ue(b);
	}
}
