/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interleaved frames as an attacker would send them, and what the client keeps of what is fed. */
#include "tests/net/rtsp_peer.h"

#define PACKET "$\0\5\x78"           /* the head of one of 1400 bytes on channel 0 */
#define PACKET_BYTES 1404

Test(rtsp_client_frames, a_frame_that_never_ends_is_silence, .fini = end)
{
	to_media();
	say_bytes("$\0\377\377", 4);
	/* A byte now and then does not help. */
	for (int i = 0; i < 9; i++) {
		say_bytes("x", 1);
		tick(SECOND / 2);
	}
	cr_assert_str_eq(events, "");
	tick(SECOND / 2);
	cr_assert(asks("TEARDOWN "));
	tick(SECOND);
	cr_assert_str_eq(events, "failed:silent");
}

Test(rtsp_client_frames, a_reply_that_never_ends_has_a_deadline, .fini = end)
{
	to_describe();
	say_bytes("RTSP/1.0 200 OK\r\nContent-Le", 27);
	for (int i = 0; i < 2 * RTSP_CLIENT_REPLY_S - 1; i++) {
		say_bytes("n", 1);
		tick(SECOND / 2);
	}
	cr_assert_str_eq(events, "");
	tick(SECOND / 2);
	cr_assert_str_eq(events, "failed:timed-out");
}

Test(rtsp_client_frames, unknown_channels_are_dropped, .fini = end)
{
	to_media();
	for (int channel = 2; channel < 256; channel++) {
		char frame[16] = {'$', (char)channel, 0, 12, '\200', 96};

		say_bytes(frame, sizeof frame);
	}
	cr_assert_str_eq(events, "");
	cr_assert_eq(rtsp_client_counters(c)->unknown_frames, 254);
	tick(5 * SECOND);
	cr_assert(asks("TEARDOWN "));
}

/* Only what completes a packet that was cut is copied: the rest is handed out where it was received. */
Test(rtsp_client_frames, are_read_where_they_are, .fini = end)
{
	enum { PACKETS = 40 };
	static uint8_t stream[PACKETS * PACKET_BYTES];
	unsigned inside = 0, outside = 0;
	struct rtsp_client_event e;

	to_media();
	for (size_t i = 0; i < PACKETS; i++) {
		memcpy(stream + i * PACKET_BYTES, PACKET "\200\140", 6);
		stream[i * PACKET_BYTES + 7] = (uint8_t)i;
	}
	for (size_t at = 0; at < sizeof stream; at += 10000) {
		size_t n = sizeof stream - at < 10000 ? sizeof stream - at : 10000;

		rtsp_client_feed(c, stream + at, n, now);
		while (rtsp_client_next(c, now, &e) == 1) {
			cr_assert_eq(e.len, PACKET_BYTES - 4);
			cr_assert_eq(e.data[3], inside + outside, "in order");
			if (e.data >= stream && e.data < stream + sizeof stream)
				inside++;
			else
				outside++;
		}
	}
	cr_assert_eq(inside + outside, PACKETS);
	cr_assert_eq(outside, 5, "one for each cut, not %u", outside);
}

/* Cut anywhere, with text and line ends between: the same events. */
Test(rtsp_client_frames, may_be_cut_anywhere, .fini = end)
{
	static const char talk[] = MEDIA_FRAME "\r\n" MEDIA_FRAME "RTSP/1.0 200 OK\r\nCSeq: 99\r\nContent-Length: 5\r\n\r\n$\0\0\1x" MEDIA_FRAME
		"$\1\0\4\200\310\0\0" "$\7\0\0" MEDIA_FRAME;

	for (size_t a = 0; a < sizeof talk; a++)
		for (size_t b = a; b < sizeof talk; b += 7) {
			to_media();
			say_bytes(talk, a);
			say_bytes(talk + a, b - a);
			say_bytes(talk + b, sizeof talk - 1 - b);
			cr_assert_str_eq(events, "media0:12 media0:12 media0:12 rtcp0:4 media0:12", "cut at %zu and %zu: %s", a, b, events);
		}
}

Test(rtsp_client_frames, other_protocols_at_the_port_are_named, .fini = end)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *text;
	} cases[] = {
		{"HTTP/1.1 400 Bad Request\r\n\r\n", 28, "HTTP"},
		{"\x15\x03\x03\0\2\2\x50\n", 8, "rtsps://"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		begin(NULL, NULL, true);
		say_bytes(cases[i].bytes, cases[i].n);
		cr_expect_str_eq(events, "failed:refused");
		cr_expect(strstr(failure, cases[i].text), "%s", failure);
	}
}

/* Lines without end, junk, requests: memory and output stay bounded, and it ends. */
Test(rtsp_client_frames, floods_end, .fini = end)
{
	static const char *const floods[] = {"x", "$", "RTSP/1.0 ", "\r\n", "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n", "RTSP/1.0 200 OK\r\nX: y\r\n"};
	static char bytes[RTSP_CLIENT_FEED_MAX];

	for (size_t i = 0; i < sizeof floods / sizeof *floods; i++) {
		size_t n = strlen(floods[i]), whole = sizeof bytes / n * n;

		for (size_t at = 0; at < whole; at += n)
			memcpy(bytes + at, floods[i], n);
		to_media();
		for (int k = 0; k < 8; k++) {
			rtsp_client_feed(c, (const uint8_t *)bytes, whole, now);
			look();
			tick(SECOND);
		}
		cr_expect(strstr(events, "failed:"), "%s", floods[i]);
	}
}
