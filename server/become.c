/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By itself, so that it is linked into who starts roles, and into no role. Only async-signal-safe calls. */
#include "server/become.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "server/role.h"

#define OUT_OF_THE_WAY 10

/* A line as log_line would write it, which may not be called here. */
static _Noreturn void give_up(int log, const char *what)
{
	const char *error = strerrorname_np(errno);
	const char *const text[] = {"error cannot-begin at=", what, " error=", error ? error : "?", "\n"};
	struct iovec line[sizeof text / sizeof *text];

	for (size_t i = 0; i < sizeof text / sizeof *text; i++)
		line[i] = (struct iovec){.iov_base = (void *)(uintptr_t)text[i], .iov_len = strlen(text[i])};
	(void)!writev(log, line, sizeof text / sizeof *text);
	_exit(127);
}

_Noreturn void become_role(int program, enum role_kind role, int channel, int log)
{
	enum { PROGRAM_FD = ROLE_CHANNEL_FD + 1 };
	static char *const no_environment[] = {NULL};
	char *const argv[] = {(char *)(uintptr_t)role_kind_name(role), NULL};
	int nothing = open("/dev/null", O_RDWR), high_channel, high_log, high_program;
	sigset_t none;

	high_channel = fcntl(channel, F_DUPFD, OUT_OF_THE_WAY);
	high_log = fcntl(log, F_DUPFD, OUT_OF_THE_WAY);
	high_program = fcntl(program, F_DUPFD, OUT_OF_THE_WAY);
	if (nothing < 0 || high_channel < 0 || high_log < 0 || high_program < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || dup2(high_log, 2) < 0 ||
	    dup2(high_channel, ROLE_CHANNEL_FD) < 0 || dup3(high_program, PROGRAM_FD, O_CLOEXEC) < 0 || close_range(PROGRAM_FD + 1, ~0u, 0) < 0)
		give_up(high_log < 0 ? log : high_log, "descriptors");
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	execveat(PROGRAM_FD, "", argv, no_environment, AT_EMPTY_PATH);
	give_up(STDERR_FILENO, "program");
}
