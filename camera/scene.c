/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "camera/scene.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "codec/font.h"

#define BLACK 16
#define WHITE 235
#define NEUTRAL 128
#define SQUARES 32
#define SYNC_NUMBER 0xau
#define SYNC_CLOCK 0x5u
#define ROW_NUMBER 1       /* in squares from the top */
#define ROW_CLOCK 2
#define DIGITS 8

struct colour_yuv {
	uint8_t y, u, v;
};

struct area {
	unsigned x, y, w, h;  /* all even */
};

/* One line of text in the picture and what stands there now. */
struct line {
	unsigned x, y, dot;  /* pixels; side of one dot */
	char shown[33];
};

struct scene {
	unsigned width, height, unit;  /* unit: an even number of pixels, about a fortieth of the width */
	uint8_t *plane[3], *back[3];   /* the picture, and it without what moves; Y, Cb, Cr */
	struct line clock, digits, name;
	struct area ball, block;       /* where they are drawn */
};

static unsigned even(unsigned v)
{
	return v & ~1u;
}

static unsigned stride_of(const struct scene *s, int plane)
{
	return plane ? s->width / 2 : s->width;
}

static void fill(uint8_t *const plane[3], unsigned width, struct area a, struct colour_yuv c)
{
	for (unsigned y = a.y; y < a.y + a.h; y++)
		memset(plane[0] + (size_t)y * width + a.x, c.y, a.w);
	for (unsigned y = a.y / 2; y < (a.y + a.h) / 2; y++) {
		memset(plane[1] + (size_t)y * (width / 2) + a.x / 2, c.u, a.w / 2);
		memset(plane[2] + (size_t)y * (width / 2) + a.x / 2, c.v, a.w / 2);
	}
}

/* A slope from dark to middle blue, and eight bars at the bottom. */
static void draw_back(struct scene *s)
{
	static const struct colour_yuv bars[8] = {
		{180, 128, 128}, {168, 44, 136}, {145, 147, 44}, {133, 63, 52},
		{63, 193, 204}, {51, 109, 212}, {28, 212, 120}, {16, 128, 128},
	};
	unsigned bar = even(s->width / 8), top = even(s->height - s->height / 10);

	for (unsigned y = 0; y < s->height; y += 2)
		fill(s->back, s->width, (struct area){0, y, s->width, 2},
		     (struct colour_yuv){(uint8_t)(40 + 60 * y / s->height), 140, 120});
	for (unsigned i = 0; i < 8; i++)
		fill(s->back, s->width, (struct area){i * bar, top, i == 7 ? s->width - 7 * bar : bar, s->height - top}, bars[i]);
}

/* Text shows on a black ground that is drawn once; afterwards only luma changes. A dot is as wide as a stroke: two of the font's steps. */
static void place_line(struct scene *s, struct line *l, unsigned x, unsigned y, unsigned dot, unsigned letters)
{
	struct area ground = {even(x - dot), even(y - dot), even((letters * FONT_WIDE / 2 + 2) * dot), even(FONT_HIGH / 2 * dot)};

	if (ground.x + ground.w > s->width)
		ground.w = s->width - ground.x;
	*l = (struct line){.x = ground.x, .y = ground.y, .dot = dot};
	fill(s->back, s->width, ground, (struct colour_yuv){BLACK, NEUTRAL, NEUTRAL});
}

static void draw_glyph(struct scene *s, const struct line *l, unsigned at, char c)
{
	unsigned width = FONT_WIDE / 2 * l->dot, height = FONT_HIGH / 2 * l->dot;
	uint8_t *to = s->plane[0] + (size_t)l->y * s->width + l->x + at * width;

	font_draw(to, s->width, width, height, c, FONT_LETTER);
	for (unsigned y = 0; y < height; y++, to += s->width)
		for (unsigned x = 0; x < width; x++)
			to[x] = (uint8_t)(BLACK + to[x] * (WHITE - BLACK) / 255);
}

static void draw_line(struct scene *s, struct line *l, const char *text)
{
	bool ended = false;

	for (unsigned i = 0; i < sizeof l->shown - 1 && text[i]; i++) {
		ended = ended || !l->shown[i];
		if (ended || l->shown[i] != text[i])
			draw_glyph(s, l, i, text[i]);
		l->shown[i] = text[i];
	}
}

static uint32_t code_of(uint32_t sync, uint64_t value)
{
	uint32_t n = (uint32_t)(value & SCENE_CODE_MASK), check = 0xf;

	for (int i = 0; i < 24; i += 4)
		check ^= n >> i & 0xf;
	return sync << 28 | n << 4 | check;
}

static void draw_squares(struct scene *s, unsigned row, uint32_t code)
{
	for (unsigned i = 0; i < SQUARES; i++) {
		unsigned x = (1 + i) * s->width / 40, end = (2 + i) * s->width / 40;

		for (unsigned y = row * s->width / 40; y < (row + 1) * s->width / 40; y++)
			memset(s->plane[0] + (size_t)y * s->width + x, code >> (SQUARES - 1 - i) & 1 ? WHITE : BLACK, end - x);
	}
}

static void erase(struct scene *s, struct area a)
{
	for (int i = 0; i < 3; i++) {
		unsigned sub = i ? 2 : 1, stride = stride_of(s, i);

		for (unsigned y = a.y / sub; y < (a.y + a.h) / sub; y++) {
			size_t at = (size_t)y * stride + a.x / sub;

			memcpy(s->plane[i] + at, s->back[i] + at, a.w / sub);
		}
	}
}

static void draw_ball(struct scene *s, struct colour_yuv c)
{
	const struct area *a = &s->ball;
	int r = (int)a->w / 2;

	for (int dy = -r; dy < r; dy += 2) {
		int half = 0;

		while ((half + 2) * (half + 2) + dy * dy <= r * r)
			half += 2;
		if (half)
			fill(s->plane, s->width, (struct area){a->x + (unsigned)(r - half), a->y + (unsigned)(r + dy), 2 * (unsigned)half, 2}, c);
	}
}

/* There and back again between 0 and span, one way in period steps. */
static unsigned swing(uint64_t step, uint64_t period, unsigned span)
{
	uint64_t at = step % (2 * period);

	return even((unsigned)((at < period ? at : 2 * period - at) * span / period));
}

static void move_things(struct scene *s, uint64_t number, unsigned fps)
{
	unsigned top = even(s->height * 62 / 100), floor = even(s->height * 88 / 100), u = s->unit;

	erase(s, s->ball);
	erase(s, s->block);
	s->ball = (struct area){swing(number, 5 * fps, s->width - 3 * u), top + swing(number, 2 * fps, floor - top - 3 * u), 3 * u, 3 * u};
	s->block = (struct area){swing(number, 3 * fps, s->width - 4 * u), even(s->height * 57 / 100), 4 * u, u};
	fill(s->plane, s->width, s->block, (struct colour_yuv){150, 60, 90});
	draw_ball(s, (struct colour_yuv){170, 70, 190});
}

static int allocate(struct scene *s)
{
	for (int i = 0; i < 3; i++) {
		size_t n = (size_t)stride_of(s, i) * (i ? s->height / 2 : s->height);

		s->plane[i] = malloc(n);
		s->back[i] = malloc(n);
		if (!s->plane[i] || !s->back[i])
			return -ENOMEM;
	}
	return 0;
}

int scene_new(struct scene **ret, unsigned width, unsigned height, const char *name)
{
	struct scene *s;

	if (width < SCENE_WIDTH_MIN || height < SCENE_HEIGHT_MIN || width > SCENE_SIDE_MAX || height > SCENE_SIDE_MAX ||
	    (width | height) & 1 || height < width / 2 || !text_is_name(name, strlen(name)))
		return -EINVAL;
	s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	*s = (struct scene){.width = width, .height = height, .unit = even(width / 40)};
	if (allocate(s)) {
		scene_free(&s);
		return -ENOMEM;
	}
	draw_back(s);
	fill(s->back, width, (struct area){0, 0, even(width * 34 / 40), even(3 * width / 40)}, (struct colour_yuv){BLACK, NEUTRAL, NEUTRAL});
	place_line(s, &s->clock, s->unit, height * 17 / 100, width / 180, CLOCK_TEXT - 1);
	place_line(s, &s->digits, s->unit, height * 30 / 100, width / 64, DIGITS);
	place_line(s, &s->name, s->unit, height * 92 / 100, width / 240, (unsigned)strlen(name));
	erase(s, (struct area){0, 0, width, height});
	draw_line(s, &s->name, name);
	*ret = s;
	return 0;
}

void scene_free(struct scene **s)
{
	if (!*s)
		return;
	for (int i = 0; i < 3; i++) {
		free((*s)->plane[i]);
		free((*s)->back[i]);
	}
	free(*s);
	*s = NULL;
}

void scene_draw(struct scene *s, uint64_t number, unsigned fps, int64_t wall_us, struct picture *ret)
{
	char clock[CLOCK_TEXT], digits[DIGITS + 1];

	clock_text(wall_us, clock);
	snprintf(digits, sizeof digits, "%08" PRIu64, number % 100000000);
	draw_squares(s, ROW_NUMBER, code_of(SYNC_NUMBER, number));
	draw_squares(s, ROW_CLOCK, code_of(SYNC_CLOCK, (uint64_t)(wall_us / 1000)));
	draw_line(s, &s->clock, clock);
	draw_line(s, &s->digits, digits);
	move_things(s, number, fps);
	*ret = (struct picture){
		.format = PICTURE_420, .bits = 8, .width = s->width, .height = s->height, .sar_num = 1, .sar_den = 1,
		.plane = {s->plane[0], s->plane[1], s->plane[2]},
		.stride = {s->width, s->width / 2, s->width / 2}, .capture_us = wall_us,
	};
}

static int read_squares(const uint8_t *luma, ptrdiff_t stride, unsigned width, unsigned height, unsigned row, uint32_t sync, uint32_t *ret)
{
	uint32_t code = 0, value;
	unsigned y = (2 * row + 1) * width / 80;

	if (y >= height)
		return -EBADMSG;
	for (unsigned i = 0; i < SQUARES; i++)
		code = code << 1 | (luma[(ptrdiff_t)y * stride + (3 + 2 * i) * width / 80] > (BLACK + WHITE) / 2);
	value = code >> 4 & SCENE_CODE_MASK;
	if (code != code_of(sync, value))
		return -EBADMSG;
	*ret = value;
	return 0;
}

int scene_read_number(const uint8_t *luma, ptrdiff_t stride, unsigned width, unsigned height, uint32_t *ret)
{
	return read_squares(luma, stride, width, height, ROW_NUMBER, SYNC_NUMBER, ret);
}

int scene_read_clock_ms(const uint8_t *luma, ptrdiff_t stride, unsigned width, unsigned height, uint32_t *ret)
{
	return read_squares(luma, stride, width, height, ROW_CLOCK, SYNC_CLOCK, ret);
}
