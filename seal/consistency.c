/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/consistency.h"

#include <errno.h>

#include "seal/lines.h"

int consistency_write(struct buf *out, const struct hash *path, size_t n)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < n; i++)
		rc = lines_put_hash(out, &path[i]);
	return rc;
}

int consistency_parse(const void *p, size_t n, struct hash path[TREE_PROOF_MAX], size_t *ret_n)
{
	struct rd r = rd_init(p, n);
	size_t count = 0;

	while (rd_left(&r)) {
		struct rd line = lines_until(&r, '\n');

		if (line.bad || count == TREE_PROOF_MAX || !lines_hash(&line, &path[count]))
			return -EBADMSG;
		count++;
	}
	*ret_n = count;
	return 0;
}
