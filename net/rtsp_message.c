/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/rtsp_message.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/rd.h"
#include "base/text.h"

static int bad(const char **why, const char *text)
{
	*why = text;
	return -EBADMSG;
}

/* It began as a message, and is none: nobody can say where the next one begins. */
static int broken(const char **why, const char *text)
{
	*why = text;
	return -EPROTO;
}

/* One line without its end, stepped over; 0 when its end is not there yet. */
static int take_line(struct rd *r, struct span *ret, const char **why)
{
	size_t left = rd_left(r), within = left < RTSP_LINE_MAX + 1 ? left : RTSP_LINE_MAX + 1;
	const uint8_t *end = left ? memchr(r->p, '\n', within) : NULL;
	size_t n = end ? (size_t)(end - r->p) : within;

	if (n > RTSP_LINE_MAX)
		return broken(why, "line too long");
	if (n && memchr(r->p, 0, n))
		return broken(why, "NUL in a header");
	if (!end)
		return 0;
	*ret = span_of(rd_bytes(r, n + 1), n);
	assert(ret->p);
	if (ret->n && ret->p[ret->n - 1] == '\r')
		ret->n--;
	return 1;
}

static bool parse_status(struct span line, struct rtsp_message *m)
{
	struct span code = span_trim(span_skip(line, strlen("RTSP/1.0")));
	uint64_t status;

	if (!span_begins_nocase(line, "RTSP/1.") || line.n < 12)
		return false;
	code = span_cut(&code, ' ');
	if (text_u64(code.p, code.n, 999, &status) || status < 100)
		return false;
	m->kind = RTSP_RESPONSE;
	m->status = (unsigned)status;
	return true;
}

static bool parse_request(struct span line, struct rtsp_message *m)
{
	m->kind = RTSP_REQUEST;
	m->method = span_cut(&line, ' ');
	m->uri = span_cut(&line, ' ');
	for (size_t i = 0; i < m->method.n; i++)
		if (!((m->method.p[i] >= 'A' && m->method.p[i] <= 'Z') || m->method.p[i] == '_'))
			return false;
	return m->method.n && m->uri.n && span_begins_nocase(line, "RTSP/1.");
}

static int add_header(struct rtsp_message *m, struct span line, const char **why)
{
	struct span rest = line, name;

	if (line.p[0] == ' ' || line.p[0] == '\t' || !memchr(line.p, ':', line.n))
		return 1;
	if (m->nheaders == RTSP_HEADERS_MAX)
		return broken(why, "too many headers");
	name = span_trim(span_cut(&rest, ':'));
	m->header[m->nheaders++] = (struct rtsp_header){.name = name, .value = span_trim(rest)};
	return 1;
}

static int parse_block(struct rd *r, struct rtsp_message *m, const char **why)
{
	const uint8_t *begin = r->p;
	struct span line;
	int rc;

	for (bool first = true;; first = false) {
		rc = take_line(r, &line, why);
		if ((size_t)(r->p - begin) > RTSP_BLOCK_MAX || (rc == 0 && (size_t)(r->end - begin) > RTSP_BLOCK_MAX))
			return broken(why, "headers too long");
		if (rc <= 0)
			return rc < 0 && first ? -EBADMSG : rc;
		if (first)
			m->bare_lf = line.p[line.n] == '\n';
		if (first && !parse_status(line, m) && !parse_request(line, m))
			return bad(why, "not an RTSP message");
		if (!first && line.n == 0)
			return 1;
		if (!first && (rc = add_header(m, line, why)) < 0)
			return rc;
	}
}

static int body_length(const struct rtsp_message *m, size_t *ret, const char **why)
{
	uint64_t length = 0, other;
	unsigned at = 0, seen = 0;
	struct span v;

	while (rtsp_message_next(m, "Content-Length", &at, &v)) {
		if (rtsp_number(v, RTSP_BODY_MAX, &other))
			return broken(why, "Content-Length is no number or too large");
		if (seen++ && other != length)
			return broken(why, "two different Content-Length");
		length = other;
	}
	*ret = length;
	return 0;
}

/* Most messages are frames: the header table is left alone for them. */
static int parse_frame(const uint8_t *p, struct rd *r, struct rtsp_message *ret)
{
	uint8_t channel;
	uint16_t n;
	const uint8_t *body;

	rd_u8(r);
	channel = rd_u8(r);
	n = rd_u16(r);
	body = rd_bytes(r, n);
	if (r->bad)
		return 0;
	ret->kind = RTSP_FRAME;
	ret->nheaders = 0;
	ret->channel = channel;
	ret->body = body;
	ret->body_len = n;
	ret->size = (size_t)(r->p - p);
	return 1;
}

static int parse_text(const uint8_t *p, struct rd *r, bool may_be_short, struct rtsp_message *ret, const char **why)
{
	struct rtsp_message m = {0};
	int rc = parse_block(r, &m, why);
	struct span v;

	if (rc == 1)
		rc = body_length(&m, &m.body_len, why) ? -EPROTO : 1;
	if (rc != 1)
		return rc;
	if (may_be_short && !rtsp_message_header(&m, "Content-Length", &v))
		m.body_len = RTSP_BODY_MAX;
	if (may_be_short && m.body_len > rd_left(r))
		m.body_len = rd_left(r);
	m.body = rd_bytes(r, m.body_len);
	if (r->bad)
		return 0;
	m.size = (size_t)(r->p - p);
	*ret = m;
	return 1;
}

static int parse(const uint8_t *p, size_t n, bool may_be_short, struct rtsp_message *ret, const char **why)
{
	struct rd r = rd_init(p, n);

	while (rd_left(&r) && (*r.p == '\r' || *r.p == '\n') && r.p - p <= RTSP_LINE_MAX)
		rd_u8(&r);
	if (r.p - p > RTSP_LINE_MAX)
		return broken(why, "too many blank lines");
	if (rd_left(&r) == 0)
		return 0;
	return *r.p == '$' ? parse_frame(p, &r, ret) : parse_text(p, &r, may_be_short, ret, why);
}

int rtsp_message_parse(const uint8_t *p, size_t n, struct rtsp_message *ret, const char **why)
{
	return parse(p, n, false, ret, why);
}

int rtsp_message_parse_short(const uint8_t *p, size_t n, struct rtsp_message *ret, const char **why)
{
	return parse(p, n, true, ret, why);
}

bool rtsp_message_next(const struct rtsp_message *m, const char *name, unsigned *at, struct span *ret)
{
	for (; *at < m->nheaders; ++*at)
		if (span_is_nocase(m->header[*at].name, name)) {
			*ret = m->header[(*at)++].value;
			return true;
		}
	return false;
}

bool rtsp_message_header(const struct rtsp_message *m, const char *name, struct span *ret)
{
	unsigned at = 0;

	return rtsp_message_next(m, name, &at, ret);
}

int rtsp_number(struct span v, uint64_t max, uint64_t *ret)
{
	v = span_trim(v);
	if (v.n >= 2 && v.p[0] == '"' && v.p[v.n - 1] == '"')
		v = span_trim(span_of(v.p + 1, v.n - 2));
	while (v.n > 1 && v.p[0] == '0')
		v = span_skip(v, 1);
	return text_u64(v.p, v.n, max, ret);
}

bool rtsp_is_word(struct span v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] <= 0x20 || v.p[i] >= 0x7f)
			return false;
	return v.n > 0;
}

int rtsp_message_cseq(const struct rtsp_message *m, uint32_t *ret)
{
	struct span v;
	uint64_t n;

	if (!rtsp_message_header(m, "CSeq", &v))
		return -ENOENT;
	if (rtsp_number(v, UINT32_MAX, &n))
		return -EBADMSG;
	*ret = (uint32_t)n;
	return 0;
}

static bool parse_pair(struct span v, int max, int ret[2])
{
	struct span first = span_trim(span_cut(&v, '-')), second = span_trim(v);
	uint64_t a, b;

	if (text_u64(first.p, first.n, (uint64_t)max, &a))
		return false;
	b = a + 1;
	if (second.n && text_u64(second.p, second.n, (uint64_t)max, &b))
		return false;
	if (b > (uint64_t)max)
		return false;
	ret[0] = (int)a;
	ret[1] = (int)b;
	return true;
}

static bool transport_parameter(struct span one, struct rtsp_transport *t)
{
	struct span name = span_trim(span_cut(&one, '='));

	if (span_is_nocase(name, "multicast"))
		t->multicast = true;
	if (span_is_nocase(name, "interleaved"))
		return parse_pair(span_trim(one), 255, t->channel);
	if (span_is_nocase(name, "client_port"))
		return parse_pair(span_trim(one), 65535, t->client_port);
	if (span_is_nocase(name, "server_port"))
		return parse_pair(span_trim(one), 65535, t->server_port);
	return true;
}

int rtsp_transport_next(struct span *list, struct rtsp_transport *ret)
{
	struct rtsp_transport t = {.channel = {-1, -1}, .client_port = {-1, -1}, .server_port = {-1, -1}};
	struct span one, protocol;

	if (span_trim(*list).n == 0)
		return -ENOENT;
	one = span_cut(list, ',');
	protocol = span_trim(span_cut(&one, ';'));
	t.tcp = span_is_nocase(protocol, "RTP/AVP/TCP");
	if (!t.tcp && !span_is_nocase(protocol, "RTP/AVP") && !span_is_nocase(protocol, "RTP/AVP/UDP"))
		return -EBADMSG;
	while (one.n)
		if (!transport_parameter(span_cut(&one, ';'), &t))
			return -EBADMSG;
	*ret = t;
	return 0;
}

static bool one_line(const char *s)
{
	return strlen(s) <= RTSP_LINE_MAX && !strpbrk(s, "\r\n");
}

int rtsp_write_request(struct buf *b, const char *method, const char *uri, uint32_t cseq)
{
	if (!one_line(method) || !one_line(uri))
		return -EINVAL;
	return buf_append_fmt(b, "%s %s RTSP/1.0\r\nCSeq: %u\r\n", method, uri, cseq);
}

int rtsp_write_response(struct buf *b, unsigned status, uint32_t cseq)
{
	return buf_append_fmt(b, "RTSP/1.0 %u %s\r\nCSeq: %u\r\n", status, rtsp_reason(status), cseq);
}

int rtsp_write_header(struct buf *b, const char *name, const char *fmt, ...)
{
	char value[RTSP_LINE_MAX + 1];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(value, sizeof value, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof value || !one_line(name) || !one_line(value))
		return -EINVAL;
	return buf_append_fmt(b, "%s: %s\r\n", name, value);
}

int rtsp_write_end(struct buf *b, const char *content_type, const void *body, size_t n)
{
	int rc = 0;

	if (n)
		rc = buf_append_fmt(b, "Content-Type: %s\r\nContent-Length: %zu\r\n", content_type, n);
	if (!rc)
		rc = buf_append_str(b, "\r\n");
	if (!rc)
		rc = buf_append(b, body, n);
	return rc;
}

/* RFC 2326 7.1.1: those that a server here gives. */
static const struct {
	unsigned status;
	const char *reason;
} reasons[] = {
	{200, "OK"}, {400, "Bad Request"}, {401, "Unauthorized"}, {404, "Not Found"}, {405, "Method Not Allowed"},
	{413, "Request Entity Too Large"}, {414, "Request-URI Too Large"}, {453, "Not Enough Bandwidth"},
	{454, "Session Not Found"}, {455, "Method Not Valid in This State"}, {459, "Aggregate Operation Not Allowed"},
	{461, "Unsupported Transport"}, {500, "Internal Server Error"}, {501, "Not Implemented"},
	{503, "Service Unavailable"}, {505, "RTSP Version Not Supported"},
};

const char *rtsp_reason(unsigned status)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}
