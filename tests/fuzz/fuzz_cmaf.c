/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is a segment of hostile bytes. The whole chunks that are found must be found again when the rest is cut away. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "media/cmaf_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cmaf_extent e, again;

	memset(&e, 0, sizeof e);
	memset(&again, 0, sizeof again);
	cmaf_check_chunks(data, size, &e);
	if (e.end > size || !e.chunks != !e.end || e.samples < e.chunks)
		abort();
	cmaf_check_chunks(data, e.end, &again);
	if (again.chunks != e.chunks || again.end != e.end || again.duration != e.duration || again.samples != e.samples)
		abort();
	return 0;
}
