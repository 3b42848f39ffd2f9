/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/net/rtsp_peer.h"

Test(rtsp_client, goes_the_whole_way, .fini = end)
{
	uint32_t time;

	to_describe();
	reply("200 OK", "Content-Base: rtsp://192.0.2.1:8554/cam/\r\n", SDP_BOTH);
	cr_assert(asks("SETUP rtsp://192.0.2.1:8554/cam/trackID=1 RTSP/1.0\r\n"));
	cr_assert(has("Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n") && !has("Session:"));
	reply("200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: abc;timeout=30\r\n", NULL);
	cr_assert(asks("SETUP rtsp://192.0.2.1:8554/cam/trackID=2 RTSP/1.0\r\n"));
	cr_assert(has("interleaved=2-3\r\n") && has("Session: abc\r\n"));
	reply("200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=2-3\r\nSession: abc;timeout=30\r\n", NULL);
	cr_assert(asks("PLAY rtsp://192.0.2.1:8554/cam/ RTSP/1.0\r\n") && has("Session: abc\r\n"));
	reply("200 OK", "Session: abc\r\nRTP-Info: url=trackID=1;seq=1;rtptime=77,url=rtsp://10.0.0.1/cam/trackID=2;seq=2;rtptime=88\r\n", NULL);
	cr_assert_str_eq(events, "described playing");
	cr_assert(rtsp_client_rtptime(c, 0, &time) && time == 77);
	cr_assert(rtsp_client_rtptime(c, 1, &time) && time == 88);
	say_bytes("$\0\0\3abc$\1\0\2de$\2\0\1f$\3\0\0$\4\0\1x", 27);
	cr_assert_str_eq(events, "described playing media0:3 rtcp0:2 media1:1 rtcp1:0");
	cr_assert_eq(rtsp_client_counters(c)->unknown_frames, 1);
	tick(SECOND);
	rtsp_client_stop(c, now);
	look();
	cr_assert(asks("TEARDOWN rtsp://192.0.2.1:8554/cam/ RTSP/1.0\r\n") && has("Session: abc\r\n"));
	reply("200 OK", "", NULL);
	cr_assert_str_eq(events, "described playing media0:3 rtcp0:2 media1:1 rtcp1:0 done");
}

Test(rtsp_client, is_fed_byte_by_byte_or_all_at_once, .fini = end)
{
	static const char play[] = "RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n\r\n$\0\0\3abc\n$\1\0\2deRTSP/1.0 200 OK\r\nCSeq: 99\r\n\r\n$\0\0\4abcd";

	for (size_t step = 1; step < sizeof play; step++) {
		to_play("RTP/AVP/TCP;unicast;interleaved=0-1", "abc");
		for (size_t at = 0; at < sizeof play - 1; at += step) {
			size_t n = sizeof play - 1 - at < step ? sizeof play - 1 - at : step;
			char *exact = malloc(n);

			memcpy(exact, play + at, n);
			say_bytes(exact, n);
			free(exact);
			tick(0);
		}
		cr_expect_str_eq(events, "described playing media0:3 rtcp0:2 media0:4", "in steps of %zu: %s", step, events);
		cr_expect_eq(rtsp_client_counters(c)->stray_replies, 1);
	}
}

Test(rtsp_client, answers_digest_and_goes_on_with_it, .fini = end)
{
	begin("user", "secret", true);
	reply("401 Unauthorized", "WWW-Authenticate: Basic realm=\"r\"\r\n" DIGEST_PLAIN DIGEST_SHA, NULL);
	cr_assert(asks("OPTIONS ") && has("Authorization: Digest username=\"user\"") && has("algorithm=SHA-256"));
	cr_assert(!has("secret") && !has("Basic"));
	reply("200 OK", "", NULL);
	cr_assert(asks("DESCRIBE ") && has("Authorization: Digest username=\"user\""));
	/* The nonce grew old: once more with the new one. */
	reply("401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", algorithm=SHA-256, stale=true\r\n", NULL);
	cr_assert(asks("DESCRIBE ") && has("nonce=\"n2\""));
	reply("200 OK", "", SDP_VIDEO_ONLY);
	cr_assert(asks("SETUP ") && has("uri=\"rtsp://192.0.2.1:8554/cam/trackID=1\""));
}

Test(rtsp_client, a_wrong_password_is_tried_once, .fini = end)
{
	begin("user", "wrong", true);
	reply("401 Unauthorized", DIGEST_SHA, NULL);
	reply("401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", algorithm=SHA-256\r\n", NULL);
	cr_assert_str_eq(events, "failed:wrong-password", "%s", events);
	cr_assert_str_eq(said, "");
}

Test(rtsp_client, endless_stale_challenges_end, .fini = end)
{
	begin("user", "secret", true);
	for (int i = 0; i < 3; i++)
		reply("401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", stale=true\r\n", NULL);
	cr_assert_str_eq(events, "failed:wrong-password");
	cr_assert_str_eq(said, "");
}

Test(rtsp_client, never_answers_basic, .fini = end)
{
	static const struct {
		const char *headers, *text;
		bool allow_md5, with_user;
	} cases[] = {
		{"WWW-Authenticate: Basic realm=\"r\"\r\n", "Basic", true, true},
		{DIGEST_PLAIN, "allow_md5", false, true},
		{"", "no way", true, true},
		{DIGEST_SHA, "site file", true, false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin(cases[i].with_user ? "user" : NULL, cases[i].with_user ? "secret" : NULL, cases[i].allow_md5);
		reply("401 Unauthorized", cases[i].headers, NULL);
		cr_expect_str_eq(events, "failed:wrong-password");
		cr_expect(strstr(failure, cases[i].text), "%s: %s", cases[i].headers, failure);
		cr_expect_str_eq(said, "");
	}
}

Test(rtsp_client, a_redirect_is_never_followed, .fini = end)
{
	static const char *const status[] = {"301 Moved", "302 Found", "305 Use Proxy"};

	for (size_t i = 0; i < sizeof status / sizeof *status; i++) {
		to_describe();
		reply(status[i], "Location: rtsp://127.0.0.2:99/x\r\n", NULL);
		cr_expect_str_eq(events, "failed:refused");
		cr_expect(strstr(failure, "never followed"));
		cr_expect_str_eq(said, "");
		begin("user", "secret", true);
		reply(status[i], "Location: rtsp://127.0.0.2:99/x\r\n", NULL);
		cr_expect_str_eq(events, "failed:refused");
		cr_expect_str_eq(said, "");
	}
}

Test(rtsp_client, no_other_host_is_ever_named, .fini = end)
{
	to_describe();
	reply("200 OK", "Content-Base: rtsp://127.0.0.2/evil/\r\n",
	      "a=control:rtsp://127.0.0.2/all\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:rtsp://127.0.0.2:99/t\r\n");
	cr_assert(asks("SETUP rtsp://192.0.2.1:8554/t RTSP/1.0\r\n") && !has("127.0.0.2"));
	reply("200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;source=127.0.0.3;destination=127.0.0.4\r\nSession: a\r\n", NULL);
	cr_assert(asks("PLAY rtsp://192.0.2.1:8554/all RTSP/1.0\r\n") && !has("127.0.0."));
}

Test(rtsp_client, asks_cameras_as_they_are, .fini = end)
{
	static const struct {
		const char *what, *headers, *session_control, *control, *setup, *play;
	} cases[] = {
		{"query in the base, which ends in a slash", "Content-Base: rtsp://192.0.2.1:8554/cam/realmonitor?channel=1&proto=Onvif/\r\n",
		 "*", "trackID=0", "/cam/realmonitor?channel=1&proto=Onvif/trackID=0", "/cam/realmonitor?channel=1&proto=Onvif/"},
		{"absolute controls with queries", "Content-Base: rtsp://192.168.5.106:554/Streaming/Channels/101/\r\n",
		 "rtsp://192.168.5.106:554/Streaming/Channels/101/?a=b&c=d", "rtsp://192.168.5.106:554/Streaming/Channels/101/trackID=1?a=b&c=d",
		 "/Streaming/Channels/101/trackID=1?a=b&c=d", "/Streaming/Channels/101/?a=b&c=d"},
		{"a base without its scheme", "Content-Base: 192.168.1.10:554/stream0/\r\n", "*", "trackID=1", "/stream0/trackID=1", "/stream0/"},
		{"a base without its slash", "Content-Base: rtsp://127.0.0.1:554/camera\r\n", "*", "trackID=3", "/camera/trackID=3", "/camera"},
		{"no base", "", "", "track1", "/cam/track1", "/cam"},
		{"no control anywhere", "", "", "", "/cam", "/cam"},
		{"Content-Location", "Content-Location: rtsp://192.0.2.1:8554/other/\r\n", "*", "t", "/other/t", "/other/"},
	};
	char text[1024], expect[512];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		to_describe();
		snprintf(text, sizeof text, "a=control:%s\r\nm=video 0 RTP/AVP 96\r\na=control:%s\r\na=rtpmap:96 H264/90000\r\n",
			 cases[i].session_control, cases[i].control);
		reply("200 OK", cases[i].headers, text);
		snprintf(expect, sizeof expect, "SETUP rtsp://192.0.2.1:8554%s RTSP/1.0\r\n", cases[i].setup);
		cr_expect(asks(expect), "%s: %s", cases[i].what, said);
		reply("200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: s\r\n", NULL);
		snprintf(expect, sizeof expect, "PLAY rtsp://192.0.2.1:8554%s RTSP/1.0\r\n", cases[i].play);
		cr_expect(asks(expect), "%s: %s", cases[i].what, said);
	}
}

Test(rtsp_client, unsupported_streams_are_not_set_up, .fini = end)
{
	to_describe();
	reply("200 OK", "", "m=video 0 RTP/AVP 96\r\na=rtpmap:96 AV1/90000\r\na=control:t\r\nm=audio 0 RTP/AVP 9\r\n");
	cr_assert_str_eq(events, "failed:unsupported");
	cr_assert_str_eq(said, "");
	cr_assert_str_eq(rtsp_client_left_out(c), "AV1, G722");
	to_describe();
	reply("200 OK", "", "v=0\r\n");
	cr_assert_str_eq(events, "failed:bad-description");
}

Test(rtsp_client, bad_sound_does_not_stop_the_video, .fini = end)
{
	to_describe();
	reply("200 OK", "", SDP_BOTH "m=application 0 RTP/AVP 107\r\n");
	reply("200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: abc\r\n", NULL);
	cr_assert(asks("SETUP rtsp://192.0.2.1:8554/cam/trackID=2"));
	reply("500 Oops", "", NULL);
	cr_assert(asks("PLAY "));
	cr_assert_str_eq(rtsp_client_left_out(c), "application, MPEG4-GENERIC");
}

Test(rtsp_client, refusals_have_their_reason, .fini = end)
{
	static const struct {
		const char *status, *events, *text;
	} cases[] = {
		{"403 Forbidden", "failed:wrong-password", "forbids"},
		{"404 Not Found", "failed:not-found", "path"},
		{"407 Proxy Authentication Required", "failed:wrong-password", "between"},
		{"453 Not Enough Bandwidth", "failed:session-limit", "limit"},
		{"454 Session Not Found", "failed:stale-session", "session"},
		{"461 Unsupported Transport", "failed:unsupported", "transport"},
		{"503 Service Unavailable", "failed:session-limit", "busy"},
		{"500 Internal Server Error", "failed:refused", "fails"},
		{"400 Bad Request", "failed:refused", "refuses"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		to_describe();
		reply(cases[i].status, "", NULL);
		cr_expect_str_eq(events, cases[i].events, "%s: %s", cases[i].status, events);
		cr_expect(strstr(failure, cases[i].text), "%s: %s", cases[i].status, failure);
	}
}

Test(rtsp_client, options_may_fail, .fini = end)
{
	begin(NULL, NULL, true);
	reply("501 Not Implemented", "", NULL);
	cr_assert(asks("DESCRIBE "));
}

Test(rtsp_client, takes_the_channels_it_is_given, .fini = end)
{
	to_play("RTP/AVP/TCP;unicast;interleaved=10-20;ssrc= d6d6627", "abc");
	reply("200 OK", "", NULL);
	say_bytes("$\0\0\1x$\12\0\2xx$\24\0\3xxx", 18);
	cr_assert_str_eq(events, "described playing media0:2 rtcp0:3");
	to_play("RTP/AVP/TCP;unicast;interleaved=7-7", "abc");
	reply("200 OK", "", NULL);
	say_bytes("$\7\0\2\x80\x60$\7\0\2\x80\xc8", 12);
	cr_assert_str_eq(events, "described playing media0:2 rtcp0:2");
	to_play("RTP/AVP;unicast;client_port=5000-5001", "abc");
	cr_assert(asks("TEARDOWN "));
	tick(SECOND);
	cr_assert_str_eq(events, "described failed:unsupported");
	/* Two tracks on one channel: the picture counts. */
	to_describe();
	reply("200 OK", "", SDP_BOTH);
	reply("200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: abc\r\n", NULL);
	reply("200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=1-2\r\nSession: abc\r\n", NULL);
	cr_assert(asks("PLAY "));
	cr_assert_str_eq(rtsp_client_left_out(c), "MPEG4-GENERIC");
	cr_assert_null(rtsp_client_media(c, RTSP_CLIENT_AUDIO));
}

Test(rtsp_client, goes_on_with_the_first_session_id, .fini = end)
{
	to_describe();
	reply("200 OK", "", SDP_BOTH);
	reply("200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession:        231970;timeout=60\r\n", NULL);
	reply("200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=2-3\r\nSession: 231980;timeout=60\r\n", NULL);
	cr_assert(asks("PLAY ") && has("Session: 231970\r\n"));
}

Test(rtsp_client, keeps_the_session_alive_at_half_its_time, .fini = end)
{
	to_play("RTP/AVP/TCP;unicast;interleaved=0-1", "abc;timeout=8");
	reply("200 OK", "", NULL);
	tick(3 * SECOND);
	cr_assert_str_eq(said, "");
	say_bytes(MEDIA_FRAME, 16);
	tick(SECOND);
	cr_assert(asks("GET_PARAMETER rtsp://192.0.2.1:8554/cam RTSP/1.0\r\n") && has("Session: abc\r\n"));
	reply("501 Not Implemented", "", NULL);
	say_bytes(MEDIA_FRAME, 16);
	tick(4 * SECOND);
	cr_assert(asks("OPTIONS "));
	/* Never answered: media goes on, so does the client. */
	for (int i = 0; i < 10; i++) {
		say_bytes(MEDIA_FRAME, 16);
		tick(4 * SECOND);
		cr_assert(asks("OPTIONS "));
	}
	cr_assert(!strstr(events, "failed"));
	/* A session that is denied while it sends is there; denied and silent it is gone. */
	{
		char gone[] = "RTSP/1.0 454 Session Not Found\r\n\r\n" MEDIA_FRAME;

		say_bytes(MEDIA_FRAME, 16);
		say_bytes(gone, sizeof gone - 1);
	}
	cr_assert(!strstr(events, "failed"));
	tick(4 * SECOND);
	reply("454 Session Not Found", "", NULL);
	cr_assert(strstr(events, "failed:stale-session"));
	cr_assert_str_eq(said, "");
}

Test(rtsp_client, defaults_to_sixty_seconds, .fini = end)
{
	static const char *const sessions[] = {"abc", "abc;timeout=0", "abc;timeout=x", "abc;timeout=-5", "abc;timeout=99999999999"};

	for (size_t i = 0; i < sizeof sessions / sizeof *sessions; i++) {
		to_play("RTP/AVP/TCP;unicast;interleaved=0-1", sessions[i]);
		reply("200 OK", "", NULL);
		for (int s = 0; s < 29; s++) {
			say_bytes(MEDIA_FRAME, 16);
			tick(SECOND);
			cr_assert_str_eq(said, "", "%s after %d s", sessions[i], s);
		}
		tick(SECOND);
		cr_assert(asks("GET_PARAMETER "), "%s", sessions[i]);
	}
}

Test(rtsp_client, silence_ends_with_a_teardown, .fini = end)
{
	to_media();
	tick(4 * SECOND);
	cr_assert_str_eq(events, "");
	/* RTCP, unknown channels and half a frame are no media. */
	say_bytes("$\1\0\1x$\11\0\1x$\0\377\377", 14);
	tick(SECOND);
	cr_assert_str_eq(events, "rtcp0:1");
	cr_assert(asks("TEARDOWN "));
	tick(SECOND);
	cr_assert_str_eq(events, "rtcp0:1 failed:silent");
}

Test(rtsp_client, every_answer_has_a_deadline, .fini = end)
{
	begin(NULL, NULL, true);
	for (int i = 0; i < 9; i++) {
		say_bytes("R", 1 * (i == 0));
		tick(SECOND);
	}
	cr_assert_str_eq(events, "");
	tick(SECOND);
	cr_assert_str_eq(events, "failed:timed-out");
}

Test(rtsp_client, a_teardown_that_nobody_answers_is_over_in_a_second, .fini = end)
{
	to_media();
	rtsp_client_stop(c, now);
	look();
	cr_assert(asks("TEARDOWN "));
	tick(SECOND / 2);
	cr_assert_str_eq(events, "");
	tick(SECOND / 2);
	cr_assert_str_eq(events, "done");
	begin(NULL, NULL, true);
	rtsp_client_stop(c, now);
	look();
	cr_assert_str_eq(events, "done");
}

Test(rtsp_client, a_closed_connection_is_named, .fini = end)
{
	to_media();
	rtsp_client_closed(c);
	look();
	cr_assert_str_eq(events, "failed:camera-closed");
	cr_assert_str_eq(said, "");
	say_bytes(MEDIA_FRAME, 16);
	tick(60 * SECOND);
	cr_assert_str_eq(events, "failed:camera-closed");
}

Test(rtsp_client, passes_over_stray_bytes_within_bounds, .fini = end)
{
	static const char between[] = "a=left:over\r\nm=x\r\n" MEDIA_FRAME "more" MEDIA_FRAME "$\0\0\1" "$\7" MEDIA_FRAME "\nRRTSP/1.0 200\r\nCSeq: 1\r\n\r\n";
	char junk[20480];

	to_media();
	say_bytes(between, sizeof between - 1);
	/* The fourth is a whole frame, whatever is in it; behind it only what looks like one of ours is. */
	cr_assert_str_eq(events, "media0:12 media0:12 media0:1 media0:12", "%s", events);
	cr_assert_eq(rtsp_client_counters(c)->stray_replies, 1);
	events[0] = 0;
	memset(junk, 'j', sizeof junk);
	for (size_t i = 79; i < sizeof junk; i += 80)
		junk[i] = '\n';
	say_bytes(junk, sizeof junk);
	cr_assert(asks("TEARDOWN "));
	/* Nothing that comes now is listened to. */
	say_bytes(MEDIA_FRAME, 16);
	tick(SECOND);
	cr_assert_str_eq(events, "failed:bad-stream");
}

/* What would be read again and again from each of its lines ends the connection at once. */
Test(rtsp_client, hostile_text_is_not_read_twice, .fini = end)
{
	static const struct {
		const char *name, *line;
		size_t lines;
	} cases[] = {
		{"blank lines", "\n", 262000},
		{"replies that never end", "RTSP/1.0 200\n", 2000},
		{"requests that never end", "A * RTSP/1.0\n", 2000},
		{"headers past the bound", "RTSP/1.0 200 x:\n", 70},
	};
	static char text[RTSP_CLIENT_FEED_MAX];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t n = strlen(cases[i].line);

		to_media();
		for (size_t k = 0; k < cases[i].lines; k++)
			memcpy(text + k * n, cases[i].line, n);
		memcpy(text + cases[i].lines * n, "$\0\0\1x", 5);
		say_bytes(text, cases[i].lines * n + 5);
		tick(SECOND);
		cr_expect_str_eq(events, "failed:bad-stream", "%s: %s", cases[i].name, events);
		cr_expect_eq(rtsp_client_counters(c)->stray_bytes, 0, "%s", cases[i].name);
	}
}

Test(rtsp_client, takes_a_description_whose_length_is_too_large, .fini = end)
{
	static const char text[] = "RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: 900\r\n\r\n" SDP_VIDEO_ONLY;

	to_describe();
	say_bytes(text, sizeof text - 1);
	tick(SECOND);
	cr_assert_str_eq(events, "");
	tick(SECOND);
	cr_assert_str_eq(events, "described");
	cr_assert(asks("SETUP "));
}

Test(rtsp_client, requests_of_a_camera_are_declined, .fini = end)
{
	to_media();
	say_bytes("REDIRECT rtsp://192.0.2.1/ RTSP/1.0\r\nCSeq: 5\r\nLocation: rtsp://127.0.0.2/\r\n\r\n$\0\0\1x", 83);
	cr_assert_str_eq(said, "RTSP/1.0 501 Not Implemented\r\nCSeq: 5\r\n\r\n");
	cr_assert_str_eq(events, "media0:1");
}

Test(rtsp_client, a_camera_that_only_asks_is_left, .fini = end)
{
	static const char ask[] = "OPTIONS * RTSP/1.0\r\nCSeq: 5\r\n\r\n";
	struct rtsp_client_event e;

	to_media();
	for (int i = 0; i < 10000 && !strstr(events, "failed"); i++) {
		rtsp_client_feed(c, (const uint8_t *)ask, sizeof ask - 1, now);
		if (rtsp_client_next(c, now, &e) == 1 && e.kind == RTSP_CLIENT_FAILED)
			snprintf(events, sizeof events, "failed:%s", gap_why_name(e.why));
		cr_assert_leq(rtsp_client_out(c)->len, RTSP_CLIENT_OUT_MAX);
	}
	cr_assert_str_eq(events, "failed:bad-stream");
}

Test(rtsp_client, media_before_its_time_is_dropped, .fini = end)
{
	to_describe();
	say_bytes(MEDIA_FRAME, 16);
	cr_assert_str_eq(events, "");
	to_play("RTP/AVP/TCP;unicast;interleaved=0-1", "abc");
	/* Asked to play: cameras exist that send before they answer. */
	say_bytes(MEDIA_FRAME, 16);
	cr_assert_str_eq(events, "described media0:12");
}

Test(rtsp_client, rtcp_goes_out_on_the_tracks_channel, .fini = end)
{
	to_play("RTP/AVP/TCP;unicast;interleaved=10-20", "abc");
	rtsp_client_rtcp(c, 0, (const uint8_t *)"early", 5);
	cr_assert_eq(rtsp_client_out(c)->len, 0);
	reply("200 OK", "", NULL);
	rtsp_client_rtcp(c, 0, (const uint8_t *)"abc", 3);
	rtsp_client_rtcp(c, 1, (const uint8_t *)"abc", 3);
	cr_assert_eq(rtsp_client_out(c)->len, 7);
	cr_assert_eq(memcmp(buf_data(rtsp_client_out(c)), "$\24\0\3abc", 7), 0);
}

Test(rtsp_client, strings_of_a_camera_go_nowhere, .fini = end)
{
	to_describe();
	reply("200 OK", "Server: \x1b]0;<script>\r\n",
	      "s=\n#EXT-X-KEY:METHOD=NONE\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:\x1b]0;\n"
	      "m=audio 0 RTP/AVP 97\na=rtpmap:97 <script>\"\x1b/1\n");
	cr_assert(asks("SETUP rtsp://192.0.2.1:8554/cam RTSP/1.0\r\n"));
	cr_assert_str_eq(rtsp_client_left_out(c), "_script___");
	cr_assert_str_eq(rtsp_client_server(c), "__0__script_");
	for (const char *offered = rtsp_client_offered(c); *offered; offered++)
		cr_assert(*offered >= ' ' && *offered < 0x7f && !strchr("<>\"'&", *offered), "%s", rtsp_client_offered(c));
	reply("200 OK", "Transport: RTP/AVP/TCP;interleaved=0-1\r\nSession: a\x1b]0;b\r\n", NULL);
	cr_assert(asks("PLAY ") && !has("Session"));
}

Test(rtsp_client, urls_that_break_a_line_are_refused)
{
	struct rtsp_client_config config = {.url = "rtsp://192.0.2.1/a b"};
	struct rtsp_client *none = NULL;

	cr_assert_lt(rtsp_client_new(&config, &none), 0);
	cr_assert_null(none);
}
