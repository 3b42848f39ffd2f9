/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/x86/scale_third.h"

#if defined(__x86_64__)

#include <string.h>

#include "codec/x86/scale_rows.h"

#define PAD 64        /* words beside a line: for what vectors make too much */
#define TAPS_MAX 12
#define STRIP 704     /* new samples of a line that are made at once, at most: what is needed for them stays in the first cache */

/* The work of one plane. Lines are of words. */
struct third {
	const struct scale_plane *p;
	int first_line, first_column;  /* of the window of new sample 0, which begins before the picture */
	unsigned x, n;                 /* the strip of new samples */
	unsigned left, columns;        /* the plane's that they need */
	int16_t *sum[4];               /* of the line that begins, and of those one, two and three lines before */
	int16_t *line;                 /* a finished one from `left` on, PAD into its memory */
	int16_t *dealt[3];
	struct scale_third_weights weights;
	int16_t across[TAPS_MAX][2];
	struct scale_down sum_across;
};

static unsigned in_steps(unsigned n, unsigned step)
{
	return (n + step - 1) / step * step;
}

/* Of at most STRIP, and none much narrower than the others. */
static unsigned strip_width(const struct scale_plane *p)
{
	unsigned strips = (p->across->to + STRIP - 1) / STRIP;

	return in_steps((p->across->to + strips - 1) / strips, 16);
}

static size_t sum_words(const struct scale_plane *p)
{
	return in_steps(3 * strip_width(p) + 2 * TAPS_MAX, 32);
}

static size_t line_words(const struct scale_plane *p)
{
	return sum_words(p) + 3 * PAD;
}

static size_t dealt_words(const struct scale_plane *p)
{
	return in_steps(strip_width(p), 32) + PAD;
}

size_t scale_third_scratch(const struct scale_plane *p)
{
	return sizeof(int16_t) * (4 * sum_words(p) + line_words(p) + 3 * dealt_words(p));
}

bool scale_third_fits(const struct scale_filter *across, const struct scale_filter *down)
{
	static const uint8_t at[] = {0, 3, 5, 6, 9};

	return across->whole_step == 3 && across->weight && across->taps <= TAPS_MAX && across->to >= SCALE_X86_TO_MIN &&
		down->whole_step == 3 && down->pairs == sizeof at && memcmp(down->at, at, sizeof at) == 0;
}

/* Where the window of new sample x would begin if nothing were folded; x in the middle has one that is not. */
static int begin_of(const struct scale_filter *f, unsigned x)
{
	unsigned middle = f->to / 2;

	return (int)f->start[middle] - (int)f->margin + 3 * ((int)x - (int)middle);
}

static void set_weights(struct third *t)
{
	static const unsigned order[] = {0, 1, 3, 4, 2};
	const struct scale_filter *across = t->p->across;
	const int16_t (*weight)[2] = (const int16_t (*)[2])across->weight + (size_t)(across->to / 2) * across->taps;
	struct scale_down *d = &t->sum_across;

	for (unsigned k = 0; k < 5; k++)
		t->weights.pair[k] = t->p->down->pair[order[k]];
	for (unsigned k = 0; k < across->taps; k++)
		if (weight[k][0]) {
			memcpy(t->across[d->taps], weight[k], sizeof weight[k]);
			d->line[d->taps++] = t->dealt[k % 3] + k / 3;
		}
	d->weight = (const int16_t (*)[2])t->across;
	d->bias = t->p->bias;
}

static void begin(struct third *t, const struct scale_plane *p)
{
	int16_t *at = p->scratch;

	*t = (struct third){.p = p, .first_line = begin_of(p->down, 0), .first_column = begin_of(p->across, 0)};
	for (unsigned i = 0; i < 4; i++, at += sum_words(p))
		t->sum[i] = at;
	t->line = at + PAD;
	at += line_words(p);
	for (unsigned i = 0; i < 3; i++, at += dealt_words(p))
		t->dealt[i] = at;
	set_weights(t);
}

static void set_strip(struct third *t, unsigned x, unsigned n)
{
	int width = (int)t->p->across->from, begin = 3 * (int)x + t->first_column, end = begin + 3 * (int)n + TAPS_MAX;

	begin = begin < 0 ? 0 : begin;
	end = end > width ? width : end;
	t->x = x;
	t->n = t->sum_across.n = n;
	t->left = (unsigned)begin;
	t->columns = (unsigned)(end - begin);
}

/* Three lines from `line` on, of which each may lie beyond the picture. */
static void add_lines(struct third *t, int line)
{
	size_t n = t->columns / 32 * 32, rest = t->columns - n;
	const uint8_t *from[6];

	for (int i = 0; i < 6; i++) {
		int last = (int)t->p->down->from - 1, y = line + i < 0 ? 0 : line + i > last ? last : line + i;

		from[i] = t->p->from + y * t->p->from_stride + t->left;
	}
	scale_third_down_avx2(t->line, t->sum, from, n, &t->weights);
	if (rest) {
		int16_t *const sum[4] = {t->sum[0] + n, t->sum[1] + n, t->sum[2] + n, t->sum[3] + n};
		uint8_t copy[3][32] = {{0}};
		const uint8_t *const end[6] = {copy[0], copy[1], copy[2], copy[0], copy[1], copy[2]};

		for (unsigned i = 0; i < 3; i++)
			memcpy(copy[i], from[i] + n, rest);
		scale_third_down_avx2(t->line + n, sum, end, 32, &t->weights);
	}
}

/* New samples whose windows reach beyond the margins have weights of their own. */
static void edge(const struct third *t, uint8_t *to, unsigned x)
{
	const struct scale_filter *f = t->p->across;
	const int16_t (*weight)[2] = (const int16_t (*)[2])f->weight + (size_t)x * f->taps;
	const int16_t *from = t->line + f->start[x] - (f->margin + t->left);
	int sum = t->p->bias;

	for (unsigned k = 0; k < f->taps; k++)
		sum += (from[k] * weight[k][0] + (1 << 14)) >> 15;
	sum >>= 6;
	to[x] = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

static bool is_edge(const struct third *t, unsigned x)
{
	return (int)t->p->across->start[x] - (int)t->p->across->margin != begin_of(t->p->across, x);
}

static void line_across(const struct third *t, unsigned y, enum cpu_level cpu)
{
	uint8_t *to = t->p->to + y * t->p->to_stride;
	int begin = 3 * (int)t->x + t->first_column - (int)t->left;

	t->line[-1] = t->line[0];
	t->line[t->columns] = t->line[t->columns - 1];
	scale_third_deal_avx2(t->dealt, t->line + begin, in_steps(t->n, 16) + 16);
	if (cpu >= CPU_AVX512 && t->n >= 64)
		scale_rows_down_avx512(to + t->x, &t->sum_across);
	else
		scale_rows_down_avx2(to + t->x, &t->sum_across);
	for (unsigned x = t->x; x < t->x + t->n && is_edge(t, x); x++)
		edge(t, to, x);
	for (unsigned x = t->x + t->n; x-- > t->x && is_edge(t, x);)
		edge(t, to, x);
}

static void run_strip(struct third *t, enum cpu_level cpu)
{
	for (unsigned y = 0; y < t->p->down->to + 3; y++) {
		int16_t *last = t->sum[3];

		add_lines(t, t->first_line + 3 * (int)y);
		if (y >= 3)
			line_across(t, y - 3, cpu);
		memmove(t->sum + 1, t->sum, 3 * sizeof t->sum[0]);
		t->sum[0] = last;
	}
}

void scale_third_x86(const struct scale_plane *p, enum cpu_level cpu)
{
	unsigned width = strip_width(p), to = p->across->to;
	struct third t;

	begin(&t, p);
	for (unsigned x = 0; x < to; x += width) {
		set_strip(&t, x, to - x < width ? to - x : width);
		run_strip(&t, cpu);
	}
}

#endif
