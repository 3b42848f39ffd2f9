/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is a list of access units (flags, dts step, pts offset, bytes) and of refusals. What comes out must be
 * chunks that the reader takes, in time order, parts without holes, and every access unit sent or counted.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/rd.h"
#include "media/cmaf_read.h"
#include "media/cutter.h"
#include "media/packager.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sink {
	unsigned refuse;
	uint64_t samples, next_start;
	uint32_t segment, part;
	bool open;
};

static void check_part(struct sink *s, const struct record_part *p)
{
	struct cmaf_extent e;

	cmaf_check_chunks(p->data, p->len, &e);
	if (e.chunks != 1 || e.end != p->len || e.decode_time != (uint64_t)p->start || e.duration != p->duration || e.decode_time < s->next_start)
		abort();
	if (s->open ? p->segment != s->segment || p->part != s->part : p->part != 0)
		abort();
	s->open = true;
	s->segment = p->segment;
	s->part = p->part + 1;
	s->samples += e.samples;
	s->next_start = e.decode_time + e.duration;
}

static int take(void *ctx, const struct record *r)
{
	struct sink *s = ctx;

	if (s->refuse) {
		s->refuse--;
		return -ENOBUFS;
	}
	if (r->kind == RECORD_PART) {
		check_part(s, &r->part);
	} else if (r->kind == RECORD_SEGMENT_END) {
		if (!s->open || r->end.segment != s->segment)
			abort();
		s->open = false;
	} else {
		s->next_start = 0;
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct track track = {.codec = CODEC_H264, .timescale = 90000, .width = 64, .height = 48, .config = {1, 66, 0, 30, 0xff, 0xe0, 0}, .config_len = 7};
	struct rd r = rd_init(data, size);
	struct sink s = {0};
	struct packager_hooks h = {.emit = take, .ctx = &s};
	struct packager p;
	struct cutter c;
	uint64_t taken = 0;
	int64_t dts = 0;

	packager_init(&p, &h, 100);
	cutter_init(&c, 500, 0, true);
	if (packager_begin(&p, 0, 0, 1, &track))
		abort();
	while (rd_left(&r) >= 6) {
		uint8_t flags = rd_u8(&r);
		struct au au = {.dts = dts + rd_u16(&r), .capture_us = 1, .key = flags & 1};

		dts = au.dts;
		au.pts = au.dts + (int16_t)rd_u16(&r);
		au.len = rd_u8(&r);
		au.data = rd_bytes(&r, au.len);
		if (!au.data)
			break;
		s.refuse = flags >> 5;
		cutter_cut(&c, &au);
		taken += packager_add(&p, &au, c.segment) == 0;
	}
	s.refuse = 0;
	packager_flush(&p);
	if (s.samples + p.dropped_aus != taken || s.open)
		abort();
	packager_free(&p);
	return 0;
}
