/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "media/media_signing.h"
#include "media/nal.h"
#include "media/sei.h"

static const char chain[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
static const struct media_signing_identity who = {"casemate 0.1.0", "example.com/site", "casemate", chain, sizeof chain - 1};
static uint8_t mem[MEDIA_SIGNING_SEI_MAX], raw[MEDIA_SIGNING_SEI_MAX];

static struct media_signing_gop gop_of(uint8_t fill)
{
	struct media_signing_gop g = {.start_us = 0, .end_us = 2000000, .number = 0x01020304, .nals = 50};

	memset(g.hash, fill, sizeof g.hash);
	return g;
}

/* What a tag holds, of a whole NAL unit without emulation prevention; NULL when it is not there. They end with tag 3 and the stop bit. */
static const uint8_t *value_of(const uint8_t *nal, size_t n, size_t head, unsigned tag, size_t *ret_n)
{
	struct rd r = rd_init(nal, n);
	const uint8_t *found = NULL;
	unsigned last = 0;

	rd_bytes(&r, head + SEI_UUID_BYTES + 1);
	while (rd_left(&r) > 1) {
		unsigned t = rd_u8(&r);
		size_t len = rd_u16(&r);
		const uint8_t *v = rd_bytes(&r, len);

		cr_assert(v);
		if (t == tag) {
			found = v;
			*ret_n = len;
		}
		last = t;
	}
	cr_assert(last == 3 && rd_u8(&r) == 0x80);
	return found;
}

static size_t head_of(const uint8_t *nal, size_t header)
{
	size_t at = header + 1;

	while (nal[at] == 255)
		at++;
	return at + 1;
}

static size_t size_told(const uint8_t *nal, size_t header)
{
	size_t size = 0, at = header + 1;

	while (nal[at] == 255)
		size += nal[at++];
	return size + nal[at];
}

static size_t write_gop(enum codec codec, const struct media_signing_gop *g, const struct media_signing_identity *of, const char *text)
{
	static const uint8_t signature[70] = {0x30, 0x44, 0, 0, 1};
	struct wr w = wr_init(mem, sizeof mem);

	cr_assert_eq(media_signing_gop(&w, codec, g, of, text), 0);
	cr_assert_eq(media_signing_finish(&w, signature, sizeof signature), 0);
	return w.len;
}

Test(media_signing, a_groups_fields_are_where_they_belong)
{
	static const uint8_t general[] = {2, 1, 0, 0, 0, 0x01, 0x9d, 0xb1, 0xde, 0xd5, 0x3e, 0x80, 0x00, 0x01, 0x9d, 0xb1, 0xde, 0xd6, 0x6f, 0xad, 0x00, 1, 2, 3, 4, 0, 50};
	static const uint8_t signature_head[] = {1, 0, 70, 0x30, 0x44, 0, 0, 1};
	static const struct { enum codec codec; size_t header; uint8_t first; } cases[] = {{CODEC_H264, 1, 0x06}, {CODEC_H265, 2, 0x4e}};

	for (size_t i = 0; i < 2; i++) {
		struct media_signing_gop g = gop_of(0);
		size_t n = write_gop(cases[i].codec, &g, NULL, "camera gate-1"), len = 0, header = cases[i].header, head;
		const uint8_t *v;

		cr_assert(mem[0] == cases[i].first && mem[header] == 5);
		cr_assert_gt(n, nal_unescape(mem, n, raw, sizeof raw), "zeros are escaped");
		n = nal_unescape(mem, n, raw, sizeof raw);
		head = head_of(raw, header);
		cr_assert_eq(size_told(raw, header), n - head - 1);
		cr_assert_arr_eq(raw + head, sei_uuid_onvif, SEI_UUID_BYTES);
		cr_assert_eq(raw[head + SEI_UUID_BYTES], 0x40);
		v = value_of(raw, n, head, 1, &len);
		cr_assert(v && len == sizeof general + 64);
		cr_assert_arr_eq(v, general, sizeof general);
		cr_assert_arr_eq(v + sizeof general, g.hash, 32);
		cr_assert_arr_eq(v + sizeof general + 32, g.linked, 32);
		v = value_of(raw, n, head, 7, &len);
		cr_assert(v && len == 14 && !memcmp(v, "\1camera gate-1", 14));
		v = value_of(raw, n, head, 3, &len);
		cr_assert(v && len == 3 + 72 && !memcmp(v, signature_head, sizeof signature_head) && v[3 + 70] == 1 && v[3 + 71] == 1);
		cr_assert_null(value_of(raw, n, head, 4, &len));
	}
}

Test(media_signing, nothing_of_a_unit_looks_like_a_start_code)
{
	for (unsigned fill = 0; fill < 5; fill++) {
		struct media_signing_gop g = gop_of((uint8_t)fill);
		size_t n = write_gop(CODEC_H264, &g, NULL, NULL);

		for (size_t i = 2; i < n; i++)
			cr_assert(mem[i] > 2 || mem[i - 1] || mem[i - 2], "byte %zu", i);
	}
}

/* The tag of the signature itself may need an escape: that is behind what is signed. */
Test(media_signing, what_is_signed_is_what_stands_before_the_signatures_tag)
{
	struct media_signing_gop g = gop_of(9);
	struct wr w = wr_init(mem, sizeof mem);
	uint8_t before[512];
	size_t n;

	cr_assert_eq(media_signing_gop(&w, CODEC_H264, &g, NULL, NULL), 0);
	n = w.len;
	memcpy(before, mem, n);
	cr_assert_eq(media_signing_finish(&w, (const uint8_t *)"x", 1), 0);
	cr_assert_arr_eq(mem, before, n);
	cr_assert(mem[n] == 3 && mem[n + 1] == 3, "an escape, then tag 3");
}

Test(media_signing, a_certificate_stands_alone_or_with_a_group)
{
	struct media_signing_gop g = gop_of(1);
	struct wr w = wr_init(mem, sizeof mem);
	size_t n, len = 0, head;
	const uint8_t *v;

	cr_assert_eq(media_signing_certificate(&w, CODEC_H264, &who), 0);
	cr_assert_eq(media_signing_finish(&w, (const uint8_t *)"signature", 9), 0);
	n = nal_unescape(mem, w.len, raw, sizeof raw);
	head = head_of(raw, 1);
	cr_assert_eq(raw[head + SEI_UUID_BYTES], 0xc0);
	v = value_of(raw, n, head, 6, &len);
	cr_assert(v && len == 2 + who.chain_len && v[0] == 1 && v[1] == 0 && !memcmp(v + 2, chain, who.chain_len));
	v = value_of(raw, n, head, 5, &len);
	cr_assert(v && len == 1 + 1 + 14 + 1 + 16 + 1 + 8 && !memcmp(v + 1, "\16casemate 0.1.0\20example.com/site\10casemate", 41));
	v = value_of(raw, n, head, 4, &len);
	cr_assert(v && len == 16 && !memcmp(v, "\1\13\6\11\140\206\110\1\145\3\4\2\1\0\0\0", 16));
	cr_assert_null(value_of(raw, n, head, 1, &len));

	n = nal_unescape(mem, write_gop(CODEC_H264, &g, &who, NULL), raw, sizeof raw);
	head = head_of(raw, 1);
	cr_assert_eq(raw[head + SEI_UUID_BYTES], 0x40);
	cr_assert(value_of(raw, n, head, 6, &len) && value_of(raw, n, head, 1, &len));
}

Test(media_signing, is_told_as_a_cameras_would_be)
{
	struct media_signing_gop g = gop_of(0);
	uint8_t au[1024];
	struct wr w = wr_init(au, sizeof au);
	size_t n = write_gop(CODEC_H264, &g, NULL, NULL);

	wr_u32(&w, (uint32_t)n);
	wr_bytes(&w, mem, n);
	cr_assert_eq(sei_signature(CODEC_H264, au, w.len), SEI_SIGNATURE_ONVIF);
}

Test(media_signing, refuses_what_has_no_room)
{
	static char text[MEDIA_SIGNING_TEXT_MAX + 2], large[MEDIA_SIGNING_CHAIN_MAX + 1];
	struct media_signing_gop g = gop_of(0), none = {.number = 1};
	struct media_signing_identity of = who;
	struct wr w = wr_init(mem, sizeof mem);

	memset(text, 'x', sizeof text - 1);
	cr_expect_eq(media_signing_gop(&w, CODEC_AAC, &g, NULL, NULL), -EINVAL);
	cr_expect_eq(media_signing_gop(&w, CODEC_H264, &none, NULL, NULL), -EINVAL);
	cr_expect_eq(media_signing_gop(&w, CODEC_H264, &g, NULL, text), -EINVAL);
	of.chain_len = 0;
	cr_expect_eq(media_signing_certificate(&w, CODEC_H264, &of), -EINVAL);
	of.chain = large;
	of.chain_len = sizeof large;
	cr_expect_eq(media_signing_certificate(&w, CODEC_H264, &of), -EINVAL);
	of = who;
	of.serial = text;
	cr_expect_eq(media_signing_gop(&w, CODEC_H264, &g, &of, NULL), -EINVAL);
	cr_expect_eq(media_signing_finish(&w, mem, 0), -EINVAL);
	cr_expect_eq(media_signing_finish(&w, mem, MEDIA_SIGNING_SIGNATURE_MAX + 1), -EINVAL);
	w = wr_init(mem, 100);
	cr_expect_eq(media_signing_gop(&w, CODEC_H264, &g, NULL, NULL), -EINVAL);
}
