/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/net/rtsp_peer.h"

#define TCP_0 "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: abc\r\n"
#define UDP_0 "Transport: RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001\r\nSession: abc\r\n"

static void describe_by(enum rtsp_client_transport transport, enum rtsp_client_transport prefer, const char *sdp)
{
	begin_with((struct rtsp_client_config){.transport = transport, .prefer = prefer});
	reply("200 OK", "Public: GET_PARAMETER\r\n", NULL);
	reply("200 OK", "", sdp);
}

static void port(unsigned track, uint16_t number)
{
	rtsp_client_udp_port(c, track, number, now);
	look();
}

static void ready(unsigned track)
{
	rtsp_client_udp_ready(c, track, now);
	look();
}

static void failed(unsigned track)
{
	rtsp_client_udp_failed(c, track, now);
	look();
}

static void play_by_udp(enum rtsp_client_transport transport)
{
	describe_by(transport, RTSP_CLIENT_UDP, SDP_VIDEO_ONLY);
	port(0, 5000);
	reply("200 OK", UDP_0, NULL);
	ready(0);
	reply("200 OK", "", NULL);
	cr_assert_str_eq(events, "described want-udp0 udp0:6000-6001 playing", "%s", events);
	events[0] = 0;
}

Test(rtsp_client_udp, asks_for_ports_track_by_track, .fini = end)
{
	describe_by(RTSP_CLIENT_UDP, RTSP_CLIENT_AUTO, SDP_BOTH);
	cr_assert_str_eq(events, "described want-udp0");
	cr_assert_str_eq(said, "");
	cr_assert_eq(rtsp_client_transport(c), RTSP_CLIENT_AUTO);
	port(0, 5000);
	cr_assert(asks("SETUP ") && has("Transport: RTP/AVP;unicast;client_port=5000-5001\r\n"));
	reply("200 OK", "Transport: RTP/AVP;unicast;source=127.0.0.3;destination=127.0.0.4;client_port=5000-5001;server_port=6000-6001;ssrc=1\r\n"
	      "Session: abc\r\n", NULL);
	cr_assert_str_eq(events, "described want-udp0 udp0:6000-6001");
	cr_assert_str_eq(said, "");
	ready(0);
	cr_assert_str_eq(events, "described want-udp0 udp0:6000-6001 want-udp1");
	port(1, 5002);
	cr_assert(has("client_port=5002-5003\r\n") && has("Session: abc\r\n"));
	/* Only the first of two ports is told. */
	reply("200 OK", "Transport: RTP/AVP/UDP;unicast;client_port=5002-5003;server_port=6002\r\n", NULL);
	ready(1);
	cr_assert(asks("PLAY "));
	reply("200 OK", "", NULL);
	cr_assert_str_eq(events, "described want-udp0 udp0:6000-6001 want-udp1 udp1:6002-6003 playing");
	cr_assert_eq(rtsp_client_transport(c), RTSP_CLIENT_UDP);
	/* Frames in the connection are nobody's, and reports do not go there. */
	say_bytes(MEDIA_FRAME, 16);
	rtsp_client_rtcp(c, 0, (const uint8_t *)"abc", 3);
	cr_assert_eq(rtsp_client_out(c)->len, 0);
	cr_assert_eq(rtsp_client_counters(c)->unknown_frames, 1);
	rtsp_client_stop(c, now);
	look();
	cr_assert(asks("TEARDOWN ") && has("Session: abc\r\n"));
}

Test(rtsp_client_udp, the_cameras_ports_are_no_system_ports, .fini = end)
{
	static const char *const ports[] = {"", ";server_port=22-23", ";server_port=1023-1024", ";server_port=6000-53", ";server_port=0-0", ";server_port=x",
		";server_port=65535", ";server_port=70000-70001", ";server_port=6000--1"};
	char headers[256];

	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
		describe_by(RTSP_CLIENT_AUTO, RTSP_CLIENT_UDP, SDP_VIDEO_ONLY);
		port(0, 5000);
		snprintf(headers, sizeof headers, "Transport: RTP/AVP;unicast;client_port=5000-5001%s\r\nSession: abc\r\n", ports[i]);
		reply("200 OK", headers, NULL);
		cr_expect(asks("TEARDOWN "), "%s: %s", ports[i], events);
		reply("200 OK", "", NULL);
		cr_expect_str_eq(events, "described want-udp0 failed:bad-stream", "%s: %s", ports[i], events);
		cr_expect_eq(rtsp_client_prefer(c), RTSP_CLIENT_TCP);
	}
}

Test(rtsp_client_udp, tcp_refused_goes_on_by_udp, .fini = end)
{
	static const char *const status[] = {"461 Unsupported Transport", "400 Bad Request", "500 Internal Server Error", "501 Not Implemented"};

	for (size_t i = 0; i < sizeof status / sizeof *status; i++) {
		describe_by(RTSP_CLIENT_AUTO, RTSP_CLIENT_AUTO, SDP_VIDEO_ONLY);
		cr_assert(has("interleaved=0-1"));
		reply(status[i], "", NULL);
		cr_expect_str_eq(events, "described want-udp0", "%s: %s", status[i], events);
		port(0, 5000);
		cr_expect(asks("SETUP ") && has("client_port=5000-5001"));
		reply("200 OK", UDP_0, NULL);
		ready(0);
		cr_expect(asks("PLAY "));
		cr_expect(rtsp_client_quirks(c) & 1u << RTSP_QUIRK_TCP_REFUSED);
	}
}

Test(rtsp_client_udp, udp_refused_goes_on_over_tcp, .fini = end)
{
	describe_by(RTSP_CLIENT_AUTO, RTSP_CLIENT_UDP, SDP_VIDEO_ONLY);
	port(0, 5000);
	reply("461 Unsupported Transport", "", NULL);
	cr_assert(asks("SETUP ") && has("interleaved=0-1"));
	reply("200 OK", TCP_0, NULL);
	reply("200 OK", "", NULL);
	say_bytes(MEDIA_FRAME, 16);
	cr_assert_str_eq(events, "described want-udp0 playing media0:12");
	cr_assert_eq(rtsp_client_transport(c), RTSP_CLIENT_TCP);
	cr_assert_eq(rtsp_client_prefer(c), RTSP_CLIENT_TCP);
}

Test(rtsp_client_udp, neither_transport_has_its_reason, .fini = end)
{
	static const struct {
		const char *tcp, *udp, *events;
	} cases[] = {
		{"461 x", "461 x", "described want-udp0 failed:unsupported"},
		{"500 x", "500 x", "described want-udp0 failed:session-limit"},
		{"461 x", "453 x", "described want-udp0 failed:session-limit"},
		{"453 x", NULL, "described failed:session-limit"},
		{"503 x", NULL, "described failed:session-limit"},
		{"454 x", NULL, "described failed:stale-session"},
		{"404 x", NULL, "described failed:not-found"},
		{"403 x", NULL, "described failed:wrong-password"},
		{"302 x", NULL, "described failed:refused"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		describe_by(RTSP_CLIENT_AUTO, RTSP_CLIENT_AUTO, SDP_VIDEO_ONLY);
		reply(cases[i].tcp, "", NULL);
		if (cases[i].udp) {
			port(0, 5000);
			reply(cases[i].udp, "", NULL);
		}
		cr_expect_str_eq(events, cases[i].events, "%s, %s: %s", cases[i].tcp, cases[i].udp ? cases[i].udp : "-", events);
	}
}

Test(rtsp_client_udp, only_auto_tries_the_other, .fini = end)
{
	describe_by(RTSP_CLIENT_TCP, RTSP_CLIENT_UDP, SDP_VIDEO_ONLY);
	cr_assert(has("interleaved=0-1"));
	reply("461 Unsupported Transport", "", NULL);
	cr_assert_str_eq(events, "described failed:unsupported");
	describe_by(RTSP_CLIENT_UDP, RTSP_CLIENT_TCP, SDP_VIDEO_ONLY);
	port(0, 5000);
	reply("461 Unsupported Transport", "", NULL);
	cr_assert_str_eq(events, "described want-udp0 failed:unsupported");
	describe_by(RTSP_CLIENT_UDP, RTSP_CLIENT_TCP, SDP_VIDEO_ONLY);
	port(0, 5000);
	reply("200 OK", TCP_0, NULL);
	tick(SECOND);
	cr_assert_str_eq(events, "described want-udp0 failed:unsupported");
}

Test(rtsp_client_udp, another_transport_than_asked_for, .fini = end)
{
	/* UDP, though TCP was asked for: asked again with ports. */
	describe_by(RTSP_CLIENT_AUTO, RTSP_CLIENT_AUTO, SDP_VIDEO_ONLY);
	reply("200 OK", "Transport: RTP/AVP;unicast;server_port=6000-6001\r\nSession: abc\r\n", NULL);
	cr_assert_str_eq(events, "described want-udp0");
	port(0, 5000);
	cr_assert(asks("SETUP ") && has("client_port=5000-5001") && has("Session: abc"));
	reply("200 OK", UDP_0, NULL);
	ready(0);
	cr_assert(asks("PLAY "));
	/* TCP, though UDP was asked for: taken. */
	describe_by(RTSP_CLIENT_AUTO, RTSP_CLIENT_UDP, SDP_VIDEO_ONLY);
	port(0, 5000);
	reply("200 OK", TCP_0, NULL);
	cr_assert(asks("PLAY "));
	cr_assert_eq(rtsp_client_transport(c), RTSP_CLIENT_TCP);
	cr_assert(rtsp_client_quirks(c) & 1u << RTSP_QUIRK_OTHER_TRANSPORT);
	/* Never to a group. */
	describe_by(RTSP_CLIENT_UDP, RTSP_CLIENT_AUTO, SDP_VIDEO_ONLY);
	port(0, 5000);
	reply("200 OK", "Transport: RTP/AVP;multicast;destination=239.0.0.1;port=6000-6001\r\nSession: abc\r\n", NULL);
	tick(SECOND);
	cr_assert_str_eq(events, "described want-udp0 failed:unsupported");
}

Test(rtsp_client_udp, no_media_within_five_seconds_is_silence, .fini = end)
{
	play_by_udp(RTSP_CLIENT_AUTO);
	tick(4 * SECOND);
	cr_assert_str_eq(events, "");
	tick(SECOND);
	cr_assert(asks("TEARDOWN "));
	reply("200 OK", "", NULL);
	cr_assert_str_eq(events, "failed:silent");
	cr_assert(strstr(failure, "firewall"));
	/* The next one had better begin with TCP. */
	cr_assert_eq(rtsp_client_prefer(c), RTSP_CLIENT_TCP);
}

Test(rtsp_client_udp, media_that_is_seen_is_no_silence, .fini = end)
{
	play_by_udp(RTSP_CLIENT_AUTO);
	for (int i = 0; i < 20; i++) {
		tick(3 * SECOND);
		rtsp_client_media_seen(c, 0, now);
		cr_assert_eq(rtsp_client_prefer(c), RTSP_CLIENT_UDP);
	}
	cr_assert_str_eq(events, "");
	tick(5 * SECOND);
	tick(SECOND);
	cr_assert_str_eq(events, "failed:silent");
	cr_assert_eq(rtsp_client_prefer(c), RTSP_CLIENT_UDP);
}

Test(rtsp_client_udp, sound_alone_is_silence_in_the_end, .fini = end)
{
	describe_by(RTSP_CLIENT_UDP, RTSP_CLIENT_AUTO, SDP_BOTH);
	port(0, 5000);
	reply("200 OK", UDP_0, NULL);
	ready(0);
	port(1, 5002);
	reply("200 OK", "Transport: RTP/AVP;unicast;client_port=5002-5003;server_port=6002-6003\r\n", NULL);
	ready(1);
	reply("200 OK", "", NULL);
	events[0] = 0;
	for (int i = 0; i < RTSP_CLIENT_NO_PICTURE_S; i++) {
		cr_assert_str_eq(events, "", "after %d s", i);
		rtsp_client_media_seen(c, 1, now);
		tick(SECOND);
	}
	tick(SECOND);
	cr_assert_str_eq(events, "failed:silent");
	cr_assert(strstr(failure, "picture"));
}

Test(rtsp_client_udp, ports_that_cannot_be_had, .fini = end)
{
	describe_by(RTSP_CLIENT_AUTO, RTSP_CLIENT_UDP, SDP_VIDEO_ONLY);
	failed(0);
	cr_assert(asks("SETUP ") && has("interleaved=0-1"));
	cr_assert(!(rtsp_client_quirks(c) & 1u << RTSP_QUIRK_UDP_REFUSED));
	describe_by(RTSP_CLIENT_UDP, RTSP_CLIENT_AUTO, SDP_VIDEO_ONLY);
	port(0, 5001);
	cr_assert_str_eq(events, "described want-udp0 failed:overload");
	describe_by(RTSP_CLIENT_UDP, RTSP_CLIENT_AUTO, SDP_VIDEO_ONLY);
	tick(RTSP_CLIENT_REPLY_S * SECOND);
	cr_assert_str_eq(events, "described want-udp0 failed:overload");
	/* Of the sound: the picture goes on without. */
	describe_by(RTSP_CLIENT_UDP, RTSP_CLIENT_AUTO, SDP_BOTH);
	port(0, 5000);
	reply("200 OK", UDP_0, NULL);
	ready(0);
	failed(1);
	cr_assert(asks("PLAY "));
	cr_assert_str_eq(rtsp_client_left_out(c), "MPEG4-GENERIC");
}

Test(rtsp_client_udp, answers_that_were_not_asked_for_do_nothing, .fini = end)
{
	begin_with((struct rtsp_client_config){.transport = RTSP_CLIENT_UDP});
	port(0, 5000);
	ready(0);
	failed(0);
	rtsp_client_media_seen(c, 0, now);
	cr_assert_str_eq(said, "");
	describe_by(RTSP_CLIENT_UDP, RTSP_CLIENT_AUTO, SDP_VIDEO_ONLY);
	ready(0);
	port(1, 5000);
	cr_assert_str_eq(said, "");
	port(0, 5000);
	port(0, 5004);
	cr_assert_str_eq(said, "");
	cr_assert_eq(rtsp_client_prefer(c), RTSP_CLIENT_AUTO);
}

Test(rtsp_client_udp, nothing_leaves_tls, .fini = end)
{
	struct rtsp_client_config config = {.url = "rtsps://192.0.2.1/cam", .tls = true, .transport = RTSP_CLIENT_UDP};
	struct rtsp_client *none = NULL;

	cr_assert_lt(rtsp_client_new(&config, &none), 0);
	cr_assert_null(none);
	config.transport = RTSP_CLIENT_AUTO;
	config.prefer = RTSP_CLIENT_UDP;
	begin_with(config);
	cr_assert(asks("OPTIONS rtsps://192.0.2.1/cam"));
	reply("200 OK", "", NULL);
	reply("200 OK", "", SDP_VIDEO_ONLY);
	cr_assert(has("interleaved=0-1"));
	reply("461 Unsupported Transport", "", NULL);
	cr_assert_str_eq(events, "described failed:unsupported");
}

Test(rtsp_client_udp, a_silent_tcp_is_followed_by_udp, .fini = end)
{
	describe_by(RTSP_CLIENT_AUTO, RTSP_CLIENT_AUTO, SDP_VIDEO_ONLY);
	reply("200 OK", TCP_0, NULL);
	reply("200 OK", "", NULL);
	cr_assert_eq(rtsp_client_prefer(c), RTSP_CLIENT_AUTO);
	tick(5 * SECOND);
	tick(SECOND);
	cr_assert_str_eq(events, "described playing failed:silent");
	cr_assert_eq(rtsp_client_prefer(c), RTSP_CLIENT_UDP);
}
