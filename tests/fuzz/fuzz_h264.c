/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is an SPS; what is let pass must keep what the header promises, also as a track and back. */
#include <stdint.h>
#include <stdlib.h>

#include "media/h264.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct h264_sps *s)
{
	if (!s->width || !s->height || s->coded_width > H264_SIDE_MAX || s->coded_height > H264_SIDE_MAX)
		abort();
	if (s->width > s->coded_width || s->height > s->coded_height)
		abort();
	if (s->reorder < -1 || s->reorder > H264_REORDER_MAX || s->chroma_format > 3 || s->bit_depth_luma > 14)
		abort();
	if (!s->fps_num != !s->fps_den || !s->sar_width != !s->sar_height)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t pps[] = {0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0};
	struct h264_sps s, again;
	struct track t;

	h264_au_has_idr(data, size);
	h264_begins_picture(data, size);
	if (h264_parse_sps(data, size, &s))
		return 0;
	check(&s);
	if (h264_track(data, size, pps, sizeof pps, &t) == 0)
		if (h264_track_sps(&t, &again) || again.width != s.width || again.height != s.height)
			abort();
	return 0;
}
