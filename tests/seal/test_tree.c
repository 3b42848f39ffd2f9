/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "base/text.h"
#include "seal/tile.h"
#include "seal/tree.h"

/* RFC 6962 2.1 as it is written there: slow, recursive, and not how tree.c does it. */
static void naive_root(const struct hash *leaf, size_t n, struct hash *ret)
{
	struct hash l, r;
	size_t k = 1;

	if (n == 0) {
		hash_empty(ret);
		return;
	}
	if (n == 1) {
		*ret = *leaf;
		return;
	}
	while (k * 2 < n)
		k *= 2;
	naive_root(leaf, k, &l);
	naive_root(leaf + k, n - k, &r);
	hash_node(&l, &r, ret);
}

#define LEAVES 1100
static struct hash leaf[LEAVES];
static struct hash root_of[LEAVES + 1];

static void make_leaves(void)
{
	struct tree t = {0};

	for (size_t i = 0; i < LEAVES; i++) {
		char entry[32];

		snprintf(entry, sizeof entry, "entry %zu", i);
		hash_leaf(entry, strlen(entry), &leaf[i]);
		tree_root(&t, &root_of[i]);
		tree_append(&t, &leaf[i]);
	}
	tree_root(&t, &root_of[LEAVES]);
}

TestSuite(tree, .init = make_leaves);

/* Tiles of the first size leaves, made on the spot. */
struct tiles {
	uint64_t size;
	unsigned calls;
};

static int tile_of(void *ctx, unsigned level, uint64_t index, unsigned width, struct hash *ret)
{
	struct tiles *t = ctx;
	uint64_t each = (uint64_t)1 << 8 * level;

	t->calls++;
	cr_assert_eq(width, tile_width(t->size, level, index));
	cr_assert_gt(width, 0);
	for (unsigned i = 0; i < width; i++)
		naive_root(leaf + (index * TILE_WIDTH + i) * each, each, &ret[i]);
	return 0;
}

Test(tree, hashes_of_rfc_6962)
{
	char hex[HASH_HEX];
	struct hash h;

	hash_empty(&h);
	hash_hex(&h, hex);
	cr_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	hash_leaf("", 0, &h);
	hash_hex(&h, hex);
	cr_assert_str_eq(hex, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

Test(tree, root_is_that_of_the_definition)
{
	struct tree t = {0};

	for (size_t n = 0; n < 300; n++) {
		struct hash a, b;

		tree_root(&t, &a);
		naive_root(leaf, n, &b);
		cr_assert(hash_same(&a, &b), "%zu leaves", n);
		cr_assert_eq(tree_append(&t, &leaf[n]), 0);
	}
	t.size = TREE_SIZE_MAX;
	cr_assert_eq(tree_append(&t, &leaf[0]), -EOVERFLOW);
}

Test(tree, edge_goes_through_bytes)
{
	struct tree t = {0}, back;

	for (size_t n = 0; n < 300; n++) {
		uint8_t bytes[TREE_EDGE_BYTES_MAX + 3];
		struct wr w = wr_init(bytes, sizeof bytes);
		struct rd r;
		struct hash root;

		tree_write(&t, &w);
		wr_str(&w, "abc");
		cr_assert(!w.bad);
		r = rd_init(bytes, w.len);
		cr_assert_eq(tree_read(&r, &back), 0);
		tree_root(&back, &root);
		cr_assert(hash_same(&root, &root_of[n]));
		cr_assert_eq(rd_left(&r), 3);
		r = rd_init(bytes, w.len - 4);
		cr_assert_eq(tree_read(&r, &back), -EBADMSG);
		tree_append(&t, &leaf[n]);
	}
}

Test(tree, edge_from_tiles)
{
	static const uint64_t size[] = {0, 1, 2, 255, 256, 257, 511, 512, 700, 1024, 1099};

	for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
		struct tiles tiles = {.size = size[i]};
		struct tree_source src = {tile_of, &tiles};
		struct tree t;
		struct hash root;

		cr_assert_eq(tree_from_tiles(size[i], &src, &t), 0);
		tree_root(&t, &root);
		cr_assert(hash_same(&root, &root_of[size[i]]), "%u", (unsigned)size[i]);
	}
}

static void check_inclusion_at(uint64_t index, uint64_t size)
{
	struct tiles tiles = {.size = size};
	struct tree_source src = {tile_of, &tiles};
	struct hash path[TREE_PROOF_MAX], *root = &root_of[size];
	size_t n;

	cr_assert_eq(tree_prove_inclusion(index, size, &src, path, &n), 0);
	cr_assert_eq(tree_check_inclusion(index, size, &leaf[index], path, n, root), 0, "%u of %u", (unsigned)index, (unsigned)size);
	cr_assert_neq(tree_check_inclusion(index + 1, size, &leaf[index], path, n, root), 0);
	cr_assert_neq(tree_check_inclusion(index, size, &leaf[(index + 1) % LEAVES], path, n, root), 0);
	cr_assert_neq(tree_check_inclusion(index, size, &leaf[index], path, n + 1, root), 0);
	if (n) {
		cr_assert_neq(tree_check_inclusion(index, size, &leaf[index], path, n - 1, root), 0);
		path[n - 1].b[31] ^= 1;
		cr_assert_neq(tree_check_inclusion(index, size, &leaf[index], path, n, root), 0);
	}
}

Test(tree, inclusion_proofs_out_of_tiles)
{
	struct tiles tiles = {.size = 9};
	struct tree_source src = {tile_of, &tiles};

	for (uint64_t size = 1; size < 34; size++)
		for (uint64_t i = 0; i < size; i++)
			check_inclusion_at(i, size);
	for (uint64_t i = 0; i < LEAVES; i += 37)
		check_inclusion_at(i, LEAVES);
	for (uint64_t i = 0; i < 512; i += 31)
		check_inclusion_at(i, 512);
	cr_assert_eq(tree_prove_inclusion(9, 9, &src, (struct hash[TREE_PROOF_MAX]){0}, &(size_t){0}), -EINVAL);
}

static void check_consistency_of(uint64_t size1, uint64_t size2)
{
	struct tiles tiles = {.size = size2};
	struct tree_source src = {tile_of, &tiles};
	struct hash path[TREE_PROOF_MAX];
	size_t n;

	cr_assert_eq(tree_prove_consistency(size1, size2, &src, path, &n), 0);
	cr_assert_eq(tree_check_consistency(size1, size2, &root_of[size1], &root_of[size2], path, n), 0, "%u to %u", (unsigned)size1,
		(unsigned)size2);
	if (size1 != size2)
		cr_assert_neq(tree_check_consistency(size1, size2, &root_of[size2], &root_of[size1], path, n), 0);
	if (n) {
		path[n / 2].b[0] ^= 1;
		cr_assert_neq(tree_check_consistency(size1, size2, &root_of[size1], &root_of[size2], path, n), 0);
		path[n / 2].b[0] ^= 1;
		cr_assert_neq(tree_check_consistency(size1, size2, &root_of[size1], &root_of[size2], path, n - 1), 0);
	}
}

Test(tree, consistency_proofs_out_of_tiles)
{
	for (uint64_t size2 = 1; size2 < 34; size2++)
		for (uint64_t size1 = 1; size1 <= size2; size1++)
			check_consistency_of(size1, size2);
	for (uint64_t size1 = 1; size1 <= LEAVES; size1 += 51)
		check_consistency_of(size1, LEAVES);
	check_consistency_of(256, 512);
	check_consistency_of(512, LEAVES);
	cr_assert_eq(tree_check_consistency(5, 4, &root_of[5], &root_of[4], NULL, 0), -EBADMSG);
	cr_assert_eq(tree_check_consistency(0, 4, &root_of[0], &root_of[4], NULL, 0), -EBADMSG);
}

static int no_tile(void *ctx, unsigned level, uint64_t index, unsigned width, struct hash *ret)
{
	return -ENOENT;
}

Test(tree, hands_the_sources_error_on)
{
	struct tree_source src = {no_tile, NULL};
	struct hash path[TREE_PROOF_MAX];
	struct tree t;
	size_t n = 77;

	cr_assert_eq(tree_prove_inclusion(1, 5, &src, path, &n), -ENOENT);
	cr_assert_eq(tree_prove_consistency(1, 5, &src, path, &n), -ENOENT);
	cr_assert_eq(tree_from_tiles(5, &src, &t), -ENOENT);
	cr_assert_eq(n, 77);
}

/* Made with another implementation (python's hashlib, recursively): "entry 0" .. "entry N-1". */
Test(tree, roots_known_from_elsewhere)
{
	static const struct { size_t n; const char *hex; } known[] = {
		{1, "773885a613489e24ce2cf76199d6a423f042e4bbf12d7eecee912ef276c65701"},
		{2, "5a47662fd8a317d96049a3f9f47c55dc67ca66051baa3683dbb19b2fe09a07b0"},
		{3, "94fbd0dd836f50301692e6d0eade728ee19ec52bfff1606ed807c8575d5aaa19"},
		{7, "98c97f0ba3175cd08b031dd084b9dc4e649b64d1a28e6ea694646503173ab587"},
		{256, "da6596d95369f5fef322ab8e4e0da3b0b50236aa9c8a3b1d246f7411c9e2e32e"},
		{257, "5c1fdfe835358022f2392de478dbe053fc130cfe1d3a082879a90cf6bf14bf7e"},
		{1000, "346c6b9cb89c4b76fac9dcb20cda86e3a01c0a57417c139028eacd4538fde95b"},
		{1100, "ce0186b244c9324d5ef5df4e4c479fad60111f9ee4123bc6743b556b36ce6ecb"},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		char hex[HASH_HEX];

		hash_hex(&root_of[known[i].n], hex);
		cr_assert_str_eq(hex, known[i].hex);
	}
}

/* A log of any size whose entries are all the same, so that the hashes of a level are, too. */
struct endless {
	uint64_t size;
	struct hash at[TREE_LEVELS + 1];
	unsigned calls;
};

static int endless_tile(void *ctx, unsigned level, uint64_t index, unsigned width, struct hash *ret)
{
	struct endless *e = ctx;

	e->calls++;
	cr_assert_leq(width, tile_width(e->size, level, index));
	for (unsigned i = 0; i < width; i++)
		ret[i] = e->at[level * 8];
	return 0;
}

static void begin_endless(struct endless *e)
{
	hash_leaf("entry", 5, &e->at[0]);
	for (unsigned i = 1; i <= TREE_LEVELS; i++)
		hash_node(&e->at[i - 1], &e->at[i - 1], &e->at[i]);
}

Test(tree, proofs_in_logs_of_any_size_take_few_tiles)
{
	static const uint64_t size[] = {1000000, 10000000, 100000000, 100000001, (uint64_t)1 << 32, ((uint64_t)1 << 53) - 1, TREE_SIZE_MAX};
	struct hash path[TREE_PROOF_MAX], root, before;
	struct endless e = {0};
	struct tree_source src = {.tile = endless_tile, .ctx = &e};
	struct tree t;
	size_t n;

	begin_endless(&e);
	for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
		e.size = size[i];
		cr_assert_eq(tree_from_tiles(e.size, &src, &t), 0);
		tree_root(&t, &root);
		for (uint64_t k = 0; k < 100; k++) {
			uint64_t index = k % 2 ? e.size - 1 - k * k : e.size / 101 * k + k;

			e.calls = 0;
			cr_assert_eq(tree_prove_inclusion(index, e.size, &src, path, &n), 0);
			cr_expect_eq(tree_check_inclusion(index, e.size, &e.at[0], path, n, &root), 0, "%ju of %ju", (uintmax_t)index, (uintmax_t)e.size);
			cr_expect_leq(e.calls, 2 * TILE_LEVELS, "%u tiles", e.calls);
			cr_assert_eq(tree_from_tiles(index + 1, &src, &t), 0);
			tree_root(&t, &before);
			cr_assert_eq(tree_prove_consistency(index + 1, e.size, &src, path, &n), 0);
			cr_expect_eq(tree_check_consistency(index + 1, e.size, &before, &root, path, n), 0, "%ju to %ju", (uintmax_t)index + 1, (uintmax_t)e.size);
		}
	}
}
