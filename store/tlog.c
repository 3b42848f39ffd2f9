/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/tlog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/rd.h"
#include "base/wr.h"
#include "seal/tile.h"
#include "seal/tree.h"
#include "store/tlog_read.h"

#define MAGIC "casemate-journal/1\n"
#define MAGIC_LEN (sizeof MAGIC - 1)
#define HEADER_MAX (MAGIC_LEN + 1 + KEY_NAME + 8 + RECORD_SUM)
#define RECORD_SUM 8            /* bytes of a record's leaf hash that are kept as its check */
#define RECORD_MAX (2 + ENTRY_MAX_BYTES + RECORD_SUM)
#define JOURNAL_MAX ((size_t)(TLOG_HELD_MAX + TILE_WIDTH) * RECORD_MAX + HEADER_MAX)
#define HEADS_BYTES_MAX (16u << 20)

struct held {
	struct hash leaf;
	uint8_t *entry;
	uint16_t n;
};

/* All that is needed to append to the published log: its tree's edge, and the tiles that are not full. */
struct edge {
	struct tree tree;
	struct hash part[TILE_LEVELS][TILE_WIDTH];
};

struct tlog {
	int dirfd, journal;
	char origin[KEY_NAME];
	uint64_t first;         /* of held; where a bundle begins, and at most the published size */
	struct held *held;
	unsigned nheld, cap;
	uint64_t synced;
	bool journal_bad;       /* its end is unknown: write it anew */
	struct edge edge;       /* published */
	struct heads heads;     /* at the published size */
	bool heads_bad;         /* no snapshot can be written any more */
	struct buf note;
};

static struct held *held_at(const struct tlog *l, uint64_t index)
{
	return &l->held[index - l->first];
}

uint64_t tlog_size(const struct tlog *l) { return l->first + l->nheld; }
uint64_t tlog_synced(const struct tlog *l) { return l->synced; }
uint64_t tlog_published(const struct tlog *l) { return l->edge.tree.size; }
const struct buf *tlog_note(const struct tlog *l) { return &l->note; }

static struct tlog_files files_of(const struct tlog *l)
{
	return (struct tlog_files){.dirfd = l->dirfd, .size = tlog_published(l)};
}

/* --- held entries and the journal ------------------------------------------------------- */

static int hold(struct tlog *l, const void *entry, size_t n)
{
	struct held *h;

	if (l->nheld == l->cap) {
		unsigned cap = l->cap ? l->cap * 2 : 512;

		h = realloc(l->held, cap * sizeof *h);
		if (!h)
			return -ENOMEM;
		l->held = h;
		l->cap = cap;
	}
	h = &l->held[l->nheld];
	h->entry = malloc(n);
	if (!h->entry)
		return -ENOMEM;
	memcpy(h->entry, entry, n);
	h->n = (uint16_t)n;
	hash_leaf(entry, n, &h->leaf);
	l->nheld++;
	return 0;
}

static void let_go_before(struct tlog *l, uint64_t index)
{
	unsigned n = (unsigned)(index - l->first);

	for (unsigned i = 0; i < n; i++)
		free(l->held[i].entry);
	memmove(l->held, l->held + n, (l->nheld - n) * sizeof *l->held);
	l->nheld -= n;
	l->first = index;
}

static int put_header(struct buf *b, const char *origin, uint64_t first)
{
	uint8_t *room = buf_reserve(b, HEADER_MAX);
	struct wr w = wr_init(room, room ? HEADER_MAX : 0);
	struct hash sum;

	wr_str(&w, MAGIC);
	wr_u8(&w, (uint8_t)strlen(origin));
	wr_str(&w, origin);
	wr_u64(&w, first);
	if (w.bad)
		return -ENOMEM;
	hash_bytes(w.p, w.len, &sum);
	wr_bytes(&w, sum.b, RECORD_SUM);
	buf_commit(b, w.len);
	return 0;
}

static int put_record(struct buf *b, const struct held *h)
{
	uint8_t *room = buf_reserve(b, RECORD_MAX);
	struct wr w = wr_init(room, room ? RECORD_MAX : 0);

	wr_u16(&w, h->n);
	wr_bytes(&w, h->entry, h->n);
	wr_bytes(&w, h->leaf.b, RECORD_SUM);
	if (w.bad)
		return -ENOMEM;
	buf_commit(b, w.len);
	return 0;
}

static int put_records(const struct tlog *l, uint64_t from, struct buf *b)
{
	int rc = 0;

	for (uint64_t i = from; i < tlog_size(l) && !rc; i++)
		rc = put_record(b, held_at(l, i));
	return rc;
}

/* A new journal of the held entries from `first` on, in place of the old one. */
static int rewrite_journal(struct tlog *l, uint64_t first)
{
	struct buf b;
	int rc, fd;

	buf_init(&b, JOURNAL_MAX);
	rc = put_header(&b, l->origin, first);
	if (!rc)
		rc = put_records(l, first, &b);
	if (!rc)
		rc = io_replace_file(l->dirfd, "log/journal", buf_data(&b), b.len, 0600);
	buf_free(&b);
	if (rc)
		return rc;
	fd = openat(l->dirfd, "log/journal", O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0) {
		l->journal_bad = true;
		return -errno;
	}
	if (l->journal >= 0)
		close(l->journal);
	l->journal = fd;
	l->journal_bad = false;
	l->synced = tlog_size(l);
	let_go_before(l, first);
	return 0;
}

int tlog_append(struct tlog *l, const void *entry, size_t n, uint64_t *ret_index)
{
	struct entry e;
	int rc;

	if (tlog_size(l) - tlog_published(l) >= TLOG_HELD_MAX)
		return -ENOBUFS;
	if (entry_parse(entry, n, &e, NULL) < 0)
		return -EBADMSG;
	rc = hold(l, entry, n);
	if (!rc)
		*ret_index = tlog_size(l) - 1;
	return rc;
}

int tlog_sync(struct tlog *l)
{
	struct buf b;
	int rc;

	if (l->journal_bad)
		return rewrite_journal(l, l->first);
	if (l->synced == tlog_size(l))
		return 0;
	buf_init(&b, JOURNAL_MAX);
	rc = put_records(l, l->synced, &b);
	if (!rc) {
		rc = io_write_all(l->journal, buf_data(&b), b.len);
		if (!rc && fdatasync(l->journal) < 0)
			rc = -errno;
		/* After an error nobody knows what the file holds, not even after a later fdatasync that succeeds. */
		l->journal_bad = rc != 0;
	}
	buf_free(&b);
	if (!rc)
		l->synced = tlog_size(l);
	return rc;
}

/* --- tiles ------------------------------------------------------------------------------ */

/* The root of a full tile. */
static void fold(const struct hash full[TILE_WIDTH], struct hash *ret)
{
	struct hash h[TILE_WIDTH / 2];

	for (unsigned i = 0; i < TILE_WIDTH / 2; i++)
		hash_node(&full[2 * i], &full[2 * i + 1], &h[i]);
	for (unsigned n = TILE_WIDTH / 4; n; n /= 2)
		for (unsigned i = 0; i < n; i++)
			hash_node(&h[2 * i], &h[2 * i + 1], &h[i]);
	*ret = h[0];
}

static int write_tile(const struct tlog *l, const struct tile *t, const void *p, size_t n)
{
	char path[TLOG_PATH] = "log/";
	int rc;

	tile_path(t, path + 4);
	rc = io_make_folders(l->dirfd, path);
	return rc ? rc : io_replace_file(l->dirfd, path, p, n, 0600);
}

static int write_bundle(const struct tlog *l, uint64_t index, unsigned width)
{
	struct tile t = {.entries = true, .index = index, .width = width};
	struct buf b;
	int rc = 0;

	buf_init(&b, TILE_BUNDLE_MAX_BYTES);
	for (unsigned i = 0; i < width && !rc; i++) {
		const struct held *h = held_at(l, index * TILE_WIDTH + i);

		rc = tile_bundle_add(&b, h->entry, h->n);
	}
	if (!rc)
		rc = write_tile(l, &t, buf_data(&b), b.len);
	buf_free(&b);
	return rc;
}

static int write_hashes(const struct tlog *l, const struct edge *e, unsigned level, uint64_t index, unsigned width)
{
	struct tile t = {.level = level, .index = index, .width = width};
	int rc = write_tile(l, &t, e->part[level], (size_t)width * HASH_BYTES);

	return rc || level ? rc : write_bundle(l, index, width);
}

/* One more leaf; with write, the tiles that it fills go to disk. */
static int edge_add(struct edge *e, const struct hash *leaf, const struct tlog *write)
{
	uint64_t index = e->tree.size;
	struct hash h = *leaf;
	int rc = tree_append(&e->tree, leaf);

	for (unsigned level = 0; level < TILE_LEVELS && !rc; level++, index /= TILE_WIDTH) {
		e->part[level][index % TILE_WIDTH] = h;
		if (index % TILE_WIDTH != TILE_WIDTH - 1)
			break;
		if (write)
			rc = write_hashes(write, e, level, index / TILE_WIDTH, TILE_WIDTH);
		fold(e->part[level], &h);
	}
	return rc;
}

/* The tile of a level that is not full yet in a log of that size; width 0 if there is none. */
static struct tile open_tile(uint64_t size, unsigned level)
{
	uint64_t hashes = size >> 8 * level;

	return (struct tile){.level = level, .index = hashes / TILE_WIDTH, .width = (unsigned)(hashes % TILE_WIDTH)};
}

static int write_partial(const struct tlog *l, const struct edge *e)
{
	int rc = 0;

	for (unsigned level = 0; level < TILE_LEVELS && !rc; level++) {
		struct tile t = open_tile(e->tree.size, level);

		if (t.width)
			rc = write_hashes(l, e, level, t.index, t.width);
	}
	return rc;
}

/* Removes every partial file of that tile but the one of this width; the folder too when none is kept. */
static void remove_partial(const struct tlog *l, struct tile t, unsigned keep)
{
	char path[TLOG_PATH] = "log/", name[8];
	struct dirent *d;
	DIR *dir;
	int fd;

	t.width = 1;
	tile_path(&t, path + 4);
	*strrchr(path, '/') = 0;
	fd = openat(l->dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || !(dir = fdopendir(fd))) {
		if (fd >= 0)
			close(fd);
		return;
	}
	snprintf(name, sizeof name, "%u", keep);
	while ((d = readdir(dir)))
		if (d->d_name[0] != '.' && strcmp(d->d_name, name))
			unlinkat(fd, d->d_name, 0);
	closedir(dir);
	if (!keep)
		unlinkat(l->dirfd, path, AT_REMOVEDIR);
}

/* Partial tiles that a log between those sizes may have had, and the published one has not. */
static void sweep_partial(const struct tlog *l, uint64_t from, uint64_t to)
{
	for (unsigned level = 0; level < TILE_LEVELS; level++) {
		struct tile now = open_tile(tlog_published(l), level), last = open_tile(to, level);

		for (struct tile t = open_tile(from, level); t.index <= last.index; t.index++) {
			unsigned keep = t.index == now.index ? now.width : 0;

			remove_partial(l, t, keep);
			t.entries = level == 0;
			if (t.entries)
				remove_partial(l, t, keep);
			t.entries = false;
		}
	}
}

/* --- reading back ----------------------------------------------------------------------- */

int tlog_entry(const struct tlog *l, uint64_t index, uint8_t out[ENTRY_MAX_BYTES], size_t *ret_n)
{
	struct tlog_files f = files_of(l);

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
	struct tlog_files f = files_of(l);
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
	struct tlog_files f = files_of(l);
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

static int heads_over(const struct tlog *l, struct heads *h, uint64_t size)
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
		rc = heads_over(l, &h, tlog_size(l));
	if (!rc)
		*ret = h;
	return rc;
}

/* --- publishing ------------------------------------------------------------------------- */

static int open_checkpoint(const struct tlog *l, const void *note, size_t n, struct checkpoint *ret, const char **why)
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
		rewrite_journal(l, bundles_end);
	buf_free(&b);
}

static int write_published(struct tlog *l, struct edge *e, const struct checkpoint *c, const void *note, size_t n)
{
	struct buf copy;
	int rc;

	buf_init(&copy, CHECKPOINT_MAX_BYTES);
	rc = buf_append(&copy, note, n);
	for (uint64_t i = e->tree.size; i < c->size && !rc; i++)
		rc = edge_add(e, &held_at(l, i)->leaf, l);
	if (!rc)
		rc = write_partial(l, e);
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
	int rc = open_checkpoint(l, note, n, &c, why);

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
		if (!l->heads_bad && heads_over(l, &l->heads, c.size) < 0)
			l->heads_bad = true;
		sweep_partial(l, before, c.size);
		shorten_journal(l);
	}
	free(e);
	return rc;
}

/* --- opening ---------------------------------------------------------------------------- */

/* 0, or -EMEDIUMTYPE when the folder holds what we did not put there. */
static int folder_is_free(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	struct dirent *d;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		rc = -errno;
		if (fd >= 0)
			close(fd);
		return rc;
	}
	while ((d = readdir(dir)))
		if (strcmp(d->d_name, ".") && strcmp(d->d_name, "..") && strcmp(d->d_name, "lost+found") && strcmp(d->d_name, "log"))
			rc = -EMEDIUMTYPE;
	closedir(dir);
	return rc;
}

static int begin(struct tlog *l, const char **why)
{
	int rc = folder_is_free(l->dirfd);

	if (rc) {
		*why = rc == -EMEDIUMTYPE ? "the folder is not empty and holds no log" : "reading the folder";
		return rc;
	}
	*why = "making log/journal";
	rc = io_make_folders(l->dirfd, "log/journal");
	return rc ? rc : rewrite_journal(l, 0);
}

static bool read_record(struct rd *r, struct tlog *l, int *rc)
{
	size_t n = rd_u16(r);
	const uint8_t *entry = rd_bytes(r, n), *sum = rd_bytes(r, RECORD_SUM);
	struct hash leaf;

	if (r->bad || n == 0 || n > ENTRY_MAX_BYTES)
		return false;
	hash_leaf(entry, n, &leaf);
	if (memcmp(leaf.b, sum, RECORD_SUM))
		return false;
	*rc = hold(l, entry, n);
	return *rc == 0;
}

/* What is behind the last good record was being written when the machine stopped: nobody was told of it. */
static int read_records(struct tlog *l, struct rd *r)
{
	int rc = 0;

	while (rd_left(r) && l->nheld < TLOG_HELD_MAX + TILE_WIDTH) {
		if (!read_record(r, l, &rc)) {
			l->journal_bad = true;
			break;
		}
	}
	l->synced = tlog_size(l);
	return rc;
}

static int read_journal(struct tlog *l, const struct buf *b, const char **why)
{
	struct rd r = rd_init(buf_data(b), b->len);
	const uint8_t *magic = rd_bytes(&r, MAGIC_LEN), *origin, *sum;
	struct hash h;
	size_t n;

	n = rd_u8(&r);
	origin = rd_bytes(&r, n);
	l->first = rd_u64(&r);
	if (!r.bad)
		hash_bytes(buf_data(b), b->len - rd_left(&r), &h);
	sum = rd_bytes(&r, RECORD_SUM);
	if (r.bad || memcmp(magic, MAGIC, MAGIC_LEN) || memcmp(sum, h.b, RECORD_SUM) || l->first % TILE_WIDTH) {
		*why = "log/journal is damaged";
		return -EBADMSG;
	}
	if (n != strlen(l->origin) || memcmp(origin, l->origin, n)) {
		*why = "the folder holds another site's log";
		return -EMEDIUMTYPE;
	}
	*why = "reading log/journal";
	return read_records(l, &r);
}

/* The published checkpoint, if there is one; *ret zeroed otherwise. */
static int read_checkpoint(struct tlog *l, struct checkpoint *ret, const char **why)
{
	int rc;

	*ret = (struct checkpoint){0};
	*why = "reading log/checkpoint";
	rc = io_read_file(l->dirfd, "log/checkpoint", &l->note);
	if (rc == -ENOENT)
		return 0;
	if (!rc && open_checkpoint(l, buf_data(&l->note), l->note.len, ret, why) < 0) {
		*why = "log/checkpoint is damaged or another log's";
		rc = -EBADMSG;
	}
	return rc;
}

static int load_journal(struct tlog *l, const struct checkpoint *c, const char **why)
{
	struct buf b;
	int rc;

	buf_init(&b, JOURNAL_MAX);
	*why = "reading log/journal";
	rc = io_read_file(l->dirfd, "log/journal", &b);
	if (!rc)
		rc = read_journal(l, &b, why);
	else if (rc == -ENOENT && c->size) {
		/* Lost, but all that was published is in the bundles. */
		l->first = l->synced = c->size / TILE_WIDTH * TILE_WIDTH;
		l->journal_bad = true;
		rc = 0;
	} else if (rc == -ENOENT) {
		rc = begin(l, why);
	}
	buf_free(&b);
	return rc;
}

/* Published entries that the journal has lost. */
static int fetch_entries(struct tlog *l, uint64_t size)
{
	struct tlog_files f = {.dirfd = l->dirfd, .size = size};
	uint8_t entry[ENTRY_MAX_BYTES];
	size_t n;
	int rc = 0;

	while (tlog_size(l) < size && !rc) {
		rc = tlog_read_entry(&f, tlog_size(l), entry, &n);
		if (!rc)
			rc = hold(l, entry, n);
		l->journal_bad = true;
	}
	return rc;
}

/* The edge of the first l->first entries out of full tiles, then held leaves up to size. */
static int load_edge(struct tlog *l, uint64_t size)
{
	struct tlog_files f = {.dirfd = l->dirfd, .size = l->first};
	struct tlog_files published = {.dirfd = l->dirfd, .size = size};
	struct tree_source src = tlog_read_source(&published);
	int rc = tree_from_tiles(l->first, &src, &l->edge.tree);

	for (unsigned level = 1; level < TILE_LEVELS && !rc; level++) {
		struct tile t = open_tile(f.size, level);

		if (t.width)
			rc = src.tile(src.ctx, level, t.index, t.width, l->edge.part[level]);
	}
	for (uint64_t i = l->first; i < size && !rc; i++)
		rc = edge_add(&l->edge, &held_at(l, i)->leaf, NULL);
	return rc;
}

/* Replays bundles below l->first, which are full. */
static int heads_over_bundles(struct tlog *l)
{
	struct tlog_files f = files_of(l);
	struct buf b;
	int rc = 0;

	buf_init(&b, TILE_BUNDLE_MAX_BYTES);
	while (!rc && l->heads.size < l->first) {
		struct tile t = {.entries = true, .index = l->heads.size / TILE_WIDTH, .width = TILE_WIDTH};
		uint64_t index = t.index * TILE_WIDTH;
		const uint8_t *p;
		struct rd r;
		size_t n;

		buf_clear(&b);
		rc = tlog_read_tile(&f, &t, &b);
		r = rd_init(buf_data(&b), b.len);
		for (; !rc && tile_bundle_next(&r, &p, &n) == 1; index++)
			if (index == l->heads.size)
				rc = heads_add(&l->heads, p, n);
	}
	buf_free(&b);
	return rc;
}

static int load_heads(struct tlog *l)
{
	struct buf b;
	int rc;

	buf_init(&b, HEADS_BYTES_MAX);
	/* A snapshot that is missing or not of this log is made again from the entries. */
	if (io_read_file(l->dirfd, "log/heads", &b) == 0 && heads_read(buf_data(&b), b.len, &l->heads) == 0 &&
	    l->heads.size > tlog_published(l))
		heads_free(&l->heads);
	buf_free(&b);
	rc = heads_over_bundles(l);
	return rc ? rc : heads_over(l, &l->heads, tlog_published(l));
}

static int load_published(struct tlog *l, const struct checkpoint *c, const char **why)
{
	struct hash root;
	int rc;

	if (l->first > c->size) {
		*why = "log/checkpoint is older than the journal: the log was put back from a copy";
		return -EBADMSG;
	}
	rc = fetch_entries(l, c->size);
	*why = "log/journal ends before the checkpoint, and log/tile does not hold the rest";
	if (rc)
		return rc == -ENOENT ? -EBADMSG : rc;
	*why = "log/tile is damaged";
	rc = load_edge(l, c->size);
	if (rc)
		return rc == -ENOENT ? -EBADMSG : rc;
	tree_root(&l->edge.tree, &root);
	if (c->size && !hash_same(&root, &c->root)) {
		*why = "the entries are not those that log/checkpoint was signed over";
		return -EBADMSG;
	}
	rc = load_heads(l);
	return rc == -ENOENT ? -EBADMSG : rc;
}

/* What a crash between two steps of publishing left. */
static int mend(struct tlog *l)
{
	int rc = l->journal_bad ? rewrite_journal(l, l->first) : 0;

	if (!rc)
		rc = write_partial(l, &l->edge);
	if (!rc)
		sweep_partial(l, l->first, tlog_size(l));
	if (!rc && l->journal < 0) {
		l->journal = openat(l->dirfd, "log/journal", O_WRONLY | O_APPEND | O_CLOEXEC);
		rc = l->journal < 0 ? -errno : 0;
	}
	return rc;
}

int tlog_open(int dirfd, const char *origin, struct tlog **ret, const char **why)
{
	struct tlog *l = calloc(1, sizeof *l);
	struct checkpoint c;
	int rc;

	*why = "memory";
	if (!l)
		return -ENOMEM;
	l->dirfd = dirfd;
	l->journal = -1;
	buf_init(&l->note, CHECKPOINT_MAX_BYTES);
	snprintf(l->origin, sizeof l->origin, "%s", origin);
	rc = read_checkpoint(l, &c, why);
	if (!rc)
		rc = load_journal(l, &c, why);
	if (!rc)
		rc = load_published(l, &c, why);
	if (!rc) {
		*why = "mending the log";
		rc = mend(l);
	}
	if (rc)
		tlog_free(&l);
	else
		*ret = l;
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
