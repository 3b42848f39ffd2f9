/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_DESCRIPTOR_H
#define SERVER_DESCRIPTOR_H
/* What an open descriptor is, in the policy's words, and whether a policy knows of it. Needs /proc. */
#include "server/policy.h"

/* Of a descriptor of this process. access: O_RDONLY, O_WRONLY or O_RDWR. 0, -ENOTSUP when it is of no kind that a policy has, -errno. */
int descriptor_look(int fd, enum policy_kind *ret_kind, int *ret_access);
/* The policy's line for a descriptor of that number and kind, -1 when it has none. */
int descriptor_line(const struct policy *p, int number, enum policy_kind kind, int access);
/*
 * Calls each for every open descriptor of the process whose /proc/PID/fd is at path ("/proc/self/fd"), except the one
 * that it reads the list by. Stops at the first that is not 0, which it returns; or -errno.
 */
int descriptor_each(const char *path, int (*each)(void *arg, int number), void *arg);

#endif
