/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "codec/pump.h"
#include "tests/codec/stream.h"

static struct stream stream;
static struct ring to_pump, in, out, store;  /* each ring's two ends */
static struct pump pump;
static int doorbell;
static int64_t now, slow_us;     /* the clock, and how far it goes with each look at it */

static int64_t clock_us(void)
{
	return now += slow_us;
}

static void open_pair(struct ring *producer, struct ring *consumer, size_t size, int bell)
{
	int fd;

	cr_assert_eq(ring_create(size, &fd), 0);
	cr_assert_eq(ring_open(producer, fd, bell), 0);
	cr_assert_eq(ring_open(consumer, fd, -1), 0);
	close(fd);
}

static void setup(void)
{
	struct transcoder_settings s = {.camera = 3, .nrenditions = 1, .rendition = {{2, 160, 90, 0, 400000}}};

	now = slow_us = 0;
	doorbell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	cr_assert_geq(doorbell, 0);
	open_pair(&to_pump, &in, 256 << 10, -1);
	open_pair(&out, &store, 1 << 20, doorbell);
	cr_assert_eq(pump_open(&pump, &s, &in, &out, clock_us), 0);
}

static void teardown(void)
{
	pump_close(&pump);
	ring_close(&to_pump);
	ring_close(&in);
	ring_close(&out);
	ring_close(&store);
	close(doorbell);
	stream_free(&stream);
}

TestSuite(pump, .init = setup, .fini = teardown);

static int put(const struct record *r)
{
	return record_put(&to_pump, r);
}

static void put_track(uint64_t epoch)
{
	cr_assert_eq(put(&(struct record){.kind = RECORD_TRACK, .track = {epoch, stream.track}}), 0);
}

static int put_au(unsigned i, uint64_t epoch, uint32_t segment)
{
	return put(&(struct record){.kind = RECORD_AU, .au = {.epoch = epoch, .segment = segment, .au = stream.au[i]}});
}

/* What store finds: how many of each kind of record. */
static void take(unsigned count[8])
{
	struct record r;
	struct buf b;

	buf_init(&b, RING_MAX);
	while (ring_get(&store, &b) == 1) {
		cr_assert_eq(record_decode(buf_data(&b), b.len, &r), 0);
		cr_assert_lt(r.kind, 8);
		count[r.kind]++;
		if (r.kind == RECORD_PART) {
			cr_assert_eq(r.part.camera, 3);
			cr_assert_eq(r.part.rendition, 2);
		}
	}
	buf_free(&b);
}

static uint64_t rung(void)
{
	uint64_t n = 0;

	return read(doorbell, &n, sizeof n) == sizeof n ? n : 0;
}

Test(pump, carries_a_stream_from_ring_to_ring)
{
	struct stream_kind k = {"plain", 320, 180, 100, 25};
	unsigned count[8] = {0};
	const char *why;

	stream_make(&stream, &k);
	put_track(42);
	for (unsigned i = 0; i < stream.n; i++) {
		cr_assert_eq(put_au(i, 42, i / 25), 0);
		cr_assert_eq(pump_run(&pump, &why), 0);
	}
	cr_assert_geq(rung(), 6, "store is woken for each part");
	cr_assert_eq(pump_finish(&pump), 0);
	cr_assert_geq(rung(), 1);
	take(count);
	cr_assert_eq(count[RECORD_INIT], 1);
	cr_assert_geq(count[RECORD_PART], 8);
	cr_assert_eq(count[RECORD_SEGMENT_END], 4);
	cr_assert_eq(pump_run(&pump, &why), 0);
	cr_assert_eq(rung(), 0);
}

/* As many access units as the ring takes. */
static unsigned fill(const struct stream_kind *k)
{
	unsigned n = 0;

	stream_make(&stream, k);
	put_track(42);
	while (n < stream.n && put_au(n, 42, n / 10) == 0)
		n++;
	return n;
}

Test(pump, leaves_pictures_out_once_half_of_the_ring_waits)
{
	unsigned n = fill(&(struct stream_kind){"noise", 320, 180, 100, 10, .noise = true});
	const char *why;

	cr_assert_lt(n, stream.n);
	cr_assert_geq(n, 6);
	cr_assert_eq(pump_run(&pump, &why), 0);
	/* All but the cuts, up to the last one that waited. */
	cr_assert_eq(transcoder_counts(pump.transcoder).behind, n - 1 - (n + 9) / 10);
}

Test(pump, leaves_pictures_out_when_it_finds_no_end)
{
	unsigned n = fill(&(struct stream_kind){"plain", 320, 180, 100, 10});
	const char *why;

	cr_assert_eq(n, 100);
	slow_us = PUMP_PATIENCE_US / 30;
	cr_assert_eq(pump_run(&pump, &why), 0);
	/* In time for some 30 of them, then only the 7 cuts that follow and the last. */
	cr_assert_geq(transcoder_counts(pump.transcoder).behind, 60);
	cr_assert_leq(transcoder_counts(pump.transcoder).behind, 63);
}

static unsigned steps_given_up(void)
{
	struct transcoder_state state;

	transcoder_state(pump.transcoder, &state);
	return state.overload;
}

/* A picture every 40 ms, each slow_us of work, cut each second. */
static void run_live(unsigned from, unsigned to)
{
	int64_t due = now;
	const char *why;

	for (unsigned i = from; i < to; i++, due += 40000) {
		struct record r = {.kind = RECORD_AU, .au = {.epoch = 42, .segment = i / 25, .au = stream.au[i % 100]}};

		r.au.au.pts = r.au.au.dts = (int64_t)i * STREAM_STEP;
		r.au.au.capture_us = 1000000 + i * INT64_C(40000);
		put(&r);
		if (due < now)
			continue;
		now = due;
		cr_assert_eq(pump_run(&pump, &why), 0);
		take((unsigned[8]){0});
	}
}

Test(pump, gives_up_what_it_has_no_time_for_and_takes_it_back)
{
	static const struct stream_kind k = {"plain", 320, 180, 100, 25};
	uint64_t behind;
	size_t memory;

	stream_make(&stream, &k);
	put_track(42);
	run_live(0, 100);
	cr_assert_eq(steps_given_up(), 0);
	slow_us = 100000;
	run_live(100, 1000);
	cr_assert_geq(steps_given_up(), 2, "%u", steps_given_up());
	cr_assert_gt(transcoder_counts(pump.transcoder).behind, 0);
	memory = mallinfo2().uordblks;
	run_live(1000, 2000);
	cr_assert_leq(mallinfo2().uordblks, memory + 65536, "lateness takes no memory");
	behind = transcoder_counts(pump.transcoder).behind;
	slow_us = 0;
	run_live(2000, 2000 + 120 * 25);
	cr_assert_eq(steps_given_up(), 0);
	cr_assert_leq(transcoder_counts(pump.transcoder).behind, behind + 25, "in time nothing is left out to catch up");
}

Test(pump, leaves_nothing_out_while_it_keeps_up)
{
	struct stream_kind k = {"plain", 320, 180, 100, 10};
	const char *why;

	stream_make(&stream, &k);
	put_track(42);
	slow_us = OVERLOAD_LATE_US / 3;
	for (unsigned i = 0; i < stream.n; i++) {
		cr_assert_eq(put_au(i, 42, i / 10), 0);
		if (i % 2)
			cr_assert_eq(pump_run(&pump, &why), 0);
	}
	cr_assert_eq(transcoder_counts(pump.transcoder).behind, 0);
	cr_assert_eq(transcoder_counts(pump.transcoder).encoded, 100);
}

Test(pump, says_what_cannot_be_decoded_and_goes_on)
{
	struct stream_kind k = {"plain", 320, 180, 5};
	unsigned count[8] = {0};
	const char *why = NULL;

	stream_make(&stream, &k);
	stream.track.config[0] = 9;
	put_track(1);
	stream.track.config[0] = 1;
	stream.track.config[4] = 0xfc;
	put_track(2);
	stream.track.config[4] = 0xff;
	put_track(3);
	cr_assert_eq(put_au(0, 3, 0), 0);
	while (pump_run(&pump, &why) == -ENOTSUP)
		cr_assert_not_null(why);
	cr_assert_eq(pump_finish(&pump), 0);
	take(count);
	cr_assert_eq(count[RECORD_PART], 1);
}

Test(pump, ends_at_what_ingest_would_never_send)
{
	static const char bytes[] = "\xff this is no record";
	const char *why;

	cr_assert_eq(ring_put(&to_pump, &(struct iovec){(void *)(uintptr_t)bytes, sizeof bytes}, 1), 0);
	cr_assert_eq(pump_run(&pump, &why), -EBADMSG);
	*(uint64_t *)(void *)to_pump.map = 12345;
	cr_assert_eq(pump_run(&pump, &why), -EBADMSG);
}

Test(pump, outlives_a_store_that_takes_nothing)
{
	struct stream_kind k = {"noise", 320, 180, 200, 10, .noise = true};
	unsigned count[8] = {0};
	const char *why;

	stream_make(&stream, &k);
	for (unsigned round = 1; round <= 6; round++) {
		put_track(round);
		for (unsigned i = 0; i < stream.n; i++) {
			cr_assert_eq(put_au(i, round, i / 10), 0);
			cr_assert_eq(pump_run(&pump, &why), 0);
		}
	}
	cr_assert_gt(transcoder_counts(pump.transcoder).refused, 0);
	take(count);
	count[RECORD_PART] = 0;
	put_track(9);
	for (unsigned i = 0; i < 20; i++) {
		cr_assert_eq(put_au(i, 9, i / 10), 0);
		cr_assert_eq(pump_run(&pump, &why), 0);
	}
	cr_assert_eq(pump_finish(&pump), 0);
	take(count);
	cr_assert_geq(count[RECORD_PART], 2);
}
