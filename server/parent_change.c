/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a change of the site file means to the roles that run: each is told of what is its own, and nothing of
 * what has not changed is touched. Channels keep their order, so a role that still starts hears it behind its settings.
 *
 * A camera that comes: first store finds a place for it, then its ingest begins, and what it sends has where to go. One that
 * goes: first its ingest ends it, then store its account, so that nothing that came is left out.
 */
#include "server/parent_change.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "conf/places.h"
#include "server/site_sha256.h"

#define LEAVING_US 10000000  /* an ingest says TEARDOWN and ends what it has of the camera */

static bool begun(const struct child *c)
{
	return c && (c->phase == CHILD_STARTING || c->phase == CHILD_READY);
}

static struct child *store_of(struct parent *p)
{
	return parent_child(p, ROLE_STORE, 0);
}

static struct child *ingest_child(struct camera_live *cam)
{
	return parent_child(cam->parent, ROLE_INGEST, ingest_of(cam->parent, cam->index));
}

int parent_add_camera(struct parent *p, unsigned camera)
{
	struct camera_live *cam = &p->camera[camera];

	if (cam->telling)
		return 0;
	cam->parent = p;
	cam->index = camera;
	for (unsigned k = 0; k < DIAL_WHAT_COUNT; k++)
		cam->dial[k].fd = -1;
	for (unsigned k = 0; k < PARENT_TRACKS; k++)
		cam->udp[k] = (struct udp_pair){.fd = {-1, -1}};
	cam->telling = event_new(p->base, -1, EV_TIMEOUT, parent_tell_state, cam);
	return cam->telling ? 0 : -ENOMEM;
}

void parent_note_site(struct parent *p)
{
	for (unsigned i = 0; i < p->site->ncameras; i++) {
		const struct site_camera *c = &p->site->camera[i];

		p->camera[i].had_onvif |= c->onvif_url != NULL;
		for (unsigned r = 0; r < c->nrenditions; r++)
			p->camera[i].demand[RENDITION_ENCODED + r].ever |= c->rendition[r].on_demand;
	}
}

/* --- workers ---------------------------------------------------------------------------- */

/* It begins anew with what is in force, or waits to be needed. */
static void renew_worker(struct camera_live *cam)
{
	struct child *c = parent_child(cam->parent, ROLE_TRANSCODE, cam->index);
	bool needed = !cam->parent->site->camera[cam->index].gone &&
		      parent_needs_worker(cam);

	if (!needed && c)
		parent_retire_worker(c);
	else if (needed && begun(c))
		parent_restart_worker(c);
	else if (needed)
		parent_want_worker(cam->parent, cam->index);
}

/* --- cameras ---------------------------------------------------------------------------- */

void parent_camera_comes(struct camera_live *cam)
{
	struct parent *p = cam->parent;
	struct child *store = store_of(p);

	cam->taken = cam->leaving = cam->in_settings = false;
	for (unsigned i = 0; i < p->nchildren; i++)
		if (p->child[i].kind == ROLE_SERVE && begun(&p->child[i]))
			child_say_serve_camera(&p->child[i], cam->index);
	if (begun(store))
		child_say_store_camera(store, cam->index);
}

void parent_camera_taken(struct camera_live *cam)
{
	struct child *ingest = ingest_child(cam);

	if (cam->taken || cam->parent->site->camera[cam->index].gone)
		return;
	cam->taken = true;
	if (begun(ingest))
		child_say_ingest_camera(ingest, cam->index);
	renew_worker(cam);
}

void parent_store_ready(struct parent *p)
{
	for (unsigned i = 0; i < p->site->ncameras; i++)
		if (p->camera[i].in_settings)
			parent_camera_taken(&p->camera[i]);
}

/* What was known of it by those who are no more, or never were. */
static void forget(struct camera_live *cam)
{
	cam->known = cam->worker_known = cam->wants_sound = false;
	cam->state = (struct msg_camera_state){.camera = (uint16_t)cam->index};
	cam->offer = (struct camera_offer){0};
	cam->worked = SITE_TRANSPORT_AUTO;
	cam->longest_for_ms = 0;
	cam->lost_why = GAP_NONE;
	cam->worker = (struct msg_worker_state){0};
	memset(cam->rendition, 0, sizeof cam->rendition);
	cam->streaming_us = cam->recorded_us = 0;
	cam->counts = (struct camera_counts){0};
	for (unsigned r = 0; r < RENDITIONS_MAX; r++)
		cam->demand[r] = (struct demand){.ever = cam->demand[r].ever};
}

void parent_camera_goes(struct camera_live *cam)
{
	struct parent *p = cam->parent;
	struct msg_camera_gone m = {(uint16_t)cam->index};
	struct child *ingest = ingest_child(cam);

	event_del(cam->telling);
	parent_dial_cancel(cam);
	parent_udp_close(p, cam->index);
	parent_alarm_forget(cam);
	forget(cam);
	renew_worker(cam);
	for (unsigned i = 0; i < p->nchildren; i++)
		if (p->child[i].kind == ROLE_SERVE && begun(&p->child[i]))
			child_say(&p->child[i], MSG_CAMERA_GONE, &m, NULL, 0);
	cam->leaving = true;
	cam->leaving_us = clock_mono_us();
	if (!cam->taken || !begun(ingest) || child_say(ingest, MSG_CAMERA_GONE, &m, NULL, 0) < 0)
		parent_camera_left(cam);
	cam->taken = false;
}

void parent_camera_left(struct camera_live *cam)
{
	struct msg_camera_gone m = {(uint16_t)cam->index};
	struct child *store = store_of(cam->parent);

	if (!cam->leaving)
		return;
	cam->leaving = false;
	if (begun(store))
		child_say(store, MSG_CAMERA_GONE, &m, NULL, 0);
}

void parent_leaving_sweep(struct camera_live *cam, int64_t now_us)
{
	if (cam->leaving && now_us - cam->leaving_us >= LEAVING_US)
		child_kill(ingest_child(cam), "does not let go of a camera");
}

static void redial(struct camera_live *cam)
{
	struct child *ingest = ingest_child(cam);

	parent_dial_cancel(cam);
	parent_udp_close(cam->parent, cam->index);
	cam->worked = SITE_TRANSPORT_AUTO;
	if (cam->taken && begun(ingest))
		child_say_ingest_camera(ingest, cam->index);
}

/* What is gone, or made always from now on, is no longer watched for. */
static void forget_demand(struct camera_live *cam)
{
	for (unsigned r = RENDITION_ENCODED; r < RENDITIONS_MAX; r++)
		if (!parent_on_demand(cam->parent, cam->index, r))
			cam->demand[r] = (struct demand){.ever = cam->demand[r].ever};
}

void parent_camera_changes(struct camera_live *cam, bool link, bool worker)
{
	struct parent *p = cam->parent;
	struct child *store = store_of(p);

	forget_demand(cam);
	if (begun(store))
		child_say_store_renditions(store, cam->index);
	for (unsigned i = 0; i < p->nchildren; i++)
		if (p->child[i].kind == ROLE_SERVE && begun(&p->child[i]))
			child_say_serve_camera(&p->child[i], cam->index);
	if (link)
		redial(cam);
	/* Its ring is to the camera that ingest has left, or its settings are others. */
	if (link || worker)
		renew_worker(cam);
}

/* --- users and certificate -------------------------------------------------------------- */

void parent_user_cameras(struct parent *p, unsigned user)
{
	for (unsigned i = 0; i < p->nchildren; i++)
		if (p->child[i].kind == ROLE_SERVE && begun(&p->child[i]))
			child_say_serve_user(&p->child[i], user);
}

void parent_user_changes(struct parent *p, unsigned user)
{
	parent_end_user_sessions(p, user);
	parent_user_cameras(p, user);
}

int parent_certificate_changes(struct parent *p)
{
	int rc = 0, one;

	for (unsigned i = 0; i < p->nchildren; i++)
		if (p->child[i].kind == ROLE_SERVE && begun(&p->child[i]))
			rc = (one = child_say_certificate(&p->child[i])) < 0 ? one : rc;
	return rc;
}

void parent_tell_config(struct parent *p, struct msg_store_config *told)
{
	struct child *store = parent_child(p, ROLE_STORE, 0);

	told->archive_max_bytes = p->site->archive_max_bytes;
	if (site_sha256(p->site, told->site_sha256) < 0)
		return;
	/* One that starts later names the file in its start/v1. */
	if (store && (store->phase == CHILD_STARTING || store->phase == CHILD_READY))
		child_say(store, MSG_STORE_CONFIG, told, NULL, 0);
}
