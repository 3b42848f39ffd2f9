/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong with a camera's pictures or their worker, in the log of events and, by store, as alarm/v1 entries that
 * nobody can take back. A worker may be taken over, and entries are for ever: so one alarm of one camera is
 * said at most once in ALARM_US, and what came and went meanwhile is not.
 */
#include "server/parent.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define ALARM_US 2000000

static bool is_news(const struct alarm_live *a)
{
	return a->is != a->said || (a->is && strcmp(a->detail, a->said_detail) != 0);
}

static void say(struct camera_live *cam, unsigned kind, int64_t now_us)
{
	struct alarm_live *a = &cam->alarm[kind];
	struct child *store = parent_child(cam->parent, ROLE_STORE, 0);
	struct msg_alarm m = {.camera = (uint16_t)cam->index, .kind = (uint8_t)kind, .begin = a->is, .at_us = clock_wall_us()};

	if (!is_news(a) || (a->said_us && now_us - a->said_us < ALARM_US) || !store || store->phase != CHILD_READY)
		return;
	snprintf(m.detail, sizeof m.detail, "%s", a->is ? a->detail : "over");
	if (child_say(store, MSG_ALARM, &m, NULL, 0) < 0)
		return;
	for (unsigned i = 0; i < cam->parent->nchildren; i++)
		if (cam->parent->child[i].kind == ROLE_SERVE && cam->parent->child[i].phase == CHILD_READY)
			child_say(&cam->parent->child[i], MSG_ALARM, &m, NULL, 0);
	parent_log(a->is ? "warn" : "info", a->is ? "camera-alarm" : "camera-alarm-over", "camera=%s alarm=%s detail=\"%s\"",
		   cam->parent->site->camera[cam->index].name, msg_alarm_name(kind), a->is ? a->detail : a->said_detail);
	a->said = a->is;
	a->said_us = now_us;
	memcpy(a->said_detail, a->detail, sizeof a->said_detail);
}

void parent_tell_alarms(struct child *serve)
{
	const struct parent *p = serve->parent;

	for (unsigned i = 0; i < p->site->ncameras; i++)
		for (unsigned kind = 0; kind < ALARM_KINDS; kind++) {
			const struct alarm_live *a = &p->camera[i].alarm[kind];
			struct msg_alarm m = {.camera = (uint16_t)i, .kind = (uint8_t)kind, .begin = true, .at_us = a->since_us};

			if (!a->said)
				continue;
			snprintf(m.detail, sizeof m.detail, "%s", a->said_detail);
			child_say(serve, MSG_ALARM, &m, NULL, 0);
		}
}

void parent_alarm(struct camera_live *cam, enum alarm_kind kind, bool is, const char *detail)
{
	struct alarm_live *a = &cam->alarm[kind];

	if (is)
		snprintf(a->detail, sizeof a->detail, "%s", detail);
	if (is && !a->is)
		a->since_us = clock_wall_us();
	a->is = is;
	say(cam, kind, clock_mono_us());
}

void parent_alarm_sweep(struct camera_live *cam, int64_t now_us)
{
	for (unsigned kind = 0; kind < ALARM_KINDS; kind++)
		say(cam, kind, now_us);
}

/* What is given up for want of time: "frame rate halved", "frame rate quartered and 720p given up". */
static void describe_overload(const struct camera_live *cam, char *out, size_t cap)
{
	static const char *const rate[] = {"", "frame rate halved", "frame rate quartered", "frame rate down to an eighth"};
	const struct site_camera *conf = &cam->parent->site->camera[cam->index];
	unsigned fps_step = 0, given_up = 0;
	const char *name = "";

	for (unsigned i = 0; i < conf->nrenditions; i++) {
		const struct msg_worker_rendition *r = &cam->demand[RENDITION_ENCODED + i].worker;

		if (r->given_up) {
			name = conf->rendition[i].name;
			given_up++;
		} else if (r->fps_step > fps_step) {
			fps_step = r->fps_step;
		}
	}
	fps_step = fps_step < 3 ? fps_step : 3;
	if (given_up > 1)
		snprintf(out, cap, "%s%s%u renditions given up", rate[fps_step], fps_step ? " and " : "", given_up);
	else if (given_up)
		snprintf(out, cap, "%s%srendition %s given up", rate[fps_step], fps_step ? " and " : "", name);
	else
		snprintf(out, cap, "%s", fps_step ? rate[fps_step] : "pictures left out");
}

void parent_worker_alarms(struct camera_live *cam)
{
	static const struct { enum alarm_kind kind; uint8_t bit; const char *detail; } scene[] = {
		{ALARM_BLACK, SCENE_BLACK, "the picture is black"}, {ALARM_FROZEN, SCENE_FROZEN, "the picture does not change at all"},
		{ALARM_COVERED, SCENE_COVERED, "the lens seems covered"}};
	const struct msg_worker_state *s = &cam->worker;
	char detail[sizeof cam->alarm->detail];

	describe_overload(cam, detail, sizeof detail);
	parent_alarm(cam, ALARM_OVERLOAD, s->step > 0, detail);
	for (unsigned i = 0; i < sizeof scene / sizeof *scene; i++)
		parent_alarm(cam, scene[i].kind, s->scene & scene[i].bit, scene[i].detail);
	parent_alarm(cam, ALARM_NO_PICTURE, s->no_picture_since_us != 0, "what the camera sends gives no picture");
}
