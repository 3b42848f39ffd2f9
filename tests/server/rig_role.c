/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/server/rig_role.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/become.h"
#include "server/sandbox.h"

/* A process of its own copies the log, and ends with the last of its writers. */
static _Noreturn void copy_log(int from)
{
	char some[4096];
	ssize_t n;

	dup2(from, STDIN_FILENO);
	close_range(STDERR_FILENO + 1, ~0u, 0);
	while ((n = read(STDIN_FILENO, some, sizeof some)) > 0)
		(void)!write(STDERR_FILENO, some, (size_t)n);
	_exit(0);
}

static int open_program(enum role_kind role)
{
	const char *top = getenv("abs_top_builddir");
	char path[4096];
	int fd;

	snprintf(path, sizeof path, "%s/libexec/casemate/%s", top ? top : ".", role_kind_name(role));
	fd = open(path, O_PATH | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%s is not built", path);
	return fd;
}

pid_t rig_start_role(enum role_kind role, int channel)
{
	int log[2], program = open_program(role), copier;
	pid_t pid;

	cr_assert_eq(pipe2(log, O_CLOEXEC), 0);
	copier = fork();
	if (copier == 0)
		copy_log(log[0]);
	pid = sandbox_fork();
	if (pid == 0)
		become_role(program, role, channel, log[1]);
	cr_assert(copier > 0 && pid > 0);
	close(log[0]);
	close(log[1]);
	close(program);
	return pid;
}
