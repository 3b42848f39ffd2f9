/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The only place that dials: literal addresses of the site file, nothing else, and not often. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "server/parent.h"

#define DIAL_TIMEOUT_S 3       /* a SYN and one more: a camera that comes back is not missed for long */
#define DIAL_EVERY_US 500000   /* no role can make the parent dial a camera more often */
#define DIAL_RCVBUF (1 << 20)

void parent_dial_cancel(struct parent *p, unsigned camera)
{
	struct camera_live *cam = &p->camera[camera];

	if (cam->dialing)
		event_free(cam->dialing);
	if (cam->dial_fd >= 0)
		close(cam->dial_fd);
	cam->dialing = NULL;
	cam->dial_fd = -1;
}

/* Hands the socket, or why there is none, to the camera's ingest. */
static void dialed(struct camera_live *cam, int error)
{
	struct child *ingest = parent_child(cam->parent, ROLE_INGEST, ingest_of(cam->parent, cam->index));
	struct msg_dialed m = {.camera = (uint16_t)cam->index, .error = error};

	if (ingest->phase == CHILD_READY)
		child_say(ingest, MSG_DIALED, &m, &cam->dial_fd, error ? 0 : 1);
	parent_dial_cancel(cam->parent, cam->index);
}

static void on_connected(int fd, short what, void *arg)
{
	struct camera_live *cam = arg;
	int error = ETIMEDOUT;
	socklen_t n = sizeof error;

	if (!(what & EV_TIMEOUT) && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		error = errno;
	dialed(cam, error);
}

static void connect_now(int fd, short what, void *arg)
{
	struct camera_live *cam = arg;
	const struct sockaddr_storage *to = &cam->parent->site->camera[cam->index].address;
	socklen_t n = to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int one = 1, room = DIAL_RCVBUF;

	parent_dial_cancel(cam->parent, cam->index);
	cam->last_dial_us = clock_mono_us();
	cam->dial_fd = socket(to->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (cam->dial_fd < 0) {
		dialed(cam, errno);
		return;
	}
	setsockopt(cam->dial_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(cam->dial_fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
	setsockopt(cam->dial_fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (connect(cam->dial_fd, (const struct sockaddr *)to, n) < 0 && errno != EINPROGRESS) {
		dialed(cam, errno);
		return;
	}
	cam->dialing = event_new(cam->parent->base, cam->dial_fd, EV_WRITE, on_connected, cam);
	if (!cam->dialing || event_add(cam->dialing, &(struct timeval){DIAL_TIMEOUT_S, 0}) < 0)
		dialed(cam, ENOMEM);
}

void parent_dial(struct parent *p, unsigned camera)
{
	struct camera_live *cam = &p->camera[camera];
	int64_t wait = cam->last_dial_us ? cam->last_dial_us + DIAL_EVERY_US - clock_mono_us() : 0;

	if (cam->dialing)
		return;
	if (wait <= 0) {
		connect_now(-1, 0, cam);
		return;
	}
	cam->dialing = event_new(p->base, -1, EV_TIMEOUT, connect_now, cam);
	if (!cam->dialing || event_add(cam->dialing, &(struct timeval){wait / 1000000, wait % 1000000}) < 0)
		dialed(cam, ENOMEM);
}
