/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_PARENT_METRICS_H
#define SERVER_PARENT_METRICS_H
/*
 * What the parent tells of the whole server on listeners for metrics: made every PARENT_METRICS_US while there is one, as
 * sealed memory that serve hands out, since the parent reads nothing from outside. What each role counts begins anew
 * with its process; what is told here goes on.
 */
#include <stdbool.h>
#include <stdint.h>

#include "media/record.h"
#include "server/metrics.h"
#include "server/msg.h"

#define PARENT_METRICS_US 5000000
#define PARENT_METRICS_MAX (24u << 20)   /* bytes of either form: three times what 1000 cameras have */

struct parent;
struct child;

/* Of a camera, by ingest; by its worker; by store. */
enum camera_count {
	CAMERA_PACKETS, CAMERA_LOST, CAMERA_REORDERED, CAMERA_DUPLICATES, CAMERA_UNITS, CAMERA_MENDED, CAMERA_RECONNECTS, CAMERA_KEY_REQUESTS,
	CAMERA_DROPPED_CAMERA, CAMERA_DROPPED_NETWORK, CAMERA_DROPPED_RING,
	CAMERA_PICTURES, CAMERA_DAMAGED, CAMERA_SKIPPED, CAMERA_BEHIND,
	CAMERA_COUNTS
};
enum rendition_count { RENDITION_LOST, RENDITION_CODED, RENDITION_SAME, RENDITION_LATE, RENDITION_COUNTS };

struct camera_counts {
	int64_t created_us;                    /* wall clock; 0: nothing was counted yet */
	int64_t ingest_us, worker_us, store_us;  /* monotonic: since when those run whom the counts below are of */
	struct metrics_count of[CAMERA_COUNTS], rendition[RENDITIONS_MAX][RENDITION_COUNTS];
	uint32_t losses[GAP_WHY_COUNT];        /* how often it was lost, by reason */
};

/* Of a process. */
enum child_count {
	CHILD_CPU_US,
	CHILD_REQUESTS, CHILD_REQUESTS_HTTP1, CHILD_REQUESTS_HTTP2, CHILD_REQUESTS_RTSP, CHILD_BYTES_OUT, CHILD_RTSP_DROPPED,
	CHILD_REFUSED_ADDRESS, CHILD_REFUSED_USER, CHILD_REFUSED_LOGIN, CHILD_REFUSED_DEMAND, CHILD_REFUSED,
	CHILD_CLOSED_HANDSHAKE, CHILD_CLOSED_REQUEST, CHILD_CLOSED_SLOW, CHILD_CLOSED_STARVED, CHILD_CLOSED_IDLE,
	CHILD_STORE_SEGMENTS, CHILD_STORE_GAPS, CHILD_STORE_DROPPED,
	CHILD_COUNTS
};

struct child_counts {
	int64_t begun_us;                      /* monotonic: the process that they are of */
	struct metrics_count of[CHILD_COUNTS];
	uint64_t memory_bytes;
};

struct parent_metrics {
	int64_t made_us;                       /* monotonic; 0: never */
	int64_t created_us, started_us;        /* wall clock: of the first; of the server's start */
	int fd[METRICS_FORMS];                 /* sealed, while made_us */
	struct msg_metrics told;
	uint64_t memory_bytes;                 /* the parent's own */
	double cpu_s;
};

/* Once a second. */
void parent_metrics_sweep(struct parent *p);
/* To a serve that has become ready. */
void parent_tell_metrics(struct child *serve);
/* Gives its memory back. */
void parent_metrics_free(struct parent *p);

/* All of it as text, as it was counted last. Whether it fitted. */
bool parent_metrics_text(struct parent *p, enum metrics_form form, struct buf *out);
/* Takes what the roles have counted. */
void parent_metrics_count(struct parent *p);
/* What does not do its work, a line each; "" if all do. */
void parent_unready(const struct parent *p, char *out, size_t cap);
/* metrics_alarm.c, metrics_camera.c, metrics_site.c: their part of it */
void metrics_alarms(struct metrics *m, const struct parent *p);
void metrics_cameras(struct metrics *m, const struct parent *p);
void metrics_site(struct metrics *m, const struct parent *p);

#endif
