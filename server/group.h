/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_GROUP_H
#define SERVER_GROUP_H
/*
 * Control groups (cgroup v2): where the group that the server was started in was
 * delegated to it, as a unit with Delegate= is, each role's process gets a group
 * of its own below it, with the policy's caps. Where not, there are none, and the
 * limits of setrlimit(2) stand alone. Documentation/admin-guide/cgroup-v2.rst
 */
#include <stdbool.h>
#include <sys/types.h>

#include "server/policy.h"

/* The folder of this process's own group. 0 with *ret_top the caller's to close, or -errno. */
int group_open(int *ret_top);
/*
 * Makes that group one that has groups below it: this process moves to one of its own there. 0; -EACCES when nobody has delegated
 * the group, -EBUSY when others are in it too, -ENOTSUP when memory, pids or cpu cannot be capped in it; -errno.
 * Below 0 nothing has changed.
 */
int group_take(int top);
/* Makes the group name below top, caps it, and puts the process into it. 0 or -errno. */
int group_put(int top, const char *name, const struct policy *p, pid_t pid);
/* Removes it after its process has ended; whether that was for want of memory, which is the group's cap. */
bool group_remove(int top, const char *name);

#endif
