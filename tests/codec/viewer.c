/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/codec/viewer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codec/decoder.h"
#include "media/cmaf_read.h"
#include "media/packager.h"

#define ORIGIN (PACKAGER_ORIGIN_S * TIMESCALE_VIDEO)

struct viewer viewer[RENDITIONS_MAX];

void viewer_reset(void)
{
	for (unsigned i = 0; i < RENDITIONS_MAX; i++)
		for (unsigned k = 0; k < viewer[i].nsamples; k++)
			free(viewer[i].sample[k].data);
	memset(viewer, 0, sizeof viewer);
}

static struct rd box(struct rd r, uint32_t type)
{
	struct cmaf_box b;

	do
		cr_assert_eq(cmaf_next_box(&r, &b), 1, "no such box");
	while (b.type != type);
	return b.body;
}

static void keep(struct viewer *v, int64_t pts, uint32_t duration, bool key, const uint8_t *data, size_t len)
{
	struct viewer_sample *s = &v->sample[v->nsamples];

	cr_assert_lt(v->nsamples, VIEWER_SAMPLES_MAX);
	cr_assert_not_null(data);
	*s = (struct viewer_sample){pts, duration, key, malloc(len), len};
	cr_assert_not_null(s->data);
	memcpy(s->data, data, len);
	v->nsamples++;
}

/* ISO/IEC 14496-12 8.8.7, 8.8.8: what all samples share is in tfhd, the rest in trun; the bytes lie one behind the other in mdat. */
static void keep_samples(struct viewer *v, const struct record_part *p)
{
	struct rd part = rd_init(p->data, p->len), mdat = box(part, CMAF_TYPE('m', 'd', 'a', 't'));
	struct rd traf = box(box(part, CMAF_TYPE('m', 'o', 'o', 'f')), CMAF_TYPE('t', 'r', 'a', 'f'));
	struct rd tfhd = box(traf, CMAF_TYPE('t', 'f', 'h', 'd')), trun = box(traf, CMAF_TYPE('t', 'r', 'u', 'n'));
	uint32_t shared = rd_u32(&tfhd), flags = rd_u32(&trun), n = rd_u32(&trun), duration = 0, total = 0;
	bool first = true;

	rd_u32(&tfhd);
	if (shared & 8)
		duration = rd_u32(&tfhd);
	rd_u32(&trun);
	while (n--) {
		uint32_t size;

		duration = flags & 0x100 ? rd_u32(&trun) : duration;
		size = rd_u32(&trun);
		rd_bytes(&trun, flags & 0x400 ? 4 : 0);
		cr_assert_not(flags & 0x800, "shown in the order of decoding");
		cr_assert_not(trun.bad);
		keep(v, p->start - ORIGIN + total, duration, first && p->independent, rd_bytes(&mdat, size), size);
		total += duration;
		first = false;
	}
	cr_assert_eq(total, p->duration);
}

static void take_part(struct viewer *v, const struct record_part *p)
{
	struct viewer_segment *s;

	cr_assert_eq(p->epoch, v->epoch);
	if (p->part == 0) {
		cr_assert_lt(v->nsegments, VIEWER_SEGMENTS_MAX);
		if (v->nsegments && v->segment[v->nsegments - 1].epoch == p->epoch)
			cr_assert_gt(p->segment, v->segment[v->nsegments - 1].number, "segments go forward");
		v->segment[v->nsegments++] = (struct viewer_segment){p->epoch, p->segment, v->nsamples, 0, p->start - ORIGIN, p->capture_us, false};
		cr_assert(p->independent, "a segment begins with a key frame");
	}
	cr_assert_gt(v->nsegments, 0);
	s = &v->segment[v->nsegments - 1];
	cr_assert_eq(s->number, p->segment);
	cr_assert_eq(s->parts, p->part);
	cr_assert_not(s->ended);
	if (v->nsamples > s->first)
		cr_assert_eq(v->sample[v->nsamples - 1].pts + v->sample[v->nsamples - 1].duration, p->start - ORIGIN, "parts follow each other");
	s->parts++;
	if (p->rendition == RENDITION_SNAPSHOT)
		keep(v, p->start - ORIGIN, p->duration, true, p->data, p->len);
	else
		keep_samples(v, p);
}

int viewer_emit(void *ctx, const struct record *r)
{
	switch (r->kind) {
	case RECORD_INIT:
		viewer[r->init.rendition].inits++;
		viewer[r->init.rendition].track = r->init.track;
		viewer[r->init.rendition].epoch = r->init.epoch;
		return 0;
	case RECORD_PART:
		take_part(&viewer[r->part.rendition], &r->part);
		return 0;
	default: {
		struct viewer *v = &viewer[r->end.rendition];

		cr_assert_eq(r->kind, RECORD_SEGMENT_END);
		cr_assert_gt(v->nsegments, 0);
		cr_assert_eq(v->segment[v->nsegments - 1].number, r->end.segment);
		v->segment[v->nsegments - 1].ended = true;
		return 0;
	}
	}
}

unsigned viewer_watch(unsigned rendition, void (*see)(void *ctx, const struct picture *p, uint32_t duration), void *ctx)
{
	const struct viewer *v = &viewer[rendition];
	struct decoder *d;
	struct picture p;
	unsigned seen = 0;

	cr_assert_eq(decoder_open(&d, &v->track, 0), 0);
	for (unsigned i = 0; i <= v->nsamples; i++) {
		const struct viewer_sample *s = &v->sample[i];

		if (i == v->nsamples)
			decoder_drain(d);
		else
			cr_assert_eq(decoder_feed(d, &(struct au){s->pts, s->pts, 0, s->key, s->data, s->len}), 0);
		while (decoder_picture(d, &p)) {
			cr_assert_eq(p.pts, v->sample[seen].pts);
			see(ctx, &p, v->sample[seen].duration);
			seen++;
		}
	}
	cr_assert_eq(decoder_counts(d)->errors, 0);
	cr_assert_eq(seen, v->nsamples);
	decoder_free(&d);
	return seen;
}

double viewer_psnr(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b, ptrdiff_t b_stride, unsigned width, unsigned height)
{
	double sum = 0;

	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++) {
			int d = a[(ptrdiff_t)y * a_stride + x] - b[(ptrdiff_t)y * b_stride + x];

			sum += d * d;
		}
	return sum > 0 ? 10 * log10(255.0 * 255.0 * width * height / sum) : 100;
}

static double window(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b, ptrdiff_t b_stride)
{
	const double c1 = 6.5025, c2 = 58.5225, n = 64;
	double sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;

	for (unsigned y = 0; y < 8; y++)
		for (unsigned x = 0; x < 8; x++) {
			double p = a[(ptrdiff_t)y * a_stride + x], q = b[(ptrdiff_t)y * b_stride + x];

			sa += p;
			sb += q;
			aa += p * p;
			bb += q * q;
			ab += p * q;
		}
	sa /= n;
	sb /= n;
	return (2 * sa * sb + c1) * (2 * (ab / n - sa * sb) + c2) / ((sa * sa + sb * sb + c1) * (aa / n - sa * sa + bb / n - sb * sb + c2));
}

double viewer_ssim(const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b, ptrdiff_t b_stride, unsigned width, unsigned height)
{
	double sum = 0;
	unsigned n = 0;

	for (unsigned y = 0; y + 8 <= height; y += 4)
		for (unsigned x = 0; x + 8 <= width; x += 4, n++)
			sum += window(a + (ptrdiff_t)y * a_stride + x, a_stride, b + (ptrdiff_t)y * b_stride + x, b_stride);
	return sum / n;
}
