/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CAMERA_CLIENT_H
#define CAMERA_CLIENT_H
/*
 * One client of the test camera: its connection, its session's RTP streams and
 * what waits to be sent. A client that takes too little loses pictures up to the
 * next key frame; nobody waits for it.
 */
#include <stdint.h>

#include "camera/camera.h"

struct client;

/* Takes over fd, also on failure. NULL when memory or descriptors are short. */
struct client *client_new(struct camera *camera, int fd);
void client_free(struct client **c);
/* One unit of the source to a client; if it isn't playing, nothing happens. */
void client_send(struct client *c, const struct source_unit *unit);
/* Once a second: sender reports and time limits. False: it is to be dropped. */
bool client_second(struct client *c, int64_t wall_us);

#endif
