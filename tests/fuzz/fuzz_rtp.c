/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of one track, each behind a u16 length: through the header, the source's sequence, and a depacketizer (the
 * first byte of the input says which). H.264 that comes out must be whole NAL units.
 */
#include <stdlib.h>

#include "base/rd.h"
#include "media/nal.h"
#include "net/rtcp.h"
#include "net/rtp_aac.h"
#include "net/rtp_video.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_picture(void *ctx, const struct rtp_video_au *au)
{
	struct rd r = rd_init(au->data, au->len);
	const uint8_t *nal;
	size_t n;
	int rc;

	while ((rc = nal_next(&r, &nal, &n)) == 1)
		if (nal_type(nal) == NAL_SPS || nal_type(nal) == 0 || nal_type(nal) >= 24)
			abort();
	if (rc < 0 || au->len == 0)
		abort();
}

static void on_sound(void *ctx, const struct rtp_audio_frame *f)
{
	if (f->len == 0 || f->len > RTP_AAC_FRAME_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd all = rd_init(data, size);
	bool video = rd_u8(&all) & 1;
	struct rtp_source source;
	struct rtp_video h264;
	struct rtp_aac aac;
	uint8_t report[128];
	struct wr w = wr_init(report, sizeof report);
	const char *why;

	rtp_source_init(&source, 96, 90000);
	rtp_video_init(&h264, CODEC_H264, on_picture, NULL);
	rtp_aac_init(&aac, 1024, on_sound, NULL);
	for (int64_t t = 0; rd_left(&all) > 2; t += 1000) {
		size_t n = rd_u16(&all);
		struct rd one = rd_sub(&all, n < rd_left(&all) ? n : rd_left(&all));
		struct rtp_packet p;
		enum rtp_verdict verdict;

		if (rtp_parse(one.p, rd_left(&one), &p, &why))
			continue;
		verdict = rtp_source_take(&source, &p, t);
		if (verdict != RTP_DROP && video)
			rtp_video_feed(&h264, &p, verdict == RTP_AFTER_LOSS, t);
		else if (verdict != RTP_DROP)
			rtp_aac_feed(&aac, &p, verdict == RTP_AFTER_LOSS, t);
	}
	rtp_video_end(&h264);
	rtcp_write_receiver(&w, 1, &source, NULL, 0);
	rtp_video_free(&h264);
	rtp_aac_free(&aac);
	return 0;
}
