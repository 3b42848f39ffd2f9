/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/clip_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "seal/consistency.h"

#define TRIES 4              /* of a tile that was replaced between two looks */

void clip_log_init(struct clip_log *l, const struct verify_source *src)
{
	*l = (struct clip_log){.src = src};
	buf_init(&l->note, CHECKPOINT_MAX_BYTES);
	buf_init(&l->bundle, TILE_BUNDLE_MAX_BYTES);
}

void clip_log_free(struct clip_log *l)
{
	buf_free(&l->note);
	buf_free(&l->bundle);
}

static int read_checkpoint(const struct clip_log *l, struct buf *note, struct checkpoint *ret)
{
	int rc = l->src->get(l->src->ctx, "log/checkpoint", note);

	return rc ? rc : checkpoint_parse(buf_data(note), note->len, ret, NULL);
}

int clip_log_open(struct clip_log *l)
{
	struct checkpoint c;
	struct buf note;
	int rc;

	buf_init(&note, CHECKPOINT_MAX_BYTES);
	rc = read_checkpoint(l, &note, &c);
	if (rc) {
		buf_free(&note);
		return rc;
	}
	buf_free(&l->note);
	l->note = note;
	l->at = c;
	return 0;
}

/* How many entries the log has by now; 0 when it cannot be told. */
static uint64_t size_now(const struct clip_log *l)
{
	struct checkpoint c = {.size = 0};
	struct buf note;

	buf_init(&note, CHECKPOINT_MAX_BYTES);
	if (read_checkpoint(l, &note, &c))
		c.size = 0;
	buf_free(&note);
	return c.size;
}

/* The file that holds the tile, at least as wide as wanted. *ret_width: how wide. */
static int read_tile(const struct clip_log *l, const struct tile *want, struct buf *out, unsigned *ret_width)
{
	char path[TILE_PATH + 8] = "log/";
	uint64_t size = l->at.size;
	struct tile t = *want;
	int rc = -ENOENT;

	for (int i = 0; i < TRIES && rc == -ENOENT; i++) {
		t.width = tile_width(size, t.level, t.index);
		if (t.width < want->width)
			return -EBADMSG;
		tile_path(&t, path + 4);
		buf_clear(out);
		rc = l->src->get(l->src->ctx, path, out);
		if (rc == -ENOENT)
			size = size_now(l);
	}
	*ret_width = t.width;
	return rc;
}

static int read_bundle(struct clip_log *l, uint64_t index)
{
	struct tile t = {.entries = true, .index = index, .width = tile_width(l->at.size, 0, index)};
	const uint8_t *p;
	unsigned width;
	struct rd r;
	size_t n;
	int rc;

	l->bundle_width = 0;
	rc = read_tile(l, &t, &l->bundle, &width);
	r = rd_init(buf_data(&l->bundle), l->bundle.len);
	for (unsigned i = 0; !rc && i < t.width; i++) {
		if (tile_bundle_next(&r, &p, &n) != 1)
			return -EBADMSG;
		l->place[i] = (uint32_t)(p - buf_data(&l->bundle));
		l->length[i] = (uint16_t)n;
	}
	if (rc)
		return rc;
	l->bundle_index = index;
	l->bundle_width = t.width;
	return 0;
}

int clip_log_entry(struct clip_log *l, uint64_t index, const uint8_t **ret, size_t *ret_n)
{
	unsigned i = (unsigned)(index % TILE_WIDTH);
	int rc = 0;

	if (index >= l->at.size)
		return -EINVAL;
	if (l->bundle_index != index / TILE_WIDTH || i >= l->bundle_width)
		rc = read_bundle(l, index / TILE_WIDTH);
	if (rc)
		return rc;
	*ret = buf_data(&l->bundle) + l->place[i];
	*ret_n = l->length[i];
	return 0;
}

static int hold_tile(struct clip_log *l, unsigned level, uint64_t index)
{
	struct tile t = {.level = level, .index = index, .width = tile_width(l->at.size, level, index)};
	struct clip_log_tile *held = &l->tile[level];
	struct buf b;
	unsigned width;
	int rc;

	buf_init(&b, TILE_BYTES);
	rc = read_tile(l, &t, &b, &width);
	if (!rc && b.len != (size_t)width * HASH_BYTES)
		rc = -EBADMSG;
	held->width = rc ? 0 : t.width;
	held->index = index;
	if (!rc)
		memcpy(held->hash, buf_data(&b), (size_t)t.width * HASH_BYTES);
	buf_free(&b);
	return rc;
}

/* Proofs of entries near each other need the same tiles: the last one of each level is held. */
static int tile_of(void *ctx, unsigned level, uint64_t index, unsigned width, struct hash *ret)
{
	struct clip_log *l = ctx;
	struct clip_log_tile *held;
	int rc = 0;

	if (level >= TILE_LEVELS)
		return -EINVAL;
	held = &l->tile[level];
	if (held->index != index || held->width < width)
		rc = hold_tile(l, level, index);
	if (!rc && held->width < width)
		rc = -EBADMSG;
	if (!rc)
		memcpy(ret, held->hash, (size_t)width * HASH_BYTES);
	return rc;
}

int clip_log_prove(struct clip_log *l, uint64_t index, const struct buf *note, const struct checkpoint *at, struct buf *out)
{
	struct tree_source src = {.tile = tile_of, .ctx = l};
	struct proof p = {.index = index, .note = (const char *)buf_data(note), .note_len = note->len};
	const uint8_t *entry = NULL;
	struct hash leaf;
	int rc = clip_log_entry(l, index, &entry, &p.entry_len);

	if (!rc)
		rc = tree_prove_inclusion(index, at->size, &src, p.path, &p.npath);
	if (rc)
		return rc;
	memcpy(p.entry, entry, p.entry_len);
	hash_leaf(p.entry, p.entry_len, &leaf);
	rc = tree_check_inclusion(index, at->size, &leaf, p.path, p.npath, &at->root);
	return rc ? rc : proof_write(out, &p);
}

int clip_log_extend(struct clip_log *l, const struct checkpoint *from, struct buf *out)
{
	struct tree_source src = {.tile = tile_of, .ctx = l};
	struct hash path[TREE_PROOF_MAX];
	size_t n;
	int rc = from->size > l->at.size ? -EBADMSG : tree_prove_consistency(from->size, l->at.size, &src, path, &n);

	if (!rc)
		rc = tree_check_consistency(from->size, l->at.size, &from->root, &l->at.root, path, n);
	return rc ? rc : consistency_write(out, path, n);
}
