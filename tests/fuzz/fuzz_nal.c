/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is cut into NAL units both ways; each lies inside it, in order. Whether it is a picture to begin with is asked, too. */
#include <stdint.h>
#include <stdlib.h>

#include "media/nal.h"
#include "media/recovery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(int (*next)(struct rd *, const uint8_t **, size_t *), const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	const uint8_t *nal, *last = data;
	uint8_t raw[64];
	size_t n;

	while (next(&r, &nal, &n) == 1) {
		if (nal < last || n == 0 || n > size || (size_t)(nal - data) > size - n)
			abort();
		if (nal_unescape(nal, n, raw, sizeof raw) > n || nal_type(nal) > 31)
			abort();
		last = nal + n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	walk(nal_next, data, size);
	walk(nal_next_annexb, data, size);
	recovery_point(CODEC_H264, data, size);
	recovery_point(CODEC_H265, data, size);
	return 0;
}
