/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong, said: in the log of events, to serve for the page, and by store as alarm/v1 entries that nobody can take back. A
 * worker may be taken over, and entries are for ever: how often one is said is the book's to bound (server/alarm_book.h).
 */
#include "server/parent.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static const char *name_of(const struct parent *p, unsigned camera)
{
	return camera == MSG_ALARM_SITE ? "" : p->site->camera[camera].name;
}

static struct msg_alarm message_of(const struct alarm *a, unsigned camera, unsigned kind)
{
	struct msg_alarm m = {.camera = (uint16_t)camera, .kind = (uint8_t)kind, .begin = a->said, .at_us = a->event_us};

	snprintf(m.detail, sizeof m.detail, "%s", a->said ? a->said_detail : "over");
	return m;
}

static void show(struct parent *p, unsigned camera, const struct alarm *a, unsigned kind)
{
	struct msg_alarm m = message_of(a, camera, kind);

	for (unsigned i = 0; i < p->nchildren; i++)
		if (p->child[i].kind == ROLE_SERVE && p->child[i].phase == CHILD_READY)
			child_say(&p->child[i], MSG_ALARM, &m, NULL, 0);
}

static void tell(struct parent *p, unsigned camera, struct alarm *a, unsigned kind, bool begins)
{
	struct alarm_event e = {.at_us = a->event_us, .kind = (uint8_t)kind, .begin = a->said};

	snprintf(e.camera, sizeof e.camera, "%s", name_of(p, camera));
	memcpy(e.detail, a->said_detail, sizeof e.detail);
	alarm_book_add(&p->alarms, &e);
	p->alarms.begun[kind] += begins;
	show(p, camera, a, kind);
	if (camera == MSG_ALARM_SITE)
		parent_log(a->said ? "warn" : "info", a->said ? "site-alarm" : "site-alarm-over", "alarm=%s detail=\"%s\"", msg_alarm_name(kind), a->said_detail);
	else
		parent_log(a->said ? "warn" : "info", a->said ? "camera-alarm" : "camera-alarm-over", "camera=%s alarm=%s detail=\"%s\"", e.camera, msg_alarm_name(kind),
			   a->said_detail);
}

/* A store that is down hears of it later, with the time of then. */
static void enter(struct parent *p, unsigned camera, struct alarm *a, unsigned kind)
{
	struct child *store = parent_child(p, ROLE_STORE, 0);
	struct msg_alarm m = message_of(a, camera, kind);

	if (a->unentered && store && store->phase == CHILD_READY && child_say(store, MSG_ALARM, &m, NULL, 0) == 0)
		a->unentered = false;
}

static void say(struct parent *p, unsigned camera, struct alarm *a, unsigned kind)
{
	bool begins;

	if (alarm_say(a, clock_mono_us(), clock_wall_us(), &begins))
		tell(p, camera, a, kind, begins);
	else if (alarm_show(a))
		show(p, camera, a, kind);
	enter(p, camera, a, kind);
}

static void tell_one(struct child *serve, unsigned camera, const struct alarm *a, unsigned kind)
{
	struct msg_alarm m = message_of(a, camera, kind);

	m.at_us = a->since_us;
	if (a->said)
		child_say(serve, MSG_ALARM, &m, NULL, 0);
}

void parent_tell_alarms(struct child *serve)
{
	const struct parent *p = serve->parent;

	for (unsigned i = 0; i < p->site->ncameras; i++)
		for (unsigned kind = 0; kind < ALARM_CAMERA_KINDS; kind++)
			tell_one(serve, i, &p->camera[i].alarm[kind], kind);
	for (unsigned kind = ALARM_CAMERA_KINDS; kind < ALARM_KINDS; kind++)
		tell_one(serve, MSG_ALARM_SITE, &p->alarm[kind], kind);
}

void parent_alarm_held(struct camera_live *cam, enum alarm_kind kind, const struct alarm_hold *hold, bool is, const char *detail)
{
	alarm_set(&cam->alarm[kind], hold, is, detail, clock_mono_us(), clock_wall_us());
	say(cam->parent, cam->index, &cam->alarm[kind], kind);
}

void parent_alarm(struct camera_live *cam, enum alarm_kind kind, bool is, const char *detail)
{
	parent_alarm_held(cam, kind, &(struct alarm_hold){0}, is, detail);
}

void parent_site_alarm(struct parent *p, enum alarm_kind kind, const struct alarm_hold *hold, bool is, const char *detail)
{
	alarm_set(&p->alarm[kind], hold, is, detail, clock_mono_us(), clock_wall_us());
	say(p, MSG_ALARM_SITE, &p->alarm[kind], kind);
}

void parent_alarm_sweep(struct camera_live *cam)
{
	for (unsigned kind = 0; kind < ALARM_CAMERA_KINDS; kind++)
		say(cam->parent, cam->index, &cam->alarm[kind], kind);
}

void parent_alarm_forget(struct camera_live *cam)
{
	for (unsigned kind = 0; kind < ALARM_CAMERA_KINDS; kind++) {
		struct alarm *a = &cam->alarm[kind];

		if (a->said) {
			a->said_us = 0;
			parent_alarm(cam, (enum alarm_kind)kind, false, "");
		}
		*a = (struct alarm){0};
	}
	cam->scene = 0;
	cam->blind = false;
	cam->looks_failed = 0;
}

unsigned parent_alarms_on(const struct parent *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < p->site->ncameras; i++)
		for (unsigned kind = 0; kind < ALARM_CAMERA_KINDS; kind++)
			n += !p->site->camera[i].gone && p->camera[i].alarm[kind].on;
	for (unsigned kind = ALARM_CAMERA_KINDS; kind < ALARM_KINDS; kind++)
		n += p->alarm[kind].on;
	return n;
}
