/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is an AudioSpecificConfig. */
#include <stdint.h>
#include <stdlib.h>

#include "media/aac.h"
#include "media/cmaf.h"
#include "media/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t init[INIT_MAX_BYTES];
	struct wr w = wr_init(init, sizeof init);
	struct aac_config c;
	struct track t;

	if (aac_parse(data, size, &c))
		return 0;
	if (c.rate < 7350 || c.rate > 96000 || c.channels < 1 || c.channels > 8)
		abort();
	if (aac_track(data, size, &t) == 0 && cmaf_write_init(&w, &t))
		abort();
	return 0;
}
