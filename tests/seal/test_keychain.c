/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "base/clock.h"
#include "seal/keychain.h"
#include "seal/tree.h"

#define NAME "keys.example"
#define KEYS 5
#define TOKEN KEYS  /* a token's key: ECDSA over P-256 */
#define TIME "2026-11-22T15:30:00.040Z"
#define T0 ((int64_t)1763900000 * 1000000)

static struct key_private *key[KEYS], *stranger;
static EVP_PKEY *token;
static struct key_public token_public;
static struct keychain k;
static struct buf file;

static void p256(EVP_PKEY *pkey, struct key_public *ret)
{
	uint8_t *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);

	cr_assert_eq(key_make_p256(NAME, der, (size_t)n, ret), 0);
	OPENSSL_free(der);
}

static size_t p256_sign(EVP_PKEY *pkey, const void *p, size_t n, uint8_t sig[KEY_SIGNATURE_MAX])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = KEY_SIGNATURE_MAX;

	cr_assert(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey) == 1 && EVP_DigestSign(ctx, sig, &len, p, n) == 1);
	EVP_MD_CTX_free(ctx);
	return len;
}

static void setup(void)
{
	for (int i = 0; i < KEYS; i++)
		cr_assert_eq(key_generate(NAME, &key[i]), 0);
	cr_assert_eq(key_generate("other.example", &stranger), 0);
	token = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	p256(token, &token_public);
	buf_init(&file, KEYCHAIN_BYTES_MAX);
	cr_assert_eq(keychain_begin(&k, key_public_of(key[0])), 0);
}

static void teardown(void)
{
	for (int i = 0; i < KEYS; i++)
		key_free(&key[i]);
	key_free(&stranger);
	EVP_PKEY_free(token);
	buf_free(&file);
	keychain_free(&k);
	keychain_free(&k);
}

TestSuite(keychain, .init = setup, .fini = teardown, .timeout = 60);

static const struct key_public *public_of(int which)
{
	return which == TOKEN ? &token_public : key_public_of(key[which]);
}

static void begin_with(int first)
{
	keychain_free(&k);
	cr_assert_eq(keychain_begin(&k, public_of(first)), 0);
}

static void token_says(const struct key_public *made_known, int64_t time_us, uint64_t size)
{
	uint8_t sig[KEY_SIGNATURE_MAX];
	struct buf text;

	buf_init(&text, KEYCHAIN_NOTE_MAX);
	cr_assert_eq(keychain_text(&text, made_known, time_us, size), 0);
	cr_assert_eq(keychain_put(&file, buf_data(&text), text.len, &token_public, sig, p256_sign(token, buf_data(&text), text.len, sig)), 0);
	buf_free(&text);
}

static void say(int by, int made_known, uint64_t size)
{
	if (by == TOKEN) {
		token_says(public_of(made_known), T0 + 1000 * (int64_t)size, size);
		return;
	}
	cr_assert_eq(keychain_write(&file, public_of(made_known), T0 + 1, size, key[by]), -EINVAL, "a time that is no whole millisecond");
	cr_assert_eq(keychain_write(&file, public_of(made_known), T0 + 1000 * (int64_t)size, size, key[by]), 0);
}

static int add(const char **why)
{
	return keychain_add(&k, buf_data(&file), file.len, why);
}

/* By which place of the chain, or -errno. */
static int opened(const struct key_private *by, uint64_t size)
{
	struct checkpoint c = {.size = 77};
	unsigned which = 77;
	struct hash root;
	const char *why = NULL;
	struct buf note;
	int rc;

	hash_bytes(&size, sizeof size, &root);
	buf_init(&note, CHECKPOINT_MAX_BYTES);
	cr_assert_eq(checkpoint_sign(&note, size, &root, by), 0);
	rc = keychain_checkpoint(&k, buf_data(&note), note.len, &c, &which, &why);
	cr_assert(rc ? c.size == 77 && which == 77 && why : c.size == size && hash_same(&c.root, &root));
	cr_assert_eq(keychain_checkpoint(&k, buf_data(&note), note.len, NULL, NULL, NULL), rc);
	buf_data(&note)[note.len - 10] ^= 1;
	cr_assert_lt(keychain_checkpoint(&k, buf_data(&note), note.len, NULL, NULL, NULL), 0);
	buf_free(&note);
	return rc ? rc : (int)which;
}

Test(keychain, one_key_is_a_chain)
{
	cr_assert_eq(add(NULL), 0, "no keys file");
	cr_assert_eq(opened(key[0], 5), 0);
	cr_assert_eq(opened(key[1], 5), -ENOKEY);
	cr_assert_eq(opened(stranger, 5), -ENOKEY);
	cr_assert_eq(keychain_until(&k, 0), TREE_SIZE_MAX);
}

Test(keychain, rotation_hands_over_at_a_size)
{
	say(0, 1, 100);
	say(1, 2, 250);
	cr_assert_eq(add(NULL), 0);
	cr_assert(k.nkeys == 3 && k.unknown == 0 && k.key[2].by == 1 && !k.key[2].certified);
	cr_assert_eq(k.key[2].since_us, T0 + 250000);
	cr_assert_eq(opened(key[0], 100), 0);
	cr_assert_eq(opened(key[0], 101), -EKEYEXPIRED);
	cr_assert_eq(opened(key[1], 250), 1);
	cr_assert_eq(opened(key[1], 251), -EKEYEXPIRED);
	cr_assert_eq(opened(key[2], 251), 2);
	cr_assert_eq(opened(key[3], 251), -ENOKEY);
	cr_assert(keychain_find(&k, key_public_of(key[2])) == 2 && keychain_find(&k, key_public_of(key[3])) == -1);
}

/* Who begins with the last key needs no note, and is told how many said nothing. */
Test(keychain, is_followed_forward_only)
{
	say(0, 1, 100);
	say(1, 2, 250);
	keychain_free(&k);
	cr_assert_eq(keychain_begin(&k, key_public_of(key[2])), 0);
	cr_assert_eq(add(NULL), 0);
	cr_assert(k.nkeys == 1 && k.unknown == 2);
	cr_assert_eq(opened(key[2], 300), 0);
	cr_assert_eq(opened(key[0], 100), -ENOKEY);
}

Test(keychain, certificates_stand_beside_each_other_and_end_with_their_certifier)
{
	begin_with(TOKEN);
	say(TOKEN, 1, 0);
	say(TOKEN, 2, 0);
	say(TOKEN, 2, 0);
	cr_assert_eq(add(NULL), 0);
	cr_assert(k.nkeys == 3 && k.key[2].certified);
	cr_assert_eq(opened(key[1], 500), 1);
	cr_assert_eq(opened(key[2], 500), 2);
	say(TOKEN, 3, 400);
	cr_assert_eq(add(NULL), 0);
	cr_assert_eq(keychain_until(&k, 2), 400);
	cr_assert_eq(opened(key[1], 400), 1);
	cr_assert_eq(opened(key[1], 401), -EKEYEXPIRED);
	cr_assert_eq(opened(key[3], 500), 3);
}

Test(keychain, said_twice_is_said_once)
{
	say(0, 1, 100);
	cr_assert_eq(add(NULL), 0);
	cr_assert_eq(add(NULL), 0);
	cr_assert_eq(keychain_write(&file, key_public_of(key[1]), T0 + 5000, 100, key[0]), 0, "another time, after a crash");
	cr_assert_eq(add(NULL), 0);
	cr_assert_eq(k.nkeys, 2);
}

Test(keychain, contradictions_are_refused)
{
	static const struct { int first, say[3][3]; const char *why; } c[] = {
		{0, {{0, 1, 100}, {0, 2, 100}}, "a key is replaced twice"},
		{0, {{0, 1, 100}, {0, 1, 90}}, "a key note makes a key known that was there before"},
		{0, {{0, 1, 100}, {1, 0, 200}}, "a key note makes a key known that was there before"},
		{0, {{0, 0, 100}}, "a key note makes a key known that was there before"},
		{TOKEN, {{TOKEN, 1, 100}, {TOKEN, 2, 0}}, "a key that had been replaced certifies another"},
		{TOKEN, {{TOKEN, 1, 0}, {TOKEN, 2, 0}, {TOKEN, 2, 50}}, "a key note makes a key known that was there before"},
		{0, {{0, 1, 0}}, "a certificate is signed by a key that is not a token's"},
		{0, {{0, 1, 100}, {1, 2, 0}}, "a certificate is signed by a key that is not a token's"},
		{TOKEN, {{TOKEN, 1, 100}, {1, 2, 0}}, "a certificate is signed by a key that is not a token's"},
		{TOKEN, {{TOKEN, 1, 0}, {1, 2, 0}}, "a key note is signed by a certified key: those sign checkpoints only"},
		{TOKEN, {{TOKEN, 1, 0}, {1, 2, 50}}, "a key note is signed by a certified key: those sign checkpoints only"},
		{TOKEN, {{TOKEN, 1, 0}, {1, TOKEN, 50}}, "a key note is signed by a certified key: those sign checkpoints only"},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		const char *why = NULL;

		buf_clear(&file);
		begin_with(c[i].first);
		for (int n = 0; n < 3 && (n == 0 || c[i].say[n][0] || c[i].say[n][1]); n++)
			say(c[i].say[n][0], c[i].say[n][1], (uint64_t)c[i].say[n][2]);
		cr_assert_eq(add(&why), -EBADMSG, "case %zu", i);
		cr_assert_str_eq(why, c[i].why, "case %zu: %s", i, why);
		cr_assert_eq(k.nkeys, 1, "case %zu", i);
	}
}

/* Every single bit of the file: nothing else comes out than the chain, a part of it, or a refusal. */
Test(keychain, any_flipped_bit_is_noticed)
{
	say(0, 1, 100);
	say(1, 2, 250);
	for (size_t bit = 0; bit < file.len * 8; bit++) {
		int rc;

		buf_data(&file)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		rc = add(NULL);
		cr_assert(rc == -EBADMSG || (rc == 0 && k.unknown > 0 && k.nkeys < 3), "bit %zu: %d", bit, rc);
		buf_data(&file)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		keychain_free(&k);
		cr_assert_eq(keychain_begin(&k, key_public_of(key[0])), 0);
	}
	for (size_t n = 1; n < file.len; n++)
		cr_assert(keychain_add(&k, buf_data(&file), n, NULL) == -EBADMSG || k.nkeys == 2, "cut to %zu", n);
}

Test(keychain, malformed)
{
	static const struct { const char *before, *after; } bad[] = {
		{"x", ""}, {"\n--\n", ""}, {"x\n\n--\n", ""}, {"casemate.key/v1\n", ""}, {"casemate.key/v1\n" NAME "\nx", "\n" TIME "\nsize 1\n"},
		{"casemate.key/v1\n" NAME "\n", "\n" TIME "\nsize 01\n"}, {"casemate.key/v1\n" NAME "\n", "\n2026-11-22T15:30:00Z\nsize 1\n"},
		{"casemate.key/v2\n" NAME "\n", "\n" TIME "\nsize 1\n"}, {"casemate.key/v1\nother\n", "\n" TIME "\nsize 1\n"},
		{"casemate.key/v1\n" NAME "\n", "\n" TIME "\nsize 1\nmore\n"}, {"casemate.key/v1\n" NAME "\n", "\n" TIME "\nsize 72057594037927937\n"},
	};
	char vkey[KEY_VKEY], text[1024];

	key_vkey(key_public_of(key[1]), vkey);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *why = NULL;

		snprintf(text, sizeof text, "%s%s%s", bad[i].before, *bad[i].after ? vkey : "", bad[i].after);
		buf_clear(&file);
		if (note_write(&file, text, strlen(text), key[0]) < 0)
			cr_assert_eq(buf_append_str(&file, text), 0);
		cr_assert_eq(buf_append_str(&file, "\n--\n"), 0);
		cr_assert_eq(add(&why), -EBADMSG, "case %zu", i);
		cr_assert(why);
	}
	buf_clear(&file);
	cr_assert_eq(keychain_write(&file, key_public_of(stranger), T0, 5, stranger), 0);
	cr_assert_eq(add(NULL), -EBADMSG, "another site's");
}

Test(keychain, bounds)
{
	struct key_private *more;

	begin_with(TOKEN);
	for (unsigned i = 1; i < KEYCHAIN_KEYS_MAX; i++) {
		cr_assert_eq(key_generate(NAME, &more), 0);
		token_says(key_public_of(more), T0, 0);
		key_free(&more);
	}
	cr_assert_eq(add(NULL), 0);
	cr_assert_eq(k.nkeys, KEYCHAIN_KEYS_MAX);
	buf_clear(&file);
	say(TOKEN, 1, 0);
	cr_assert_eq(add(NULL), -EBADMSG);
	cr_assert_eq(k.nkeys, KEYCHAIN_KEYS_MAX);
}

/* --- a token's key: ECDSA over P-256 ----------------------------------------------------- */

Test(keychain, a_token_certifies)
{
	struct key_public back;
	char vkey[KEY_VKEY];

	key_vkey(&token_public, vkey);
	cr_assert_eq(key_parse_vkey(vkey, strlen(vkey), &back, NULL), 0);
	cr_assert(key_same(&token_public, &back) && back.type == KEY_TYPE_P256);
	begin_with(TOKEN);
	say(TOKEN, 1, 0);
	cr_assert_eq(add(NULL), 0);
	cr_assert_eq(opened(key[1], 9), 1);
	cr_assert_eq(opened(key[0], 9), -ENOKEY);
}

/* A site's key may be replaced by a token's, which then certifies. */
Test(keychain, a_token_follows_a_key)
{
	say(0, TOKEN, 100);
	say(TOKEN, 1, 0);
	cr_assert_eq(add(NULL), 0);
	cr_assert_eq(opened(key[0], 100), 0);
	cr_assert_eq(opened(key[1], 101), 2);
}

/* Whoever may let the token sign something cannot make a log with it. */
Test(keychain, a_token_signs_no_checkpoints)
{
	static const char text[] = NAME "\n9\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
	uint8_t sig[KEY_SIGNATURE_MAX];
	struct checkpoint c;
	struct note read;
	struct buf note;

	buf_init(&note, CHECKPOINT_MAX_BYTES);
	cr_assert_eq(note_put(&note, text, strlen(text), &token_public, sig, p256_sign(token, text, strlen(text), sig)), 0);
	cr_assert_eq(note_parse(buf_data(&note), note.len, &read, NULL), 0);
	cr_assert_eq(note_verify(&read, &token_public), 0, "the signature is good");
	begin_with(TOKEN);
	cr_assert_eq(keychain_checkpoint(&k, buf_data(&note), note.len, &c, NULL, NULL), -ENOKEY);
	cr_assert_eq(checkpoint_open(buf_data(&note), note.len, &token_public, &c, NULL), -ENOKEY);
	buf_free(&note);
}

Test(keychain, key_ids_are_in_lower_case)
{
	static const char good[] = "keys.example+969e1698+AXqqvEbeOrsRQbmp8D9gnyToQ034g1HCxUedqlh2NHLd",
		bad[] = "keys.example+969E1698+AXqqvEbeOrsRQbmp8D9gnyToQ034g1HCxUedqlh2NHLd";
	struct key_public back;

	cr_assert_eq(key_parse_vkey(good, strlen(good), &back, NULL), 0);
	cr_assert_eq(key_parse_vkey(bad, strlen(bad), &back, NULL), -EINVAL);
}

/* KEY_VKEY has room for the longest. */
Test(keychain, the_longest_vkey_both_ways)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	struct key_public root, back;
	char vkey[KEY_VKEY];
	uint8_t *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);
	char name[KEY_NAME] = "";

	memset(name, 'a', sizeof name - 1);
	cr_assert_eq(key_make_p256(name, der, (size_t)n, &root), 0);
	key_vkey(&root, vkey);
	cr_assert_lt(strlen(vkey), KEY_VKEY);
	cr_assert_eq(key_parse_vkey(vkey, strlen(vkey), &back, NULL), 0);
	cr_assert(key_same(&root, &back));
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
}

Test(keychain, refuses_other_p256_keys)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	struct key_public root = {.name = "untouched"};
	uint8_t *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);

	cr_assert_eq(key_make_p256("a b", der, (size_t)n, &root), -EINVAL);
	cr_assert_eq(key_make_p256(NAME, der, (size_t)n - 1, &root), -EINVAL);
	der[60] ^= 1;
	cr_assert_eq(key_make_p256(NAME, der, (size_t)n, &root), -EINVAL, "not a point of the curve");
	OPENSSL_free(der);
	der = NULL;
	n = i2d_PUBKEY(other, &der);
	cr_assert_eq(key_make_p256(NAME, der, (size_t)n, &root), -EINVAL);
	cr_assert_str_eq(root.name, "untouched");
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
	EVP_PKEY_free(other);
}
