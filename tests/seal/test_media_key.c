/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "seal/media_key.h"

static struct buf key, certificate, root;
static struct media_key *k;

static void setup(void)
{
	buf_init(&key, 8192);
	buf_init(&certificate, 65536);
	buf_init(&root, 8192);
	cr_assert_eq(media_key_generate("museum.example", &key, &certificate, &root), 0);
}

static void teardown(void)
{
	media_key_free(&k);
	buf_free(&key);
	buf_free(&certificate);
	buf_free(&root);
}

TestSuite(media_key, .init = setup, .fini = teardown);

static X509 *x509(const struct buf *b)
{
	BIO *bio = BIO_new_mem_buf(buf_data(b), (int)b->len);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	cr_assert_not_null(x);
	return x;
}

static int read_it(const char **why)
{
	return media_key_read(buf_data(&key), key.len, buf_data(&certificate), certificate.len, &k, why);
}

Test(media_key, its_certificate_leads_to_its_root)
{
	X509 *x = x509(&certificate), *r = x509(&root);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	char name[80];

	cr_assert(X509_STORE_add_cert(store, r) == 1 && X509_STORE_CTX_init(ctx, store, x, NULL) == 1);
	cr_assert_eq(X509_verify_cert(ctx), 1, "%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
	X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof name);
	cr_assert_str_eq(name, "museum.example media signing");
	cr_assert_eq(X509_check_ca(x), 0);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_free(x);
	X509_free(r);
}

Test(media_key, signs_what_its_certificate_verifies)
{
	uint8_t sig[MEDIA_KEY_SIGNATURE_MAX];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	X509 *x = x509(&certificate);
	const char *why = "";
	size_t n = 0;

	cr_assert_eq(read_it(&why), 0, "%s", why);
	cr_assert(media_key_sign(k, "text", 4, sig, &n) == 0 && n > 60 && n <= sizeof sig);
	cr_assert_eq(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, X509_get0_pubkey(x)), 1);
	cr_assert_eq(EVP_DigestVerify(ctx, sig, n, (const uint8_t *)"text", 4), 1);
	EVP_MD_CTX_free(ctx);
	X509_free(x);
}

Test(media_key, a_root_is_left_out_of_what_is_sent)
{
	struct buf alone;
	size_t n = 0;

	buf_init(&alone, 65536);
	cr_assert_eq(buf_append(&alone, buf_data(&certificate), certificate.len), 0);
	cr_assert_eq(buf_append(&certificate, buf_data(&root), root.len), 0);
	cr_assert_eq(read_it(NULL), 0);
	cr_assert(!memcmp(media_key_chain(k, &n), buf_data(&alone), alone.len) && n == alone.len);
	buf_free(&alone);
}

Test(media_key, says_what_is_wrong_with_its_files)
{
	static const char none[] = "nothing";
	const char *why = "";
	struct buf other_key, other;

	buf_init(&other_key, 8192);
	buf_init(&other, 8192);
	cr_assert_eq(media_key_generate("b", &other_key, &other, &root), 0);
	cr_expect(media_key_read(none, sizeof none, buf_data(&certificate), certificate.len, &k, &why) == -EINVAL && strstr(why, "private key in PEM"));
	cr_expect(media_key_read(buf_data(&key), key.len, none, sizeof none, &k, &why) == -EINVAL && strstr(why, "no certificate"));
	cr_expect(media_key_read(buf_data(&key), key.len, buf_data(&other), other.len, &k, &why) == -EINVAL && strstr(why, "not the key's"));
	while (certificate.len < 2 * MEDIA_KEY_CHAIN_MAX)  /* in PEM they are a third longer */
		cr_assert_eq(buf_append(&certificate, buf_data(&other), other.len), 0);
	cr_expect(read_it(&why) == -EINVAL && strstr(why, "4096"));
	cr_assert_null(k);
	buf_free(&other_key);
	buf_free(&other);
}

Test(media_key, takes_no_other_type_of_key_and_no_certificate_signed_by_itself)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), *other = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	BIO *bio = BIO_new(BIO_s_mem()), *crt = BIO_new(BIO_s_mem());
	const char *why = "";
	X509 *x = X509_new();
	char *p, *c;
	long n, nc;

	cr_assert(X509_set_pubkey(x, pkey) && X509_gmtime_adj(X509_getm_notBefore(x), 0) && X509_gmtime_adj(X509_getm_notAfter(x), 60) &&
		  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const uint8_t *)"x", -1, -1, 0) &&
		  X509_set_issuer_name(x, X509_get_subject_name(x)) && X509_sign(x, pkey, EVP_sha256()) > 0);
	cr_assert(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) && PEM_write_bio_X509(crt, x));
	n = BIO_get_mem_data(bio, &p);
	nc = BIO_get_mem_data(crt, &c);
	cr_expect(media_key_read(p, (size_t)n, c, (size_t)nc, &k, &why) == -EINVAL && strstr(why, "signed by itself"));
	cr_assert(BIO_reset(bio) >= 0 && PEM_write_bio_PKCS8PrivateKey(bio, other, NULL, NULL, 0, NULL, NULL));
	n = BIO_get_mem_data(bio, &p);
	cr_expect(media_key_read(p, (size_t)n, c, (size_t)nc, &k, &why) == -EINVAL && strstr(why, "P-256"));
	BIO_free(bio);
	BIO_free(crt);
	X509_free(x);
	EVP_PKEY_free(pkey);
	EVP_PKEY_free(other);
}

Test(media_key, a_name_must_fit_a_certificate)
{
	char name[MEDIA_KEY_NAME_MAX + 2];

	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = 0;
	cr_expect_eq(media_key_generate(name, &key, &certificate, &root), -EINVAL);
	cr_expect_eq(media_key_generate("", &key, &certificate, &root), -EINVAL);
	cr_expect_eq(media_key_generate("a\nb", &key, &certificate, &root), -EINVAL);
}
