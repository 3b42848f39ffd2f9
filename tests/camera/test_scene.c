/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "camera/scene.h"

#define WALL INT64_C(1700000000123000)

static const struct { unsigned w, h; } sizes[] = {
	{640, 360}, {640, 480}, {1280, 720}, {1280, 640}, {1366, 768}, {1920, 1080}, {720, 720}, {3840, 2160},
};

/* The mean of each block of k by k pixels. */
static void shrink(const struct picture *p, unsigned k, uint8_t *out)
{
	for (unsigned y = 0; y < p->height / k; y++)
		for (unsigned x = 0; x < p->width / k; x++) {
			unsigned sum = 0;

			for (unsigned i = 0; i < k * k; i++)
				sum += p->plane[0][(ptrdiff_t)(y * k + i / k) * p->stride[0] + x * k + i % k];
			out[y * (p->width / k) + x] = (uint8_t)(sum / (k * k));
		}
}

Test(scene, number_reads_back_at_every_size)
{
	static const uint64_t numbers[] = {0, 1, 142, 0xffffff, 0x1000000, 0xaaaaaa, 0x555555, UINT64_MAX};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct scene *s;

		cr_assert_eq(scene_new(&s, sizes[i].w, sizes[i].h, "cam-1"), 0, "%ux%u", sizes[i].w, sizes[i].h);
		for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
			uint8_t *small = malloc((size_t)sizes[i].w * sizes[i].h);
			struct picture p;
			uint32_t n = ~0u;

			scene_draw(s, numbers[k], 25, WALL, &p);
			cr_assert(p.width == sizes[i].w && p.height == sizes[i].h && p.format == PICTURE_420 && p.capture_us == WALL);
			cr_expect_eq(scene_read_number(p.plane[0], p.stride[0], p.width, p.height, &n), 0);
			cr_expect_eq(n, numbers[k] & SCENE_CODE_MASK);
			shrink(&p, 2, small);
			cr_expect_eq(scene_read_number(small, p.width / 2, p.width / 2, p.height / 2, &n), 0, "halved");
			cr_expect_eq(n, numbers[k] & SCENE_CODE_MASK);
			free(small);
		}
		scene_free(&s);
		cr_assert_null(s);
	}
}

Test(scene, clock_reads_back_at_every_size)
{
	static const int64_t walls[] = {0, 999, 1000, WALL, INT64_C(16777215999), INT64_C(16777216000), INT64_C(4102444800000000)};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct scene *s;

		cr_assert_eq(scene_new(&s, sizes[i].w, sizes[i].h, "cam-1"), 0);
		for (size_t k = 0; k < sizeof walls / sizeof *walls; k++) {
			uint8_t *small = malloc((size_t)sizes[i].w * sizes[i].h);
			struct picture p;
			uint32_t ms = ~0u;

			scene_draw(s, k, 25, walls[k], &p);
			cr_expect_eq(scene_read_clock_ms(p.plane[0], p.stride[0], p.width, p.height, &ms), 0);
			cr_expect_eq(ms, walls[k] / 1000 & SCENE_CODE_MASK);
			shrink(&p, 2, small);
			cr_expect_eq(scene_read_clock_ms(small, p.width / 2, p.width / 2, p.height / 2, &ms), 0, "halved");
			cr_expect_eq(ms, walls[k] / 1000 & SCENE_CODE_MASK);
			free(small);
		}
		scene_free(&s);
	}
}

Test(scene, a_picture_of_something_else_has_no_number)
{
	static uint8_t luma[360 * 640];
	struct picture p;
	struct scene *s;
	uint32_t n = 77;

	for (int v = 0; v < 256; v++) {
		memset(luma, v, sizeof luma);
		cr_assert_eq(scene_read_number(luma, 640, 640, 360, &n), -EBADMSG);
		cr_assert_eq(scene_read_clock_ms(luma, 640, 640, 360, &n), -EBADMSG);
	}
	/* Any one square turned over is noticed. */
	cr_assert_eq(scene_new(&s, 640, 360, "cam"), 0);
	scene_draw(s, 0x123456, 25, WALL, &p);
	for (unsigned i = 0; i < 32; i++) {
		memcpy(luma, p.plane[0], sizeof luma);
		for (unsigned y = 16; y < 48; y++)
			for (unsigned x = 16 + 16 * i; x < 32 + 16 * i; x++)
				luma[y * 640 + x] ^= 0xff;
		cr_assert_eq(scene_read_number(luma, 640, 640, 360, &n), -EBADMSG, "square %u", i);
		cr_assert_eq(scene_read_clock_ms(luma, 640, 640, 360, &n), -EBADMSG, "square %u", i);
	}
	cr_assert_eq(scene_read_number(luma, 640, 640, 20, &n), -EBADMSG, "lower than the row");
	cr_assert_eq(scene_read_clock_ms(luma, 640, 640, 40, &n), -EBADMSG, "lower than the row");
	cr_assert_eq(n, 77);
	scene_free(&s);
}

/* Drawing only what changed gives the same picture as drawing anew. */
Test(scene, leaves_nothing_behind)
{
	for (size_t i = 0; i < 4; i++) {
		struct scene *old, *new;
		struct picture a, b;

		cr_assert_eq(scene_new(&old, sizes[i].w, sizes[i].h, "cam"), 0);
		for (unsigned n = 0; n < 300; n += 7) {
			scene_draw(old, n, 25, WALL + n * 40000, &a);
			cr_assert_eq(scene_new(&new, sizes[i].w, sizes[i].h, "cam"), 0);
			scene_draw(new, n, 25, WALL + n * 40000, &b);
			for (int k = 0; k < 3; k++)
				cr_assert_eq(memcmp(a.plane[k], b.plane[k], (size_t)a.stride[k] * (k ? a.height / 2 : a.height)), 0);
			scene_free(&new);
		}
		scene_free(&old);
	}
}

Test(scene, refuses_what_does_not_fit)
{
	static const struct { unsigned w, h; const char *name; } c[] = {
		{638, 360, "cam"}, {640, 358, "cam"}, {641, 360, "cam"}, {640, 361, "cam"}, {4098, 2160, "cam"}, {1280, 638, "cam"},
		{0, 0, "cam"}, {640, 360, ""}, {640, 360, "Cam"}, {640, 360, "a b"}, {640, 360, "abcdefghijklmnopqrstuvwxyz-0123456"},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		struct scene *s = NULL;

		cr_expect_eq(scene_new(&s, c[i].w, c[i].h, c[i].name), -EINVAL, "%ux%u %s", c[i].w, c[i].h, c[i].name);
		cr_expect_null(s);
	}
}
