/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/store_walk.h"

#include <errno.h>
#include <string.h>

struct store_walk store_walk_begin(const struct store_list *of)
{
	return (struct store_walk){.of = of, .folder = UINT64_MAX};
}

int store_walk_page(struct store_walk *w, uint64_t folder)
{
	int rc = w->folder == folder ? 0 : index_read_page(w->of->log.dirfd, w->of->camera, w->of->rendition, folder, &w->page);

	if (rc == -ENOENT)
		memset(&w->page, 0, sizeof w->page);
	w->folder = rc && rc != -ENOENT ? UINT64_MAX : folder;
	return rc == -ENOENT ? 0 : rc;
}

/* When the folder begins; a folder of which nothing is known begins before everything. */
static int begin_of(struct store_walk *w, uint64_t folder, int64_t *ret_us)
{
	int rc = store_walk_page(w, folder);

	*ret_us = INT64_MIN;
	for (unsigned i = 0; !rc && i < ARCHIVE_FOLDER; i++)
		if (w->page.slot[i].has_entry) {
			*ret_us = w->page.slot[i].start_us;
			break;
		}
	return rc;
}

int store_walk_find(struct store_walk *w, int64_t from_us, uint64_t *ret)
{
	uint64_t low = w->of->range.oldest / ARCHIVE_FOLDER, high = w->of->range.newest / ARCHIVE_FOLDER;

	while (low < high) {
		uint64_t middle = low + (high - low + 1) / 2;
		int64_t begins_us;
		int rc = begin_of(w, middle, &begins_us);

		if (rc)
			return rc;
		if (begins_us <= from_us)
			low = middle;
		else
			high = middle - 1;
	}
	*ret = low;
	return 0;
}

int store_walk_entry(const struct store_walk *w, uint64_t number, const struct archive_slot *slot, struct entry_segment *ret)
{
	uint8_t bytes[ENTRY_MAX_BYTES];
	struct entry e;
	size_t n;
	int rc = tlog_read_entry(&w->of->log, slot->entry, bytes, &n);

	if (rc)
		return rc;
	if (entry_parse(bytes, n, &e, NULL) < 0 || e.kind != ENTRY_SEGMENT || e.segment.number != number || strcmp(e.segment.camera, w->of->camera) != 0 ||
	    strcmp(e.segment.rendition, w->of->rendition) != 0)
		return -EBADMSG;
	*ret = e.segment;
	return 0;
}
