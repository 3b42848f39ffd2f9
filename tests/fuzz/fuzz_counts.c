/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was counted of folders: what is read writes itself back the same. The input's hash is put right first. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seal/hash.h"
#include "store/counts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct counts_folder *folder;
	unsigned n;
	struct hash sum;
	struct buf in, out;

	buf_init(&in, 2 << 20);
	buf_init(&out, 4 << 20);
	hash_bytes(data, size, &sum);
	if (buf_append(&in, data, size) || buf_append(&in, sum.b, HASH_BYTES))
		abort();
	if (counts_read(buf_data(&in), in.len, &folder, &n) == 0) {
		if (counts_write(folder, n, &out) || out.len != in.len || memcmp(buf_data(&out), buf_data(&in), in.len))
			abort();
		free(folder);
	}
	buf_free(&in);
	buf_free(&out);
	return 0;
}
