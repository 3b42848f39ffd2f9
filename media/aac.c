/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/aac.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "media/bits.h"

/* Table 1.18. */
static const uint32_t rates[13] = {96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350};
/* Table 1.19, by channelConfiguration; 0: not told, or reserved. */
static const uint8_t channel_count[16] = {0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8, 0};

static uint8_t object_type(struct bits *b)
{
	uint32_t t = bits_get(b, 5);

	return (uint8_t)(t == 31 ? 32 + bits_get(b, 6) : t);
}

static uint32_t sampling_rate(struct bits *b)
{
	uint32_t index = bits_get(b, 4);

	if (index == 15)
		return bits_get(b, 24);
	return index < 13 ? rates[index] : 0;
}

int aac_parse(const uint8_t *asc, size_t n, struct aac_config *ret)
{
	struct bits b = bits_init(asc, n < AAC_CONFIG_MAX ? n : AAC_CONFIG_MAX);
	struct aac_config c = {.object_type = object_type(&b)};
	uint8_t core = c.object_type;
	bool short_frames;

	c.rate = sampling_rate(&b);
	c.channels = channel_count[bits_get(&b, 4)];
	if (core == 5 || core == 29) {     /* SBR or PS said first: the core coder follows */
		sampling_rate(&b);
		core = object_type(&b);
	}
	short_frames = bits_get(&b, 1);    /* GASpecificConfig, 4.4.1 */
	if (b.bad || c.rate < 7350 || c.rate > 96000)
		return -EBADMSG;
	if (core < 1 || core > 4 || c.channels == 0)
		return -ENOTSUP;
	c.frame_samples = short_frames ? 960 : 1024;
	*ret = c;
	return 0;
}

/* Five bits of object type, four of rate index (and 24 of rate), four of channels, three zero bits. */
int aac_build(uint32_t rate, uint8_t channels, uint8_t out[5])
{
	unsigned ri = 0, ci = 1;
	uint64_t v;

	while (ri < 13 && rates[ri] != rate)
		ri++;
	while (ci < 8 && channel_count[ci] != channels)
		ci++;
	if (ci == 8 || rate < 7350 || rate > 96000)
		return -EINVAL;
	if (ri < 13) {
		v = (uint64_t)AAC_LC << 11 | (uint64_t)ri << 7 | (uint64_t)ci << 3;
		out[0] = (uint8_t)(v >> 8);
		out[1] = (uint8_t)v;
		return 2;
	}
	v = (uint64_t)AAC_LC << 35 | (uint64_t)15 << 31 | (uint64_t)rate << 7 | (uint64_t)ci << 3;
	for (int i = 0; i < 5; i++)
		out[i] = (uint8_t)(v >> 8 * (4 - i));
	return 5;
}

int aac_track(const uint8_t *asc, size_t n, struct track *ret)
{
	struct track t = {.codec = CODEC_AAC};
	struct aac_config c;
	int r = aac_parse(asc, n, &c);

	if (r)
		return r;
	if (n > AAC_CONFIG_MAX)
		return -EBADMSG;
	t.timescale = t.rate = c.rate;
	t.channels = c.channels;
	t.profile = c.object_type;
	memcpy(t.config, asc, n);
	t.config_len = (uint16_t)n;
	*ret = t;
	return 0;
}
