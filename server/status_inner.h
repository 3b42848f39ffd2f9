/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_STATUS_INNER_H
#define SERVER_STATUS_INNER_H
/* What both forms of `casemate status` are made of; the JSON is described in casemate-status(1). */
#include "server/parent.h"

#define STATUS_NOTES_MAX 16
#define STATUS_NOTE 400

struct status_usage {
	uint64_t memory_bytes;
	double cpu_s;
	char state;                    /* as proc(5) has it: R, S, D, T …; 0 if there is none */
};

/* Of a process, as proc(5) has it; zeros if there is none. */
struct status_usage status_usage(pid_t pid);
const char *status_child_phase(const struct child *c);
const char *status_camera_phase(const struct camera_live *cam);

/* Packets, access units and segments of a camera that did not get on, by what was to blame. */
struct status_drops {
	uint64_t camera, network, ring, disk;
};
struct status_drops status_drops(const struct camera_live *cam);

/* What is wrong with a camera, or worth knowing, in sentences that say the mend; the worst first. */
struct status_notes {
	unsigned n;
	char text[STATUS_NOTES_MAX][STATUS_NOTE];
};
void status_notes(const struct camera_live *cam, int64_t now_us, struct status_notes *ret);
struct json;
/* status_worker.c: the worker's part of a camera, in both forms */
void status_worker_json(struct json *j, const struct site_camera *conf, const struct camera_live *cam);
void status_worker_text(struct buf *out, const struct site_camera *conf, const struct camera_live *cam, bool colour);
/* status_witness.c: who else vouches for the log, in both forms */
void status_witness_json(struct json *j, const struct parent *p);
void status_witness_text(struct buf *out, const struct parent *p, bool colour);
void status_json_time(struct json *j, const char *name, int64_t us);
/* status_alarms.c: what the admin can do about an alarm; what is on, of cameras and site */
const char *status_mend(unsigned kind);
void status_alarms_json(struct json *j, const struct parent *p);
void status_alarms_text(struct buf *out, const struct parent *p, bool colour);
/* What the admin can do about a reason; NULL: nothing. */
const char *status_advice(uint8_t why);
/* "42s", "3m", "5.0h": for people. */
const char *status_age(double s, char out[16]);

#endif
