/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int io_write_all(int fd, const void *p, size_t n)
{
	const uint8_t *at = p;

	while (n) {
		ssize_t k = write(fd, at, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		at += k;
		n -= (size_t)k;
	}
	return 0;
}

int io_read_all(int fd, struct buf *b)
{
	for (;;) {
		size_t room = b->max - b->len < 65536 ? b->max - b->len : 65536;
		uint8_t one, *to = room ? buf_reserve(b, room) : &one;
		ssize_t k;

		if (!to)
			return -ENOMEM;
		k = read(fd, to, room ? room : 1);
		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		if (k == 0)
			return 0;
		if (!room)
			return -ENOBUFS;
		buf_commit(b, (size_t)k);
	}
}

int io_open_regular(const char *path, int flags, unsigned mode)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, (mode_t)mode), rc;
	struct stat st;

	if (fd < 0)
		return -errno;
	rc = fstat(fd, &st) < 0 ? -errno : S_ISREG(st.st_mode) ? fd : -EINVAL;
	if (rc < 0)
		close(fd);
	return rc;
}

int io_read_file(int dirfd, const char *path, struct buf *b)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY), rc;

	if (fd < 0)
		return -errno;
	rc = io_read_all(fd, b);
	close(fd);
	return rc;
}

static int sync_folder_of(int dirfd, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096] = ".";
	int fd, rc = 0;

	if (slash == path)
		strcpy(folder, "/");
	else if (slash)
		snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
	fd = openat(dirfd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

int io_replace_file(int dirfd, const char *path, const void *p, size_t n, unsigned mode)
{
	char tmp[4096];
	int fd, rc;

	if ((size_t)snprintf(tmp, sizeof tmp, "%s.tmp", path) >= sizeof tmp)
		return -ENAMETOOLONG;
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	rc = io_write_all(fd, p, n);
	if (!rc && fdatasync(fd) < 0)
		rc = -errno;
	close(fd);
	if (!rc && renameat(dirfd, tmp, dirfd, path) < 0)
		rc = -errno;
	if (rc) {
		unlinkat(dirfd, tmp, 0);
		return rc;
	}
	return sync_folder_of(dirfd, path);
}

static int add_seals(int fd)
{
	return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0 ? -errno : 0;
}

int io_seal_bytes(const char *name, const void *p, size_t n, int *ret_fd)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), rc;

	if (fd < 0)
		return -errno;
	rc = io_write_all(fd, p, n);
	if (!rc)
		rc = add_seals(fd);
	if (rc)
		close(fd);
	else
		*ret_fd = fd;
	return rc;
}

static int seal_copy(int fd, const char *name, size_t n, int *ret_fd)
{
	void *map = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
	int rc;

	if (map == MAP_FAILED)
		return -errno;
	rc = io_seal_bytes(name, map, n, ret_fd);
	munmap(map, n);
	return rc ? rc : 1;
}

int io_seal(int fd, const char *name, size_t n, int *ret_fd)
{
	int rc = add_seals(fd);

	if (rc == -EBUSY)
		return seal_copy(fd, name, n, ret_fd);
	if (!rc)
		*ret_fd = fd;
	return rc;
}

int io_make_folders(int dirfd, const char *path)
{
	char part[4096];

	if ((size_t)snprintf(part, sizeof part, "%s", path) >= sizeof part)
		return -ENAMETOOLONG;
	for (char *s = part + 1; *s; s++) {
		if (*s != '/')
			continue;
		*s = 0;
		if (mkdirat(dirfd, part, 0700) < 0 && errno != EEXIST)
			return -errno;
		*s = '/';
	}
	return 0;
}
