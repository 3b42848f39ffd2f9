/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/scale_plane.h"

#include <string.h>

#include "codec/x86/scale_x86.h"

static int16_t mul_round(int a, int b)
{
	return (int16_t)((a * b + (1 << 14)) >> 15);
}

static void add_pair(int16_t *to, const uint8_t *p, const uint8_t *q, struct scale_pair pair, unsigned width)
{
	for (unsigned x = 0; x < width; x++)
		to[x] = (int16_t)(to[x] + mul_round(p[x] * pair.a + q[x] * pair.b, pair.gain));
}

static uint8_t clamp(int v)
{
	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static void across(const struct scale_plane *p, const int16_t *line, uint8_t *to)
{
	const struct scale_filter *f = p->across;

	for (unsigned x = 0; x < f->to; x++) {
		const int16_t *at = line + f->start[x], (*weight)[2] = (const int16_t (*)[2])f->weight + (size_t)x * f->taps;
		int sum = p->bias;

		for (unsigned k = 0; k < f->taps; k++)
			sum += mul_round(at[k], weight[k][0]);
		to[x] = clamp(sum >> 6);
	}
}

static void scale_plane_c(const struct scale_plane *p)
{
	int16_t *line = p->scratch + SCALE_FILTER_MARGIN;
	unsigned width = p->across->from;

	for (unsigned y = 0; y < p->down->to; y++) {
		memset(line, 0, width * sizeof *line);
		for (unsigned k = 0; k < p->down->pairs; k++)
			add_pair(line, scale_plane_line(p, y, 2 * k), scale_plane_line(p, y, 2 * k + 1), p->down->pair[(size_t)y * p->down->pairs + k], width);
		line[-1] = line[0];
		line[width] = line[width - 1];
		across(p, p->scratch, p->to + y * p->to_stride);
	}
}

void scale_plane(const struct scale_plane *p, enum cpu_level cpu)
{
#if defined(__x86_64__)
	if (p->across->from >= SCALE_X86_FROM_MIN && p->across->to >= SCALE_X86_TO_MIN) {
		if (cpu >= CPU_AVX512) {
			scale_plane_avx512(p);
			return;
		}
		if (cpu >= CPU_AVX2) {
			scale_plane_avx2(p);
			return;
		}
	}
#endif
	scale_plane_c(p);
}
