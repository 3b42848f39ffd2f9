/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/changes.h"
#include "codec/frame.h"

#define W 320
#define H 192
#define FPS 25
#define GOP (2 * FPS)  /* of the camera that makes the pictures */
#define NOISE 3        /* levels, standard deviation */

static struct changes *changes;
static struct frame *clean, *camera, *viewer;
static uint32_t seed;

#define NOISES 1024

static int8_t noises[NOISES];

/* Marsaglia's xorshift: what is near in it is not alike, as sums of neighbours want it. */
static uint32_t random_bits(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

/* About normal. */
static void make_noises(void)
{
	for (int n = 0; n < NOISES; n++) {
		int sum = 0;

		for (int i = 0; i < 12; i++)
			sum += (int)(random_bits() >> 8 & 0xff);
		noises[n] = (int8_t)((sum - 12 * 255 / 2) * NOISE / 256);
	}
}

static int noise(void)
{
	return noises[random_bits() >> 8 & (NOISES - 1)];
}

static void setup(void)
{
	seed = 1;
	make_noises();
	cr_assert_eq(changes_new(&changes, W, H, cpu_best()), 0);
	cr_assert_eq(frame_new(&clean, W, H), 0);
	cr_assert_eq(frame_new(&camera, W, H), 0);
	cr_assert_eq(frame_new(&viewer, W, H), 0);
}

static void teardown(void)
{
	changes_free(&changes);
	frame_free(&clean);
	frame_free(&camera);
	frame_free(&viewer);
}

TestSuite(changes, .init = setup, .fini = teardown);

static uint8_t clipped(int v)
{
	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* Soft shades with some texture. */
static void paint_scene(void)
{
	for (int i = 0; i < 3; i++)
		for (unsigned y = 0; y < clean->height[i]; y++)
			for (unsigned x = 0; x < clean->width[i]; x++)
				clean->plane[i][y * clean->stride[i] + x] = (uint8_t)(i ? 120 : 70 + x / 4 + y / 8 + (x ^ y) % 8 * (x / 64 % 2));
}

static void paint_box(unsigned x, unsigned y, unsigned w, unsigned h, int add)
{
	for (unsigned j = y; j < y + h; j++)
		for (unsigned i = x; i < x + w; i++)
			clean->plane[0][j * clean->stride[0] + i] = (uint8_t)(clean->plane[0][j * clean->stride[0] + i] + add);
}

/* What the camera sends: noise anew in each picture; or held from one key frame to the next, as an encoder does that sees nothing move. */
static void film(unsigned n, bool held)
{
	static int8_t kept[3][W * H];

	for (int i = 0; i < 3; i++)
		for (unsigned y = 0; y < clean->height[i]; y++)
			for (unsigned x = 0; x < clean->width[i]; x++) {
				int8_t *k = &kept[i][y * W + x];

				if (!held || n % GOP == 0)
					*k = (int8_t)(i ? noise() / 2 : noise());
				camera->plane[i][y * camera->stride[i] + x] = clipped(clean->plane[i][y * clean->stride[i] + x] + *k);
			}
}

/* The viewer gets what changed, of a picture that is coded because something did, or a second has passed. */
struct show {
	unsigned n, last, coded;
};

static void show_block(unsigned block)
{
	for (int i = 0; i < 3; i++) {
		unsigned side = i ? 8 : 16, x = block % (W / 16) * side, y = block / (W / 16) * side;

		for (unsigned j = y; j < y + side; j++)
			memcpy(viewer->plane[i] + j * viewer->stride[i] + x, camera->plane[i] + j * camera->stride[i] + x, side);
	}
}

static unsigned show(struct show *s, bool held)
{
	const uint8_t *still;
	unsigned n;

	film(s->n, held);
	n = changes_find(changes, &camera->picture, &still);
	if (n || s->n - s->last >= FPS) {
		for (unsigned i = 0; i < changes_blocks(changes); i++)
			if (!still[i])
				show_block(i);
		changes_coded(changes, &camera->picture, false);
		s->last = s->n;
		s->coded++;
	}
	s->n++;
	return n;
}

static void settle(struct show *s, bool held)
{
	paint_scene();
	while (s->n < 6 * GOP)
		show(s, held);
	s->coded = 0;
}

Test(changes, sizes_that_cannot_be_are_refused)
{
	static const unsigned bad[][2] = {{14, 16}, {16, 14}, {17, 16}, {16, 17}, {4098, 16}, {16, 4098}, {0, 0}};
	struct changes *c = NULL;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(changes_new(&c, bad[i][0], bad[i][1], CPU_C), -EINVAL, "%zu", i);
	cr_assert_null(c);
	changes_free(&c);
}

Test(changes, everything_has_changed_at_first_and_nothing_in_the_same_again)
{
	const uint8_t *still;

	paint_scene();
	film(0, false);
	cr_assert_eq(changes_blocks(changes), W / 16 * H / 16);
	cr_assert_eq(changes_find(changes, &camera->picture, &still), changes_blocks(changes));
	cr_assert_eq(still[0], 0);
	changes_coded(changes, &camera->picture, false);
	cr_assert_eq(changes_find(changes, &camera->picture, &still), 0);
	for (unsigned i = 0; i < changes_blocks(changes); i++)
		cr_assert_eq(still[i], 1);
}

Test(changes, noise_is_not_change)
{
	static const struct {
		const char *name;
		bool held;
		unsigned most;         /* pictures with a change, of 200 */
	} cases[] = {{"anew in each picture", false, 4}, {"held between key frames", true, 4}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct show s = {0};
		unsigned changed = 0;

		settle(&s, cases[i].held);
		while (s.n < 6 * GOP + 200)
			changed += show(&s, cases[i].held) > 0;
		cr_assert_leq(changed, cases[i].most, "%s: %u pictures of 200", cases[i].name, changed);
	}
}

Test(changes, what_appears_is_seen_at_once)
{
	static const struct {
		const char *name;
		unsigned w, h;
		int add;
	} cases[] = {{"small", 8, 8, 14}, {"dark", 8, 8, -14}, {"a line", 1, 64, 40}, {"a line across", 64, 1, -40}, {"soft and large", 48, 48, 5}};
	struct show s = {0};

	settle(&s, false);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		for (unsigned at = 0; at < 16; at++) {
			paint_scene();
			paint_box(100 + at, 50 + at * 7 % 16, cases[i].w, cases[i].h, cases[i].add);
			cr_assert_gt(show(&s, false), 0, "%s at %u", cases[i].name, at);
			paint_scene();
			cr_assert_gt(show(&s, false), 0, "%s gone from %u", cases[i].name, at);
		}
}

/* The largest error of four pixels' mean in a column: that leaves little of the noise. */
static int error_in(unsigned x, unsigned y, unsigned h)
{
	int most = 0;

	for (unsigned j = y; j + 4 <= y + h; j += 4) {
		int sum = 0;

		for (unsigned k = j; k < j + 4; k++)
			sum += viewer->plane[0][k * viewer->stride[0] + x] - clean->plane[0][k * clean->stride[0] + x];
		most = abs(sum) > most ? abs(sum) : most;
	}
	return most / 4;
}

/* An object that moves by a pixel a second is shown at each of its places: all that came or went `late` seconds ago or longer. */
Test(changes, nothing_is_lost_of_what_creeps)
{
	static const struct {
		const char *name;
		unsigned w, h;
		int add;
		bool held;
		unsigned late;
	} cases[] = {
		{"a box", 24, 24, 60, false, 0},
		{"a box, noise held", 24, 24, 60, true, 0},
		{"a faint box", 24, 24, 25, false, 2},
		{"a faint box, noise held", 24, 24, 25, true, 2},
		{"a line", 1, 32, 60, false, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct show s = {0};

		settle(&s, cases[i].held);
		for (unsigned second = 0; second < 30; second++) {
			unsigned left = 60 + second, right = left + cases[i].w;

			paint_scene();
			paint_box(left, 70, cases[i].w, cases[i].h, cases[i].add);
			for (unsigned f = 0; f < FPS; f++)
				show(&s, cases[i].held);
			for (unsigned x = 48; x < right + 16; x++) {
				if ((x < left && x + cases[i].late >= left) || (x < right && x + cases[i].late >= right))
					continue;
				cr_assert_leq(error_in(x, 64, cases[i].h + 12), 10, "%s, second %u, column %u: %d", cases[i].name, second, x - left,
					error_in(x, 64, cases[i].h + 12));
			}
		}
	}
}

/* Light that falls by a level a second is followed within three; and most pictures are still not coded. */
Test(changes, slow_light_is_followed)
{
	struct show s = {0};

	settle(&s, true);
	for (unsigned second = 0; second < 30; second++) {
		long sum = 0;

		paint_scene();
		paint_box(0, 0, W, H, -(int)second);
		for (unsigned f = 0; f < FPS; f++)
			show(&s, true);
		for (unsigned y = 0; y < H; y++)
			for (unsigned x = 0; x < W; x++)
				sum += viewer->plane[0][y * viewer->stride[0] + x] - clean->plane[0][y * clean->stride[0] + x];
		cr_assert_leq(labs(sum / (W * H)), 3, "second %u: %ld", second, sum / (W * H));
	}
	cr_assert_lt(s.coded, 30 * FPS / 2);
}

Test(changes, colour_alone_is_change)
{
	const uint8_t *still;
	struct show s = {0};

	settle(&s, false);
	for (unsigned plane = 1; plane < 3; plane++) {
		film(s.n, false);
		for (unsigned y = 20; y < 28; y++)
			for (unsigned x = 30; x < 38; x++)
				camera->plane[plane][y * camera->stride[plane] + x] ^= 16;
		cr_assert_gt(changes_find(changes, &camera->picture, &still), 0, "plane %u", plane);
		cr_assert_eq(still[20 / 8 * (W / 16) + 30 / 8], 0, "plane %u", plane);
	}
}

/* Every block that the edge cuts is one of its own. */
Test(changes, the_last_lines_and_columns_are_compared_too)
{
	static const unsigned sizes[][2] = {{18, 16}, {16, 18}, {62, 34}, {320, 182}};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		unsigned w = sizes[i][0], h = sizes[i][1];
		struct changes *c;
		struct frame *f;
		const uint8_t *still;

		cr_assert_eq(changes_new(&c, w, h, cpu_best()), 0);
		cr_assert_eq(frame_new(&f, w, h), 0);
		frame_blacken(f);
		cr_assert_eq(changes_blocks(c), (w + 15) / 16 * ((h + 15) / 16));
		changes_coded(c, &f->picture, true);
		f->plane[0][(h - 1) * f->stride[0] + w - 1] = 200;
		cr_assert_eq(changes_find(c, &f->picture, &still), 1);
		cr_assert_eq(still[changes_blocks(c) - 1], 0);
		changes_free(&c);
		frame_free(&f);
	}
}

/* What the viewer was left with is what counts, not what was given; unless all of it was coded. */
Test(changes, still_blocks_keep_what_they_were)
{
	static const struct { bool whole; unsigned at; } cases[] = {{false, 12}, {true, 24}};

	for (size_t i = 0; i < 2; i++) {
		struct changes *c;
		const uint8_t *still;
		unsigned level = 0;

		cr_assert_eq(changes_new(&c, W, H, cpu_best()), 0);
		frame_blacken(camera);
		changes_coded(c, &camera->picture, true);
		do {
			camera->plane[0][0]++;
			level++;
			if (level == 12)
				changes_coded(c, &camera->picture, cases[i].whole);
		} while (changes_find(c, &camera->picture, &still) == 0);
		cr_assert_eq(level, cases[i].at + 1, "whole %d: %u", cases[i].whole, level);
		changes_free(&c);
	}
}
