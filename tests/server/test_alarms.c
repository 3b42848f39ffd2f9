/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Alarms: when a condition is said, when it is over, what is foretold, and what a question about them is answered. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/parent.h"

#define S INT64_C(1000000)

/* --- the book --------------------------------------------------------------------------- */

Test(alarm_book, a_condition_has_to_hold_and_to_be_over)
{
	static const struct alarm_hold hold = {10 * S, 5 * S};
	/* at which second it is told what, and whether the alarm is on then */
	static const struct { int second; bool is, on, said; } steps[] = {
		{100, true, false, false}, {109, true, false, false}, {110, true, true, true}, {111, true, true, false}, {115, false, true, false},
		{118, true, true, false}, {119, false, true, false}, {123, false, true, false}, {124, false, false, true}, {125, true, false, false},
		{130, false, false, false}, {131, true, false, false}, {140, true, false, false}, {141, true, true, true}};
	struct alarm a = {0};

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		bool begins = false;

		alarm_set(&a, &hold, steps[i].is, "why", steps[i].second * S, steps[i].second * S + 7);
		cr_expect_eq(a.on, steps[i].on, "at %d", steps[i].second);
		cr_expect_eq(alarm_say(&a, steps[i].second * S, steps[i].second * S + 7, &begins), steps[i].said, "at %d", steps[i].second);
		cr_expect(!steps[i].said || begins == steps[i].on, "at %d", steps[i].second);
	}
	cr_expect_eq(a.since_us, 131 * S + 7, "since it held, not since it was said");
}

Test(alarm_book, what_flickers_is_said_no_oftener_than_is_bearable)
{
	static const struct alarm_hold hold = {0, 0};
	struct alarm a = {0};
	unsigned said = 0;
	bool begins;

	for (int64_t us = S; us < 21 * S; us += S / 100) {
		alarm_set(&a, &hold, us / (S / 100) % 2, "why", us, us);
		said += alarm_say(&a, us, us, &begins);
	}
	cr_expect_leq(said, 11);
	cr_expect_gt(said, 1);
}

Test(alarm_book, another_detail_is_news_and_no_beginning)
{
	static const struct alarm_hold hold = {0, 0};
	struct alarm a = {0};
	bool begins = false;

	alarm_set(&a, &hold, true, "halved", S, S);
	cr_expect(alarm_say(&a, S, S, &begins) && begins);
	alarm_set(&a, &hold, true, "quartered", 2 * S, 2 * S);
	cr_expect(!alarm_say(&a, 2 * S, 2 * S, &begins));
	cr_expect(alarm_say(&a, 3 * S, 3 * S, &begins) && !begins && a.since_us == S);
	cr_expect_str_eq(a.said_detail, "quartered");
}

Test(alarm_book, another_measure_is_shown_and_not_said)
{
	static const struct { const char *detail; bool said, shown; } steps[] = {
		{"full in less than 3 h", true, false}, {"full in less than 4 h", false, true}, {"full in less than 4 h", false, false},
		{"full in less than 120 min", false, true}, {"kept for less than 3 h", true, false}, {"ends in 1 days", true, false}, {"ends in 10 days", false, true},
		{"it has ended", true, false}, {"ends in 10", true, false}, {"ends in", true, false}, {"3 times serve 4", true, false}, {"4 times ingest 4", true, false},
		{"12 times ingest 5", false, true}};
	struct alarm a = {0};
	bool begins;

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		int64_t us = (int64_t)(i + 1) * 10 * S;

		alarm_set(&a, &(struct alarm_hold){.measures = true}, true, steps[i].detail, us, us);
		cr_expect_eq(alarm_say(&a, us, us, &begins), steps[i].said, "%s", steps[i].detail);
		cr_expect_eq(alarm_show(&a), steps[i].shown, "%s", steps[i].detail);
		cr_expect_str_eq(a.said_detail, steps[i].detail);
	}
	alarm_set(&a, &(struct alarm_hold){.measures = true}, false, "", 900 * S, 900 * S);
	cr_expect(!alarm_show(&a) && alarm_say(&a, 900 * S, 900 * S, &begins) && !begins, "it is over");
	alarm_set(&a, &(struct alarm_hold){0}, true, "set by 5 s", 910 * S, 910 * S);
	cr_expect(alarm_say(&a, 910 * S, 910 * S, &begins) && begins);
	alarm_set(&a, &(struct alarm_hold){0}, true, "set by 6 s", 920 * S, 920 * S);
	cr_expect(alarm_say(&a, 920 * S, 920 * S, &begins) && !begins, "that is no measure, but another event");
}

Test(alarm_book, details_are_words_that_an_entry_may_hold)
{
	static const char *const table[][2] = {
		{"the disk is full", "the disk is full"}, {"Disk is FULL: /srv/x (No space)", "disk is full srv x no space"}, {"  a \n\t b  ", "a b"}, {"", ""}, {"...", ""},
		{"\xc3\xa9t\xc3\xa9", "t"}, {"a-b 1", "a-b 1"}};
	char longest[400];
	struct alarm a;

	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		a = (struct alarm){0};
		alarm_set(&a, &(struct alarm_hold){0}, true, table[i][0], S, S);
		cr_expect_str_eq(a.detail, table[i][1]);
	}
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = 0;
	longest[ALARM_DETAIL - 2] = ' ';
	alarm_set(&a, &(struct alarm_hold){0}, true, longest, S, S);
	cr_expect_eq(strlen(a.detail), ALARM_DETAIL - 2, "no blank at its end");
}

Test(alarm_book, keeps_the_last_ones)
{
	static struct alarm_book b;

	cr_expect_null(alarm_book_event(&b, 0));
	for (int64_t i = 0; i < ALARM_EVENTS_MAX + 10; i++)
		alarm_book_add(&b, &(struct alarm_event){.at_us = i});
	cr_expect_eq(alarm_book_oldest(&b), 10);
	cr_expect_null(alarm_book_event(&b, 9));
	cr_expect_null(alarm_book_event(&b, ALARM_EVENTS_MAX + 10));
	for (uint64_t n = 10; n < ALARM_EVENTS_MAX + 10; n++)
		cr_assert_eq(alarm_book_event(&b, n)->at_us, (int64_t)n);
}

/* --- what is foretold ------------------------------------------------------------------- */

#define GB UINT64_C(1000000000)

/* An archive that grows by rate, on a disk to which others write too, for that long. */
static struct forecast run(double seconds, double rate_Bps, double others_Bps, uint64_t size, uint64_t limit, uint64_t free)
{
	struct forecast f = {0};

	for (double s = 0; s <= seconds; s += 10) {
		double grown = rate_Bps * s, had = (double)(limit - size);

		if (grown > had)
			grown = had;
		forecast_feed(&f, (int64_t)((1000 + s) * 1e6), rate_Bps, size + (uint64_t)grown, limit, free - (uint64_t)grown - (uint64_t)(others_Bps * s));
	}
	return f;
}

static bool near(double is, double want)
{
	return fabs(is - want) < want / 20;
}

Test(alarm_forecast, of_the_disk)
{
	struct forecast f = run(50, 1e6, 0, GB, 100 * GB, 10 * GB);

	cr_expect(isinf(forecast_full_s(&f)) && isinf(forecast_kept_s(&f)), "too early to tell");
	f = run(600, 1e6, 0, GB, 100 * GB, 10 * GB);
	cr_expect(near(forecast_full_s(&f), 9400), "%f", forecast_full_s(&f));
	f = run(600, 1e6, 0, GB, 5 * GB, 10 * GB);
	cr_expect(isinf(forecast_full_s(&f)), "the archive has its size before: %f", forecast_full_s(&f));
	f = run(600, 1e6, 1e6, GB, 100 * GB, 10 * GB);
	cr_expect(near(forecast_full_s(&f), 4400), "others write as well: %f", forecast_full_s(&f));
	f = run(600, 1e6, 1e6, 5 * GB, 5 * GB, 10 * GB);
	cr_expect(near(forecast_full_s(&f), 9400), "others alone: %f", forecast_full_s(&f));
	f = run(600, 0, 0, GB, 5 * GB, 1);
	cr_expect(isinf(forecast_full_s(&f)));
	f = run(600, 1e6, 0, 5 * GB, 5 * GB, 0);
	cr_expect(isinf(forecast_full_s(&f)), "what is removed makes room");
}

Test(alarm_forecast, of_what_is_kept)
{
	struct forecast f = run(600, 1e6, 0, GB, 100 * GB, 200 * GB);

	cr_expect(near(forecast_kept_s(&f), 100000));
	f = run(600, 1e6, 0, GB, 100 * GB, 9 * GB);
	cr_expect(near(forecast_kept_s(&f), 10000), "the disk is smaller: %f", forecast_kept_s(&f));
	f = run(600, 0, 0, GB, 100 * GB, 9 * GB);
	cr_expect(isinf(forecast_kept_s(&f)));
}

Test(alarm_forecast, a_clock_that_stands_still_divides_by_nothing)
{
	struct forecast f = {0};

	for (int i = 0; i < 10; i++)
		forecast_feed(&f, S, 1e6, GB, 2 * GB, GB);
	cr_expect(isinf(forecast_full_s(&f)) && f.rate_Bps > 9e5 && f.rate_Bps < 1.1e6);
}

/* --- what the parent makes of it -------------------------------------------------------- */

static struct site site;
static struct site_camera site_camera[2];
static struct camera_live camera[2];
static struct child child[1];
static struct parent p;
static struct buf out;

static void begin(void)
{
	parent_log_quiet();
	site_camera[0] = (struct site_camera){.name = "gate", .segment_ms = 2000};
	site_camera[1] = (struct site_camera){.name = "yard", .segment_ms = 2000};
	site = (struct site){.camera = site_camera, .ncameras = 2, .ingest_processes = 1, .serve_processes = 1,
		.alarms = {.down_ms = 15000, .late_ms = 10000, .clock_ms = 5000, .disk_full_s = 86400, .certificate_s = 86400, .witness_s = 86400, .restarts = 3}};
	memset(&p, 0, sizeof p);
	p.site = &site;
	p.camera = camera;
	p.child = child;
	p.nchildren = 1;
	p.started_us = 77;
	child[0] = (struct child){.parent = &p, .kind = ROLE_INGEST, .index = 0};
	for (unsigned i = 0; i < 2; i++)
		camera[i] = (struct camera_live){.parent = &p, .index = i, .known = true, .taken = true, .state = {.phase = CAMERA_STREAMING}, .streaming_us = clock_mono_us(),
			.recorded_us = clock_mono_us()};
	buf_init(&out, 1 << 20);
}

static void end(void) { buf_free(&out); }

TestSuite(parent_alarm, .init = begin, .fini = end);

/* As if that much time had gone by since what was seen last. */
static void pass(struct camera_live *cam, int64_t us)
{
	for (unsigned kind = 0; kind < ALARM_CAMERA_KINDS; kind++) {
		cam->alarm[kind].turned_us -= us;
		cam->alarm[kind].said_us -= cam->alarm[kind].said_us ? us : 0;
	}
	cam->streaming_us -= us;
	cam->recorded_us -= us;
}

static void look(void)
{
	for (unsigned i = 0; i < 2; i++)
		parent_alarm_look(&camera[i], clock_mono_us());
	parent_site_alarm_look(&p);
}

static const char *answer(const char *words)
{
	const char *text;

	buf_clear(&out);
	status_alarms(&p, words, &out);
	cr_assert_eq(buf_append(&out, "", 1), 0);
	text = (const char *)buf_data(&out);
	cr_assert_eq(strncmp(text, "alarms 77 ", 10), 0, "%s", text);
	return strchr(text, '\n') + 1;
}

Test(parent_alarm, cameras_that_are_well_have_none)
{
	look();
	camera[0].recorded_us -= 11 * S;
	look();
	cr_expect_str_eq(answer("text now"), "");
	cr_expect_str_eq(answer("json since 0"), "");
	cr_expect_eq(parent_alarms_on(&p), 0);
}

Test(parent_alarm, a_camera_that_goes_is_down_and_one_that_is_mute_is_silent)
{
	const char *text;

	camera[0].state = (struct msg_camera_state){.phase = CAMERA_WAITING, .why = GAP_TIMED_OUT};
	camera[1].state = (struct msg_camera_state){.phase = CAMERA_WAITING, .why = GAP_SILENT};
	look();
	pass(&camera[0], 14 * S);
	pass(&camera[1], 16 * S);
	look();
	text = answer("json now");
	cr_expect_null(strstr(text, "gate"), "not yet");
	cr_expect_not_null(strstr(text, "{\"alarm\":\"silent\",\"camera\":\"yard\",\"detail\":\"the camera has stopped sending\",\"begun\":\""), "%s", text);
	pass(&camera[0], 2 * S);
	look();
	cr_expect_not_null(strstr(answer("text now"), " on    down        gate                             timed-out; "));
	cr_expect_eq(parent_alarms_on(&p), 2);
	camera[0].state.phase = CAMERA_STREAMING;
	camera[0].recorded_us = clock_mono_us();
	look();
	cr_expect_eq(parent_alarms_on(&p), 2, "it has to stay");
	pass(&camera[0], 6 * S);
	camera[0].recorded_us = clock_mono_us();
	look();
	text = answer("json after 77 1");
	cr_expect_eq(parent_alarms_on(&p), 1);
	cr_expect_not_null(strstr(text, "\"state\":\"begin\",\"alarm\":\"down\",\"camera\":\"gate\",\"detail\":\"timed-out\"}\n{"), "%s", text);
	cr_expect_not_null(strstr(text, "\"state\":\"end\",\"alarm\":\"down\",\"camera\":\"gate\",\"detail\":\"timed-out\"}\n"), "%s", text);
	cr_expect_null(strstr(text, "yard"), "it was the one before");
	cr_expect_str_eq(answer("text after 77 3"), "");
	cr_expect_not_null(strstr(answer("text after 76 3"), "yard"), "of another run: all of this one");
	cr_expect_eq(p.alarms.begun[ALARM_DOWN], 1);
}

Test(parent_alarm, of_a_camera_whose_pictures_stop_being_recorded)
{
	pass(&camera[0], 13 * S);
	look();
	pass(&camera[0], 3 * S);
	look();
	cr_expect_not_null(strstr(answer("text now"), " late "), "%s", answer("text now"));
	camera[0].recorded_us = clock_mono_us();
	look();
	pass(&camera[0], 6 * S);
	camera[0].recorded_us = clock_mono_us();
	look();
	cr_expect_str_eq(answer("text now"), "");
}

Test(parent_alarm, of_a_camera_whose_clock_is_off_end_well_below_their_limit)
{
	static const struct { int64_t off_us; bool on; } steps[] = {{4900000, false}, {-5100000, true}, {4700000, true}, {-4400000, false}, {4700000, false}};

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		camera[0].state.clock_offset_us = steps[i].off_us;
		look();
		pass(&camera[0], 31 * S);
		camera[0].recorded_us = clock_mono_us();
		look();
		cr_expect_eq(camera[0].alarm[ALARM_CLOCK].on, steps[i].on, "step %zu", i);
	}
}

Test(parent_alarm, of_a_camera_that_leaves_the_site_is_over)
{
	parent_alarm(&camera[0], ALARM_BLACK, true, "the picture is black");
	parent_alarm_forget(&camera[0]);
	cr_expect_eq(p.alarms.next, 2);
	cr_expect(!alarm_book_event(&p.alarms, 1)->begin);
	cr_expect_eq(parent_alarms_on(&p), 0);
}

Test(parent_alarm, of_roles_is_not_hidden_by_workers_that_end)
{
	struct child worker = {.parent = &p, .kind = ROLE_TRANSCODE};

	for (unsigned i = 0; i < 3; i++)
		parent_alarm_ended(&child[0]);
	for (unsigned i = 0; i < LOOKS_ENDED_MAX; i++)
		parent_alarm_ended(&worker);
	look();
	cr_expect(p.alarm[ALARM_RESTARTING].on);
}

Test(parent_alarm, of_the_site)
{
	for (unsigned i = 0; i < 3; i++) {
		cr_expect(!p.alarm[ALARM_RESTARTING].on);
		parent_alarm_ended(&child[0]);
		look();
	}
	cr_expect_str_eq(p.alarm[ALARM_RESTARTING].detail, "ingest was started anew 3 times in ten minutes");
	snprintf(p.store.alarm, sizeof p.store.alarm, "the disk is full (No space left): footage is not archived");
	snprintf(p.sign.refusal, sizeof p.sign.refusal, "log went back");
	p.certificate.ends_us = clock_wall_us() + 3600 * S;
	look();
	cr_expect_str_eq(p.alarm[ALARM_ARCHIVE].said_detail, "the disk is full no space left footage is not archived");
	cr_expect_not_null(strstr(answer("json now"), "{\"alarm\":\"archive\",\"camera\":null,"));
	cr_expect_not_null(strstr(answer("text now"), " on    certificate -                                the certificate ends in 0 days; put a new one"));
	cr_expect_eq(parent_alarms_on(&p), 4);
	p.looks.apart_us -= 3600 * S;
	look();
	cr_expect_str_eq(p.alarm[ALARM_SITE_CLOCK].detail, "the clock of this machine was set forward by 3600 s");
	p.looks.clock_set_us -= 601 * S;
	for (unsigned i = 0; i < LOOKS_ENDED_MAX; i++)
		p.looks.ended[i].at_us -= 601 * S;
	look();
	cr_expect(!p.alarm[ALARM_SITE_CLOCK].on && !p.alarm[ALARM_RESTARTING].on);
}

/* Ten seconds later; of a moment in which nothing was foretold yet the clock is not turned. */
static void ten_seconds(void)
{
	struct forecast *f = &p.looks.forecast;

	if (f->fed_us) {
		f->begun_us -= 10 * S;
		f->fed_us -= 10 * S;
	}
	look();
}

/* Whether it is on, once it has had the time; and then why. */
static bool site_has(enum alarm_kind kind, const char *detail)
{
	ten_seconds();
	p.alarm[kind].turned_us -= 31 * S;
	p.alarm[kind].said_us -= p.alarm[kind].said_us ? 3 * S : 0;
	ten_seconds();
	cr_expect(!p.alarm[kind].on || !strcmp(p.alarm[kind].detail, detail), "\"%s\"", p.alarm[kind].detail);
	return p.alarm[kind].on;
}

/* Two minutes with these sizes, and none of before: of the archive, and of the disk's room. */
static void stays(double archive_GB, double free_GB)
{
	p.store.archive_bytes = (uint64_t)(archive_GB * 1e9);
	p.store.disk_free_bytes = (uint64_t)(free_GB * 1e9);
	p.looks.forecast = (struct forecast){0};
	for (int i = 0; i < 12; i++)
		ten_seconds();
}

/* 20 GB a day. */
static void record_much(void)
{
	p.store.entries = 1;
	camera[0].rendition[RENDITION_COPY].rate_bps = 1850000;
}

Test(parent_alarm, of_a_disk_that_fills_begins_hours_before_and_ends_with_room)
{
	record_much();
	site.archive_max_bytes = 500 * GB;
	stays(10, 60);
	cr_expect(!site_has(ALARM_DISK, ""), "three days");
	stays(60, 10);
	cr_expect(site_has(ALARM_DISK, "the disk will be full in less than 13 h"));
	stays(60, 8);
	cr_expect(site_has(ALARM_DISK, "the disk will be full in less than 10 h"));
	stays(60, 1);
	cr_expect(site_has(ALARM_DISK, "the disk will be full in less than 80 min"));
	cr_expect_eq(p.alarms.next, 1, "it goes on, %lu", (unsigned long)p.alarms.next);
	cr_expect_str_eq(p.alarm[ALARM_DISK].said_detail, "the disk will be full in less than 80 min");
	stays(60, 300);
	cr_expect(!site_has(ALARM_DISK, ""));
}

Test(parent_alarm, of_a_promise_that_breaks_ends_when_it_is_kept_again)
{
	record_much();
	site.alarms.retention_s = 5 * 86400;
	site.archive_max_bytes = 90 * GB;
	stays(90, 900);
	cr_expect(site_has(ALARM_RETENTION, "footage will be kept for less than 5 d"));
	site.archive_max_bytes = 110 * GB;
	stays(90, 900);
	cr_expect(!site_has(ALARM_RETENTION, ""));
	site.archive_max_bytes = 90 * GB;
	site.alarms.retention_s = 0;
	stays(90, 900);
	cr_expect(!site_has(ALARM_RETENTION, ""), "nothing was promised");
}

Test(parent_alarm, of_a_certificate_ends_with_a_new_one)
{
	p.certificate.ends_us = clock_wall_us() - 3600 * S;
	cr_expect(site_has(ALARM_CERTIFICATE, "the certificate has ended"));
	p.certificate.ends_us = clock_wall_us() + 90 * 86400 * S;
	cr_expect(!site_has(ALARM_CERTIFICATE, ""));
}

Test(parent_alarm, of_witnesses_that_are_overdue_ends_with_their_quorum)
{
	site.witnesses = (char *)(uintptr_t)"w";
	p.witness = (struct parent_witness){.policy = {.quorum = 0}, .known = true, .since_us = clock_wall_us() - 86399 * S};
	cr_expect(!site_has(ALARM_WITNESS, ""));
	p.witness.since_us -= 2 * S;
	cr_expect(site_has(ALARM_WITNESS, "no quorum of witnesses has vouched for the log"));
	p.witness.state.met = true;
	p.witness.state.quorum_us = clock_wall_us();
	cr_expect(!site_has(ALARM_WITNESS, ""));
	p.witness.state.quorum_us -= 86401 * S;
	cr_expect(site_has(ALARM_WITNESS, "the quorum of witnesses is overdue"));
}

Test(parent_alarm, questions_that_are_none_are_answered_all_the_same)
{
	static const char *const words[] = {"", "json", "json ", "text after", "json since x", "json after 99999999999999999999 1", "text after 77 -1", "text since 18446744073709551615", "now"};

	parent_alarm(&camera[0], ALARM_BLACK, true, "the picture is black");
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		answer(words[i]);
	cr_expect_str_eq(answer("text since 9000000000000000000"), "", "none is of then");
}
