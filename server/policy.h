/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_POLICY_H
#define SERVER_POLICY_H
/*
 * What each role may do once it is sealed, as data: policy_ROLE.c has a role's
 * table, sandbox_linux.c reads nothing else, `casemate audit` prints it and the
 * tests hold the kernel's view of running roles against it. All of it is constant.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/roles.h"

/* Who is built with a sanitizer (GCC's word or clang's) lets its runtime do what it must: policy_inner.h. Never shipped. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POLICY_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define POLICY_SANITIZED 1
#endif
#endif
#ifndef POLICY_SANITIZED
#define POLICY_SANITIZED 0
#endif

/*
 * The only descriptors that a sealed transcode can use beside its channel and standard error: it sleeps on the
 * one and wakes store by the other. Each is shared with a neighbour that must never be made to block: so it cannot
 * write to the one, nor read from the other.
 */
#define TRANSCODE_DOORBELL_FD 4
#define TRANSCODE_STORE_FD 5

#define POLICY_ANY_ARG 255

/*
 * A system call that is allowed. Of its arguments, number `arg` (from 0), masked with `mask`, must equal `value`;
 * POLICY_ANY_ARG: whatever they are. The same call may have several lines: one of them must hold. What no line
 * allows kills the process (SIGSYS).
 */
struct policy_call {
	int nr;
	uint8_t arg;
	uint64_t mask, value;
	const char *only;           /* the limit in words, "" for none */
};

/* setrlimit(2), soft and hard. */
struct policy_limit {
	int resource;               /* RLIMIT_… */
	uint64_t most;
};

enum policy_kind {
	POLICY_NULL,                /* /dev/null */
	POLICY_PIPE, POLICY_EVENTFD, POLICY_EPOLL,
	POLICY_CHANNEL,             /* one end of a SOCK_SEQPACKET pair */
	POLICY_LISTENER,            /* TCP that listens */
	POLICY_STREAM,              /* TCP, connected */
	POLICY_DATAGRAMS,           /* UDP, connected */
	POLICY_MEMORY,              /* memfd */
	POLICY_FOLDER,
	POLICY_FILE,
	POLICY_KINDS
};

#define POLICY_ANY_NUMBER (-1)

/* A kind of descriptor that a role holds. What no line names it does not hold. */
struct policy_descriptor {
	const char *what;           /* "the channel to the parent" */
	enum policy_kind kind;
	int access;                 /* O_RDONLY, O_WRONLY or O_RDWR */
	int number;                 /* POLICY_ANY_NUMBER: the first that was free */
	unsigned least, most;       /* how many when it enters its sandbox */
	unsigned later;             /* the most there are afterwards */
	uint64_t landlock;          /* POLICY_FOLDER: LANDLOCK_ACCESS_FS_… below it */
};

/* What the role's control group is given, where one was delegated to the parent (cgroup v2). */
struct policy_group {
	uint64_t memory_bytes;      /* memory.max; memory.swap.max is 0 */
	unsigned cpu_weight;        /* cpu.weight: 100 is everybody's */
	unsigned cpu_percent;       /* cpu.max: 100 is one CPU */
};

struct policy {
	unsigned namespaces;        /* CLONE_NEW…: of its own */
	unsigned threads;           /* one when it enters, so many at most afterwards (RLIMIT_NPROC, pids.max) */
	const struct policy_call *calls;
	unsigned ncalls;
	const struct policy_limit *limits;
	unsigned nlimits;
	const struct policy_descriptor *descriptors;
	unsigned ndescriptors;
	struct policy_group group;
};

/* NULL for the parent, which is ruled by what it may not do. */
const struct policy *policy_of(enum role_kind role);
/* The limit of that resource; UINT64_MAX where there is none. */
uint64_t policy_limit(const struct policy *p, int resource);

/* policy_text.c: "openat", "?" when unknown, into out, which it returns. */
const char *policy_call_name(int nr, char *out, size_t cap);
/* "AS" … of RLIMIT_AS; "?" */
const char *policy_limit_name(int resource);
/* "pipe" … */
const char *policy_kind_name(enum policy_kind kind);
/* "user", "net" … of one bit CLONE_NEW…, as under /proc/PID/ns; NULL when it is none. */
const char *policy_namespace_name(unsigned flag);

/* policy_parent.c: system calls that the parent never makes, ended by -1; and sockets only of these families. */
extern const int policy_parent_denied[];
extern const int policy_parent_families[3];

#endif
