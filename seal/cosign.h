/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_COSIGN_H
#define SEAL_COSIGN_H
/*
 * Cosignatures of checkpoints (c2sp.org/tlog-cosignature, cosignature/v1): a
 * witness says that at a time this was the largest checkpoint of the log that it had
 * seen, and that it extends all that it had seen before. It is one more signature line of the note,
 *     — name base64(key id || u64 time in seconds || Ed25519 signature)
 * over "cosignature/v1\ntime T\n" and the note's text. Key type 0x04: the same Ed25519 key under
 * another key id, so that a witness' key never passes for a log's. Pure.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "seal/key.h"
#include "seal/note.h"

#define COSIGN_KEY_TYPE 0x04
#define COSIGN_TIME_MAX_S 253402300799  /* the end of the year 9999 */

/* A witness' public key. */
struct cosign_public {
	struct key_public key;          /* its name and raw key; its id is that of a log's key */
	uint8_t id[4];                  /* what its lines bear */
};

/* Fills in everything; 0, or -EINVAL for a bad name. */
int cosign_make_public(const char *name, const uint8_t raw[32], struct cosign_public *ret);
void cosign_vkey(const struct cosign_public *c, char out[KEY_VKEY]);
/* As key_parse_vkey, for keys of type 0x04. 0, or -EINVAL with *why (static; may be NULL). */
int cosign_parse_vkey(const char *s, size_t n, struct cosign_public *ret, const char **why);

/* Appends k's signature line for a checkpoint's text (its lines, with the last '\n'); 0, -EINVAL, -ENOBUFS or -ENOMEM. */
int cosign_write(struct buf *out, const void *text, size_t n, int64_t time_s, const struct key_private *k);
/* Whether a line of the note bears c's name and id. */
bool cosign_is_by(const struct note_signature *s, const struct cosign_public *c);
/*
 * 0 when c cosigned the note, with the newest time in *ret_time_s (may be NULL); -ENOKEY when no line is by
 * c; -EKEYREJECTED when any line that claims c's name and id is wrong. Lines of other keys are ignored.
 */
int cosign_verify(const struct note *note, const struct cosign_public *c, int64_t *ret_time_s);

#endif
