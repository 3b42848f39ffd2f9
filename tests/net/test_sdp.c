/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
#define H265 "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n"
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
		{"m=video 0 RTP/AVP 96\r\na=rtpmap:96 JPEG2000/90000\r\n", "JPEG2000", NULL},
		{"m=video 0 RTP/AVP 96\r\na=rtpmap:97 H264/90000\r\n", "unknown", NULL},
		{"m=video 0 RTP/AVP 26\r\n", "JPEG", NULL},
		{"m=video 0 RTP/AVP\r\n", "video", NULL},
		{"m=video 0 RTP/AVP 300\r\na=rtpmap:300 H264/90000\r\n", "video", NULL},
		{"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/1000\r\n", "H264", "90000"},
		{H264 "a=fmtp:96 packetization-mode=2\r\n", "H264", "interleaved"},
		{H265 "a=fmtp:96 sprop-max-don-diff=2\r\n", "H265", "interleaved"},
		{H265 "a=fmtp:96 tx-mode=MRST\r\n", "H265", "several streams"},
		{"m=audio 0 RTP/AVP 9\r\na=control:x\r\n", "G722", NULL},
		{"m=audio 0 RTP/AVP 13\r\n", "unknown", NULL},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MP4A-LATM/48000\r\n", "MP4A-LATM", "LATM"},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 L16\r\n", "L16", "clock rate"},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 L16/48000/6\r\n", "L16", "channels"},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 OPUS/48000/8\r\n", "OPUS", "channels"},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 PCMA/999999\r\n", "PCMA", "clock rate"},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\n", "H264", NULL},
		{AAC "a=fmtp:97 mode=AAC-lbr;sizelength=6;indexlength=2;indexdeltalength=2;config=1190\r\n", "mpeg4-generic", "AAC-hbr"},
		{AAC "a=fmtp:97 sizelength=6;indexlength=2;indexdeltalength=2\r\n", "mpeg4-generic", "AAC-hbr"},
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

/* Of each the first that counts, whatever stands around it. */
Test(sdp, reads_sound_of_every_kind)
{
	static const struct {
		const char *text;
		enum codec codec;
		uint32_t rate;
		uint8_t channels, bits;
		bool aal2;
	} cases[] = {
		{"m=audio 0 RTP/AVP 0\r\na=control:x\r\n", CODEC_PCMU, 8000, 1, 0, false},
		{"m=audio 0 RTP/AVP 8\r\n", CODEC_PCMA, 8000, 1, 0, false},
		{"m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n", CODEC_PCMA, 8000, 1, 0, false},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 pcmu/16000/1\r\n", CODEC_PCMU, 16000, 1, 0, false},
		{"m=audio 0 RTP/AVP 2\r\n", CODEC_G726, 8000, 1, 4, false},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 G726-16/8000\r\n", CODEC_G726, 8000, 1, 2, false},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 G726-24/8000/1\r\n", CODEC_G726, 8000, 1, 3, false},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 g726-40\r\n", CODEC_G726, 8000, 1, 5, false},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 AAL2-G726-32/8000\r\n", CODEC_G726, 8000, 1, 4, true},
		{"m=audio 0 RTP/AVP 10\r\n", CODEC_L16, 44100, 2, 0, false},
		{"m=audio 0 RTP/AVP 11\r\n", CODEC_L16, 44100, 1, 0, false},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 L16/16000\r\n", CODEC_L16, 16000, 1, 0, false},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\na=fmtp:97 stereo=0\r\n", CODEC_OPUS, 48000, 2, 0, false},
		{"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/16000/1\r\n", CODEC_OPUS, 48000, 1, 0, false},
		{AAC, CODEC_AAC, 48000, 2, 0, false},
		{AAC "a=fmtp:97 mode=AAC-hbr;config=1190\r\n", CODEC_AAC, 48000, 2, 0, false},
		{AAC "a=fmtp:97 streamtype=5; profile-level-id=15; mode=aac-HBR; sizeLength=13; config=1190; profile=1;\r\n", CODEC_AAC, 48000, 2, 0, false},
		{"m=audio 0 RTP/AVP 0 8 101\r\n", CODEC_PCMU, 8000, 1, 0, false},
		{"m=audio 0 RTP/AVP 13 9 8\r\n", CODEC_PCMA, 8000, 1, 0, false},
		{"a=x\r\nm=audio\t0  RTP/AVP  101 97\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=rtpmap: 97  L16 / 8000 / 2\r\n",
			CODEC_L16, 8000, 2, 0, false},
		{"  m=AUDIO 0 RTP/AVP 97\n a = rtpmap:97 L16/8000\n a=rtpmap : 97 PCMA/8000\n", CODEC_PCMA, 8000, 1, 0, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct sdp_media *m = &sdp.media[0];

		cr_assert_eq(parse(cases[i].text), 0);
		cr_expect(m->codec == cases[i].codec && m->kind == SDP_AUDIO && !m->why, "%s: %s", cases[i].text, m->name);
		cr_expect(m->clock_rate == cases[i].rate && m->channels == cases[i].channels, "%s", cases[i].text);
		cr_expect(m->g726_bits == cases[i].bits && m->g726_aal2 == cases[i].aal2, "%s", cases[i].text);
	}
}

Test(sdp, reads_h265)
{
	static const char *const forms[] = {
		H265 "a=fmtp:96 packetization-mode=0;profile-id=1;sprop-vps=QAEMAQ==;sprop-sps=QgEBAWA=;sprop-pps=RAHBcrQ=;config=0000\r\n",
		"m=video 0 RTP/AVP 96\r\na=fmtp:96 sprop-pps=RAHBcrQ ; sprop-sps = \"QgEBAWA,QgEBAXE\";sprop-vps=QAEMAQ\r\na=rtpmap:96 hevc\r\n",
		/* All of them, with start codes, in each. */
		H265 "a=fmtp:96 sprop-vps=AAAAAUABDAEAAAABQgEBAWAAAAABRAHBcrQ=;sprop-sps=AAAAAUIBAQFg;sprop-pps=AAABRAHBcrQ=;sprop-max-don-diff=0;tx-mode=SRST\r\n",
	};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		const struct sdp_media *m = &sdp.media[0];

		cr_assert_eq(parse(forms[i]), 0);
		cr_expect(m->codec == CODEC_H265 && m->clock_rate == 90000 && !m->why, "form %zu: %s", i, m->why);
		cr_expect(m->vps_len == 4 && !memcmp(m->vps, "\x40\1\x0c\1", 4), "form %zu", i);
		cr_expect(m->sps_len == 5 && !memcmp(m->sps, "\x42\1\1\1\x60", 5), "form %zu", i);
		cr_expect(m->pps_len == 5 && !memcmp(m->pps, "\x44\1\xc1\x72\xb4", 5), "form %zu", i);
	}
	/* A single aggregate in start codes is H.264's way too. */
	cr_assert_eq(parse(H264 "a=fmtp:96 sprop-parameter-sets=AAAAAWdNAB+VqAAAAAFo7jyA\r\n"), 0);
	cr_expect(sdp.media[0].sps_len == 6 && sdp.media[0].pps_len == 4);
}

Test(sdp, takes_the_first_payload_type_that_is_carried)
{
	cr_assert_eq(parse("m=video 0 RTP/AVP 97 96 98\r\na=rtpmap:97 AV1/90000\r\na=fmtp:97 packetization-mode=2\r\na=rtpmap:98 H265/90000\r\n"
			   "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=rtcp-fb:97 ccm fir\r\n"), 0);
	cr_expect(sdp.media[0].codec == CODEC_H264 && sdp.media[0].payload_type == 96 && sdp.media[0].packetization_mode == 1);
	cr_expect(!sdp.media[0].fir && !sdp.media[0].pli);
	cr_assert_eq(parse("m=video 0 RTP/AVP 97 98\r\na=rtpmap:98 VP9/90000\r\na=rtpmap:97 VP8/90000\r\n"), 0);
	cr_expect(sdp.media[0].codec == CODEC_NONE && sdp.media[0].payload_type == 97);
	cr_expect_str_eq(sdp.media[0].name, "VP8");
}

Test(sdp, knows_which_feedback_is_answered)
{
	static const struct {
		const char *attributes;
		bool pli, fir;
	} cases[] = {
		{"", false, false},
		{"a=rtcp-fb:96 nack\r\n", false, false},
		{"a=rtcp-fb:96 nack pli\r\n", true, false},
		{"a=rtcp-fb:* ccm fir\r\na=rtcp-fb:* nack pli\r\n", true, true},
		{"a=RTCP-FB: 96  ccm  FIR tmmbr\r\n", false, true},
		{"a=rtcp-fb:95 nack pli\r\n", false, false},
	};
	char text[256];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(text, sizeof text, "%s%s", H264, cases[i].attributes);
		cr_assert_eq(parse(text), 0);
		cr_expect(sdp.media[0].pli == cases[i].pli && sdp.media[0].fir == cases[i].fir, "%s", cases[i].attributes);
	}
}

/* The shape of what vendors send, with values of our own. */
Test(sdp, reads_what_cameras_send)
{
	/* Sub-streams and metadata; control before all else; URLs with queries; no o=. */
	cr_assert_eq(parse("v=0\r\ns=Media\r\nt=0 0\r\na=control:rtsp://192.0.2.1:554/ch/1/?mode=unicast&p=P1\r\n"
			   "m=video 0 RTP/AVP 96\r\na=control:rtsp://192.0.2.1:554/ch/1/trackID=1?mode=unicast&p=P1\r\na=recvonly\r\n"
			   "a=x-dimensions:1920,1080\r\na=framerate:15.000000\r\na=rtpmap:96 H264/90000\r\n"
			   "a=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets=Z00AH5WoFAFuQA==,aO48gA==\r\n"
			   "m=video 0 RTP/AVP 97\r\na=control:trackID=2\r\na=rtpmap:97 H265/90000\r\n"
			   "m=audio 0 RTP/AVP 8\r\na=control:trackID=3\r\na=framerate:0S\r\n"
			   "m=application 0 RTP/AVP 107\r\na=control:trackID=4\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n"
			   "a=Media_header:MEDIAINFO=494D4B48;\r\na=appversion:1.0\r\n"), 0);
	cr_assert_eq(sdp.nmedia, 4);
	cr_expect(sdp.media[0].codec == CODEC_H264 && sdp.media[1].codec == CODEC_H265 && sdp.media[2].codec == CODEC_PCMA);
	cr_expect(sdp.media[3].codec == CODEC_NONE && sdp.media[3].kind == SDP_OTHER);
	cr_expect_str_eq(sdp.media[0].control, "rtsp://192.0.2.1:554/ch/1/trackID=1?mode=unicast&p=P1");
	cr_expect_str_eq(sdp.media[3].control, "trackID=4");
	/* Sound first, a colon in the session's base, no control at all, a NUL counted with the text. */
	cr_assert_eq(sdp_parse("m=audio 0 RTP/AVP 0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000 \n\0", 67, &sdp, &why), 0, "%s", why);
	cr_expect(sdp.nmedia == 2 && sdp.media[0].codec == CODEC_PCMU && sdp.media[1].codec == CODEC_H264 && !sdp.media[1].control[0]);
}

Test(sdp, a_loudspeaker_is_no_microphone)
{
	cr_assert_eq(parse(H264 "m=audio 0 RTP/AVP 0 97\r\na=sendonly\r\na=control:speaker\r\nm=audio 0 RTP/AVP 8\r\na=recvonly\r\na=control:microphone\r\n"), 0);
	cr_expect(sdp.media[1].codec == CODEC_NONE && sdp.media[1].why && sdp.media[2].codec == CODEC_PCMA);
	/* Alone it is what the camera sends; nor does it matter of pictures. */
	cr_assert_eq(parse(H264 "a=sendonly\r\nm=audio 0 RTP/AVP 0\r\na=sendonly\r\n"), 0);
	cr_expect(sdp.media[0].codec == CODEC_H264 && sdp.media[1].codec == CODEC_PCMU);
}

/* The caller's, SIZE bytes of it. */
static char *many(const char *head, const char *unit, size_t times, size_t *size)
{
	size_t n = strlen(head), k = strlen(unit);
	char *text = malloc(n + k * times + 1);

	memcpy(text, head, n);
	for (size_t i = 0; i < times; i++)
		memcpy(text + n + i * k, unit, k);
	*size = n + k * times;
	return text;
}

static int parse_many(const char *head, const char *unit, size_t times)
{
	size_t size;
	char *text = many(head, unit, times, &size);
	int rc = sdp_parse(text, size, &sdp, &why);

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

/* Of reading alone, and the least of many times: what the machine does besides must not tell. */
static clock_t least_cost(const char *text, size_t size)
{
	clock_t least = CLOCKS_PER_SEC;

	for (unsigned i = 0; i < 50; i++) {
		clock_t begun = clock(), cost;

		sdp_parse(text, size, &sdp, &why);
		cost = clock() - begun;
		least = cost < least ? cost : least;
	}
	return least;
}

/* The largest that is looked at at all, in its worst shapes. */
Test(sdp, bombs_cost_below_10_ms)
{
	static const struct {
		const char *head, *unit;
		size_t times;
	} cases[] = {
		{"", "m=video 0 RTP/AVP 96\r\n", 10000},
		{"", "x", 1u << 20},
		{"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 ", ";", 4000},
		{"m=video 0 RTP/AVP 96\r\n", "a=rtpmap:96 H264/90000\r\n", SDP_MAX_BYTES / 24 - 2},
		{"m=video 0 RTP/AVP 96\r\n", "a=fmtp:96 sprop-parameter-sets=Z00AH5Wo,Z00AH5Wo,Z00AH5Wo,\r\n", SDP_MAX_BYTES / 60 - 1},
		{"m=video 0 RTP/AVP 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\r\n", "a=rtpmap:15 A\r\n", SDP_MAX_BYTES / 15 - 8},
		{"", "\n", SDP_MAX_BYTES},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t size;
		char *text = many(cases[i].head, cases[i].unit, cases[i].times, &size);

		cr_expect_lt(least_cost(text, size), CLOCKS_PER_SEC / 100, "case %zu", i);
		free(text);
	}
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
