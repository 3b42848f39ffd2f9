/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conversations with the server engine; the host only takes notes. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "net/digest.h"
#include "net/rtsp_login.h"
#include "net/rtsp_message.h"
#include "net/rtsp_server.h"

static struct notes {
	unsigned plays, teardowns, setups;
	struct rtsp_server_transport last;
	char path[RTSP_SERVER_PATH_MAX];
	unsigned pauses;
	int setup_rc, play_rc, describe_rc, login_rc;
} notes;

#define NONCE "0a0b0c"
static const struct rtsp_server_login *whom;

static int login(void *ctx, const struct rtsp_server_ask *ask)
{
	if (notes.login_rc)
		return notes.login_rc;
	return whom && rtsp_login_check(whom, NONCE, ask) ? -EACCES : 0;
}

static void challenge(void *ctx, struct buf *to)
{
	rtsp_login_challenge(to, whom->realm, NONCE, (1u << DIGEST_ALGORITHMS) - 1, false);
}

static int describe(void *ctx, const char *path, struct buf *sdp)
{
	if (notes.describe_rc)
		return notes.describe_rc;
	return !strcmp(path, "/1") || !strcmp(path, "/") ? buf_append_str(sdp, "v=0\r\n") : -ENOENT;
}

static int setup(void *ctx, const char *path, unsigned track, const struct rtsp_server_transport *t, uint16_t ret_port[2], uint32_t *ret_ssrc)
{
	notes.setups++;
	notes.last = *t;
	snprintf(notes.path, sizeof notes.path, "%s", path);
	ret_port[0] = 7000;
	ret_port[1] = 7001;
	*ret_ssrc = 0xabcd0000u + track;
	return notes.setup_rc;
}

static int play(void *ctx, struct rtsp_server_start start[RTSP_SERVER_TRACKS])
{
	if (notes.play_rc)
		return notes.play_rc;
	notes.plays++;
	start[0] = (struct rtsp_server_start){11, 22};
	start[1] = (struct rtsp_server_start){33, 44};
	return 0;
}

static void pause_sending(void *ctx)
{
	notes.pauses++;
}

static void teardown(void *ctx)
{
	notes.teardowns++;
}

static const struct rtsp_server_host host = {.login = login, .challenge = challenge, .describe = describe, .setup = setup, .play = play, .teardown = teardown};
static const struct rtsp_server_host inside = {.tcp_only = true, .describe = describe, .setup = setup, .play = play, .pause = pause_sending, .teardown = teardown};
static const uint8_t random_bytes[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
#define SESSION "01020304050607080900000000000000"
#define TCP "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"

static struct rtsp_server server;
static struct buf in, out;

static void begin_at(const struct rtsp_server_host *at, const struct rtsp_server_login *who)
{
	whom = who;
	notes = (struct notes){0};
	rtsp_server_init(&server, at, NULL, random_bytes);
	buf_init(&in, RTSP_INPUT_MAX);
	buf_init(&out, 2 * RTSP_SERVER_OUT_MAX);
}

static void begin(const struct rtsp_server_login *who)
{
	begin_at(&host, who);
}

static void end(void)
{
	rtsp_server_end(&server);
	buf_free(&in);
	buf_free(&out);
}

/* Sends a request with that CSeq and headers; the answer as a string, valid until the next. */
static const char *ask(const char *line, const char *headers)
{
	buf_clear(&out);
	buf_append_fmt(&in, "%s RTSP/1.0\r\nCSeq: 5\r\n%s\r\n", line, headers);
	cr_assert_eq(rtsp_server_feed(&server, &in, &out), 0, "%s", line);
	cr_assert_eq(in.len, 0);
	buf_append(&out, "", 1);
	out.len--;
	return (const char *)buf_data(&out);
}

static unsigned status(const char *line, const char *headers)
{
	struct rtsp_message m;
	const char *why;

	ask(line, headers);
	cr_assert_eq(rtsp_message_parse(buf_data(&out), out.len, &m, &why), 1);
	cr_assert_eq(m.size, out.len, "one answer");
	return m.status;
}

#define HAS(text, part) cr_expect(strstr(text, part), "no \"%s\" in:\n%s", part, text)

Test(rtsp_server, a_whole_visit)
{
	const char *a;

	begin(NULL);
	HAS(ask("OPTIONS *", ""), "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN\r\n");
	a = ask("DESCRIBE rtsp://h:1/1?x=y", "");
	HAS(a, "RTSP/1.0 200 OK\r\nCSeq: 5\r\n");
	HAS(a, "Content-Base: rtsp://h:1/1/\r\n");
	HAS(a, "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n");
	a = ask("SETUP rtsp://h:1/1/track0", TCP);
	HAS(a, "Session: " SESSION ";timeout=60\r\n");
	HAS(a, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=ABCD0000\r\n");
	cr_expect_str_eq(notes.path, "/1");
	a = ask("SETUP rtsp://h:1/1/track1", "Session: " SESSION "\r\nTransport: RTP/AVP;unicast;client_port=5000-5001\r\n");
	HAS(a, "Transport: RTP/AVP;unicast;client_port=5000-5001;server_port=7000-7001;ssrc=ABCD0001\r\n");
	cr_expect(notes.last.udp && notes.last.client_port[0] == 5000 && notes.last.client_port[1] == 5001);
	a = ask("PLAY rtsp://h:1/1/", "Session: " SESSION "\r\n");
	HAS(a, "RTP-Info: url=rtsp://h:1/1/track0;seq=11;rtptime=22,url=rtsp://h:1/1/track1;seq=33;rtptime=44\r\n");
	cr_expect_eq(notes.plays, 1);
	cr_expect_eq(status("GET_PARAMETER rtsp://h:1/1", "Session: " SESSION "\r\n"), 200);
	cr_expect_eq(status("PLAY rtsp://h:1/1", "Session: " SESSION "\r\n"), 200);
	cr_expect_eq(notes.plays, 1, "it plays already");
	cr_expect_eq(status("TEARDOWN rtsp://h:1/1", "Session: " SESSION "\r\n"), 200);
	cr_expect_eq(notes.teardowns, 1);
	cr_expect_eq(status("TEARDOWN rtsp://h:1/1", "Session: " SESSION "\r\n"), 454);
	end();
	cr_expect_eq(notes.teardowns, 1);
}

Test(rtsp_server, answers_by_rule)
{
	/* Each on a connection with track0 of /1 set up on channels 0-1. */
	static const struct { const char *line, *headers; unsigned status; } c[] = {
		{"DESCRIBE rtsp://h/2", "", 404}, {"DESCRIBE rtsp://h", "", 200}, {"DESCRIBE rtsp://h/", "", 200}, {"DESCRIBE /1", "", 200},
		{"DESCRIBE rtsp://h/1/", "", 200}, {"DESCRIBE http://h/1", "", 400}, {"DESCRIBE *", "", 400}, {"DESCRIBE rtsp://h/\x01", "", 400},
		{"DESCRIBE rtsp://h/01234567890123456789012345678901234567890123456789012345678901234567890123456789", "", 404},
		{"SETUP rtsp://h/1", TCP, 404}, {"SETUP rtsp://h/1/track2", TCP, 404}, {"SETUP rtsp://h/track1", TCP, 459},
		{"SETUP rtsp://h/1/track1", "", 461}, {"SETUP rtsp://h/1/track1", TCP, 461},
		{"SETUP rtsp://h/1/track1", "Transport: RTP/AVP/TCP;unicast;interleaved=1-2\r\n", 461},
		{"SETUP rtsp://h/1/track1", "Transport: RTP/AVP/TCP;unicast;interleaved=3-3\r\n", 461},
		{"SETUP rtsp://h/1/track1", "Transport: RTP/AVP/TCP;unicast;interleaved=254-255\r\n", 200},
		{"SETUP rtsp://h/1/track1", "Transport: RTP/AVP/TCP;unicast;interleaved=255-256\r\n", 461},
		{"SETUP rtsp://h/1/track1", "Transport: RTP/AVP/TCP;unicast\r\n", 200}, {"SETUP rtsp://h/1/track0", TCP, 200},
		{"SETUP rtsp://h/1/track1", "Transport: RTP/AVP;multicast;client_port=4-5\r\n", 461},
		{"SETUP rtsp://h/1/track1", "Transport: RTP/AVP;unicast\r\n", 461},
		{"SETUP rtsp://h/1/track1", "Transport: RTP/AVP;unicast;client_port=0-1\r\n", 461},
		{"SETUP rtsp://h/1/track1", "Transport: RTP/AVP;multicast,RTP/AVP/TCP;unicast;interleaved=2-3\r\n", 200},
		{"SETUP rtsp://h/1/track1", "Session: 1\r\n" TCP, 454},
		{"PLAY rtsp://h/1", "", 454}, {"PLAY rtsp://h/1", "Session: 0102030405060709\r\n", 454},
		{"PLAY rtsp://h/", "Session: " SESSION "\r\n", 404}, {"PLAY rtsp://h/1", "Session: " SESSION ";timeout=60\r\n", 200},
		{"TEARDOWN rtsp://h/1", "", 454}, {"GET_PARAMETER *", "Session: x\r\n", 454}, {"GET_PARAMETER *", "", 200},
		{"PAUSE rtsp://h/1", "Session: " SESSION "\r\n", 501}, {"RECORD rtsp://h/1", "", 501},
		{"DESCRIBE rtsps://h:8/1", "", 200}, {"SET_PARAMETER *", "", 200},
		{"PLAY rtsp://h/1", "Require: onvif-replay\r\n", 551},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		unsigned got;

		begin(NULL);
		cr_assert_eq(status("SETUP rtsp://h/1/track0", TCP), 200);
		got = status(c[i].line, c[i].headers);
		cr_expect_eq(got, c[i].status, "%s %s: %u", c[i].line, c[i].headers, got);
		end();
		cr_expect_eq(notes.teardowns, 1);
	}
}

Test(rtsp_server, order_matters)
{
	begin(NULL);
	cr_expect_eq(status("PLAY rtsp://h/1", "Session: " SESSION "\r\n"), 455);
	cr_expect_eq(status("TEARDOWN rtsp://h/1", "Session: " SESSION "\r\n"), 454);
	notes.setup_rc = -EMFILE;
	cr_expect_eq(status("SETUP rtsp://h/1/track0", TCP), 500);
	notes.setup_rc = -ENOENT;
	cr_expect_eq(status("SETUP rtsp://h/1/track0", TCP), 404);
	cr_expect_eq(status("GET_PARAMETER *", "Session: " SESSION "\r\n"), 454, "a failed SETUP makes no session");
	notes.setup_rc = 0;
	cr_expect_eq(status("SETUP rtsp://h/1/track0", TCP), 200);
	cr_expect_eq(status("PLAY rtsp://h/1", "Session: " SESSION "\r\n"), 200);
	cr_expect_eq(status("SETUP rtsp://h/1/track1", TCP), 455, "not while it plays");
	end();
	cr_expect_eq(notes.teardowns, 1, "the session ends with its connection");
}

/* A session's id is worth nothing on another connection, nor over HTTP. */
Test(rtsp_server, a_session_belongs_to_its_connection)
{
	static const uint8_t other_random[16] = {9};
	static const char *const methods[] = {"PLAY", "GET_PARAMETER", "TEARDOWN"};
	static const char tunnel[] = "GET /1 HTTP/1.0\r\nx-sessioncookie: " SESSION "\r\nAccept: application/x-rtsp-tunnelled\r\n\r\n";
	struct rtsp_server first;

	begin(NULL);
	cr_expect_eq(status("SETUP rtsp://h/1/track0", TCP), 200);
	first = server;
	rtsp_server_init(&server, &host, NULL, other_random);
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		char line[64];
		unsigned got;

		snprintf(line, sizeof line, "%s rtsp://h/1", methods[i]);
		got = status(line, "Session: " SESSION "\r\n");
		cr_expect(got == 454 || got == 455, "%s: %u", methods[i], got);
	}
	cr_expect_eq(status("SETUP rtsp://h/1/track0", TCP "Session: " SESSION "\r\n"), 454);
	buf_append(&in, tunnel, sizeof tunnel - 1);
	buf_clear(&out);
	cr_expect_eq(rtsp_server_feed(&server, &in, &out), -EBADMSG);
	cr_expect_eq(notes.plays + notes.teardowns, 0);
	server = first;
	buf_clear(&in);
	cr_expect_eq(status("PLAY rtsp://h/1", "Session: " SESSION "\r\n"), 200);
	end();
}

/* The same bytes in pieces of every size, with receiver reports and blank lines between: the same answers. */
Test(rtsp_server, pieces_do_not_matter)
{
	static const char talk[] =
		"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" "\r\n\r\nDESCRIBE rtsp://h/1 RTSP/1.0\r\nCSeq: 2\r\n\r\n"
		"SETUP rtsp://h/1/track0 RTSP/1.0\r\nCSeq: 3\r\n" TCP "\r\n" "$\1\0\4abcd" "\r\nPLAY rtsp://h/1 RTSP/1.0\r\nCSeq: 4\r\nSession: " SESSION "\r\n\r\n";
	struct buf whole;

	buf_init(&whole, RTSP_SERVER_OUT_MAX);
	for (size_t step = sizeof talk - 1; step >= 1; step--) {
		begin(NULL);
		for (size_t at = 0; at < sizeof talk - 1; at += step) {
			size_t n = sizeof talk - 1 - at < step ? sizeof talk - 1 - at : step;

			cr_assert_eq(buf_append(&in, talk + at, n), 0);
			cr_assert_eq(rtsp_server_feed(&server, &in, &out), 0);
		}
		if (!whole.len)
			cr_assert_eq(buf_append(&whole, buf_data(&out), out.len), 0);
		cr_expect(in.len == 0 && out.len == whole.len && !memcmp(buf_data(&out), buf_data(&whole), whole.len), "step %zu", step);
		cr_expect_eq(notes.plays, 1);
		end();
	}
	buf_free(&whole);
}

Test(rtsp_server, what_is_not_rtsp_ends_the_connection)
{
	static const char *const bad[] = {
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", "OPTIONS * RTSP/1.0\r\n\r\n",
		"OPTIONS * RTSP/1.0\r\nCSeq: -1\r\n\r\n", "\x16\x03\x01\r\n\r\n",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		begin(NULL);
		buf_append_str(&in, bad[i]);
		cr_expect_eq(rtsp_server_feed(&server, &in, &out), -EBADMSG, "%s", bad[i]);
		cr_expect(out.len > 12 && !memcmp(buf_data(&out), "RTSP/1.0 400", 12));
		end();
	}
}

/* Receiver reports come from who receives something. */
Test(rtsp_server, a_frame_before_anything_is_set_up_ends_the_connection)
{
	begin(NULL);
	buf_append(&in, "$\1\0\4abcd", 8);
	cr_expect_eq(rtsp_server_feed(&server, &in, &out), -EBADMSG);
	end();
}

Test(rtsp_server, floods_of_requests_end_the_connection)
{
	int e = 0;

	begin(NULL);
	while (!e) {
		if (buf_append_str(&in, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n")) {
			e = rtsp_server_feed(&server, &in, &out);
			cr_assert_leq(out.len, RTSP_SERVER_OUT_MAX);
			break;
		}
	}
	cr_expect_eq(e, -ENOBUFS);
	end();
}

/* Asks with the answer to the challenge of that number (0 is the first), as a client would. */
static unsigned log_in(unsigned choice, const char *user, const char *password, const char *uri)
{
	struct digest_who who = {.user = user, .password = password, .method = "DESCRIBE", .uri = uri};
	char header[DIGEST_HEADER_MAX + 32], value[DIGEST_HEADER_MAX] = "";
	struct wr w = wr_init(value, sizeof value - 1);
	struct digest_offer offer = {0};
	struct rtsp_message m;
	struct span challenge;
	const char *why;
	unsigned at = 0;

	ask("DESCRIBE rtsp://h/1", "");
	cr_assert_eq(rtsp_message_parse(buf_data(&out), out.len, &m, &why), 1);
	cr_assert_eq(m.status, 401);
	for (unsigned i = 0; i <= choice; i++)
		cr_assert(rtsp_message_next(&m, "WWW-Authenticate", &at, &challenge));
	digest_offer_add(&offer, challenge, true);
	cr_assert(offer.usable);
	cr_assert_eq(offer.best.algorithm, DIGEST_ALGORITHMS - 1 - choice, "strongest first");
	cr_assert_eq(digest_answer(&w, &offer.best, &who, 1, "0a4f113b"), 0);
	snprintf(header, sizeof header, "Authorization: %s\r\n", value);
	return status("DESCRIBE rtsp://h/1", header);
}

Test(rtsp_server, digest_lets_in_whom_it_should)
{
	static const struct rtsp_server_login who_is = {"a \"realm\"", "tom", "pass word"};

	for (unsigned choice = 0; choice < DIGEST_ALGORITHMS; choice++) {
		begin(&who_is);
		cr_expect_eq(status("OPTIONS *", ""), 200, "open to all");
		cr_expect_eq(status("SETUP rtsp://h/1/track0", TCP), 401);
		cr_expect_eq(status("GET_PARAMETER *", ""), 401);
		cr_expect_eq(log_in(choice, "tom", "pass word", "rtsp://h/1"), 200);
		cr_expect_eq(log_in(choice, "tom", "pass words", "rtsp://h/1"), 401);
		cr_expect_eq(log_in(choice, "tim", "pass word", "rtsp://h/1"), 401);
		cr_expect_eq(log_in(choice, "tom", "pass word", "rtsp://h/2"), 401, "made for another address");
		cr_expect_eq(status("DESCRIBE rtsp://h/1", "Authorization: Basic dG9tOnBhc3Mgd29yZA==\r\n"), 401);
		end();
	}
}

Test(rtsp_server, guessing_ends_the_connection)
{
	static const struct rtsp_server_login who_is = {"r", "tom", "p"};
	int e = 0;

	begin(&who_is);
	for (unsigned i = 1; !e; i++) {
		buf_append_str(&in, "DESCRIBE rtsp://h/1 RTSP/1.0\r\nCSeq: 1\r\n\r\n");
		e = rtsp_server_feed(&server, &in, &out);
		cr_assert_eq(e, i == RTSP_SERVER_REFUSALS ? -EACCES : 0);
	}
	end();
}

/* What serve is to it: no UDP, pauses, and answers that come later or not at all. */
Test(rtsp_server, a_host_may_need_time)
{
	static const struct { int rc; unsigned status; } c[] = {{-ENOENT, 404}, {-EBUSY, 503}, {-EIO, 500}};

	begin_at(&inside, NULL);
	cr_expect_eq(status("SETUP rtsp://h/1/track0", "Transport: RTP/AVP;unicast;client_port=5000-5001\r\n"), 461);
	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		notes.describe_rc = c[i].rc;
		cr_expect_eq(status("DESCRIBE rtsp://h/1", ""), c[i].status);
	}
	notes.describe_rc = -EAGAIN;
	buf_clear(&out);
	buf_append_str(&in, "DESCRIBE rtsp://h/1 RTSP/1.0\r\nCSeq: 7\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 8\r\n\r\n");
	for (int i = 0; i < 3; i++)
		cr_expect_eq(rtsp_server_feed(&server, &in, &out), RTSP_SERVER_WAITS);
	cr_expect_eq(out.len, 0, "what is behind it waits too");
	notes.describe_rc = 0;
	cr_expect_eq(rtsp_server_feed(&server, &in, &out), 0);
	cr_expect_eq(in.len, 0);
	cr_expect(memmem(buf_data(&out), out.len, "CSeq: 7", 7) && memmem(buf_data(&out), out.len, "CSeq: 8", 7));
	cr_expect_eq(status("SETUP rtsp://h/1/track0", TCP), 200);
	cr_expect_eq(status("PAUSE rtsp://h/1", ""), 454);
	notes.play_rc = -EBUSY;
	cr_expect_eq(status("PLAY rtsp://h/1", "Session: " SESSION "\r\n"), 503);
	notes.play_rc = 0;
	for (unsigned i = 1; i <= 2; i++) {
		cr_expect_eq(status("PLAY rtsp://h/1", "Session: " SESSION "\r\n"), 200);
		cr_expect_eq(status("PAUSE rtsp://h/1", "Session: " SESSION "\r\n"), 200);
		cr_expect_eq(status("PAUSE rtsp://h/1", "Session: " SESSION "\r\n"), 200);
		cr_expect(notes.plays == i && notes.pauses == i);
	}
	end();
}
