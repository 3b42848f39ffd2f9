/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "base/text.h"
#include "media/codec_string.h"
#include "media/h264.h"
#include "media/nal.h"
#include "tests/media/stream.h"

/* Parameter sets of x264 (first half) and of cameras in the field; what they mean was read from ffprobe. */
static const struct sps_case {
	const char *name, *sps, *pps;
	int width, height, coded_height;
	int profile, chroma, depth;
	unsigned fps_num, fps_den;
	int reorder, sar_width, sar_height;
	bool interlaced, full_range;
} good[] = {
	{"720p with B-frames", "6764001facd9405005bb011000000300100000030320f1831960", "68ebe3cb22c0", 1280, 720, 720, 100, 1, 8, 50, 2, 2, 1, 1},
	{"1080p, cropped", "67640028acd940780227e5c04400000fa40003a9803c60c658", "68ebe3cb22c0", 1920, 1080, 1088, 100, 1, 8, 60000, 2002, 2, 1, 1},
	{"baseline", "6742c016d900a02ff970110000030001000003001e0f162e48", "68cb83cb20", 640, 360, 368, 66, 1, 8, 30, 2, 0, 1, 1},
	{"main, both sides cropped", "674d401ed900a42fe226c044000003000400000300c83c58b920", "68ebc3cb20", 642, 358, 368, 77, 1, 8, 50, 2, 0, 1, 1},
	{"interlaced 576, 16:9", "6764001eacd940b424dff8020001688000000300800000190f8a14cb", "68fba3cb22c0", 720, 576, 576, 100, 1, 8, 50, 2, 2, 64, 45, true},
	{"High 4:2:2", "677a0028bcd940780227e27011000003000100000300320f183196", "68ebe3cb22c0", 1920, 1080, 1088, 122, 2, 8, 50, 2, 2, 1, 1},
	{"High 10", "676e000da6cd9416096c0440000003004000000c83c50a6580", "68ebe3cb22c0", 352, 288, 288, 110, 1, 10, 50, 2, 2, 1, 1},
	{"High 4:4:4, odd crop", "67f4000a919b2859fc7c7e022000000300200000030281e244b2c0", "68ebe3c44848", 162, 98, 112, 244, 3, 8, 20, 2, 2, 1, 1},
	{"2160p, matrices in the PPS", "67640033acd9403c0043ec0440000003004000000a03c60c6580", "68ebe3cb3002c0", 3840, 2160, 2160, 100, 1, 8, 40, 2, 2, 1, 1},
	{"HRD, full range", "6764001eacd940b03db016e020404800000300080000030193010007a12000f427161803c58b6580", "68ebecb22c", 704, 480, 480, 100, 1, 8, 50, 2, 2, 1, 1, false, true},
	{"grey", "6764000af365109b0110000003001000000300a0f1225960", "68ebe3cb22c0", 64, 64, 64, 100, 0, 8, 10, 2, 2, 1, 1},
	{"all key frames", "6764100dacb8283f60220000030002000003006408", "68ee0f2c8b", 320, 240, 240, 100, 1, 8, 50, 2, 0, 1, 1},
	{"camera, constrained baseline", "6742c01ed903c56840000003004000000c03c58b92", "68cb8cb2", 240, 160, 160, 66, 1, 8, 48, 2, 0, 0, 0},
	{"camera, timing only", "6764001eac2c6a82c0f69b828082a0000003002000000303d08000", "68ee31b21b00", 704, 480, 480, 100, 1, 8, 30, 2, -1, 0, 0, false, true},
	{"camera, no VUI", "674d001f95a814016e40", "68ee3c80", 1280, 720, 720, 77, 1, 8, 0, 0, 0, 0, 0},
	{"camera, baseline with timing", "67420029963540f0044fcb37010101400000030040000007a1", "68ce31b2", 1920, 1080, 1088, 66, 1, 8, 30, 2, 0, 0, 0, false, true},
	{"camera, 30 per second", "674d00299a6403c0113f2cd404040500000303e80000ea6004", "68ee3c80", 1920, 1080, 1088, 77, 1, 8, 60000, 2000, -1, 0, 0},
	{"camera, five megapixels", "67640033ace802800b59", "68ee3c30", 2560, 1440, 1440, 100, 1, 8, 0, 0, -1, 0, 0},
};

static size_t unhex(const char *hex, uint8_t *out, size_t cap)
{
	size_t n = strlen(hex) / 2;

	cr_assert(n <= cap && hex_decode(hex, n * 2, out, n) == 0);
	return n;
}

Test(h264, reads_parameter_sets_of_real_encoders)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		const struct sps_case *c = &good[i];
		uint8_t sps[256];
		struct h264_sps s;
		size_t n = unhex(c->sps, sps, sizeof sps);

		cr_assert_eq(h264_parse_sps(sps, n, &s), 0, "%s", c->name);
		cr_expect(s.width == c->width && s.height == c->height, "%s: %dx%d", c->name, s.width, s.height);
		cr_expect_eq(s.coded_height, c->coded_height, "%s: %d", c->name, s.coded_height);
		cr_expect(s.profile == c->profile && s.chroma_format == c->chroma && s.bit_depth_luma == c->depth, "%s", c->name);
		cr_expect(s.fps_num == c->fps_num && s.fps_den == c->fps_den, "%s: %u/%u", c->name, s.fps_num, s.fps_den);
		cr_expect_eq(s.reorder, c->reorder, "%s: %d", c->name, s.reorder);
		cr_expect(s.sar_width == c->sar_width && s.sar_height == c->sar_height, "%s: %u:%u", c->name, s.sar_width, s.sar_height);
		cr_expect_eq(s.interlaced, c->interlaced, "%s", c->name);
		cr_expect_eq(s.full_range, c->full_range, "%s", c->name);
	}
}

Test(h264, lets_bytes_after_the_set_pass)
{
	uint8_t sps[256];
	struct h264_sps a, b;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		size_t n = unhex(good[i].sps, sps, sizeof sps);

		memset(&a, 0, sizeof a);
		memset(&b, 0, sizeof b);
		cr_assert_eq(h264_parse_sps(sps, n, &a), 0);
		memcpy(sps + n, "\x00\x00\x00\x2b\x65\xff", 6);
		cr_assert_eq(h264_parse_sps(sps, n + 6, &b), 0, "%s", good[i].name);
		cr_assert(a.width == b.width && a.height == b.height && a.fps_num == b.fps_num && a.reorder == b.reorder, "%s", good[i].name);
	}
}

Test(h264, a_cut_set_is_refused_or_lacks_only_its_vui)
{
	uint8_t sps[256];
	struct h264_sps s;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		size_t n = unhex(good[i].sps, sps, sizeof sps);

		for (size_t k = 0; k < n; k++) {
			s.width = 1;
			if (h264_parse_sps(sps, k, &s))
				cr_assert_eq(s.width, 1, "untouched on failure");
			else
				cr_assert(s.width == good[i].width && s.height == good[i].height, "%s cut at %zu", good[i].name, k);
		}
	}
}

/* Writes the fields of a small baseline SPS bit by bit. */
struct bit_writer {
	uint8_t p[64];
	size_t at;
};

static void put_ue(struct bit_writer *w, uint32_t v)
{
	unsigned bits = 0;

	for (uint64_t x = (uint64_t)v + 1; x >>= 1;)
		bits++;
	w->at += bits;
	for (int i = (int)bits; i >= 0; i--, w->at++)
		if (((uint64_t)v + 1) >> i & 1)
			w->p[w->at / 8] |= (uint8_t)(0x80 >> w->at % 8);
}

static int parse_sized(uint32_t mbs_wide, uint32_t mbs_high, const uint32_t crop[4], struct h264_sps *s)
{
	struct bit_writer w = {.p = {0x67, 66, 0xc0, 30}, .at = 32};
	uint32_t head[] = {0, 0, 2, 1};    /* id, log2_max_frame_num, poc type, references */

	for (int i = 0; i < 4; i++)
		put_ue(&w, head[i]);
	w.at++;
	put_ue(&w, mbs_wide - 1);
	put_ue(&w, mbs_high - 1);
	put_ue(&w, 0);                     /* frame_mbs_only_flag: ue 0 is a 1 bit */
	w.at++;
	if (crop) {
		put_ue(&w, 0);
		for (int i = 0; i < 4; i++)
			put_ue(&w, crop[i]);
	} else {
		w.at++;
	}
	w.at++;                            /* no VUI */
	put_ue(&w, 0);
	return h264_parse_sps(w.p, (w.at + 7) / 8, s);
}

Test(h264, refuses_absurd_sizes)
{
	struct h264_sps s;

	cr_assert_eq(parse_sized(1024, 1024, NULL, &s), 0);
	cr_assert(s.width == 16384 && s.height == 16384);
	cr_assert_eq(parse_sized(1025, 2, NULL, &s), -EBADMSG);
	cr_assert_eq(parse_sized(2, 1025, NULL, &s), -EBADMSG);
	cr_assert_eq(parse_sized(0x10000001, 2, NULL, &s), -EBADMSG, "times 16 it would wrap to 16");
	cr_assert_eq(parse_sized(2, 2, (uint32_t[]){0, 15, 0, 0}, &s), 0);
	cr_assert_eq(s.width, 2);
	cr_assert_eq(parse_sized(2, 2, (uint32_t[]){0, 16, 0, 0}, &s), -EBADMSG, "nothing is left");
	cr_assert_eq(parse_sized(2, 2, (uint32_t[]){0, 0, 8, 8}, &s), -EBADMSG);
	cr_assert_eq(parse_sized(2, 2, (uint32_t[]){0x80000000, 0x80000000, 0, 0}, &s), -EBADMSG, "the sum would wrap to 0");
	cr_assert_eq(parse_sized(2, 2, (uint32_t[]){0xfffffffe, 0xfffffffe, 0, 0}, &s), -EBADMSG);
}

Test(h264, refuses_what_is_no_sps)
{
	struct h264_sps s;

	cr_assert_eq(h264_parse_sps((const uint8_t *)"", 0, &s), -EBADMSG);
	cr_assert_eq(h264_parse_sps((const uint8_t *)"\x67\x42\xc0", 3, &s), -EBADMSG);
	cr_assert_eq(h264_parse_sps((const uint8_t *)"\x68\xeb\xe3\xcb\x22\xc0", 6, &s), -EBADMSG);
}

Test(h264, builds_a_track)
{
	static const struct { size_t i; const char *codec; const char *tail; } cases[] = {
		{0, "avc1.64001f", "fdf8f800"}, {2, "avc1.42c016", NULL}, {5, "avc1.7a0028", "fef8f800"}, {6, "avc1.6e000d", "fdfafa00"}, {7, "avc1.f4000a", "fff8f800"},
	};

	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		const struct sps_case *c = &good[cases[k].i];
		char name[CODEC_STRING_MAX], hex[2 * TRACK_CONFIG_MAX + 1], want[600];
		uint8_t sps[128], pps[64];
		size_t nsps = unhex(c->sps, sps, sizeof sps), npps = unhex(c->pps, pps, sizeof pps);
		struct h264_sps s;
		struct track t;

		cr_assert_eq(h264_track(sps, nsps, pps, npps, &t), 0);
		cr_assert(t.codec == CODEC_H264 && t.timescale == 90000 && t.width == c->width && t.height == c->height);
		codec_string(&t, name);
		cr_assert_str_eq(name, cases[k].codec);
		hex_encode(t.config, t.config_len, hex);
		snprintf(want, sizeof want, "01%.6sffe1%04zx%s01%04zx%s%s", c->sps + 2, nsps, c->sps, npps, c->pps, cases[k].tail ? cases[k].tail : "");
		cr_assert_str_eq(hex, want);
		cr_assert_eq(h264_track_sps(&t, &s), 0);
		cr_assert_eq(s.width, c->width);
	}
}

Test(h264, a_track_has_bounds)
{
	static uint8_t big[TRACK_CONFIG_MAX] = {0x68, 0xeb};
	uint8_t sps[128], padded[140] = {0};
	size_t n = unhex(good[0].sps, sps, sizeof sps);
	struct track t = {.width = 7}, clean, with_zeros;
	struct h264_sps s;

	memset(big + 2, 0x55, sizeof big - 2);
	cr_assert_eq(h264_track(sps, n, big, sizeof big, &t), -EMSGSIZE);
	cr_assert_eq(h264_track(sps, n, sps, n, &t), -EBADMSG);
	cr_assert_eq(h264_track(big, 30, big, 30, &t), -EBADMSG);
	cr_assert_eq(h264_track(sps, n, big, 1, &t), -EBADMSG);
	cr_assert_eq(t.width, 7, "untouched on failure");
	cr_assert_eq(h264_track_sps(&t, &s), -EBADMSG);
	memcpy(padded, sps, n);
	cr_assert_eq(h264_track(sps, n, big, 6, &clean), 0);
	cr_assert_eq(h264_track(padded, n + 3, big, 6, &with_zeros), 0);
	cr_assert_eq(clean.config_len, with_zeros.config_len, "zero bytes at the end are padding");
}

Test(h264, knows_where_pictures_and_key_frames_begin)
{
	static const struct { uint8_t nal[3]; size_t n; bool slice, begins; } cases[] = {
		{{0x65, 0x88}, 2, true, true}, {{0x41, 0x9a}, 2, true, true}, {{0x41, 0x4a}, 2, true, false}, {{0x42, 0x80}, 2, true, true},
		{{0x01, 0x00, 0x80}, 3, true, false}, {{0x06, 0x80}, 2, false, false}, {{0x67, 0x80}, 2, false, false}, {{0x65}, 1, false, false}, {{0}, 0, false, false},
	};
	size_t at = 0;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_assert_eq(h264_is_slice(cases[i].nal, cases[i].n), cases[i].slice, "case %zu", i);
		cr_assert_eq(h264_begins_picture(cases[i].nal, cases[i].n), cases[i].begins, "case %zu", i);
	}
	for (size_t i = 0; i < sizeof stream_au / sizeof *stream_au; at += stream_au[i++].len)
		cr_assert_eq(h264_au_has_idr(stream_data + at, stream_au[i].len), stream_au[i].key, "picture %zu", i);
	cr_assert(!h264_au_has_idr(stream_data, 3));
	cr_assert_eq(at, sizeof stream_data);
}
