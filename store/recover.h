/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STORE_RECOVER_H
#define STORE_RECOVER_H
/*
 * Brings log and footage together after a run that did not end in order. Its
 * entries stand before the new run's start/v1, for they are about the old one:
 *   - an unfinished file keeps its whole chunks and becomes a shorter segment;
 *   - a whole file without an entry gets one;
 *   - a second or more before such a segment that nothing accounts for gets a gap/v1;
 *   - an entry of the archive's renditions whose bytes are gone gets a delete/v1, why "lost";
 *   - what a published delete/v1 named and is still there is removed;
 *   - slots of the index that the crash took are made again (all of them when `stale`).
 */
#include <stdbool.h>
#include <stdint.h>

#include "store/archive.h"
#include "store/tlog.h"

struct recover_report {
	unsigned cut, adopted, lost, removed;   /* segments made of unfinished files, of whole ones; entries without bytes; useless files */
};

/* dirfd is the archive folder. 0, or -errno of the disk; the log is synced. */
int recover_archive(int dirfd, struct tlog *l, struct archive *a, bool stale, int64_t now_us, struct recover_report *ret);

#endif
