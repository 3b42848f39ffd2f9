/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "base/wr.h"
#include "media/nal.h"
#include "media/sei.h"

#define NAL(...) (const uint8_t[]){__VA_ARGS__}, sizeof (const uint8_t[]){__VA_ARGS__}
#define ONVIF 0x00, 0x5b, 0xc9, 0x3f, 0x2d, 0x71, 0x5e, 0x95, 0xad, 0xa4, 0x79, 0x6f, 0x90, 0x87, 0x7a, 0x6f
#define AXIS 'S', 'i', 'g', 'n', 'e', 'd', ' ', 'V', 'i', 'd', 'e', 'o', '.', '.', '.', '0'
#define OTHER 0xdc, 0x45, 0xe9, 0xbd, 0xe6, 0xd9, 0x48, 0xb7, 0x96, 0x2c, 0xd8, 0x20, 0xd9, 0x23, 0xee, 0xef

/* A size of 255 is 255 and 0: with the zero that the identifier begins with. */
static const uint8_t long_unit[4 + 255 + 1] = {0x06, 5, 255, 0, ONVIF, [4 + 255] = 0x80};

static const struct {
	const char *name;
	enum codec codec;
	const uint8_t *nal;
	size_t n;
	enum sei_signature is;
} cases[] = {
	{"ONVIF", CODEC_H264, NAL(0x06, 5, 17, ONVIF, 0x40, 0x80), SEI_SIGNATURE_ONVIF},
	{"Axis", CODEC_H264, NAL(0x06, 5, 17, AXIS, 1, 0x80), SEI_SIGNATURE_AXIS},
	{"its identifier alone", CODEC_H264, NAL(0x06, 5, 16, AXIS, 0x80), SEI_SIGNATURE_AXIS},
	{"another's user data", CODEC_H264, NAL(0x06, 5, 17, OTHER, 1, 0x80), SEI_SIGNATURE_NONE},
	{"behind other messages", CODEC_H264, NAL(0x06, 6, 1, 0xc4, 255, 1, 3, 9, 8, 7, 5, 16, AXIS, 0x80), SEI_SIGNATURE_AXIS},
	{"inside another message", CODEC_H264, NAL(0x06, 4, 19, 5, 17, AXIS, 1, 0x80), SEI_SIGNATURE_NONE},
	{"both: the greater", CODEC_H264, NAL(0x06, 5, 16, ONVIF, 5, 16, AXIS, 0x80), SEI_SIGNATURE_ONVIF},
	{"zero bytes at the end of the unit", CODEC_H264, NAL(0x06, 5, 16, AXIS, 0x80, 0, 0), SEI_SIGNATURE_AXIS},
	{"a size of several bytes", CODEC_H264, long_unit, sizeof long_unit, SEI_SIGNATURE_ONVIF},
	{"escaped within", CODEC_H264, NAL(0x06, 1, 2, 0, 0, 3, 5, 16, AXIS, 0x80), SEI_SIGNATURE_AXIS},
	{"a byte of 3 that escapes nothing", CODEC_H264, NAL(0x06, 1, 2, 0, 3, 5, 16, AXIS, 0x80), SEI_SIGNATURE_AXIS},
	{"too short for an identifier", CODEC_H264, NAL(0x06, 5, 15, AXIS, 0x80), SEI_SIGNATURE_NONE},
	{"cut", CODEC_H264, NAL(0x06, 5, 40, AXIS, 1, 0x80), SEI_SIGNATURE_NONE},
	{"another type of message", CODEC_H264, NAL(0x06, 4, 16, AXIS, 0x80), SEI_SIGNATURE_NONE},
	{"a slice", CODEC_H264, NAL(0x61, 5, 16, AXIS, 0x80), SEI_SIGNATURE_NONE},
	{"no messages", CODEC_H264, NAL(0x06), SEI_SIGNATURE_NONE},
	{"prefix", CODEC_H265, NAL(0x4e, 1, 5, 17, ONVIF, 0x40, 0x80), SEI_SIGNATURE_ONVIF},
	{"suffix", CODEC_H265, NAL(0x50, 1, 5, 17, AXIS, 0x40, 0x80), SEI_SIGNATURE_AXIS},
	{"of the other codec", CODEC_H265, NAL(0x06, 5, 17, AXIS, 1, 0x80), SEI_SIGNATURE_NONE},
	{"of the other codec", CODEC_H264, NAL(0x4e, 1, 5, 17, AXIS, 1, 0x80), SEI_SIGNATURE_NONE},
	{"a header alone", CODEC_H265, NAL(0x4e, 1), SEI_SIGNATURE_NONE},
	{"sound", CODEC_AAC, NAL(0x06, 5, 17, AXIS, 1, 0x80), SEI_SIGNATURE_NONE},
};

/* An access unit: a slice, the unit of the case, a slice. */
static size_t around(size_t i, uint8_t *mem, size_t cap)
{
	struct wr w = wr_init(mem, cap);

	wr_u32(&w, 2);
	wr_u16(&w, 0x4101);
	wr_u32(&w, (uint32_t)cases[i].n);
	wr_bytes(&w, cases[i].nal, cases[i].n);
	wr_u32(&w, 3);
	wr_u24(&w, 0x020188);
	cr_assert(!w.bad);
	return w.len;
}

Test(sei, a_cameras_signature_is_told_by_its_identifier)
{
	uint8_t au[1024];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		cr_expect_eq(sei_signature(cases[i].codec, au, around(i, au, sizeof au)), cases[i].is, "%zu: %s", i, cases[i].name);
}

Test(sei, what_is_cut_anywhere_is_no_signature)
{
	uint8_t au[1024];
	size_t whole = around(0, au, sizeof au), end = whole - 7;

	for (size_t n = 0; n < end; n++)
		cr_expect_eq(sei_signature(CODEC_H264, au, n), SEI_SIGNATURE_NONE, "%zu bytes", n);
	cr_expect_eq(sei_signature(CODEC_H264, au, end), SEI_SIGNATURE_ONVIF);
}

Test(sei, messages_come_one_by_one)
{
	const uint8_t nal[] = {0x06, 255, 255, 3, 2, 7, 8, 1, 3, 0, 0, 3, 1, 0x80};
	struct sei_message m;
	struct sei s;

	cr_assert(sei_begin(&s, CODEC_H264, nal, sizeof nal));
	cr_assert_eq(sei_next(&s, &m), 1);
	cr_assert(m.type == 513 && m.size == 2 && m.head_len == 2 && m.head[0] == 7 && m.head[1] == 8);
	cr_assert_eq(sei_next(&s, &m), 1);
	cr_assert(m.type == 1 && m.size == 3 && m.head_len == 3 && m.head[0] == 0 && m.head[1] == 0 && m.head[2] == 1);
	cr_assert_eq(sei_next(&s, &m), 0);
}

Test(sei, a_message_that_is_cut_ends_it_for_good)
{
	const uint8_t nal[] = {0x06, 1, 9, 1, 2, 0x80};
	struct sei_message m;
	struct sei s;

	cr_assert(sei_begin(&s, CODEC_H264, nal, sizeof nal));
	cr_assert_eq(sei_next(&s, &m), -EBADMSG);
	cr_assert_eq(sei_next(&s, &m), -EBADMSG);
}
