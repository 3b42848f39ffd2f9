/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/codec_string.h"

#include <stdio.h>

static uint32_t reversed(uint32_t v)
{
	uint32_t r = 0;

	for (int i = 0; i < 32; i++)
		r |= (v >> i & 1) << (31 - i);
	return r;
}

/* ISO/IEC 14496-15 E.3: flags with the last one on top, tier and level, then the constraint bytes but for zeros at the end. */
static void h265_string(const struct track *t, char ret[CODEC_STRING_MAX])
{
	int n = snprintf(ret, CODEC_STRING_MAX, "hvc1.%u.%X.%c%u", t->profile & 0x1f, reversed(t->compat), t->profile & 0x80 ? 'H' : 'L', t->level);

	for (uint64_t left = t->constraints << 16; left; left <<= 8)
		n += snprintf(ret + n, (size_t)(CODEC_STRING_MAX - n), ".%02X", (unsigned)(left >> 56));
}

void codec_string(const struct track *t, char ret[CODEC_STRING_MAX])
{
	ret[0] = 0;
	if (t->codec == CODEC_H264)
		snprintf(ret, CODEC_STRING_MAX, "avc1.%02x%02x%02x", t->profile, t->compat & 0xff, t->level);
	else if (t->codec == CODEC_H265)
		h265_string(t, ret);
	else if (t->codec == CODEC_AAC)
		snprintf(ret, CODEC_STRING_MAX, "mp4a.40.%u", t->profile);
	else if (t->codec == CODEC_OPUS)
		snprintf(ret, CODEC_STRING_MAX, "opus");
}

const char *codec_name(enum codec c)
{
	static const char *const name[CODEC_COUNT] = {
		[CODEC_H264] = "h264", [CODEC_AAC] = "aac", [CODEC_H265] = "h265", [CODEC_OPUS] = "opus", [CODEC_PCMA] = "pcma",
		[CODEC_PCMU] = "pcmu", [CODEC_G726] = "g726", [CODEC_L16] = "l16", [CODEC_JPEG] = "jpeg",
	};

	return (unsigned)c < CODEC_COUNT ? name[c] : NULL;
}
