/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parent makes of viewers and workers: what runs, what is said of it, and what who lies gets out of it. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "server/commands.h"
#include "server/parent.h"

/* A store, a serve and a worker of camera 0, which has "720p" always and "360p" on demand; camera 1 has no worker. */
enum { STORE, SERVE, WORKER, INGEST, CHILDREN };
static const enum role_kind kinds[CHILDREN] = {ROLE_STORE, ROLE_SERVE, ROLE_TRANSCODE, ROLE_INGEST};
#define ALWAYS RENDITION_ENCODED
#define DEMAND (RENDITION_ENCODED + 1)

static struct site site;
static struct site_camera site_camera[2];
static struct parent p;
static struct child child[CHILDREN + 1];  /* and one that comes later */
static struct camera_live camera[2];
static int ear[CHILDREN], bell[2];

static void setup(void)
{
	site_camera[0] = (struct site_camera){.name = "gate", .nrenditions = 2, .rendition = {{.name = "720p"}, {.name = "360p", .on_demand = true}}};
	site_camera[1] = (struct site_camera){.name = "yard"};
	site = (struct site){.camera = site_camera, .ncameras = 2, .ingest_processes = 1, .serve_processes = 1};
	p = (struct parent){.site = &site, .base = event_base_new(), .child = child, .nchildren = CHILDREN, .camera = camera};
	cr_assert_eq(pipe2(bell, O_CLOEXEC | O_NONBLOCK), 0);
	for (unsigned i = 0; i < 2; i++)
		camera[i] = (struct camera_live){.parent = &p, .index = i};
	for (unsigned i = 0; i < CHILDREN; i++) {
		struct channel_ends ends = {.me = ROLE_PARENT, .peer = kinds[i], .answers = parent_answers, .ctx = &child[i]};
		int pair[2];

		child[i] = (struct child){.parent = &p, .kind = kinds[i], .phase = CHILD_READY, .log_fd = -1, .watch_fd = -1, .ring_in = -1,
			.pictures = true, .ring_in_bell = bell[1], .ring_out = -1, .ring_out_bell = -1, .started_us = clock_mono_us()};
		cr_assert_eq(channel_pair(pair), 0);
		child[i].channel = channel_new(p.base, pair[0], &ends);
		ear[i] = pair[1];
		child[i].pid = fork();
		while (child[i].pid == 0)
			pause();
	}
}

static void teardown(void)
{
	for (unsigned i = 0; i < CHILDREN + 1u; i++) {
		if (child[i].pid > 0) {
			kill(child[i].pid, SIGKILL);
			waitpid(child[i].pid, NULL, 0);
		}
		channel_free(&child[i].channel);
		if (child[i].again)
			event_free(child[i].again);
		if (child[i].killer)
			event_free(child[i].killer);
		if (i < CHILDREN)
			close(ear[i]);
	}
	memset(child, 0, sizeof child);
	close(bell[0]);
	close(bell[1]);
	event_base_free(p.base);
}

TestSuite(demand, .init = setup, .fini = teardown, .timeout = 30);

static void hear(unsigned who, enum msg_type type, const void *body, size_t n)
{
	const struct channel_answer *a = parent_answers;
	int fds[MSG_FDS_MAX] = {-1, -1, -1, -1};
	static union msg_body m;

	cr_assert(roles_may_say(kinds[who], ROLE_PARENT, type, 0));
	memcpy(&m, body, n);
	while (a->type != type)
		cr_assert_neq((a++)->type, MSG_NONE);
	a->answer(&child[who], NULL, &m, fds);
}
#define HEAR(who, type, ...) hear(who, type, &(__VA_ARGS__), sizeof(__VA_ARGS__))

/* The next message that this child was sent; MSG_NONE if there is none. */
static enum msg_type heard(unsigned who, union msg_body *ret)
{
	static uint8_t packet[MSG_MAX];
	enum msg_type type;
	ssize_t n = recv(ear[who], packet, sizeof packet, MSG_DONTWAIT);

	if (n <= 0)
		return MSG_NONE;
	cr_assert_eq(msg_decode(packet, (size_t)n, &type, ret), 0);
	return type;
}

static void watched(unsigned cam, unsigned rendition)
{
	HEAR(SERVE, MSG_WATCHED, (struct msg_watched){.camera = (uint16_t)cam, .rendition = (uint8_t)rendition});
}

static void expect_run(unsigned who, bool run)
{
	static union msg_body m;

	cr_assert_eq(heard(who, &m), MSG_RENDITION_RUN);
	cr_expect(m.rendition_run.camera == 0 && m.rendition_run.rendition == DEMAND && m.rendition_run.run == run);
}

Test(demand, runs_a_rendition_while_somebody_watches_and_30_s_longer)
{
	static union msg_body m;
	uint8_t rings[64];

	watched(0, DEMAND);
	expect_run(WORKER, true);
	expect_run(SERVE, true);
	cr_expect_eq(read(bell[0], rings, sizeof rings), 8, "the worker is woken");
	watched(0, DEMAND);
	cr_expect_eq(heard(WORKER, &m), MSG_NONE, "it runs already");
	camera[0].demand[DEMAND].watched_us -= 29500000;
	parent_watch_workers(-1, 0, &p);
	cr_expect_eq(heard(WORKER, &m), MSG_NONE);
	watched(0, DEMAND);
	camera[0].demand[DEMAND].watched_us -= 29500000;
	parent_watch_workers(-1, 0, &p);
	cr_expect_eq(heard(WORKER, &m), MSG_NONE, "asked for again");
	camera[0].demand[DEMAND].watched_us -= 600000;
	parent_watch_workers(-1, 0, &p);
	expect_run(WORKER, false);
	expect_run(SERVE, false);
}

Test(demand, tells_those_that_begin_anew_what_runs)
{
	static union msg_body m;

	child[WORKER].phase = child[SERVE].phase = CHILD_STARTING;
	watched(0, DEMAND);
	cr_expect(heard(WORKER, &m) == MSG_NONE && heard(SERVE, &m) == MSG_NONE);
	HEAR(WORKER, MSG_READY, (struct msg_ready){0});
	expect_run(WORKER, true);
	parent_tell_demand(&child[SERVE]);
	expect_run(SERVE, true);
}

Test(demand, a_full_bell_holds_nobody_up)
{
	static const uint64_t one = 1;

	while (write(bell[1], &one, sizeof one) == sizeof one)
		;
	watched(0, DEMAND);
	expect_run(WORKER, true);
}

Test(demand, serve_may_not_ask_for_what_is_not_made_on_demand)
{
	static const struct { unsigned camera, rendition; } lies[] = {
		{0, RENDITION_COPY}, {0, RENDITION_AUDIO}, {0, ALWAYS}, {0, DEMAND + 1}, {1, DEMAND}, {2, RENDITION_SNAPSHOT}, {0, RENDITIONS_MAX}, {65535, 255}};

	for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
		child[SERVE].killed = false;
		watched(lies[i].camera, lies[i].rendition);
		cr_expect(child[SERVE].killed, "%zu", i);
	}
	child[SERVE].killed = false;
	for (unsigned i = 0; i < 2 * CHILD_WATCHED_PER_S && !child[SERVE].killed; i++)
		watched(0, DEMAND);
	cr_expect(child[SERVE].killed);
}

Test(demand, a_camera_without_a_worker_has_one_while_snapshots_are_asked_for)
{
	struct child *worker;

	watched(1, RENDITION_SNAPSHOT);
	worker = parent_child(&p, ROLE_TRANSCODE, 1);
	cr_assert(worker && worker->phase == CHILD_STARTING && worker->pid > 0 && worker->pictures && !worker->retired);
	camera[1].demand[RENDITION_SNAPSHOT].watched_us -= 31000000;
	parent_watch_workers(-1, 0, &p);
	cr_expect(!camera[1].demand[RENDITION_SNAPSHOT].runs && !worker->retired, "it stays for a while");
	camera[1].needed_us -= 181000000;
	parent_watch_workers(-1, 0, &p);
	cr_expect(worker->retired && worker->phase == CHILD_STOPPING);
	cr_expect(!child[WORKER].retired, "the site file wants that one");
	child_log_close(worker);
}

static void say_state(uint8_t scene, uint8_t step)
{
	child[WORKER].said = 0;
	HEAR(WORKER, MSG_WORKER_STATE, (struct msg_worker_state){.camera = 0, .scene = scene, .step = step});
}

static void say_rendition(unsigned rendition, uint8_t fps_step, bool given_up)
{
	HEAR(WORKER, MSG_WORKER_RENDITION, (struct msg_worker_rendition){.camera = 0, .rendition = (uint8_t)rendition, .fps_step = fps_step, .given_up = given_up});
}

static void expect_alarm(enum alarm_kind kind, bool begin, const char *detail)
{
	static union msg_body m;

	cr_assert_eq(heard(STORE, &m), MSG_ALARM, "%s", detail);
	cr_expect(m.alarm.camera == 0 && m.alarm.kind == kind && m.alarm.begin == begin && m.alarm.at_us > 0);
	cr_expect_str_eq(m.alarm.detail, detail);
}

static void later(enum alarm_kind kind)
{
	camera[0].alarm[kind].said_us -= 3000000;
	parent_alarm_sweep(&camera[0]);
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
	cr_expect_eq(heard(STORE, &m), MSG_NONE, "the same is said once");
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
	while (heard(STORE, &m) == MSG_ALARM)
		n++;
	cr_expect_leq(n, 2);
	cr_expect(!child[WORKER].killed);
	for (unsigned i = 0; i < 1000; i++)
		HEAR(WORKER, MSG_WORKER_STATE, (struct msg_worker_state){.camera = 0});
	cr_expect(child[WORKER].killed, "says too much of itself");
	child[WORKER].killed = false;
	HEAR(WORKER, MSG_WORKER_STATE, (struct msg_worker_state){.camera = 1});
	cr_expect(child[WORKER].killed, "speaks for another");
}

Test(demand, pictures_that_cannot_be_decoded_are_an_alarm_until_they_can)
{
	child[WORKER].said = 0;
	HEAR(WORKER, MSG_WORKER_STATE, (struct msg_worker_state){.camera = 0, .no_picture_since_us = 1});
	expect_alarm(ALARM_NO_PICTURE, true, "what the camera sends gives no picture");
	say_state(0, 0);
	later(ALARM_NO_PICTURE);
	expect_alarm(ALARM_NO_PICTURE, false, "over");
}

Test(demand, an_alarm_waits_for_store)
{
	static union msg_body m;

	child[STORE].phase = CHILD_DOWN;
	say_state(SCENE_COVERED, 0);
	cr_expect_eq(heard(STORE, &m), MSG_NONE);
	child[STORE].phase = CHILD_READY;
	parent_watch_workers(-1, 0, &p);
	expect_alarm(ALARM_COVERED, true, "the lens seems covered");
}

Test(demand, a_worker_that_keeps_ending_is_named_and_what_it_said_is_over)
{
	static union msg_body m;

	say_state(0, 2);
	expect_alarm(ALARM_OVERLOAD, true, "pictures left out");
	child[WORKER].backoff_ms = WORKER_TOLD_MS;
	camera[0].alarm[ALARM_OVERLOAD].said_us -= 3000000;
	parent_worker_ended(&child[WORKER], false);
	expect_alarm(ALARM_OVERLOAD, false, "over");
	expect_alarm(ALARM_WORKER, true, "the worker keeps ending and is held back");
	cr_expect_eq(heard(INGEST, &m), MSG_RING_TRANSCODE, "nothing is put into a ring that nobody reads");
	child[WORKER].started_us -= 31000000;
	camera[0].alarm[ALARM_WORKER].said_us -= 3000000;
	parent_watch_workers(-1, 0, &p);
	expect_alarm(ALARM_WORKER, false, "over");
}

/* --- looks at cameras of which nothing is decoded ---------------------------------------- */

static struct child *looker(unsigned cam) { return parent_child(&p, ROLE_TRANSCODE, cam); }

static void sweep(int64_t later_us)
{
	p.scene.next_us -= later_us;
	camera[1].looked_at_us -= camera[1].looked_at_us ? later_us : 0;
	parent_scene_sweep(&p, clock_mono_us());
}

static void look_begins(void)
{
	site.alarms.scene_s = 600;
	camera[1].taken = camera[1].known = true;
	camera[1].state.phase = CAMERA_STREAMING;
	sweep(0);
	cr_assert_null(looker(1), "each camera has its turn");
	sweep(301000000);
	cr_assert(looker(1) && looker(1)->phase == CHILD_STARTING && looker(1)->pictures && camera[1].looked_at_us);
}

/* What a worker of camera 1 says of what it saw, and what the parent makes of that. */
static void saw(uint8_t scene, uint8_t scene_now, uint32_t looked)
{
	camera[1].worker = (struct msg_worker_state){.camera = 1, .scene = scene, .scene_now = scene_now, .looked = looked};
	parent_scene_told(&camera[1]);
	parent_worker_alarms(&camera[1]);
	sweep(0);
}

static void look_ended(void)
{
	cr_assert(looker(1)->retired && looker(1)->phase == CHILD_STOPPING && !camera[1].looked_at_us);
	waitpid(looker(1)->pid, NULL, 0);
	child_log_close(looker(1));
	channel_free(&looker(1)->channel);
	looker(1)->pid = 0;
	looker(1)->phase = CHILD_DOWN;
	parent_worker_ended(looker(1), true);
}

Test(demand, a_camera_that_is_only_recorded_is_looked_at_for_two_key_frames)
{
	look_begins();
	saw(0, 0, 1);
	cr_expect(!looker(1)->retired, "one picture cannot be frozen");
	saw(0, 0, 2);
	look_ended();
	sweep(0);
	cr_expect(looker(1)->phase == CHILD_DOWN, "not again so soon");
	sweep(601000000);
	cr_expect(looker(1)->phase == CHILD_STARTING);
	saw(0, 0, 2);
	look_ended();
}

Test(demand, what_a_look_saw_holds_until_the_next_one)
{
	look_begins();
	saw(0, SCENE_BLACK, 2);
	cr_expect(!looker(1)->retired && !camera[1].alarm[ALARM_BLACK].on, "it may not last");
	saw(SCENE_BLACK, SCENE_BLACK, 7);
	cr_expect(camera[1].alarm[ALARM_BLACK].on);
	look_ended();
	cr_expect(camera[1].alarm[ALARM_BLACK].on);
	sweep(601000000);
	saw(0, 0, 1);
	cr_expect(camera[1].alarm[ALARM_BLACK].on, "one picture says nothing");
	saw(0, SCENE_BLACK, 2);
	cr_expect(camera[1].alarm[ALARM_BLACK].on, "it is as it was");
	saw(0, 0, 3);
	cr_expect(!camera[1].alarm[ALARM_BLACK].is);
	look_ended();
}

Test(demand, a_look_that_sees_nothing_ends)
{
	look_begins();
	sweep(59000000);
	cr_expect(!looker(1)->retired);
	sweep(2000000);
	look_ended();
	sweep(601000000);
	cr_assert(camera[1].looked_at_us);
	camera[1].state.phase = CAMERA_WAITING;
	sweep(0);
	look_ended();
	sweep(601000000);
	cr_expect(looker(1)->phase == CHILD_DOWN, "there is nothing to see");
}

/* As parent.c does. */
static void look_is_ended_by_the_camera(void)
{
	kill(looker(1)->pid, SIGKILL);
	waitpid(looker(1)->pid, NULL, 0);
	child_log_close(looker(1));
	channel_free(&looker(1)->channel);
	looker(1)->pid = 0;
	looker(1)->phase = CHILD_DOWN;
	cr_assert_eq(event_add(looker(1)->again, &(struct timeval){0, 0}), 0);
	parent_worker_ended(looker(1), false);
	cr_expect(looker(1)->retired && !event_pending(looker(1)->again, EV_TIMEOUT, NULL) && !camera[1].looked_at_us, "not again before its next turn");
}

Test(demand, a_camera_that_ends_who_looks_at_it_is_told_and_so_is_one_that_does_no_more)
{
	look_begins();
	look_is_ended_by_the_camera();
	for (unsigned i = 0; i < 2; i++) {
		cr_expect(!camera[1].alarm[ALARM_WORKER].is, "it may be by chance");
		sweep(0);
		cr_expect(looker(1)->phase == CHILD_DOWN, "not again so soon");
		sweep(601000000);
		cr_assert(looker(1)->phase == CHILD_STARTING);
		look_is_ended_by_the_camera();
	}
	cr_expect(camera[1].alarm[ALARM_WORKER].is);
	sweep(601000000);
	saw(0, 0, 2);
	cr_expect(!camera[1].alarm[ALARM_WORKER].is && !camera[1].looks_failed);
	look_ended();
}

Test(demand, that_a_look_gets_no_picture_holds_until_one_that_does)
{
	look_begins();
	camera[1].worker = (struct msg_worker_state){.camera = 1, .no_picture_since_us = 1};
	parent_scene_told(&camera[1]);
	parent_worker_alarms(&camera[1]);
	sweep(61000000);
	look_ended();
	cr_expect(camera[1].alarm[ALARM_NO_PICTURE].on, "it is over, and nothing was seen");
	sweep(601000000);
	saw(0, 0, 0);
	cr_expect(camera[1].alarm[ALARM_NO_PICTURE].on, "it has begun, and seen nothing");
	saw(0, 0, 2);
	cr_expect(!camera[1].alarm[ALARM_NO_PICTURE].is);
	look_ended();
}

Test(demand, what_nobody_will_look_at_again_is_forgotten)
{
	look_begins();
	saw(SCENE_BLACK, SCENE_BLACK, 7);
	look_ended();
	sweep(0);
	cr_expect(camera[1].alarm[ALARM_BLACK].is);
	site.alarms.scene_s = 0;
	sweep(0);
	cr_expect(!camera[1].alarm[ALARM_BLACK].is, "looks were switched off");
	site.alarms.scene_s = 600;
	sweep(601000000);
	saw(SCENE_BLACK, SCENE_BLACK, 7);
	look_ended();
	looker(1)->retired = false;
	looker(1)->pictures = false;
	sweep(0);
	cr_expect(!camera[1].alarm[ALARM_BLACK].is, "its worker is there for sound alone");
}

Test(demand, who_is_sent_away_is_not_heard_any_more)
{
	child[WORKER].retired = true;
	say_state(SCENE_BLACK, 0);
	cr_expect(!camera[0].alarm[ALARM_BLACK].is);
}

Test(demand, who_comes_for_snapshots_during_a_look_keeps_the_worker)
{
	look_begins();
	watched(1, RENDITION_SNAPSHOT);
	saw(0, 0, 2);
	cr_expect(!looker(1)->retired && !camera[1].looked_at_us);
	child_log_close(looker(1));
}

Test(demand, looks_are_never_where_they_are_not_wanted)
{
	camera[1].taken = camera[1].known = true;
	camera[1].state.phase = CAMERA_STREAMING;
	for (unsigned i = 0; i < 10; i++)
		sweep(601000000);
	cr_expect_null(looker(1));
}

static bool status_has(void (*make)(struct parent *, struct buf *), const char *words)
{
	struct buf b;
	bool has;

	buf_init(&b, 1 << 20);
	make(&p, &b);
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
	child[WORKER].said = 0;
	HEAR(WORKER, MSG_WORKER_STATE, (struct msg_worker_state){.scene = SCENE_BLACK, .step = 2, .cpu = 255, .pictures = 7});
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
	char *argv[] = {(char *)(uintptr_t)"run", (char *)(uintptr_t)"--cpu", (char *)(uintptr_t)level, (char *)(uintptr_t)"-c", (char *)(uintptr_t)"/nowhere/site.yaml", NULL};

	optind = 0;
	return cmd_run(5, argv);
}

/* Both end with 2; the words tell whether it was the level, or the site file that is not there. */
Test(cpu, a_level_that_is_not_one_is_named)
{
	static const struct { const char *level, *says; } cases[] = {
		{"mmx", "there are c, avx2 and avx512"}, {"", "there are c, avx2 and avx512"}, {"c", "/nowhere/site.yaml"}};
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

	memcpy(many, site_camera, sizeof site_camera);
	for (unsigned i = 0; i <= last; i++) {
		live[i] = (struct camera_live){.parent = &p, .index = i};
		live[i].demand[RENDITION_SNAPSHOT].runs = i > 0 && i < last;
	}
	site.camera = many;
	site.ncameras = last + 1;
	p.camera = live;
	watched(last, RENDITION_SNAPSHOT);
	cr_expect_not(live[last].demand[RENDITION_SNAPSHOT].runs);
	cr_expect_eq(heard(SERVE, &m), MSG_NONE);
	watched(0, RENDITION_SNAPSHOT);
	cr_expect(live[0].demand[RENDITION_SNAPSHOT].runs, "that camera has a worker anyway");
	cr_expect_eq(heard(SERVE, &m), MSG_RENDITION_RUN);
	watched(1, RENDITION_SNAPSHOT);
	cr_expect(live[1].demand[RENDITION_SNAPSHOT].watched_us, "it goes on for who asks for it again");
}

/* --- watched closely ---------------------------------------------------------------------- */

static void closely(unsigned cam, unsigned rendition, unsigned chunk_ms)
{
	HEAR(SERVE, MSG_WATCHED, (struct msg_watched){.camera = (uint16_t)cam, .rendition = (uint8_t)rendition, .chunk_ms = (uint16_t)chunk_ms});
}

/* What was said last of lengths; 0xffffffff: nothing. */
static uint32_t length_said(unsigned who)
{
	static union msg_body m;
	uint32_t said = UINT32_MAX;

	for (enum msg_type type; (type = heard(who, &m)) != MSG_NONE;)
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
	camera[0].demand[RENDITION_COPY].closely.pictures_us -= 31000000;
	parent_watch_workers(-1, 0, &p);
	cr_expect_eq(length_said(STORE), LENGTH(270, 270), "nobody wants each picture any more");
	camera[0].demand[RENDITION_COPY].closely.parts_us -= 31000000;
	parent_watch_workers(-1, 0, &p);
	cr_expect_eq(length_said(STORE), 0);
	cr_expect_eq(p.closely, 0);
}

Test(demand, who_makes_it_is_told_and_told_again)
{
	closely(0, ALWAYS, 216);
	cr_expect(length_said(WORKER) == LENGTH(216, 216) && length_said(STORE) == LENGTH(216, 216) && length_said(INGEST) == UINT32_MAX);
	closely(0, RENDITION_AUDIO, 208);
	cr_expect(length_said(WORKER) == LENGTH(208, 208) && length_said(INGEST) == LENGTH(208, 208), "either may make the sound");
	closely(0, ALWAYS, 216);
	cr_expect_eq(length_said(WORKER), UINT32_MAX);
	camera[0].demand[ALWAYS].closely.told_us -= 1000000;
	closely(0, ALWAYS, 216);
	cr_expect(length_said(WORKER) == LENGTH(216, 216) && length_said(STORE) == LENGTH(216, 216), "who began anew meanwhile knows now");
	closely(0, DEMAND, 216);
	cr_expect(camera[0].demand[DEMAND].runs, "what is made on demand runs as well");
}

Test(demand, only_so_many_are_watched_closely)
{
	p.closely = 128;
	closely(0, RENDITION_COPY, 216);
	cr_expect(length_said(STORE) == UINT32_MAX && p.closely == 128 && p.closely_full);
	p.closely = 127;
	closely(0, RENDITION_COPY, 216);
	cr_expect(length_said(STORE) == LENGTH(216, 216) && p.closely == 128);
}

Test(demand, snapshots_have_no_parts)
{
	closely(1, RENDITION_SNAPSHOT, 216);
	cr_expect(child[SERVE].killed);
	child[SERVE].killed = false;
	closely(1, DEMAND, 216);
	cr_expect(!child[SERVE].killed && p.closely == 0, "it may have been there a moment ago");
}
