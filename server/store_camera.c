/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cameras and renditions: those of the settings, and those that come, change and go while store runs. A camera's place, and
 * a rendition's, is its name's as long as the process lives, for work that waits for a thread knows it by its place. What
 * the archive has of one that comes is the writer's to say: until it has, nobody may speak of it.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "server/store.h"

static const char a_mistake[] = "this is a mistake in casemate: report it";

void store_camera_room(struct store *s, unsigned n)
{
	if (!s->camera)
		s->camera = store_alloc(SITE_CAMERAS_MAX * sizeof *s->camera);
	for (; s->ncameras < n; s->ncameras++) {
		struct store_camera *c = &s->camera[s->ncameras];

		for (unsigned k = 0; k < RENDITIONS_MAX; k++) {
			c->rendition[k] = (struct store_rendition){.camera = c, .index = (uint8_t)k, .init_fd = -1};
			TAILQ_INIT(&c->rendition[k].held);
		}
	}
}

/* Its place; names never change places. */
static struct store_camera *place(struct store *s, unsigned camera, const char *name)
{
	struct store_camera *c;

	if (camera >= SITE_CAMERAS_MAX)
		store_give_up("store-settings", "a camera too many", a_mistake);
	store_camera_room(s, camera + 1);
	c = &s->camera[camera];
	if (*c->name && strcmp(c->name, name) != 0)
		store_give_up("store-settings", "a camera in another's place", a_mistake);
	return c;
}

static struct store_rendition *rendition_place(struct store *s, const struct msg_store_rendition *m)
{
	struct store_rendition *r;

	if (m->camera >= s->ncameras || m->rendition >= RENDITION_SNAPSHOT)
		store_give_up("store-settings", "a rendition too many", a_mistake);
	r = &s->camera[m->camera].rendition[m->rendition];
	if (*r->name && strcmp(r->name, m->name) != 0)
		store_give_up("store-settings", "a rendition in another's place", a_mistake);
	return r;
}

void store_camera_set(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct store_camera *c = place(ctx, m->store_camera.camera, m->store_camera.name);

	memcpy(c->name, m->store_camera.name, SITE_NAME);
	strcpy(c->rendition[RENDITION_SNAPSHOT].name, "snapshot");
}

void store_camera_set_rendition(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const struct msg_store_rendition *in = &m->store_rendition;
	struct store_rendition *r = rendition_place(ctx, in);

	memcpy(r->name, in->name, SITE_NAME);
	r->kept = in->rendition < RENDITION_ENCODED;
	r->hidden = in->hidden;
	r->gone = in->gone;
}

/* --- beginning -------------------------------------------------------------------------- */

static void begin_rendition(struct store *s, struct store_rendition *r)
{
	struct store_camera *c = r->camera;
	const struct head *h = heads_find(&s->heads, c->name, r->name);

	r->changed = true;
	if (!h)
		return;
	r->newest = h->number;
	r->newest_end_us = h->end_us;
	if (h->number > c->highest)
		c->highest = h->number;
}

void store_camera_begin(struct store *s, struct store_camera *c, uint64_t on_disk)
{
	const struct head *gaps = heads_find(&s->heads, c->name, "");

	for (unsigned i = 0; i < RENDITIONS_MAX; i++)
		if (*c->rendition[i].name)
			begin_rendition(s, &c->rendition[i]);
	if (on_disk > c->highest)
		c->highest = on_disk;
	c->has_copy = heads_find(&s->heads, c->name, "copy") != NULL;
	/* Each break of the timeline has left a gap entry, so this grows over restarts; and it stays small, as players want it. */
	c->discontinuity = gaps ? (uint32_t)gaps->number : 0;
	c->covered_us = heads_covered_us(&s->heads, c->name);
	c->taken = true;
	store_account_begin(s, c);
}

void store_camera_begin_all(struct store *s)
{
	for (unsigned i = 0; i < s->ncameras; i++) {
		struct store_camera *c = &s->camera[i];
		uint64_t on_disk = 0;

		if (!*c->name)
			continue;
		for (unsigned k = 0; k < RENDITIONS_MAX; k++)
			if (*c->rendition[k].name)
				c->rendition[k].range = archive_range(s->archive, c->name, c->rendition[k].name);
		(void)archive_highest(s->archive, c->name, &on_disk);
		store_camera_begin(s, c, on_disk);
	}
}

/* --- changes ---------------------------------------------------------------------------- */

void store_camera_say_taken(struct store *s, const struct store_camera *c)
{
	struct msg_camera_taken m = {(uint16_t)(c - s->camera)};

	channel_say(s->role.parent, MSG_CAMERA_TAKEN, &m, NULL, 0);
}

void store_camera_comes(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct store *s = ctx;
	struct store_camera *c;

	store_camera_set(ctx, from, m, fds);
	c = &s->camera[m->store_camera.camera];
	store_serve_room(s);
	c->gone = false;
	c->new_ingest = true;
	if (!c->taken) {
		store_disk_ask_camera(s, c);
		return;
	}
	store_account_begin(s, c);
	store_camera_say_taken(s, c);
}

/* What it was making is ended. */
static void end(struct store *s, struct store_rendition *r)
{
	store_end_segment(s, r);
	if (r->camera->unhashed)
		store_hash(s);
	store_disk_flush_lost(s, r, true);
}

/* What viewers could have of it. */
static void let_go(struct store_rendition *r)
{
	for (unsigned i = 0; i < r->nwindow; i++)
		segment_drop(&r->window[i]);
	r->nwindow = 0;
	if (r->init_fd >= 0)
		close(r->init_fd);
	r->init_fd = -1;
	r->has_init = false;
}

void store_camera_rendition(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct store *s = ctx;
	struct store_rendition *r = rendition_place(s, &m->store_rendition);
	bool is_new = !*r->name, was_hidden = r->hidden;

	store_camera_set_rendition(ctx, from, m, fds);
	if (is_new && r->camera->taken)
		begin_rendition(s, r);
	if (r->gone) {
		end(s, r);
		let_go(r);
	} else if (was_hidden && !r->hidden) {
		store_serve_rendition(s, r);
	}
}

void store_camera_goes(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct store *s = ctx;
	struct store_camera *c = m->camera_gone.camera < s->ncameras ? &s->camera[m->camera_gone.camera] : NULL;

	if (!c || !*c->name || c->gone)
		return;
	/* Its ingest has put there all that it had of it. */
	if (s->running)
		store_drain_rings(s);
	for (unsigned k = 0; k < RENDITIONS_MAX; k++)
		end(s, &c->rendition[k]);
	store_release_held(s, c, true);
	for (unsigned k = 0; k < RENDITIONS_MAX; k++)
		let_go(&c->rendition[k]);
	store_account_end(s, c);
	c->gone = true;
}

/* Line by line; what the entry has no room for is only counted. */
static void take_changes(struct entry_config *to, const char *from)
{
	while (*from && to->nchange < ENTRY_CHANGES_MAX) {
		size_t n = strcspn(from, "\n");

		snprintf(to->change[to->nchange++], ENTRY_CHANGE, "%.*s", (int)n, from);
		from += n + (from[n] == '\n');
	}
}

void store_camera_config(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const struct msg_store_config *in = &m->store_config;
	struct entry e = {.kind = ENTRY_CONFIG, .config = {.time_us = clock_wall_us() / 1000 * 1000, .changes = in->changes}};
	struct store *s = ctx;
	uint64_t index;

	memcpy(s->site.site_sha256, in->site_sha256, sizeof s->site.site_sha256);
	s->site.archive_max_bytes = in->archive_max_bytes;
	memcpy(e.config.site.b, in->site_sha256, HASH_BYTES);
	take_changes(&e.config, in->change);
	/* Before start/v1 there is nothing to follow: that one will name the file. */
	if (s->running && store_log_add(s, &e, &index) < 0)
		log_error("config-entry", "error=\"no config/v1 was written\" mend=\"see the archive's disk: the log is full\"");
}
