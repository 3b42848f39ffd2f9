/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chunks that store publishes while somebody watches closely. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "tests/server/store_rig.h"

#define COPY 1u
#define TARGET_MS 216

static struct rig r;
static unsigned wanted_segments, wanted_parts;

static void setup(void) { rig_begin(&r); }
static void teardown(void) { rig_end(&r); }

TestSuite(store_parts, .init = setup, .fini = teardown, .timeout = 240);

static bool has_segments(struct rig *x) { return x->segments[0] >= wanted_segments; }
static bool has_parts(struct rig *x) { return x->parts >= wanted_parts; }

static bool until_segments(unsigned n)
{
	wanted_segments = n;
	return rig_until(&r, has_segments, 60000);
}

static bool until_parts(unsigned n)
{
	wanted_parts = n;
	return rig_until(&r, has_parts, 60000);
}

/* A camera that store publishes chunks of: its first segment may have begun before store was told. */
static void watch(void)
{
	struct msg_part_length m = {.rendition = RENDITION_COPY, .chunk_ms = TARGET_MS, .part_ms = TARGET_MS};

	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 20000000);
	packager_set_part(&r.packager[0], TARGET_MS);
	rig_feed_open(&r, COPY, 500);
	cr_assert_eq(channel_say(r.store.parent, MSG_PART_LENGTH, &m, NULL, 0), 0);
	cr_assert(until_parts(1), "what there is of it is told, or what comes of it");
}

/* The chunks of a segment, in order: that they are its bytes, and what is said of them. Returns how many there are. */
static unsigned check_segment(const struct rig_segment *s, unsigned parts, uint16_t target_ms)
{
	uint64_t at = 0, first = 0;
	unsigned n = 0;
	struct hash h;

	for (unsigned i = 0; i < r.parts; i++) {
		const struct msg_part *m = &r.part[i].m;

		cr_expect(r.part[i].is_sealed && memcmp(r.part[i].hash.b, m->sha256, HASH_BYTES) == 0);
		if (m->number == s->m.number) {
			cr_expect_eq(m->offset, at, "chunk %u", n);
			cr_expect(m->part == n && m->ends && m->last == (n + 1 == parts) && m->independent == (n == 0), "chunk %u", n);
			cr_expect(m->target_ms == target_ms && m->tag == (uint32_t)r.epoch && m->discontinuity == s->m.discontinuity);
			cr_expect_eq(memcmp(m->init_sha256, s->m.init_sha256, HASH_BYTES), 0);
			at += m->bytes;
			n++;
		} else if (!n) {
			first += m->bytes;
		}
	}
	cr_expect(n == parts && at == s->m.bytes, "%u chunks, %llu of %llu bytes", n, (unsigned long long)at, (unsigned long long)s->m.bytes);
	cr_assert(first + at <= r.part_bytes.len);
	hash_bytes(buf_data(&r.part_bytes) + first, at, &h);
	cr_expect_eq(memcmp(h.b, s->m.sha256, HASH_BYTES), 0, "byte for byte the segment");
	return n;
}

Test(store_parts, are_sealed_and_together_the_segment)
{
	watch();
	rig_feed(&r, 2, COPY, 500);
	rig_flush(&r);
	cr_assert(until_segments(3));
	check_segment(&r.segment_of[0][1], 5, TARGET_MS);
	check_segment(&r.segment_of[0][2], 5, TARGET_MS);
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 3);
}

/* Nothing that a producer does makes the target longer: its segment has no parts. */
Test(store_parts, a_chunk_that_is_longer_costs_its_segment_its_parts)
{
	unsigned last = 0;

	watch();
	rig_feed(&r, 1, COPY, 500);
	packager_set_part(&r.packager[0], 400);
	rig_feed(&r, 2, COPY, 500);
	packager_set_part(&r.packager[0], TARGET_MS);
	rig_feed(&r, 2, COPY, 500);
	rig_flush(&r);
	cr_assert(until_segments(6));
	for (unsigned i = 0; i < r.parts; i++)
		if (r.part[i].m.number == r.segment_of[0][3].m.number && r.part[i].m.last) {
			cr_expect_eq(r.part[i].m.part, MSG_NO_PART);
			last++;
		}
	cr_expect_eq(last, 1);
	check_segment(&r.segment_of[0][5], 5, TARGET_MS);
}

/* What had begun before ingest heard of it is as long as it was: no reason to promise less for good. */
Test(store_parts, a_chunk_from_before_makes_no_target_longer)
{
	struct msg_part_length m = {.rendition = RENDITION_COPY, .chunk_ms = TARGET_MS, .part_ms = TARGET_MS};

	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 20000000);
	rig_feed_open(&r, COPY, 500);
	cr_assert_eq(channel_say(r.store.parent, MSG_PART_LENGTH, &m, NULL, 0), 0);
	cr_assert(until_parts(1));
	packager_set_part(&r.packager[0], TARGET_MS);
	rig_feed(&r, 3, COPY, 500);
	rig_flush(&r);
	cr_assert(until_segments(4));
	for (unsigned i = 0; i < r.parts; i++)
		if (r.part[i].m.number == r.segment_of[0][0].m.number)
			cr_expect_eq(r.part[i].m.part, MSG_NO_PART);
	check_segment(&r.segment_of[0][3], 5, TARGET_MS);
}

Test(store_parts, several_chunks_make_a_part)
{
	unsigned n = 0, ends = 0;

	watch();
	packager_set_part(&r.packager[0], MSG_PICTURE_MS);
	rig_feed(&r, 2, COPY, 500);
	rig_flush(&r);
	cr_assert(until_segments(3));
	for (unsigned i = 0; i < r.parts; i++) {
		if (r.part[i].m.number != r.segment_of[0][2].m.number)
			continue;
		cr_expect(r.part[i].m.part == n / 5 && r.part[i].m.ends == (n % 5 == 4), "picture %u", n);
		ends += r.part[i].m.ends;
		n++;
	}
	cr_expect(n == 25 && ends == 5);
}

Test(store_parts, a_new_serve_is_told_what_there_is_of_the_open_segment)
{
	unsigned before;

	watch();
	rig_feed(&r, 1, COPY, 500);
	rig_feed_open(&r, COPY, 500);
	cr_assert(until_segments(2));
	for (wanted_parts = r.parts; r.part[r.parts - 1].m.number <= r.segment_of[0][1].m.number;)
		cr_assert(until_parts(r.parts + 1), "the open segment's first");
	before = r.parts;
	rig_link_serve(&r);
	cr_assert(until_parts(before + 1));
	while (r.part[r.parts - 1].m.part != MSG_NO_PART)
		cr_assert(until_parts(r.parts + 1));
	cr_expect(r.part[r.parts - 1].m.offset == 0 && r.part[r.parts - 1].m.independent && !r.part[r.parts - 1].m.last);
	cr_expect_eq(r.part[r.parts - 1].m.number, r.segment_of[0][1].m.number + 1);
}

Test(store_parts, nobody_is_told_of_chunks_without_being_watched)
{
	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 20000000);
	rig_feed(&r, 3, COPY, 500);
	cr_assert(until_segments(2));
	cr_expect_eq(r.parts, 0);
}
