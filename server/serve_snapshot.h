/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_SNAPSHOT_H
#define SERVER_SERVE_SNAPSHOT_H
/*
 * For whom snapshots are begun. A camera without encoded renditions gets a worker for its snapshots alone: there are
 * MSG_SNAPSHOT_WORKERS_MAX of those at most, and SERVE_USER_SNAPSHOTS that one user had begun in this process.
 */
#include "server/serve_limit.h"
#include "server/serve_media.h"

#define SERVE_USER_SNAPSHOTS 16

/* SERVE_LIMIT_COUNT when the camera's snapshots are being made, or may be begun for that user (and are counted as his); else what forbids it. */
enum serve_limit serve_snapshot_begin(const struct serve_media *m, struct serve_camera *c, unsigned user, int64_t now_us);

#endif
