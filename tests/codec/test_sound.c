/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/sha.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/sound.h"
#include "media/aac.h"
#include "media/cmaf_read.h"
#include "media/packager.h"
#include "tests/codec/stream.h"

#define PCM_MAX (1 << 20)
#define SEGMENTS_MAX 64

static struct {
	unsigned inits, ends, parts, frames;
	uint64_t epoch;
	struct track track;
	uint32_t segment;            /* of the last part */
	int64_t start, end;          /* of all that came since the last init segment, less the origin */
	int64_t capture_us;
	struct { uint32_t segment; int64_t start; uint8_t source[32]; } segment_at[SEGMENTS_MAX];
	unsigned nsegments;
} seen;
static int16_t heard[PCM_MAX];       /* what a player hears from seen.start on */
static size_t nheard;
static AVCodecContext *player;
static struct sound *sound;
static int emit_rc;

static void play_init(const struct track *t)
{
	avcodec_free_context(&player);
	player = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_AAC));
	player->extradata = av_mallocz(t->config_len + AV_INPUT_BUFFER_PADDING_SIZE);
	memcpy(player->extradata, t->config, t->config_len);
	player->extradata_size = t->config_len;
	cr_assert_eq(avcodec_open2(player, NULL, NULL), 0);
}

static void play(const uint8_t *data, size_t n)
{
	AVPacket *p = av_packet_alloc();
	AVFrame *f = av_frame_alloc();

	p->data = (uint8_t *)(uintptr_t)data;
	p->size = (int)n;
	cr_assert_eq(avcodec_send_packet(player, p), 0);
	while (avcodec_receive_frame(player, f) == 0)
		for (int i = 0; i < f->nb_samples && nheard < PCM_MAX; i++)
			heard[nheard++] = (int16_t)(((const float *)(const void *)f->data[0])[i] * 32767);
	av_packet_free(&p);
	av_frame_free(&f);
}

static struct rd box(struct rd r, uint32_t type)
{
	struct cmaf_box b;

	do
		cr_assert_eq(cmaf_next_box(&r, &b), 1, "no such box");
	while (b.type != type);
	return b.body;
}

/* ISO/IEC 14496-12 8.8.8: the sizes of samples, which lie one behind the other in mdat. */
static void play_part(const struct record_part *p)
{
	struct rd part = rd_init(p->data, p->len), mdat = box(part, CMAF_TYPE('m', 'd', 'a', 't'));
	struct rd trun = box(box(box(part, CMAF_TYPE('m', 'o', 'o', 'f')), CMAF_TYPE('t', 'r', 'a', 'f')), CMAF_TYPE('t', 'r', 'u', 'n'));
	uint32_t flags = rd_u32(&trun), n = rd_u32(&trun);

	cr_assert(flags & 0x200, "each has its size");
	rd_bytes(&trun, flags & 1 ? 4 : 0);
	rd_bytes(&trun, flags & 4 ? 4 : 0);
	while (n--) {
		uint32_t size;

		rd_bytes(&trun, flags & 0x100 ? 4 : 0);
		size = rd_u32(&trun);
		rd_bytes(&trun, flags & 0x400 ? 4 : 0);
		rd_bytes(&trun, flags & 0x800 ? 4 : 0);
		cr_assert_not(trun.bad);
		play(rd_bytes(&mdat, size), size);
		seen.frames++;
	}
}

static void take_part(const struct record_part *p)
{
	int64_t start = p->start - PACKAGER_ORIGIN_S * (int64_t)seen.track.rate;

	cr_assert_eq(p->camera, 7);
	cr_assert_eq(p->rendition, RENDITION_AUDIO);
	cr_assert_eq(p->epoch, seen.epoch);
	cr_assert(p->independent);
	if (seen.parts++ == 0) {
		seen.start = seen.end = start;
		seen.capture_us = p->capture_us;
	}
	cr_assert_eq(start, seen.end, "parts follow each other");
	seen.end += p->duration;
	if (p->part == 0) {
		cr_assert_lt(seen.nsegments, SEGMENTS_MAX);
		seen.segment_at[seen.nsegments].segment = p->segment;
		seen.segment_at[seen.nsegments++].start = start;
	}
	play_part(p);
}

static int emit(void *ctx, const struct record *r)
{
	switch (r->kind) {
	case RECORD_INIT:
		cr_assert_eq(r->init.rendition, RENDITION_AUDIO);
		seen.inits++;
		seen.epoch = r->init.epoch;
		seen.track = r->init.track;
		seen.parts = seen.frames = seen.nsegments = 0;
		nheard = 0;
		play_init(&seen.track);
		return 0;
	case RECORD_PART:
		if (emit_rc)
			return emit_rc;
		take_part(&r->part);
		return 0;
	default:
		cr_assert_eq(r->kind, RECORD_SEGMENT_END);
		cr_assert_eq(r->end.segment, seen.segment_at[seen.nsegments - 1].segment);
		memcpy(seen.segment_at[seen.nsegments - 1].source, r->end.source, 32);
		seen.ends++;
		return 0;
	}
}

static void setup(void)
{
	memset(&seen, 0, sizeof seen);
	emit_rc = 0;
	cr_assert_eq(sound_new(&sound, 7, 0, emit, NULL), 0);
}

static void teardown(void)
{
	sound_free(&sound);
	avcodec_free_context(&player);
}

TestSuite(sound, .init = setup, .fini = teardown);

static int feed_track(const struct track *t, uint64_t epoch)
{
	const char *why = NULL;
	int rc = sound_track(sound, &(struct record_track){.epoch = epoch, .track = *t}, &why);

	cr_assert(rc == 0 || (rc == -ENOTSUP && why));
	return rc;
}

static struct track track_of(enum codec codec, uint32_t rate, uint8_t channels, uint8_t bits, uint8_t aal2)
{
	return (struct track){.codec = codec, .timescale = rate, .rate = rate, .channels = channels, .profile = bits, .compat = aal2};
}

static void feed(uint64_t epoch, uint32_t segment, int64_t pts, uint32_t rate, const void *data, size_t n)
{
	struct record_au a = {.epoch = epoch, .segment = segment, .audio = true,
		.au = {.dts = pts, .pts = pts, .key = true, .capture_us = 5000000 + pts * 1000000 / rate, .data = data, .len = n}};

	cr_assert_eq(sound_feed(sound, &a), 0);
}

/* How a camera writes it: by libavcodec's encoders, which are not under test. */
static AVCodecContext *open_writer(enum AVCodecID id, uint32_t rate, unsigned channels, unsigned bits)
{
	AVCodecContext *c = avcodec_alloc_context3(avcodec_find_encoder(id));

	c->sample_rate = (int)rate;
	c->sample_fmt = AV_SAMPLE_FMT_S16;
	c->bit_rate = (int64_t)bits * rate;
	av_channel_layout_default(&c->ch_layout, (int)channels);
	cr_assert_eq(avcodec_open2(c, NULL, NULL), 0);
	return c;
}

static size_t write_pcm(AVCodecContext *c, const int16_t *samples, unsigned n, uint8_t *to)
{
	AVFrame *f = av_frame_alloc();
	AVPacket *p = av_packet_alloc();
	size_t size;

	f->nb_samples = (int)n;
	f->format = AV_SAMPLE_FMT_S16;
	f->sample_rate = c->sample_rate;
	av_channel_layout_copy(&f->ch_layout, &c->ch_layout);
	cr_assert_eq(av_frame_get_buffer(f, 0), 0);
	memcpy(f->data[0], samples, n * (unsigned)c->ch_layout.nb_channels * sizeof *samples);
	cr_assert_eq(avcodec_send_frame(c, f), 0);
	cr_assert_eq(avcodec_receive_packet(c, p), 0);
	memcpy(to, p->data, (size_t)p->size);
	size = (size_t)p->size;
	av_frame_free(&f);
	av_packet_free(&p);
	return size;
}

static double wave(int64_t n, uint32_t rate)
{
	return 8000 * sin((double)n * 2 * M_PI * 300 / rate);
}

/* Where the wave that is heard lies over the one that was sent: the lag at which they are most alike. */
static int lag(size_t from, size_t n, uint32_t rate, double *ret_error)
{
	double best = 1e30;
	int at = 0;

	for (int d = -40; d <= 40; d++) {
		double sum = 0;

		for (size_t i = from; i < from + n; i++) {
			double e = heard[i] - wave((int64_t)i + d, rate);

			sum += e * e;
		}
		if (sum < best) {
			best = sum;
			at = d;
		}
	}
	*ret_error = sqrt(best / (double)n);
	return at;
}

Test(sound, makes_AAC_of_every_codec_at_its_own_rate_and_time)
{
	static const struct {
		const char *name;
		enum codec codec;
		uint32_t rate;
		uint8_t channels, bits, aal2;
		enum AVCodecID writer;
		double error;
	} cases[] = {
		{"A-law", CODEC_PCMA, 8000, 1, 0, 0, AV_CODEC_ID_PCM_ALAW, 300},
		{"mu-law", CODEC_PCMU, 8000, 1, 0, 0, AV_CODEC_ID_PCM_MULAW, 300},
		{"A-law 16 kHz", CODEC_PCMA, 16000, 1, 0, 0, AV_CODEC_ID_PCM_ALAW, 300},
		{"mu-law stereo", CODEC_PCMU, 8000, 2, 0, 0, AV_CODEC_ID_PCM_MULAW, 300},
		{"L16 44.1 kHz stereo", CODEC_L16, 44100, 2, 0, 0, AV_CODEC_ID_PCM_S16BE, 200},
		{"L16 8 kHz", CODEC_L16, 8000, 1, 0, 0, AV_CODEC_ID_PCM_S16BE, 200},
		{"L16 48 kHz", CODEC_L16, 48000, 1, 0, 0, AV_CODEC_ID_PCM_S16BE, 200},
		{"G.726 16 kb/s", CODEC_G726, 8000, 1, 2, 0, AV_CODEC_ID_ADPCM_G726LE, 2500},
		{"G.726 24 kb/s", CODEC_G726, 8000, 1, 3, 0, AV_CODEC_ID_ADPCM_G726LE, 1500},
		{"G.726 32 kb/s", CODEC_G726, 8000, 1, 4, 0, AV_CODEC_ID_ADPCM_G726LE, 800},
		{"G.726 40 kb/s", CODEC_G726, 8000, 1, 5, 0, AV_CODEC_ID_ADPCM_G726LE, 600},
		{"AAL2 G.726 32 kb/s", CODEC_G726, 8000, 1, 4, 1, AV_CODEC_ID_ADPCM_G726, 800},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct track t = track_of(cases[i].codec, cases[i].rate, cases[i].channels, cases[i].bits, cases[i].aal2);
		AVCodecContext *writer = open_writer(cases[i].writer, t.rate, t.channels, t.profile);
		unsigned n = t.rate / 50, packets = 100;
		int16_t pcm[2 * 960];
		uint8_t bytes[4 * 960];
		double error;

		cr_assert_eq(feed_track(&t, i + 1), 0, "%s", cases[i].name);
		for (unsigned p = 0; p < packets; p++) {
			for (unsigned k = 0; k < n * t.channels; k++)
				pcm[k] = (int16_t)wave(p * n + k / t.channels, t.rate);
			feed(i + 1, p / 50, p * n, t.rate, bytes, write_pcm(writer, pcm, n, bytes));
		}
		cr_assert_eq(sound_finish(sound), 0);
		avcodec_free_context(&writer);
		cr_assert_eq(seen.epoch, i + 1);
		cr_assert_eq(seen.track.codec, CODEC_AAC);
		cr_assert_eq(seen.track.rate, t.rate);
		cr_assert_eq(seen.track.channels, t.channels);
		cr_assert_eq(seen.start, 0, "%s begins at %ld", cases[i].name, (long)seen.start);
		cr_assert_eq(seen.capture_us, 5000000);
		cr_assert_eq(seen.frames, (packets * n + 1023) / 1024, "%s: %u frames", cases[i].name, seen.frames);
		cr_assert_eq(seen.nsegments, 2);
		cr_assert_eq(lag(1024, t.rate, t.rate, &error), 0, "%s is off by %d samples", cases[i].name, lag(1024, t.rate, t.rate, &error));
		cr_assert_leq(error, cases[i].error, "%s: error %g", cases[i].name, error);
	}
}

/* mu-law of silence, and of the loudest there is. */
static uint8_t quiet[320], loud[320];

static void make_packets(void)
{
	memset(quiet, 0xff, sizeof quiet);
	for (unsigned i = 0; i < sizeof loud; i++)
		loud[i] = i / 8 % 2 ? 0x80 : 0x00;
}

static int loudest(size_t from, size_t to)
{
	int most = 0;

	cr_assert_leq(to, nheard);
	for (size_t i = from; i < to; i++)
		if (abs(heard[i]) > most)
			most = abs(heard[i]);
	return most;
}

Test(sound, is_silent_where_packets_were_lost)
{
	struct track t = track_of(CODEC_PCMU, 8000, 1, 0, 0);

	make_packets();
	cr_assert_eq(feed_track(&t, 1), 0);
	for (int p = 0; p < 300; p++)
		if (p < 100 || p >= 200)
			feed(1, p / 100, p * 160, 8000, loud, 160);
	cr_assert_eq(sound_finish(sound), 0);
	cr_assert_eq(seen.start, 0);
	cr_assert_geq(seen.end, 300 * 160);
	cr_assert_geq(loudest(4000, 15000), 15000);
	cr_assert_leq(loudest(17100, 30900), 100, "%d", loudest(17100, 30900));
	cr_assert_geq(loudest(33100, 45000), 15000);
	cr_assert_eq(sound_counts(sound).silence, 100 * 160 + seen.end - 300 * 160);
}

Test(sound, cuts_where_ingest_cuts)
{
	static const struct { uint32_t packet, segment; } cuts[] = {{0, 3}, {33, 4}, {133, 5}, {233, 8}, {300, UINT32_MAX}};
	struct track t = track_of(CODEC_PCMU, 8000, 1, 0, 0);
	unsigned at = 0, n = 0;

	make_packets();
	cr_assert_eq(feed_track(&t, 9), 0);
	for (uint32_t p = 0; p < 400; p++) {
		if (at < 4 && p >= cuts[at + 1].packet)
			at++;
		feed(9, cuts[at].segment, p * 160, 8000, quiet, 160);
	}
	cr_assert_eq(sound_finish(sound), 0);
	cr_assert_eq(seen.nsegments, 5);
	cr_assert_eq(seen.ends, 5);
	for (at = 0; at < 5; at++, n++) {
		int64_t wanted = (int64_t)cuts[at].packet * 160;

		cr_assert_eq(seen.segment_at[at].segment, cuts[at].segment);
		cr_assert(seen.segment_at[at].start >= wanted && seen.segment_at[at].start < wanted + 1024, "segment %u begins at %ld, cut at %ld",
			cuts[at].segment, (long)seen.segment_at[at].start, (long)wanted);
	}
}

Test(sound, shares_silence_out_to_segments_without_sound)
{
	struct track t = track_of(CODEC_PCMU, 8000, 1, 0, 0);

	make_packets();
	cr_assert_eq(feed_track(&t, 9), 0);
	for (int p = 0; p < 100; p++)
		feed(9, 0, p * 160, 8000, loud, 160);
	for (int p = 500; p < 600; p++)
		feed(9, 5, p * 160, 8000, loud, 160);
	cr_assert_eq(sound_finish(sound), 0);
	cr_assert_eq(seen.nsegments, 6);
	for (unsigned i = 0; i < 6; i++)
		cr_assert_eq(seen.segment_at[i].segment, i);
	cr_assert_eq(memcmp(seen.segment_at[2].source, seen.segment_at[3].source, 32), 0, "of nothing");
	cr_assert_neq(memcmp(seen.segment_at[0].source, seen.segment_at[1].source, 32), 0);
}

Test(sound, names_what_each_segment_was_made_of)
{
	struct track t = track_of(CODEC_PCMA, 8000, 1, 0, 0);
	struct AVSHA *sha[4];
	uint8_t sum[32], packet[160];
	uint32_t state = 3;

	for (unsigned i = 0; i < 4; i++) {
		sha[i] = av_sha_alloc();
		av_sha_init(sha[i], 256);
	}
	cr_assert_eq(feed_track(&t, 1), 0);
	for (uint32_t p = 0; p < 400; p++) {
		unsigned n = 1 + stream_random(&state) % 160;

		for (unsigned i = 0; i < n; i++)
			packet[i] = (uint8_t)stream_random(&state);
		av_sha_update(sha[p / 100], (uint8_t[]){0, 0, 0, (uint8_t)n}, 4);
		av_sha_update(sha[p / 100], packet, n);
		feed(1, p / 100, p * 160, 8000, packet, n);
	}
	cr_assert_eq(sound_finish(sound), 0);
	cr_assert_eq(seen.nsegments, 4);
	for (unsigned i = 0; i < 4; i++) {
		av_sha_final(sha[i], sum);
		cr_assert_eq(memcmp(sum, seen.segment_at[i].source, 32), 0, "segment %u", i);
		av_free(sha[i]);
	}
}

Test(sound, begins_again_after_a_hole_that_is_no_pause)
{
	struct track t = track_of(CODEC_PCMU, 8000, 1, 0, 0);

	make_packets();
	cr_assert_eq(feed_track(&t, 1), 0);
	for (int p = 0; p < 100; p++)
		feed(1, 0, p * 160, 8000, loud, 160);
	for (int p = 0; p < 100; p++)
		feed(1, 50, 8000ll * 3600 + p * 160, 8000, loud, 160);
	cr_assert_eq(seen.inits, 2);
	cr_assert_eq(seen.ends, 1);
	cr_assert_eq(seen.start, 8000ll * 3600);
	cr_assert_eq(sound_finish(sound), 0);
	cr_assert_eq(seen.ends, 2);
	cr_assert_lt(sound_counts(sound).silence, 2048);
}

Test(sound, says_what_it_cannot_take_and_waits_for_better)
{
	const struct track bad[] = {
		track_of(CODEC_AAC, 8000, 1, 2, 0), track_of(CODEC_PCMU, 8000, 3, 0, 0), track_of(CODEC_PCMA, 8000, 0, 0, 0),
		track_of(CODEC_G726, 8000, 1, 6, 0), track_of(CODEC_G726, 8000, 1, 1, 0), track_of(CODEC_G726, 8000, 2, 4, 0),
		track_of(CODEC_L16, 10000, 1, 0, 0), track_of(CODEC_L16, 1, 1, 0, 0), track_of(CODEC_L16, 0, 1, 0, 0), track_of(CODEC_NONE, 8000, 1, 0, 0)};
	struct track good = track_of(CODEC_PCMU, 8000, 1, 0, 0);

	make_packets();
	feed(1, 0, 0, 8000, quiet, 160);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cr_assert_eq(feed_track(&bad[i], 1), -ENOTSUP, "%zu", i);
		feed(1, 0, 0, 8000, quiet, 160);
		cr_assert_eq(sound_counts(sound).skipped_aus, i + 2);
	}
	cr_assert_eq(feed_track(&good, 2), 0);
	feed(1, 0, 0, 8000, quiet, 160);
	cr_assert_eq(sound_counts(sound).skipped_aus, 12);
	for (int p = 0; p < 20; p++)
		feed(2, 0, p * 160, 8000, quiet, 160);
	cr_assert_eq(sound_finish(sound), 0);
	cr_assert_eq(seen.epoch, 2);
	cr_assert_eq(seen.ends, 1);
}

Test(sound, counts_what_holds_no_sample)
{
	struct track t = track_of(CODEC_L16, 48000, 2, 0, 0);
	static uint8_t much[PCM_MAX];

	cr_assert_eq(feed_track(&t, 1), 0);
	feed(1, 0, 0, 48000, much, 3);
	feed(1, 0, 0, 48000, much, sizeof much);
	cr_assert_eq(sound_counts(sound).errors, 2);
	feed(1, 0, 0, 48000, much, 4096 * 4 + 3);
	cr_assert_eq(sound_counts(sound).errors, 2);
	cr_assert_eq(sound_finish(sound), 0);
	cr_assert_eq(seen.frames, 4);
}

Test(sound, resumes_at_a_cut_when_store_was_full)
{
	struct track t = track_of(CODEC_PCMU, 8000, 1, 0, 0);

	make_packets();
	cr_assert_eq(feed_track(&t, 1), 0);
	for (int p = 0; p < 300; p++) {
		emit_rc = p >= 20 && p < 150 ? -ENOBUFS : 0;
		if (p == 150)
			seen.parts = 0;  /* a hole in time is right here */
		feed(1, p / 100, p * 160, 8000, loud, 160);
	}
	cr_assert_eq(sound_finish(sound), 0);
	cr_assert_gt(sound_counts(sound).refused, 5);
	cr_assert_eq(seen.segment_at[seen.nsegments - 1].segment, 2);
}

Test(sound, hands_on_an_error_that_is_not_for_going_on)
{
	struct track t = track_of(CODEC_PCMU, 8000, 1, 0, 0);
	struct record_au a = {.epoch = 1, .audio = true, .au = {.data = loud, .len = 160}};
	int rc = 0;

	cr_assert_eq(feed_track(&t, 1), 0);
	emit_rc = -EPIPE;
	for (int p = 0; p < 100 && !rc; p++, a.au.pts += 160)
		rc = sound_feed(sound, &a);
	cr_assert_eq(rc, -EPIPE);
}

/* Epochs, segments, times and bytes are all ingest's word; none of it may be believed. */
Test(sound, takes_anything_after_anything)
{
	static const int64_t times[] = {0, -1, 1, 160, -8000, AU_TIME_MAX, -AU_TIME_MAX, AU_TIME_MAX - 1, (int64_t)INT32_MAX * 2};
	static const uint32_t segments[] = {0, 1, 2, 7, UINT32_MAX, UINT32_MAX - 1};
	uint32_t state = 3;
	uint8_t bytes[2000];

	emit_rc = -ENOBUFS;  /* what comes of it makes no sense that could be checked */
	for (unsigned i = 0; i < 20000; i++) {
		struct track t = track_of((enum codec)(CODEC_PCMA + stream_random(&state) % 4), 8000, 1 + stream_random(&state) % 2, stream_random(&state) % 8, 0);
		struct record_au a = {.epoch = stream_random(&state) % 64 ? 1 : 2, .audio = true, .segment = i / 100};

		if (stream_random(&state) % 100 == 0)
			feed_track(&t, stream_random(&state) % 8 ? 1 : 2);
		a.au = (struct au){.pts = i * 160, .capture_us = i * 20000, .data = bytes, .len = 1 + stream_random(&state) % (sizeof bytes - 1)};
		for (size_t k = 0; k < a.au.len; k++)
			bytes[k] = (uint8_t)stream_random(&state);
		if (stream_random(&state) % 50 == 0)
			a.au.pts = times[stream_random(&state) % 9];
		if (stream_random(&state) % 50 == 0)
			a.au.capture_us = times[stream_random(&state) % 9];
		if (stream_random(&state) % 50 == 0)
			a.segment = segments[stream_random(&state) % 6];
		cr_assert_eq(sound_feed(sound, &a), 0);
	}
	cr_assert_eq(sound_finish(sound), 0);
	cr_assert_gt(sound_counts(sound).encoded, 100);
}
