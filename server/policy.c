/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/policy.h"

#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conf/site.h"
#include "server/role.h"

#define ANY(call) {SYS_##call, 255, 0, 0}
#define ONLY(call, arg, value) {SYS_##call, arg, UINT64_MAX, value}
#define FD(call, number) {SYS_##call, 0, UINT32_MAX, number}
#define CLEAR(call, arg, bits) {SYS_##call, arg, bits, 0}
#define SET(call, arg, bits) {SYS_##call, arg, bits, bits}
#define COUNT(a) (sizeof(a) / sizeof *(a))
#define PER_CAMERA 7  /* RTSP, four for media by UDP, the worker's doorbell, ONVIF */
#define MiB (1ull << 20)
#define GiB (1ull << 30)

/*
 * What an event loop with channels and rings needs: no new descriptor but those it is handed. Not sendmsg: a filter cannot see the
 * address in it, and with one a socket for datagrams, or a listener that was shut down (MSG_FASTOPEN), reaches anybody. A sleep that a stopped,
 * frozen or suspended machine broke off is gone on with by restart_syscall, which the kernel calls in the process's name.
 */
#define LOOP \
	ANY(read), ANY(write), ANY(close), ANY(epoll_wait), ANY(epoll_pwait), ANY(epoll_ctl), ANY(recvmsg), \
	ANY(brk), ANY(futex), ANY(exit), ANY(exit_group), ANY(rt_sigreturn), ANY(restart_syscall), ANY(getpid), ANY(gettid), \
	ANY(getrandom), ANY(clock_gettime), ANY(fstat), ONLY(fcntl, 1, F_GETFL), ONLY(fcntl, 1, F_GETFD), ONLY(fcntl, 1, F_DUPFD_CLOEXEC), \
	CLEAR(mmap, 2, PROT_EXEC), ANY(munmap), ANY(mremap), ANY(madvise)

/* Threads of the same process, nothing else: clone3 is refused with ENOSYS so that glibc falls back to clone. */
#define THREADS \
	SET(clone, 0, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD), CLEAR(mprotect, 2, PROT_EXEC), \
	ANY(set_robust_list), ANY(rseq), ANY(rt_sigaction), ANY(rt_sigprocmask), ANY(sched_yield), ANY(sched_getaffinity)

static const struct policy_call ingest[] = {
	LOOP, ANY(clock_nanosleep), ANY(recvfrom), ANY(recvmmsg), ONLY(sendto, 4, 0), ANY(shutdown),
};

static const struct policy_call transcode[] = {
	FD(read, ROLE_CHANNEL_FD), FD(read, TRANSCODE_DOORBELL_FD),
	FD(write, STDERR_FILENO), FD(write, ROLE_CHANNEL_FD), FD(write, TRANSCODE_STORE_FD),
	ANY(brk), ANY(futex), ANY(exit_group),
};

/* Files only below the one folder (Landlock); segments in memfds, which it seals and hands on. Of sockets it has only channels. */
static const struct policy_call store[] = {
	LOOP, THREADS, ANY(sendmsg), ANY(clock_nanosleep), ANY(memfd_create), ONLY(fcntl, 1, F_ADD_SEALS), ONLY(fcntl, 1, F_SETFD), ANY(ftruncate), ANY(pread64), ANY(pwrite64),
	ANY(openat), ANY(newfstatat), ANY(getdents64), ANY(mkdirat), ANY(unlinkat), ANY(renameat), ANY(fsync), ANY(fdatasync), ANY(fstatfs), ANY(sync_file_range), ANY(syncfs),
};

/* Its state, and nothing that opens anything. */
static const struct policy_call sign[] = {
	LOOP, ANY(pwrite64), ANY(fdatasync),
};

static const struct policy_call serve[] = {
	LOOP, THREADS, ANY(accept4), ANY(shutdown), ONLY(fcntl, 1, F_GET_SEALS),
};

static const struct policy policies[ROLE_COUNT] = {
	[ROLE_INGEST] = {ingest, COUNT(ingest), 8 * GiB, PER_CAMERA * SITE_CAMERAS_MAX + 64, false},
	[ROLE_TRANSCODE] = {transcode, COUNT(transcode), 1 * GiB, 32, false},
	[ROLE_STORE] = {store, COUNT(store), 64 * GiB, 65536, true},
	[ROLE_SIGN] = {sign, COUNT(sign), 256 * MiB, 32, false},
	[ROLE_SERVE] = {serve, COUNT(serve), 64 * GiB, 65536, false},
};

const struct policy *policy_of(enum role_kind role)
{
	return role > ROLE_PARENT && role < ROLE_COUNT ? &policies[role] : NULL;
}

const int policy_parent_denied[] = {
	SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kexec_load, SYS_kexec_file_load, SYS_init_module, SYS_finit_module,
	SYS_delete_module, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_keyctl, SYS_add_key, SYS_request_key, SYS_open_by_handle_at,
	SYS_swapon, SYS_swapoff, SYS_reboot, SYS_settimeofday, SYS_clock_settime, SYS_acct, SYS_quotactl, SYS_io_uring_setup,
	SYS_io_uring_enter, SYS_io_uring_register, SYS_personality, -1
};

const int policy_parent_families[3] = {AF_UNIX, AF_INET, AF_INET6};
