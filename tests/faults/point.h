/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FAULTS_POINT_H
#define TESTS_FAULTS_POINT_H
/*
 * A fault point: "the N-th call of these kinds (from that place) fails so, or stops there", in memory that is shared between the process that it is meant for
 * (shim.c) and the test (aim.c). A process maps it before it is sealed; from then on both only read and write memory.
 * Counts go on over the starts of a role, so a test sees how many calls there are to choose from; and the places that they come from.
 */
#include <stdatomic.h>
#include <stdint.h>

enum fault_kind {
	FAULT_ALLOC,     /* malloc, calloc, realloc, aligned_alloc … */
	FAULT_OPEN,      /* open, openat, fdopendir */
	FAULT_READ,      /* read, pread, readdir */
	FAULT_WRITE,     /* write, pwrite, but for standard error */
	FAULT_LOG,       /* write to standard error */
	FAULT_SYNC,      /* fsync, fdatasync, syncfs */
	FAULT_NAME,      /* rename, unlink, mkdir */
	FAULT_STAT,      /* fstat, fstatat, fstatfs */
	FAULT_MAP,       /* mmap */
	FAULT_MAKE,      /* what makes a descriptor or room in one: memfd_create, eventfd, pipe, dup, ftruncate */
	FAULT_SOCKET,    /* socket, socketpair, bind, listen, connect */
	FAULT_ACCEPT,
	FAULT_SEND,      /* send, sendto, sendmsg */
	FAULT_RECEIVE,   /* recv, recvfrom, recvmsg, recvmmsg */
	FAULT_WAIT,      /* epoll_wait, poll */
	FAULT_CONTROL,   /* epoll_ctl, and fcntl that seals a memfd */
	FAULT_THREAD,    /* pthread_create, clone3 */
	FAULT_KINDS
};

enum fault_state { FAULT_IDLE, FAULT_ARMED, FAULT_FIRED, FAULT_FROZEN };

/* What happens; else an errno. */
#define FAULT_SHORT (-1)   /* half of the bytes, at least one */
#define FAULT_FREEZE (-2)  /* the process stops before the call, all its threads at their next one, until it is killed or released */

#define FAULT_WHERE 48
#define FAULT_PLACES 8192

/* Where a call comes from: the caller's address in its file, and the file's name. */
struct fault_place {
	uint64_t at;
	char file[FAULT_WHERE];
};

struct fault_page {
	_Atomic uint32_t state;
	uint32_t kinds;              /* bits of enum fault_kind */
	int32_t action;
	_Atomic int64_t left;        /* calls until it happens */
	_Atomic uint32_t hit;        /* the kind that it was */
	_Atomic uint32_t cannot;     /* calls that would have been it, but that no kernel answers so */
	struct fault_place where;
	struct fault_place only;     /* calls from elsewhere do not count; at 0: all do */
	_Atomic int64_t clock_us;    /* added to the wall clock; pages that are one file are one machine's clock */
	_Atomic uint64_t count[FAULT_KINDS];
	_Atomic uint32_t round;      /* of noting places: grows when it begins anew */
	_Atomic uint32_t nplaces;    /* some of them twice; a place is whole once it has its kind */
	struct { struct fault_place place; _Atomic uint32_t kind; } place[FAULT_PLACES];  /* kind: one more than it is */
};

static const char *const fault_name[FAULT_KINDS] = {
	"alloc", "open", "read", "write", "log", "sync", "name", "stat", "map", "make", "socket", "accept", "send", "receive", "wait", "control", "thread"};

#endif
