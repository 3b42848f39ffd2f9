/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A camera's packets through all of ingest's media way: each behind a byte of flags (track, RTCP, time that passes, a
 * full ring, a replaced ring) and a u16 length. Every record that comes out must be encodable, in order, and hold whole chunks.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/rd.h"
#include "media/cmaf_read.h"
#include "server/ingest_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	bool full;
	uint64_t epoch;
	int64_t end[2];                   /* decode time at which the next part of a rendition may begin */
} out;

static void check_header(const struct record *r)
{
	uint8_t head[RECORD_HEADER_MAX + TRACK_CONFIG_MAX];
	struct wr w = wr_init(head, sizeof head);

	record_encode_header(&w, r);
	if (w.bad)
		abort();
}

static int to_store(void *ctx, const struct record *r)
{
	struct cmaf_extent extent;

	if (out.full)
		return -ENOBUFS;
	check_header(r);
	if (r->kind == RECORD_INIT) {
		if (r->init.epoch < out.epoch)
			abort();
		out.epoch = r->init.epoch;
		out.end[r->init.rendition] = 0;
	} else if (r->kind == RECORD_PART) {
		cmaf_check_chunks(r->part.data, r->part.len, &extent);
		if (extent.chunks != 1 || extent.end != r->part.len || r->part.epoch != out.epoch || r->part.start < out.end[r->part.rendition])
			abort();
		out.end[r->part.rendition] = r->part.start + r->part.duration;
	}
	return 0;
}

static int to_transcode(void *ctx, const struct record *r)
{
	check_header(r);
	return out.full ? -ENOBUFS : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sdp_media video = {.kind = SDP_VIDEO, .payload_type = 96, .codec = CODEC_H264, .clock_rate = 90000};
	static const struct sdp_media audio = {.kind = SDP_AUDIO, .payload_type = 97, .codec = CODEC_AAC, .clock_rate = 48000,
		.config = {0x11, 0x90}, .config_len = 2};
	struct ingest_hooks hooks = {.store = to_store, .transcode = to_transcode, .pictures = true};
	struct ingest_now now = {1000000, 1795000000000000};
	struct rd r = rd_init(data, size);
	struct ingest_stream *s;
	const char *over = NULL;
	enum gap_why why = GAP_STOPPED;
	unsigned tracks = rd_u8(&r) % 3;

	out.full = false;
	out.epoch = 0;
	out.end[0] = out.end[1] = 0;
	if (ingest_stream_new(0, 2000, &hooks, &s))
		return 0;
	ingest_stream_begin(s, tracks == 1 ? NULL : &video, tracks == 2 ? NULL : &audio, false, now);
	while (rd_left(&r) > 3 && !over) {
		unsigned flags = rd_u8(&r);
		size_t n = rd_u16(&r);
		struct rd one = rd_sub(&r, n < rd_left(&r) ? n : rd_left(&r));

		out.full = flags & 4;
		now.mono_us += (flags >> 3 & 7) * 40000;
		now.wall_us += (flags >> 3 & 7) * 40000;
		if ((flags & 0xc0) == 0xc0) {
			out.end[0] = out.end[1] = 0;
			ingest_stream_store_anew(s);
		}
		over = ingest_stream_packet(s, flags & 1, flags >> 1 & 1, one.p, rd_left(&one), now, &why);
	}
	ingest_stream_end(s, why, now);
	ingest_stream_free(&s);
	return 0;
}
