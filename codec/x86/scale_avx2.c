/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/scale_x86.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX2_INLINE AVX2 __attribute__((always_inline)) static inline

#define BAND SCALE_PLANE_BAND
#define BLOCK SCALE_PLANE_BLOCK
#define LANES 16  /* lines that a vector holds of a column: half a band */

/* Before loops whose arrays are meant to be registers. */
#define UNROLL _Pragma("GCC unroll 16")

struct sums {
	__m256i low, high;  /* of 32 columns: 0-7 and 16-23; 8-15 and 24-31 */
};

AVX2_INLINE __m256i load(const void *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

/* Sums are made in the order that is written: the compiler's own makes it run out of registers (a third slower at six pairs). */
AVX2_INLINE __m256i in_order(__m256i v)
{
	__asm__("" : "+x"(v));
	return v;
}

AVX2_INLINE void add_pair(struct sums *s, const uint8_t *p, const uint8_t *q, __m256i ab, __m256i gain)
{
	__m256i a = load(p), b = in_order(load(q));
	__m256i low = _mm256_maddubs_epi16(_mm256_unpacklo_epi8(a, b), ab), high = _mm256_maddubs_epi16(_mm256_unpackhi_epi8(a, b), ab);

	s->low = in_order(_mm256_add_epi16(s->low, _mm256_mulhrs_epi16(low, gain)));
	s->high = in_order(_mm256_add_epi16(s->high, _mm256_mulhrs_epi16(high, gain)));
}

AVX2_INLINE void store_sums(int16_t *to, const struct sums *s)
{
	_mm_storeu_si128((__m128i *)(void *)to, _mm256_castsi256_si128(s->low));
	_mm_storeu_si128((__m128i *)(void *)(to + 8), _mm256_castsi256_si128(s->high));
	_mm_storeu_si128((__m128i *)(void *)(to + 16), _mm256_extracti128_si256(s->low, 1));
	_mm_storeu_si128((__m128i *)(void *)(to + 24), _mm256_extracti128_si256(s->high, 1));
}

/* A line's pairs, spread over vectors. */
struct spread {
	__m256i ab[SCALE_FILTER_TAPS_MAX / 2], gain[SCALE_FILTER_TAPS_MAX / 2];
};

AVX2_INLINE void spread_pairs(struct spread *to, const struct scale_pair *pair, unsigned pairs)
{
	for (unsigned k = 0; k < pairs; k++) {
		to->ab[k] = _mm256_set1_epi16((int16_t)((uint8_t)pair[k].a | (uint8_t)pair[k].b << 8));
		to->gain[k] = _mm256_set1_epi16(pair[k].gain);
	}
}

/* Lines that will be wanted soon: the blocks are too narrow for the machine to see by itself what comes after them. */
struct fetch {
	const uint8_t *at;
	ptrdiff_t stride;
	unsigned lines;
};

/* One line, n >= 64 columns. */
AVX2_INLINE void down_pairs(int16_t *restrict to, const uint8_t *const *line, const struct spread *w, unsigned pairs, unsigned n, struct fetch fetch)
{
	for (unsigned x = 0; x < n; x += 64) {
		__m256i zero = _mm256_setzero_si256();
		struct sums left = {zero, zero}, right = left;

		if (x + 64 > n)
			x = n - 64;
		for (unsigned i = 0; i < fetch.lines; i++)
			_mm_prefetch(fetch.at + (ptrdiff_t)i * fetch.stride + x, _MM_HINT_T0);
		UNROLL for (unsigned k = 0; k < pairs; k++) {
			add_pair(&left, line[2 * k] + x, line[2 * k + 1] + x, w->ab[k], w->gain[k]);
			add_pair(&right, line[2 * k] + x + 32, line[2 * k + 1] + x + 32, w->ab[k], w->gain[k]);
		}
		store_sums(to + x, &left);
		store_sums(to + x + 32, &right);
	}
}

AVX2 static void down_line(int16_t *to, const uint8_t *const *line, const struct spread *w, unsigned pairs, unsigned n, struct fetch fetch)
{
	switch (pairs) {
	case 1:
		down_pairs(to, line, w, 1, n, fetch);
		break;
	case 2:
		down_pairs(to, line, w, 2, n, fetch);
		break;
	case 3:
		down_pairs(to, line, w, 3, n, fetch);
		break;
	case 4:
		down_pairs(to, line, w, 4, n, fetch);
		break;
	case 5:
		down_pairs(to, line, w, 5, n, fetch);
		break;
	case 6:
		down_pairs(to, line, w, 6, n, fetch);
		break;
	default:
		down_pairs(to, line, w, pairs, n, fetch);
	}
}

/* A part of a band of lines: n columns from x. */
struct part {
	unsigned y, x, n;
};

/* What line i of the next part needs that the line before it did not; a part at a band's end may be narrower, which does no harm. */
AVX2_INLINE struct fetch fetch_for(const struct scale_plane *p, const struct part *next, unsigned i)
{
	const struct scale_filter *f = p->down;
	unsigned y = next->y + i, line, end;

	if (y >= f->to)
		return (struct fetch){0};
	line = i ? f->start[y - 1] + f->taps : f->start[y];
	end = f->start[y] + f->taps;
	return (struct fetch){.at = p->from + (ptrdiff_t)line * p->from_stride + next->x, .stride = p->from_stride, .lines = end > line ? end - line : 0};
}

AVX2_INLINE void set_lines(const uint8_t **line, const struct scale_plane *p, unsigned y, unsigned x)
{
	const uint8_t *at = p->from + (ptrdiff_t)p->down->start[y] * p->from_stride + x;
	unsigned taps = p->down->taps;

	for (unsigned k = 0; k < taps; k++)
		line[k] = at + (ptrdiff_t)k * p->from_stride;
	if (taps % 2)
		line[taps] = line[taps - 1];  /* its weight is 0 */
}

/* Scales part down, into lines of BLOCK. */
AVX2 static void down_block(const struct scale_plane *p, const struct part *part, const struct part *next, unsigned lines, int16_t *block, struct spread *w)
{
	const struct scale_filter *f = p->down;
	const uint8_t *line[SCALE_FILTER_TAPS_MAX] __attribute__((uninitialized));

	for (unsigned i = 0; i < lines; i++) {
		set_lines(line, p, part->y + i, part->x);
		spread_pairs(w, f->pair + (size_t)(part->y + i) * f->pairs, f->pairs);
		down_line(block + i * BLOCK, line, w, f->pairs, part->n, fetch_for(p, next, i));
	}
}

/* 16 lines of 8 columns become 8 columns of 16. */
AVX2_INLINE void turn_8x16(int16_t *to, const int16_t *from)
{
	__m256i v[8], w[8];

	UNROLL for (int i = 0; i < 8; i++)
		v[i] = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)(from + i * BLOCK))),
			_mm_loadu_si128((const __m128i *)(const void *)(from + (i + 8) * BLOCK)), 1);
	UNROLL for (int round = 0; round < 3; round++) {
		UNROLL for (int i = 0; i < 4; i++) {
			w[2 * i] = _mm256_unpacklo_epi16(v[i], v[i + 4]);
			w[2 * i + 1] = _mm256_unpackhi_epi16(v[i], v[i + 4]);
		}
		UNROLL for (int i = 0; i < 8; i++)
			v[i] = w[i];
	}
	UNROLL for (int i = 0; i < 8; i++)
		_mm256_store_si256((__m256i *)(void *)(to + i * LANES), v[i]);
}

AVX2 static void turn_block(int16_t *to, const int16_t *block, unsigned n)
{
	for (unsigned x = 0; x < n; x += 8) {
		if (x + 8 > n)
			x = n - 8;
		turn_8x16(to + x * LANES, block + x);
	}
}

/* Columns lie one after the other, those of the first half of a band before those of the second, each with the margin's at both ends. */
AVX2_INLINE size_t half_of(const struct scale_filter *across)
{
	return (size_t)(across->from + 2 * SCALE_FILTER_MARGIN) * LANES;
}

/* Both halves of the band, or the first alone. */
AVX2_INLINE __m256i across_column(const int16_t *at, size_t behind, const int16_t (*weight)[2], unsigned taps, __m256i bias, bool whole)
{
	__m256i first = bias, second = bias;

	UNROLL for (unsigned k = 0; k < taps; k++) {
		int32_t twice;
		__m256i w;

		memcpy(&twice, weight[k], sizeof twice);
		w = _mm256_set1_epi32(twice);
		first = in_order(_mm256_add_epi16(first, _mm256_mulhrs_epi16(_mm256_load_si256((const __m256i *)(const void *)(at + k * LANES)), w)));
		if (whole)
			second = in_order(_mm256_add_epi16(second, _mm256_mulhrs_epi16(_mm256_load_si256((const __m256i *)(const void *)(at + behind + k * LANES)), w)));
	}
	return _mm256_packus_epi16(_mm256_srai_epi16(first, 6), _mm256_srai_epi16(second, 6));
}

AVX2_INLINE void across_columns(__m256i to[16], const struct scale_plane *p, unsigned x, unsigned taps, const int16_t *columns, bool whole)
{
	const struct scale_filter *f = p->across;
	__m256i bias = _mm256_set1_epi16((int16_t)p->bias);

	for (unsigned i = 0; i < 16; i++)
		to[i] = across_column(columns + (size_t)f->start[x + i] * LANES, half_of(f), (const int16_t (*)[2])f->weight + (size_t)(x + i) * taps, taps, bias, whole);
}

/* With a constant number of taps the loops unroll. Those are what common ratios need. */
AVX2_INLINE void across_taps(__m256i to[16], const struct scale_plane *p, unsigned x, const int16_t *columns, bool whole)
{
	switch (p->across->taps) {
	case 4:
		across_columns(to, p, x, 4, columns, whole);
		break;
	case 6:
		across_columns(to, p, x, 6, columns, whole);
		break;
	case 8:
		across_columns(to, p, x, 8, columns, whole);
		break;
	case 9:
		across_columns(to, p, x, 9, columns, whole);
		break;
	case 11:
		across_columns(to, p, x, 11, columns, whole);
		break;
	default:
		across_columns(to, p, x, p->across->taps, columns, whole);
	}
}

/* Eight columns as lines of eight bytes: of each lane 0 and 1, 2 and 3... */
AVX2_INLINE void turn_bytes(__m256i v[8], const __m256i *from)
{
	__m256i w[8];

	UNROLL for (int i = 0; i < 4; i++) {
		v[2 * i] = _mm256_unpacklo_epi8(from[i], from[i + 4]);
		v[2 * i + 1] = _mm256_unpackhi_epi8(from[i], from[i + 4]);
	}
	UNROLL for (int i = 0; i < 4; i++) {
		w[2 * i] = _mm256_unpacklo_epi8(v[i], v[i + 4]);
		w[2 * i + 1] = _mm256_unpackhi_epi8(v[i], v[i + 4]);
	}
	UNROLL for (int i = 0; i < 4; i++) {
		v[2 * i] = _mm256_unpacklo_epi8(w[i], w[i + 4]);
		v[2 * i + 1] = _mm256_unpackhi_epi8(w[i], w[i + 4]);
	}
}

AVX2_INLINE void store_line(uint8_t *to, size_t stride, unsigned y, unsigned lines, __m128i v)
{
	if (y < lines)
		_mm_storeu_si128((__m128i *)(void *)(to + y * stride), v);
}

/* 16 columns of packed lines (0-7, 16-23; 8-15, 24-31) become lines again. */
AVX2_INLINE void turn_back(uint8_t *to, size_t stride, const __m256i *columns, unsigned lines)
{
	__m256i left[8], right[8];

	turn_bytes(left, columns);
	turn_bytes(right, columns + 8);
	UNROLL for (unsigned i = 0; i < 8; i++) {
		__m256i even = _mm256_unpacklo_epi64(left[i], right[i]), odd = _mm256_unpackhi_epi64(left[i], right[i]);
		unsigned y = i < 4 ? 2 * i : 2 * i + 8;

		store_line(to, stride, y, lines, _mm256_castsi256_si128(even));
		store_line(to, stride, y + 1, lines, _mm256_castsi256_si128(odd));
		store_line(to, stride, y + 8, lines, _mm256_extracti128_si256(even, 1));
		store_line(to, stride, y + 9, lines, _mm256_extracti128_si256(odd, 1));
	}
}

AVX2 void scale_x86_store_avx2(uint8_t *to, size_t stride, const void *columns, unsigned lines)
{
	if (lines == BAND)
		turn_back(to, stride, columns, BAND);
	else
		turn_back(to, stride, columns, lines);
}

/* The margins are copies of the columns beside them. */
AVX2_INLINE void turn_part(const struct scale_plane *p, int16_t *half, const struct part *part, const int16_t *block)
{
	int16_t *first = half + SCALE_FILTER_MARGIN * LANES, *last = first + (size_t)(p->across->from - 1) * LANES;

	turn_block(first + (size_t)part->x * LANES, block, part->n);
	if (part->x == 0)
		memcpy(half, first, LANES * sizeof *half);
	if (part->x + part->n == p->across->from)
		memcpy(last + LANES, last, LANES * sizeof *half);
}

/* 16 new columns from x. */
AVX2 static void across(const struct scale_plane *p, unsigned y, unsigned lines, unsigned x, const int16_t *columns)
{
	__m256i out[16] __attribute__((uninitialized));

	if (lines > LANES)
		across_taps(out, p, x, columns, true);
	else
		across_taps(out, p, x, columns, false);
	scale_x86_store_avx2(p->to + y * p->to_stride + x, p->to_stride, out, lines);
}

/* All that can be made, from new column x on, of the columns up to `there`: what comes next. */
AVX2 static unsigned across_until(const struct scale_plane *p, unsigned y, unsigned lines, unsigned x, unsigned there, const int16_t *columns)
{
	const struct scale_filter *f = p->across;

	for (; x + 16 <= f->to && f->start[x + 15] + f->taps <= there + SCALE_FILTER_MARGIN + (there == f->from); x += 16)
		across(p, y, lines, x, columns);
	if (there == f->from && x < f->to)
		across(p, y, lines, f->to - 16, columns);
	return x;
}

/* The first part of a band, and those behind it until x is the width. The last one begins further left when it would be too narrow. */
AVX2_INLINE struct part part_at(unsigned y, unsigned x, unsigned width)
{
	unsigned n = width - x < BLOCK ? width - x : BLOCK;

	return n < 64 ? (struct part){y, width - 64, 64} : (struct part){y, x, n};
}

AVX2 void scale_plane_avx2(const struct scale_plane *p)
{
	int16_t *block = p->scratch, *columns = p->scratch + BAND * BLOCK;
	unsigned width = p->across->from;
	struct spread w;

	for (unsigned y = 0; y < p->down->to; y += BAND) {
		unsigned lines = p->down->to - y < BAND ? p->down->to - y : BAND, made = 0;

		for (unsigned x = 0; x < width; x += BLOCK) {
			struct part part = part_at(y, x, width), next = x + BLOCK < width ? part_at(y, x + BLOCK, width) : part_at(y + BAND, 0, width);

			for (unsigned half = 0; half < lines; half += LANES) {
				down_block(p, &part, &next, lines - half < LANES ? lines - half : LANES, block, &w);
				turn_part(p, half ? columns + half_of(p->across) : columns, &part, block);
				part.y += LANES;
				next.y += LANES;
			}
			made = across_until(p, y, lines, made, part.x + part.n, columns);
		}
	}
}

#endif
