/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says of a running role, held against its policy: outside ROLE PID PARENT, as root. Prints `ok` and `not ok`
 * lines; exits with 0 when all is as the policy says. Every expectation comes from the tables that the role was sealed by.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "server/descriptor.h"

#define LINES_MAX 32
#define LOOKS 50            /* what is on its way from one role to another is gone at a later one */
#define LOOK_MS 100

struct look {
	const struct policy *policy;
	int pidfd;
	unsigned count[LINES_MAX];
	char why[256];
};

static const char *role_name;
static int bad;

static void result(int good, const char *what, const char *saw)
{
	bad |= !good;
	if (good)
		printf("ok %s: %s\n", role_name, what);
	else
		printf("not ok %s: %s: saw %s\n", role_name, what, saw);
}

/* --- /proc/PID/status --------------------------------------------------------------------- */

static void read_status(long pid, const char *field, char *out, size_t cap)
{
	char path[64], line[512];
	size_t n = strlen(field);
	FILE *f;

	snprintf(path, sizeof path, "/proc/%ld/status", pid);
	snprintf(out, cap, "nothing");
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, field, n) == 0 && line[n] == ':') {
			line[strcspn(line, "\n")] = 0;
			snprintf(out, cap, "%s", line + n + 1 + strspn(line + n + 1, "\t "));
		}
	if (f)
		fclose(f);
}

static void check_status(long pid)
{
	static const struct { const char *field, *is; } want[] = {
		{"Seccomp", "2"}, {"NoNewPrivs", "1"}, {"CapInh", "0000000000000000"}, {"CapPrm", "0000000000000000"}, {"CapEff", "0000000000000000"},
		{"CapBnd", "0000000000000000"}, {"CapAmb", "0000000000000000"}};
	char saw[128], what[160];

	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		read_status(pid, want[i].field, saw, sizeof saw);
		snprintf(what, sizeof what, "%s is %s", want[i].field, want[i].is);
		result(strcmp(saw, want[i].is) == 0, what, saw);
	}
}

static void check_threads(const struct policy *p, long pid)
{
	char saw[128], what[64];

	read_status(pid, "Threads", saw, sizeof saw);
	snprintf(what, sizeof what, "%u thread%s", p->threads, p->threads == 1 ? "" : "s at most");
	result(atol(saw) >= 1 && atol(saw) <= (long)p->threads, what, saw);
}

/* --- namespaces, root --------------------------------------------------------------------- */

static int namespace_of(long pid, const char *name, char *out, size_t cap)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%ld/ns/%s", pid, name);
	n = readlink(path, out, cap - 1);
	out[n > 0 ? n : 0] = 0;
	return n > 0;
}

static void check_namespaces(const struct policy *p, long pid, long parent)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		const char *name = policy_namespace_name(1u << bit & p->namespaces);
		char its[64], outer[64], what[96];

		if (!name)
			continue;
		snprintf(what, sizeof what, "a %s namespace of its own", name);
		result(namespace_of(pid, name, its, sizeof its) && namespace_of(parent, name, outer, sizeof outer) && strcmp(its, outer) != 0, what, its);
	}
}

static int entries_of(const char *path)
{
	DIR *folder = opendir(path);
	int n = 0;

	if (!folder)
		return -errno;
	for (const struct dirent *d; (d = readdir(folder));)
		n += strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
	closedir(folder);
	return n;
}

static void check_root(long pid)
{
	char path[64], line[512], saw[600] = "";
	int mounts = 0, entries;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%ld/mounts", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f)) {
		mounts++;
		line[strcspn(line, "\n")] = 0;
		snprintf(saw, sizeof saw, "%s", line);
	}
	if (f)
		fclose(f);
	result(mounts == 1 && strstr(saw, " / tmpfs ro,"), "one mount, a tmpfs to be read alone", saw);
	snprintf(path, sizeof path, "/proc/%ld/root/", pid);
	entries = entries_of(path);
	snprintf(saw, sizeof saw, "%d", entries);
	result(entries == 0, "nothing in its root folder", saw);
}

/* --- limits ------------------------------------------------------------------------------- */

static void check_limit(long pid, int resource, uint64_t most)
{
	struct rlimit now;
	char what[96], saw[64];

	snprintf(what, sizeof what, "%s is %llu at most", policy_limit_name(resource), (unsigned long long)most);
	if (prlimit((pid_t)pid, (enum __rlimit_resource)resource, NULL, &now) < 0) {
		result(0, what, strerror(errno));
		return;
	}
	snprintf(saw, sizeof saw, "%llu, hard %llu", (unsigned long long)now.rlim_cur, (unsigned long long)now.rlim_max);
	result(now.rlim_cur <= most && now.rlim_max <= most, what, saw);
}

static void check_limits(const struct policy *p, long pid)
{
	for (unsigned i = 0; i < p->nlimits; i++)
		if (!POLICY_SANITIZED || p->limits[i].resource != RLIMIT_AS)
			check_limit(pid, p->limits[i].resource, p->limits[i].most);
	check_limit(pid, RLIMIT_NPROC, p->threads);
}

/* --- descriptors -------------------------------------------------------------------------- */

/* A copy of the very descriptor, looked at here; one that was closed meanwhile is none. */
static int look_at_one(void *arg, int number)
{
	struct look *l = arg;
	enum policy_kind kind = POLICY_KINDS;
	int copy = (int)syscall(SYS_pidfd_getfd, l->pidfd, number, 0), access, line = -1;

	if (copy < 0 && errno == EBADF)
		return 0;
	if (copy >= 0 && descriptor_look(copy, &kind, &access) == 0)
		line = descriptor_line(l->policy, number, kind, access);
	if (line < 0)
		snprintf(l->why, sizeof l->why, "%d: %s", number, copy < 0 ? strerror(errno) : policy_kind_name(kind));
	else
		l->count[line]++;
	if (copy >= 0)
		close(copy);
	return line < 0;
}

/* Whether all that it holds is declared, and no more of it. */
static int look_once(struct look *l, long pid)
{
	int rc;

	memset(l->count, 0, sizeof l->count);
	*l->why = 0;
	rc = descriptor_each(pid, look_at_one, l);
	if (rc < 0)
		snprintf(l->why, sizeof l->why, "%s", strerror(-rc));
	for (unsigned i = 0; !rc && i < l->policy->ndescriptors; i++) {
		struct policy_descriptor d = descriptor_total(l->policy, i);

		if (l->count[i] <= d.later && l->count[i] >= d.least)
			continue;
		snprintf(l->why, sizeof l->why, "%u of %s", l->count[i], d.what);
		rc = -EPERM;
	}
	return rc;
}

static void check_descriptors(const struct policy *p, long pid)
{
	struct look l = {.policy = p, .pidfd = (int)syscall(SYS_pidfd_open, pid, 0)};
	char what[160];
	int rc = -ESRCH;

	for (int i = 0; l.pidfd >= 0 && rc && i < LOOKS; i++) {
		if (i)
			nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
		rc = look_once(&l, pid);
	}
	result(rc == 0, "holds the descriptors that are declared, and no other", l.why);
	for (unsigned i = 0; !rc && i < p->ndescriptors; i++) {
		struct policy_descriptor d = descriptor_total(p, i);

		snprintf(what, sizeof what, "%u of %u at most: %s, %s", l.count[i], d.later, policy_kind_name(d.kind), d.what);
		if (d.later)
			printf("# %s: %s\n", role_name, what);
	}
	if (l.pidfd >= 0)
		close(l.pidfd);
}

static const struct policy *policy_named(const char *name)
{
	for (unsigned r = ROLE_PARENT + 1; r < ROLE_COUNT; r++)
		if (strcmp(role_kind_name(r), name) == 0)
			return policy_of((enum role_kind)r);
	return NULL;
}

int main(int argc, char **argv)
{
	const struct policy *p = argc == 4 ? policy_named(argv[1]) : NULL;
	long pid = p ? atol(argv[2]) : 0, parent = p ? atol(argv[3]) : 0;

	if (pid <= 0 || parent <= 0 || p->ndescriptors > LINES_MAX) {
		fputs("usage: outside ROLE PID PARENT\n", stderr);
		return 2;
	}
	role_name = argv[1];
	check_status(pid);
	check_threads(p, pid);
	check_namespaces(p, pid, parent);
	check_root(pid);
	check_limits(p, pid);
	check_descriptors(p, pid);
	return bad;
}
