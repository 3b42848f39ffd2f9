/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is sent, taken apart again by the receiving half of the room. */
#include <criterion/criterion.h>
#include <errno.h>

#include "base/buf.h"
#include "media/aac.h"
#include "net/rtcp.h"
#include "net/rtp.h"
#include "net/rtp_aac.h"
#include "net/rtp_video.h"
#include "net/rtp_send.h"
#include "net/sdp.h"

static const struct track video = {
	.codec = CODEC_H264, .timescale = 90000, .profile = 0x64, .compat = 0, .level = 0x1f,
	/* one SPS and one PPS of 1280x720 High */
	.config = {1, 0x64, 0, 0x1f, 0xff, 0xe1, 0, 23, 0x67, 0x64, 0x00, 0x1f, 0xac, 0xb4, 0x02, 0x80, 0x2d, 0xd0, 0x80, 0x00, 0x00,
		   0x03, 0x00, 0x80, 0x00, 0x01, 0x5f, 0x90, 0x07, 0x8c, 0x19, 1, 0, 4, 0x68, 0xef, 0x0b, 0xcb},
	.config_len = 38,
};
static const uint8_t random_bytes[12] = {1, 2, 3, 4, 0xff, 0xff, 0xff, 0xf0, 0xff, 0xfe, 7, 8};

struct wire {
	struct rtp_source source;
	struct rtp_video h264;
	struct rtp_aac aac;
	unsigned packets, markers, losses;
	uint32_t timestamp;
	struct buf got;
	unsigned units;
	enum codec codec;
};

static void take_packet(void *ctx, const uint8_t *p, size_t n)
{
	struct wire *w = ctx;
	struct rtp_packet packet;
	const char *why;

	cr_assert_leq(n, RTP_SEND_PACKET_MAX);
	cr_assert_eq(rtp_parse(p, n, &packet, &why), 0, "%s", why);
	cr_assert_eq(w->markers, 0, "nothing follows the marker");
	w->losses += rtp_source_take(&w->source, &packet, 0) != RTP_NEXT;
	w->packets++;
	w->markers += packet.marker;
	w->timestamp = packet.timestamp;
	if (w->codec == CODEC_H264)
		rtp_video_feed(&w->h264, &packet, false, 0);
	else
		rtp_aac_feed(&w->aac, &packet, false, 0);
}

static void take_unit(void *ctx, const struct rtp_video_au *au)
{
	struct wire *w = ctx;

	w->units++;
	cr_assert_eq(buf_append(&w->got, au->data, au->len), 0);
}

static void take_frame(void *ctx, const struct rtp_audio_frame *f)
{
	struct wire *w = ctx;

	w->units++;
	cr_assert_eq(buf_append(&w->got, f->data, f->len), 0);
}

static void wire_init(struct wire *w, enum codec codec)
{
	*w = (struct wire){.codec = codec};
	rtp_source_init(&w->source, codec == CODEC_H264 ? RTP_SEND_VIDEO_TYPE : RTP_SEND_AUDIO_TYPE, 90000);
	rtp_video_init(&w->h264, CODEC_H264, take_unit, w);
	rtp_aac_init(&w->aac, 1024, take_frame, w);
	buf_init(&w->got, AU_MAX_BYTES);
}

static void wire_free(struct wire *w)
{
	rtp_video_free(&w->h264);
	rtp_aac_free(&w->aac);
	buf_free(&w->got);
}

/* A NAL unit of this type and size behind its length. */
static void add_nal(struct buf *b, uint8_t header, size_t n)
{
	uint8_t *p = buf_reserve(b, n + 4);
	struct wr w = wr_init(p, n + 4);

	wr_u32(&w, (uint32_t)n);
	wr_u8(&w, header);
	while (w.len < n + 4)
		wr_u8(&w, (uint8_t)(0x80 | w.len));
	buf_commit(b, n + 4);
}

Test(rtp_send, h264_comes_back_byte_for_byte)
{
	/* Sizes of the slices of one picture; the packet's payload is 1428 bytes. */
	static const struct { size_t slice[4]; unsigned packets; } c[] = {
		{{5}, 1}, {{1427}, 1}, {{1428}, 1}, {{1429}, 2}, {{1 + 2 * 1426}, 2}, {{2 + 2 * 1426}, 3}, {{200000}, 141},
		{{10, 20, 30}, 1}, {{10, 1500, 20, 30}, 4}, {{700, 700, 700}, 2}, {{711, 712}, 1}, {{712, 712}, 2},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct rtp_send s;
		struct wire w;
		struct buf au;

		wire_init(&w, CODEC_H264);
		buf_init(&au, AU_MAX_BYTES);
		rtp_send_init(&s, &video, random_bytes);
		for (int k = 0; k < 4 && c[i].slice[k]; k++)
			add_nal(&au, 0x65, c[i].slice[k]);
		cr_assert_eq(rtp_send_au(&s, 3600, buf_data(&au), au.len, take_packet, &w), 0);
		rtp_video_end(&w.h264);
		cr_expect_eq(w.packets, c[i].packets, "case %zu: %u packets", i, w.packets);
		cr_expect_eq(w.markers, 1);
		cr_expect_eq(w.losses, 0);
		cr_expect_eq(w.units, 1);
		cr_expect_eq(w.timestamp, 0xfffffff0u + 3600, "wraps");
		cr_expect(w.got.len == au.len && !memcmp(buf_data(&w.got), buf_data(&au), au.len), "case %zu", i);
		cr_expect_eq(s.packets, w.packets);
		buf_free(&au);
		wire_free(&w);
	}
}

Test(rtp_send, sequence_wraps_and_parameter_sets_share_a_packet)
{
	struct rtp_send s;
	struct wire w;
	struct buf au;

	wire_init(&w, CODEC_H264);
	buf_init(&au, AU_MAX_BYTES);
	rtp_send_init(&s, &video, random_bytes);
	cr_assert_lt(s.sequence, 0x8000);
	s.sequence = 0xffff;
	add_nal(&au, 0x67, 20);
	add_nal(&au, 0x68, 4);
	add_nal(&au, 0x65, 3000);
	cr_assert_eq(rtp_send_au(&s, 0, buf_data(&au), au.len, take_packet, &w), 0);
	rtp_video_end(&w.h264);
	cr_expect_eq(w.packets, 1 + 3);
	cr_expect_eq(s.sequence, 3);
	cr_expect_eq(w.losses, 0);
	cr_expect_eq(w.h264.set[RTP_SET_SPS].len, 20);
	cr_expect_eq(w.h264.set[RTP_SET_PPS].len, 4);
	buf_free(&au);
	wire_free(&w);
}

Test(rtp_send, a_length_past_the_end_is_refused)
{
	static const struct { uint8_t data[8]; size_t n; } c[] = {
		{{0, 0, 0, 5, 0x65, 1, 2, 3}, 8}, {{0, 0, 0, 0}, 4}, {{0, 0, 0}, 3}, {{0xff, 0xff, 0xff, 0xff, 0x65}, 5},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct rtp_send s;
		struct wire w;

		wire_init(&w, CODEC_H264);
		rtp_send_init(&s, &video, random_bytes);
		cr_expect_eq(rtp_send_au(&s, 0, c[i].data, c[i].n, take_packet, &w), -EBADMSG, "case %zu", i);
		cr_expect_eq(w.packets, 0);
		wire_free(&w);
	}
}

Test(rtp_send, aac_comes_back_also_in_pieces)
{
	static const struct { size_t n; int rc; unsigned packets; } c[] = {
		{1, 0, 1}, {300, 0, 1}, {1424, 0, 1}, {1425, 0, 2}, {8191, 0, 6}, {8192, -EMSGSIZE, 0},
	};
	const struct track audio = {.codec = CODEC_AAC, .timescale = 48000, .rate = 48000, .channels = 1};
	uint8_t frame[8192];

	for (size_t i = 0; i < sizeof frame; i++)
		frame[i] = (uint8_t)(i * 31 >> 3);
	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct rtp_send s;
		struct wire w;

		wire_init(&w, CODEC_AAC);
		rtp_send_init(&s, &audio, random_bytes);
		cr_expect_eq(rtp_send_au(&s, 1024, frame, c[i].n, take_packet, &w), c[i].rc);
		cr_expect_eq(w.packets, c[i].packets, "%zu bytes: %u packets", c[i].n, w.packets);
		if (!c[i].rc)
			cr_expect(w.units == 1 && w.got.len == c[i].n && !memcmp(buf_data(&w.got), frame, c[i].n));
		wire_free(&w);
	}
}

Test(rtp_send, report_ties_the_clocks)
{
	static const int64_t wall[] = {1700000000000000, 1700000000999999, 0};
	struct rtp_send s;

	rtp_send_init(&s, &video, random_bytes);
	s.packets = 7;
	s.octets = 7000;
	for (size_t i = 0; i < sizeof wall / sizeof *wall; i++) {
		/* Lengths of the name that end on each byte of a word. */
		for (unsigned n = 0; n < 5; n++) {
			uint8_t packet[128];
			struct wr w = wr_init(packet, sizeof packet);
			struct rtcp_report r;
			const char *why;

			rtp_send_report(&s, wall[i], 90000, "cams" + n, &w);
			cr_assert(!w.bad && w.len % 4 == 0);
			cr_assert_eq(rtcp_parse(packet, w.len, s.ssrc, &r, &why), 0, "%s", why);
			cr_assert(r.has_sender && !r.bye);
			cr_expect_leq(llabs(rtcp_ntp_to_us(r.sender.ntp) - wall[i]), 1);
			cr_expect_eq(r.sender.rtp_timestamp, rtp_send_timestamp(&s, 90000));
			cr_expect(r.sender.packets == 7 && r.sender.octets == 7000);
		}
	}
}

Test(rtp_send, sdp_is_understood)
{
	static const uint8_t config[2] = {0x11, 0x88};
	const struct track *tracks[2] = {&video};
	struct track audio, other = {.codec = CODEC_NONE}, cut = video;
	const char *why;
	struct sdp sdp;
	struct buf b;

	cr_assert_eq(aac_track(config, 2, &audio), 0);
	tracks[1] = &audio;
	buf_init(&b, 4096);
	cr_assert_eq(rtp_send_sdp(&b, "cam-1", tracks, 2), 0);
	cr_assert_eq(sdp_parse(buf_data(&b), b.len, &sdp, &why), 0, "%s", why);
	cr_assert_eq(sdp.nmedia, 2);
	cr_expect(sdp.media[0].codec == CODEC_H264 && sdp.media[0].packetization_mode == 1 && sdp.media[0].payload_type == RTP_SEND_VIDEO_TYPE);
	cr_expect(sdp.media[0].sps_len == 23 && !memcmp(sdp.media[0].sps, video.config + 8, 23));
	cr_expect(sdp.media[0].pps_len == 4 && !memcmp(sdp.media[0].pps, video.config + 34, 4));
	cr_expect(sdp.media[1].codec == CODEC_AAC && sdp.media[1].clock_rate == 48000 && sdp.media[1].channels == 1);
	cr_expect(sdp.media[1].config_len == 2 && !memcmp(sdp.media[1].config, config, 2));
	cr_expect_str_eq(sdp.media[1].control, "track1");

	tracks[1] = &other;
	cr_expect_eq(rtp_send_sdp(&b, "cam", tracks, 2), -EINVAL);
	for (cut.config_len = 0; cut.config_len < video.config_len; cut.config_len++) {
		tracks[1] = &cut;
		buf_clear(&b);
		cr_expect_eq(rtp_send_sdp(&b, "cam", tracks, 2), -EINVAL, "config of %u bytes", cut.config_len);
	}
	buf_free(&b);
	buf_init(&b, 100);
	cr_expect_eq(rtp_send_sdp(&b, "cam", tracks, 1), -ENOBUFS);
	buf_free(&b);
}

/* Of H.265 too: alone, together and in pieces, behind parameter sets that go first and carry no marker. */
Test(rtp_send, h265_comes_back_byte_for_byte)
{
	static const struct { size_t slice[3]; unsigned packets; } c[] = {{{5}, 1}, {{1428}, 1}, {{1429}, 2}, {{10, 20}, 1}, {{200000, 30}, 142}};
	static const struct track h265 = {.codec = CODEC_H265, .timescale = 90000};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct rtp_send s;
		struct wire w;
		struct buf au;

		wire_init(&w, CODEC_H264);
		rtp_video_free(&w.h264);
		rtp_video_init(&w.h264, CODEC_H265, take_unit, &w);
		buf_init(&au, AU_MAX_BYTES);
		rtp_send_init(&s, &h265, random_bytes);
		for (int k = 0; k < 3 && c[i].slice[k]; k++) {
			size_t at = au.len;

			add_nal(&au, 19 << 1, c[i].slice[k]);
			buf_data(&au)[at + 5] = 1;      /* layer 0, temporal id 0 */
			if (k == 0)
				buf_data(&au)[at + 6] |= 0x80;  /* a picture begins */
			else
				buf_data(&au)[at + 6] &= 0x7f;
		}
		cr_assert_eq(rtp_send_au(&s, 3600, buf_data(&au), au.len, take_packet, &w), 0);
		rtp_video_end(&w.h264);
		cr_expect_eq(w.packets, c[i].packets, "case %zu: %u packets", i, w.packets);
		cr_expect_eq(w.markers, 1);
		cr_expect(w.units == 1 && w.got.len == au.len && !memcmp(buf_data(&w.got), buf_data(&au), au.len), "case %zu", i);
		buf_free(&au);
		wire_free(&w);
	}
}

Test(rtp_send, a_piece_that_is_not_the_last_has_no_marker)
{
	static const uint8_t sets[] = {0, 0, 0, 2, 0x67, 1, 0, 0, 0, 2, 0x68, 2};
	uint8_t packet[RTP_SEND_PACKET_MAX];
	struct wr w = wr_init(packet, sizeof packet);
	struct rtp_send s;
	struct rtp_unit u;

	rtp_send_init(&s, &video, random_bytes);
	cr_assert_eq(rtp_unit_begin(&u, &s, 0, sets, sizeof sets, false), 0);
	cr_assert_eq(rtp_send_next(&s, &u, &w), 1);
	cr_expect_eq(packet[1], RTP_SEND_VIDEO_TYPE);
	cr_expect_eq(w.len, RTP_SEND_HEADER + 1u + 2 * 4);
	cr_expect_eq(rtp_send_next(&s, &u, &w), 0);
}

Test(rtp_send, opus_is_a_packet_of_its_own)
{
	static const struct track opus = {.codec = CODEC_OPUS, .timescale = 48000, .rate = 48000, .channels = 2};
	static const struct track *const tracks[] = {&opus};
	static uint8_t frame[1429] = {0x78};
	uint8_t packet[RTP_SEND_PACKET_MAX];
	struct wr w = wr_init(packet, sizeof packet);
	struct rtp_send s;
	struct rtp_unit u;
	struct buf sdp;

	rtp_send_init(&s, &opus, random_bytes);
	cr_expect_eq(rtp_unit_begin(&u, &s, 0, frame, sizeof frame, true), -EMSGSIZE);
	cr_assert_eq(rtp_unit_begin(&u, &s, 0, frame, 1428, true), 0);
	cr_assert_eq(rtp_send_next(&s, &u, &w), 1);
	cr_expect(w.len == sizeof packet && packet[1] == RTP_SEND_AUDIO_TYPE && packet[12] == 0x78);
	cr_expect_eq(rtp_send_next(&s, &u, &w), 0);
	buf_init(&sdp, 4096);
	cr_assert_eq(rtp_send_sdp(&sdp, "cam", tracks, 1), 0);
	cr_expect(memmem(buf_data(&sdp), sdp.len, "a=rtpmap:97 opus/48000/2\r\na=fmtp:97 sprop-stereo=1\r\n", 52));
	buf_free(&sdp);
}
