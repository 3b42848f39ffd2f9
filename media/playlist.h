/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_PLAYLIST_H
#define MEDIA_PLAYLIST_H
/*
 * /live/CAMERA/RENDITION/index.m3u8: HLS' media playlists (RFC 8216), written into a struct buf. Pure. They name
 * init-HEX.mp4 and N.m4s: nothing that came from a camera gets here, so nothing needs quoting; a name that is none is
 * refused. 0, -EINVAL for a bad name or an empty list, -ENOBUFS when the buffer's maximum would be passed; b holds what it
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
	struct playlist_parts parts;  /* none, or all of it */
};

struct playlist_media {
	const struct playlist_segment *segment;
	size_t nsegments;             /* numbers go up by one */
	uint64_t discontinuities;     /* flags of segments before the first one listed; the first one's own is added by the writer */
	uint32_t target_s;            /* must stay the same while the playlist lives; written larger only if a segment needs it */
	bool ended;                   /* nothing will follow */
	const struct playlist_live *live;     /* NULL: for plain players alone */
	const struct playlist_segment *open;  /* with live: the next one, of which only parts are there; NULL: there is none */
};

int playlist_media(struct buf *b, const struct playlist_media *m);

#endif
