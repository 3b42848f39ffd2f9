/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/overlay.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "codec/font.h"
#include "codec/x86/overlay_avx2.h"

#define LINES_OF_TEXT 28       /* that a picture is high */
#define HEIGHTS_OF_WIDTH 29    /* at least: of some 48 letters */
#define HEIGHT_MIN 12          /* pixels of a cell */
#define SIDE_MIN 16
#define LIGHT 235
#define DARK 16
#define NO_COLOUR 128
#define BAR_KEEP 76            /* of 255, what shows through the bar */

/* What a place's line does to the picture: of three planes, one row after the other as wide as the planes. */
struct line {
	uint8_t *keep[3], *add[3];
	char shown[OVERLAY_TEXT_MAX + 1];
	bool prepared;
	unsigned x, y;             /* of the first letter's cell; even */
	unsigned from, to;         /* columns that are not as they were; even */
};

struct overlay {
	unsigned width, height;
	unsigned cell_wide, cell_high;  /* even */
	overlay_blend_fn *blend;
	uint8_t *memory, *letter, *rim; /* the last two: one cell */
	struct line line[OVERLAY_PLACES];
};

static void blend_c(uint8_t *dst, const uint8_t *keep, const uint8_t *add, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned v = dst[i] * keep[i] + 128u;

		v = ((v + (v >> 8)) >> 8) + add[i];
		dst[i] = v > 255 ? 255 : (uint8_t)v;
	}
}

overlay_blend_fn *overlay_blend(enum cpu_level cpu)
{
#if defined(__x86_64__)
	if (cpu >= CPU_AVX2)
		return overlay_blend_avx2;
#endif
	(void)cpu;
	return blend_c;
}

static unsigned even(unsigned v)
{
	return v & ~1u;
}

static unsigned plane_width(const struct overlay *o, int plane)
{
	return plane ? o->width / 2 : o->width;
}

static unsigned plane_rows(const struct overlay *o, int plane)
{
	return plane ? o->cell_high / 2 : o->cell_high;
}

/* Two of them for each place: what of the picture is kept, and what is added. Both chroma planes share theirs. */
static int allocate(struct overlay *o)
{
	size_t luma = (size_t)o->width * o->cell_high, chroma = luma / 4, cell = (size_t)o->cell_wide * o->cell_high;
	uint8_t *p = o->memory = malloc(2 * OVERLAY_PLACES * (luma + chroma) + 2 * cell);

	if (!p)
		return -ENOMEM;
	for (int i = 0; i < OVERLAY_PLACES; i++) {
		struct line *l = &o->line[i];

		l->keep[0] = p;
		l->add[0] = p + luma;
		l->keep[1] = l->keep[2] = p + 2 * luma;
		l->add[1] = l->add[2] = p + 2 * luma + chroma;
		p += 2 * (luma + chroma);
	}
	o->letter = p;
	o->rim = p + cell;
	return 0;
}

static void place(struct overlay *o)
{
	unsigned margin = even(o->cell_high / 4);

	for (int i = 0; i < OVERLAY_PLACES; i++)
		o->line[i].x = margin + o->cell_wide <= o->width ? margin : 0;
	o->line[OVERLAY_TOP].y = margin;
	o->line[OVERLAY_BOTTOM].y = o->height - o->cell_high - margin;
	o->line[OVERLAY_MIDDLE].y = even((o->height - o->cell_high) / 2);
	if (o->cell_high + 2 * margin > o->height)
		o->line[OVERLAY_TOP].y = o->line[OVERLAY_BOTTOM].y = 0;
}

static unsigned cell_height(unsigned width, unsigned height)
{
	unsigned high = height / LINES_OF_TEXT, fits = width / HEIGHTS_OF_WIDTH;

	high = high < fits ? high : fits;
	return high < HEIGHT_MIN ? HEIGHT_MIN : even(high + 1);
}

int overlay_new(struct overlay **ret, unsigned width, unsigned height, enum cpu_level cpu)
{
	unsigned high = cell_height(width, height);
	struct overlay *o;

	if (width < SIDE_MIN || height < SIDE_MIN || (width | height) & 1)
		return -EINVAL;
	o = calloc(1, sizeof *o);
	if (!o)
		return -ENOMEM;
	*o = (struct overlay){.width = width, .height = height, .cell_high = high, .cell_wide = even((high * FONT_WIDE + FONT_HIGH / 2) / FONT_HIGH + 1), .blend = overlay_blend(cpu)};
	if (allocate(o)) {
		free(o);
		return -ENOMEM;
	}
	place(o);
	*ret = o;
	return 0;
}

void overlay_free(struct overlay **op)
{
	struct overlay *o = *op;

	if (!o)
		return;
	free(o->memory);
	free(o);
	*op = NULL;
}

/* --- drawing a line ----------------------------------------------------------------------- */

/* Rounded v * share / 255. */
static uint8_t part(unsigned v, unsigned share)
{
	return (uint8_t)((v * share + 127) / 255);
}

static uint8_t ground(enum overlay_place where)
{
	return where == OVERLAY_MIDDLE ? BAR_KEEP : 255;
}

/* As it is without a letter. */
static void clear(const struct overlay *o, struct line *l, uint8_t keep)
{
	for (int i = 0; i < 2; i++) {
		size_t n = (size_t)plane_width(o, i) * plane_rows(o, i);

		memset(l->keep[i], keep, n);
		memset(l->add[i], part(i ? NO_COLOUR : DARK, 255u - keep), n);
	}
}

/* Chroma goes with the 2 x 2 pixels that it belongs to: neither letter nor rim has colour. */
static void fade_chroma(const struct overlay *o, struct line *l, unsigned x)
{
	for (unsigned y = 0; y < o->cell_high; y += 2) {
		for (unsigned i = 0; i < o->cell_wide; i += 2) {
			const uint8_t *k = l->keep[0] + (size_t)y * o->width + x + i;
			size_t at = (size_t)(y / 2) * (o->width / 2) + (x + i) / 2;

			l->keep[1][at] = (uint8_t)((0u + k[0] + k[1] + k[o->width] + k[o->width + 1] + 2) / 4);
			l->add[1][at] = part(NO_COLOUR, 255u - l->keep[1][at]);
		}
	}
}

static void draw_letter(struct overlay *o, struct line *l, unsigned x, char c, uint8_t keep)
{
	font_draw(o->letter, o->cell_wide, o->cell_wide, o->cell_high, c, FONT_LETTER);
	font_draw(o->rim, o->cell_wide, o->cell_wide, o->cell_high, c, FONT_RIM);
	for (unsigned y = 0; y < o->cell_high; y++) {
		for (unsigned i = 0; i < o->cell_wide; i++) {
			unsigned letter = o->letter[y * o->cell_wide + i], rim = o->rim[y * o->cell_wide + i];
			size_t at = (size_t)y * o->width + x + i;
			unsigned under = part(part(keep, 255 - rim), 255 - letter);  /* of the picture */

			l->keep[0][at] = (uint8_t)under;
			l->add[0][at] = (uint8_t)(part(LIGHT, letter) + part(DARK, 255 - letter - under));
		}
	}
	fade_chroma(o, l, x);
}

/* Where the first letter of n stands: in the middle, as if it were always as long as now. */
static unsigned start_of(const struct overlay *o, const struct line *l, enum overlay_place where, unsigned n)
{
	return where == OVERLAY_MIDDLE ? even((o->width - n * o->cell_wide) / 2) : l->x;
}

static unsigned letters_that_fit(const struct overlay *o, const struct line *l, const char *text)
{
	unsigned max = (o->width - l->x) / o->cell_wide;

	return (unsigned)strnlen(text, max < OVERLAY_TEXT_MAX ? max : OVERLAY_TEXT_MAX);
}

static void write_line(struct overlay *o, enum overlay_place where, const char *text)
{
	struct line *l = &o->line[where];
	unsigned n = letters_that_fit(o, l, text), x = start_of(o, l, where, n);
	bool anew = !l->prepared || strlen(l->shown) != n;

	if (anew)
		clear(o, l, ground(where));
	for (unsigned i = 0; i < n; i++)
		if (anew ? text[i] != ' ' : text[i] != l->shown[i])
			draw_letter(o, l, x + i * o->cell_wide, text[i], ground(where));
	memcpy(l->shown, text, n);
	l->shown[n] = '\0';
	l->prepared = true;
	l->from = where == OVERLAY_MIDDLE ? 0 : x;
	l->to = where == OVERLAY_MIDDLE ? o->width : x + n * o->cell_wide;
}

void overlay_draw(struct overlay *o, struct frame *f, enum overlay_place where, const char *text)
{
	struct line *l = &o->line[where];

	assert(f->width[0] == o->width && f->height[0] == o->height);
	write_line(o, where, text);
	for (int i = 0; i < 3; i++) {
		unsigned from = i ? l->from / 2 : l->from, n = (i ? l->to / 2 : l->to) - from, y = i ? l->y / 2 : l->y;

		for (unsigned row = 0; row < plane_rows(o, i); row++) {
			size_t at = (size_t)row * plane_width(o, i) + from;

			o->blend(f->plane[i] + (y + row) * f->stride[i] + from, l->keep[i] + at, l->add[i] + at, n);
		}
	}
}

void overlay_time(int64_t wall_us, char ret[OVERLAY_TIME])
{
	char text[CLOCK_TEXT];

	clock_text(wall_us, text);
	memcpy(ret, text, sizeof "2026-11-22T15:30:00" - 1);
	ret[10] = ' ';
	memcpy(ret + 19, " UTC", sizeof " UTC");
}
