/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens when a segment is over, and what is said of the time between segments. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "server/store.h"

#define HELD_MAX_US 2000000            /* how long an encoded segment waits for the copy that it was made from */
#define SNAPSHOT_HELD_MAX_US 15000000  /* a snapshot comes when the copy's segment begins, and waits for its end */
#define HASH_BATCH_MAX 16
#define HASH_CAMERAS_MIN 64            /* some five segments end within the time below */
#define HASH_WAIT_US 150000            /* how long a segment waits for others to be hashed with */

struct segment *segment_ref(struct segment *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void segment_drop(struct segment **sp)
{
	struct segment *s = *sp;

	*sp = NULL;
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	close(s->fd);
	if (s->first_fd >= 0)
		close(s->first_fd);
	if (s->file >= 0)
		close(s->file);
	store_view_end(&s->sealed);
	store_map_end(s);
	free(s->samples);
	free(s);
}

/* --- segments --------------------------------------------------------------------------- */

/* It is said to be there; whether it holds nobody has looked at. */
static enum entry_signature signature_of(const struct segment *seg)
{
	static const enum entry_signature is[SEI_SIGNATURE_COUNT] = {
		[SEI_SIGNATURE_NONE] = ENTRY_SIGNATURE_NONE, [SEI_SIGNATURE_AXIS] = ENTRY_SIGNATURE_AXIS, [SEI_SIGNATURE_ONVIF] = ENTRY_SIGNATURE_ONVIF};

	return is[seg->signature];
}

static void fill_entry(const struct segment *seg, const struct hash *previous, struct entry *ret)
{
	struct entry_segment *e = &ret->segment;
	uint64_t ms = seg->duration * 1000 / seg->timescale;

	*ret = (struct entry){.kind = ENTRY_SEGMENT};
	memcpy(e->camera, seg->of->camera->name, sizeof e->camera);
	memcpy(e->rendition, seg->of->name, sizeof e->rendition);
	e->number = seg->number;
	e->init = seg->init;
	e->media = seg->media;
	e->bytes = seg->bytes;
	e->start_us = seg->start_us;
	e->duration_ms = ms < ENTRY_DURATION_MAX_MS ? (uint32_t)ms : ENTRY_DURATION_MAX_MS;
	e->clock_rtcp = seg->clock_rtcp;
	e->clock_error_ms = seg->clock_error_ms;
	e->source = seg->source;
	e->has_encoder = seg->has_encoder;
	e->encoder = seg->encoder;
	e->signature = signature_of(seg);
	e->previous = *previous;
}

static void remember_source(struct store_camera *c, const struct segment *seg)
{
	unsigned at = c->nsources++ % STORE_SOURCES;

	c->source[at].number = seg->number;
	c->source[at].media = seg->media;
}

static bool find_source(const struct store_camera *c, uint64_t number, struct hash *ret)
{
	for (unsigned i = 0; i < STORE_SOURCES; i++) {
		if (c->source[i].number != number)
			continue;
		*ret = c->source[i].media;
		return true;
	}
	return false;
}

/* Serve hears of it, now and when it is started anew. Takes over a reference. */
static void show(struct store *s, struct segment *seg)
{
	struct store_rendition *r = seg->of;

	if (r->nwindow == (r->index == RENDITION_SNAPSHOT ? STORE_SNAPSHOTS : STORE_WINDOW)) {
		segment_drop(&r->window[0]);
		r->nwindow--;
		memmove(&r->window[0], &r->window[1], r->nwindow * sizeof r->window[0]);
	}
	r->window[r->nwindow++] = seg;
	store_serve_segment(s, seg);
}

/*
 * Once a viewer has a segment, nothing may take its entry back: its file in the archive is found again by whoever
 * starts next, but what is in no archive has its entry in the journal first. A disk that takes no entries is an
 * alarm, not the end of the live view.
 */
void store_show_synced(struct store *s)
{
	struct segment *seg;

	while ((seg = TAILQ_FIRST(&s->unsynced)) && (seg->entry < s->synced || s->sync_failed)) {
		TAILQ_REMOVE(&s->unsynced, seg, waiting);
		seg->of->unshown--;
		show(s, seg);
	}
}

static void show_in_time(struct store *s, struct segment *seg)
{
	segment_ref(seg);
	if (s->sync_failed || (!seg->unkept && seg->of->unshown == 0)) {
		show(s, seg);
	} else {
		TAILQ_INSERT_TAIL(&s->unsynced, seg, waiting);
		seg->of->unshown++;
	}
}

static void enter_failed(struct store *s, struct segment *seg)
{
	s->dropped++;
	store_disk_abandon(s, seg);
	if (seg->primary) {
		seg->of->camera->gap = true;
		seg->of->camera->why = GAP_OVERLOAD;
	}
	segment_drop(&seg);
}

/* Takes over the caller's reference. */
static void enter(struct store *s, struct segment *seg)
{
	static const struct hash none;
	struct store_rendition *r = seg->of;
	const struct head *before = heads_find(&s->heads, r->camera->name, r->name);
	int64_t end_us;
	struct entry e;

	fill_entry(seg, before ? &before->leaf : &none, &e);
	if (store_log_add(s, &e, &seg->entry) < 0) {
		enter_failed(s, seg);
		return;
	}
	s->segments++;
	end_us = seg->start_us + (int64_t)e.segment.duration_ms * 1000;
	if (seg->primary)
		store_account_segment(r->camera, end_us);
	if (r->index == RENDITION_COPY)
		remember_source(r->camera, seg);
	if (e.segment.duration_ms && seg->bytes < UINT32_MAX / 8)
		r->rate_bps = (uint32_t)(seg->bytes * 8 * 1000 / e.segment.duration_ms);
	r->newest_end_us = end_us;
	r->changed = true;
	show_in_time(s, seg);
	store_disk_finish(s, seg);
	segment_drop(&seg);
}

/* Whether the first one that is held may wait on for its source. */
static bool may_wait(const struct store_rendition *r, int64_t now_us)
{
	const struct segment *first = TAILQ_FIRST(&r->held), *seg;
	unsigned n = 0;

	if (r->index != RENDITION_SNAPSHOT)
		return now_us - first->held_us < HELD_MAX_US;
	TAILQ_FOREACH(seg, &r->held, next)
		n++;
	return n <= STORE_SNAPSHOTS && now_us - first->held_us < SNAPSHOT_HELD_MAX_US;
}

void store_release_held(struct store *s, struct store_camera *c, bool force)
{
	int64_t now_us = clock_mono_us();

	for (unsigned i = RENDITION_ENCODED; i < RENDITIONS_MAX; i++) {
		struct segment_list *held = &c->rendition[i].held;
		struct segment *seg;

		while ((seg = TAILQ_FIRST(held))) {
			if (!find_source(c, seg->number, &seg->source) && !force && may_wait(&c->rendition[i], now_us))
				break;
			TAILQ_REMOVE(held, seg, next);
			enter(s, seg);
		}
	}
}

/* A power of two: it may happen with every segment of a fleet. */
static void say_copied(const struct store *s)
{
	if ((s->copied & (s->copied - 1)) == 0)
		log_warn("segment-copied", "count=%llu why=\"its memory was in use at its end, so a copy was sealed\"", (unsigned long long)s->copied);
}

static int seal(struct store *s, struct segment *seg)
{
	int first = seg->fd, fd, rc = io_seal(first, "segment", seg->bytes, &fd);

	if (rc < 0)
		return rc;
	if (rc == 0)
		return store_view(seg, 0, seg->bytes, &seg->sealed);
	seg->first_fd = first;
	seg->fd = fd;
	s->copied++;
	say_copied(s);
	/* What was mapped is the first one, which is not sealed. */
	return store_view_of(fd, 0, seg->bytes, &seg->sealed);
}

/* --- hashed together -------------------------------------------------------------------- */

static void hashed(struct store *s, struct segment *seg)
{
	struct store_rendition *r = seg->of;

	store_view_end(&seg->sealed);
	if (seg->unkept && !seg->queued)
		store_map_end(seg);
	free(seg->samples);
	seg->samples = NULL;
	if (r->index >= RENDITION_ENCODED) {
		seg->held_us = clock_mono_us();
		TAILQ_INSERT_TAIL(&r->held, seg, next);
	} else {
		enter(s, seg);
	}
	store_release_held(s, r->camera, false);
}

static void hash_all(struct segment *const *seg, unsigned n)
{
	struct hash_message m[2 * HASH_BATCH_MAX];
	struct hash_range whole[HASH_BATCH_MAX];
	unsigned k = 0;

	for (unsigned i = 0; i < n; i++) {
		whole[i] = (struct hash_range){0, (uint32_t)seg[i]->bytes};
		m[k++] = (struct hash_message){.base = seg[i]->sealed.p, .range = &whole[i], .ranges = 1};
		if (seg[i]->samples)
			m[k++] = (struct hash_message){.base = seg[i]->sealed.p, .range = seg[i]->samples, .ranges = seg[i]->nsamples};
	}
	hash_many(m, k);
	k = 0;
	for (unsigned i = 0; i < n; i++) {
		seg[i]->media = m[k++].hash;
		if (seg[i]->samples)
			seg[i]->source = m[k++].hash;
	}
}

void store_hash(struct store *s)
{
	struct segment *seg[HASH_BATCH_MAX];
	unsigned n = 0;

	while (n < HASH_BATCH_MAX && (seg[n] = TAILQ_FIRST(&s->unhashed))) {
		TAILQ_REMOVE(&s->unhashed, seg[n], next);
		seg[n]->of->camera->unhashed--;
		n++;
	}
	s->unhashed_n -= n;
	hash_all(seg, n);
	for (unsigned i = 0; i < n; i++)
		hashed(s, seg[i]);
}

/* Only where others may be expected within the time. */
void store_hash_begin(struct store *s)
{
	TAILQ_INIT(&s->unhashed);
	TAILQ_INIT(&s->unsynced);
	s->hash_batch = hash_many_pays() && s->ncameras >= HASH_CAMERAS_MIN ? HASH_BATCH_MAX : 1;
}

static void to_be_hashed(struct store *s, struct segment *seg)
{
	TAILQ_INSERT_TAIL(&s->unhashed, seg, next);
	s->unhashed_n++;
	seg->of->camera->unhashed++;
	if (s->unhashed_n >= s->hash_batch)
		store_hash(s);
	else if (!event_pending(s->hash_timer, EV_TIMEOUT, NULL))
		role_arm(s->hash_timer, &(struct timeval){0, HASH_WAIT_US});
}

void store_end_segment(struct store *s, struct store_rendition *r)
{
	struct segment *seg = r->open;
	int rc;

	if (!seg)
		return;
	r->open = NULL;
	r->newest = seg->number;
	r->newest_bytes = seg->bytes;
	rc = seg->bytes ? seal(s, seg) : -ENODATA;
	if (!rc) {
		to_be_hashed(s, seg);
		return;
	}
	log_error("segment-lost", "camera=%s rendition=%s number=%llu error=\"%s\"", r->camera->name, r->name,
		(unsigned long long)seg->number, strerror(-rc));
	enter_failed(s, seg);
	store_release_held(s, r->camera, false);
}
