/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By itself, so that it is linked into who starts roles, and into no role. Only async-signal-safe calls. */
#include "server/become.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "server/role.h"

#define OUT_OF_THE_WAY 10

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
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	execveat(PROGRAM_FD, "", argv, no_environment, AT_EMPTY_PATH);
	_exit(127);
}
