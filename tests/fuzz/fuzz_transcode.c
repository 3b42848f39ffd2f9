/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a worker is given by ingest, and what store is given of it: a byte of settings, then records as they lie in
 * a ring, each behind a u16 length; or, with its highest bit set, something that the parent or the clock does. Any record may follow any
 * other, and yet store must get what it can read: of renditions that there are, parts behind an init segment, counted one by one.
 * Coding is slow, so few records and small pictures.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rd.h"
#include "codec/pump.h"

#define CAMERA 3
#define RECORDS_MAX 40
#define PIXELS_MAX (64 * 64)
#define IN_BYTES (64 << 10)
#define OUT_BYTES (4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ring to_pump, in, out, store;  /* each ring's two ends, kept from input to input: both are emptied */
static int64_t now;

static int64_t clock_us(void)
{
	return now += 100;
}

static bool open_pair(struct ring *producer, struct ring *consumer, size_t bytes)
{
	int fd, rc;

	if (ring_create(bytes, &fd))
		return false;
	rc = ring_open(producer, fd, -1);
	if (!rc && (rc = ring_open(consumer, fd, -1)))
		ring_close(producer);
	close(fd);
	return !rc;
}

/* Once; false when there is no memory for them now. */
static bool open_rings(void)
{
	if (!in.map && !open_pair(&to_pump, &in, IN_BYTES))
		return false;
	return out.map || open_pair(&out, &store, OUT_BYTES);
}

/* The parent: its answers come from the input. */
static void ask(void *ctx, uint8_t rendition, const struct media_signing_gop *g)
{
	if (rendition != 2)
		abort();
}

static struct transcoder_settings settings_of(uint8_t how)
{
	return (struct transcoder_settings){.camera = CAMERA, .max_pixels = PIXELS_MAX, .cpu = cpu_best(), .sound = how & 1, .overlay = how & 2,
		.denoise = how & 4 ? DENOISE_HIGH : DENOISE_OFF, .nmasks = how & 8 ? 1 : 0,
		.mask = {{.x = 100, .y = 100, .width = 3000, .height = 3000, .style = MASK_MOSAIC}}, .site = "site", .name = "camera", .ask = ask, .nrenditions = 2,
		.rendition = {{.number = 2, .width = 64, .height = 48, .bitrate_bps = 200000, .speed = ENCODER_ULTRAFAST, .sign = how & 16},
			{.number = 3, .width = 32, .height = 16, .fps = 10, .bitrate_bps = 16000, .speed = ENCODER_ULTRAFAST, .on_demand = true,
				.latency = how & 32 ? ENCODER_NORMAL : ENCODER_LOW}}};
}

/* What store has heard of a rendition. */
struct heard {
	bool init;
	uint64_t epoch;
	uint32_t segment, parts;
};

static struct heard *heard_of(struct heard all[RENDITIONS_MAX], uint16_t camera, uint8_t rendition)
{
	if (camera != CAMERA || (rendition != 2 && rendition != 3 && rendition != RENDITION_AUDIO && rendition != RENDITION_SNAPSHOT))
		abort();
	return &all[rendition];
}

static void hear_part(struct heard *h, const struct record_part *p)
{
	if (!h->init || p->epoch != h->epoch || (h->parts && p->segment != h->segment) || p->part != h->parts)
		abort();
	h->segment = p->segment;
	h->parts++;
}

static void hear(struct heard all[RENDITIONS_MAX], const struct record *r)
{
	struct heard *h;

	switch (r->kind) {
	case RECORD_INIT:
		h = heard_of(all, r->init.camera, r->init.rendition);
		*h = (struct heard){.init = true, .epoch = r->init.epoch};
		break;
	case RECORD_PART:
		hear_part(heard_of(all, r->part.camera, r->part.rendition), &r->part);
		break;
	case RECORD_SEGMENT_END:
		h = heard_of(all, r->end.camera, r->end.rendition);
		if (!h->parts || r->end.segment != h->segment)
			abort();
		h->parts = 0;
		break;
	default:
		abort();
	}
}

static void empty(struct heard all[RENDITIONS_MAX])
{
	static uint8_t bytes[OUT_BYTES / 4];
	struct record r;
	size_t n;

	while (ring_look(&store, &n) == 1) {
		ring_copy(&store, 0, bytes, n);
		ring_done(&store);
		if (record_decode(bytes, n, &r))
			abort();
		hear(all, &r);
	}
}

/* 0, or what the worker would end with. */
static int happen(struct pump *p, uint16_t what)
{
	static const uint8_t renditions[] = {2, 3, RENDITION_AUDIO, RENDITION_SNAPSHOT};
	uint8_t rendition = renditions[what & 3], nal[] = {6, 5, 1, 0, 0x80};
	int rc = 0;

	switch (what >> 2 & 3) {
	case 0:
		rc = pump_switch(p, rendition, what & 16);
		break;
	case 1:
		rc = transcoder_part(p->transcoder, rendition, what & 16 ? 200 : 0);
		break;
	case 2:
		transcoder_answer(p->transcoder, rendition, what >> 4 & 7, 0, nal, sizeof nal);
		break;
	default:
		now += (what >> 4 & 15) * INT64_C(500000);
	}
	return rc == -ENOENT ? 0 : rc;
}

static int feed(struct pump *p, struct rd *r)
{
	const char *why;
	int rc;

	while ((rc = pump_run(p, &why)) == -ENOTSUP)
		if (!why)
			abort();
	return rc ? rc : rd_left(r) ? 0 : 1;
}

static void run(struct pump *p, struct rd *r)
{
	struct heard all[RENDITIONS_MAX] = {{0}};
	int rc = 0;

	for (int i = 0; i < RECORDS_MAX && !rc && rd_left(r); i++) {
		uint16_t head = rd_u16(r);
		struct rd record = rd_sub(r, head & 0x8000 ? 0 : head);

		if (head & 0x8000)
			rc = happen(p, head);
		else if (!record.bad && rd_left(&record))
			ring_put(&to_pump, &(struct iovec){.iov_base = (void *)(uintptr_t)record.p, .iov_len = rd_left(&record)}, 1);
		if (!rc)
			rc = feed(p, r);
		empty(all);
	}
	if (rc >= 0)
		pump_finish(p);
	empty(all);
}

static void forget_rest(void)
{
	size_t n;

	while (ring_look(&in, &n) == 1)
		ring_done(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd r = rd_init(data, size);
	struct transcoder_settings s = settings_of(rd_u8(&r));
	struct pump p;

	if (!open_rings())
		return 0;
	now = 0;
	if (pump_open(&p, &s, &in, &out, clock_us) == 0)
		run(&p, &r);
	pump_close(&p);
	forget_rest();
	return 0;
}
