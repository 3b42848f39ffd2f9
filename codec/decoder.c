/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/decoder.h"

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/log.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>
#include <string.h>

#include "codec/sets.h"
#include "media/h265.h"

#define PADDED (64 * H265_SIDE_MAX)  /* libavcodec counts lines as it lays them out; we do not */
#define PENDING 64  /* access units inside libavcodec: more than the 16 of reordering plus the fields of a frame */

struct pending {
	int64_t number, pts, capture_us;
};

struct decoder {
	AVCodecContext *ctx;
	AVPacket *packet;
	AVFrame *frame, *last;
	struct picture given;        /* the one given out last: its planes are in frame or, once that is used again, in last */
	bool has_given, in_frame;
	uint8_t *data;               /* the access unit with libavcodec's padding behind it */
	size_t cap;
	struct pending pending[PENDING];
	int64_t number;              /* of the access unit fed last */
	int64_t last_pts;            /* of the picture given out last */
	enum codec codec;
	uint64_t max_pixels;
	bool waiting;                /* for a picture to start at */
	unsigned waited;             /* access units, */
	int64_t waiting_since;       /* and from this time on */
	struct decoder_counts counts;
};

static int open_context(struct decoder *d, const struct track *t, uint64_t max_pixels)
{
	const AVCodec *codec = avcodec_find_decoder(t->codec == CODEC_H265 ? AV_CODEC_ID_HEVC : AV_CODEC_ID_H264);
	AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;
	int rc;

	if (!c)
		return -ENOMEM;
	d->ctx = c;
	c->extradata = av_mallocz(t->config_len + AV_INPUT_BUFFER_PADDING_SIZE);
	if (!c->extradata)
		return -ENOMEM;
	memcpy(c->extradata, t->config, t->config_len);
	c->extradata_size = t->config_len;
	c->pkt_timebase = (AVRational){1, TIMESCALE_VIDEO};
	c->max_pixels = (int64_t)max_pixels + PADDED;
	c->thread_count = 1;
	c->err_recognition = 0;
	rc = avcodec_open2(c, codec, NULL);
	/* The camera is to blame for the one, and nothing comes until it sends others; the other passes. */
	return rc == AVERROR(ENOMEM) ? -ENOMEM : rc < 0 ? -EBADMSG : 0;
}

int decoder_open(struct decoder **ret, const struct track *track, uint64_t max_pixels)
{
	struct decoder *d;
	int rc;

	if (max_pixels == 0)
		max_pixels = PICTURE_MAX_PIXELS;
	rc = sets_check_track(track, max_pixels);
	if (rc)
		return rc;
	d = calloc(1, sizeof *d);
	if (!d)
		return -ENOMEM;
	av_log_set_level(AV_LOG_QUIET);  /* what a camera can provoke is counted, not printed */
	d->packet = av_packet_alloc();
	d->frame = av_frame_alloc();
	d->last = av_frame_alloc();
	d->last_pts = INT64_MIN;
	d->codec = track->codec;
	d->max_pixels = max_pixels;
	d->waiting = true;
	rc = d->packet && d->frame && d->last ? open_context(d, track, max_pixels) : -ENOMEM;
	if (rc)
		decoder_free(&d);
	else
		*ret = d;
	return rc;
}

void decoder_free(struct decoder **dp)
{
	struct decoder *d = *dp;

	if (!d)
		return;
	avcodec_free_context(&d->ctx);
	av_packet_free(&d->packet);
	av_frame_free(&d->frame);
	av_frame_free(&d->last);
	free(d->data);
	free(d);
	*dp = NULL;
}

/* libavcodec reads past the end of a packet, by design, and wants zeros there. */
static int copy_padded(struct decoder *d, const struct au *au)
{
	size_t need = au->len + AV_INPUT_BUFFER_PADDING_SIZE;
	uint8_t *p;

	if (need > d->cap) {
		p = realloc(d->data, need + need / 2);
		if (!p)
			return -ENOMEM;
		d->data = p;
		d->cap = need + need / 2;
	}
	memcpy(d->data, au->data, au->len);
	memset(d->data + au->len, 0, AV_INPUT_BUFFER_PADDING_SIZE);
	return 0;
}

static bool waited_long_enough(struct decoder *d, int64_t pts)
{
	if (d->waited++ == 0)
		d->waiting_since = pts;
	return d->waited > DECODER_BLIND_AUS || pts - d->waiting_since >= DECODER_BLIND_90K;
}

/*
 * Whether this access unit is of use. libavcodec knows by itself where H.264 may start, and shows nothing before unless
 * it is told to; of H.265 it would show any picture, grey where it refers to what never came.
 */
static bool may_start(struct decoder *d, const struct au *au)
{
	if (!d->waiting)
		return true;
	if (waited_long_enough(d, au->pts)) {
		d->ctx->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;
		d->waiting = false;
	} else if (d->codec == CODEC_H265) {
		d->waiting = !h265_au_has_irap(au->data, au->len);
	}
	return !d->waiting || d->codec == CODEC_H264;
}

static int check_au(const struct decoder *d, const struct au *au)
{
	if (au->len == 0 || au->len > AU_MAX_BYTES)
		return -EBADMSG;
	return sets_check_au(d->codec, au->data, au->len, d->max_pixels) ? -EBADMSG : 0;
}

int decoder_feed(struct decoder *d, const struct au *au)
{
	int rc = check_au(d, au);

	if (rc) {
		d->counts.errors++;
		return rc;
	}
	if (!may_start(d, au))
		return 0;
	rc = copy_padded(d, au);
	if (rc)
		return rc;
	d->number++;
	d->pending[d->number % PENDING] = (struct pending){d->number, au->pts, au->capture_us};
	d->ctx->reordered_opaque = d->number;
	d->packet->data = d->data;
	d->packet->size = (int)au->len;
	d->packet->flags = au->key ? AV_PKT_FLAG_KEY : 0;
	rc = avcodec_send_packet(d->ctx, d->packet);
	av_packet_unref(d->packet);
	if (rc < 0) {
		d->counts.errors++;
		return rc == AVERROR(ENOMEM) ? -ENOMEM : -EBADMSG;
	}
	return 0;
}

void decoder_drain(struct decoder *d)
{
	avcodec_send_packet(d->ctx, NULL);
}

void decoder_resume(struct decoder *d)
{
	avcodec_flush_buffers(d->ctx);
	d->waiting = true;
	d->waited = 0;
}

static bool name_format(const AVPixFmtDescriptor *desc, struct picture *p)
{
	p->bits = (uint8_t)desc->comp[0].depth;
	if (p->bits < 8 || p->bits > 16 || (desc->flags & AV_PIX_FMT_FLAG_BE))
		return false;
	if (desc->flags & AV_PIX_FMT_FLAG_RGB)
		p->format = PICTURE_GBR;
	else if (desc->nb_components == 1)
		p->format = PICTURE_GRAY;
	else if (desc->log2_chroma_h)
		p->format = PICTURE_420;
	else
		p->format = desc->log2_chroma_w ? PICTURE_422 : PICTURE_444;
	return true;
}

static void describe_pixels(const AVFrame *f, struct picture *p)
{
	AVRational sar = f->sample_aspect_ratio;
	bool known = sar.num > 0 && sar.den > 0 && sar.num <= UINT16_MAX && sar.den <= UINT16_MAX;

	p->sar_num = known ? (unsigned)sar.num : 1;
	p->sar_den = known ? (unsigned)sar.den : 1;
	p->full_range = f->color_range == AVCOL_RANGE_JPEG || f->format == AV_PIX_FMT_YUVJ420P ||
		f->format == AV_PIX_FMT_YUVJ422P || f->format == AV_PIX_FMT_YUVJ444P;
	p->colour = (struct colour){(uint8_t)f->color_primaries, (uint8_t)f->color_trc, (uint8_t)f->colorspace};
}

/* Frames that have lost their access unit or come behind a later one are not worth having. */
static bool fill_picture(struct decoder *d, struct picture *ret)
{
	const AVFrame *f = d->frame;
	const AVPixFmtDescriptor *desc = av_pix_fmt_desc_get(f->format);
	const struct pending *from = &d->pending[(uint64_t)f->reordered_opaque % PENDING];
	struct picture p = {.width = (unsigned)f->width, .height = (unsigned)f->height};

	if (from->number != f->reordered_opaque || from->number == 0 || from->pts <= d->last_pts) {
		d->counts.unordered++;
		return false;
	}
	if (!desc || f->width <= 0 || f->height <= 0 || (uint64_t)f->width * (uint64_t)f->height > d->max_pixels || !name_format(desc, &p))
		return false;
	describe_pixels(f, &p);
	for (int i = 0; i < (p.format == PICTURE_GRAY ? 1 : 3); i++) {
		p.plane[i] = f->data[i];
		p.stride[i] = f->linesize[i];
	}
	d->waiting = false;
	p.pts = d->last_pts = from->pts;
	p.capture_us = from->capture_us;
	d->counts.pictures++;
	*ret = p;
	return true;
}

static void keep_given(struct decoder *d)
{
	if (!d->in_frame)
		return;
	av_frame_unref(d->last);
	av_frame_move_ref(d->last, d->frame);
	d->in_frame = false;
}

int decoder_picture(struct decoder *d, struct picture *ret)
{
	keep_given(d);
	while (avcodec_receive_frame(d->ctx, d->frame) == 0)
		if (fill_picture(d, ret)) {
			d->given = *ret;
			d->has_given = d->in_frame = true;
			return 1;
		}
	return 0;
}

int decoder_last(const struct decoder *d, struct picture *ret)
{
	if (!d->has_given)
		return 0;
	*ret = d->given;
	return 1;
}

const struct decoder_counts *decoder_counts(const struct decoder *d)
{
	return &d->counts;
}
