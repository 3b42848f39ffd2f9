/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CAMERA_CAMERA_H
#define CAMERA_CAMERA_H
/*
 * The test camera's server: one source, shown under count addresses (/1, /2, …)
 * to any number of RTSP clients up to CAMERA_CLIENTS_MAX, on one libevent loop.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "camera/source.h"
#include "net/rtsp_login.h"

#define CAMERA_COUNT_MAX 256
#define CAMERA_CLIENTS_MAX 1024

struct event;
struct event_base;
struct evconnlistener;
struct client;

struct camera_settings {
	struct sockaddr_storage address;       /* port 0: any free one */
	socklen_t address_len;
	unsigned count;                        /* 1..CAMERA_COUNT_MAX */
	const char *name;                      /* as text_is_name */
	const struct rtsp_server_login *login; /* NULL: everybody may watch */
};

struct camera {
	struct camera_settings settings;
	struct source *source;                 /* borrowed */
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *tick, *second, *stop[2];
	struct client *clients[CAMERA_CLIENTS_MAX];
	unsigned nclients, nplaying;
	int64_t began_us;                      /* monotonic: where media time is 0 */
	int failure;                           /* of the source; ends the loop */
};

/* Listens; settings' strings and the source are borrowed. 0, or -errno of the socket. Free it in either case. */
int camera_open(struct camera *c, const struct camera_settings *settings, struct source *source);
/* Port that it listens on. */
unsigned camera_port(const struct camera *c);
/* Serves until SIGINT or SIGTERM: 0, or the source's -errno. */
int camera_run(struct camera *c);
void camera_close(struct camera *c);

/* For clients: */

int64_t camera_media_us(const struct camera *c);
/* The stream at path: 0 with its SDP appended, -ENOENT, or an error of rtp_send_sdp. */
int camera_describe(const struct camera *c, const char *path, struct buf *sdp);
bool camera_has_path(const struct camera *c, const char *path);
/* A client begins to play: the source starts, or is asked for a key frame. */
void camera_watch(struct camera *c);
void camera_unwatch(struct camera *c);
/* Takes the client out of the list and frees it. Not from within client_send. */
void camera_drop(struct camera *c, struct client *client);

#endif
