/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MEDIA_CODEC_STRING_H
#define MEDIA_CODEC_STRING_H
/* "avc1.64001f", "hvc1.1.6.L93.B0", "mp4a.40.2", "opus": RFC 6381 3.3 and ISO/IEC 14496-15 annex E, from a track's numbers. */
#include "media/au.h"

#define CODEC_STRING_MAX 48

/* "h264", "aac", "pcmu" …, the words of status; NULL for none. */
const char *codec_name(enum codec c);
/* Always ends with NUL; empty for a track without codec, or one that is not packaged. */
void codec_string(const struct track *t, char ret[CODEC_STRING_MAX]);

#endif
