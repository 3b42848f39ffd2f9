/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clips that a serve asks for: what it may have, and how often. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "server/clip_rate.h"
#include "tests/server/store_rig.h"

#define ALL 7u
#define COPY 1u
#define AUDIO 2u
#define SECOND_US INT64_C(1000000)

static struct rig r;
static unsigned wanted;
static uint32_t requests;

static void setup(void) { rig_begin(&r); }
static void teardown(void) { rig_end(&r); }

TestSuite(store_clip, .init = setup, .fini = teardown, .timeout = 240);

static bool has_smalls(struct rig *x) { return x->segments[2] >= wanted; }

/* A log with some seconds of all three. */
static void record(void)
{
	rig_start(&r);
	rig_epoch(&r, clock_wall_us() - 10 * SECOND_US);
	rig_feed(&r, 3, ALL, 500);
	wanted = 3;
	cr_assert(rig_until(&r, has_smalls, 60000));
	cr_assert(rig_settle(&r));
}

static struct msg_clip_make ask_of(const char *rendition)
{
	struct msg_clip_make m = {.request = ++requests, .user = "ann", .camera = "gate-1", .audio = true, .from_us = r.start_us, .to_us = r.start_us + 5 * SECOND_US};

	snprintf(m.rendition, sizeof m.rendition, "%s", rendition);
	return m;
}

static void expect(const struct msg_clip_make *m, enum msg_clip_status status, const char *words)
{
	cr_assert(rig_make_clip(&r, m), "no answer");
	cr_expect_eq(r.piece.status, status, "%s", r.piece.why);
	cr_expect(strstr(r.piece.why, words), "%s", r.piece.why);
}

Test(store_clip, is_of_what_viewers_may_see)
{
	struct msg_clip_make m;

	r.hidden = COPY | AUDIO;
	record();
	m = ask_of("copy");
	expect(&m, MSG_CLIP_NONE, "no such camera or rendition");
	m = ask_of("audio");
	expect(&m, MSG_CLIP_NONE, "no such camera or rendition");
	m = ask_of("snapshot");
	expect(&m, MSG_CLIP_NONE, "no such camera or rendition");
	m = ask_of("360p");
	expect(&m, MSG_CLIP_NONE, "no such camera or rendition");
	m = ask_of("small");
	snprintf(m.camera, sizeof m.camera, "gate-2");
	expect(&m, MSG_CLIP_NONE, "no such camera or rendition");
	m = ask_of("small");
	expect(&m, MSG_CLIP_NONE, "none that holds is in the archive");  /* it may, but the archive keeps none of it */
	cr_assert_eq(rig_count_entries(&r, "export/v"), 0);
	cr_assert_eq(rig_stop_store(&r), 0);
	rig_assert_clean(&r, 6);
}

Test(store_clip, has_its_sound_where_viewers_may_hear_it)
{
	static const unsigned hidden[] = {0, AUDIO};
	struct msg_clip_make m;

	for (unsigned i = 0; i < 2; i++) {
		r.hidden = hidden[i];
		record();
		m = ask_of("copy");
		expect(&m, MSG_CLIP_OK, "");
		cr_assert(rig_settle(&r));
		cr_assert_eq(rig_count_entries(&r, "rendition audio\nfrom "), 1 - i);
		cr_assert_eq(rig_count_entries(&r, "\nbeside audio "), 1 - i);
		teardown();
		setup();
	}
}

Test(store_clip, is_not_of_a_camera_that_is_gone)
{
	struct msg_clip_make m;

	record();
	cr_assert_eq(channel_say(r.store.parent, MSG_CAMERA_GONE, &(struct msg_camera_gone){0}, NULL, 0), 0);
	do
		cr_assert(rig_want(&r, &(struct msg_want){.kind = MSG_WANT_SEGMENT, .number = 1}));
	while (r.have.status != MSG_HAVE_NONE);
	m = ask_of("copy");
	expect(&m, MSG_CLIP_NONE, "no such camera or rendition");
}

Test(store_clip, is_of_a_time)
{
	static const struct { int64_t from_us, to_us; const char *words; } row[] = {
		{-1, 1, "not a time"}, {INT64_MIN, INT64_MAX, "not a time"}, {2, 2, "not a time"}, {INT64_MAX - 1, INT64_MAX, "not a time"},
		{0, 25 * 3600 * SECOND_US, "24 hours"}};

	record();
	for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
		struct msg_clip_make m = ask_of("copy");

		m.from_us = row[i].from_us;
		m.to_us = row[i].to_us;
		expect(&m, MSG_CLIP_NONE, row[i].words);
	}
}

/* As fast as they can be asked for: a user's bucket gets one more in 10 s, so a hundred empty it on any machine. */
Test(store_clip, is_refused_to_who_asks_too_often)
{
	struct msg_clip_make m;
	unsigned none = 0;

	record();
	do {
		m = ask_of("copy");
		m.from_us = 1;
		m.to_us = 2;
		cr_assert(rig_make_clip(&r, &m));
		none += r.piece.status == MSG_CLIP_NONE;
	} while (r.piece.status == MSG_CLIP_NONE && none < 100);
	cr_assert_eq(r.piece.status, MSG_CLIP_BUSY);
	cr_assert(strstr(r.piece.why, "too many exports"), "%s", r.piece.why);
	cr_assert_geq(none, 10);
}

Test(clip_rate, each_user_has_ten_at_once_and_six_a_minute)
{
	static struct clip_rate rate;
	int64_t now_us = 5 * SECOND_US;

	for (unsigned i = 0; i < 10; i++)
		cr_assert(clip_rate_take(&rate, "ann", now_us), "%u", i);
	cr_assert_not(clip_rate_take(&rate, "ann", now_us));
	cr_assert(clip_rate_take(&rate, "bob", now_us), "not for what another did");
	for (unsigned i = 0; i < 6; i++) {
		now_us += 10 * SECOND_US;
		cr_assert_not(clip_rate_take(&rate, "ann", now_us - 1));
		cr_assert(clip_rate_take(&rate, "ann", now_us));
	}
	now_us += 100 * SECOND_US;
	for (unsigned i = 0; i < 10; i++)
		cr_assert(clip_rate_take(&rate, "ann", now_us), "%u", i);
	cr_assert_not(clip_rate_take(&rate, "ann", now_us), "what is not used does not add up");
}

Test(clip_rate, invented_users_have_thirty_a_minute_together)
{
	static struct clip_rate rate;
	unsigned taken = 0;
	char name[16];

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "user-%u", i);
		taken += clip_rate_take(&rate, name, (int64_t)i * 60000);
	}
	cr_assert_eq(taken, 30 + 29, "%u", taken);
}
