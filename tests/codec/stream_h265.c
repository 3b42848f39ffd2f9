/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "media/h265.h"
#include "media/nal.h"
#include "tests/codec/stream.h"

/* x265 leaves some of its memory behind; a leak checker asks for this. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libx265\n";
}

static enum AVPixelFormat format_of(const struct stream_kind *k)
{
	unsigned bits = k->bits ? k->bits : 8;

	switch (k->chroma) {
	case STREAM_400:
		return bits == 8 ? AV_PIX_FMT_GRAY8 : bits == 10 ? AV_PIX_FMT_GRAY10 : AV_PIX_FMT_GRAY12;
	case STREAM_422:
		return bits == 8 ? AV_PIX_FMT_YUV422P : bits == 10 ? AV_PIX_FMT_YUV422P10 : AV_PIX_FMT_YUV422P12;
	case STREAM_444:
		return bits == 8 ? AV_PIX_FMT_YUV444P : bits == 10 ? AV_PIX_FMT_YUV444P10 : AV_PIX_FMT_YUV444P12;
	default:
		return bits == 8 ? AV_PIX_FMT_YUV420P : bits == 10 ? AV_PIX_FMT_YUV420P10 : AV_PIX_FMT_YUV420P12;
	}
}

static AVCodecContext *open_encoder(const struct stream_kind *k)
{
	const AVCodec *codec = avcodec_find_encoder_by_name("libx265");
	AVCodecContext *c;
	char params[256];

	if (!codec)
		cr_skip_test("libavcodec has no H.265 encoder here");
	c = avcodec_alloc_context3(codec);
	c->width = (int)k->width;
	c->height = (int)k->height;
	c->pix_fmt = format_of(k);
	c->time_base = (AVRational){1, 25};
	c->max_b_frames = (int)k->bframes;
	c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
	c->color_range = k->full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_UNSPECIFIED;
	snprintf(params, sizeof params, "log-level=none:pools=none:frame-threads=1:wpp=0:scenecut=0:qp=16:info=0:bframes=%u:b-adapt=0:open-gop=%d:"
		"keyint=%d:min-keyint=1", k->bframes, k->open_gop, k->keyint ? (int)k->keyint : -1);
	cr_assert_eq(av_opt_set(c->priv_data, "preset", "ultrafast", 0), 0);
	cr_assert_eq(av_opt_set(c->priv_data, "x265-params", params, 0), 0);
	cr_assert_eq(avcodec_open2(c, codec, NULL), 0, "%s", k->name);
	return c;
}

/* Start codes into lengths, into to if that is not NULL; their sum. */
static size_t with_lengths(const uint8_t *p, size_t n, uint8_t *to)
{
	struct rd r = rd_init(p, n);
	const uint8_t *nal;
	size_t len, sum = 0;

	while (nal_next_annexb(&r, &nal, &len) == 1) {
		if (to) {
			memcpy(to + sum, (uint8_t[]){(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len}, 4);
			memcpy(to + sum + 4, nal, len);
		}
		sum += 4 + len;
	}
	return sum;
}

static void take_sets(struct stream *s, const AVCodecContext *c)
{
	const uint8_t *set[3] = {0}, *nal;
	size_t len[3] = {0}, n;
	struct rd r;

	cr_assert_leq(with_lengths(c->extradata, (size_t)c->extradata_size, NULL), sizeof s->sets);
	s->sets_len = with_lengths(c->extradata, (size_t)c->extradata_size, s->sets);
	r = rd_init(s->sets, s->sets_len);
	while (nal_next(&r, &nal, &n) == 1) {
		unsigned at = h265_nal_type(nal) - H265_NAL_VPS;

		if (at > 2)
			continue;
		set[at] = nal;
		len[at] = n;
	}
	cr_assert_eq(h265_track(set[0], len[0], set[1], len[1], set[2], len[2], &s->track), 0);
}

static void draw(AVFrame *f, const struct stream_kind *k, unsigned n)
{
	unsigned shift = (k->bits ? k->bits : 8) - 8;
	uint32_t seed = n + 1;

	for (int plane = 0; plane < 3 && f->data[plane]; plane++) {
		unsigned lines = plane && k->chroma == STREAM_420 ? k->height / 2 : k->height;
		unsigned samples = plane && k->chroma != STREAM_444 ? k->width / 2 : k->width;

		for (unsigned i = 0; i < lines * samples; i++) {
			uint8_t *at = f->data[plane] + (ptrdiff_t)(i / samples) * f->linesize[plane];
			unsigned value = (plane ? 128u : stream_luma(n)) << shift;

			value = k->noise && !plane ? value / 2 + stream_random(&seed) % value : value;
			if (shift)
				((uint16_t *)(void *)at)[i % samples] = (uint16_t)value;
			else
				at[i % samples] = (uint8_t)value;
		}
	}
}

static void take_packets(struct stream *s, AVCodecContext *c)
{
	AVPacket *p = av_packet_alloc();

	while (avcodec_receive_packet(c, p) == 0) {
		size_t n = with_lengths(p->data, (size_t)p->size, NULL);
		uint8_t *copy = malloc(n);

		cr_assert_lt(s->n, STREAM_MAX);
		with_lengths(p->data, (size_t)p->size, copy);
		s->au[s->n++] = (struct au){.dts = p->dts * STREAM_STEP, .pts = p->pts * STREAM_STEP,
			.capture_us = 1000000 + p->pts * 40000, .key = h265_au_has_irap(copy, n), .data = copy, .len = n};
		av_packet_unref(p);
	}
	av_packet_free(&p);
}

void stream_make_h265(struct stream *s, const struct stream_kind *k)
{
	AVCodecContext *c = open_encoder(k);
	AVFrame *f = av_frame_alloc();

	*s = (struct stream){0};
	take_sets(s, c);
	f->width = c->width;
	f->height = c->height;
	f->format = c->pix_fmt;
	cr_assert_eq(av_frame_get_buffer(f, 0), 0);
	for (unsigned n = 0; n < k->pictures; n++) {
		cr_assert_eq(av_frame_make_writable(f), 0);
		draw(f, k, n);
		f->pts = n;
		cr_assert_eq(avcodec_send_frame(c, f), 0);
		take_packets(s, c);
	}
	cr_assert_eq(avcodec_send_frame(c, NULL), 0);
	take_packets(s, c);
	av_frame_free(&f);
	avcodec_free_context(&c);
	cr_assert_eq(s->n, k->pictures);
}
