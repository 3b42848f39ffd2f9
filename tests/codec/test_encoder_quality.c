/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes out of the encoder, read back: how good, in what order, and what became of still blocks. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "codec/decoder.h"
#include "codec/encoder.h"
#include "tests/codec/stream.h"
#include "tests/codec/viewer.h"

#define W 320
#define H 180
#define BLOCKS (W / 16 * ((H + 15) / 16))
#define PICTURES 75
#define PICTURE_BYTES (W * H * 3 / 2)

static struct encoder *encoder;
static struct decoder *decoder;
static uint8_t shown[PICTURES][PICTURE_BYTES];

static void teardown(void)
{
	encoder_free(&encoder);
	decoder_free(&decoder);
}

TestSuite(encoder_quality, .fini = teardown);

static unsigned level(unsigned x, unsigned y, unsigned n)
{
	double v = 120 + 40 * sin((x + 2 * n) * 0.09) * cos(y * 0.05) + 20 * sin((x + 3 * y) * 0.4);

	/* Something with edges goes across. */
	if (x - 4 * n % W < 40 && y > 60 && y < 120)
		v = (x + y) / 4 % 2 ? 220 : 40;
	return (unsigned)v;
}

static void draw(uint8_t *yuv, unsigned n, unsigned noise)
{
	uint32_t seed = n;

	for (unsigned y = 0; y < H; y++)
		for (unsigned x = 0; x < W; x++)
			yuv[y * W + x] = (uint8_t)(level(x, y, n) + stream_random(&seed) % (noise + 1));
	for (unsigned i = W * H; i < PICTURE_BYTES; i++)
		yuv[i] = (uint8_t)(100 + (i + n) / 64 % 50);
}

static struct picture picture_of(const uint8_t *yuv, int64_t pts)
{
	return (struct picture){.format = PICTURE_420, .bits = 8, .width = W, .height = H, .sar_num = 1, .sar_den = 1,
		.plane = {yuv, yuv + W * H, yuv + W * H * 5 / 4}, .stride = {W, W / 2, W / 2}, .pts = pts, .capture_us = pts * 7};
}

struct seen {
	double ssim, psnr, least_ssim, bits;  /* means, but for least_ssim; of a picture */
	unsigned n, late;
};

static void check_times(const struct au *au, unsigned n)
{
	cr_assert_eq(au->pts, (int64_t)n * n * 100, "picture %u", n);
	cr_assert_eq(au->dts, au->pts);
	cr_assert_eq(au->capture_us, au->pts * 7);
}

static void look(struct seen *s, const struct au *au)
{
	struct picture p = picture_of(shown[s->n], au->pts), back;
	double like;

	check_times(au, s->n);
	cr_assert_eq(decoder_feed(decoder, au), 0);
	cr_assert_eq(decoder_picture(decoder, &back), 1);
	cr_assert_eq(back.pts, au->pts);
	like = viewer_ssim(p.plane[0], p.stride[0], back.plane[0], back.stride[0], W, H);
	s->ssim += like / PICTURES;
	s->psnr += viewer_psnr(p.plane[0], p.stride[0], back.plane[0], back.stride[0], W, H) / PICTURES;
	s->least_ssim = s->n == 0 || like < s->least_ssim ? like : s->least_ssim;
	s->bits += (double)au->len * 8 / PICTURES;
	s->n++;
}

static struct seen run(const struct encoder_settings *settings, unsigned key_every, const uint8_t *(*still)(unsigned n))
{
	struct seen s = {0};
	struct au au;
	int rc;

	cr_assert_eq(encoder_open(&encoder, settings), 0);
	cr_assert_eq(decoder_open(&decoder, encoder_track(encoder), 0), 0);
	for (unsigned n = 0; n < PICTURES; n++) {
		struct picture p = picture_of(shown[n], (int64_t)n * n * 100);

		rc = encoder_encode(encoder, &p, key_every && n % key_every == 0, still ? still(n) : NULL, &au);
		if (rc == -EAGAIN) {
			s.late++;
			continue;
		}
		cr_assert_eq(rc, 0);
		cr_assert_eq(au.key, s.n == 0 || (key_every && s.n % key_every == 0), "picture %u", s.n);
		look(&s, &au);
	}
	while ((rc = encoder_drain(encoder, &au)) == 0)
		look(&s, &au);
	cr_assert_eq(rc, -EAGAIN);
	cr_assert_eq(encoder_drain(encoder, &au), -EAGAIN);
	cr_assert_eq(s.n, PICTURES);
	encoder_free(&encoder);
	decoder_free(&decoder);
	return s;
}

static void draw_all(unsigned noise)
{
	for (unsigned n = 0; n < PICTURES; n++)
		draw(shown[n], n, noise);
}

Test(encoder_quality, has_its_floor_at_each_speed_latency_and_profile)
{
	static const struct {
		enum encoder_speed speed;
		enum encoder_latency latency;
		enum encoder_profile profile;
		double ssim, least_ssim, psnr, bits_most;
	} cases[] = {
		{ENCODER_VERYFAST, ENCODER_LOW, ENCODER_HIGH, 0.978, 0.974, 36.0, 13500},
		{ENCODER_VERYFAST, ENCODER_LOW, ENCODER_MAIN, 0.978, 0.973, 36.1, 14100},
		{ENCODER_VERYFAST, ENCODER_LOW, ENCODER_BASELINE, 0.978, 0.973, 36.1, 19600},
		{ENCODER_VERYFAST, ENCODER_NORMAL, ENCODER_HIGH, 0.979, 0.971, 36.5, 14600},
		{ENCODER_VERYFAST, ENCODER_NORMAL, ENCODER_BASELINE, 0.980, 0.971, 36.4, 21200},
		{ENCODER_SUPERFAST, ENCODER_LOW, ENCODER_HIGH, 0.979, 0.975, 36.5, 14600},
		{ENCODER_SUPERFAST, ENCODER_NORMAL, ENCODER_MAIN, 0.977, 0.969, 36.1, 14700},
		{ENCODER_ULTRAFAST, ENCODER_LOW, ENCODER_HIGH, 0.976, 0.971, 36.7, 27700},
		{ENCODER_ULTRAFAST, ENCODER_NORMAL, ENCODER_BASELINE, 0.976, 0.965, 37.0, 29100},
	};

	draw_all(3);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct encoder_settings s = {.codec = CODEC_H264, .width = W, .height = H, .bitrate_bps = 4000000,
			.speed = cases[i].speed, .latency = cases[i].latency, .profile = cases[i].profile};
		struct seen seen = run(&s, 30, NULL);

		cr_assert_geq(seen.ssim, cases[i].ssim, "case %zu: SSIM %.4f", i, seen.ssim);
		cr_assert_geq(seen.least_ssim, cases[i].least_ssim, "case %zu: SSIM of a picture %.4f", i, seen.least_ssim);
		cr_assert_geq(seen.psnr, cases[i].psnr, "case %zu: PSNR %.2f", i, seen.psnr);
		cr_assert_leq(seen.bits, cases[i].bits_most, "case %zu: %.0f bits a picture", i, seen.bits);
		cr_assert_leq(seen.late, cases[i].latency == ENCODER_LOW ? 0 : ENCODER_DELAY_MAX);
	}
}

/* Beyond the left quarter nothing moves, and there is no noise. */
static void draw_still(void)
{
	for (unsigned n = 0; n < PICTURES; n++) {
		draw(shown[n], 0, 0);
		for (unsigned y = 0; y < H; y++)
			for (unsigned x = 0; x < W / 4; x++)
				shown[n][y * W + x] = (uint8_t)level(x, y, n);
	}
}

static const uint8_t *still_but_for_a_quarter(unsigned n)
{
	static uint8_t map[BLOCKS];

	for (unsigned i = 0; i < BLOCKS; i++)
		map[i] = n > 0 && i % (W / 16) >= W / 64;
	return map;
}

static const uint8_t *all_still(unsigned n)
{
	static uint8_t map[BLOCKS];

	memset(map, n % 25 != 24, sizeof map);
	return map;
}

Test(encoder_quality, loses_nothing_by_hints_on_still_blocks)
{
	draw_still();
	for (unsigned latency = 0; latency < ENCODER_LATENCIES; latency++) {
		struct encoder_settings s = {.codec = CODEC_H264, .width = W, .height = H, .bitrate_bps = 4000000, .latency = (enum encoder_latency)latency};
		struct seen without = run(&s, 25, NULL), with = run(&s, 25, still_but_for_a_quarter);

		cr_assert_geq(with.ssim, without.ssim - 0.002, "%.4f, without %.4f", with.ssim, without.ssim);
		cr_assert_leq(with.bits, without.bits * 1.02, "%.0f bits, without %.0f", with.bits, without.bits);
	}
}

/* A picture that is called still and isn't may look as the one before it; the next that isn't called so is whole again. */
Test(encoder_quality, is_whole_again_behind_wrong_hints)
{
	struct encoder_settings s = {.codec = CODEC_H264, .width = W, .height = H, .bitrate_bps = 4000000};
	struct picture p, back;
	struct au au;

	draw_all(3);
	cr_assert_eq(encoder_open(&encoder, &s), 0);
	cr_assert_eq(decoder_open(&decoder, encoder_track(encoder), 0), 0);
	for (unsigned n = 0; n < PICTURES; n++) {
		double like;

		p = picture_of(shown[n], (int64_t)n * 3600);
		cr_assert_eq(encoder_encode(encoder, &p, n == 50, all_still(n), &au), 0);
		cr_assert_eq(decoder_feed(decoder, &au), 0);
		cr_assert_eq(decoder_picture(decoder, &back), 1);
		like = viewer_ssim(p.plane[0], p.stride[0], back.plane[0], back.stride[0], W, H);
		if (n % 25 == 24 || n == 50 || n == 0)
			cr_assert_geq(like, 0.96, "picture %u: %.4f", n, like);
	}
	cr_assert_eq(decoder_counts(decoder)->errors, 0);
}
