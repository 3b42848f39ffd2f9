/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <math.h>
#include <string.h>

#include "codec/frame.h"
#include "codec/jpeg.h"

#define MAX_BYTES (4u << 20)

static struct frame *frame_of(unsigned width, unsigned height, uint8_t matrix)
{
	struct frame *f;

	cr_assert_eq(frame_new(&f, width, height), 0);
	frame_blacken(f);
	f->picture.colour = (struct colour){1, 1, matrix};
	return f;
}

static void encode(const struct picture *p, struct buf *ret)
{
	struct jpeg *j;

	buf_init(ret, MAX_BYTES);
	cr_assert_eq(jpeg_new(&j, p->width, p->height), 0);
	cr_assert_eq(jpeg_encode(j, p, ret), 0);
	jpeg_free(&j);
}

/* By libavcodec's decoder; the caller frees it. */
static AVFrame *decode(const struct buf *b)
{
	AVCodecContext *c = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_MJPEG));
	AVPacket *packet = av_packet_alloc();
	AVFrame *f = av_frame_alloc();

	cr_assert_eq(avcodec_open2(c, c->codec, NULL), 0);
	cr_assert_eq(av_new_packet(packet, (int)b->len), 0);
	memcpy(packet->data, buf_data(b), b->len);
	cr_assert_eq(avcodec_send_packet(c, packet), 0);
	cr_assert_eq(avcodec_receive_frame(c, f), 0);
	av_packet_free(&packet);
	avcodec_free_context(&c);
	return f;
}

/* Segments before the first scan (T.81 B.1.1.4): bit n of the result for each APPn, bit 16 for a comment. */
static unsigned segments(const struct buf *b)
{
	const uint8_t *p = buf_data(b);
	unsigned found = 0;

	cr_assert(p[0] == 0xff && p[1] == 0xd8 && p[b->len - 2] == 0xff && p[b->len - 1] == 0xd9);
	for (size_t at = 2; at + 4 < b->len && p[at + 1] != 0xda; at += 2u + (unsigned)(p[at + 2] << 8 | p[at + 3])) {
		cr_assert_eq(p[at], 0xff);
		if (p[at + 1] >= 0xe0 && p[at + 1] <= 0xef)
			found |= 1u << (p[at + 1] - 0xe0);
		found |= (unsigned)(p[at + 1] == 0xfe) << 16;
	}
	return found;
}

Test(jpeg, file_says_jfif_and_nothing_else)
{
	struct frame *f = frame_of(320, 180, 1);
	struct buf b;

	encode(&f->picture, &b);
	cr_expect_eq(segments(&b), 1u, "%x", segments(&b));
	cr_expect_eq(memcmp(buf_data(&b) + 6, "JFIF", 5), 0);
	buf_free(&b);
	frame_free(&f);
}

struct rgb {
	double r, g, b;
};

/* H.273 8.3, limited range. */
static void put_colour(struct frame *f, struct rgb c, double kr, double kb)
{
	double y = kr * c.r + (1 - kr - kb) * c.g + kb * c.b, cb = (c.b - y) / (2 * (1 - kb)), cr = (c.r - y) / (2 * (1 - kr));
	double v[3] = {16 + 219 * y, 128 + 224 * cb, 128 + 224 * cr};

	for (int i = 0; i < 3; i++)
		memset(f->plane[i], (int)lround(v[i]), f->stride[i] * f->height[i]);
}

/* T.871 7: what any reader of JFIF makes of it. */
static struct rgb rgb_of(const AVFrame *f)
{
	double y = f->data[0][100 * f->linesize[0] + 100], cb = f->data[1][50 * f->linesize[1] + 50] - 128, cr = f->data[2][50 * f->linesize[2] + 50] - 128;

	return (struct rgb){(y + 1.402 * cr) / 255, (y - 0.344136 * cb - 0.714136 * cr) / 255, (y + 1.772 * cb) / 255};
}

Test(jpeg, colours_come_out_right_whatever_they_were_written_with)
{
	static const struct rgb colours[] = {{0, 0, 0}, {1, 1, 1}, {0.5, 0.5, 0.5}, {0.8, 0.1, 0.1}, {0.1, 0.8, 0.1}, {0.1, 0.1, 0.8}, {0.9, 0.7, 0.5}, {0.2, 0.25, 0.2}};
	static const struct { uint8_t matrix; unsigned width, height; double kr, kb; } ways[] = {
		{1, 320, 180, 0.2126, 0.0722}, {5, 1280, 720, 0.299, 0.114}, {6, 320, 180, 0.299, 0.114}, {9, 320, 180, 0.2627, 0.0593}, {7, 320, 180, 0.212, 0.087},
		{COLOUR_UNSPECIFIED, 640, 360, 0.299, 0.114}, {COLOUR_UNSPECIFIED, 1280, 720, 0.2126, 0.0722}, {0, 640, 360, 0.299, 0.114},
	};

	for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
		for (size_t i = 0; i < sizeof colours / sizeof *colours; i++) {
			struct frame *f = frame_of(ways[w].width, ways[w].height, ways[w].matrix);
			struct buf b;
			AVFrame *out;
			struct rgb is;

			put_colour(f, colours[i], ways[w].kr, ways[w].kb);
			encode(&f->picture, &b);
			out = decode(&b);
			is = rgb_of(out);
			cr_expect(fabs(is.r - colours[i].r) < 0.02 && fabs(is.g - colours[i].g) < 0.02 && fabs(is.b - colours[i].b) < 0.02,
				"matrix %u, colour %zu: %.3f %.3f %.3f", ways[w].matrix, i, is.r, is.g, is.b);
			av_frame_free(&out);
			buf_free(&b);
			frame_free(&f);
		}
	}
}

Test(jpeg, what_is_beyond_black_and_white_is_clamped)
{
	static const struct { uint8_t y; int out; } cases[] = {{0, 0}, {16, 0}, {235, 255}, {255, 255}, {126, 128}};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame *f = frame_of(64, 64, 6);
		struct buf b;
		AVFrame *out;

		memset(f->plane[0], cases[i].y, f->stride[0] * f->height[0]);
		encode(&f->picture, &b);
		out = decode(&b);
		cr_expect(abs(out->data[0][0] - cases[i].out) <= 1, "%u: %u", cases[i].y, out->data[0][0]);
		av_frame_free(&out);
		buf_free(&b);
		frame_free(&f);
	}
}

/* A gradient with edges and some noise. */
static void put_scene(struct frame *f, uint32_t seed)
{
	for (unsigned y = 0; y < f->height[0]; y++) {
		for (unsigned x = 0; x < f->width[0]; x++) {
			seed = seed * 1664525 + 1013904223;
			f->plane[0][y * f->stride[0] + x] = (uint8_t)(40 + 100 * x / f->width[0] + (x / 40 + y / 30) % 2 * 60 + (seed >> 29));
		}
	}
}

Test(jpeg, quality_and_size_are_those_of_a_good_picture)
{
	struct frame *f = frame_of(1280, 720, 6);
	double error = 0, psnr;
	struct buf b;
	AVFrame *out;

	put_scene(f, 1);
	encode(&f->picture, &b);
	out = decode(&b);
	cr_assert(out->width == 1280 && out->height == 720);
	for (unsigned y = 0; y < 720; y++) {
		for (unsigned x = 0; x < 1280; x++) {
			double d = out->data[0][(int)y * out->linesize[0] + (int)x] - (f->plane[0][y * f->stride[0] + x] - 16) * 255.0 / 219;

			error += d * d;
		}
	}
	psnr = 10 * log10(255.0 * 255 * 1280 * 720 / error);
	cr_expect_gt(psnr, 36, "%.2f dB", psnr);
	cr_expect(b.len > 20000 && b.len < 250000, "%zu bytes", b.len);
	av_frame_free(&out);
	buf_free(&b);
	frame_free(&f);
}

Test(jpeg, one_after_the_other_are_each_as_if_alone)
{
	struct frame *f[2] = {frame_of(320, 180, 1), frame_of(320, 180, 6)};
	struct buf alone[2], b;
	struct jpeg *j;

	buf_init(&b, MAX_BYTES);
	cr_assert_eq(jpeg_new(&j, 320, 180), 0);
	for (int i = 0; i < 2; i++) {
		put_scene(f[i], (uint32_t)i);
		encode(&f[i]->picture, &alone[i]);
	}
	for (int i = 0; i < 6; i++) {
		cr_assert_eq(jpeg_encode(j, &f[i % 2]->picture, &b), 0);
		cr_expect(b.len == alone[i % 2].len && memcmp(buf_data(&b), buf_data(&alone[i % 2]), b.len) == 0, "%d", i);
	}
	jpeg_free(&j);
	for (int i = 0; i < 2; i++) {
		buf_free(&alone[i]);
		frame_free(&f[i]);
	}
	buf_free(&b);
}

Test(jpeg, other_shapes_are_refused)
{
	static const unsigned sizes[][2] = {{0, 16}, {14, 16}, {16, 14}, {17, 16}, {4098, 16}, {16, 4098}};
	struct frame *f = frame_of(64, 64, 1), *small = frame_of(62, 64, 1);
	struct picture deep = f->picture, full = f->picture, wide = f->picture;
	struct jpeg *j = NULL;
	struct buf b;

	buf_init(&b, MAX_BYTES);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		cr_expect_eq(jpeg_new(&j, sizes[i][0], sizes[i][1]), -EINVAL);
	cr_assert_null(j);
	cr_assert_eq(jpeg_new(&j, 64, 64), 0);
	deep.bits = 10;
	full.full_range = true;
	wide.format = PICTURE_422;
	cr_expect_eq(jpeg_encode(j, &small->picture, &b), -EINVAL);
	cr_expect_eq(jpeg_encode(j, &deep, &b), -EINVAL);
	cr_expect_eq(jpeg_encode(j, &full, &b), -EINVAL);
	cr_expect_eq(jpeg_encode(j, &wide, &b), -EINVAL);
	cr_expect_eq(b.len, 0);
	b.max = 100;
	cr_expect_eq(jpeg_encode(j, &f->picture, &b), -ENOMEM);
	jpeg_free(&j);
	jpeg_free(&j);
	buf_free(&b);
	frame_free(&f);
	frame_free(&small);
}
