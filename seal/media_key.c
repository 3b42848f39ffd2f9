/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/media_key.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdlib.h>

struct media_key {
	EVP_PKEY *pkey;
	struct buf chain;
};

/* OpenSSL would ask the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *ctx)
{
	return -1;
}

static EVP_PKEY *read_key(const void *pem, size_t n, const char **why)
{
	BIO *bio = n <= MEDIA_KEY_FILE_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	char group[32] = "";

	BIO_free(bio);
	*why = "not an unencrypted private key in PEM";
	if (!pkey)
		return NULL;
	*why = "a private key of another type than ECDSA over P-256";
	if (EVP_PKEY_is_a(pkey, "EC") && EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) == 1 && !strcmp(group, "prime256v1"))
		return pkey;
	EVP_PKEY_free(pkey);
	return NULL;
}

static int take_bio(BIO *bio, struct buf *out)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);

	return n > 0 ? buf_append(out, p, (size_t)n) : -ENOMEM;
}

static int append_certificate(struct buf *out, X509 *x)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int rc = bio && PEM_write_bio_X509(bio, x) == 1 ? take_bio(bio, out) : -ENOMEM;

	BIO_free(bio);
	return rc;
}

static bool is_root(X509 *x)
{
	return X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
}

/* The n-th certificate. 0, or -EINVAL when it may not be there. */
static int take_certificate(struct media_key *k, X509 *x, unsigned n, const char **why)
{
	if (n == 0 && X509_check_private_key(x, k->pkey) != 1) {
		*why = "the first certificate is not the key's";
		return -EINVAL;
	}
	if (n == 0 && is_root(x)) {
		*why = "the key's certificate is signed by itself: ONVIF Media Signing wants one that a root has signed";
		return -EINVAL;
	}
	if (is_root(x))
		return 0;
	*why = "the certificates have more than 4096 bytes";
	return append_certificate(&k->chain, x) ? -EINVAL : 0;
}

static int read_chain(struct media_key *k, const void *pem, size_t n, const char **why)
{
	BIO *bio = n <= MEDIA_KEY_CHAIN_FILE_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
	X509 *x = NULL;
	unsigned count = 0;
	int rc = 0;

	while (!rc && bio && (x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
		rc = take_certificate(k, x, count++, why);
		X509_free(x);
	}
	if (!rc && count == 0) {
		*why = "no certificate in PEM";
		rc = -EINVAL;
	}
	BIO_free(bio);
	return rc;
}

int media_key_read(const void *pem, size_t n, const void *certificates, size_t ncertificates, struct media_key **ret, const char **why)
{
	struct media_key *k = calloc(1, sizeof *k);
	const char *reason;
	int rc;

	why = why ? why : &reason;
	*why = "no memory";
	if (!k)
		return -ENOMEM;
	buf_init(&k->chain, MEDIA_KEY_CHAIN_MAX);
	k->pkey = read_key(pem, n, why);
	rc = k->pkey ? read_chain(k, certificates, ncertificates, why) : -EINVAL;
	ERR_clear_error();
	if (rc)
		media_key_free(&k);
	else
		*ret = k;
	return rc;
}

void media_key_free(struct media_key **kp)
{
	struct media_key *k = *kp;

	if (!k)
		return;
	EVP_PKEY_free(k->pkey);
	buf_free(&k->chain);
	free(k);
	*kp = NULL;
}

const char *media_key_chain(const struct media_key *k, size_t *ret_n)
{
	*ret_n = k->chain.len;
	return (const char *)buf_data(&k->chain);
}

int media_key_sign(const struct media_key *k, const void *msg, size_t n, uint8_t sig[MEDIA_KEY_SIGNATURE_MAX], size_t *ret_n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t nsig = MEDIA_KEY_SIGNATURE_MAX;
	bool good = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, k->pkey) == 1 && EVP_DigestSign(ctx, sig, &nsig, msg, n) == 1;

	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	if (good)
		*ret_n = nsig;
	return good ? 0 : -ENOMEM;
}
