/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process is as it enters its sandbox: alone, and with just what its policy declares. */
#include "server/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "server/descriptor.h"

#define LINES_MAX 32

struct entry {
	const struct policy *policy;
	unsigned count[LINES_MAX];
	char *why;
	size_t cap;
};

static int count_one(void *arg, int number)
{
	struct entry *e = arg;
	enum policy_kind kind = POLICY_KINDS;
	int access = 0, rc = descriptor_look(number, &kind, &access), line;

	line = rc ? -1 : descriptor_line(e->policy, number, kind, access);
	if (line < 0) {
		snprintf(e->why, e->cap, "descriptor %d (%s) is not declared", number, rc ? strerror(-rc) : policy_kind_name(kind));
		return -EPERM;
	}
	e->count[line]++;
	return 0;
}

static int check_counts(const struct entry *e)
{
	for (unsigned i = 0; i < e->policy->ndescriptors; i++) {
		struct policy_descriptor d = descriptor_total(e->policy, i);

		if (e->count[i] < d.least || e->count[i] > d.most) {
			snprintf(e->why, e->cap, "%u of %s, declared are %u to %u", e->count[i], d.what, d.least, d.most);
			return -EPERM;
		}
	}
	return 0;
}

/* proc(5): as many links as tasks, and two as any folder has. */
static int check_threads(const struct entry *e)
{
	struct stat st;

	if (stat("/proc/self/task", &st) < 0) {
		snprintf(e->why, e->cap, "threads cannot be counted: /proc: %s", strerror(errno));
		return -errno;
	}
	if (st.st_nlink == 3)
		return 0;
	snprintf(e->why, e->cap, "%lu threads, declared is one", (unsigned long)st.st_nlink - 2);
	return -EPERM;
}

int sandbox_check_entry(const struct policy *p, char *ret_why, size_t why_cap)
{
	struct entry e = {.policy = p, .why = ret_why, .cap = why_cap};
	int rc;

	if (p->ndescriptors > LINES_MAX)
		return -E2BIG;
	rc = check_threads(&e);
	if (!rc) {
		rc = descriptor_each(0, count_one, &e);
		if (rc && !*ret_why)
			snprintf(ret_why, why_cap, "descriptors cannot be listed: /proc: %s", strerror(-rc));
	}
	return rc ? rc : check_counts(&e);
}
