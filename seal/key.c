/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/key.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/wr.h"
#include "seal/hash.h"
#include "seal/lines.h"

struct key_private {
	EVP_PKEY *pkey;
	struct key_public pub;
};

bool key_is_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= 0x20 || s[i] > 0x7e || s[i] == '+')
			return false;
	return n >= 1 && n < KEY_NAME;
}

int key_make_public(const char *name, const uint8_t raw[32], struct key_public *ret)
{
	uint8_t text[KEY_NAME + 2 + 32];
	struct wr w = wr_init(text, sizeof text);
	struct key_public k;
	struct hash h;

	if (!key_is_name(name, strnlen(name, KEY_NAME)))
		return -EINVAL;
	memset(&k, 0, sizeof k);
	memcpy(k.name, name, strlen(name) + 1);
	memcpy(k.raw, raw, sizeof k.raw);
	wr_str(&w, name);
	wr_u8(&w, '\n');
	wr_u8(&w, KEY_TYPE_ED25519);
	wr_bytes(&w, raw, 32);
	hash_bytes(text, w.len, &h);
	memcpy(k.id, h.b, sizeof k.id);
	*ret = k;
	return 0;
}

void key_vkey(const struct key_public *k, char out[KEY_VKEY])
{
	uint8_t typed[33] = {KEY_TYPE_ED25519};
	char hex[9], base64[48];
	struct wr w = wr_init(out, KEY_VKEY);

	memcpy(typed + 1, k->raw, 32);
	hex_encode(k->id, sizeof k->id, hex);
	base64_encode(typed, sizeof typed, base64);
	wr_fmt(&w, "%s+%s+%s", k->name, hex, base64);
}

int key_parse_vkey(const char *s, size_t n, struct key_public *ret, const char **why)
{
	struct rd r = rd_init(s, n && s[n - 1] == '\n' ? n - 1 : n), name = lines_until(&r, '+'), id = lines_until(&r, '+');
	struct key_public k;
	const char *reason;
	char name0[KEY_NAME] = "";
	uint8_t typed[64], wanted[4];
	size_t len = 0;

	why = why ? why : &reason;
	*why = "not a public key: it is written name+keyid+base64, as casemate keygen prints it";
	if (id.bad || !key_is_name(lines_text(&name), rd_left(&name)) || hex_decode(lines_text(&id), rd_left(&id), wanted, sizeof wanted) ||
	    base64_decode(lines_text(&r), rd_left(&r), typed, sizeof typed, &len) || len < 1)
		return -EINVAL;
	if (typed[0] != KEY_TYPE_ED25519 || len != 33) {
		*why = "a public key of another type than Ed25519";
		return -EINVAL;
	}
	memcpy(name0, name.p, rd_left(&name));
	if (key_make_public(name0, typed + 1, &k) || memcmp(k.id, wanted, sizeof wanted)) {
		*why = "the public key and its key id do not belong together: a character was changed or lost";
		return -EINVAL;
	}
	*ret = k;
	return 0;
}

bool key_verify(const struct key_public *k, const void *msg, size_t n, const uint8_t *sig, size_t nsig)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->raw, sizeof k->raw);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = pkey && ctx && nsig == KEY_SIGNATURE_BYTES && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
		EVP_DigestVerify(ctx, sig, nsig, msg, n) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return good;
}

/* Takes pkey over, also on failure. */
static int adopt(const char *name, EVP_PKEY *pkey, struct key_private **ret)
{
	struct key_private *k = calloc(1, sizeof *k);
	uint8_t raw[32];
	size_t n = sizeof raw;
	int rc = k ? 0 : -ENOMEM;

	if (!rc && (EVP_PKEY_get_raw_public_key(pkey, raw, &n) != 1 || n != sizeof raw || key_make_public(name, raw, &k->pub)))
		rc = -EINVAL;
	if (rc) {
		EVP_PKEY_free(pkey);
		free(k);
		ERR_clear_error();
		return rc;
	}
	k->pkey = pkey;
	*ret = k;
	return 0;
}

int key_generate(const char *name, struct key_private **ret)
{
	EVP_PKEY *pkey;

	if (!key_is_name(name, strnlen(name, KEY_NAME)))
		return -EINVAL;
	pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	ERR_clear_error();
	return pkey ? adopt(name, pkey, ret) : -EIO;
}

/* OpenSSL would ask the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *ctx)
{
	return -1;
}

int key_read(const char *name, const void *pem, size_t n, struct key_private **ret, const char **why)
{
	BIO *bio = n <= KEY_FILE_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	const char *reason;

	why = why ? why : &reason;
	BIO_free(bio);
	ERR_clear_error();
	*why = "not an unencrypted private key in PEM, as casemate keygen writes it";
	if (!pkey)
		return -EINVAL;
	if (!EVP_PKEY_is_a(pkey, "ED25519")) {
		*why = "a private key of another type than Ed25519";
		EVP_PKEY_free(pkey);
		return -EINVAL;
	}
	*why = "the key's name is 1 to 128 characters of printable ASCII without blank and '+'";
	return adopt(name, pkey, ret);
}

int key_write(const struct key_private *k, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *p = NULL;
	long n;
	int rc = -ENOMEM;

	if (bio && PEM_write_bio_PKCS8PrivateKey(bio, k->pkey, NULL, NULL, 0, NULL, NULL) == 1) {
		n = BIO_get_mem_data(bio, &p);
		rc = n > 0 ? buf_append(out, p, (size_t)n) : -ENOMEM;
	}
	BIO_free(bio);
	ERR_clear_error();
	return rc;
}

const struct key_public *key_public_of(const struct key_private *k)
{
	return &k->pub;
}

int key_sign(const struct key_private *k, const void *msg, size_t n, uint8_t sig[KEY_SIGNATURE_BYTES])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = KEY_SIGNATURE_BYTES;
	bool good = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->pkey) == 1 && EVP_DigestSign(ctx, sig, &len, msg, n) == 1 &&
		len == KEY_SIGNATURE_BYTES;

	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return good ? 0 : -ENOMEM;
}

void key_free(struct key_private **k)
{
	if (!*k)
		return;
	EVP_PKEY_free((*k)->pkey);
	free(*k);
	*k = NULL;
}
