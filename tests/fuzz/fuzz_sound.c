/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Four bytes of track (codec, rate, channels, bits), then access units: a byte of
 * segments and one of time to go on by, and a byte of length with as many bytes.
 * What comes out must be what store takes.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/rd.h"
#include "codec/sound.h"

#define UNITS_MAX 6  /* encoding is slow */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	bool begun;
	uint64_t epoch;
	uint32_t segment, next_part;
	int64_t end;
};

static void check_part(struct seen *s, const struct record_part *p)
{
	if (!s->begun || p->epoch != s->epoch || p->duration == 0 || p->start < s->end || p->len == 0)
		abort();
	if (p->part ? p->segment != s->segment || p->part != s->next_part : s->end && p->segment < s->segment)
		abort();
	s->segment = p->segment;
	s->next_part = p->part + 1;
	s->end = p->start + p->duration;
}

static int take(void *ctx, const struct record *r)
{
	struct seen *s = ctx;

	switch (r->kind) {
	case RECORD_INIT:
		*s = (struct seen){.begun = true, .epoch = r->init.epoch};
		return r->init.rendition == RENDITION_AUDIO && r->init.track.codec == CODEC_AAC ? 0 : (abort(), 0);
	case RECORD_PART:
		check_part(s, &r->part);
		return 0;
	default:
		return r->kind == RECORD_SEGMENT_END && r->end.segment == s->segment ? 0 : (abort(), 0);
	}
}

static void feed(struct sound *s, struct rd *r)
{
	static const int32_t steps[] = {0, 1, 160, 161, 400, 1000, 2000, 3000, 3000000, -1, -160, -100000};
	struct record_au a = {.epoch = 7, .audio = true};

	for (unsigned i = 0; i < UNITS_MAX && rd_left(r); i++) {
		struct rd unit;

		a.segment += rd_u8(r) % 8;
		a.au.pts += steps[rd_u8(r) % (sizeof steps / sizeof *steps)];
		a.au.capture_us = a.au.pts * 125;
		if (a.au.capture_us < 0)
			a.au.capture_us = 0;
		unit = rd_sub(r, rd_u8(r));
		a.au.data = unit.p;
		a.au.len = rd_left(&unit);
		if (sound_feed(s, &a))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t rates[] = {8000, 16000, 44100, 48000, 96000, 7350, 10000, 0};
	struct rd r = rd_init(data, size);
	struct record_track t = {.epoch = 7, .track = {.codec = (enum codec)(rd_u8(&r) % CODEC_COUNT), .rate = rates[rd_u8(&r) % 8]}};
	struct seen seen = {0};
	struct sound *s = NULL;
	const char *why;

	t.track.timescale = t.track.rate;
	t.track.channels = rd_u8(&r) % 4;
	t.track.profile = rd_u8(&r);
	t.track.compat = t.track.profile >> 7;
	t.track.profile &= 0x7f;
	if (sound_new(&s, 1, 0, take, &seen) == 0) {
		sound_track(s, &t, &why);
		feed(s, &r);
		if (sound_finish(s))
			abort();
	}
	sound_free(&s);
	return 0;
}
