/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a server tells an auditor, taken and printed in both forms; a server that was taken over may say anything. */
#include <assert.h>
#include <stdlib.h>

#include "server/audit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct audit *a = calloc(1, sizeof *a);
	const char *why;
	struct buf out;

	if (!a)
		return 0;
	buf_init(&out, 64u << 20);
	if (audit_take(a, data, n, &why) == 0) {
		audit_find(a);
		audit_page(a, true, &out);
		audit_json(a, &out);
		for (size_t i = 0; i < out.len; i++)
			assert(buf_data(&out)[i] == '\n' || (buf_data(&out)[i] >= 0x20 && buf_data(&out)[i] < 0x7f));
	}
	buf_free(&out);
	audit_clear(a);
	free(a);
	return 0;
}
