/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_certificate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "server/serve.h"
#include "server/serve_exchange.h"
#include "server/serve_login.h"

static const char kind[] = "sha256:";

/* --- what is good ----------------------------------------------------------------------- */

static bool is_anchor(const X509_STORE_CTX *ctx, int depth)
{
	return depth > 0 && depth == sk_X509_num(X509_STORE_CTX_get0_chain(ctx)) - 1;
}

/* An authority is no viewer. What is trusted itself needs nobody's list, though those below it do. */
static int on_verify(int good, X509_STORE_CTX *ctx)
{
	if (!good && X509_STORE_CTX_get_error(ctx) == X509_V_ERR_UNABLE_TO_GET_CRL && is_anchor(ctx, X509_STORE_CTX_get_error_depth(ctx))) {
		X509_STORE_CTX_set_error(ctx, X509_V_OK);
		return 1;
	}
	if (good && X509_STORE_CTX_get_error_depth(ctx) == 0 && X509_check_ca(X509_STORE_CTX_get_current_cert(ctx)) > 0) {
		X509_STORE_CTX_set_error(ctx, X509_V_ERR_INVALID_PURPOSE);
		return 0;
	}
	return good;
}

static int no_passphrase(char *p, int size, int writing, void *arg)
{
	return 0;
}

/* How many of each came; negative when one cannot be taken. */
static int take(SSL_CTX *ctx, const X509_INFO *info, unsigned *authorities, unsigned *lists)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);

	if (info->x509) {
		if (X509_check_ca(info->x509) != 1 || X509_STORE_add_cert(store, info->x509) != 1 || SSL_CTX_add_client_CA(ctx, info->x509) != 1)
			return -EINVAL;
		++*authorities;
	}
	if (info->crl) {
		if (X509_STORE_add_crl(store, info->crl) != 1)
			return -EINVAL;
		++*lists;
	}
	return 0;
}

static int take_all(SSL_CTX *ctx, STACK_OF(X509_INFO) *all, const char **why)
{
	unsigned authorities = 0, lists = 0;

	for (int i = 0; i < sk_X509_INFO_num(all); i++)
		if (take(ctx, sk_X509_INFO_value(all, i), &authorities, &lists) < 0) {
			*why = "the file of tls.client_ca holds a certificate that is no authority's, or a list that cannot be used";
			return -EINVAL;
		}
	if (!authorities) {
		*why = "the file of tls.client_ca holds no PEM certificate of an authority";
		return -EINVAL;
	}
	/* What stands in the file is trusted itself, whoever it is by. */
	X509_STORE_set_flags(SSL_CTX_get_cert_store(ctx), X509_V_FLAG_PARTIAL_CHAIN | (lists ? X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL : 0));
	return 0;
}

int serve_certificate_authorities(struct ssl_ctx_st *ctx, const void *pem, size_t n, const char **why)
{
	static const unsigned char id[] = "casemate";
	BIO *bio = BIO_new_mem_buf(pem, (int)n);
	STACK_OF(X509_INFO) *all = bio ? PEM_X509_INFO_read_bio(bio, NULL, no_passphrase, NULL) : NULL;
	int rc = take_all(ctx, all, why);

	sk_X509_INFO_pop_free(all, X509_INFO_free);
	BIO_free(bio);
	ERR_clear_error();
	if (rc)
		return rc;
	SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);  /* viewers' authorities are nothing of the server's own chain */
	SSL_CTX_set_verify_depth(ctx, SERVE_CERTIFICATE_DEPTH);
	SSL_CTX_set_max_cert_list(ctx, SERVE_CERTIFICATE_CHAIN_BYTES);
	SSL_CTX_set_session_id_context(ctx, id, sizeof id - 1);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	return 0;
}

const char *serve_certificate_why(const struct ssl_st *ssl)
{
	long result = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;

	return result == X509_V_OK ? NULL : X509_verify_cert_error_string(result);
}

/* Its chain as it was shown, by what is trusted now. */
static bool is_good(X509_STORE_CTX *v, const SSL *ssl, X509 *leaf, SSL_CTX *ctx)
{
	if (X509_STORE_CTX_init(v, SSL_CTX_get_cert_store(ctx), leaf, SSL_get_peer_cert_chain(ssl)) != 1 || X509_STORE_CTX_set_default(v, "ssl_client") != 1)
		return false;
	X509_STORE_CTX_set_verify_cb(v, on_verify);
	X509_STORE_CTX_set_depth(v, SERVE_CERTIFICATE_DEPTH);
	X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(v), SSL_CTX_get_security_level(ctx));
	return X509_verify_cert(v) == 1;
}

bool serve_certificate_is_good(const struct ssl_st *ssl, struct ssl_ctx_st *ctx)
{
	X509 *leaf = ssl ? SSL_get0_peer_certificate(ssl) : NULL;
	X509_STORE_CTX *v;
	bool good;

	if (!leaf || SSL_get_SSL_CTX(ssl) == ctx)
		return true;
	v = X509_STORE_CTX_new();
	good = v && is_good(v, ssl, leaf, ctx);
	X509_STORE_CTX_free(v);
	ERR_clear_error();
	return good;
}

/* --- what it says ----------------------------------------------------------------------- */

/* Names with a byte that is not printable are nobody's: they could be cut short by it. */
static void add_name(struct serve_certificate *c, const void *p, int n)
{
	const char *s = p;

	if (n < 1 || n >= SITE_CERTIFICATE || c->nnames == SERVE_CERTIFICATE_NAMES)
		return;
	for (int i = 0; i < n; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return;
	memcpy(c->name[c->nnames], s, (size_t)n);
	c->name[c->nnames++][n] = 0;
}

static void add_alternative(struct serve_certificate *c, const GENERAL_NAME *name)
{
	const ASN1_IA5STRING *text = name->type == GEN_EMAIL ? name->d.rfc822Name : name->type == GEN_DNS ? name->d.dNSName : NULL;

	if (text)
		add_name(c, ASN1_STRING_get0_data(text), ASN1_STRING_length(text));
}

/* The common name counts where there is no other, and where there is but one (RFC 6125 6.4.4). */
static void add_common_name(struct serve_certificate *c, const X509 *x)
{
	const X509_NAME *subject = X509_get_subject_name(x);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1), n;
	unsigned char *text;

	if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
		return;
	n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	if (n < 0)
		return;
	add_name(c, text, n);
	OPENSSL_free(text);
}

static void add_names(struct serve_certificate *c, const X509 *x)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		add_alternative(c, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
	if (!c->nnames)
		add_common_name(c, x);
}

static int64_t end_of(const X509 *x)
{
	struct tm tm;

	return ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) == 1 ? (int64_t)timegm(&tm) * 1000000 : 1;
}

static int64_t end_of_all(STACK_OF(X509) *chain, int64_t until_us)
{
	for (int i = 0; i < sk_X509_num(chain); i++) {
		int64_t end_us = end_of(sk_X509_value(chain, i));

		until_us = end_us < until_us ? end_us : until_us;
	}
	return until_us;
}

struct serve_certificate *serve_certificate_shown(const struct ssl_st *ssl)
{
	X509 *x = ssl ? SSL_get0_peer_certificate(ssl) : NULL;
	struct serve_certificate *c = x ? calloc(1, sizeof *c) : NULL;
	uint8_t sha256[32];

	if (!c || X509_digest(x, EVP_sha256(), sha256, NULL) != 1) {
		free(c);
		return NULL;
	}
	memcpy(c->fingerprint, kind, sizeof kind);
	hex_encode(sha256, sizeof sha256, c->fingerprint + sizeof kind - 1);
	c->until_us = end_of_all(SSL_get0_verified_chain(ssl), end_of(x));
	c->user = -1;
	add_names(c, x);
	ERR_clear_error();
	return c;
}

/* --- whose it is ------------------------------------------------------------------------ */

bool serve_certificate_is(const struct serve_certificate *c, const char *wanted)
{
	if (strncmp(wanted, kind, sizeof kind - 1) == 0)
		return strcmp(wanted, c->fingerprint) == 0;
	for (unsigned i = 0; *wanted && i < c->nnames; i++)
		if (strcmp(wanted, c->name[i]) == 0)
			return true;
	return false;
}

static int find_user(const struct serve *s, const struct serve_certificate *c)
{
	for (unsigned i = 0; i < s->site.users; i++)
		if (serve_certificate_is(c, serve_auth_certificate(s->auth, i)))
			return (int)i;
	return -1;
}

bool serve_certificate_viewer(const struct serve *s, const struct serve_peer *peer, struct serve_viewer *ret)
{
	struct serve_certificate *c = peer->certificate;

	if (!c)
		return false;
	if (c->user < 0 || serve_auth_version(s->auth, (unsigned)c->user) != c->version) {
		c->user = find_user(s, c);
		c->version = c->user < 0 ? 0 : serve_auth_version(s->auth, (unsigned)c->user);
		c->said = false;
	}
	if (c->user < 0)
		return false;
	*ret = serve_rights_viewer(s, (unsigned)c->user);
	ret->until_us = c->until_us;
	return true;
}

static void note(struct serve *s, const struct serve_peer *peer, int user, bool accepted)
{
	struct msg_login m = {.user = user < 0 ? MSG_LOGIN_NOBODY : (uint16_t)user, .accepted = accepted, .count = 1, .certificate = true};

	snprintf(m.address, sizeof m.address, "%s", *peer->name ? peer->name : "-");
	login_book_add(&s->logins, &m);
	serve_login_tell(s);
}

void serve_certificate_let_in(struct serve *s, const struct serve_peer *peer)
{
	struct serve_certificate *c = peer->certificate;

	if (c->said)
		return;
	c->said = true;
	note(s, peer, c->user, true);
	log_info("login", "user=%s from=%s by=certificate", serve_auth_name(s->auth, (unsigned)c->user), peer->name);
}

void serve_certificate_refused(struct serve *s, const struct serve_peer *peer, const char *why)
{
	struct serve_certificates *c = &s->certificates;
	int64_t now_us = clock_mono_us();

	note(s, peer, peer->certificate ? peer->certificate->user : -1, false);
	s->state.refused++;
	c->times++;
	if (c->at_us && now_us - c->at_us < SERVE_CERTIFICATE_LOG_US)
		return;
	log_warn("viewer-certificate", "why=\"%s\" from=%s times=%" PRIu64, why, peer->name, c->times);
	*c = (struct serve_certificates){.at_us = now_us};
}
