/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_CUTTER_H
#define MEDIA_CUTTER_H
/*
 * Where a camera's stream is cut into segments. One cutter per camera and epoch;
 * all renditions follow its numbers. Times are those of the access units (one
 * timeline for video and audio, from 0 at the epoch's first access unit).
 *
 *   - at a key frame, once the segment is as long as the target less half a frame;
 *   - in an epoch's first segment already after CUTTER_FIRST_MS: the first picture comes fast;
 *   - at any key frame, when the segment did not begin with one;
 *   - with no key frame in sight, before a segment is longer than what was promised (longest_s): the new
 *     one is then not independent. Cameras exist that send a key frame once in minutes;
 *   - after that at each target, until two key frames have come closer than that limit: who watches such a
 *     camera, or begins anew with it, waits no longer than with others.
 * Audio is cut where the video was; if video stays away, or there is none, by time alone.
 *
 * Players are promised, before they see the first segment and for as long as they stay, how long one can be
 * (EXT-X-TARGETDURATION, RFC 8216bis 6.2.1). So the first GOP of a camera decides, and what comes after keeps to it: at least
 * CUTTER_SLACK_PERCENT of the target, for key frames that come when they like; as many whole GOPs as the target
 * needs, where that is more. Until it is known a key frame is waited for as long as 5 targets and at most 10 s (never less
 * than 2 targets); where none came by then, the camera is one of those that are cut by time.
 */
#include <stdbool.h>
#include <stdint.h>

#include "media/au.h"

#define CUTTER_TARGET_MS 2000
#define CUTTER_FIRST_MS 1000
#define CUTTER_NO_KEY_MAX_MS 10000
#define CUTTER_SLACK_PERCENT 150
#define CUTTER_OVER_MS 400       /* a segment may be so much longer than promised: it rounds to that still (RFC 8216bis 4.4.3.1) */
#define CUTTER_AUDIO_OVER_MS 360 /* and a frame of sound, which is cut behind, not before */
#define CUTTER_LONGEST_S 60
#define CUTTER_HISTORY 8

struct cutter {
	int64_t target, limit;           /* 90 kHz */
	uint32_t longest_s;              /* what a segment's length rounds to at most; 0 while it is not known */
	bool has_video, begun, video_begun, audio_begun, independent;
	bool sparse, has_key;            /* sparse: key frames are too rare to wait for */
	uint32_t segment;                /* the newest */
	uint32_t video_segment, audio_segment;
	int64_t video_start;             /* dts at which the video of this segment began */
	int64_t audio_start;             /* at which the audio of its segment did: it may run ahead of the video */
	int64_t last_dts, frame;
	int64_t step, pause;             /* between the last two pictures; the longest of these */
	int64_t key_dts, gop;            /* of the last key frame; from the one before to it, 0 if there was none */
	int64_t start[CUTTER_HISTORY];   /* presentation time at which segment n began, at n % CUTTER_HISTORY; 90 kHz */
};

/*
 * target_ms is 500 .. 60000, others are clamped. longest_s: what an earlier cutter of this camera found, up to CUTTER_LONGEST_S; 0:
 * this one is the first. has_video false: audio alone decides.
 */
void cutter_init(struct cutter *c, uint32_t target_ms, uint32_t longest_s, bool has_video);
/* Whether this access unit begins a new segment (the first one does); its number is c->segment afterwards. */
bool cutter_cut(struct cutter *c, const struct au *video);
/* The segment of an audio access unit (timescale is not 0); never smaller than that of the one before. */
uint32_t cutter_audio(struct cutter *c, const struct au *audio, uint32_t timescale);

#endif
