/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is an Opus packet. */
#include <stdint.h>
#include <stdlib.h>

#include "media/opus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int n = opus_packet_samples(data, size);

	if (n > OPUS_PACKET_SAMPLES || n == 0 || (n > 0 && (n % 120 || size == 0)))
		abort();
	return 0;
}
