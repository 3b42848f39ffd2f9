/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/transcoder.h"
#include "media/packager.h"
#include "tests/codec/stream.h"
#include "tests/codec/viewer.h"

static struct transcoder *transcoder;
static struct stream stream;
static int64_t step;     /* from picture to picture as it is fed; the stream's own is STREAM_STEP */

static void setup(void)
{
	step = STREAM_STEP;
}

static void teardown(void)
{
	transcoder_free(&transcoder);
	stream_free(&stream);
	viewer_reset();
}

TestSuite(ladder, .init = setup, .fini = teardown);

static void start(const struct transcoder_settings *s)
{
	struct record r = {.kind = RECORD_TRACK, .track = {.epoch = 1, .track = stream.track}};
	const char *why;

	viewer_reset();
	transcoder_free(&transcoder);
	cr_assert_eq(transcoder_new(&transcoder, s, viewer_emit, NULL), 0);
	cr_assert_eq(transcoder_feed(transcoder, &r, false, &why), 0);
}

static int64_t scaled(int64_t t)
{
	return t / STREAM_STEP * step;
}

/* Access units from..to; every per_segment pictures is a cut. */
static void feed(unsigned from, unsigned to, unsigned per_segment)
{
	for (unsigned i = from; i < to; i++) {
		struct record r = {.kind = RECORD_AU, .au = {.epoch = 1, .segment = i / per_segment, .au = stream.au[i]}};
		const char *why;

		r.au.au.pts = scaled(r.au.au.pts);
		r.au.au.dts = scaled(r.au.au.dts);
		r.au.au.capture_us = 1000000 + r.au.au.pts * 100 / 9;
		cr_assert_eq(transcoder_feed(transcoder, &r, false, &why), 0);
	}
}

/* --- what is drawn -------------------------------------------------------------------------- */

#define NOISE 4

/* A scene with edges and gradients, the same each time, without noise. */
static unsigned scene_luma(unsigned x, unsigned y)
{
	return 60 + (x * 90 / 1280) + ((x / 40 + y / 40) % 2 ? 25 : 0) + (y % 90 < 3 ? 30 : 0);
}

/* Each line gets a piece of the same noise, another in each picture. */
#define NOISE_PIECE 4096

static const int8_t *noise_piece(unsigned noise, uint32_t *seed)
{
	static int8_t all[4 * NOISE_PIECE];
	static unsigned made;

	for (uint32_t i = 0, own = 1; made != noise && i < sizeof all; i++)
		all[i] = (int8_t)((int)(stream_random(&own) % (2 * noise + 1)) - (int)noise);
	made = noise;
	return all + stream_random(seed) % (3 * NOISE_PIECE);
}

static void draw_scene(uint8_t *const plane[3], const int stride[3], const struct stream_kind *k, unsigned noise, uint32_t seed)
{
	cr_assert_leq(k->width, NOISE_PIECE);
	for (unsigned y = 0; y < k->height; y++) {
		const int8_t *n = noise ? noise_piece(noise, &seed) : NULL;

		for (unsigned x = 0; x < k->width; x++)
			plane[0][(ptrdiff_t)y * stride[0] + x] = (uint8_t)((int)scene_luma(x, y) + (n ? n[x] : 0));
	}
	for (int i = 1; i < 3; i++)
		for (unsigned y = 0; y < k->height / 2; y++)
			memset(plane[i] + (ptrdiff_t)y * stride[i], i == 1 ? 120 : 134, k->width / 2);
}

#define CREEP_X 100
#define CREEP_Y 200
#define CREEP_SIDE 24
#define CREEP_LUMA 215

/* At 5 pictures a second an object creeps a pixel a second. */
static void draw_creep(uint8_t *const plane[3], const int stride[3], const struct stream_kind *k, unsigned n)
{
	draw_scene(plane, stride, k, NOISE, n + 1);
	for (unsigned y = CREEP_Y; y < CREEP_Y + CREEP_SIDE; y++)
		memset(plane[0] + (ptrdiff_t)y * stride[0] + CREEP_X + n / 5, CREEP_LUMA, CREEP_SIDE);
}

static void draw_still(uint8_t *const plane[3], const int stride[3], const struct stream_kind *k, unsigned n)
{
	draw_scene(plane, stride, k, NOISE, n + 1);
}

/* The scene moves sideways, without noise. */
static void draw_pan(uint8_t *const plane[3], const int stride[3], const struct stream_kind *k, unsigned n)
{
	for (unsigned y = 0; y < k->height; y++)
		for (unsigned x = 0; x < k->width; x++)
			plane[0][(ptrdiff_t)y * stride[0] + x] = (uint8_t)scene_luma(x + 3 * n, y);
	for (int i = 1; i < 3; i++)
		for (unsigned y = 0; y < k->height / 2; y++)
			memset(plane[i] + (ptrdiff_t)y * stride[i], 128, k->width / 2);
}

/* --- cost follows the scene ----------------------------------------------------------------- */

static struct {
	unsigned pictures;
	int64_t shown;       /* until when */
	int worst;           /* pixels between where the object is seen and where it is */
} creep;

static unsigned column_luma(const struct picture *p, unsigned x, unsigned side, unsigned y)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < side; i++)
		sum += p->plane[0][(ptrdiff_t)(y + i) * p->stride[0] + x];
	return sum / side;
}

/* Its left edge: where luma crosses the middle between ground and object. */
static int edge_seen(const struct picture *p)
{
	unsigned scale = 1280 / p->width;

	for (unsigned x = 20 / scale; x < 300 / scale; x++)
		if (column_luma(p, x, CREEP_SIDE / scale - 4, CREEP_Y / scale + 2) > 170)
			return (int)(x * scale);
	return -1;
}

static void see_creep(void *ctx, const struct picture *p, uint32_t duration)
{
	int seen = edge_seen(p);

	cr_assert_eq(p->pts, creep.shown, "without a hole");
	creep.shown += duration;
	creep.pictures++;
	/* At each moment that it is shown it is where it should be, or was there a moment ago. */
	for (int64_t t = p->pts; t < creep.shown; t += step) {
		int off = CREEP_X + (int)(t / step / 5) - seen;

		off = off < 0 ? -off : off;
		creep.worst = off > creep.worst ? off : creep.worst;
	}
}

Test(ladder, codes_seldom_where_nothing_moves_and_loses_nothing_that_creeps, .timeout = 120)
{
	static const struct stream_kind k = {"creep", 1280, 720, 250, .keyint = 10, .draw = draw_creep, .qp = 26};
	struct transcoder_settings s = {.cpu = cpu_best(), .nrenditions = 2, .rendition = {{2, 1280, 720, 0, 4000000}, {3, 640, 360, 0, 1000000}}};
	struct transcoder_state state;

	stream_make(&stream, &k);
	step = TIMESCALE_VIDEO / 5;
	start(&s);
	feed(0, 250, 10);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	transcoder_state(transcoder, &state);
	for (unsigned i = 0; i < 2; i++) {
		creep.pictures = 0;
		creep.shown = 0;
		creep.worst = 0;
		viewer_watch(2 + i, see_creep, NULL);
		cr_log_info("rendition %u: %u of 250 coded, %d pixels off at worst", 2 + i, creep.pictures, creep.worst);
		cr_assert_leq(creep.worst, i ? 3 : 2, "rendition %u: %d pixels off", 2 + i, creep.worst);
		cr_assert_eq(viewer[2 + i].nsegments, 25);
	}
}

Test(ladder, codes_two_pictures_a_second_where_nothing_happens, .timeout = 60)
{
	static const struct stream_kind k = {"still", 640, 360, 300, .keyint = 50, .draw = draw_still, .qp = 26};
	struct transcoder_settings s = {.cpu = cpu_best(), .nrenditions = 3,
		.rendition = {{2, 640, 360, 0, 2000000}, {3, 320, 180, 0, 500000}, {4, 160, 90, 5, 200000}}};
	struct transcoder_state state;

	stream_make(&stream, &k);
	start(&s);
	feed(0, 300, 50);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	transcoder_state(transcoder, &state);
	cr_assert_eq(transcoder_counts(transcoder).pictures, 300);
	for (unsigned i = 0; i < 3; i++) {
		const struct viewer *v = &viewer[2 + i];

		cr_assert_eq(v->nsamples, state.rendition[i].encoded);
		/* Noise is learned in the first seconds. */
		cr_assert_leq(v->nsamples, 100, "rendition %u: %u", 2 + i, v->nsamples);
		cr_assert_eq(v->nsegments, 6);
		for (unsigned n = 0; n < v->nsegments; n++)
			cr_assert_eq(v->segment[n].start, (int64_t)n * 50 * STREAM_STEP);
		for (unsigned n = 0; n + 1 < v->nsamples; n++)
			cr_assert_leq(v->sample[n].duration, PACKAGER_PART_MS * 90, "no picture stands longer than a part");
	}
	cr_assert_gt(state.rendition[0].same, 200);
}

/* --- quality -------------------------------------------------------------------------------- */

static struct {
	unsigned n;
	double psnr, ssim;
} quality;

static double box_mean(unsigned x, unsigned y, unsigned by, unsigned n)
{
	double sum = 0;

	for (unsigned j = 0; j < by; j++)
		for (unsigned i = 0; i < by; i++)
			sum += scene_luma(x * by + i + 3 * n, y * by + j);
	return sum / by / by;
}

/* Beside the scene as it was drawn, made as small by taking means. */
static void see_quality(void *ctx, const struct picture *p, uint32_t duration)
{
	unsigned n = (unsigned)(p->pts / STREAM_STEP), by = *(unsigned *)ctx;
	uint8_t *truth = malloc((size_t)p->width * p->height);

	cr_assert_not_null(truth);
	for (unsigned y = 0; y < p->height; y++)
		for (unsigned x = 0; x < p->width; x++)
			truth[(size_t)y * p->width + x] = (uint8_t)(box_mean(x, y, by, n) + 0.5);
	quality.psnr += viewer_psnr(truth, (ptrdiff_t)p->width, p->plane[0], p->stride[0], p->width, p->height);
	quality.ssim += viewer_ssim(truth, (ptrdiff_t)p->width, p->plane[0], p->stride[0], p->width, p->height);
	quality.n++;
	free(truth);
}

/* Of each rung, at each level of the kernels: PSNR and SSIM not below what they were seen to be, less a little. */
Test(ladder, keeps_to_a_floor_of_quality_on_each_rung, .timeout = 120)
{
	static const struct stream_kind k = {"pan", 1280, 720, 12, .keyint = 6, .draw = draw_pan, .qp = 12};
	static const struct {
		unsigned by;
		double psnr, ssim;
	} floor[] = {{1, 50, 0.995}, {2, 43, 0.985}, {4, 38, 0.965}};

	stream_make(&stream, &k);
	for (enum cpu_level cpu = CPU_C; cpu <= cpu_best(); cpu++) {
		struct transcoder_settings s = {.cpu = cpu, .nrenditions = 3,
			.rendition = {{2, 1280, 720, 0, 20000000}, {3, 640, 360, 0, 8000000}, {4, 320, 180, 0, 4000000}}};

		start(&s);
		feed(0, 12, 6);
		cr_assert_eq(transcoder_finish(transcoder), 0);
		for (unsigned i = 0; i < 3; i++) {
			unsigned by = floor[i].by;

			quality.n = 0;
			quality.psnr = quality.ssim = 0;
			viewer_watch(2 + i, see_quality, &by);
			cr_assert_geq(quality.n, 8);
			cr_log_info("%s, 1/%u: PSNR %.2f, SSIM %.4f", cpu_name(cpu), by, quality.psnr / quality.n, quality.ssim / quality.n);
			cr_assert_geq(quality.psnr / quality.n, floor[i].psnr, "1/%u: PSNR %.2f", by, quality.psnr / quality.n);
			cr_assert_geq(quality.ssim / quality.n, floor[i].ssim, "1/%u: SSIM %.4f", by, quality.ssim / quality.n);
		}
	}
}

/* --- noise reduction, overlay --------------------------------------------------------------- */

/* Much noise, as at night, and something that moves. */
static void draw_night(uint8_t *const plane[3], const int stride[3], const struct stream_kind *k, unsigned n)
{
	draw_scene(plane, stride, k, 14, n + 1);
	for (unsigned y = 150; y < 190; y++)
		memset(plane[0] + (ptrdiff_t)y * stride[0] + 4 * n, 180, 20);
}

/* Beside the scene without noise, but for the lines in which something moves. */
static void see_night(void *ctx, const struct picture *p, uint32_t duration)
{
	uint8_t *truth = malloc((size_t)p->width * p->height);

	cr_assert_not_null(truth);
	for (unsigned y = 0; y < p->height; y++)
		for (unsigned x = 0; x < p->width; x++)
			truth[(size_t)y * p->width + x] = (uint8_t)scene_luma(x, y);
	if (p->pts >= 50 * STREAM_STEP) {
		quality.psnr += viewer_psnr(truth, (ptrdiff_t)p->width, p->plane[0], p->stride[0], p->width, 140);
		quality.n++;
	}
	free(truth);
}

static size_t bytes_of(unsigned rendition)
{
	size_t n = 0;

	for (unsigned i = 0; i < viewer[rendition].nsamples; i++)
		n += viewer[rendition].sample[i].len;
	return n;
}

Test(ladder, is_cleaner_and_smaller_without_noise, .timeout = 60)
{
	static const struct stream_kind k = {"night", 640, 360, 100, .keyint = 50, .draw = draw_night, .qp = 20};
	double psnr[2];
	size_t bytes[2];

	stream_make(&stream, &k);
	for (unsigned i = 0; i < 2; i++) {
		struct transcoder_settings s = {.cpu = cpu_best(), .denoise = i ? DENOISE_HIGH : DENOISE_OFF, .nrenditions = 1,
			.rendition = {{2, 640, 360, 0, 20000000}}};

		start(&s);
		feed(0, 100, 50);
		cr_assert_eq(transcoder_finish(transcoder), 0);
		quality.n = 0;
		quality.psnr = 0;
		viewer_watch(2, see_night, NULL);
		psnr[i] = quality.psnr / quality.n;
		bytes[i] = bytes_of(2);
	}
	cr_log_info("PSNR %.2f and %.2f, bytes %zu and %zu", psnr[0], psnr[1], bytes[0], bytes[1]);
	cr_assert_geq(psnr[1], psnr[0] + 2);
	cr_assert_leq(bytes[1], bytes[0] / 2);
}

static void see_text(void *ctx, const struct picture *p, uint32_t duration)
{
	unsigned *brightest = ctx;

	for (unsigned y = 0; y < p->height / 8; y++)
		for (unsigned x = 0; x < p->width; x++) {
			uint8_t v = p->plane[0][(ptrdiff_t)y * p->stride[0] + x];

			*brightest = v > *brightest ? v : *brightest;
		}
}

Test(ladder, writes_on_every_rung_and_a_new_second_is_coded)
{
	static const struct stream_kind k = {"still", 640, 360, 100, .keyint = 50, .draw = draw_still, .qp = 26};
	struct transcoder_settings s = {.cpu = cpu_best(), .overlay = true, .site = "museum", .name = "door", .nrenditions = 2,
		.rendition = {{2, 640, 360, 0, 2000000}, {3, 320, 180, 0, 500000}}};

	stream_make(&stream, &k);
	for (unsigned on = 0; on < 2; on++) {
		s.overlay = on;
		start(&s);
		feed(0, 100, 50);
		cr_assert_eq(transcoder_finish(transcoder), 0);
		for (unsigned r = 2; r < 4; r++) {
			unsigned brightest = 0, on_the_second = 0;

			viewer_watch(r, see_text, &brightest);
			cr_assert_eq(brightest > 210, on, "rendition %u: %u", r, brightest);
			for (unsigned i = 0; i < viewer[r].nsamples; i++)
				on_the_second += viewer[r].sample[i].pts % TIMESCALE_VIDEO == 0;
			cr_assert(!on || on_the_second == 4);
		}
	}
}

/* --- for want of time ----------------------------------------------------------------------- */

static unsigned samples_from(unsigned rendition, unsigned from, unsigned to)
{
	unsigned n = 0;

	for (unsigned i = 0; i < viewer[rendition].nsamples; i++)
		n += viewer[rendition].sample[i].pts >= from * STREAM_STEP && viewer[rendition].sample[i].pts < to * STREAM_STEP;
	return n;
}

Test(ladder, gives_up_rate_then_renditions_then_all_but_cuts)
{
	static const struct stream_kind k = {"plain", 320, 180, 400, 25};
	struct transcoder_settings s = {.cpu = cpu_best(), .nrenditions = 3,
		.rendition = {{2, 160, 90, 0, 400000, .priority = 5}, {3, 128, 72, 10, 300000, .priority = 9}, {4, 64, 64, 0, 200000, .priority = 1}}};
	/* In each two seconds, by step: of 50 pictures, rendition by rendition. */
	static const unsigned expected[][3] = {{50, 20, 50}, {25, 10, 25}, {13, 5, 13}, {13, 5, 0}, {0, 5, 0}, {0, 2, 0}};
	struct transcoder_state state;

	stream_make(&stream, &k);
	start(&s);
	feed(0, 50, 25);
	cr_assert_eq(transcoder_overload_max(transcoder), 5);
	for (unsigned steps = 1; steps <= 5; steps++) {
		cr_assert_eq(transcoder_overload(transcoder, steps), 0);
		feed(steps * 50, steps * 50 + 50, 25);
		transcoder_state(transcoder, &state);
		cr_assert_eq(state.overload, steps);
		cr_assert_eq(state.rendition[0].fps_step, steps == 1 ? 1 : 2);
		cr_assert_eq(state.rendition[2].given_up, steps >= 3);
		cr_assert_eq(state.rendition[0].given_up, steps >= 4);
		cr_assert_not(state.rendition[1].given_up);
	}
	cr_assert_eq(transcoder_overload(transcoder, 0), 0);
	feed(300, 400, 25);
	cr_assert_eq(transcoder_finish(transcoder), 0);
	for (unsigned steps = 0; steps <= 5; steps++)
		for (unsigned r = 0; r < 3; r++) {
			unsigned n = samples_from(2 + r, steps * 50, steps * 50 + 50), want = expected[steps][r];

			cr_assert(n <= want + 2 && n + 2 >= want, "step %u, rendition %u: %u of %u", steps, 2 + r, n, want);
		}
	/* What was given up is back with the next segment. */
	for (unsigned r = 0; r < 3; r++) {
		cr_assert_eq(samples_from(2 + r, 325, 400), r == 1 ? 30 : 75);
		cr_assert_eq(viewer[2 + r].segment[viewer[2 + r].nsegments - 1].number, 15);
	}
}
