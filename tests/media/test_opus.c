/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "media/codec_string.h"
#include "media/opus.h"
#include "tests/media/stream_opus.h"

/* RFC 6716 3.1 and 3.2; data behind what is written is zeros. */
Test(opus, knows_how_long_a_packet_is)
{
	static const struct { const char *what; uint8_t head[8]; size_t n; int want; } cases[] = {
		{"SILK 10 ms", {0x00, 1}, 2, 480}, {"SILK 60 ms", {0x18, 1}, 2, 2880}, {"SILK wide 20 ms", {0x48, 1}, 2, 960},
		{"hybrid 10 ms", {0x60, 1}, 2, 480}, {"hybrid 20 ms", {0x78, 1}, 2, 960}, {"CELT 2.5 ms", {0x80, 1}, 2, 120}, {"CELT 20 ms", {0xf8, 1}, 2, 960},
		{"nothing", {0}, 0, -EBADMSG}, {"a frame without bytes", {0xf8}, 1, 960}, {"the longest frame", {0xf8}, 1276, 960}, {"a longer frame", {0xf8}, 1277, -EBADMSG},
		{"two alike", {0xf9}, 5, 1920}, {"two alike, odd", {0xf9}, 4, -EBADMSG}, {"two alike, too long", {0xf9}, 2553, -EBADMSG},
		{"two, lengths told", {0xfa, 1, 9, 9}, 4, 1920}, {"two, the first too long", {0xfa, 3, 9, 9}, 4, -EBADMSG}, {"two, no length", {0xfa}, 1, -EBADMSG},
		{"two, half a length", {0xfa, 252}, 2, -EBADMSG}, {"two, a length of two bytes", {0xfa, 252, 1}, 260, 1920}, {"two, the second too long", {0xfa, 1}, 1280, -EBADMSG},
		{"many, no count", {0xfb}, 1, -EBADMSG}, {"none of many", {0xfb, 0}, 2, -EBADMSG}, {"six alike", {0xfb, 6}, 14, 5760}, {"seven: 140 ms", {0xfb, 7}, 16, -EBADMSG},
		{"48 of 2.5 ms", {0x83, 48}, 50, 5760}, {"49 of 2.5 ms", {0x83, 49}, 51, -EBADMSG}, {"three alike, not divisible", {0xfb, 3}, 6, -EBADMSG},
		{"padding", {0xfb, 0x41, 2, 7, 0, 0}, 6, 960}, {"padding past the end", {0xfb, 0x41, 5, 7, 0, 0}, 6, -EBADMSG}, {"254 of padding and more", {0xfb, 0x41, 255, 3}, 261, 960},
		{"endless padding", {0xfb, 0x41, 255, 255, 255, 255, 255, 255}, 8, -EBADMSG},
		{"lengths of each", {0xfb, 0x83, 1, 2, 9, 9, 9, 9}, 8, 2880}, {"lengths past the end", {0xfb, 0x83, 1, 9, 9, 9, 9, 9}, 8, -EBADMSG}, {"lengths cut", {0xfb, 0x86, 1, 1}, 4, -EBADMSG},
		{"a length over 1275", {0xfb, 0x82, 255, 255}, 1400, 1920}, {"a length of 1276 as the last", {0xfb, 0x82, 1}, 1280, -EBADMSG},
	};
	static uint8_t packet[3000];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		memset(packet, 0, sizeof packet);
		memcpy(packet, cases[i].head, sizeof cases[i].head);
		cr_expect_eq(opus_packet_samples(packet, cases[i].n), cases[i].want, "%s: %d", cases[i].what, opus_packet_samples(packet, cases[i].n));
	}
}

Test(opus, reads_packets_of_a_real_encoder)
{
	size_t at = 0;

	for (size_t i = 0; i < sizeof stream_opus_len / sizeof *stream_opus_len; at += stream_opus_len[i++])
		cr_assert_eq(opus_packet_samples(stream_opus_data + at, stream_opus_len[i]), OPUS_FRAME_SAMPLES);
	cr_assert_eq(at, sizeof stream_opus_data);
}

Test(opus, builds_a_track)
{
	static const uint8_t dops[] = {0, 2, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0};
	char name[CODEC_STRING_MAX];
	struct track t = {.channels = 9};

	cr_assert(opus_track(0, &t) == -EINVAL && opus_track(3, &t) == -EINVAL && t.channels == 9);
	cr_assert_eq(opus_track(2, &t), 0);
	cr_assert(t.codec == CODEC_OPUS && t.timescale == 48000 && t.rate == 48000 && t.channels == 2 && t.config_len == sizeof dops);
	cr_assert_arr_eq(t.config, dops, sizeof dops);
	codec_string(&t, name);
	cr_assert_str_eq(name, "opus");
}
