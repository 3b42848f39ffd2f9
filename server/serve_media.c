/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_media.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "media/playlist.h"

/* Of a track: so that times of it (AU_TIME_MAX) can be said in microseconds. */
#define TIMESCALE_MIN 1000
#define TIMESCALE_MAX 1000000
#define SEGMENT_DEFAULT_MS 2000u
#define PLAYLIST_MAX_BYTES (64u << 10)

struct serve_media *serve_media_new(void)
{
	struct serve_media *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->camera = calloc(SITE_CAMERAS_MAX, sizeof *m->camera);
	if (!m->camera)
		serve_media_free(&m);
	return m;
}

/* What is written of all its renditions together. */
static void forget_lists(struct serve_camera *c)
{
	serve_bytes_unref(&c->multivariant);
	serve_bytes_unref(&c->manifest);
	serve_bytes_unref(&c->manifest_near);
}

void serve_media_forget_playlist(struct serve_rendition *r)
{
	serve_bytes_unref(&r->playlist);
	serve_bytes_unref(&r->delta);
}

/* Its own playlist, and those of the others that say where it is. */
static void forget_reports(struct serve_camera *c, struct serve_rendition *r)
{
	serve_media_forget_playlist(r);
	for (unsigned k = 0; k < RENDITION_SNAPSHOT; k++)
		if (c->rendition[k])
			serve_media_forget_playlist(c->rendition[k]);
}

static void drop_segment(struct serve_segment *s)
{
	serve_bytes_unref(&s->bytes);
	serve_parts_free(&s->parts);
}

static void forget_rendition(struct serve_rendition *r)
{
	for (unsigned i = 0; i < r->n; i++)
		drop_segment(&r->window[i]);
	for (unsigned i = 0; i < r->ntracks; i++)
		serve_bytes_unref(&r->track[i].init);
	serve_media_forget_playlist(r);
	serve_parts_reset(&r->parts);
	r->n = r->ntracks = 0;
	r->oldest = r->after = 0;
}

static void drop_rendition(struct serve_rendition **r)
{
	struct serve_rendition *gone = *r;

	*r = NULL;
	if (!gone)
		return;
	serve_parts_tell(&gone->parts, SERVE_TOLD_GONE);
	forget_rendition(gone);
	free(gone);
}

/* Store may have told of it first: the two speak on channels of their own. */
static int add_rendition(struct serve_camera *c, const struct msg_serve_rendition *set)
{
	struct serve_rendition **r = &c->rendition[set->rendition], **early = &c->early[set->rendition];

	if (!*r) {
		*r = *early;
		*early = NULL;
	}
	if (!*r)
		*r = calloc(1, sizeof **r);
	if (!*r)
		return -ENOMEM;
	(*r)->set = *set;
	serve_media_forget_playlist(*r);
	forget_lists(c);
	return 0;
}

void serve_media_lost(struct serve_media *m)
{
	for (unsigned i = 0; i < m->ncameras; i++)
		for (unsigned k = 0; k < RENDITIONS_MAX; k++)
			if (m->camera[i].rendition[k])
				serve_parts_tell(&m->camera[i].rendition[k]->parts, SERVE_TOLD_LOST);
}

void serve_media_reset(struct serve_media *m)
{
	for (unsigned i = 0; i < m->ncameras; i++) {
		for (unsigned k = 0; k < RENDITIONS_MAX; k++) {
			if (m->camera[i].rendition[k])
				forget_rendition(m->camera[i].rendition[k]);
			drop_rendition(&m->camera[i].early[k]);
		}
		forget_lists(&m->camera[i]);
		m->camera[i].first_us = 0;
		memset(m->camera[i].cut, 0, sizeof m->camera[i].cut);
	}
	serve_bytes_unref(&m->checkpoint);
	m->checkpoint_size = 0;
}

int serve_media_drop_camera(struct serve_media *m, unsigned camera)
{
	struct serve_camera *c = camera < m->ncameras ? &m->camera[camera] : NULL;

	if (!c)
		return -EINVAL;
	for (unsigned k = 0; k < RENDITIONS_MAX; k++) {
		drop_rendition(&c->rendition[k]);
		drop_rendition(&c->early[k]);
	}
	forget_lists(c);
	*c = (struct serve_camera){0};
	return 0;
}

void serve_media_free(struct serve_media **mp)
{
	struct serve_media *m = *mp;

	if (!m)
		return;
	*mp = NULL;
	if (m->camera) {
		serve_media_reset(m);
		for (unsigned i = 0; i < m->ncameras; i++)
			serve_media_drop_camera(m, i);
	}
	free(m->camera);
	free(m);
}

int serve_media_set_camera(struct serve_media *m, const struct msg_serve_camera *set)
{
	static const char *const own[] = {[RENDITION_COPY] = "copy", [RENDITION_AUDIO] = "audio", [RENDITION_SNAPSHOT] = "snapshot"};
	struct serve_camera *c;
	int rc = 0;

	if (set->camera >= SITE_CAMERAS_MAX || !text_is_name(set->name, strlen(set->name)))
		return -EINVAL;
	c = &m->camera[set->camera];
	if (set->camera >= m->ncameras)
		m->ncameras = set->camera + 1u;
	c->set = *set;
	if (set->no_copy)
		drop_rendition(&c->rendition[RENDITION_COPY]);
	forget_lists(c);
	if (!c->set.segment_ms)
		c->set.segment_ms = SEGMENT_DEFAULT_MS;
	for (unsigned i = set->no_copy ? RENDITION_AUDIO : RENDITION_COPY; i < RENDITIONS_MAX && !rc; i++) {
		struct msg_serve_rendition r = {.camera = set->camera, .rendition = (uint8_t)i, .on_demand = i == RENDITION_SNAPSHOT};

		if (!own[i])
			continue;
		snprintf(r.name, sizeof r.name, "%s", own[i]);
		rc = add_rendition(c, &r);
	}
	return rc;
}

int serve_media_set_rendition(struct serve_media *m, const struct msg_serve_rendition *set)
{
	if (set->camera >= m->ncameras || set->rendition >= RENDITION_SNAPSHOT || !text_is_name(set->name, strlen(set->name)))
		return -EINVAL;
	if (!set->gone)
		return add_rendition(&m->camera[set->camera], set);
	drop_rendition(&m->camera[set->camera].rendition[set->rendition]);
	forget_lists(&m->camera[set->camera]);
	return 0;
}

int serve_media_set_alarm(struct serve_media *m, const struct msg_alarm *alarm)
{
	bool of_site = alarm->camera == MSG_ALARM_SITE;

	if (alarm->kind >= ALARM_KINDS || of_site != (alarm->kind >= ALARM_CAMERA_KINDS) || (!of_site && alarm->camera >= m->ncameras))
		return -EINVAL;
	*(of_site ? &m->alarm[alarm->kind] : &m->camera[alarm->camera].alarm[alarm->kind]) = *alarm;
	return 0;
}

int serve_media_set_run(struct serve_media *m, const struct msg_rendition_run *run)
{
	struct serve_rendition *r = run->camera < m->ncameras && run->rendition < RENDITIONS_MAX ? m->camera[run->camera].rendition[run->rendition] : NULL;

	if (!r)
		return -EINVAL;
	if (run->run && !r->runs && r->n) {
		r->after = r->window[r->n - 1].m.number;
		serve_media_forget_playlist(r);
	}
	r->runs = run->run;
	if (!run->run && run->rendition == RENDITION_SNAPSHOT)
		m->camera[run->camera].snapshots_for = 0;
	return 0;
}

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -EBADMSG;
}

/* What store may speak of; NULL: nothing that can be. */
static struct serve_rendition *rendition_at(struct serve_media *m, unsigned camera, unsigned rendition)
{
	struct serve_camera *c = camera < SITE_CAMERAS_MAX && rendition < RENDITIONS_MAX ? &m->camera[camera] : NULL;

	if (!c || c->rendition[rendition])
		return c ? c->rendition[rendition] : NULL;
	if (camera >= m->ncameras)
		m->ncameras = camera + 1;
	if (!c->early[rendition])
		c->early[rendition] = calloc(1, sizeof *c->early[rendition]);
	return c->early[rendition];
}

static struct serve_track *find_track(struct serve_rendition *r, const uint8_t sha256[32])
{
	for (unsigned i = 0; i < r->ntracks; i++)
		if (memcmp(r->track[i].m.init_sha256, sha256, 32) == 0)
			return &r->track[i];
	return NULL;
}

static void drop_track(struct serve_rendition *r, unsigned at)
{
	serve_bytes_unref(&r->track[at].init);
	memmove(&r->track[at], &r->track[at + 1], (--r->ntracks - at) * sizeof r->track[0]);
}

/* Init segments that no segment held needs are dropped, but never the newest: its segments are to come. */
static void drop_unused_tracks(struct serve_rendition *r)
{
	for (unsigned i = 0; i + 1 < r->ntracks;) {
		bool used = false;

		for (unsigned k = 0; k < r->n && !used; k++)
			used = memcmp(r->window[k].m.init_sha256, r->track[i].m.init_sha256, 32) == 0;
		if (used)
			i++;
		else
			drop_track(r, i);
	}
}

static int map(int fd, uint64_t n, const uint8_t sha256[32], struct serve_bytes **ret, const char **why)
{
	int rc = serve_bytes_map(fd, n, sha256, ret);

	if (rc == -EPERM)
		return refuse(why, "memory that is not sealed");
	if (rc == -EMSGSIZE)
		return refuse(why, "memory of another size than said");
	return rc;
}

bool serve_media_is_timescale(uint32_t timescale)
{
	return timescale >= TIMESCALE_MIN && timescale <= TIMESCALE_MAX;
}

int serve_media_track(struct serve_media *m, const struct msg_track *t, int fd, const char **why)
{
	struct serve_rendition *r = rendition_at(m, t->camera, t->rendition);
	struct serve_track new = {.m = *t}, *old;
	uint64_t size = serve_bytes_size(fd);
	int rc;

	if (!r)
		return refuse(why, "a track of no camera");
	if (t->rendition == RENDITION_SNAPSHOT || !serve_media_is_timescale(t->timescale) || !codec_is_packaged((enum codec)t->codec) || codec_is_video((enum codec)t->codec) == (t->rendition == RENDITION_AUDIO))
		return refuse(why, "a track that cannot be");
	if (size > INIT_MAX_BYTES)
		return refuse(why, "an init segment that is too large");
	rc = map(fd, size, t->init_sha256, &new.init, why);
	if (rc)
		return rc;
	old = find_track(r, t->init_sha256);
	if (old)
		drop_track(r, (unsigned)(old - r->track));
	drop_unused_tracks(r);
	if (r->ntracks == SERVE_WINDOW + 1)
		drop_track(r, 0);
	r->track[r->ntracks++] = new;
	return 0;
}

static const char *segment_fault(const struct serve_rendition *r, const struct msg_segment *s)
{
	if (!s->timescale || s->duration / s->timescale >= MSG_SEGMENT_MAX_S)
		return "a segment whose length cannot be";
	if (s->start_us < 0 || s->start_us > AU_TIME_MAX)
		return "a segment of a time that cannot be";
	if (s->number > INT64_MAX || (r->n && s->number <= r->window[r->n - 1].m.number))
		return "a segment whose number goes back";
	return NULL;
}

/* Another size or codec than the segment before it: its rates have nothing to do with what was. */
static bool has_changed(struct serve_rendition *r)
{
	const struct serve_track *was, *is;

	if (r->n < 2)
		return false;
	was = find_track(r, r->window[r->n - 2].m.init_sha256);
	is = find_track(r, r->window[r->n - 1].m.init_sha256);
	return was && is && (was->m.width != is->m.width || was->m.height != is->m.height || was->m.codec != is->m.codec || was->m.rate != is->m.rate);
}

static void measure(const struct serve_camera *c, struct serve_rendition *r)
{
	uint32_t peak_bps = serve_rate_peak_bps(r->window, r->n, c->target_s);

	if (peak_bps > r->peak_bps || has_changed(r))
		r->peak_bps = peak_bps;
}

static void set_target(struct serve_camera *c, uint32_t target_s)
{
	c->target_s = target_s;
	for (unsigned k = 0; k < RENDITION_SNAPSHOT; k++) {
		if (!c->rendition[k])
			continue;
		measure(c, c->rendition[k]);
		serve_media_forget_playlist(c->rendition[k]);
	}
	forget_lists(c);
}

int serve_media_set_state(struct serve_media *m, const struct msg_camera_state *state)
{
	struct serve_camera *c;

	if (state->camera >= m->ncameras || state->phase > CAMERA_WAITING || state->why >= GAP_WHY_COUNT)
		return -EINVAL;
	c = &m->camera[state->camera];
	if (serve_rate_begin(&c->rate, state->pace_milli) || serve_rate_see(&c->rate, state->fps_milli) || c->state.video != state->video || c->state.phase != state->phase)
		forget_lists(c);
	c->state = *state;
	if (!state->longest_s || c->target_s == state->longest_s)
		return 0;
	set_target(c, state->longest_s);
	return 1;
}

int serve_media_segment(struct serve_media *m, const struct msg_segment *s, int fd, int64_t now_us, const char **why)
{
	struct serve_rendition *r = rendition_at(m, s->camera, s->rendition);
	struct serve_segment new = {.m = *s};
	bool listed = s->rendition != RENDITION_SNAPSHOT;
	const char *fault = r ? segment_fault(r, s) : "a segment of no camera";
	int rc;

	if (fault)
		return refuse(why, fault);
	rc = map(fd, s->bytes, s->sha256, &new.bytes, why);
	if (!rc)
		rc = serve_parts_settle(&r->parts, s, new.bytes, &new.parts, why);
	forget_reports(&m->camera[s->camera], r);
	if (rc) {
		serve_bytes_unref(&new.bytes);
		return rc;
	}
	while (r->n >= (!listed ? SERVE_SNAPSHOTS : r->oldest ? SERVE_ARCHIVED : SERVE_WINDOW)) {
		drop_segment(&r->window[0]);
		memmove(&r->window[0], &r->window[1], --r->n * sizeof r->window[0]);
	}
	r->window[r->n++] = new;
	if (!listed)
		return 0;
	serve_line_note(m->camera[s->camera].cut, s);
	measure(&m->camera[s->camera], r);
	if (!m->camera[s->camera].first_us)
		m->camera[s->camera].first_us = now_us;
	drop_unused_tracks(r);
	forget_lists(&m->camera[s->camera]);
	serve_parts_tell(&r->parts, SERVE_TOLD_MORE);
	return 0;
}

int serve_media_part(struct serve_media *m, const struct msg_part *part, int fd, const char **why)
{
	struct serve_rendition *r = part->rendition == RENDITION_SNAPSHOT ? NULL : rendition_at(m, part->camera, part->rendition);
	int rc;

	if (!r)
		return refuse(why, "a part of no camera");
	if (r->n && part->number <= r->window[r->n - 1].m.number)
		return refuse(why, "a part of a segment that is whole");
	rc = serve_parts_add(&r->parts, part, fd, &m->chunks, why);
	if (rc < 0)
		return rc;
	if (rc)
		forget_reports(&m->camera[part->camera], r);
	if (rc || !part->offset)
		serve_bytes_unref(&m->camera[part->camera].manifest_near);
	serve_parts_tell(&r->parts, SERVE_TOLD_MORE);
	return 0;
}

int serve_media_oldest(struct serve_media *m, const struct msg_oldest *o, const char **why)
{
	struct serve_rendition *r = rendition_at(m, o->camera, o->rendition);

	if (!r)
		return refuse(why, "the oldest segment of no camera");
	r->oldest = o->number;
	return 0;
}

int serve_media_checkpoint(struct serve_media *m, const struct msg_checkpoint *c, const char **why)
{
	struct serve_bytes *new;
	int rc;

	if (!c->note_len || c->size < m->checkpoint_size)
		return refuse(why, "a checkpoint that goes back");
	rc = serve_bytes_copy(c->note, c->note_len, &new);
	if (rc)
		return rc;
	serve_bytes_unref(&m->checkpoint);
	m->checkpoint = new;
	m->checkpoint_size = c->size;
	return 0;
}

struct serve_camera *serve_media_camera(const struct serve_media *m, struct span name)
{
	for (unsigned i = 0; i < m->ncameras; i++)
		if (*m->camera[i].set.name && span_is(name, m->camera[i].set.name))
			return &m->camera[i];
	return NULL;
}

struct serve_rendition *serve_media_rendition(const struct serve_camera *c, struct span name)
{
	for (unsigned i = 0; i < RENDITIONS_MAX; i++)
		if (c->rendition[i] && span_is(name, c->rendition[i]->set.name))
			return c->rendition[i];
	return NULL;
}

const struct serve_segment *serve_media_find(const struct serve_rendition *r, uint64_t number)
{
	for (unsigned i = r->n; i-- > 0;)
		if (r->window[i].m.number == number)
			return &r->window[i];
	return NULL;
}

struct serve_bytes *serve_media_init(const struct serve_rendition *r, const uint8_t prefix[8])
{
	for (unsigned i = 0; i < r->ntracks; i++)
		if (memcmp(r->track[i].m.init_sha256, prefix, 8) == 0)
			return r->track[i].init;
	return NULL;
}

struct track serve_media_track_of(const struct serve_track *t)
{
	return (struct track){.codec = (enum codec)t->m.codec, .timescale = t->m.timescale, .width = t->m.width, .height = t->m.height,
		.rate = t->m.rate, .channels = t->m.channels, .profile = t->m.profile, .level = t->m.level,
		.compat = t->m.compat, .constraints = t->m.constraints};
}

bool serve_media_is_asleep(const struct serve_rendition *r)
{
	return r->set.on_demand && (!r->runs || !r->n || r->window[r->n - 1].m.number <= r->after);
}

bool serve_media_is_coming(const struct serve_camera *c, const struct serve_rendition *r, uint64_t number)
{
	uint64_t newest = 0;

	for (unsigned k = 0; k < RENDITIONS_MAX; k++) {
		const struct serve_rendition *other = c->rendition[k];

		if (other && other->n && other->window[other->n - 1].m.number > newest)
			newest = other->window[other->n - 1].m.number;
	}
	return r->set.on_demand && (!r->n || number > r->window[r->n - 1].m.number) && number <= newest + 1;
}

bool serve_media_is_independent(const struct serve_rendition *r)
{
	for (unsigned i = r->n > SERVE_LISTED_MOST ? r->n - SERVE_LISTED_MOST : 0; i < r->n; i++)
		if (!r->window[i].m.independent)
			return false;
	return true;
}
