/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/convert.h"

#include <errno.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
#include <libavutil/pixfmt.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>

#define BLACK_Y 16
#define NO_COLOUR 128

/* swscale's vector code writes up to FRAME_SLACK bytes behind a line's end. */
struct convert {
	struct convert_from from;
	unsigned width, height;
	struct SwsContext *sws;
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

static const int *matrix_of(unsigned code)
{
	/* swscale's numbers for matrices are those of H.273, except that it has none for 0 (RGB). */
	return sws_getCoefficients(code == 1 || code == 4 || code == 7 || code == 9 ? (int)code : SWS_CS_ITU601);
}

/* The ranges are told before it is made ready: told afterwards, pictures that only change their range are copied. */
static struct SwsContext *new_sws(const struct convert *c, int format, int method)
{
	const struct {
		const char *name;
		int64_t value;
	} option[] = {
		{"srcw", c->from.width}, {"srch", c->from.height}, {"src_format", format}, {"src_range", c->from.full_range},
		{"dstw", c->width}, {"dsth", c->height}, {"dst_format", AV_PIX_FMT_YUV420P}, {"dst_range", 0}, {"sws_flags", method},
	};
	struct SwsContext *sws = sws_alloc_context();
	int rc = sws ? 0 : -1;

	for (size_t i = 0; rc >= 0 && i < sizeof option / sizeof option[0]; i++)
		rc = av_opt_set_int(sws, option[i].name, option[i].value, 0);
	if (rc < 0 || sws_init_context(sws, NULL, NULL) < 0) {
		sws_freeContext(sws);
		return NULL;
	}
	return sws;
}

static int open_sws(struct convert *c, int format)
{
	/* Bicubic refuses to shrink by hundreds; such a picture is only shown, never looked at closely. */
	static const int method[] = {SWS_BICUBIC | SWS_ACCURATE_RND, SWS_POINT};
	const int *from = matrix_of(c->from.matrix), *to = c->from.format == PICTURE_GBR ? matrix_of(1) : from;

	for (size_t i = 0; !c->sws && i < sizeof method / sizeof method[0]; i++)
		c->sws = new_sws(c, format, method[i]);
	if (!c->sws)
		return -ENOMEM;
	sws_setColorspaceDetails(c->sws, from, (int)c->from.full_range, to, 0, 0, 1 << 16, 1 << 16);
	return 0;
}

static size_t no_colour_stride(const struct convert_from *from)
{
	return (from->width / 2 + FRAME_ALIGN) / FRAME_ALIGN * FRAME_ALIGN * sizeof(uint16_t);
}

static int make_no_colour(struct convert *c)
{
	size_t n = no_colour_stride(&c->from) / sizeof *c->no_colour * ((c->from.height + 1) / 2);

	c->no_colour = malloc(n * sizeof *c->no_colour);
	if (!c->no_colour)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		c->no_colour[i] = c->from.bits == 8 ? NO_COLOUR << 8 | NO_COLOUR : (uint16_t)(1u << (c->from.bits - 1));
	return 0;
}

int convert_new(struct convert **ret, const struct convert_from *from, unsigned width, unsigned height)
{
	int rc, format = pixel_format(from->format, from->bits);
	struct convert *c;

	if (format == AV_PIX_FMT_NONE)
		return -EINVAL;
	c = calloc(1, sizeof *c);
	if (!c)
		return -ENOMEM;
	av_log_set_level(AV_LOG_QUIET);
	c->from = *from;
	c->width = width;
	c->height = height;
	rc = open_sws(c, format);
	if (!rc && from->format == PICTURE_GRAY)
		rc = make_no_colour(c);
	if (rc)
		convert_free(&c);
	else
		*ret = c;
	return rc;
}

void convert_free(struct convert **cp)
{
	struct convert *c = *cp;

	if (!c)
		return;
	sws_freeContext(c->sws);
	free(c->no_colour);
	free(c);
	*cp = NULL;
}

/* Blackens again what was written behind the lines of a picture between bars. */
static void clear_overshoot(struct frame *f, unsigned end)
{
	for (int i = 0; i < 3 && end < f->width[0]; i++)
		for (size_t y = 0; y < f->height[i]; y++)
			memset(f->plane[i] + y * f->stride[i] + (i ? end / 2 : end), i ? NO_COLOUR : BLACK_Y, FRAME_SLACK);
}

int convert_run(struct convert *c, const struct picture *in, struct frame *to, unsigned x, unsigned y)
{
	const uint8_t *src[4] = {in->plane[0], in->plane[1], in->plane[2]};
	int from[4] = {(int)in->stride[0], (int)in->stride[1], (int)in->stride[2]};
	uint8_t *dst[4] = {to->plane[0] + y * to->stride[0] + x};
	int stride[4] = {(int)to->stride[0], (int)to->stride[1], (int)to->stride[2]};

	for (int i = 1; i < 3; i++)
		dst[i] = to->plane[i] + y / 2 * to->stride[i] + x / 2;
	if (in->format == PICTURE_GRAY) {
		src[1] = src[2] = (const uint8_t *)c->no_colour;
		from[1] = from[2] = (int)no_colour_stride(&c->from);
	}
	if (sws_scale(c->sws, src, from, 0, (int)in->height, dst, stride) != (int)c->height)
		return -EINVAL;
	clear_overshoot(to, x + c->width);
	return 0;
}
