/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STORE_TLOG_STATE_H
#define STORE_TLOG_STATE_H
/* What the parts of struct tlog share; nobody else includes it. */
#include <stdbool.h>

#include "base/buf.h"
#include "base/rd.h"
#include "seal/tile.h"
#include "seal/tree.h"
#include "store/tlog.h"
#include "store/tlog_read.h"

#define RECORD_SUM 8            /* bytes of a record's leaf hash that are kept as its check */
#define RECORD_MAX (2 + ENTRY_MAX_BYTES + RECORD_SUM)
#define JOURNAL_MAGIC "casemate-journal/1\n"
#define JOURNAL_MAGIC_LEN (sizeof JOURNAL_MAGIC - 1)
#define JOURNAL_HEADER_MAX (JOURNAL_MAGIC_LEN + 1 + KEY_NAME + 8 + RECORD_SUM)
#define JOURNAL_MAX ((size_t)(TLOG_HELD_MAX + TILE_WIDTH) * RECORD_MAX + JOURNAL_HEADER_MAX)
#define HEADS_BYTES_MAX (16u << 20)

struct held {
	struct hash leaf;
	uint8_t *entry;
	uint16_t n;
};

/* All that is needed to append to the published log: its tree's edge, and the tiles that are not full. */
struct edge {
	struct tree tree;
	struct hash part[TILE_LEVELS][TILE_WIDTH];
};

struct tlog {
	int dirfd, journal;
	char origin[KEY_NAME];
	uint64_t first;         /* of held; where a bundle begins, and at most the published size */
	struct held *held;
	unsigned nheld, cap;
	uint64_t synced;
	bool journal_bad;       /* its end is unknown: write it anew */
	struct edge edge;       /* published */
	struct heads heads;     /* at the published size */
	bool heads_bad;         /* no snapshot can be written any more */
	struct buf note;
};

static inline struct held *held_at(const struct tlog *l, uint64_t index)
{
	return &l->held[index - l->first];
}

static inline struct tlog_files tlog_files_of(const struct tlog *l)
{
	return (struct tlog_files){.dirfd = l->dirfd, .size = tlog_published(l)};
}

/* tlog_journal.c */
int tlog_hold(struct tlog *l, const void *entry, size_t n);
/* A new journal of the held entries from `first` on, in place of the old one; what is before is let go. 0 or -errno. */
int tlog_rewrite_journal(struct tlog *l, uint64_t first);
/*
 * Reads the journal's bytes: l->first and the entries. 0; -EBADMSG or -EMEDIUMTYPE with *why; -ENOMEM. What is behind
 * the last good record was being written when the machine stopped: nobody was told of it, and l->journal_bad is set.
 */
int tlog_read_journal(struct tlog *l, const void *p, size_t n, const char **why);

/* tlog_tiles.c */
/* One more leaf; with write, the tiles that it fills go to disk. 0 or -errno. */
int tlog_edge_add(struct edge *e, const struct hash *leaf, const struct tlog *write);
/* Tiles of that edge that are not full go to disk. 0 or -errno. */
int tlog_write_partial(const struct tlog *l, const struct edge *e);
/* Removes partial tiles that a log between those sizes may have had, and the published one has not. */
void tlog_sweep_partial(const struct tlog *l, uint64_t from, uint64_t to);
/* The tile of a level that is not full yet in a log of that size; width 0 if there is none. */
struct tile tlog_open_tile(uint64_t size, unsigned level);

/* tlog.c */
/* Takes the held entries up to size into h. 0 or heads_add's error. */
int tlog_heads_over(const struct tlog *l, struct heads *h, uint64_t size);
int tlog_open_checkpoint(const struct tlog *l, const void *note, size_t n, struct checkpoint *ret, const char **why);

#endif
