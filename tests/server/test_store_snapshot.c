/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots: sealed, hashed, entered and told to serve like segments, after the copy's segment that each was made from. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "tests/server/store_rig.h"

#define COPY 1u
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct rig r;
static unsigned wanted;

static void setup(void) { rig_begin(&r); }
static void teardown(void) { rig_end(&r); }

TestSuite(store_snapshot, .init = setup, .fini = teardown, .timeout = 120);

static bool has_copies(struct rig *x) { return x->segments[RENDITION_COPY] >= wanted; }
static bool has_snapshots(struct rig *x) { return x->segments[RENDITION_SNAPSHOT] >= wanted; }
static bool has_bad_peer(struct rig *x) { return x->store.bad_peers > 0; }

static struct record init_record(void)
{
	return (struct record){RECORD_INIT, {.init = {.rendition = RENDITION_SNAPSHOT, .epoch = r.epoch,
		.track = {.codec = CODEC_JPEG, .timescale = 90000, .width = 1280, .height = 720}}}};
}

static struct record part_record(uint32_t segment, const uint8_t *p, size_t n)
{
	return (struct record){RECORD_PART, {.part = {.rendition = RENDITION_SNAPSHOT, .epoch = r.epoch, .segment = segment, .independent = true,
		.start = (int64_t)segment * 90000, .duration = 1, .capture_us = r.start_us + (int64_t)segment * 1000000, .data = p, .len = n}}};
}

/* As a worker does when the segment begins. */
static void snap(uint32_t segment, size_t n)
{
	struct record init = init_record(), part, end = {RECORD_SEGMENT_END, {.end = {.rendition = RENDITION_SNAPSHOT, .epoch = r.epoch, .segment = segment}}};
	uint8_t *p = malloc(n);

	memset(p, (int)(segment + 1), n);
	part = part_record(segment, p, n);
	rig_put(&r.transcode, &init);
	rig_put(&r.transcode, &part);
	rig_put(&r.transcode, &end);
	free(p);
}

static void feed(unsigned segments)
{
	for (unsigned i = 0; i < segments; i++) {
		rig_feed_open(&r, COPY, 300);
		snap(r.segment - 1, 5000);
		rig_flush(&r);
	}
	wanted += segments;
	cr_assert(rig_until(&r, has_copies, 20000), "%u of %u copies", r.segments[RENDITION_COPY], wanted);
	cr_assert(rig_until(&r, has_snapshots, 20000), "%u of %u snapshots", r.segments[RENDITION_SNAPSHOT], wanted);
}

static const struct rig_segment *segment_of(unsigned rendition, unsigned i)
{
	return &r.segment_of[rendition][i];
}

static void finish(unsigned good)
{
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, good);
}

Test(store_snapshot, says_what_copy_it_was_made_from)
{
	char source[100];

	rig_start(&r);
	rig_epoch(&r, clock_wall_us());
	feed(3);
	cr_assert(rig_settle(&r));
	for (unsigned i = 0; i < 3; i++) {
		const struct rig_segment *copy = segment_of(RENDITION_COPY, i), *snapshot = segment_of(RENDITION_SNAPSHOT, i);

		cr_expect_eq(snapshot->m.number, copy->m.number);
		cr_expect_eq(snapshot->m.start_us, copy->m.start_us);
		cr_expect(snapshot->is_sealed && snapshot->m.bytes == 5000 && memcmp(snapshot->hash.b, snapshot->m.sha256, 32) == 0);
		cr_expect_gt(snapshot->m.entry, copy->m.entry);
		strcpy(source, "source sha256:");
		hex_encode(copy->hash.b, 32, source + strlen(source));
		cr_expect_eq(rig_count_entries(&r, source), 1, "%s", source);
	}
	cr_expect_eq(rig_count_entries(&r, "rendition snapshot\n"), 3);
	cr_expect_eq(rig_count_entries(&r, "init sha256:" EMPTY_SHA256 "\n"), 3);
	cr_expect_eq(rig_count_entries(&r, "duration 0.000\n"), 3);
	cr_expect_eq(r.tracks[RENDITION_SNAPSHOT], 0, "nobody needs its init");
	finish(3);
}

Test(store_snapshot, is_kept_in_memory_alone_but_its_proof_stays)
{
	struct msg_want want = {.request = 1, .kind = MSG_WANT_SEGMENT, .rendition = RENDITION_SNAPSHOT};

	rig_start(&r);
	rig_epoch(&r, clock_wall_us());
	feed(6);
	cr_assert(rig_settle(&r));
	for (unsigned i = 0; i < 6; i++) {
		want.number = segment_of(RENDITION_SNAPSHOT, i)->m.number;
		want.kind = MSG_WANT_SEGMENT;
		cr_assert(rig_want(&r, &want));
		cr_expect_eq(r.have.status, i < 3 ? MSG_HAVE_GONE : MSG_HAVE_OK, "%u: %u", i, r.have.status);
		want.kind = MSG_WANT_PROOF;
		cr_assert(rig_want(&r, &want));
		cr_expect_eq(r.have.status, MSG_HAVE_OK, "%u: %u", i, r.have.status);
	}
	want.kind = MSG_WANT_INIT;
	cr_assert(rig_want(&r, &want));
	cr_expect_eq(r.have.status, MSG_HAVE_NONE);
	finish(6);
}

/* A copy that never comes does not hold them for ever, and never many. */
Test(store_snapshot, does_not_wait_in_a_long_line)
{
	rig_start(&r);
	rig_epoch(&r, clock_wall_us());
	feed(1);
	for (uint32_t i = 1; i <= 6; i++)
		snap(r.segment + i, 1000);
	wanted += 3;
	cr_assert(rig_until(&r, has_snapshots, 5000), "%u snapshots", r.segments[RENDITION_SNAPSHOT]);
	cr_assert_eq(r.store.bad_peers, 0);
	rig_run(&r, 300);
	cr_expect_eq(r.segments[RENDITION_SNAPSHOT], 4, "three wait: %u", r.segments[RENDITION_SNAPSHOT]);
	cr_assert(rig_settle(&r));
	cr_expect_eq(rig_count_entries(&r, "source sha256:0000000000000000000000000000000000000000000000000000000000000000"), 3);
	finish(1);
}

Test(store_snapshot, survives_an_epoch_and_a_store)
{
	rig_start(&r);
	rig_epoch(&r, clock_wall_us());
	feed(2);
	rig_epoch(&r, clock_wall_us());
	feed(2);
	cr_assert(rig_settle(&r));
	cr_expect_eq(rig_count_entries(&r, "rendition snapshot\n"), 4);
	cr_assert_eq(rig_stop_store(&r), 0);
	cr_assert(rig_start_store(&r));
	rig_link_sign(&r);
	rig_link_serve(&r);
	rig_link_rings(&r);
	rig_epoch(&r, clock_wall_us());
	feed(1);
	cr_expect_eq(segment_of(RENDITION_SNAPSHOT, 4)->m.number, segment_of(RENDITION_COPY, 4)->m.number);
	finish(5);
}

Test(store_snapshot, lies_cost_the_liar)
{
	static uint8_t bytes[(2u << 20) + 1];
	struct record cases[4];
	static const char *const why[] = {"a snapshot of parts", "a snapshot of parts", "a snapshot that is too large", "a record of a rendition that is not its own"};

	rig_start(&r);
	for (unsigned i = 0; i < 4; i++) {
		struct record init;

		rig_epoch(&r, clock_wall_us());
		feed(1);
		init = init_record();
		cases[0] = cases[1] = cases[3] = part_record(r.segment, bytes, 100);
		cases[2] = part_record(r.segment, bytes, sizeof bytes);
		cases[0].part.part = 1;
		cases[1].part.head_bytes = 1;
		rig_put(&r.transcode, &init);
		rig_put(i == 3 ? &r.ingest : &r.transcode, &cases[i]);
		cr_assert(rig_until(&r, has_bad_peer, 2000), "case %u", i);
		cr_expect_str_eq(r.store.why, why[i]);
		r.store.bad_peers = 0;
		rig_link_rings(&r);
	}
	finish(4);
}
