/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/key.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
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

static void take_id(struct key_public *k, const void *p, size_t n)
{
	struct hash h;

	hash_bytes(p, n, &h);
	memcpy(k->id, h.b, sizeof k->id);
}

static int take_name(struct key_public *k, const char *name)
{
	size_t n = strnlen(name, KEY_NAME);

	if (!key_is_name(name, n))
		return -EINVAL;
	memcpy(k->name, name, n + 1);
	return 0;
}

int key_make_public(const char *name, const uint8_t raw[32], struct key_public *ret)
{
	uint8_t text[KEY_NAME + 2 + 32];
	struct wr w = wr_init(text, sizeof text);
	struct key_public k;

	memset(&k, 0, sizeof k);
	if (take_name(&k, name))
		return -EINVAL;
	k.type = KEY_TYPE_ED25519;
	k.raw_len = 32;
	memcpy(k.raw, raw, 32);
	wr_str(&w, name);
	wr_u8(&w, '\n');
	wr_u8(&w, KEY_TYPE_ED25519);
	wr_bytes(&w, raw, 32);
	take_id(&k, text, w.len);
	*ret = k;
	return 0;
}

static EVP_PKEY *public_key(const struct key_public *k)
{
	const uint8_t *p = k->raw;

	if (k->type == KEY_TYPE_ED25519)
		return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->raw, k->raw_len);
	return d2i_PUBKEY(NULL, &p, k->raw_len);
}

/* One spelling for each key: all but the point is given, and the point is written out. */
static bool is_p256(const uint8_t *p, size_t n)
{
	static const uint8_t before_point[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
		0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

	return n == KEY_RAW_MAX && !memcmp(p, before_point, sizeof before_point);
}

int key_make_p256(const char *name, const uint8_t *spki, size_t n, struct key_public *ret)
{
	struct key_public k;
	EVP_PKEY *pkey;

	memset(&k, 0, sizeof k);
	if (!is_p256(spki, n) || take_name(&k, name))
		return -EINVAL;
	k.type = KEY_TYPE_P256;
	k.raw_len = KEY_RAW_MAX;
	memcpy(k.raw, spki, n);
	take_id(&k, spki, n);
	pkey = public_key(&k);
	ERR_clear_error();
	if (!pkey)
		return -EINVAL;
	EVP_PKEY_free(pkey);
	*ret = k;
	return 0;
}

bool key_same(const struct key_public *a, const struct key_public *b)
{
	return !memcmp(a, b, sizeof *a);
}

void key_vkey(const struct key_public *k, char out[KEY_VKEY])
{
	uint8_t typed[1 + KEY_RAW_MAX] = {k->type};
	char hex[9], base64[(1 + KEY_RAW_MAX + 2) / 3 * 4 + 1];
	struct wr w = wr_init(out, KEY_VKEY);

	memcpy(typed + 1, k->raw, k->raw_len);
	hex_encode(k->id, sizeof k->id, hex);
	base64_encode(typed, 1u + k->raw_len, base64);
	wr_fmt(&w, "%s+%s+%s", k->name, hex, base64);
}

int key_parse_id(const char *s, size_t n, uint8_t ret[4])
{
	uint8_t id[4];
	char hex[9];

	if (hex_decode(s, n, id, sizeof id))
		return -EINVAL;
	hex_encode(id, sizeof id, hex);
	if (memcmp(hex, s, n) != 0)
		return -EINVAL;
	memcpy(ret, id, sizeof id);
	return 0;
}

int key_parse_vkey(const char *s, size_t n, struct key_public *ret, const char **why)
{
	struct rd r = rd_init(s, n && s[n - 1] == '\n' ? n - 1 : n), name = lines_until(&r, '+'), id = lines_until(&r, '+');
	struct key_public k;
	const char *reason;
	char name0[KEY_NAME] = "";
	uint8_t typed[1 + KEY_RAW_MAX], wanted[4];
	size_t len = 0;
	int rc;

	why = why ? why : &reason;
	*why = "not a public key: it is written name+keyid+base64, as casemate keygen prints it";
	if (id.bad || !key_is_name(lines_text(&name), rd_left(&name)) || key_parse_id(lines_text(&id), rd_left(&id), wanted) ||
	    base64_decode(lines_text(&r), rd_left(&r), typed, sizeof typed, &len) || len < 1)
		return -EINVAL;
	memcpy(name0, name.p, rd_left(&name));
	*why = "a public key of another type than Ed25519 or ECDSA over P-256";
	if (typed[0] == KEY_TYPE_ED25519 && len == 33)
		rc = key_make_public(name0, typed + 1, &k);
	else
		rc = typed[0] == KEY_TYPE_P256 ? key_make_p256(name0, typed + 1, len - 1, &k) : -EINVAL;
	if (rc)
		return -EINVAL;
	if (memcmp(k.id, wanted, sizeof wanted)) {
		*why = "the public key and its key id do not belong together: a character was changed or lost";
		return -EINVAL;
	}
	*ret = k;
	return 0;
}

bool key_verify(const struct key_public *k, const void *msg, size_t n, const uint8_t *sig, size_t nsig)
{
	bool ed25519 = k->type == KEY_TYPE_ED25519, long_enough = ed25519 ? nsig == KEY_SIGNATURE_BYTES : nsig && nsig <= KEY_SIGNATURE_MAX;
	EVP_PKEY *pkey = public_key(k);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = pkey && ctx && long_enough && EVP_DigestVerifyInit(ctx, NULL, ed25519 ? NULL : EVP_sha256(), NULL, pkey) == 1 &&
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
