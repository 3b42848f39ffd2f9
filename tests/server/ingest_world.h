/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SERVER_INGEST_WORLD_H
#define TESTS_SERVER_INGEST_WORLD_H
/* ingest as its own process, sealed, with the test as its parent, its store and the camera 5, "yard". */
#include <stdbool.h>
#include <sys/types.h>

#include "base/ring.h"
#include "media/record.h"
#include "server/channel.h"

struct ssl_st;

struct ingest_rig {
	pid_t pid;
	struct channel *channel;
	struct ring store;
	int bell;
	int camera;                       /* the camera's end of its connection, -1: there is none */
	struct ssl_st *tls;               /* spoken over it, NULL: plain */
	int media[2];                     /* the camera's ends of a track's ports, -1: it speaks interleaved */
	unsigned pictures;                /* shown so far */
	struct {
		bool ready, dial, onvif_dial, ring_taken;
		struct msg_camera_state state;
		unsigned opens, connects, closes;  /* of ports */
		struct msg_udp_connect connect;
	} heard;
};
extern struct ingest_rig rig;

/* "rtsp://192.0.2.1/yard", by TCP, no login. */
extern const struct msg_ingest_camera rig_camera;

/* Starts the role with that camera (ca: a descriptor for it, or -1) and waits until it wants to dial. */
void rig_begin(const struct msg_ingest_camera *m, int ca);
void rig_end(void);

void rig_say(enum msg_type type, const void *body, const int *fds, unsigned nfds);
void rig_give_store_ring(void);
/* One that store would take up where the present one ends, which is then the caller's; returns when ingest has it. */
void rig_give_larger_ring(struct ring *ret_earlier);
void rig_hear(void);
void rig_hear_until(const bool *what);
void rig_hear_phase(enum camera_phase phase);

/* Gives the role a connected socket; the other end is rig.camera. */
void rig_connect(void);
/* Reads one request, which must begin so, and answers it; what was asked, until the next call. */
const char *rig_answer(const char *method, const char *headers, const char *body);
const char *rig_answer_status(const char *method, const char *status, const char *headers, const char *body);
/* From OPTIONS to DESCRIBE, of one video track; then to PLAY by TCP. */
void rig_describe(const char *scheme);
void rig_play(const char *scheme);
/* 25 pictures a second by their timestamps, a key frame each second, as fast as they go. */
void rig_show(unsigned n);
/* Shows on until a record comes, of whatever kind: that one. */
void rig_show_until_record(struct buf *b);
/* The next record of that kind, others passed over. */
struct record rig_next_record(struct buf *b, enum record_kind kind);

#endif
