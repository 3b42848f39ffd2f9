/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_TREE_H
#define SEAL_TREE_H
/*
 * The log's Merkle tree (RFC 6962 2.1, proofs by RFC 9162 2.1.3 and 2.1.4).
 * struct tree is only its edge: the roots of the perfect subtrees from left to
 * right, all that is needed to append and to know the root. Proofs are checked
 * from hashes alone and built from tiles, which the caller fetches. Pure;
 * nothing here allocates.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/rd.h"
#include "base/wr.h"
#include "seal/hash.h"

#define TREE_LEVELS 56
#define TREE_SIZE_MAX ((uint64_t)1 << TREE_LEVELS)  /* leaves */
#define TREE_PROOF_MAX 64                           /* hashes in any proof: 2 * depth never comes near for real sizes */
#define TREE_EDGE_BYTES_MAX (8 + (TREE_LEVELS + 1) * HASH_BYTES)

/* Zeroed: the empty tree. */
struct tree {
	uint64_t size;
	struct hash edge[TREE_LEVELS + 1];  /* edge[k] holds 2^k leaves; it counts only where bit k of size is set */
};

/* 0, or -EOVERFLOW at TREE_SIZE_MAX leaves (nothing changes). */
int tree_append(struct tree *t, const struct hash *leaf);
void tree_root(const struct tree *t, struct hash *ret);

/* The edge as bytes: u64 size, then one hash for each set bit of it, the largest subtree first. */
void tree_write(const struct tree *t, struct wr *w);
/* Reads what tree_write wrote; 0 or -EBADMSG. Bytes after it are left in r. */
int tree_read(struct rd *r, struct tree *ret);

/*
 * RFC 9162 2.1.3.2: whether leaf is number index of the size leaves under root.
 * 0, or -EBADMSG. path goes from the leaf's sibling upward.
 */
int tree_check_inclusion(uint64_t index, uint64_t size, const struct hash *leaf, const struct hash *path, size_t npath,
	const struct hash *root);
/*
 * RFC 9162 2.1.4.2: whether the log of size2 leaves under root2 begins with the
 * size1 leaves under root1. 0, or -EBADMSG. Between equal sizes the proof is empty;
 * size1 of 0 is refused, since every log begins with nothing and it would prove nothing.
 */
int tree_check_consistency(uint64_t size1, uint64_t size2, const struct hash *root1, const struct hash *root2,
	const struct hash *path, size_t npath);

/*
 * Where hashes come from: the first width hashes of tile index at that tile
 * level (seal/tile.h: eight tree levels a tile, 256 hashes wide). 0 or -errno,
 * which the caller of the proof then gets.
 */
struct tree_source {
	int (*tile)(void *ctx, unsigned level, uint64_t index, unsigned width, struct hash *ret);
	void *ctx;
};

/* The proof for tree_check_inclusion; 0 with *ret_n, -EINVAL when index is not below size, or the source's error. */
int tree_prove_inclusion(uint64_t index, uint64_t size, const struct tree_source *src, struct hash path[TREE_PROOF_MAX],
	size_t *ret_n);
/* The proof for tree_check_consistency; 0 (*ret_n is 0 when size1 is), -EINVAL when size1 > size2, or the source's error. */
int tree_prove_consistency(uint64_t size1, uint64_t size2, const struct tree_source *src, struct hash path[TREE_PROOF_MAX],
	size_t *ret_n);
/* The edge of the first size leaves, out of tiles; 0, -EINVAL above TREE_SIZE_MAX, or the source's error. */
int tree_from_tiles(uint64_t size, const struct tree_source *src, struct tree *ret);

#endif
