/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_SOUND_H
#define CODEC_SOUND_H
/*
 * A camera's sound that no browser plays, made AAC and packaged as RENDITION_AUDIO:
 * at its own rate, on its own times, cut where ingest cuts.
 *
 * Each segment's end carries the SHA-256 over the access units that came of it, each
 * behind its u32 length, as ingest makes it of sound that is packaged as it comes.
 * (libavutil's: the role then needs no cryptographic library.)
 *
 * The input comes from ingest, which may have been taken over: anything may
 * follow anything. What cannot be used is counted and skipped.
 */
#include "media/record.h"

struct sound_counts {
	uint64_t aus;                  /* access units of a track that is being decoded */
	uint64_t skipped_aus;          /* of no known epoch, of a track that can't be decoded, out of order */
	uint64_t errors;               /* access units that were damaged beyond use */
	uint64_t encoded;              /* frames */
	uint64_t refused;              /* frames that store's full ring cost */
	uint64_t silence, left_out;    /* samples put in for what was lost, taken out for what came twice */
};

struct sound;

/* emit takes the records out (media/packager.h); ctx is its first argument. part_ms 0: PACKAGER_PART_MS. 0 or -ENOMEM. */
int sound_new(struct sound **ret, uint16_t camera, uint32_t part_ms, int (*emit)(void *ctx, const struct record *r), void *ctx);
/* Parts of another length from now on; 0: as at first. */
void sound_part(struct sound *s, uint32_t part_ms);
/* Ends nothing: what is under way is lost unless sound_finish came before. */
void sound_free(struct sound **s);

/*
 * A new epoch's track of sound; what was before is finished. 0; -ENOTSUP when it cannot be made AAC (its access
 * units are then skipped; *why in words, a static text); any other error is not for going on: -ENOMEM, -EIO, or emit's.
 */
int sound_track(struct sound *s, const struct record_track *t, const char **why);
/* One access unit (borrowed for the call). 0, or an error that is not for going on. */
int sound_feed(struct sound *s, const struct record_au *a);
/* The stream ends: what is under way goes out. The next of use is a track. */
int sound_finish(struct sound *s);

struct sound_counts sound_counts(const struct sound *s);

#endif
