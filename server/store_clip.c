/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clips for viewers: the same engine as casemate export has, on the reader's thread and in small steps, so that others' reading goes
 * on; out of it comes one ZIP file, a piece at a time, each when the last one is gone. Nothing of it is ever on a disk.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "seal/clip.h"
#include "server/export_zip.h"
#include "server/store.h"
#include "web/web.h"

#define STEP_BYTES (4u << 20)        /* of footage, hashed or given in a step: some milliseconds, if the disk has it */
#define STEPS 64                     /* of the engine, in one of ours, where they are short */
#define PIECE_MAX_BYTES (CLIP_SEGMENT_MAX_BYTES + (64u << 20))
#define CLIP_MAX_US (24 * INT64_C(3600000000))
#define CLIP_MAX_BYTES UINT64_C(16000000000)

enum clip_phase { CLIP_LOOKS, CLIP_WAITS, CLIP_PROVES, CLIP_LISTS, CLIP_READY, CLIP_GIVES };

struct store_clip {
	struct work work;
	TAILQ_ENTRY(store_clip) next;
	struct store *store;
	struct serve *to;
	uint32_t generation, request;
	char user[ENTRY_NAME], camera[ENTRY_NAME];
	enum clip_phase phase;
	bool busy, ended;                /* busy: the thread has it */
	uint64_t entry;                  /* the last of its export/v1 entries */
	/* the thread's while busy */
	struct verify_source src;
	struct clip *clip;
	struct export_zip zip;
	struct buf out;
	uint64_t total;
	bool all;                        /* the last piece is out */
	int rc;                          /* 1: more of the same; 0: done; or -errno */
	int fd;
	struct msg_clip_piece piece;
};

static int get(void *ctx, const char *path, struct buf *out)
{
	const struct store_clip *j = ctx;

	return io_read_file(j->store->role.folder, path, out);
}

/* --- on the thread ---------------------------------------------------------------------- */

static uint64_t bytes_so_far(const struct store_clip *j)
{
	struct clip_progress p;

	clip_progress(j->clip, &p);
	return p.bytes;
}

/* One step of the search; or segments, up to STEP_BYTES of them. Others' reading goes on in between. */
static int look(struct store_clip *j)
{
	uint64_t from = bytes_so_far(j), before;
	unsigned steps = 0;
	int rc;

	do {
		before = bytes_so_far(j);
		rc = clip_look(j->clip);
	} while (rc == 1 && ++steps < STEPS && bytes_so_far(j) > before && bytes_so_far(j) - from < STEP_BYTES);
	return rc;
}

/* "gate-1-20261122T153000Z" */
static void name_it(struct store_clip *j)
{
	char time[CLOCK_TEXT], plain[CLOCK_TEXT];
	int64_t from_us, to_us;
	size_t n = 0;

	clip_given(j->clip, &from_us, &to_us);
	clock_text(from_us, time);
	for (size_t i = 0; i < 19; i++)
		if (time[i] != '-' && time[i] != ':')
			plain[n++] = time[i];
	plain[n] = 0;
	snprintf(j->piece.name, sizeof j->piece.name, "%s-%sZ", j->camera, plain);
}

/* The ZIP is put together without its footage, to know how long it will be. */
static int list(struct store_clip *j)
{
	struct clip_piece p;
	int rc = 1;

	for (unsigned i = 0; i < STEPS && rc == 1; i++) {
		buf_clear(&j->out);
		rc = clip_list(j->clip, &p);
		if (rc == 1 && export_zip_begin(&j->zip, p.name, p.file_bytes, p.crc32, &j->out) < 0)
			rc = -ENOBUFS;
	}
	if (rc)
		return rc;
	rc = export_zip_end(&j->zip, &j->out);
	j->total = j->zip.at + j->out.len;
	export_zip_free(&j->zip);
	export_zip_init(&j->zip, j->piece.name, clock_wall_us());
	return rc;
}

static int seal_piece(struct store_clip *j)
{
	struct hash h;
	int rc = io_seal_bytes("clip", buf_data(&j->out), j->out.len, &j->fd);

	hash_bytes(buf_data(&j->out), j->out.len, &h);
	memcpy(j->piece.sha256, h.b, HASH_BYTES);
	j->piece.bytes = j->out.len;
	return rc;
}

static int give(struct store_clip *j)
{
	struct clip_piece p;
	int rc = 1;

	buf_clear(&j->out);
	while (rc == 1 && j->out.len < STEP_BYTES) {
		rc = clip_next(j->clip, &p);
		if (rc == 1 && p.begins && export_zip_begin(&j->zip, p.name, p.file_bytes, p.crc32, &j->out) < 0)
			rc = -ENOBUFS;
		if (rc == 1 && buf_append(&j->out, p.p, p.n) < 0)
			rc = -ENOBUFS;
	}
	if (rc == 0) {
		j->all = true;
		rc = export_zip_end(&j->zip, &j->out);
	}
	return rc < 0 ? rc : seal_piece(j);
}

static void run(struct work *work)
{
	struct store_clip *j = (struct store_clip *)work;

	switch (j->phase) {
	case CLIP_LOOKS: j->rc = look(j); break;
	case CLIP_PROVES: j->rc = clip_prove(j->clip); break;
	case CLIP_LISTS: j->rc = list(j); break;
	default: j->rc = give(j); break;
	}
}

/* --- on the loop ------------------------------------------------------------------------ */

static void end(struct store_clip *j)
{
	TAILQ_REMOVE(&j->store->clips, j, next);
	j->store->nclips--;
	clip_free(&j->clip);
	export_zip_free(&j->zip);
	buf_free(&j->out);
	free(j);
}

static void work_on(struct store_clip *j)
{
	j->busy = true;
	worker_give(&j->store->reader, &j->work);
}

static void say(struct store_clip *j, enum msg_clip_status status, const char *why)
{
	struct msg_clip_piece *m = &j->piece;

	m->request = j->request;
	m->status = (uint8_t)status;
	m->total = j->total;
	snprintf(m->why, sizeof m->why, "%s", why);
	store_serve_hand(j->to, MSG_CLIP_PIECE, m, j->fd);
	if (j->fd >= 0)
		close(j->fd);
	j->fd = -1;
}

static void fail(struct store_clip *j, int rc)
{
	const char *why = clip_why(j->clip);

	say(j, rc == -ENODATA || rc == -EFBIG ? MSG_CLIP_NONE : MSG_CLIP_ERROR, *why ? why : "it could not be made: try again");
	end(j);
}

/* All of it was found: the log says so before any of it goes out. */
static void enter(struct store_clip *j)
{
	struct entry e[CLIP_RENDITIONS];
	unsigned n = clip_exports(j->clip, clock_wall_us(), e);

	for (unsigned i = 0; i < n; i++) {
		if (!store_export_add(j->store, &e[i], &j->entry)) {
			say(j, MSG_CLIP_ERROR, "the log takes no entry of it: see casemate status");
			end(j);
			return;
		}
		log_info("export", "user=%s camera=%s rendition=%s segments=%llu bytes=%llu", j->user, j->camera, e[i].export.rendition,
			(unsigned long long)e[i].export.segments, (unsigned long long)e[i].export.bytes);
	}
	name_it(j);
	export_zip_init(&j->zip, j->piece.name, clock_wall_us());
	j->phase = CLIP_WAITS;
}

static void go_on(struct store_clip *j)
{
	switch (j->phase) {
	case CLIP_LOOKS:
		enter(j);
		break;
	case CLIP_PROVES:
		j->phase = CLIP_LISTS;
		work_on(j);
		break;
	case CLIP_LISTS:
		j->phase = CLIP_READY;
		say(j, MSG_CLIP_OK, "");
		break;
	default:
		j->phase = CLIP_READY;
		say(j, MSG_CLIP_OK, "");
		if (j->all)
			end(j);
		break;
	}
}

static void done(struct work *work)
{
	struct store_clip *j = (struct store_clip *)work;

	j->busy = false;
	if (j->ended || j->to->generation != j->generation) {
		if (j->fd >= 0)
			close(j->fd);
		end(j);
	} else if (j->rc == 1) {
		work_on(j);
	} else if (j->rc == -EAGAIN && j->phase == CLIP_PROVES) {
		j->phase = CLIP_WAITS;
	} else if (j->rc < 0) {
		fail(j, j->rc);
	} else {
		go_on(j);
	}
}

void store_clip_published(struct store *s)
{
	struct store_clip *j;

	TAILQ_FOREACH(j, &s->clips, next) {
		if (j->phase != CLIP_WAITS || s->published <= j->entry)
			continue;
		j->phase = CLIP_PROVES;
		work_on(j);
	}
}

static struct store_clip *find(const struct serve *v, uint32_t request)
{
	struct store_clip *j;

	TAILQ_FOREACH(j, &v->store->clips, next)
		if (j->to == v && j->generation == v->generation && j->request == request && !j->ended)
			return j;
	return NULL;
}

static void refuse(struct serve *v, uint32_t request, enum msg_clip_status status, const char *why)
{
	struct msg_clip_piece m = {.request = request, .status = (uint8_t)status};

	snprintf(m.why, sizeof m.why, "%s", why);
	store_serve_say(v, MSG_CLIP_PIECE, &m);
}

static bool has_one(const struct store *s, const char *user)
{
	const struct store_clip *j;

	TAILQ_FOREACH(j, &s->clips, next)
		if (!strcmp(j->user, user) && !j->ended)
			return true;
	return false;
}

static void begin(struct serve *v, const struct msg_clip_make *m)
{
	const struct web_asset *page = web_find("/verify.html", strlen("/verify.html"));
	struct store_clip *j = store_alloc(sizeof *j);
	struct clip_ask ask = {.camera = m->camera, .rendition = m->rendition, .audio = m->audio, .from_us = m->from_us, .to_us = m->to_us,
		.user = m->user, .page = page ? page->bytes : NULL, .page_bytes = page ? page->len : 0, .bytes_max = CLIP_MAX_BYTES};

	*j = (struct store_clip){.work = {run, done}, .store = v->store, .to = v, .generation = v->generation, .request = m->request, .fd = -1,
		.src = {.get = get, .ctx = j}};
	if (clip_new(&ask, &j->src, &j->clip)) {
		free(j);
		refuse(v, m->request, MSG_CLIP_NONE, "not a camera's or rendition's name, or not a time");
		return;
	}
	memcpy(j->user, m->user, sizeof j->user);
	memcpy(j->camera, m->camera, sizeof j->camera);
	buf_init(&j->out, PIECE_MAX_BYTES);
	export_zip_init(&j->zip, "", 0);
	TAILQ_INSERT_TAIL(&v->store->clips, j, next);
	v->store->nclips++;
	work_on(j);
}

/* NULL: there is none, or not any more. */
static const struct store_camera *camera_of(const struct store *s, const char *name)
{
	for (unsigned i = 0; i < s->ncameras; i++)
		if (!strcmp(s->camera[i].name, name) && !s->camera[i].gone)
			return &s->camera[i];
	return NULL;
}

/* What serve may not have, it may not have as a clip either; and snapshots are no film. */
static bool is_shown(const struct store_camera *c, const char *rendition)
{
	for (unsigned i = 0; i < RENDITIONS_MAX; i++)
		if (!strcmp(c->rendition[i].name, rendition))
			return !c->rendition[i].hidden && i != RENDITION_SNAPSHOT;
	return false;
}

static bool is_time(int64_t from_us, int64_t to_us)
{
	return from_us >= 0 && from_us < to_us && to_us <= CLIP_TIME_MAX_US;
}

void store_clip_make(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct msg_clip_make in = m->clip_make;
	struct serve *v = ctx;
	struct store *s = v->store;
	const struct store_camera *c = camera_of(s, in.camera);

	in.audio = in.audio && c && is_shown(c, "audio");
	if (!s->running || s->stopping)
		refuse(v, in.request, MSG_CLIP_BUSY, "the server is starting or stopping: try again");
	else if (find(v, in.request))
		store_serve_lied(v, "it asks for a clip by the number of another");
	else if (!c || !is_shown(c, in.rendition))
		refuse(v, in.request, MSG_CLIP_NONE, "there is no such camera or rendition");
	else if (!is_time(in.from_us, in.to_us))
		refuse(v, in.request, MSG_CLIP_NONE, "that is not a time");
	else if (in.to_us - in.from_us > CLIP_MAX_US)
		refuse(v, in.request, MSG_CLIP_NONE, "more than 24 hours at once: ask for a shorter time, or use casemate export on the server");
	else if (has_one(s, in.user))
		refuse(v, in.request, MSG_CLIP_BUSY, "another export of yours is still being made or taken: wait until it is done");
	else if (s->nclips >= STORE_CLIPS_MAX)
		refuse(v, in.request, MSG_CLIP_BUSY, "several exports are being made: try again when they are done");
	else if (!clip_rate_take(&s->clip_rate, in.user, clock_mono_us()))
		refuse(v, in.request, MSG_CLIP_BUSY, "too many exports in a short time: try again in a minute");
	else
		begin(v, &in);
}

void store_clip_next(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct serve *v = ctx;
	struct store_clip *j = find(v, m->clip_next.request);

	if (!j)
		return;  /* it broke, and that was said */
	if (j->phase != CLIP_READY) {
		store_serve_lied(v, "it asks for a clip's piece before it has the one before");
		return;
	}
	j->phase = CLIP_GIVES;
	work_on(j);
}

static void let_go(struct store_clip *j)
{
	j->ended = true;
	if (!j->busy)
		end(j);
}

void store_clip_end(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct store_clip *j = find(ctx, m->clip_end.request);

	if (j)
		let_go(j);
}

void store_clip_end_all(struct store *s, const struct serve *v)
{
	struct store_clip *j, *next;

	for (j = TAILQ_FIRST(&s->clips); j; j = next) {
		next = TAILQ_NEXT(j, next);
		if (!v || j->to == v)
			let_go(j);
	}
}
