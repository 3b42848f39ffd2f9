/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A backup from elsewhere: what it would cost to open, and what is inside, which whoever knows its passphrase wrote. What is read is written the same. */
#include <assert.h>
#include <string.h>

#include "server/backup_pack.h"
#include "server/backup_seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct rd r = rd_init(data, n);
	struct backup_entry e;
	struct backup_cost cost;
	struct backup_head head;
	const uint8_t *from = data;
	struct buf out;

	if (!backup_cost_of(data, n, &cost))
		assert(cost.kib <= BACKUP_COST_KIB_MAX && cost.passes <= BACKUP_COST_PASSES_MAX);
	buf_init(&out, n + 4096);
	if (!backup_read_head(&r, &head)) {
		int rc = backup_pack_head(&out, &head);

		while (!rc && backup_next(&r, &e) > 0) {
			assert(!strstr(e.path, "/../") && e.path[0] == '/');
			rc = backup_pack(&out, &e);
		}
		/* without memory it is shorter */
		assert(out.len <= n && (!out.len || !memcmp(buf_data(&out), from, out.len)));
	}
	buf_free(&out);
	return 0;
}
