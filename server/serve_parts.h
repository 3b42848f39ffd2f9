/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_SERVE_PARTS_H
#define SERVER_SERVE_PARTS_H
/*
 * What serve holds of the segments under way, and who is told of more. While a
 * rendition is watched closely (serve_watch_closely), store publishes each chunk
 * (moof and mdat, one or more of each) in sealed memory of its own as soon as it
 * is whole; when the segment is whole, it takes the place of its chunks, and has to be
 * byte for byte what they were: a store that gave viewers other bytes than those it
 * hashed, logged and proves is found out here.
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

struct serve_rendition;

/* --- what there is --------------------------------------------------------------------------- */

/* A range of its segment, that a playlist lists. */
struct serve_part {
	uint64_t offset, n;                  /* bytes */
	uint64_t duration;                   /* of the segment's timescale */
	bool independent;                    /* it begins with a key frame */
	struct serve_bytes *bytes;           /* NULL until somebody asks for it */
};

/* The parts of a segment from its first on. */
struct serve_part_list {
	struct serve_part *part;
	unsigned n, room;
	uint32_t tag;                        /* in their addresses: the segment's epoch */
	bool final;                          /* the epoch ended with them: what comes next has another tag */
	uint16_t target_ms;                  /* that store counted them under: below a larger one they are too short to be listed */
	bool all;                            /* of a segment that is whole: they are all of it, and a playlist may list them */
};

struct serve_chunk {
	struct serve_bytes *bytes;
	uint64_t offset;                     /* in the segment */
	int64_t capture_us;
	bool independent;
};

/* A segment that is not whole here yet. */
struct serve_under_way {
	uint64_t number;
	uint32_t discontinuity, timescale;
	uint8_t init_sha256[32];
	struct serve_chunk *chunk;
	unsigned n, room;
	uint64_t bytes;                      /* of its beginning: what chunks hold */
	bool last;                           /* its last chunk is there */
	bool cut;                            /* more of it is not held: there was too much */
	bool unlisted;                       /* no more of it belongs to a part */
	struct serve_part_list parts;
	bool part_grows;                     /* the last one is not whole yet */
};

LIST_HEAD(serve_followers, serve_follower);

/* Of a rendition. */
struct serve_parts {
	struct serve_under_way under_way[SERVE_UNDER_WAY];  /* oldest first */
	unsigned n, chunks;
	uint64_t bytes;
	unsigned *all;                       /* chunks of all renditions */
	uint16_t target_ms;                  /* no part lasts longer; only ever grows */
	struct serve_followers followers;
};

/*
 * A chunk that store published; fd stays the caller's, *all counts chunks of all renditions. 1: a part is whole with it; 0;
 * -ENOMEM; -EBADMSG with *why: store may not say that.
 */
int serve_parts_add(struct serve_parts *p, const struct msg_part *m, int fd, unsigned *all, const char **why);
/*
 * The segment is whole: its chunks, and those of segments before it, go. 0 with the parts it has, which viewers may have been told of,
 * for serve_parts_free; -EBADMSG with *why: it is not what its chunks were, and nobody gets more of those.
 */
int serve_parts_settle(struct serve_parts *p, const struct msg_segment *m, const struct serve_bytes *bytes, struct serve_part_list *ret, const char **why);
/* Forgets all chunks; followers stay. */
void serve_parts_reset(struct serve_parts *p);
void serve_parts_free(struct serve_part_list *l);

/* --- parts by their address ------------------------------------------------------------------- */

struct serve_part_name {
	uint64_t number;
	unsigned part;
	uint32_t tag;
};

/* The segment under way that follows the newest whole one: only its parts can be listed. NULL: nothing is held of it. */
const struct serve_under_way *serve_parts_listed(const struct serve_rendition *r);
/* The part that comes next, as far as that is known: none behind the end of an epoch, whose next part nobody would ever get. */
bool serve_parts_hint(const struct serve_rendition *r, struct serve_part_name *ret);
/* HERE with *ret borrowed (NULL without memory); COMES: it is the next one, or soon after; else NONE. */
enum serve_part_state { SERVE_PART_NONE, SERVE_PART_COMES, SERVE_PART_HERE };
enum serve_part_state serve_parts_find(struct serve_rendition *r, const struct serve_part_name *name, struct serve_bytes **ret);
/* It no more only comes. */
bool serve_parts_is_decided(const struct serve_rendition *r, const struct serve_part_name *name);
/* Whether parts were told of in what is held: under another target they would be too short. */
bool serve_parts_any(const struct serve_rendition *r);
/* Parts of a segment that are whole: listed under way, or of one that is whole itself; 0 for others. */
unsigned serve_parts_count(const struct serve_rendition *r, uint64_t number);

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
	int64_t capture_us;                  /* wall clock of its first picture in presentation order; SERVE_NO_CAPTURE: goes on as what was before it */
};
#define SERVE_NO_CAPTURE INT64_MIN

/*
 * The bytes behind *at, as many as there are in one piece: a chunk of a segment under way, or what is left of one that is
 * whole. Moves *at behind them; over a segment that the rendition lacks it goes on with the next one there is. False, and
 * nothing is touched, while there is nothing.
 */
bool serve_parts_next(const struct serve_rendition *r, struct serve_place *at, struct serve_piece *ret);
/*
 * How it stands with the segment that is read, behind *at: HERE, serve_parts_next gives bytes of it; COMES, there will be more; OVER; NONE: it
 * is not held any more, or not the one that was begun: tag is that of its epoch.
 */
enum serve_growth { SERVE_GROWTH_NONE, SERVE_GROWTH_COMES, SERVE_GROWTH_HERE, SERVE_GROWTH_OVER };
enum serve_growth serve_parts_look(const struct serve_rendition *r, const struct serve_place *at, uint32_t tag);
/* Of a segment under way of which something is held; 0: there is none of that number (0 is no epoch's). */
uint32_t serve_parts_tag(const struct serve_rendition *r, uint64_t number);
/* The newest place that decoding can begin at: a key frame, in what is held. False: there is none. */
bool serve_parts_newest_key(const struct serve_rendition *r, struct serve_place *ret);

/* --- being told ------------------------------------------------------------------------------ */

/* There is more; store is gone, and with it what was to come of a segment under way; or the rendition is. */
enum serve_told { SERVE_TOLD_MORE, SERVE_TOLD_LOST, SERVE_TOLD_GONE };

/*
 * Somebody who waits for more of a rendition; the owner's memory, zeroed. Told, once joined, after each new chunk and
 * segment. GONE: it has left already. It may leave or join in the call, and may free nobody but itself.
 */
struct serve_follower {
	void (*told)(struct serve_follower *f, enum serve_told what);
	LIST_ENTRY(serve_follower) next;
	bool joined;
};

/* Joins; nothing if it has joined already (one at a time). */
void serve_parts_follow(struct serve_rendition *r, struct serve_follower *f);
/* Nothing if it has not joined. */
void serve_parts_leave(struct serve_follower *f);
/* For server/serve_media.c. */
void serve_parts_tell(struct serve_parts *p, enum serve_told what);

#endif
