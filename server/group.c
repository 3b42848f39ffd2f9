/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/group.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"

#define FILE_MAX_BYTES 4096
#define OWN "casemate"          /* the parent's own group */
#define CPU_PERIOD_US 100000

static int read_text(int folder, const char *path, char *out, size_t cap)
{
	struct buf b;
	int rc;

	buf_init(&b, FILE_MAX_BYTES);
	rc = io_read_file(folder, path, &b);
	if (!rc)
		snprintf(out, cap, "%.*s", (int)b.len, (const char *)buf_data(&b));
	buf_free(&b);
	return rc;
}

static int write_text(int folder, const char *path, const char *text)
{
	int fd = openat(folder, path, O_WRONLY | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = io_write_all(fd, text, strlen(text));
	close(fd);
	return rc;
}

static int write_number(int folder, const char *path, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRIu64 "\n", n);
	return write_text(folder, path, text);
}

/* Where systemd and others put the hierarchy: alone, or beside those of version 1. */
static int open_hierarchy(void)
{
	static const char *const paths[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		int fd = open(paths[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		struct statfs st;

		if (fd >= 0 && fstatfs(fd, &st) == 0 && st.f_type == CGROUP2_SUPER_MAGIC)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -ENOENT;
}

int group_open(int *ret_top)
{
	char text[FILE_MAX_BYTES], *own;
	int hierarchy, fd, rc = read_text(AT_FDCWD, "/proc/self/cgroup", text, sizeof text);

	if (rc)
		return rc;
	own = strncmp(text, "0::/", 4) == 0 ? text : strstr(text, "\n0::/");
	hierarchy = own ? open_hierarchy() : -ENOENT;
	if (hierarchy < 0)
		return hierarchy;
	own = strchr(own, '/') + 1;
	own[strcspn(own, "\n")] = 0;
	fd = openat(hierarchy, *own ? own : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = fd < 0 ? -errno : 0;
	close(hierarchy);
	if (fd >= 0)
		*ret_top = fd;
	return rc;
}

/* A group belongs to whom it was delegated to; for root, whom all belong to, systemd marks it. */
static bool is_delegated(int top)
{
	char mark = 0;
	struct stat st;

	if (fstat(top, &st) == 0 && st.st_uid != 0 && st.st_uid == geteuid())
		return true;
	return (fgetxattr(top, "user.delegate", &mark, 1) == 1 || fgetxattr(top, "trusted.delegate", &mark, 1) == 1) && mark == '1';
}

static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += n)
		if ((at == text || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\n' || !at[n]))
			return true;
	return false;
}

/* Only groups without processes of their own can have others below them that are capped. */
static int may_take(int top)
{
	char text[FILE_MAX_BYTES], alone[32];
	int rc;

	if (!is_delegated(top))
		return -EACCES;
	rc = read_text(top, "cgroup.controllers", text, sizeof text);
	if (!rc && !(has_word(text, "memory") && has_word(text, "pids") && has_word(text, "cpu")))
		rc = -ENOTSUP;
	if (!rc)
		rc = read_text(top, "cgroup.procs", text, sizeof text);
	snprintf(alone, sizeof alone, "%d\n", (int)getpid());
	return rc ? rc : strcmp(text, alone) ? -EBUSY : 0;
}

int group_take(int top)
{
	int rc = may_take(top);

	if (rc)
		return rc;
	if (mkdirat(top, OWN, 0755) < 0 && errno != EEXIST)
		return -errno;
	rc = write_number(top, OWN "/cgroup.procs", (uint64_t)getpid());
	if (!rc) {
		rc = write_text(top, "cgroup.subtree_control", "+memory +pids +cpu\n");
		if (rc)
			write_number(top, "cgroup.procs", (uint64_t)getpid());
	}
	if (rc)
		unlinkat(top, OWN, AT_REMOVEDIR);
	return rc;
}

static int cap(int folder, const struct policy *p)
{
	char cpu[64];
	int rc = 0;

	/* A sanitizer's memory and threads are not the role's. */
	if (!POLICY_SANITIZED) {
		rc = write_number(folder, "memory.max", p->group.memory_bytes);
		if (!rc)
			rc = write_number(folder, "pids.max", p->threads);
	}
	if (!rc)
		rc = write_number(folder, "memory.swap.max", 0);
	if (rc == -ENOENT)
		rc = 0;  /* a kernel that does not count swap */
	snprintf(cpu, sizeof cpu, "%u %u\n", p->group.cpu_percent * (CPU_PERIOD_US / 100), CPU_PERIOD_US);
	if (!rc)
		rc = write_text(folder, "cpu.max", cpu);
	return rc ? rc : write_number(folder, "cpu.weight", p->group.cpu_weight);
}

int group_put(int top, const char *name, const struct policy *p, pid_t pid)
{
	int folder, rc;

	if (mkdirat(top, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	folder = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rc = folder < 0 ? -errno : cap(folder, p);
	if (!rc)
		rc = write_number(folder, "cgroup.procs", (uint64_t)pid);
	if (folder >= 0)
		close(folder);
	if (rc)
		unlinkat(top, name, AT_REMOVEDIR);
	return rc;
}

bool group_remove(int top, const char *name)
{
	char path[64], text[FILE_MAX_BYTES], *kills;
	bool starved = false;

	snprintf(path, sizeof path, "%s/memory.events", name);
	if (read_text(top, path, text, sizeof text) == 0) {
		kills = strstr(text, "oom_kill ");
		starved = kills && kills[9] != '0';
	}
	unlinkat(top, name, AT_REMOVEDIR);
	return starved;
}
