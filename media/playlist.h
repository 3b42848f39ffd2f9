/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_PLAYLIST_H
#define MEDIA_PLAYLIST_H
/*
 * HLS playlists (RFC 8216), written into a struct buf. Pure. Names are names of
 * the site file ([a-z0-9-]{1,32}) or lower-case hex: nothing that came from a
 * camera gets here, so nothing needs quoting; a name that is none is refused.
 *
 *   /live/CAMERA/index.m3u8             multivariant, names RENDITION/index.m3u8
 *   /live/CAMERA/RENDITION/index.m3u8   media, names init-HEX.mp4 and N.m4s
 *
 * All return 0, -EINVAL for a bad name or an empty list, -ENOBUFS when the buffer's
 * maximum would be passed; b holds what it held before unless 0 is returned.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "media/au.h"

#define PLAYLIST_HEX 16  /* hex digits in the name of an init segment */

struct playlist_rendition {
	const char *name;             /* its folder: "copy", "audio", "360p" */
	const struct track *track;    /* config is not used */
	uint32_t peak_bps, average_bps;
	uint32_t fps_milli;           /* video: frames per 1000 s; 0 when not known */
};

/*
 * audio may be NULL; with no video (nvideo 0) audio itself is the one variant. A variant's rates are its own
 * plus those of audio. Those of H.264 come first, since a player that does not look at CODECS takes the first, and all
 * play that. independent: every segment of every rendition begins with a key frame.
 */
int playlist_multivariant(struct buf *b, const struct playlist_rendition *video, size_t nvideo,
                          const struct playlist_rendition *audio, bool independent);

struct playlist_segment {
	uint64_t number;
	uint64_t duration_us;
	int64_t capture_us;           /* wall clock of its first picture */
	const char *init;             /* PLAYLIST_HEX hex digits of the init segment it needs */
	bool discontinuity;           /* a new epoch begins here */
	bool independent;
};

struct playlist_media {
	const struct playlist_segment *segment;
	size_t nsegments;             /* numbers go up by one */
	uint64_t discontinuities;     /* flags of segments before the first one listed; the first one's own is added by the writer */
	uint32_t target_s;            /* must stay the same while the playlist lives; written larger only if a segment needs it */
	bool ended;                   /* nothing will follow */
};

int playlist_media(struct buf *b, const struct playlist_media *m);

#endif
