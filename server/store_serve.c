/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the serve processes are told as it happens, and what they ask for: from memory at once, from disk by the reader's thread. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/io.h"
#include "base/log.h"
#include "seal/proof.h"
#include "seal/tile.h"
#include "server/store.h"
#include "server/store_list.h"
#include "server/store_spans.h"
#include "store/tlog_read.h"

#define REPLAY_BATCH 16              /* renditions told to a new serve at a time: their descriptors fit into a channel's queue */
#define REPLAY_WAIT {0, 10000}
#define TRIES 3                      /* of reading a partial tile that the next checkpoint replaces meanwhile */

/* --- telling ---------------------------------------------------------------------------- */

/* A serve that does not take what it is told is closed, by the tick: this may be inside an answer to it. */
static void say(struct serve *v, enum msg_type type, const void *body, const int *fd)
{
	if (!v->channel || v->dead)
		return;
	if (channel_say(v->channel, type, body, fd, fd ? 1 : 0) == -ENOBUFS) {
		role_bad_peer(&v->store->role, ROLE_SERVE, v->index, "it does not read what store tells it");
		v->dead = true;
	}
}

void store_serve_say(struct serve *v, enum msg_type type, const void *body)
{
	say(v, type, body, NULL);
}

void store_serve_hand(struct serve *v, enum msg_type type, const void *body, int fd)
{
	say(v, type, body, fd >= 0 ? &fd : NULL);
}

void store_serve_lied(struct serve *v, const char *why)
{
	role_bad_peer(&v->store->role, ROLE_SERVE, v->index, why);
	v->dead = true;
}

static unsigned place_of(const struct store *s, const struct store_rendition *r)
{
	return (unsigned)(r->camera - s->camera) * RENDITIONS_MAX + r->index;
}

static void tell_segment(struct serve *v, const struct segment *seg)
{
	struct msg_segment m = {
		.camera = seg->of->track.camera, .rendition = seg->of->index, .number = seg->number, .discontinuity = seg->discontinuity,
		.independent = seg->independent, .start_us = seg->start_us, .duration = (uint32_t)seg->duration,
		.timescale = seg->timescale, .bytes = seg->bytes, .entry = seg->entry,
		.period_us = seg->period.wall_us, .period_media_us = seg->period.media_us, .decode_time = seg->decode_time};

	memcpy(m.sha256, seg->media.b, HASH_BYTES);
	memcpy(m.init_sha256, seg->init.b, HASH_BYTES);
	say(v, MSG_SEGMENT, &m, &(int){seg->fd});
}

static void tell_oldest(struct serve *v, const struct store_rendition *r)
{
	struct msg_oldest m = {.camera = r->track.camera, .rendition = r->index, .number = r->range.oldest};

	if (m.number)
		say(v, MSG_OLDEST, &m, NULL);
}

static void tell_checkpoint(struct serve *v)
{
	if (v->store->published)
		say(v, MSG_CHECKPOINT, &v->store->note, NULL);
}

void store_serve_track(struct store *s, struct store_rendition *r)
{
	for (unsigned i = 0; i < STORE_SERVES_MAX; i++)
		if (!r->hidden && s->serve[i].replayed > place_of(s, r))
			say(&s->serve[i], MSG_TRACK, &r->track, &r->init_fd);
}

void store_serve_segment(struct store *s, struct segment *seg)
{
	for (unsigned i = 0; i < STORE_SERVES_MAX; i++)
		if (!seg->of->hidden && s->serve[i].replayed > place_of(s, seg->of))
			tell_segment(&s->serve[i], seg);
}

void store_serve_part(struct store *s, struct store_rendition *r, const struct msg_part *m, int fd)
{
	for (unsigned i = 0; i < STORE_SERVES_MAX; i++)
		if (s->serve[i].replayed > place_of(s, r))
			say(&s->serve[i], MSG_PART, m, &fd);
}

void store_serve_oldest(struct store *s, struct store_rendition *r)
{
	for (unsigned i = 0; i < STORE_SERVES_MAX; i++)
		if (!r->hidden && s->serve[i].replayed > place_of(s, r))
			tell_oldest(&s->serve[i], r);
}

void store_serve_checkpoint(struct store *s)
{
	for (unsigned i = 0; i < STORE_SERVES_MAX; i++)
		if (s->serve[i].channel)
			tell_checkpoint(&s->serve[i]);
}

static void tell_so_far(struct serve *v, struct store_rendition *r)
{
	struct msg_part m;
	int fd = r->closely.published ? store_parts_so_far(r, &m) : -1;

	if (fd < 0)
		return;
	say(v, MSG_PART, &m, &fd);
	close(fd);
}

static void tell_rendition(struct serve *v, struct store_rendition *r)
{
	if (r->index != RENDITION_SNAPSHOT)
		say(v, MSG_TRACK, &r->track, &r->init_fd);
	for (unsigned i = 0; i < r->nwindow; i++)
		tell_segment(v, r->window[i]);
	tell_oldest(v, r);
	tell_so_far(v, r);
}

void store_serve_rendition(struct store *s, struct store_rendition *r)
{
	for (unsigned i = 0; i < STORE_SERVES_MAX; i++)
		if (r->has_init && !r->hidden && s->serve[i].replayed > place_of(s, r))
			tell_rendition(&s->serve[i], r);
}

static bool replay_some(struct serve *v)
{
	struct store *s = v->store;
	unsigned told = 0, all = s->ncameras * RENDITIONS_MAX;

	for (; v->replayed < all && told < REPLAY_BATCH && !v->dead; v->replayed++) {
		struct store_rendition *r = &s->camera[v->replayed / RENDITIONS_MAX].rendition[v->replayed % RENDITIONS_MAX];

		if (!r->has_init || r->hidden)
			continue;
		tell_rendition(v, r);
		told++;
	}
	return v->replayed < all && !v->dead;
}

void store_serve_room(struct store *s)
{
	if (!event_pending(s->replay, EV_TIMEOUT, NULL))
		role_arm(s->replay, &(struct timeval){0, 0});
}

void store_serve_replay(struct store *s)
{
	bool more = false;

	for (unsigned i = 0; i < STORE_SERVES_MAX; i++)
		if (s->serve[i].channel)
			more |= replay_some(&s->serve[i]);
	if (more)
		role_arm(s->replay, &(struct timeval)REPLAY_WAIT);
}

/* --- asking ----------------------------------------------------------------------------- */

struct read_work {
	struct work work;
	struct store *store;
	struct serve *to;
	uint32_t generation;
	int dirfd;
	struct msg_want want;
	char camera[SITE_NAME], rendition[SITE_NAME];
	struct archive_range range;
	struct msg_checkpoint note;      /* what is published */
	unsigned tries;
	/* answers */
	struct msg_have have;
	bool changed;                    /* what is on disk is not what was sealed */
	bool stale;                      /* read again with the newest checkpoint */
	int fd;
};

static uint8_t status_of(int rc)
{
	return rc == 0 ? MSG_HAVE_OK : rc == -ENOENT || rc == -EINVAL ? MSG_HAVE_NONE : MSG_HAVE_ERROR;
}

static int hand_over(struct read_work *w, const struct buf *b)
{
	struct hash h;
	int rc = io_seal_bytes("have", buf_data(b), b->len, &w->fd);

	if (rc)
		return rc;
	hash_bytes(buf_data(b), b->len, &h);
	memcpy(w->have.sha256, h.b, HASH_BYTES);
	w->have.bytes = b->len;
	return 0;
}

/* The segment's slot and what the log says of it. MSG_HAVE_OK or why not. */
static uint8_t find_entry(struct read_work *w, struct archive_slot *slot, struct entry_segment *ret)
{
	struct tlog_files f = {.dirfd = w->dirfd, .size = w->note.size};
	uint8_t bytes[ENTRY_MAX_BYTES];
	struct entry e;
	size_t n;
	int rc = archive_read_slot(w->dirfd, w->camera, w->rendition, w->want.number, slot);

	if (rc || !slot->has_entry)
		return status_of(rc ? rc : -ENOENT);
	/* What begins behind the time that is asked for is never of it. */
	if (slot->entry >= w->note.size)
		return w->want.to_us && slot->start_us >= w->want.to_us ? MSG_HAVE_NONE : MSG_HAVE_NOT_YET;
	rc = tlog_read_entry(&f, slot->entry, bytes, &n);
	if (rc == -ENOENT)
		w->stale = true;
	if (rc)
		return MSG_HAVE_ERROR;
	w->changed = entry_parse(bytes, n, &e, NULL) < 0 || e.kind != ENTRY_SEGMENT || e.segment.number != w->want.number ||
		     strcmp(e.segment.camera, w->camera) || strcmp(e.segment.rendition, w->rendition);
	if (w->changed)
		return MSG_HAVE_ERROR;
	if (w->want.to_us && !store_list_touches(e.segment.start_us, e.segment.duration_ms * INT64_C(1000), w->want.from_us, w->want.to_us))
		return MSG_HAVE_NONE;
	*ret = e.segment;
	return MSG_HAVE_OK;
}

static uint8_t read_segment(struct read_work *w, struct buf *b)
{
	struct archive_slot slot;
	struct entry_segment e;
	struct hash h;
	uint8_t status = find_entry(w, &slot, &e);
	int rc;

	if (status != MSG_HAVE_OK)
		return status;
	if (!slot.kept)
		return MSG_HAVE_GONE;
	rc = archive_read_segment(w->dirfd, w->camera, w->rendition, w->want.number, b);
	if (!rc) {
		hash_bytes(buf_data(b), b->len, &h);
		w->changed = !hash_same(&h, &e.media);
	} else {
		w->changed = rc == -ENOENT || rc == -EFBIG;
	}
	return w->changed ? MSG_HAVE_ERROR : status_of(rc);
}

static uint8_t read_proof(struct read_work *w, struct buf *b)
{
	struct tlog_files f = {.dirfd = w->dirfd, .size = w->note.size};
	struct archive_slot slot;
	struct entry_segment e;
	uint8_t status = find_entry(w, &slot, &e);
	int rc;

	if (status != MSG_HAVE_OK)
		return status;
	rc = tlog_read_proof(&f, slot.entry, w->note.note, w->note.note_len, b);
	w->stale = rc == -ENOENT;
	return rc ? MSG_HAVE_ERROR : MSG_HAVE_OK;
}

static uint8_t read_tile(struct read_work *w, struct buf *b)
{
	struct tlog_files f = {.dirfd = w->dirfd, .size = w->note.size};
	struct tile t = {.entries = w->want.level < 0, .level = w->want.level < 0 ? 0 : (unsigned)w->want.level, .index = w->want.number,
		.width = w->want.width};
	int rc;

	if (t.level >= TILE_LEVELS || t.index >= TILE_INDEX_MAX || t.width < 1 || t.width > TILE_WIDTH ||
	    tile_width(f.size, t.level, t.index) < t.width)
		return MSG_HAVE_NONE;
	rc = tlog_read_tile(&f, &t, b);
	w->stale = rc == -ENOENT;
	return rc ? MSG_HAVE_ERROR : MSG_HAVE_OK;
}

static bool is_of_time(const struct msg_want *w)
{
	return w->kind == MSG_WANT_LIST || w->kind == MSG_WANT_SPANS;
}

static uint8_t read_list(struct read_work *w, struct buf *b)
{
	struct store_list l = {.log = {.dirfd = w->dirfd, .size = w->note.size}, .camera = w->camera, .rendition = w->rendition, .range = w->range,
		.from_us = w->want.from_us, .to_us = w->want.to_us};
	int rc = w->want.kind == MSG_WANT_SPANS ? store_spans(&l, b, &w->stale) : store_list(&l, b, &w->stale);

	w->changed = rc == -EBADMSG;
	return w->stale || w->changed ? MSG_HAVE_ERROR : status_of(rc);
}

static uint8_t read_wanted(struct read_work *w, struct buf *b)
{
	switch (w->want.kind) {
	case MSG_WANT_SEGMENT:
		return read_segment(w, b);
	case MSG_WANT_INIT:
		return status_of(archive_read_init(w->dirfd, w->camera, w->rendition, w->want.init_prefix, b));
	case MSG_WANT_PROOF:
		return read_proof(w, b);
	case MSG_WANT_LIST:
	case MSG_WANT_SPANS:
		return read_list(w, b);
	case MSG_WANT_KEYS:
		return status_of(store_keys_read(w->dirfd, b));
	default:
		return read_tile(w, b);
	}
}

static void run_read(struct work *work)
{
	struct read_work *w = (struct read_work *)work;
	struct buf b;

	buf_init(&b, ARCHIVE_SEGMENT_MAX);
	w->stale = w->changed = false;
	w->have.status = read_wanted(w, &b);
	if (w->have.status == MSG_HAVE_OK && hand_over(w, &b) < 0)
		w->have.status = MSG_HAVE_ERROR;
	buf_free(&b);
}

static void report_changed(struct store *s, const struct read_work *w)
{
	/* A list's number is none of a segment. */
	unsigned long long number = is_of_time(&w->want) ? 0 : w->want.number;
	char what[30] = "its index";

	if (number)
		snprintf(what, sizeof what, "segment %llu", number);
	snprintf(s->alarm_footage, sizeof s->alarm_footage, "footage on disk is not what was sealed: %s, %s, %s; run casemate verify",
		 w->camera, w->rendition, what);
	log_error("changed-on-disk", "camera=%s rendition=%s number=%llu mend=\"casemate verify names all of it\"", w->camera, w->rendition, number);
}

static void done_read(struct work *work)
{
	struct read_work *w = (struct read_work *)work;
	struct store *s = w->store;

	if (w->stale && w->tries++ < TRIES && w->note.size < s->published) {
		w->note = s->note;
		worker_give(&s->reader, work);
		return;
	}
	if (w->changed)
		report_changed(s, w);
	if (w->to->generation == w->generation) {
		w->to->reads--;
		say(w->to, MSG_HAVE, &w->have, w->fd >= 0 ? &w->fd : NULL);
	}
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}

static void answer_now(struct serve *v, const struct msg_want *want, uint8_t status)
{
	struct msg_have m = {.request = want->request, .status = status};

	say(v, MSG_HAVE, &m, NULL);
}

static bool from_memory(struct serve *v, const struct msg_want *want, const struct store_rendition *r)
{
	struct msg_have m = {.request = want->request, .status = MSG_HAVE_OK};
	const struct segment *seg = NULL;

	for (unsigned i = 0; i < r->nwindow; i++)
		if (r->window[i]->number == want->number)
			seg = r->window[i];
	if (want->kind == MSG_WANT_SEGMENT && seg) {
		m.bytes = seg->bytes;
		memcpy(m.sha256, seg->media.b, HASH_BYTES);
		say(v, MSG_HAVE, &m, &(int){seg->fd});
		return true;
	}
	if (want->kind == MSG_WANT_PROOF && seg && seg->entry >= v->store->published) {
		answer_now(v, want, MSG_HAVE_NOT_YET);
		return true;
	}
	return false;
}

static void on_want(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct serve *v = ctx;
	struct store *s = v->store;
	const struct msg_want *want = &m->want;
	struct store_rendition *r = store_rendition_at(s, want->camera, want->rendition);
	bool footage = is_of_time(want) || want->kind < MSG_WANT_TILE;
	struct read_work *w;

	if (want->kind > MSG_WANT_SPANS || (footage && (!r || r->hidden || r->camera->gone))) {
		answer_now(v, want, MSG_HAVE_NONE);
		return;
	}
	if (footage && !want->to_us && from_memory(v, want, r))
		return;
	if (v->reads >= STORE_READS_MAX) {
		answer_now(v, want, MSG_HAVE_ERROR);
		return;
	}
	w = store_alloc(sizeof *w);
	*w = (struct read_work){.work = {run_read, done_read}, .store = s, .to = v, .generation = v->generation, .dirfd = s->role.folder,
		.want = *want, .note = s->note, .have = {.request = want->request}, .fd = -1};
	if (footage) {
		memcpy(w->camera, r->camera->name, sizeof w->camera);
		memcpy(w->rendition, r->name, sizeof w->rendition);
		w->range = r->range;
	}
	v->reads++;
	worker_give(&s->reader, &w->work);
}

/* --- channels --------------------------------------------------------------------------- */

static void on_cosignature(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	store_witness_take(ctx, &m->cosignature);
}

static const struct channel_answer from_serve[] = {
	{MSG_WANT, on_want},
	{MSG_COSIGNATURE, on_cosignature},
	{MSG_CLIP_MAKE, store_clip_make},
	{MSG_CLIP_NEXT, store_clip_next},
	{MSG_CLIP_END, store_clip_end},
	{MSG_NONE, NULL},
};

static void let_go(struct serve *v)
{
	channel_free(&v->channel);
	if (v->store)
		store_clip_end_all(v->store, v);
	v->generation++;
	v->replayed = v->reads = 0;
	v->dead = false;
}

static void serve_broke(void *ctx, struct channel *c, const char *why)
{
	struct serve *v = ctx;

	if (why)
		role_bad_peer(&v->store->role, ROLE_SERVE, v->index, why);
	let_go(v);
}

void store_serve_reap(struct store *s)
{
	for (unsigned i = 0; i < STORE_SERVES_MAX; i++)
		if (s->serve[i].dead)
			let_go(&s->serve[i]);
}

void store_serve_peer(struct store *s, unsigned index, int fd)
{
	struct serve *v;
	struct channel_ends ends = {.me = ROLE_STORE, .peer = ROLE_SERVE, .peer_index = index, .answers = from_serve, .broken = serve_broke};

	if (index >= STORE_SERVES_MAX) {
		close(fd);
		return;
	}
	v = &s->serve[index];
	let_go(v);
	v->store = s;
	v->index = index;
	ends.ctx = v;
	v->channel = channel_new(s->role.base, fd, &ends);
	if (!v->channel)
		store_give_up("no-memory", "a channel", "give the machine more memory");
	tell_checkpoint(v);
	store_witness_tell(v);
	store_serve_room(s);
}
