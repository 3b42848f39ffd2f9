/* SPDX-License-Identifier: GPL-2.0-or-later */
/* By parts: of a segment's chunks as they come from ingest or a worker, and of those that store publishes before a segment is whole. */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "media/record.h"
#include "tests/taken/taken.h"

#define CHUNK 65536
#define WAIT_US 8000000

/* --- into store's ring ---------------------------------------------------------------------- */

static struct record part_of(const struct taken *t, uint64_t epoch, uint32_t segment, uint32_t part)
{
	return (struct record){.kind = RECORD_PART, .part = {.camera = t->camera, .rendition = t->role.me == ROLE_INGEST ? RENDITION_COPY : RENDITION_ENCODED,
		.epoch = epoch, .segment = segment, .part = part, .independent = part == 0, .duration = 9000, .capture_us = clock_wall_us(),
		.data = (const uint8_t *)"chunk", .len = 5}};
}

static const char *put(struct taken *t, const struct record *r)
{
	int rc = record_put(&t->ring, r);

	ring_kick(&t->ring);
	return rc ? "not delivered" : "done";
}

/* A worker's epochs are its camera's: the one that ingest is at, or 0 when it does not say. */
static uint64_t epoch_of(struct taken *t)
{
	int64_t until_us = taken_now_us() + WAIT_US;
	struct record rec;
	uint64_t epoch = 0;
	struct buf b;

	if (t->role.me == ROLE_INGEST)
		return (uint64_t)clock_wall_us();
	buf_init(&b, 16u << 20);
	while (!epoch && taken_now_us() < until_us)
		if (ring_get(&t->in, &b) == 1 && record_decode(buf_data(&b), b.len, &rec) == 0 && rec.kind == RECORD_TRACK)
			epoch = rec.track.epoch;
	buf_free(&b);
	return epoch;
}

/* An epoch whose first segment has begun. */
static uint64_t begin(struct taken *t)
{
	struct record init = {.kind = RECORD_INIT, .init = {.camera = t->camera, .rendition = t->role.me == ROLE_INGEST ? RENDITION_COPY : RENDITION_ENCODED,
		.epoch = epoch_of(t), .track = {.codec = CODEC_H264, .timescale = 90000, .width = 64, .height = 64}, .init = (const uint8_t *)"x", .len = 1}};

	put(t, &init);
	return init.init.epoch;
}

static const char *put_two(struct taken *t, struct record first, struct record second)
{
	put(t, &first);
	return put(t, &second);
}

static const char *leave_a_part_out(struct taken *t)
{
	uint64_t epoch = begin(t);

	return put_two(t, part_of(t, epoch, 0, 0), part_of(t, epoch, 0, 5));
}

static const char *say_a_part_twice(struct taken *t)
{
	uint64_t epoch = begin(t);

	return put_two(t, part_of(t, epoch, 0, 0), part_of(t, epoch, 0, 0));
}

static const char *go_on_with_a_segment_before(struct taken *t)
{
	struct record first = part_of(t, begin(t), 0, 0);

	put(t, &first);
	return put_two(t, part_of(t, first.part.epoch, 1, 0), first);
}

static const char *go_on_behind_the_last(struct taken *t)
{
	struct record last = part_of(t, begin(t), 0, 0);

	last.part.last = true;
	return put_two(t, last, part_of(t, last.part.epoch, 0, 1));
}

static const char *begin_with_a_part_of_hours(struct taken *t)
{
	struct record part = part_of(t, begin(t), 0, 0);

	part.part.duration = UINT32_MAX;
	return put(t, &part);
}

/* store's hash over the samples would begin behind the chunk's end. */
static const char *end_a_head_behind_its_part(struct taken *t)
{
	struct record part = part_of(t, begin(t), 0, 0);

	part.part.head_bytes = (uint32_t)part.part.len + 1;
	return put(t, &part);
}

static const char *say_parts_without_end(struct taken *t)
{
	uint64_t epoch = begin(t);

	for (uint32_t i = 0; i <= RECORD_PARTS_MAX; i++) {
		struct record part = part_of(t, epoch, 0, i);

		part.part.duration = 1;
		put(t, &part);
	}
	return "done";
}

/* --- to serve ------------------------------------------------------------------------------- */

/* Of a number that no segment has yet. */
static struct msg_part chunk(uint64_t offset, uint16_t part)
{
	return (struct msg_part){.number = UINT64_C(1) << 40, .tag = 1, .part = part, .ends = true, .independent = true, .start_us = clock_wall_us(), .duration = 18000,
		.timescale = 90000, .offset = offset, .bytes = CHUNK, .target_ms = 400};
}

static int memory(unsigned seals)
{
	int fd = (int)syscall(SYS_memfd_create, "part", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || syscall(SYS_ftruncate, fd, CHUNK) < 0 || (seals && syscall(SYS_fcntl, fd, F_ADD_SEALS, seals) < 0))
		return -1;
	return fd;
}

static const char *give(struct taken *t, const struct msg_part *m, unsigned seals)
{
	int fd = memory(seals);

	if (fd < 0)
		return taken_outcome(-1, "");
	return taken_say(t->peer[ROLE_SERVE], MSG_PART, m, &fd, 1) ? "not delivered" : "done";
}

#define ALL (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

/* It could be written to, or cut, while a viewer is sent it. */
static const char *give_a_part_that_can_change(struct taken *t)
{
	struct msg_part m = chunk(0, 0);

	return give(t, &m, 0);
}

/* serve would read behind the end of its memory. */
static const char *give_a_part_beyond_its_memory(struct taken *t)
{
	struct msg_part m = chunk(0, 0);

	m.bytes = 16 * CHUNK;
	return give(t, &m, ALL);
}

static const char *give_parts_that_overlap(struct taken *t)
{
	struct msg_part first = chunk(0, 0), second = chunk(CHUNK / 2, 1);

	give(t, &first, ALL);
	return give(t, &second, ALL);
}

static const char *give_parts_out_of_order(struct taken *t)
{
	struct msg_part first = chunk(0, 0), second = chunk(CHUNK, 7);

	give(t, &first, ALL);
	return give(t, &second, ALL);
}

#define STAY 20

const struct attack attacks_parts[] = {
	{"part-left-out", IN(INGEST), NEEDS_RING, leave_a_part_out, STAY},
	{"part-twice", IN(INGEST), NEEDS_RING, say_a_part_twice, STAY},
	{"part-of-before", IN(INGEST), NEEDS_RING, go_on_with_a_segment_before, STAY},
	{"part-behind-last", IN(INGEST), NEEDS_RING, go_on_behind_the_last, STAY},
	{"part-of-hours", IN(INGEST) | IN(TRANSCODE), NEEDS_RING, begin_with_a_part_of_hours, STAY},
	{"part-all-head", IN(INGEST) | IN(TRANSCODE), NEEDS_RING, end_a_head_behind_its_part, STAY},
	{"part-flood", IN(INGEST), NEEDS_RING, say_parts_without_end, STAY},
	{"part-unsealed", IN(STORE), NEEDS_SERVE, give_a_part_that_can_change, 1},
	{"part-beyond", IN(STORE), NEEDS_SERVE, give_a_part_beyond_its_memory, 1},
	{"part-overlaps", IN(STORE), NEEDS_SERVE, give_parts_that_overlap, 1},
	{"part-out-of-order", IN(STORE), NEEDS_SERVE, give_parts_out_of_order, 1},
	{0},
};
