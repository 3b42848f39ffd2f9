/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

#define FIRST_FD 3                            /* SD_LISTEN_FDS_START */
#define WATCHDOG_MAX_US UINT64_C(86400000000)  /* a day */

/* A variable that holds a number; 0 when it is not there or holds anything else. */
static uint64_t number(const char *variable, uint64_t max)
{
	const char *s = getenv(variable);
	uint64_t v = 0;

	return s && text_u64(s, strlen(s), max, &v) == 0 ? v : 0;
}

static bool listens(int fd)
{
	int type = 0, accepts = 0, domain = 0;
	socklen_t n = sizeof(int);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) < 0 || getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &n) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) < 0)
		return false;
	return type == SOCK_STREAM && accepts && (domain == AF_INET || domain == AF_INET6);
}

int service_sockets(int ret_fd[SERVICE_SOCKETS_MAX])
{
	uint64_t n = number("LISTEN_FDS", INT32_MAX);

	if (n == 0 || number("LISTEN_PID", INT32_MAX) != (uint64_t)getpid())
		return 0;
	if (n > SERVICE_SOCKETS_MAX)
		return -E2BIG;
	for (int i = 0; i < (int)n; i++)
		if (!listens(FIRST_FD + i))
			return -ENOTSOCK;
	for (int i = 0; i < (int)n; i++) {
		ret_fd[i] = FIRST_FD + i;
		fcntl(ret_fd[i], F_SETFD, FD_CLOEXEC);
	}
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	return (int)n;
}

void service_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;
	int fd;

	if (n < 2 || n >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
}

uint64_t service_watchdog_us(void)
{
	uint64_t pid = number("WATCHDOG_PID", INT32_MAX);

	return pid && pid != (uint64_t)getpid() ? 0 : number("WATCHDOG_USEC", WATCHDOG_MAX_US);
}

/* systemd.exec(5): "DEVICE:INODE" of what it gave as standard error. */
bool service_logs_to_journal(int fd)
{
	const char *s = getenv("JOURNAL_STREAM"), *colon = s ? strchr(s, ':') : NULL;
	uint64_t device, inode;
	struct stat st;

	return colon && text_u64(s, (size_t)(colon - s), UINT64_MAX, &device) == 0 && text_u64(colon + 1, strlen(colon + 1), UINT64_MAX, &inode) == 0 &&
	       fstat(fd, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}
