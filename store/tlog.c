/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/tlog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "store/tlog_state.h"

uint64_t tlog_size(const struct tlog *l) { return l->first + l->nheld; }
uint64_t tlog_synced(const struct tlog *l) { return l->synced; }
uint64_t tlog_published(const struct tlog *l) { return l->edge.tree.size; }
const struct buf *tlog_note(const struct tlog *l) { return &l->note; }

int tlog_append(struct tlog *l, const void *entry, size_t n, uint64_t *ret_index)
{
	struct entry e;
	int rc;

	if (tlog_size(l) - tlog_published(l) >= TLOG_HELD_MAX)
		return -ENOBUFS;
	if (entry_parse(entry, n, &e, NULL) < 0)
		return -EBADMSG;
	rc = tlog_hold(l, entry, n);
	if (!rc)
		*ret_index = tlog_size(l) - 1;
	return rc;
}

int tlog_entry(const struct tlog *l, uint64_t index, uint8_t out[ENTRY_MAX_BYTES], size_t *ret_n)
{
	struct tlog_files f = tlog_files_of(l);

	if (index >= tlog_size(l))
		return -EINVAL;
	if (index < l->first)
		return tlog_read_entry(&f, index, out, ret_n);
	*ret_n = held_at(l, index)->n;
	memcpy(out, held_at(l, index)->entry, *ret_n);
	return 0;
}

int tlog_leaves(const struct tlog *l, uint64_t first, struct hash *ret, unsigned max, unsigned *ret_n)
{
	struct tlog_files f = tlog_files_of(l);
	struct tile t = {.index = first / TILE_WIDTH, .width = TILE_WIDTH};
	unsigned skip = (unsigned)(first % TILE_WIDTH), n = 0;
	struct buf b;
	int rc;

	if (first >= l->first) {
		for (; n < max && first + n < l->synced; n++)
			ret[n] = held_at(l, first + n)->leaf;
		*ret_n = n;
		return 0;
	}
	/* Below l->first all tiles are full. */
	buf_init(&b, TILE_BYTES);
	rc = tlog_read_tile(&f, &t, &b);
	if (!rc) {
		n = TILE_WIDTH - skip < max ? TILE_WIDTH - skip : max;
		memcpy(ret, buf_data(&b) + (size_t)skip * HASH_BYTES, (size_t)n * HASH_BYTES);
		*ret_n = n;
	}
	buf_free(&b);
	return rc;
}

int tlog_root(const struct tlog *l, uint64_t size, struct hash *ret)
{
	struct tlog_files f = tlog_files_of(l);
	struct tree_source src = tlog_read_source(&f);
	struct tree t = l->edge.tree;
	int rc = 0;

	if (size > tlog_size(l))
		return -EINVAL;
	if (size < t.size)
		rc = tree_from_tiles(size, &src, &t);
	while (!rc && t.size < size)
		rc = tree_append(&t, &held_at(l, t.size)->leaf);
	if (!rc)
		tree_root(&t, ret);
	return rc;
}

int tlog_heads_over(const struct tlog *l, struct heads *h, uint64_t size)
{
	int rc = 0;

	while (!rc && h->size < size)
		rc = heads_add(h, held_at(l, h->size)->entry, held_at(l, h->size)->n);
	return rc;
}

int tlog_heads(const struct tlog *l, struct heads *ret)
{
	struct heads h;
	int rc = heads_copy(&l->heads, &h);

	if (!rc)
		rc = tlog_heads_over(l, &h, tlog_size(l));
	if (!rc)
		*ret = h;
	return rc;
}

int tlog_open_checkpoint(const struct tlog *l, const void *note, size_t n, struct checkpoint *ret, const char **why)
{
	int rc = checkpoint_parse(note, n, ret, why);

	if (!rc && strcmp(ret->origin, l->origin)) {
		*why = "it is of another log";
		rc = -EBADMSG;
	}
	return rc;
}

/* Where the full bundles end: what is before needs no journal, once a snapshot of the heads is on disk. */
static void shorten_journal(struct tlog *l)
{
	uint64_t bundles_end = tlog_published(l) / TILE_WIDTH * TILE_WIDTH;
	struct buf b;

	if (l->heads_bad || bundles_end == l->first)
		return;
	buf_init(&b, HEADS_BYTES_MAX);
	/* Failing here costs nothing but a longer journal; the next checkpoint tries again. */
	if (heads_write(&l->heads, &b) == 0 && io_replace_file(l->dirfd, "log/heads", buf_data(&b), b.len, 0600) == 0)
		tlog_rewrite_journal(l, bundles_end);
	buf_free(&b);
}

static int write_published(struct tlog *l, struct edge *e, const struct checkpoint *c, const void *note, size_t n)
{
	struct buf copy;
	int rc;

	buf_init(&copy, CHECKPOINT_MAX_BYTES);
	rc = buf_append(&copy, note, n);
	for (uint64_t i = e->tree.size; i < c->size && !rc; i++)
		rc = tlog_edge_add(e, &held_at(l, i)->leaf, l);
	if (!rc)
		rc = tlog_write_partial(l, e);
	if (!rc)
		rc = io_replace_file(l->dirfd, "log/checkpoint", note, n, 0600);
	if (rc) {
		buf_free(&copy);
		return rc;
	}
	buf_free(&l->note);
	l->note = copy;
	return 0;
}

int tlog_publish(struct tlog *l, const void *note, size_t n, const char **why)
{
	uint64_t before = tlog_published(l);
	struct checkpoint c;
	struct edge *e;
	struct hash root;
	int rc = tlog_open_checkpoint(l, note, n, &c, why);

	if (rc)
		return rc;
	if (c.size > l->synced || tlog_root(l, c.size, &root) < 0 || !hash_same(&root, &c.root)) {
		*why = c.size > l->synced ? "it is larger than this log" : "its root is not this log's";
		return -EBADMSG;
	}
	if (c.size <= before)
		return 0;
	e = malloc(sizeof *e);
	if (!e)
		return -ENOMEM;
	*e = l->edge;
	rc = write_published(l, e, &c, note, n);
	if (!rc) {
		l->edge = *e;
		if (!l->heads_bad && tlog_heads_over(l, &l->heads, c.size) < 0)
			l->heads_bad = true;
		tlog_sweep_partial(l, before, c.size);
		shorten_journal(l);
	}
	free(e);
	return rc;
}

void tlog_free(struct tlog **lp)
{
	struct tlog *l = *lp;

	if (!l)
		return;
	*lp = NULL;
	for (unsigned i = 0; i < l->nheld; i++)
		free(l->held[i].entry);
	free(l->held);
	if (l->journal >= 0)
		close(l->journal);
	heads_free(&l->heads);
	buf_free(&l->note);
	free(l);
}
