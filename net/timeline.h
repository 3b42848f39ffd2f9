/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef NET_TIMELINE_H
#define NET_TIMELINE_H
/*
 * A camera's media clocks (RTP timestamps, one a track) made into times that can
 * be trusted downstream: 64 bits, from 0 at the epoch's first picture, all tracks
 * on one origin, never a leap. Beside it, when each was captured by the wall clock.
 * Pure: arrival times are passed in.
 *
 * Mended, and counted: a clock that leaps (more than TIMELINE_LEAP_S beyond what
 * passed in arrival, or back by more than pictures are reordered) goes on by the
 * time that passed in arrival; a repeated timestamp is put behind the one before it.
 * Nothing is ever dropped for a clock that drifts.
 *
 * Video times are presentation times in decode order: they go back a little where
 * there are B-frames. Audio times only rise.
 *
 * Tracks run on clocks of their own, so the sound is kept with the pictures: by
 * their sender reports, else by their arrivals, its times are drawn after the main
 * track's as gently as does (see align in net/timeline_clock.c).
 *
 * Capture time is the sender reports' (RFC 3550 6.4.1) while they are within
 * TIMELINE_SANE_S of the arrival, else the arrival, which is the earliest of the last
 * seconds: what comes later was held up. It follows its source by at most 500 ppm;
 * by a step only when a second off, in an epoch's first seconds, and when reports are
 * believed for the first time. A report that contradicts the ones before by more than
 * a second has to be confirmed by another.
 */
#include <stdbool.h>
#include <stdint.h>

#include "media/record.h"

#define TIMELINE_TRACKS 2
#define TIMELINE_LEAP_S 2
#define TIMELINE_BACK_PICTURES 16     /* so many pictures in a row before the newest: the clock went back */
#define TIMELINE_SANE_S 10            /* reports further from the arrival are not believed … */
#define TIMELINE_SANE_AGAIN_S 8       /* … until they are as near as this again */
#define TIMELINE_SLEW_PPM 500
#define TIMELINE_SETTLE_S 10          /* of an epoch: its capture times follow their source at once */
#define TIMELINE_REPORT_S 120         /* an older report says nothing any more */
#define TIMELINE_LOWS 8               /* spans of TIMELINE_LOW_S whose earliest arrivals are remembered */
#define TIMELINE_LOW_S 2

struct timeline_report {
	bool there;
	uint32_t rtp;
	int64_t wall_us;                  /* by the camera's clock */
};

struct timeline_track {
	uint32_t rate;                    /* ticks a second, of the RTP clock and of the times given out */
	bool reorders;                    /* video */
	bool begun;
	uint32_t last_rtp;
	int64_t raw;                      /* last_rtp unwrapped, from 0 at the first or the last one mended */
	int64_t offset;                   /* time given out = raw + offset */
	int64_t last, newest;             /* given out: the last, the largest */
	int64_t step;                     /* the last believable distance */
	int64_t last_arrival_us;
	unsigned repeats, behind;
	bool has_start;
	uint32_t start_rtp;
	struct timeline_report report, claim;  /* believed; waits for a second that agrees with it */
	unsigned contradictions;
	int64_t report_arrival_us;
	int64_t low[TIMELINE_LOWS];       /* the least of arrival - raw in each span, us */
	unsigned low_at;
	int64_t low_begun_us;             /* raw time at which the newest span began */
	int64_t first, aligned_at;        /* times given out: the first; where the track was last drawn after main */
	bool by_start;                    /* placed beside main by timeline_start … */
	bool has_lip;
	int64_t lip_us;                   /* … and so much later than main its arrivals are since, by nature */
};

struct timeline {
	struct timeline_track track[TIMELINE_TRACKS];
	unsigned main;                    /* the track that began the epoch */
	bool begun;
	uint32_t origin_rtp;              /* of main, at time 0 */
	int64_t origin_arrival_us;
	int64_t base_us;                  /* wall clock at time 0, as believed now */
	int64_t based_at;                 /* main's time when base_us was last corrected */
	int64_t off_us;                   /* what base_us lacked then */
	int64_t worst_us;                 /* the furthest it was off since timeline_worst_ms, or the epoch's beginning */
	enum clock_source clock;
	bool has_clock_offset;
	int64_t clock_offset_us;          /* camera's clock less ours */
	uint64_t mended, steps;           /* timestamps mended; steps of the capture time */
};

void timeline_init(struct timeline *t);
void timeline_track(struct timeline *t, unsigned track, uint32_t rate, bool reorders);
/* RTP-Info's rtptime: all tracks' are of one moment. Believed only if arrivals agree. */
void timeline_start(struct timeline *t, unsigned track, uint32_t rtp);
/* A sender report that came at arrival_us (as for timeline_begin): that RTP time was at wall_us by the camera's clock. */
void timeline_report(struct timeline *t, unsigned track, uint32_t rtp, int64_t wall_us, int64_t arrival_us);
/*
 * A new epoch: this timestamp becomes time 0 of all tracks. What reports and starts told is kept.
 * arrival_us: a clock that only goes forward; arrival_wall_us: the wall clock at the same moment.
 */
void timeline_begin(struct timeline *t, unsigned track, uint32_t rtp, int64_t arrival_us, int64_t arrival_wall_us);
/*
 * The time of the next access unit of a track, in decode order, and when it was captured.
 * 0; -ERANGE: from before the epoch's origin, or there is none yet: not to be used.
 */
int timeline_place(struct timeline *t, unsigned track, uint32_t rtp, int64_t arrival_us, int64_t arrival_wall_us,
		   int64_t *ret_time, int64_t *ret_capture_us);
/*
 * The camera's clock less ours, as the main track's sender reports tell, less also what the picture took to arrive; false: they
 * tell nothing. Also told when it is so far off that arrivals are used instead.
 */
bool timeline_clock_offset(const struct timeline *t, int64_t *ret_us);
/* How far capture times may be off. */
uint32_t timeline_error_ms(const struct timeline *t);
/*
 * How far those may be off that were given out since this was asked last, or since the epoch began: a segment's, when it ends. By a clock
 * that was set meanwhile its first ones were taken before.
 */
uint32_t timeline_worst_ms(struct timeline *t);

#endif
