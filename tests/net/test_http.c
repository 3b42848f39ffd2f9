/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/http.h"

#define HOST "Host: example.com\r\n"

/* status 200: taken; 0: more bytes are needed; else refused with it. */
static const struct { const char *name, *text; unsigned status; } cases[] = {
	{"plain", "GET / HTTP/1.1\r\n" HOST "\r\n", 200},
	{"HEAD", "HEAD /x HTTP/1.1\r\n" HOST "\r\n", 200},
	{"POST", "POST /login HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 200},
	{"POST without a body", "POST /logout HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 200},
	{"a query", "GET /x?a=b&c=%20 HTTP/1.1\r\n" HOST "\r\n", 200},
	{"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 200},
	{"an empty line before", "\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 200},
	{"a value of bytes over 0x7f", "GET / HTTP/1.1\r\n" HOST "X: caf\xc3\xa9\r\n\r\n", 200},
	{"an empty value", "GET / HTTP/1.1\r\n" HOST "X:\r\n\r\n", 200},
	{"blanks around a value", "GET / HTTP/1.1\r\n" HOST "X: \t y \t\r\n\r\n", 200},
	{"Host with a port", "GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n", 200},
	{"no body on GET, said", "GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 200},

	{"nothing", "", 0},
	{"half a request line", "GET / HT", 0},
	{"half a line end", "GET / HTTP/1.1\r", 0},
	{"no empty line yet", "GET / HTTP/1.1\r\n" HOST, 0},
	{"half the empty line", "GET / HTTP/1.1\r\n" HOST "\r", 0},
	{"half a body", "POST /login HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nab", 0},
	{"half an empty line before", "\r", 0},

	{"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"bare LF", "GET / HTTP/1.1\n" HOST "\r\n", 400},
	{"bare LF after a header", "GET / HTTP/1.1\r\nHost: example.com\n\r\n", 400},
	{"bare LF at once", "\n", 400},
	{"bare LF as the empty line", "GET / HTTP/1.1\r\n" HOST "\n", 400},
	{"bare CR", "GET / HTTP/1.1\rX", 400},
	{"bare CR in a value", "GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400},
	{"CR CR LF", "GET / HTTP/1.1\r\n" HOST "X: a\r\r\n\r\n", 400},
	{"CR before", "\rGET / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"a control byte in a value", "GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n", 400},
	{"DEL in a value", "GET / HTTP/1.1\r\n" HOST "X: a\x7f\r\n\r\n", 400},
	{"a folded line", "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400},
	{"a folded line with a tab", "GET / HTTP/1.1\r\n" HOST "X: a\r\n\tb: c\r\n\r\n", 400},
	{"a folded first header", "GET / HTTP/1.1\r\n Host: example.com\r\n\r\n", 400},
	{"a blank before the colon", "GET / HTTP/1.1\r\nHost : example.com\r\n\r\n", 400},
	{"a tab before the colon", "GET / HTTP/1.1\r\n" HOST "Content-Length\t: 3\r\n\r\nabc", 400},
	{"no colon", "GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", 400},
	{"no name", "GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n", 400},
	{"a name that is no token", "GET / HTTP/1.1\r\n" HOST "X(y): x\r\n\r\n", 400},
	{"a name over 0x7f", "GET / HTTP/1.1\r\n" HOST "X\xff: x\r\n\r\n", 400},
	{"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
	{"two Hosts", "GET / HTTP/1.1\r\n" HOST "host: other\r\n\r\n", 400},
	{"two equal Hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400},
	{"two Hosts, 1.0", "GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400},
	{"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
	{"a Host with a blank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
	{"a Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
	{"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
	{"a list of Hosts", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400},
	{"two lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400},
	{"two equal lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
	{"a list of lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\nabc", 400},
	{"length with a sign", "POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nabcde", 400},
	{"negative length", "POST / HTTP/1.1\r\n" HOST "Content-Length: -5\r\n\r\nabcde", 400},
	{"length in hex", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\nabcde", 400},
	{"length with a leading zero", "POST / HTTP/1.1\r\n" HOST "Content-Length: 05\r\n\r\nabcde", 400},
	{"length of 2^64", "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551616\r\n\r\n", 400},
	{"empty length", "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400},
	{"length and coding", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", 400},
	{"a body on GET", "GET / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 400},
	{"a body on HEAD", "HEAD / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 400},
	{"no version", "GET /\r\n" HOST "\r\n", 400},
	{"HTTP/0.9", "GET /\r\n\r\n", 400},
	{"a version that is none", "GET / HTTP/x.1\r\n" HOST "\r\n", 400},
	{"a version in lower case", "GET / http/1.1\r\n" HOST "\r\n", 400},
	{"a version of two digits", "GET / HTTP/1.10\r\n" HOST "\r\n", 400},
	{"two blanks", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"two blanks before the version", "GET /  HTTP/1.1\r\n" HOST "\r\n", 400},
	{"a blank after the version", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400},
	{"a tab instead of a blank", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400},
	{"a blank in the target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400},
	{"no method", " / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"a method that is no token", "G(T / HTTP/1.1\r\n" HOST "\r\n", 400},
	{"an absolute target", "GET http://example.com/ HTTP/1.1\r\n" HOST "\r\n", 400},
	{"an asterisk", "GET * HTTP/1.1\r\n" HOST "\r\n", 400},
	{"a target without slash", "GET index.html HTTP/1.1\r\n" HOST "\r\n", 400},
	{"a fragment", "GET /#x HTTP/1.1\r\n" HOST "\r\n", 400},
	{"a backslash", "GET /\\x HTTP/1.1\r\n" HOST "\r\n", 400},
	{"a byte over 0x7f in the target", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 400},
	{"half an escape", "GET /%2 HTTP/1.1\r\n" HOST "\r\n", 400},
	{"an escape that is none", "GET /%zz HTTP/1.1\r\n" HOST "\r\n", 400},
	{"TLS on top of TLS", "\x16\x03\x01\x02", 400},

	{"DELETE", "DELETE / HTTP/1.1\r\n" HOST "\r\n", 405},
	{"get in lower case", "get / HTTP/1.1\r\n" HOST "\r\n", 405},
	{"OPTIONS", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 405},
	{"CONNECT", "CONNECT x:1 HTTP/1.1\r\n" HOST "\r\n", 405},
	{"POST without length", "POST / HTTP/1.1\r\n" HOST "\r\n", 411},
	{"a body too large", "POST / HTTP/1.1\r\n" HOST "Content-Length: 4097\r\n\r\n", 413},
	{"a body of 2^62", "POST / HTTP/1.1\r\n" HOST "Content-Length: 4611686018427387904\r\n\r\n", 413},
	{"Expect", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n", 417},
	{"chunked", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n", 501},
	{"identity", "GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", 501},
	{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
	{"HTTP/1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 505},
	{"HTTP/3.0", "GET / HTTP/3.0\r\n" HOST "\r\n", 505},
};

static unsigned outcome(const uint8_t *p, size_t n, struct http_progress *at, struct http_request *r)
{
	struct http_refusal bad = {0, NULL};
	int rc = http_parse(p, n, at, r, &bad);

	if (rc >= 0)
		return rc ? 200 : 0;
	cr_assert_eq(rc, -EBADMSG);
	cr_assert_not_null(bad.why);
	return bad.status;
}

static unsigned whole(const char *text, size_t n, struct http_request *r)
{
	struct http_progress at = {0};

	return outcome((const uint8_t *)text, n, &at, r);
}

Test(http, gives_each_violation_its_status)
{
	struct http_request r;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(whole(cases[i].text, strlen(cases[i].text), &r), cases[i].status, "%s gave %u", cases[i].name,
			whole(cases[i].text, strlen(cases[i].text), &r));
}

Test(http, says_the_same_byte_by_byte)
{
	struct http_request r;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct http_progress at = {0};
		size_t n = strlen(cases[i].text);
		unsigned status = 0;

		for (size_t k = 0; k <= n && !status; k++)
			status = outcome((const uint8_t *)cases[i].text, k, &at, &r);
		cr_expect_eq(status, cases[i].status, "%s gave %u", cases[i].name, status);
	}
}

Test(http, refuses_a_nul)
{
	static const char in_value[] = "GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n", in_target[] = "GET /\0 HTTP/1.1\r\n" HOST "\r\n";
	struct http_request r;

	cr_assert_eq(whole(in_value, sizeof in_value - 1, &r), 400);
	cr_assert_eq(whole(in_target, sizeof in_target - 1, &r), 400);
}

Test(http, cuts_a_request_into_its_parts)
{
	static const char text[] = "POST /a/b?c=d?e HTTP/1.1\r\nHost: h:1\r\nX-One: 1\r\nx-one: 2\r\nContent-Length: 2\r\n\r\nhiGET";
	struct http_request r;
	struct span v;

	cr_assert_eq(whole(text, sizeof text - 1, &r), 200);
	cr_assert_eq(r.method, HTTP_POST);
	cr_assert(span_is(r.path, "/a/b"));
	cr_assert(span_is(r.query, "c=d?e"));
	cr_assert(span_is(r.host, "h:1"));
	cr_assert_eq(r.nheaders, 4);
	cr_assert(r.keep_alive);
	cr_assert(http_header(&r, "X-ONE", &v) && span_is(v, "1"));
	cr_assert(http_header_repeated(&r, "X-One"));
	cr_assert_not(http_header_repeated(&r, "Host"));
	cr_assert_not(http_header(&r, "X", &v));
	cr_assert_eq(r.body_len, 2);
	cr_assert_eq(memcmp(r.body, "hi", 2), 0);
	cr_assert_eq(r.size, sizeof text - 1 - 3);
}

Test(http, tells_no_query_from_an_empty_one)
{
	static const char none[] = "GET / HTTP/1.1\r\n" HOST "\r\n", empty[] = "GET /? HTTP/1.1\r\n" HOST "\r\n";
	struct http_request r;

	cr_assert_eq(whole(none, sizeof none - 1, &r), 200);
	cr_assert_null(r.query.p);
	cr_assert_eq(whole(empty, sizeof empty - 1, &r), 200);
	cr_assert(r.query.p && r.query.n == 0);
	cr_assert(span_is(r.path, "/"));
}

Test(http, knows_whether_the_connection_stays)
{
	static const struct { const char *text; bool stays; } table[] = {
		{"GET / HTTP/1.1\r\n" HOST "\r\n", true},
		{"GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", false},
		{"GET / HTTP/1.1\r\n" HOST "Connection: keep-alive, Close\r\n\r\n", false},
		{"GET / HTTP/1.1\r\n" HOST "Connection: keep-alive\r\nConnection: close\r\n\r\n", false},
		{"GET / HTTP/1.1\r\n" HOST "Connection: closer\r\n\r\n", true},
		{"GET / HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n\r\n", false},
	};
	struct http_request r;

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		cr_assert_eq(whole(table[i].text, strlen(table[i].text), &r), 200);
		cr_assert_eq(r.keep_alive, table[i].stays, "%zu", i);
	}
}

static size_t repeat(char *to, size_t n, const char *line)
{
	size_t len = strlen(line);

	for (size_t i = 0; i < n; i++)
		memcpy(to + i * len, line, len);
	return n * len;
}

Test(http, bounds_everything)
{
	static const struct { const char *before, *again; size_t times; const char *after; unsigned status; } table[] = {
		{"GET / HTTP/1.1\r\n" HOST, "X: y\r\n", 63, "\r\n", 200},
		{"GET / HTTP/1.1\r\n" HOST, "X: y\r\n", 64, "\r\n", 431},
		{"GET / HTTP/1.1\r\n" HOST, "X: y\r\n", 100000, "\r\n", 431},
		{"GET / HTTP/1.1\r\n" HOST "X: ", "y", 1 << 20, "\r\n\r\n", 431},
		{"GET / HTTP/1.1\r\n" HOST "X: ", "y", 16000, "\r\n\r\n", 200},
		{"GET / HTTP/1.1\r\n" HOST "X: ", "y", 16384, "", 431},
		{"GET /", "a", 4095, " HTTP/1.1\r\n" HOST "\r\n", 200},
		{"GET /", "a", 4096, " HTTP/1.1\r\n" HOST "\r\n", 414},
		{"GET /", "a", 1 << 20, " HTTP/1.1\r\n" HOST "\r\n", 414},
		{"GET /", "a", 5000, "", 414},
		{"", "A", 5000, "", 414},
	};
	char *text = malloc(2 << 20);
	struct http_request r;

	cr_assert(text);
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		size_t n = strlen(table[i].before);

		memcpy(text, table[i].before, n);
		n += repeat(text + n, table[i].times, table[i].again);
		memcpy(text + n, table[i].after, strlen(table[i].after));
		n += strlen(table[i].after);
		cr_expect_eq(whole(text, n, &r), table[i].status, "case %zu gave %u", i, whole(text, n, &r));
	}
	free(text);
}

Test(http, finds_a_cookie_or_none)
{
	static const struct { const char *lines, *value; } table[] = {
		{"Cookie: s=abc\r\n", "abc"},
		{"Cookie: a=1; s=abc; b=2\r\n", "abc"},
		{"Cookie: a=1\r\nCookie: s=abc\r\n", "abc"},
		{"Cookie: s=\r\n", ""},
		{"Cookie: s=a=b\r\n", "a=b"},
		{"Cookie: s=1; s=2\r\n", NULL},
		{"Cookie: s=1\r\nCookie: s=1\r\n", NULL},
		{"Cookie: xs=1; sx=2\r\n", NULL},
		{"Cookie: S=1\r\n", NULL},
		{"Cookie:\r\n", NULL},
		{"", NULL},
	};
	struct http_request r;
	char text[256];
	struct span v;

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		int n = snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" HOST "%s\r\n", table[i].lines);

		cr_assert_eq(whole(text, (size_t)n, &r), 200);
		cr_assert_eq(http_cookie(&r, "s", &v), table[i].value != NULL, "%zu", i);
		if (table[i].value)
			cr_assert(span_is(v, table[i].value), "%zu", i);
	}
}
