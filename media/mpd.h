/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_MPD_H
#define MEDIA_MPD_H
/*
 * /live/CAMERA/manifest.mpd: DASH's list of a camera's renditions and their newest segments (ISO/IEC 23009-1, the live
 * profile of 8.4), over the same files as HLS' playlists; and manifest-ll.mpd, which lists the segment under way too, for
 * players that take a segment while it comes (DASH-IF, Low-Latency Modes for DASH). Pure. Names are names of the site file or lower-case hex:
 * nothing that came from a camera gets here, so nothing needs quoting; a name that is none is refused.
 *
 * Times of the presentation are wall clock: it began in 1970 (availabilityStartTime), and a period at the wall clock that
 * it is told, when its media time stood where it is told (presentationTimeOffset). So a manifest follows from what it
 * lists alone, publishTime too: whoever writes it, and after whatever restart, writes the same.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "media/au.h"

#define MPD_HEX 16            /* hex digits in the name of an init segment */

struct mpd_segment {
	uint64_t time, duration;  /* the track's timescale; time: as in its first tfdt */
};

/* Of one rendition, what lies in one period, without a hole in its numbers. */
struct mpd_representation {
	const char *name;         /* its folder: "copy", "audio", "360p" */
	const char *init;         /* MPD_HEX hex digits of the init segment that all of it needs */
	const struct track *track;/* config is not used */
	uint32_t peak_bps;
	uint32_t fps_milli;       /* video: frames per 1000 s; 0 when not known */
	uint64_t first;           /* number of segment[0]; the others follow it */
	const struct mpd_segment *segment;
	size_t nsegments;         /* times go up; between two may be nothing */
	uint64_t came;            /* 0; or the last one is under way, its duration a guess, and so much of it is there */
};

struct mpd_period {
	int64_t start_us;         /* wall clock */
	uint64_t media_us;        /* media time then; 0 is PACKAGER_ORIGIN_S in tfdt */
	const struct mpd_representation *of;
	size_t n;                 /* of pictures and of sound, in any order */
};

struct mpd {
	const struct mpd_period *period;  /* oldest first */
	size_t nperiods;
	uint32_t segment_ms;      /* as the site file wants them */
	uint32_t depth_ms;        /* how far back it lists */
	uint32_t chunk_ms;        /* 0; or segments can be had from so long after their beginning on */
};

/*
 * Renditions of H.264 are one set, between which players change at any segment; those of H.265 another one, sound the
 * third. 0; -EINVAL for a bad name, a period without representations, one without segments, or times that go back;
 * -ENOBUFS when the buffer's maximum would be passed. b holds what it held before unless 0 is returned.
 */
int mpd_write(struct buf *b, const struct mpd *m);

#endif
