/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/scale.h"

#include <errno.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
#include <libavutil/pixfmt.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_MAX 16384         /* pixels a side */
#define ALIGN 64
#define OVERSHOOT 64             /* bytes that swscale's vector code may write behind a line's end */
#define BLACK_Y 16
#define NO_COLOUR 128

/* All that a prepared context depends on; compared as a whole. */
struct shape {
	enum picture_format format;
	unsigned bits, matrix, full_range;
	unsigned width, height, sar_num, sar_den;
};

struct scale {
	unsigned width, height;
	struct SwsContext *sws;
	struct shape shape;      /* that sws is for */
	unsigned x, y, w, h;     /* where the picture lies in the frame */
	uint8_t *frame;          /* aligned; owns the planes below */
	uint8_t *plane[3];
	size_t stride[3], lines[3];
	uint16_t *no_colour;     /* a plane of chroma for pictures that have none */
};

static int pixel_format(enum picture_format format, unsigned bits)
{
	static const struct {
		uint8_t bits;
		int f420, f422, f444, gbr;
	} known[] = {
		{8, AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV444P, AV_PIX_FMT_GBRP},
		{9, AV_PIX_FMT_YUV420P9LE, AV_PIX_FMT_YUV422P9LE, AV_PIX_FMT_YUV444P9LE, AV_PIX_FMT_GBRP9LE},
		{10, AV_PIX_FMT_YUV420P10LE, AV_PIX_FMT_YUV422P10LE, AV_PIX_FMT_YUV444P10LE, AV_PIX_FMT_GBRP10LE},
		{12, AV_PIX_FMT_YUV420P12LE, AV_PIX_FMT_YUV422P12LE, AV_PIX_FMT_YUV444P12LE, AV_PIX_FMT_GBRP12LE},
		{14, AV_PIX_FMT_YUV420P14LE, AV_PIX_FMT_YUV422P14LE, AV_PIX_FMT_YUV444P14LE, AV_PIX_FMT_GBRP14LE},
		{16, AV_PIX_FMT_YUV420P16LE, AV_PIX_FMT_YUV422P16LE, AV_PIX_FMT_YUV444P16LE, AV_PIX_FMT_GBRP16LE},
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (known[i].bits != bits)
			continue;
		switch (format) {
		case PICTURE_420:
		case PICTURE_GRAY:  /* given its chroma by us: swscale takes gray to be full range */
			return known[i].f420;
		case PICTURE_422:
			return known[i].f422;
		case PICTURE_444:
			return known[i].f444;
		case PICTURE_GBR:
			return known[i].gbr;
		}
	}
	return AV_PIX_FMT_NONE;
}

static int allocate_frame(struct scale *s)
{
	size_t at[3], total = 0;

	for (int i = 0; i < 3; i++) {
		s->stride[i] = ((i ? s->width / 2 : s->width) + OVERSHOOT + ALIGN - 1) / ALIGN * ALIGN;
		s->lines[i] = i ? s->height / 2 : s->height;
		at[i] = total;
		total += s->stride[i] * s->lines[i];
	}
	s->frame = aligned_alloc(ALIGN, total);
	for (int i = 0; s->frame && i < 3; i++)
		s->plane[i] = s->frame + at[i];
	return s->frame ? 0 : -ENOMEM;
}

int scale_new(struct scale **ret, unsigned width, unsigned height, enum cpu_level cpu)
{
	struct scale *s;

	if (width < SCALE_MIN || width > SCALE_MAX || width % 2 || height < SCALE_MIN || height > SCALE_MAX || height % 2)
		return -EINVAL;
	s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	av_log_set_level(AV_LOG_QUIET);
	s->width = width;
	s->height = height;
	if (allocate_frame(s)) {
		scale_free(&s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

void scale_free(struct scale **sp)
{
	struct scale *s = *sp;

	if (!s)
		return;
	sws_freeContext(s->sws);
	free(s->no_colour);
	free(s->frame);
	free(s);
	*sp = NULL;
}

/* Even, and the whole side when the bar would be under a fiftieth of it. */
static unsigned fit_side(uint64_t wanted, unsigned side)
{
	unsigned v = wanted > side ? side : (unsigned)(wanted + 1) & ~1u;

	if (v < 2)
		v = 2;
	return v + side / 50 >= side ? side : v;
}

static void place(struct scale *s, const struct shape *in)
{
	uint64_t across = (uint64_t)in->width * in->sar_num, down = (uint64_t)in->height * in->sar_den;

	s->w = s->width;
	s->h = s->height;
	if (across * s->height > down * s->width)
		s->h = fit_side(down * s->width / across, s->height);
	else
		s->w = fit_side(across * s->height / down, s->width);
	s->x = (s->width - s->w) / 2 & ~1u;
	s->y = (s->height - s->h) / 2 & ~1u;
}

static void fill_black(struct scale *s)
{
	for (int i = 0; i < 3; i++)
		memset(s->plane[i], i ? NO_COLOUR : BLACK_Y, s->stride[i] * s->lines[i]);
}

/* Blackens again what was written behind the lines of a picture between bars. */
static void clear_overshoot(struct scale *s)
{
	for (int i = 0; i < 3 && s->x; i++) {
		size_t end = i ? (s->x + s->w) / 2 : s->x + s->w;

		for (size_t y = 0; y < s->lines[i]; y++)
			memset(s->plane[i] + y * s->stride[i] + end, i ? NO_COLOUR : BLACK_Y, OVERSHOOT);
	}
}

static const int *matrix_of(unsigned code)
{
	/* swscale's numbers for matrices are those of H.273, except that it has none for 0 (RGB). */
	return sws_getCoefficients(code == 1 || code == 4 || code == 7 || code == 9 ? (int)code : SWS_CS_ITU601);
}

/* The ranges are told before it is made ready: told afterwards, pictures that only change their range are copied. */
static struct SwsContext *new_sws(const struct scale *s, const struct shape *in, int format, int method)
{
	const struct {
		const char *name;
		int64_t value;
	} option[] = {
		{"srcw", in->width}, {"srch", in->height}, {"src_format", format}, {"src_range", in->full_range},
		{"dstw", s->w}, {"dsth", s->h}, {"dst_format", AV_PIX_FMT_YUV420P}, {"dst_range", 0}, {"sws_flags", method},
	};
	struct SwsContext *c = sws_alloc_context();
	int rc = c ? 0 : -1;

	for (size_t i = 0; rc >= 0 && i < sizeof option / sizeof option[0]; i++)
		rc = av_opt_set_int(c, option[i].name, option[i].value, 0);
	if (rc < 0 || sws_init_context(c, NULL, NULL) < 0) {
		sws_freeContext(c);
		return NULL;
	}
	return c;
}

static int open_sws(struct scale *s, const struct shape *in, int format)
{
	/* Bicubic refuses to shrink by hundreds; such a picture is only shown, never looked at closely. */
	static const int method[] = {SWS_BICUBIC | SWS_ACCURATE_RND, SWS_POINT};
	const int *from = matrix_of(in->matrix), *to = in->format == PICTURE_GBR ? matrix_of(1) : from;

	sws_freeContext(s->sws);
	s->sws = NULL;
	for (size_t i = 0; !s->sws && i < sizeof method / sizeof method[0]; i++)
		s->sws = new_sws(s, in, format, method[i]);
	if (!s->sws)
		return -ENOMEM;
	sws_setColorspaceDetails(s->sws, from, (int)in->full_range, to, 0, 0, 1 << 16, 1 << 16);
	return 0;
}

static size_t no_colour_stride(const struct shape *in)
{
	return (in->width / 2 + ALIGN) / ALIGN * ALIGN * sizeof(uint16_t);
}

static int make_no_colour(struct scale *s, const struct shape *in)
{
	size_t n = no_colour_stride(in) / sizeof *s->no_colour * ((in->height + 1) / 2);

	free(s->no_colour);
	s->no_colour = malloc(n * sizeof *s->no_colour);
	if (!s->no_colour)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		s->no_colour[i] = in->bits == 8 ? NO_COLOUR << 8 | NO_COLOUR : (uint16_t)(1u << (in->bits - 1));
	return 0;
}

static int prepare(struct scale *s, const struct shape *in)
{
	int rc, format = pixel_format(in->format, in->bits);

	if (s->sws && memcmp(&s->shape, in, sizeof *in) == 0)
		return 0;
	if (format == AV_PIX_FMT_NONE)
		return -EINVAL;
	place(s, in);
	fill_black(s);
	rc = open_sws(s, in, format);
	if (!rc && in->format == PICTURE_GRAY)
		rc = make_no_colour(s, in);
	if (rc) {
		sws_freeContext(s->sws);
		s->sws = NULL;
		return rc;
	}
	s->shape = *in;
	return 0;
}

/* A pixel four times as long as wide is a lie. */
static bool believable(unsigned num, unsigned den)
{
	return num && den && num <= UINT16_MAX && den <= UINT16_MAX && num <= 4 * den && den <= 4 * num;
}

static struct shape shape_of(const struct picture *p)
{
	bool sar = believable(p->sar_num, p->sar_den);

	return (struct shape){.format = p->format, .bits = p->bits, .matrix = p->colour.matrix, .full_range = p->full_range,
		.width = p->width, .height = p->height, .sar_num = sar ? p->sar_num : 1, .sar_den = sar ? p->sar_den : 1};
}

static bool fits_already(const struct scale *s, const struct shape *in)
{
	return in->format == PICTURE_420 && in->bits == 8 && !in->full_range &&
		in->width == s->width && in->height == s->height && in->sar_num == in->sar_den;
}

static int run_sws(struct scale *s, const struct picture *in)
{
	const uint8_t *src[4] = {in->plane[0], in->plane[1], in->plane[2]};
	int from[4] = {(int)in->stride[0], (int)in->stride[1], (int)in->stride[2]};
	uint8_t *dst[4] = {s->plane[0] + s->y * s->stride[0] + s->x};
	int to[4] = {(int)s->stride[0], (int)s->stride[1], (int)s->stride[2]};

	for (int i = 1; i < 3; i++)
		dst[i] = s->plane[i] + s->y / 2 * s->stride[i] + s->x / 2;
	if (in->format == PICTURE_GRAY) {
		src[1] = src[2] = (const uint8_t *)s->no_colour;
		from[1] = from[2] = (int)no_colour_stride(&s->shape);
	}
	if (sws_scale(s->sws, src, from, 0, (int)in->height, dst, to) != (int)s->h)
		return -EINVAL;
	clear_overshoot(s);
	return 0;
}

int scale_run(struct scale *s, const struct picture *in, struct picture *ret)
{
	struct shape shape = shape_of(in);
	int rc;

	if (in->width == 0 || in->height == 0 || in->width > SOURCE_MAX || in->height > SOURCE_MAX)
		return -EINVAL;
	if (fits_already(s, &shape)) {
		*ret = *in;
		return 0;
	}
	rc = prepare(s, &shape);
	if (!rc)
		rc = run_sws(s, in);
	if (rc)
		return rc;
	*ret = (struct picture){.format = PICTURE_420, .bits = 8, .width = s->width, .height = s->height,
		.sar_num = 1, .sar_den = 1, .colour = in->colour, .pts = in->pts, .capture_us = in->capture_us};
	if (in->format == PICTURE_GBR)
		ret->colour.matrix = 1;
	for (int i = 0; i < 3; i++) {
		ret->plane[i] = s->plane[i];
		ret->stride[i] = (ptrdiff_t)s->stride[i];
	}
	return 0;
}
