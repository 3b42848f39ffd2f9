/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "base/text.h"
#include "seal/key.h"
#include "seal/tree.h"
#include "vectors.h"

/* False when the member is empty. Some cases carry "don't care 1" in place of a hash: it is filled up with zeros. */
static bool find_hash(const char *json, const char *name, struct hash *ret)
{
	char text[200];
	size_t n = 0;

	memset(ret, 0, sizeof *ret);
	cr_assert(json_find_str(&json, json + strlen(json), name, text, sizeof text));
	return base64_decode(text, strlen(text), ret->b, sizeof ret->b, &n) == 0 && n > 0;
}

/* The strings of the array "proof"; -1 when one is no hash. */
static int find_proof(const char *json, struct hash path[TREE_PROOF_MAX])
{
	const char *at = strstr(json, "\"proof\":"), *end = at ? strchr(at, ']') : NULL;
	int n = 0;

	if (!end)
		return 0;
	at += 8;
	while ((at = strchr(at, '"')) && at < end) {
		const char *close = strchr(at + 1, '"');
		size_t len;

		if (n == TREE_PROOF_MAX || base64_decode(at + 1, (size_t)(close - at - 1), path[n].b, HASH_BYTES, &len) || len != HASH_BYTES)
			return -1;
		n++;
		at = close + 1;
	}
	return n;
}

static void check_inclusion(const char *path, const char *json)
{
	struct hash leaf, root, proof[TREE_PROOF_MAX];
	int n = find_proof(json, proof), rc = -1;

	if (find_hash(json, "leafHash", &leaf) && find_hash(json, "root", &root) && n >= 0)
		rc = tree_check_inclusion((uint64_t)json_find_int(json, "leafIdx"), (uint64_t)json_find_int(json, "treeSize"), &leaf, proof,
			(size_t)n, &root);
	cr_expect_eq(rc != 0, json_find_true(json, "wantErr"), "%s", path);
}

static void check_consistency(const char *path, const char *json)
{
	struct hash root1, root2, proof[TREE_PROOF_MAX];
	int n = find_proof(json, proof), rc = -1;

	if (find_hash(json, "root1", &root1) && find_hash(json, "root2", &root2) && n >= 0)
		rc = tree_check_consistency((uint64_t)json_find_int(json, "size1"), (uint64_t)json_find_int(json, "size2"), &root1, &root2,
			proof, (size_t)n);
	cr_expect_eq(rc != 0, json_find_true(json, "wantErr"), "%s", path);
}

Test(vectors, rfc6962_inclusion_proofs)
{
	if (!vectors_each("rfc6962/inclusion", check_inclusion))
		cr_skip_test("no ../shared/vectors");
}

Test(vectors, rfc6962_consistency_proofs)
{
	if (!vectors_each("rfc6962/consistency", check_consistency))
		cr_skip_test("no ../shared/vectors");
}

/* One group: a public key and, up to the next group, its cases. */
static unsigned check_group(const char *at, const char *end)
{
	char pk[80], msg[8192], sig[512], result[16];
	struct key_public k;
	uint8_t raw[32];
	unsigned n = 0;

	cr_assert(json_find_str(&at, end, "pk", pk, sizeof pk) && hex_decode(pk, strlen(pk), raw, sizeof raw) == 0);
	cr_assert_eq(key_make_public("vectors", raw, &k), 0);
	while (json_find_str(&at, end, "msg", msg, sizeof msg)) {
		uint8_t m[4096], s[256];

		cr_assert(json_find_str(&at, end, "sig", sig, sizeof sig) && json_find_str(&at, end, "result", result, sizeof result));
		cr_assert(hex_decode(msg, strlen(msg), m, strlen(msg) / 2) == 0 && hex_decode(sig, strlen(sig), s, strlen(sig) / 2) == 0);
		cr_expect_eq(key_verify(&k, m, strlen(msg) / 2, s, strlen(sig) / 2), !strcmp(result, "valid"), "%s %s", msg, sig);
		n++;
	}
	return n;
}

Test(vectors, ed25519)
{
	struct buf text;
	const char *at, *next;
	unsigned n = 0;

	if (!vectors_read("ed25519_test.json", &text))
		cr_skip_test("no ../shared/vectors");
	for (at = strstr((const char *)buf_data(&text), "\"publicKey\""); at; at = next) {
		next = strstr(at + 1, "\"publicKey\"");
		n += check_group(at, next ? next : at + strlen(at));
	}
	cr_assert_eq(n, 151);
	buf_free(&text);
}
