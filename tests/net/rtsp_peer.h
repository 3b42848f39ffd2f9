/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_NET_RTSP_PEER_H
#define TESTS_NET_RTSP_PEER_H
/* A scripted camera in memory: what it says is fed in, what the client says back is looked at. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/rtsp_client.h"

#define SECOND 1000000ll
#define SDP_VIDEO_ONLY "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=1\r\n"
#define SDP_BOTH SDP_VIDEO_ONLY "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000/2\r\n" \
	"a=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1190\r\na=control:trackID=2\r\n"
/* An interleaved frame with the smallest RTP packet, on channel 0: 16 bytes. */
#define MEDIA_FRAME "$\0\0\14\200\140\0\1\0\0\0\0\0\0\0\1"
#define DIGEST_SHA "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", algorithm=SHA-256\r\n"
#define DIGEST_PLAIN "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\"\r\n"

static struct rtsp_client *c;
static int64_t now;
static char said[16384];              /* all that the client sent since the last look */
static char events[4096];             /* "described playing media0:3 rtcp0:2 failed:silent done" */
static const char *failure;

static inline void look(void)
{
	static const char *const name[] = {[RTSP_CLIENT_DESCRIBED] = "described", [RTSP_CLIENT_PLAYING] = "playing",
		[RTSP_CLIENT_DONE] = "done"};
	struct buf *out = rtsp_client_out(c);
	struct rtsp_client_event e;

	while (rtsp_client_next(c, now, &e) == 1) {
		size_t at = strlen(events);

		at += (size_t)snprintf(events + at, sizeof events - at, "%s", at ? " " : "");
		if (e.kind == RTSP_CLIENT_MEDIA)
			snprintf(events + at, sizeof events - at, "%s%u:%zu", e.rtcp ? "rtcp" : "media", e.track, e.len);
		else if (e.kind == RTSP_CLIENT_FAILED)
			snprintf(events + at, sizeof events - at, "failed:%s", gap_why_name(e.why));
		else if (e.kind == RTSP_CLIENT_WANT_UDP)
			snprintf(events + at, sizeof events - at, "want-udp%u", e.track);
		else if (e.kind == RTSP_CLIENT_UDP_SERVER)
			snprintf(events + at, sizeof events - at, "udp%u:%u-%u", e.track, e.rtp_port, e.rtcp_port);
		else
			snprintf(events + at, sizeof events - at, "%s", name[e.kind]);
		if (e.kind == RTSP_CLIENT_FAILED)
			failure = e.text;
	}
	snprintf(said, sizeof said, "%.*s", (int)out->len, (const char *)buf_data(out));
	buf_clear(out);
}

static inline void say_bytes(const void *p, size_t n)
{
	rtsp_client_feed(c, p, n, now);
	look();
}

static inline void tick(int64_t us)
{
	now += us;
	rtsp_client_tick(c, now);
	look();
}

/* A reply to the request last seen, with its CSeq. */
static inline void reply(const char *status, const char *headers, const char *body)
{
	const char *cseq = strstr(said, "CSeq: ");
	char text[16384];
	int n;

	cr_assert(cseq, "nothing was asked: \"%s\"", said);
	n = snprintf(text, sizeof text, "RTSP/1.0 %s\r\nCSeq: %d\r\n%s", status, atoi(cseq + 6), headers);
	if (body)
		n += snprintf(text + n, sizeof text - (size_t)n, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
	else
		n += snprintf(text + n, sizeof text - (size_t)n, "\r\n");
	say_bytes(text, (size_t)n);
}

static inline void begin_with(struct rtsp_client_config config)
{
	config.url = config.url ? config.url : "rtsp://192.0.2.1:8554/cam";
	rtsp_client_free(&c);
	now = SECOND;
	events[0] = said[0] = 0;
	failure = "";
	cr_assert_eq(rtsp_client_new(&config, &c), 0);
	rtsp_client_start(c, now);
	look();
}

static inline void begin(const char *user, const char *password, bool allow_md5)
{
	begin_with((struct rtsp_client_config){.user = user, .password = password, .allow_md5 = allow_md5, .transport = RTSP_CLIENT_TCP});
}

static inline void end(void)
{
	rtsp_client_free(&c);
}

static inline bool asks(const char *what)
{
	return strstr(said, what) == said;
}

static inline bool has(const char *what)
{
	return strstr(said, what) != NULL;
}

static inline void to_describe(void)
{
	begin(NULL, NULL, true);
	cr_assert(asks("OPTIONS rtsp://192.0.2.1:8554/cam RTSP/1.0\r\nCSeq: 1\r\n"));
	reply("200 OK", "Public: OPTIONS, DESCRIBE, GET_PARAMETER\r\n", NULL);
	cr_assert(asks("DESCRIBE rtsp://192.0.2.1:8554/cam RTSP/1.0\r\nCSeq: 2\r\n"));
	cr_assert(has("Accept: application/sdp\r\n"));
}

static inline void to_play(const char *transport, const char *session)
{
	char headers[512];

	to_describe();
	reply("200 OK", "", SDP_VIDEO_ONLY);
	snprintf(headers, sizeof headers, "Transport: %s\r\nSession: %s\r\n", transport, session);
	reply("200 OK", headers, NULL);
}

static inline void to_media(void)
{
	to_play("RTP/AVP/TCP;unicast;interleaved=0-1", "abc;timeout=60");
	cr_assert(asks("PLAY "));
	reply("200 OK", "Session: abc\r\n", NULL);
	cr_assert_str_eq(events, "described playing");
	events[0] = 0;
}

#endif
