/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What casemate check finds of certificates, keys and witnesses, as those who use them would. */
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "seal/key.h"
#include "seal/media_key.h"
#include "server/check.h"
#include "server/check_inner.h"
#include "server/token.h"
#include "server/witnesses.h"

/* OpenSSL would otherwise ask on the terminal. */
static int no_passphrase(char *buf, int size, int writing, void *ctx)
{
	return -1;
}

/* OpenSSL would look for where it begins to the end of the file, however far that is. */
FILE *check_open_pem(const char *path)
{
	int fd = io_open_regular(AT_FDCWD, path, O_RDONLY, 0);
	struct stat st;
	FILE *f = fd < 0 || fstat(fd, &st) < 0 || st.st_size > SITE_NAMED_MAX ? NULL : fdopen(fd, "r");

	if (fd >= 0 && !f)
		close(fd);
	return f;
}

static X509 *read_certificate(const char *path)
{
	FILE *f = check_open_pem(path);
	X509 *x = f ? PEM_read_X509(f, NULL, no_passphrase, NULL) : NULL;

	if (f)
		fclose(f);
	ERR_clear_error();
	return x;
}

static EVP_PKEY *read_key(const char *path)
{
	FILE *f = check_open_pem(path);
	EVP_PKEY *k = f ? PEM_read_PrivateKey(f, NULL, no_passphrase, NULL) : NULL;

	if (f)
		fclose(f);
	ERR_clear_error();
	return k;
}

static void day(const ASN1_TIME *t, char out[16])
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(t, &tm) || !strftime(out, 16, "%Y-%m-%d", &tm))
		snprintf(out, 16, "a day unknown");
}

static void check_dates(struct check *c, const X509 *x)
{
	const ASN1_TIME *from = X509_get0_notBefore(x), *to = X509_get0_notAfter(x);
	struct check_shown name = check_shown(c->site->tls_certificate);
	int days = 0, seconds = 0;
	char when[16];

	if (X509_cmp_current_time(from) > 0) {
		day(from, when);
		check_say(c, CHECK_PROBLEM, c->site->tls_line, "%s is not valid before %s: is this machine's clock right?", name.text, when);
	}
	day(to, when);
	if (X509_cmp_current_time(to) <= 0)
		check_say(c, CHECK_PROBLEM, c->site->tls_line, "%s expired on %s: get a new certificate", name.text, when);
	else if (ASN1_TIME_diff(&days, &seconds, NULL, to) && days < CERTIFICATE_SOON_DAYS)
		check_say(c, CHECK_WARNING, c->site->tls_line, "%s expires on %s", name.text, when);
}

/* A list that is over refuses everybody of its authority. */
static void check_list(struct check *c, const X509_CRL *crl)
{
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
	char when[16];

	if (!next || X509_cmp_current_time(next) > 0)
		return;
	day(next, when);
	check_say(c, CHECK_PROBLEM, c->site->tls_line, "a revocation list in %s was to be followed by another on %s: until it is, nobody of its authority is let in",
	    check_shown(c->site->tls_client_ca).text, when);
}

static void check_client_ca(struct check *c)
{
	const char *path = c->site->tls_client_ca;
	STACK_OF(X509_INFO) *all;
	unsigned authorities = 0;
	FILE *f;

	if (!path)
		return;
	f = check_open_pem(path);
	all = f ? PEM_X509_INFO_read(f, NULL, no_passphrase, NULL) : NULL;
	for (int i = 0; i < sk_X509_INFO_num(all); i++) {
		const X509_INFO *info = sk_X509_INFO_value(all, i);

		if (info->x509 && X509_check_ca(info->x509) == 1)
			authorities++;
		else if (info->x509)
			check_say(c, CHECK_PROBLEM, c->site->tls_line, "%s holds a certificate that is no authority's", check_shown(path).text);
		if (info->crl)
			check_list(c, info->crl);
	}
	if (!authorities)
		check_say(c, CHECK_PROBLEM, c->site->tls_line, "%s holds no authority's certificate in PEM", check_shown(path).text);
	sk_X509_INFO_pop_free(all, X509_INFO_free);
	if (f)
		fclose(f);
	ERR_clear_error();
}

static void check_tls(struct check *c)
{
	const struct site *s = c->site;
	X509 *x = read_certificate(s->tls_certificate);
	EVP_PKEY *k = read_key(s->tls_key);

	if (!x)
		check_say(c, CHECK_PROBLEM, s->tls_line, "%s is not a certificate in PEM", check_shown(s->tls_certificate).text);
	else
		check_dates(c, x);
	if (!k)
		check_say(c, CHECK_PROBLEM, s->tls_line, "%s is not a private key in PEM without a passphrase", check_shown(s->tls_key).text);
	else if (x && X509_check_private_key(x, k) != 1)
		check_say(c, CHECK_PROBLEM, s->tls_line, "%s is not the key of the certificate %s", check_shown(s->tls_key).text, check_shown(s->tls_certificate).text);
	ERR_clear_error();
	X509_free(x);
	EVP_PKEY_free(k);
}

/* keygen leaves the public key beside the private one; its name is the one verifiers will look for. */
static void check_public_key(struct check *c)
{
	char path[PATH_MAX + 4];
	struct key_public k;
	const char *why;
	struct buf b;

	snprintf(path, sizeof path, "%s.pub", c->site->key);
	buf_init(&b, KEY_FILE_MAX);
	if (!io_read_file(AT_FDCWD, path, &b) && !key_parse_vkey((const char *)buf_data(&b), b.len, &k, &why) &&
	    strcmp(k.name, c->site->origin))
		check_say(c, CHECK_WARNING, c->site->key_line, "%s was made for \"%s\", not for \"%s\": who verifies with it finds no signature",
		    check_shown(path).text, k.name, c->site->origin);
	buf_free(&b);
}

/* A key, or where a token's is; the token itself is asked at the start. */
static int try_key(struct check *c, const char *path, const char **why)
{
	struct key_private *k = NULL;
	struct token token;
	struct buf b;
	int rc;

	*why = "it cannot be read";
	buf_init(&b, TOKEN_BYTES_MAX);
	rc = io_read_file(AT_FDCWD, path, &b);
	if (!rc && token_is(buf_data(&b), b.len))
		rc = token_parse(buf_data(&b), b.len, &token, why);
	else if (!rc)
		rc = key_read(c->site->origin, buf_data(&b), b.len, &k, why);
	key_free(&k);
	if (b.len)
		explicit_bzero(buf_data(&b), b.len);
	buf_free(&b);
	return rc;
}

static void check_key(struct check *c)
{
	char next[PATH_MAX + 8];
	const char *why;
	int rc;

	if (try_key(c, c->site->key, &why))
		check_say(c, CHECK_PROBLEM, c->site->key_line, "%s: %s: make one with \"casemate keygen %s -o FILE\"", check_shown(c->site->key).text, why,
		    c->site->origin);
	snprintf(next, sizeof next, "%s.next", c->site->key);
	rc = try_key(c, next, &why);
	if (rc && rc != -ENOENT)
		check_say(c, CHECK_PROBLEM, c->site->key_line, "%s: %s: make it with \"casemate keygen --rotate -o %s\", or remove it", check_shown(next).text, why,
		    check_shown(c->site->key).text);
	check_public_key(c);
}

/* What sign would say of them. */
static void check_media_key(struct check *c)
{
	const char *why = "cannot be read";
	struct media_key *k = NULL;
	struct buf pem, certificates;

	if (!c->site->media_key)
		return;
	buf_init(&pem, MEDIA_KEY_FILE_MAX);
	buf_init(&certificates, MEDIA_KEY_CHAIN_FILE_MAX);
	if (io_read_file(AT_FDCWD, c->site->media_key, &pem) || io_read_file(AT_FDCWD, c->site->media_certificate, &certificates) ||
	    media_key_read(buf_data(&pem), pem.len, buf_data(&certificates), certificates.len, &k, &why))
		check_say(c, CHECK_PROBLEM, c->site->media_line, "media_signing: %s: make both with \"casemate keygen --media-signing NAME\"", why);
	media_key_free(&k);
	if (pem.len)
		explicit_bzero(buf_data(&pem), pem.len);
	buf_free(&pem);
	buf_free(&certificates);
}

/* Whoever is needed and is not there keeps the quorum from ever being met, but no site from running. */
static void check_witnesses(struct check *c)
{
	struct witness_policy policy;
	char why[WITNESSES_WHY];
	struct buf text;

	if (!c->site->witnesses)
		return;
	buf_init(&text, WITNESS_POLICY_MAX_BYTES);
	if (witnesses_load(c->site->witnesses, c->site->origin, &text, &policy, why) < 0)
		check_say(c, CHECK_PROBLEM, c->site->witnesses_line, "%s: %s", check_shown(c->site->witnesses).text, why);
	else if (policy.quorum < 0)
		check_say(c, CHECK_WARNING, c->site->witnesses_line, "%s: its quorum is none: no witness is needed", check_shown(c->site->witnesses).text);
	buf_free(&text);
}

bool check_is_certificate(const char *path)
{
	X509 *x = read_certificate(path);

	X509_free(x);
	return x != NULL;
}

void check_keys(struct check *c)
{
	check_tls(c);
	check_client_ca(c);
	check_key(c);
	check_witnesses(c);
	check_media_key(c);
}
