/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_SERVER_RTSP_WORLD_H
#define TESTS_SERVER_RTSP_WORLD_H
/*
 * A viewer's connection by RTSP without a process around it: the session of serve_rtsp_*.c on a serve that has the users and
 * cameras below, what store would have sealed, and a socket that takes what it is let. One at a time.
 *
 * anna may see "gate" (camera 0, with copy, audio and 360p) and not "vault" (camera 1, copy alone); her password is "secret", and by
 * Digest she has SHA-256. tom is as she, with MD5 too.
 */
#include "server/serve_rtsp_inner.h"

#define WORLD_SITE "a.example"
#define WORLD_PASSWORD "secret"
enum { WORLD_ANNA, WORLD_TOM, WORLD_USERS };

extern struct serve_rtsp world_rtsp;
extern struct serve_conn world_conn;
/* What serve was told of the session. */
extern struct world_heard {
	unsigned ready, logins, refused, guesses, limited, closed_slow, watched_closely;
	bool slow_down;                     /* every try comes too soon */
	bool thinks;                        /* a password is not known yet: world_verdict tells */
	bool sees_nothing;                  /* his rights have ended */
	uint32_t version;                   /* of every user */
} world_heard;

void world_begin(bool encrypted);
void world_end(void);
/* The password that is waited for was right, or not. */
void world_verdict(bool right);
/*
 * A segment of so many pictures (25 a second, the first a key frame of some 3 kB) or of frames of sound (1024 samples), behind the last.
 * world_store takes any bytes for one.
 */
void world_pictures(unsigned camera, unsigned rendition, unsigned n);
void world_sound(unsigned n);
void world_store(unsigned camera, unsigned rendition, const void *p, size_t n);
/* Any bytes as the newest init segment; those of pictures and sound are there. */
void world_init(unsigned camera, unsigned rendition, enum codec codec, const void *p, size_t n);
/* The next segments are of another timeline, which begins that much later by the wall clock. */
void world_break(int64_t us);
/* The wall clock that they are told to be of is so much later, on the same timeline. */
void world_clock(int64_t us);
struct serve_rendition *world_rendition(unsigned camera, unsigned rendition);

/* Sends a request (or any bytes) and gives the reply, which is there until the next but one; "" while it waits. */
const char *world_say(const void *p, size_t n);
/* The same, again, after something has come. */
const char *world_again(void);
/* "METHOD rtsp://h/PATH" with CSeq and more headers ("A: b\r\n"). */
const char *world_ask(const char *method, const char *path, const char *more);
/* Bytes of what is played now, as serve_rtsp_track_fill made them; aborts on a frame that is none. */
ssize_t world_play(uint8_t *p, size_t n, const char **why);

#endif
