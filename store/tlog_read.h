/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef STORE_TLOG_READ_H
#define STORE_TLOG_READ_H
/*
 * Reads the published log from its files, from any thread, while another
 * publishes: a partial tile that has just been replaced gives
 * -ENOENT, and the caller asks again with the newer size.
 */
#include <stdint.h>

#include "base/buf.h"
#include "seal/entry.h"
#include "seal/hash.h"
#include "seal/tile.h"
#include "seal/tree.h"

struct tlog_files {
	int dirfd;       /* the archive folder, borrowed */
	uint64_t size;   /* published */
};

/* Appends the tile's (or bundle's) first t->width hashes (entries); it must lie within size. 0, -EINVAL, -EBADMSG for a damaged file, or -errno. */
int tlog_read_tile(const struct tlog_files *f, const struct tile *t, struct buf *out);
/* 0, -EINVAL when index is not below size, or as above. */
int tlog_read_entry(const struct tlog_files *f, uint64_t index, uint8_t out[ENTRY_MAX_BYTES], size_t *ret_n);
/* Appends the proof of entry index under that checkpoint (of f->size entries). As above; -ENOBUFS. */
int tlog_read_proof(const struct tlog_files *f, uint64_t index, const void *note, size_t n, struct buf *out);
/* The same files as a source of hashes; ctx is f. */
struct tree_source tlog_read_source(const struct tlog_files *f);

#endif
