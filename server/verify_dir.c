/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/verify_source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"

#define CHUNK (256u << 10)       /* stays in the second-level cache between read and hash */
#define DEPTH_MAX 16
#define IDLE_US 10000000         /* a checkpoint older than this: no site is running here */

struct dir {
	int fd;
	uint8_t *chunk;
};

/* A plain file; its descriptor, or -errno. */
static int open_file(const struct dir *d, const char *path, struct stat *ret)
{
	int fd = openat(d->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY), rc;

	if (fd < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	rc = fstat(fd, ret) < 0 ? -errno : S_ISREG(ret->st_mode) ? 0 : -EINVAL;
	if (rc) {
		close(fd);
		return rc;
	}
	return fd;
}

static int get(void *ctx, const char *path, struct buf *out)
{
	struct stat st;
	int fd = open_file(ctx, path, &st), rc;

	if (fd < 0)
		return fd;
	rc = io_read_all(fd, out);
	close(fd);
	return rc;
}

static int hash_fd(const struct dir *d, int fd, uint64_t max_bytes, struct hasher *h, uint64_t *ret_bytes)
{
	uint64_t bytes = 0;

	for (;;) {
		ssize_t n = read(fd, d->chunk, CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		bytes += (uint64_t)n;
		if (bytes > max_bytes)
			return -EFBIG;
		hasher_update(h, d->chunk, (size_t)n);
	}
	*ret_bytes = bytes;
	return 0;
}

static int hash(void *ctx, const char *path, uint64_t max_bytes, struct hasher *h, uint64_t *ret_bytes)
{
	const struct dir *d = ctx;
	struct stat st;
	int fd = open_file(d, path, &st), rc;

	if (fd < 0)
		return fd;
	rc = (uint64_t)st.st_size > max_bytes ? -EFBIG : hash_fd(d, fd, max_bytes, h, ret_bytes);
	close(fd);
	return rc;
}

/* Up to n bytes from offset at on: how many there were, or -errno. */
static ssize_t read_at(int fd, uint8_t *p, size_t n, uint64_t at)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = pread(fd, p + done, n - done, (off_t)(at + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static int part(void *ctx, const char *path, uint64_t at, size_t n, struct buf *out)
{
	struct stat st;
	uint8_t *room = buf_reserve(out, n);
	int fd = room && at <= INT64_MAX - n ? open_file(ctx, path, &st) : -ENOBUFS;
	ssize_t got;

	if (fd < 0)
		return fd;
	got = read_at(fd, room, n, at);
	close(fd);
	if (got < 0)
		return (int)got;
	buf_commit(out, (size_t)got);
	return 0;
}

struct walk {
	int (*each)(void *arg, const char *path);
	void *arg;
	char path[4096];
};

static int walk(int at, struct walk *w, size_t len, int depth);

static int visit(int at, const struct dirent *e, struct walk *w, size_t len, int depth)
{
	bool folder = e->d_type == DT_DIR;
	struct stat st;

	if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
		return 0;
	if ((size_t)snprintf(w->path + len, sizeof w->path - len, "/%s", e->d_name) >= sizeof w->path - len)
		return -ENAMETOOLONG;
	if (e->d_type == DT_UNKNOWN && fstatat(at, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		folder = S_ISDIR(st.st_mode);
	return folder ? walk(openat(at, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), w, strlen(w->path), depth + 1) :
		w->each(w->arg, w->path);
}

/* Takes fd over; its path is the first len bytes of w->path. A folder that went meanwhile is no error. */
static int walk(int fd, struct walk *w, size_t len, int depth)
{
	DIR *dir = fd < 0 || depth > DEPTH_MAX ? NULL : fdopendir(fd);
	struct dirent *e;
	int rc = 0;

	if (!dir) {
		rc = fd < 0 ? -errno : -ELOOP;
		if (fd >= 0)
			close(fd);
		return rc == -ENOENT ? 0 : rc;
	}
	while (!rc && (e = readdir(dir)))
		rc = visit(fd, e, w, len, depth);
	closedir(dir);
	return rc;
}

static int list(void *ctx, const char *folder, int (*each)(void *arg, const char *path), void *arg)
{
	const struct dir *d = ctx;
	struct walk w = {.each = each, .arg = arg};

	snprintf(w.path, sizeof w.path, "%s", folder);
	return walk(openat(d->fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), &w, strlen(folder), 0);
}

static bool again(void *ctx)
{
	const struct dir *d = ctx;
	struct stat st;

	if (fstatat(d->fd, "log/checkpoint", &st, 0) < 0 || clock_wall_us() - (int64_t)st.st_mtime * 1000000 > IDLE_US)
		return false;
	nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
	return true;
}

int verify_dir_open(const char *path, struct verify_source *ret)
{
	struct dir *d = calloc(1, sizeof *d);
	int rc = -ENOMEM;

	if (!d || !(d->chunk = malloc(CHUNK)))
		goto fail;
	d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = -errno;
	if (d->fd < 0)
		goto fail;
	*ret = (struct verify_source){.get = get, .hash = hash, .list = list, .part = part, .again = again, .ctx = d};
	return 0;
fail:
	if (d)
		free(d->chunk);
	free(d);
	return rc;
}

bool verify_dir_is_clip(const struct verify_source *src)
{
	const struct dir *d = src->ctx;
	struct stat note, proofs;

	return fstatat(d->fd, "checkpoint", &note, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(note.st_mode) &&
	       fstatat(d->fd, "proofs", &proofs, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(proofs.st_mode);
}

void verify_dir_close(struct verify_source *src)
{
	struct dir *d = src->ctx;

	close(d->fd);
	free(d->chunk);
	free(d);
	src->ctx = NULL;
}
