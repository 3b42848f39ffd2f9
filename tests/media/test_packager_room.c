/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access units that are taken where they are. */
#include <criterion/criterion.h>
#include <errno.h>

#include "media/packager.h"

static const struct track video = {.codec = CODEC_H264, .timescale = 90000, .width = 640, .height = 360, .profile = 100, .config = {1, 100, 0, 30, 0xff, 0xe0, 0}, .config_len = 7};

static int hash_parts(void *ctx, const struct record *r)
{
	uint64_t *h = ctx;

	if (*h % 13 == 0 && r->kind == RECORD_PART)  /* full now and then, for both at the same record */
		return ++*h, -ENOBUFS;
	*h = (*h ^ r->kind) * 1099511628211u;
	for (size_t i = 0; r->kind == RECORD_PART && i < r->part.len; i++)
		*h = (*h ^ r->part.data[i]) * 1099511628211u;
	return 0;
}

static void put_under_way(struct packager *p, const uint8_t *data, size_t n)
{
	cr_assert_eq(au_room_clear(&p->room), 0);
	cr_assert_eq(buf_append(&p->room.buf, data, n), 0);
}

/* The same stream into two packagers: one copies, the other finds most access units in its room, with others begun and dropped between. */
Test(packager_room, sends_the_same_of_access_units_that_are_in_its_room)
{
	static uint8_t data[6000], other[100];
	uint64_t copied = 1, found = 1;
	struct packager a, b;

	packager_init(&a, &(struct packager_hooks){.emit = hash_parts, .ctx = &copied}, 500);
	packager_init(&b, &(struct packager_hooks){.emit = hash_parts, .ctx = &found}, 500);
	for (unsigned i = 0; i < 3000; i++) {
		struct au au = {.dts = i * 9000, .pts = i * 9000, .capture_us = i * 100000, .key = i % 10 == 0, .data = data, .len = 1 + i * 2654435761u % sizeof data};

		memset(data, (int)i, sizeof data);
		if (i % 200 == 0) {
			cr_assert_eq(packager_begin(&a, 0, 0, i + 1, &video), 0);
			put_under_way(&b, data, au.len);
			cr_assert_eq(packager_begin(&b, 0, 0, i + 1, &video), 0);
			au.data = au_room_data(&b.room);
			cr_assert_eq(memcmp(au.data, data, au.len), 0, "a flush leaves it alone");
		} else if (i % 7) {
			put_under_way(&b, data, au.len);
			au.data = au_room_data(&b.room);
		} else {
			put_under_way(&b, other, sizeof other);
		}
		cr_assert_eq(packager_add(&b, &au, i / 10), 0);
		au.data = data;
		cr_assert_eq(packager_add(&a, &au, i / 10), 0);
		cr_assert_eq(copied, found, "picture %u", i);
		if (i % 777 == 0) {
			put_under_way(&b, other, sizeof other);
			packager_restart(&a);
			packager_restart(&b);
			cr_assert_eq(memcmp(au_room_data(&b.room), other, sizeof other), 0, "a restart leaves it alone");
			i += 199 - i % 200;
		}
	}
	cr_assert_leq(b.room.buf.cap, 512u << 10, "a room does not grow with its stream");
	cr_assert_gt(a.parts, 100);
	packager_free(&a);
	packager_free(&b);
}
