/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is laid over a ring's header and data; the consumer must stay inside it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ring r;
	struct buf out;
	int fd;

	if (size < 16 || ring_create(RING_MIN, &fd) || ring_open(&r, fd, -1))
		return 0;
	close(fd);
	memcpy(r.map, data, 8);
	memcpy(r.map + 4096, data + 8, size - 8 < RING_MIN ? size - 8 : RING_MIN);
	buf_init(&out, RING_MIN);
	for (int i = 0; i < 100 && ring_get(&r, &out) == 1; i++)
		if (out.len > ring_record_max(&r))
			abort();
	buf_free(&out);
	ring_close(&r);
	return 0;
}
