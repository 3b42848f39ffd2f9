/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of base/io.h opens files: apart from the rest, so that a program that may open none does not hold it. */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int io_open_regular(int dirfd, const char *path, int flags, unsigned mode)
{
	int fd = openat(dirfd, path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, (mode_t)mode), rc;
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

/* What lies there may be another's, open to others, or a second name of some file: it is never written into. Most often it is left of a crash. */
static int create_anew(int dirfd, const char *path, unsigned mode)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int fd = openat(dirfd, path, flags, mode);

	if (fd < 0 && errno == EEXIST && unlinkat(dirfd, path, 0) == 0)
		fd = openat(dirfd, path, flags, mode);
	return fd < 0 ? -errno : fd;
}

int io_replace_file(int dirfd, const char *path, const void *p, size_t n, unsigned mode)
{
	char tmp[4096];
	int fd, rc;

	if ((size_t)snprintf(tmp, sizeof tmp, "%s.tmp", path) >= sizeof tmp)
		return -ENAMETOOLONG;
	fd = create_anew(dirfd, tmp, mode);
	if (fd < 0)
		return fd;
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
