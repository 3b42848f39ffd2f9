/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "media/opus.h"

#include <errno.h>

#include "base/rd.h"
#include "base/wr.h"

#define FRAME_BYTES_MAX 1275  /* RFC 6716 3.4, R2 */

int opus_track(uint8_t channels, struct track *ret)
{
	struct track t = {.codec = CODEC_OPUS, .timescale = OPUS_RATE, .rate = OPUS_RATE, .channels = channels};
	struct wr w = wr_init(t.config, sizeof t.config);

	if (channels < 1 || channels > 2)
		return -EINVAL;
	wr_u8(&w, 0);                      /* Version */
	wr_u8(&w, channels);
	wr_u16(&w, 0);                     /* PreSkip: a stream that is joined has no beginning */
	wr_u32(&w, OPUS_RATE);
	wr_u16(&w, 0);                     /* OutputGain */
	wr_u8(&w, 0);                      /* ChannelMappingFamily: mono or stereo */
	t.config_len = (uint16_t)w.len;
	*ret = t;
	return 0;
}

/* Table 2: samples of one frame, by the configuration in the upper five bits. */
static int frame_samples(uint8_t toc)
{
	unsigned config = toc >> 3;

	if (config < 12)                   /* SILK: 10, 20, 40, 60 ms */
		return config % 4 == 3 ? 2880 : 480 << config % 4;
	if (config < 16)                   /* hybrid: 10, 20 ms */
		return 480 << config % 2;
	return 120 << config % 4;          /* CELT: 2.5, 5, 10, 20 ms */
}

/* 3.2.1: one byte below 252, else two. */
static size_t get_length(struct rd *r)
{
	uint8_t first = rd_u8(r);

	return first < 252 ? first : first + 4u * rd_u8(r);
}

static bool same_lengths(size_t bytes, unsigned frames)
{
	return bytes % frames == 0 && bytes / frames <= FRAME_BYTES_MAX;
}

/* Code 3 (3.2.5): a count, padding, and all lengths but the last if they differ. */
static int check_many(struct rd *r, int samples)
{
	uint8_t head = rd_u8(r), more = 255;
	unsigned frames = head & 0x3f;
	size_t padding = 0, bytes = 0;

	if (frames == 0 || (int)frames * samples > OPUS_PACKET_SAMPLES)
		return -EBADMSG;
	while (head & 0x40 && more == 255 && !r->bad) {
		more = rd_u8(r);
		padding += more == 255 ? 254 : more;
	}
	for (unsigned i = 1; head & 0x80 && i < frames; i++) {
		size_t n = get_length(r);

		if (n > FRAME_BYTES_MAX)
			return -EBADMSG;
		bytes += n;
	}
	if (r->bad || padding + bytes > rd_left(r))
		return -EBADMSG;
	return same_lengths(rd_left(r) - padding - bytes, head & 0x80 ? 1 : frames) ? (int)frames * samples : -EBADMSG;
}

int opus_packet_samples(const uint8_t *packet, size_t n)
{
	struct rd r = rd_init(packet, n);
	uint8_t toc = rd_u8(&r);
	int samples = frame_samples(toc);
	size_t first;

	if (r.bad)
		return -EBADMSG;
	switch (toc & 3) {
	case 0:
		return same_lengths(rd_left(&r), 1) ? samples : -EBADMSG;
	case 1:
		return same_lengths(rd_left(&r), 2) ? 2 * samples : -EBADMSG;
	case 2:
		first = get_length(&r);
		if (r.bad || first > FRAME_BYTES_MAX || first > rd_left(&r))
			return -EBADMSG;
		return same_lengths(rd_left(&r) - first, 1) ? 2 * samples : -EBADMSG;
	default:
		return check_many(&r, samples);
	}
}
