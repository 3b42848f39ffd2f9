/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a service manager hands over is taken whole or not at all; what it is told arrives. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/service.h"

static int listening(int family)
{
	int fd = socket(family, SOCK_STREAM, 0);

	return fd >= 0 && listen(fd, 1) == 0 ? fd : -1;
}

/*
 * A process that is handed these descriptors from 3 on: what service_sockets says there, 100 more if it then closes the first at exec and
 * forgets the variables. -errno comes back as 120 + errno.
 */
static int taken(const int *fd, int n, const char *count, bool for_me)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int got[SERVICE_SOCKETS_MAX], high[SERVICE_SOCKETS_MAX], rc;
		char text[32];

		for (int i = 0; i < n; i++)
			high[i] = fcntl(fd[i], F_DUPFD, 100);
		for (int i = 0; i < n; i++)
			dup2(high[i], 3 + i);
		snprintf(text, sizeof text, "%d", (int)getpid() + !for_me);
		setenv("LISTEN_PID", text, 1);
		setenv("LISTEN_FDS", count, 1);
		rc = service_sockets(got);
		if (rc > 0 && got[0] == 3 && fcntl(3, F_GETFD) == FD_CLOEXEC && !getenv("LISTEN_FDS") && !getenv("LISTEN_PID"))
			rc += 100;
		_exit(rc < 0 ? 120 - rc : rc);
	}
	cr_assert(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

Test(service, takes_sockets_that_listen)
{
	int two[] = {listening(AF_INET), listening(AF_INET6)};

	cr_assert(two[0] >= 0 && two[1] >= 0);
	cr_expect_eq(taken(two, 2, "2", true), 102);
	cr_expect_eq(taken(two, 2, "1", true), 101);
	cr_expect_eq(taken(two, 2, "2", false), 0);
	cr_expect_eq(taken(two, 2, "0", true), 0);
	cr_expect_eq(taken(two, 2, "", true), 0);
	cr_expect_eq(taken(two, 2, "-1", true), 0);
	cr_expect_eq(taken(two, 2, "2x", true), 0);
	cr_expect_eq(taken(two, 2, "17", true), 120 + E2BIG);
}

Test(service, refuses_what_does_not_listen)
{
	const int bad[] = {
		socket(AF_INET, SOCK_STREAM, 0), socket(AF_INET, SOCK_DGRAM, 0), listening(AF_UNIX), open("/dev/null", O_RDWR), listening(AF_INET)};

	for (int i = 0; i < 4; i++)
		cr_expect_eq(taken(&bad[i], 1, "1", true), 120 + ENOTSOCK, "%d", i);
	cr_expect_eq(taken((const int[]){bad[4], bad[0]}, 2, "2", true), 120 + ENOTSOCK);
}

static void hears(const char *name, socklen_t path_bytes, const char *variable)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char text[64] = "";

	memcpy(at.sun_path, name, path_bytes);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, (socklen_t)(sizeof at.sun_family + path_bytes)), 0);
	setenv("NOTIFY_SOCKET", variable, 1);
	service_notify("READY=1");
	cr_expect_eq(recv(fd, text, sizeof text, 0), 7, "%s", variable);
	cr_expect_str_eq(text, "READY=1");
	/* a manager that does not read makes nobody wait */
	for (int i = 0; i < 5000; i++)
		service_notify("WATCHDOG=1");
	close(fd);
}

Test(service, tells_the_manager, .timeout = 30)
{
	char folder[] = "/tmp/casemate-service-XXXXXX", path[64], abstract[64];

	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/s", folder);
	hears(path, (socklen_t)strlen(path) + 1, path);
	unlink(path);
	rmdir(folder);
	snprintf(abstract, sizeof abstract, "@casemate-service-%d", (int)getpid());
	memcpy(path, abstract, sizeof path);
	path[0] = 0;
	hears(path, (socklen_t)strlen(abstract), abstract);
}

Test(service, without_a_manager_nothing_happens)
{
	static const char *const bad[] = {"", "/", "relative", "/nobody/is/here",
		"/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"};

	unsetenv("NOTIFY_SOCKET");
	service_notify("READY=1");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		setenv("NOTIFY_SOCKET", bad[i], 1);
		service_notify("READY=1");
	}
	cr_expect_eq(service_watchdog_us(), 0);
}

Test(service, the_watchdog_is_for_this_process)
{
	static const struct { const char *us; int pid_off; uint64_t want; } c[] = {
		{"30000000", 0, 30000000}, {"30000000", 1, 0}, {"0", 0, 0}, {"-5", 0, 0}, {"", 0, 0}, {"99999999999999999999", 0, 0}, {"86400000001", 0, 0}};

	for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
		char pid[32];

		snprintf(pid, sizeof pid, "%d", (int)getpid() + c[i].pid_off);
		setenv("WATCHDOG_PID", pid, 1);
		setenv("WATCHDOG_USEC", c[i].us, 1);
		cr_expect_eq(service_watchdog_us(), c[i].want, "%s", c[i].us);
	}
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "1000000", 1);
	cr_expect_eq(service_watchdog_us(), 1000000);
}

Test(service, the_journal_is_where_the_variable_says)
{
	FILE *file = tmpfile();
	struct stat st;
	char text[96];

	cr_assert(file && fstat(fileno(file), &st) == 0);
	unsetenv("JOURNAL_STREAM");
	cr_expect(!service_logs_to_journal(fileno(file)));
	snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", text, 1);
	cr_expect(service_logs_to_journal(fileno(file)));
	cr_expect(!service_logs_to_journal(-1));
	snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino + 1);
	setenv("JOURNAL_STREAM", text, 1);
	cr_expect(!service_logs_to_journal(fileno(file)), "it goes elsewhere by now");
	static const char *const bad[] = {"", ":", "1", "1:", ":1", "-1:1", "1:1:1", "99999999999999999999999:1"};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		setenv("JOURNAL_STREAM", bad[i], 1);
		cr_expect(!service_logs_to_journal(fileno(file)), "%s", bad[i]);
	}
	fclose(file);
}
