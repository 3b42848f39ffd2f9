/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CODEC_BUILD_H
#define CODEC_BUILD_H
/* Which build of which library makes what is encoded, as this program was built against: for the log. Links no library. */

enum build_of { BUILD_PICTURES, BUILD_SOUND, BUILD_SNAPSHOT };

/* "x264 164 r3095 baee400", at most 64 characters of printable ASCII. */
const char *build_text(enum build_of of);

#endif
