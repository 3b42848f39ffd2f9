/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>

#include "media/recovery.h"

#define AU(...) (const uint8_t[]){__VA_ARGS__}, sizeof (const uint8_t[]){__VA_ARGS__}

Test(recovery, is_found_where_a_decoder_finds_in)
{
	const struct {
		const char *name;
		enum codec codec;
		const uint8_t *data;
		size_t n;
		bool is;
	} cases[] = {
		{"nothing", CODEC_H264, (const uint8_t *)"", 0, false},
		{"recovery point", CODEC_H264, AU(0, 0, 0, 4, 0x06, 6, 1, 0xc4, 0, 0, 0, 2, 0x41, 0x9a), true},
		{"behind another message", CODEC_H264, AU(0, 0, 0, 7, 0x06, 1, 1, 0x55, 6, 1, 0xc4, 0, 0, 0, 2, 0x41, 0x9a), true},
		{"inside another message", CODEC_H264, AU(0, 0, 0, 8, 0x06, 5, 4, 6, 1, 0xc4, 0x80, 0x80, 0, 0, 0, 2, 0x41, 0x9a), false},
		{"behind a type of 255 and 6", CODEC_H264, AU(0, 0, 0, 6, 0x06, 255, 6, 1, 0xc4, 0x80, 0, 0, 0, 2, 0x41, 0x9a), false},
		{"size past the end", CODEC_H264, AU(0, 0, 0, 4, 0x06, 5, 255, 255, 0, 0, 0, 2, 0x41, 0x9a), false},
		{"empty SEI", CODEC_H264, AU(0, 0, 0, 1, 0x06, 0, 0, 0, 2, 0x41, 0x9a), false},
		{"I slice", CODEC_H264, AU(0, 0, 0, 3, 0x41, 0xb0, 0x80), true},
		{"I slices all", CODEC_H264, AU(0, 0, 0, 3, 0x41, 0x88, 0x84), true},
		{"an I and a P slice", CODEC_H264, AU(0, 0, 0, 3, 0x41, 0xb0, 0x80, 0, 0, 0, 2, 0x41, 0xe0), false},
		{"P slices all", CODEC_H264, AU(0, 0, 0, 3, 0x41, 0x9a, 0x80), false},
		{"a cut NAL unit", CODEC_H264, AU(0, 0, 0, 9, 0x41, 0x88), false},
		{"recovery point", CODEC_H265, AU(0, 0, 0, 5, 0x4e, 1, 6, 1, 0xc4, 0, 0, 0, 3, 0x02, 1, 0xd0), true},
		{"another message", CODEC_H265, AU(0, 0, 0, 6, 0x4e, 1, 1, 1, 0xc4, 0x80, 0, 0, 0, 3, 0x02, 1, 0xd0), false},
		{"behind the slice", CODEC_H265, AU(0, 0, 0, 3, 0x02, 1, 0xd0, 0, 0, 0, 5, 0x4e, 1, 6, 1, 0xc4), false},
		{"sound", CODEC_AAC, AU(0, 0, 0, 4, 0x06, 6, 1, 0xc4), false},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(recovery_point(cases[i].codec, cases[i].data, cases[i].n), cases[i].is, "%zu: %s", i, cases[i].name);
}
