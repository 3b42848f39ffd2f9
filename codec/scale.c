/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/scale.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "codec/convert.h"
#include "codec/frame.h"
#include "codec/scale_plane.h"

#define SOURCE_MAX SCALE_FILTER_SIDE_MAX
#define ALIGN 64

/* All that the tables depend on; compared as a whole. */
struct shape {
	struct convert_from from;
	unsigned sar_num, sar_den;
};

struct scale {
	enum cpu_level cpu;
	struct frame *frame;
	bool ready;                             /* for shape, by tables or by convert */
	struct shape shape;
	unsigned x, y, w, h;                    /* where the picture lies in the frame */
	struct scale_filter *across[2], *down[2];  /* of luma, of chroma */
	void *table[2];
	void *scratch;
	size_t scratch_bytes;                   /* kept for the largest picture so far */
	struct convert *convert;                /* instead of the tables, for rare pictures */
};

int scale_new(struct scale **ret, unsigned width, unsigned height, enum cpu_level cpu)
{
	struct scale *s;

	if (width < SCALE_MIN || width > SCALE_MAX || width % 2 || height < SCALE_MIN || height > SCALE_MAX || height % 2)
		return -EINVAL;
	s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	s->cpu = cpu;
	if (frame_new(&s->frame, width, height)) {
		scale_free(&s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

static void forget(struct scale *s)
{
	s->ready = false;
	convert_free(&s->convert);
	for (int i = 0; i < 2; i++) {
		scale_filter_free(&s->across[i]);
		scale_filter_free(&s->down[i]);
		free(s->table[i]);
		s->table[i] = NULL;
	}
}

void scale_free(struct scale **sp)
{
	struct scale *s = *sp;

	if (!s)
		return;
	forget(s);
	frame_free(&s->frame);
	free(s->scratch);
	free(s);
	*sp = NULL;
}

/* Even, and the whole side when the bar would be under a fiftieth of it. */
static unsigned fit_side(uint64_t wanted, unsigned side)
{
	unsigned v = wanted > side ? side : (unsigned)(wanted + 1) & ~1u;

	if (v < 2)
		v = 2;
	return v + side / 50 >= side ? side : v;
}

static void place(struct scale *s, const struct shape *in)
{
	unsigned width = s->frame->width[0], height = s->frame->height[0];
	uint64_t across = (uint64_t)in->from.width * in->sar_num, down = (uint64_t)in->from.height * in->sar_den;

	s->w = width;
	s->h = height;
	if (across * height > down * width)
		s->h = fit_side(down * width / across, height);
	else
		s->w = fit_side(across * height / down, width);
	s->x = (width - s->w) / 2 & ~1u;
	s->y = (height - s->h) / 2 & ~1u;
}

static bool chroma_is_narrow(const struct convert_from *from)
{
	return from->format == PICTURE_420 || from->format == PICTURE_422;
}

static struct scale_axis across_of(const struct scale *s, const struct convert_from *from, bool chroma)
{
	bool narrow = chroma_is_narrow(from);

	if (!chroma)
		return (struct scale_axis){.from = from->width, .to = s->w, .step_num = from->width, .step_den = s->w,
			.at_from = SCALE_AT_CENTRE, .at_to = SCALE_AT_CENTRE};
	return (struct scale_axis){.from = narrow ? (from->width + 1) / 2 : from->width, .to = s->w / 2,
		.step_num = narrow ? from->width : 2 * from->width, .step_den = s->w,
		.at_from = narrow ? SCALE_AT_LEFT : SCALE_AT_CENTRE, .at_to = SCALE_AT_LEFT};
}

static struct scale_axis down_of(const struct scale *s, const struct convert_from *from, bool chroma)
{
	bool low = from->format == PICTURE_420;

	if (!chroma)
		return (struct scale_axis){.from = from->height, .to = s->h, .step_num = from->height, .step_den = s->h,
			.at_from = SCALE_AT_CENTRE, .at_to = SCALE_AT_CENTRE};
	return (struct scale_axis){.from = low ? (from->height + 1) / 2 : from->height, .to = s->h / 2,
		.step_num = low ? from->height : 2 * from->height, .step_den = s->h,
		.at_from = SCALE_AT_CENTRE, .at_to = SCALE_AT_CENTRE};
}

/* Full range: luma has 255 steps for 219 of the limited range, chroma for 224. What comes first makes them that. */
static int make_filters(struct scale *s, const struct convert_from *from, bool chroma)
{
	struct scale_axis across = across_of(s, from, chroma), down = down_of(s, from, chroma);
	bool across_first = scale_plane_across_first(&across);
	struct scale_axis *first = across_first ? &across : &down, *second = across_first ? &down : &across;
	int rc;

	first->gain_num = !from->full_range ? 255 : chroma ? 224 : 219;
	first->gain_den = 255;
	second->gain_num = second->gain_den = 1;
	rc = across_first ? scale_filter_pairs(&s->across[chroma], first) : scale_filter_pairs_down(&s->down[chroma], first);
	if (!rc)
		rc = scale_filter_weights(across_first ? &s->down[chroma] : &s->across[chroma], second);
	return rc ? rc : scale_table_new(&s->table[chroma], s->across[chroma]);
}

static int make_scratch(struct scale *s)
{
	size_t luma = scale_plane_scratch(s->across[0], s->down[0]), chroma = scale_plane_scratch(s->across[1], s->down[1]);
	size_t need = luma > chroma ? luma : chroma;
	void *scratch;

	if (need <= s->scratch_bytes)
		return 0;
	scratch = aligned_alloc(ALIGN, need);
	if (!scratch)
		return -ENOMEM;
	memset(scratch, 0, need);
	free(s->scratch);
	s->scratch = scratch;
	s->scratch_bytes = need;
	return 0;
}

/* -EINVAL for what is not for our tables. */
static int make_tables(struct scale *s, const struct convert_from *from)
{
	int rc;

	if (from->bits != 8 || from->format == PICTURE_GRAY || from->format == PICTURE_GBR)
		return -EINVAL;
	rc = make_filters(s, from, false);
	if (!rc)
		rc = make_filters(s, from, true);
	return rc ? rc : make_scratch(s);
}

static int prepare(struct scale *s, const struct shape *in)
{
	int rc;

	if (s->ready && memcmp(&s->shape, in, sizeof *in) == 0)
		return 0;
	forget(s);
	place(s, in);
	frame_blacken(s->frame);
	rc = make_tables(s, &in->from);
	if (rc == -EINVAL)
		rc = convert_new(&s->convert, &in->from, s->w, s->h);
	if (rc) {
		forget(s);
		return rc;
	}
	s->shape = *in;
	s->ready = true;
	return 0;
}

/* A pixel four times as long as wide is a lie. */
static bool believable(unsigned num, unsigned den)
{
	return num && den && num <= UINT16_MAX && den <= UINT16_MAX && num <= 4 * den && den <= 4 * num;
}

static struct shape shape_of(const struct picture *p)
{
	bool sar = believable(p->sar_num, p->sar_den);

	return (struct shape){.from = {.format = p->format, .bits = p->bits, .matrix = p->colour.matrix, .full_range = p->full_range,
		.width = p->width, .height = p->height}, .sar_num = sar ? p->sar_num : 1, .sar_den = sar ? p->sar_den : 1};
}

static bool fits_already(const struct scale *s, const struct shape *in)
{
	return in->from.format == PICTURE_420 && in->from.bits == 8 && !in->from.full_range &&
		in->from.width == s->frame->width[0] && in->from.height == s->frame->height[0] && in->sar_num == in->sar_den;
}

static void run_tables(struct scale *s, const struct picture *in)
{
	/* In 1/64: the limited range begins at 16; chroma's middle stays at 128, which is 112.4 of 224 steps. */
	const int begin[2] = {in->full_range ? 16 * 64 : 0, in->full_range ? (128 * 64 * (255 - 224) + 127) / 255 : 0};

	for (int i = 0; i < 3; i++) {
		struct frame *f = s->frame;
		struct scale_plane p = {.across = s->across[i > 0], .down = s->down[i > 0], .bias = begin[i > 0] + SCALE_PLANE_HALF,
			.from = in->plane[i], .from_stride = in->stride[i],
			.to = f->plane[i] + (i ? s->y / 2 : s->y) * f->stride[i] + (i ? s->x / 2 : s->x), .to_stride = f->stride[i],
			.table = s->table[i > 0], .scratch = s->scratch};

		scale_plane(&p, s->cpu);
	}
}

int scale_run(struct scale *s, const struct picture *in, struct picture *ret)
{
	struct shape shape = shape_of(in);
	int rc;

	if (in->width == 0 || in->height == 0 || in->width > SOURCE_MAX || in->height > SOURCE_MAX)
		return -EINVAL;
	if (fits_already(s, &shape)) {
		*ret = *in;
		return 0;
	}
	rc = prepare(s, &shape);
	if (!rc && s->convert)
		rc = convert_run(s->convert, in, s->frame, s->x, s->y);
	else if (!rc)
		run_tables(s, in);
	if (rc)
		return rc;
	*ret = s->frame->picture;
	ret->colour = in->colour;
	ret->pts = in->pts;
	ret->capture_us = in->capture_us;
	if (in->format == PICTURE_GBR)
		ret->colour.matrix = 1;
	return 0;
}
