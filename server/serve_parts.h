/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_PARTS_H
#define SERVER_SERVE_PARTS_H
/*
 * What serve holds of the segments under way, and who is told of more. While a
 * rendition is watched closely (serve_watch_closely), store publishes each chunk
 * (moof and mdat, one or more of each) in sealed memory of its own as soon as it
 * is whole; when the segment is whole, it takes the place of its chunks.
 *
 * A part, as HLS means it, is one or more consecutive chunks of a segment; store
 * says which, so that all serve processes give a part's address to the same bytes.
 *
 * Pure but for mapping: no clock, no channel. Bounded: SERVE_CHUNKS_MAX chunks and
 * SERVE_CHUNKS_BYTES of a rendition, SERVE_CHUNKS_ALL in a process; what is beyond
 * is left out up to the end of its segment, which comes whole.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "server/msg.h"
#include "server/serve_bytes.h"

#define SERVE_CHUNKS_MAX 512                 /* of the segments of a rendition that are not whole yet */
#define SERVE_CHUNKS_BYTES (64u << 20)
#define SERVE_CHUNKS_ALL 16384               /* each is a mapping, of which Linux gives a process 65530 */
#define SERVE_UNDER_WAY 4                    /* segments of a rendition that are not whole yet */

struct serve_media;
struct serve_camera;
struct serve_rendition;

/* --- reading a rendition on, piece by piece ------------------------------------------------ */

/* Where a reader is: in front of that byte of that segment. */
struct serve_place {
	uint64_t number, offset;
};

/* Whole chunks, one or more; their times are those in their tfdt and trun, in units of the track's timescale. */
struct serve_piece {
	struct serve_bytes *owner;           /* borrowed: who keeps p takes a reference */
	const uint8_t *p;
	size_t n;
	uint64_t number;                     /* of the segment */
	uint32_t discontinuity;              /* as of a segment: another number than the piece before, another timeline */
	uint8_t init_sha256[32];             /* of its init segment: serve_media_init with its first 8 bytes */
	bool begins;                         /* a segment begins with it */
	bool independent;                    /* it begins with a key frame */
	int64_t capture_us;                  /* wall clock of its first picture in presentation order */
};

/*
 * The bytes behind *at, as many as there are in one piece: a chunk of a segment under way, or what is left of one that is
 * whole. Moves *at behind them; over a segment that the rendition lacks it goes on with the next one there is. False, and
 * nothing is touched, while there is nothing.
 */
bool serve_parts_next(const struct serve_rendition *r, struct serve_place *at, struct serve_piece *ret);
/* The newest place that decoding can begin at: a key frame, in what is held. False: there is none. */
bool serve_parts_newest_key(const struct serve_rendition *r, struct serve_place *ret);

/* --- being told ------------------------------------------------------------------------------ */

/*
 * Somebody who waits for more of a rendition; the owner's memory, zeroed. Called, once joined, after each new chunk and
 * segment; gone: the rendition is no more, and the follower has left already. It may leave or join in the call, and may free
 * nobody but itself.
 */
struct serve_follower {
	void (*more)(struct serve_follower *f, bool gone);
	LIST_ENTRY(serve_follower) next;
	bool joined;
};
LIST_HEAD(serve_followers, serve_follower);

/* Joins; nothing if it has joined already (one at a time). */
void serve_parts_follow(struct serve_rendition *r, struct serve_follower *f);
/* Nothing if it has not joined. */
void serve_parts_leave(struct serve_follower *f);

#endif
