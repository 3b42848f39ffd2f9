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

const struct policy *policy_of(enum role_kind role);

#endif
