/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a server, which may have been taken over, answers to casemate inventory: taken, judged and printed in all forms. */
#include <assert.h>
#include <stdlib.h>

#include "server/inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const char table[] = "hikvision | Hikvision | named | - | Hangzhou | admin:12345 | law\nhisilicon | HiSilicon | affiliate | hikvision | - | - | law\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static int (*const form[])(const struct inventory *v, struct buf *out) = {inventory_text, inventory_csv, inventory_json};
	static struct site_camera camera[2] = {{.name = "gate"}, {.name = "yard", .order = 1}};
	struct site site = {.origin = "a.example/b", .camera = camera, .ncameras = 2};
	struct inventory *v = calloc(1, sizeof *v);
	const char *why;
	struct buf out;
	unsigned line;

	if (!v)
		return 0;
	buf_init(&out, 1u << 20);
	inventory_of_site(v, &site);
	if (makers_parse(table, sizeof table - 1, &v->makers, &line, &why) == 0 && inventory_take(v, data, n) == 0) {
		inventory_judge(v);
		for (size_t i = 0; i < 3; i++)
			form[i](v, &out);
		for (size_t i = 0; i < out.len; i++)
			assert(buf_data(&out)[i] == '\n' || buf_data(&out)[i] == '\r' || (buf_data(&out)[i] >= 0x20 && buf_data(&out)[i] < 0x7f));
	}
	buf_free(&out);
	free(v);
	return 0;
}
