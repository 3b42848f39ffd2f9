/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "camera/camera.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/listener.h>

#include "base/clock.h"
#include "base/text.h"
#include "camera/client.h"
#include "net/rtp_send.h"

#define UNITS_A_TICK 64  /* then other events get their turn */

int64_t camera_media_us(const struct camera *c)
{
	return clock_mono_us() - c->began_us;
}

bool camera_has_path(const struct camera *c, const char *path)
{
	uint64_t number;

	if (!strcmp(path, "/"))
		return c->settings.count == 1;
	return path[0] == '/' && !text_u64(path + 1, strlen(path + 1), c->settings.count, &number) && number >= 1;
}

int camera_describe(const struct camera *c, const char *path, struct buf *sdp)
{
	const struct track *tracks[SOURCE_TRACKS];

	if (!camera_has_path(c, path))
		return -ENOENT;
	for (unsigned i = 0; i < c->source->ntracks; i++)
		tracks[i] = &c->source->track[i];
	return rtp_send_sdp(sdp, c->settings.name, tracks, c->source->ntracks);
}

static void arm_tick(struct camera *c)
{
	int64_t wait = c->source->ops->due_us(c->source) - camera_media_us(c);
	struct timeval tv;

	if (wait < 0)
		wait = 0;
	tv = (struct timeval){.tv_sec = wait / 1000000, .tv_usec = wait % 1000000};
	event_add(c->tick, &tv);
}

static void fail(struct camera *c, int e)
{
	c->failure = e;
	event_base_loopbreak(c->base);
}

void camera_watch(struct camera *c)
{
	int e = 0;

	if (c->nplaying++) {
		c->source->ops->ask_key(c->source);
		return;
	}
	e = c->source->ops->start(c->source, camera_media_us(c));
	if (e)
		fail(c, e);
	else
		arm_tick(c);
}

void camera_unwatch(struct camera *c)
{
	if (!--c->nplaying)
		event_del(c->tick);
}

void camera_drop(struct camera *c, struct client *client)
{
	for (unsigned i = 0; i < c->nclients; i++)
		if (c->clients[i] == client) {
			c->clients[i] = c->clients[--c->nclients];
			break;
		}
	client_free(&client);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct camera *c = ctx;

	for (int i = 0; i < UNITS_A_TICK; i++) {
		int64_t now = camera_media_us(c);
		struct source_unit unit;
		int e;

		if (c->source->ops->due_us(c->source) > now)
			break;
		e = c->source->ops->next(c->source, now, clock_wall_us(), &unit);
		if (e) {
			fail(c, e);
			return;
		}
		for (unsigned k = 0; k < c->nclients; k++)
			client_send(c->clients[k], &unit);
	}
	arm_tick(c);
}

static void on_second(evutil_socket_t fd, short what, void *ctx)
{
	struct camera *c = ctx;
	int64_t wall = clock_wall_us();

	evconnlistener_enable(c->listener);
	/* From the end: a dropped one's place is taken by one that was asked already. */
	for (unsigned i = c->nclients; i-- > 0;)
		if (!client_second(c->clients[i], wall))
			camera_drop(c, c->clients[i]);
}

static void on_stop(evutil_socket_t sig, short what, void *ctx)
{
	event_base_loopbreak(((struct camera *)ctx)->base);
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *peer, int len, void *ctx)
{
	struct camera *c = ctx;
	struct client *client;

	if (c->nclients == CAMERA_CLIENTS_MAX) {
		close(fd);
		return;
	}
	client = client_new(c, fd);
	if (client)
		c->clients[c->nclients++] = client;
}

/* Out of descriptors: on_second tries again, instead of spinning over a connection that can't be taken. */
static void on_accept_error(struct evconnlistener *l, void *ctx)
{
	evconnlistener_disable(l);
}

static int listen_on(struct camera *c)
{
	const struct sockaddr *address = (const struct sockaddr *)&c->settings.address;

	errno = 0;
	c->listener = evconnlistener_new_bind(c->base, on_accept, c, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
					      LEV_OPT_REUSEABLE, 64, address, (int)c->settings.address_len);
	if (!c->listener)
		return errno ? -errno : -EIO;
	evconnlistener_set_error_cb(c->listener, on_accept_error);
	return 0;
}

static struct event_base *new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	/* Frames are due to the millisecond; the ordinary timer rounds up coarsely. */
	if (config && !event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER))
		base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	return base;
}

static int add_events(struct camera *c)
{
	static const int signals[2] = {SIGINT, SIGTERM};
	struct timeval second = {.tv_sec = 1};

	c->tick = evtimer_new(c->base, on_tick, c);
	c->second = event_new(c->base, -1, EV_PERSIST, on_second, c);
	if (!c->tick || !c->second || event_add(c->second, &second))
		return -ENOMEM;
	for (int i = 0; i < 2; i++) {
		c->stop[i] = evsignal_new(c->base, signals[i], on_stop, c);
		if (!c->stop[i] || event_add(c->stop[i], NULL))
			return -ENOMEM;
	}
	return 0;
}

int camera_open(struct camera *c, const struct camera_settings *settings, struct source *source)
{
	int e;

	*c = (struct camera){.settings = *settings, .source = source, .began_us = clock_mono_us()};
	signal(SIGPIPE, SIG_IGN);
	c->base = new_base();
	e = c->base ? listen_on(c) : -ENOMEM;
	return e ? e : add_events(c);
}

unsigned camera_port(const struct camera *c)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a = {.v6 = {0}};
	socklen_t n = sizeof a;

	getsockname(evconnlistener_get_fd(c->listener), &a.any, &n);
	return ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
}

int camera_run(struct camera *c)
{
	event_base_dispatch(c->base);
	return c->failure;
}

void camera_close(struct camera *c)
{
	struct event *events[] = {c->tick, c->second, c->stop[0], c->stop[1]};

	while (c->nclients)
		camera_drop(c, c->clients[0]);
	if (c->listener)
		evconnlistener_free(c->listener);
	for (int i = 0; i < 4; i++)
		if (events[i])
			event_free(events[i]);
	if (c->base)
		event_base_free(c->base);
	*c = (struct camera){0};
}
