/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "tests/server/ingest_world.h"

#define DAY 86400L

TestSuite(ingest_tls, .fini = rig_end, .timeout = 60);

struct identity {
	EVP_PKEY *key;
	X509 *cert;
};

static void add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	cr_assert(e && X509_add_ext(x, e, -1));
	X509_EXTENSION_free(e);
}

/* by: who signs it, NULL: itself. names: "IP:192.0.2.1", NULL: an authority. */
static struct identity make(const char *cn, const struct identity *by, const char *names, long until)
{
	struct identity id = {EVP_EC_gen("P-256"), X509_new()};
	X509_NAME *name = X509_get_subject_name(id.cert);

	cr_assert(id.key && id.cert);
	X509_set_version(id.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(id.cert), by ? 2 : 1);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(id.cert, by ? X509_get_subject_name(by->cert) : name);
	X509_gmtime_adj(X509_getm_notBefore(id.cert), -2 * DAY);
	X509_gmtime_adj(X509_getm_notAfter(id.cert), until);
	X509_set_pubkey(id.cert, id.key);
	add_extension(id.cert, NID_basic_constraints, names ? "CA:FALSE" : "critical,CA:TRUE");
	if (names)
		add_extension(id.cert, NID_subject_alt_name, names);
	cr_assert(X509_sign(id.cert, by ? by->key : id.key, EVP_sha256()));
	return id;
}

/* The authority's certificate as a descriptor. */
static int pem_of(const struct identity *id)
{
	int fd = memfd_create("ca", MFD_CLOEXEC);
	BIO *bio = BIO_new_fd(fd, BIO_NOCLOSE);

	cr_assert(fd >= 0 && bio && PEM_write_bio_X509(bio, id->cert));
	BIO_free(bio);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* The camera's side of the handshake; whether it came to an end. */
static bool shake(const struct identity *id, int version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	bool done;

	SSL_CTX_set_security_level(ctx, 0);
	cr_assert(SSL_CTX_use_certificate(ctx, id->cert) == 1 && SSL_CTX_use_PrivateKey(ctx, id->key) == 1);
	cr_assert(SSL_CTX_set_max_proto_version(ctx, version) == 1 && SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) == 1);
	rig.tls = SSL_new(ctx);
	SSL_CTX_free(ctx);
	cr_assert(SSL_set_fd(rig.tls, rig.camera) == 1);
	done = SSL_accept(rig.tls) == 1;
	ERR_clear_error();
	return done;
}

static struct msg_ingest_camera encrypted(enum site_tls how)
{
	struct msg_ingest_camera m = rig_camera;

	strcpy(m.url, "rtsps://192.0.2.1/yard");
	strcpy(m.host, "192.0.2.1:322");
	m.tls = (uint8_t)how;
	return m;
}

static void expect_lost(enum gap_why why, const char *says)
{
	rig_hear_phase(CAMERA_WAITING);
	cr_expect_eq(rig.heard.state.why, why, "%s", gap_why_name(rig.heard.state.why));
	cr_expect(strstr(rig.heard.state.detail, says), "%s", rig.heard.state.detail);
}

/* Nothing but the handshake may have come from the role: the request would hold the address, and later the password's digest. */
static void expect_nothing_asked(void)
{
	char c;

	cr_expect_leq(SSL_read(rig.tls, &c, 1), 0, "the camera was asked something");
}

static void fingerprint(const struct identity *id, uint8_t out[32])
{
	cr_assert(X509_digest(id->cert, EVP_sha256(), out, NULL));
}

Test(ingest_tls, takes_the_certificate_with_the_right_fingerprint_and_no_other)
{
	struct identity id = make("old", NULL, "DNS:elsewhere", -DAY);
	struct msg_ingest_camera m = encrypted(SITE_TLS_FINGERPRINT);
	struct buf b;

	buf_init(&b, PART_MAX_BYTES);
	fingerprint(&id, m.fingerprint);
	rig_begin(&m, -1);
	rig_connect();
	cr_assert(shake(&id, TLS1_2_VERSION));
	rig_play("rtsps");
	cr_expect(rig.heard.state.tls && rig.heard.state.transport == SITE_TRANSPORT_TCP);
	rig_show(120);
	cr_expect_eq(rig_next_record(&b, RECORD_SEGMENT_END).end.segment, 0);
	cr_expect_eq(rig_next_record(&b, RECORD_SEGMENT_END).end.segment, 1);
	SSL_shutdown(rig.tls);
	expect_lost(GAP_CAMERA_CLOSED, "");
	buf_free(&b);
}

Test(ingest_tls, names_the_fingerprint_that_is_not_the_right_one)
{
	struct identity id = make("yard", NULL, "IP:192.0.2.1", DAY);
	struct msg_ingest_camera m = encrypted(SITE_TLS_FINGERPRINT);
	uint8_t seen[32];
	char says[40];

	fingerprint(&id, seen);
	snprintf(says, sizeof says, "its certificate is sha256:%02x%02x%02x", seen[0], seen[1], seen[2]);
	memcpy(m.fingerprint, seen, sizeof seen);
	m.fingerprint[31] ^= 1;
	rig_begin(&m, -1);
	rig_connect();
	shake(&id, TLS1_3_VERSION);
	expect_nothing_asked();
	expect_lost(GAP_CERTIFICATE, says);
	cr_expect_geq(rig.heard.state.retry_ms, 40000);
}

Test(ingest_tls, with_an_authority_wants_its_signature_the_address_or_name_and_the_day)
{
	struct identity ca = make("ca", NULL, NULL, DAY), other = make("other", NULL, NULL, DAY);
	const struct { struct identity id; const char *name, *says; } c[] = {
		{make("yard", &ca, "IP:192.0.2.1", DAY), "", NULL},
		{make("yard", &ca, "DNS:yard.example", DAY), "yard.example", NULL},
		{make("yard", &ca, "IP:192.0.2.2,DNS:192.0.2.1", DAY), "", "does not name its address"},
		{make("yard.example", &ca, "DNS:gate.example,IP:192.0.2.1", DAY), "yard.example", "does not have the name that tls_name says"},
		{make("yard", &other, "IP:192.0.2.1", DAY), "", "is not signed by an authority of ca"},
		{make("yard", NULL, "IP:192.0.2.1", DAY), "", "is not signed by an authority of ca"},
		{make("yard", &ca, "IP:192.0.2.1", -DAY), "", "has expired"},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct msg_ingest_camera m = encrypted(SITE_TLS_CA);
		int pem = pem_of(&ca);

		strcpy(m.tls_name, c[i].name);
		rig_begin(&m, pem);
		close(pem);
		rig_connect();
		shake(&c[i].id, TLS1_3_VERSION);
		if (c[i].says) {
			expect_nothing_asked();
			expect_lost(GAP_CERTIFICATE, c[i].says);
		} else {
			const char *sni = SSL_get_servername(rig.tls, TLSEXT_NAMETYPE_host_name);

			rig_play("rtsps");
			cr_expect_eq(sni != NULL, *c[i].name != 0, "an address is never asked for as a name");
		}
		if (i + 1 < sizeof c / sizeof *c)
			rig_end();
	}
}

Test(ingest_tls, unverified_takes_whoever_answers)
{
	struct identity id = make("anybody", NULL, "DNS:elsewhere", -DAY);
	struct msg_ingest_camera m = encrypted(SITE_TLS_UNVERIFIED);

	rig_begin(&m, -1);
	rig_connect();
	cr_assert(shake(&id, TLS1_3_VERSION));
	rig_play("rtsps");
}

Test(ingest_tls, speaks_no_older_version_and_nothing_in_the_clear)
{
	struct identity id = make("yard", NULL, "IP:192.0.2.1", DAY);
	struct msg_ingest_camera m = encrypted(SITE_TLS_UNVERIFIED);

	rig_begin(&m, -1);
	rig_connect();
	cr_expect(!shake(&id, TLS1_1_VERSION));
	expect_lost(GAP_UNSUPPORTED, "does not speak TLS 1.2 or later");
	SSL_free(rig.tls);
	rig.tls = NULL;
	rig_end();

	rig_begin(&m, -1);
	rig_connect();
	cr_assert_eq(write(rig.camera, "RTSP/1.0 400 Bad Request\r\n\r\n", 28), 28);
	expect_lost(GAP_UNSUPPORTED, "does not speak TLS 1.2 or later");
	rig_end();

	rig_begin(&m, -1);
	rig_connect();
	close(rig.camera);
	rig.camera = -1;
	expect_lost(GAP_CAMERA_CLOSED, "is TLS on, at this port?");
}
