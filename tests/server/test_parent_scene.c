/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Looks at cameras of which nothing is decoded: whose turn it is, how long one lasts, and what holds of what it saw. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <event2/event.h>

#include "base/clock.h"
#include "tests/server/parent_rig.h"

/* Of camera 1 nothing is decoded; camera 0 has a rendition, and a worker for it. */
enum { STORE, SERVE, WORKER, INGEST, CHILDREN };

static void setup(void)
{
	rig.site_camera[0] = (struct site_camera){.name = "gate", .nrenditions = 1, .rendition = {{.name = "720p"}}};
	rig.site_camera[1] = (struct site_camera){.name = "yard"};
	rig_begin((const enum role_kind[CHILDREN]){ROLE_STORE, ROLE_SERVE, ROLE_TRANSCODE, ROLE_INGEST}, CHILDREN);
}

TestSuite(scene, .init = setup, .fini = rig_end, .timeout = 30);

static struct child *looker(unsigned cam) { return parent_child(&rig.p, ROLE_TRANSCODE, cam); }

static void sweep(int64_t later_us)
{
	rig.p.scene.next_us -= later_us;
	rig.camera[1].looked_at_us -= rig.camera[1].looked_at_us ? later_us : 0;
	parent_scene_sweep(&rig.p, clock_mono_us());
}

static void look_begins(void)
{
	rig.site.alarms.scene_s = 600;
	rig.camera[1].taken = rig.camera[1].known = true;
	rig.camera[1].state.phase = CAMERA_STREAMING;
	sweep(0);
	cr_assert_null(looker(1), "each camera has its turn");
	sweep(301000000);
	cr_assert(looker(1) && looker(1)->phase == CHILD_STARTING && looker(1)->pictures && rig.camera[1].looked_at_us);
}

/* What a worker of camera 1 says of what it saw, and what the parent makes of that. */
static void saw(uint8_t scene, uint8_t scene_now, uint32_t looked)
{
	rig.camera[1].worker = (struct msg_worker_state){.camera = 1, .scene = scene, .scene_now = scene_now, .looked = looked};
	parent_scene_told(&rig.camera[1]);
	parent_worker_alarms(&rig.camera[1]);
	sweep(0);
}

/* As parent.c does when its process has ended. */
static void looker_is_gone(void)
{
	struct child *c = looker(1);

	waitpid(c->pid, NULL, 0);
	child_log_close(c);
	channel_free(&c->channel);
	c->pid = 0;
	c->phase = CHILD_DOWN;
}

static void look_ended(void)
{
	cr_assert(looker(1)->retired && looker(1)->phase == CHILD_STOPPING && !rig.camera[1].looked_at_us);
	looker_is_gone();
	parent_worker_ended(looker(1), true);
}

Test(scene, a_camera_that_is_only_recorded_is_looked_at_for_two_key_frames)
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

Test(scene, what_a_look_saw_holds_until_the_next_one)
{
	look_begins();
	saw(0, SCENE_BLACK, 2);
	cr_expect(!looker(1)->retired && !rig.camera[1].alarm[ALARM_BLACK].on, "it may not last");
	saw(SCENE_BLACK, SCENE_BLACK, 7);
	cr_expect(rig.camera[1].alarm[ALARM_BLACK].on);
	look_ended();
	cr_expect(rig.camera[1].alarm[ALARM_BLACK].on);
	sweep(601000000);
	saw(0, 0, 1);
	cr_expect(rig.camera[1].alarm[ALARM_BLACK].on, "one picture says nothing");
	saw(0, SCENE_BLACK, 2);
	cr_expect(rig.camera[1].alarm[ALARM_BLACK].on, "it is as it was");
	saw(0, 0, 3);
	cr_expect(!rig.camera[1].alarm[ALARM_BLACK].is);
	look_ended();
}

Test(scene, a_look_that_sees_nothing_ends)
{
	look_begins();
	sweep(59000000);
	cr_expect(!looker(1)->retired);
	sweep(2000000);
	look_ended();
	sweep(601000000);
	cr_assert(rig.camera[1].looked_at_us);
	rig.camera[1].state.phase = CAMERA_WAITING;
	sweep(0);
	look_ended();
	sweep(601000000);
	cr_expect(looker(1)->phase == CHILD_DOWN, "there is nothing to see");
}

/* "Smart codecs" send a key frame in minutes. */
Test(scene, key_frames_far_apart_are_waited_for)
{
	look_begins();
	saw(0, 0, 1);
	sweep(61000000);
	cr_expect(!looker(1)->retired && rig.camera[1].looks_long, "it was seen once");
	sweep(700000000);
	saw(SCENE_BLACK, SCENE_BLACK, 2);
	cr_expect(rig.camera[1].alarm[ALARM_BLACK].on);
	look_ended();
	sweep(601000000);
	saw(0, 0, 1);
	sweep(61000000);
	sweep(840000000);
	look_ended();
	cr_expect(!rig.camera[1].looks_long, "not for ever");
}

Test(scene, only_so_many_wait_for_key_frames_that_are_far_apart)
{
	static struct site_camera many[2 + 8];
	static struct camera_live live[2 + 8];

	look_begins();
	memcpy(many, rig.site_camera, sizeof rig.site_camera);
	live[1] = rig.camera[1];
	for (unsigned i = 2; i < 10; i++)
		live[i] = (struct camera_live){.parent = &rig.p, .index = i, .looked_at_us = clock_mono_us(), .looks_long = true};
	rig.site.camera = many;
	rig.site.ncameras = 10;
	rig.p.camera = live;
	live[1].worker.looked = 1;
	live[1].looked_at_us -= 61000000;
	live[9].looks_long = false;
	parent_scene_sweep(&rig.p, clock_mono_us());
	cr_expect(live[1].looks_long && !looker(1)->retired);
	live[1].looks_long = false;
	for (unsigned i = 2; i < 10; i++)
		live[i].looks_long = true;
	parent_scene_sweep(&rig.p, clock_mono_us());
	cr_expect(!live[1].looks_long && looker(1)->retired, "eight wait already");
	child_log_close(looker(1));
}

/* As parent.c does. */
static void look_is_ended_by_the_camera(void)
{
	kill(looker(1)->pid, SIGKILL);
	looker_is_gone();
	cr_assert_eq(event_add(looker(1)->again, &(struct timeval){0, 0}), 0);
	parent_worker_ended(looker(1), false);
	cr_expect(looker(1)->retired && !event_pending(looker(1)->again, EV_TIMEOUT, NULL) && !rig.camera[1].looked_at_us, "not again before its next turn");
}

Test(scene, a_camera_that_ends_who_looks_at_it_is_told_and_so_is_one_that_does_no_more)
{
	look_begins();
	look_is_ended_by_the_camera();
	for (unsigned i = 0; i < 2; i++) {
		cr_expect(!rig.camera[1].alarm[ALARM_WORKER].is, "it may be by chance");
		sweep(0);
		cr_expect(looker(1)->phase == CHILD_DOWN, "not again so soon");
		sweep(601000000);
		cr_assert(looker(1)->phase == CHILD_STARTING);
		look_is_ended_by_the_camera();
	}
	cr_expect(rig.camera[1].alarm[ALARM_WORKER].is);
	sweep(601000000);
	saw(0, 0, 2);
	cr_expect(!rig.camera[1].alarm[ALARM_WORKER].is && !rig.camera[1].looks_failed);
	look_ended();
}

Test(scene, that_a_look_gets_no_picture_holds_until_one_that_does)
{
	look_begins();
	rig.camera[1].worker = (struct msg_worker_state){.camera = 1, .no_picture_since_us = 1};
	parent_scene_told(&rig.camera[1]);
	parent_worker_alarms(&rig.camera[1]);
	sweep(61000000);
	look_ended();
	cr_expect(rig.camera[1].alarm[ALARM_NO_PICTURE].on, "it is over, and nothing was seen");
	sweep(601000000);
	saw(0, 0, 0);
	cr_expect(rig.camera[1].alarm[ALARM_NO_PICTURE].on, "it has begun, and seen nothing");
	saw(0, 0, 2);
	cr_expect(!rig.camera[1].alarm[ALARM_NO_PICTURE].is);
	look_ended();
}

Test(scene, what_nobody_will_look_at_again_is_forgotten)
{
	look_begins();
	saw(SCENE_BLACK, SCENE_BLACK, 7);
	look_ended();
	sweep(0);
	cr_expect(rig.camera[1].alarm[ALARM_BLACK].is);
	rig.site.alarms.scene_s = 0;
	sweep(0);
	cr_expect(!rig.camera[1].alarm[ALARM_BLACK].is, "looks were switched off");
	rig.site.alarms.scene_s = 600;
	sweep(601000000);
	saw(SCENE_BLACK, SCENE_BLACK, 7);
	look_ended();
	looker(1)->retired = false;
	looker(1)->pictures = false;
	sweep(0);
	cr_expect(!rig.camera[1].alarm[ALARM_BLACK].is, "its worker is there for sound alone");
}

Test(scene, who_comes_for_snapshots_during_a_look_keeps_the_worker)
{
	look_begins();
	RIG_SAY(SERVE, MSG_WATCHED, (struct msg_watched){.camera = 1, .rendition = RENDITION_SNAPSHOT});
	saw(0, 0, 2);
	cr_expect(!looker(1)->retired && !rig.camera[1].looked_at_us);
	child_log_close(looker(1));
}

static unsigned look_told(void)
{
	static union msg_body m;
	enum msg_type type;

	while ((type = rig_heard(WORKER, &m)) != MSG_LOOK)
		cr_assert_neq(type, MSG_NONE);
	cr_expect_eq(m.look.camera, 0);
	return m.look.every_s;
}

Test(scene, a_worker_is_told_how_often_to_look_and_told_again)
{
	static union msg_body m;

	rig.site.alarms.scene_s = 600;
	rig.child[WORKER].phase = CHILD_STARTING;
	parent_scene_changes(&rig.p);
	cr_expect_eq(rig_heard(WORKER, &m), MSG_NONE, "not before it is sealed");
	RIG_SAY(WORKER, MSG_READY, (struct msg_ready){0});
	cr_expect_eq(look_told(), 600);
	rig.site.alarms.scene_s = 60;
	parent_scene_changes(&rig.p);
	cr_expect_eq(look_told(), 60);
}

/* G.711 and the like, in a camera that is only recorded. */
Test(scene, who_makes_sound_is_given_pictures_to_look_at)
{
	rig.site_camera[1].audio = true;
	parent_want_sound(&rig.p, 1, CODEC_PCMU);
	cr_assert(looker(1) && looker(1)->phase == CHILD_STARTING);
	cr_expect_not(looker(1)->pictures, "nothing looks");
	rig.site.alarms.scene_s = 600;
	parent_scene_changes(&rig.p);
	cr_expect(looker(1)->killed, "it cannot be given them as it is");
	rig.camera[1].wants_sound = false;
	looker_is_gone();
	looker(1)->retired = true;
	parent_want_sound(&rig.p, 1, CODEC_PCMU);
	cr_expect(looker(1)->pictures);
	child_log_close(looker(1));
}

Test(scene, looks_are_never_where_they_are_not_wanted)
{
	rig.camera[1].taken = rig.camera[1].known = true;
	rig.camera[1].state.phase = CAMERA_STREAMING;
	for (unsigned i = 0; i < 10; i++)
		sweep(601000000);
	cr_expect_null(looker(1));
}
