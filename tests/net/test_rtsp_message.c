/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/rtsp_message.h"

static const char *why;

static int parse(const void *p, size_t n, struct rtsp_message *m)
{
	why = "";
	return rtsp_message_parse(p, n, m, &why);
}

static int parse_text(const char *s, struct rtsp_message *m)
{
	return parse(s, strlen(s), m);
}

static void expect_span(struct span s, const char *text)
{
	cr_expect(span_is(s, text), "\"%.*s\" is not \"%s\"", (int)s.n, s.p, text);
}

Test(rtsp_message, reads_what_cameras_send)
{
	static const struct {
		const char *text;
		unsigned status, headers;
		size_t body;
	} cases[] = {
		{"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", 200, 1, 0},
		{"RTSP/1.0 200\r\nCSeq: 1\r\n\r\n", 200, 1, 0},
		{"RTSP/1.0  404  Stream Not Found\r\n\r\n", 404, 0, 0},
		{"RTSP/1.0 200 OK\nCSeq: 1\nSession: 5\n\n", 200, 2, 0},
		{"\r\n\r\n\nRTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", 200, 1, 0},
		{"rtsp/1.0 401 Unauthorized\r\nCSeq: 1 \r\n\r\n", 401, 1, 0},
		{"RTSP/1.0 200 OK\r\nno colon at all\r\n folded: line\r\nCseq : 3\r\n\r\n", 200, 1, 0},
		{"RTSP/1.0 200 OK\r\nContent-length: 3\r\n\r\nv=0", 200, 1, 3},
		{"RTSP/1.0 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nv=0", 200, 2, 3},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rtsp_message m;
		size_t n = strlen(cases[i].text);

		cr_assert_eq(parse_text(cases[i].text, &m), 1, "%s: %s", cases[i].text, why);
		cr_expect_eq(m.kind, RTSP_RESPONSE);
		cr_expect_eq(m.status, cases[i].status);
		cr_expect_eq(m.nheaders, cases[i].headers, "%s", cases[i].text);
		cr_expect_eq(m.body_len, cases[i].body);
		cr_expect_eq(m.size, n);
		for (size_t cut = 0; cut < n; cut++)
			cr_expect_eq(parse(cases[i].text, cut, &m), 0, "%s cut at %zu", cases[i].text, cut);
	}
}

Test(rtsp_message, refuses_what_cannot_be_followed)
{
	static const struct {
		const char *text, *why;
		int rc;
	} cases[] = {
		{"HTTP/1.1 200 OK\r\n\r\n", "not an RTSP", -EBADMSG},
		{"RTSP/2.0 200 OK\r\n\r\n", "not an RTSP", -EBADMSG},
		{"RTSP/1.0 99 Low\r\n\r\n", "not an RTSP", -EBADMSG},
		{"RTSP/1.0 1000 High\r\n\r\n", "not an RTSP", -EBADMSG},
		{"RTSP/1.0 -20 Odd\r\n\r\n", "not an RTSP", -EBADMSG},
		{"RTSP/1.0 2x0 Odd\r\n\r\n", "not an RTSP", -EBADMSG},
		{"a=control:x\r\n\r\n", "not an RTSP", -EBADMSG},
		{"options * RTSP/1.0\r\n\r\n", "not an RTSP", -EBADMSG},
		{"OPTIONS\r\n\r\n", "not an RTSP", -EBADMSG},
		{"RTSP/1.0 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "different", -EPROTO},
		{"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length", -EPROTO},
		{"RTSP/1.0 200 OK\r\nContent-Length: +5\r\n\r\n", "Content-Length", -EPROTO},
		{"RTSP/1.0 200 OK\r\nContent-Length: 0x10\r\n\r\n", "Content-Length", -EPROTO},
		{"RTSP/1.0 200 OK\r\nContent-Length: 65537\r\n\r\n", "Content-Length", -EPROTO},
		{"RTSP/1.0 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "Content-Length", -EPROTO},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rtsp_message m = {.status = 77};

		cr_expect_eq(parse_text(cases[i].text, &m), cases[i].rc, "%s", cases[i].text);
		cr_expect(strstr(why, cases[i].why), "%s: %s", cases[i].text, why);
		cr_expect_eq(m.status, 77, "output was touched: %s", cases[i].text);
	}
	cr_expect_eq(parse("RTSP/1.0 200 OK\r\nA: \0\r\n\r\n", 26, &(struct rtsp_message){0}), -EPROTO);
	cr_expect_eq(parse("A: \0\r\n\r\n", 8, &(struct rtsp_message){0}), -EBADMSG);
}

static int parse_made(const char *unit, size_t times, bool end)
{
	char *text = calloc(1, 64 + times * strlen(unit));
	struct rtsp_message m;
	int rc;

	strcpy(text, "RTSP/1.0 200 OK\r\n");
	for (size_t i = 0, at = strlen(text); i < times; i++, at += strlen(unit))
		strcpy(text + at, unit);
	if (end)
		strcat(text, "\r\n");
	rc = parse_text(text, &m);
	free(text);
	return rc;
}

Test(rtsp_message, is_bounded)
{
	cr_expect_eq(parse_made("A: b\r\n", RTSP_HEADERS_MAX, true), 1);
	cr_expect_eq(parse_made("A: b\r\n", RTSP_HEADERS_MAX + 1, true), -EPROTO);
	cr_expect_eq(parse_made("A", RTSP_LINE_MAX, false), 0);
	cr_expect_eq(parse_made("A", RTSP_LINE_MAX + 1, false), -EPROTO);
	cr_expect_eq(parse_made("no colon here, and none there\r\n", 500, true), 1);
	cr_expect_eq(parse_made("no colon here, and none there\r\n", 540, false), -EPROTO);
	cr_expect_eq(parse_made("no colon here, and none there\r\n", 100000, false), -EPROTO);
}

Test(rtsp_message, finds_frames_between_messages)
{
	static const uint8_t bytes[] = "\r\n$\1\0\3abc$\377\0\0RTSP/1.0 200 OK\r\nX: $\1\0\2\r\n\r\n$\2\0\1z";
	size_t at = 0, n = sizeof bytes - 1;
	struct rtsp_message m;

	/* The NUL inside the header refuses that message, not the frames before it. */
	cr_assert_eq(parse(bytes, n, &m), 1);
	cr_assert(m.kind == RTSP_FRAME && m.channel == 1 && m.body_len == 3 && m.size == 9);
	cr_assert_eq(memcmp(m.body, "abc", 3), 0);
	at += m.size;
	cr_assert_eq(parse(bytes + at, n - at, &m), 1);
	cr_assert(m.kind == RTSP_FRAME && m.channel == 255 && m.body_len == 0 && m.size == 4);
	at += m.size;
	cr_assert_eq(parse(bytes + at, n - at, &m), -EPROTO);
	cr_assert_eq(parse("$\0\377\377a", 5, &m), 0);
	cr_assert_eq(parse("$", 1, &m), 0);
}

Test(rtsp_message, a_body_may_hold_anything)
{
	static const char text[] = "RTSP/1.0 200 OK\r\nContent-Length: 8\r\n\r\n$\0\0\1\r\n\r\nRTSP/1.0 404 x\r\n\r\n";
	struct rtsp_message m;

	cr_assert_eq(parse(text, sizeof text - 1, &m), 1);
	cr_assert_eq(m.body_len, 8);
	cr_assert_eq(parse(text + m.size, sizeof text - 1 - m.size, &m), 1);
	cr_assert_eq(m.status, 404);
}

Test(rtsp_message, takes_a_short_body_when_asked_to)
{
	static const char text[] = "RTSP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nv=0\r\n";
	struct rtsp_message m;

	cr_assert_eq(parse(text, sizeof text - 1, &m), 0);
	cr_assert_eq(rtsp_message_parse_short((const uint8_t *)text, sizeof text - 1, &m, &why), 1);
	cr_assert_eq(m.body_len, 5);
	cr_assert_eq(rtsp_message_parse_short((const uint8_t *)text, 20, &m, &why), 0);
}

Test(rtsp_message, headers_are_found_by_any_case)
{
	struct rtsp_message m;
	struct span v;
	unsigned at = 0;
	uint32_t cseq;

	cr_assert_eq(parse_text("RTSP/1.0 401 No\r\nWWW-authenticate: a\r\nCSEQ: 7\r\nwww-Authenticate:\tb \r\n\r\n", &m), 1);
	cr_assert(rtsp_message_next(&m, "WWW-Authenticate", &at, &v));
	expect_span(v, "a");
	cr_assert(rtsp_message_next(&m, "WWW-Authenticate", &at, &v));
	expect_span(v, "b");
	cr_assert(!rtsp_message_next(&m, "WWW-Authenticate", &at, &v));
	cr_assert(!rtsp_message_header(&m, "Session", &v));
	cr_assert_eq(rtsp_message_cseq(&m, &cseq), 0);
	cr_assert_eq(cseq, 7);
}

Test(rtsp_message, reads_requests)
{
	struct rtsp_message m;
	uint32_t cseq;

	cr_assert_eq(parse_text("SET_PARAMETER rtsp://192.0.2.1/a b RTSP/1.0\r\n\r\n", &m), -EBADMSG);
	cr_assert_eq(parse_text("SET_PARAMETER rtsp://192.0.2.1/a RTSP/1.0\r\nCSeq: x\r\n\r\n", &m), 1);
	cr_assert_eq(m.kind, RTSP_REQUEST);
	expect_span(m.method, "SET_PARAMETER");
	expect_span(m.uri, "rtsp://192.0.2.1/a");
	cr_assert_eq(rtsp_message_cseq(&m, &cseq), -EBADMSG);
}

Test(rtsp_message, reads_transports)
{
	static const struct {
		const char *text;
		int rc;
		bool tcp;
		int a, b;
	} cases[] = {
		{"RTP/AVP/TCP;unicast;interleaved=0-1", 0, true, 0, 1},
		{"RTP/AVP/TCP;unicast;interleaved=4", 0, true, 4, 5},
		{"rtp/avp/tcp; unicast; interleaved = 2-3 ; ssrc= d6d6627", 0, true, 2, 3},
		{"RTP/AVP/TCP;unicast;destination=192.0.2.9;source=192.0.2.1;interleaved=6-7;mode=\"play\"", 0, true, 6, 7},
		{"RTP/AVP/TCP", 0, true, -1, -1},
		{"RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001", 0, false, -1, -1},
		{"RTP/AVP/TCP;interleaved=255", -EBADMSG, false, 0, 0},
		{"RTP/AVP/TCP;interleaved=0-256", -EBADMSG, false, 0, 0},
		{"RTP/AVP/TCP;interleaved=x", -EBADMSG, false, 0, 0},
		{"RTP/SAVP;interleaved=0-1", -EBADMSG, false, 0, 0},
		{"", -ENOENT, false, 0, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rtsp_transport t;
		struct span list = span_str(cases[i].text);

		cr_assert_eq(rtsp_transport_next(&list, &t), cases[i].rc, "%s", cases[i].text);
		if (cases[i].rc)
			continue;
		cr_expect_eq(t.tcp, cases[i].tcp, "%s", cases[i].text);
		cr_expect(t.channel[0] == cases[i].a && t.channel[1] == cases[i].b, "%s", cases[i].text);
	}
}

Test(rtsp_message, writes_what_it_reads)
{
	struct rtsp_message m;
	struct buf b;
	struct span v;
	uint32_t cseq;

	buf_init(&b, 4096);
	cr_assert_eq(rtsp_write_response(&b, 461, 9), 0);
	cr_assert_eq(rtsp_write_header(&b, "Session", "%s;timeout=%d", "abc", 60), 0);
	cr_assert_eq(rtsp_write_end(&b, "application/sdp", "v=0\r\n", 5), 0);
	cr_assert_eq(parse(buf_data(&b), b.len, &m), 1);
	cr_assert(m.status == 461 && m.body_len == 5 && m.size == b.len);
	cr_assert_eq(rtsp_message_cseq(&m, &cseq), 0);
	cr_assert_eq(cseq, 9);
	cr_assert(rtsp_message_header(&m, "session", &v));
	expect_span(v, "abc;timeout=60");
	buf_free(&b);
}

Test(rtsp_message, writes_no_second_line)
{
	struct buf b;

	buf_init(&b, 4096);
	cr_expect_eq(rtsp_write_header(&b, "X", "%s", "a\r\nY: b"), -EINVAL);
	cr_expect_eq(rtsp_write_header(&b, "X", "%s", "a\nb"), -EINVAL);
	cr_expect_eq(rtsp_write_request(&b, "PLAY", "rtsp://a\r\n", 1), -EINVAL);
	cr_expect_eq(b.len, 0);
	buf_free(&b);
}
