/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/server/ingest_world.h"

static void setup(void)
{
	rig_begin(&rig_camera, -1);
}

TestSuite(ingest_role, .init = setup, .fini = rig_end, .timeout = 60);

static void begin_play(void)
{
	rig_connect();
	rig_play("rtsp");
}

Test(ingest_role, turns_packets_into_parts)
{
	struct buf b;
	struct record r;

	buf_init(&b, PART_MAX_BYTES);
	begin_play();
	rig_show(120);
	r = rig_next_record(&b, RECORD_INIT);
	cr_assert(r.init.camera == 5 && r.init.rendition == RENDITION_COPY && r.init.track.width == 1280);
	r = rig_next_record(&b, RECORD_PART);
	cr_assert(r.part.segment == 0 && r.part.part == 0 && r.part.independent);
	r = rig_next_record(&b, RECORD_SEGMENT_END);
	cr_assert_eq(r.end.segment, 0);
	r = rig_next_record(&b, RECORD_SEGMENT_END);
	cr_assert_eq(r.end.segment, 1);
	shutdown(rig.camera, SHUT_RDWR);
	r = rig_next_record(&b, RECORD_GAP);
	cr_assert(r.gap.why == GAP_CAMERA_CLOSED && r.gap.epoch != 0);
	rig_hear_phase(CAMERA_WAITING);
	cr_assert(rig.heard.state.why == GAP_CAMERA_CLOSED && rig.heard.state.access_units == 120);
	buf_free(&b);
}

Test(ingest_role, goes_on_with_a_new_ring_to_store)
{
	struct buf b;
	struct record r;
	uint64_t epoch;

	buf_init(&b, PART_MAX_BYTES);
	begin_play();
	rig_show(60);
	epoch = rig_next_record(&b, RECORD_INIT).init.epoch;
	rig_next_record(&b, RECORD_PART);
	rig_give_store_ring();
	rig_show_until_record(&b);
	cr_assert_eq(record_decode(buf_data(&b), b.len, &r), 0);
	cr_assert_eq(r.kind, RECORD_INIT);
	cr_assert_gt(r.init.epoch, epoch);
	rig_show(60);
	r = rig_next_record(&b, RECORD_PART);
	cr_assert(r.part.segment == 0 && r.part.part == 0 && r.part.independent);
	buf_free(&b);
}

static void expect_on(const struct record *r, uint64_t epoch, int64_t *next)
{
	cr_assert_eq(r->part.epoch, epoch);
	cr_assert(*next < 0 || r->part.start == *next, "%jd after %jd", (intmax_t)r->part.start, (intmax_t)*next);
	*next = r->part.start + r->part.duration;
}

Test(ingest_role, goes_on_in_a_larger_ring_to_store_as_if_nothing_were)
{
	struct ring earlier;
	struct record r;
	struct buf b;
	uint64_t epoch;
	int64_t next = -1;

	buf_init(&b, PART_MAX_BYTES);
	begin_play();
	rig_show(60);
	epoch = rig_next_record(&b, RECORD_INIT).init.epoch;
	rig_give_larger_ring(&earlier);
	rig_show(60);
	while (ring_get(&earlier, &b) == 1) {
		cr_assert_eq(record_decode(buf_data(&b), b.len, &r), 0);
		if (r.kind == RECORD_PART)
			expect_on(&r, epoch, &next);
	}
	for (unsigned i = 0; i < 3; i++) {
		r = rig_next_record(&b, RECORD_PART);
		expect_on(&r, epoch, &next);
	}
	cr_assert_eq(ring_get(&earlier, &b), 0);
	ring_close(&earlier);
	buf_free(&b);
}

Test(ingest_role, names_a_camera_that_is_not_there_and_waits)
{
	struct buf b;

	buf_init(&b, PART_MAX_BYTES);
	rig_say(MSG_DIALED, &(struct msg_dialed){.camera = 5, .error = ECONNREFUSED}, NULL, 0);
	rig_hear_phase(CAMERA_WAITING);
	cr_assert_eq(rig.heard.state.why, GAP_REFUSED);
	cr_assert(strstr(rig.heard.state.detail, "check address and port"));
	cr_assert(rig.heard.state.retry_ms > 0 && rig.heard.state.retry_ms <= 1250, "%u", rig.heard.state.retry_ms);
	cr_assert_eq(rig_next_record(&b, RECORD_GAP).gap.epoch, 0);
	rig.heard.dial = false;
	rig_hear_until(&rig.heard.dial);
	buf_free(&b);
}

/* What it said last and its end come at once. */
Test(ingest_role, notices_a_camera_that_hangs_up_with_its_last_words)
{
	static const char words[] = "RTSP/1.0 200 OK\r\nPublic";

	rig_connect();
	cr_assert_eq(kill(rig.pid, SIGSTOP), 0);
	cr_assert_eq(write(rig.camera, words, sizeof words - 1), sizeof words - 1);
	cr_assert_eq(shutdown(rig.camera, SHUT_WR), 0);
	cr_assert_eq(kill(rig.pid, SIGCONT), 0);
	rig_hear_phase(CAMERA_WAITING);
	cr_assert_eq(rig.heard.state.why, GAP_CAMERA_CLOSED, "%s", rig.heard.state.detail);
}

Test(ingest_role, gives_the_session_back_when_stopped)
{
	struct buf b;
	int status;

	buf_init(&b, PART_MAX_BYTES);
	begin_play();
	rig_show(30);
	rig_next_record(&b, RECORD_INIT);
	rig_say(MSG_STOP, NULL, NULL, 0);
	rig_answer("TEARDOWN rtsp://192.0.2.1/yard ", "", "");
	cr_assert_eq(rig_next_record(&b, RECORD_GAP).gap.why, GAP_STOPPED);
	cr_assert_eq(waitpid(rig.pid, &status, 0), rig.pid);
	rig.pid = 0;
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	buf_free(&b);
}
