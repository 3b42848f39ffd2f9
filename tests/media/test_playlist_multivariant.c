/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "media/playlist_multivariant.h"

static const struct track video = {.codec = CODEC_H264, .width = 1280, .height = 720, .profile = 0x64, .level = 0x1f};
static const struct track small = {.codec = CODEC_H264, .width = 640, .height = 360, .profile = 0x42, .compat = 0xc0, .level = 0x1e};
static const struct track audio = {.codec = CODEC_AAC, .rate = 48000, .channels = 2, .profile = 2};

static const struct track h265 = {.codec = CODEC_H265, .width = 2560, .height = 1440, .profile = 1, .compat = 0x60000000, .constraints = 0xb00000000000, .level = 150};
static const struct track opus = {.codec = CODEC_OPUS, .rate = 48000, .channels = 1};
static const struct track pcma = {.codec = CODEC_PCMA, .rate = 8000, .channels = 1};

static void expect_text(struct buf *b, const char *want)
{
	cr_assert_eq(buf_append(b, "", 1), 0);
	cr_assert_str_eq((char *)buf_data(b), want, "%s", (char *)buf_data(b));
	buf_free(b);
}

Test(playlist_multivariant, names_each_rendition)
{
	const struct playlist_rendition v[] = {{"copy", &video, 4000000, 3000000, 25000, 0, 0}, {"360p", &small, 800000, 500000, 12500, 0, 0}};
	const struct playlist_rendition a = {"audio", &audio, 130000, 128000, 0, 0, 0};
	struct buf b;

	buf_init(&b, 4096);
	cr_assert_eq(playlist_multivariant(&b, v, 2, &a, true), 0);
	expect_text(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"audio\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"audio/index.m3u8\"\n"
		"#EXT-X-STREAM-INF:BANDWIDTH=4130000,AVERAGE-BANDWIDTH=3128000,CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,FRAME-RATE=25.000,AUDIO=\"audio\"\ncopy/index.m3u8\n"
		"#EXT-X-STREAM-INF:BANDWIDTH=930000,AVERAGE-BANDWIDTH=628000,CODECS=\"avc1.42c01e,mp4a.40.2\",RESOLUTION=640x360,FRAME-RATE=12.500,AUDIO=\"audio\"\n360p/index.m3u8\n");
	cr_assert_eq(playlist_multivariant(&b, v + 1, 1, NULL, false), 0);
	expect_text(&b, "#EXTM3U\n#EXT-X-VERSION:7\n"
		"#EXT-X-STREAM-INF:BANDWIDTH=800000,AVERAGE-BANDWIDTH=500000,CODECS=\"avc1.42c01e\",RESOLUTION=640x360,FRAME-RATE=12.500\n360p/index.m3u8\n");
	cr_assert_eq(playlist_multivariant(&b, NULL, 0, &a, true), 0);
	expect_text(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
		"#EXT-X-STREAM-INF:BANDWIDTH=130000,AVERAGE-BANDWIDTH=128000,CODECS=\"mp4a.40.2\"\naudio/index.m3u8\n");
}

Test(playlist_multivariant, of_a_time_names_it)
{
	const struct playlist_rendition v = {.name = "copy", .track = &video, .peak_bps = 4000000, .average_bps = 3000000, .from_s = 1795000000, .to_s = 1795001800};
	const struct playlist_rendition a = {.name = "audio", .track = &audio, .peak_bps = 130000, .average_bps = 128000, .from_s = 1795000000, .to_s = 1795001800};
	struct buf b;

	buf_init(&b, 4096);
	cr_assert_eq(playlist_multivariant(&b, &v, 1, &a, false), 0);
	expect_text(&b, "#EXTM3U\n#EXT-X-VERSION:7\n"
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"audio\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"audio/1795000000-1795001800.m3u8\"\n"
		"#EXT-X-STREAM-INF:BANDWIDTH=4130000,AVERAGE-BANDWIDTH=3128000,CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1280x720,AUDIO=\"audio\"\ncopy/1795000000-1795001800.m3u8\n");
}

Test(playlist_multivariant, a_player_without_h265_meets_h264_first)
{
	const struct playlist_rendition v[] = {{"copy", &h265, 6000000, 5000000, 20000, 0, 0}, {"720p", &video, 2000000, 1500000, 20000, 0, 0}, {"360p", &small, 800000, 500000, 12500, 0, 0}};
	const struct playlist_rendition a = {"audio", &opus, 40000, 32000, 0, 0, 0};
	struct buf b;

	buf_init(&b, 4096);
	cr_assert_eq(playlist_multivariant(&b, v, 3, &a, true), 0);
	expect_text(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
		"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"audio\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"1\",URI=\"audio/index.m3u8\"\n"
		"#EXT-X-STREAM-INF:BANDWIDTH=2040000,AVERAGE-BANDWIDTH=1532000,CODECS=\"avc1.64001f,opus\",RESOLUTION=1280x720,FRAME-RATE=20.000,AUDIO=\"audio\"\n720p/index.m3u8\n"
		"#EXT-X-STREAM-INF:BANDWIDTH=840000,AVERAGE-BANDWIDTH=532000,CODECS=\"avc1.42c01e,opus\",RESOLUTION=640x360,FRAME-RATE=12.500,AUDIO=\"audio\"\n360p/index.m3u8\n"
		"#EXT-X-STREAM-INF:BANDWIDTH=6040000,AVERAGE-BANDWIDTH=5032000,CODECS=\"hvc1.1.6.L150.B0,opus\",RESOLUTION=2560x1440,FRAME-RATE=20.000,AUDIO=\"audio\"\ncopy/index.m3u8\n");
	cr_assert_eq(playlist_multivariant(&b, v, 1, NULL, false), 0);
	expect_text(&b, "#EXTM3U\n#EXT-X-VERSION:7\n"
		"#EXT-X-STREAM-INF:BANDWIDTH=6000000,AVERAGE-BANDWIDTH=5000000,CODECS=\"hvc1.1.6.L150.B0\",RESOLUTION=2560x1440,FRAME-RATE=20.000\ncopy/index.m3u8\n");
}

Test(playlist_multivariant, sound_is_no_picture)
{
	const struct playlist_rendition v = {"copy", &h265, 1, 1, 0, 0, 0}, a = {"audio", &opus, 1, 1, 0, 0, 0}, raw = {"audio", &pcma, 1, 1, 0, 0, 0};
	struct buf b;

	buf_init(&b, 4096);
	cr_assert_eq(playlist_multivariant(&b, &a, 1, NULL, true), -EINVAL);
	cr_assert_eq(playlist_multivariant(&b, &v, 1, &v, true), -EINVAL);
	cr_assert_eq(playlist_multivariant(&b, &v, 1, &raw, true), -EINVAL);
	cr_assert_eq(b.len, 0);
	buf_free(&b);
}

Test(playlist_multivariant, refuses_names_that_are_none)
{
	static const char *const names[] = {"", "Copy", "a b", "a\nb", "../x", "a\"b", "012345678901234567890123456789012"};
	struct buf b;

	buf_init(&b, 4096);
	cr_assert_eq(buf_append_str(&b, "before"), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct playlist_rendition v = {names[i], &video, 1, 1, 0, 0, 0}, a = {names[i], &audio, 1, 1, 0, 0, 0};

		cr_assert_eq(playlist_multivariant(&b, &v, 1, NULL, true), -EINVAL, "%s", names[i]);
		cr_assert_eq(playlist_multivariant(&b, NULL, 0, &a, true), -EINVAL, "%s", names[i]);
	}
	cr_assert_eq(playlist_multivariant(&b, NULL, 0, NULL, true), -EINVAL);
	expect_text(&b, "before");
}

Test(playlist_multivariant, a_full_buffer_keeps_what_it_held)
{
	const struct playlist_rendition v = {"copy", &video, 4000000, 3000000, 25000, 0, 0};
	struct buf b;

	for (size_t max = 8; max < 120; max++) {
		buf_init(&b, max);
		cr_assert_eq(buf_append_str(&b, "before"), 0);
		cr_assert_eq(playlist_multivariant(&b, &v, 1, NULL, true), -ENOBUFS);
		expect_text(&b, "before");
	}
}
