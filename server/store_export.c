/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Footage that is handed out: the log says so. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/store.h"

bool store_export_add(struct store *s, const struct entry *e, uint64_t *ret_index)
{
	if (s->running && store_log_add(s, e, ret_index) == 0)
		return true;
	log_error("export-entry", "error=\"no export/v1 was written\" mend=\"see the archive's disk: the log is full\"");
	return false;
}

void store_export_said(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const struct msg_export *in = &m->export;
	struct entry e = {.kind = ENTRY_EXPORT, .export = {.time_us = clock_wall_us() / 1000 * 1000, .from_us = in->from_us, .to_us = in->to_us,
		.segments = in->segments, .bytes = in->bytes, .beside = {.segments = in->beside_segments, .bytes = in->beside_bytes}}};
	uint64_t index;

	memcpy(e.export.user, in->user, sizeof e.export.user);
	memcpy(e.export.camera, in->camera, sizeof e.export.camera);
	memcpy(e.export.rendition, in->rendition, sizeof e.export.rendition);
	memcpy(e.export.beside.rendition, in->beside, sizeof e.export.beside.rendition);
	store_export_add(ctx, &e, &index);
}
