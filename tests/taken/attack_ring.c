/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By the memory that it shares with a neighbour: indexes that lie, records that are none, and all of it while the other one reads. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "media/record.h"
#include "tests/taken/taken.h"

#define RACE_US 2000000
#define HEADER 4096

static volatile uint64_t *head(const struct ring *r) { return (volatile uint64_t *)(void *)r->map; }
static volatile uint64_t *base(const struct ring *r) { return (volatile uint64_t *)(void *)(r->map + 8); }
static volatile uint64_t *tail(const struct ring *r) { return (volatile uint64_t *)(void *)(r->map + 64); }

static const char *with_head(struct taken *t, uint64_t to)
{
	*head(&t->ring) = to;
	ring_kick(&t->ring);
	return "done";
}

static const char *head_beyond(struct taken *t) { return with_head(t, t->ring.mine + t->ring.size + 8); }
static const char *head_at_the_end_of_numbers(struct taken *t) { return with_head(t, UINT64_MAX - 7); }
static const char *head_odd(struct taken *t) { return with_head(t, t->ring.mine + 12 + 1); }

/* One honest record first, so that there is something to go back behind. */
static const char *head_back(struct taken *t)
{
	struct record gap = {.kind = RECORD_GAP, .gap = {.camera = t->camera, .why = GAP_SILENT, .at_us = clock_wall_us()}};

	if (t->role.me == ROLE_INGEST)
		record_put(&t->ring, &gap);
	return with_head(t, t->ring.mine - 4096);
}

static const char *record_longer_than_the_ring(struct taken *t)
{
	uint32_t len = UINT32_MAX;

	memcpy(t->ring.map + HEADER, &len, sizeof len);
	*base(&t->ring) = t->ring.mine;
	return with_head(t, t->ring.mine + 4096);
}

static const char *garbage(struct taken *t)
{
	uint8_t bytes[300];
	struct iovec iov = {bytes, sizeof bytes};

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 91 + 7);
	ring_put(&t->ring, &iov, 1);
	ring_kick(&t->ring);
	return "done";
}

static const char *put(struct taken *t, const struct record *r)
{
	int rc = record_put(&t->ring, r);

	ring_kick(&t->ring);
	return rc ? "not delivered" : "done";
}

static const char *footage_of_a_foreign_camera(struct taken *t)
{
	return put(t, &(struct record){.kind = RECORD_PART, .part = {.camera = (uint16_t)(t->camera + 1), .rendition = t->role.me == ROLE_INGEST ? RENDITION_COPY : RENDITION_ENCODED,
		.epoch = (uint64_t)clock_wall_us(), .duration = 90000, .capture_us = clock_wall_us(), .data = (const uint8_t *)"x", .len = 1}});
}

static const char *a_copy_from_a_worker(struct taken *t)
{
	return put(t, &(struct record){.kind = RECORD_PART, .part = {.camera = t->camera, .rendition = RENDITION_COPY,
		.epoch = (uint64_t)clock_wall_us(), .duration = 90000, .capture_us = clock_wall_us(), .data = (const uint8_t *)"x", .len = 1}});
}

static const char *an_epoch_that_goes_back(struct taken *t)
{
	static const struct record first = {.kind = RECORD_INIT, .init = {.epoch = 1ull << 40,
		.track = {.codec = CODEC_H264, .timescale = 90000, .width = 64, .height = 64}, .init = (const uint8_t *)"x", .len = 1}};
	struct record r = first;

	r.init.camera = t->camera;
	put(t, &r);
	r.init.epoch--;
	return put(t, &r);
}

/* As much as goes in, for as long as store takes it: entries are for ever, and the memory of the others is not its own. */
static const char *segments_without_end(struct taken *t)
{
	uint64_t epoch = (uint64_t)clock_wall_us();
	struct record init = {.kind = RECORD_INIT, .init = {.camera = t->camera, .epoch = epoch,
		.track = {.codec = CODEC_H264, .timescale = 90000, .width = 64, .height = 64}, .init = (const uint8_t *)"x", .len = 1}};
	struct record part = {.kind = RECORD_PART, .part = {.camera = t->camera, .epoch = epoch, .independent = true, .duration = 1,
		.data = (const uint8_t *)"x", .len = 1}};
	int64_t until_us = taken_now_us() + RACE_US;

	put(t, &init);
	while (taken_now_us() < until_us) {
		part.part.capture_us = clock_wall_us();
		if (*put(t, &part) == 'd')
			part.part.segment++;
	}
	return "done";
}

static const char *gaps_without_end(struct taken *t)
{
	struct record gap = {.kind = RECORD_GAP, .gap = {.camera = t->camera, .why = GAP_SILENT}};
	int64_t until_us = taken_now_us() + RACE_US;

	while (taken_now_us() < until_us) {
		gap.gap.at_us = clock_wall_us();
		put(t, &gap);
	}
	return "done";
}

/* What the neighbour has looked at is another thing when it looks again. */
static const char *change_under_its_hands(struct taken *t)
{
	struct record gap = {.kind = RECORD_GAP, .gap = {.camera = t->camera, .why = GAP_SILENT}};
	int64_t until_us = taken_now_us() + RACE_US;
	uint32_t seed = 1;

	while (taken_now_us() < until_us) {
		for (unsigned i = 0; i < 100; i++) {
			seed = seed * 1664525 + 1013904223;
			*base(&t->ring) = seed;
			*(volatile uint32_t *)(void *)(t->ring.map + HEADER + (seed >> 8) % 1024 * 8) = seed;
		}
		gap.gap.at_us = clock_wall_us();
		put(t, &gap);
	}
	return "done";
}

/* 2^64 - 2 is as much as an eventfd holds, a pipe's end as much as it takes: whoever rings after that must not block. */
static const char *fill_the_bell(struct taken *t)
{
	uint64_t most = UINT64_MAX - 1;

	for (int i = 0; i < 100; i++)
		(void)!write(t->ring.doorbell, &most, sizeof most);
	return "done";
}

/* For nothing, as fast as it can. */
static const char *ring_without_end(struct taken *t)
{
	int64_t until_us = taken_now_us() + RACE_US;

	while (taken_now_us() < until_us)
		for (int i = 0; i < 100; i++)
			ring_kick(&t->ring);
	return "done";
}

/* --- as the one who reads --------------------------------------------------------------------- */

static const char *take_more_than_there_is(struct taken *t)
{
	struct ring *r = t->role.me == ROLE_TRANSCODE ? &t->in : &t->ring;

	*tail(r) = *head(r) + 4096;
	return "done";
}

static const char *give_back_what_was_taken(struct taken *t)
{
	*tail(&t->in) = *head(&t->in) - 2 * t->in.size;
	return "done";
}

/* All that its neighbour wrote and never looks at again, and the index that it must not believe. */
static const char *scribble_over_all(struct taken *t)
{
	struct ring *r = t->role.me == ROLE_TRANSCODE ? &t->in : &t->ring;
	uint64_t size = r->size + HEADER;

	memset(r->map, 0xee, size);
	return "done";
}

const struct attack attacks_ring[] = {
	{"head-beyond", IN(INGEST) | IN(TRANSCODE), NEEDS_RING, head_beyond, 20},
	{"head-last", IN(INGEST) | IN(TRANSCODE), NEEDS_RING, head_at_the_end_of_numbers, 20},
	{"head-odd", IN(INGEST) | IN(TRANSCODE), NEEDS_RING, head_odd, 20},
	{"head-back", IN(INGEST) | IN(TRANSCODE), NEEDS_RING, head_back, 20},
	{"long-record", IN(INGEST) | IN(TRANSCODE), NEEDS_RING, record_longer_than_the_ring, 20},
	{"ring-garbage", IN(INGEST) | IN(TRANSCODE), NEEDS_RING, garbage, 20},
	{"foreign-footage", IN(INGEST) | IN(TRANSCODE), NEEDS_RING, footage_of_a_foreign_camera, 20},
	{"worker-copy", IN(TRANSCODE), NEEDS_RING, a_copy_from_a_worker, 20},
	{"epoch-back", IN(INGEST), NEEDS_RING, an_epoch_that_goes_back, 20},
	{"segment-flood", IN(INGEST), NEEDS_RING, segments_without_end, 20},
	{"gap-flood", IN(INGEST), NEEDS_RING, gaps_without_end, 1},
	{"race", IN(INGEST), NEEDS_RING, change_under_its_hands, 20},
	{"fill-bell", IN(INGEST) | IN(TRANSCODE), NEEDS_RING, fill_the_bell, 1},
	{"bell-flood", IN(INGEST) | IN(TRANSCODE), NEEDS_RING, ring_without_end, 0},
	{"tail-beyond", IN(TRANSCODE), NEEDS_RING, take_more_than_there_is, 20},
	{"tail-beyond", IN(STORE), NEEDS_RING, take_more_than_there_is, 1},
	{"tail-back", IN(TRANSCODE), NEEDS_RING, give_back_what_was_taken, 20},
	{"scribble", IN(TRANSCODE) | IN(STORE), NEEDS_RING, scribble_over_all, 1},
	{0},
};
