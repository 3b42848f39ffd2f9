/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_PLAYLIST_MULTIVARIANT_H
#define MEDIA_PLAYLIST_MULTIVARIANT_H
/*
 * /live/CAMERA/index.m3u8: HLS' list of a camera's renditions (RFC 8216 4.3.4), written into a struct buf. Pure. Names
 * are names of the site file: nothing that came from a camera gets here, so nothing needs quoting.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "media/au.h"

struct playlist_rendition {
	const char *name;             /* its folder: "copy", "audio", "360p" */
	const struct track *track;    /* config is not used */
	uint32_t peak_bps, average_bps;
	uint32_t fps_milli;           /* video: frames per 1000 s; 0 when not known */
	uint64_t from_s, to_s;        /* to_s not 0: what was recorded then (seconds since 1970); else what is live */
};

/*
 * audio may be NULL; with no video (nvideo 0) audio itself is the one variant. A variant's rates are its own
 * plus those of audio. Those of H.264 come first, since a player that does not look at CODECS takes the first, and all
 * play that. independent: every segment of every rendition begins with a key frame. 0, -EINVAL for a bad name or an empty
 * list, -ENOBUFS when the buffer's maximum would be passed; b holds what it held before unless 0 is returned.
 */
int playlist_multivariant(struct buf *b, const struct playlist_rendition *video, size_t nvideo,
                          const struct playlist_rendition *audio, bool independent);

#endif
