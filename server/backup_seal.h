/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_BACKUP_SEAL_H
#define SERVER_BACKUP_SEAL_H
/*
 * Bytes under a passphrase:
 *
 *     "casemate-backup/1\n"    u32 KiB and u32 passes of argon2id (RFC 9106, one lane, version 1.3)    16 bytes of salt
 *     what was enciphered, by ChaCha20-Poly1305 (RFC 8439), all of the above being its associated data    16 bytes of tag
 *
 * The key is argon2id's, of the passphrase and a salt that is random each time: it is used once, so the nonce is zeros.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define BACKUP_HEAD_BYTES 42u
#define BACKUP_TAG_BYTES 16u
/* A guess costs that much memory, and half a second of a core. */
#define BACKUP_COST_KIB (256u << 10)
#define BACKUP_COST_PASSES 3u
/* Of a file from elsewhere no more is taken on. */
#define BACKUP_COST_KIB_MAX (1u << 20)
#define BACKUP_COST_PASSES_MAX 16u

struct backup_cost {
	uint32_t kib, passes;
};

/* Appends; 0 or -errno, -ENOMEM when there is no memory for the cost. */
int backup_seal(const void *passphrase, size_t len, struct backup_cost cost, const void *p, size_t n, struct buf *out);
/* What opening it would cost. 0, or -EBADMSG for what is no such file or asks for more than is taken on. */
int backup_cost_of(const void *p, size_t n, struct backup_cost *ret);
/* Appends what was sealed. 0; as backup_cost_of; -EKEYREJECTED: another passphrase, or not the bytes that were sealed; -ENOMEM, -ENOBUFS. */
int backup_open(const void *passphrase, size_t len, const void *p, size_t n, struct buf *out);

#endif
