/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_KEY_H
#define SEAL_KEY_H
/*
 * The site's Ed25519 key (RFC 8032): private as a PEM PKCS#8 file, public as a
 * C2SP vkey, "name+keyid+base64(type || key)" (c2sp.org/signed-note). The name
 * is the log's origin. Private keys live in OpenSSL's memory and are wiped on free.
 * OpenSSL loads its algorithms at the first use: a role signs or verifies once
 * before it is sandboxed.
 *
 * A public key may also be one of ECDSA over P-256 with SHA-256, as a TPM or a
 * token holds it to certify Ed25519 keys (seal/keychain.h); this room never signs with one.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define KEY_NAME 129        /* 1 to 128 printable ASCII without blank and '+', and a NUL */
#define KEY_VKEY 264        /* any vkey and a NUL */
#define KEY_SIGNATURE_BYTES 64
#define KEY_SIGNATURE_MAX 72    /* of any type: ECDSA-Sig-Value in DER */
#define KEY_RAW_MAX 91          /* of any type: SubjectPublicKeyInfo of a P-256 key, its point uncompressed, in DER */
#define KEY_FILE_MAX 4096   /* bytes of a private key file */
#define KEY_TYPE_ED25519 0x01
#define KEY_TYPE_P256 0x02      /* signed-note's type of ECDSA keys, whose id has no name in it */

struct key_public {
	char name[KEY_NAME];
	uint8_t id[4];      /* the first four bytes of SHA-256(name || 0x0A || type || key), of P-256 of SHA-256(key) */
	uint8_t type;
	uint8_t raw_len;
	uint8_t raw[KEY_RAW_MAX];   /* zeros behind raw_len: structs of one key are the same bytes */
};

struct key_private;

bool key_is_name(const char *s, size_t n);
/* Of an Ed25519 key. Fills in everything; 0, or -EINVAL for a bad name. */
int key_make_public(const char *name, const uint8_t raw[32], struct key_public *ret);
/* Of a P-256 key, as SubjectPublicKeyInfo in DER; 0, or -EINVAL for a bad name or what is no such key. */
int key_make_p256(const char *name, const uint8_t *spki, size_t n, struct key_public *ret);
bool key_same(const struct key_public *a, const struct key_public *b);
void key_vkey(const struct key_public *k, char out[KEY_VKEY]);
/* A vkey's key id: eight digits in hex, in lower case as it is written; 0 or -EINVAL. */
int key_parse_id(const char *s, size_t n, uint8_t ret[4]);
/* The whole of s (a last '\n' is let through); 0, or -EINVAL with *why: grammar, wrong key id, another type. */
int key_parse_vkey(const char *s, size_t n, struct key_public *ret, const char **why);
/* False for every signature that OpenSSL does not accept: non-canonical ones and wrong lengths too. */
bool key_verify(const struct key_public *k, const void *msg, size_t n, const uint8_t *sig, size_t nsig);

/* A new random key. 0 with *ret (the caller's, key_free), -EINVAL for a bad name, -ENOMEM, -EIO without randomness. */
int key_generate(const char *name, struct key_private **ret);
/* The key file's bytes. -EINVAL with *why when it is not an unencrypted Ed25519 key in PEM or the name is bad; -ENOMEM. */
int key_read(const char *name, const void *pem, size_t n, struct key_private **ret, const char **why);
/* Appends the key file's text to out; 0, -ENOBUFS or -ENOMEM. */
int key_write(const struct key_private *k, struct buf *out);
const struct key_public *key_public_of(const struct key_private *k);
/* 0 or -ENOMEM. */
int key_sign(const struct key_private *k, const void *msg, size_t n, uint8_t sig[KEY_SIGNATURE_BYTES]);
void key_free(struct key_private **k);

#endif
