/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "net/rtsp_url.h"
#include "net/sdp.h"

static struct sdp sdp;
static const char *why;

static int parse(const char *text)
{
	return sdp_parse(text, strlen(text), &sdp, &why);
}

#define H264 "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
#define AAC "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/48000/2\r\n"
#define HBR "a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1190\r\n"

Test(sdp, reads_video_and_sound)
{
	cr_assert_eq(parse("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=x\r\nt=0 0\r\na=control:*\r\n" H264
			   "a=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets=Z00AH5WoFAFuQA==,aO48gA==\r\n"
			   "a=control:trackID=1\r\n" AAC HBR "a=control:rtsp://192.0.2.1/a?b=c&d\r\n"), 0);
	cr_assert_eq(sdp.nmedia, 2);
	cr_assert_str_eq(sdp.control, "*");
	cr_assert(sdp.media[0].codec == CODEC_H264 && sdp.media[0].kind == SDP_VIDEO && sdp.media[0].payload_type == 96);
	cr_assert(sdp.media[0].sps_len == 10 && sdp.media[0].pps_len == 4 && sdp.media[0].packetization_mode == 1);
	cr_assert_eq(memcmp(sdp.media[0].sps, "\x67\x4d\x00\x1f", 4), 0);
	cr_assert_str_eq(sdp.media[0].control, "trackID=1");
	cr_assert(sdp.media[1].codec == CODEC_AAC && sdp.media[1].clock_rate == 48000 && sdp.media[1].channels == 2);
	cr_assert(sdp.media[1].config_len == 2 && sdp.media[1].config[0] == 0x11 && sdp.media[1].config[1] == 0x90);
	cr_assert_str_eq(sdp.media[1].control, "rtsp://192.0.2.1/a?b=c&d");
}

Test(sdp, takes_attributes_in_any_order_and_lines_as_they_come)
{
	cr_assert_eq(parse("m=video 0 RTP/AVP 96\na=control:v\na=fmtp:96 sprop-parameter-sets=aO48gA,Z00AH5WoFAFuQA\nnonsense\n=\na\n"
			   "a=rtpmap:96 H264/90000 \na=framerate:0S\nm=audio 0 RTP/AVP 97\n" HBR "a=rtpmap:97 MPEG4-GENERIC/48000"), 0);
	cr_assert(sdp.media[0].codec == CODEC_H264 && sdp.media[0].sps_len == 10 && sdp.media[0].pps_len == 4);
	cr_assert(sdp.media[1].codec == CODEC_AAC && sdp.media[1].channels == 0);
}

Test(sdp, carries_only_what_is_on_the_list)
{
	static const struct {
		const char *text, *name, *why;
	} cases[] = {
		{"m=video 0 RTP/AVP 96\r\na=rtpmap:96 AV1/90000\r\n", "AV1", NULL},
		{"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n", "H265", NULL},
		{"m=video 0 RTP/AVP 96\r\na=rtpmap:97 H264/90000\r\n", "unknown", NULL},
		{"m=video 0 RTP/AVP 26\r\n", "JPEG", NULL},
		{"m=video 0 RTP/AVP\r\n", "video", NULL},
		{"m=video 0 RTP/AVP 300\r\na=rtpmap:300 H264/90000\r\n", "video", NULL},
		{"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/1000\r\n", "H264", "90000"},
		{H264 "a=fmtp:96 packetization-mode=2\r\n", "H264", "interleaved"},
		{"m=audio 0 RTP/AVP 0\r\na=control:x\r\n", "PCMU", NULL},
		{"m=audio 0 RTP/AVP 8\r\n", "PCMA", NULL},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n", "H264", NULL},
		{AAC "a=fmtp:97 mode=AAC-lbr;sizelength=6;indexlength=2;indexdeltalength=2;config=1190\r\n", "mpeg4-generic", "AAC-hbr"},
		{AAC, "mpeg4-generic", "AAC-hbr"},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/x\r\n" HBR, "mpeg4-generic", "clock rate"},
		{"m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n", "application", NULL},
		{"m=video 0 RTP/AVP 96\r\na=rtpmap:96 <script>\x1b]0;\"\xe2\x80\xae/90000\r\n", "_script___0_____", NULL},
		{"m=video 0 RTP/AVP 96\r\na=rtpmap:96 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/90000\r\n", "AAAAAAAAAAAAAAAAAAAAAAA", NULL},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_assert_eq(parse(cases[i].text), 0);
		cr_expect_eq(sdp.media[0].codec, CODEC_NONE, "%s", cases[i].text);
		cr_expect_str_eq(sdp.media[0].name, cases[i].name, "%s: %s", cases[i].text, sdp.media[0].name);
		cr_expect_eq(!!sdp.media[0].why, !!cases[i].why, "%s", cases[i].text);
		if (cases[i].why && sdp.media[0].why)
			cr_expect(strstr(sdp.media[0].why, cases[i].why), "%s: %s", cases[i].text, sdp.media[0].why);
	}
}

Test(sdp, leaves_out_parameters_that_cannot_be_read)
{
	struct buf b;

	cr_assert_eq(parse(H264 "a=fmtp:96 sprop-parameter-sets=!!!!,Z00=AH\r\na=control:a b\r\n"), 0);
	cr_expect(sdp.media[0].codec == CODEC_H264 && sdp.media[0].sps_len == 0 && sdp.media[0].pps_len == 0);
	cr_expect_str_eq(sdp.media[0].control, "");
	cr_assert_eq(parse("m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/48000\r\n"
			   "a=fmtp:97 sizelength=13;indexlength=3;indexdeltalength=3;config=119\r\n"), 0);
	cr_expect(sdp.media[0].codec == CODEC_AAC && sdp.media[0].config_len == 0);

	/* One set of 3000 base64 letters: within the line, beyond a parameter set. */
	buf_init(&b, 8192);
	buf_append_str(&b, H264 "a=fmtp:96 sprop-parameter-sets=Z0");
	for (int i = 0; i < 3000; i++)
		buf_append_str(&b, "A");
	buf_append_str(&b, "\r\n");
	cr_assert_eq(sdp_parse(buf_data(&b), b.len, &sdp, &why), 0);
	cr_expect_eq(sdp.media[0].sps_len, 0);
	buf_free(&b);
}

static int parse_many(const char *head, const char *unit, size_t times)
{
	size_t n = strlen(head), k = strlen(unit);
	char *text = malloc(n + k * times + 1);
	int rc;

	memcpy(text, head, n);
	for (size_t i = 0; i < times; i++)
		memcpy(text + n + i * k, unit, k);
	rc = sdp_parse(text, n + k * times, &sdp, &why);
	free(text);
	return rc;
}

Test(sdp, bombs_are_refused)
{
	sdp.nmedia = 99;
	cr_expect_eq(parse(""), -EBADMSG);
	cr_expect_eq(parse_many("", "m=video 0 RTP/AVP 96\r\n", 17), -EBADMSG);
	cr_expect_eq(parse_many("", "m=x\r\n", 10000), -EBADMSG);
	cr_expect_eq(parse_many("a=", "x", SDP_LINE_MAX), -EBADMSG);
	cr_expect_eq(parse_many("a=fmtp:96 sprop-parameter-sets=", "A", 60000), -EBADMSG);
	cr_expect_eq(parse_many("", "a=b\r\n", 1u << 18), -EBADMSG);
	cr_expect_eq(sdp_parse("v=0\0\r\n", 6, &sdp, &why), -EBADMSG);
	cr_expect_eq(sdp.nmedia, 99, "output was touched");
	cr_expect_eq(parse_many("", "m=video 0 RTP/AVP 96\r\n", 16), 0);
	cr_expect_eq(parse_many("", "a=b\r\n", SDP_MAX_BYTES / 5), 0);
}

Test(rtsp_url, keeps_the_configured_host)
{
	static const char own[] = "rtsp://192.0.2.1:8554/cam?ch=1";
	static const struct {
		const char *base, *control, *url;
	} cases[] = {
		{"", "*", "rtsp://192.0.2.1:8554/cam?ch=1"},
		{"", "", "rtsp://192.0.2.1:8554/cam?ch=1"},
		{"", "trackID=1", "rtsp://192.0.2.1:8554/cam?ch=1/trackID=1"},
		{"rtsp://192.0.2.1:8554/cam/", "trackID=1", "rtsp://192.0.2.1:8554/cam/trackID=1"},
		{"rtsp://192.0.2.1:8554/cam", "/trackID=1", "rtsp://192.0.2.1:8554/cam/trackID=1"},
		{"rtsp://192.0.2.1:8554/cam/", "/trackID=1", "rtsp://192.0.2.1:8554/cam/trackID=1"},
		{"rtsp://127.0.0.2/evil/", "trackID=1", "rtsp://192.0.2.1:8554/evil/trackID=1"},
		{"rtsp://user:pw@127.0.0.2:99/evil/", "*", "rtsp://192.0.2.1:8554/evil/"},
		{"rtsp://192.0.2.1:8554/cam/", "rtsp://127.0.0.2/t?a=b", "rtsp://192.0.2.1:8554/t?a=b"},
		{"rtsp://192.0.2.1:8554/cam/", "http://127.0.0.2/t", "rtsp://192.0.2.1:8554/t"},
		{"rtsp://192.0.2.1:8554/cam/", "rtsp://127.0.0.2", "rtsp://192.0.2.1:8554/"},
		{"rtsp://192.0.2.1:8554/cam/", "rtsp://127.0.0.2?x", "rtsp://192.0.2.1:8554/?x"},
		{"192.168.1.10:554/stream0/", "trackID=1", "rtsp://192.0.2.1:8554/stream0/trackID=1"},
		{"/stream0", "trackID=1", "rtsp://192.0.2.1:8554/stream0/trackID=1"},
		{"192.168.1.10:554", "trackID=1", "rtsp://192.0.2.1:8554/trackID=1"},
		{"//127.0.0.2/x", "t", "rtsp://192.0.2.1:8554//127.0.0.2/x/t"},
		{"rtsp://192.0.2.1:8554/cam/", "a?u=rtsp://127.0.0.2/", "rtsp://192.0.2.1:8554/cam/a?u=rtsp://127.0.0.2/"},
	};
	char out[RTSP_URL_MAX + 1];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_assert_eq(rtsp_url_resolve(own, cases[i].base, cases[i].control, out), 0);
		cr_expect_str_eq(out, cases[i].url, "%s + %s: %s", cases[i].base, cases[i].control, out);
	}
}

Test(rtsp_url, refuses_what_would_break_a_line)
{
	char out[RTSP_URL_MAX + 1] = "before", longest[RTSP_URL_MAX + 1];

	cr_expect_eq(rtsp_url_resolve("rtsp://192.0.2.1/", "", "a b", out), -EINVAL);
	cr_expect_eq(rtsp_url_resolve("rtsp://192.0.2.1/", "", "a\r\nX:", out), -EINVAL);
	cr_expect_eq(rtsp_url_resolve("rtsp://192.0.2.1/", "rtsp://a/\x7f", "", out), -EINVAL);
	memset(longest, 'a', RTSP_URL_MAX);
	longest[RTSP_URL_MAX] = 0;
	cr_expect_eq(rtsp_url_resolve("rtsp://192.0.2.1/", "", longest, out), -ENOBUFS);
	cr_expect_str_eq(out, "before");
}
