/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A role that cannot be begun says so itself, since nobody else can know why. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/become.h"

/* What it wrote to its log, as a role whose program is that descriptor and that may have so many descriptors. */
static void become(int program, rlim_t descriptors, char *said, size_t room)
{
	int channel[2], log[2], status;
	ssize_t n;
	pid_t pid;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel), 0);
	cr_assert_eq(pipe2(log, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){descriptors, descriptors});
		become_role(program, ROLE_SIGN, channel[1], log[1]);
	}
	close(channel[1]);
	close(log[1]);
	n = read(log[0], said, room - 1);
	cr_assert_geq(n, 0);
	said[n] = 0;
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 127);
	close(channel[0]);
	close(log[0]);
}

Test(become, says_that_its_program_cannot_be_run)
{
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char said[200];

	become(nothing, 1024, said, sizeof said);
	cr_assert_str_eq(said, "error cannot-begin at=program error=EACCES\n");
	close(nothing);
}

Test(become, says_that_it_gets_no_descriptors)
{
	char said[200];

	become(STDIN_FILENO, 10, said, sizeof said);
	cr_assert_str_eq(said, "error cannot-begin at=descriptors error=EINVAL\n");
}
