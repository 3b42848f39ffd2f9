/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_INGEST_CAMERA_H
#define SERVER_INGEST_CAMERA_H
/*
 * One camera inside ingest: when to dial, the connection, and what the parent is
 * told of it. The parent dials; a connected socket comes back. How long the next try
 * waits after a failure: ingest_backoff.h.
 */
#include "server/channel.h"
#include "server/ingest_ring.h"

#define INGEST_STATE_S 2              /* between two MSG_CAMERA_STATE without news */
#define INGEST_REPORT_S 5             /* between two receiver reports */

struct event_base;
struct ingest_camera;

/* What all cameras of the process share. */
struct ingest_site {
	struct event_base *base;
	struct channel *parent;
	struct ingest_ring store;
	uint8_t *received;                /* RTSP_CLIENT_FEED_MAX bytes, for one recv at a time */
};

/* Copies m; site is borrowed. The first dial is first_ms from now. 0 or -ENOMEM. */
int ingest_camera_new(struct ingest_site *site, const struct msg_ingest_camera *m, unsigned first_ms, struct ingest_camera **ret);
/* Wipes the password. */
void ingest_camera_free(struct ingest_camera **c);
uint16_t ingest_camera_index(const struct ingest_camera *c);

/* The parent's answer to MSG_DIAL: takes fd over if error is 0. */
void ingest_camera_dialed(struct ingest_camera *c, int error, int fd);
/* Takes the ring to the camera's transcode over, in place of an earlier one. */
void ingest_camera_transcode(struct ingest_camera *c, int fd, int doorbell);
/* There is a new ring to store. */
void ingest_camera_store_anew(struct ingest_camera *c);
/* A few times a second. */
void ingest_camera_tick(struct ingest_camera *c);
/* Gives the session back to the camera and ends; done when ingest_camera_idle is true. */
void ingest_camera_stop(struct ingest_camera *c);
bool ingest_camera_idle(const struct ingest_camera *c);

#endif
