/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_KEYCHAIN_H
#define SEAL_KEYCHAIN_H
/*
 * Keys over time: who begins with one public key learns from key notes which
 * other keys sign the same log (doc/evidence.5, KEYS). The file log/keys is zero
 * or more of them, the oldest first, each followed by an empty line and a line
 * "--". A key note is a signed note with the text
 *
 *     casemate.key/v1
 *     ORIGIN
 *     VKEY             the key that it makes known, of the same name
 *     TIME
 *     size N
 *
 * N above 0: the signing key is replaced. Its checkpoints hold up to N entries,
 * the last of which says the same (key/v1); from there on the new key signs.
 * N of 0: a certificate. The new key signs checkpoints for its certifier, which is a
 * token's key (P-256) and signs key notes only; it is replaced when its certifier is,
 * and signs no key notes itself.
 *
 * A chain is followed forward only: whoever holds a later key does not learn to
 * trust the earlier ones, and needs not, as its checkpoints hold the whole log.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/rd.h"
#include "seal/checkpoint.h"
#include "seal/key.h"

#define KEYCHAIN_KEYS_MAX 4096u
#define KEYCHAIN_NOTE_MAX 2048u         /* bytes of a note with what separates it from the next; a longer one is malformed */
#define KEYCHAIN_BYTES_MAX (4u << 20)   /* of log/keys */

struct keychain_key {
	struct key_public key;
	uint64_t until;     /* its checkpoints hold up to this size; TREE_SIZE_MAX while it was not replaced */
	int64_t since_us;   /* when it was made known; 0 for the first */
	unsigned by;        /* who made it known; its own place for the first */
	bool certified;     /* by a certificate; else it replaced `by`, or is the first */
};

/* Begun with keychain_begin, ended with keychain_free (which may be called on a zeroed one, and twice). */
struct keychain {
	struct keychain_key *key;   /* [0] is the one that was given */
	unsigned nkeys, cap;
	unsigned unknown;           /* notes by keys that are not known: they say nothing */
};

/* 0 or -ENOMEM. */
int keychain_begin(struct keychain *k, const struct key_public *first);
void keychain_free(struct keychain *k);
/*
 * Reads log/keys. 0; -EBADMSG with *why (static; may be NULL) when it is malformed, is another site's, a note of a
 * known key has a wrong signature, a key is replaced twice, or one signed that may not: the chain is then as it was
 * before; -ENOMEM.
 */
int keychain_add(struct keychain *k, const void *p, size_t n, const char **why);
/*
 * checkpoint_open with whichever key of the chain signed. 0 with *ret and the key's place in *ret_which (both may be
 * NULL); -EBADMSG malformed; -ENOKEY by no known key, by a token's, or another log's; -EKEYREJECTED when a known key's signature
 * is wrong; -EKEYEXPIRED when only keys signed it that had been replaced at a smaller size.
 */
int keychain_checkpoint(const struct keychain *k, const void *note, size_t n, struct checkpoint *ret, unsigned *ret_which, const char **why);
/* The place of a key in the chain, or -1. */
int keychain_find(const struct keychain *k, const struct key_public *key);
/* The size up to which checkpoints of key `which` hold: its own, or that of those who certified it. */
uint64_t keychain_until(const struct keychain *k, unsigned which);

/* One note as it lies in log/keys, whoever signed it: for who looks after the file. Borrows its bytes. */
struct keychain_note {
	const uint8_t *bytes;       /* with what separates it from the next */
	size_t n;
	struct note note;
	struct key_public key;      /* what it makes known */
	int64_t time_us;
	uint64_t size;
};
/* 1 and the next note of r, 0 at the end, -EBADMSG with *why (may be NULL) where there is none. No signature is checked. */
int keychain_next(struct rd *r, struct keychain_note *ret, const char **why);

/* Appends the text that is signed to out: 0, -EINVAL (a time before 1970, another name), -ENOBUFS or -ENOMEM. */
int keychain_text(struct buf *out, const struct key_public *made_known, int64_t time_us, uint64_t size);
/* Appends a key note by `by`, with what separates it from the next, as it stands in log/keys. Errors as above. */
int keychain_write(struct buf *out, const struct key_public *made_known, int64_t time_us, uint64_t size, const struct key_private *by);
/* The same with a signature over keychain_text that was made elsewhere. */
int keychain_put(struct buf *out, const void *text, size_t n, const struct key_public *by, const uint8_t *sig, size_t nsig);

#endif
