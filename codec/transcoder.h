/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_TRANSCODER_H
#define CODEC_TRANSCODER_H
/*
 * The work of the transcode role, without its process: records of ingest in,
 * records for store out. Each access unit is decoded once (lane.h), and each picture
 * scaled and encoded for each rendition that runs (ladder.h, output.h), if there is
 * anything new in it; sound that no browser plays becomes AAC (sound.h), and of each
 * segment's first picture becomes a snapshot, if they are wanted (snapshot.h).
 *
 * Renditions line up with the camera's own bitstream: where ingest cuts, the
 * first picture that is shown at or after the cut begins the segment of the same
 * number, as a key frame, in every rendition. Pictures are left out where nothing
 * has changed, to keep to a rendition's rate or, for want of time, to catch up;
 * never one that begins a segment.
 *
 * Renditions on demand cost nothing while they don't run: then the newest access
 * units are kept (backlog.h), and when nothing runs nothing is decoded. One that
 * begins is made of what was kept, by a decoder of its own if the others run, and
 * goes on with what they see. Only to look at the scene a few key frames are decoded
 * now and then (settings.look_s).
 *
 * The input comes from ingest, which may have been taken over: anything may
 * follow anything. What cannot be used is counted and skipped.
 */
#include "codec/cpu.h"
#include "codec/denoise.h"
#include "codec/encoder.h"
#include "codec/mask.h"
#include "codec/picture.h"
#include "codec/sound.h"
#include "media/media_signing.h"
#include "media/record.h"

#define TRANSCODER_RENDITIONS_MAX 8
#define TRANSCODER_NAME 256            /* bytes of a name, its NUL included */

struct transcoder_rendition {
	uint8_t number;                /* RENDITION_ENCODED .. RENDITION_ENCODED + TRANSCODER_RENDITIONS_MAX - 1 */
	unsigned width, height;        /* even, 16..4096 */
	unsigned fps;                  /* at most; 0: as the camera */
	unsigned bitrate_bps;          /* cap, at least 16000 */
	unsigned crf;                  /* 1..51; 0: ENCODER_CRF */
	enum encoder_latency latency;
	enum encoder_profile profile;
	enum encoder_speed speed;
	unsigned priority;             /* 1..9, a higher one is given up later; of equal ones the later first. 0: 1 */
	bool on_demand;                /* only between transcoder_run(…, true) and (…, false) */
	bool sign;                     /* its groups of pictures are signed (gop_signer.h) */
};

struct transcoder_settings {
	uint16_t camera;
	uint32_t part_ms;              /* 0: PACKAGER_PART_MS */
	uint64_t max_pixels;           /* 0: PICTURE_MAX_PIXELS */
	enum cpu_level cpu;            /* at most cpu_best() */
	bool sound;                    /* make RENDITION_AUDIO, once there is a track for it */
	uint32_t look_s;               /* while nothing else is decoded the scene is looked at each so often, at first and at least; 0: never */
	bool overlay;                  /* site, camera and capture time stand in every picture */
	enum denoise_strength denoise;
	unsigned nmasks;
	struct mask mask[MASKS_MAX];
	/* For renditions that are signed: as gop_signer_hooks.ask, of which rendition. */
	void (*ask)(void *ctx, uint8_t rendition, const struct media_signing_gop *gop);
	void *ask_ctx;
	char site[TRANSCODER_NAME], name[TRANSCODER_NAME];  /* for the overlay: the site's and the camera's, may be empty */
	unsigned nrenditions;          /* up to TRANSCODER_RENDITIONS_MAX; 0: sound and snapshots alone */
	struct transcoder_rendition rendition[TRANSCODER_RENDITIONS_MAX];
};

struct transcoder_counts {
	uint64_t aus;                  /* access units of a stream that is being decoded */
	uint64_t skipped_aus;          /* of no known epoch, of a stream that can't be decoded, out of order */
	uint64_t errors;               /* access units, or pictures, that were damaged beyond use */
	uint64_t pictures;             /* decoded */
	uint64_t behind;               /* pictures left out to catch up */
	uint64_t encoded;              /* over all renditions */
	uint64_t refused;              /* encoded ones that store's full ring cost */
	struct sound_counts sound;
};

/* How it goes, of one rendition. */
struct transcoder_rendition_state {
	uint8_t number;
	bool running;                  /* wanted: always, or somebody watches */
	bool given_up;                 /* but not made, for want of time */
	unsigned fps_step;             /* its rate is halved so many times, for want of time */
	uint64_t encoded;              /* pictures */
	uint64_t same;                 /* not encoded, since nothing had changed */
	uint64_t behind;               /* not encoded, to catch up */
	uint64_t signed_gops, unsigned_gops;  /* of a rendition that is signed */
};

struct transcoder_state {
	unsigned scene;                /* enum scene_bit */
	unsigned scene_now;            /* the same, as of the newest picture that was looked at */
	uint64_t looked;               /* such pictures */
	int64_t no_picture_since_us;   /* wall clock of the last good picture, when there should be newer ones; 0: all well */
	unsigned overload;             /* steps taken */
	bool snapshot;                 /* RENDITION_SNAPSHOT runs */
	unsigned nrenditions;
	struct transcoder_rendition_state rendition[TRANSCODER_RENDITIONS_MAX];
};

struct transcoder;

/*
 * emit takes the records out (see media/packager.h for what its errors do); ctx is its first argument.
 * 0, -EINVAL for settings that can't be, -ENOMEM.
 */
int transcoder_new(struct transcoder **ret, const struct transcoder_settings *s,
	int (*emit)(void *ctx, const struct record *r), void *ctx);
/* Ends nothing: records under way are lost unless transcoder_finish came before. */
void transcoder_free(struct transcoder **t);

/*
 * One record of ingest, borrowed for the call; a GAP is as transcoder_finish, other kinds than that, TRACK and AU are
 * ignored. behind: leave out what may be.
 * 0; -ENOTSUP when a TRACK cannot be decoded (its access units are then skipped; *why says what is wrong, a
 * static text); any other error is not for going on: -ENOMEM, -EIO, or emit's.
 */
int transcoder_feed(struct transcoder *t, const struct record *r, bool behind, const char **why);
/* The stream ends: what is delayed comes out, every segment is ended. The next record to be of use is a TRACK. */
int transcoder_finish(struct transcoder *t);

/*
 * An on_demand rendition, or RENDITION_SNAPSHOT, on or off; what is so already stays so, and the others always run. One that
 * begins goes back to the last whole segment, so that there is something to show at once; one that ends lets its segment end.
 * 0, -ENOENT when there is no such rendition, or as transcoder_feed.
 */
int transcoder_run(struct transcoder *t, unsigned rendition, bool run);

/* As settings.look_s from here on; where that is sooner than the next look would be, it is now. 0 or -ENOMEM. */
int transcoder_look(struct transcoder *t, uint32_t look_s);

/*
 * Parts of that length of a rendition, or of RENDITION_AUDIO, as long as somebody watches it closely; 0: of the usual one. 0 or -ENOENT.
 */
int transcoder_part(struct transcoder *t, unsigned rendition, uint32_t part_ms);

/*
 * Gives up so many steps for want of time (codec/ladder.h), 0: none; what is beyond the last one is that one. 0, or as transcoder_feed.
 */
int transcoder_overload(struct transcoder *t, unsigned steps);
/* How many there are to take, with the renditions that run now. */
unsigned transcoder_overload_max(const struct transcoder *t);

/* Answers to settings.ask, of a rendition and a group; number 0: the certificate SEI, for each rendition that is signed. */
void transcoder_answer(struct transcoder *t, uint8_t rendition, uint32_t number, int64_t start_us, const uint8_t *nal, size_t n);

void transcoder_state(const struct transcoder *t, struct transcoder_state *ret);
struct transcoder_counts transcoder_counts(const struct transcoder *t);

#endif
