/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/ingest_tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/text.h"

#define CA_MAX_BYTES (256u << 10)
#define CA_MAX 64

/* Kept with a session: whose it is, and what was seen. */
struct seen {
	const struct ingest_tls *tls;
	uint8_t fingerprint[32];
	bool mismatch;
};

static int seen_index = -1;

static void free_seen(void *parent, void *p, CRYPTO_EX_DATA *ad, int index, long arg, void *argp)
{
	OPENSSL_free(p);
}

/* In place of OpenSSL's own check of chains: the certificate itself counts, or nothing does. */
static int check_certificate(X509_STORE_CTX *store, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct seen *seen = SSL_get_ex_data(ssl, seen_index);

	if (!X509_digest(X509_STORE_CTX_get0_cert(store), EVP_sha256(), seen->fingerprint, NULL))
		return 0;
	seen->mismatch = seen->tls->how == SITE_TLS_FINGERPRINT &&
			 !text_same_secret(seen->fingerprint, seen->tls->fingerprint, sizeof seen->fingerprint);
	if (seen->mismatch)
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return !seen->mismatch;
}

static SSL_CTX *new_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!ctx)
		return NULL;
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* Level 1: many cameras made themselves an RSA key of 1024 bits; which one it is stands in the site file. */
static SSL_CTX *certificate_context(struct ingest_tls_contexts *shared)
{
	if (!shared->certificate && (shared->certificate = new_context())) {
		SSL_CTX_set_security_level(shared->certificate, 1);
		SSL_CTX_set_cert_verify_callback(shared->certificate, check_certificate, NULL);
	}
	return shared->certificate;
}

/* Not by base/io, which could open files as well. */
static int read_pem(int fd, struct buf *b)
{
	for (;;) {
		uint8_t *room = buf_reserve(b, 4096);
		ssize_t n = room ? read(fd, room, 4096) : 0;

		if (!room)
			return -ENOBUFS;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		buf_commit(b, (size_t)n);
	}
}

static int no_passphrase(char *p, int size, int writing, void *arg)
{
	return -1;
}

/* Without one no camera is believed, and says so. */
static void add_authorities(SSL_CTX *ctx, const struct buf *pem)
{
	BIO *bio = BIO_new_mem_buf(buf_data(pem), (int)pem->len);
	X509 *x;

	for (int i = 0; bio && i < CA_MAX && (x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)); i++) {
		X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), x);
		X509_free(x);
	}
	ERR_clear_error();
	BIO_free(bio);
}

static int read_authority(struct ingest_tls_contexts *shared, int pem)
{
	SSL_CTX *ctx = new_context();
	struct buf b;
	int rc = ctx ? 0 : -ENOMEM;

	buf_init(&b, CA_MAX_BYTES);
	if (ctx && (rc = read_pem(pem, &b)) == 0)
		add_authorities(ctx, &b);
	buf_free(&b);
	if (rc) {
		SSL_CTX_free(ctx);
		return rc;
	}
	SSL_CTX_free(shared->ca);
	shared->ca = ctx;
	return 0;
}

/* "192.0.2.11:322", "[::1]:322" without port and brackets. */
static void bare_address(const char *host, char out[64])
{
	const char *colon = strrchr(host, ':');
	size_t n = colon ? (size_t)(colon - host) : strlen(host);
	bool bracketed = n >= 2 && *host == '[';

	snprintf(out, 64, "%.*s", (int)(bracketed ? n - 2 : n), host + bracketed);
}

int ingest_tls_init(struct ingest_tls *t, const struct msg_ingest_camera *m, int pem, struct ingest_tls_contexts *shared)
{
	int rc = 0;

	*t = (struct ingest_tls){.how = (enum site_tls)m->tls};
	if (t->how == SITE_TLS_NONE)
		return 0;
	memcpy(t->fingerprint, m->fingerprint, sizeof t->fingerprint);
	memcpy(t->name, m->tls_name, sizeof t->name);
	bare_address(m->host, t->address);
	if (seen_index < 0)
		seen_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_seen);
	if (t->how == SITE_TLS_CA && pem >= 0)
		rc = read_authority(shared, pem);
	if (rc)
		return rc;
	t->ctx = t->how == SITE_TLS_CA ? shared->ca : certificate_context(shared);
	if (seen_index < 0 || !t->ctx || SSL_CTX_up_ref(t->ctx) != 1) {
		t->ctx = NULL;
		return -ENOMEM;
	}
	return 0;
}

void ingest_tls_free(struct ingest_tls *t)
{
	SSL_CTX_free(t->ctx);
	t->ctx = NULL;
}

void ingest_tls_contexts_free(struct ingest_tls_contexts *shared)
{
	SSL_CTX_free(shared->certificate);
	SSL_CTX_free(shared->ca);
	*shared = (struct ingest_tls_contexts){NULL};
}

/* A name is also asked for (SNI), an address never is (RFC 6066 3). */
static bool expect_name(SSL *ssl, const struct ingest_tls *t)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (t->how != SITE_TLS_CA)
		return true;
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (!*t->name)
		return X509_VERIFY_PARAM_set1_ip_asc(param, t->address) == 1;
	return X509_VERIFY_PARAM_set1_host(param, t->name, 0) == 1 && SSL_set_tlsext_host_name(ssl, t->name) == 1;
}

struct ssl_st *ingest_tls_open(const struct ingest_tls *t, int fd)
{
	SSL *ssl = SSL_new(t->ctx);
	struct seen *seen = OPENSSL_zalloc(sizeof *seen);

	if (!ssl || !seen || SSL_set_ex_data(ssl, seen_index, seen) != 1) {
		OPENSSL_free(seen);
		SSL_free(ssl);
		ERR_clear_error();
		return NULL;
	}
	seen->tls = t;
	if (SSL_set_fd(ssl, fd) == 1 && expect_name(ssl, t)) {
		SSL_set_connect_state(ssl);
		return ssl;
	}
	SSL_free(ssl);
	ERR_clear_error();
	return NULL;
}

void ingest_tls_close(struct ssl_st **ssl)
{
	if (!*ssl)
		return;
	if (SSL_is_init_finished(*ssl))
		SSL_shutdown(*ssl);
	ERR_clear_error();
	SSL_free(*ssl);
	*ssl = NULL;
}

/* OpenSSL's queue of errors is the thread's: what one camera left in it must not speak of the next. */
enum ingest_tls_step ingest_tls_handshake(struct ssl_st *ssl)
{
	int n;

	ERR_clear_error();
	n = SSL_do_handshake(ssl);
	if (n == 1)
		return INGEST_TLS_DONE;
	switch (SSL_get_error(ssl, n)) {
	case SSL_ERROR_WANT_READ:
		return INGEST_TLS_READ;
	case SSL_ERROR_WANT_WRITE:
		return INGEST_TLS_WRITE;
	default:
		return INGEST_TLS_FAILED;
	}
}

static const char *why_unproved(long error)
{
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "the camera's certificate has expired: give it a new one";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "the camera's certificate is not valid yet: is this machine's clock right?";
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "the camera's certificate does not name its address: give it one that does, or set tls_name";
	case X509_V_ERR_HOSTNAME_MISMATCH:
		return "the camera's certificate does not have the name that tls_name says";
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return "the camera's certificate is too weak: it wants RSA of 2048 bits, or ECDSA, and SHA-256";
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return "the camera's certificate is not signed by an authority of ca: is it the right file, and the right camera?";
	default:
		return "the camera's certificate cannot be verified with ca";
	}
}

enum gap_why ingest_tls_why(struct ssl_st *ssl, char text[INGEST_TLS_TEXT])
{
	const struct seen *seen = SSL_get_ex_data(ssl, seen_index);
	long error = SSL_get_verify_result(ssl);
	unsigned long first = ERR_peek_error();
	char hex[65];

	ERR_clear_error();
	if (seen->mismatch) {
		hex_encode(seen->fingerprint, sizeof seen->fingerprint, hex);
		snprintf(text, INGEST_TLS_TEXT, "its certificate is sha256:%s, not that of the site file: find out why, then change fingerprint", hex);
		return GAP_CERTIFICATE;
	}
	if (error != X509_V_OK) {
		snprintf(text, INGEST_TLS_TEXT, "%s", why_unproved(error));
		return GAP_CERTIFICATE;
	}
	if (!first) {
		snprintf(text, INGEST_TLS_TEXT, "the camera closed the connection before it was encrypted: is TLS on, at this port?");
		return GAP_CAMERA_CLOSED;
	}
	snprintf(text, INGEST_TLS_TEXT, "the camera does not speak TLS 1.2 or later at this port: check port and firmware");
	return GAP_UNSUPPORTED;
}

static ssize_t translate(SSL *ssl, int n)
{
	switch (SSL_get_error(ssl, n)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		return -EPIPE;
	}
}

ssize_t ingest_tls_read(struct ssl_st *ssl, void *p, size_t n)
{
	size_t got = 0;

	ERR_clear_error();
	return SSL_read_ex(ssl, p, n, &got) == 1 ? (ssize_t)got : translate(ssl, 0);
}

ssize_t ingest_tls_write(struct ssl_st *ssl, const void *p, size_t n)
{
	size_t sent = 0;
	ssize_t rc;

	ERR_clear_error();
	if (SSL_write_ex(ssl, p, n, &sent) == 1)
		return (ssize_t)sent;
	rc = translate(ssl, 0);
	return rc ? rc : -EPIPE;
}
