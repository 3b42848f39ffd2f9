/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The input is a bundle of entries, and then the edge of a tree: what is accepted is written again as the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "seal/tile.h"
#include "seal/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_edge(const uint8_t *data, size_t size)
{
	uint8_t again[TREE_EDGE_BYTES_MAX];
	struct wr w = wr_init(again, sizeof again);
	struct rd r = rd_init(data, size);
	struct tree t;

	if (tree_read(&r, &t))
		return;
	tree_write(&t, &w);
	if (w.bad || w.len != size - rd_left(&r) || memcmp(again, data, w.len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	const uint8_t *p;
	struct buf b;
	size_t n;
	int rc;

	try_edge(data, size);
	buf_init(&b, size + 1);
	while ((rc = tile_bundle_next(&r, &p, &n)) == 1)
		if (p < data || p + n > data + size || tile_bundle_add(&b, p, n))
			abort();
	if (rc == 0 && (b.len != size || (size && memcmp(buf_data(&b), data, size))))
		abort();
	buf_free(&b);
	return 0;
}
