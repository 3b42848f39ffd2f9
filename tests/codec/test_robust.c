/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever a camera sends, and however little of it arrives: the rendition keeps its size and its timeline, can be decoded
 * without a complaint (viewer.h sees to both), and shows what is there once it is whole again.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/transcoder.h"
#include "media/h264.h"
#include "tests/codec/stream.h"
#include "tests/codec/viewer.h"

#define W 160
#define H 90
#define GOP 10
#define PICTURES 60
#define DAMAGED_FROM 10
#define DAMAGED_TO 40

static struct transcoder *transcoder;
static struct stream stream, other;

static void teardown(void)
{
	transcoder_free(&transcoder);
	stream_free(&stream);
	stream_free(&other);
	viewer_reset();
}

TestSuite(robust, .fini = teardown);

static const struct transcoder_settings one = {.nrenditions = 1, .rendition = {{2, W, H, 0, 1000000}}};

static int feed_track(const struct track *track, uint64_t epoch, const char **why)
{
	struct record r = {.kind = RECORD_TRACK, .track = {.epoch = epoch, .track = *track}};

	return transcoder_feed(transcoder, &r, false, why);
}

static void start(const struct transcoder_settings *s, const struct track *track)
{
	const char *why;

	transcoder_free(&transcoder);
	viewer_reset();
	cr_assert_eq(transcoder_new(&transcoder, s, viewer_emit, NULL), 0);
	cr_assert_eq(feed_track(track, 1, &why), 0);
}

static void feed(const struct au *au, uint64_t epoch, uint32_t segment)
{
	struct record r = {.kind = RECORD_AU, .au = {.epoch = epoch, .segment = segment, .au = *au}};
	const char *why;

	cr_assert_eq(transcoder_feed(transcoder, &r, false, &why), 0);
}

struct last {
	unsigned n, luma;              /* in the middle */
	int64_t end;
};

static void see(void *ctx, const struct picture *p, uint32_t duration)
{
	struct last *last = ctx;

	cr_assert_eq(p->width, W);
	cr_assert_eq(p->height, H);
	cr_assert(duration <= TIMESCALE_VIDEO * 3 / 2, "shown for %u", duration);
	last->n++;
	last->luma = p->plane[0][p->stride[0] * (H / 2) + W / 2];
	last->end = p->pts + duration;
}

static struct last watch(void)
{
	struct last last = {0};

	viewer_watch(2, see, &last);
	return last;
}

static unsigned distance(unsigned a, unsigned b)
{
	return a > b ? a - b : b - a;
}

enum damage { NONE, LOST_THIRDS, LOST_RUN, LOST_KEYS, BIT_ERRORS, CUT_SHORT, ZEROS, TWICE, SWAPPED, DAMAGES };

/* What becomes of access unit n: how many times it is fed, its bytes changed in place. */
static unsigned damage(enum damage d, unsigned n, struct au *au, uint8_t *bytes, uint32_t *seed)
{
	switch (d) {
	case LOST_THIRDS:
		return n % 3 != 1;
	case LOST_RUN:
		return n < DAMAGED_FROM + 3 || n > DAMAGED_TO - 5;
	case LOST_KEYS:
		return !au->key;
	case BIT_ERRORS:
		for (unsigned i = 0; i < 1 + au->len / 200; i++)
			bytes[stream_random(seed) % au->len] ^= (uint8_t)(1 << stream_random(seed) % 8);
		return 1;
	case CUT_SHORT:
		au->len = 1 + stream_random(seed) % au->len;
		return 1;
	case ZEROS:
		memset(bytes + au->len / 2, 0, au->len - au->len / 2);
		return 1;
	case TWICE:
		return 2;
	default:
		return 1;
	}
}

static void feed_damaged(enum damage d)
{
	uint32_t seed = 11 + d;

	for (unsigned i = 0; i < stream.n; i++) {
		bool now = i >= DAMAGED_FROM && i < DAMAGED_TO;
		struct au au = stream.au[now && d == SWAPPED ? i ^ 1 : i];
		uint8_t *bytes = malloc(au.len);
		unsigned times = 1;

		cr_assert_not_null(bytes);
		memcpy(bytes, au.data, au.len);
		au.data = bytes;
		if (now)
			times = damage(d, i, &au, bytes, &seed);
		while (times--)
			feed(&au, 1, i / GOP);
		free(bytes);
	}
	cr_assert_eq(transcoder_finish(transcoder), 0);
}

Test(robust, shows_every_kind_of_stream_again_after_every_kind_of_damage, .timeout = 120)
{
	static const struct stream_kind kinds[] = {
		{"plain", W, H, PICTURES, GOP}, {"noise", W, H, PICTURES, GOP, .noise = true}, {"B-frames", W, H, PICTURES, GOP, 3},
		{"interlaced", 176, 144, PICTURES, GOP, .interlaced = true}, {"4:2:2 of 10 bits", W, H, PICTURES, GOP, .chroma = STREAM_422, .bits = 10},
		{"gray", W, H, PICTURES, GOP, .chroma = STREAM_400}, {"4:4:4", W, H, PICTURES, GOP, .chroma = STREAM_444},
		{"odd size", 163, 91, PICTURES, GOP, .chroma = STREAM_444}, {"full range, wide pixels", 176, 144, PICTURES, GOP, .full_range = true, .sar_num = 12, .sar_den = 11},
	};

	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
		stream_make(&stream, &kinds[k]);
		for (unsigned d = NONE; d < DAMAGES; d++) {
			struct last last;

			start(&one, &stream.track);
			feed_damaged((enum damage)d);
			last = watch();
			cr_assert_geq(last.end, (PICTURES - 2) * STREAM_STEP, "%s, damage %u: ends at %lld", kinds[k].name, d, (long long)last.end);
			if (!kinds[k].noise && !kinds[k].full_range)
				cr_assert_leq(distance(last.luma, stream_luma(PICTURES - 1)), 4, "%s, damage %u: %u", kinds[k].name, d, last.luma);
			if (d == NONE)
				cr_assert_eq(last.n, PICTURES, "%s: %u", kinds[k].name, last.n);
		}
		stream_free(&stream);
	}
}

static struct au with_sets(const struct au *au, const uint8_t *sets, size_t len, int64_t pts)
{
	uint8_t *p = malloc(len + au->len);
	struct au ret = *au;

	cr_assert_not_null(p);
	memcpy(p, sets, len);
	memcpy(p + len, au->data, au->len);
	ret.data = p;
	ret.len += len;
	ret.pts = ret.dts = pts;
	return ret;
}

Test(robust, follows_parameter_sets_that_change_size_every_GOP)
{
	static const struct stream_kind kinds[] = {
		{"a", 160, 90, 5}, {"b", 90, 160, 5}, {"c", 1280, 720, 5}, {"d", 16, 16, 5}, {"e", 720, 576, 5, .interlaced = true},
		{"f", 322, 182, 5, .chroma = STREAM_422, .bits = 10}, {"g", 1920, 384, 5}, {"h", 161, 91, 5, .chroma = STREAM_444},
	};
	struct last last;

	for (unsigned gop = 0; gop < 16; gop++) {
		stream_make(&stream, &kinds[gop % 8]);
		if (gop == 0)
			start(&one, &stream.track);
		for (unsigned i = 0; i < stream.n; i++) {
			struct au au = with_sets(&stream.au[i], stream.sets, i ? 0 : stream.sets_len, (int64_t)(gop * 5 + i) * STREAM_STEP);

			feed(&au, 1, gop);
			free((void *)(uintptr_t)au.data);
		}
		stream_free(&stream);
	}
	cr_assert_eq(transcoder_finish(transcoder), 0);
	last = watch();
	cr_assert_eq(last.n, 80);
	cr_assert_eq(last.end, 80 * STREAM_STEP);
	cr_assert_leq(distance(last.luma, stream_luma(4)), 4);
	cr_assert_eq(viewer[2].nsegments, 16);
	cr_assert_eq(viewer[2].inits, 1, "one size for good");
}

/* As cameras do it when their lens is turned: another track, another epoch. */
Test(robust, follows_a_camera_that_is_turned)
{
	static const struct stream_kind kinds[] = {{"across", 320, 180, 20, 10}, {"upright", 180, 320, 20, 10}};
	const char *why;

	for (unsigned turn = 0; turn < 6; turn++) {
		stream_make(&stream, &kinds[turn % 2]);
		if (turn == 0)
			start(&one, &stream.track);
		else
			cr_assert_eq(feed_track(&stream.track, turn + 1, &why), 0);
		for (unsigned i = 0; i < stream.n; i++)
			feed(&stream.au[i], turn + 1, turn * 2 + i / 10);
		stream_free(&stream);
	}
	cr_assert_eq(transcoder_finish(transcoder), 0);
	cr_assert_eq(viewer[2].inits, 6);
	cr_assert_eq(viewer[2].nsamples, 120);
}

struct bits {
	uint8_t p[64];
	unsigned at;
};

/* Exp-Golomb, H.264 9.1. */
static void put_ue(struct bits *b, uint32_t v)
{
	unsigned n = 31u - (unsigned)__builtin_clz(v + 1);

	b->at += n;
	for (unsigned i = n + 1; i-- > 0; b->at++)
		b->p[b->at / 8] |= (uint8_t)((v + 1) >> i & 1) << (7 - b->at % 8);
}

/* A parameter set that promises so many macroblocks (H.264 7.3.2.1.1); how long it is. */
static size_t make_sps(uint32_t mbs_wide, uint32_t mbs_high, struct bits *ret)
{
	static const uint32_t head[] = {0, 0, 2, 1};  /* id, frame number's bits, picture order, references */

	*ret = (struct bits){.p = {0x67, 66, 0xc0, 52}, .at = 32};
	for (int i = 0; i < 4; i++)
		put_ue(ret, head[i]);
	ret->at++;
	put_ue(ret, mbs_wide - 1);
	put_ue(ret, mbs_high - 1);
	put_ue(ret, 0);                    /* frames only: a 1 */
	ret->at += 3;                      /* no 8x8 inference, cropping, VUI */
	put_ue(ret, 0);
	return (ret->at + 7) / 8;
}

Test(robust, does_not_open_a_bomb)
{
	static const struct stream_kind k = {"small", W, H, 30, GOP};
	static const uint8_t pps[] = {0x68, 0xce, 0x38, 0x80};
	struct track bomb;
	struct bits sps;
	const char *why = NULL;
	size_t n = make_sps(16384 / 16, 8192 / 16, &sps);

	stream_make(&stream, &k);
	cr_assert_eq(h264_track(sps.p, n, pps, sizeof pps, &bomb), 0);
	cr_assert_eq(bomb.width, 16384);
	start(&one, &stream.track);
	cr_assert_eq(feed_track(&bomb, 2, &why), -ENOTSUP);
	cr_assert_str_eq(why, "the picture is larger than is decoded");
	feed(&stream.au[0], 2, 0);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	cr_assert_eq(viewer[2].nsamples, 0);
	cr_assert_eq(transcoder_counts(transcoder).skipped_aus, 1);
}

Test(robust, does_not_open_a_bomb_in_mid_stream)
{
	static const struct stream_kind k = {"small", W, H, 40, GOP};
	static uint8_t sets[80];
	struct last last;
	struct bits sps;
	size_t n = make_sps(16384 / 16, 8192 / 16, &sps);

	stream_make(&stream, &k);
	start(&one, &stream.track);
	sets[3] = (uint8_t)n;
	memcpy(sets + 4, sps.p, n);
	for (unsigned i = 0; i < stream.n; i++) {
		bool bomb = i >= GOP && i < 2 * GOP;
		struct au au = with_sets(&stream.au[i], bomb ? sets : stream.sets, bomb ? 4 + n : i % GOP ? 0 : stream.sets_len, stream.au[i].pts);

		feed(&au, 1, i / GOP);
		free((void *)(uintptr_t)au.data);
	}
	cr_assert_eq(transcoder_finish(transcoder), 0);
	cr_assert_gt(transcoder_counts(transcoder).errors, 0);
	last = watch();
	cr_assert_leq(distance(last.luma, stream_luma(39)), 4);
	cr_assert_eq(last.end, 40 * STREAM_STEP);
}
