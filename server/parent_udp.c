/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ports for media by UDP. A pair is bound with a filter that drops everything, and
 * stays so until it is connected to the camera's address of the site file: a packet
 * from elsewhere never arrives, not even one that came before. Whatever ingest asks
 * for, it gains ports that hear its camera and nobody else.
 */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "server/parent.h"

#define UDP_EVERY_US 500000           /* between two pairs for a track, as between two dials */
#define UDP_EXPIRY_S 30               /* longer than any SETUP takes */
#define UDP_TRIES 32                  /* for a free pair */
#define UDP_PORT_MIN 1024             /* no service of the camera's host is talked to under the name of media */
#define UDP_RCVBUF (1 << 20)          /* a key frame in one burst; net.core.rmem_max may say less */

static void close_pair(struct udp_pair *u)
{
	for (int i = 0; i < 2; i++) {
		if (u->fd[i] >= 0)
			close(u->fd[i]);
		u->fd[i] = -1;
	}
}

static int drop_all(int fd)
{
	static struct sock_filter drop[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
	static const struct sock_fprog program = {1, drop};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0 ? -errno : 0;
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t address_size(const union address *a)
{
	return a->any.sa_family == AF_INET6 ? sizeof a->v6 : sizeof a->v4;
}

static void set_port(union address *a, uint16_t port)
{
	if (a->any.sa_family == AF_INET6)
		a->v6.sin6_port = htons(port);
	else
		a->v4.sin_port = htons(port);
}

/* Bound to port, 0 for any, and deaf. The socket with its port, or -errno. */
static int bind_deaf(sa_family_t family, uint16_t port, uint16_t *ret_port)
{
	union address a = {.any.sa_family = family};
	socklen_t n = address_size(&a);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, rc;

	if (fd < 0)
		return -errno;
	set_port(&a, port);
	rc = drop_all(fd);
	if (!rc && ((family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) < 0) ||
		    bind(fd, &a.any, n) < 0 || getsockname(fd, &a.any, &n) < 0))
		rc = -errno;
	if (rc) {
		close(fd);
		return rc;
	}
	*ret_port = ntohs(family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
	return fd;
}

/* RTP's port is even and RTCP's the next one (RFC 3550 11). */
static int bind_pair(sa_family_t family, int fd[2], uint16_t *ret_port)
{
	int rc = -EADDRINUSE;

	for (int i = 0; i < UDP_TRIES; i++) {
		uint16_t one, other;
		int a = bind_deaf(family, 0, &one), b;

		if (a < 0)
			return a;
		b = bind_deaf(family, one ^ 1, &other);
		if (b >= 0) {
			fd[one & 1] = a;
			fd[other & 1] = b;
			*ret_port = one & ~1u;
			return 0;
		}
		close(a);
		rc = b;
	}
	return rc;
}

static void on_expiry(int fd, short what, void *arg)
{
	struct camera_live *cam = arg;

	parent_udp_close(cam->parent, cam->index);
}

static int open_pair(struct camera_live *cam, struct udp_pair *u, uint16_t *ret_port)
{
	int64_t now_us = clock_mono_us();
	int room = UDP_RCVBUF, rc;

	close_pair(u);
	if (u->last_us && now_us - u->last_us < UDP_EVERY_US)
		return -EAGAIN;
	u->last_us = now_us;
	if (!cam->udp_expiry)
		cam->udp_expiry = event_new(cam->parent->base, -1, EV_TIMEOUT, on_expiry, cam);
	if (!cam->udp_expiry || event_add(cam->udp_expiry, &(struct timeval){UDP_EXPIRY_S, 0}) < 0)
		return -ENOMEM;
	rc = bind_pair(cam->parent->site->camera[cam->index].address.ss_family, u->fd, ret_port);
	if (!rc)
		setsockopt(u->fd[0], SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	return rc;
}

static struct child *ingest_child(struct parent *p, unsigned camera)
{
	return parent_child(p, ROLE_INGEST, ingest_of(p, camera));
}

void parent_udp_open(struct parent *p, unsigned camera, unsigned track)
{
	struct camera_live *cam = &p->camera[camera];
	struct msg_udp_opened m = {.camera = (uint16_t)camera, .track = (uint8_t)track};

	m.error = -open_pair(cam, &cam->udp[track], &m.port);
	child_say(ingest_child(p, camera), MSG_UDP_OPENED, &m, NULL, 0);
}

/* Only then may packets in: what the filter dropped is gone. */
static int connect_to(int fd, const struct sockaddr_storage *camera, uint16_t port)
{
	union address a = {.any.sa_family = camera->ss_family};
	int unused = 0;

	if (camera->ss_family == AF_INET6)
		a.v6 = *(const struct sockaddr_in6 *)camera;
	else
		a.v4 = *(const struct sockaddr_in *)camera;
	set_port(&a, port);
	if (connect(fd, &a.any, address_size(&a)) < 0 || setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused) < 0)
		return -errno;
	return 0;
}

static int connect_pair(struct camera_live *cam, struct udp_pair *u, const uint16_t port[2])
{
	int rc = u->fd[0] < 0 ? -EBADF : 0;

	for (int i = 0; !rc && i < 2; i++)
		rc = port[i] < UDP_PORT_MIN ? -EACCES : connect_to(u->fd[i], &cam->parent->site->camera[cam->index].address, port[i]);
	return rc;
}

void parent_udp_connect(struct parent *p, unsigned camera, unsigned track, uint16_t rtp_port, uint16_t rtcp_port)
{
	struct camera_live *cam = &p->camera[camera];
	struct udp_pair *u = &cam->udp[track];
	struct msg_udp_connected m = {.camera = (uint16_t)camera, .track = (uint8_t)track};
	socklen_t n = sizeof(int);
	int room;

	m.error = -connect_pair(cam, u, (const uint16_t[]){rtp_port, rtcp_port});
	if (!m.error && getsockopt(u->fd[0], SOL_SOCKET, SO_RCVBUF, &room, &n) == 0)
		m.room = (uint32_t)room;
	child_say(ingest_child(p, camera), MSG_UDP_CONNECTED, &m, u->fd, m.error ? 0 : 2);
	close_pair(u);
}

void parent_udp_close(struct parent *p, unsigned camera)
{
	struct camera_live *cam = &p->camera[camera];

	for (unsigned i = 0; i < PARENT_TRACKS; i++)
		close_pair(&cam->udp[i]);
	if (cam->udp_expiry)
		event_free(cam->udp_expiry);
	cam->udp_expiry = NULL;
}
