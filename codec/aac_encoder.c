/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/aac_encoder.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libavutil/log.h>
#include <stdlib.h>

#include "media/aac.h"

#define BITS_A_SAMPLE 3       /* speech at 8 kHz: 24 kb/s, hardly to be told from its G.711 */
#define RATE_MAX_BPS 80000    /* a channel */

struct aac_encoder {
	AVCodecContext *ctx;
	AVPacket *packet;
	AVFrame *frame;
	struct track track;
	bool begun;
	int64_t first;             /* time of the first sample */
};

static bool rate_has_code(uint32_t rate)
{
	uint8_t config[5];

	return aac_build(rate, 1, config) == 2;
}

static int64_t bit_rate(uint32_t rate, unsigned channels)
{
	int64_t bps = (int64_t)rate * BITS_A_SAMPLE;

	return (bps > RATE_MAX_BPS ? RATE_MAX_BPS : bps) * channels;
}

static int open_context(struct aac_encoder *e, uint32_t rate, unsigned channels)
{
	const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
	AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;

	if (!c)
		return -ENOMEM;
	e->ctx = c;
	c->sample_rate = (int)rate;
	c->sample_fmt = AV_SAMPLE_FMT_FLTP;
	av_channel_layout_default(&c->ch_layout, (int)channels);
	c->bit_rate = bit_rate(rate, channels);
	c->time_base = (AVRational){1, (int)rate};
	c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	c->thread_count = 1;
	if (avcodec_open2(c, codec, NULL) < 0 || c->frame_size != AAC_ENCODER_SAMPLES || c->extradata_size <= 0)
		return -EINVAL;
	return aac_track(c->extradata, (size_t)c->extradata_size, &e->track) ? -EINVAL : 0;
}

static int make_frame(struct aac_encoder *e)
{
	AVFrame *f = e->frame;

	f->nb_samples = AAC_ENCODER_SAMPLES;
	f->format = AV_SAMPLE_FMT_FLTP;
	f->sample_rate = e->ctx->sample_rate;
	if (av_channel_layout_copy(&f->ch_layout, &e->ctx->ch_layout) < 0)
		return -ENOMEM;
	return av_frame_get_buffer(f, 0) < 0 ? -ENOMEM : 0;
}

int aac_encoder_open(struct aac_encoder **ret, uint32_t rate, unsigned channels)
{
	struct aac_encoder *e;
	int rc;

	if (!rate_has_code(rate) || channels < 1 || channels > FIT_CHANNELS_MAX)
		return -EINVAL;
	e = calloc(1, sizeof *e);
	if (!e)
		return -ENOMEM;
	av_log_set_level(AV_LOG_QUIET);
	e->packet = av_packet_alloc();
	e->frame = av_frame_alloc();
	rc = e->packet && e->frame ? open_context(e, rate, channels) : -ENOMEM;
	if (!rc)
		rc = make_frame(e);
	if (rc)
		aac_encoder_free(&e);
	else
		*ret = e;
	return rc;
}

void aac_encoder_free(struct aac_encoder **ep)
{
	struct aac_encoder *e = *ep;

	if (!e)
		return;
	avcodec_free_context(&e->ctx);
	av_packet_free(&e->packet);
	av_frame_free(&e->frame);
	free(e);
	*ep = NULL;
}

const struct track *aac_encoder_track(const struct aac_encoder *e)
{
	return &e->track;
}

static void fill_frame(struct aac_encoder *e, const int16_t *samples)
{
	unsigned channels = e->track.channels;

	for (unsigned c = 0; c < channels; c++) {
		float *to = (float *)(void *)e->frame->data[c];

		for (unsigned i = 0; i < AAC_ENCODER_SAMPLES; i++)
			to[i] = (float)samples[i * channels + c] / 32768;
	}
}

int aac_encoder_put(struct aac_encoder *e, int64_t pts, const int16_t *samples)
{
	int rc;

	if (!e->begun)
		e->first = pts;
	e->begun = true;
	if (samples) {
		/* The encoder may hold on to the frame before. */
		if (av_frame_make_writable(e->frame) < 0)
			return -ENOMEM;
		fill_frame(e, samples);
		e->frame->pts = pts;
	}
	rc = avcodec_send_frame(e->ctx, samples ? e->frame : NULL);
	if (rc < 0)
		return rc == AVERROR(ENOMEM) ? -ENOMEM : -EIO;
	return 0;
}

int aac_encoder_get(struct aac_encoder *e, struct au *ret)
{
	while (avcodec_receive_packet(e->ctx, e->packet) == 0) {
		const AVPacket *p = e->packet;

		if (p->pts < e->first || p->size <= 0)
			continue;
		*ret = (struct au){.dts = p->pts, .pts = p->pts, .key = true, .data = p->data, .len = (size_t)p->size};
		return 1;
	}
	return 0;
}
