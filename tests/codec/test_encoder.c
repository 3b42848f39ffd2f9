/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "codec/decoder.h"
#include "codec/encoder.h"
#include "media/h264.h"
#include "media/nal.h"
#include "tests/codec/stream.h"

#define W 320
#define H 180

static struct encoder *encoder;
static struct decoder *decoder;
static uint8_t yuv[1280 * 720 * 3 / 2];

static void teardown(void)
{
	encoder_free(&encoder);
	decoder_free(&decoder);
}

TestSuite(encoder, .fini = teardown);

static struct picture picture_of(unsigned w, unsigned h, int64_t pts)
{
	return (struct picture){.format = PICTURE_420, .bits = 8, .width = w, .height = h, .sar_num = 1, .sar_den = 1,
		.plane = {yuv, yuv + w * h, yuv + w * h * 5 / 4}, .stride = {(ptrdiff_t)w, (ptrdiff_t)w / 2, (ptrdiff_t)w / 2},
		.pts = pts, .capture_us = pts * 3};
}

static void draw_noise(unsigned w, unsigned h, uint32_t *state)
{
	for (unsigned i = 0; i < w * h * 3 / 2; i++)
		yuv[i] = (uint8_t)stream_random(state);
}

/* Waves that move. */
static void draw_scene(unsigned w, unsigned h, unsigned n)
{
	memset(yuv, 128, w * h * 3 / 2);
	for (unsigned y = 0; y < h; y++)
		for (unsigned x = 0; x < w; x++)
			yuv[y * w + x] = (uint8_t)(128 + 50 * sin((x + 3 * n) * 0.07) + 40 * sin((y + n) * 0.11));
}

static void open_one(unsigned w, unsigned h, unsigned fps, unsigned bps)
{
	struct encoder_settings s = {.codec = CODEC_H264, .width = w, .height = h, .fps = fps, .bitrate_bps = bps};

	cr_assert_eq(encoder_open(&encoder, &s), 0);
}

/* What the access unit's NAL units are: only slices of the right kind, and SEI. */
static void check_nals(const struct au *au, bool key)
{
	struct rd r = rd_init(au->data, au->len);
	unsigned slices = 0;
	const uint8_t *nal;
	size_t n;
	int rc;

	while ((rc = nal_next(&r, &nal, &n)) == 1) {
		unsigned type = nal_type(nal);

		cr_assert(type == NAL_SEI || type == (key ? NAL_IDR : NAL_SLICE), "type %u", type);
		slices += type != NAL_SEI;
	}
	cr_assert_eq(rc, 0);
	cr_assert_eq(slices, 1);
}

Test(encoder, makes_key_frames_when_asked_and_only_then)
{
	uint32_t state = 3;
	struct picture p;
	struct au au;

	open_one(W, H, 25, 1000000);
	for (unsigned i = 0; i < 150; i++) {
		bool ask = i % 37 == 36 || i == 99 || i == 100, key = ask || i == 0;

		/* A new scene now and then must not make one. */
		if (i % 20 == 0)
			draw_noise(W, H, &state);
		else
			draw_scene(W, H, i);
		p = picture_of(W, H, (int64_t)i * 3600);
		cr_assert_eq(encoder_encode(encoder, &p, ask, NULL, &au), 0);
		cr_assert_eq(au.key, key, "picture %u", i);
		cr_assert_eq(h264_au_has_idr(au.data, au.len), key);
		check_nals(&au, key);
	}
}

Test(encoder, keeps_times_however_uneven)
{
	static const int64_t steps[] = {3600, 1, 9000, 2999, 3001, 450000, 3600, 90000000, 1500};
	int64_t pts = -5000;
	struct picture p;
	struct au au;

	open_one(W, H, 0, 1000000);
	for (unsigned i = 0; i < 90; i++) {
		pts += steps[i % 9];
		draw_scene(W, H, i);
		p = picture_of(W, H, pts);
		cr_assert_eq(encoder_encode(encoder, &p, false, NULL, &au), 0);
		cr_assert_eq(au.pts, pts);
		cr_assert_eq(au.dts, pts);
		cr_assert_eq(au.capture_us, pts * 3);
	}
}

Test(encoder, refuses_pictures_that_do_not_fit)
{
	struct picture good = picture_of(W, H, 100), p;
	struct au au = {.len = 77};

	open_one(W, H, 25, 1000000);
	cr_assert_eq(encoder_encode(encoder, &good, false, NULL, &au), 0);
	au.len = 77;
	p = picture_of(W, H, 100);
	cr_assert_eq(encoder_encode(encoder, &p, false, NULL, &au), -EINVAL);
	p = picture_of(W, H, 99);
	cr_assert_eq(encoder_encode(encoder, &p, true, NULL, &au), -EINVAL);
	p = picture_of(W + 2, H, 200);
	cr_assert_eq(encoder_encode(encoder, &p, true, NULL, &au), -EINVAL);
	p = picture_of(W, H, 200);
	p.bits = 10;
	cr_assert_eq(encoder_encode(encoder, &p, true, NULL, &au), -EINVAL);
	p = picture_of(W, H, 200);
	p.format = PICTURE_422;
	cr_assert_eq(encoder_encode(encoder, &p, true, NULL, &au), -EINVAL);
	cr_assert_eq(au.len, 77);
}

Test(encoder, refuses_settings_that_cannot_be)
{
	static const struct encoder_settings bad[] = {
		{CODEC_H264, 0, H, 25, 500000}, {CODEC_H264, W, 0, 25, 500000}, {CODEC_H264, W + 1, H, 25, 500000}, {CODEC_H264, W, H + 1, 25, 500000}, {CODEC_H264, 4098, H, 25, 500000},
		{CODEC_H264, 14, 16, 25, 500000}, {CODEC_H264, W, H, 241, 500000}, {CODEC_H264, W, H, 25, 15999}, {CODEC_H264, W, H, 25, 500000, 52}, {CODEC_H264, W, H, 25, 500000, 0, (enum encoder_speed)3},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cr_assert_eq(encoder_open(&encoder, &bad[i]), -EINVAL, "case %zu", i);
		cr_assert_null(encoder);
	}
}

Test(encoder, opens_at_every_size_and_speed_it_promises)
{
	static const unsigned side[] = {16, 18, 90, 360, 720, 1080, 4096};

	for (size_t i = 0; i < sizeof side / sizeof side[0]; i++)
		for (unsigned speed = ENCODER_VERYFAST; speed <= ENCODER_ULTRAFAST; speed++) {
			struct encoder_settings s = {.codec = CODEC_H264, .width = side[i], .height = side[i] > 1080 ? 16 : side[i], .fps = speed ? 240 : 1,
				.bitrate_bps = speed ? 16000 : 1000000000, .speed = speed, .colour = {255, 255, 0}};

			cr_assert_eq(encoder_open(&encoder, &s), 0, "%u at speed %u", side[i], speed);
			cr_assert_eq(encoder_track(encoder)->width, s.width);
			cr_assert_eq(encoder_track(encoder)->height, s.height);
			encoder_free(&encoder);
		}
}

/* The most bits in any second of the stream. */
static size_t worst_second(unsigned fps, unsigned pictures, unsigned key_every)
{
	static size_t bits[1024];
	size_t worst = 0, sum = 0;
	uint32_t state = 9;
	struct picture p;
	struct au au;

	cr_assert_leq(pictures, 1024);
	for (unsigned i = 0; i < pictures; i++) {
		draw_noise(640, 360, &state);
		p = picture_of(640, 360, (int64_t)i * 90000 / fps);
		cr_assert_eq(encoder_encode(encoder, &p, key_every && i % key_every == 0, NULL, &au), 0);
		bits[i] = au.len * 8;
		sum += bits[i];
		if (i >= fps)
			sum -= bits[i - fps];
		/* The first second begins with a whole buffer to spend. */
		if (i >= 2 * fps && sum > worst)
			worst = sum;
	}
	return worst;
}

Test(encoder, keeps_noise_under_the_cap)
{
	static const struct {
		unsigned expected_fps, fps, key_every;
	} cases[] = {{25, 25, 0}, {25, 25, 50}, {25, 10, 20}, {25, 50, 100}, {0, 25, 25}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t worst;

		open_one(640, 360, cases[i].expected_fps, 1500000);
		worst = worst_second(cases[i].fps, cases[i].fps * 6, cases[i].key_every);
		cr_assert_leq(worst, 1500000 * 5 / 4, "case %zu: %zu bits in a second", i, worst);
		encoder_free(&encoder);
	}
}

static double psnr(const struct picture *a, const struct picture *b)
{
	double sum = 0;

	for (unsigned y = 0; y < a->height; y++)
		for (unsigned x = 0; x < a->width; x++) {
			double d = (double)a->plane[0][y * (size_t)a->stride[0] + x] - b->plane[0][y * (size_t)b->stride[0] + x];

			sum += d * d;
		}
	return 10 * log10(255.0 * 255 * a->width * a->height / (sum + 1e-9));
}

Test(encoder, is_read_back_by_the_decoder)
{
	struct picture p, back;
	struct au au;

	open_one(W, H, 25, 2000000);
	cr_assert_eq(decoder_open(&decoder, encoder_track(encoder), 0), 0);
	for (unsigned i = 0; i < 60; i++) {
		draw_scene(W, H, i);
		p = picture_of(W, H, (int64_t)i * 3600);
		cr_assert_eq(encoder_encode(encoder, &p, i % 30 == 0, NULL, &au), 0);
		cr_assert_eq(decoder_feed(decoder, &au), 0);
		cr_assert_eq(decoder_picture(decoder, &back), 1);
		cr_assert_eq(back.pts, p.pts);
		cr_assert_not(back.full_range);
		cr_assert_gt(psnr(&p, &back), 36.0, "picture %u: %.1f dB", i, psnr(&p, &back));
	}
}

Test(encoder, writes_the_colours_it_is_told)
{
	struct encoder_settings s = {.codec = CODEC_H264, .width = W, .height = H, .bitrate_bps = 500000, .colour = {1, 1, 1}};
	struct picture p = picture_of(W, H, 0), back;
	struct au au;

	cr_assert_eq(encoder_open(&encoder, &s), 0);
	cr_assert_eq(decoder_open(&decoder, encoder_track(encoder), 0), 0);
	cr_assert_eq(encoder_encode(encoder, &p, true, NULL, &au), 0);
	cr_assert_eq(decoder_feed(decoder, &au), 0);
	cr_assert_eq(decoder_picture(decoder, &back), 1);
	cr_assert_eq(back.colour.primaries, 1);
	cr_assert_eq(back.colour.transfer, 1);
	cr_assert_eq(back.colour.matrix, 1);
}

/* A worker that is started anew learns of another rate, or of none yet, and what it makes has to go on under the same init segment. */
Test(encoder, has_the_same_parameter_sets_at_any_usual_rate)
{
	static const unsigned side[][2] = {{320, 180}, {640, 360}, {1280, 720}, {1920, 1080}, {3840, 2160}}, fps[] = {1, 8, 12, 15, 25, 30, 31, 50, 60};

	for (size_t i = 0; i < sizeof side / sizeof *side; i++) {
		struct track unknown;

		open_one(side[i][0], side[i][1], 0, 1500000);
		unknown = *encoder_track(encoder);
		encoder_free(&encoder);
		for (size_t k = 0; k < sizeof fps / sizeof *fps; k++) {
			const struct track *t;

			open_one(side[i][0], side[i][1], fps[k], 1500000);
			t = encoder_track(encoder);
			cr_assert(t->config_len == unknown.config_len && memcmp(t->config, unknown.config, t->config_len) == 0,
				"%ux%u: another at %u pictures a second: level %u, not %u", side[i][0], side[i][1], fps[k], t->config[3], unknown.config[3]);
			encoder_free(&encoder);
		}
	}
}
