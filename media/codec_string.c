/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/codec_string.h"

#include <stdio.h>

void codec_string(const struct track *t, char ret[CODEC_STRING_MAX])
{
	ret[0] = 0;
	if (t->codec == CODEC_H264)
		snprintf(ret, CODEC_STRING_MAX, "avc1.%02x%02x%02x", t->profile, t->compat, t->level);
	else if (t->codec == CODEC_AAC)
		snprintf(ret, CODEC_STRING_MAX, "mp4a.40.%u", t->profile);
}

const char *codec_name(enum codec c)
{
	static const char *const name[CODEC_COUNT] = {
		[CODEC_H264] = "h264", [CODEC_AAC] = "aac", [CODEC_H265] = "h265", [CODEC_OPUS] = "opus", [CODEC_PCMA] = "pcma",
		[CODEC_PCMU] = "pcmu", [CODEC_G726] = "g726", [CODEC_L16] = "l16",
	};

	return (unsigned)c < CODEC_COUNT ? name[c] : NULL;
}
