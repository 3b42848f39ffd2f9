/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ingest and a worker would put into their rings. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/server/store_rig.h"

#define FPS 25

void rig_put(struct ring *ring, const struct record *rec)
{
	/* Tests want every record in: wait for store as no role would. */
	for (int i = 0; i < 2000 && record_put(ring, rec) == -ENOBUFS; i++) {
		ring_kick(ring);
		usleep(1000);
	}
	ring_kick(ring);
}

static int emit(void *ctx, const struct record *rec)
{
	rig_put(ctx, rec);
	return 0;
}

static struct track track_of(unsigned rendition)
{
	struct track t = {.codec = CODEC_H264, .timescale = 90000, .width = 640, .height = 360, .profile = 66, .level = 30, .config_len = 11,
		.config = {1, 66, 0, 30, 255, 225, 0, 0, 1, 0, 0}};

	if (rendition == RENDITION_AUDIO)
		t = (struct track){.codec = CODEC_AAC, .timescale = 16000, .rate = 16000, .channels = 1, .profile = 2, .config_len = 2, .config = {0x14, 0x08}};
	if (rendition == RENDITION_ENCODED)
		t.width = 320;
	return t;
}

void rig_epoch(struct rig *r, int64_t start_us)
{
	uint64_t epoch = (uint64_t)start_us > r->epoch ? (uint64_t)start_us : r->epoch + 1;

	r->epoch = epoch;
	r->segment = 0;
	r->start_us = start_us;
	for (unsigned i = 0; i < RIG_RENDITIONS; i++) {
		bool by_worker = i >= RENDITION_ENCODED || (i == RENDITION_AUDIO && r->worker_sound);
		struct packager_hooks hooks = {.emit = emit, .ctx = by_worker ? &r->transcode : &r->ingest};
		struct track t = track_of(i);

		packager_free(&r->packager[i]);
		if (r->without >> i & 1)
			continue;
		packager_init(&r->packager[i], &hooks, 400);
		cr_assert_eq(packager_begin(&r->packager[i], 0, (uint8_t)i, epoch, &t), 0);
	}
}

static void feed_one(struct rig *r, unsigned rendition, uint32_t segment, unsigned from, unsigned to, size_t au_bytes)
{
	uint32_t scale = track_of(rendition).timescale;
	uint8_t *data = malloc(au_bytes + 4);

	memset(data, (int)(segment * 31 + rendition), au_bytes + 4);
	for (unsigned i = from; i < to; i++) {
		struct au au = {.dts = (int64_t)((uint64_t)segment * FPS + i) * scale / FPS, .key = i == 0 || rendition == RENDITION_AUDIO,
			.capture_us = r->start_us + (int64_t)segment * 1000000 + i * 1000000 / FPS, .data = data, .len = au_bytes + 4};

		au.pts = au.dts;
		data[0] = data[1] = 0;
		data[2] = (uint8_t)(au_bytes >> 8);
		data[3] = (uint8_t)au_bytes;
		data[4] = au.key ? 0x65 : 0x41;
		cr_assert_eq(packager_add(&r->packager[rendition], &au, segment), 0);
	}
	free(data);
}

void rig_feed_open(struct rig *r, unsigned with, size_t au_bytes)
{
	for (unsigned i = 0; i < RIG_RENDITIONS; i++)
		if (with >> i & 1)
			feed_one(r, i, r->segment, 0, FPS - 1, i == RENDITION_COPY ? au_bytes : 120);
	r->segment++;
}

void rig_flush(struct rig *r)
{
	for (unsigned i = 0; i < RIG_RENDITIONS; i++) {
		struct track t = track_of(i);

		if (r->without >> i & 1)
			continue;
		packager_flush(&r->packager[i]);
		packager_begin(&r->packager[i], 0, (uint8_t)i, r->epoch, &t);
	}
}

void rig_feed(struct rig *r, unsigned segments, unsigned with, size_t au_bytes)
{
	while (segments--) {
		for (unsigned i = 0; i < RIG_RENDITIONS; i++)
			if (with >> i & 1)
				feed_one(r, i, r->segment, 0, FPS, i == RENDITION_COPY ? au_bytes : 120);
		r->segment++;
	}
	rig_flush(r);
}

void rig_gap(struct rig *r, enum gap_why why)
{
	struct record rec = {.kind = RECORD_GAP, .gap = {.epoch = r->epoch, .why = why, .at_us = r->start_us}};

	rig_put(&r->ingest, &rec);
}
