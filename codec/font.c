/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/font.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/*
 * Strokes: a point is a digit, steps from the left, and a letter, steps up from the lowest ("a"; "e" is where capitals
 * stand, "m" how high small letters are, "q" capitals). A line goes from point to point; "~" before a point makes it
 * the one that a curve to the next bends towards; a blank lifts the pen.
 */
static const char *const strokes[] = {
	"", "4q4i 4e4f", "2q2n 6q6n", "2q1e 7q6e 0m8m 0i8i", "8n~7o4o~0o0m~0k4k~8k8h~8f4f~1f0h 4q4d", /* blank ! " # $ */
	"8q0e 2q~4q4o~4m2m~0m0o~0q2q 6i~8i8g~8e6e~4e4g~4i6i", "8e2m~1n1o~1q3q~5q5o~5n4m1j~0i0h~0e3e~7e8j", "4q4n", /* % & ' */
	"6q~3o3k~3f6d", "2q~5o5k~5f2d", "4p4h 1n7j 7n1j", "4n4f 0j8j", "4f5f5e4e4f 5e~5c3b", "1j7j", "4e5e5f4f4e", "7q1e", /* ( ) * + , - . / */
	"4q~8q8m8i~8e4e~0e0i0m~0q4q 3h5n", "1n4q4e 1e7e", "0n~0q4q~8q8n~8l5i0e8e", "0p~1q4q~8q8n~8k4k3k 4k~8k8h~8e4e~1e0f", /* 0 1 2 3 */
	"6e6q0h8h", "7q1q0k~2l4l~8l8i~8e4e~1e0f", "7q~0o0i~0e4e~8e8i~8l4l~0l0i", "0q8q3e", /* 4 5 6 7 */
	"4q~8q8n~8k4k~0k0n~0q4q 4k~8k8h~8e4e~0e0h~0k4k", "1e~8g8m~8q4q~0q0m~0j4j~8j8m", "4m5m5l4l4m 4f5f5e4e4f", "4m5m5l4l4m 4f5f5e4e4f 5e~5c3b", /* 8 9 : ; */
	"7n1j7f", "0l8l 0h8h", "1n7j1f", "0n~0q4q~8q8n~8k4j4i 4e4f", /* < = > ? */
	"8f~7e5e~0e0k~0q4q~8q8l~8h7h~6h6j6n 6k~6n4n~2n2k~2h4h~6h6k", "0e4q8e 1h7h", "0e0q4q~8q8n~8k4k0k 4k~8k8h~8e4e0e", /* @ A B */
	"8o~7q4q~0q0k~0e4e~7e8g", "0e0q3q~8q8k~8e3e0e", "8q0q0e8e 0k6k", "8q0q0e 0k6k", "8o~7q4q~0q0k~0e4e~8e8h8j5j", /* C D E F G */
	"0q0e 8q8e 0k8k", "1q7q 4q4e 1e7e", "7q7i~7e4e~1e0h", "0q0e 8q0j 3l8e", "0q0e8e", "0e0q4k8q8e", "0e0q8e8q", /* H I J K L M N */
	"4q~8q8k~8e4e~0e0k~0q4q", "0e0q4q~8q8n~8j4j0j", "4q~8q8k~8e4e~0e0k~0q4q 5h8d", "0e0q4q~8q8n~8j4j0j 4j8e", /* O P Q R */
	"8o~7q4q~0q0n~0k4k~8k8h~8e4e~1e0g", "0q8q 4q4e", "0q0i~0e4e~8e8i8q", "0q4e8q", "0q2e4m6e8q", "0q8e 8q0e", /* S T U V W X */
	"0q4k8q 4k4e", "0q8q0e8e", "6q3q3d6d", "1q7e", "2q5q5d2d", "1m4q7m", "0c8c", "3q5n", /* Y Z [ \ ] ^ _ ` */
	"8m8e 8i~8m4m~0m0i~0e4e~8e8i", "0q0e 0i~0m4m~8m8i~8e4e~0e0i", "8k~7m4m~0m0i~0e4e~7e8g", "8q8e 8i~8m4m~0m0i~0e4e~8e8i", /* a b c d */
	"0i8i~8m4m~0m0i~0e4e~7e8f", "7p~6q5q~3q3n3e 0m6m", "8m8d~8a4a~1a0b 8i~8m4m~0m0i~0e4e~8e8i", "0q0e 0i~0m4m~8m8i8e", /* e f g h */
	"2m4m4e 1e7e 4q4q", "2m5m5d~5a2a~1a0b 5q5q", "0q0e 7m0h 3j8e", "2q4q4h~4e7e", "0m0e 0k~0m2m~4m4k4e 4k~4m6m~8m8k8e", /* i j k l m */
	"0m0e 0i~0m4m~8m8i8e", "4m~8m8i~8e4e~0e0i~0m4m", "0m0a 0i~0m4m~8m8i~8e4e~0e0i", "8m8a 8i~8m4m~0m0i~0e4e~8e8i", /* n o p q */
	"1m1e 1i~1m5m~7m8k", "8l~7m4m~0m0k~0i4i~8i8g~8e4e~1e0f", "3p3h~3e6e~7e8f 0m7m", "0m0i~0e4e~8e8i 8m8e", "0m4e8m", /* r s t u v */
	"0m2e4k6e8m", "0m8e 8m0e", "0m4e 8m3b~2a0a", "0m8m0e8e", /* w x y z */
	"6q~4q4o4m~4k2k~4k4i4f~4d6d", "4q4c", "2q~4q4o4m~4k6k~4k4i4f~4d2d", "0i~2l4j~6h8k", /* { | } ~ */
	"0e0q8q8e0e",
};
#define BOX (sizeof strokes / sizeof *strokes - 1)

#define HALF_STROKE 0.95f /* steps */
#define RIM 1.05f
#define CURVE_LINES 6

struct point {
	float x, y;       /* pixels of the cell */
};

/* The cell that is drawn into. */
struct cell {
	uint8_t *to;
	size_t stride;
	unsigned width, height;
	float half;       /* of a stroke's thickness, pixels */
};

static struct point point_at(const struct cell *c, const char *p)
{
	return (struct point){
		(float)((unsigned)(p[0] - '0') + FONT_LEFT) * (float)c->width / FONT_WIDE,
		(float)(FONT_LOW - (unsigned)(p[1] - 'a')) * (float)c->height / FONT_HIGH};
}

/* How far a pixel's middle is from the line a b. */
static float distance(struct point p, struct point a, struct point b)
{
	float dx = b.x - a.x, dy = b.y - a.y, len = dx * dx + dy * dy;
	float t = len > 0 ? ((p.x - a.x) * dx + (p.y - a.y) * dy) / len : 0;

	t = t < 0 ? 0 : t > 1 ? 1 : t;
	dx = p.x - a.x - t * dx;
	dy = p.y - a.y - t * dy;
	return sqrtf(dx * dx + dy * dy);
}

static unsigned within(float v, unsigned max)
{
	return v <= 0 ? 0 : v >= (float)max ? max : (unsigned)v;
}

static void draw_line(const struct cell *c, struct point a, struct point b)
{
	float reach = c->half + 1;
	unsigned x0 = within(fminf(a.x, b.x) - reach, c->width), x1 = within(fmaxf(a.x, b.x) + reach + 1, c->width);
	unsigned y0 = within(fminf(a.y, b.y) - reach, c->height), y1 = within(fmaxf(a.y, b.y) + reach + 1, c->height);

	for (unsigned y = y0; y < y1; y++) {
		for (unsigned x = x0; x < x1; x++) {
			float over = c->half + 0.5f - distance((struct point){(float)x + 0.5f, (float)y + 0.5f}, a, b);
			uint8_t cover = over <= 0 ? 0 : over >= 1 ? 255 : (uint8_t)(over * 255 + 0.5f), *to = &c->to[y * c->stride + x];

			if (cover > *to)
				*to = cover;
		}
	}
}

static void draw_curve(const struct cell *c, struct point a, struct point by, struct point b)
{
	struct point last = a;

	for (int i = 1; i <= CURVE_LINES; i++) {
		float t = (float)i / CURVE_LINES, s = 1 - t;
		struct point next = {s * s * a.x + 2 * s * t * by.x + t * t * b.x, s * s * a.y + 2 * s * t * by.y + t * t * b.y};

		draw_line(c, last, next);
		last = next;
	}
}

void font_draw(uint8_t *to, size_t stride, unsigned width, unsigned height, char ch, enum font_part part)
{
	float step = (float)height / FONT_HIGH;
	struct cell c = {to, stride, width, height, HALF_STROKE * step + (part == FONT_RIM ? fmaxf(RIM * step, 1) : 0)};
	const char *p = strokes[ch >= ' ' && ch <= '~' ? (size_t)(ch - ' ') : BOX];
	struct point at = {0, 0}, to_point;
	bool down = false;

	for (unsigned y = 0; y < height; y++)
		memset(to + y * stride, 0, width);
	for (; *p; p += 2) {
		if (*p == ' ') {
			p++;
			down = false;
		}
		if (*p == '~') {
			to_point = point_at(&c, p + 3);
			draw_curve(&c, at, point_at(&c, p + 1), to_point);
			p += 3;
		} else {
			to_point = point_at(&c, p);
			if (down)
				draw_line(&c, at, to_point);
		}
		at = to_point;
		down = true;
	}
}
