/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By itself, so that it is linked into who makes channels, and into no role. */
#include "server/channel.h"

#include <errno.h>
#include <sys/socket.h>

int channel_pair(int ret_fd[2])
{
	int size = 1 << 20;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_fd) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		setsockopt(ret_fd[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	return 0;
}
