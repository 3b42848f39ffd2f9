/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cameras that sign what they send: their SEI goes through untouched, and its segment says so. */
#include <criterion/criterion.h>
#include <errno.h>

#include "media/packager.h"

static const struct track video = {.codec = CODEC_H264, .timescale = 90000, .width = 640, .height = 360, .profile = 100, .config = {1, 100, 0, 30, 0xff, 0xe0, 0}, .config_len = 7};

/* Which signature each segment's end tells, in order; and all samples' bytes. */
struct signatures {
	enum sei_signature told[8];
	unsigned n;
	uint8_t bytes[1024];
	size_t len;
	bool full;
};

static int take_signature(void *ctx, const struct record *r)
{
	struct signatures *s = ctx;

	if (s->full && r->kind == RECORD_PART)
		return -ENOBUFS;
	if (r->kind == RECORD_SEGMENT_END)
		s->told[s->n++] = r->end.signature;
	if (r->kind == RECORD_PART) {
		memcpy(s->bytes + s->len, r->part.data + r->part.head_bytes, r->part.len - r->part.head_bytes);
		s->len += r->part.len - r->part.head_bytes;
	}
	return 0;
}

static const uint8_t plain_au[] = {0, 0, 0, 3, 0x41, 0x9a, 0x80};
static const uint8_t signed_au[] = {0, 0, 0, 21, 6, 5, 17, 0x00, 0x5b, 0xc9, 0x3f, 0x2d, 0x71, 0x5e, 0x95, 0xad, 0xa4, 0x79, 0x6f, 0x90, 0x87,
	0x7a, 0x6f, 0x40, 0x80, 0, 0, 0, 3, 0x41, 0x9a, 0x80};

/* Of 4 pictures a segment, the second of segment `with` is signed. Returns how many bytes went in. */
static size_t feed_signed(struct packager *p, uint32_t segments, uint32_t with, uint8_t *all)
{
	size_t len = 0;

	for (uint32_t i = 0; i < segments * 4; i++) {
		bool is = i / 4 == with && i % 4 == 1;
		struct au au = {.dts = i * 9000, .pts = i * 9000, .capture_us = 1, .key = i % 4 == 0,
			.data = is ? signed_au : plain_au, .len = is ? sizeof signed_au : sizeof plain_au};

		cr_assert_eq(packager_add(p, &au, i / 4), 0);
		memcpy(all + len, au.data, au.len);
		len += au.len;
	}
	return len;
}

Test(packager_signature, a_cameras_signature_is_kept_as_it_is_and_told_of_its_segment)
{
	struct signatures s = {0};
	struct packager_hooks h = {.emit = take_signature, .ctx = &s};
	uint8_t all[1024];
	struct packager p;
	size_t len;

	packager_init(&p, &h, 200);
	cr_assert_eq(packager_begin(&p, 0, RENDITION_COPY, 1, &video), 0);
	len = feed_signed(&p, 3, 1, all);
	cr_assert_eq(packager_flush(&p), 0);
	cr_assert(s.n == 3 && s.told[0] == SEI_SIGNATURE_NONE && s.told[1] == SEI_SIGNATURE_ONVIF && s.told[2] == SEI_SIGNATURE_NONE);
	cr_assert_eq(s.len, len);
	cr_assert_arr_eq(s.bytes, all, len);
	packager_free(&p);
}

Test(packager_signature, a_signature_that_was_dropped_is_not_told)
{
	struct signatures s = {0};
	struct packager_hooks h = {.emit = take_signature, .ctx = &s};
	uint8_t all[1024];
	struct packager p;

	packager_init(&p, &h, 200);
	cr_assert_eq(packager_begin(&p, 0, RENDITION_COPY, 1, &video), 0);
	feed_signed(&p, 1, 9, all);
	s.full = true;
	for (int i = 4; i < 7; i++) {
		struct au au = {.dts = i * 9000, .pts = i * 9000, .capture_us = 1, .data = signed_au, .len = sizeof signed_au};

		cr_assert_eq(packager_add(&p, &au, 0), 0);
	}
	s.full = false;
	cr_assert_eq(packager_flush(&p), 0);
	cr_assert(s.n == 1 && s.told[0] == SEI_SIGNATURE_NONE);
	packager_free(&p);
}

Test(packager_signature, only_the_copy_has_a_cameras_signature)
{
	struct signatures s = {0};
	struct packager_hooks h = {.emit = take_signature, .ctx = &s};
	uint8_t all[1024];
	struct packager p;

	packager_init(&p, &h, 200);
	cr_assert_eq(packager_begin(&p, 0, RENDITION_ENCODED, 1, &video), 0);
	feed_signed(&p, 2, 0, all);
	cr_assert_eq(packager_flush(&p), 0);
	cr_assert(s.n == 2 && s.told[0] == SEI_SIGNATURE_NONE && s.told[1] == SEI_SIGNATURE_NONE);
	packager_free(&p);
}
