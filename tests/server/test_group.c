/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written where in a delegated control group: a folder with the kernel's files stands for one. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "server/group.h"

static char folder[64];
static int top;

static void put(const char *path, const char *text)
{
	int fd = openat(top, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", path);
	close(fd);
}

static const char *get(const char *path)
{
	static char text[4][256];
	static unsigned next;
	char *out = text[next++ % 4];
	int fd = openat(top, path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, out, sizeof text[0] - 1);

	out[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
	return out;
}

static void make_group(const char *name)
{
	static const char *const files[] = {"cgroup.procs", "memory.max", "memory.swap.max", "pids.max", "cpu.max", "cpu.weight"};
	char path[128];

	cr_assert(mkdirat(top, name, 0700) == 0 || errno == EEXIST);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", name, files[i]);
		put(path, "");
	}
}

/* As systemd leaves it; for root the mark is what tells, for others that it is theirs. */
static void setup(void)
{
	char own[32];

	snprintf(folder, sizeof folder, "/tmp/casemate-group-XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
	top = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(own, sizeof own, "%d\n", (int)getpid());
	put("cgroup.controllers", "cpuset cpu io memory pids\n");
	put("cgroup.subtree_control", "");
	put("cgroup.procs", own);
	make_group("casemate");
	make_group("sign-0");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	return remove(path);
}

static void teardown(void)
{
	close(top);
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(group, .init = setup, .fini = teardown);

static void delegate(void)
{
	if (geteuid() == 0 && fsetxattr(top, "trusted.delegate", "1", 1, 0) < 0)
		cr_skip_test("no marks can be put on folders of /tmp");
}

Test(group, is_not_touched_when_it_was_not_delegated)
{
	if (geteuid() != 0)
		cr_skip_test("a folder of one's own counts as delegated, but for root");
	cr_expect_eq(group_take(top), -EACCES);
	cr_expect_str_empty(get("cgroup.subtree_control"));
	cr_expect_str_empty(get("casemate/cgroup.procs"));
}

Test(group, is_taken_and_divided_when_it_was)
{
	char own[32];

	delegate();
	snprintf(own, sizeof own, "%d\n", (int)getpid());
	cr_assert_eq(group_take(top), 0);
	cr_expect_str_eq(get("casemate/cgroup.procs"), own);
	cr_expect_str_eq(get("cgroup.subtree_control"), "+memory +pids +cpu\n");
}

Test(group, is_left_alone_when_others_are_in_it)
{
	delegate();
	put("cgroup.procs", "1\n2\n");
	cr_expect_eq(group_take(top), -EBUSY);
	cr_expect_str_empty(get("casemate/cgroup.procs"));
}

Test(group, needs_all_three_controllers)
{
	static const char *const controllers[] = {"", "\n", "memory pids\n", "cpuset memory pids io\n", "cpu pids\n", "cpu memory hugetlb\n"};

	delegate();
	for (size_t i = 0; i < sizeof controllers / sizeof *controllers; i++) {
		put("cgroup.controllers", controllers[i]);
		cr_expect_eq(group_take(top), -ENOTSUP, "%s", controllers[i]);
	}
}

Test(group, caps_a_role_as_its_policy_says)
{
	const struct policy *p = policy_of(ROLE_SIGN);
	char want[64];

	cr_assert_eq(group_put(top, "sign-0", p, 4711), 0);
	cr_expect_str_eq(get("sign-0/cgroup.procs"), "4711\n");
	if (!POLICY_SANITIZED) {
		snprintf(want, sizeof want, "%llu\n", (unsigned long long)p->group.memory_bytes);
		cr_expect_str_eq(get("sign-0/memory.max"), want);
		snprintf(want, sizeof want, "%u\n", p->threads);
		cr_expect_str_eq(get("sign-0/pids.max"), want);
	}
	cr_expect_str_eq(get("sign-0/memory.swap.max"), "0\n");
	snprintf(want, sizeof want, "%u 100000\n", p->group.cpu_percent * 1000);
	cr_expect_str_eq(get("sign-0/cpu.max"), want);
	snprintf(want, sizeof want, "%u\n", p->group.cpu_weight);
	cr_expect_str_eq(get("sign-0/cpu.weight"), want);
}

Test(group, is_none_for_a_role_that_cannot_be_capped)
{
	cr_expect_lt(group_put(top, "transcode-3", policy_of(ROLE_TRANSCODE), 4711), 0);
	cr_expect_lt(faccessat(top, "transcode-3", F_OK, 0), 0, "it stays behind");
}

Test(group, tells_who_ended_for_want_of_memory)
{
	put("sign-0/memory.events", "low 0\nhigh 0\nmax 7\noom 1\noom_kill 1\noom_group_kill 0\n");
	cr_expect(group_remove(top, "sign-0"));
	put("sign-0/memory.events", "low 0\nhigh 0\nmax 7\noom 1\noom_kill 0\noom_group_kill 0\n");
	cr_expect_not(group_remove(top, "sign-0"));
	cr_expect_not(group_remove(top, "none"));
}
