/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each role's process in a control group of its own, where the server was given one to divide (group.h). */
#include "server/parent.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/group.h"

#define NAME_BYTES 32

static const char *name_of(const struct child *c, char out[NAME_BYTES])
{
	snprintf(out, NAME_BYTES, "%s-%u", role_kind_name(c->kind), c->index);
	return out;
}

void parent_groups_begin(struct parent *p)
{
	int fd, rc = group_open(&fd);

	if (rc)
		return;
	rc = group_take(fd);
	if (rc) {
		close(fd);
		return;
	}
	p->has_groups = true;
	p->groups_fd = fd;
	parent_log("info", "control-groups", "caps=\"memory, processes, CPU\"");
}

void child_group_begin(struct child *c)
{
	char name[NAME_BYTES];
	int rc;

	c->grouped = false;
	if (!c->parent->has_groups)
		return;
	rc = group_put(c->parent->groups_fd, name_of(c, name), policy_of(c->kind), c->pid);
	c->grouped = rc == 0;
	if (rc)
		parent_log("warn", "control-group", "role=%s index=%u error=\"%s\"", role_kind_name(c->kind), c->index, strerror(-rc));
}

bool child_group_end(struct child *c)
{
	char name[NAME_BYTES];
	bool starved = c->grouped && group_remove(c->parent->groups_fd, name_of(c, name));

	c->grouped = false;
	return starved;
}
