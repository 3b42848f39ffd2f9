/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec/snapshot.h"

#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "codec/jpeg.h"
#include "codec/scale.h"
#include "media/packager.h"

#define FILE_MAX (4u << 20)

struct snapshot {
	uint16_t camera;
	enum cpu_level cpu;
	int (*emit)(void *ctx, const struct record *r);
	void *ctx;
	unsigned width, height;  /* of the files; 0: not known yet */
	struct scale *scale;
	struct jpeg *jpeg;
	struct buf file;
	bool announced;          /* INIT was sent, of this size and epoch */
	uint64_t epoch;
	bool any;                /* one was sent in this epoch, */
	uint32_t segment;        /* of this segment */
};

int snapshot_new(struct snapshot **ret, uint16_t camera, enum cpu_level cpu, int (*emit)(void *ctx, const struct record *r), void *ctx)
{
	struct snapshot *s = calloc(1, sizeof *s);

	if (!s)
		return -ENOMEM;
	s->camera = camera;
	s->cpu = cpu;
	s->emit = emit;
	s->ctx = ctx;
	buf_init(&s->file, FILE_MAX);
	*ret = s;
	return 0;
}

static void forget_size(struct snapshot *s)
{
	scale_free(&s->scale);
	jpeg_free(&s->jpeg);
	s->width = s->height = 0;
	s->announced = false;
}

void snapshot_free(struct snapshot **sp)
{
	if (!*sp)
		return;
	forget_size(*sp);
	buf_free(&(*sp)->file);
	free(*sp);
	*sp = NULL;
}

static unsigned side(double v)
{
	return v < SCALE_MIN ? SCALE_MIN : ((unsigned)v + 1) & ~1u;
}

/* As it is shown, with square pixels, no larger than it may be. */
static void size_of_file(const struct picture *p, unsigned *ret_width, unsigned *ret_height)
{
	double width = (double)p->width * p->sar_num / p->sar_den, height = p->height, by = 1;

	if (width > SNAPSHOT_WIDTH_MAX)
		by = SNAPSHOT_WIDTH_MAX / width;
	if (height * by > SNAPSHOT_HEIGHT_MAX)
		by = SNAPSHOT_HEIGHT_MAX / height;
	*ret_width = side(width * by);
	*ret_height = side(height * by);
}

static int set_size(struct snapshot *s, const struct picture *p)
{
	unsigned width, height;
	int rc;

	if (!p->width || !p->height || !p->sar_num || !p->sar_den)
		return -EINVAL;
	size_of_file(p, &width, &height);
	if (width == s->width && height == s->height)
		return 0;
	forget_size(s);
	rc = scale_new(&s->scale, width, height, s->cpu);
	if (!rc)
		rc = jpeg_new(&s->jpeg, width, height);
	if (rc) {
		forget_size(s);
		return rc;
	}
	s->width = width;
	s->height = height;
	return 0;
}

static int announce(struct snapshot *s, uint64_t epoch)
{
	struct record r = {.kind = RECORD_INIT, .init = {.camera = s->camera, .rendition = RENDITION_SNAPSHOT, .epoch = epoch,
		.track = {.codec = CODEC_JPEG, .timescale = TIMESCALE_VIDEO, .width = (uint16_t)s->width, .height = (uint16_t)s->height}}};
	int rc;

	if (s->announced && s->epoch == epoch)
		return 0;
	rc = s->emit(s->ctx, &r);
	if (rc)
		return rc;
	s->announced = true;
	s->any = s->any && s->epoch == epoch;
	s->epoch = epoch;
	return 0;
}

static int send(struct snapshot *s, const struct picture *p, uint32_t segment)
{
	struct record part = {.kind = RECORD_PART, .part = {.camera = s->camera, .rendition = RENDITION_SNAPSHOT, .epoch = s->epoch,
		.segment = segment, .independent = true, .start = p->pts + PACKAGER_ORIGIN_S * TIMESCALE_VIDEO, .duration = 1,
		.capture_us = p->capture_us, .data = buf_data(&s->file), .len = s->file.len}};
	struct record end = {.kind = RECORD_SEGMENT_END, .end = {.camera = s->camera, .rendition = RENDITION_SNAPSHOT, .epoch = s->epoch,
		.segment = segment}};
	int rc = s->emit(s->ctx, &part);

	if (rc)
		return rc;
	s->any = true;
	s->segment = segment;
	return s->emit(s->ctx, &end);
}

static int take(struct snapshot *s, const struct picture *p, uint64_t epoch, uint32_t segment)
{
	struct picture scaled;
	int rc = set_size(s, p);

	if (!rc)
		rc = scale_run(s->scale, p, &scaled);
	if (!rc)
		rc = jpeg_encode(s->jpeg, &scaled, &s->file);
	if (!rc)
		rc = announce(s, epoch);
	return rc ? rc : send(s, &scaled, segment);
}

int snapshot_take(struct snapshot *s, const struct picture *p, uint64_t epoch, uint32_t segment)
{
	int rc;

	if (p->pts < -PACKAGER_ORIGIN_S * TIMESCALE_VIDEO || p->pts > AU_TIME_MAX - PACKAGER_ORIGIN_S * TIMESCALE_VIDEO ||
	    p->capture_us < 0 || p->capture_us > AU_TIME_MAX)
		return -EINVAL;
	if (s->any && s->epoch == epoch && segment <= s->segment)
		return 0;
	rc = take(s, p, epoch, segment);
	return rc == -ENOBUFS || rc == -EMSGSIZE ? 0 : rc;
}
