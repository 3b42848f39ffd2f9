/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "codec/fit.h"
#include "tests/codec/stream.h"

#define OUT_MAX (1 << 20)
#define AT(ms) ((int64_t)(ms) * 8)  /* 8 kHz */

static struct fit fit;
static int16_t out[OUT_MAX];
static int64_t first, filled;
static int block_rc;

static int on_block(void *ctx, int64_t pts, const int16_t *samples)
{
	if (filled == 0)
		first = pts;
	cr_assert_eq(pts, first + filled / fit.channels, "blocks have no hole");
	for (unsigned i = 0; i < FIT_BLOCK * fit.channels; i++)
		out[filled++] = samples[i];
	return block_rc;
}

static void setup(void)
{
	first = filled = block_rc = 0;
	fit_init(&fit, 8000, 1, on_block, NULL);
}

TestSuite(fit, .init = setup);

/* A ramp: sample number n of it has a value that tells n, whatever becomes of its time. */
static int16_t ramp(int64_t n)
{
	return (int16_t)(n * 3 % 24000 - 12000);
}

/* A tone, without clicks wherever it is cut into packets. */
static int16_t tone(double n)
{
	return (int16_t)(8000 * sin(n * 2 * M_PI * 200 / 8000));
}

static int add_tone(int64_t pts, int64_t from, size_t n)
{
	int16_t s[8192];

	for (size_t i = 0; i < n; i++)
		s[i] = tone((double)(from + (int64_t)i));
	return fit_add(&fit, pts, s, n);
}

/* The largest step from sample to sample; the tone's own is 1257. */
static int largest_step(void)
{
	int most = 0;

	for (int64_t i = 1; i < filled; i++)
		if (abs(out[i] - out[i - 1]) > most)
			most = abs(out[i] - out[i - 1]);
	return most;
}

Test(fit, hands_on_what_fits_as_it_is)
{
	int16_t s[160];

	for (int64_t n = 0; n < 10000; n += 160) {
		for (int i = 0; i < 160; i++)
			s[i] = ramp(n + i);
		cr_assert_eq(fit_add(&fit, 777 + n, s, 160), 0);
	}
	cr_assert_eq(fit_end(&fit), 0);
	cr_assert_eq(first, 777);
	cr_assert_eq(filled, 10240);
	for (int64_t i = 0; i < 10000; i++)
		cr_assert_eq(out[i], ramp(i));
	cr_assert_eq(out[10239], 0);
	cr_assert_eq(fit.stretched, 0);
}

Test(fit, fills_what_is_missing_with_as_much_silence)
{
	static const int lost_ms[] = {20, 60, 500, 29000};
	int64_t t = 0;

	for (unsigned i = 0; i < 4; i++) {
		int64_t before = filled + fit.nheld;

		for (int p = 0; p < 10; p++, t += 160)
			cr_assert_eq(add_tone(t, t, 160), 0);
		t += AT(lost_ms[i]);
		cr_assert_eq(add_tone(t, t, 160), 0);
		t += 160;
		cr_assert_eq(filled + fit.nheld - before, 11 * 160 + AT(lost_ms[i]));
	}
	cr_assert_eq(fit_end(&fit), 0);
	cr_assert_eq(fit.silence - (uint64_t)(filled - t), AT(20 + 60 + 500 + 29000));
	cr_assert_eq(out[1600 + 80], 0, "silent between");
	cr_assert_eq(out[1600 + 160 + 100], tone(1600 + 160 + 100), "and what follows is in its place");
	cr_assert_leq(largest_step(), 1500, "a click of %d", largest_step());
}

Test(fit, leaves_out_what_comes_twice)
{
	for (int64_t t = 0; t < AT(200); t += 160)
		cr_assert_eq(add_tone(t, t, 160), 0);
	for (int64_t t = AT(100); t < AT(400); t += 160)
		cr_assert_eq(add_tone(t, t, 160), 0);
	cr_assert_eq(filled + fit.nheld, AT(400));
	cr_assert_eq(fit.left_out, AT(100));
	cr_assert_eq(fit_end(&fit), 0);
	cr_assert_eq(out[AT(390)], tone((double)AT(390)));
	cr_assert_leq(largest_step(), 1500, "a click of %d", largest_step());
}

Test(fit, refuses_a_hole_that_is_no_pause)
{
	cr_assert_eq(add_tone(0, 0, 160), 0);
	cr_assert_eq(add_tone(160 + 8000ll * FIT_SILENCE_MAX_S + 1, 0, 160), -ERANGE);
	cr_assert_eq(add_tone(AU_TIME_MAX, 0, 160), -ERANGE);
	cr_assert_eq(add_tone(-AU_TIME_MAX, 0, 160), 0);
	cr_assert_eq(add_tone(160, 160, 160), 0, "it goes on where it was");
	cr_assert_eq(fit.nheld, 320);
}

/* An hour of a camera whose samples come at another rate than its timeline says. */
static void drift(double ppm, int shake_ms, int64_t *ret_worst)
{
	uint32_t state = 9;
	int64_t n = 0, worst = 0;

	setup();
	for (; n < 8000ll * 600; n += 160) {
		int64_t pts = (int64_t)((double)n * (1 + ppm / 1e6)), off;

		if (shake_ms)
			pts += (int64_t)(stream_random(&state) % (unsigned)(AT(shake_ms) * 2)) - AT(shake_ms);
		filled = 0;
		cr_assert_eq(add_tone(pts, n, 160), 0);
		off = llabs((int64_t)((double)(n + 160) * (1 + ppm / 1e6)) - fit.next);
		worst = off > worst ? off : worst;
		if (n > 1600)
			cr_assert_leq(largest_step(), 1500, "a click of %d at %ld", largest_step(), (long)n);
	}
	*ret_worst = worst;
}

Test(fit, follows_a_drift_unheard)
{
	static const struct {
		double ppm;
		int shake_ms, worst_ms;
	} cases[] = {{0, 0, 0}, {0, 8, 10}, {50, 0, 12}, {-50, 0, 12}, {500, 0, 12}, {-500, 0, 12}, {500, 8, 25}, {3000, 0, 20}, {-3000, 0, 20}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int64_t worst;

		drift(cases[i].ppm, cases[i].shake_ms, &worst);
		cr_assert_leq(worst, AT(cases[i].worst_ms), "%g ppm: %ld ms off", cases[i].ppm, (long)worst / 8);
		cr_assert_eq(fit.silence, 0, "%g ppm", cases[i].ppm);
		cr_assert_eq(fit.left_out, 0, "%g ppm", cases[i].ppm);
	}
}

Test(fit, never_lets_sound_be_out_of_its_time)
{
	/* Packets of any length at any times, also such as no camera sends. */
	uint32_t state = 4;
	int64_t pts = 0;

	for (unsigned i = 0; i < 20000; i++) {
		size_t n = 1 + stream_random(&state) % 800;
		int64_t end;

		pts += stream_random(&state) % 50 ? (int64_t)n : (int64_t)(stream_random(&state) % 16000);
		filled = 0;
		cr_assert_eq(add_tone(pts, pts, n), 0);
		end = pts + (int64_t)n;
		/* It is in its time, or so far ahead that this was left out. */
		cr_assert(fit.next >= end - AT(FIT_GAP_MS) - (int64_t)n / FIT_STRETCH - 1);
		cr_assert(fit.next <= end + AT(FIT_AHEAD_MS) + 800);
		pts = end - (int64_t)n;
	}
}

Test(fit, keeps_channels_apart)
{
	int16_t s[2 * 480];

	fit_init(&fit, 48000, 2, on_block, NULL);
	for (int64_t t = 0; t < 48000; t += 480) {
		int64_t pts = t >= 24000 ? t + 2400 : t;

		for (int i = 0; i < 480; i++) {
			s[2 * i] = 1000;
			s[2 * i + 1] = -2000;
		}
		cr_assert_eq(fit_add(&fit, pts, s, 480), 0);
	}
	cr_assert_eq(fit.silence, 2400);
	cr_assert_eq(out[0], 1000);
	cr_assert_eq(out[1], -2000);
	cr_assert_eq(out[2 * 25200], 0);
	cr_assert_eq(out[2 * 25200 + 1], 0);
	cr_assert_eq(out[2 * 40000], 1000);
	cr_assert_eq(out[2 * 40000 + 1], -2000);
}

Test(fit, hands_on_an_error)
{
	block_rc = -EIO;
	cr_assert_eq(add_tone(0, 0, 1000), 0);
	cr_assert_eq(add_tone(1000, 1000, 1000), -EIO);
	cr_assert_eq(add_tone(8000, 1000, 1), -EIO, "in the midst of silence too");
}
