/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_HASH_MANY_H
#define SEAL_HASH_MANY_H
/*
 * SHA-256 of several messages at once: a segment's media hash and the hash over
 * its samples, and those of other segments. Thirty-two or sixteen at a time by AVX-512 while there are
 * so many, two at a time by the SHA extensions, else one after the other by OpenSSL; the hashes are the same.
 */
#include "seal/hash.h"

/* The bytes of these ranges, one behind the other. */
struct hash_message {
	const uint8_t *base;
	const struct hash_range *range;
	unsigned ranges;
	struct hash hash;                 /* what comes out */
};

/* As seal/hash.h, it cannot fail once hash_warm has not. */
void hash_many(struct hash_message *m, unsigned n);
/* Whether more than two at once are faster than two on this CPU. */
bool hash_many_pays(void);

#endif
