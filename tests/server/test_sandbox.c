/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each role's policy, entered for real in a new process: what must die dies, what must work works. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/site.h"
#include "server/role.h"
#include "server/sandbox.h"

#define NOT_SEALED 99

/* As role_begin leaves sign when it has its settings: for the tests of what else it might hold. */
static void hold_what_sign_does(void)
{
	int nothing, log[2], channel[2], loop[2], state;

	close_range(STDERR_FILENO + 1, ~0u, 0);
	nothing = open("/dev/null", O_RDWR);
	if (dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || pipe(log) < 0 || dup2(log[1], 2) < 0)
		_exit(NOT_SEALED);
	close_range(STDERR_FILENO + 1, ~0u, 0);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel) < 0)
		_exit(NOT_SEALED);
	close(channel[1]);
	state = open("/tmp", O_TMPFILE | O_RDWR, 0600);
	if (channel[0] != ROLE_CHANNEL_FD || epoll_create1(0) < 0 || pipe(loop) < 0 || state < 0)
		_exit(NOT_SEALED);
}

/* By a call that those with threads may make: futex. */
static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;

static void *wait_for_the_end(void *arg)
{
	pthread_mutex_lock(&held);
	return arg;
}

static void hold_nothing_else(void) {}
static void hold_a_file(void) { (void)!open("/etc/passwd", O_RDONLY); }
static void hold_a_second_state(void) { (void)!open("/tmp", O_TMPFILE | O_RDWR, 0600); }
static void hold_a_folder(void) { (void)!open("/tmp", O_RDONLY | O_DIRECTORY); }
static void hold_a_path(void) { (void)!open("/tmp", O_PATH); }
static void hold_a_socket(void) { (void)!socket(AF_INET, SOCK_STREAM, 0); }
static void hold_a_local_socket(void) { (void)!socket(AF_UNIX, SOCK_DGRAM, 0); }
static void hold_a_timer(void) { (void)!syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 0); }
static void hold_a_second_channel(void) { (void)!dup(ROLE_CHANNEL_FD); }
static void hold_a_high_one(void) { (void)!dup2(STDIN_FILENO, 900); }
static void hold_no_loop(void) { close(ROLE_CHANNEL_FD + 1); }
static void hold_a_log_to_read(void) { int p[2]; (void)!(pipe(p) < 0 || dup2(p[0], STDERR_FILENO) < 0); close(p[0]); close(p[1]); }
static void hold_a_thread(void) { pthread_t t; pthread_mutex_lock(&held); (void)!pthread_create(&t, NULL, wait_for_the_end, NULL); }

Test(sandbox, is_entered_by_one_thread_with_just_the_declared_descriptors, .timeout = 60)
{
	static const struct { const char *name; void (*hold)(void); int rc; } cases[] = {
		{"as declared", hold_nothing_else, 0}, {"a file", hold_a_file, -EPERM}, {"a second state", hold_a_second_state, -EPERM},
		{"a folder", hold_a_folder, -EPERM}, {"a path", hold_a_path, -EPERM}, {"a socket", hold_a_socket, -EPERM},
		{"a local socket", hold_a_local_socket, -EPERM}, {"a timer", hold_a_timer, -EPERM}, {"a second channel", hold_a_second_channel, -EPERM},
		{"one of a high number", hold_a_high_one, -EPERM}, {"no loop", hold_no_loop, -EPERM}, {"a log to read", hold_a_log_to_read, -EPERM},
		{"a thread", hold_a_thread, -EPERM},
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char why[160] = "";
		int status, pid = fork();

		if (pid == 0) {
			hold_what_sign_does();
			cases[i].hold();
			_exit(sandbox_check_entry(policy_of(ROLE_SIGN), why, sizeof why) == cases[i].rc && !*why == !cases[i].rc ? 0 : 1);
		}
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: status %x", cases[i].name, (unsigned)status);
	}
}

/* Runs act behind the role's sandbox; returns waitpid's status. */
static int behind(enum role_kind role, int folder, int (*act)(int folder))
{
	char why[128] = "";
	int status, pid = sandbox_fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		uint32_t layers = sandbox_enter(policy_of(role), folder, why, sizeof why);

		if (LAYERS_NEEDED & ~(layers | LAYER_SECCOMP) || sandbox_filter(policy_of(role)) < 0) {
			(void)!write(2, why, sizeof why);
			_exit(NOT_SEALED);
		}
		syscall(SYS_exit_group, act(folder));
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(!(WIFEXITED(status) && WEXITSTATUS(status) == NOT_SEALED), "no full sandbox on this kernel");
	return status;
}

static int act_open(int folder) { return (int)syscall(SYS_open, "/etc/passwd", O_RDONLY); }
static int act_socket(int folder) { return (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); }
static int act_unix(int folder) { return (int)syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }
static int act_connect(int folder) { return (int)syscall(SYS_connect, 0, "", 16); }
static int act_execve(int folder) { return (int)syscall(SYS_execve, "/bin/true", NULL, NULL); }
static int act_fork(int folder) { return (int)syscall(SYS_fork); }
static int act_ptrace(int folder) { return (int)syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0); }
static int act_kill(int folder) { return (int)syscall(SYS_kill, 1, 0); }
static int act_vm_read(int folder) { return (int)syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0); }
static int act_unshare(int folder) { return (int)syscall(SYS_unshare, 0); }
static int act_mount(int folder) { return (int)syscall(SYS_mount, "", "/", "tmpfs", 0, NULL); }
static int act_ioctl(int folder) { return (int)syscall(SYS_ioctl, 0, 0x5412, "x"); }
static int act_io_uring(int folder) { return (int)syscall(SYS_io_uring_setup, 1, NULL); }
static int act_exec_page(int folder) { return (int)syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == -1; }
static int act_nothing(int folder) { return 7; }
static int act_write(int folder) { return write(2, "", 0) == 0 ? 7 : 1; }

Test(sandbox, what_no_role_may_do_kills_it)
{
	static const struct { const char *name; int (*act)(int); } acts[] = {
		{"open", act_open}, {"socket", act_socket}, {"unix socket", act_unix}, {"connect", act_connect}, {"execve", act_execve},
		{"fork", act_fork}, {"ptrace", act_ptrace}, {"kill", act_kill}, {"process_vm_readv", act_vm_read}, {"unshare", act_unshare},
		{"mount", act_mount}, {"ioctl", act_ioctl}, {"io_uring", act_io_uring}, {"mmap with PROT_EXEC", act_exec_page},
	};

	for (int role = ROLE_INGEST; role < ROLE_COUNT; role++)
		for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
			int status = behind((enum role_kind)role, -1, acts[i].act);

			cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%s: %s: status %x", role_kind_name((unsigned)role), acts[i].name,
				  (unsigned)status);
		}
}

static int act_sendmsg(int folder) { return (int)syscall(SYS_sendmsg, 2, NULL, 0); }
static int act_sendmmsg(int folder) { return (int)syscall(SYS_sendmmsg, 2, NULL, 0, 0); }
static int act_sendto(int folder) { return (int)syscall(SYS_sendto, 2, "", 0, 0, "", 16); }

/* A passed-in socket sends only to whom it was connected: an address in a struct is one that the filter cannot see. */
Test(sandbox, a_role_with_sockets_can_name_no_address)
{
	static const enum role_kind roles[] = {ROLE_INGEST, ROLE_TRANSCODE, ROLE_SIGN, ROLE_SERVE};
	static int (*const acts[])(int) = {act_sendmsg, act_sendmmsg, act_sendto};

	for (size_t r = 0; r < sizeof roles / sizeof *roles; r++)
		for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
			int status = behind(roles[r], -1, acts[i]);

			cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%s: act %zu: status %x", role_kind_name(roles[r]), i, (unsigned)status);
		}
}

/* A message whose descriptors find no room ends the channel, and with it all cameras of the process. */
Test(sandbox, ingest_has_room_for_the_sockets_of_all_cameras_by_udp)
{
	cr_expect_geq(policy_limit(policy_of(ROLE_INGEST), RLIMIT_NOFILE), SITE_CAMERAS_MAX * (1 + 4 + 1) + 32);
}

Test(sandbox, every_role_may_write_and_leave)
{
	for (int role = ROLE_INGEST; role < ROLE_COUNT; role++) {
		int status = behind((enum role_kind)role, -1, act_nothing);

		cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7, "%s", role_kind_name((unsigned)role));
		status = behind((enum role_kind)role, -1, act_write);
		cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7, "%s", role_kind_name((unsigned)role));
	}
}

static int act_keep_files(int folder)
{
	int fd = openat(folder, "a", O_RDWR | O_CREAT, 0600);

	if (fd < 0 || write(fd, "x", 1) != 1 || fdatasync(fd) < 0 || mkdirat(folder, "d", 0700) < 0 || renameat(folder, "a", folder, "d/b") < 0 ||
	    unlinkat(folder, "d/b", 0) < 0)
		return errno;
	return 7;
}

static int act_leave_folder(int folder)
{
	if (openat(folder, "../outside", O_RDONLY) >= 0 || openat(AT_FDCWD, "/etc/passwd", O_RDONLY) >= 0 || openat(AT_FDCWD, "/", O_RDONLY) < 0)
		return errno == EACCES ? 7 : 1;
	return 1;
}

Test(sandbox, store_keeps_files_in_its_folder_and_reaches_no_other)
{
	char top[] = "/tmp/casemate-test-XXXXXX", path[64];
	int folder, status, fd;

	cr_assert_not_null(mkdtemp(top));
	snprintf(path, sizeof path, "%s/outside", top);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	snprintf(path, sizeof path, "%s/archive", top);
	cr_assert_eq(mkdir(path, 0700), 0);
	folder = open(path, O_RDONLY | O_DIRECTORY);
	status = behind(ROLE_STORE, folder, act_keep_files);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7, "status %x", (unsigned)status);
	status = behind(ROLE_STORE, folder, act_leave_folder);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 7, "status %x", (unsigned)status);
	cr_assert_eq(unlinkat(folder, "d", AT_REMOVEDIR), 0);
	close(folder);
	rmdir(path);
	snprintf(path, sizeof path, "%s/outside", top);
	unlink(path);
	rmdir(top);
}

static int parent_does(int (*act)(int))
{
	int status, pid = fork();

	if (pid == 0) {
		if (sandbox_parent() < 0)
			_exit(NOT_SEALED);
		_exit(act(-1));
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static int act_packet_socket(int folder) { return socket(AF_PACKET, SOCK_RAW, 0); }
static int act_netlink(int folder) { return socket(AF_NETLINK, SOCK_RAW, 0); }
static int act_inet_socket(int folder) { return socket(AF_INET, SOCK_STREAM, 0) >= 0 && socket(AF_INET6, SOCK_STREAM, 0) >= 0 ? 7 : 1; }

/* No assertion here: this is a process of its own already. */
static int act_make_role(int folder)
{
	char why[128] = "";
	int status, pid = sandbox_fork();

	if (pid == 0) {
		uint32_t layers = sandbox_enter(policy_of(ROLE_SIGN), -1, why, sizeof why);

		if (LAYERS_NEEDED & ~(layers | LAYER_SECCOMP) || sandbox_filter(policy_of(ROLE_SIGN)) < 0)
			_exit(NOT_SEALED);
		syscall(SYS_exit_group, 7);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

Test(sandbox, the_parent_cannot_trace_or_sniff_but_can_make_roles)
{
	static int (*const dies[])(int) = {act_packet_socket, act_netlink, act_vm_read, act_io_uring, act_ptrace};

	for (size_t i = 0; i < sizeof dies / sizeof *dies - POLICY_SANITIZED; i++) {
		int status = parent_does(dies[i]);

		cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "act %zu: status %x", i, (unsigned)status);
	}
	cr_assert_eq(WEXITSTATUS(parent_does(act_inet_socket)), 7);
	cr_assert_eq(WEXITSTATUS(parent_does(act_make_role)), 7);
}

static void *end_at_once(void *arg)
{
	return arg;
}

/* The threads of its table, and, but for root, whom the kernel exempts, none more. They stay until the process ends. */
static int start_threads(enum role_kind role)
{
	pthread_t t;

	pthread_mutex_lock(&held);
	for (unsigned i = 1; i < policy_of(role)->threads; i++)
		if (pthread_create(&t, NULL, wait_for_the_end, NULL))
			return 1;
	return pthread_create(&t, NULL, end_at_once, NULL) == EAGAIN ? 7 : 8;
}

static int act_threads_of_store(int folder) { return start_threads(ROLE_STORE); }
static int act_threads_of_serve(int folder) { return start_threads(ROLE_SERVE); }

Test(sandbox, threads_are_those_of_the_table)
{
	static const struct { enum role_kind role; int (*act)(int); } cases[] = {{ROLE_STORE, act_threads_of_store}, {ROLE_SERVE, act_threads_of_serve}};

	for (size_t i = 0; i < 2; i++) {
		int status = behind(cases[i].role, -1, cases[i].act);
		bool exact = WIFEXITED(status) && WEXITSTATUS(status) == 7;

		cr_expect(exact || (geteuid() == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 8), "%s: status %x", role_kind_name(cases[i].role),
			(unsigned)status);
	}
}

/* What the kernel says of a sealed role, read from outside: proc(5). */
Test(sandbox, the_kernel_confirms_it_from_outside)
{
	static const char *const lines[] = {
		"CapInh:\t0000000000000000\n", "CapPrm:\t0000000000000000\n", "CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n",
		"CapAmb:\t0000000000000000\n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n"};
	char path[64], text[8192] = "", why[128] = "";
	int pipes[2], hold[2], status, fd, pid;
	char byte;

	cr_assert(pipe(pipes) == 0 && pipe(hold) == 0);
	pid = sandbox_fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		sandbox_enter(policy_of(ROLE_SIGN), -1, why, sizeof why);
		sandbox_filter(policy_of(ROLE_SIGN));
		(void)!write(pipes[1], "x", 1);
		for (;;)
			(void)!read(hold[0], &byte, 1);
	}
	cr_assert_eq(read(pipes[0], &byte, 1), 1);
	snprintf(path, sizeof path, "/proc/%d/status", pid);
	fd = open(path, O_RDONLY);
	cr_assert_gt(read(fd, text, sizeof text - 1), 0);
	close(fd);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		cr_assert(strstr(text, lines[i]), "%s is not in:\n%s", lines[i], text);
}

#if POLICY_SANITIZED
void __sanitizer_symbolize_pc(void *pc, const char *format, char *out, size_t cap);

static int act_overflow(int folder)
{
	char *volatile some = malloc(8);
	int seen = some[8 + (folder >= 0)];

	free(some);
	return seen + 7;
}

/* What a sanitizer finds behind the seal is told, and ends the role as one that failed. */
Test(sandbox, a_sanitizer_can_report_from_behind_it)
{
	char text[16384];
	int log[2], saved = dup(STDERR_FILENO), status;
	ssize_t n;

	__sanitizer_symbolize_pc(__builtin_return_address(0), "%f", text, sizeof text);  /* as role_seal does */
	cr_assert(saved >= 0 && pipe2(log, O_CLOEXEC | O_NONBLOCK) == 0);
	for (int role = ROLE_INGEST; role < ROLE_COUNT; role++) {
		dup2(log[1], STDERR_FILENO);
		status = behind((enum role_kind)role, -1, act_overflow);
		dup2(saved, STDERR_FILENO);
		n = read(log[0], text, sizeof text - 1);
		text[n > 0 ? n : 0] = 0;
		cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 1, "%s: status %x", role_kind_name((unsigned)role), (unsigned)status);
		cr_expect(strstr(text, "heap-buffer-overflow") && strstr(text, "act_overflow"), "%s: %s", role_kind_name((unsigned)role), text);
	}
	close(saved);
	close(log[0]);
	close(log[1]);
}
#endif
