/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/text.h"
#include "seal/key.h"
#include "seal/tree.h"
#include "vectors.h"

#define NAMES_MAX 64

static struct named {
	char name[16];
	struct hash hash;
} names[NAMES_MAX];
static unsigned nnames, ncases, ngood;

static void name_hash(const struct vectors_line *l)
{
	struct named *h = &names[nnames++];

	cr_assert(nnames <= NAMES_MAX && l->n == 3 && strlen(l->word[1]) < sizeof h->name);
	strcpy(h->name, l->word[1]);
	cr_assert_eq(hex_decode(l->word[2], strlen(l->word[2]), h->hash.b, HASH_BYTES), 0);
}

/* False for "-", which is no hash: whoever reads a proof refuses it before its tree is looked at. */
static bool find_hash(const char *name, struct hash *ret)
{
	for (unsigned i = 0; i < nnames; i++) {
		if (strcmp(names[i].name, name))
			continue;
		*ret = names[i].hash;
		return true;
	}
	cr_assert_str_eq(name, "-");
	return false;
}

static void check_proof(const struct vectors_line *l)
{
	uint64_t a = strtoull(l->word[2], NULL, 10), b = strtoull(l->word[3], NULL, 10);
	bool whole, good = !strcmp(l->word[6], "good");
	struct hash x, y, proof[TREE_PROOF_MAX];
	unsigned n = l->n - 7;
	int rc = -1;

	whole = find_hash(l->word[4], &x) & find_hash(l->word[5], &y);
	for (unsigned i = 0; i < n; i++)
		whole &= find_hash(l->word[7 + i], &proof[i]);
	if (whole && !strcmp(l->word[0], "inclusion"))
		rc = tree_check_inclusion(a, b, &x, proof, n, &y);
	else if (whole)
		rc = tree_check_consistency(a, b, &x, &y, proof, n);
	cr_expect_eq(rc == 0, good, "%s %s %s %s", l->word[0], l->word[1], l->word[2], l->word[3]);
	ncases++;
	ngood += good;
}

static void check_line(const struct vectors_line *l)
{
	if (!strcmp(l->word[0], "hash"))
		name_hash(l);
	else
		check_proof(l);
}

Test(vectors, rfc6962_proofs)
{
	vectors_each("rfc6962.txt", check_line);
	cr_assert_eq(ncases, 196);
	cr_assert_eq(ngood, 12);
}

static struct key_public key;

static size_t unhex(const char *text, uint8_t *out, size_t cap)
{
	size_t n = strcmp(text, "-") ? strlen(text) / 2 : 0;

	cr_assert(n <= cap && hex_decode(text, 2 * n, out, n) == 0);
	return n;
}

static void check_signature(const struct vectors_line *l)
{
	uint8_t message[2048], signature[256];
	size_t n, k;

	if (!strcmp(l->word[0], "key")) {
		cr_assert_eq(unhex(l->word[1], message, 32), 32);
		cr_assert_eq(key_make_public("vectors", message, &key), 0);
		return;
	}
	n = unhex(l->word[1], message, sizeof message);
	k = unhex(l->word[2], signature, sizeof signature);
	cr_expect_eq(key_verify(&key, message, n, signature, k), !strcmp(l->word[0], "good"), "%s %s", l->word[1], l->word[2]);
	ncases++;
	ngood += !strcmp(l->word[0], "good");
}

Test(vectors, ed25519)
{
	vectors_each("ed25519.txt", check_signature);
	cr_assert_eq(ncases, 151);
	cr_assert_gt(ngood, 0);
}
