/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_TILE_H
#define SEAL_TILE_H
/*
 * How the log lies in files and under /log/ (c2sp.org/tlog-tiles): tiles of up
 * to 256 hashes and bundles of up to 256 entries, each under one path.
 *     tile/0/x001/x234/067          256 hashes, 8192 bytes
 *     tile/1/000.p/5                the first 5 hashes of a tile that is not full yet
 *     tile/entries/x001/x234/067    256 entries, each behind its big-endian u16 length
 * Pure; the path grammar is strict: one tile, one path.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/rd.h"
#include "seal/hash.h"

#define TILE_WIDTH 256
#define TILE_LEVELS 7                  /* tile levels 0..6 cover TREE_LEVELS */
#define TILE_INDEX_MAX ((uint64_t)1 << 48)
#define TILE_PATH 64                   /* any path and a NUL */
#define TILE_BYTES (TILE_WIDTH * HASH_BYTES)
#define TILE_ENTRY_MAX_BYTES 1024      /* one entry; 1..1024 */
#define TILE_BUNDLE_MAX_BYTES (TILE_WIDTH * (2 + TILE_ENTRY_MAX_BYTES))

struct tile {
	bool entries;                  /* a bundle of entries; level is then 0 */
	unsigned level;                /* 0..TILE_LEVELS-1 */
	uint64_t index;                /* below TILE_INDEX_MAX */
	unsigned width;                /* 1..256; 256: full, no ".p/" */
};

/* The path, without a leading '/'. The tile must be within its bounds. */
void tile_path(const struct tile *t, char out[TILE_PATH]);
/* The whole of s, as tile_path would write it; 0 or -EINVAL. */
int tile_parse_path(const char *s, size_t n, struct tile *ret);
/* How wide tile index of a level is in a log of that many entries: 0 (not there) to 256. */
unsigned tile_width(uint64_t size, unsigned level, uint64_t index);

/* Appends one entry to a bundle; 0, -EMSGSIZE for an empty or too long entry, -ENOBUFS. */
int tile_bundle_add(struct buf *out, const void *entry, size_t n);
/* The next entry of a bundle, borrowed: 1, 0 at the end, -EBADMSG when cut short, empty or too long. */
int tile_bundle_next(struct rd *r, const uint8_t **ret, size_t *ret_n);

#endif
