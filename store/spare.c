/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "spare"
#define SPARE_PATH 32

static void path_of(unsigned i, char out[SPARE_PATH])
{
	snprintf(out, SPARE_PATH, FOLDER "/%u", i);
}

static int remove_at(int dirfd, const char *path)
{
	return unlinkat(dirfd, path, 0) < 0 && errno != ENOENT ? -errno : 0;
}

void spares_begin(struct spares *s, int dirfd)
{
	char path[SPARE_PATH];

	*s = (struct spares){.dirfd = dirfd};
	for (unsigned i = 0; i < SPARE_FILES; i++) {
		path_of(i, path);
		unlinkat(dirfd, path, 0);
	}
	/* Where it cannot be made, files are removed as everywhere. */
	(void)mkdirat(dirfd, FOLDER, 0700);
}

/* It has one name, and a write lease is given only to who alone has it open (fcntl(2), F_SETLEASE): so nobody reads what becomes of it. */
static bool is_ours_alone(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
}

static bool empty(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool done;

	if (fd < 0)
		return false;
	done = is_ours_alone(fd) && ftruncate(fd, 0) == 0;
	close(fd);
	return done;
}

int spares_put(struct spares *s, const char *path)
{
	char spare[SPARE_PATH];

	path_of(s->n, spare);
	/* Its new name comes first: from then on nobody opens it by the old one. */
	if (s->n == SPARE_FILES || renameat(s->dirfd, path, s->dirfd, spare) < 0)
		return remove_at(s->dirfd, path);
	if (!empty(s->dirfd, spare))
		return remove_at(s->dirfd, spare);
	s->n++;
	return 0;
}

int spares_take(struct spares *s, const char *path)
{
	char spare[SPARE_PATH];

	if (!s->n)
		return -1;
	path_of(--s->n, spare);
	if (renameat(s->dirfd, spare, s->dirfd, path) < 0) {
		unlinkat(s->dirfd, spare, 0);
		return -1;
	}
	return openat(s->dirfd, path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
}
