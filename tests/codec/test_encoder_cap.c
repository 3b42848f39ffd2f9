/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cap on the bit rate: by the pictures' own times, over any two seconds, whatever they show. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "codec/encoder.h"
#include "codec/encoder_budget.h"
#include "tests/codec/stream.h"

#define W 320
#define H 180
#define WINDOW (2 * TIMESCALE_VIDEO)
#define PICTURES_MAX 1024

static struct encoder *encoder;
static uint8_t yuv[W * H * 3 / 2];

static void teardown(void)
{
	encoder_free(&encoder);
}

TestSuite(encoder_cap, .fini = teardown);

enum scene { FLAT, NOISE, WAVES, TEXT, SCENES };

static void draw(enum scene scene, unsigned n, uint32_t *seed)
{
	memset(yuv, 128, sizeof yuv);
	for (unsigned y = 0; y < H && scene != FLAT; y++)
		for (unsigned x = 0; x < W; x++)
			switch (scene) {
			case NOISE:
				yuv[y * W + x] = (uint8_t)stream_random(seed);
				break;
			case WAVES:
				yuv[y * W + x] = (uint8_t)(128 + 50 * sinf((float)(x + 3 * n) * 0.07f) + 40 * sinf((float)(y + n) * 0.11f) +
					(float)(stream_random(seed) % 8));
				break;
			default:
				yuv[y * W + x] = (x + 5 * n) * (y / 12 + 3) / 7 % 5 ? 210 : 30;
				break;
			}
}

struct timing {
	const char *name;
	unsigned expected_fps;
	int64_t step[4];               /* in turn, for scene_ms each */
	unsigned scene_ms, key_ms;     /* 0: a scene for good; no key frame but the first, and on cuts */
	bool key_at_cuts;
	enum scene scenes[4];
};

struct seen {
	int64_t pts[PICTURES_MAX];
	double bits[PICTURES_MAX];
	unsigned n;
};

static void see(struct seen *s, const struct au *au)
{
	cr_assert_lt(s->n, PICTURES_MAX);
	s->pts[s->n] = au->pts;
	s->bits[s->n++] = (double)au->len * 8;
}

static double worst_window(const struct seen *s)
{
	double worst = 0, sum = 0;

	for (unsigned i = 0, first = 0; i < s->n; i++) {
		sum += s->bits[i];
		for (; s->pts[first] <= s->pts[i] - WINDOW; first++)
			sum -= s->bits[first];
		worst = sum > worst ? sum : worst;
	}
	return worst;
}

/*
 * The coded picture buffer that a decoder needs (H.264 C.1.2), by a bucket of its own: bits flow in at cap_bps from before the first picture on,
 * and each picture is taken out whole at its own time. The fullest that it has to be, in seconds of the cap.
 */
static double buffer_s(const struct seen *s, double cap_bps)
{
	double missing = 0, most = 0;

	for (unsigned i = 0; i < s->n; i++) {
		if (i)
			missing -= cap_bps * (double)(s->pts[i] - s->pts[i - 1]) / TIMESCALE_VIDEO;
		missing = (missing > 0 ? missing : 0) + s->bits[i];
		most = missing > most ? missing : most;
	}
	return most / cap_bps;
}

static void run(const struct timing *t, unsigned seconds, struct seen *ret)
{
	int64_t pts = 0, next_key = 0;
	unsigned scene = 0, last = ~0u;
	uint32_t seed = 7;
	struct au au;
	int rc;

	ret->n = 0;
	for (unsigned n = 0; pts < (int64_t)seconds * TIMESCALE_VIDEO; n++) {
		struct picture p = {.format = PICTURE_420, .bits = 8, .width = W, .height = H, .sar_num = 1, .sar_den = 1,
			.plane = {yuv, yuv + W * H, yuv + W * H * 5 / 4}, .stride = {W, W / 2, W / 2}, .pts = pts};
		bool key = (t->key_ms && pts >= next_key) || (t->key_at_cuts && scene != last);

		if (key)
			next_key = pts + t->key_ms * 90;
		last = scene;
		draw(t->scenes[scene % 4], n, &seed);
		rc = encoder_encode(encoder, &p, key, NULL, &au);
		if (rc == 0)
			see(ret, &au);
		else
			cr_assert_eq(rc, -EAGAIN, "%d at %u", rc, n);
		pts += t->step[scene % 4];
		scene = t->scene_ms ? (unsigned)(pts / 90 / t->scene_ms) : 0;
	}
	while (encoder_drain(encoder, &au) == 0)
		see(ret, &au);
}

Test(encoder_cap, holds_over_any_two_seconds_and_for_a_decoders_buffer)
{
	static const struct timing timings[] = {
		{"noise for good", 25, {3600}, 0, 2000, false, {NOISE}},
		{"more pictures than expected", 0, {1800}, 0, 2000, false, {NOISE}},
		{"fewer", 25, {9000}, 0, 2000, false, {NOISE}},
		{"cuts to noise and back", 25, {3600, 3600, 3600, 3600}, 1700, 2000, false, {FLAT, NOISE, FLAT, TEXT}},
		{"each cut a key frame", 25, {3600, 3600, 3600, 3600}, 900, 2000, true, {TEXT, NOISE, WAVES, NOISE}},
		{"a key frame a second", 25, {3600, 3600, 3600, 3600}, 2300, 1000, false, {WAVES, TEXT, NOISE, TEXT}},
		{"one a second, then a burst", 25, {90000, 3600, 90000, 3600}, 4000, 2000, false, {FLAT, NOISE, TEXT, NOISE}},
		{"one a second, then a burst of twice the rate", 15, {90000, 1800, 45000, 3000}, 3100, 2000, false, {TEXT, NOISE, NOISE, WAVES}},
		{"shaking", 10, {9000, 400, 7000, 1800}, 250, 2000, false, {WAVES, NOISE, NOISE, TEXT}},
		{"a minute's pause", 25, {3600, 5400000, 3600, 3600}, 2000, 2000, false, {NOISE, FLAT, NOISE, NOISE}},
	};
	static const unsigned caps[] = {150000, 600000};
	static struct seen seen;

	for (size_t i = 0; i < sizeof timings / sizeof timings[0]; i++)
		for (unsigned c = 0; c < 2; c++) {
			struct encoder_settings s = {.codec = CODEC_H264, .width = W, .height = H, .fps = timings[i].expected_fps,
				.bitrate_bps = caps[(c + i) % 2], .latency = c ? ENCODER_NORMAL : ENCODER_LOW};
			double used, buffer;

			cr_assert_eq(encoder_open(&encoder, &s), 0);
			run(&timings[i], 9, &seen);
			used = worst_window(&seen) / (2.0 * s.bitrate_bps);
			cr_assert_leq(used, 1.0, "%s, %u b/s, latency %u: %.3f of the cap", timings[i].name, s.bitrate_bps, c, used);
			cr_assert_geq(used, 0.7, "%s, %u b/s, latency %u: %.3f of the cap", timings[i].name, s.bitrate_bps, c, used);
			buffer = buffer_s(&seen, s.bitrate_bps);
			cr_assert_leq(buffer, 0.6, "%s, %u b/s, latency %u: a buffer of %.3f s", timings[i].name, s.bitrate_bps, c, buffer);
			encoder_free(&encoder);
		}
}

/* Noise at the coarsest that there is takes about as much. */
Test(encoder_cap, almost_holds_at_the_least_that_may_be_asked_for)
{
	static const struct timing t = {"noise, calm, noise", 25, {3600, 3600, 3600, 3600}, 3000, 2000, false, {NOISE, FLAT, NOISE, WAVES}};
	static struct seen seen;

	for (unsigned latency = 0; latency < ENCODER_LATENCIES; latency++) {
		struct encoder_settings s = {.codec = CODEC_H264, .width = W, .height = H, .bitrate_bps = 16000, .latency = (enum encoder_latency)latency};

		cr_assert_eq(encoder_open(&encoder, &s), 0);
		run(&t, 12, &seen);
		cr_assert_leq(worst_window(&seen), 2.1 * 16000, "latency %u: %.0f bits", latency, worst_window(&seen));
		encoder_free(&encoder);
	}
}

/* Takes all that it is offered, at uneven times. */
static void spend_all(struct encoder_budget *b, unsigned step_most, struct seen *ret)
{
	uint32_t seed = step_most;
	int64_t pts = -1000;

	for (ret->n = 0; ret->n < PICTURES_MAX; ret->n++) {
		double bits = encoder_budget_bits(b, pts);

		bits = bits > 0 ? bits : 0;
		ret->pts[ret->n] = pts;
		ret->bits[ret->n] = bits;
		encoder_budget_spend(b, pts, bits);
		pts += 1 + stream_random(&seed) % step_most;
	}
}

Test(encoder_budget, is_the_cap_for_who_takes_all_of_it)
{
	static const unsigned steps[] = {2, 100, 400, 3600, 20000, 90000, 400000};
	static struct encoder_budget b;
	static struct seen seen;

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		double sum = 0;

		encoder_budget_init(&b, 1000000);
		spend_all(&b, steps[i], &seen);
		cr_assert_leq(worst_window(&seen), 2000000, "steps of up to %u: %.0f", steps[i], worst_window(&seen));
		cr_assert_leq(buffer_s(&seen, 1000000), 0.5, "steps of up to %u: a buffer of %.3f s", steps[i], buffer_s(&seen, 1000000));
		/* With pauses of more than the bucket holds, nothing more can be asked than that it is full. */
		for (unsigned n = 0; n < seen.n; n++)
			sum += seen.bits[n];
		if (steps[i] <= 20000 && steps[i] >= 3600)
			cr_assert_geq(sum, 0.8 * 1000000 * (double)(seen.pts[seen.n - 1] - seen.pts[0]) / TIMESCALE_VIDEO, "steps of up to %u", steps[i]);
	}
}

Test(encoder_budget, forgives_what_was_too_much)
{
	struct encoder_budget b;
	int64_t pts = 0;

	encoder_budget_init(&b, 1000000);
	encoder_budget_spend(&b, pts, 5000000);
	cr_assert_lt(encoder_budget_bits(&b, 3600), 0);
	for (; pts < WINDOW; pts += 3600)
		encoder_budget_spend(&b, pts, 0);
	for (; pts < 10 * WINDOW && encoder_budget_bits(&b, pts) < b.size; pts += 3600)
		encoder_budget_spend(&b, pts, 0);
	cr_assert_leq(pts, 4 * WINDOW);
	cr_assert_geq(encoder_budget_bits(&b, pts), b.size);
}
