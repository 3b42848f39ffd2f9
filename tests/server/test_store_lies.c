/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Roles that were taken over, and what they gain from store and sign: nothing. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/server/store_rig.h"

#define ALL 7u
#define BYTE .data = (const uint8_t *)"x", .len = 1
#define PICTURES .track = {.codec = CODEC_H264, .timescale = 90000, .width = 64, .height = 64}
#define SLOW_SOUND .track = {.codec = CODEC_AAC, .timescale = 999, .rate = 999, .channels = 1, .profile = 2, .config = {0x14, 0x08}, .config_len = 2}

static struct rig r;
static unsigned wanted;

static void setup(void) { rig_begin(&r); }
static void teardown(void) { rig_end(&r); }

TestSuite(store_lies, .init = setup, .fini = teardown, .timeout = 120);

static bool has_copies(struct rig *x) { return x->segments[0] >= wanted; }
static bool has_bad_peer(struct rig *x) { return x->store.bad_peers > 0; }

static void expect_accused(const char *why)
{
	cr_assert(rig_until(&r, has_bad_peer, 2000), "not found: %s", why);
	cr_assert_str_eq(r.store.why, why);
	r.store.bad_peers = 0;
}

/* --- producers -------------------------------------------------------------------------- */

#define NOT_ITS_OWN "a record of a rendition that is not its own"

static const struct {
	const char *why;
	bool transcode;
	struct record rec;
} lies[] = {
	{NOT_ITS_OWN, false, {RECORD_PART, {.part = {.rendition = 2, .duration = 1, BYTE}}}},
	{NOT_ITS_OWN, true, {RECORD_PART, {.part = {.rendition = 0, .duration = 1, BYTE}}}},
	{NOT_ITS_OWN, false, {RECORD_PART, {.part = {.camera = 8, .duration = 1, BYTE}}}},
	{NOT_ITS_OWN, true, {RECORD_PART, {.part = {.camera = 1, .rendition = 2, .duration = 1, BYTE}}}},
	{NOT_ITS_OWN, true, {RECORD_SEGMENT_END, {.end = {.rendition = 5}}}},
	{"a gap of a camera that is not its own", true, {RECORD_GAP, {.gap = {.why = GAP_SILENT}}}},
	{"a gap of a camera that is not its own", false, {RECORD_GAP, {.gap = {.camera = 8, .why = GAP_SILENT}}}},
	{"a record that is not for store", false, {RECORD_AU, {.au = {.segment = 1, .au = {BYTE}}}}},
	{"a malformed record", false, {RECORD_PART, {.part = {BYTE}}}},
	{"a malformed record", false, {RECORD_INIT, {.init = {.rendition = RENDITION_AUDIO, SLOW_SOUND, .init = (const uint8_t *)"x", .len = 1}}}},
	{"an epoch that goes back", false, {RECORD_INIT, {.init = {.epoch = 1, PICTURES, .init = (const uint8_t *)"x", .len = 1}}}},
};

static void begin_anew(void)
{
	rig_link_rings(&r);
	rig_epoch(&r, clock_wall_us());
	wanted = r.segments[0] + 1;
	rig_feed(&r, 1, ALL, 500);
	cr_assert(rig_until(&r, has_copies, 60000));
}

Test(store_lies, producers_that_say_what_is_not_theirs_are_dropped)
{
	rig_start(&r);
	for (unsigned i = 0; i < sizeof lies / sizeof *lies; i++) {
		begin_anew();
		rig_put(lies[i].transcode ? &r.transcode : &r.ingest, &lies[i].rec);
		expect_accused(lies[i].why);
	}
	/* Neither the next honest one nor the log has suffered. */
	begin_anew();
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 10);
}

Test(store_lies, what_serve_would_refuse_is_refused_at_its_source)
{
	struct record rec = {RECORD_PART, {.part = {.duration = 601 * 90000u, .independent = true, BYTE}}};

	rig_start(&r);
	for (unsigned transcode = 0; transcode < 2; transcode++) {
		begin_anew();
		rec.part.rendition = transcode ? 2 : 0;
		rec.part.epoch = r.epoch;
		rec.part.segment = r.segment;
		rec.part.capture_us = clock_wall_us();
		rig_put(transcode ? &r.transcode : &r.ingest, &rec);
		expect_accused("a segment that lasts too long");
	}
	begin_anew();
	cr_assert(rig_settle(&r));
}

Test(store_lies, nothing_follows_a_last_part)
{
	struct record rec = {RECORD_PART, {.part = {.duration = 9000, .independent = true, .last = true, BYTE}}};

	rig_start(&r);
	begin_anew();
	rec.part.epoch = r.epoch;
	rec.part.segment = r.segment;
	rec.part.capture_us = clock_wall_us();
	for (; rec.part.part < 2; rec.part.part++)
		rig_put(&r.ingest, &rec);
	expect_accused("a part out of order");
	begin_anew();
	cr_assert(rig_settle(&r));
}

Test(store_lies, numbers_cannot_be_used_up)
{
	struct record rec = {RECORD_PART, {.part = {.duration = 1, .independent = true, BYTE}}};

	rig_start(&r);
	begin_anew();
	rec.part.epoch = r.epoch;
	rec.part.segment = UINT32_MAX;
	rig_put(&r.ingest, &rec);
	expect_accused("a segment number that jumps");
}

/* What is entered is never taken back: no producer may fill the log, or a serve's channel, with nothing. */
Test(store_lies, segments_that_come_too_fast_end_their_producer)
{
	struct record rec = {RECORD_PART, {.part = {.duration = 1, .independent = true, BYTE}}};

	rig_start(&r);
	begin_anew();
	rec.part.epoch = r.epoch;
	for (unsigned i = 0; i < 1100 && !r.store.bad_peers; i++) {
		rec.part.segment = r.segment + i;
		rec.part.capture_us = clock_wall_us();
		rig_put(&r.ingest, &rec);
		if (i % 50 == 0)
			rig_run(&r, 5);
	}
	expect_accused("segments that come too fast");
	cr_assert_leq(r.state.segments, 1003);
}

Test(store_lies, one_ingest_has_no_say_about_the_cameras_of_another)
{
	struct record gap = {RECORD_GAP, {.gap = {.why = GAP_SILENT}}};
	int fds[2], bell;
	struct ring other;

	rig_start(&r);
	begin_anew();
	cr_assert_eq(ring_create(RING_MIN, &fds[0]), 0);
	bell = fds[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	cr_assert_eq(ring_open(&other, fds[0], bell), 0);
	cr_assert_eq(channel_say(r.store.parent, MSG_RING_FROM, &(struct msg_ring_from){.role = ROLE_INGEST, .index = 1}, fds, 2), 0);
	close(fds[0]);
	rig_put(&other, &gap);
	expect_accused("a gap of a camera that is not its own");
	ring_close(&other);
	close(bell);
}

/* Epochs are wall-clock times: a clock that was set back, or a liar before it, must not shut a new ingest out. */
Test(store_lies, a_new_ingest_may_count_its_epochs_from_before)
{
	rig_start(&r);
	r.epoch = (uint64_t)clock_wall_us() + 3600000000u;
	begin_anew();
	cr_assert_gt(r.epoch, (uint64_t)clock_wall_us());
	r.epoch = 0;
	begin_anew();
	cr_assert_lt(r.epoch, (uint64_t)clock_wall_us());
	cr_assert_eq(r.store.bad_peers, 0, "%s", r.store.why);
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 4);
}

Test(store_lies, a_ring_of_garbage_is_dropped)
{
	uint8_t garbage[64];

	rig_start(&r);
	memset(garbage, 0xa5, sizeof garbage);
	ring_put(&r.ingest, &(struct iovec){garbage, sizeof garbage}, 1);
	ring_kick(&r.ingest);
	expect_accused("a malformed record");
	memset(r.transcode.map, 0xff, 8);
	ring_kick(&r.transcode);
	expect_accused("a ring that cannot be");
}

/* --- sign and store, with this test as the other ---------------------------------------- */

static struct {
	unsigned hellos, checkpoints;
	uint64_t size, signed_size;
} heard;

static void on_hello(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	heard.hellos++;
	heard.size = m->sign_hello.size;
}

static void on_checkpoint(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	heard.checkpoints++;
	heard.signed_size = m->checkpoint.size;
}

static const struct channel_answer from_sign[] = {{MSG_SIGN_HELLO, on_hello}, {MSG_CHECKPOINT, on_checkpoint}, {MSG_NONE, NULL}};
static const struct channel_answer nothing[] = {{MSG_NONE, NULL}};

static bool has_hello(struct rig *x) { return heard.hellos > 0; }
static bool has_checkpoint(struct rig *x) { return heard.checkpoints > 0; }

static struct channel *link_as(enum role_kind me, enum role_kind peer, struct rig_role *role, const struct channel_answer *answers)
{
	struct channel_ends ends = {.me = me, .peer = peer, .answers = answers};
	struct channel *c;
	int pair[2];

	cr_assert_eq(channel_pair(pair), 0);
	cr_assert_eq(channel_say(role->parent, MSG_PEER, &(struct msg_peer){.role = (uint8_t)me}, &pair[0], 1), 0);
	close(pair[0]);
	c = channel_new(r.base, pair[1], &ends);
	cr_assert(c);
	return c;
}

Test(store_lies, sign_says_hello_once)
{
	struct msg_sign_hello hello = {.vkey = "x"};
	struct channel *c;

	cr_assert(rig_start_store(&r));
	c = link_as(ROLE_SIGN, ROLE_STORE, &r.store, nothing);
	hello.size = 0;
	hash_bytes("", 0, (struct hash *)(void *)hello.root);
	snprintf(hello.vkey, sizeof hello.vkey, "%s", r.vkey);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(channel_say(c, MSG_SIGN_HELLO, &hello, NULL, 0), 0);
	expect_accused("a second hello");
	channel_free(&c);
}

/* Before this run's first hello that would mean a log that was cut, and be the end; after it, that a sign lies. */
Test(store_lies, sign_cannot_end_store_by_what_it_says_it_has_signed)
{
	struct msg_sign_hello hello = {.size = 1ull << 40};
	struct channel *c;

	rig_start(&r);
	begin_anew();
	snprintf(hello.vkey, sizeof hello.vkey, "%s", r.vkey);
	for (unsigned i = 0; i < 2; i++) {
		c = link_as(ROLE_SIGN, ROLE_STORE, &r.store, nothing);
		cr_assert_eq(channel_say(c, MSG_SIGN_HELLO, &hello, NULL, 0), 0);
		expect_accused("it says it has signed what this log never held");
		channel_free(&c);
		hello.size = 1;  /* with another root */
	}
	rig_link_sign(&r);
	begin_anew();
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 2);
}

/* Killed right behind its hello: store looks up what that says, behind what its disk is to take, and finds nobody to send the leaves to. */
Test(store_lies, sign_may_end_behind_its_hello)
{
	struct msg_sign_hello hello = {.size = 0};
	struct channel *c;

	rig_start(&r);
	begin_anew();
	cr_assert(rig_settle(&r));
	hash_bytes("", 0, (struct hash *)(void *)hello.root);
	snprintf(hello.vkey, sizeof hello.vkey, "%s", r.vkey);
	for (unsigned i = 0; i < 40; i++) {
		rig_feed(&r, 1, 7, 100);
		rig_run(&r, (int)i % 20);
		c = link_as(ROLE_SIGN, ROLE_STORE, &r.store, nothing);
		cr_assert_eq(channel_say(c, MSG_SIGN_HELLO, &hello, NULL, 0), 0);
		channel_free(&c);
		rig_run(&r, 20);
		cr_assert_not(r.store.gone, "%u: status %x", i, r.store.status);
	}
	cr_assert_eq(r.store.bad_peers, 0, "%s", r.store.why);
	rig_link_sign(&r);
	begin_anew();
	cr_assert(rig_settle(&r));
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 2);
}

/* It may have ended between making its state sure and sending; and no further entry may come for long. */
Test(store_lies, sign_says_its_last_checkpoint_again)
{
	struct msg_leaves leaves = {.hashes_len = 32};
	struct channel *c;

	cr_assert(rig_start_sign(&r));
	c = link_as(ROLE_STORE, ROLE_SIGN, &r.sign, from_sign);
	cr_assert(rig_until(&r, has_hello, 2000));
	cr_assert_eq(heard.checkpoints, 0);
	cr_assert_eq(channel_say(c, MSG_LEAVES, &leaves, NULL, 0), 0);
	cr_assert(rig_until(&r, has_checkpoint, 3000));
	rig_kill(&r.sign);
	channel_free(&c);
	memset(&heard, 0, sizeof heard);
	cr_assert(rig_start_sign(&r));
	c = link_as(ROLE_STORE, ROLE_SIGN, &r.sign, from_sign);
	cr_assert(rig_until(&r, has_checkpoint, 2000));
	cr_assert(heard.hellos == 1 && heard.size == 1 && heard.signed_size == 1);
	channel_free(&c);
}
