/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "base/text.h"
#include "media/codec_string.h"
#include "media/h265.h"
#include "tests/media/stream265.h"

/* Parameter sets of x265; what they mean was read from ffprobe. */
static const struct sps_case {
	const char *name, *vps, *sps, *pps;
	int width, height, coded_width, coded_height;
	int profile, level, chroma, depth;
	unsigned fps_num, fps_den;
	int reorder, sub_layers, sar_width, sar_height;
	bool fields, full_range;
} good[] = {
	{"720p with B-frames", "40010c01ffff01600000030090000003000003005d959409", "42010101600000030090000003000003005da00280802d16595964932bc05a020000030002000003003210", "4401c172b46240",
	 1280, 720, 1280, 720, 0x1, 93, 1, 8, 25, 1, 2, 1, 1, 1},
	{"4:2:2, 10 bits", "40010c01ffff0408000003009d0800000300003f928090", "4201010408000003009d0800000300003fb005020169f6d964a924caf0168080000003008000000c84", "4401c172b46240",
	 640, 358, 640, 360, 0x4, 63, 2, 10, 25, 1, 0, 1, 1, 1},
	{"4:4:4", "40010c01ffff0408000003009e0800000300001e959009", "4201010408000003009e0800000300001e9002a40d39e7cb2b249265780b404000000300400000030282", "4401c172860c4624",
	 162, 98, 168, 104, 0x4, 30, 3, 8, 10, 1, 2, 1, 1, 1},
	{"both sides cropped", "40010c01ffff01600000030090000003000003003fba0240", "42010101600000030090000003000003003fa005120169c9596ea4932bc05a020000030002000003003210", "4401c172b46240",
	 642, 358, 648, 360, 0x1, 63, 1, 8, 25, 1, 0, 1, 1, 1},
	{"12 bits", "40010c01ffff040800000300998800000300003c928090", "420101040800000300998800000300003ca00a080f114a592a4932bc05a02000000300200000030321", "4401c172b46240",
	 320, 240, 320, 240, 0x4, 60, 1, 12, 25, 1, 0, 1, 1, 1},
	{"grey", "40010c01ffff0408000003009fc800000300001e959009", "4201010408000003009fc800000300001ec0820416595924932bc05b020000030002000003000a10", "4401c172b42240",
	 64, 64, 64, 64, 0x4, 30, 0, 8, 5, 1, 2, 1, 1, 1, false, true},
	{"HRD, full range", "40010c01ffff01600000030090000003000003005a959809", "42010101600000030090000003000003005aa0058201e165959a4932bc09b020000003002000000303cc1392cdc001e848003d0910", "4401c172b46240",
	 704, 480, 704, 480, 0x1, 90, 1, 8, 30, 1, 2, 1, 12, 11, false, true},
	{"fields", "40010c01ffff01600000030040000003000003005a928090", "42010101600000030040000003000003005aa005a201216592a4932bffc010000b5a1a0000030002000003006410", "4401c172b46240",
	 720, 288, 720, 288, 0x1, 90, 1, 8, 50, 1, 0, 1, 64, 45, true},
	{"all key frames", "40010c01ffff0408000003009fa800000300003cba0240", "4201010408000003009fa800000300003ca00a080f165ba924caf0168080000003008000000c84", "4401c172b06240",
	 320, 240, 320, 240, 0x4, 60, 1, 8, 25, 1, 0, 1, 1, 1},
	{"two temporal layers", "40010c02ffff01600000030090000003000003005a00009594aca048", "42010201600000030090000003000003005a0000a0050201e1659594acb24995e02d010000030001000003001908", "4401c172b46240",
	 640, 480, 640, 480, 0x1, 90, 1, 8, 25, 1, 2, 2, 1, 1},
	{"Main 10", "40010c01ffff02200000030090000003000003003f959009", "42010102200000030090000003000003003fa00b080484d96564924caf0168080000030008000003019040", "4401c172b46240",
	 352, 288, 352, 288, 0x2, 63, 1, 10, 50, 1, 2, 1, 1, 1},
	{"1080p, cropped", "40010c01ffff016000000300900000030000030078ba0240", "420101016000000300900000030000030078a003c0801107cb96e92930bc05a02000007d20000ea601", "4401c073c189",
	 1920, 1080, 1920, 1088, 0x1, 120, 1, 8, 30000, 1001, 0, 1, 1, 1},
	{"2160p, High tier", "40010c01ffff216000000300900000030000030099ba0240", "420101216000000300900000030000030099a001e020021c596e92930bc05a020000030002000003002810", "4401c073c189",
	 3840, 2160, 3840, 2160, 0x81, 153, 1, 8, 20, 1, 0, 1, 1, 1},
};
#define GOOD (sizeof good / sizeof *good)

/*
 * 640x360 at N/1001 pictures a second, the timing behind every kind of reference picture set (given, and predicted from
 * the one before), matrices, pcm, long-term pictures, and three temporal layers with and without a profile of their
 * own. Made at random; ffmpeg's trace of headers finds the same N.
 */
static const struct { const char *sps; unsigned n; } twisted[] = {
	{"420105016000000300b0000003000003005de000016000000300b0000003000003003c016000000300b000000300000300a005020171f2e519e4912377b8104b7775891b738c45caccc2ec7789257148aee59793255b3751f2ad24f4b14d58ceae675e8af9420e9dac92e227b72abd2477062deca77256492293725d75caa5536ac7245189704b96f12bd1ccdae68fa3872c957b1cb8ac95df264ad644757515b97e4e2a254b24bac1f5ceef57264ef12373e679714bf322afbc42f6ebe38eced0ba1e0100000303e900005e1108", 24081},
	{"420105016000000300b0000003000003005df000016000000300b0000003000003003c016000000300b0000003000003003ca005020171f2e519e4912377b8105b5c92f2148a8bdf7a178b4c5212e492e5e2a75f564d495d511792fe556888b2df9eae6e912496f3586dd54bc8abcdcc9a97e55b1b57cde32a4dd74be64b1512aefe8584436ab92844aa926f55717aa9223572cb24c8bee5d568210bf725632d0565971a9967210522bea5aa94b3649649318149022f2ddf22d32c1c9c8aa119088cd1249714aef968a8b99cf8d0dcc40fc02000007d20000bc8a1", 24133},
	{"420105016000000300b0000003000003005d60003c016000000300b000000300000300a005020171f2e599cce679244880824ae5922dfb230759932cb2f8958c4ebb65c460994a66408a45cd634eeb1394624572e889a52c9c8c3ae284592f11f7534d4497bdd5acb5d5220cd1797187d873690bd442165ba96b91d6f56a82a2f2d7c9452ac351e9a1795cdf4c8ac925f55d82ab270c546d51ebac6164d16bc4bf1192cb91625efe76df5e23b9e5adf80400000fa40001792020", 24136},
	{"420105016000000300b0000003000003005d40003ca005020171f2e599cce67924488082a5d0c8c609cee58ad7d55e569728818ad148e5afaa884cb2c9f90cd326e4b93d158842f5254b9a2dee5b344a96642f727ab172907951e62bd4c57734cc9dd117302e9310cda96597ad293254c85965925a9d265964c9cb895d49138adf25ddf6b43389c40cd6ee2a2cb2cb2cd165f2d623788aff1e2a2c9f2c596fa8889d4b6222dcb2caf909277ea88c92fde253b80400000fa400017a4820", 24210},
	{"420105016000000300b0000003000003005d8000016000000300b000000300000300a005020171f2e519e4912377b8a6424b2dcbc9bf6aef4b11330958ce99498a1cce1782efc1fe32bf853ebbb19dfcf7f97b2fd3873aa45c60721bd780400000fa400017ae82", 24250},
};

struct sets {
	uint8_t vps[64], sps[512], pps[64];
	size_t nvps, nsps, npps;
};

static size_t unhex(const char *hex, uint8_t *out, size_t cap)
{
	size_t n = strlen(hex) / 2;

	cr_assert(n <= cap && hex_decode(hex, n * 2, out, n) == 0);
	return n;
}

static struct sets sets_of(const struct sps_case *c)
{
	struct sets s;

	s.nvps = unhex(c->vps, s.vps, sizeof s.vps);
	s.nsps = unhex(c->sps, s.sps, sizeof s.sps);
	s.npps = unhex(c->pps, s.pps, sizeof s.pps);
	return s;
}

static int track_of(const struct sets *s, struct track *ret)
{
	return h265_track(s->vps, s->nvps, s->sps, s->nsps, s->pps, s->npps, ret);
}

Test(h265, reads_parameter_sets_of_a_real_encoder)
{
	for (size_t i = 0; i < GOOD; i++) {
		const struct sps_case *c = &good[i];
		struct sets p = sets_of(c);
		struct h265_sps s;

		cr_assert_eq(h265_parse_sps(p.sps, p.nsps, &s), 0, "%s", c->name);
		cr_expect(s.width == c->width && s.height == c->height, "%s: %dx%d", c->name, s.width, s.height);
		cr_expect(s.coded_width == c->coded_width && s.coded_height == c->coded_height, "%s: %dx%d", c->name, s.coded_width, s.coded_height);
		cr_expect(s.profile == c->profile && s.level == c->level, "%s: %x %d", c->name, s.profile, s.level);
		cr_expect(s.chroma_format == c->chroma && s.bit_depth_luma == c->depth && s.bit_depth_chroma == c->depth, "%s", c->name);
		cr_expect(s.fps_num == c->fps_num && s.fps_den == c->fps_den, "%s: %u/%u", c->name, s.fps_num, s.fps_den);
		cr_expect(s.reorder == c->reorder && s.sub_layers == c->sub_layers, "%s: %d %d", c->name, s.reorder, s.sub_layers);
		cr_expect(s.sar_width == c->sar_width && s.sar_height == c->sar_height, "%s: %u:%u", c->name, s.sar_width, s.sar_height);
		cr_expect(s.fields == c->fields && s.full_range == c->full_range, "%s", c->name);
	}
}

Test(h265, reads_past_every_tool_to_the_timing)
{
	for (size_t i = 0; i < sizeof twisted / sizeof *twisted; i++) {
		uint8_t sps[512];
		size_t n = unhex(twisted[i].sps, sps, sizeof sps);
		struct h265_sps s;

		cr_assert_eq(h265_parse_sps(sps, n, &s), 0);
		cr_expect(s.width == 640 && s.height == 360 && s.coded_height == 368, "%dx%d", s.width, s.height);
		cr_expect(s.fps_num == twisted[i].n && s.fps_den == 1001, "%zu: %u/%u", i, s.fps_num, s.fps_den);
	}
}

Test(h265, lets_bytes_after_the_set_pass)
{
	for (size_t i = 0; i < GOOD; i++) {
		struct sets p = sets_of(&good[i]);
		struct h265_sps a, b;

		cr_assert_eq(h265_parse_sps(p.sps, p.nsps, &a), 0);
		memcpy(p.sps + p.nsps, "\x00\x00\x00\x2b\x65\xff", 6);
		cr_assert_eq(h265_parse_sps(p.sps, p.nsps + 6, &b), 0, "%s", good[i].name);
		cr_assert(a.width == b.width && a.height == b.height && a.fps_num == b.fps_num && a.reorder == b.reorder, "%s", good[i].name);
	}
}

Test(h265, a_cut_set_is_refused_or_lacks_only_its_vui)
{
	for (size_t i = 0; i < GOOD; i++) {
		struct sets p = sets_of(&good[i]);
		struct h265_sps s;

		for (size_t k = 0; k < p.nsps; k++) {
			s.width = 1;
			if (h265_parse_sps(p.sps, k, &s))
				cr_assert_eq(s.width, 1, "untouched on failure");
			else
				cr_assert(s.width == good[i].width && s.height == good[i].height, "%s cut at %zu", good[i].name, k);
		}
	}
}

/* Writes the fields of a parameter set bit by bit. */
struct bit_writer {
	uint8_t p[256];
	size_t at;
};

static void put(struct bit_writer *w, unsigned bits, uint64_t v)
{
	for (unsigned i = bits; i-- > 0; w->at++)
		if (v >> i & 1)
			w->p[w->at / 8] |= (uint8_t)(0x80 >> w->at % 8);
}

static void put_ue(struct bit_writer *w, uint64_t v)
{
	unsigned bits = 0;

	for (uint64_t x = v + 1; x >>= 1;)
		bits++;
	w->at += bits;
	put(w, bits + 1, v + 1);
}

/* The NAL unit with what emulation prevention puts in (7.4.2). */
static size_t escaped(const struct bit_writer *w, uint8_t out[512])
{
	unsigned zeros = 0;
	size_t n = 0;

	for (size_t i = 0; i < (w->at + 7) / 8; i++) {
		if (zeros == 2 && w->p[i] <= 3) {
			out[n++] = 3;
			zeros = 0;
		}
		zeros = w->p[i] ? 0 : zeros + 1;
		out[n++] = w->p[i];
	}
	return n;
}

/* profile_tier_level of one layer, and one line of parse_ordering. */
static void put_profile(struct bit_writer *w, uint64_t space, uint64_t sub_layers)
{
	put(w, 2, space);
	put(w, 6, 1);
	put(w, 32, 0x60000000);
	put(w, 48, 0xb00000000001);
	put(w, 8, 93);
	if (sub_layers > 1)
		put(w, 16, 0);
}

static void put_ordering(struct bit_writer *w, uint64_t reorder)
{
	put(w, 1, 0);
	put_ue(w, 4);
	put_ue(w, reorder);
	put_ue(w, 0);
}

/* What an SPS says, all else at its least. */
struct said {
	uint64_t space, sub_layers, id, chroma, width, height, crop_right, crop_bottom, depth, poc_bits, reorder, sets, negative, long_terms, tick, scale;
};

static const struct said plain = {.sub_layers = 1, .chroma = 1, .width = 640, .height = 360, .sets = 1, .tick = 1, .scale = 25};

static int parse_said(const struct said *a, struct h265_sps *ret)
{
	struct bit_writer w = {{0x42, 0x01}, 16};
	uint8_t nal[512];

	put(&w, 4, 5);
	put(&w, 3, a->sub_layers - 1);
	put(&w, 1, 1);
	put_profile(&w, a->space, a->sub_layers);
	put_ue(&w, a->id);
	put_ue(&w, a->chroma);
	put_ue(&w, a->width);
	put_ue(&w, a->height);
	put(&w, 1, 1);
	put_ue(&w, 0);
	put_ue(&w, a->crop_right);
	put_ue(&w, 0);
	put_ue(&w, a->crop_bottom);
	put_ue(&w, a->depth);
	put_ue(&w, a->depth);
	put_ue(&w, a->poc_bits);
	put_ordering(&w, a->reorder);
	for (int i = 0; i < 6; i++)
		put_ue(&w, 1);
	put(&w, 4, 6);
	put_ue(&w, a->sets);
	for (uint64_t i = 0; i < a->sets && i < 2; i++) {
		if (i)
			put(&w, 1, 0);
		put_ue(&w, a->negative);
		put_ue(&w, 0);
		for (uint64_t k = 0; k < a->negative; k++)
			put(&w, 2, 3);
	}
	put(&w, 1, a->long_terms > 0);
	if (a->long_terms) {
		put_ue(&w, a->long_terms);
		for (uint64_t k = 0; k < a->long_terms; k++)
			put(&w, (unsigned)(a->poc_bits + 5), 0x15555);
	}
	put(&w, 3, 7);
	put(&w, 8, 0);
	put(&w, 1, 1);
	put(&w, 32, a->tick);
	put(&w, 32, a->scale);
	put(&w, 4, 1);
	return h265_parse_sps(nal, escaped(&w, nal), ret);
}

Test(h265, values_out_of_bounds_are_refused)
{
	static const struct { const char *what; size_t field; uint64_t value; int rc; } cases[] = {
#define SAID(m) offsetof(struct said, m)
		{"id 15", SAID(id), 15, 0}, {"id 16", SAID(id), 16, -EBADMSG}, {"a profile space", SAID(space), 1, -EBADMSG}, {"8 sub-layers", SAID(sub_layers), 8, -EBADMSG},
		{"4:2:2", SAID(chroma), 2, 0}, {"chroma 4", SAID(chroma), 4, -EBADMSG}, {"no width", SAID(width), 0, -EBADMSG}, {"no height", SAID(height), 0, -EBADMSG},
		{"widest", SAID(width), 16384, 0}, {"too wide", SAID(width), 16385, -EBADMSG}, {"2^32-2 high", SAID(height), 0xfffffffe, -EBADMSG},
		{"cropped to two", SAID(crop_right), 319, 0}, {"cropped away", SAID(crop_right), 320, -EBADMSG}, {"cropped by 2^33", SAID(crop_bottom), 0xfffffffe, -EBADMSG},
		{"16 bits", SAID(depth), 8, 0}, {"17 bits", SAID(depth), 9, -EBADMSG}, {"counts of 17 bits", SAID(poc_bits), 13, -EBADMSG},
		{"16 reference pictures", SAID(negative), 16, 0}, {"17 reference pictures", SAID(negative), 17, -EBADMSG}, {"65 sets", SAID(sets), 65, -EBADMSG},
		{"32 long-term pictures", SAID(long_terms), 32, 0}, {"33 long-term pictures", SAID(long_terms), 33, -EBADMSG}, {"a code of 33 bits", SAID(reorder), 0xffffffff, -EBADMSG},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct said a = plain;
		struct h265_sps s = {.width = 7};

		memcpy((char *)&a + cases[i].field, &cases[i].value, sizeof cases[i].value);
		cr_expect_eq(parse_said(&a, &s), cases[i].rc, "%s", cases[i].what);
		cr_expect(cases[i].rc == 0 || s.width == 7, "%s: untouched on failure", cases[i].what);
		cr_expect(cases[i].rc || (s.fps_num == 25 && s.fps_den == 1), "%s: %u/%u", cases[i].what, s.fps_num, s.fps_den);
	}
}

Test(h265, nonsense_in_reordering_and_timing_is_not_told)
{
	static const struct { uint64_t reorder, tick, scale; int want; unsigned num; } cases[] = {
		{16, 1, 25, 16, 25}, {17, 1, 25, -1, 25}, {0xfffffffe, 1, 25, -1, 25}, {0, 0, 25, 0, 0}, {0, 1, 0, 0, 0}, {0, 1, 1001, 0, 0}, {0, 1001, 1000000, 0, 1000000},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct said a = plain;
		struct h265_sps s;

		a.reorder = cases[i].reorder;
		a.tick = cases[i].tick;
		a.scale = cases[i].scale;
		cr_assert_eq(parse_said(&a, &s), 0);
		cr_expect_eq(s.reorder, cases[i].want, "case %zu: %d", i, s.reorder);
		cr_expect(s.fps_num == cases[i].num && !s.fps_num == !s.fps_den, "case %zu: %u/%u", i, s.fps_num, s.fps_den);
	}
}

Test(h265, crops_in_chroma_samples)
{
	static const struct { uint64_t chroma; int width, height; } cases[] = {{0, 639, 359}, {1, 638, 358}, {2, 638, 359}};

	for (size_t i = 0; i < 3; i++) {
		struct said a = plain;
		struct h265_sps s;

		a.chroma = cases[i].chroma;
		a.crop_right = a.crop_bottom = 1;
		cr_assert_eq(parse_said(&a, &s), 0);
		cr_expect(s.width == cases[i].width && s.height == cases[i].height, "%dx%d", s.width, s.height);
		cr_expect(s.vps_id == 5 && s.compat == 0x60000000 && s.constraints == 0xb00000000001, "%x %lx", s.compat, (unsigned long)s.constraints);
	}
}

Test(h265, vps_and_pps_name_themselves)
{
	struct sets p = sets_of(&good[0]);
	struct bit_writer w = {{0x40, 0x01}, 16};
	uint8_t timed[512];
	struct h265_vps v;
	struct h265_pps q;

	cr_assert(h265_parse_vps(p.vps, p.nvps, &v) == 0 && v.id == 0 && v.fps_num == 0);
	cr_assert(h265_parse_pps(p.pps, p.npps, &q) == 0 && q.id == 0 && q.sps_id == 0);
	put(&w, 4, 3);
	put(&w, 2 + 6 + 3 + 1, 0xc01);
	put(&w, 16, 0xffff);
	put_profile(&w, 0, 1);
	put_ordering(&w, 2);
	put(&w, 6, 1);                     /* layers 0 and 1 */
	put_ue(&w, 2);                     /* two sets beside the first */
	put(&w, 4, 0xa);
	put(&w, 1, 1);
	put(&w, 32, 1001);
	put(&w, 32, 30000);
	put(&w, 2, 1);
	cr_assert(h265_parse_vps(timed, escaped(&w, timed), &v) == 0 && v.id == 3);
	cr_expect(v.fps_num == 30000 && v.fps_den == 1001, "%u/%u", v.fps_num, v.fps_den);
	for (size_t k = 0; k < p.nvps; k++)
		cr_assert(k >= 21 || h265_parse_vps(p.vps, k, &v) == -EBADMSG, "cut at %zu", k);
	cr_assert_eq(h265_parse_pps(p.pps, 2, &q), -EBADMSG);
	cr_assert_eq(h265_parse_pps((const uint8_t[]){0x44, 0x01, 0x01, 0x01, 0x80}, 5, &q), -EBADMSG, "set 127");
	cr_assert_eq(h265_parse_vps(p.sps, p.nsps, &v), -EBADMSG);
	cr_assert_eq(h265_parse_pps(p.vps, p.nvps, &q), -EBADMSG);
	p.vps[1] |= 8;
	cr_assert_eq(h265_parse_vps(p.vps, p.nvps, &v), -EBADMSG, "a layer above the base");
}

/* ISO/IEC 14496-15 8.3.3.1.2 and annex E. */
Test(h265, builds_a_configuration_record)
{
	static const struct { size_t i; const char *head; } cases[] = {
		{0, "0101600000009000000000005df000fcfdf8f800000f03"}, {1, "0104080000009d08000000003ff000fcfefafa00000f03"},
	};

	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		const struct sps_case *c = &good[cases[k].i];
		struct sets p = sets_of(c);
		char hex[2 * TRACK_CONFIG_MAX + 1], want[1200];
		struct h265_sps s;
		struct track t;

		cr_assert_eq(track_of(&p, &t), 0);
		cr_assert(t.codec == CODEC_H265 && t.timescale == 90000 && t.width == c->width && t.height == c->height);
		hex_encode(t.config, t.config_len, hex);
		snprintf(want, sizeof want, "%sa00001%04zx%sa10001%04zx%sa20001%04zx%s", cases[k].head, p.nvps, c->vps, p.nsps, c->sps, p.npps, c->pps);
		cr_expect_str_eq(hex, want);
		cr_assert_eq(h265_track_sps(&t, &s), 0);
		cr_assert_eq(s.width, c->width);
	}
}

Test(h265, names_its_codec)
{
	static const struct { size_t i; const char *codec; } cases[] = {
		{0, "hvc1.1.6.L93.90"}, {1, "hvc1.4.10.L63.9D.08"}, {4, "hvc1.4.10.L60.99.88"}, {9, "hvc1.1.6.L90.90"}, {10, "hvc1.2.4.L63.90"}, {12, "hvc1.1.6.H153.90"},
	};
	const struct track most = {.codec = CODEC_H265, .profile = 0xff, .compat = 0xffffffff, .constraints = 0xffffffffffff, .level = 255};
	const struct track usual = {.codec = CODEC_H265, .profile = 1, .compat = 0x60000000, .constraints = 0xb00000000000, .level = 93};
	char name[CODEC_STRING_MAX];

	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		struct sets p = sets_of(&good[cases[k].i]);
		struct track t;

		cr_assert_eq(track_of(&p, &t), 0);
		codec_string(&t, name);
		cr_expect_str_eq(name, cases[k].codec);
	}
	codec_string(&most, name);
	cr_expect_str_eq(name, "hvc1.31.FFFFFFFF.H255.FF.FF.FF.FF.FF.FF");
	codec_string(&usual, name);
	cr_expect_str_eq(name, "hvc1.1.6.L93.B0");
}

Test(h265, a_track_has_bounds)
{
	static uint8_t big[TRACK_CONFIG_MAX] = {0x44, 0x01, 0xc1};
	struct sets p = sets_of(&good[0]), q = p;
	struct track t = {.width = 7}, clean, with_zeros;
	struct h265_sps s;

	memset(big + 3, 0x55, sizeof big - 3);
	cr_assert_eq(h265_track(p.vps, p.nvps, p.sps, p.nsps, big, sizeof big, &t), -EMSGSIZE);
	cr_assert_eq(h265_track(p.vps, p.nvps, p.sps, p.nsps, big, sizeof big - p.nvps - p.nsps - 20, &t), -EMSGSIZE);
	cr_assert_eq(h265_track(p.sps, p.nsps, p.sps, p.nsps, p.pps, p.npps, &t), -EBADMSG);
	cr_assert_eq(h265_track(p.vps, p.nvps, p.vps, p.nvps, p.pps, p.npps, &t), -EBADMSG);
	cr_assert_eq(h265_track(p.vps, 1, p.sps, 1, p.pps, 1, &t), -EBADMSG);
	q.pps[2] = 0xa1;                   /* of SPS 1 */
	cr_assert_eq(track_of(&q, &t), -EBADMSG, "a PPS of another SPS");
	q = p;
	q.vps[2] |= 0x10;
	cr_assert_eq(track_of(&q, &t), -EBADMSG, "an SPS of another VPS");
	cr_assert_eq(t.width, 7, "untouched on failure");
	cr_assert_eq(h265_track_sps(&t, &s), -EBADMSG);
	memset(p.vps + p.nvps, 0, 3);
	memset(p.sps + p.nsps, 0, 3);
	memset(p.pps + p.npps, 0, 3);
	cr_assert_eq(track_of(&p, &clean), 0);
	cr_assert_eq(h265_track(p.vps, p.nvps + 3, p.sps, p.nsps + 3, p.pps, p.npps + 3, &with_zeros), 0);
	cr_assert_eq(clean.config_len, with_zeros.config_len, "zero bytes at the end are padding");
	for (uint16_t k = 0; k < clean.config_len; k++) {
		t = clean;
		t.config_len = k;
		cr_assert(k >= 33 + p.nvps + p.nsps || h265_track_sps(&t, &s) == -EBADMSG, "a record of %u bytes", k);
	}
	clean.codec = CODEC_H264;
	cr_assert_eq(h265_track_sps(&clean, &s), -EBADMSG);
}

Test(h265, knows_where_pictures_and_key_frames_begin)
{
	static const struct { const char *what; uint8_t nal[3]; size_t n; bool set, slice, irap, begins; } cases[] = {
		{"IDR", {0x26, 0x01, 0xaf}, 3, false, true, true, true}, {"IDR without leading", {0x28, 0x01, 0xaf}, 3, false, true, true, true},
		{"CRA", {0x2a, 0x01, 0xaf}, 3, false, true, true, true}, {"BLA", {0x20, 0x01, 0x80}, 3, false, true, true, true},
		{"IDR, its second slice", {0x26, 0x01, 0x2f}, 3, false, true, true, false}, {"trailing", {0x02, 0x01, 0xd0}, 3, false, true, false, true},
		{"RASL", {0x12, 0x01, 0x80}, 3, false, true, false, true}, {"a higher sub-layer", {0x00, 0x02, 0xe0}, 3, false, true, false, true},
		{"reserved", {0x14, 0x01, 0x80}, 3}, {"reserved key", {0x2c, 0x01, 0x80}, 3}, {"another layer", {0x26, 0x09, 0xaf}, 3}, {"layer 32", {0x27, 0x01, 0xaf}, 3},
		{"forbidden bit", {0xa6, 0x01, 0xaf}, 3}, {"only a header", {0x26, 0x01}, 2}, {"one byte", {0x26}, 1}, {"none", {0}, 0},
		{"VPS", {0x40, 0x01, 0x0c}, 3, true}, {"SPS", {0x42, 0x01, 0x01}, 3, true}, {"PPS", {0x44, 0x01}, 2, true}, {"delimiter", {0x46, 0x01, 0x50}, 3},
		{"SEI", {0x4e, 0x01, 0x80}, 3}, {"half a VPS header", {0x40}, 1},
	};
	size_t at = 0;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cr_expect_eq(h265_is_parameter_set(cases[i].nal, cases[i].n), cases[i].set, "%s", cases[i].what);
		cr_expect_eq(h265_is_slice(cases[i].nal, cases[i].n), cases[i].slice, "%s", cases[i].what);
		cr_expect_eq(h265_is_irap(cases[i].nal, cases[i].n), cases[i].irap, "%s", cases[i].what);
		cr_expect_eq(h265_begins_picture(cases[i].nal, cases[i].n), cases[i].begins, "%s", cases[i].what);
	}
	for (size_t i = 0; i < sizeof stream265_au / sizeof *stream265_au; at += stream265_au[i++].len)
		cr_assert_eq(h265_au_has_irap(stream265_data + at, stream265_au[i].len), stream265_au[i].key);
	cr_assert_not(h265_au_has_irap((const uint8_t[]){0, 0, 0, 9, 0x26}, 5), "a cut NAL unit");
}
