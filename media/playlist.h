/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_PLAYLIST_H
#define MEDIA_PLAYLIST_H
/*
 * /live/CAMERA/RENDITION/index.m3u8: HLS' media playlists (RFC 8216), written into a struct buf. Pure. They name
 * init-HEX.mp4 and N.m4s: nothing that came from a camera gets here, so nothing needs quoting; a name that is none is
 * refused. 0, -EINVAL for a bad name, an empty list or a segment too long for it, -ENOBUFS when the buffer's maximum would be passed; b holds what it
 * held before unless 0 is returned.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "media/playlist_live.h"

#define PLAYLIST_HEX 16  /* hex digits in the name of an init segment */

struct playlist_segment {
	uint64_t number;
	uint64_t duration_us;
	int64_t capture_us;           /* wall clock of its first picture */
	const char *init;             /* PLAYLIST_HEX hex digits of the init segment it needs */
	bool discontinuity;           /* a new epoch begins here */
	bool independent;
	bool gap;                     /* it cannot be had, and is named so that the others keep their numbers and times (RFC 8216bis 4.4.4.7) */
	struct playlist_parts parts;  /* none, or all of it */
};

struct playlist_media {
	const struct playlist_segment *segment;
	size_t nsegments;             /* numbers go up by one */
	uint64_t discontinuities;     /* flags of segments before the first one listed; the first one's own is added by the writer */
	uint32_t target_s;            /* never changes while the playlist lives (RFC 8216bis 6.2.1), so no segment may round to more */
	bool ended;                   /* nothing will follow */
	const struct playlist_live *live;     /* NULL: for plain players alone */
	const struct playlist_segment *open;  /* with live: the next one, of which only parts are there; NULL: there is none */
};

/* Whether a segment of that length may stand under a target (4.4.3.1): rounded to the nearest second it is no longer. */
static inline bool playlist_fits(uint64_t duration_us, uint32_t target_s)
{
	return duration_us < target_s * UINT64_C(1000000) + 500000;
}

int playlist_media(struct buf *b, const struct playlist_media *m);

#endif
