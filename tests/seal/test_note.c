/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "base/text.h"
#include "seal/checkpoint.h"
#include "seal/key.h"
#include "seal/note.h"

#define VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define SIGNATURE "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM="
#define LINE "\xe2\x80\x94 example.com/foo " SIGNATURE "\n"
#define TEXT "This is an example message.\n"
#define OTHER_LINE "\xe2\x80\x94 other.example AAAAAAE=\n"

static struct key_public example(void)
{
	struct key_public k;

	cr_assert_eq(key_parse_vkey(VKEY, strlen(VKEY), &k, NULL), 0);
	return k;
}

Test(key, vkey_both_ways)
{
	struct key_public k = example();
	char text[KEY_VKEY];

	cr_assert_str_eq(k.name, "example.com/foo");
	key_vkey(&k, text);
	cr_assert_str_eq(text, VKEY);
	cr_assert_eq(key_parse_vkey(VKEY "\n", strlen(VKEY) + 1, &k, NULL), 0);
}

Test(key, refuses_other_vkeys)
{
	static const char *const bad[] = {
		"", "+", "++", "a+b", "example.com/foo+530d903a", "example.com/foo+530d903a+", "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2l",
		"+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "example.com foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		"example.com/foo+530d903a+BOkyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k", "example.com/foo+530d90+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
		VKEY " ", " " VKEY, VKEY "\n\n", "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2kAA==",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct key_public k = {.name = "untouched"};
		const char *why = NULL;

		cr_assert_eq(key_parse_vkey(bad[i], strlen(bad[i]), &k, &why), -EINVAL, "%s", bad[i]);
		cr_assert(why);
		cr_assert_str_eq(k.name, "untouched");
	}
}

Test(key, file_both_ways)
{
	struct key_private *k = NULL, *back = NULL;
	uint8_t sig[KEY_SIGNATURE_BYTES];
	struct buf pem;

	buf_init(&pem, KEY_FILE_MAX);
	cr_assert_eq(key_generate("gate site", &k), -EINVAL);
	cr_assert_eq(key_generate("gate-site", &k), 0);
	cr_assert_eq(key_write(k, &pem), 0);
	cr_assert_eq(key_read("gate-site", buf_data(&pem), pem.len, &back, NULL), 0);
	cr_assert_eq(memcmp(key_public_of(k), key_public_of(back), sizeof(struct key_public)), 0);
	cr_assert_eq(key_sign(back, "abc", 3, sig), 0);
	cr_assert(key_verify(key_public_of(k), "abc", 3, sig, sizeof sig));
	cr_assert_not(key_verify(key_public_of(k), "abd", 3, sig, sizeof sig));
	cr_assert_not(key_verify(key_public_of(k), "abc", 3, sig, sizeof sig - 1));
	sig[40] ^= 4;
	cr_assert_not(key_verify(key_public_of(k), "abc", 3, sig, sizeof sig));
	key_free(&k);
	key_free(&k);
	key_free(&back);
	buf_free(&pem);
}

/* RFC 8032 7.1 TEST 2, as RFC 8410 writes a key. */
Test(key, reads_a_file_of_another_program)
{
	static const char pem[] = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n-----END PRIVATE KEY-----\n";
	struct key_private *k = NULL;
	char hex[65];

	hex_encode("", 0, hex);
	if (key_read("x", pem, sizeof pem - 1, &k, NULL) == 0)
		hex_encode(key_public_of(k)->raw, 32, hex);
	cr_assert_str_eq(hex, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
	key_free(&k);
}

Test(key, refuses_other_files)
{
	static const char *const bad[] = {
		"", "hello", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
		/* P-256 */
		"-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAAAAAGhRANCAARrF9Hy4SxCR/i85uVjpEDydwN9gS3r\nM6D0oTlF2JjClk/jQuL+Gn+bjufrSnwPnhYrzjNXazFezsu2QGg3v1H1\n-----END PRIVATE KEY-----\n",
	};
	struct key_private *k = NULL;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		const char *why = NULL;

		cr_assert_eq(key_read("x", bad[i], strlen(bad[i]), &k, &why), -EINVAL, "case %zu", i);
		cr_assert(why && !k);
	}
}

Test(note, vector_is_accepted)
{
	static const char *const good[] = {TEXT "\n" LINE, TEXT "\n" OTHER_LINE LINE, TEXT "\n" LINE OTHER_LINE, TEXT "\n" LINE LINE};
	struct key_public k = example();

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct note note;

		cr_assert_eq(note_parse(good[i], strlen(good[i]), &note, NULL), 0, "case %zu", i);
		cr_assert(note.text_len == strlen(TEXT) && !memcmp(note.text, TEXT, note.text_len));
		cr_assert_eq(note_verify(&note, &k), 0, "case %zu", i);
	}
}

Test(note, changed_or_foreign_is_rejected)
{
	static const struct { const char *note; int rc; } c[] = {
		{"This is an example message!\n\n" LINE, -EKEYREJECTED}, {TEXT TEXT "\n" LINE, -EKEYREJECTED}, {TEXT "\n\n" LINE, -EKEYREJECTED},
		{TEXT "\n" OTHER_LINE, -ENOKEY}, {TEXT "\n\xe2\x80\x94 example.com/bar " SIGNATURE "\n", -ENOKEY},
		{TEXT "\n" LINE "\xe2\x80\x94 example.com/foo Uw2QOgAAAAA=\n", -EKEYREJECTED}, {TEXT "\n\xe2\x80\x94 example.com/foo AAAAAAE=\n", -ENOKEY},
	};
	struct key_public k = example();

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct note note;

		cr_assert_eq(note_parse(c[i].note, strlen(c[i].note), &note, NULL), 0, "case %zu", i);
		cr_assert_eq(note_verify(&note, &k), c[i].rc, "case %zu", i);
	}
}

Test(note, grammar)
{
	static const char *const bad[] = {
		"", "\n", TEXT, TEXT "\n", TEXT LINE, "\n" LINE, TEXT "\n" LINE "\n", TEXT "\n" LINE "x\n", TEXT "\n- example.com/foo " SIGNATURE "\n",
		TEXT "\n\xe2\x80\x94 example.com/foo\n", TEXT "\n\xe2\x80\x94  " SIGNATURE "\n", TEXT "\n\xe2\x80\x94 a+b " SIGNATURE "\n",
		TEXT "\n\xe2\x80\x94 a " SIGNATURE, TEXT "\n\xe2\x80\x94 a Uw2QOg==\n", TEXT "\n\xe2\x80\x94 a Uw2QOkn\n", TEXT "\n\xe2\x80\x94 a  AAAAAAE=\n",
		TEXT "\r\n" LINE, "a\tb\n\n" LINE, "a\xff\n\n" LINE, TEXT "\n\xe2\x80\x94 a AAAAAAE=\r\n",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct note note = {.nsigs = 77};
		const char *why = NULL;

		cr_assert_eq(note_parse(bad[i], strlen(bad[i]), &note, &why), -EBADMSG, "case %zu", i);
		cr_assert(why && note.nsigs == 77);
	}
}

Test(note, bounds)
{
	struct note note;
	struct buf b;

	buf_init(&b, 1u << 20);
	buf_append_str(&b, TEXT "\n");
	for (int i = 0; i < NOTE_SIGNATURES_MAX; i++)
		buf_append_str(&b, OTHER_LINE);
	cr_assert_eq(note_parse(buf_data(&b), b.len, &note, NULL), 0);
	buf_append_str(&b, OTHER_LINE);
	cr_assert_eq(note_parse(buf_data(&b), b.len, &note, NULL), -EBADMSG);
	buf_clear(&b);
	while (b.len < NOTE_MAX_BYTES)
		buf_append_str(&b, TEXT);
	buf_append_str(&b, "\n" LINE);
	cr_assert_eq(note_parse(buf_data(&b), b.len, &note, NULL), -EBADMSG);
	buf_free(&b);
}

Test(checkpoint, made_and_opened)
{
	struct key_private *k = NULL, *other = NULL;
	struct checkpoint c;
	struct hash root;
	struct buf b;

	buf_init(&b, CHECKPOINT_MAX_BYTES);
	hash_bytes("x", 1, &root);
	cr_assert(key_generate("site.example", &k) == 0 && key_generate("site.example", &other) == 0);
	cr_assert_eq(checkpoint_sign(&b, 1041, &root, k), 0);
	cr_assert_eq(memcmp(buf_data(&b), "site.example\n1041\n", 18), 0);
	cr_assert_eq(checkpoint_open(buf_data(&b), b.len, key_public_of(k), &c, NULL), 0);
	cr_assert(c.size == 1041 && hash_same(&c.root, &root) && !strcmp(c.origin, "site.example"));
	cr_assert_eq(checkpoint_open(buf_data(&b), b.len, key_public_of(other), &c, NULL), -ENOKEY);
	buf_data(&b)[13] = '2';
	cr_assert_eq(checkpoint_open(buf_data(&b), b.len, key_public_of(k), &c, NULL), -EKEYREJECTED);
	cr_assert_eq(checkpoint_parse(buf_data(&b), b.len, &c, NULL), 0);
	cr_assert_eq(c.size, 2041);
	key_free(&k);
	key_free(&other);
	buf_free(&b);
}

#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

/* A right signature over a text whose origin is not the key's name. */
Test(checkpoint, of_another_log_by_the_same_key)
{
	struct key_private *k = NULL;
	struct checkpoint c;
	struct buf b;

	buf_init(&b, CHECKPOINT_MAX_BYTES);
	cr_assert_eq(key_generate("site.example", &k), 0);
	cr_assert_eq(note_write(&b, "site.example2\n0\n" ROOT "\n", strlen("site.example2\n0\n" ROOT "\n"), k), 0);
	cr_assert_eq(checkpoint_open(buf_data(&b), b.len, key_public_of(k), &c, NULL), -ENOKEY);
	cr_assert_eq(note_write(&b, "no end of line", 14, k), -EINVAL);
	key_free(&k);
	buf_free(&b);
}

Test(checkpoint, body_grammar)
{
	static const struct { const char *body; bool good; } c[] = {
		{"a\n0\n" ROOT "\n", true}, {"a.example/log\n72057594037927936\n" ROOT "\n", true}, {"a\n5\n" ROOT "\nextension\nmore\n", true},
		{"a\n05\n" ROOT "\n", false}, {"a\n+5\n" ROOT "\n", false}, {"a\n\n" ROOT "\n", false}, {"a\n72057594037927937\n" ROOT "\n", false},
		{"a b\n5\n" ROOT "\n", false}, {"\n5\n" ROOT "\n", false}, {"a\n5\n", false}, {"a\n5\nAAAA\n", false}, {"a\n5\n" ROOT "AAAA\n", false},
		{"a\n5 \n" ROOT "\n", false}, {"a\n0x5\n" ROOT "\n", false}, {"a\n5\n" ROOT "\n\nextension\n", false}, {"a+b\n5\n" ROOT "\n", false},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct checkpoint cp = {.size = 77};
		char note[512];
		int rc;

		snprintf(note, sizeof note, "%s\n" OTHER_LINE, c[i].body);
		rc = checkpoint_parse(note, strlen(note), &cp, NULL);
		cr_assert_eq(rc, c[i].good ? 0 : -EBADMSG, "case %zu", i);
		cr_assert_eq(cp.size == 77, !c[i].good);
	}
}
