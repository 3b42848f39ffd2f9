/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By OpenSSL's SHA256_*, whose state is the caller's own, not by EVP: that allocates at each beginning, and a hash that can fail for want of memory
 * ends its process, or has to be answered for everywhere. (EVP chooses the same instructions.)
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "seal/hash.h"

#include <errno.h>

#include "base/text.h"

void hasher_init(struct hasher *h)
{
	SHA256_Init(&h->state);
}

void hasher_update(struct hasher *h, const void *p, size_t n)
{
	SHA256_Update(&h->state, p, n);
}

void hasher_final(struct hasher *h, struct hash *ret)
{
	SHA256_Final(ret->b, &h->state);
	hasher_init(h);
}

void hash_bytes(const void *p, size_t n, struct hash *ret)
{
	struct hasher h;

	hasher_init(&h);
	hasher_update(&h, p, n);
	hasher_final(&h, ret);
}

void hash_ranges(const uint8_t *p, const struct hash_range *range, unsigned ranges, struct hash *ret)
{
	struct hasher h;

	hasher_init(&h);
	for (unsigned i = 0; i < ranges; i++)
		hasher_update(&h, p + range[i].at, range[i].len);
	hasher_final(&h, ret);
}

void hash_empty(struct hash *ret)
{
	hash_bytes(NULL, 0, ret);
}

void hash_leaf(const void *entry, size_t n, struct hash *ret)
{
	struct hasher h;

	hasher_init(&h);
	hasher_update(&h, "\0", 1);
	hasher_update(&h, entry, n);
	hasher_final(&h, ret);
}

void hash_node(const struct hash *left, const struct hash *right, struct hash *ret)
{
	uint8_t both[1 + 2 * HASH_BYTES] = {1};

	memcpy(both + 1, left->b, HASH_BYTES);
	memcpy(both + 1 + HASH_BYTES, right->b, HASH_BYTES);
	hash_bytes(both, sizeof both, ret);
}

void hash_hex(const struct hash *h, char out[HASH_HEX])
{
	hex_encode(h->b, HASH_BYTES, out);
}

int hash_parse_hex(const char *s, size_t n, struct hash *ret)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] >= 'A' && s[i] <= 'F')
			return -EINVAL;
	return hex_decode(s, n, ret->b, HASH_BYTES);
}
