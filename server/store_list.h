/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_STORE_LIST_H
#define SERVER_STORE_LIST_H
/*
 * The footage of a time as a playlist that has ended (RFC 8216): what the archive keeps of one rendition, whole segments that touch it, by
 * what the log says of each. From any thread.
 */
#include "store/archive.h"
#include "store/tlog_read.h"

#define STORE_LIST_MAX 43200            /* segments */

struct store_list {
	struct tlog_files log;          /* its dirfd is the archive folder */
	const char *camera, *rendition;
	struct archive_range range;     /* of numbers that are kept */
	int64_t from_us, to_us;         /* wall clock */
};

/* 0; -ENOENT when there is nothing, or when a tile was replaced meanwhile (*ret_stale); or -errno. out is appended to. */
int store_list(const struct store_list *l, struct buf *out, bool *ret_stale);
/* Whether a segment touches that time. */
static inline bool store_list_touches(int64_t start_us, int64_t duration_us, int64_t from_us, int64_t to_us)
{
	return start_us < to_us && start_us + duration_us > from_us;
}

#endif
