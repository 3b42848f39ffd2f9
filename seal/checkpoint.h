/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_CHECKPOINT_H
#define SEAL_CHECKPOINT_H
/*
 * A checkpoint (c2sp.org/tlog-checkpoint): a signed note whose text is
 * "origin\nsize\nbase64(root)\n". It promises the log's first size entries.
 * Lines after the third are extensions: signed, but not looked at.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "seal/hash.h"
#include "seal/key.h"
#include "seal/note.h"

#define CHECKPOINT_MAX_BYTES NOTE_MAX_BYTES

struct checkpoint {
	char origin[KEY_NAME];
	uint64_t size;
	struct hash root;
};

/* Appends the signed note for size and root; the origin is the key's name. 0, -ENOBUFS or -ENOMEM. */
int checkpoint_sign(struct buf *out, uint64_t size, const struct hash *root, const struct key_private *k);
/* Parses without asking who signed it (for who holds no key). 0, or -EBADMSG with *why (static; may be NULL). */
int checkpoint_parse(const void *note, size_t n, struct checkpoint *ret, const char **why);
/*
 * Parses and checks that k signed it and the origin is k's name. 0; -EBADMSG as
 * above; -ENOKEY when it is not by k, k is a token's (P-256; it signs none), or it is another log's; -EKEYREJECTED
 * when k's signature is wrong.
 */
int checkpoint_open(const void *note, size_t n, const struct key_public *k, struct checkpoint *ret, const char **why);

#endif
