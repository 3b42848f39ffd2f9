/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "camera/tone.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>

#include "media/aac.h"

#define BIT_RATE 48000
/* libavcodec's encoder gives frame k when it is fed frame k + 2: one for the overlap, one of its own look-ahead. */
#define DELAY_FRAMES 2
#define BEEP_HZ 1000
#define BEEP_US 100000
#define HUM_HZ 200
#define AAC_LC_CONFIG 2  /* bytes, for a rate that has a code */

struct tone {
	AVCodecContext *encoder;
	AVFrame *frame;
	AVPacket *packet;
	int64_t fed;  /* index of the next frame to feed; -1 before the first */
};

static int open_encoder(struct tone *t)
{
	const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
	AVCodecContext *c = t->encoder = codec ? avcodec_alloc_context3(codec) : NULL;

	if (!c)
		return -EIO;
	c->sample_rate = TONE_RATE;
	c->sample_fmt = AV_SAMPLE_FMT_FLTP;
	c->bit_rate = BIT_RATE;
	c->thread_count = 1;
	c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	av_channel_layout_default(&c->ch_layout, 1);
	/* The two-loop search costs several times as much and cannot be heard here. */
	av_opt_set(c->priv_data, "aac_coder", "fast", 0);
	return avcodec_open2(c, codec, NULL) < 0 || c->frame_size != TONE_FRAME ? -EIO : 0;
}

static int allocate_frame(struct tone *t)
{
	t->frame = av_frame_alloc();
	t->packet = av_packet_alloc();
	if (!t->frame || !t->packet)
		return -ENOMEM;
	t->frame->nb_samples = TONE_FRAME;
	t->frame->format = AV_SAMPLE_FMT_FLTP;
	t->frame->sample_rate = TONE_RATE;
	return av_channel_layout_copy(&t->frame->ch_layout, &t->encoder->ch_layout) < 0 ||
	       av_frame_get_buffer(t->frame, 0) < 0 ? -ENOMEM : 0;
}

int tone_new(struct tone **ret, struct track *track)
{
	struct tone *t = calloc(1, sizeof *t);
	uint8_t config[5];
	int e;

	if (!t)
		return -ENOMEM;
	t->fed = -1;
	e = open_encoder(t);
	if (!e)
		e = allocate_frame(t);
	/* Our own configuration: libavcodec's says at length that there is no SBR. */
	if (!e && (aac_build(TONE_RATE, 1, config) < 0 || aac_track(config, AAC_LC_CONFIG, track)))
		e = -EIO;
	if (e)
		tone_free(&t);
	else
		*ret = t;
	return e;
}

void tone_free(struct tone **t)
{
	if (!*t)
		return;
	av_packet_free(&(*t)->packet);
	av_frame_free(&(*t)->frame);
	avcodec_free_context(&(*t)->encoder);
	free(*t);
	*t = NULL;
}

static double wave(int64_t sample, int hz)
{
	return sin(2 * M_PI * (double)(sample * hz % TONE_RATE) / TONE_RATE);
}

/* The beep swells and fades over a tenth of its length, so that it doesn't click. */
static double loudness(int64_t wall_us)
{
	int64_t at = wall_us % 1000000, edge = at < BEEP_US / 2 ? at : BEEP_US - at;

	if (at >= BEEP_US)
		return 0;
	return edge < BEEP_US / 10 ? (double)edge / (BEEP_US / 10) : 1;
}

static int feed(struct tone *t, int64_t index, int64_t wall_us)
{
	float *out;

	if (av_frame_make_writable(t->frame) < 0)
		return -EIO;
	out = (float *)t->frame->data[0];
	for (int i = 0; i < TONE_FRAME; i++) {
		int64_t sample = index * TONE_FRAME + i;
		double beep = loudness(wall_us + (int64_t)i * 1000000 / TONE_RATE);

		out[i] = (float)(0.01 * wave(sample, HUM_HZ) + (beep > 0 ? 0.3 * beep * wave(sample, BEEP_HZ) : 0));
	}
	t->frame->pts = index * TONE_FRAME;
	av_packet_unref(t->packet);
	if (avcodec_send_frame(t->encoder, t->frame) < 0)
		return -EIO;
	t->fed = index + 1;
	return 0;
}

int tone_frame(struct tone *t, int64_t index, int64_t wall_us, const uint8_t **ret, size_t *ret_len)
{
	int64_t from = t->fed == index + DELAY_FRAMES ? t->fed : index;
	int got = AVERROR(EAGAIN);

	/* After a jump the encoder's delay is filled anew; what comes out meanwhile belongs to the time before. */
	for (int64_t i = from; i <= index + DELAY_FRAMES; i++) {
		if (feed(t, i, wall_us + (i - index) * TONE_FRAME * 1000000 / TONE_RATE))
			return -EIO;
		got = avcodec_receive_packet(t->encoder, t->packet);
		if (got < 0 && got != AVERROR(EAGAIN))
			return -EIO;
	}
	if (got < 0)
		return -EIO;
	*ret = t->packet->data;
	*ret_len = (size_t)t->packet->size;
	return 0;
}
