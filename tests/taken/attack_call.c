/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Out of the box by system calls: what is not in the role's policy kills it, what is there reaches nothing. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/taken/taken.h"


static long open_at(const struct taken *t, const char *path)
{
	return syscall(SYS_openat, t->folder, path, O_RDONLY, 0);
}

static const char *open_a_file(struct taken *t)
{
	return taken_outcome(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0), "GAINED a file");
}

/* store may open below its folder; everything above is what it must not reach. */
static const char *open_from_store(struct taken *t)
{
	static const char *const paths[] = {"/etc/passwd", "/", "/proc/self/mem", "/proc/1/environ", "..", "../site.key", "../site.yaml",
		"log/../../site.key", "/dev/mem", "/proc/self/fd/0"};
	static const char *said;

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		if (open_at(t, paths[i]) >= 0)
			return paths[i][0] == '/' && paths[i][1] == 0 ? "GAINED the root" : "GAINED a file";
	said = taken_outcome(syscall(SYS_renameat, t->folder, "log", AT_FDCWD, "/log"), "GAINED a place for a file");
	if (*said == 'G')
		return said;
	return taken_outcome(syscall(SYS_mkdirat, t->folder, "../planted", 0700), "GAINED a folder");
}

static const char *plant_a_link(struct taken *t)
{
	return taken_outcome(syscall(SYS_symlinkat, "/etc/passwd", t->folder, "link"), "GAINED a link");
}

static const char *dial(struct taken *t)
{
	return taken_outcome(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0), "GAINED a socket");
}

static const char *dial_by_udp(struct taken *t)
{
	return taken_outcome(syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0), "GAINED a socket");
}

static const char *dial_raw(struct taken *t)
{
	return taken_outcome(syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0), "GAINED a socket");
}

static const char *dial_by_unix(struct taken *t)
{
	return taken_outcome(syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0), "GAINED a socket");
}

static const char *dial_with_what_it_has(struct taken *t)
{
	int fd = t->socket >= 0 ? t->socket : t->listener >= 0 ? t->listener : ROLE_CHANNEL_FD;

	return taken_outcome(syscall(SYS_connect, fd, &t->elsewhere, sizeof t->elsewhere), "GAINED a connection");
}

static const char *send_elsewhere(struct taken *t)
{
	return taken_outcome(syscall(SYS_sendto, t->socket >= 0 ? t->socket : t->listener, "leak", 4, MSG_FASTOPEN, &t->elsewhere, sizeof t->elsewhere),
		"GAINED a way out");
}

/* store has sendmsg for descriptors, and nothing but channels to use it on. */
static const char *send_message_elsewhere(struct taken *t)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "\0casemate-taken"};
	struct iovec iov = {(void *)(uintptr_t)"leak", 4};
	struct msghdr m = {.msg_name = &at, .msg_namelen = sizeof at, .msg_iov = &iov, .msg_iovlen = 1};

	return taken_outcome(syscall(SYS_sendmsg, t->peer[ROLE_SERVE], &m, MSG_DONTWAIT), "GAINED a way out");
}

static const char *be_two(struct taken *t)
{
	return taken_outcome(syscall(SYS_fork), "GAINED a process");
}

static const char *be_two_by_clone(struct taken *t)
{
	return taken_outcome(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), "GAINED a process");
}

static const char *run_a_program(struct taken *t)
{
	static char *const none[] = {NULL};

	return taken_outcome(syscall(SYS_execve, "/bin/sh", none, none), "GAINED a program");
}

/* A memfd is store's to make; to run it is nobody's. */
static const char *run_from_memory(struct taken *t)
{
	static char *const none[] = {NULL};
	long fd = syscall(SYS_memfd_create, "program", MFD_CLOEXEC);

	return taken_outcome(syscall(SYS_execveat, fd, "", none, none, AT_EMPTY_PATH), "GAINED a program");
}

static const char *make_code(struct taken *t)
{
	return taken_outcome(syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "GAINED a page of code");
}

static const char *trace(struct taken *t)
{
	return taken_outcome(syscall(SYS_ptrace, PTRACE_SEIZE, 1, 0, 0), "GAINED another's registers");
}

static const char *read_others(struct taken *t)
{
	char byte;
	struct iovec mine = {&byte, 1}, theirs = {(void *)(uintptr_t)0x400000, 1};

	return taken_outcome(syscall(SYS_process_vm_readv, 1, &mine, 1, &theirs, 1, 0), "GAINED another's memory");
}

static const char *kill_others(struct taken *t)
{
	return taken_outcome(syscall(SYS_kill, -1, SIGKILL), "GAINED a death");
}

static const char *take_descriptors(struct taken *t)
{
	return taken_outcome(syscall(SYS_pidfd_open, 1, 0), "GAINED a handle");
}

static const char *ask_the_kernel_otherwise(struct taken *t)
{
	char room[256] = {0};

	return taken_outcome(syscall(SYS_io_uring_setup, 8, room), "GAINED a ring of the kernel's");
}

static const char *make_neighbours_block(struct taken *t)
{
	return taken_outcome(syscall(SYS_fcntl, ROLE_CHANNEL_FD, F_SETFL, O_RDWR), "GAINED a hand on another");
}

static const char *have_a_signal_sent(struct taken *t)
{
	return taken_outcome(syscall(SYS_fcntl, ROLE_CHANNEL_FD, F_SETOWN, 1), "GAINED a signal");
}

static const char *leave_its_namespaces(struct taken *t)
{
	return taken_outcome(syscall(SYS_unshare, CLONE_NEWUSER), "GAINED a namespace");
}

/* What it shares with its neighbour would end under the neighbour's hands, which is a SIGBUS there. */
static const char *shrink_the_ring(struct taken *t)
{
	return taken_outcome(syscall(SYS_ftruncate, t->ring_fd, 0), "GAINED a neighbour's death");
}

static const char *seal_the_ring(struct taken *t)
{
	return taken_outcome(syscall(SYS_fcntl, t->ring_fd, F_ADD_SEALS, F_SEAL_WRITE), "GAINED a neighbour's death");
}

static const char *punch_the_ring(struct taken *t)
{
	return taken_outcome(syscall(SYS_fallocate, t->ring_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), "GAINED a hole");
}

/* serve may shut a connection's sending down, and no more: a listener that hears nothing would be its successor's and its neighbours' too. */
static const char *deafen_the_listener(struct taken *t)
{
	return taken_outcome(syscall(SYS_shutdown, t->listener, SHUT_RDWR), "GAINED a deaf listener");
}

const struct attack attacks_call[] = {
	{"open", IN_ALL & ~IN(STORE), 0, open_a_file, 0},
	{"open-above", IN(STORE), 0, open_from_store, 0},
	{"plant-link", IN(STORE), 0, plant_a_link, 0},
	{"dial", IN_ALL, 0, dial, 0},
	{"dial-udp", IN_ALL, 0, dial_by_udp, 0},
	{"dial-raw", IN_ALL, 0, dial_raw, 0},
	{"dial-unix", IN_ALL, 0, dial_by_unix, 0},
	{"dial-own-camera", IN(INGEST), NEEDS_SOCKET, dial_with_what_it_has, 0},
	{"dial-own-listener", IN(SERVE), 0, dial_with_what_it_has, 0},
	{"send-elsewhere", IN(INGEST), NEEDS_SOCKET, send_elsewhere, 0},
	{"send-from-listener", IN(SERVE), 0, send_elsewhere, 0},
	{"send-message", IN(STORE), NEEDS_SERVE, send_message_elsewhere, 0},
	{"fork", IN_ALL, 0, be_two, 0},
	{"clone", IN_ALL, 0, be_two_by_clone, 0},
	{"exec", IN_ALL, 0, run_a_program, 0},
	{"exec-memory", IN_ALL, 0, run_from_memory, 0},
	{"code", IN_ALL, 0, make_code, 0},
	{"trace", IN_ALL, 0, trace, 0},
	{"read-others", IN_ALL, 0, read_others, 0},
	{"kill-others", IN_ALL, 0, kill_others, 0},
	{"pidfd", IN_ALL, 0, take_descriptors, 0},
	{"io-uring", IN_ALL, 0, ask_the_kernel_otherwise, 0},
	{"block-neighbour", IN_ALL, 0, make_neighbours_block, 0},
	{"signal-by-socket", IN_ALL, 0, have_a_signal_sent, 0},
	{"unshare", IN_ALL, 0, leave_its_namespaces, 0},
	{"shrink-ring", IN(INGEST) | IN(STORE), NEEDS_RING, shrink_the_ring, 0},
	{"seal-ring", IN(INGEST) | IN(STORE), NEEDS_RING, seal_the_ring, 0},
	{"punch-ring", IN(INGEST) | IN(STORE), NEEDS_RING, punch_the_ring, 0},
	{"deafen-listener", IN(SERVE), 0, deafen_the_listener, 0},
	{0},
};
