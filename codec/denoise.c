/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/denoise.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/denoise_kernels.h"
#include "codec/denoise_noise.h"
#include "codec/frame.h"

/*
 * A picture goes by bands of eight lines, two lines of cells. Each is smoothed lightly, since a camera's encoder holds
 * noise still for as long as nothing moves, and no mean over time takes that away; then compared with what has become of the pictures
 * before; and, when the next band has been too, so that all of its cells' neighbours are known, blended.
 *
 * A cell that moved, or is beside one that did, is taken anew; the others are means of up to DENOISE_AGE_MAX pictures. Within a
 * cell a pixel that differs by more than noise is taken anew as well: an edge that only touches the cell leaves no trail.
 */
#define SIDE_MIN 16
#define SIDE_MAX 4096
#define BAND 8
#define MARGIN 16            /* cells at both ends of a line of them, which never move */
#define SAMPLED_BANDS 8      /* noise is learned from one in so many, another each time */
#define ALIGN 64

struct plane {
	unsigned width, height;
	unsigned columns, lines;     /* with what fills them up to whole steps and bands */
	int16_t *before;             /* lines of columns */
	int16_t *age, *moved;        /* lines of cells, denoise.cell_stride apart, one more above and below */
	struct noise noise;
};

struct denoise {
	const struct denoise_kernels *k;
	enum denoise_strength strength;
	bool fresh;                  /* nothing came before */
	unsigned turn;
	size_t cell_stride;
	struct plane plane[3];
	struct frame *out;
	int16_t *now[2];             /* two bands, in turns */
	uint8_t *line[3];            /* the picture's, in turns; readable one sample to both sides */
	int16_t *sum, *weight;       /* two lines of cells; one */
};

static unsigned up_to(unsigned v, unsigned step)
{
	return (v + step - 1) / step * step;
}

/* Zeros, of which the first is aligned. */
static void *zeros(size_t size)
{
	void *p = aligned_alloc(ALIGN, (size + ALIGN - 1) / ALIGN * ALIGN);

	if (p)
		memset(p, 0, size);
	return p;
}

static bool plane_make(struct plane *p, unsigned width, unsigned height, unsigned fill, size_t cell_stride)
{
	size_t cells;

	p->width = width;
	p->height = height;
	p->columns = up_to(width, fill * DENOISE_STEP);
	p->lines = up_to(height, fill * BAND);
	cells = (p->lines / DENOISE_CELL + 2) * cell_stride;
	p->before = zeros(sizeof *p->before * p->columns * p->lines);
	p->age = zeros(sizeof *p->age * cells);
	p->moved = zeros(sizeof *p->moved * cells);
	return p->before && p->age && p->moved;
}

/* Luma is filled up twice as far, so that its cells are four for each of chroma's. */
static int make(struct denoise *d, unsigned width, unsigned height)
{
	unsigned columns = up_to(width, 2 * DENOISE_STEP);
	bool all = true;

	d->cell_stride = columns / DENOISE_CELL + 2 * MARGIN;
	for (unsigned i = 0; i < 3; i++)
		all &= plane_make(&d->plane[i], i ? width / 2 : width, i ? height / 2 : height, i ? 1 : 2, d->cell_stride);
	for (unsigned i = 0; i < 2; i++)
		all &= (d->now[i] = zeros(sizeof *d->now[i] * columns * BAND)) != NULL;
	for (unsigned i = 0; i < 3; i++)
		all &= (d->line[i] = zeros(columns + 2 * ALIGN)) != NULL;
	d->sum = zeros(sizeof *d->sum * d->cell_stride * 2);
	d->weight = zeros(sizeof *d->weight * d->cell_stride);
	return all && d->sum && d->weight ? frame_new(&d->out, width, height) : -ENOMEM;
}

int denoise_new(struct denoise **ret, unsigned width, unsigned height, enum denoise_strength strength, enum cpu_level cpu)
{
	struct denoise *d;
	int r;

	if (width < SIDE_MIN || width > SIDE_MAX || width % 2 || height < SIDE_MIN || height > SIDE_MAX || height % 2 ||
	    strength <= DENOISE_OFF || strength >= DENOISE_STRENGTHS)
		return -EINVAL;
	d = calloc(1, sizeof *d);
	if (!d)
		return -ENOMEM;
	d->k = denoise_kernels_for(cpu);
	d->strength = strength;
	d->fresh = true;
	r = make(d, width, height);
	if (r) {
		denoise_free(&d);
		return r;
	}
	*ret = d;
	return 0;
}

void denoise_free(struct denoise **dp)
{
	struct denoise *d = *dp;

	if (!d)
		return;
	for (unsigned i = 0; i < 3; i++) {
		free(d->plane[i].before);
		free(d->plane[i].age);
		free(d->plane[i].moved);
		free(d->line[i]);
	}
	free(d->now[0]);
	free(d->now[1]);
	free(d->sum);
	free(d->weight);
	frame_free(&d->out);
	free(d);
	*dp = NULL;
}

void denoise_forget(struct denoise *d)
{
	d->fresh = true;
}

/* One plane of the picture that is at work. */
struct job {
	struct denoise *d;
	struct plane *plane;
	const struct plane *luma;    /* NULL when this is it */
	const uint8_t *from;
	ptrdiff_t stride;
	uint8_t *to;
	size_t to_stride;
	struct noise_limits limits;
};

static uint8_t *line_at(const struct job *j, unsigned y)
{
	return j->d->line[y % 3] + ALIGN;
}

/* Line y with its ends repeated. */
static void fetch(const struct job *j, unsigned y)
{
	uint8_t *l = line_at(j, y);
	unsigned w = j->plane->width;

	memcpy(l, j->from + (ptrdiff_t)y * j->stride, w);
	l[-1] = l[0];
	memset(l + w, l[w - 1], j->plane->columns + 1 - w);
}

/* Lines must come in order: each is fetched once. Below the picture its last line is repeated. */
static void smooth_line(const struct job *j, unsigned y, int16_t *now)
{
	unsigned last = j->plane->height - 1, columns = j->plane->columns;

	if (y > last) {
		memcpy(now, y % BAND ? now - columns : j->d->now[(y / BAND + 1) % 2] + (BAND - 1) * (size_t)columns, sizeof *now * columns);
		return;
	}
	if (y == 0)
		fetch(j, 0);
	if (y < last)
		fetch(j, y + 1);
	j->d->k->smooth(line_at(j, y ? y - 1 : 0), line_at(j, y), line_at(j, y < last ? y + 1 : y), columns, j->limits.smooth, now);
}

/* Cells of line y of them, of an array with margins. */
static int16_t *cells_at(const struct denoise *d, int16_t *cells, unsigned y)
{
	return cells + (y + 1) * d->cell_stride + MARGIN;
}

static void sample(const struct job *j, unsigned band, const int16_t *now, const int16_t *before)
{
	struct plane *p = j->plane;

	if (j->d->fresh || band % SAMPLED_BANDS != j->d->turn || (band + 1) * BAND > p->height)
		return;
	noise_sample_cells(&p->noise, j->d->sum + MARGIN, cells_at(j->d, p->moved, 2 * band), j->d->cell_stride, p->width / (2 * DENOISE_CELL) * 2);
	noise_sample_line(&p->noise, now, before, p->width);
}

static void compare_band(const struct job *j, unsigned band)
{
	struct denoise *d = j->d;
	struct plane *p = j->plane;
	int16_t *now = d->now[band % 2], *before = p->before + (size_t)band * BAND * p->columns, *sum = d->sum + MARGIN;
	unsigned cells = p->columns / DENOISE_CELL;

	for (unsigned y = 0; y < BAND; y++)
		smooth_line(j, band * BAND + y, now + (size_t)y * p->columns);
	for (unsigned i = 0; i < 2; i++)
		d->k->sums(now + (size_t)i * DENOISE_CELL * p->columns, before + (size_t)i * DENOISE_CELL * p->columns, p->columns, cells, sum + i * d->cell_stride);
	d->k->judge(sum, cells_at(d, p->age, 2 * band), d->cell_stride, cells, &j->limits.cells, cells_at(d, p->moved, 2 * band));
	sample(j, band, now, before);
}

static void blend_row(const struct job *j, unsigned row)
{
	struct denoise *d = j->d;
	struct plane *p = j->plane;
	int16_t *now = d->now[row / 2 % 2] + row % 2 * DENOISE_CELL * (size_t)p->columns, *weight = d->weight + MARGIN;
	const int16_t *over = j->luma ? cells_at(d, j->luma->age, 2 * row) : NULL;

	d->k->grow(cells_at(d, p->moved, row), over, d->cell_stride, p->columns / DENOISE_CELL, j->limits.age, cells_at(d, p->age, row), weight);
	for (unsigned y = row * DENOISE_CELL; y < (row + 1) * DENOISE_CELL; y++, now += p->columns) {
		uint8_t *to = y < p->height ? j->to + y * j->to_stride : line_at(j, 0);

		d->k->blend(now, p->before + (size_t)y * p->columns, weight, p->columns, j->limits.pixel, to);
	}
}

static void run_plane(const struct job *j)
{
	unsigned bands = j->plane->lines / BAND;

	for (unsigned b = 0; b <= bands; b++) {
		if (b < bands)
			compare_band(j, b);
		for (unsigned i = 0; b && i < 2; i++)
			blend_row(j, 2 * (b - 1) + i);
	}
	noise_learn(&j->plane->noise);
}

void denoise_run(struct denoise *d, const struct picture *p, struct picture *ret)
{
	assert(p->format == PICTURE_420 && p->bits == 8 && p->width == d->plane[0].width && p->height == d->plane[0].height);
	for (unsigned i = 0; i < 3; i++) {
		struct job j = {.d = d, .plane = &d->plane[i], .luma = i ? &d->plane[0] : NULL, .from = p->plane[i], .stride = p->stride[i],
			.to = d->out->plane[i], .to_stride = d->out->stride[i]};

		noise_limits(&d->plane[i].noise, d->strength, &j.limits);
		if (d->fresh)
			j.limits.cells = (struct denoise_limits){-1, -1, -1};
		run_plane(&j);
	}
	d->fresh = false;
	d->turn = (d->turn + 1) % SAMPLED_BANDS;
	*ret = *p;
	for (unsigned i = 0; i < 3; i++) {
		ret->plane[i] = d->out->plane[i];
		ret->stride[i] = (ptrdiff_t)d->out->stride[i];
	}
}
