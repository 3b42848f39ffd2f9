/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <x264.h>

#include "codec/decoder.h"
#include "tests/codec/stream.h"

static struct stream stream, other;
static struct decoder *decoder;
static struct picture seen;  /* the last one; its planes are gone */

static void teardown(void)
{
	decoder_free(&decoder);
	stream_free(&stream);
	stream_free(&other);
}

TestSuite(decoder, .fini = teardown);

static unsigned luma(const struct picture *p)
{
	const uint8_t *at = p->plane[0] + (ptrdiff_t)(p->height / 2) * p->stride[0];
	unsigned x = p->width / 2;

	return p->bits == 8 ? at[x] : (unsigned)(at[2 * x] | at[2 * x + 1] << 8) >> (p->bits - 8);
}

/* Fetches what is there; checks what each picture says of itself. Returns how many. */
static unsigned take(int64_t *last)
{
	unsigned n = 0, at;
	struct picture p;

	while (decoder_picture(decoder, &p)) {
		at = (unsigned)(p.pts / STREAM_STEP);
		cr_assert_gt(p.pts, *last);
		cr_assert_eq(p.capture_us, 1000000 + at * 40000);
		cr_assert_lt(abs((int)luma(&p) - (int)stream_luma(at)), 4, "picture %u has luma %u", at, luma(&p));
		*last = p.pts;
		seen = p;
		n++;
	}
	return n;
}

static unsigned feed_all(const struct stream *s, unsigned from, int64_t *last)
{
	unsigned n = 0;

	for (unsigned i = from; i < s->n; i++) {
		cr_assert_eq(decoder_feed(decoder, &s->au[i]), 0);
		n += take(last);
	}
	return n;
}

Test(decoder, gives_every_picture_in_order_whatever_the_stream)
{
	static const struct {
		struct stream_kind kind;
		enum picture_format format;
		unsigned bits;
	} cases[] = {
		{{"plain", 320, 240, 30, 10}, PICTURE_420, 8},
		{{"one B", 320, 240, 30, 10, 1}, PICTURE_420, 8},
		{{"B pyramid", 320, 240, 40, 0, 3}, PICTURE_420, 8},
		{{"seven B", 320, 240, 40, 20, 7}, PICTURE_420, 8},
		{{"cropped", 322, 182, 12}, PICTURE_420, 8},
		{{"small", 16, 16, 12}, PICTURE_420, 8},
		{{"interlaced", 352, 288, 12, 0, 0, .interlaced = true}, PICTURE_420, 8},
		{{"interlaced B", 352, 288, 24, 12, 2, .interlaced = true}, PICTURE_420, 8},
		{{"4:2:2", 320, 240, 12, .chroma = STREAM_422}, PICTURE_422, 8},
		{{"4:4:4", 320, 240, 12, .chroma = STREAM_444}, PICTURE_444, 8},
		{{"grey", 320, 240, 12, .chroma = STREAM_400}, PICTURE_420, 8},  /* libavcodec fills in the chroma */
		{{"10 bits", 320, 240, 12, .bits = 10}, PICTURE_420, 10},
		{{"4:2:2 10 bits B", 320, 240, 12, 0, 2, .chroma = STREAM_422, .bits = 10}, PICTURE_422, 10},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct stream_kind *k = &cases[i].kind;
		int64_t last = INT64_MIN;
		unsigned n;

		stream_make(&stream, k);
		cr_assert_eq(decoder_open(&decoder, &stream.track, 0), 0, "%s", k->name);
		n = feed_all(&stream, 0, &last);
		cr_assert_geq(n + 16, k->pictures, "%s holds back %u", k->name, k->pictures - n);
		decoder_drain(decoder);
		n += take(&last);
		cr_assert_eq(seen.format, cases[i].format, "%s", k->name);
		cr_assert_eq(seen.bits, cases[i].bits, "%s", k->name);
		cr_assert_eq(seen.width, k->width, "%s", k->name);
		cr_assert_eq(seen.height, k->height, "%s", k->name);
		cr_assert_eq(n, k->pictures, "%s: %u pictures", k->name, n);
		cr_assert_eq(decoder_counts(decoder)->errors, 0, "%s", k->name);
		cr_assert_eq(decoder_counts(decoder)->unordered, 0, "%s", k->name);
		decoder_free(&decoder);
		stream_free(&stream);
	}
}

Test(decoder, tells_shape_and_range)
{
	struct stream_kind k = {"range", 352, 288, 1, .full_range = true, .sar_num = 12, .sar_den = 11};
	struct picture p;

	stream_make(&stream, &k);
	cr_assert_eq(decoder_open(&decoder, &stream.track, 0), 0);
	cr_assert_eq(decoder_feed(decoder, &stream.au[0]), 0);
	cr_assert_eq(decoder_picture(decoder, &p), 1);
	cr_assert(p.full_range);
	cr_assert_eq(p.width, 352);
	cr_assert_eq(p.height, 288);
	cr_assert_eq(p.sar_num, 12);
	cr_assert_eq(p.sar_den, 11);
	cr_assert_eq(p.colour.matrix, COLOUR_UNSPECIFIED);
}

Test(decoder, gives_a_picture_at_once_when_nothing_is_reordered)
{
	struct stream_kind k = {"plain", 320, 240, 20};
	int64_t last = INT64_MIN;

	stream_make(&stream, &k);
	cr_assert_eq(decoder_open(&decoder, &stream.track, 0), 0);
	for (unsigned i = 0; i < stream.n; i++) {
		cr_assert_eq(decoder_feed(decoder, &stream.au[i]), 0);
		cr_assert_eq(take(&last), 1);
	}
}

Test(decoder, waits_for_a_picture_to_start_at)
{
	struct stream_kind k = {"plain", 320, 240, 30, 20};
	int64_t last = INT64_MIN;

	stream_make(&stream, &k);
	cr_assert_eq(decoder_open(&decoder, &stream.track, 0), 0);
	cr_assert_eq(feed_all(&stream, 5, &last), 10);
	cr_assert_eq(last, 29 * STREAM_STEP);
}

Test(decoder, does_not_wait_for_ever)
{
	struct stream_kind k = {"smart", 320, 240, 200, .noise = true};
	struct picture p;
	unsigned n = 0;

	stream_make(&stream, &k);
	cr_assert_eq(decoder_open(&decoder, &stream.track, 0), 0);
	for (unsigned i = 5; i < stream.n; i++) {
		decoder_feed(decoder, &stream.au[i]);
		while (decoder_picture(decoder, &p)) {
			cr_assert_geq(p.pts, stream.au[5].pts + DECODER_BLIND_90K);
			n++;
		}
	}
	cr_assert_geq(n, stream.n - 5 - DECODER_BLIND_90K / STREAM_STEP - 2, "%u pictures", n);
}

Test(decoder, refuses_what_it_should_not_open)
{
	struct stream_kind k = {"plain", 640, 480, 1};
	struct track t;

	stream_make(&stream, &k);
	t = stream.track;
	cr_assert_eq(decoder_open(&decoder, &t, 640 * 480 - 1), -E2BIG);
	cr_assert_eq(decoder_open(&decoder, &t, 640 * 480), 0);
	decoder_free(&decoder);
	t.codec = CODEC_AAC;
	cr_assert_eq(decoder_open(&decoder, &t, 0), -ENOTSUP);
	for (uint16_t n = 0; n < stream.track.config_len / 2; n++) {
		t = stream.track;
		t.config_len = n;
		cr_assert_eq(decoder_open(&decoder, &t, 0), -EBADMSG, "%u bytes", n);
	}
	t = stream.track;
	t.config[4] = 0xfd;  /* 2-byte lengths */
	cr_assert_eq(decoder_open(&decoder, &t, 0), -EBADMSG);
	cr_assert_null(decoder);
}

Test(decoder, follows_a_change_of_size_and_format)
{
	static const struct stream_kind small = {"small", 320, 240, 1}, large = {"large", 1280, 720, 1, .chroma = STREAM_422, .bits = 10};
	struct picture p;

	stream_make(&stream, &small);
	stream_make(&other, &large);
	cr_assert_eq(decoder_open(&decoder, &stream.track, 0), 0);
	for (unsigned i = 0; i < 20; i++) {
		struct au au = stream_with_sets(i % 2 ? &other : &stream, 0, i);

		cr_assert_eq(decoder_feed(decoder, &au), 0);
		cr_assert_eq(decoder_picture(decoder, &p), 1);
		cr_assert_eq(p.width, i % 2 ? 1280 : 320);
		cr_assert_eq(p.format, i % 2 ? PICTURE_422 : PICTURE_420);
		cr_assert_eq(p.bits, i % 2 ? 10 : 8);
		free((void *)(uintptr_t)au.data);
	}
}

Test(decoder, refuses_a_change_to_a_size_above_its_limit)
{
	static const struct stream_kind small = {"small", 320, 240, 2}, large = {"large", 640, 480, 1};
	struct picture p;
	struct au au;

	stream_make(&stream, &small);
	stream_make(&other, &large);
	cr_assert_eq(decoder_open(&decoder, &stream.track, 320 * 240), 0);
	for (unsigned i = 0; i < 6; i++) {
		au = stream_with_sets(i % 2 ? &other : &stream, 0, i);
		decoder_feed(decoder, &au);
		while (decoder_picture(decoder, &p))
			cr_assert_eq(p.width, 320);
		free((void *)(uintptr_t)au.data);
	}
	cr_assert_gt(decoder_counts(decoder)->errors, 0);
	cr_assert_geq(decoder_counts(decoder)->pictures, 2);
}

/* Feeds damaged bytes as access unit n of the stream; no matter what comes of it. */
static void feed_damaged(const uint8_t *p, size_t n, unsigned number)
{
	struct au au = {.dts = (int64_t)number * STREAM_STEP, .pts = (int64_t)number * STREAM_STEP, .data = p, .len = n};
	struct picture pic;

	decoder_feed(decoder, &au);
	while (decoder_picture(decoder, &pic))
		cr_assert_eq(pic.width, 160);
}

Test(decoder, survives_cut_and_damaged_access_units_and_recovers)
{
	static const struct stream_kind k = {"noise", 160, 128, 24, 8, 2, .noise = true};
	uint32_t state = 7;
	unsigned number = 0;
	struct picture p;
	uint64_t before;

	stream_make(&stream, &k);
	cr_assert_eq(decoder_open(&decoder, &stream.track, 0), 0);
	for (unsigned round = 0; round < 40; round++)
		for (unsigned i = 0; i < stream.n; i++) {
			const struct au *au = &stream.au[i];
			uint8_t *copy = malloc(au->len);
			size_t n = au->len;

			memcpy(copy, au->data, n);
			switch (stream_random(&state) % 4) {
			case 0:
				n = stream_random(&state) % n;
				break;
			case 1:
				copy[stream_random(&state) % n] ^= (uint8_t)(1 << stream_random(&state) % 8);
				break;
			case 2:
				for (unsigned c = 0; c < 20; c++)
					copy[stream_random(&state) % n] = (uint8_t)stream_random(&state);
				break;
			}
			feed_damaged(copy, n, number++);
			free(copy);
		}
	cr_assert_gt(decoder_counts(decoder)->errors, 0);
	before = decoder_counts(decoder)->pictures;
	for (unsigned i = 0; i < stream.n; i++)
		feed_damaged(stream.au[i].data, stream.au[i].len, number++);
	decoder_drain(decoder);
	while (decoder_picture(decoder, &p))
		;
	cr_assert_geq(decoder_counts(decoder)->pictures, before + 8);
}

Test(decoder, gives_nothing_for_garbage)
{
	static const struct stream_kind k = {"plain", 160, 128, 1};
	uint32_t state = 11;
	uint8_t bytes[400];

	stream_make(&stream, &k);
	cr_assert_eq(decoder_open(&decoder, &stream.track, 0), 0);
	for (unsigned i = 0; i < 2000; i++) {
		size_t n = stream_random(&state) % sizeof bytes;

		for (size_t b = 0; b < n; b++)
			bytes[b] = (uint8_t)stream_random(&state);
		feed_damaged(bytes, n, i);
	}
	cr_assert_geq(decoder_counts(decoder)->errors, 1900);
	cr_assert_eq(decoder_counts(decoder)->pictures, 0);
	feed_damaged(stream.au[0].data, stream.au[0].len, 2000);
	cr_assert_eq(decoder_counts(decoder)->pictures, 1);
}
