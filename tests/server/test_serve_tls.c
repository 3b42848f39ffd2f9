/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The certificate of a running serve is replaced: new handshakes get the new one, nobody who is connected is dropped. What is spoken is
 * what both sides say that they speak, or nothing. Who is known by a certificate of his own is ended with its authority.
 */
#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <time.h>

#include "tests/server/serve_suite.h"

static long serial_of(const struct viewer *v)
{
	X509 *cert = SSL_get1_peer_certificate(v->ssl);
	long serial = ASN1_INTEGER_get(X509_get0_serialNumber(cert));

	X509_free(cert);
	return serial;
}

/* What the next viewer is shown. */
static long serial_shown(void)
{
	struct viewer v;
	long serial;

	cr_assert(viewer_open(&v, world.base, world.port[0], 0), "a handshake is refused");
	serial = serial_of(&v);
	viewer_close(&v);
	return serial;
}

static void wait_until_shown(long serial)
{
	time_t until = time(NULL) + VIEWER_PATIENCE_S;

	while (serial_shown() != serial)
		cr_assert_lt(time(NULL), until, "certificate %ld is never shown", serial);
}

TestSuite(serve_tls, .init = suite_start, .fini = suite_stop, .timeout = 60);

Test(serve_tls, certificate_is_replaced_and_nobody_dropped)
{
	viewer_get(&viewer, "/login", "", &got);
	cr_assert_eq(got.status, 200);
	for (long serial = 2; serial < 6; serial++) {
		world_certificate(&world, serial, true);
		wait_until_shown(serial);
		viewer_get(&viewer, "/login", "", &got);
		cr_assert_eq(got.status, 200);
		cr_assert_eq(serial_of(&viewer), 1);
	}
}

Test(serve_tls, certificate_is_replaced_amid_a_request)
{
	static const char half[] = "GET /login HTTP/1.1\r\nHo", rest[] = "st: localhost\r\n\r\n";

	viewer_send(&viewer, half, sizeof half - 1);
	world_certificate(&world, 2, true);
	wait_until_shown(2);
	viewer_send(&viewer, rest, sizeof rest - 1);
	viewer_receive(&viewer, &got, false);
	cr_assert_eq(got.status, 200);
}

Test(serve_tls, certificate_that_cannot_be_used_replaces_nothing)
{
	world_certificate(&world, 2, false);
	world_certificate(&world, 3, true);
	for (long serial = 0; serial != 3;) {
		serial = serial_shown();
		cr_assert(serial == 1 || serial == 3, "certificate %ld", serial);
	}
	viewer_get(&viewer, "/login", "", &got);
	cr_assert_eq(got.status, 200);
}

/* What a client that offers these is given, "" for nothing chosen, or "refused". */
static const char *chosen(uint16_t port, const char *offered)
{
	static char name[32];
	const unsigned char *p;
	struct viewer v;
	unsigned n;

	if (!(*offered ? viewer_open_offering(&v, world.base, port, offered) : viewer_open(&v, world.base, port, 0)))
		return "refused";
	SSL_get0_alpn_selected(v.ssl, &p, &n);
	snprintf(name, sizeof name, "%.*s", (int)n, (const char *)p);
	viewer_close(&v);
	return name;
}

Test(serve_tls, what_is_spoken_is_what_both_speak)
{
	static const struct { const char *offered, *by_https, *by_rtsps; } cases[] = {
		{"", "", ""},
		{"\x08http/1.1", "http/1.1", "refused"},
		{"\x02h2", "h2", "refused"},
		{"\x08http/1.1\x02h2", "h2", "refused"},
		{"\x02h3\x02h2", "h2", "refused"},
		{"\x02h3", "refused", "refused"},
		{"\x01h", "refused", "refused"},
		{"\x04rtsp", "refused", "refused"},
	};
	uint16_t rtsps = world_listen(&world, LISTENER_RTSPS);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_expect_str_eq(chosen(world.port[0], cases[i].offered), cases[i].by_https, "case %zu", i);
		cr_expect_str_eq(chosen(rtsps, cases[i].offered), cases[i].by_rtsps, "case %zu", i);
	}
}

/* --- viewers' certificates ------------------------------------------------------------------------ */

static struct { EVP_PKEY *key; X509 *authority, *leaf; } shown;

static X509 *sign(const char *name, const X509 *by, bool is_authority)
{
	X509 *x = X509_new();
	X509_EXTENSION *constraints = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "CA:FALSE");

	cr_assert(x && constraints);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, shown.key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(by ? by : x));
	X509_add_ext(x, constraints, -1);
	X509_EXTENSION_free(constraints);
	cr_assert_gt(X509_sign(x, shown.key, EVP_sha256()), 0);
	return x;
}

/* From now on the authority's viewers may come. */
static void let_them_show(void)
{
	BIO *pem = BIO_new(BIO_s_mem());
	char *text;

	shown.key = EVP_EC_gen("P-256");
	cr_assert(shown.key && pem);
	shown.authority = sign("authority", NULL, true);
	shown.leaf = sign("anna", shown.authority, false);
	cr_assert(PEM_write_bio_X509(pem, shown.authority) == 1 && BIO_write(pem, "", 1) == 1 && BIO_get_mem_data(pem, &text) > 0);
	world_authority(&world, 2, text);
	BIO_free(pem);
	wait_until_shown(2);
}

static void start_showing(void)
{
	suite_start();
	let_them_show();
}

static void stop_showing(void)
{
	X509_free(shown.leaf);
	X509_free(shown.authority);
	EVP_PKEY_free(shown.key);
	suite_stop();
}

static int show(SSL *ssl, void *arg)
{
	unsigned *late = arg;

	if (late && !(*late)++) {
		world_certificate(&world, 3, true);
		wait_until_shown(3);
	}
	return SSL_use_certificate(ssl, shown.leaf) == 1 && SSL_use_PrivateKey(ssl, shown.key) == 1;
}

static void open_showing(struct viewer *v, unsigned *late)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	cr_assert(ctx);
	SSL_CTX_set_cert_cb(ctx, show, late);
	cr_assert(viewer_open_by(v, world.base, world.port[0], ctx));
}

TestSuite(serve_tls_shown, .init = start_showing, .fini = stop_showing, .timeout = 60);

Test(serve_tls_shown, authority_goes_amid_a_handshake)
{
	unsigned late = 0;
	struct viewer v;

	open_showing(&v, &late);
	viewer_get(&v, "/api/site", "", &got);
	cr_expect(got.status == 0 && late == 1, "status %u", got.status);
	viewer_close(&v);
}

/* It is read while the request's cookie is looked for. */
Test(serve_tls_shown, authority_goes_amid_a_request)
{
	static const char request[] = "GET /api/site HTTP/1.1\r\nHost: localhost\r\nCookie: __Host-session="
		"0707070707070707070707070707070707070707070707070707070707070707\r\n\r\n";
	struct viewer v;

	open_showing(&v, NULL);
	viewer_get(&v, "/api/site", "", &got);
	cr_assert_eq(got.status, 401);
	cr_assert_eq(kill(world.pid[0], SIGSTOP), 0);
	viewer_send(&v, request, sizeof request - 1);
	world_certificate(&world, 3, true);
	cr_assert_eq(kill(world.pid[0], SIGCONT), 0);
	viewer_wait_end(&v);
	viewer_close(&v);
	wait_until_shown(3);
	viewer_get(&viewer, "/login", "", &got);
	cr_expect_eq(got.status, 200);
}
