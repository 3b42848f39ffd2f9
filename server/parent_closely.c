/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is watched closely: from a serve's word until CLOSELY_US after the last, ingest or transcode make its chunks as
 * short as wanted, and store publishes each. All three are told again each second or so, so that one that was started anew
 * knows; nobody has to be asked whether he still does.
 *
 * A serve that lies can have CLOSELY_MAX renditions published so. Beyond, viewers get whole segments.
 */
#include "server/parent.h"

#include "base/clock.h"
#include "media/packager.h"

#define CLOSELY_US 30000000
#define CLOSELY_MAX 128           /* renditions of all cameras: some 700 chunks a second, to each serve */
#define TELL_US 900000

static bool is_closely(const struct closely *w)
{
	return w->parts_us || w->pictures_us;
}

static void say(struct child *c, const struct msg_part_length *m)
{
	if (!c || c->phase != CHILD_READY)
		return;
	if (c->kind == ROLE_TRANSCODE)
		parent_tell_worker(c, MSG_PART_LENGTH, m);
	else
		child_say(c, MSG_PART_LENGTH, m, NULL, 0);
}

/* Sound is made by one of the two. */
static void tell(struct camera_live *cam, unsigned rendition)
{
	struct closely *w = &cam->demand[rendition].closely;
	struct parent *p = cam->parent;
	struct msg_part_length m = {.camera = (uint16_t)cam->index, .rendition = (uint8_t)rendition,
		.part_ms = w->part_ms, .chunk_ms = w->pictures_us ? MSG_PICTURE_MS : w->part_ms};

	w->told_us = clock_mono_us();
	say(parent_child(p, ROLE_STORE, 0), &m);
	if (rendition <= RENDITION_AUDIO)
		say(parent_child(p, ROLE_INGEST, ingest_of(p, cam->index)), &m);
	if (rendition >= RENDITION_AUDIO)
		say(parent_child(p, ROLE_TRANSCODE, cam->index), &m);
}

/* Whether it may be, if it is not yet. */
static bool has_room(struct camera_live *cam, const struct closely *w)
{
	struct parent *p = cam->parent;

	if (is_closely(w))
		return true;
	if (p->closely < CLOSELY_MAX) {
		p->closely++;
		return true;
	}
	if (!p->closely_full)
		parent_log("warn", "too-many-watched-closely", "renditions=%u others=\"whole segments\"", p->closely);
	p->closely_full = true;
	return false;
}

static bool is_made(const struct parent *p, unsigned camera, unsigned rendition)
{
	return rendition <= RENDITION_AUDIO || rendition - RENDITION_ENCODED < p->site->camera[camera].nrenditions;
}

void parent_watched_closely(struct parent *p, unsigned camera, unsigned rendition, unsigned chunk_ms)
{
	struct camera_live *cam = &p->camera[camera];
	struct closely *w = &cam->demand[rendition].closely, before = *w;
	int64_t now_us = clock_mono_us();

	if (p->stopping || !is_made(p, camera, rendition) || !has_room(cam, w))
		return;
	if (chunk_ms <= MSG_PICTURE_MS) {
		w->pictures_us = now_us;
	} else {
		w->parts_us = now_us;
		if (chunk_ms > w->part_ms)  /* it may grow, and players go on; it never shrinks under them */
			w->part_ms = (uint16_t)(chunk_ms < PACKAGER_PART_MOST_MS ? chunk_ms : PACKAGER_PART_MOST_MS);
	}
	if (w->part_ms != before.part_ms || !before.pictures_us != !w->pictures_us || now_us - w->told_us >= TELL_US)
		tell(cam, rendition);
}

static bool expire(int64_t *at_us, int64_t now_us)
{
	bool over = *at_us && now_us - *at_us >= CLOSELY_US;

	if (over)
		*at_us = 0;
	return over;
}

void parent_closely_sweep(struct camera_live *cam, int64_t now_us)
{
	struct parent *p = cam->parent;

	for (unsigned r = 0; r < RENDITION_SNAPSHOT; r++) {
		struct closely *w = &cam->demand[r].closely;
		bool over = expire(&w->pictures_us, now_us);

		if (expire(&w->parts_us, now_us)) {
			w->part_ms = 0;
			over = true;
		}
		if (!over)
			continue;
		if (!is_closely(w)) {
			p->closely--;
			p->closely_full = false;
		}
		tell(cam, r);
	}
}
