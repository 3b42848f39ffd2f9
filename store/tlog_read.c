/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/tlog_read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/rd.h"
#include "seal/proof.h"
#include "store/tlog.h"

/* The file that holds the tile now: the full one, or the partial one of the published size. */
static int read_file_of(const struct tlog_files *f, const struct tile *want, struct buf *out)
{
	char path[TLOG_PATH] = "log/";
	struct tile t = *want;

	t.width = tile_width(f->size, t.level, t.index);
	if (t.width < want->width || want->width == 0)
		return -EINVAL;
	tile_path(&t, path + 4);
	return io_read_file(f->dirfd, path, out);
}

/* Where the first width entries of a bundle end. */
static int cut_bundle(const struct buf *b, unsigned width, size_t *ret)
{
	struct rd r = rd_init(buf_data(b), b->len);
	const uint8_t *p;
	size_t n;

	for (unsigned i = 0; i < width; i++)
		if (tile_bundle_next(&r, &p, &n) != 1)
			return -EBADMSG;
	*ret = b->len - rd_left(&r);
	return 0;
}

int tlog_read_tile(const struct tlog_files *f, const struct tile *t, struct buf *out)
{
	size_t n = (size_t)t->width * HASH_BYTES;
	struct buf file;
	int rc;

	buf_init(&file, TILE_BUNDLE_MAX_BYTES);
	rc = read_file_of(f, t, &file);
	if (!rc && t->entries)
		rc = cut_bundle(&file, t->width, &n);
	if (!rc && file.len < n)
		rc = -EBADMSG;
	if (!rc)
		rc = buf_append(out, buf_data(&file), n);
	buf_free(&file);
	return rc;
}

static int source_tile(void *ctx, unsigned level, uint64_t index, unsigned width, struct hash *ret)
{
	struct tile t = {.level = level, .index = index, .width = width};
	struct buf b;
	int rc;

	buf_init(&b, TILE_BYTES);
	rc = tlog_read_tile(ctx, &t, &b);
	if (!rc)
		memcpy(ret, buf_data(&b), b.len);
	buf_free(&b);
	return rc;
}

struct tree_source tlog_read_source(const struct tlog_files *f)
{
	return (struct tree_source){.tile = source_tile, .ctx = (void *)(uintptr_t)f};
}

int tlog_read_entry(const struct tlog_files *f, uint64_t index, uint8_t out[ENTRY_MAX_BYTES], size_t *ret_n)
{
	struct tile t = {.entries = true, .index = index / TILE_WIDTH, .width = (unsigned)(index % TILE_WIDTH) + 1};
	const uint8_t *p = NULL;
	struct buf b;
	struct rd r;
	size_t n = 0;
	int rc;

	if (index >= f->size)
		return -EINVAL;
	buf_init(&b, TILE_BUNDLE_MAX_BYTES);
	rc = tlog_read_tile(f, &t, &b);
	r = rd_init(buf_data(&b), b.len);
	for (unsigned i = 0; !rc && i < t.width; i++)
		if (tile_bundle_next(&r, &p, &n) != 1 || n > ENTRY_MAX_BYTES)
			rc = -EBADMSG;
	if (!rc) {
		memcpy(out, p, n);
		*ret_n = n;
	}
	buf_free(&b);
	return rc;
}

int tlog_read_proof(const struct tlog_files *f, uint64_t index, const void *note, size_t n, struct buf *out)
{
	struct tree_source src = tlog_read_source(f);
	struct proof p = {.index = index, .note = note, .note_len = n};
	struct checkpoint c;
	struct hash leaf;
	int rc = tlog_read_entry(f, index, p.entry, &p.entry_len);

	if (!rc)
		rc = tree_prove_inclusion(index, f->size, &src, p.path, &p.npath);
	if (!rc)
		rc = checkpoint_parse(note, n, &c, NULL);
	if (rc)
		return rc;
	hash_leaf(p.entry, p.entry_len, &leaf);
	rc = tree_check_inclusion(index, c.size, &leaf, p.path, p.npath, &c.root);
	return rc ? rc : proof_write(out, &p);
}
