/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of H.264 or H.265, as FUZZ_CODEC says (tests/fuzz/rtp_feed.h): what comes out must be whole NAL units of kinds that belong into an access unit.
 */
#include "media/nal.h"
#include "net/rtp_video.h"
#include "net/rtp_video_format.h"
#include "tests/fuzz/rtp_feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_picture(void *ctx, const struct rtp_video_au *au)
{
	const struct rtp_video_format *format = ((const struct rtp_video *)ctx)->format;
	struct rd r = rd_init(au->data, au->len);
	bool key = false, slice = false;
	const uint8_t *nal;
	size_t n;
	int rc;

	while ((rc = nal_next(&r, &nal, &n)) == 1) {
		struct rtp_nal is = format->look(nal, n);

		if (n < format->header || is.kind == RTP_NAL_FOREIGN || is.kind == RTP_NAL_VPS || is.kind == RTP_NAL_SPS)
			abort();
		if (is.kind == RTP_NAL_SLICE && !slice && !is.first)
			abort();
		slice |= is.kind == RTP_NAL_SLICE;
		key |= is.kind == RTP_NAL_SLICE && is.key;
	}
	if (rc < 0 || !slice || key != au->key)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd all = rd_init(data, size);
	struct rtp_packet p = {0};
	struct rtp_video d;
	bool lost;

	rtp_video_init(&d, FUZZ_CODEC, on_picture, &d);
	while (rtp_feed_next(&all, &p, &lost))
		rtp_video_feed(&d, &p, lost, 0);
	rtp_video_end(&d);
	for (unsigned i = 0; i < RTP_SETS; i++)
		if (d.set[i].len > SDP_SET_MAX || (d.set[i].len && d.set[i].nal[d.set[i].len - 1] == 0))
			abort();
	rtp_video_free(&d);
	rtp_feed_end(&p);
	return 0;
}
