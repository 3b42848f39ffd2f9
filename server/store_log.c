/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of an entry: batch -> journal on disk -> its leaf to sign -> checkpoint
 * -> tiles -> serve. One job of each kind is under way at a time; what comes
 * meanwhile is in the next.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rd.h"
#include "seal/tile.h"
#include "server/store.h"

#define BATCH_ENTRIES 64
#define BATCH_WAIT_MAX_US 200000    /* how long an entry waits for others to be brought to the disk with */
#define BATCH_WAIT_CAMERA_US 10000  /* … where so few cameras are that it would wait alone */
#define RETRY_WAIT {5, 0}

static void log_trouble(struct store *s, int error)
{
	snprintf(s->alarm_log, sizeof s->alarm_log, "the log cannot be written (%s): %s; segments wait for their proof", strerror(-error),
		 error == -ENOSPC || error == -EDQUOT ? "free the archive's disk" : "mend the archive's disk");
	log_error("log-write", "error=\"%s\" mend=\"free or mend the archive's disk; tried again every 5 s\"", strerror(-error));
}

/* --- entries to the journal ------------------------------------------------------------- */

struct sync_work {
	struct work work;
	struct store *store;
	struct tlog *log;
	struct buf batch;
	int rc;
	uint64_t synced;
};

static void run_sync(struct work *work)
{
	struct sync_work *w = (struct sync_work *)work;
	struct rd r = rd_init(buf_data(&w->batch), w->batch.len);
	const uint8_t *p;
	uint64_t index;
	size_t n;

	while (!w->rc && tile_bundle_next(&r, &p, &n) == 1)
		w->rc = tlog_append(w->log, p, n, &index);
	/* The loop bounds what is held and writes only entries that parse: then only memory can be short here. */
	if (w->rc)
		store_give_up("no-memory", "the log's entries", "give the machine more memory");
	w->rc = tlog_sync(w->log);
	w->synced = tlog_synced(w->log);
}

static void done_sync(struct work *work)
{
	struct sync_work *w = (struct sync_work *)work;
	struct store *s = w->store;

	s->syncing = false;
	s->sync_failed = w->rc != 0;
	if (w->rc) {
		log_trouble(s, w->rc);
		role_arm(s->sync_timer, &(struct timeval)RETRY_WAIT);
		store_show_synced(s);
	} else {
		s->synced = w->synced;
		if (!s->publish_failed)
			s->alarm_log[0] = 0;
		store_log_tell_sign(s);
		store_show_synced(s);
		if (s->nbatch >= BATCH_ENTRIES || s->stopping || (s->nbatch && !event_pending(s->sync_timer, EV_TIMEOUT, NULL)))
			store_log_flush(s);
	}
	buf_free(&w->batch);
	free(w);
}

void store_log_flush(struct store *s)
{
	struct sync_work *w;

	if (s->syncing || (s->nbatch == 0 && !s->sync_failed))
		return;
	w = store_alloc(sizeof *w);
	*w = (struct sync_work){.work = {run_sync, done_sync}, .store = s, .log = s->log, .batch = s->batch};
	buf_init(&s->batch, s->batch.max);
	s->nbatch = 0;
	s->syncing = true;
	worker_give(&s->logger, &w->work);
}

static void flush_soon(struct store *s)
{
	int64_t wait_us = s->ncameras * BATCH_WAIT_CAMERA_US;

	role_arm(s->sync_timer, &(struct timeval){0, wait_us < BATCH_WAIT_MAX_US ? wait_us : BATCH_WAIT_MAX_US});
}

int store_log_add(struct store *s, const struct entry *e, uint64_t *ret_index)
{
	uint8_t bytes[ENTRY_MAX_BYTES];
	size_t n;
	int rc = entry_write(e, bytes, &n);

	if (rc) {
		log_error("entry", "error=\"%s\"", strerror(-rc));
		return rc;
	}
	if (s->next - s->published >= TLOG_HELD_MAX - TILE_WIDTH || tile_bundle_add(&s->batch, bytes, n) < 0)
		return -ENOBUFS;
	rc = heads_add(&s->heads, bytes, n);
	if (rc)
		store_give_up("no-memory", "the log's heads", "give the machine more memory");
	*ret_index = s->next++;
	s->entries++;
	if (++s->nbatch >= BATCH_ENTRIES)
		store_log_flush(s);
	else if (!event_pending(s->sync_timer, EV_TIMEOUT, NULL))
		flush_soon(s);
	return 0;
}

/* --- leaves to sign --------------------------------------------------------------------- */

struct leaves_work {
	struct work work;
	struct store *store;
	struct tlog *log;
	uint32_t sign_run;
	uint64_t first;
	unsigned max, n;
	int rc;
	struct hash leaf[MSG_LEAVES_MAX];
};

static void run_leaves(struct work *work)
{
	struct leaves_work *w = (struct leaves_work *)work;

	w->rc = tlog_leaves(w->log, w->first, w->leaf, w->max, &w->n);
}

static void done_leaves(struct work *work)
{
	struct leaves_work *w = (struct leaves_work *)work;
	struct store *s = w->store;
	struct msg_leaves m = {.first = w->first, .hashes_len = (uint16_t)(w->n * HASH_BYTES)};

	s->asking = false;
	if (w->rc) {
		log_trouble(s, w->rc);
	} else if (s->sign_ready && s->sign_run == w->sign_run && w->n) {
		memcpy(m.hashes, w->leaf, m.hashes_len);
		if (channel_say(s->sign, MSG_LEAVES, &m, NULL, 0) == 0) {
			s->sent = w->first + w->n;
			store_log_tell_sign(s);
		}
	} else if (s->sign_ready) {
		store_log_tell_sign(s);
	}
	free(w);
}

void store_log_tell_sign(struct store *s)
{
	uint64_t barrier = store_disk_barrier(s), to = s->synced < barrier ? s->synced : barrier;
	struct leaves_work *w;

	if (!s->sign_ready || s->asking || s->sent >= to)
		return;
	w = store_alloc(sizeof *w);
	w->work = (struct work){run_leaves, done_leaves};
	w->store = s;
	w->log = s->log;
	w->sign_run = s->sign_run;
	w->first = s->sent;
	w->max = to - s->sent < MSG_LEAVES_MAX ? (unsigned)(to - s->sent) : MSG_LEAVES_MAX;
	s->asking = true;
	worker_give(&s->logger, &w->work);
}

/* --- sign's hello ----------------------------------------------------------------------- */

struct hello_work {
	struct work work;
	struct store *store;
	struct tlog *log;
	uint32_t sign_run;
	struct msg_sign_hello hello;
	int dirfd;
	int rc;
	struct hash root;
	bool has_turned, is_replaced;
};

static void run_hello(struct work *work)
{
	struct hello_work *w = (struct hello_work *)work;

	w->rc = tlog_root(w->log, w->hello.size, &w->root);
	if (!w->rc)
		w->rc = store_keys_replaced(w->dirfd, &w->hello, &w->is_replaced);
	w->has_turned = !w->rc && store_keys_has_turned(w->log, &w->hello);
}

static bool told(const uint8_t sha256[HASH_BYTES])
{
	static const uint8_t none[HASH_BYTES];

	return memcmp(sha256, none, HASH_BYTES) != 0;
}

/* The program files that the parent starts. */
static void name_programs(struct entry_start *e, const struct msg_store_site *site)
{
	static_assert(MSG_BINARIES == ROLE_COUNT && MSG_BINARIES <= ENTRY_BINARIES_MAX, "an entry has room for each");

	e->has_sbom = told(site->sbom_sha256);
	memcpy(e->sbom.b, site->sbom_sha256, HASH_BYTES);
	for (unsigned k = 0; k < MSG_BINARIES; k++) {
		struct entry_binary *b = &e->binary[e->nbinaries];

		if (!told(site->binary_sha256[k]))
			continue;
		snprintf(b->name, sizeof b->name, "%s", role_kind_name(k));
		memcpy(b->hash.b, site->binary_sha256[k], HASH_BYTES);
		e->nbinaries++;
	}
}

/* Beside a token's key there is not room for all: store's own goes first, as `build` is the same, then the last. */
static void make_it_fit(struct entry *e)
{
	struct entry_start *start = &e->start;
	uint8_t bytes[ENTRY_MAX_BYTES];
	size_t n;

	for (unsigned k = 0; k < start->nbinaries && entry_write(e, bytes, &n) == -EMSGSIZE; k++)
		if (hash_same(&start->binary[k].hash, &start->build)) {
			memmove(&start->binary[k], &start->binary[k + 1], (start->nbinaries - k - 1) * sizeof *start->binary);
			start->nbinaries--;
		}
	while (start->nbinaries && entry_write(e, bytes, &n) == -EMSGSIZE)
		start->nbinaries--;
}

static void start_entry(struct store *s)
{
	struct entry e = {.kind = ENTRY_START, .start = {.time_us = s->start_us, .build = s->build, .nkeep = 2}};
	uint64_t index;

	memcpy(e.start.program, s->site.program, sizeof e.start.program - 1);
	memcpy(e.start.site.b, s->site.site_sha256, HASH_BYTES);
	memcpy(e.start.key, s->vkey, sizeof e.start.key);
	memcpy(e.start.root, s->hello.certifier, sizeof e.start.root);
	strcpy(e.start.keep[0], "copy");
	strcpy(e.start.keep[1], "audio");
	name_programs(&e.start, &s->site);
	make_it_fit(&e);
	if (store_log_add(s, &e, &index) < 0)
		store_give_up("log-start", "the key or the program's name cannot stand in the log", "make another key with: casemate keygen");
	s->running = true;
	store_account_begin_all(s);
	store_log_flush(s);
}

static void done_hello(struct work *work)
{
	struct hello_work *w = (struct hello_work *)work;
	struct store *s = w->store;

	/* It may have ended meanwhile, and no other have come. */
	if (!s->sign || s->sign_run != w->sign_run) {
		free(w);
		return;
	}
	/* The log of this run grew out of what sign had signed at its beginning, and this store has not lost any of it since. */
	if (s->running && (w->rc == -EINVAL || (!w->rc && memcmp(w->root.b, w->hello.root, HASH_BYTES)))) {
		role_bad_peer(&s->role, ROLE_SIGN, 0, "it says it has signed what this log never held");
		free(w);
		return;
	}
	if (w->rc == -EINVAL)
		store_give_up("log-behind", "the log is shorter than what sign has signed: entries were removed, or an older copy was put back",
			"put the newer archive back; or begin with a new folder and a new key");
	if (w->rc)
		store_give_up("log-read", strerror(-w->rc), "mend the archive's disk");
	if (memcmp(w->root.b, w->hello.root, HASH_BYTES))
		store_give_up("log-changed", "the log is not the one that sign has signed: its entries were changed",
			"put the right archive back; casemate verify names what differs");
	if (w->is_replaced)
		store_give_up("key-replaced", "the key that signs had been replaced by another", "put that one (log/keys in the archive names it; it may be in the file .next still) in the key's place, and remove the signing state");
	if (w->hello.size < s->published)
		log_warn("sign-state-old", "signed=%llu published=%llu mend=\"the signing state was put back from a copy or is new; the log still fits it\"",
			(unsigned long long)w->hello.size, (unsigned long long)s->published);
	s->sent = w->hello.size;
	memcpy(s->vkey, w->hello.vkey, sizeof s->vkey);
	s->sign_ready = true;
	if (!s->running) {
		start_entry(s);
		store_wake_rings(s);
	}
	if (!w->has_turned)
		store_keys_turn(s);
	store_witness_begin(s);
	store_log_tell_sign(s);
	free(w);
}

static void on_hello(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct store *s = ctx;
	struct hello_work *w;

	/* Each is work for the disk. */
	if (s->sign_greeted) {
		role_bad_peer(&s->role, ROLE_SIGN, channel_peer_index(from), "a second hello");
		return;
	}
	s->sign_greeted = true;
	s->hello = m->sign_hello;
	w = store_alloc(sizeof *w);
	*w = (struct hello_work){.dirfd = s->role.folder, .work = {run_hello, done_hello}, .store = s, .log = s->log, .sign_run = s->sign_run, .hello = m->sign_hello};
	worker_give(&s->logger, &w->work);
}

/* --- checkpoints ------------------------------------------------------------------------ */

struct publish_work {
	struct work work;
	struct store *store;
	struct tlog *log;
	struct msg_checkpoint m;
	const char *why;
	int rc;
};

static void give_publish(struct store *s);

static void run_publish(struct work *work)
{
	struct publish_work *w = (struct publish_work *)work;

	w->rc = tlog_publish(w->log, w->m.note, w->m.note_len, &w->why);
}

static void published(struct store *s, const struct msg_checkpoint *m)
{
	s->publish_failed = false;
	if (!s->sync_failed)
		s->alarm_log[0] = 0;
	if (m->size <= s->published)
		return;
	s->published = m->size;
	s->published_us = clock_wall_us();
	s->note = *m;
	store_serve_checkpoint(s);
	store_disk_published(s);
	store_clip_published(s);
}

static void done_publish(struct work *work)
{
	struct publish_work *w = (struct publish_work *)work;
	struct store *s = w->store;

	s->publishing = false;
	if (w->rc == 0) {
		published(s, &w->m);
	} else if (w->rc == -EBADMSG) {
		snprintf(s->alarm_log, sizeof s->alarm_log, "a checkpoint from sign was refused: %s", w->why);
		log_error("checkpoint-refused", "why=\"%s\" mend=\"none by hand: sign is started anew\"", w->why);
		role_bad_peer(&s->role, ROLE_SIGN, 0, w->why);
		s->sign_ready = false;
	} else {
		s->publish_failed = true;
		log_trouble(s, w->rc);
		role_arm(s->publish_timer, &(struct timeval)RETRY_WAIT);
	}
	if (s->publish_again && !s->publish_failed)
		give_publish(s);
	free(w);
}

static void give_publish(struct store *s)
{
	struct publish_work *w = store_alloc(sizeof *w);

	*w = (struct publish_work){.work = {run_publish, done_publish}, .store = s, .log = s->log, .m = s->pending};
	s->publishing = true;
	s->publish_again = false;
	worker_give(&s->logger, &w->work);
}

void store_log_publish_again(struct store *s)
{
	s->publish_failed = false;
	if (!s->publishing)
		give_publish(s);
}

static void on_checkpoint(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct store *s = ctx;

	s->pending = m->checkpoint;
	if (s->publishing || s->publish_failed)
		s->publish_again = true;
	else
		give_publish(s);
}

static void on_key_note(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	store_keys_note(ctx, &m->key_note);
}

/* --- the channel ------------------------------------------------------------------------ */

static const struct channel_answer from_sign[] = {
	{MSG_SIGN_HELLO, on_hello},
	{MSG_CHECKPOINT, on_checkpoint},
	{MSG_KEY_NOTE, on_key_note},
	{MSG_NONE, NULL},
};

static void sign_broke(void *ctx, struct channel *c, const char *why)
{
	struct store *s = ctx;

	if (why)
		role_bad_peer(&s->role, ROLE_SIGN, channel_peer_index(c), why);
	s->sign_ready = false;
	channel_free(&s->sign);
}

void store_sign_peer(struct store *s, unsigned index, int fd)
{
	struct channel_ends ends = {
		.me = ROLE_STORE, .peer = ROLE_SIGN, .peer_index = index, .answers = from_sign, .broken = sign_broke, .ctx = s};

	channel_free(&s->sign);
	s->sign_greeted = s->sign_ready = false;
	s->sign_run++;
	s->sign = channel_new(s->role.base, fd, &ends);
	if (!s->sign)
		store_give_up("no-memory", "a channel", "give the machine more memory");
}

bool store_log_settled(const struct store *s)
{
	return !s->syncing && s->nbatch == 0 && (s->sync_failed || (s->published >= s->next && !s->publishing) || !s->sign);
}
