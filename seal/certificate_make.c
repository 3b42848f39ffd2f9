/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/certificate_make.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

bool certificate_add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	bool good;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	good = e && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return good;
}

bool certificate_set_serial(X509 *x)
{
	uint8_t raw[16];
	BIGNUM *n;
	bool good;

	if (RAND_bytes(raw, sizeof raw) != 1)
		return false;
	raw[0] = (raw[0] & 0x7f) | 0x40;
	n = BN_bin2bn(raw, sizeof raw, NULL);
	good = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return good;
}

static int take_bio(BIO *bio, struct buf *out)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);

	return n > 0 ? buf_append(out, p, (size_t)n) : -ENOMEM;
}

int certificate_write(X509 *x, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int rc = bio && PEM_write_bio_X509(bio, x) == 1 ? take_bio(bio, out) : -ENOMEM;

	BIO_free(bio);
	return rc;
}

int certificate_write_key(EVP_PKEY *pkey, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	int rc = bio && PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1 ? take_bio(bio, out) : -ENOMEM;

	BIO_free(bio);
	return rc;
}
