/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_STORE_WALK_H
#define SERVER_STORE_WALK_H
/* Along the index of one rendition, a page at a time, from a time on; and what the log says of a segment. From any thread. */
#include "server/store_list.h"
#include "store/index.h"

struct store_walk {
	const struct store_list *of;
	struct index_page page;
	uint64_t folder;                /* of the page; UINT64_MAX: none was read */
};

struct store_walk store_walk_begin(const struct store_list *of);
/* The folder's page, empty where there is none. 0 or -errno. */
int store_walk_page(struct store_walk *w, uint64_t folder);
/* The last folder that begins no later: times only grow with numbers, but for a clock that was set back. 0 or -errno. */
int store_walk_find(struct store_walk *w, int64_t from_us, uint64_t *ret_folder);
/* Of a slot with an entry that is published. 0, -ENOENT for a tile that was replaced, -EBADMSG where it is not that segment's, or -errno. */
int store_walk_entry(const struct store_walk *w, uint64_t number, const struct archive_slot *slot, struct entry_segment *ret);

#endif
