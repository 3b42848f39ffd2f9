/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/descriptor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/text.h"

#define LIST_BYTES 4096

static int option(int fd, int name)
{
	int value;
	socklen_t n = sizeof value;

	return getsockopt(fd, SOL_SOCKET, name, &value, &n) < 0 ? -1 : value;
}

static int kind_of_socket(int fd, enum policy_kind *ret)
{
	int domain = option(fd, SO_DOMAIN), type = option(fd, SO_TYPE);
	bool is_inet = domain == AF_INET || domain == AF_INET6;

	if (domain == AF_UNIX && type == SOCK_SEQPACKET)
		*ret = POLICY_CHANNEL;
	else if (is_inet && type == SOCK_STREAM)
		*ret = option(fd, SO_ACCEPTCONN) == 1 ? POLICY_LISTENER : POLICY_STREAM;
	else if (is_inet && type == SOCK_DGRAM)
		*ret = POLICY_DATAGRAMS;
	else
		return -ENOTSUP;
	return 0;
}

/* What has no name in a file system is told by its link alone (proc(5)). */
static int kind_of_link(int fd, enum policy_kind *ret)
{
	char path[64], link[64];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof link - 1);
	if (n < 0)
		return -errno;
	link[n] = 0;
	if (strcmp(link, "anon_inode:[eventfd]") == 0)
		*ret = POLICY_EVENTFD;
	else if (strcmp(link, "anon_inode:[eventpoll]") == 0)
		*ret = POLICY_EPOLL;
	else if (strncmp(link, "/memfd:", 7) == 0)
		*ret = POLICY_MEMORY;
	else
		return -ENOTSUP;
	return 0;
}

static int kind_of(int fd, enum policy_kind *ret)
{
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return -errno;
	switch (st.st_mode & S_IFMT) {
	case S_IFCHR:
		*ret = POLICY_NULL;
		return st.st_rdev == makedev(1, 3) ? 0 : -ENOTSUP;
	case S_IFIFO:
		*ret = POLICY_PIPE;
		return 0;
	case S_IFDIR:
		*ret = POLICY_FOLDER;
		return 0;
	case S_IFSOCK:
		return kind_of_socket(fd, ret);
	case S_IFREG:
		rc = st.st_nlink ? -ENOTSUP : kind_of_link(fd, ret);
		if (rc == -ENOTSUP)
			*ret = POLICY_FILE;
		return rc == -ENOTSUP ? 0 : rc;
	default:
		return kind_of_link(fd, ret);
	}
}

int descriptor_look(int fd, enum policy_kind *ret_kind, int *ret_access)
{
	int flags = fcntl(fd, F_GETFL), rc = flags < 0 ? -errno : kind_of(fd, ret_kind);

	if (!rc)
		*ret_access = flags & O_ACCMODE;
	return rc;
}

int descriptor_line(const struct policy *p, int number, enum policy_kind kind, int access)
{
	int any = -1;

	for (unsigned i = 0; i < p->ndescriptors; i++) {
		const struct policy_descriptor *d = &p->descriptors[i];

		if (d->kind != kind || d->access != access)
			continue;
		if (d->number == number)
			return (int)i;
		if (d->number == POLICY_ANY_NUMBER && any < 0)
			any = (int)i;
	}
	return any;
}

struct policy_descriptor descriptor_total(const struct policy *p, unsigned line)
{
	struct policy_descriptor total = p->descriptors[line];

	if (descriptor_line(p, total.number, total.kind, total.access) != (int)line) {
		total.least = total.most = total.later = 0;
		return total;
	}
	for (unsigned i = line + 1; i < p->ndescriptors; i++) {
		const struct policy_descriptor *d = &p->descriptors[i];

		if (d->kind != total.kind || d->access != total.access || d->number != total.number)
			continue;
		total.least += d->least;
		total.most += d->most;
		total.later += d->later;
	}
	return total;
}

static int each_of(int skip, const char *entries, long n, int (*each)(void *arg, int number), void *arg)
{
	int rc = 0;

	for (long at = 0; !rc && at < n;) {
		const struct dirent64 *d = (const void *)(entries + at);
		uint64_t number;

		if (text_u64(d->d_name, strlen(d->d_name), INT32_MAX, &number) == 0 && (int)number != skip)
			rc = each(arg, (int)number);
		at += d->d_reclen;
	}
	return rc;
}

/* By the calls themselves: the roles' programs shall import nothing that opens (tests/server/linkage.sh). */
int descriptor_each(long pid, int (*each)(void *arg, int number), void *arg)
{
	_Alignas(struct dirent64) char entries[LIST_BYTES];
	int list, rc = 0;
	char path[64] = "/proc/self/fd";
	long n;

	if (pid)
		snprintf(path, sizeof path, "/proc/%ld/fd", pid);
	list = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (list < 0)
		return -errno;
	while (!rc && (n = syscall(SYS_getdents64, list, entries, sizeof entries)) != 0)
		rc = n < 0 ? -errno : each_of(pid ? -1 : list, entries, n, each, arg);
	close(list);
	return rc;
}
