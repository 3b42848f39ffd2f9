/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec/decoder.h"
#include "codec/scale.h"
#include "media/h265.h"
#include "tests/codec/stream.h"

static struct stream stream, other;
static struct decoder *decoder;
static struct scale *scale;
static struct picture seen;      /* the last one; its planes are gone */
static unsigned seen_luma;

static void teardown(void)
{
	decoder_free(&decoder);
	scale_free(&scale);
	stream_free(&stream);
	stream_free(&other);
}

TestSuite(decoder_h265, .fini = teardown);

static unsigned luma(const struct picture *p)
{
	const uint8_t *at = p->plane[0] + (ptrdiff_t)(p->height / 2) * p->stride[0];
	unsigned x = p->width / 2;

	return p->bits == 8 ? at[x] : (unsigned)(at[2 * x] | at[2 * x + 1] << 8) >> (p->bits - 8);
}

/* Fetches what is there, each in order. Returns how many. */
static unsigned take(int64_t *last)
{
	struct picture p;
	unsigned n = 0;

	for (; decoder_picture(decoder, &p); n++) {
		cr_assert_gt(p.pts, *last);
		*last = p.pts;
		seen = p;
		seen_luma = luma(&p);
	}
	return n;
}

static unsigned feed_all(unsigned from, int64_t *last)
{
	unsigned n = 0;

	for (unsigned i = from; i < stream.n; i++) {
		cr_assert_eq(decoder_feed(decoder, &stream.au[i]), 0);
		n += take(last);
	}
	decoder_drain(decoder);
	return n + take(last);
}

Test(decoder_h265, gives_every_picture_whatever_the_format)
{
	static const struct {
		struct stream_kind kind;
		enum picture_format format;
		unsigned bits;
	} cases[] = {
		{{"plain", 320, 240, 30, 10}, PICTURE_420, 8},
		{{"B", 320, 240, 30, 10, 3}, PICTURE_420, 8},
		{{"open", 320, 240, 40, 10, 3, .open_gop = true}, PICTURE_420, 8},
		{{"cropped", 322, 182, 12}, PICTURE_420, 8},
		{{"10 bits", 320, 240, 12, .bits = 10}, PICTURE_420, 10},
		{{"12 bits", 320, 240, 12, .bits = 12}, PICTURE_420, 12},
		{{"4:2:2", 320, 240, 12, .chroma = STREAM_422}, PICTURE_422, 8},
		{{"4:2:2 10 bits B", 320, 240, 24, 0, 2, .chroma = STREAM_422, .bits = 10}, PICTURE_422, 10},
		{{"4:2:2 12 bits", 320, 240, 12, .chroma = STREAM_422, .bits = 12}, PICTURE_422, 12},
		{{"4:4:4", 320, 240, 12, .chroma = STREAM_444}, PICTURE_444, 8},
		{{"4:4:4 12 bits", 320, 240, 12, .chroma = STREAM_444, .bits = 12}, PICTURE_444, 12},
		{{"grey", 320, 240, 12, .chroma = STREAM_400}, PICTURE_GRAY, 8},
		{{"grey 10 bits", 320, 240, 12, .chroma = STREAM_400, .bits = 10}, PICTURE_GRAY, 10},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct stream_kind *k = &cases[i].kind;
		int64_t last = INT64_MIN;
		struct picture small;
		unsigned n;

		stream_make_h265(&stream, k);
		cr_assert_eq(decoder_open(&decoder, &stream.track, 0), 0, "%s", k->name);
		cr_assert_eq(scale_new(&scale, 160, 120, cpu_best()), 0);
		cr_assert_eq(decoder_feed(decoder, &stream.au[0]), 0);
		n = take(&last) + feed_all(1, &last);
		cr_assert_eq(n, k->pictures, "%s: %u pictures", k->name, n);
		cr_assert_eq(last, (int64_t)(k->pictures - 1) * STREAM_STEP);
		cr_assert_eq(seen.format, cases[i].format, "%s", k->name);
		cr_assert_eq(seen.bits, cases[i].bits, "%s", k->name);
		cr_assert_eq(seen.width, k->width, "%s", k->name);
		cr_assert_eq(seen.height, k->height, "%s", k->name);
		cr_assert_eq(seen.capture_us, 1000000 + (int64_t)(k->pictures - 1) * 40000);
		cr_assert_lt(abs((int)seen_luma - (int)stream_luma(k->pictures - 1)), 6, "%s: luma %u", k->name, seen_luma);
		cr_assert_eq(decoder_counts(decoder)->errors + decoder_counts(decoder)->unordered, 0, "%s", k->name);
		decoder_free(&decoder);
		/* And each can be scaled to what is encoded. */
		cr_assert_eq(decoder_open(&decoder, &stream.track, 0), 0);
		cr_assert_eq(decoder_feed(decoder, &stream.au[0]), 0);
		decoder_drain(decoder);
		cr_assert_eq(decoder_picture(decoder, &seen), 1);
		cr_assert_eq(scale_run(scale, &seen, &small), 0, "%s", k->name);
		cr_assert_lt(abs((int)luma(&small) - (int)stream_luma(0)), 8, "%s: luma %u", k->name, luma(&small));
		decoder_free(&decoder);
		scale_free(&scale);
		stream_free(&stream);
	}
}

Test(decoder_h265, starts_at_any_random_access_point)
{
	static const struct stream_kind kinds[] = {{"IDR", 320, 240, 40, 20, 3}, {"CRA", 320, 240, 40, 20, 3, .open_gop = true}, {"low delay", 320, 240, 40, 20}};

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		int64_t last = INT64_MIN;
		unsigned n;

		stream_make_h265(&stream, &kinds[i]);
		cr_assert_eq(decoder_open(&decoder, &stream.track, 0), 0);
		n = feed_all(5, &last);
		/* Those that are shown before a CRA lean on what never came. */
		cr_assert_eq(n, 20, "%s: %u", kinds[i].name, n);
		cr_assert_eq(last, 39 * STREAM_STEP);
		cr_assert_lt(abs((int)seen_luma - (int)stream_luma(39)), 6, "%s: luma %u", kinds[i].name, seen_luma);
		decoder_free(&decoder);
		stream_free(&stream);
	}
}

Test(decoder_h265, does_not_wait_for_ever)
{
	static const struct stream_kind k = {"smart", 320, 240, 150};
	int64_t last = INT64_MIN;
	unsigned n;

	stream_make_h265(&stream, &k);
	cr_assert_eq(decoder_open(&decoder, &stream.track, 0), 0);
	n = feed_all(5, &last);
	cr_assert_eq(n, 145 - DECODER_BLIND_90K / STREAM_STEP, "%u pictures", n);
	decoder_free(&decoder);
	/* Nor where time stands still. */
	cr_assert_eq(decoder_open(&decoder, &stream.track, 0), 0);
	for (unsigned i = 5; i < stream.n; i++) {
		stream.au[i].pts = 0;
		decoder_feed(decoder, &stream.au[i]);
	}
	last = INT64_MIN;
	cr_assert_eq(take(&last), 1);
}

Test(decoder_h265, goes_on_over_lost_access_units)
{
	static const struct stream_kind k = {"lossy", 320, 240, 100, 50, 2};
	int64_t last = INT64_MIN;
	unsigned n = 0;

	stream_make_h265(&stream, &k);
	cr_assert_eq(decoder_open(&decoder, &stream.track, 0), 0);
	for (unsigned i = 0; i < stream.n; i++)
		if (i % 7 != 3) {
			decoder_feed(decoder, &stream.au[i]);
			n += take(&last);
		}
	decoder_drain(decoder);
	n += take(&last);
	cr_assert_geq(n, 70, "%u pictures", n);
	cr_assert_eq(last, 99 * STREAM_STEP);
}

Test(decoder_h265, refuses_what_it_should_not_open)
{
	struct stream_kind k = {"plain", 640, 480, 1};
	struct track t;

	stream_make_h265(&stream, &k);
	t = stream.track;
	cr_assert_eq(decoder_open(&decoder, &t, 640 * 480 - 1), -E2BIG);
	cr_assert_eq(decoder_open(&decoder, &t, 640 * 480), 0);
	decoder_free(&decoder);
	t.codec = CODEC_H264;
	cr_assert_eq(decoder_open(&decoder, &t, 0), -EBADMSG);
	for (uint16_t n = 0; n < stream.track.config_len; n++) {
		t = stream.track;
		t.config_len = n;
		cr_assert_eq(decoder_open(&decoder, &t, 0), -EBADMSG, "%u bytes", n);
	}
	t = stream.track;
	t.config[21] &= 0xfd;  /* 2-byte lengths */
	cr_assert_eq(decoder_open(&decoder, &t, 0), -EBADMSG);
	t = stream.track;
	t.config[22] = 0;      /* no sets */
	cr_assert_eq(decoder_open(&decoder, &t, 0), -EBADMSG);
	cr_assert_null(decoder);
}

Test(decoder_h265, follows_a_change_of_size_and_refuses_one_above_its_limit)
{
	static const struct stream_kind small = {"small", 320, 240, 1}, large = {"large", 1280, 720, 1, .chroma = STREAM_422, .bits = 10};
	static const uint64_t limits[] = {1280 * 720, 1280 * 720 - 1};

	stream_make_h265(&stream, &small);
	stream_make_h265(&other, &large);
	for (unsigned l = 0; l < 2; l++) {
		int64_t last = INT64_MIN;
		unsigned n = 0;

		cr_assert_eq(decoder_open(&decoder, &stream.track, limits[l]), 0);
		for (unsigned i = 0; i < 10; i++) {
			struct au au = stream_with_sets(i % 2 ? &other : &stream, 0, i);

			cr_assert_eq(decoder_feed(decoder, &au), i % 2 && l ? -EBADMSG : 0);
			n += take(&last);
			free((void *)(uintptr_t)au.data);
		}
		decoder_drain(decoder);
		n += take(&last);
		cr_assert_eq(n, l ? 5 : 10, "%u pictures", n);
		cr_assert_eq(seen.width, l ? 320 : 1280);
		cr_assert_eq(decoder_counts(decoder)->errors, l ? 5 : 0);
		decoder_free(&decoder);
	}
}

static void damage(uint8_t *p, size_t *n, uint32_t *state)
{
	switch (stream_random(state) % 4) {
	case 0:
		*n = stream_random(state) % *n;
		break;
	case 1:
		p[stream_random(state) % *n] ^= (uint8_t)(1 << stream_random(state) % 8);
		break;
	case 2:
		for (unsigned c = 0; c < 20; c++)
			p[stream_random(state) % *n] = (uint8_t)stream_random(state);
		break;
	}
}

Test(decoder_h265, survives_cut_and_damaged_access_units_and_recovers)
{
	static const struct stream_kind kinds[] = {{"noise", 160, 128, 24, 8, 2, .noise = true}, {"noise 4:2:2", 160, 128, 24, 8, .noise = true, .chroma = STREAM_422, .bits = 10}};

	for (unsigned k = 0; k < 2; k++) {
		int64_t last = INT64_MIN;
		unsigned number = 0;
		uint32_t state = 7;
		uint64_t before;

		stream_make_h265(&stream, &kinds[k]);
		cr_assert_eq(decoder_open(&decoder, &stream.track, 160 * 128), 0);
		for (unsigned round = 0; round < 30; round++)
			for (unsigned i = 0; i < stream.n; i++, number++) {
				struct au au = stream_with_sets(&stream, i, number);

				damage((uint8_t *)(uintptr_t)au.data, &au.len, &state);
				decoder_feed(decoder, &au);
				take(&last);
				free((void *)(uintptr_t)au.data);
			}
		cr_assert_gt(decoder_counts(decoder)->errors, 0);
		before = decoder_counts(decoder)->pictures;
		for (unsigned i = 0; i < stream.n; i++, number++) {
			struct au au = stream_with_sets(&stream, i, number);

			cr_assert_eq(decoder_feed(decoder, &au), 0);
			take(&last);
			free((void *)(uintptr_t)au.data);
		}
		decoder_drain(decoder);
		take(&last);
		cr_assert_geq(decoder_counts(decoder)->pictures, before + 8);
		decoder_free(&decoder);
		stream_free(&stream);
	}
}
