/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/http.h"

#include <errno.h>

#include "base/text.h"

#define REQUEST_LINE_MAX (HTTP_TARGET_MAX + 24)  /* method, blanks and version beside the target */

enum { TOKEN = 1, TARGET = 2, TEXT = 4, HOST = 8 };

/* RFC 9110 5.6.2 token, RFC 3986 path and query, RFC 9110 5.5 field value, RFC 3986 host and port. */
static const uint8_t class_of[256] = {
	['\t'] = TEXT, [' '] = TEXT,
	['0' ... '9'] = TOKEN | TARGET | TEXT | HOST, ['A' ... 'Z'] = TOKEN | TARGET | TEXT | HOST, ['a' ... 'z'] = TOKEN | TARGET | TEXT | HOST,
	['!'] = TOKEN | TARGET | TEXT, ['"'] = TEXT, ['#'] = TOKEN | TEXT, ['$'] = TOKEN | TARGET | TEXT, ['%'] = TOKEN | TARGET | TEXT,
	['&'] = TOKEN | TARGET | TEXT, ['\''] = TOKEN | TARGET | TEXT, ['('] = TARGET | TEXT, [')'] = TARGET | TEXT, ['*'] = TOKEN | TARGET | TEXT,
	['+'] = TOKEN | TARGET | TEXT, [','] = TARGET | TEXT, ['-'] = TOKEN | TARGET | TEXT | HOST, ['.'] = TOKEN | TARGET | TEXT | HOST,
	['/'] = TARGET | TEXT, [':'] = TARGET | TEXT | HOST, [';'] = TARGET | TEXT, ['<'] = TEXT, ['='] = TARGET | TEXT, ['>'] = TEXT,
	['?'] = TARGET | TEXT, ['@'] = TARGET | TEXT, ['['] = TEXT | HOST, ['\\'] = TEXT, [']'] = TEXT | HOST, ['^'] = TOKEN | TEXT,
	['_'] = TOKEN | TARGET | TEXT | HOST, ['`'] = TOKEN | TEXT, ['{'] = TEXT, ['|'] = TOKEN | TEXT, ['}'] = TEXT,
	['~'] = TOKEN | TARGET | TEXT, [0x80 ... 0xff] = TEXT,
};

static bool all(struct span s, uint8_t class)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(class_of[(uint8_t)s.p[i]] & class))
			return false;
	return true;
}

static int refuse(struct http_refusal *r, unsigned status, const char *why)
{
	*r = (struct http_refusal){status, why};
	return -EBADMSG;
}

/* Bytes that may stand nowhere in a head are refused as they come, not only when the head ends. */
static int look_at_byte(const uint8_t *p, size_t i, struct http_refusal *bad)
{
	bool after_cr = i && p[i - 1] == '\r';

	if (p[i] == '\n')
		return after_cr ? 0 : refuse(bad, 400, "a line that ends in a bare LF");
	if (after_cr)
		return refuse(bad, 400, "a bare CR");
	return p[i] == '\r' || class_of[p[i]] & TEXT ? 0 : refuse(bad, 400, "a control byte");
}

/* Finds the empty line: 1 with at->head_end behind it, 0 for more, or refused. */
static int find_end(const uint8_t *p, size_t n, struct http_progress *at, struct http_refusal *bad)
{
	for (; at->seen < n; at->seen++) {
		size_t i = at->seen;
		int rc = look_at_byte(p, i, bad);

		if (rc)
			return rc;
		if (i >= HTTP_HEAD_MAX)
			return refuse(bad, 431, "a head that is too large");
		if (!at->line_end && i >= REQUEST_LINE_MAX)
			return refuse(bad, 414, "a request line that is too long");
		if (p[i] != '\n')
			continue;
		if (!at->line_end) {
			at->line_end = i + 1;
		} else if (i >= 3 && p[i - 2] == '\n') {
			at->head_end = i + 1;
			at->seen = i + 1;
			return 1;
		}
	}
	return 0;
}

static int parse_version(struct span v, unsigned *ret_minor, struct http_refusal *bad)
{
	if (v.n != 8 || memcmp(v.p, "HTTP/", 5) != 0 || v.p[5] < '0' || v.p[5] > '9' || v.p[6] != '.' || v.p[7] < '0' || v.p[7] > '9')
		return refuse(bad, 400, "a request line that does not end in a version");
	if (v.p[5] != '1' || v.p[7] > '1')
		return refuse(bad, 505, "a version that is not spoken here");
	*ret_minor = (unsigned)(v.p[7] - '0');
	return 0;
}

static int parse_method(struct span m, enum http_method *ret, struct http_refusal *bad)
{
	static const char *const name[] = {[HTTP_GET] = "GET", [HTTP_HEAD] = "HEAD", [HTTP_POST] = "POST"};

	if (!m.n || !all(m, TOKEN))
		return refuse(bad, 400, "a method that is no token");
	for (unsigned i = 0; i < sizeof name / sizeof *name; i++) {
		if (span_is(m, name[i])) {
			*ret = (enum http_method)i;
			return 0;
		}
	}
	return refuse(bad, 405, "a method that is not known here");
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static int parse_target(struct span t, struct http_request *r, struct http_refusal *bad)
{
	if (t.n > HTTP_TARGET_MAX)
		return refuse(bad, 414, "a target that is too long");
	if (!t.n || t.p[0] != '/')
		return refuse(bad, 400, "a target that is no path");
	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] == '%' && (t.n - i < 3 || !is_hex(t.p[i + 1]) || !is_hex(t.p[i + 2])))
			return refuse(bad, 400, "a bad escape in the target");
	if (!all(t, TARGET))
		return refuse(bad, 400, "a byte that may not stand in a target");
	r->path = span_cut(&t, '?');
	r->query = r->path.p + r->path.n < t.p ? t : (struct span){NULL, 0};
	return 0;
}

static int parse_request_line(struct span line, struct http_request *r, unsigned *ret_minor, struct http_refusal *bad)
{
	struct span method = span_cut(&line, ' '), target = span_cut(&line, ' ');
	int rc = parse_version(line, ret_minor, bad);

	if (!rc)
		rc = parse_method(method, &r->method, bad);
	return rc ? rc : parse_target(target, r, bad);
}

static int parse_header(struct span line, struct http_request *r, struct http_refusal *bad)
{
	struct http_header *h = &r->header[r->nheaders];
	const char *colon = memchr(line.p, ':', line.n);

	if (line.p[0] == ' ' || line.p[0] == '\t')
		return refuse(bad, 400, "a folded header line");
	if (!colon || colon == line.p)
		return refuse(bad, 400, "a header line without a name");
	if (r->nheaders == HTTP_HEADERS_MAX)
		return refuse(bad, 431, "too many headers");
	h->name = span_of(line.p, (size_t)(colon - line.p));
	h->value = span_trim(span_skip(line, h->name.n + 1));
	if (!all(h->name, TOKEN))
		return refuse(bad, 400, "a header name that is no token");
	r->nheaders++;
	return 0;
}

static int parse_head(struct span head, struct http_request *r, unsigned *ret_minor, struct http_refusal *bad)
{
	struct span line;
	int rc;

	line = span_cut(&head, '\n');
	line.n--;  /* its CR; find_end saw that every LF has one */
	rc = parse_request_line(line, r, ret_minor, bad);
	while (!rc) {
		line = span_cut(&head, '\n');
		if (line.n <= 1)
			break;
		line.n--;
		rc = parse_header(line, r, bad);
	}
	return rc;
}

/* The one value of a header; 1, 0 when there is none, -EBADMSG when there are several. */
static int only(const struct http_request *r, const char *name, struct span *ret)
{
	if (!http_header(r, name, ret))
		return 0;
	return http_header_repeated(r, name) ? -EBADMSG : 1;
}

static int check_host(struct http_request *r, unsigned minor, struct http_refusal *bad)
{
	int there = only(r, "Host", &r->host);

	if (there < 0)
		return refuse(bad, 400, "more than one Host");
	if (!there && minor)
		return refuse(bad, 400, "no Host");
	if (there && (!r->host.n || !all(r->host, HOST)))
		return refuse(bad, 400, "a Host that is none");
	return 0;
}

static int check_length(const struct http_request *r, size_t *ret_body, struct http_refusal *bad)
{
	struct span length, coding;
	int has_length = only(r, "Content-Length", &length);
	uint64_t n = 0;

	if (has_length < 0)
		return refuse(bad, 400, "more than one Content-Length");
	if (has_length && text_u64(length.p, length.n, INT64_MAX, &n) < 0)
		return refuse(bad, 400, "a Content-Length that is no number");
	if (http_header(r, "Transfer-Encoding", &coding))
		return has_length ? refuse(bad, 400, "Content-Length beside Transfer-Encoding")
				  : refuse(bad, 501, "Transfer-Encoding is not taken");
	if (r->method != HTTP_POST && n)
		return refuse(bad, 400, "a body on GET or HEAD");
	if (r->method == HTTP_POST && !has_length)
		return refuse(bad, 411, "POST without Content-Length");
	if (n > HTTP_BODY_MAX)
		return refuse(bad, 413, "a body that is too large");
	*ret_body = (size_t)n;
	return 0;
}

static bool says_close(const struct http_request *r)
{
	for (unsigned i = 0; i < r->nheaders; i++) {
		struct span list = r->header[i].value;

		if (!span_is_nocase(r->header[i].name, "Connection"))
			continue;
		while (list.n)
			if (span_is_nocase(span_trim(span_cut(&list, ',')), "close"))
				return true;
	}
	return false;
}

static int check_request(struct http_request *r, unsigned minor, size_t *ret_body, struct http_refusal *bad)
{
	struct span expect;
	int rc = check_host(r, minor, bad);

	if (!rc)
		rc = check_length(r, ret_body, bad);
	if (!rc && http_header(r, "Expect", &expect))
		rc = refuse(bad, 417, "Expect is not met");
	r->keep_alive = minor && !says_close(r);
	r->takes_chunks = minor;
	return rc;
}

int http_parse(const uint8_t *p, size_t n, struct http_progress *at, struct http_request *ret, struct http_refusal *ret_refusal)
{
	size_t skip = n && p[0] == '\r' ? 2 : 0, body;
	unsigned minor = 0;
	int rc;

	if (skip && n < skip)
		return 0;
	if (skip && p[1] != '\n')
		return refuse(ret_refusal, 400, "a bare CR");
	if (!at->head_end) {
		rc = find_end(p + skip, n - skip, at, ret_refusal);
		if (rc <= 0)
			return rc;
	}
	ret->nheaders = 0;
	ret->host = ret->path = ret->query = (struct span){NULL, 0};
	rc = parse_head(span_of(p + skip, at->head_end), ret, &minor, ret_refusal);
	if (!rc)
		rc = check_request(ret, minor, &body, ret_refusal);
	if (rc)
		return rc;
	if (n - skip - at->head_end < body)
		return 0;
	ret->body = p + skip + at->head_end;
	ret->body_len = body;
	ret->size = skip + at->head_end + body;
	return 1;
}

static bool find_from(const struct http_request *r, const char *name, unsigned *at)
{
	size_t n = strlen(name);

	for (; *at < r->nheaders; (*at)++)
		if (r->header[*at].name.n == n && strncasecmp(r->header[*at].name.p, name, n) == 0)
			return true;
	return false;
}

bool http_header(const struct http_request *r, const char *name, struct span *ret)
{
	unsigned at = 0;

	if (!find_from(r, name, &at))
		return false;
	*ret = r->header[at].value;
	return true;
}

bool http_header_repeated(const struct http_request *r, const char *name)
{
	unsigned at = 0;

	return find_from(r, name, &at) && (at++, find_from(r, name, &at));
}

bool http_cookie(const struct http_request *r, const char *name, struct span *ret)
{
	struct span found = {NULL, 0};
	unsigned times = 0;

	for (unsigned at = 0; find_from(r, "Cookie", &at); at++) {
		struct span list = r->header[at].value;

		while (list.n) {
			struct span value = span_trim(span_cut(&list, ';')), key = span_cut(&value, '=');

			if (!span_is(key, name))
				continue;
			found = value;
			times++;
		}
	}
	if (times != 1)
		return false;
	*ret = found;
	return true;
}
