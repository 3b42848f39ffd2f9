/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_RTSP_H
#define SERVER_SERVE_RTSP_H
/*
 * RTSP on a connection: rtsps://HOST:PORT/CAMERA/RENDITION, inside TLS, or without
 * it where the site file says so. Interleaved in the connection only. What store
 * sealed is cut into packets as the socket takes them, so a connection holds no
 * queue: a place in the rendition, and at most one batch that the kernel did not
 * take. Who falls behind goes on with the newest key frame, a few times.
 */
#include "server/serve_conn.h"

#define SERVE_RTSP_DROPS_MAX 8              /* the next time a viewer is too slow, the connection ends */
#define SERVE_RTSP_DROPS_US 60000000        /* without which one of them is forgiven */
#define SERVE_RTSP_REPORT_US 5000000        /* between sender reports */

extern const struct serve_speech serve_rtsp;

/* Something of that camera has come, or changed: for who waits for it. Who plays follows its renditions. */
void serve_rtsp_wake(struct serve *s, unsigned camera);
/* The site has it no more, and its place may be another's soon: who has set up anything of it is let go. */
void serve_rtsp_gone(struct serve *s, unsigned camera);

#endif
