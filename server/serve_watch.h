/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_WATCH_H
#define SERVER_SERVE_WATCH_H
/*
 * Renditions that are made only while somebody watches: telling the parent that
 * somebody does, and what a viewer can be told of one before it was ever made.
 */
#include <stdint.h>

#include "server/serve.h"

#define SERVE_HOLD_US 10000000     /* a request for what is coming is held back so long, */
#define SERVE_HOLDS_MAX 512        /* for so many in all; */
#define SERVE_RELOADS_MAX 8192     /* and those for the next part or segment of what runs, of which a player may have two at once */

/* A viewer asks for it now: said to the parent, but not oftener than each MSG_WATCHED_US. Not for other renditions. */
void serve_watch_say(struct serve *s, struct serve_camera *c, unsigned rendition, int64_t now_us);
/*
 * Somebody watches closely, and wants what there is as soon as it is whole: SERVE_CHUNK_MS for parts of about that length,
 * SERVE_PICTURE_MS for each picture. Said to the parent likewise; it goes on until 30 s after the last time. Nothing for a
 * rendition that the camera has not.
 */
#define SERVE_CHUNK_MS 200
#define SERVE_PICTURE_MS MSG_PICTURE_MS
void serve_watch_closely(struct serve *s, struct serve_camera *c, unsigned rendition, unsigned chunk_ms, int64_t now_us);
/*
 * H.264 as the encoder will write it, as far as a playlist says so: size, profile and the lowest level (ITU-T H.264 table
 * A-1) for that size, rate and bit rate.
 */
struct track serve_watch_track(const struct msg_serve_rendition *set, uint32_t fps_milli);

#endif
