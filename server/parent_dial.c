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
#define DIAL_RCVBUF (1 << 20)  /* fixed, so that the kernel does not grow it to the 6 MB of tcp_rmem while ingest stands still */

static void cancel(struct dial *d)
{
	if (d->event)
		event_free(d->event);
	if (d->fd >= 0)
		close(d->fd);
	d->event = NULL;
	d->fd = -1;
}

void parent_dial_cancel(struct camera_live *cam)
{
	for (unsigned i = 0; i < DIAL_WHAT_COUNT; i++)
		cancel(&cam->dial[i]);
}

/* Hands the socket, or why there is none, to the camera's ingest. */
static void dialed(struct camera_live *cam, enum dial_what what, int error)
{
	struct child *ingest = parent_child(cam->parent, ROLE_INGEST, ingest_of(cam->parent, cam->index));
	struct msg_dialed m = {.camera = (uint16_t)cam->index, .what = (uint8_t)what, .error = error};

	if (ingest->phase == CHILD_READY)
		child_say(ingest, MSG_DIALED, &m, &cam->dial[what].fd, error ? 0 : 1);
	cancel(&cam->dial[what]);
}

static void connected(struct camera_live *cam, enum dial_what what, short how)
{
	int error = ETIMEDOUT;
	socklen_t n = sizeof error;

	if (!(how & EV_TIMEOUT) && getsockopt(cam->dial[what].fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		error = errno;
	dialed(cam, what, error);
}

static void on_rtsp_connected(int fd, short how, void *arg)
{
	connected(arg, DIAL_RTSP, how);
}

static void on_onvif_connected(int fd, short how, void *arg)
{
	connected(arg, DIAL_ONVIF, how);
}

static const struct sockaddr *address_of(const struct camera_live *cam, enum dial_what what, socklen_t *ret_n)
{
	const struct site_camera *c = &cam->parent->site->camera[cam->index];
	const struct sockaddr_storage *to = what == DIAL_ONVIF ? &c->onvif_address : &c->address;

	*ret_n = to->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	return (const struct sockaddr *)to;
}

static void connect_now(struct camera_live *cam, enum dial_what what)
{
	static const event_callback_fn on_connected[DIAL_WHAT_COUNT] = {[DIAL_RTSP] = on_rtsp_connected, [DIAL_ONVIF] = on_onvif_connected};
	struct dial *d = &cam->dial[what];
	int one = 1, room = DIAL_RCVBUF;
	socklen_t n;
	const struct sockaddr *to = address_of(cam, what, &n);

	cancel(d);
	d->last_us = clock_mono_us();
	d->fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->fd < 0) {
		dialed(cam, what, errno);
		return;
	}
	setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(d->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
	if (what == DIAL_RTSP)
		setsockopt(d->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (connect(d->fd, to, n) < 0 && errno != EINPROGRESS) {
		dialed(cam, what, errno);
		return;
	}
	d->event = event_new(cam->parent->base, d->fd, EV_WRITE, on_connected[what], cam);
	if (!d->event || event_add(d->event, &(struct timeval){DIAL_TIMEOUT_S, 0}) < 0)
		dialed(cam, what, ENOMEM);
}

static void on_rtsp_turn(int fd, short how, void *arg)
{
	connect_now(arg, DIAL_RTSP);
}

static void on_onvif_turn(int fd, short how, void *arg)
{
	connect_now(arg, DIAL_ONVIF);
}

void parent_dial(struct parent *p, unsigned camera, enum dial_what what)
{
	static const event_callback_fn on_turn[DIAL_WHAT_COUNT] = {[DIAL_RTSP] = on_rtsp_turn, [DIAL_ONVIF] = on_onvif_turn};
	struct camera_live *cam = &p->camera[camera];
	struct dial *d = &cam->dial[what];
	int64_t wait_us = d->last_us ? d->last_us + DIAL_EVERY_US - clock_mono_us() : 0;

	if (d->event)
		return;
	if (wait_us <= 0) {
		connect_now(cam, what);
		return;
	}
	d->event = event_new(p->base, -1, EV_TIMEOUT, on_turn[what], cam);
	if (!d->event || event_add(d->event, &(struct timeval){wait_us / 1000000, wait_us % 1000000}) < 0)
		dialed(cam, what, ENOMEM);
}
