/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SERVER_SERVE_WORLD_H
#define TESTS_SERVER_SERVE_WORLD_H
/*
 * The world around real serve processes: this test is their parent and their
 * store, on one loop. Any failure fails the test.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "server/channel.h"

#define WORLD_SERVES 2
#define WORLD_TARGET_S 2  /* of every camera's playlists */
#define WORLD_USER "alice"
#define WORLD_PASSWORD "open sesame"

struct world {
	struct event_base *base;
	struct channel *parent[WORLD_SERVES], *store[WORLD_SERVES];
	pid_t pid[WORLD_SERVES];
	uint16_t port[WORLD_SERVES];
	unsigned serves, ready, bad_peers, gone;
	uint32_t layers;
	char why[128];                       /* of the last bad peer */
	struct msg_serve_state state;        /* the last one */
	struct msg_login login[32];          /* who was let in and refused, as serve said */
	unsigned nlogins;
	struct msg_want want[64];
	unsigned nwants;
	struct msg_cosignature cosignature;  /* the last one */
	unsigned cosignatures;
	struct msg_clip_make clip;           /* the last one */
	unsigned clips, clip_nexts, clip_ends;
	struct msg_question question;        /* the last one */
	unsigned questions;
	enum msg_answer_result answer;       /* to each of them */
	char answered[100];
	unsigned ended;                      /* how often serve said that a session is over */
	struct msg_viewing viewing[32];      /* who watched what, as serve said */
	unsigned nviewings;
	unsigned watched;                    /* how often serve said that somebody watches */
	struct msg_watched last_watched;
	uint16_t camera;                     /* of world_track and world_segment; 0 is "yard" */
	int64_t start_us;                    /* of world_segment: wall clock, or 0 for one of long ago */
	int64_t set_back_us;                 /* by so much the wall clock is behind, for segments from now on */
};

/* Starts that many processes, each with its listener on a free port, a camera "yard" (copy, audio, 360p) and one "attic" (audio, and "small" on demand). */
void world_start(struct world *w, unsigned serves);
/* And that many cameras with a copy alone, "c2" and on. */
void world_start_with(struct world *w, unsigned serves, unsigned more);
void world_stop(struct world *w);
/* A user who is new, or has another password, while the processes run. */
void world_user(struct world *w, unsigned user, const char *name, const char *password);
/* One who may only that, at that camera; version: grows with each change of him. */
void world_user_may(struct world *w, unsigned user, uint32_t version, const char *name, const char *password, unsigned rights, unsigned camera);
/* A share link with that token, in its place; gone: none. */
void world_share(struct world *w, struct msg_share m, const char *token);
/* What every question is answered from now on. */
void world_answer(struct world *w, enum msg_answer_result result, const char *text);
/* The first answer about the clip, and pieces of it, to serve 0. */
void world_clip(struct world *w, uint64_t total);
void world_clip_piece(struct world *w, const char *text);
/* One listener more, of serve 0; its port. */
uint16_t world_listen(struct world *w, enum listener_kind kind);
/* A new channel to a new store, for serve i. */
void world_give_store(struct world *w, unsigned i);
/* Another certificate for every serve, with that serial number (the first one's is 1); right false: with a key that is not its. */
void world_certificate(struct world *w, long serial, bool right);
/* The same, with authorities of viewers' certificates. */
void world_authority(struct world *w, long serial, const char *pem);
/* Runs the loop until *flag is at least n. */
void world_wait(struct world *w, const unsigned *flag, unsigned n);
/* Tells every serve of an init segment, and then of segments with these sizes; seal false leaves the memory open. */
void world_track(struct world *w, unsigned rendition);
void world_segment(struct world *w, unsigned rendition, uint64_t number, size_t bytes, bool seal);
#define WORLD_TAG 0xfeedu
/* And of chunk i of n that world_segment's bytes are; each is a part. */
void world_part(struct world *w, unsigned rendition, uint64_t number, size_t bytes, unsigned i, unsigned n);
/* What the segment's bytes are: filled from its number. */
void world_fill(uint8_t *p, size_t n, uint64_t number);
void world_checkpoint(struct world *w, uint64_t size, const char *note);
/* Camera 0's rendition has no bytes any more of segments before this number. */
void world_oldest(struct world *w, uint8_t rendition, uint64_t number);
/* Answers the i-th want of serve 0. text NULL: status alone. */
void world_have(struct world *w, unsigned i, enum msg_have_status status, const char *text);

#endif
