/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets of sound (tests/fuzz/rtp_feed.h) behind a byte that says of which kind. Frames must be within their bounds. */
#include "net/rtp_audio.h"
#include "tests/fuzz/rtp_feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t sum;

static void on_sound(void *ctx, const struct rtp_audio_frame *f)
{
	const struct rtp_audio *d = ctx;

	if (f->len == 0 || f->len > 65535 || f->duration == 0 || f->duration > d->track.timescale * RTP_AUDIO_FRAME_MS / 1000)
		abort();
	/* Each byte can be read. */
	for (size_t i = 0; i < f->len; i++)
		sum += f->data[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sdp_media kinds[] = {
		{.codec = CODEC_AAC, .clock_rate = 48000, .channels = 2},
		{.codec = CODEC_OPUS, .clock_rate = 48000, .channels = 2},
		{.codec = CODEC_PCMA, .clock_rate = 8000, .channels = 1},
		{.codec = CODEC_L16, .clock_rate = 44100, .channels = 2},
		{.codec = CODEC_G726, .clock_rate = 8000, .channels = 1, .g726_bits = 3},
	};
	struct rd all = rd_init(data, size);
	struct rtp_packet p = {0};
	struct rtp_audio d;
	struct track t;
	const char *why;
	bool lost;

	if (rtp_audio_track(&kinds[rd_u8(&all) % (sizeof kinds / sizeof *kinds)], &t, &why))
		abort();
	rtp_audio_init(&d, &t, on_sound, &d);
	while (rtp_feed_next(&all, &p, &lost))
		rtp_audio_feed(&d, &p, lost, 0);
	rtp_audio_free(&d);
	rtp_feed_end(&p);
	return 0;
}
