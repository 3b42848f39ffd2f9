/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
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
