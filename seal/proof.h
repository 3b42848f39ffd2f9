/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_PROOF_H
#define SEAL_PROOF_H
/*
 * The proof that one entry is in the log (c2sp.org/tlog-proof, version 1): a
 * text that holds the entry, its index, the path to the root and the checkpoint.
 * Pure; a parsed proof borrows the checkpoint from its bytes.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "seal/checkpoint.h"
#include "seal/entry.h"
#include "seal/hash.h"
#include "seal/tree.h"

#define PROOF_MAX_BYTES (NOTE_MAX_BYTES + 8192)

struct proof {
	uint8_t entry[ENTRY_MAX_BYTES];
	size_t entry_len;
	uint64_t index;
	struct hash path[TREE_PROOF_MAX];
	size_t npath;
	const char *note;   /* the checkpoint as it is */
	size_t note_len;
};

/* Appends the text; 0, -EINVAL when a length is out of bounds, -ENOBUFS. */
int proof_write(struct buf *out, const struct proof *p);
/* 0, or -EBADMSG with *why (static; may be NULL). */
int proof_parse(const void *p, size_t n, struct proof *ret, const char **why);
/*
 * Checks the checkpoint by k and the path from the entry to its root. 0 with *ret the checkpoint; as
 * checkpoint_open; -EBADMSG too when the entry is not in that log.
 */
int proof_verify(const struct proof *p, const struct key_public *k, struct checkpoint *ret, const char **why);
/* proof_verify, and the entry is a segment/v1 with these media bytes' hash; *ret_segment what it says. */
int proof_verify_segment(const struct proof *p, const struct key_public *k, const struct hash *media,
	struct entry_segment *ret_segment, struct checkpoint *ret, const char **why);

#endif
