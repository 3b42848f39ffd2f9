/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "media/cmaf_read.h"

#define VISUAL_ENTRY 78      /* bytes of a VisualSampleEntry before its boxes (ISO/IEC 14496-12 12.1.3) */
#define AUDIO_ENTRY 28       /* ... of an AudioSampleEntry (12.2.3) */
#define ESDS_FIXED 24        /* of ours: everything before DecoderSpecificInfo, version and flags included */
#define DECODER_SPECIFIC 5

/* The first box of that type in r, which is used up on the way. */
static int find(struct rd *r, uint32_t type, struct rd *ret)
{
	struct cmaf_box b;

	while (cmaf_next_box(r, &b) == 1)
		if (b.type == type) {
			*ret = b.body;
			return 0;
		}
	return -EBADMSG;
}

static int find_entry(const uint8_t *p, size_t n, uint32_t type, struct rd *ret)
{
	static const uint32_t way[] = {CMAF_TYPE('m', 'o', 'o', 'v'), CMAF_TYPE('t', 'r', 'a', 'k'), CMAF_TYPE('m', 'd', 'i', 'a'),
		CMAF_TYPE('m', 'i', 'n', 'f'), CMAF_TYPE('s', 't', 'b', 'l'), CMAF_TYPE('s', 't', 's', 'd')};
	struct rd r = rd_init(p, n);

	for (size_t i = 0; i < sizeof way / sizeof *way; i++)
		if (find(&r, way[i], &r))
			return -EBADMSG;
	rd_bytes(&r, 8);             /* version and flags, count of entries */
	return find(&r, type, ret);
}

/* ISO/IEC 14496-1 7.2.6, as media/cmaf.c writes it: lengths of one byte. */
static int read_esds(struct rd *r, struct rd *ret)
{
	rd_bytes(r, ESDS_FIXED);
	if (rd_u8(r) != DECODER_SPECIFIC)
		return -EBADMSG;
	*ret = rd_sub(r, rd_u8(r));
	return ret->bad ? -EBADMSG : 0;
}

int cmaf_read_init(const uint8_t *p, size_t n, struct track *ret)
{
	static const struct { uint32_t entry, config; } of[CODEC_COUNT] = {
		[CODEC_H264] = {CMAF_TYPE('a', 'v', 'c', '1'), CMAF_TYPE('a', 'v', 'c', 'C')},
		[CODEC_H265] = {CMAF_TYPE('h', 'v', 'c', '1'), CMAF_TYPE('h', 'v', 'c', 'C')},
		[CODEC_AAC] = {CMAF_TYPE('m', 'p', '4', 'a'), CMAF_TYPE('e', 's', 'd', 's')},
		[CODEC_OPUS] = {CMAF_TYPE('O', 'p', 'u', 's'), CMAF_TYPE('d', 'O', 'p', 's')},
	};
	struct rd entry, config;
	size_t len;

	if (!codec_is_packaged(ret->codec) || find_entry(p, n, of[ret->codec].entry, &entry))
		return -EBADMSG;
	rd_bytes(&entry, codec_is_video(ret->codec) ? VISUAL_ENTRY : AUDIO_ENTRY);
	if (entry.bad || find(&entry, of[ret->codec].config, &config))
		return -EBADMSG;
	if (ret->codec == CODEC_AAC && read_esds(&config, &config))
		return -EBADMSG;
	len = rd_left(&config);
	if (!len || len > TRACK_CONFIG_MAX)
		return -EBADMSG;
	memcpy(ret->config, rd_bytes(&config, len), len);
	ret->config_len = (uint16_t)len;
	return 0;
}
