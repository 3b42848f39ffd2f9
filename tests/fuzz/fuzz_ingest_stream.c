/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A camera's packets through all of ingest's media way: a byte that chooses tracks, codecs and transport; then each packet
 * behind a byte of flags (track, RTCP, time that passes, a full ring, a replaced ring) and a u16 length. Every record that
 * comes out must be encodable, in order, and hold whole chunks; times given to transcode only rise.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "media/cmaf_read.h"
#include "server/ingest_stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	bool full;
	uint64_t epoch, told[2];          /* told: the epoch that transcode was told a track of: pictures', sound's */
	int64_t end[2];                   /* decode time at which the next part of a rendition may begin */
	int64_t last[2];                  /* decode time of the last access unit to transcode */
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
	bool sound;

	if (out.full)
		return -ENOBUFS;
	check_header(r);
	if (r->kind == RECORD_GAP)
		return 0;
	sound = r->kind == RECORD_TRACK ? !codec_is_video(r->track.track.codec) : r->au.audio;
	if (r->kind == RECORD_TRACK) {
		/* Told anew in the same epoch after its ring was replaced. */
		if (r->track.epoch != out.told[sound])
			out.last[sound] = INT64_MIN;
		out.told[sound] = r->track.epoch;
		return 0;
	}
	if (r->au.epoch != out.told[sound] || r->au.au.dts <= out.last[sound] || r->au.au.len == 0 || r->au.au.len > AU_MAX_BYTES)
		abort();
	out.last[sound] = r->au.au.dts;
	return 0;
}

/* Parameter sets as x264 and x265 write them. */
static const struct sdp_media video[2] = {
	{.kind = SDP_VIDEO, .payload_type = 96, .codec = CODEC_H264, .clock_rate = 90000},
	{.kind = SDP_VIDEO, .payload_type = 96, .codec = CODEC_H265, .clock_rate = 90000,
	 .vps = {0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x1e, 0x95, 0x90, 0x09},
	 .vps_len = 24,
	 .sps = {0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x1e, 0xa0, 0x20,
		 0x81, 0x05, 0x96, 0x56, 0x49, 0x24, 0xca, 0xf0, 0x16, 0x80, 0x80, 0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00, 0x05, 0x04},
	 .sps_len = 40, .pps = {0x44, 0x01, 0xc1, 0x72, 0xb4, 0x22, 0x40}, .pps_len = 7},
};
static const struct sdp_media audio[8] = {
	{.kind = SDP_AUDIO, .payload_type = 97, .codec = CODEC_AAC, .clock_rate = 48000, .config = {0x11, 0x90}, .config_len = 2},
	{.kind = SDP_AUDIO, .payload_type = 97, .codec = CODEC_OPUS, .clock_rate = 48000, .channels = 2},
	{.kind = SDP_AUDIO, .payload_type = 97, .codec = CODEC_PCMA, .clock_rate = 8000, .channels = 1},
	{.kind = SDP_AUDIO, .payload_type = 97, .codec = CODEC_PCMU, .clock_rate = 8000, .channels = 1},
	{.kind = SDP_AUDIO, .payload_type = 97, .codec = CODEC_G726, .clock_rate = 8000, .channels = 1, .g726_bits = 3},
	{.kind = SDP_AUDIO, .payload_type = 97, .codec = CODEC_L16, .clock_rate = 44100, .channels = 2},
	{.kind = SDP_AUDIO, .payload_type = 97, .codec = CODEC_AAC, .clock_rate = 16000, .channels = 1},
	{.kind = SDP_AUDIO, .payload_type = 97, .codec = CODEC_L16, .clock_rate = 0, .channels = 0},
};

/* What the loop does beside packets: late ones, a wish for a key frame, reports, status. */
static const char *tick(struct ingest_stream *s, struct ingest_now now, enum gap_why *why)
{
	const char *over = ingest_stream_tick(s, now, why);
	uint8_t p[INGEST_FEEDBACK_MAX];
	struct wr w = wr_init(p, sizeof p);

	ingest_stream_feedback(s, now, &w);
	if (w.bad)
		abort();
	w = wr_init(p, sizeof p);
	ingest_stream_report(s, 1, now, &w);
	ingest_stream_health(s, now);
	return over;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ingest_hooks hooks = {.store = to_store, .transcode = to_transcode, .pictures = true};
	struct ingest_now now = {1000000, 1795000000000000};
	struct rd r = rd_init(data, size);
	struct ingest_stream *s;
	const char *over = NULL;
	enum gap_why why = GAP_STOPPED;
	unsigned choice = rd_u8(&r), tracks = (choice & 3) % 3;

	memset(&out, 0, sizeof out);
	if (ingest_stream_new(0, 2000, &hooks, &s))
		return 0;
	ingest_stream_begin(s, tracks == 1 ? NULL : &video[choice >> 2 & 1], tracks == 2 ? NULL : &audio[choice >> 3 & 7], choice >> 6 & 1, now);
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
		} else if ((flags & 0xc0) == 0x80) {
			ingest_stream_transcode_anew(s, true);
		} else if (flags & 0x40) {
			over = tick(s, now, &why);
		}
		if (!over)
			over = ingest_stream_packet(s, flags & 1, flags >> 1 & 1, one.p, rd_left(&one), now, &why);
	}
	ingest_stream_end(s, why, now);
	ingest_stream_free(&s);
	return 0;
}
