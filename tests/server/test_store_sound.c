/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sound comes from ingest or from the camera's worker: who is believed, and when. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/clock.h"
#include "tests/server/store_rig.h"

#define COPY 1u
#define SOUND 2u
#define ENCODED 4u
#define ALL 7u
#define INIT .track = {.codec = CODEC_AAC, .timescale = 8000, .rate = 8000, .channels = 1}, .init = (const uint8_t *)"y", .len = 1
#define LIE "sound that ingest packages itself"

static struct rig r;
static unsigned wanted;

static void setup(void) { rig_begin(&r); }
static void teardown(void) { rig_end(&r); }

TestSuite(store_sound, .init = setup, .fini = teardown, .timeout = 120);

static bool has_sound(struct rig *x) { return x->segments[RENDITION_AUDIO] >= wanted; }
static bool has_copies(struct rig *x) { return x->segments[RENDITION_COPY] >= wanted; }
static bool has_bad_peer(struct rig *x) { return x->store.bad_peers > 0; }

static void feed(unsigned segments, unsigned with)
{
	rig_feed(&r, segments, with, 500);
	wanted += segments;
	if (with & SOUND)
		cr_assert(rig_until(&r, has_sound, 20000), "%u of %u segments of sound", r.segments[RENDITION_AUDIO], wanted);
	if (with & COPY)
		cr_assert(rig_until(&r, has_copies, 20000), "%u of %u segments of copy", r.segments[RENDITION_COPY], wanted);
}

static void finish(unsigned good)
{
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, good);
}

static const struct msg_segment *segment_of(unsigned rendition, unsigned i)
{
	return &r.segment_of[rendition][i].m;
}

Test(store_sound, of_a_worker_lines_up_with_the_pictures)
{
	r.worker_sound = true;
	rig_start(&r);
	rig_epoch(&r, clock_wall_us());
	feed(3, ALL);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(segment_of(RENDITION_AUDIO, i)->number, segment_of(RENDITION_COPY, i)->number);
	finish(6);
}

Test(store_sound, changes_hands_with_an_epoch)
{
	rig_start(&r);
	for (unsigned i = 0; i < 4; i++) {
		r.worker_sound = i % 2;
		rig_epoch(&r, clock_wall_us());
		feed(2, COPY | SOUND);
	}
	cr_assert_eq(r.store.bad_peers, 0);
	finish(16);
}

Test(store_sound, of_a_worker_does_not_end_with_the_pictures)
{
	r.worker_sound = true;
	rig_start(&r);
	rig_epoch(&r, clock_wall_us());
	feed(1, COPY | SOUND);
	rig_feed_open(&r, COPY | SOUND, 500);
	rig_gap(&r, GAP_SILENT);
	wanted++;
	cr_assert(rig_until(&r, has_copies, 5000));
	cr_assert_eq(r.segments[RENDITION_AUDIO], 1);
	rig_flush(&r);
	cr_assert(rig_until(&r, has_sound, 5000));
	finish(4);
}

Test(store_sound, that_ingest_makes_is_no_workers)
{
	struct record init = {RECORD_INIT, {.init = {.rendition = RENDITION_AUDIO, INIT}}};
	struct record part = {RECORD_PART, {.part = {.rendition = RENDITION_AUDIO, .duration = 8000, .data = (const uint8_t *)"x", .len = 1}}};
	struct record end = {RECORD_SEGMENT_END, {.end = {.rendition = RENDITION_AUDIO}}};
	struct record *lies[] = {&init, &part, &end};

	rig_start(&r);
	for (unsigned i = 0; i < 3; i++) {
		rig_epoch(&r, clock_wall_us());
		feed(1, COPY | SOUND);
		init.init.epoch = part.part.epoch = end.end.epoch = r.epoch;
		part.part.segment = end.end.segment = r.segment;
		rig_put(&r.transcode, lies[i]);
		cr_assert(rig_until(&r, has_bad_peer, 2000));
		cr_assert_str_eq(r.store.why, LIE);
		r.store.bad_peers = 0;
		/* ingest has not suffered. */
		feed(1, COPY | SOUND);
		rig_link_rings(&r);
	}
	finish(12);
}

/* What comes late is no lie; what comes early could be one, and would silence ingest. */
Test(store_sound, of_another_epoch_does_not_disturb_that_of_ingest)
{
	struct record init = {RECORD_INIT, {.init = {.rendition = RENDITION_AUDIO, INIT}}};

	r.worker_sound = true;
	rig_start(&r);
	rig_epoch(&r, clock_wall_us());
	feed(1, COPY | SOUND);
	init.init.epoch = r.epoch;
	r.worker_sound = false;
	rig_epoch(&r, clock_wall_us());
	feed(1, COPY | SOUND);
	rig_put(&r.transcode, &init);
	feed(1, COPY | SOUND);
	init.init.epoch = r.epoch + 1000;
	rig_put(&r.transcode, &init);
	feed(1, COPY | SOUND);
	cr_assert_eq(r.store.bad_peers, 0);
	finish(8);
}

Test(store_sound, alone_makes_epochs_of_its_own)
{
	r.worker_sound = true;
	r.without = COPY | ENCODED;
	rig_start(&r);
	for (unsigned i = 0; i < 3; i++) {
		rig_epoch(&r, clock_wall_us());
		feed(2, SOUND);
	}
	for (unsigned i = 1; i < 6; i++)
		cr_assert_eq(segment_of(RENDITION_AUDIO, i)->number, segment_of(RENDITION_AUDIO, i - 1)->number + 1);
	finish(6);
}

/* Ingest numbers on from the epoch before, which is then ahead of the clock. */
Test(store_sound, alone_goes_on_when_the_clock_was_set_back)
{
	r.worker_sound = true;
	r.without = COPY | ENCODED;
	rig_start(&r);
	rig_epoch(&r, clock_wall_us() + 8000000);
	feed(2, SOUND);
	rig_epoch(&r, (int64_t)r.epoch + 7000000);
	feed(2, SOUND);
	finish(4);
}

/* One that was taken over has led them far ahead of the clock, a little each time. */
Test(store_sound, alone_goes_on_with_another_worker)
{
	r.worker_sound = true;
	r.without = COPY | ENCODED;
	rig_start(&r);
	rig_epoch(&r, clock_wall_us());
	for (unsigned i = 0; i < 5; i++) {
		rig_epoch(&r, (int64_t)r.epoch + 9000000);
		feed(1, SOUND);
	}
	rig_link_worker(&r);
	r.epoch = 0;
	rig_epoch(&r, clock_wall_us());
	feed(2, SOUND);
	finish(7);
}

Test(store_sound, that_was_quicker_does_not_number_the_pictures)
{
	struct record init = {RECORD_INIT, {.init = {.rendition = RENDITION_AUDIO, INIT}}};
	struct record part = {RECORD_PART, {.part = {.rendition = RENDITION_AUDIO, .duration = 8000, .data = (const uint8_t *)"x", .len = 1}}};

	r.worker_sound = true;
	rig_start(&r);
	/* An epoch far ahead is not believed; one that ingest will begin is, but its numbers are ingest's. */
	init.init.epoch = (uint64_t)clock_wall_us() + 3600 * 1000000ull;
	rig_put(&r.transcode, &init);
	init.init.epoch = part.part.epoch = (uint64_t)clock_wall_us() + 1000000;
	part.part.segment = 4000000;
	part.part.capture_us = clock_wall_us();
	rig_put(&r.transcode, &init);
	rig_put(&r.transcode, &part);
	rig_run(&r, 300);
	rig_epoch(&r, (int64_t)part.part.epoch);
	rig_feed(&r, 2, COPY, 500);
	wanted = 2;
	cr_assert(rig_until(&r, has_copies, 10000));
	/* And an earlier one is not a step back, when what was before is only the worker's word. */
	cr_assert_eq(r.store.bad_peers, 0);
}
