/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SEAL_CLIP_H
#define SEAL_CLIP_H
/*
 * Makes a clip out of an archive (doc/evidence.5, CLIPS): one camera's segments of
 * a time as playable files, with the proof of every entry that speaks of them, the
 * checkpoint, and a report for people. It is pure: bytes come through struct
 * verify_source (get alone is used) under the paths of an archive, and go where the
 * caller takes them. It works in steps, each of some MB at most or of one segment,
 * so that who has one thread for much is not held up:
 *
 *     clip_new
 *     clip_look     until it says 0: finds the segments, and hashes each against its entry
 *     clip_witnessed  if its footage is to be cosigned: until it says 0
 *     clip_exports  what was found, as export/v1 entries; the caller has them logged
 *     clip_prove    until it says 0: -EAGAIN while no checkpoint covers those entries
 *     clip_next     gives files, piece by piece, until it says 0
 *
 * Memory: a segment, and some 150 bytes for each.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "seal/entry.h"
#include "seal/hash.h"
#include "seal/key.h"
#include "seal/verify.h"

#define CLIP_NAME 128                     /* of a file in a clip, with its folder, and a NUL */
#define CLIP_SEGMENTS_MAX 250000u         /* some five days of a camera, sound and pictures */
#define CLIP_SEGMENT_MAX_BYTES (128u << 20)
#define CLIP_TIME_MAX_US INT64_C(253402300799999999)  /* the end of the year 9999 */
#define CLIP_RENDITIONS 2                 /* the one that was asked for, and the sound */

struct clip_ask {
	const char *camera, *rendition;   /* names */
	bool audio;                       /* the camera's sound as well, where it is kept */
	int64_t from_us, to_us;           /* 0 <= from < to <= CLIP_TIME_MAX_US */
	const char *user;                 /* who asks: as the export/v1 entries name him */
	const char *key;                  /* vkey that a verifier compares; NULL: the newest that the log names there */
	const void *page;                 /* verify.html; NULL: none */
	size_t page_bytes;
	uint64_t bytes_max;               /* of footage */
};

/* One file, or a part of it. All is borrowed until the next call. */
struct clip_piece {
	const char *name;                 /* "gate-1-copy-12-40.mp4", "proofs/1041.tlog-proof" */
	uint64_t file_bytes;              /* of the whole file */
	uint32_t crc32;                   /* of the whole file */
	bool begins, ends;                /* the file, with this piece */
	const uint8_t *p;
	size_t n;
};

/* How far it is. */
struct clip_progress {
	uint64_t segments, of;            /* hashed, or given out */
	uint64_t bytes;
};

struct clip;

/* All texts are copied, the source and the page are borrowed until clip_free. 0, -EINVAL when a name or time is none, -ENOMEM. */
int clip_new(const struct clip_ask *ask, const struct verify_source *src, struct clip **ret);
void clip_free(struct clip **c);

/* 1: there is more to do; 0: done; or -errno, and clip_why says what in words. -ENODATA: nothing is kept of that time. */
int clip_look(struct clip *c);
/*
 * After clip_look said 0: 0 when witnesses have cosigned a checkpoint that covers all of the footage, as many as the site's policy
 * needs; -EAGAIN: not yet; -ENOENT: the site asks for none; or -errno, and clip_why says what in words.
 */
int clip_witnessed(struct clip *c, int64_t now_us);
/* After clip_look said 0. How many; one for each rendition of which there is any, which names the other one. Their time is now_us. */
unsigned clip_exports(struct clip *c, int64_t now_us, struct entry ret[CLIP_RENDITIONS]);
/* As clip_look; -EAGAIN: the entries are not under a checkpoint yet. */
int clip_prove(struct clip *c);
/*
 * Names the next file and its size, before any is given: p is NULL and n is 0. 1 with *ret; 0 when all are named, and
 * clip_next may begin; or -errno.
 */
int clip_list(struct clip *c, struct clip_piece *ret);
/* 1 with *ret, 0 when all is given out; or -errno: what was given is then worth nothing. */
int clip_next(struct clip *c, struct clip_piece *ret);

/* What is wrong, for people; "" if nothing is. Borrowed. */
const char *clip_why(const struct clip *c);
void clip_progress(const struct clip *c, struct clip_progress *ret);
/* After clip_look said 0: the times that the clip has, whole segments. */
void clip_given(const struct clip *c, int64_t *ret_from_us, int64_t *ret_to_us);
/* After clip_look said 0: whether all that was sealed of the time is there and holds. Gaps with their entries are no fault. */
bool clip_is_whole(const struct clip *c);
/* After clip_look said 0: what was rounded, what is missing and why, what does not hold; lines of text. 0 or -ENOBUFS. */
int clip_tell(const struct clip *c, struct buf *out);

#endif
