/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/backup_seal.h"

#include <argon2.h>
#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

#include "base/rd.h"
#include "base/wr.h"

#define MAGIC "casemate-backup/1\n"
#define MAGIC_LEN (sizeof MAGIC - 1)
#define SALT_BYTES 16
#define KEY_BYTES 32

_Static_assert(BACKUP_HEAD_BYTES == MAGIC_LEN + 8 + SALT_BYTES, "the head is what it is made of");

static const uint8_t nonce[12];

static int derive(const void *passphrase, size_t len, struct backup_cost cost, const uint8_t salt[SALT_BYTES], uint8_t key[KEY_BYTES])
{
	int rc = argon2id_hash_raw(cost.passes, cost.kib, 1, passphrase, len, salt, SALT_BYTES, key, KEY_BYTES);

	return rc == ARGON2_OK ? 0 : rc == ARGON2_MEMORY_ALLOCATION_ERROR ? -ENOMEM : -EINVAL;
}

static int encipher(const uint8_t key[KEY_BYTES], const uint8_t head[BACKUP_HEAD_BYTES], const void *p, size_t n, uint8_t *to)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int len, good;

	if (!c)
		return -ENOMEM;
	good = EVP_EncryptInit_ex(c, EVP_chacha20_poly1305(), NULL, key, nonce) == 1 && EVP_EncryptUpdate(c, NULL, &len, head, BACKUP_HEAD_BYTES) == 1 &&
	       EVP_EncryptUpdate(c, to, &len, p, (int)n) == 1 && EVP_EncryptFinal_ex(c, to + len, &len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, BACKUP_TAG_BYTES, to + n) == 1;
	EVP_CIPHER_CTX_free(c);
	return good ? 0 : -EIO;
}

static int decipher(const uint8_t key[KEY_BYTES], const uint8_t *p, size_t n, uint8_t *to)
{
	const uint8_t *text = p + BACKUP_HEAD_BYTES;
	size_t len_text = n - BACKUP_HEAD_BYTES - BACKUP_TAG_BYTES;
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	uint8_t tag[BACKUP_TAG_BYTES];
	int len, good;

	if (!c)
		return -ENOMEM;
	memcpy(tag, text + len_text, sizeof tag);
	good = EVP_DecryptInit_ex(c, EVP_chacha20_poly1305(), NULL, key, nonce) == 1 && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) == 1 &&
	       EVP_DecryptUpdate(c, NULL, &len, p, BACKUP_HEAD_BYTES) == 1 && EVP_DecryptUpdate(c, to, &len, text, (int)len_text) == 1 &&
	       EVP_DecryptFinal_ex(c, to + len, &len) == 1;
	EVP_CIPHER_CTX_free(c);
	return good ? 0 : -EKEYREJECTED;
}

int backup_seal(const void *passphrase, size_t len, struct backup_cost cost, const void *p, size_t n, struct buf *out)
{
	uint8_t salt[SALT_BYTES], key[KEY_BYTES], *to = n > INT_MAX ? NULL : buf_reserve(out, BACKUP_HEAD_BYTES + n + BACKUP_TAG_BYTES);
	struct wr w = wr_init(to, BACKUP_HEAD_BYTES);
	int rc;

	if (!to)
		return -ENOBUFS;
	if (getrandom(salt, sizeof salt, 0) != sizeof salt)
		return -EIO;
	wr_str(&w, MAGIC);
	wr_u32(&w, cost.kib);
	wr_u32(&w, cost.passes);
	wr_bytes(&w, salt, sizeof salt);
	rc = derive(passphrase, len, cost, salt, key);
	if (!rc)
		rc = encipher(key, to, p, n, to + BACKUP_HEAD_BYTES);
	if (!rc)
		buf_commit(out, BACKUP_HEAD_BYTES + n + BACKUP_TAG_BYTES);
	explicit_bzero(key, sizeof key);
	return rc;
}

/* argon2 itself wants 8 KiB and a pass. */
int backup_cost_of(const void *p, size_t n, struct backup_cost *ret)
{
	struct rd r = rd_init(p, n);
	const uint8_t *magic = rd_bytes(&r, MAGIC_LEN);
	struct backup_cost c = {.kib = rd_u32(&r)};

	c.passes = rd_u32(&r);
	if (r.bad || n < BACKUP_HEAD_BYTES + BACKUP_TAG_BYTES || n > INT_MAX || memcmp(magic, MAGIC, MAGIC_LEN) != 0 || c.kib < 8 ||
	    c.kib > BACKUP_COST_KIB_MAX || !c.passes || c.passes > BACKUP_COST_PASSES_MAX)
		return -EBADMSG;
	*ret = c;
	return 0;
}

int backup_open(const void *passphrase, size_t len, const void *p, size_t n, struct buf *out)
{
	const uint8_t *salt = (const uint8_t *)p + BACKUP_HEAD_BYTES - SALT_BYTES;
	struct backup_cost cost;
	uint8_t key[KEY_BYTES], *to;
	int rc = backup_cost_of(p, n, &cost);

	if (rc)
		return rc;
	to = buf_reserve(out, n - BACKUP_HEAD_BYTES - BACKUP_TAG_BYTES + 1);
	if (!to)
		return -ENOBUFS;
	rc = derive(passphrase, len, cost, salt, key);
	if (!rc)
		rc = decipher(key, p, n, to);
	if (!rc)
		buf_commit(out, n - BACKUP_HEAD_BYTES - BACKUP_TAG_BYTES);
	else
		explicit_bzero(to, n - BACKUP_HEAD_BYTES - BACKUP_TAG_BYTES);
	explicit_bzero(key, sizeof key);
	return rc;
}
