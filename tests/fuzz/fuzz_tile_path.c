/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is a path: what is accepted is the one spelling of its tile. */
#include <stdlib.h>
#include <string.h>

#include "seal/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char again[TILE_PATH];
	struct tile t;

	if (tile_parse_path((const char *)data, size, &t))
		return 0;
	tile_path(&t, again);
	if (strlen(again) != size || memcmp(again, data, size))
		abort();
	return 0;
}
