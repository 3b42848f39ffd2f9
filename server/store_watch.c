/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who watched what, as the parent gathered it: watch/v1 entries. */
#include <stdio.h>
#include <string.h>

#include "server/store.h"

/* Names with a blank between. */
static void split(const char *s, struct entry_watch *w)
{
	while (*s && w->nrenditions < ENTRY_WATCHED_MAX) {
		size_t n = strcspn(s, " ");

		snprintf(w->rendition[w->nrenditions++], ENTRY_NAME, "%.*s", (int)n, s);
		s += n + (s[n] != 0);
	}
}

void store_watch(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const struct msg_watch_entry *in = &m->watch_entry;
	struct entry e = {.kind = ENTRY_WATCH, .watch = {.by = in->by, .from_number = in->from_number, .to_number = in->to_number,
		.bytes = in->bytes, .from_us = in->from_us, .to_us = in->to_us}};
	uint64_t index;

	memcpy(e.watch.user, in->user, sizeof e.watch.user);
	memcpy(e.watch.camera, in->camera, sizeof e.watch.camera);
	memcpy(e.watch.address, in->address, sizeof e.watch.address);
	split(in->renditions, &e.watch);
	store_log_add(ctx, &e, &index);
}
