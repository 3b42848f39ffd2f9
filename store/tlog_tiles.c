/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The published log's files: full tiles as they fill, and those that are not full yet. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "store/tlog_state.h"

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
int tlog_edge_add(struct edge *e, const struct hash *leaf, const struct tlog *write)
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
struct tile tlog_open_tile(uint64_t size, unsigned level)
{
	uint64_t hashes = size >> 8 * level;

	return (struct tile){.level = level, .index = hashes / TILE_WIDTH, .width = (unsigned)(hashes % TILE_WIDTH)};
}

int tlog_write_partial(const struct tlog *l, const struct edge *e)
{
	int rc = 0;

	for (unsigned level = 0; level < TILE_LEVELS && !rc; level++) {
		struct tile t = tlog_open_tile(e->tree.size, level);

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
void tlog_sweep_partial(const struct tlog *l, uint64_t from, uint64_t to)
{
	for (unsigned level = 0; level < TILE_LEVELS; level++) {
		struct tile now = tlog_open_tile(tlog_published(l), level), last = tlog_open_tile(to, level);

		for (struct tile t = tlog_open_tile(from, level); t.index <= last.index; t.index++) {
			unsigned keep = t.index == now.index ? now.width : 0;

			remove_partial(l, t, keep);
			t.entries = level == 0;
			if (t.entries)
				remove_partial(l, t, keep);
			t.entries = false;
		}
	}
}
