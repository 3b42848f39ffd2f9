/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STORE_TLOG_H
#define STORE_TLOG_H
/*
 * The appliance's log on disk (doc/evidence.5): what is written, in which order,
 * so that a crash at any point leaves a log that goes on without a seam.
 *
 *     log/journal        entries from the last full bundle on, each with a check;
 *                        on disk before anybody is told of them
 *     log/tile/...       C2SP tiles of the newest checkpoint's size
 *     log/checkpoint     the newest checkpoint
 *     log/heads          snapshot (store/heads.h), so that a start reads little
 *
 * An entry goes: append (memory) -> sync (journal) -> leaves to the signer ->
 * publish (tiles, then checkpoint). Nothing is ever taken back: sizes are always
 * published <= signed <= synced <= size.
 *
 * One thread owns a struct tlog. Reading published files needs none:
 * store/tlog_read.h.
 */
#include <stdint.h>

#include "base/buf.h"
#include "seal/checkpoint.h"
#include "seal/hash.h"
#include "store/heads.h"

#define TLOG_HELD_MAX 262144u   /* entries that no checkpoint covers yet; more are refused */
#define TLOG_PATH 80

struct tlog;

/*
 * Opens or begins the log below dirfd (the archive folder; borrowed) and mends what a crash left.
 * 0 with *ret; -EBADMSG with *why (static) when the log is damaged, -EMEDIUMTYPE with *why when the folder is
 * another site's or holds something else; else -errno of the disk, with *why saying at what.
 */
int tlog_open(int dirfd, const char *origin, struct tlog **ret, const char **why);
void tlog_free(struct tlog **l);

uint64_t tlog_size(const struct tlog *l);
uint64_t tlog_synced(const struct tlog *l);
uint64_t tlog_published(const struct tlog *l);
/* The published checkpoint's note, borrowed until the next publish; empty before the first. */
const struct buf *tlog_note(const struct tlog *l);
/* The heads at tlog_size, a copy of the caller's own. 0 or -ENOMEM. */
int tlog_heads(const struct tlog *l, struct heads *ret);

/* Appends in memory. 0 with the entry's index, -ENOBUFS when too many are held, -EBADMSG for no entry, -ENOMEM. */
int tlog_append(struct tlog *l, const void *entry, size_t n, uint64_t *ret_index);
/* Puts all appended entries on disk. 0 or -errno; may be tried again, nothing is lost meanwhile. */
int tlog_sync(struct tlog *l);
/* Entry index (any below tlog_size). 0, -EINVAL, or -errno of the disk. */
int tlog_entry(const struct tlog *l, uint64_t index, uint8_t out[ENTRY_MAX_BYTES], size_t *ret_n);
/* Leaf hashes from first on, at most max and below tlog_synced; *ret_n of them. 0 or -errno. */
int tlog_leaves(const struct tlog *l, uint64_t first, struct hash *ret, unsigned max, unsigned *ret_n);
/* The root of the first size entries. 0, -EINVAL beyond tlog_size, or -errno. */
int tlog_root(const struct tlog *l, uint64_t size, struct hash *ret);
/*
 * Publishes a checkpoint of this log: 0; -EBADMSG with *why when it is not of these entries (nothing changes);
 * -errno when the disk refuses (may be tried again). A checkpoint not newer than the published one: 0, nothing changes.
 */
int tlog_publish(struct tlog *l, const void *note, size_t n, const char **why);

#endif
