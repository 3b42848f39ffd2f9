/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Viewers' certificates, shown in handshakes that never leave this process: which are good, whose they are, and until when. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/log.h"
#include "server/serve.h"
#include "server/serve_certificate.h"
#include "server/serve_exchange.h"
#include "server/serve_login.h"

#define HOUR 3600
#define CHAIN_MAX 8

/* --- what stands around it ------------------------------------------------------------------------- */

static struct { const char *certificate[2]; uint32_t version[2]; } users;
static struct { unsigned accepted, refused, logged, told; uint16_t user; char address[SERVE_ADDRESS_TEXT]; } heard;

void log_line(enum log_level level, const char *event, const char *fmt, ...) { heard.logged++; }
void serve_login_tell(struct serve *s) { heard.told++; }
const char *serve_auth_certificate(const struct serve_auth *a, unsigned user) { return users.certificate[user]; }
uint32_t serve_auth_version(const struct serve_auth *a, unsigned user) { return users.version[user]; }
const char *serve_auth_name(const struct serve_auth *a, unsigned user) { return user ? "tom" : "anna"; }
struct serve_viewer serve_rights_viewer(const struct serve *s, unsigned user) { return (struct serve_viewer){.user = (int)user}; }

void login_book_add(struct login_book *b, const struct msg_login *m)
{
	heard.accepted += m->accepted;
	heard.refused += !m->accepted;
	heard.user = m->user;
	strcpy(heard.address, m->address);
}

/* --- certificates and lists, all of one key ---------------------------------------------------------- */

static EVP_PKEY *key;
static struct buf pem;                       /* what tls.client_ca's file holds */

static void begin(void)
{
	key = EVP_EC_gen("P-256");
	cr_assert(key);
	buf_init(&pem, 1u << 20);
	users.certificate[0] = users.certificate[1] = "";
	users.version[0] = users.version[1] = 1;
}

static void end(void)
{
	EVP_PKEY_free(key);
	buf_free(&pem);
}

TestSuite(serve_certificate, .init = begin, .fini = end, .timeout = 120);

struct plan {
	const char *name;                    /* its common name, and its issuer's; NULL: its own */
	const char *by;
	long serial;
	bool authority;
	int from_s, until_s;                 /* from now */
	const char *alternative, *usage;     /* extensions, NULL: none */
	const char *second;                  /* another common name */
};

static void put_name(X509_NAME *to, const char *name)
{
	cr_assert(X509_NAME_add_entry_by_txt(to, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) == 1);
}

static void put_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = value ? X509V3_EXT_conf_nid(NULL, NULL, nid, value) : NULL;

	if (!value)
		return;
	cr_assert(e && X509_add_ext(x, e, -1) == 1, "%s", value);
	X509_EXTENSION_free(e);
}

static X509 *make(const struct plan *p)
{
	X509 *x = X509_new();

	cr_assert(x);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), p->serial);
	X509_gmtime_adj(X509_getm_notBefore(x), p->from_s ? p->from_s : -HOUR);
	X509_gmtime_adj(X509_getm_notAfter(x), p->until_s ? p->until_s : HOUR);
	X509_set_pubkey(x, key);
	put_name(X509_get_subject_name(x), p->name);
	if (p->second)
		put_name(X509_get_subject_name(x), p->second);
	put_name(X509_get_issuer_name(x), p->by ? p->by : p->name);
	put_extension(x, NID_basic_constraints, p->authority ? "critical,CA:TRUE" : "CA:FALSE");
	put_extension(x, NID_subject_alt_name, p->alternative);
	put_extension(x, NID_ext_key_usage, p->usage);
	cr_assert_gt(X509_sign(x, key, EVP_sha256()), 0);
	return x;
}

static void add_bio(BIO *bio)
{
	char *text;
	long n = BIO_get_mem_data(bio, &text);

	cr_assert_eq(buf_append(&pem, text, (size_t)n), 0);
	BIO_free(bio);
}

static void trust(const struct plan *p)
{
	BIO *bio = BIO_new(BIO_s_mem());
	X509 *x = make(p);

	cr_assert_eq(PEM_write_bio_X509(bio, x), 1);
	X509_free(x);
	add_bio(bio);
}

/* A list by that authority, of one serial number that is revoked (0: of none). */
static void list(const char *by, long serial)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, -HOUR), *next = X509_gmtime_adj(NULL, HOUR);
	X509_NAME *name = X509_NAME_new();
	BIO *bio = BIO_new(BIO_s_mem());

	cr_assert(crl && now && next && name && bio);
	put_name(name, by);
	X509_CRL_set_version(crl, X509_CRL_VERSION_2);
	X509_CRL_set_issuer_name(crl, name);
	X509_CRL_set1_lastUpdate(crl, now);
	X509_CRL_set1_nextUpdate(crl, next);
	if (serial) {
		X509_REVOKED *revoked = X509_REVOKED_new();
		ASN1_INTEGER *number = ASN1_INTEGER_new();

		cr_assert(revoked && number && ASN1_INTEGER_set(number, serial) && X509_REVOKED_set_serialNumber(revoked, number) &&
			  X509_REVOKED_set_revocationDate(revoked, now) && X509_CRL_add0_revoked(crl, revoked));
		ASN1_INTEGER_free(number);
	}
	cr_assert(X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, key, EVP_sha256()) > 0 && PEM_write_bio_X509_CRL(bio, crl) == 1);
	X509_CRL_free(crl);
	X509_NAME_free(name);
	ASN1_TIME_free(now);
	ASN1_TIME_free(next);
	add_bio(bio);
}

/* --- handshakes -------------------------------------------------------------------------------------- */

struct pair { SSL_CTX *server_ctx, *client_ctx; SSL *server, *client; };

static SSL_CTX *server_context(void)
{
	static const struct plan own = {.name = "localhost", .serial = 1};
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	const char *why = "";
	X509 *x = make(&own);

	cr_assert(ctx && SSL_CTX_use_certificate(ctx, x) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1);
	cr_assert_eq(serve_certificate_authorities(ctx, buf_data(&pem), pem.len, &why), 0, "%s", why);
	X509_free(x);
	return ctx;
}

static void connect_both(struct pair *p)
{
	BIO *a, *b;

	p->server = SSL_new(p->server_ctx);
	p->client = SSL_new(p->client_ctx);
	cr_assert(p->server && p->client && BIO_new_bio_pair(&a, 1 << 17, &b, 1 << 17) == 1);
	SSL_set_bio(p->server, a, a);
	SSL_set_bio(p->client, b, b);
	SSL_set_accept_state(p->server);
	SSL_set_connect_state(p->client);
}

/* The client shows these, his own first; true when the server lets him in. */
static bool shake(struct pair *p, const struct plan *shown)
{
	*p = (struct pair){.server_ctx = server_context(), .client_ctx = SSL_CTX_new(TLS_client_method())};
	for (unsigned i = 0; i < CHAIN_MAX && shown[i].name; i++) {
		X509 *x = make(&shown[i]);

		cr_assert_eq(i ? SSL_CTX_add1_chain_cert(p->client_ctx, x) : SSL_CTX_use_certificate(p->client_ctx, x), 1);
		cr_assert_eq(SSL_CTX_use_PrivateKey(p->client_ctx, key), 1);
		X509_free(x);
	}
	connect_both(p);
	for (int i = 0; i < 10 && !SSL_is_init_finished(p->server); i++) {
		SSL_do_handshake(p->client);
		SSL_do_handshake(p->server);
	}
	return SSL_is_init_finished(p->server);
}

static void done(struct pair *p)
{
	SSL_free(p->server);
	SSL_free(p->client);
	SSL_CTX_free(p->server_ctx);
	SSL_CTX_free(p->client_ctx);
}

static void expect_why(const struct plan *shown, const char *why)
{
	struct pair p;
	bool in = shake(&p, shown);

	cr_expect_eq(in, !why, "%s", shown->name);
	if (why)
		cr_expect_str_eq(serve_certificate_why(p.server), why);
	else
		cr_expect_null(serve_certificate_why(p.server));
	done(&p);
}

static const struct plan root = {.name = "root", .serial = 1, .authority = true}, middle = {.name = "middle", .by = "root", .serial = 2, .authority = true},
	anna = {.name = "anna", .by = "root", .serial = 3}, tom = {.name = "tom", .by = "middle", .serial = 4};

Test(serve_certificate, is_good_by_its_authority_its_time_and_its_use)
{
	static const struct { struct plan shown; const char *why; } c[] = {
		{{.name = "anna", .by = "root", .serial = 3}, NULL},
		{{.name = "anna", .by = "root", .serial = 3, .usage = "clientAuth"}, NULL},
		{{.name = "anna", .by = "root", .serial = 3, .usage = "serverAuth"}, "unsuitable certificate purpose"},
		{{.name = "anna", .by = "root", .serial = 3, .authority = true}, "unsuitable certificate purpose"},
		{{.name = "anna", .by = "root", .serial = 3, .from_s = -2 * HOUR, .until_s = -HOUR}, "certificate has expired"},
		{{.name = "anna", .by = "root", .serial = 3, .from_s = HOUR, .until_s = 2 * HOUR}, "certificate is not yet valid"},
		{{.name = "anna", .by = "stranger", .serial = 3}, "unable to get local issuer certificate"},
		{{.name = "anna", .serial = 3}, "self-signed certificate"},
	};

	trust(&root);
	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		expect_why((struct plan[]){c[i].shown, {0}}, c[i].why);
}

Test(serve_certificate, none_need_be_shown)
{
	struct pair p;

	trust(&root);
	cr_expect(shake(&p, (struct plan[]){{0}}));
	cr_expect_null(serve_certificate_shown(p.server));
	cr_expect(serve_certificate_is_good(p.server, p.server_ctx) && serve_certificate_is_good(NULL, p.server_ctx));
	cr_expect_null(serve_certificate_why(NULL));
	done(&p);
}

Test(serve_certificate, whoever_is_between_comes_along_and_no_more_than_so_many)
{
	struct plan chain[CHAIN_MAX] = {{.name = "leaf", .by = "a0", .serial = 9}};
	static const char *const names[] = {"a0", "a1", "a2", "a3", "a4", "root"};

	trust(&root);
	expect_why((struct plan[]){tom, {0}}, "unable to get local issuer certificate");
	expect_why((struct plan[]){tom, middle, {0}}, NULL);
	for (unsigned i = 0; i < 5; i++)
		chain[1 + i] = (struct plan){.name = names[i], .by = names[i + 1], .serial = 10 + i, .authority = true};
	expect_why(chain, "certificate chain too long");
	chain[SERVE_CERTIFICATE_DEPTH].by = "root";
	chain[SERVE_CERTIFICATE_DEPTH + 1] = (struct plan){0};
	expect_why(chain, NULL);
}

/* What stands in the file is trusted itself, whoever it is by: there a chain ends. */
Test(serve_certificate, an_authority_in_between_may_be_the_anchor)
{
	trust(&middle);
	expect_why((struct plan[]){tom, {0}}, NULL);
	expect_why((struct plan[]){anna, {0}}, "unable to get local issuer certificate");
}

Test(serve_certificate, who_is_revoked_is_not_let_in)
{
	trust(&root);
	list("root", 3);
	expect_why((struct plan[]){anna, {0}}, "certificate revoked");
	expect_why((struct plan[]){{.name = "carl", .by = "root", .serial = 5}, {0}}, NULL);
}

Test(serve_certificate, nor_is_anybody_by_an_authority_that_is_revoked)
{
	trust(&root);
	list("root", 2);
	list("middle", 0);
	expect_why((struct plan[]){tom, middle, {0}}, "certificate revoked");
	expect_why((struct plan[]){anna, {0}}, NULL);
}

Test(serve_certificate, where_there_are_lists_each_authority_below_the_anchor_needs_one)
{
	trust(&root);
	list("root", 0);
	expect_why((struct plan[]){tom, middle, {0}}, "unable to get certificate CRL");
	list("middle", 4);
	expect_why((struct plan[]){tom, middle, {0}}, "certificate revoked");
}

/* A connection that stays is looked at anew when the site's authorities change. */
Test(serve_certificate, is_good_no_more_by_another_context)
{
	struct pair p;
	SSL_CTX *other;

	trust(&root);
	cr_assert(shake(&p, (struct plan[]){tom, middle, {0}}));
	cr_expect(serve_certificate_is_good(p.server, p.server_ctx));
	other = server_context();
	cr_expect(serve_certificate_is_good(p.server, other), "the same authorities");
	SSL_CTX_free(other);
	list("root", 2);
	list("middle", 0);
	other = server_context();
	cr_expect_not(serve_certificate_is_good(p.server, other), "one between is revoked");
	SSL_CTX_free(other);
	buf_clear(&pem);
	trust(&(struct plan){.name = "another", .serial = 1, .authority = true});
	other = server_context();
	cr_expect_not(serve_certificate_is_good(p.server, other), "another authority");
	SSL_CTX_free(other);
	done(&p);
}

Test(serve_certificate, a_file_holds_authorities_and_lists)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	const char *why = NULL;

	cr_expect_eq(serve_certificate_authorities(ctx, "", 0, &why), -EINVAL);
	cr_expect(strstr(why, "no PEM certificate of an authority"));
	list("root", 3);
	cr_expect_eq(serve_certificate_authorities(ctx, buf_data(&pem), pem.len, &why), -EINVAL, "a list alone");
	trust(&anna);
	cr_expect_eq(serve_certificate_authorities(ctx, buf_data(&pem), pem.len, &why), -EINVAL);
	cr_expect(strstr(why, "no authority's"));
	SSL_CTX_free(ctx);
}

/* --- whose it is ------------------------------------------------------------------------------------- */

static struct serve_certificate *shown_by(const struct plan *shown)
{
	struct serve_certificate *c;
	struct pair p;

	cr_assert(shake(&p, shown), "%s", shown->name);
	c = serve_certificate_shown(p.server);
	cr_assert(c);
	done(&p);
	return c;
}

Test(serve_certificate, has_the_names_that_it_says_and_its_common_name_where_it_says_none)
{
	static const struct { struct plan shown; const char *is[4], *is_not[4]; } c[] = {
		{{.name = "anna", .by = "root", .serial = 3}, {"anna"}, {"", "Anna", "ann", "sha256:"}},
		{{.name = "anna", .by = "root", .serial = 3, .second = "admin"}, {NULL}, {"anna", "admin"}},
		{{.name = "anna", .by = "root", .serial = 3, .alternative = "email:a@b.example,DNS:c.example"}, {"a@b.example", "c.example"}, {"anna"}},
		{{.name = "anna", .by = "root", .serial = 3, .alternative = "IP:1.2.3.4,URI:x:y"}, {"anna"}, {"1.2.3.4", "x:y"}},
		{{.name = "n\xc3\xa4", .by = "root", .serial = 3}, {NULL}, {"n\xc3\xa4", "n"}},
		{{.name = "anna", .by = "root", .serial = 3, .alternative = "DNS:a1,DNS:a2,DNS:a3,DNS:a4,DNS:a5,DNS:a6,DNS:a7,DNS:a8,DNS:a9"}, {"a1", "a8"}, {"a9"}},
	};

	trust(&root);
	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct serve_certificate *s = shown_by((struct plan[]){c[i].shown, {0}});

		for (unsigned k = 0; k < 4; k++) {
			cr_expect(!c[i].is[k] || serve_certificate_is(s, c[i].is[k]), "case %zu: %s", i, c[i].is[k]);
			cr_expect(!c[i].is_not[k] || !serve_certificate_is(s, c[i].is_not[k]), "case %zu: %s", i, c[i].is_not[k]);
		}
		cr_expect(serve_certificate_is(s, s->fingerprint));
		free(s);
	}
}

/* "admin" cut off by a NUL is nobody's name. */
Test(serve_certificate, a_name_with_a_nul_is_nobodys)
{
	static const unsigned char name[] = "admin\0.evil.example";
	X509 *x = make(&anna);
	struct serve_certificate *c;
	struct pair p;

	trust(&root);
	X509_NAME_ENTRY_free(X509_NAME_delete_entry(X509_get_subject_name(x), 0));
	cr_assert(X509_NAME_add_entry_by_NID(X509_get_subject_name(x), NID_commonName, V_ASN1_UTF8STRING, name, sizeof name - 1, -1, 0) == 1 && X509_sign(x, key, EVP_sha256()) > 0);
	p = (struct pair){.server_ctx = server_context(), .client_ctx = SSL_CTX_new(TLS_client_method())};
	cr_assert(SSL_CTX_use_certificate(p.client_ctx, x) == 1 && SSL_CTX_use_PrivateKey(p.client_ctx, key) == 1);
	connect_both(&p);
	for (int i = 0; i < 10 && !SSL_is_init_finished(p.server); i++) {
		SSL_do_handshake(p.client);
		SSL_do_handshake(p.server);
	}
	c = serve_certificate_shown(p.server);
	cr_assert(c);
	cr_expect(c->nnames == 0 && !serve_certificate_is(c, "admin"));
	free(c);
	X509_free(x);
	done(&p);
}

Test(serve_certificate, lasts_no_longer_than_who_is_above_it)
{
	struct plan brief = middle;
	struct serve_certificate *c;
	int64_t now_us = (int64_t)time(NULL) * 1000000;

	brief.until_s = HOUR / 2;
	trust(&root);
	c = shown_by((struct plan[]){tom, brief, {0}});
	cr_expect(c->until_us > now_us && c->until_us <= now_us + INT64_C(1000000) * (HOUR / 2 + 60));
	free(c);
}

Test(serve_certificate, its_viewer_is_looked_up_again_when_the_user_changes)
{
	struct serve s = {.site.users = 2};
	struct serve_peer peer = {.name = "127.0.0.1"};
	struct serve_viewer v;

	cr_expect_not(serve_certificate_viewer(&s, &peer, &v), "none was shown");
	trust(&root);
	peer.certificate = shown_by((struct plan[]){anna, {0}});
	cr_expect_not(serve_certificate_viewer(&s, &peer, &v), "nobody's");
	users.certificate[1] = "anna";
	cr_assert(serve_certificate_viewer(&s, &peer, &v));
	cr_expect(v.user == 1 && v.until_us == peer.certificate->until_us);
	serve_certificate_let_in(&s, &peer);
	serve_certificate_let_in(&s, &peer);
	cr_expect(heard.accepted == 1 && heard.logged == 1 && heard.user == 1 && !strcmp(heard.address, "127.0.0.1"), "told once");
	users.certificate[1] = "";
	users.certificate[0] = peer.certificate->fingerprint;
	users.version[1]++;
	cr_assert(serve_certificate_viewer(&s, &peer, &v));
	cr_expect_eq(v.user, 0);
	serve_certificate_let_in(&s, &peer);
	cr_expect(heard.accepted == 2 && heard.user == 0);
	free(peer.certificate);
}

Test(serve_certificate, refusals_are_counted_and_logged_now_and_then)
{
	struct serve s = {0};
	struct serve_peer peer = {.name = "::1"};

	for (unsigned i = 0; i < 3; i++)
		serve_certificate_refused(&s, &peer, "certificate revoked");
	cr_expect(heard.refused == 3 && heard.told == 3 && heard.user == MSG_LOGIN_NOBODY && s.state.refused == 3);
	cr_expect(heard.logged >= 1 && s.certificates.times < 3, "what was logged is counted from there");
}
