/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_tls.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/text.h"

#define RECORD_ROOM (SERVE_TLS_RECORD + 512)
#define BATCH (SERVE_TLS_BATCH + RECORD_ROOM)
#define PENDING_MAX (2 * BATCH)
#define CHAIN_MAX 16

/* What one call encrypts; empty again before the call returns. */
static struct {
	uint8_t bytes[BATCH];
	size_t n;
} batch;

static unsigned kept;            /* connections that keep their buffers */

static int sink_write(BIO *bio, const char *p, size_t n, size_t *ret_n)
{
	if (n > sizeof batch.bytes - batch.n)
		return 0;  /* never: serve_tls_write asks first, and a handshake's flight is small */
	memcpy(batch.bytes + batch.n, p, n);
	batch.n += n;
	*ret_n = n;
	return 1;
}

static long sink_ctrl(BIO *bio, int command, long arg, void *parg)
{
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO *sink_new(void)
{
	static BIO_METHOD *method;
	BIO *bio;

	if (!method) {
		method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "batch");
		if (!method || !BIO_meth_set_write_ex(method, sink_write) || !BIO_meth_set_ctrl(method, sink_ctrl))
			return NULL;
	}
	bio = BIO_new(method);
	if (bio)
		BIO_set_init(bio, 1);
	return bio;
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen, const unsigned char *in, unsigned inlen, void *arg)
{
	const char *ours = SSL_get_app_data(ssl);
	unsigned char *chosen;

	if (!*ours || SSL_select_next_proto(&chosen, outlen, (const unsigned char *)ours, (unsigned)strlen(ours), in, inlen) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static int no_passphrase(char *p, int size, int writing, void *arg)
{
	return 0;  /* nobody could be asked */
}

static int use_chain(SSL_CTX *ctx, const void *pem, size_t n, const char **why)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)n);
	X509 *cert = bio ? PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL) : NULL;
	int rc = 0, extra = 0;

	if (!cert || SSL_CTX_use_certificate(ctx, cert) != 1) {
		*why = "the certificate file holds no PEM certificate that can be used";
		rc = -EINVAL;
	}
	X509_free(cert);
	while (!rc && (cert = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
		if (++extra <= CHAIN_MAX && SSL_CTX_add0_chain_cert(ctx, cert) == 1)
			continue;
		X509_free(cert);
		*why = "the certificate chain is too long";
		rc = -EINVAL;
	}
	ERR_clear_error();
	BIO_free(bio);
	return rc;
}

static int use_key(SSL_CTX *ctx, const void *pem, size_t n, const char **why)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)n);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	int rc = -EINVAL;

	if (!key)
		*why = "the key file holds no PEM private key without passphrase";
	else if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1)
		*why = "the key does not belong to the certificate";
	else
		rc = 0;
	EVP_PKEY_free(key);
	BIO_free(bio);
	ERR_clear_error();
	return rc;
}

/* AES-128 first: it is the fastest that is safe; viewers without AES instructions get ChaCha20. */
static int set_up(SSL_CTX *ctx)
{
	/* Passwords come this way: what was read is not left in the connection's buffer. */
	SSL_CTX_set_options(ctx, SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, choose_alpn, NULL);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 && SSL_CTX_set_num_tickets(ctx, 0) == 1 &&
	       SSL_CTX_set_max_early_data(ctx, 0) == 1 &&
	       SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1 ? 0 : -EINVAL;
}

int serve_tls_context(const void *chain, size_t chain_len, const void *key, size_t key_len, struct ssl_ctx_st **ret, const char **why)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	int rc = ctx ? set_up(ctx) : -EINVAL;

	if (rc)
		*why = "OpenSSL cannot be set up for TLS 1.3";
	else
		rc = use_chain(ctx, chain, chain_len, why);
	if (!rc)
		rc = use_key(ctx, key, key_len, why);
	if (rc)
		SSL_CTX_free(ctx);
	else
		*ret = ctx;
	return rc;
}

void serve_tls_context_free(struct ssl_ctx_st **ctx)
{
	SSL_CTX_free(*ctx);
	*ctx = NULL;
}

void serve_tls_fingerprint(const struct ssl_ctx_st *ctx, char ret[SERVE_TLS_FINGERPRINT])
{
	uint8_t sha256[32] = {0};

	X509_digest(SSL_CTX_get0_certificate(ctx), EVP_sha256(), sha256, NULL);
	hex_encode(sha256, sizeof sha256, ret);
}

int serve_tls_open(struct serve_tls *t, struct ssl_ctx_st *ctx, int fd, const char *protocols)
{
	SSL *ssl = SSL_new(ctx);
	BIO *in = BIO_new_socket(fd, BIO_NOCLOSE), *out = sink_new();

	if (!ssl || !in || !out || !SSL_set_app_data(ssl, (void *)(uintptr_t)protocols)) {
		SSL_free(ssl);
		BIO_free(in);
		BIO_free(out);
		return -ENOMEM;
	}
	SSL_set_bio(ssl, in, out);
	SSL_set_accept_state(ssl);
	*t = (struct serve_tls){.ssl = ssl, .fd = fd};
	buf_init(&t->pending, PENDING_MAX);
	return 0;
}

void serve_tls_open_plain(struct serve_tls *t, int fd)
{
	*t = (struct serve_tls){.fd = fd};
	buf_init(&t->pending, PENDING_MAX);
}

static int die(struct serve_tls *t)
{
	t->dead = true;
	return -EPIPE;
}

/* How many bytes the socket takes now: 0 when it is full, or -EPIPE. */
static ssize_t push(struct serve_tls *t, const uint8_t *p, size_t n)
{
	ssize_t rc;

	do
		rc = write(t->fd, p, n);
	while (rc < 0 && errno == EINTR);
	if (rc < 0)
		return errno == EAGAIN ? 0 : die(t);
	t->sent += (size_t)rc;
	return rc;
}

int serve_tls_flush(struct serve_tls *t)
{
	ssize_t n = 1;

	while (t->pending.len && n > 0) {
		n = push(t, buf_data(&t->pending), t->pending.len);
		if (n > 0)
			buf_consume(&t->pending, (size_t)n);
	}
	if (!t->pending.len)
		buf_free(&t->pending);
	return n < 0 ? -EPIPE : 0;
}

/* Empties the shared batch: into the socket, and what it does not take into pending. */
static int send_batch(struct serve_tls *t)
{
	size_t done = 0;
	int rc = 0;

	if (!t->dead && batch.n && !t->pending.len) {
		ssize_t n = push(t, batch.bytes, batch.n);

		if (n < 0)
			rc = -EPIPE;
		else
			done = (size_t)n;
	}
	if (!rc && !t->dead && batch.n > done && buf_append(&t->pending, batch.bytes + done, batch.n - done) < 0)
		rc = die(t);
	batch.n = 0;
	return rc;
}

/* Translates what an OpenSSL call that did not succeed means: -EAGAIN, 0 at the end, -EPIPE. */
static int result_of(struct serve_tls *t, int rc)
{
	int error = SSL_get_error(t->ssl, rc);

	ERR_clear_error();
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return -EAGAIN;
	if (error == SSL_ERROR_ZERO_RETURN)
		return 0;
	return -EPIPE;
}

int serve_tls_handshake(struct serve_tls *t)
{
	int rc, result;

	if (!t->ssl)
		return 1;
	rc = SSL_do_handshake(t->ssl);
	result = rc == 1 ? 1 : result_of(t, rc);
	if (send_batch(t) < 0)  /* an alert leaves too */
		return -EPIPE;
	if (result == 1)
		return 1;
	return result == -EAGAIN ? 0 : die(t);
}

static ssize_t read_plain(struct serve_tls *t, void *p, size_t n)
{
	ssize_t rc = read(t->fd, p, n);

	if (rc < 0)
		return errno == EAGAIN || errno == EINTR ? -EAGAIN : die(t);
	return rc;
}

bool serve_tls_speaks_http2(const struct serve_tls *t)
{
	const unsigned char *name;
	unsigned n;

	if (!t->ssl)
		return false;
	SSL_get0_alpn_selected(t->ssl, &name, &n);
	return n == 2 && memcmp(name, "h2", 2) == 0;
}

static void keep_buffers(struct serve_tls *t)
{
	t->busy = true;
	if (t->keeps || kept == SERVE_TLS_KEPT)
		return;
	SSL_clear_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS);
	t->keeps = true;
	kept++;
}

static void forget_buffers(struct serve_tls *t)
{
	kept -= t->keeps;
	t->keeps = false;
}

/* In part, or not yet read to its end. SSL_free_buffers looks at neither before OpenSSL 3.0.14 (CVE-2024-4741). */
static bool has_record(const struct serve_tls *t)
{
	return SSL_has_pending(t->ssl) || strcmp(SSL_rstate_string(t->ssl), "RH") != 0;
}

void serve_tls_tick(struct serve_tls *t)
{
	if (t->keeps && !t->busy && !has_record(t) && SSL_free_buffers(t->ssl)) {
		SSL_set_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS);
		forget_buffers(t);
	}
	t->busy = false;
}

ssize_t serve_tls_read(struct serve_tls *t, void *p, size_t n)
{
	size_t got = 0;
	int rc, result;

	if (!t->ssl)
		return read_plain(t, p, n);
	rc = SSL_read_ex(t->ssl, p, n, &got);
	result = rc == 1 ? 1 : result_of(t, rc);
	if (send_batch(t) < 0)
		return -EPIPE;
	if (result == -EPIPE)
		return die(t);
	if (result == 1)
		keep_buffers(t);
	return result == 1 ? (ssize_t)got : result;
}

bool serve_tls_has_input(const struct serve_tls *t)
{
	return t->ssl && SSL_has_pending(t->ssl);
}

/* Encrypts into the batch while there is room for a record; plain bytes taken, or -EPIPE. */
static ssize_t encrypt(struct serve_tls *t, const uint8_t *p, size_t n)
{
	size_t done = 0, took;

	while (done < n && sizeof batch.bytes - batch.n >= RECORD_ROOM) {
		size_t len = n - done < SERVE_TLS_RECORD ? n - done : SERVE_TLS_RECORD;

		if (SSL_write_ex(t->ssl, p + done, len, &took) != 1) {
			ERR_clear_error();
			return die(t);
		}
		done += took;
	}
	return (ssize_t)done;
}

static ssize_t write_plain(struct serve_tls *t, const struct iovec *iov, int niov)
{
	ssize_t total = 0, n;

	for (int i = 0; i < niov; i++) {
		n = push(t, iov[i].iov_base, iov[i].iov_len);
		if (n < 0)
			return n;
		total += n;
		if ((size_t)n < iov[i].iov_len)
			break;
	}
	return total;
}

ssize_t serve_tls_write(struct serve_tls *t, const struct iovec *iov, int niov)
{
	ssize_t total = 0, n = 0;

	assert(batch.n == 0);
	if (t->dead || serve_tls_flush(t) < 0)
		return -EPIPE;
	if (!t->ssl)
		return write_plain(t, iov, niov);
	for (int i = 0; i < niov && !t->pending.len && n >= 0; i++) {
		n = encrypt(t, iov[i].iov_base, iov[i].iov_len);
		total += n;
		if (n >= 0 && (size_t)n < iov[i].iov_len)
			break;
	}
	return send_batch(t) < 0 || n < 0 ? -EPIPE : total;
}

void serve_tls_end(struct serve_tls *t)
{
	if (!t->ssl || t->dead || !SSL_is_init_finished(t->ssl))
		return;
	SSL_shutdown(t->ssl);
	ERR_clear_error();
	send_batch(t);
}

void serve_tls_close(struct serve_tls *t)
{
	forget_buffers(t);
	SSL_free(t->ssl);
	buf_free(&t->pending);
	*t = (struct serve_tls){.fd = -1, .dead = true};
}
