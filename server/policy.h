/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_POLICY_H
#define SERVER_POLICY_H
/*
 * What each role may do once it is sealed, as data. sandbox_linux.c reads
 * nothing else. A system call that is not listed, or an argument outside its
 * limit, kills the process (SIGSYS).
 */
#include <stdbool.h>
#include <stdint.h>

#include "server/roles.h"

/*
 * The only descriptors that a sealed transcode can use beside its channel and standard error: it sleeps on the
 * one and wakes store by the other. Both are eventfds, shared with a neighbour that must never be made to block:
 * so it cannot write to the one, nor read from the other.
 */
#define TRANSCODE_DOORBELL_FD 4
#define TRANSCODE_STORE_FD 5

/* argument `arg` of call `nr`, masked with `mask`, must equal `value`. arg 255: no limit. */
struct policy_call {
	int nr;
	uint8_t arg;
	uint64_t mask, value;
};

struct policy {
	const struct policy_call *calls;
	unsigned ncalls;
	uint64_t memory_bytes;      /* RLIMIT_AS */
	unsigned descriptors;       /* RLIMIT_NOFILE */
	bool folder;                /* may use the one folder whose descriptor it is given */
};

/* NULL for the parent, which is ruled by what it may not do. */
const struct policy *policy_of(enum role_kind role);
/* System calls that the parent never makes, ended by -1; and sockets only of these families. */
extern const int policy_parent_denied[];
extern const int policy_parent_families[3];

#endif
