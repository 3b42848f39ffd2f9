/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenSSL's buffers: who keeps them, how many do, and when they are given back. The client's records are cut where it matters. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "server/serve_tls.h"

struct pair {
	int fd[2];
	struct serve_tls tls;
	SSL *client;                 /* reads from its socket; what it writes is taken from said */
	BIO *said;
};

static struct ssl_ctx_st *ours;
static SSL_CTX *theirs;

static void make_context(void)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	BIO *cert_pem = BIO_new(BIO_s_mem()), *key_pem = BIO_new(BIO_s_mem());
	char *cert_text, *key_text;
	long cert_n, key_n;
	const char *why;

	cr_assert(key && x && cert_pem && key_pem);
	X509_set_version(x, X509_VERSION_3);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, key);
	cr_assert_gt(X509_sign(x, key, EVP_sha256()), 0);
	cr_assert(PEM_write_bio_X509(cert_pem, x) == 1 && PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL) == 1);
	cert_n = BIO_get_mem_data(cert_pem, &cert_text);
	key_n = BIO_get_mem_data(key_pem, &key_text);
	cr_assert_eq(serve_tls_context(cert_text, (size_t)cert_n, key_text, (size_t)key_n, &ours, &why), 0, "%s", why);
	BIO_free(cert_pem);
	BIO_free(key_pem);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void begin(void)
{
	make_context();
	theirs = SSL_CTX_new(TLS_client_method());
	cr_assert(theirs);
}

static void end(void)
{
	SSL_CTX_free(theirs);
	serve_tls_context_free(&ours);
}

TestSuite(serve_tls_kept, .init = begin, .fini = end, .timeout = 120);

/* So many bytes of what the client has said, or all of it. */
static void deliver(struct pair *p, size_t n)
{
	uint8_t b[32768];
	int took = BIO_read(p->said, b, (int)(n < sizeof b ? n : sizeof b));

	if (took > 0)
		cr_assert_eq(write(p->fd[1], b, (size_t)took), took);
}

static void pair_open(struct pair *p)
{
	int done = 0;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, p->fd), 0);
	cr_assert_eq(serve_tls_open(&p->tls, ours, p->fd[0], ""), 0);
	p->client = SSL_new(theirs);
	p->said = BIO_new(BIO_s_mem());
	cr_assert(p->client && p->said);
	SSL_set_bio(p->client, BIO_new_socket(p->fd[1], BIO_NOCLOSE), p->said);
	SSL_set_connect_state(p->client);
	for (int i = 0; i < 10 && !done; i++) {
		SSL_do_handshake(p->client);
		deliver(p, SIZE_MAX);
		done = serve_tls_handshake(&p->tls);
	}
	cr_assert_eq(done, 1);
}

static void pair_close(struct pair *p)
{
	serve_tls_close(&p->tls);
	SSL_free(p->client);
	close(p->fd[0]);
	close(p->fd[1]);
}

static void say(struct pair *p, const void *bytes, size_t n)
{
	cr_assert_eq(SSL_write(p->client, bytes, (int)n), (int)n);
}

/* It has something to say, and it is read. */
static void ask(struct pair *p)
{
	char c;

	say(p, "x", 1);
	deliver(p, SIZE_MAX);
	cr_assert_eq(serve_tls_read(&p->tls, &c, 1), 1);
}

static bool keeps(const struct pair *p)
{
	cr_assert_eq(p->tls.keeps, !(SSL_get_mode(p->tls.ssl) & SSL_MODE_RELEASE_BUFFERS));
	return p->tls.keeps;
}

static void rest(struct pair *p)
{
	for (int i = 0; i < 3; i++)
		serve_tls_tick(&p->tls);
}

Test(serve_tls_kept, by_so_many_and_while_they_have_something_to_say)
{
	static struct pair p[SERVE_TLS_KEPT + 2];
	unsigned n = SERVE_TLS_KEPT + 2, kept = 0;

	for (unsigned i = 0; i < n; i++) {
		pair_open(&p[i]);
		cr_assert_not(keeps(&p[i]), "a handshake is nothing to say");
		ask(&p[i]);
		kept += keeps(&p[i]);
	}
	cr_expect(kept == SERVE_TLS_KEPT && !keeps(&p[n - 2]) && !keeps(&p[n - 1]), "%u", kept);
	serve_tls_tick(&p[0].tls);
	cr_expect(keeps(&p[0]), "it spoke since the last one");
	rest(&p[0]);
	cr_expect_not(keeps(&p[0]));
	pair_close(&p[1]);
	for (unsigned i = n - 2; i < n; i++) {
		ask(&p[i]);
		cr_expect(keeps(&p[i]), "who rests and who goes make room");
	}
	ask(&p[0]);
	cr_expect_not(keeps(&p[0]));
	for (unsigned i = 0; i < n; i++)
		if (i != 1)
			pair_close(&p[i]);
}

/* Its head alone, some of its body, and all of it but half read. */
Test(serve_tls_kept, not_given_back_amid_a_record)
{
	static const size_t cut[] = {1, 4, 5, 6, 700, 1000};
	char sent[1000], got[sizeof sent];
	struct pair p;

	memset(sent, 's', sizeof sent);
	pair_open(&p);
	for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
		ask(&p);
		say(&p, sent, sizeof sent);
		deliver(&p, cut[i]);
		cr_assert_eq(serve_tls_read(&p.tls, got, sizeof got), -EAGAIN);
		rest(&p);
		cr_expect(keeps(&p), "%zu bytes of it are there", cut[i]);
		deliver(&p, SIZE_MAX);
		cr_assert_eq(serve_tls_read(&p.tls, got, 400), 400);
		rest(&p);
		cr_expect(keeps(&p), "the rest of it is there");
		cr_assert_eq(serve_tls_read(&p.tls, got + 400, sizeof got - 400), 600);
		cr_expect_arr_eq(got, sent, sizeof sent);
		memset(got, 0, sizeof got);
		rest(&p);
		cr_expect_not(keeps(&p));
	}
	pair_close(&p);
}
