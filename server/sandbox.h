/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SANDBOX_H
#define SERVER_SANDBOX_H
/* Shutting the doors behind a role; one way only. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/policy.h"

enum sandbox_layer {
	LAYER_USER_NS = 1 << 0, LAYER_PID_NS = 1 << 1, LAYER_NET_NS = 1 << 2, LAYER_MOUNT_NS = 1 << 3, LAYER_IPC_NS = 1 << 4,
	LAYER_UTS_NS = 1 << 5, LAYER_NO_CAPABILITIES = 1 << 6, LAYER_RLIMITS = 1 << 7, LAYER_LANDLOCK = 1 << 8,
	LAYER_NO_NEW_PRIVS = 1 << 9, LAYER_SECCOMP = 1 << 10,
	/*
	 * What the system may be too old for, or not have been told to give, and other layers do as well: Landlock's hold on TCP (Linux 6.7) and
	 * on abstract sockets and signals (6.12); a control group.
	 */
	LAYER_LANDLOCK_NET = 1 << 11, LAYER_LANDLOCK_SCOPE = 1 << 12, LAYER_CGROUP = 1 << 13
};
#define LAYERS_NEEDED ((1u << 11) - 1)   /* a strict site does not start without them */
#define LAYERS_ALL ((1u << 14) - 1)
#define LAYER_COUNT 14
#define LAYERS_TEXT 160

/* sandbox_layers.c: "user-ns" …; bit counts from 0. */
const char *sandbox_layer_name(unsigned bit);
/* Their names with blanks between, LAYERS_TEXT bytes at most. */
void sandbox_layers_text(uint32_t layers, char *out, size_t cap);
/* What to do about the first of those that are missing. */
const char *sandbox_mend(uint32_t missing);
/*
 * Before anything else, while /proc can still be seen: the process has one thread, and exactly the descriptors that the
 * policy declares, no folder among them but the one that it names. 0; else -errno, and *ret_why says what is not so.
 */
int sandbox_check_entry(const struct policy *p, char *ret_why, size_t why_cap);
/*
 * Applies every layer of the policy that this kernel has. folder is the
 * descriptor of the one folder the role keeps, or -1. Returns the layers that are
 * active; *ret_why says why the first that is missing is.
 * seccomp comes last; the caller decides what a missing layer means before it
 * calls sandbox_filter.
 */
uint32_t sandbox_enter(const struct policy *p, int folder, char *ret_why, size_t why_cap);
/* The system-call filter. 0 or -errno. */
int sandbox_filter(const struct policy *p);
/*
 * The parent's part: fork into new user and pid namespaces where the kernel allows (else a plain fork).
 * The pid, 0 in the child, or -errno.
 */
int sandbox_fork(void);
/*
 * The parent itself: no capabilities, no new privileges, and the system calls that
 * policy_parent_denied names kill it. It must stay able to make the roles' sandboxes. 0 or -errno.
 */
int sandbox_parent(void);

#endif
