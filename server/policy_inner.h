/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_POLICY_INNER_H
#define SERVER_POLICY_INNER_H
/* What the tables of several roles have in common. For policy_*.c alone. */
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "server/policy.h"
#include "server/role.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define KiB (1ull << 10)
#define MiB (1ull << 20)
#define GiB (1ull << 30)

extern const struct policy policy_ingest, policy_transcode, policy_store, policy_sign, policy_serve;

#define POLICY_NAMESPACES (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

/* --- system calls ----------------------------------------------------------------------- */

#define ANY(call) {SYS_##call, POLICY_ANY_ARG, 0, 0, ""}
#define ONLY(call, arg, value, words) {SYS_##call, arg, UINT64_MAX, value, words}
#define FD(call, number, words) {SYS_##call, 0, UINT32_MAX, number, words}
#define CLEAR(call, arg, bits, words) {SYS_##call, arg, bits, 0, words}

/*
 * What a sanitizer's runtime does of its own: memory for shadows and the quarantine, stacks for its handlers, what it asks
 * before it writes a report to standard error and ends the process. Not what its search for leaks does: that stops the process by a
 * tracer that reads /proc, so role.c switches it off.
 */
#if POLICY_SANITIZED
#define SANITIZER \
	CLEAR(mmap, 2, PROT_EXEC, "never PROT_EXEC"), ANY(munmap), CLEAR(mprotect, 2, PROT_EXEC, "never PROT_EXEC"), ANY(madvise), ANY(mremap), ANY(sigaltstack), ANY(rt_sigaction), ANY(rt_sigprocmask), ANY(rt_sigreturn), \
	ANY(gettid), ANY(getpid), ANY(sched_yield), ANY(sched_getaffinity), ANY(nanosleep), ANY(clock_nanosleep), ANY(clock_gettime), ANY(futex), \
	ANY(prlimit64), ANY(set_robust_list), ANY(rseq), ANY(readlink), ANY(readlinkat), ANY(openat), ANY(fstat), ANY(newfstatat), ANY(close), \
	ANY(lseek), ANY(fcntl), FD(ioctl, STDERR_FILENO, "on standard error"),
#else
#define SANITIZER
#endif

/*
 * What an event loop with channels and rings needs: no new descriptor but those it is handed. Not sendmsg: a filter cannot see the
 * address in it, and with one a socket for datagrams, or a listener that was shut down (MSG_FASTOPEN), reaches anybody. A sleep that a stopped,
 * frozen or suspended machine broke off is gone on with by restart_syscall, which the kernel calls in the process's name. The clock is asked
 * by system calls where the vDSO cannot read it, as with a clock source other than the processor's own (hpet, acpi_pm); libevent uses both.
 */
#define LOOP \
	ANY(read), ANY(write), ANY(close), ANY(epoll_wait), ANY(epoll_pwait), ANY(epoll_ctl), ANY(recvmsg), \
	ANY(brk), ANY(futex), ANY(exit), ANY(exit_group), ANY(rt_sigreturn), ANY(restart_syscall), ANY(getpid), ANY(gettid), \
	ANY(getrandom), ANY(clock_gettime), ANY(gettimeofday), ANY(fstat), ONLY(fcntl, 1, F_GETFL, "F_GETFL"), ONLY(fcntl, 1, F_GETFD, "F_GETFD"), \
	ONLY(fcntl, 1, F_DUPFD_CLOEXEC, "F_DUPFD_CLOEXEC"), \
	CLEAR(mmap, 2, PROT_EXEC, "never PROT_EXEC"), ANY(munmap), ANY(mremap), ANY(madvise)

/* As pthread_create asks for it, to the bit: clone3 is refused with ENOSYS so that glibc falls back to clone. */
#define A_THREAD \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define THREADS \
	ONLY(clone, 0, A_THREAD, "a thread of its own"), CLEAR(mprotect, 2, PROT_EXEC, "never PROT_EXEC"), \
	ANY(set_robust_list), ANY(rseq), ANY(rt_sigaction), ANY(rt_sigprocmask), ANY(sched_yield), ANY(sched_getaffinity)

/* --- descriptors ------------------------------------------------------------------------ */

/* Standard input and output lead nowhere, standard error to the parent's log. */
#define DESCRIPTORS \
	{"standard input, nothing", POLICY_NULL, O_RDWR, STDIN_FILENO, 1, 1, 1, 0}, \
	{"standard output, nothing", POLICY_NULL, O_RDWR, STDOUT_FILENO, 1, 1, 1, 0}, \
	{"standard error, the parent's log", POLICY_PIPE, O_WRONLY, STDERR_FILENO, 1, 1, 1, 0}, \
	{"the channel to the parent", POLICY_CHANNEL, O_RDWR, ROLE_CHANNEL_FD, 1, 1, 1, 0}

/* libevent makes a pipe to itself for signals with every loop. */
#define LOOP_DESCRIPTORS \
	DESCRIPTORS, \
	{"the loop", POLICY_EPOLL, O_RDWR, POLICY_ANY_NUMBER, 1, 1, 1, 0}, \
	{"the loop's pipe to itself, to read", POLICY_PIPE, O_RDONLY, POLICY_ANY_NUMBER, 1, 1, 1, 0}, \
	{"the loop's pipe to itself, to write", POLICY_PIPE, O_WRONLY, POLICY_ANY_NUMBER, 1, 1, 1, 0}

/* --- limits ----------------------------------------------------------------------------- */

#define STACK_BYTES (8 * MiB)
/* Nothing is locked or queued by whoever is sealed, nothing runs before others, no core is left. NPROC is threads. */
#define LIMITS(memory_bytes, descriptors, file_bytes) \
	{RLIMIT_AS, memory_bytes}, {RLIMIT_NOFILE, descriptors}, {RLIMIT_FSIZE, file_bytes}, {RLIMIT_STACK, STACK_BYTES}, {RLIMIT_CORE, 0}, \
	{RLIMIT_MEMLOCK, 0}, {RLIMIT_MSGQUEUE, 0}, {RLIMIT_NICE, 0}, {RLIMIT_RTPRIO, 0}

/* NOLINTNEXTLINE(bugprone-macro-parentheses): a member's name can have none */
#define FIELD(member, table) .member = table, .n##member = COUNT(table)

#endif
