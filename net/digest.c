/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/digest.h"

#include <errno.h>
#include <stdio.h>

#include <openssl/evp.h>

#include "base/rd.h"
#include "base/text.h"

#define HEX_MAX (2 * EVP_MAX_MD_SIZE + 1)

/* In the enum's order, weakest first. `hash` is OpenSSL's name. */
static const struct {
	const char *name, *hash;
	bool weak;
} algorithms[DIGEST_ALGORITHMS] = {
	[DIGEST_MD5] = {"MD5", "MD5", true},
	[DIGEST_SHA256] = {"SHA-256", "SHA256", false},
	[DIGEST_SHA512_256] = {"SHA-512-256", "SHA512-256", false},
};

static bool algorithm_of(struct span name, enum digest_algorithm *ret)
{
	for (int a = 0; a < DIGEST_ALGORITHMS; a++)
		if (span_is_nocase(name, algorithms[a].name)) {
			*ret = (enum digest_algorithm)a;
			return true;
		}
	return false;
}

/* A list of challenges or parameters, taken apart: RFC 9110 11.2 to 11.4. */

struct item {
	struct span scheme;               /* set when a new challenge begins here */
	struct span name, value;          /* a parameter; value as written, without its quotes */
	bool quoted;
};

static bool is_token(char c)
{
	return c > 0x20 && c < 0x7f && !strchr("()<>@,;:\\\"/[]?={}", c);
}

static void skip_blanks(struct span *s)
{
	while (s->n && strchr(" \t,", s->p[0]))
		*s = span_skip(*s, 1);
}

static struct span take_token(struct span *s)
{
	struct span t = *s;

	t.n = 0;
	while (t.n < s->n && is_token(s->p[t.n]))
		t.n++;
	*s = span_skip(*s, t.n);
	return t;
}

/* After the opening quote; false when it never ends. */
static bool take_quoted(struct span *s, struct span *ret)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->p[i] == '\\')
			i++;
		else if (s->p[i] == '"') {
			*ret = span_of(s->p, i);
			*s = span_skip(*s, i + 1);
			return true;
		}
	}
	return false;
}

static bool take_value(struct span *s, struct item *it)
{
	*s = span_skip(*s, 1);
	*s = span_trim(*s);
	if (s->n && s->p[0] == '"') {
		*s = span_skip(*s, 1);
		it->quoted = true;
		return take_quoted(s, &it->value);
	}
	/* Not only a token: some cameras leave the quotes out of a nonce or a URI. */
	it->value = *s;
	it->value.n = 0;
	while (it->value.n < s->n && !strchr(", \t\"", s->p[it->value.n]))
		it->value.n++;
	*s = span_skip(*s, it->value.n);
	return true;
}

/* The next scheme or parameter; false at the end or where the text cannot be followed. */
static bool take_item(struct span *s, struct item *ret)
{
	struct span word;

	*ret = (struct item){0};
	skip_blanks(s);
	word = take_token(s);
	if (word.n == 0)
		return false;
	*s = span_trim(*s);
	if (s->n && s->p[0] == '=') {
		ret->name = word;
		return take_value(s, ret);
	}
	ret->scheme = word;
	return true;
}

/* The text of a parameter, quoted pairs undone, into out[max + 1]; false when it does not fit or holds a control byte. */
static bool unescape(const struct item *it, char *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < it->value.n; i++) {
		unsigned char c;

		if (it->quoted && it->value.p[i] == '\\' && i + 1 < it->value.n)
			i++;
		c = (unsigned char)it->value.p[i];
		if (n == max || c < 0x20 || c == 0x7f)
			return false;
		out[n++] = (char)c;
	}
	out[n] = 0;
	return true;
}

static bool list_has(struct span list, const char *word)
{
	while (list.n)
		if (span_is_nocase(span_trim(span_cut(&list, ',')), word))
			return true;
	return false;
}

/* One challenge while it is being read. */
struct reading {
	bool digest, broken, has_realm, has_nonce, unknown, qop_named;
	struct digest_challenge c;
};

static void read_parameter(struct reading *r, const struct item *it)
{
	if (span_is_nocase(it->name, "realm"))
		r->has_realm = unescape(it, r->c.realm, DIGEST_REALM_MAX);
	else if (span_is_nocase(it->name, "nonce"))
		r->has_nonce = unescape(it, r->c.nonce, DIGEST_NONCE_MAX);
	else if (span_is_nocase(it->name, "opaque")) {
		r->c.has_opaque = unescape(it, r->c.opaque, DIGEST_OPAQUE_MAX);
		r->broken |= !r->c.has_opaque;
	} else if (span_is_nocase(it->name, "stale"))
		r->c.stale = span_is_nocase(it->value, "true");
	else if (span_is_nocase(it->name, "algorithm")) {
		r->c.algorithm_named = true;
		r->unknown = !algorithm_of(it->value, &r->c.algorithm);
	} else if (span_is_nocase(it->name, "qop")) {
		r->qop_named = it->value.n > 0;
		r->c.qop_auth = list_has(it->value, "auth");
	}
}

/* A challenge is read to its end: does it count, and is it stronger than the best so far? */
static void offer_take(struct digest_offer *o, const struct reading *r, bool allow_md5)
{
	if (!r->digest)
		return;
	o->digests++;
	o->stale |= r->c.stale;
	if (!r->unknown)
		o->algorithms |= 1u << r->c.algorithm;
	if (r->broken || !r->has_realm || !r->has_nonce || r->unknown || (r->qop_named && !r->c.qop_auth)) {
		o->unknown = true;
		return;
	}
	if (algorithms[r->c.algorithm].weak && !allow_md5) {
		o->md5_refused = true;
		return;
	}
	if (!o->usable || r->c.algorithm > o->best.algorithm)
		o->best = r->c;
	o->usable = true;
}

void digest_offer_add(struct digest_offer *o, struct span value, bool allow_md5)
{
	struct reading r = {0};
	struct item it;

	while (take_item(&value, &it)) {
		if (it.scheme.n) {
			offer_take(o, &r, allow_md5);
			o->challenges++;
			r = (struct reading){.digest = span_is_nocase(it.scheme, "Digest")};
			o->basic |= span_is_nocase(it.scheme, "Basic");
			o->unknown |= !r.digest && !span_is_nocase(it.scheme, "Basic");
		} else if (r.digest)
			read_parameter(&r, &it);
	}
	offer_take(o, &r, allow_md5);
}

const char *digest_offer_why(const struct digest_offer *o)
{
	if (o->md5_refused)
		return "the camera offers only MD5 digest, which allow_md5 forbids";
	if (o->unknown)
		return "the camera offers no digest that is known here (SHA-512-256, SHA-256, MD5)";
	if (o->basic && o->digests)
		return "the camera offers a digest that cannot be read, and Basic, which is never answered then";
	if (o->basic)
		return "the camera offers only Basic, which would show the password on the wire: turn Digest on in the camera, or give allow_basic";
	return "the camera wants a password but offers no way to give it";
}

/* H(a:b:c...) as hex (RFC 7616 3.3); NULL ends the list. */
static int hash_joined(enum digest_algorithm a, const char *const *part, char out[HEX_MAX])
{
	const EVP_MD *md = EVP_get_digestbyname(algorithms[a].hash);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	int ok = ctx && md && EVP_DigestInit_ex(ctx, md, NULL) == 1;

	for (unsigned i = 0; ok && part[i]; i++) {
		ok = i == 0 || EVP_DigestUpdate(ctx, ":", 1) == 1;
		ok = ok && EVP_DigestUpdate(ctx, part[i], strlen(part[i])) == 1;
	}
	ok = ok && EVP_DigestFinal_ex(ctx, sum, &n) == 1;
	if (ok)
		hex_encode(sum, n, out);
	EVP_MD_CTX_free(ctx);
	return ok ? 0 : -EIO;
}

/* RFC 7616 3.4.1 by A1's hash in hex; nc and cnonce are NULL in the form without qop. */
static int response_of(enum digest_algorithm a, const char *a1, const char *nonce, const char *nc, const char *cnonce, const char *method,
		       const char *uri, char out[HEX_MAX])
{
	char a2[HEX_MAX];
	const char *request[] = {method, uri, NULL};
	const char *with_qop[] = {a1, nonce, nc, cnonce, "auth", a2, NULL};
	const char *without[] = {a1, nonce, a2, NULL};
	int rc = hash_joined(a, request, a2);

	return rc ? rc : hash_joined(a, nc ? with_qop : without, out);
}

/* The same by the password. */
static int response(const struct digest_challenge *c, const struct digest_who *w, const char *nc, const char *cnonce, char out[HEX_MAX])
{
	char a1[HEX_MAX];
	const char *secret[] = {w->user, c->realm, w->password, NULL};
	int rc = hash_joined(c->algorithm, secret, a1);

	if (!rc)
		rc = response_of(c->algorithm, a1, c->nonce, nc, cnonce, w->method, w->uri, out);
	OPENSSL_cleanse(a1, sizeof a1);
	return rc;
}

static void write_quoted(struct wr *w, const char *name, const char *s)
{
	wr_str(w, name);
	wr_str(w, "=\"");
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			wr_u8(w, '\\');
		wr_u8(w, (uint8_t)*s);
	}
	wr_str(w, "\"");
}

static bool is_clean(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

int digest_answer(struct wr *w, const struct digest_challenge *c, const struct digest_who *who, uint32_t nc, const char *cnonce)
{
	char count[9], hex[HEX_MAX];
	int rc;

	if (!is_clean(who->user) || !is_clean(who->uri) || !is_clean(cnonce) || !is_clean(c->realm) || !is_clean(c->nonce))
		return -EINVAL;
	snprintf(count, sizeof count, "%08x", nc);
	rc = response(c, who, c->qop_auth ? count : NULL, cnonce, hex);
	if (rc)
		return rc;
	write_quoted(w, "Digest username", who->user);
	write_quoted(w, ", realm", c->realm);
	write_quoted(w, ", nonce", c->nonce);
	write_quoted(w, ", uri", who->uri);
	write_quoted(w, ", response", hex);
	if (c->algorithm_named)
		wr_fmt(w, ", algorithm=%s", algorithms[c->algorithm].name);
	if (c->has_opaque)
		write_quoted(w, ", opaque", c->opaque);
	if (c->qop_auth) {
		wr_fmt(w, ", qop=auth, nc=%s", count);
		write_quoted(w, ", cnonce", cnonce);
	}
	return w->bad ? -ENOBUFS : 0;
}

int digest_answer_basic(struct wr *w, const char *user, const char *password)
{
	char pair[2 * DIGEST_USER_MAX + 2], text[2 * sizeof pair];
	size_t n = strlen(user), m = strlen(password);
	int rc = -EINVAL;

	if (n <= DIGEST_USER_MAX && m <= DIGEST_USER_MAX && is_clean(user) && is_clean(password) && !strchr(user, ':')) {
		snprintf(pair, sizeof pair, "%s:%s", user, password);
		base64_encode(pair, n + 1 + m, text);
		wr_fmt(w, "Basic %s", text);
		rc = w->bad ? -ENOBUFS : 0;
		OPENSSL_cleanse(pair, sizeof pair);
		OPENSSL_cleanse(text, sizeof text);
	}
	return rc;
}

int digest_write_challenge(struct wr *w, const struct digest_challenge *c)
{
	write_quoted(w, "Digest realm", c->realm);
	write_quoted(w, ", nonce", c->nonce);
	if (c->algorithm_named)
		wr_fmt(w, ", algorithm=%s", algorithms[c->algorithm].name);
	if (c->qop_auth)
		wr_str(w, ", qop=\"auth\"");
	if (c->has_opaque)
		write_quoted(w, ", opaque", c->opaque);
	if (c->stale)
		wr_str(w, ", stale=true");
	return w->bad ? -ENOBUFS : 0;
}

static bool claim_parameter(struct digest_claim *c, const struct item *it)
{
	const struct {
		const char *name;
		char *out;
		size_t max;
	} texts[] = {
		{"username", c->user, DIGEST_USER_MAX}, {"realm", c->realm, DIGEST_REALM_MAX}, {"nonce", c->nonce, DIGEST_NONCE_MAX},
		{"uri", c->uri, DIGEST_URI_MAX}, {"response", c->response, sizeof c->response - 1}, {"cnonce", c->cnonce, DIGEST_NONCE_MAX},
		{"nc", c->nc, sizeof c->nc - 1},
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (span_is_nocase(it->name, texts[i].name))
			return unescape(it, texts[i].out, texts[i].max);
	if (span_is_nocase(it->name, "algorithm"))
		return algorithm_of(it->value, &c->algorithm);
	if (span_is_nocase(it->name, "qop"))
		return c->qop_auth = span_is_nocase(it->value, "auth");
	return true;
}

int digest_read(struct span value, struct digest_claim *ret)
{
	struct digest_claim c = {.algorithm = DIGEST_MD5};
	struct item it;

	if (value.n > DIGEST_HEADER_MAX || !take_item(&value, &it) || !span_is_nocase(it.scheme, "Digest"))
		return -EBADMSG;
	while (take_item(&value, &it))
		if (it.scheme.n || !claim_parameter(&c, &it))
			return -EBADMSG;
	if (value.n)
		return -EBADMSG;
	*ret = c;
	return 0;
}

uint32_t digest_count(const struct digest_claim *c)
{
	uint8_t b[4];
	struct rd r = rd_init(b, sizeof b);

	return c->qop_auth && !hex_decode(c->nc, strlen(c->nc), b, sizeof b) ? rd_u32(&r) : 0;
}

static int same_response(const struct digest_claim *c, const char *hex)
{
	return strlen(c->response) == strlen(hex) && text_same_secret(c->response, hex, strlen(hex)) ? 0 : -EACCES;
}

int digest_verify(struct span value, const char *realm, const char *nonce, const struct digest_who *who)
{
	struct digest_challenge c = {0};
	struct digest_claim a;
	struct digest_who w = *who;
	char hex[HEX_MAX];
	int rc;

	if (digest_read(value, &a))
		return -EBADMSG;
	if (strcmp(a.nonce, nonce))
		return -ESTALE;
	if (strcmp(a.realm, realm) || (who->uri && strcmp(a.uri, who->uri)))
		return -EACCES;
	c.algorithm = a.algorithm;
	memcpy(c.realm, a.realm, sizeof c.realm);
	memcpy(c.nonce, a.nonce, sizeof c.nonce);
	w.uri = a.uri;
	rc = response(&c, &w, a.qop_auth ? a.nc : NULL, a.cnonce, hex);
	if (!rc)
		rc = same_response(&a, hex);
	return !rc && strcmp(a.user, who->user) ? -EACCES : rc;
}

size_t digest_ha1_bytes(enum digest_algorithm a)
{
	return a == DIGEST_MD5 ? 16 : 32;
}

int digest_ha1(enum digest_algorithm a, const char *user, const char *realm, const char *password, uint8_t out[DIGEST_HA1_MAX])
{
	const char *part[] = {user, realm, password, NULL};
	char hex[HEX_MAX];
	int rc = hash_joined(a, part, hex);

	if (!rc)
		rc = hex_decode(hex, strlen(hex), out, digest_ha1_bytes(a));
	OPENSSL_cleanse(hex, sizeof hex);
	return rc;
}

int digest_check(const struct digest_claim *c, const uint8_t *ha1, const char *method)
{
	char a1[2 * DIGEST_HA1_MAX + 1], hex[HEX_MAX];
	int rc;

	hex_encode(ha1, digest_ha1_bytes(c->algorithm), a1);
	rc = response_of(c->algorithm, a1, c->nonce, c->qop_auth ? c->nc : NULL, c->cnonce, method, c->uri, hex);
	OPENSSL_cleanse(a1, sizeof a1);
	return rc ? rc : same_response(c, hex);
}
