/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_RECORD_H
#define MEDIA_RECORD_H
/*
 * What travels in rings, as bytes (big-endian, first byte the kind). One encoder
 * and one decoder per record, both pure; the decoder bounds everything, since the
 * producer may be taken over. Decoded records borrow from the decoded bytes.
 *
 * Numbering. An epoch is one unbroken stream of a camera with unchanged
 * parameter sets; its number is the wall clock (us) at which it began, made
 * strictly larger each time. Within an epoch ingest counts cuts: segment 0, 1,
 * 2 ..., the same for every rendition of the camera. store alone gives the
 * lasting numbers.
 *
 * Renditions of a camera are numbered: 0 copy, 1 audio, 2 … the encoded ones in
 * the site file's order, and last the snapshots: of each segment of the copy its
 * first picture, as CODEC_JPEG. Its INIT has no bytes, its one PART is the file
 * (head_bytes 0, duration 1: a picture lasts no time), and SEGMENT_END follows.
 */
#include "base/rd.h"
#include "base/ring.h"
#include "base/wr.h"
#include "media/au.h"
#include "media/sei.h"

#define RENDITION_COPY 0
#define RENDITION_AUDIO 1
#define RENDITION_ENCODED 2
#define RENDITION_SNAPSHOT 10
#define RENDITIONS_MAX 11
#define INIT_MAX_BYTES 4096
#define RECORD_PARTS_MAX 4096         /* of a segment; who sends store more is taken for a liar */
#define PART_MAX_BYTES (16u << 20)
#define RECORD_HEADER_MAX 128          /* bytes of any record before its payload */
#define RECORD_PART_HEADER 46          /* of a part, kind included */

enum record_kind {
	/* ingest -> transcode */
	RECORD_TRACK = 1,                  /* a new epoch, or new parameter sets */
	RECORD_AU,
	/* ingest, transcode -> store */
	RECORD_INIT,                       /* the init segment of a rendition: a new epoch or changed parameters */
	RECORD_PART,
	RECORD_SEGMENT_END,                /* the segment is whole */
	RECORD_GAP                         /* footage of a camera ended, and why */
};

/* Why there is no footage; the word stands in gap/v1 and in status. */
enum gap_why {
	GAP_NONE, GAP_STARTING, GAP_REFUSED, GAP_UNREACHABLE, GAP_TIMED_OUT, GAP_AUTHENTICATION,
	GAP_UNSUPPORTED, GAP_BAD_STREAM, GAP_SILENT, GAP_CAMERA_CLOSED, GAP_OVERLOAD, GAP_RESTART, GAP_STOPPED,
	GAP_SESSION_LIMIT, GAP_STALE_SESSION, GAP_BAD_DESCRIPTION, GAP_CERTIFICATE, GAP_NOT_FOUND, GAP_RECONFIGURED, GAP_REMOVED,
	GAP_NOT_RUNNING, GAP_CRASHED, GAP_CLOCK_STEP, GAP_WHY_COUNT
};
/* "refused", "wrong-password" … a lower-case name; never NULL. */
const char *gap_why_name(enum gap_why why);

enum clock_source { CLOCK_ARRIVAL, CLOCK_RTCP };

struct record_track {
	uint64_t epoch;
	struct track track;                /* whether it is the picture's or the sound's, its codec says */
};

struct record_au {
	uint64_t epoch;
	uint32_t segment;
	bool audio;                        /* of the sound's track */
	struct au au;
};

struct record_init {
	uint16_t camera;                   /* index in the site file */
	uint8_t rendition;
	uint64_t epoch;
	struct track track;                /* config_len 0: the bytes are inside init already */
	const uint8_t *init;
	size_t len;                        /* at most INIT_MAX_BYTES; 0 for snapshots alone */
};

struct record_part {
	uint16_t camera;
	uint8_t rendition;
	uint64_t epoch;
	uint32_t segment, part;     /* part counts from 0 within the segment */
	bool independent;                  /* starts with a key frame */
	bool last;                         /* the segment ends with it, as its producer sees it; without, it may end all the same */
	bool final;                        /* and so does its epoch: with last alone */
	int64_t start;                     /* decode time of its first sample as in tfdt, track timescale */
	uint32_t duration;                 /* track timescale */
	int64_t capture_us;                /* wall clock of its first picture in presentation order */
	const uint8_t *data;               /* one CMAF chunk: moof + mdat; or a JPEG file */
	size_t len;
	uint32_t head_bytes;               /* of data before its samples, less than len: store's hash over the samples begins behind them */
};

struct record_segment_end {
	uint16_t camera;
	uint8_t rendition;
	uint64_t epoch;
	uint32_t segment;
	uint8_t source[32];                /* audio: SHA-256 over each frame as received, each behind its u32 length; of sound that transcode
	                                      made AAC of: over what it was made from, likewise. Pictures: zeros, store fills it in */
	enum clock_source clock;
	uint32_t clock_error_ms;
	enum sei_signature signature;      /* that the camera put into the copy; other renditions: none */
};

struct record_gap {
	uint16_t camera;
	uint64_t epoch;                    /* of the footage that ended; 0 if there was none */
	enum gap_why why;
	int64_t at_us;                     /* wall clock */
};

struct record {
	enum record_kind kind;
	union {
		struct record_track track;
		struct record_au au;
		struct record_init init;
		struct record_part part;
		struct record_segment_end end;
		struct record_gap gap;
	};
};

/*
 * Writes kind and header into w (at least RECORD_HEADER_MAX + TRACK_CONFIG_MAX of room); the payload
 * (au.data, init.init, part.data) is not copied: the caller hands it to ring_put as a second iovec.
 */
void record_encode_header(struct wr *w, const struct record *r);
/* Puts a record with its payload into a ring. As ring_put. */
int record_put(struct ring *ring, const struct record *r);
/* Whether a track is one that a RECORD_TRACK may bring: who sends another is taken for a liar. */
bool record_track_fits(const struct track *t);
/* The whole record of n bytes; 0 or -EBADMSG. */
int record_decode(const uint8_t *p, size_t n, struct record *ret);
/*
 * Of a RECORD_PART of len bytes only the first RECORD_PART_HEADER: part.data is NULL, part.len as it will be. 0, -EBADMSG,
 * or -ENOMSG when it is another kind of record.
 */
int record_decode_part(const uint8_t head[RECORD_PART_HEADER], size_t len, struct record *ret);

#endif
