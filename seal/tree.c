/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/tree.h"

#include <assert.h>
#include <errno.h>

#include "seal/tile.h"

int tree_append(struct tree *t, const struct hash *leaf)
{
	struct hash h = *leaf;
	unsigned k = 0;

	if (t->size >= TREE_SIZE_MAX)
		return -EOVERFLOW;
	for (; t->size >> k & 1; k++)
		hash_node(&t->edge[k], &h, &h);
	t->edge[k] = h;
	t->size++;
	return 0;
}

void tree_root(const struct tree *t, struct hash *ret)
{
	bool any = false;
	struct hash h;

	hash_empty(&h);
	for (unsigned k = 0; k <= TREE_LEVELS; k++) {
		if (!(t->size >> k & 1))
			continue;
		if (any)
			hash_node(&t->edge[k], &h, &h);
		else
			h = t->edge[k];
		any = true;
	}
	*ret = h;
}

void tree_write(const struct tree *t, struct wr *w)
{
	wr_u64(w, t->size);
	for (int k = TREE_LEVELS; k >= 0; k--)
		if (t->size >> k & 1)
			wr_bytes(w, t->edge[k].b, HASH_BYTES);
}

int tree_read(struct rd *r, struct tree *ret)
{
	struct tree t = {.size = rd_u64(r)};

	if (r->bad || t.size > TREE_SIZE_MAX)
		return -EBADMSG;
	for (int k = TREE_LEVELS; k >= 0; k--) {
		const uint8_t *p = t.size >> k & 1 ? rd_bytes(r, HASH_BYTES) : NULL;

		if (p)
			memcpy(t.edge[k].b, p, HASH_BYTES);
	}
	if (r->bad)
		return -EBADMSG;
	*ret = t;
	return 0;
}

/* fn is the way down to a node on level 0, sn that to the last one; one step up. */
static void up(uint64_t *fn, uint64_t *sn)
{
	*fn >>= 1;
	*sn >>= 1;
}

/* Where a right edge is shorter than the tree is deep, levels without a sibling are stepped over. */
static void up_to_sibling(uint64_t *fn, uint64_t *sn)
{
	while (*fn && !(*fn & 1))
		up(fn, sn);
}

int tree_check_inclusion(uint64_t index, uint64_t size, const struct hash *leaf, const struct hash *path, size_t npath,
	const struct hash *root)
{
	uint64_t fn = index, sn = size - 1;
	struct hash h = *leaf;

	if (index >= size || npath > TREE_PROOF_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < npath; i++) {
		if (sn == 0)
			return -EBADMSG;
		if (fn & 1 || fn == sn) {
			hash_node(&path[i], &h, &h);
			up_to_sibling(&fn, &sn);
		} else {
			hash_node(&h, &path[i], &h);
		}
		up(&fn, &sn);
	}
	return sn == 0 && hash_same(&h, root) ? 0 : -EBADMSG;
}

/* 0 < size1 < size2 */
static int check_growth(uint64_t size1, uint64_t size2, const struct hash *root1, const struct hash *root2,
	const struct hash *path, size_t npath)
{
	uint64_t fn = size1 - 1, sn = size2 - 1;
	bool whole = (size1 & (size1 - 1)) == 0;  /* then root1 is itself the first node and is not in the path */
	struct hash first, second;

	if (!whole && npath == 0)
		return -EBADMSG;
	for (; fn & 1; up(&fn, &sn))
		;
	first = second = whole ? *root1 : path[0];
	for (size_t i = whole ? 0 : 1; i < npath; i++) {
		if (sn == 0)
			return -EBADMSG;
		if (fn & 1 || fn == sn) {
			hash_node(&path[i], &first, &first);
			hash_node(&path[i], &second, &second);
			up_to_sibling(&fn, &sn);
		} else {
			hash_node(&second, &path[i], &second);
		}
		up(&fn, &sn);
	}
	return sn == 0 && hash_same(&first, root1) && hash_same(&second, root2) ? 0 : -EBADMSG;
}

int tree_check_consistency(uint64_t size1, uint64_t size2, const struct hash *root1, const struct hash *root2,
	const struct hash *path, size_t npath)
{
	if (size1 == 0 || size1 > size2 || npath > TREE_PROOF_MAX)
		return -EBADMSG;
	if (size1 == size2)
		return npath == 0 && hash_same(root1, root2) ? 0 : -EBADMSG;
	return check_growth(size1, size2, root1, root2, path, npath);
}

/* The tile that was fetched last: of a proof's hashes, which come from one height after the other, up to eight stand in each. */
struct fetched {
	const struct tree_source *src;
	uint64_t size, index;
	unsigned level;              /* TILE_LEVELS: none yet */
	struct hash h[TILE_WIDTH];
};

static int fetch(struct fetched *f, unsigned level, uint64_t index)
{
	int rc;

	if (f->level == level && f->index == index)
		return 0;
	f->level = TILE_LEVELS;
	rc = f->src->tile(f->src->ctx, level, index, tile_width(f->size, level, index), f->h);
	if (!rc)
		f->level = level;
	f->index = index;
	return rc;
}

/* The root of the 2^k leaves from lo on (lo is a multiple of 2^k). */
static int perfect_root(struct fetched *f, uint64_t lo, unsigned k, struct hash *ret)
{
	unsigned level = k / 8 < TILE_LEVELS ? k / 8 : TILE_LEVELS - 1, n = 1u << (k - 8 * level);
	uint64_t at = lo >> 8 * level;
	struct hash h[TILE_WIDTH];
	int rc = fetch(f, level, at / TILE_WIDTH);

	if (rc)
		return rc;
	memcpy(h, f->h + at % TILE_WIDTH, n * sizeof *h);
	for (; n > 1; n /= 2)
		for (unsigned i = 0; i < n / 2; i++)
			hash_node(&h[2 * i], &h[2 * i + 1], &h[i]);
	*ret = *h;
	return 0;
}

int tree_from_tiles(uint64_t size, const struct tree_source *src, struct tree *ret)
{
	struct fetched f = {.src = src, .size = size, .level = TILE_LEVELS};
	struct tree t = {.size = size};
	uint64_t lo = 0;

	if (size > TREE_SIZE_MAX)
		return -EINVAL;
	for (int k = TREE_LEVELS; k >= 0; k--) {
		int rc = size >> k & 1 ? perfect_root(&f, lo, (unsigned)k, &t.edge[k]) : 0;

		if (rc)
			return rc;
		if (size >> k & 1)
			lo += (uint64_t)1 << k;
	}
	*ret = t;
	return 0;
}

struct range {
	uint64_t lo, hi;
};

/* The root over leaves lo..hi, lo being where RFC 6962's splits put a subtree: its parts are perfect, from large to small. */
static int range_root(struct fetched *f, struct range r, struct hash *ret)
{
	struct tree part = {.size = r.hi - r.lo};
	uint64_t lo = r.lo;

	for (int k = TREE_LEVELS; k >= 0; k--) {
		int rc = part.size >> k & 1 ? perfect_root(f, lo, (unsigned)k, &part.edge[k]) : 0;

		if (rc)
			return rc;
		if (part.size >> k & 1)
			lo += (uint64_t)1 << k;
	}
	tree_root(&part, ret);
	return 0;
}

/* Splits r as RFC 6962 2.1 does: at the largest power of two below its length. Goes on into the half that holds leaf at; gives the other. */
static struct range descend(struct range *r, uint64_t at)
{
	uint64_t k = 1;
	struct range other = *r;

	while (k * 2 < r->hi - r->lo)
		k *= 2;
	if (at < r->lo + k)
		r->hi = other.lo = r->lo + k;
	else
		r->lo = other.hi = r->lo + k;
	return other;
}

/* The roots of n ranges, last found first: proofs go upward. */
static int prove(const struct tree_source *src, uint64_t size, const struct range *found, size_t n, struct hash *path, size_t *ret_n)
{
	struct fetched f = {.src = src, .size = size, .level = TILE_LEVELS};
	struct hash h[TREE_PROOF_MAX];

	assert(n <= TREE_PROOF_MAX);
	for (size_t i = 0; i < n; i++) {
		int rc = range_root(&f, found[n - 1 - i], &h[i]);

		if (rc)
			return rc;
	}
	memcpy(path, h, n * sizeof *h);
	*ret_n = n;
	return 0;
}

int tree_prove_inclusion(uint64_t index, uint64_t size, const struct tree_source *src, struct hash path[TREE_PROOF_MAX],
	size_t *ret_n)
{
	struct range r = {0, size}, found[TREE_PROOF_MAX];
	size_t n = 0;

	if (index >= size || size > TREE_SIZE_MAX)
		return -EINVAL;
	while (r.hi - r.lo > 1)
		found[n++] = descend(&r, index);
	return prove(src, size, found, n, path, ret_n);
}

int tree_prove_consistency(uint64_t size1, uint64_t size2, const struct tree_source *src, struct hash path[TREE_PROOF_MAX],
	size_t *ret_n)
{
	struct range r = {0, size2}, found[TREE_PROOF_MAX];
	size_t n = 0;

	if (size1 > size2 || size2 > TREE_SIZE_MAX)
		return -EINVAL;
	if (size1 == 0) {
		*ret_n = 0;
		return 0;
	}
	while (r.hi != size1)
		found[n++] = descend(&r, size1 - 1);
	if (r.lo)  /* else it is the old tree itself, which the other side has */
		found[n++] = r;
	return prove(src, size2, found, n, path, ret_n);
}
