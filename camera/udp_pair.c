/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "camera/udp_pair.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRIES 64  /* each finds a free even port with a free neighbour about one time in two */

/* The port of an address, of either family. */
static in_port_t *port_of(struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET6 ? &((struct sockaddr_in6 *)a)->sin6_port : &((struct sockaddr_in *)a)->sin_port;
}

/* A socket on this address and port (0: any); its port in *ret_port. The descriptor or -errno. */
static int bind_port(struct sockaddr_storage local, socklen_t n, uint16_t port, uint16_t *ret_port)
{
	int fd = socket(local.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), e;

	if (fd < 0)
		return -errno;
	*port_of(&local) = htons(port);
	if (bind(fd, (struct sockaddr *)&local, n) || getsockname(fd, (struct sockaddr *)&local, &n)) {
		e = -errno;
		close(fd);
		return e;
	}
	*ret_port = ntohs(*port_of(&local));
	return fd;
}

static int bind_pair(struct udp_pair *p, const struct sockaddr_storage *local, socklen_t n, uint16_t ret_port[2])
{
	int e = -EADDRINUSE;

	for (int i = 0; i < TRIES && e == -EADDRINUSE; i++) {
		p->fd[0] = bind_port(*local, n, 0, &ret_port[0]);
		if (p->fd[0] < 0)
			return p->fd[0];
		if (ret_port[0] % 2 == 0) {
			p->fd[1] = bind_port(*local, n, (uint16_t)(ret_port[0] + 1), &ret_port[1]);
			if (p->fd[1] >= 0)
				return 0;
			e = p->fd[1];
		}
		udp_pair_close(p);
	}
	return e;
}

int udp_pair_open(struct udp_pair *p, int connection, const uint16_t peer_port[2], uint16_t ret_port[2])
{
	struct sockaddr_storage local, peer;
	socklen_t nlocal = sizeof local, npeer = sizeof peer;
	int e;

	if (getsockname(connection, (struct sockaddr *)&local, &nlocal) || getpeername(connection, (struct sockaddr *)&peer, &npeer))
		return -errno;
	e = bind_pair(p, &local, nlocal, ret_port);
	for (int i = 0; !e && i < 2; i++) {
		*port_of(&peer) = htons(peer_port[i]);
		if (connect(p->fd[i], (struct sockaddr *)&peer, npeer))
			e = -errno;
	}
	if (e)
		udp_pair_close(p);
	return e;
}

void udp_pair_close(struct udp_pair *p)
{
	for (int i = 0; i < 2; i++) {
		if (p->fd[i] >= 0)
			close(p->fd[i]);
		p->fd[i] = -1;
	}
}
