/* SPDX-License-Identifier: GPL-2.0-or-later */
/* casemate keygen --tls, --tls-ca, --tls-client: certificates of one's own (RFC 5280), for sites without any authority. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "seal/certificate_make.h"
#include "server/keygen_inner.h"

#define TLS_DAYS 825             /* the most that browsers accept of a certificate trusted by hand */
#define CA_DAYS 3650
#define CN_MAX 64                /* characters of a common name (X.520) */
#define PEM_MAX (64u << 10)

/* Who signs: an authority, or the new certificate itself. */
struct authority {
	X509 *x;
	EVP_PKEY *key;
};

enum purpose { SERVER, CLIENT, AUTHORITY };

static bool is_address(const char *host)
{
	uint8_t raw[16];

	return inet_pton(AF_INET, host, raw) == 1 || inet_pton(AF_INET6, host, raw) == 1;
}

static bool is_host(const char *host)
{
	size_t n = strlen(host);

	if (is_address(host))
		return true;
	if (n < 1 || n > 253 || host[0] == '-' || host[0] == '.')
		return false;
	return strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == n;
}

static bool add_name(GENERAL_NAMES *names, const char *host)
{
	GENERAL_NAME *n = a2i_GENERAL_NAME(NULL, NULL, NULL, is_address(host) ? GEN_IPADD : GEN_DNS, host, 0);

	if (n && sk_GENERAL_NAME_push(names, n))
		return true;
	GENERAL_NAME_free(n);
	return false;
}

static bool add_names(X509 *x, char **host, int nhosts)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	bool good = names != NULL;

	for (int i = 0; good && i < nhosts; i++)
		good = add_name(names, host[i]);
	good = good && X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
	sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
	return good;
}

/* Not longer than its authority's. */
static bool set_dates(X509 *x, const X509 *issuer, int days)
{
	ASN1_TIME *to = X509_getm_notAfter(x);

	if (!X509_gmtime_adj(X509_getm_notBefore(x), -3600) || !X509_time_adj_ex(to, days, 0, NULL))
		return false;
	return issuer == x || ASN1_TIME_compare(to, X509_get0_notAfter(issuer)) <= 0 || X509_set1_notAfter(x, X509_get0_notAfter(issuer));
}

static bool add_purpose(X509 *x, X509 *issuer, enum purpose purpose)
{
	static const struct { const char *basic, *use, *extended; } words[] = {
		[SERVER] = {"critical,CA:FALSE", "critical,digitalSignature", "serverAuth"},
		[CLIENT] = {"critical,CA:FALSE", "critical,digitalSignature", "clientAuth"},
		[AUTHORITY] = {"critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign", NULL}};

	return certificate_add_extension(x, issuer, NID_basic_constraints, words[purpose].basic) &&
		certificate_add_extension(x, issuer, NID_key_usage, words[purpose].use) &&
		(!words[purpose].extended || certificate_add_extension(x, issuer, NID_ext_key_usage, words[purpose].extended)) &&
		certificate_add_extension(x, issuer, NID_subject_key_identifier, "hash") &&
		(issuer == x || certificate_add_extension(x, issuer, NID_authority_key_identifier, "keyid:always"));
}

/* by: x and key NULL for one that signs itself. cn is cut to CN_MAX. NULL when it cannot be. */
static X509 *make_certificate(EVP_PKEY *pkey, enum purpose purpose, const char *cn, char **host, int nhosts, const struct authority *by)
{
	X509 *x = X509_new(), *issuer = by->x ? by->x : x;
	X509_NAME *name = x ? X509_get_subject_name(x) : NULL;
	char cut[CN_MAX + 1];
	bool good;

	snprintf(cut, sizeof cut, "%s", cn);
	good = x && X509_set_version(x, X509_VERSION_3) && certificate_set_serial(x) && set_dates(x, issuer, purpose == AUTHORITY ? CA_DAYS : TLS_DAYS) &&
		X509_set_pubkey(x, pkey) && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cut, -1, -1, 0) &&
		X509_set_issuer_name(x, X509_get_subject_name(issuer)) && (!nhosts || add_names(x, host, nhosts)) && add_purpose(x, issuer, purpose) &&
		X509_sign(x, by->key ? by->key : pkey, EVP_sha256()) > 0;
	if (good)
		return x;
	X509_free(x);
	return NULL;
}

static int write_files(EVP_PKEY *pkey, X509 *x, const char *prefix)
{
	char key_path[4096], crt_path[4096];
	struct buf key, crt;
	int rc = 2;

	buf_init(&key, PEM_MAX);
	buf_init(&crt, PEM_MAX);
	snprintf(key_path, sizeof key_path, "%.4000s.key", prefix);
	snprintf(crt_path, sizeof crt_path, "%.4000s.crt", prefix);
	if (certificate_write_key(pkey, &key) || certificate_write(x, &crt))
		keygen_fail(prefix, "out of memory");
	else
		rc = keygen_write_pair(key_path, &key, crt_path, buf_data(&crt), crt.len);
	if (!rc)
		printf("%s\n%s\n", crt_path, key_path);
	keygen_wipe(&key);
	buf_free(&crt);
	return rc;
}

static void print_fingerprint(X509 *x)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (X509_digest(x, EVP_sha256(), digest, &n) != 1)
		return;
	fputs("sha256 ", stdout);
	for (unsigned i = 0; i < n; i++)
		printf("%s%02X", i ? ":" : "", digest[i]);
	puts("");
}

/* 0 or 2, said. */
static int make(enum purpose purpose, const char *cn, char **host, int nhosts, const struct authority *by, const char *prefix)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *x = pkey ? make_certificate(pkey, purpose, cn, host, nhosts, by) : NULL;
	int rc = x ? write_files(pkey, x, prefix) : keygen_fail(prefix, "no certificate could be made");

	if (!rc)
		print_fingerprint(x);
	X509_free(x);
	EVP_PKEY_free(pkey);
	ERR_clear_error();
	return rc;
}

static void free_authority(struct authority *a)
{
	X509_free(a->x);
	EVP_PKEY_free(a->key);
	*a = (struct authority){0};
	ERR_clear_error();
}

/* A BIO of a file's bytes, in memory that is wiped; NULL when there is none such. */
static BIO *read_pem(const char *path)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	int fd = io_open_regular(AT_FDCWD, path, O_RDONLY, 0);
	uint8_t bytes[4096];
	size_t all = 0;
	ssize_t n = -1;

	while (bio && fd >= 0 && (n = read(fd, bytes, sizeof bytes)) > 0 && (all += (size_t)n) <= PEM_MAX)
		if (BIO_write(bio, bytes, (int)n) != n)
			break;
	explicit_bzero(bytes, sizeof bytes);
	if (fd >= 0)
		close(fd);
	if (n == 0)
		return bio;
	BIO_free(bio);
	return NULL;
}

/* Who wants a passphrase is told that there is none. */
static int no_passphrase(char *p, int n, int writing, void *arg)
{
	return -1;
}

static int load_authority(const char *prefix, struct authority *ret)
{
	char crt_path[4096], key_path[4096];
	BIO *crt, *key;
	int rc = 0;

	snprintf(crt_path, sizeof crt_path, "%.4000s.crt", prefix);
	snprintf(key_path, sizeof key_path, "%.4000s.key", prefix);
	crt = read_pem(crt_path);
	key = read_pem(key_path);
	*ret = (struct authority){crt ? PEM_read_bio_X509(crt, NULL, no_passphrase, NULL) : NULL, key ? PEM_read_bio_PrivateKey(key, NULL, no_passphrase, NULL) : NULL};
	BIO_free(crt);
	BIO_free(key);
	if (!ret->x)
		rc = keygen_fail(crt_path, "no certificate of an authority; make one with casemate keygen --tls-ca NAME");
	else if (!ret->key)
		rc = keygen_fail(key_path, "no private key (PEM, without passphrase) that can be read");
	else if (X509_check_private_key(ret->x, ret->key) != 1)
		rc = keygen_fail(key_path, "is not the key of the certificate beside it");
	else if (X509_check_ca(ret->x) != 1)
		rc = keygen_fail(crt_path, "is no authority's: such come from casemate keygen --tls-ca NAME");
	else if (X509_cmp_current_time(X509_get0_notAfter(ret->x)) <= 0)
		rc = keygen_fail(crt_path, "has expired; make a new one with casemate keygen --tls-ca NAME -o another");
	if (rc)
		free_authority(ret);
	return rc;
}

static int check_name(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++)
		if (name[i] < ' ' || name[i] > '~')
			n = 0;
	return n >= 1 && n <= CN_MAX ? 0 : keygen_fail("the name", "1 to 64 printable ASCII characters, like \"Example harbour cameras\"");
}

int keygen_tls(char **host, int nhosts, const char *ca, const char *prefix)
{
	struct authority by = {0};
	int rc = 0;

	for (int i = 0; i < nhosts; i++)
		if (!is_host(host[i]))
			return keygen_fail(host[i], "neither a host name nor an address (examples: gate.example.org, 192.0.2.7, ::1)");
	if (ca)
		rc = load_authority(ca, &by);
	if (!rc)
		rc = make(SERVER, host[0], host, nhosts, &by, prefix);
	free_authority(&by);
	return rc;
}

int keygen_tls_ca(const char *name, const char *prefix)
{
	int rc = check_name(name);

	return rc ? rc : make(AUTHORITY, name, NULL, 0, &(struct authority){0}, prefix);
}

int keygen_tls_client(const char *name, const char *ca, const char *prefix)
{
	struct authority by = {0};
	int rc = check_name(name);

	if (!rc)
		rc = load_authority(ca, &by);
	if (!rc)
		rc = make(CLIENT, name, NULL, 0, &by, prefix);
	free_authority(&by);
	return rc;
}
