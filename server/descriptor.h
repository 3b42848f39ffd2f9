/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_DESCRIPTOR_H
#define SERVER_DESCRIPTOR_H
/* What an open descriptor is, in the policy's words, and whether a policy knows of it. Needs /proc. */
#include "server/policy.h"

/* Of a descriptor of this process. access: O_RDONLY, O_WRONLY or O_RDWR. 0, -ENOTSUP when it is of no kind that a policy has, -errno. */
int descriptor_look(int fd, enum policy_kind *ret_kind, int *ret_access);
/* The policy's first line for a descriptor of that number and kind, -1 when it has none. */
int descriptor_line(const struct policy *p, int number, enum policy_kind kind, int access);
/* That line with the numbers of those after it that are for the same kind: which of them one is cannot be told. */
struct policy_descriptor descriptor_total(const struct policy *p, unsigned line);
/*
 * Calls each for every open descriptor of a process; of this one (pid 0) but for the one that it reads the list by.
 * Stops at the first that is not 0, which it returns; or -errno.
 */
int descriptor_each(long pid, int (*each)(void *arg, int number), void *arg);

#endif
