/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_CONSISTENCY_H
#define SEAL_CONSISTENCY_H
/*
 * That a log begins with all of an earlier checkpoint (RFC 9162 2.1.4), as a text: the proof's hashes in base64, a line each, as
 * C2SP tlog-witness writes them. Pure.
 */
#include <stddef.h>

#include "base/buf.h"
#include "seal/hash.h"
#include "seal/tree.h"

#define CONSISTENCY_MAX_BYTES (45 * TREE_PROOF_MAX)

/* Appends the text; 0, -ENOBUFS or -ENOMEM. */
int consistency_write(struct buf *out, const struct hash *path, size_t n);
/* 0 with path and *ret_n, or -EBADMSG. */
int consistency_parse(const void *p, size_t n, struct hash path[TREE_PROOF_MAX], size_t *ret_n);

#endif
