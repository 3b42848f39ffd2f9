/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/rights.h"

unsigned places_renditions(const struct site_camera *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->nrenditions; i++)
		n += !c->rendition[i].gone;
	return n;
}

unsigned places_cameras(const struct site *site)
{
	unsigned n = 0;

	for (unsigned i = 0; i < site->ncameras; i++)
		n += !site->camera[i].gone;
	return n;
}

static struct site_camera *find_camera(struct site_camera *all, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(all[i].name, name))
			return &all[i];
	return NULL;
}

static struct site_user *find_user(struct site_user *all, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(all[i].name, name))
			return &all[i];
	return NULL;
}

static struct site_rendition *find_rendition(struct site_rendition *all, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(all[i].name, name))
			return &all[i];
	return NULL;
}

/* --- renditions of one camera, in place ------------------------------------------------- */

static unsigned rendition_places(struct site_camera *is, const struct site_camera *was)
{
	unsigned n = is->nrenditions;

	for (unsigned i = 0; i < was->nrenditions; i++)
		n += !find_rendition(is->rendition, is->nrenditions, was->rendition[i].name);
	return n;
}

static void keep_renditions(struct site_camera *is, const struct site_camera *was)
{
	struct site_rendition place[SITE_RENDITIONS_MAX];
	unsigned n = was->nrenditions;

	for (unsigned i = 0; i < n; i++) {
		const struct site_rendition *r = find_rendition(is->rendition, is->nrenditions, was->rendition[i].name);

		place[i] = r ? *r : (struct site_rendition){.gone = true};
		memcpy(place[i].name, was->rendition[i].name, sizeof place[i].name);
	}
	for (unsigned i = 0; i < is->nrenditions; i++)
		if (!find_rendition(place, n, is->rendition[i].name))
			place[n++] = is->rendition[i];
	memcpy(is->rendition, place, n * sizeof *place);
	is->nrenditions = n;
}

/* --- all of a site ---------------------------------------------------------------------- */

static bool has_room(struct site *is, const struct site *was, const char **why)
{
	unsigned cameras = is->ncameras, users = is->nusers;

	for (unsigned i = 0; i < was->ncameras; i++) {
		struct site_camera *c = find_camera(is->camera, is->ncameras, was->camera[i].name);

		cameras += !c;
		if (c && rendition_places(c, &was->camera[i]) > SITE_RENDITIONS_MAX) {
			*why = "a camera had more names of renditions since the start than one can have";
			return false;
		}
	}
	for (unsigned i = 0; i < was->nusers; i++)
		users += !find_user(is->user, is->nusers, was->user[i].name);
	if (cameras > SITE_CAMERAS_MAX || users > SITE_USERS_MAX)
		*why = "there were more names of cameras, or of users, since the start than a site can have";
	return cameras <= SITE_CAMERAS_MAX && users <= SITE_USERS_MAX;
}

/* Only names are left. */
static struct site_camera gone_camera(const struct site_camera *was)
{
	struct site_camera c = {.gone = true, .nrenditions = was->nrenditions};

	memcpy(c.name, was->name, sizeof c.name);
	for (unsigned i = 0; i < was->nrenditions; i++) {
		c.rendition[i].gone = true;
		memcpy(c.rendition[i].name, was->rendition[i].name, sizeof c.rendition[i].name);
	}
	return c;
}

static void keep_cameras(struct site *is, const struct site *was, struct site_camera *place)
{
	unsigned n = was->ncameras;

	for (unsigned i = 0; i < n; i++) {
		struct site_camera *c = find_camera(is->camera, is->ncameras, was->camera[i].name);

		if (c)
			keep_renditions(c, &was->camera[i]);
		place[i] = c ? *c : gone_camera(&was->camera[i]);
	}
	for (unsigned i = 0; i < is->ncameras; i++)
		if (!find_camera(place, n, is->camera[i].name))
			place[n++] = is->camera[i];
	free(is->camera);
	is->camera = place;
	is->ncameras = n;
}

/* A user has another version when he is let in by something else, or may something else: as his groups are in either file. */
static void keep_users(struct site *is, const struct site *was, struct site_user *place)
{
	unsigned n = was->nusers;

	for (unsigned i = 0; i < n; i++) {
		const struct site_user *before = &was->user[i], *u = find_user(is->user, is->nusers, before->name);
		bool same = u ? !before->gone && rights_same(was, before, is, u) : before->gone;

		place[i] = u ? *u : (struct site_user){.gone = true};
		memcpy(place[i].name, before->name, sizeof place[i].name);
		place[i].version = before->version + !same;
	}
	for (unsigned i = 0; i < is->nusers; i++)
		if (!find_user(place, n, is->user[i].name))
			place[n++] = is->user[i];
	free(is->user);
	is->user = place;
	is->nusers = n;
}

int places_keep(struct site *is, const struct site *was, const char **why)
{
	struct site_camera *camera = calloc((size_t)is->ncameras + was->ncameras + 1, sizeof *camera);
	struct site_user *user = calloc((size_t)is->nusers + was->nusers + 1, sizeof *user);
	int rc = camera && user ? has_room(is, was, why) ? 0 : -ENOSPC : -ENOMEM;

	if (rc) {
		free(camera);
		free(user);
		return rc;
	}
	keep_cameras(is, was, camera);
	keep_users(is, was, user);
	return 0;
}
