/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/hash.h"

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <pthread.h>

#include "base/text.h"

/* Fetching SHA-256 and making a context cost more than hashing a node does, so each thread does it once. */
static _Thread_local EVP_MD_CTX *mine;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_context(void *ctx)
{
	EVP_MD_CTX_free(ctx);
}

static void make_key(void)
{
	int rc = pthread_key_create(&key, free_context);

	assert(rc == 0);
}

static EVP_MD_CTX *new_context(void)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	if (ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1)
		return ctx;
	EVP_MD_CTX_free(ctx);
	return NULL;
}

int hash_warm(void)
{
	if (mine)
		return 0;
	pthread_once(&once, make_key);
	mine = new_context();
	if (!mine)
		return -ENOMEM;
	if (pthread_setspecific(key, mine)) {
		EVP_MD_CTX_free(mine);
		mine = NULL;
		return -ENOMEM;
	}
	return 0;
}

/* A context whose digest was set once allocates nothing any more: a failure here is no outside event. */
static void update(EVP_MD_CTX *ctx, const void *p, size_t n)
{
	int ok = n == 0 || EVP_DigestUpdate(ctx, p, n) == 1;

	assert(ok);
}

static void finish(EVP_MD_CTX *ctx, struct hash *ret)
{
	unsigned len = 0;
	int ok = EVP_DigestFinal_ex(ctx, ret->b, &len) == 1 && len == HASH_BYTES && EVP_DigestInit_ex(ctx, NULL, NULL) == 1;

	assert(ok);
}

static EVP_MD_CTX *warm(void)
{
	int rc = hash_warm();

	assert(rc == 0);
	return mine;
}

void hash_bytes(const void *p, size_t n, struct hash *ret)
{
	EVP_MD_CTX *ctx = warm();

	update(ctx, p, n);
	finish(ctx, ret);
}

void hash_ranges(const uint8_t *p, const struct hash_range *range, unsigned ranges, struct hash *ret)
{
	EVP_MD_CTX *ctx = warm();

	for (unsigned i = 0; i < ranges; i++)
		update(ctx, p + range[i].at, range[i].len);
	finish(ctx, ret);
}

void hash_empty(struct hash *ret)
{
	hash_bytes(NULL, 0, ret);
}

void hash_leaf(const void *entry, size_t n, struct hash *ret)
{
	EVP_MD_CTX *ctx = warm();

	update(ctx, "\0", 1);
	update(ctx, entry, n);
	finish(ctx, ret);
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

int hasher_init(struct hasher *h)
{
	EVP_MD_CTX *ctx = new_context();

	if (!ctx)
		return -ENOMEM;
	h->ctx = ctx;
	return 0;
}

void hasher_free(struct hasher *h)
{
	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
}

void hasher_update(struct hasher *h, const void *p, size_t n)
{
	update(h->ctx, p, n);
}

void hasher_final(struct hasher *h, struct hash *ret)
{
	finish(h->ctx, ret);
}

void hasher_reset(struct hasher *h)
{
	int ok = EVP_DigestInit_ex(h->ctx, NULL, NULL) == 1;

	assert(ok);
}
