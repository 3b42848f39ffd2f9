/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is a NAL unit, with its first byte for the codec: its messages end, and are no longer than it is. */
#include <stdlib.h>

#include "media/sei.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sei_message m;
	struct sei s;
	size_t sum = 0;
	enum codec codec;

	if (size < 1)
		return 0;
	codec = data[0] & 1 ? CODEC_H265 : CODEC_H264;
	if (sei_begin(&s, codec, data + 1, size - 1)) {
		while (sei_next(&s, &m) == 1) {
			sum += m.size;
			if (m.head_len > sizeof m.head || m.head_len > m.size)
				abort();
		}
		if (sum > size)
			abort();
	}
	if (sei_signature(codec, data, size) >= SEI_SIGNATURE_COUNT)
		abort();
	return 0;
}
