/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/pcm.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libavutil/log.h>
#include <stdlib.h>

struct pcm {
	AVCodecContext *ctx;
	AVPacket *packet;
	AVFrame *frame;
};

/* G.726's code words lie lowest bits first (RFC 3551 4.5.4), but for the packing of AAL2. */
static enum AVCodecID codec_of(const struct track *t)
{
	switch (t->codec) {
	case CODEC_PCMA:
		return AV_CODEC_ID_PCM_ALAW;
	case CODEC_PCMU:
		return AV_CODEC_ID_PCM_MULAW;
	case CODEC_L16:
		return AV_CODEC_ID_PCM_S16BE;
	case CODEC_G726:
		return t->compat ? AV_CODEC_ID_ADPCM_G726 : AV_CODEC_ID_ADPCM_G726LE;
	default:
		return AV_CODEC_ID_NONE;
	}
}

static bool can_be(const struct track *t)
{
	if (t->channels == 0 || t->channels > PCM_CHANNELS_MAX || t->rate == 0)
		return false;
	return t->codec != CODEC_G726 || (t->channels == 1 && t->profile >= 2 && t->profile <= 5);
}

static int open_context(struct pcm *p, const struct track *t)
{
	const AVCodec *codec = avcodec_find_decoder(codec_of(t));

	if (!codec)
		return -ENOTSUP;
	p->ctx = avcodec_alloc_context3(codec);
	if (!p->ctx)
		return -ENOMEM;
	p->ctx->sample_rate = (int)t->rate;
	av_channel_layout_default(&p->ctx->ch_layout, t->channels);
	if (t->codec == CODEC_G726)
		p->ctx->bits_per_coded_sample = t->profile;
	p->ctx->thread_count = 1;
	return avcodec_open2(p->ctx, codec, NULL) < 0 ? -ENOMEM : 0;
}

int pcm_open(struct pcm **ret, const struct track *t)
{
	struct pcm *p;
	int rc;

	if (!can_be(t))
		return -ENOTSUP;
	p = calloc(1, sizeof *p);
	if (!p)
		return -ENOMEM;
	av_log_set_level(AV_LOG_QUIET);
	p->packet = av_packet_alloc();
	p->frame = av_frame_alloc();
	rc = p->packet && p->frame ? open_context(p, t) : -ENOMEM;
	if (rc)
		pcm_free(&p);
	else
		*ret = p;
	return rc;
}

void pcm_free(struct pcm **pp)
{
	struct pcm *p = *pp;

	if (!p)
		return;
	avcodec_free_context(&p->ctx);
	av_packet_free(&p->packet);
	av_frame_free(&p->frame);
	free(p);
	*pp = NULL;
}

static int error_of(int rc)
{
	return rc == AVERROR(ENOMEM) ? -ENOMEM : -EBADMSG;
}

int pcm_decode(struct pcm *p, const uint8_t *data, size_t n, const int16_t **ret, size_t *ret_samples)
{
	int rc;

	if (n == 0 || n > PCM_AU_MAX_BYTES)
		return -EBADMSG;
	p->packet->data = (uint8_t *)(uintptr_t)data;  /* copied, and padded, by libavcodec */
	p->packet->size = (int)n;
	rc = avcodec_send_packet(p->ctx, p->packet);
	av_packet_unref(p->packet);
	if (rc < 0)
		return error_of(rc);
	rc = avcodec_receive_frame(p->ctx, p->frame);
	if (rc < 0)
		return error_of(rc);
	if (p->frame->format != AV_SAMPLE_FMT_S16 || p->frame->nb_samples <= 0)
		return -EBADMSG;
	*ret = (const int16_t *)(const void *)p->frame->data[0];
	*ret_samples = (size_t)p->frame->nb_samples;
	return 0;
}
