/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_PACKAGER_H
#define MEDIA_PACKAGER_H
/*
 * Access units of one rendition in decode order in; records for store out: INIT
 * at each begin, a PART every part_ms or so, SEGMENT_END. One packager per
 * rendition, in ingest (copy, audio) and transcode.
 *
 * A sample's duration is the step to the next access unit's dts, so a part leaves
 * when the access unit behind it arrives. Memory is bounded: one part of at most
 * PART_MAX_BYTES and CMAF_SAMPLES_MAX samples; a part is cut early at either. A segment
 * has at most RECORD_PARTS_MAX parts, what is beyond is dropped as below; and a step of more than
 * PACKAGER_PAUSE_S is a pause, in which nothing lasts.
 *
 * Time in the files is the access unit's dts and pts plus PACKAGER_ORIGIN_S
 * seconds, the same for every rendition of a camera, so that decode times before
 * the first presentation time (media/dts.h) are never negative. record_part.start is
 * that shifted time, as it stands in tfdt.
 *
 * When a record is refused (emit returns -ENOBUFS or -EMSGSIZE: the ring is full)
 * nothing waits: the refused part and all that follows are dropped, and counted, up
 * to the next segment: at a key frame, unless the camera sends none. What store sees:
 *   - parts of a segment always come as 0, 1, 2 ... without a hole;
 *   - a segment that lost its tail ends early: its SEGMENT_END speaks only of what was
 *     sent (the source hash too) and comes at once or, refused too, before whatever comes
 *     next; a segment of which nothing was sent has no SEGMENT_END;
 *   - if a RECORD_INIT was refused it is sent again before the next part.
 * A producer that dies sends no SEGMENT_END: store ends such a segment itself.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "media/au.h"
#include "media/au_room.h"
#include "media/cmaf.h"
#include "media/record.h"

#define PACKAGER_ORIGIN_S 1
#define PACKAGER_PART_MS 500
#define PACKAGER_PART_LEAST_MS 20
#define PACKAGER_PART_MOST_MS 10000
#define PACKAGER_PAUSE_S 30

struct packager_hooks {
	/* 0 when taken; the record's bytes are borrowed for the call. */
	int (*emit)(void *ctx, const struct record *r);
	/*
	 * May be NULL. Called for the data of each access unit of a part that emit took, in order: what a
	 * source hash goes over (record_segment_end.source; audio frames are to be given their u32 length by the hook).
	 */
	void (*sent)(void *ctx, const uint8_t *data, size_t len);
	/* NULL: zeros. The hash over all that was sent since the last call; called once when a segment's end is made. */
	void (*source)(void *ctx, uint8_t ret[32]);
	void *ctx;
};

struct packager {
	struct packager_hooks hooks;
	uint32_t part_ms;
	uint16_t camera;
	uint8_t rendition;
	uint64_t epoch;
	struct track track;
	enum clock_source clock;
	uint32_t clock_error_ms;
	bool begun, dropping;
	bool init_owed, end_owed;        /* refused, to be sent before anything else */
	struct record_segment_end end;   /* the owed one */

	bool seen;                       /* the fields of this paragraph are set: an access unit came in this epoch */
	uint32_t segment;                /* of the newest access unit */
	int64_t last_dts;
	bool in_segment;                 /* a part of this segment was sent */
	enum sei_signature signature;    /* in what was sent of this segment */
	uint32_t part, sequence;         /* the next part's number in its segment, in the epoch */

	/* The part under way. */
	struct cmaf_sample sample[CMAF_SAMPLES_MAX];
	size_t nsamples;
	int64_t first_dts;
	int64_t first_pts, capture_us;   /* of its picture that is shown first */
	enum sei_signature part_signature;  /* in its pictures */
	uint64_t part_duration;          /* without the last sample, whose duration is not known yet */
	struct au_room room;             /* for the chunk header, then the samples */
	size_t first;                    /* where in it they begin */

	uint64_t dropped_aus, dropped_times, parts, bytes;
};

/* part_ms: PACKAGER_PART_MS or another target, PACKAGER_PART_LEAST_MS .. PACKAGER_PART_MOST_MS, others are clamped. Nothing is allocated. */
void packager_init(struct packager *p, const struct packager_hooks *hooks, uint32_t part_ms);
/* As if it were new, but for the access unit that may be under way in its room, which is left there. */
void packager_restart(struct packager *p);
/* Another target, likewise, from the part under way on. */
void packager_set_part(struct packager *p, uint32_t part_ms);
/*
 * The target for parts of some 200 ms of pictures or frames that last frame_us each (0: not known): as many whole ones as fit, or
 * one, and some slack, so that parts last at least 85 % of it, as a player is promised (RFC 8216bis 4.4.4.9).
 */
uint32_t packager_part_target_ms(uint32_t frame_us);
/* Also drops what was not flushed. NULL is let pass. */
void packager_free(struct packager *p);
/*
 * Flushes what is under way, then sends INIT. Call at a new epoch, on changed parameters (a new epoch too), and
 * when store has lost what it was told. 0, or -EINVAL for a track that no init segment can be made of (the packager
 * then takes nothing until a begin succeeds), or emit's other errors.
 */
int packager_begin(struct packager *p, uint16_t camera, uint8_t rendition, uint64_t epoch, const struct track *track);
/* What the next SEGMENT_ENDs say of capture times. */
void packager_set_clock(struct packager *p, enum clock_source source, uint32_t error_ms);
/*
 * Takes one access unit of that segment: by a copy, or, when it is the one under way in p's room, where it is; its bytes may then
 * have moved when this returns. Segments never go back within an epoch. 0 when taken or dropped by the
 * policy above (see dropped_aus); -EINVAL when dts does not increase, or times or segment are out of bounds (nothing
 * is taken); other errors of emit are handed on and also drop.
 */
int packager_add(struct packager *p, const struct au *au, uint32_t segment);
/* The stream ends: sends what is pending, the last sample as long as the one before it, and ends the segment. Then packager_begin is needed. */
int packager_flush(struct packager *p);

#endif
