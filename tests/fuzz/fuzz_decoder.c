/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A u16 length and an avcC (or, with its highest bit set, an hvcC), then access
 * units each behind a u16 length: decoded, and what comes out is scaled, and
 * covered by a mask that must leave nothing of it. Decoding is slow, so few
 * units and small pictures.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/rd.h"
#include "codec/cover.h"
#include "codec/decoder.h"
#include "codec/scale.h"

#define UNITS_MAX 8
#define PIXELS_MAX (64 * 64)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct picture *p, int64_t *last)
{
	if (p->pts <= *last || p->width == 0 || p->height == 0 || (uint64_t)p->width * p->height > PIXELS_MAX)
		abort();
	*last = p->pts;
}

static void check_plane(const uint8_t *p, ptrdiff_t stride, unsigned width, unsigned height, uint8_t colour)
{
	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++)
			if (p[(ptrdiff_t)y * stride + x] != colour)
				abort();
}

/* Whatever format and size it has; one that cannot be covered is not shown. */
static void cover_whole(struct cover *c, struct picture p)
{
	if (cover_draw(c, &p) != 1)
		return;
	if (p.format != PICTURE_420 || p.bits != 8)
		abort();
	for (int i = 0; i < 3; i++)
		check_plane(p.plane[i], p.stride[i], i ? p.width / 2 : p.width, i ? p.height / 2 : p.height, i ? 128 : p.full_range ? 0 : 16);
}

static void take(struct decoder *d, struct scale *s, struct cover *c, int64_t *last)
{
	struct picture p, small;

	while (decoder_picture(d, &p)) {
		check(&p, last);
		cover_whole(c, p);
		if (scale_run(s, &p, &small) == 0 && (small.width != 48 || small.height != 32))
			abort();
	}
}

static void decode(const struct track *t, struct rd *r)
{
	static const struct mask whole = {.width = MASK_WHOLE, .height = MASK_WHOLE, .style = MASK_SOLID};
	struct decoder *d = NULL;
	struct scale *s = NULL;
	struct cover *c = NULL;
	int64_t last = INT64_MIN;

	if (decoder_open(&d, t, PIXELS_MAX) == 0 && scale_new(&s, 48, 32, cpu_best()) == 0 && cover_new(&c, &whole, 1, cpu_best()) == 0) {
		for (int i = 0; i < UNITS_MAX && rd_left(r); i++) {
			struct rd unit = rd_sub(r, rd_u16(r));
			struct au au = {.dts = i, .pts = i, .key = i == 0, .data = unit.p, .len = unit.bad ? 0 : rd_left(&unit)};

			decoder_feed(d, &au);
			take(d, s, c, &last);
		}
		decoder_drain(d);
		take(d, s, c, &last);
	}
	cover_free(&c);
	scale_free(&s);
	decoder_free(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct track t;
	struct rd r = rd_init(data, size), config;
	uint16_t head = rd_u16(&r);
	size_t n;

	config = rd_sub(&r, head & 0x7fff);
	n = rd_left(&config);

	if (config.bad || n > TRACK_CONFIG_MAX)
		return 0;
	t = (struct track){.codec = head & 0x8000 ? CODEC_H265 : CODEC_H264, .timescale = TIMESCALE_VIDEO, .config_len = (uint16_t)n};
	memcpy(t.config, config.p, n);
	decode(&t, &r);
	return 0;
}
