/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_INGEST_CAMERA_H
#define SERVER_INGEST_CAMERA_H
/*
 * One camera inside ingest: when to dial, the connection, and what the parent is
 * told of it. The parent dials; a connected socket comes back, and so do those for
 * media by UDP. How long the next try waits after a failure: ingest_backoff.h.
 */
#include "server/channel.h"
#include "server/ingest_pace.h"
#include "server/ingest_ring.h"
#include "server/ingest_tls.h"

#define INGEST_STATE_S 2              /* between two MSG_CAMERA_STATE without news */
#define INGEST_LOG_S 600              /* between two lines about a camera that stays lost for the same reason */
#define INGEST_REPORT_S 5             /* between two receiver reports */
#define INGEST_HANDSHAKE_S 8          /* the longest of TLS: cameras are slow at RSA */

struct event_base;
struct ingest_camera;
struct ingest_udp_batch;

/* What all cameras of the process share. */
struct ingest_site {
	struct event_base *base;
	struct channel *parent;
	struct ingest_ring store;
	struct ingest_tls_contexts tls;
	struct ingest_udp_batch *batch;
	uint8_t *received;                /* RTSP_CLIENT_FEED_MAX bytes, for one recv at a time */
	struct ingest_pace pace;
};

/*
 * Copies m; site is borrowed. ca: what came with m, or -1; not taken over. The first dial is first_ms from now.
 * 0 or -errno.
 */
int ingest_camera_new(struct ingest_site *site, const struct msg_ingest_camera *m, int ca, unsigned first_ms, struct ingest_camera **ret);
/* Wipes the password. */
void ingest_camera_free(struct ingest_camera **c);
uint16_t ingest_camera_index(const struct ingest_camera *c);

/* The parent's answer to MSG_DIAL: takes fd over if error is 0. */
void ingest_camera_dialed(struct ingest_camera *c, int error, int fd);
void ingest_camera_onvif_dialed(struct ingest_camera *c, int error, int fd);
/* The parent's answers to MSG_UDP_OPEN and MSG_UDP_CONNECT; takes both descriptors over. */
void ingest_camera_udp_opened(struct ingest_camera *c, const struct msg_udp_opened *m);
void ingest_camera_udp_connected(struct ingest_camera *c, const struct msg_udp_connected *m, int fds[2]);
/* Takes the ring to the camera's transcode over, in place of an earlier one; -1: there is none any more. */
void ingest_camera_transcode(struct ingest_camera *c, int fd, int doorbell, bool pictures);
/* There is a new ring to store. */
void ingest_camera_store_anew(struct ingest_camera *c);
/* Parts of that length from now on; 0: of the usual one. */
void ingest_camera_part_length(struct ingest_camera *c, unsigned track, uint16_t chunk_ms);
/* A few times a second. */
void ingest_camera_tick(struct ingest_camera *c);
/*
 * The site has it no more, or has it with other settings: its footage ends here because of why, and nobody is told of it
 * any more, while it ends as by ingest_camera_stop. next takes its place, and its epochs follow; NULL: none does.
 */
void ingest_camera_leave(struct ingest_camera *c, enum gap_why why, struct ingest_camera *next);
bool ingest_camera_left(const struct ingest_camera *c);
/* Gives the session back to the camera and ends; done when ingest_camera_idle is true. */
void ingest_camera_stop(struct ingest_camera *c);
bool ingest_camera_idle(const struct ingest_camera *c);

#endif
