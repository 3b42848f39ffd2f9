/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_NOTE_H
#define SEAL_NOTE_H
/*
 * Signed notes (c2sp.org/signed-note): lines of text, an empty line, signature
 * lines "— name base64(key id || signature)". Pure; a parsed note borrows the bytes.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "seal/key.h"

#define NOTE_MAX_BYTES 16384
#define NOTE_SIGNATURES_MAX 32

struct note_signature {
	const char *name, *base64;  /* borrowed, no NUL */
	size_t name_len, base64_len;
	uint8_t id[4];
};

struct note {
	const char *text;           /* with its last '\n'; what is signed */
	size_t text_len;
	struct note_signature sig[NOTE_SIGNATURES_MAX];
	size_t nsigs;               /* at least 1 */
};

/* 0, or -EBADMSG with *why (static; why may be NULL). Says nothing about whether a signature is right. */
int note_parse(const void *p, size_t n, struct note *ret, const char **why);
/*
 * 0 when k signed the note; -ENOKEY when no line is by k; -EKEYREJECTED when any
 * line that claims k's name and id is wrong. Lines of other keys are ignored.
 */
int note_verify(const struct note *note, const struct key_public *k);
/* Appends text (which ends in '\n'), the empty line and one signature line; 0, -EINVAL, -ENOBUFS or -ENOMEM. */
int note_write(struct buf *out, const void *text, size_t n, const struct key_private *k);
/* The same with a signature that was made elsewhere, by a key that is not in this process. */
int note_put(struct buf *out, const void *text, size_t n, const struct key_public *by, const uint8_t *sig, size_t nsig);

#endif
