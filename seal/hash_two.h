/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_HASH_TWO_H
#define SEAL_HASH_TWO_H
/*
 * SHA-256 of some bytes and, in the same pass, of ranges of them: a segment's
 * media hash and the hash over its samples. Where the CPU has the SHA extensions
 * both are computed at once, else by OpenSSL one after the other; the hashes are the same.
 */
#include "seal/hash.h"

/* Ranges lie within the n bytes and are hashed one behind the other. As seal/hash.h, it cannot fail once hash_warm has not. */
void hash_two(const uint8_t *p, size_t n, const struct hash_range *range, unsigned ranges, struct hash *ret_whole, struct hash *ret_ranges);

#endif
