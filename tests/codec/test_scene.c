/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <string.h>

#include "codec/frame.h"
#include "codec/scene.h"

#define W 320
#define H 192
#define HALF_SECOND 45000
#define LASTS (SCENE_LASTS_90K / HALF_SECOND)

static struct frame *frame;
static uint32_t seed;

static void setup(void)
{
	seed = 1;
	cr_assert_eq(frame_new(&frame, W, H), 0);
	frame_blacken(frame);
}

static void teardown(void)
{
	frame_free(&frame);
}

TestSuite(scene, .init = setup, .fini = teardown);

static uint32_t random_bits(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

/* Sum of four: about normal, with a standard deviation of 1 a level of `level`. */
static int noise(int level)
{
	int sum = 0;

	for (int i = 0; i < 4; i++)
		sum += (int)(random_bits() >> 8 & 0xff);
	return (sum - 4 * 255 / 2) * level / 148;
}

static void set(unsigned x, unsigned y, int v)
{
	frame->plane[0][y * frame->stride[0] + x] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* One kind of picture: a level, a slope over the whole width, boxes that are brighter, a clock at the top, noise. */
struct view {
	const char *name;
	int level, slope, box, noise;
	bool clock;
	unsigned want;               /* bits of now */
};

static void paint(const struct view *v)
{
	for (unsigned y = 0; y < H; y++)
		for (unsigned x = 0; x < W; x++) {
			bool in_box = x % 80 < 30 && y % 48 >= 10 && y % 48 < 40, in_clock = v->clock && y > 4 && y < 20 && x % 8 < 3;

			set(x, y, in_clock ? 235 : v->level + v->slope * (int)x / W + (in_box ? v->box : 0) + (v->noise ? noise(v->noise) : 0));
		}
}

Test(scene, tells_what_a_picture_shows)
{
	static const struct view views[] = {
		{"day", 90, 40, 60, 2, true, 0},
		{"day without noise", 90, 40, 60, 0, false, 0},
		{"faint day", 120, 10, 10, 2, false, 0},
		{"night", 18, 6, 10, 4, false, 0},
		{"night, much noise", 20, 4, 12, 8, true, 0},
		{"lens cap", 16, 0, 0, 0, false, SCENE_BLACK},
		{"lens cap, noise", 17, 0, 0, 3, false, SCENE_BLACK},
		{"lens cap, clock", 16, 0, 0, 2, true, SCENE_BLACK},
		{"hand", 60, 30, 0, 3, false, SCENE_COVERED},
		{"hand, clock", 60, 30, 0, 3, true, SCENE_COVERED},
		{"bright cloth", 200, -40, 0, 2, false, SCENE_COVERED},
		{"white", 235, 0, 0, 0, false, SCENE_COVERED},
		{"out of focus", 40, 170, 0, 2, false, 0},
	};

	for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
		struct scene_stats stats;
		struct scene s = {0};

		paint(&views[i]);
		scene_measure(&frame->picture, cpu_best(), &stats);
		scene_add(&s, &stats, true, 0);
		cr_assert_eq(s.now, views[i].want, "%s: %u; mean %u, deviation %u, edges %u, dark %u", views[i].name, s.now, stats.mean, stats.deviation,
			stats.edges, stats.dark);
	}
}

Test(scene, measures)
{
	struct scene_stats a, b;

	for (unsigned y = 0; y < H; y++)
		for (unsigned x = 0; x < W; x++)
			set(x, y, x % 16 < 8 ? 20 : 240);
	scene_measure(&frame->picture, cpu_best(), &a);
	cr_assert_eq(a.mean, 130);
	cr_assert_eq(a.deviation, 110);
	cr_assert_eq(a.dark, 500);
	cr_assert_eq(a.bright, 500);
	cr_assert_geq(a.edges, 500);     /* each pair side by side, none above each other */
	set(W - 1, H / 2, 241);
	scene_measure(&frame->picture, cpu_best(), &b);
	cr_assert_neq(a.fingerprint, b.fingerprint);
	set(W - 1, H / 2, 240);
	set(5, H - 1, 77);               /* where clocks are */
	set(5, 0, 77);
	scene_measure(&frame->picture, cpu_best(), &b);
	cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
}

static const struct scene_stats well = {.mean = 100, .deviation = 50, .edges = 200, .dark = 10, .bright = 10},
	black = {.mean = 16, .dark = 1000}, covered = {.mean = 80, .deviation = 10};

struct story {
	struct scene s;
	int64_t pts;
	uint64_t picture;
};

/* n pictures, each half a second after the one before; every fourth time a key frame came. */
static unsigned tell(struct story *t, const struct scene_stats *stats, unsigned n, bool same, bool keys)
{
	struct scene_stats now = *stats;
	unsigned said = t->s.said;

	for (unsigned i = 0; i < n; i++) {
		t->picture += !same;
		now.fingerprint = t->picture;
		said = scene_add(&t->s, &now, keys && i % 4 == 0, t->pts);
		t->pts += HALF_SECOND;
	}
	return said;
}

Test(scene, is_said_when_it_has_lasted_and_taken_back_likewise)
{
	static const struct {
		const struct scene_stats *stats;
		unsigned want;
	} cases[] = {{&black, SCENE_BLACK}, {&covered, SCENE_COVERED}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct story t = {0};

		cr_assert_eq(tell(&t, &well, 3, false, true), 0);
		cr_assert_eq(tell(&t, cases[i].stats, LASTS, false, true), 0);
		cr_assert_eq(tell(&t, cases[i].stats, 1, false, true), cases[i].want);
		cr_assert_eq(tell(&t, &well, LASTS, false, true), cases[i].want);
		cr_assert_eq(tell(&t, cases[i].stats, 1, false, true), cases[i].want);
		cr_assert_eq(tell(&t, &well, LASTS, false, true), cases[i].want, "anew, since it was so once more");
		cr_assert_eq(tell(&t, &well, 1, false, true), 0);
	}
}

Test(scene, frozen_wants_the_same_picture_across_key_frames)
{
	static const struct {
		const char *name;
		bool same, keys;
		unsigned want;
	} cases[] = {
		{"live", false, true, 0},
		{"one long GOP of a still scene", true, false, 0},
		{"frozen", true, true, SCENE_FROZEN},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct story t = {0};

		tell(&t, &well, 3, false, true);
		cr_assert_eq(tell(&t, &well, LASTS - 1, cases[i].same, cases[i].keys), 0, "%s: too soon", cases[i].name);
		cr_assert_eq(tell(&t, &well, 6 * LASTS, cases[i].same, cases[i].keys), cases[i].want, "%s", cases[i].name);
		cr_assert_eq(tell(&t, &well, LASTS + 1, false, true), 0, "%s: goes on", cases[i].name);
	}
}

Test(scene, a_clock_that_runs_back_begins_anew)
{
	struct story t = {.pts = 1000 * HALF_SECOND};

	tell(&t, &black, LASTS - 2, false, true);
	t.pts = 0;
	cr_assert_eq(tell(&t, &black, LASTS, false, true), 0);
	cr_assert_eq(tell(&t, &black, 1, false, true), SCENE_BLACK);
}
