/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An hour of a camera whose sound runs by a clock of its own: every ten minutes it flashes and beeps at once. */
#include <criterion/criterion.h>
#include <libavcodec/avcodec.h>
#include <stdlib.h>
#include <string.h>

#include "codec/decoder.h"
#include "codec/transcoder.h"
#include "media/packager.h"
#include "tests/codec/stream.h"
#include "tests/codec/viewer.h"

#define SECONDS 3600
#define EVERY 600
#define RATE 8000
#define DRIFT 0.9998          /* 8000 of its samples last so many seconds */
#define SYNC_US 40000

static struct transcoder *transcoder;
static struct stream stream;
static struct decoder *eye;
static AVCodecContext *ear;
static int64_t flash_us[16], beep_us[16];  /* when they begin, as a player has it */
static unsigned nflashes, nbeeps;
static bool bright;
static int64_t quiet;         /* samples since something was heard */

static void teardown(void)
{
	transcoder_free(&transcoder);
	decoder_free(&eye);
	avcodec_free_context(&ear);
	stream_free(&stream);
	viewer_reset();
}

TestSuite(sync, .fini = teardown);

static void watch(const struct viewer_sample *s)
{
	struct picture p;

	if (!eye)
		cr_assert_eq(decoder_open(&eye, &viewer[2].track, 0), 0);
	cr_assert_eq(decoder_feed(eye, &(struct au){s->pts, s->pts, 0, s->key, s->data, s->len}), 0);
	while (decoder_picture(eye, &p)) {
		bool now = p.plane[0][32 * p.stride[0] + 32] > 120;

		if (now && !bright && nflashes < 16)
			flash_us[nflashes++] = p.pts * 100 / 9;
		bright = now;
	}
}

static void open_ear(const struct track *t)
{
	ear = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_AAC));
	cr_assert_not_null(ear);
	ear->extradata = av_mallocz(t->config_len + AV_INPUT_BUFFER_PADDING_SIZE);
	memcpy(ear->extradata, t->config, t->config_len);
	ear->extradata_size = t->config_len;
	cr_assert_eq(avcodec_open2(ear, NULL, NULL), 0);
}

static void hear(const float *samples, int n, int64_t start)
{
	for (int i = 0; i < n; i++) {
		bool loud = samples[i] > 0.2f || samples[i] < -0.2f;

		if (loud && quiet > RATE && nbeeps < 16)
			beep_us[nbeeps++] = (start + i) * 1000000 / RATE;
		quiet = loud ? 0 : quiet + 1;
	}
}

static void listen(const struct viewer_sample *s)
{
	AVPacket *p = av_packet_alloc();
	AVFrame *f = av_frame_alloc();

	if (!ear)
		open_ear(&viewer[RENDITION_AUDIO].track);
	p->data = s->data;
	p->size = (int)s->len;
	cr_assert_eq(avcodec_send_packet(ear, p), 0);
	/* The viewer took off the origin in the pictures' clock. */
	while (avcodec_receive_frame(ear, f) == 0)
		hear((const float *)(const void *)f->data[0], f->nb_samples, s->pts + PACKAGER_ORIGIN_S * (TIMESCALE_VIDEO - RATE));
	av_packet_free(&p);
	av_frame_free(&f);
}

/* An hour is looked at as it comes, and forgotten. */
static int emit(void *ctx, const struct record *r)
{
	struct viewer *v;
	int rc = viewer_emit(NULL, r);

	if (r->kind != RECORD_PART)
		return rc;
	v = &viewer[r->part.rendition];
	for (unsigned i = 0; i < v->nsamples; i++) {
		if (r->part.rendition == RENDITION_AUDIO)
			listen(&v->sample[i]);
		else
			watch(&v->sample[i]);
		free(v->sample[i].data);
	}
	v->segment[0] = v->segment[v->nsegments - 1];
	v->segment[0].first = 0;
	v->nsegments = 1;
	v->nsamples = 0;
	return rc;
}

static void feed(const struct record *r)
{
	const char *why;

	cr_assert_eq(transcoder_feed(transcoder, r, false, &why), 0);
}

static bool is_event(double at_s)
{
	return at_s >= EVERY && at_s - EVERY * (unsigned)(at_s / EVERY) < 0.2;
}

/* One second by the sound's own clock. */
static void feed_sound(unsigned n)
{
	static uint8_t samples[RATE];
	struct record r = {.kind = RECORD_AU, .au = {.epoch = 1, .segment = (uint32_t)(n * DRIFT / 2), .audio = true}};

	for (unsigned i = 0; i < RATE; i++)
		samples[i] = !is_event((n + (double)i / RATE) * DRIFT) ? 0xff : i / 4 % 2 ? 0x90 : 0x10;
	r.au.au = (struct au){.dts = (int64_t)(n * DRIFT * RATE), .capture_us = 1000000 + (int64_t)(n * DRIFT * 1000000), .data = samples, .len = sizeof samples};
	r.au.au.pts = r.au.au.dts;
	feed(&r);
}

/* A picture a second, each a key frame. */
static void feed_picture(unsigned n)
{
	struct record r = {.kind = RECORD_AU, .au = {.epoch = 1, .segment = n / 2, .au = stream.au[is_event(n) ? 18 + n % 2 : n % 2]}};

	r.au.au.pts = r.au.au.dts = (int64_t)n * TIMESCALE_VIDEO;
	r.au.au.capture_us = 1000000 + n * INT64_C(1000000);
	feed(&r);
}

Test(sync, sound_and_picture_stay_together_for_an_hour, .timeout = 120)
{
	static const struct stream_kind k = {"keys", 64, 64, 20, 1};
	static const struct track mulaw = {.codec = CODEC_PCMU, .timescale = RATE, .rate = RATE, .channels = 1};
	struct transcoder_settings s = {.cpu = cpu_best(), .sound = true, .nrenditions = 1, .rendition = {{2, 64, 64, 0, 200000}}};
	unsigned sounds = 0;

	stream_make(&stream, &k);
	cr_assert_eq(transcoder_new(&transcoder, &s, emit, NULL), 0);
	feed(&(struct record){.kind = RECORD_TRACK, .track = {.epoch = 1, .track = stream.track}});
	feed(&(struct record){.kind = RECORD_TRACK, .track = {.epoch = 1, .track = mulaw}});
	quiet = 2 * RATE;
	for (unsigned n = 0; n < SECONDS + 2; n++) {
		feed_picture(n);
		for (; sounds * DRIFT < n; sounds++)
			feed_sound(sounds);
	}
	cr_assert_eq(transcoder_finish(transcoder), 0);
	cr_assert_eq(nflashes, SECONDS / EVERY, "%u flashes", nflashes);
	cr_assert_eq(nbeeps, SECONDS / EVERY, "%u beeps", nbeeps);
	for (unsigned i = 0; i < nflashes; i++) {
		int64_t off = beep_us[i] - flash_us[i];

		cr_assert_eq(flash_us[i], (i + 1) * EVERY * INT64_C(1000000));
		cr_assert(off < SYNC_US && off > -SYNC_US, "after %u s: %lld us", (i + 1) * EVERY, (long long)off);
	}
}
