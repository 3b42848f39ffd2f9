/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is an entry: what is accepted is written again as the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "seal/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[ENTRY_MAX_BYTES];
	struct entry e;
	size_t n;

	if (entry_parse(data, size, &e, NULL) || e.kind == ENTRY_OTHER)
		return 0;
	if (entry_write(&e, again, &n) || n != size || memcmp(again, data, n))
		abort();
	return 0;
}
