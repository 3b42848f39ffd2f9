/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer to casemate inventory: what each camera has said, as numbers; server/inventory_take.c reads it. */
#include <inttypes.h>

#include "server/parent.h"

void status_inventory(struct parent *p, struct buf *out)
{
	buf_append_str(out, "inventory\n");
	for (unsigned i = 0; i < p->site->ncameras; i++) {
		const struct camera_offer *o = &p->camera[i].offer;

		if (!p->site->camera[i].gone)
			buf_append_fmt(out, "camera %s %d %u %" PRIu64 " %" PRIu32 "\n", p->site->camera[i].name, o->described, o->login, o->signs, o->quirks);
	}
}
