/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/digest.h"

static const struct digest_who mufasa = {"Mufasa", "Circle of Life", "GET", "/dir/index.html"};

#define RFC_NONCE "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define RFC_CNONCE "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
#define RFC_REALM "http-auth@example.org"
#define RFC_OFFER(algorithm) \
	"Digest realm=\"" RFC_REALM "\", qop=\"auth, auth-int\", algorithm=" algorithm ", nonce=\"" RFC_NONCE "\", " \
	"opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""

static struct digest_offer offer(const char *value, bool allow_md5)
{
	struct digest_offer o = {0};

	digest_offer_add(&o, span_str(value), allow_md5);
	return o;
}

static const char *answer(const struct digest_challenge *c, const struct digest_who *who, const char *cnonce)
{
	static char out[DIGEST_HEADER_MAX];
	struct wr w = wr_init(out, sizeof out - 1);

	cr_assert_eq(digest_answer(&w, c, who, 1, cnonce), 0);
	out[w.len] = 0;
	return out;
}

Test(digest, answers_as_in_rfc_7616)
{
	struct digest_offer md5 = offer(RFC_OFFER("MD5"), true), sha = offer(RFC_OFFER("SHA-256"), true);

	cr_assert(md5.usable && sha.usable);
	cr_assert(strstr(answer(&md5.best, &mufasa, RFC_CNONCE), "response=\"8ca523f5e9506fed4657c9700eebdbec\""));
	cr_assert(strstr(answer(&sha.best, &mufasa, RFC_CNONCE),
			 "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""));
	cr_assert(strstr(answer(&sha.best, &mufasa, RFC_CNONCE), "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""));
	cr_assert(strstr(answer(&sha.best, &mufasa, RFC_CNONCE), "qop=auth, nc=00000001"));
}

/* The same with SHA-512/256, reckoned by another program. */
Test(digest, answers_sha_512_256)
{
	struct digest_offer o = offer(RFC_OFFER("SHA-512-256"), false);

	cr_assert(o.usable);
	cr_assert(strstr(answer(&o.best, &mufasa, RFC_CNONCE),
			 "response=\"430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0\""));
	cr_assert(strstr(answer(&o.best, &mufasa, RFC_CNONCE), "algorithm=SHA-512-256"));
}

Test(digest, answers_without_qop_as_in_rfc_2069)
{
	struct digest_who who = {"Mufasa", "CircleOfLife", "GET", "/dir/index.html"};
	struct digest_offer o = offer("Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"", true);
	const char *text;

	cr_assert(o.usable);
	text = answer(&o.best, &who, "unused");
	cr_assert(strstr(text, "response=\"1949323746fe6a43ef61f9606e7febea\""), "%s", text);
	cr_assert(!strstr(text, "algorithm") && !strstr(text, "qop") && !strstr(text, "nc=") && !strstr(text, "cnonce"));
}

Test(digest, takes_the_strongest_that_is_allowed)
{
	static const struct {
		const char *value;
		bool allow_md5, usable;
		enum digest_algorithm algorithm;
		const char *why;
	} cases[] = {
		{"Digest realm=r, nonce=n", true, true, DIGEST_MD5},
		{"Digest realm=r, nonce=n", false, false, DIGEST_MD5, "allow_md5"},
		{"Digest realm=\"r\", nonce=\"1\", algorithm=MD5, Digest realm=\"r\", nonce=\"2\", algorithm=SHA-256", true, true, DIGEST_SHA256},
		{"Digest realm=\"r\", nonce=\"2\", algorithm=SHA-256, Digest realm=\"r\", nonce=\"1\", algorithm=MD5", true, true, DIGEST_SHA256},
		{"Digest realm=\"r\", nonce=\"2\", algorithm=SHA-256, Digest realm=\"r\", nonce=\"1\", algorithm=SHA-512-256", true, true, DIGEST_SHA512_256},
		{"Digest realm=\"r\" nonce=\"2\" algorithm=SHA-512-256", false, true, DIGEST_SHA512_256},
		{"Digest realm=\"r\", nonce=\"2\", algorithm=\"sha-256\"", false, true, DIGEST_SHA256},
		{"Basic realm=\"x\", Digest realm=\"r\", nonce=\"n\"", true, true, DIGEST_MD5},
		{"Basic realm=\"x\"", true, false, DIGEST_MD5, "Basic"},
		{"Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512", true, false, DIGEST_MD5, "SHA-256, MD5"},
		{"Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"", true, false, DIGEST_MD5, "SHA-256, MD5"},
		{"Digest realm=\"r\"", true, false, DIGEST_MD5, "SHA-256, MD5"},
		{"Digest nonce=\"n\"", true, false, DIGEST_MD5, "SHA-256, MD5"},
		{"Digest realm=\"never closed, nonce=\"n", true, false, DIGEST_MD5, "SHA-256, MD5"},
		{"", true, false, DIGEST_MD5, "no way"},
		{",,, ,", true, false, DIGEST_MD5, "no way"},
		{"NTLM TlRMTVNTUAAC==", true, false, DIGEST_MD5, "SHA-256, MD5"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct digest_offer o = offer(cases[i].value, cases[i].allow_md5);

		cr_expect_eq(o.usable, cases[i].usable, "%s", cases[i].value);
		if (o.usable)
			cr_expect_eq(o.best.algorithm, cases[i].algorithm, "%s", cases[i].value);
		else
			cr_expect(strstr(digest_offer_why(&o), cases[i].why), "%s: %s", cases[i].value, digest_offer_why(&o));
	}
}

Test(digest, answers_basic_within_bounds)
{
	static const struct {
		const char *user, *password, *text;
	} cases[] = {
		{"Aladdin", "open sesame", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
		{"user", "", "Basic dXNlcjo="},
		{"us:er", "x", NULL},
		{"user", "a\nb", NULL},
	};
	char out[DIGEST_HEADER_MAX], longest[DIGEST_USER_MAX + 2];
	struct wr w;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		w = wr_init(out, sizeof out);
		cr_expect_eq(digest_answer_basic(&w, cases[i].user, cases[i].password), cases[i].text ? 0 : -EINVAL);
		cr_expect(!cases[i].text || (w.len == strlen(cases[i].text) && !memcmp(out, cases[i].text, w.len)));
	}
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = 0;
	cr_expect_eq(digest_answer_basic(&w, longest, ""), -EINVAL);
	w = wr_init(out, 10);
	cr_expect_eq(digest_answer_basic(&w, "user", "password"), -ENOBUFS);
}

Test(digest, puts_several_headers_together)
{
	struct digest_offer o = {0};

	digest_offer_add(&o, span_str("Basic realm=\"a\""), true);
	digest_offer_add(&o, span_str("Digest realm=\"a\", nonce=\"1\", algorithm=\"MD5\""), true);
	digest_offer_add(&o, span_str("Digest realm=\"a\", nonce=\"2\", algorithm=\"SHA-256\", stale=TRUE"), true);
	cr_assert(o.usable && o.basic && o.stale);
	cr_assert_str_eq(o.best.nonce, "2");
}

Test(digest, undoes_and_redoes_quoted_pairs)
{
	struct digest_offer o = offer("Digest realm=\"a \\\"b\\\" \\\\c, d=\", nonce=\"n\\,1\"", true);

	cr_assert(o.usable);
	cr_assert_str_eq(o.best.realm, "a \"b\" \\c, d=");
	cr_assert_str_eq(o.best.nonce, "n,1");
	cr_assert(strstr(answer(&o.best, &mufasa, "c"), "realm=\"a \\\"b\\\" \\\\c, d=\", nonce=\"n,1\""));
}

Test(digest, refuses_what_is_too_long_or_has_control_bytes)
{
	char text[2 * DIGEST_NONCE_MAX], value[sizeof text + 64];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = 0;
	snprintf(value, sizeof value, "Digest realm=\"r\", nonce=\"%s\"", text);
	cr_expect(!offer(value, true).usable);
	cr_expect(!offer("Digest realm=\"a\nb\", nonce=\"n\"", true).usable);
	cr_expect(!offer("Digest realm=\"a\x1b]0;\", nonce=\"n\"", true).usable);
}

Test(digest, lets_no_line_end_out)
{
	struct digest_challenge c = {.realm = "r", .nonce = "n"};
	struct digest_who who = {"user\r\nX: y", "p", "PLAY", "rtsp://192.0.2.1/"};
	char out[DIGEST_HEADER_MAX];
	struct wr w = wr_init(out, sizeof out);

	cr_assert_eq(digest_answer(&w, &c, &who, 1, "c"), -EINVAL);
	who.user = "user";
	w = wr_init(out, 20);
	cr_assert_eq(digest_answer(&w, &c, &who, 1, "c"), -ENOBUFS);
}

Test(digest, verifies_its_own_answers_and_no_others)
{
	for (int a = 0; a < DIGEST_ALGORITHMS; a++)
		for (int qop = 0; qop < 2; qop++) {
			struct digest_challenge c = {.algorithm = (enum digest_algorithm)a, .algorithm_named = true, .qop_auth = qop,
				.realm = "cams \"1\"", .nonce = "abc"};
			struct digest_who who = {"user", "secret", "DESCRIBE", "rtsp://192.0.2.1/1"}, other = who;
			struct span value = span_str(answer(&c, &who, "cn"));

			cr_expect_eq(digest_verify(value, c.realm, c.nonce, &who), 0);
			cr_expect_eq(digest_verify(value, c.realm, "abd", &who), -ESTALE);
			cr_expect_eq(digest_verify(value, "cams", c.nonce, &who), -EACCES);
			other.password = "Secret";
			cr_expect_eq(digest_verify(value, c.realm, c.nonce, &other), -EACCES);
			other = who;
			other.user = "user2";
			cr_expect_eq(digest_verify(value, c.realm, c.nonce, &other), -EACCES);
			other = who;
			other.method = "SETUP";
			cr_expect_eq(digest_verify(value, c.realm, c.nonce, &other), -EACCES);
			other = who;
			other.uri = "rtsp://192.0.2.1/2";
			cr_expect_eq(digest_verify(value, c.realm, c.nonce, &other), -EACCES);
			other.uri = NULL;
			cr_expect_eq(digest_verify(value, c.realm, c.nonce, &other), 0);
		}
}

Test(digest, verifies_nothing_that_is_not_an_answer)
{
	static const char *const values[] = {"", "Basic dXNlcjpwYXNz", "Digest", "Digest username=\"user\"", "Digest nonce=\"n\", response=\"\"",
		"Digest nonce=\"n\" Digest nonce=\"n\"", "Digest nonce=\"n", "Digest =,"};
	struct digest_who who = {"user", "p", "PLAY", NULL};

	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		cr_expect_lt(digest_verify(span_str(values[i]), "r", "n", &who), 0, "%s", values[i]);
}

Test(digest, challenges_can_be_read_back)
{
	struct digest_challenge c = {.algorithm = DIGEST_SHA256, .algorithm_named = true, .qop_auth = true, .stale = true,
		.realm = "a \"b\" \\", .nonce = "0123", .opaque = "o", .has_opaque = true};
	char out[DIGEST_HEADER_MAX];
	struct wr w = wr_init(out, sizeof out);
	struct digest_offer o = {0};

	cr_assert_eq(digest_write_challenge(&w, &c), 0);
	digest_offer_add(&o, span_of(out, w.len), false);
	cr_assert(o.usable && o.best.qop_auth && o.best.stale && o.best.has_opaque && o.best.algorithm == DIGEST_SHA256);
	cr_assert_str_eq(o.best.realm, c.realm);
	cr_assert_str_eq(o.best.nonce, c.nonce);
	cr_assert_str_eq(o.best.opaque, c.opaque);
}

/* RFC 7616 3.9.1, by what the password comes to alone. */
Test(digest, checks_by_the_hash_of_name_realm_and_password)
{
	static const char *const names[] = {[DIGEST_MD5] = "MD5", [DIGEST_SHA256] = "SHA-256", [DIGEST_SHA512_256] = "SHA-512-256"};

	for (int a = 0; a < DIGEST_ALGORITHMS; a++) {
		char value[600];
		struct digest_offer o;
		struct digest_claim c, other;
		uint8_t ha1[DIGEST_HA1_MAX] = {0}, wrong[DIGEST_HA1_MAX] = {0};

		snprintf(value, sizeof value, "Digest realm=\"" RFC_REALM "\", qop=\"auth\", algorithm=%s, nonce=\"" RFC_NONCE "\"", names[a]);
		o = offer(value, true);
		cr_assert(o.usable);
		cr_assert_eq(digest_read(span_str(answer(&o.best, &mufasa, RFC_CNONCE)), &c), 0);
		cr_expect(c.algorithm == (enum digest_algorithm)a && c.qop_auth && digest_count(&c) == 1);
		cr_expect_str_eq(c.user, "Mufasa");
		cr_expect_str_eq(c.realm, RFC_REALM);
		cr_expect_str_eq(c.nonce, RFC_NONCE);
		cr_expect_str_eq(c.uri, "/dir/index.html");
		cr_assert_eq(digest_ha1((enum digest_algorithm)a, "Mufasa", RFC_REALM, "Circle of Life", ha1), 0);
		cr_expect_eq(digest_check(&c, ha1, "GET"), 0);
		cr_expect_eq(digest_check(&c, ha1, "PUT"), -EACCES);
		cr_expect_eq(digest_check(&c, wrong, "GET"), -EACCES);
		other = c;
		strcpy(other.nc, "00000002");
		cr_expect_eq(digest_check(&other, ha1, "GET"), -EACCES);
		cr_expect_eq(digest_count(&other), 2);
		other = c;
		other.response[0] ^= 1;
		cr_expect_eq(digest_check(&other, ha1, "GET"), -EACCES);
	}
}

Test(digest, counts_only_what_can_be_counted)
{
	static const struct { const char *nc; bool qop; uint32_t count; } c[] = {
		{"00000001", true, 1}, {"ffFFffff", true, UINT32_MAX}, {"00000000", true, 0}, {"1", true, 0}, {"0000000g", true, 0}, {"", true, 0},
		{"00000001", false, 0},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct digest_claim claim = {.qop_auth = c[i].qop};

		strcpy(claim.nc, c[i].nc);
		cr_expect_eq(digest_count(&claim), c[i].count, "%zu", i);
	}
}
