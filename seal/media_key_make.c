/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A new key of media_key.h, with a certificate and a root of its own. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "seal/certificate_make.h"
#include "seal/media_key.h"

#define DAYS 3650               /* footage is checked long after it was made, and nobody is there to renew it */
#define COMMON_NAME 65          /* X.520: 64 characters */

static bool set_name(X509_NAME *to, const char *name, const char *what)
{
	char cn[COMMON_NAME];

	snprintf(cn, sizeof cn, "%s %s", name, what);
	return X509_NAME_add_entry_by_txt(to, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0) == 1;
}

static bool set_use(X509 *x, X509 *issuer, bool is_root)
{
	return certificate_add_extension(x, issuer, NID_basic_constraints, is_root ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE") &&
		certificate_add_extension(x, issuer, NID_key_usage, is_root ? "critical,keyCertSign" : "critical,digitalSignature") &&
		certificate_add_extension(x, issuer, NID_subject_key_identifier, "hash") &&
		(is_root || certificate_add_extension(x, issuer, NID_authority_key_identifier, "keyid"));
}

/* issuer NULL: a root, signed by itself. */
static X509 *make_certificate(const char *name, EVP_PKEY *pkey, X509 *issuer, EVP_PKEY *issuer_key)
{
	X509 *x = X509_new();
	bool is_root = !issuer;
	bool good = x && X509_set_version(x, X509_VERSION_3) && certificate_set_serial(x) && X509_gmtime_adj(X509_getm_notBefore(x), -3600) &&
		X509_time_adj_ex(X509_getm_notAfter(x), DAYS, 0, NULL) && X509_set_pubkey(x, pkey) &&
		set_name(X509_get_subject_name(x), name, is_root ? "media signing root" : "media signing") &&
		X509_set_issuer_name(x, X509_get_subject_name(is_root ? x : issuer)) && set_use(x, is_root ? x : issuer, is_root) &&
		X509_sign(x, issuer_key, EVP_sha256()) > 0;

	if (good)
		return x;
	X509_free(x);
	return NULL;
}

static bool is_name(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return false;
	return n >= 1 && n <= MEDIA_KEY_NAME_MAX;
}

int media_key_generate(const char *name, struct buf *key, struct buf *certificate, struct buf *root)
{
	EVP_PKEY *pkey = NULL, *root_key = NULL;
	X509 *x = NULL, *r = NULL;
	int rc = -EIO;

	if (!is_name(name))
		return -EINVAL;
	pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	root_key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	if (!pkey || !root_key)
		goto out;
	r = make_certificate(name, root_key, NULL, root_key);
	x = r ? make_certificate(name, pkey, r, root_key) : NULL;
	if (!x)
		goto out;
	rc = certificate_write_key(pkey, key);
	if (!rc)
		rc = certificate_write(x, certificate);
	if (!rc)
		rc = certificate_write(r, root);
out:
	X509_free(x);
	X509_free(r);
	EVP_PKEY_free(pkey);
	EVP_PKEY_free(root_key);
	ERR_clear_error();
	return rc;
}
