/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_HASH_H
#define SEAL_HASH_H
/*
 * SHA-256, and the three hashes of RFC 6962 2.1: of an empty log, of an entry
 * (leaf) and of two subtrees (node).
 *
 * None of these can fail: they allocate nothing.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <openssl/sha.h>

#define HASH_BYTES 32
#define HASH_HEX 65  /* 64 hex digits and a NUL */

struct hash {
	uint8_t b[HASH_BYTES];
};

/* len bytes from at on. */
struct hash_range {
	uint32_t at, len;
};

void hash_bytes(const void *p, size_t n, struct hash *ret);
/* Of ranges of what begins at p, one behind the other. */
void hash_ranges(const uint8_t *p, const struct hash_range *range, unsigned ranges, struct hash *ret);
/* H(""): the root of an empty log. */
void hash_empty(struct hash *ret);
/* H(0x00 || entry) */
void hash_leaf(const void *entry, size_t n, struct hash *ret);
/* H(0x01 || left || right); ret may be either of them. */
void hash_node(const struct hash *left, const struct hash *right, struct hash *ret);

static inline bool hash_same(const struct hash *a, const struct hash *b)
{
	return memcmp(a->b, b->b, HASH_BYTES) == 0;
}

static inline bool hash_is_zero(const struct hash *h)
{
	static const struct hash zero;

	return hash_same(h, &zero);
}

void hash_hex(const struct hash *h, char out[HASH_HEX]);
/* Exactly 64 lower-case hex digits; 0 or -EINVAL. */
int hash_parse_hex(const char *s, size_t n, struct hash *ret);

/* A running SHA-256 over bytes that come in pieces; reusable, and owns nothing. */
struct hasher {
	SHA256_CTX state;
};

/* Ready for hasher_update; forgets what was fed. */
void hasher_init(struct hasher *h);
void hasher_update(struct hasher *h, const void *p, size_t n);
/* The hash of all since init or the last final; starts again from nothing. */
void hasher_final(struct hasher *h, struct hash *ret);

#endif
