/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_INGEST_INNER_H
#define SERVER_INGEST_INNER_H
/*
 * A camera's media inside ingest, in its parts; none of this is for others than them.
 *
 *   ingest_stream.c   the way in: packets and reports, beginning and end of a connection
 *   ingest_video.c    pictures: whether they can be used, with which parameter sets
 *   ingest_sound.c    sound: which depacketizer, and where its frames go
 *   ingest_epoch.c    epochs, times, cuts
 *   ingest_out.c      the way out: what store and transcode are sent
 *   ingest_key.c      key frames: how often they come, when to ask for one
 *   ingest_count.c    what status is told
 */
#include "media/cutter.h"
#include "media/dts.h"
#include "media/packager.h"
#include "net/rtp_audio.h"
#include "net/rtp_reorder.h"
#include "net/rtp_video.h"
#include "net/timeline.h"
#include "seal/hash.h"
#include "server/ingest_stream.h"

#define INGEST_SECOND_US 1000000ll
#define INGEST_EARLY_MAX 128          /* bytes: a sender report and more; what is cut off is of no use */

enum { INGEST_VIDEO, INGEST_AUDIO };

/* A track of the connection. */
struct ingest_input {
	struct ingest_stream *stream;
	bool there, has_report;
	enum codec codec;
	struct rtp_source source;
	struct rtp_reorder order;
	struct rtcp_sender report;
	int64_t report_us;
	struct {
		uint8_t bytes[INGEST_EARLY_MAX];
		size_t len;
	} early;                          /* the newest report from before the first packet, which tells whose reports are its own */
	uint64_t malformed;
};

/* A parameter set. */
struct ingest_set {
	uint16_t len;
	uint8_t nal[SDP_SET_MAX];
};

/* What belongs to one rendition that is packaged here. */
struct ingest_output {
	struct packager packager;
	struct hasher hash;               /* sound's: over what was sent of the segment, each frame behind its length */
	bool track_owed;                  /* transcode was not told yet what it is */
	struct ingest_stream *stream;
};

struct ingest_keys {
	int64_t last_us, last_wall_us;    /* the last key frame of this connection; 0: none yet */
	uint32_t interval_ms;             /* between the last two */
	uint32_t natural_ms;              /* the same, of two that nobody had asked for; 0: not known */
	bool wanted;
	int64_t asked_us;                 /* monotonic: the last request; 0: none yet */
	uint32_t wait_ms;                 /* from that one to the next */
	unsigned asked;                   /* requests since the last key frame */
	uint8_t fir_sequence;
};

/* Over which rates are measured. */
struct ingest_rates {
	int64_t since_us;
	uint64_t access_units, bytes;
	uint32_t fps_milli, rate_bps;
};

struct ingest_stream {
	uint16_t camera;
	uint32_t segment_ms, longest_s;   /* longest_s: struct cutter's, from epoch to epoch */
	struct ingest_hooks hooks;

	struct ingest_input input[INGEST_TRACKS];
	struct rtp_video pictures;
	struct rtp_audio sound;
	struct timeline timeline;
	struct dts_clock dts;
	struct cutter cutter;
	struct ingest_output output[INGEST_TRACKS];
	struct track track[INGEST_TRACKS];

	struct ingest_now now, begun;
	int64_t came_us;                  /* monotonic: the last picture, or frame where there is no picture */
	int64_t taken_us;                 /* monotonic: the last picture that was used, or the connection's beginning */
	int64_t cuts_us;                  /* monotonic: when all segments so far may have begun */
	bool connected, datagrams, running, anew;
	uint64_t epoch;
	enum gap_why told;                /* the last gap's reason since there was footage */
	struct record owed;               /* a gap that the ring did not take */
	bool gap_owed;

	struct ingest_set set[RTP_SETS];  /* those that the epoch's init segment holds */
	uint32_t sets_seen;               /* the depacketizer's count when they were last compared */
	bool sets_changed;                /* they are not in force any more */
	int64_t sets_changed_us;
	bool pps_in_band;                 /* the one in force travels with the pictures */
	struct buf in_band;               /* an access unit with it */

	bool transcode_waits;             /* for a segment's beginning */
	bool transcode_lost;              /* because its ring was full */
	const char *sound_off;            /* why the sound is left out */
	struct { int64_t dts; uint32_t pictures; } first;  /* the epoch's first picture; how many its first segment has so far */
	uint32_t told_milli;              /* pictures in 1000 s, as the parameter sets tell; 0 when they do not */
	uint32_t pace_milli;              /* the same of the epoch's first segment, once it is over */
	int64_t sound_last;               /* pts of the last frame that was sent in this epoch */
	int64_t picture_us;               /* on the timeline: the newest picture of this epoch */
	const char *over;                 /* why the stream cannot go on */
	enum gap_why over_why;
	struct ingest_keys keys;
	struct ingest_rates rates;
	struct ingest_counters total;     /* without what the present depacketizers and sources count */
};

/* ingest_stream.c */
void ingest_give_up(struct ingest_stream *s, enum gap_why why, const char *text);

/* ingest_video.c */
void ingest_video_begin(struct ingest_stream *s, const struct sdp_media *m);
void ingest_video_feed(struct ingest_stream *s, const struct rtp_packet *p, bool lost, int64_t arrival_us);
/* The last picture, if it is whole. */
void ingest_video_end(struct ingest_stream *s);
void ingest_video_free(struct ingest_stream *s);

/* ingest_sound.c: false when it is in a form that is not carried */
bool ingest_sound_begin(struct ingest_stream *s, const struct sdp_media *m);
void ingest_sound_feed(struct ingest_stream *s, const struct rtp_packet *p, bool lost, int64_t arrival_us);
void ingest_sound_free(struct ingest_stream *s);
/* The connection goes on without its sound; or ends, if there is nothing else. */
void ingest_sound_leave_out(struct ingest_stream *s, const char *why);

/* ingest_epoch.c */
void ingest_epoch_begin(struct ingest_stream *s, unsigned track, uint32_t timestamp, int64_t arrival_us);
void ingest_epoch_end(struct ingest_stream *s);
/* Where an access unit lies on the camera's timeline; false: before its beginning. */
bool ingest_epoch_place(struct ingest_stream *s, unsigned track, uint32_t timestamp, int64_t arrival_us, struct au *ret);
/* A segment begins because of that track. */
void ingest_epoch_cut(struct ingest_stream *s, unsigned track);

/* ingest_out.c */
void ingest_out_init(struct ingest_stream *s);
void ingest_out_free(struct ingest_stream *s);
/* Forgets what was not sent: it belongs to an epoch that a new store never heard of. */
void ingest_out_reset(struct ingest_stream *s);
void ingest_out_begin(struct ingest_stream *s);
void ingest_out_flush(struct ingest_stream *s);
void ingest_out_picture(struct ingest_stream *s, const struct au *au, bool begins);
void ingest_out_sound(struct ingest_stream *s, const struct au *au, uint32_t segment);
/* A gap that is owed, if any. */
void ingest_out_gap(struct ingest_stream *s);

/* ingest_key.c */
void ingest_key_begin(struct ingest_stream *s);
void ingest_key_seen(struct ingest_stream *s);
void ingest_key_want(struct ingest_stream *s);

/* ingest_count.c: what the connection's parts counted, before they go */
void ingest_count_connection(const struct ingest_stream *s, struct ingest_counters *c);
/* A picture or a frame that no epoch takes. */
void ingest_count_unused(struct ingest_stream *s);

#endif
