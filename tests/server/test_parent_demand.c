/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parent makes of viewers and workers: what runs, what is said of it, and what who lies gets out of it. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "server/commands.h"
#include "tests/server/parent_rig.h"

/* A store, a serve and a worker of camera 0, which has "720p" always and "360p" on demand; camera 1 has no worker. */
enum { STORE, SERVE, WORKER, INGEST, CHILDREN };
#define ALWAYS RENDITION_ENCODED
#define DEMAND (RENDITION_ENCODED + 1)

static void setup(void)
{
	rig.site_camera[0] = (struct site_camera){.name = "gate", .nrenditions = 2, .rendition = {{.name = "720p"}, {.name = "360p", .on_demand = true}}};
	rig.site_camera[1] = (struct site_camera){.name = "yard"};
	rig_begin((const enum role_kind[CHILDREN]){ROLE_STORE, ROLE_SERVE, ROLE_TRANSCODE, ROLE_INGEST}, CHILDREN);
}

TestSuite(demand, .init = setup, .fini = rig_end, .timeout = 30);

static void watched(unsigned cam, unsigned rendition)
{
	RIG_SAY(SERVE, MSG_WATCHED, (struct msg_watched){.camera = (uint16_t)cam, .rendition = (uint8_t)rendition});
}

static void expect_run(unsigned who, bool run)
{
	static union msg_body m;

	cr_assert_eq(rig_heard(who, &m), MSG_RENDITION_RUN);
	cr_expect(m.rendition_run.camera == 0 && m.rendition_run.rendition == DEMAND && m.rendition_run.run == run);
}

Test(demand, runs_a_rendition_while_somebody_watches_and_30_s_longer)
{
	static union msg_body m;
	uint8_t rings[64];

	watched(0, DEMAND);
	expect_run(WORKER, true);
	expect_run(SERVE, true);
	cr_expect_eq(read(rig.bell[0], rings, sizeof rings), 8, "the worker is woken");
	watched(0, DEMAND);
	cr_expect_eq(rig_heard(WORKER, &m), MSG_NONE, "it runs already");
	rig.camera[0].demand[DEMAND].watched_us -= 29500000;
	parent_watch_workers(-1, 0, &rig.p);
	cr_expect_eq(rig_heard(WORKER, &m), MSG_NONE);
	watched(0, DEMAND);
	rig.camera[0].demand[DEMAND].watched_us -= 29500000;
	parent_watch_workers(-1, 0, &rig.p);
	cr_expect_eq(rig_heard(WORKER, &m), MSG_NONE, "asked for again");
	rig.camera[0].demand[DEMAND].watched_us -= 600000;
	parent_watch_workers(-1, 0, &rig.p);
	expect_run(WORKER, false);
	expect_run(SERVE, false);
}

Test(demand, tells_those_that_begin_anew_what_runs)
{
	static union msg_body m;

	rig.child[WORKER].phase = rig.child[SERVE].phase = CHILD_STARTING;
	watched(0, DEMAND);
	cr_expect(rig_heard(WORKER, &m) == MSG_NONE && rig_heard(SERVE, &m) == MSG_NONE);
	RIG_SAY(WORKER, MSG_READY, (struct msg_ready){0});
	expect_run(WORKER, true);
	parent_tell_demand(&rig.child[SERVE]);
	expect_run(SERVE, true);
}

Test(demand, a_full_bell_holds_nobody_up)
{
	static const uint64_t one = 1;

	while (write(rig.bell[1], &one, sizeof one) == sizeof one)
		;
	watched(0, DEMAND);
	expect_run(WORKER, true);
}

Test(demand, serve_may_not_ask_for_what_is_not_made_on_demand)
{
	static const struct { unsigned camera, rendition; } lies[] = {
		{0, RENDITION_COPY}, {0, RENDITION_AUDIO}, {0, ALWAYS}, {0, DEMAND + 1}, {1, DEMAND}, {2, RENDITION_SNAPSHOT}, {0, RENDITIONS_MAX}, {65535, 255}};

	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		rig.child[SERVE].killed = false;
		watched(lies[i].camera, lies[i].rendition);
		cr_expect(rig.child[SERVE].killed, "%zu", i);
	}
	rig.child[SERVE].killed = false;
	for (unsigned i = 0; i < 2 * CHILD_WATCHED_PER_S && !rig.child[SERVE].killed; i++)
		watched(0, DEMAND);
	cr_expect(rig.child[SERVE].killed);
}

Test(demand, a_camera_without_a_worker_has_one_while_snapshots_are_asked_for)
{
	struct child *worker;

	watched(1, RENDITION_SNAPSHOT);
	worker = parent_child(&rig.p, ROLE_TRANSCODE, 1);
	cr_assert(worker && worker->phase == CHILD_STARTING && worker->pid > 0 && worker->pictures && !worker->retired);
	rig.camera[1].demand[RENDITION_SNAPSHOT].watched_us -= 31000000;
	parent_watch_workers(-1, 0, &rig.p);
	cr_expect(!rig.camera[1].demand[RENDITION_SNAPSHOT].runs && !worker->retired, "it stays for a while");
	rig.camera[1].needed_us -= 181000000;
	parent_watch_workers(-1, 0, &rig.p);
	cr_expect(worker->retired && worker->phase == CHILD_STOPPING);
	cr_expect(!rig.child[WORKER].retired, "the site file wants that one");
	child_log_close(worker);
}

static void say_state(uint8_t scene, uint8_t step)
{
	rig.child[WORKER].said = 0;
	RIG_SAY(WORKER, MSG_WORKER_STATE, (struct msg_worker_state){.camera = 0, .scene = scene, .step = step});
}

static void say_rendition(unsigned rendition, uint8_t fps_step, bool given_up)
{
	RIG_SAY(WORKER, MSG_WORKER_RENDITION, (struct msg_worker_rendition){.camera = 0, .rendition = (uint8_t)rendition, .fps_step = fps_step, .given_up = given_up});
}

static void expect_alarm(enum alarm_kind kind, bool begin, const char *detail)
{
	static union msg_body m;

	cr_assert_eq(rig_heard(STORE, &m), MSG_ALARM, "%s", detail);
	cr_expect(m.alarm.camera == 0 && m.alarm.kind == kind && m.alarm.begin == begin && m.alarm.at_us > 0);
	cr_expect_str_eq(m.alarm.detail, detail);
}

static void later(enum alarm_kind kind)
{
	rig.camera[0].alarm[kind].said_us -= 3000000;
	parent_alarm_sweep(&rig.camera[0]);
}

Test(demand, each_step_of_overload_is_an_entry)
{
	static union msg_body m;

	say_rendition(ALWAYS, 1, false);
	say_rendition(DEMAND, 1, false);
	say_state(0, 1);
	expect_alarm(ALARM_OVERLOAD, true, "frame rate halved");
	say_state(0, 1);
	later(ALARM_OVERLOAD);
	cr_expect_eq(rig_heard(STORE, &m), MSG_NONE, "the same is said once");
	say_rendition(ALWAYS, 2, false);
	say_rendition(DEMAND, 2, true);
	say_state(0, 3);
	later(ALARM_OVERLOAD);
	expect_alarm(ALARM_OVERLOAD, true, "frame rate quartered and rendition 360p given up");
	say_rendition(ALWAYS, 2, true);
	say_state(0, 4);
	later(ALARM_OVERLOAD);
	expect_alarm(ALARM_OVERLOAD, true, "2 renditions given up");
	say_rendition(ALWAYS, 0, false);
	say_rendition(DEMAND, 0, false);
	say_state(0, 0);
	later(ALARM_OVERLOAD);
	expect_alarm(ALARM_OVERLOAD, false, "over");
}

Test(demand, a_worker_that_flickers_fills_no_log)
{
	static union msg_body m;
	unsigned n = 0;

	for (unsigned i = 0; i < 1000; i++)
		say_state(i % 2 ? SCENE_BLACK | SCENE_FROZEN : 0, 0);
	while (rig_heard(STORE, &m) == MSG_ALARM)
		n++;
	cr_expect_leq(n, 2);
	cr_expect(!rig.child[WORKER].killed);
	for (unsigned i = 0; i < 1000; i++)
		RIG_SAY(WORKER, MSG_WORKER_STATE, (struct msg_worker_state){.camera = 0});
	cr_expect(rig.child[WORKER].killed, "says too much of itself");
	rig.child[WORKER].killed = false;
	RIG_SAY(WORKER, MSG_WORKER_STATE, (struct msg_worker_state){.camera = 1});
	cr_expect(rig.child[WORKER].killed, "speaks for another");
}

Test(demand, pictures_that_cannot_be_decoded_are_an_alarm_until_they_can)
{
	rig.child[WORKER].said = 0;
	RIG_SAY(WORKER, MSG_WORKER_STATE, (struct msg_worker_state){.camera = 0, .no_picture_since_us = 1});
	expect_alarm(ALARM_NO_PICTURE, true, "what the camera sends gives no picture");
	say_state(0, 0);
	later(ALARM_NO_PICTURE);
	expect_alarm(ALARM_NO_PICTURE, false, "over");
}

Test(demand, an_alarm_waits_for_store)
{
	static union msg_body m;

	rig.child[STORE].phase = CHILD_DOWN;
	say_state(SCENE_COVERED, 0);
	cr_expect_eq(rig_heard(STORE, &m), MSG_NONE);
	rig.child[STORE].phase = CHILD_READY;
	parent_watch_workers(-1, 0, &rig.p);
	expect_alarm(ALARM_COVERED, true, "the lens seems covered");
}

Test(demand, a_worker_that_keeps_ending_is_named_and_what_it_said_is_over)
{
	static union msg_body m;

	say_state(0, 2);
	expect_alarm(ALARM_OVERLOAD, true, "pictures left out");
	rig.child[WORKER].backoff_ms = WORKER_TOLD_MS;
	rig.camera[0].alarm[ALARM_OVERLOAD].said_us -= 3000000;
	parent_worker_ended(&rig.child[WORKER], false);
	expect_alarm(ALARM_OVERLOAD, false, "over");
	expect_alarm(ALARM_WORKER, true, "the worker keeps ending and is held back");
	cr_expect_eq(rig_heard(INGEST, &m), MSG_RING_TRANSCODE, "nothing is put into a ring that nobody reads");
	rig.child[WORKER].started_us -= 31000000;
	rig.camera[0].alarm[ALARM_WORKER].said_us -= 3000000;
	parent_watch_workers(-1, 0, &rig.p);
	expect_alarm(ALARM_WORKER, false, "over");
}

Test(demand, who_is_sent_away_is_not_heard_any_more)
{
	rig.child[WORKER].retired = true;
	say_state(SCENE_BLACK, 0);
	cr_expect(!rig.camera[0].alarm[ALARM_BLACK].is);
}

static bool status_has(void (*make)(struct parent *, struct buf *), const char *words)
{
	struct buf b;
	bool has;

	buf_init(&b, 1 << 20);
	make(&rig.p, &b);
	has = memmem(buf_data(&b), b.len, words, strlen(words)) != NULL;
	if (!has)
		fprintf(stderr, "%.*s\n", (int)b.len, (const char *)buf_data(&b));
	buf_free(&b);
	return has;
}

static void text(struct parent *parent, struct buf *out)
{
	status_text(parent, out, &(struct status_view){0});
}

Test(demand, status_says_what_is_made_and_given_up)
{
	say_rendition(ALWAYS, 1, false);
	say_rendition(DEMAND, 0, true);
	rig.child[WORKER].said = 0;
	RIG_SAY(WORKER, MSG_WORKER_STATE, (struct msg_worker_state){.scene = SCENE_BLACK, .step = 2, .cpu = 255, .pictures = 7});
	cr_expect(status_has(text, "    transcode: 720p at a lower rate, 360p waits for a viewer; ?\n"));
	watched(0, DEMAND);
	cr_expect(status_has(text, "360p given up"));
	cr_expect(status_has(text, "ALARM overload for 0s: frame rate halved and rendition 360p given up; this machine"));
	cr_expect(status_has(text, "ALARM black for 0s: the picture is black; look at"));
	cr_expect(status_has(status_json, "\"step\":2,\"scene\":[\"black\"],\"no_picture_since\":null,\"pictures\":7"));
	cr_expect(status_has(status_json, "{\"name\":\"360p\",\"on_demand\":true,\"running\":true,\"given_up\":true,\"fps_step\":0"));
	cr_expect(status_has(status_json, "{\"alarm\":\"overload\",\"detail\":\"frame rate halved and rendition 360p given up\""));
}

static int run_with(const char *level)
{
	char *argv[] = {(char *)(uintptr_t)"run", (char *)(uintptr_t)"--cpu", (char *)(uintptr_t)level, (char *)(uintptr_t)"-c", (char *)(uintptr_t)"/nowhere/rig.site.yaml", NULL};

	optind = 0;
	return cmd_run(5, argv);
}

/* Both end with 2; the words tell whether it was the level, or the site file that is not there. */
Test(cpu, a_level_that_is_not_one_is_named)
{
	static const struct { const char *level, *says; } cases[] = {
		{"mmx", "there are c, avx2 and avx512"}, {"", "there are c, avx2 and avx512"}, {"c", "/nowhere/rig.site.yaml"}};
	int out[2], own = dup(STDERR_FILENO);

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[4096] = "";

		cr_assert_eq(pipe2(out, O_CLOEXEC | O_NONBLOCK), 0);
		dup2(out[1], STDERR_FILENO);
		cr_expect_eq(run_with(cases[i].level), 2);
		dup2(own, STDERR_FILENO);
		cr_assert_gt(read(out[0], text, sizeof text - 1), 0);
		cr_expect(strstr(text, cases[i].says), "%s: %s", cases[i].level, text);
		close(out[0]);
		close(out[1]);
	}
	close(own);
}

/* serve bounds them first; whoever lies, or several that did not know of each other, get no further here. */
Test(demand, workers_for_snapshots_alone_are_bounded)
{
	static struct site_camera many[MSG_SNAPSHOT_WORKERS_MAX + 2];
	static struct camera_live live[MSG_SNAPSHOT_WORKERS_MAX + 2];
	const unsigned last = MSG_SNAPSHOT_WORKERS_MAX + 1;
	static union msg_body m;

	memcpy(many, rig.site_camera, sizeof rig.site_camera);
	for (unsigned i = 0; i <= last; i++) {
		live[i] = (struct camera_live){.parent = &rig.p, .index = i};
		live[i].demand[RENDITION_SNAPSHOT].runs = i > 0 && i < last;
	}
	rig.site.camera = many;
	rig.site.ncameras = last + 1;
	rig.p.camera = live;
	watched(last, RENDITION_SNAPSHOT);
	cr_expect_not(live[last].demand[RENDITION_SNAPSHOT].runs);
	cr_expect_eq(rig_heard(SERVE, &m), MSG_NONE);
	watched(0, RENDITION_SNAPSHOT);
	cr_expect(live[0].demand[RENDITION_SNAPSHOT].runs, "that camera has a worker anyway");
	cr_expect_eq(rig_heard(SERVE, &m), MSG_RENDITION_RUN);
	watched(1, RENDITION_SNAPSHOT);
	cr_expect(live[1].demand[RENDITION_SNAPSHOT].watched_us, "it goes on for who asks for it again");
}

/* --- watched closely ---------------------------------------------------------------------- */

static void closely(unsigned cam, unsigned rendition, unsigned chunk_ms)
{
	RIG_SAY(SERVE, MSG_WATCHED, (struct msg_watched){.camera = (uint16_t)cam, .rendition = (uint8_t)rendition, .chunk_ms = (uint16_t)chunk_ms});
}

/* What was said last of lengths; 0xffffffff: nothing. */
static uint32_t length_said(unsigned who)
{
	static union msg_body m;
	uint32_t said = UINT32_MAX;

	for (enum msg_type type; (type = rig_heard(who, &m)) != MSG_NONE;)
		if (type == MSG_PART_LENGTH)
			said = (uint32_t)m.part_length.chunk_ms << 16 | m.part_length.part_ms;
	return said;
}
#define LENGTH(chunk_ms, part_ms) ((uint32_t)(chunk_ms) << 16 | (part_ms))

Test(demand, the_shortest_chunks_that_somebody_watches_by_are_made)
{
	closely(0, RENDITION_COPY, 216);
	cr_expect_eq(length_said(STORE), LENGTH(216, 216));
	cr_expect_eq(length_said(INGEST), LENGTH(216, 216));
	cr_expect_eq(length_said(WORKER), UINT32_MAX, "the copy is not its own");
	closely(0, RENDITION_COPY, MSG_PICTURE_MS);
	cr_expect_eq(length_said(STORE), LENGTH(MSG_PICTURE_MS, 216));
	closely(0, RENDITION_COPY, 180);
	cr_expect_eq(length_said(STORE), UINT32_MAX, "a target never shrinks, and nothing else has changed");
	closely(0, RENDITION_COPY, 270);
	cr_expect_eq(length_said(INGEST), LENGTH(MSG_PICTURE_MS, 270));
	rig.camera[0].demand[RENDITION_COPY].closely.pictures_us -= 31000000;
	parent_watch_workers(-1, 0, &rig.p);
	cr_expect_eq(length_said(STORE), LENGTH(270, 270), "nobody wants each picture any more");
	rig.camera[0].demand[RENDITION_COPY].closely.parts_us -= 31000000;
	parent_watch_workers(-1, 0, &rig.p);
	cr_expect_eq(length_said(STORE), 0);
	cr_expect_eq(rig.p.closely, 0);
}

Test(demand, who_makes_it_is_told_and_told_again)
{
	closely(0, ALWAYS, 216);
	cr_expect(length_said(WORKER) == LENGTH(216, 216) && length_said(STORE) == LENGTH(216, 216) && length_said(INGEST) == UINT32_MAX);
	closely(0, RENDITION_AUDIO, 208);
	cr_expect(length_said(WORKER) == LENGTH(208, 208) && length_said(INGEST) == LENGTH(208, 208), "either may make the sound");
	closely(0, ALWAYS, 216);
	cr_expect_eq(length_said(WORKER), UINT32_MAX);
	rig.camera[0].demand[ALWAYS].closely.told_us -= 1000000;
	closely(0, ALWAYS, 216);
	cr_expect(length_said(WORKER) == LENGTH(216, 216) && length_said(STORE) == LENGTH(216, 216), "who began anew meanwhile knows now");
	closely(0, DEMAND, 216);
	cr_expect(rig.camera[0].demand[DEMAND].runs, "what is made on demand runs as well");
}

Test(demand, only_so_many_are_watched_closely)
{
	rig.p.closely = 128;
	closely(0, RENDITION_COPY, 216);
	cr_expect(length_said(STORE) == UINT32_MAX && rig.p.closely == 128 && rig.p.closely_full);
	rig.p.closely = 127;
	closely(0, RENDITION_COPY, 216);
	cr_expect(length_said(STORE) == LENGTH(216, 216) && rig.p.closely == 128);
}

Test(demand, snapshots_have_no_parts)
{
	closely(1, RENDITION_SNAPSHOT, 216);
	cr_expect(rig.child[SERVE].killed);
	rig.child[SERVE].killed = false;
	closely(1, DEMAND, 216);
	cr_expect(!rig.child[SERVE].killed && rig.p.closely == 0, "it may have been there a moment ago");
}
