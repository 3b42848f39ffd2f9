/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening: what is on disk, and what a crash left of it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "store/tlog_state.h"

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
	return rc ? rc : tlog_rewrite_journal(l, 0);
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
	if (!rc && tlog_open_checkpoint(l, buf_data(&l->note), l->note.len, ret, why) < 0) {
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
		rc = tlog_read_journal(l, buf_data(&b), b.len, why);
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
			rc = tlog_hold(l, entry, n);
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
		struct tile t = tlog_open_tile(f.size, level);

		if (t.width)
			rc = src.tile(src.ctx, level, t.index, t.width, l->edge.part[level]);
	}
	for (uint64_t i = l->first; i < size && !rc; i++)
		rc = tlog_edge_add(&l->edge, &held_at(l, i)->leaf, NULL);
	return rc;
}

/* Replays bundles below l->first, which are full. */
static int heads_over_bundles(struct tlog *l)
{
	struct tlog_files f = tlog_files_of(l);
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
	return rc ? rc : tlog_heads_over(l, &l->heads, tlog_published(l));
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
	int rc = l->journal_bad ? tlog_rewrite_journal(l, l->first) : 0;

	if (!rc)
		rc = tlog_write_partial(l, &l->edge);
	if (!rc)
		tlog_sweep_partial(l, l->first, tlog_size(l));
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
