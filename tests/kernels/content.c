/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/kernels/kernels.h"

#include <math.h>
#include <string.h>

/* xorshift32 */
uint32_t random_next(uint32_t *state)
{
	uint32_t x = *state ? *state : 1;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	*state = x;
	return x;
}

/* Soft shade, a fine slanting texture that gets finer to the right, hard-edged bars and discs, and a little noise. */
static int scene_at(unsigned x, unsigned y, unsigned width, unsigned height, uint32_t seed)
{
	double u = (x + 0.5) / width, v = (y + 0.5) / height, cx = fmod(u * 5 + seed % 7 * 0.1, 1) - 0.5, cy = fmod(v * 4, 1) - 0.5;
	double value = 120 + 50 * sin(u * 3 + seed % 5) * cos(v * 4);

	value += 30 * sin(x * (0.1 + 1.2 * u) + y * 0.7);
	if (cx * cx + cy * cy < 0.06)
		value += 70 * (seed % 2 ? 1 : -1);
	if ((x / 3 + y / 5) % 17 == 0)
		value = 235 - value / 4;
	return (int)lround(value);
}

static uint8_t value_at(unsigned x, unsigned y, unsigned width, unsigned height, enum fill how, uint32_t *state, uint32_t seed)
{
	int v;

	switch (how) {
	case FILL_FULL:
		return 255;
	case FILL_CHECKS:
		return (x + y) % 2 ? 255 : 0;
	case FILL_COLUMNS:
		return (x / 3 + seed) % 2 ? 255 : 0;
	case FILL_RAMP:
		return (uint8_t)(x + 3 * y + seed);
	case FILL_NOISE:
		return (uint8_t)(random_next(state) >> 11);
	case FILL_SCENE:
		v = scene_at(x, y, width, height, seed) + (int)(random_next(state) >> 16) % 5 - 2;
		return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
	case FILL_ZERO:
	case FILLS:
		break;
	}
	return 0;
}

void fill_plane(uint8_t *p, size_t stride, unsigned width, unsigned height, enum fill how, uint32_t seed)
{
	uint32_t state = seed * 2654435761u + 1;

	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++)
			p[y * stride + x] = value_at(x, y, width, height, how, &state, seed);
}

void fill_picture(struct guarded_picture *g, enum fill how, uint32_t seed)
{
	for (int i = 0; i < 3; i++)
		fill_plane(g->frame.plane[i], g->frame.stride[i], g->frame.width[i], g->frame.height[i], how, seed + (uint32_t)i);
}

bool same_plane(const char *what, const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b, ptrdiff_t b_stride, unsigned width, unsigned height)
{
	for (unsigned y = 0; y < height; y++) {
		const uint8_t *p = a + (ptrdiff_t)y * a_stride, *q = b + (ptrdiff_t)y * b_stride;

		if (memcmp(p, q, width) == 0)
			continue;
		for (unsigned x = 0; x < width; x++)
			if (p[x] != q[x])
				return failed("%s: at %u,%u of %ux%u: %u, not %u", what, x, y, width, height, p[x], q[x]);
	}
	return true;
}

bool same_picture(const char *what, const struct picture *a, const struct picture *b)
{
	if (a->width != b->width || a->height != b->height)
		return failed("%s: %ux%u, not %ux%u", what, a->width, a->height, b->width, b->height);
	for (int i = 0; i < 3; i++)
		if (!same_plane(what, a->plane[i], a->stride[i], b->plane[i], b->stride[i],
			i ? (a->width + 1) / 2 : a->width, i ? (a->height + 1) / 2 : a->height))
			return false;
	return true;
}

double psnr(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b, ptrdiff_t b_stride, unsigned width, unsigned height)
{
	uint64_t sum = 0;

	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++) {
			int d = a[(ptrdiff_t)y * a_stride + x] - b[(ptrdiff_t)y * b_stride + x];

			sum += (uint64_t)(d * d);
		}
	return sum ? 10 * log10(255.0 * 255 * width * height / (double)sum) : 100;
}
