/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command as if the kernel lacked something: without WHAT COMMAND…. Calls that have to do with it are answered with the error that a
 * kernel without it gives (seccomp's ERRNO), for the command and all that it starts. Landlock's version is told by a supervisor, since
 * a filter by itself can answer only with errors.
 *
 *     container     no namespaces, as behind a container's usual filter: clone3 ENOSYS, clone, unshare, mount EPERM
 *     mount         namespaces, but nothing may be mounted in them
 *     landlock      a kernel that was built without
 *     landlock-off  one that was booted without
 *     landlock-N    one that has version N
 *     seccomp       no filters (the command's own parent has this one)
 */
#include <errno.h>
#include <linux/landlock.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <seccomp.h>

#define NAMESPACES (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define PATIENCE_MS 100

static pid_t command;

static int refuse(scmp_filter_ctx f, int nr, int error)
{
	return seccomp_rule_add(f, SCMP_ACT_ERRNO((unsigned)error), nr, 0);
}

static int without_namespaces(scmp_filter_ctx f)
{
	int rc = refuse(f, SCMP_SYS(clone3), ENOSYS);

	for (unsigned bit = 0; !rc && bit < 32; bit++)
		if (NAMESPACES >> bit & 1)
			rc = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, 1u << bit, 1u << bit));
	rc = rc ? rc : refuse(f, SCMP_SYS(unshare), EPERM);
	return rc ? rc : refuse(f, SCMP_SYS(mount), EPERM);
}

static int without(scmp_filter_ctx f, const char *what)
{
	if (strcmp(what, "container") == 0)
		return without_namespaces(f);
	if (strcmp(what, "mount") == 0)
		return refuse(f, SCMP_SYS(mount), EPERM);
	if (strcmp(what, "landlock") == 0)
		return refuse(f, SCMP_SYS(landlock_create_ruleset), ENOSYS);
	if (strcmp(what, "landlock-off") == 0)
		return refuse(f, SCMP_SYS(landlock_create_ruleset), EOPNOTSUPP);
	if (strncmp(what, "landlock-", 9) == 0)
		return seccomp_rule_add(f, SCMP_ACT_NOTIFY, SCMP_SYS(landlock_create_ruleset), 1,
			SCMP_A2(SCMP_CMP_EQ, LANDLOCK_CREATE_RULESET_VERSION));
	if (strcmp(what, "seccomp") == 0)
		return refuse(f, SCMP_SYS(seccomp), ENOSYS) ||
			seccomp_rule_add(f, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP));
	return -EINVAL;
}

static void pass_on(int sig)
{
	kill(command, sig);
}

static void answer(int listener, int version)
{
	struct seccomp_notif *asked;
	struct seccomp_notif_resp *told;

	if (seccomp_notify_alloc(&asked, &told) < 0)
		exit(2);
	if (seccomp_notify_receive(listener, asked) == 0) {
		told->id = asked->id;
		told->val = version;
		told->error = 0;
		told->flags = 0;
		seccomp_notify_respond(listener, told);
	}
	seccomp_notify_free(asked, told);
}

/* Until the command has ended; which is how this ends. */
static int supervise(int listener, int version)
{
	struct pollfd p = {listener, POLLIN, 0};
	int status;

	while (waitpid(command, &status, WNOHANG) == 0)
		if (poll(&p, 1, PATIENCE_MS) == 1 && p.revents & POLLIN)
			answer(listener, version);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int version = argc > 2 && strncmp(argv[1], "landlock-", 9) == 0 ? atoi(argv[1] + 9) : 0;

	if (argc < 3 || !f || without(f, argv[1]) || seccomp_load(f)) {
		fputs("usage: without container|mount|landlock|landlock-off|landlock-VERSION|seccomp COMMAND...\n", stderr);
		return 2;
	}
	if (version) {
		command = fork();
		signal(SIGTERM, pass_on);
		signal(SIGINT, pass_on);
		if (command)
			return command < 0 ? 2 : supervise(seccomp_notify_fd(f), version);
		signal(SIGTERM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
		close(seccomp_notify_fd(f));
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 2;
}
