/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Footage to the archive, by the writer's thread behind a bounded queue. A slow
 * or full disk costs footage on disk, which the log then says, never a late
 * picture: live segments come from memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "server/store.h"

#define RETRY_US 5000000
#define FINISH_US 200000           /* segments that end within it are made whole together */
#define DELETE_RUNS 16             /* at most a minute of a camera each, at each checkpoint: as many as a large fleet needs */
#define TOGETHER_CAMERAS 64        /* from so many on, segments that end together are synced by one syncfs */
#define TOGETHER_MAX_US 500000     /* if it took longer, others write much to the same disk */
#define APART_US 60000000          /* then each file is synced by itself for so long */
#define LOST_WAIT_US 10000000      /* how long a run of lost segments grows before it is entered */

enum disk_kind { DISK_INIT, DISK_PART, DISK_FLUSH, DISK_SYNC, DISK_FINISH, DISK_ABANDON, DISK_NOTE, DISK_REMOVE, DISK_LOOK, DISK_CAMERA };

struct disk_work {
	struct work work;
	struct store *store;
	struct archive *archive;
	int dirfd;
	enum disk_kind kind;
	struct segment *seg;
	uint64_t offset;
	size_t n;
	struct archive_slot slot;
	struct store_rendition *of;      /* names only; DISK_INIT */
	struct hash init;
	uint8_t *bytes;                  /* n of an init segment; DISK_INIT */
	struct archive_run run;          /* DISK_REMOVE */
	struct store_camera *camera;     /* DISK_CAMERA; its name only */
	uint64_t max_bytes;
	bool choose;                     /* what goes next, if the archive is over its limit */
	bool together;                   /* DISK_FINISH behind a DISK_SYNC */
	/* answers */
	int rc;
	struct archive_run *next;        /* what should go next: nnext of them */
	unsigned nnext;
	struct archive_range range, audio;  /* audio: DISK_CAMERA, whose range is the copy's */
	uint64_t highest;
	uint64_t archive_bytes, disk_free_bytes;
};

/* --- the writer's thread ---------------------------------------------------------------- */

static const char *camera_of(const struct segment *seg) { return seg->of->camera->name; }

static void stop_writing(struct disk_work *w, int rc)
{
	struct segment *seg = w->seg;

	seg->error = rc;
	if (seg->file < 0)
		return;
	close(seg->file);
	seg->file = -1;
	archive_abandon(w->archive, camera_of(seg), seg->of->name, seg->number);
}

static int copy_part(struct segment *seg, uint64_t offset, size_t n)
{
	struct store_view v;
	int rc = store_view(seg, offset, n, &v);

	if (rc)
		return rc;
	store_view_touch(&v, n);
	rc = io_write_all(seg->file, v.p, n);
	store_view_end(&v);
	return rc;
}

static void run_part(struct disk_work *w)
{
	struct segment *seg = w->seg;
	int rc = seg->error;

	if (!rc && seg->file < 0)
		rc = archive_begin(w->archive, camera_of(seg), seg->of->name, seg->number, &w->slot, &seg->file);
	if (!rc)
		rc = copy_part(seg, w->offset, w->n);
	if (rc)
		stop_writing(w, rc);
	else
		seg->written += w->n;
	w->rc = rc;
}

static bool may_together(const struct store *s)
{
	return s->ncameras >= TOGETHER_CAMERAS && clock_mono_us() >= s->apart_until_us;
}

/* All that was written before is on the disk then; an error may be that of any file, so then each is asked by itself. Linux 5.8. */
static void run_sync(struct disk_work *w)
{
	struct store *s = w->store;
	int64_t begun_us = clock_mono_us();

	s->synced_together = may_together(s) && syncfs(w->dirfd) == 0;
	if (clock_mono_us() - begun_us > TOGETHER_MAX_US)
		s->apart_until_us = begun_us + APART_US;
}

/* Its bytes begin their way to the disk, and nobody waits: by the time of DISK_FINISH they are there. */
static void run_flush(struct disk_work *w)
{
	store_map_end(w->seg);
	if (!w->seg->error && w->seg->file >= 0 && !may_together(w->store))
		sync_file_range(w->seg->file, 0, 0, SYNC_FILE_RANGE_WRITE);
}

static void run_finish(struct disk_work *w)
{
	struct segment *seg = w->seg;
	int rc = seg->error;

	if (!rc && (seg->file < 0 || seg->written != seg->bytes))
		rc = -EIO;
	if (!rc)
		rc = archive_finish(w->archive, camera_of(seg), seg->of->name, seg->number, &w->slot, w->together && w->store->synced_together ? -1 : seg->file);
	if (rc) {
		stop_writing(w, rc);
	} else {
		close(seg->file);
		seg->file = -1;
	}
	w->rc = rc;
	w->range = archive_range(w->archive, camera_of(seg), seg->of->name);
}

/* Over its limit the archive lets a sixty-fourth more go than it must, so that not every segment needs a deletion. */
static void choose_oldest(struct disk_work *w)
{
	uint64_t have = archive_bytes(w->archive), max = w->max_bytes;

	w->archive_bytes = have;
	if (!w->choose || !max || have <= max)
		return;
	w->next = calloc(DELETE_RUNS, sizeof *w->next);
	w->nnext = w->next ? archive_oldest(w->archive, have - max + max / 64, w->next, DELETE_RUNS) : 0;
}

static void look(struct disk_work *w)
{
	struct statfs st;

	if (fstatfs(w->dirfd, &st) == 0)
		w->disk_free_bytes = (uint64_t)st.f_bavail * (uint64_t)st.f_bsize;
}

static void ask_camera(struct disk_work *w)
{
	w->range = archive_range(w->archive, w->camera->name, "copy");
	w->audio = archive_range(w->archive, w->camera->name, "audio");
	(void)archive_highest(w->archive, w->camera->name, &w->highest);
}

static void run_disk(struct work *work)
{
	struct disk_work *w = (struct disk_work *)work;

	switch (w->kind) {
	case DISK_INIT:
		w->rc = archive_write_init(w->archive, w->of->camera->name, w->of->name, &w->init, w->bytes, w->n);
		break;
	case DISK_PART:
		run_part(w);
		break;
	case DISK_FLUSH:
		run_flush(w);
		break;
	case DISK_SYNC:
		run_sync(w);
		break;
	case DISK_FINISH:
		run_finish(w);
		choose_oldest(w);
		break;
	case DISK_ABANDON:
		store_map_end(w->seg);
		stop_writing(w, -ECANCELED);
		break;
	case DISK_NOTE:
		w->rc = archive_note(w->archive, camera_of(w->seg), w->seg->of->name, w->seg->number, &w->slot);
		break;
	case DISK_REMOVE:
		w->rc = archive_remove(w->archive, &w->run);
		w->range = archive_range(w->archive, w->run.camera, w->run.rendition);
		choose_oldest(w);
		break;
	case DISK_LOOK:
		look(w);
		choose_oldest(w);
		break;
	case DISK_CAMERA:
		ask_camera(w);
		break;
	}
}

/* --- the loop --------------------------------------------------------------------------- */

static void done_disk(struct work *work);

static struct disk_work *make(struct store *s, enum disk_kind kind, struct segment *seg)
{
	struct disk_work *w = store_alloc(sizeof *w);

	w->work = (struct work){run_disk, done_disk};
	w->store = s;
	w->archive = s->archive;
	w->dirfd = s->role.folder;
	w->kind = kind;
	w->seg = seg ? segment_ref(seg) : NULL;
	w->max_bytes = s->site.archive_max_bytes;
	w->choose = s->deleting <= (kind == DISK_REMOVE);
	if (seg) {
		w->slot = (struct archive_slot){.entry = seg->entry, .start_us = seg->start_us, .bytes = (uint32_t)seg->bytes, .timescale = seg->timescale};
		memcpy(w->slot.init, seg->init.b, ARCHIVE_PREFIX);
	}
	s->queue_jobs++;
	return w;
}

static void give(struct store *s, struct disk_work *w)
{
	worker_give(&s->writer, &w->work);
}

static const char *word_of(int error)
{
	return error == -ENOSPC || error == -EDQUOT ? "disk-full" : "disk-error";
}

static void disk_trouble(struct store *s, int error)
{
	bool new = s->disk_why == NULL;

	s->disk_why = word_of(error);
	s->disk_retry_us = clock_mono_us() + RETRY_US;
	snprintf(s->alarm_disk, sizeof s->alarm_disk, "%s: footage is not archived; %s",
		 error == -ENOSPC ? "disk is full" : strerror(-error),
		 error == -ENOSPC ? "free some of it, or lower max_size below what the disk holds" : "mend the archive's disk");
	if (new)
		log_error("archive-write", "error=\"%s\" mend=\"%s\"", strerror(-error), "free or mend the archive's disk; tried again every 5 s");
}

/* Why a segment that begins now is not archived; NULL when it is. */
static const char *refused_now(const struct store *s, size_t n)
{
	if (s->disk_why && clock_mono_us() < s->disk_retry_us)
		return s->disk_why;
	return s->queue_bytes + n > STORE_QUEUE_BYTES || s->queue_jobs >= STORE_QUEUE_JOBS ? "disk-slow" : NULL;
}

void store_disk_init(struct store *s, struct store_rendition *r, const uint8_t *p, size_t n)
{
	struct disk_work *w;

	if (!r->kept)
		return;
	w = make(s, DISK_INIT, NULL);
	w->of = r;
	w->init = r->init;
	w->n = n;
	w->bytes = store_alloc(n);
	memcpy(w->bytes, p, n);
	give(s, w);
}

void store_disk_part(struct store *s, struct segment *seg, uint64_t offset, size_t n)
{
	struct disk_work *w;

	if (!seg->unkept)
		seg->unkept = refused_now(s, n);
	if (seg->unkept) {
		if (!strcmp(seg->unkept, "disk-slow") && !s->alarm_disk[0])
			snprintf(s->alarm_disk, sizeof s->alarm_disk, "the archive's disk is too slow for the cameras: some footage is not archived");
		return;
	}
	w = make(s, DISK_PART, seg);
	w->offset = offset;
	w->n = n;
	s->queue_bytes += n;
	seg->queued = true;
	give(s, w);
}

static void lose(struct store *s, struct segment *seg, const char *why)
{
	struct store_lost *l = &seg->of->lost;

	if (l->from && (strcmp(l->why, why) || seg->number != l->to + 1))
		store_disk_flush_lost(s, seg->of, true);
	if (!l->from)
		*l = (struct store_lost){.from = seg->number, .why = why, .since_us = clock_mono_us()};
	l->to = seg->number;
	l->bytes += seg->bytes;
	seg->of->lost_segments++;
	seg->of->changed = true;
}

void store_disk_flush_lost(struct store *s, struct store_rendition *r, bool now)
{
	struct store_lost *l = &r->lost;
	struct entry e = {.kind = ENTRY_DELETE, .del = {.time_us = clock_wall_us() / 1000 * 1000, .from_number = l->from, .to_number = l->to, .bytes = l->bytes}};
	uint64_t index;

	if (!l->from || (!now && clock_mono_us() - l->since_us < LOST_WAIT_US))
		return;
	memcpy(e.del.camera, r->camera->name, sizeof e.del.camera);
	memcpy(e.del.rendition, r->name, sizeof e.del.rendition);
	snprintf(e.del.why, sizeof e.del.why, "%s", l->why);
	if (store_log_add(s, &e, &index) == 0)
		*l = (struct store_lost){0};
}

void store_disk_abandon(struct store *s, struct segment *seg)
{
	if (seg->queued)
		give(s, make(s, DISK_ABANDON, seg));
}

void store_disk_finish(struct store *s, struct segment *seg)
{
	struct disk_work *w;

	if (seg->unkept) {
		store_disk_abandon(s, seg);
		if (seg->of->kept)
			lose(s, seg, seg->unkept);
	}
	w = make(s, seg->unkept ? DISK_NOTE : DISK_FINISH, seg);
	w->slot.has_entry = true;
	if (seg->unkept) {
		give(s, w);
		return;
	}
	segment_ref(seg);
	TAILQ_INSERT_TAIL(&s->finishing, seg, next);
	s->finishing_n++;
	give(s, make(s, DISK_FLUSH, seg));
	STAILQ_INSERT_TAIL(&s->later, &w->work, next);
	if (!event_pending(s->finish_timer, EV_TIMEOUT, NULL))
		role_arm(s->finish_timer, &(struct timeval){0, FINISH_US});
}

void store_disk_finish_all(struct store *s)
{
	struct work *w = STAILQ_FIRST(&s->later);
	bool together = s->ncameras >= TOGETHER_CAMERAS && w && STAILQ_NEXT(w, next);

	if (together)
		give(s, make(s, DISK_SYNC, NULL));
	while ((w = STAILQ_FIRST(&s->later))) {
		STAILQ_REMOVE_HEAD(&s->later, next);
		((struct disk_work *)w)->together = together;
		((struct disk_work *)w)->choose = STAILQ_EMPTY(&s->later) && !s->deleting;
		worker_give(&s->writer, w);
	}
}

uint64_t store_disk_barrier(const struct store *s)
{
	const struct segment *first = TAILQ_FIRST(&s->finishing);

	return first ? first->entry : s->next;
}

static bool enter_deletion(struct store *s, const struct archive_run *run)
{
	struct entry e = {.kind = ENTRY_DELETE, .del = {.time_us = clock_wall_us() / 1000 * 1000, .from_number = run->from, .to_number = run->to,
		.bytes = run->bytes, .why = "space"}};
	struct store_delete *d;
	uint64_t index;

	memcpy(e.del.camera, run->camera, sizeof e.del.camera);
	memcpy(e.del.rendition, run->rendition, sizeof e.del.rendition);
	if (store_log_add(s, &e, &index) < 0)
		return false;
	d = store_alloc(sizeof *d);
	d->run = *run;
	d->entry = index;
	TAILQ_INSERT_TAIL(&s->deletes, d, next);
	return true;
}

static void delete_oldest(struct store *s, const struct archive_run *run, unsigned n)
{
	/* What cannot be removed now is not said to go again and again. */
	if (s->deleting || (s->disk_why && clock_mono_us() < s->disk_retry_us))
		return;
	for (unsigned i = 0; i < n && enter_deletion(s, &run[i]); i++)
		s->deleting++;
}

/* Files go only when everybody can know that they went. */
void store_disk_published(struct store *s)
{
	struct store_delete *d;

	while ((d = TAILQ_FIRST(&s->deletes)) && d->entry < s->published) {
		struct disk_work *w = make(s, DISK_REMOVE, NULL);

		w->run = d->run;
		TAILQ_REMOVE(&s->deletes, d, next);
		free(d);
		give(s, w);
	}
}

void store_disk_look(struct store *s)
{
	if (s->asked_disk)
		return;
	s->asked_disk = true;
	give(s, make(s, DISK_LOOK, NULL));
}

void store_disk_ask_camera(struct store *s, struct store_camera *c)
{
	struct disk_work *w = make(s, DISK_CAMERA, NULL);

	w->camera = c;
	give(s, w);
}

static struct store_rendition *find_rendition(struct store *s, const char *camera, const char *rendition)
{
	for (unsigned i = 0; i < s->ncameras; i++)
		for (unsigned k = 0; k < RENDITIONS_MAX; k++)
			if (!strcmp(s->camera[i].name, camera) && !strcmp(s->camera[i].rendition[k].name, rendition))
				return &s->camera[i].rendition[k];
	return NULL;
}

static void set_range(struct store *s, struct store_rendition *r, const struct archive_range *range)
{
	bool older_gone = r->range.oldest != range->oldest;

	r->range = *range;
	r->changed = true;
	if (older_gone)
		store_serve_oldest(s, r);
}

static void done_finish(struct store *s, struct disk_work *w)
{
	struct segment *seg = w->seg;

	TAILQ_REMOVE(&s->finishing, seg, next);
	s->finishing_n--;
	set_range(s, seg->of, &w->range);
	if (w->rc) {
		lose(s, seg, word_of(w->rc));
	} else if (s->disk_why || s->alarm_disk[0]) {
		log_info("archive-write", "state=good");
		s->disk_why = NULL;
		s->alarm_disk[0] = 0;
	}
	store_log_tell_sign(s);
	segment_drop(&seg);
}

static void done_remove(struct store *s, struct disk_work *w)
{
	struct store_rendition *r = find_rendition(s, w->run.camera, w->run.rendition);

	s->deleting--;
	if (r)
		set_range(s, r, &w->range);
}

static void done_look(struct store *s, struct disk_work *w)
{
	s->asked_disk = false;
	s->disk_free_bytes = w->disk_free_bytes;
}

/* Asked for twice, if it went and came again meanwhile. */
static void done_camera(struct store *s, struct disk_work *w)
{
	if (!w->camera->taken) {
		w->camera->rendition[RENDITION_COPY].range = w->range;
		w->camera->rendition[RENDITION_AUDIO].range = w->audio;
		store_camera_begin(s, w->camera, w->highest);
	}
	if (!w->camera->gone)
		store_camera_say_taken(s, w->camera);
}

static void done_disk(struct work *work)
{
	struct disk_work *w = (struct disk_work *)work;
	struct store *s = w->store;

	s->queue_jobs--;
	if (w->kind == DISK_PART)
		s->queue_bytes -= w->n;
	if (w->rc)
		disk_trouble(s, w->rc);
	if (w->kind == DISK_FINISH)
		done_finish(s, w);
	if (w->kind == DISK_REMOVE)
		done_remove(s, w);
	if (w->kind == DISK_LOOK)
		done_look(s, w);
	if (w->kind == DISK_CAMERA)
		done_camera(s, w);
	if (w->kind == DISK_FINISH || w->kind == DISK_REMOVE || w->kind == DISK_LOOK) {
		s->archive_bytes = w->archive_bytes;
		delete_oldest(s, w->next, w->nnext);
	}
	segment_drop(&w->seg);
	free(w->next);
	free(w->bytes);
	free(w);
}
