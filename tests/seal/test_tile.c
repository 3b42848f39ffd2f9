/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>

#include "base/wr.h"
#include "seal/tile.h"

Test(tile, paths_both_ways)
{
	static const struct { struct tile t; const char *path; } c[] = {
		{{false, 0, 0, 256}, "tile/0/000"}, {{false, 0, 67, 256}, "tile/0/067"}, {{false, 1, 999, 256}, "tile/1/999"},
		{{false, 0, 1000, 256}, "tile/0/x001/000"}, {{false, 0, 1234067, 256}, "tile/0/x001/x234/067"},
		{{false, 6, 0, 1}, "tile/6/000.p/1"}, {{false, 2, 5, 255}, "tile/2/005.p/255"}, {{true, 0, 1234067, 5}, "tile/entries/x001/x234/067.p/5"},
		{{true, 0, 12, 256}, "tile/entries/012"}, {{true, 0, 281474976710655, 17}, "tile/entries/x281/x474/x976/x710/655.p/17"},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		char path[TILE_PATH];
		struct tile t;

		tile_path(&c[i].t, path);
		cr_assert_str_eq(path, c[i].path);
		cr_assert_eq(tile_parse_path(path, strlen(path), &t), 0, "%s", path);
		cr_assert(t.entries == c[i].t.entries && t.level == c[i].t.level && t.index == c[i].t.index && t.width == c[i].t.width);
	}
}

Test(tile, refuses_other_spellings)
{
	static const char *const bad[] = {
		"", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/1000", "tile/0/x000/001", "tile/0/x001",
		"tile/0/x001/", "tile/0/001/002", "tile/0/x01/002", "tile/00/001", "tile/01/001", "tile/7/001", "tile/64/001", "tile/-1/001",
		"tile/0/001.p", "tile/0/001.p/", "tile/0/001.p/0", "tile/0/001.p/05", "tile/0/001.p/256", "tile/0/001.p/1000", "tile/0/001.p/5/",
		"tile/0/001.p/+5", "/tile/0/001", "tile//001", "tile/0//001", "tile/0/001/", "tile/0/001 ", "tile/0/X001/001", "tile/entries",
		"tile/entries/", "tile/Entries/001", "tile/entries/../001", "tile/0/..", "tile/0/%30%30%30", "tile/0/00a", "tile/0/001.P/5",
		"tile/0/x281/x474/x976/x710/656", "tile/0/x999/x999/x999/x999/x999/999", "tile/0/x001/x001/x001/x001/x001/x001/x001/x001/001",
		"tile/data/001", "tile/0/001\n", "tile/8/entries/001",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct tile t = {.width = 77};

		cr_assert_eq(tile_parse_path(bad[i], strlen(bad[i]), &t), -EINVAL, "%s", bad[i]);
		cr_assert_eq(t.width, 77);
	}
	cr_assert_eq(tile_parse_path("tile/0/001\0", 11, &(struct tile){0}), -EINVAL);
}

Test(tile, width_of_a_log)
{
	static const struct { uint64_t size; unsigned level; uint64_t index; unsigned width; } c[] = {
		{0, 0, 0, 0}, {1, 0, 0, 1}, {255, 0, 0, 255}, {256, 0, 0, 256}, {256, 0, 1, 0}, {257, 0, 1, 1}, {256, 1, 0, 1}, {255, 1, 0, 0},
		{65536, 1, 0, 256}, {65536, 2, 0, 1}, {70000, 0, 273, 112}, {70000, 1, 1, 17}, {70000, 1, 2, 0}, {70000, 2, 0, 1}, {70000, 3, 0, 0},
	};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++)
		cr_assert_eq(tile_width(c[i].size, c[i].level, c[i].index), c[i].width, "case %zu", i);
}

Test(tile, bundle_round_trip)
{
	struct buf b;
	uint8_t big[TILE_ENTRY_MAX_BYTES + 1] = {7};
	const uint8_t *p;
	struct rd r;
	size_t n;

	buf_init(&b, 2 + 3 + 2 + TILE_ENTRY_MAX_BYTES);
	cr_assert_eq(tile_bundle_add(&b, "abc", 3), 0);
	cr_assert_eq(tile_bundle_add(&b, big, 0), -EMSGSIZE);
	cr_assert_eq(tile_bundle_add(&b, big, sizeof big), -EMSGSIZE);
	cr_assert_eq(tile_bundle_add(&b, big, sizeof big - 1), 0);
	cr_assert_eq(tile_bundle_add(&b, "x", 1), -ENOBUFS);
	r = rd_init(buf_data(&b), b.len);
	cr_assert(tile_bundle_next(&r, &p, &n) == 1 && n == 3 && !memcmp(p, "abc", 3));
	cr_assert(tile_bundle_next(&r, &p, &n) == 1 && n == TILE_ENTRY_MAX_BYTES && p[0] == 7);
	cr_assert_eq(tile_bundle_next(&r, &p, &n), 0);
	buf_free(&b);
}

Test(tile, bundle_refuses_wrong_lengths)
{
	static const struct { const char *bytes; size_t n; } bad[] = {
		{"\0", 1}, {"\0\0", 2}, {"\0\2a", 3}, {"\4\1", 2}, {"\xff\xff", 2},
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct rd r = rd_init(bad[i].bytes, bad[i].n);
		const uint8_t *p;
		size_t n;

		cr_assert_eq(tile_bundle_next(&r, &p, &n), -EBADMSG, "case %zu", i);
		cr_assert_eq(tile_bundle_next(&r, &p, &n), -EBADMSG, "stays bad");
	}
}
