/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_INGEST_STREAM_H
#define SERVER_INGEST_STREAM_H
/*
 * One camera's media inside ingest: RTP and RTCP packets in; records for store
 * (the copy and audio renditions, gaps) and for the camera's transcode (tracks and
 * access units) out. No descriptor and no clock inside; the rings are reached by
 * two hooks. It outlives the camera's connections.
 *
 * An epoch begins at the first picture that a decoder finds in with: a key frame, or
 * what media/recovery.h knows; when none comes for INGEST_NO_KEY_S, at any. It begins so
 * when the stream does, after parameter sets changed (until then pictures go on in the old
 * epoch), and after store was started again. What comes before it is dropped; in it
 * nothing is but what is damaged. Without a picture in the stream its sound begins one.
 *
 * A camera that sends packets but no picture that can be used is left after
 * INGEST_NO_PICTURE_S, and one whose clock or parameter sets begin segments faster
 * than INGEST_CUT_MS allows on the average, once it is INGEST_CUTS_AHEAD of them ahead:
 * each costs an entry of the log that is never taken back. Nothing that is wrong with its
 * sound ends a stream that has pictures: the sound is left out.
 *
 * transcode is sent nothing until a segment begins, and so again after its ring was
 * full: its segments then line up with the others. That need not be at a key frame.
 */
#include "media/record.h"
#include "net/rtcp.h"
#include "net/sdp.h"

#define INGEST_NO_KEY_S 4
#define INGEST_KEY_WAIT_MIN_MS 2000   /* from one request for a key frame to the next */
#define INGEST_KEY_WAIT_MAX_MS 30000
#define INGEST_NO_PICTURE_S 30
#define INGEST_CUT_MS 250
#define INGEST_CUTS_AHEAD 40          /* a burst of what a camera had stored is no offence */
#define INGEST_FEEDBACK_MAX 256
#define INGEST_TRACKS 2               /* as RTSP_CLIENT_VIDEO, RTSP_CLIENT_AUDIO */

struct ingest_hooks {
	/* 0, -ENOBUFS or -EMSGSIZE when it was not taken. Borrowed for the call. */
	int (*store)(void *ctx, const struct record *r);
	/* The same, or -ENOTCONN: there is no ring to it. Gets sound that is not packaged here, and pictures if they are wanted. May be NULL. */
	int (*transcode)(void *ctx, const struct record *r);
	bool pictures;                    /* transcode makes renditions of them */
	void *ctx;
};

/* The same moment on both clocks. */
struct ingest_now {
	int64_t mono_us, wall_us;
};

/* Since ingest_stream_new. */
struct ingest_counters {
	uint64_t access_units, video_bytes, audio_bytes;
	uint64_t packets, lost, reordered, duplicates;
	uint64_t mended;                  /* timestamps */
	uint64_t key_requests;
	/* Packets, access units and frames that did not get on, by whose fault: as in struct msg_camera_state. */
	uint64_t dropped_camera, dropped_network, dropped_ring, dropped_store;
};

/* How the stream is now; zeros where it is not known, or while there is none. */
struct ingest_health {
	uint32_t fps_milli, rate_bps;     /* over the last seconds */
	uint32_t pace_milli;              /* pictures in 1000 s, as its parameter sets tell, else by its clock in the epoch's first segment */
	uint32_t key_interval_ms;         /* between the last two key frames */
	int64_t key_us;                   /* wall clock: the last key frame */
	enum clock_source clock;
	int64_t clock_offset_us;          /* the camera's clock less ours */
	uint32_t clock_error_ms;
	const char *sound;                /* why the sound that was set up is left out: a static text; NULL: it is not */
};

struct ingest_stream;

/* 0 or -ENOMEM. hooks are copied. */
int ingest_stream_new(uint16_t camera, uint32_t segment_ms, const struct ingest_hooks *hooks, struct ingest_stream **ret);
/* The epochs of s come after those of one of the same camera that has ended. */
void ingest_stream_follow(struct ingest_stream *s, const struct ingest_stream *before);
/* How long its segments may be, as struct cutter's longest_s: what was promised of the camera before; and what is, 0 while that is not known. */
void ingest_stream_promise(struct ingest_stream *s, uint32_t longest_s);
uint32_t ingest_stream_longest_s(const struct ingest_stream *s);
void ingest_stream_free(struct ingest_stream **s);

/* A connection's tracks are known; either may be NULL. datagrams: packets may come out of order (UDP). */
void ingest_stream_begin(struct ingest_stream *s, const struct sdp_media *video, const struct sdp_media *audio, bool datagrams, struct ingest_now now);
/* RTP-Info's rtptime of a track. */
void ingest_stream_start(struct ingest_stream *s, unsigned track, uint32_t rtptime);
/* One packet. NULL, or why the stream is over: a static text, with the word for it in *ret_why. */
const char *ingest_stream_packet(struct ingest_stream *s, unsigned track, bool rtcp, const uint8_t *p, size_t n,
				 struct ingest_now now, enum gap_why *ret_why);
/* Time passes: gives up waiting for packets that are late. Some times a second with datagrams. As ingest_stream_packet. */
const char *ingest_stream_tick(struct ingest_stream *s, struct ingest_now now, enum gap_why *ret_why);
/*
 * When a key frame is wanted and it is time to ask: writes an RTCP packet to send on the video's track, else nothing
 * (at most INGEST_FEEDBACK_MAX bytes). Some times a second. True: this is not the first time that it is asked for, so ask by other ways (ONVIF) as well.
 */
bool ingest_stream_feedback(struct ingest_stream *s, struct ingest_now now, struct wr *w);
/* Writes a receiver report of a track, if it ever sent something. */
void ingest_stream_report(struct ingest_stream *s, unsigned track, struct ingest_now now, struct wr *w);
/* The connection is over or could not be made: sends what is pending, and a gap if footage ended or the reason is a new one. */
void ingest_stream_end(struct ingest_stream *s, enum gap_why why, struct ingest_now now);

/* A new ring to store, or to transcode: what the old one was told does not count. */
void ingest_stream_store_anew(struct ingest_stream *s);
/* What store is sent of that track comes in parts of that length. */
void ingest_stream_part_length(struct ingest_stream *s, unsigned track, uint32_t part_ms);
void ingest_stream_transcode_anew(struct ingest_stream *s, bool pictures);

/* Whether footage is being taken (an epoch is under way). */
bool ingest_stream_running(const struct ingest_stream *s);
/* The tracks of the running epoch; NULL if there is none. */
const struct track *ingest_stream_track(const struct ingest_stream *s, unsigned track);
struct ingest_counters ingest_stream_counters(const struct ingest_stream *s);
struct ingest_health ingest_stream_health(struct ingest_stream *s, struct ingest_now now);

#endif
