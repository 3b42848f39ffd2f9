/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "server/openssl.h"
#include "store/recover.h"

#define STALE_US 15000000            /* a segment without a new part for so long is over */
#define STOP_WAIT_US 5000000         /* for the last checkpoint */
#define RENDITION_STATE_US 2000000
#define DISK_LOOK_TICKS 5
#define PACE_US 20000                /* a part waits so long at most */
#define PROGRAM_MAX (64u << 20)

static void on_site(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);
static void on_peer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);
static void on_ring_from(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);

static void on_alarm(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);
static void on_login(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);

static const struct channel_answer settings[] = {
	{MSG_STORE_SITE, on_site},
	{MSG_STORE_CAMERA, store_camera_set},
	{MSG_STORE_RENDITION, store_camera_set_rendition},
	{MSG_STORE_POLICY, store_witness_policy},
	{MSG_NONE, NULL},
};
static const struct channel_answer from_parent[] = {
	{MSG_PEER, on_peer},
	{MSG_RING_FROM, on_ring_from},
	{MSG_ALARM, on_alarm},
	{MSG_LOGIN_ENTRY, on_login},
	{MSG_WATCH_ENTRY, store_watch},
	{MSG_STORE_CAMERA, store_camera_comes},
	{MSG_STORE_RENDITION, store_camera_rendition},
	{MSG_CAMERA_GONE, store_camera_goes},
	{MSG_STORE_CONFIG, store_camera_config},
	{MSG_STORE_ENCODER, store_encoder},
	{MSG_PART_LENGTH, store_parts_length},
	{MSG_EXPORT, store_export_said},
	{MSG_STORE_POLICY, store_witness_policy},
	{MSG_NONE, NULL},
};

_Noreturn void store_give_up(const char *event, const char *why, const char *mend)
{
	log_error(event, "why=\"%s\" mend=\"%s\"", why, mend);
	_exit(1);
}

void *store_alloc(size_t n)
{
	void *p = calloc(1, n);

	if (!p)
		store_give_up("no-memory", "a small piece", "give the machine more memory");
	return p;
}

struct store_rendition *store_rendition_at(struct store *s, unsigned camera, unsigned rendition)
{
	struct store_rendition *r;

	if (camera >= s->ncameras || rendition >= RENDITIONS_MAX)
		return NULL;
	r = &s->camera[camera].rendition[rendition];
	return r->name[0] ? r : NULL;
}

/* --- settings --------------------------------------------------------------------------- */

static void on_site(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct store *s = ctx;

	if (s->camera || m->store_site.cameras > SITE_CAMERAS_MAX || m->store_site.ingests == 0)
		store_give_up("store-settings", "not a site", "this is a mistake in casemate: report it");
	s->site = m->store_site;
	store_camera_room(s, s->site.cameras);
	s->role.folder = fds[0];
	fds[0] = -1;
}

/* --- start ------------------------------------------------------------------------------ */

static void hash_program(struct store *s)
{
	struct buf b;

	buf_init(&b, PROGRAM_MAX);
	if (io_read_file(AT_FDCWD, "/proc/self/exe", &b) < 0)
		store_give_up("store-start", "its own program cannot be read", "mount /proc");
	hash_bytes(buf_data(&b), b.len, &s->build);
	buf_free(&b);
}

static void prepare(struct store *s)
{
	if (!s->camera)
		store_give_up("store-settings", "no site was given", "this is a mistake in casemate: report it");
	if (flock(s->role.folder, LOCK_EX | LOCK_NB) < 0)
		store_give_up("archive", "another casemate writes into this folder", "stop it, or give the site an archive folder of its own");
	if (worker_warm() < 0 || worker_init(&s->logger, s->role.base) < 0 || worker_init(&s->writer, s->role.base) < 0 ||
	    worker_init(&s->reader, s->role.base) < 0)
		store_give_up("no-memory", "workers", "give the machine more memory");
	if (!openssl_begins())
		store_give_up("no-memory", "OpenSSL", "give the machine more memory");
	hash_program(s);
	store_witness_warm();
	buf_init(&s->batch, (size_t)TLOG_HELD_MAX * (2 + ENTRY_MAX_BYTES));
	buf_init(&s->record, INIT_MAX_BYTES + RECORD_HEADER_MAX + TRACK_CONFIG_MAX);
	store_hash_begin(s);
	STAILQ_INIT(&s->later);
	TAILQ_INIT(&s->finishing);
	TAILQ_INIT(&s->deletes);
	TAILQ_INIT(&s->clips);
}

static _Noreturn void refuse_archive(int rc, const char *why)
{
	char text[256];

	if (rc == -EMEDIUMTYPE)
		store_give_up("archive", why, "give the site an empty archive folder, or its own");
	if (rc == -EBADMSG)
		store_give_up("archive-damaged", why, "casemate verify says what is left; put the log back from a copy, or begin with an empty folder");
	snprintf(text, sizeof text, "%s: %s", why, strerror(-rc));
	store_give_up("archive", text, rc == -ENOSPC || rc == -EDQUOT ? "the disk is full: free some of it" : "mend the archive's disk");
}

static void open_archive(struct store *s)
{
	struct recover_report report = {0};
	const char *why;
	bool stale;
	int rc = tlog_open(s->role.folder, s->site.origin, &s->log, &why);

	if (!rc) {
		why = "reading the footage";
		rc = archive_open(s->role.folder, &s->archive, &stale);
	}
	if (!rc) {
		why = "mending the footage";
		rc = recover_archive(s->role.folder, s->log, s->archive, stale, s->start_us, &report);
	}
	if (!rc) {
		why = "the log's heads";
		rc = tlog_heads(s->log, &s->heads);
	}
	if (rc)
		refuse_archive(rc, why);
	if (report.cut || report.adopted || report.lost || report.removed)
		log_warn("archive-mended", "cut=%u adopted=%u lost=%u removed=%u", report.cut, report.adopted, report.lost, report.removed);
}

/* Whole milliseconds, as entries have them. What finds the log full is in the log of events at least. */
static void on_alarm(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct store *s = ctx;
	struct entry e = {.kind = ENTRY_ALARM, .alarm = {.time_us = m->alarm.at_us / 1000 * 1000, .begin = m->alarm.begin}};
	uint64_t index;

	if (m->alarm.camera != MSG_ALARM_SITE && m->alarm.camera >= s->ncameras)
		return;
	snprintf(e.alarm.camera, sizeof e.alarm.camera, "%s", m->alarm.camera == MSG_ALARM_SITE ? "-" : s->camera[m->alarm.camera].name);
	snprintf(e.alarm.alarm, sizeof e.alarm.alarm, "%s", msg_alarm_name(m->alarm.kind));
	snprintf(e.alarm.detail, sizeof e.alarm.detail, "%s", m->alarm.detail);
	store_log_add(s, &e, &index);
}

static void on_login(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const struct msg_login_entry *in = &m->login_entry;
	struct entry e = {.kind = ENTRY_LOGIN, .login = {.time_us = in->at_us / 1000 * 1000, .accepted = in->accepted, .count = in->count, .by_certificate = in->certificate}};
	struct store *s = ctx;
	uint64_t index;

	snprintf(e.login.user, sizeof e.login.user, "%s", in->user);
	snprintf(e.login.address, sizeof e.login.address, "%s", in->address);
	store_log_add(s, &e, &index);
}

static void begin(struct store *s)
{
	const struct buf *note = tlog_note(s->log);

	s->last_run = s->heads.run;
	s->next = tlog_size(s->log);
	s->synced = tlog_synced(s->log);
	s->published = tlog_published(s->log);
	s->archive_bytes = archive_bytes(s->archive);
	if (note->len) {
		s->note.size = s->published;
		s->note.note_len = (uint16_t)note->len;
		memcpy(s->note.note, buf_data(note), note->len);
	}
	store_camera_begin_all(s);
	if (worker_start(&s->logger) < 0 || worker_start(&s->writer) < 0 || worker_start(&s->reader) < 0)
		store_give_up("store-start", "no threads", "raise the limit of processes of this user");
}

/* --- what the parent says and hears ----------------------------------------------------- */

static void on_peer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct store *s = ctx;

	if (m->peer.role == ROLE_SIGN)
		store_sign_peer(s, m->peer.index, fds[0]);
	else if (m->peer.role == ROLE_SERVE)
		store_serve_peer(s, m->peer.index, fds[0]);
	else
		return;
	fds[0] = -1;
}

static void on_ring_from(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct store *s = ctx;

	if (m->ring_from.role != ROLE_INGEST && m->ring_from.role != ROLE_TRANSCODE)
		return;
	store_ring_from(s, m->ring_from.role, m->ring_from.index, fds[0], fds[1]);
	fds[1] = -1;
}

static void say_state(struct store *s)
{
	const char *alarm = s->alarm_witness[0] ? s->alarm_witness : s->alarm_log[0] ? s->alarm_log : s->alarm_disk[0] ? s->alarm_disk : s->alarm_footage;
	struct msg_store_state m = {
		.entries = s->next, .checkpoint_size = s->published, .archive_bytes = s->archive_bytes, .disk_free_bytes = s->disk_free_bytes,
		.segments = s->segments, .gaps = s->gaps, .dropped = s->dropped, .queue = s->finishing_n, .checkpoint_us = s->published_us};

	snprintf(m.alarm, sizeof m.alarm, "%s", alarm);
	channel_say(s->role.parent, MSG_STORE_STATE, &m, NULL, 0);
}

static void say_rendition(struct store *s, struct store_rendition *r, unsigned camera, int64_t now_us)
{
	struct msg_rendition_state m = {
		.camera = (uint16_t)camera, .rendition = r->index, .oldest = r->range.oldest, .newest = r->newest, .bytes = r->range.bytes,
		.dropped_disk = r->lost_segments, .newest_end_us = r->newest_end_us, .rate_bps = r->rate_bps};

	if (!r->changed || (r->told_us && now_us - r->told_us < RENDITION_STATE_US))
		return;
	r->changed = false;
	r->told_us = now_us;
	channel_say(s->role.parent, MSG_RENDITION_STATE, &m, NULL, 0);
}

/* --- time ------------------------------------------------------------------------------- */

static void look_after(struct store *s, unsigned camera, int64_t now_us)
{
	struct store_camera *c = &s->camera[camera];

	for (unsigned k = 0; k < RENDITIONS_MAX; k++) {
		struct store_rendition *r = &c->rendition[k];

		if (!r->name[0])
			continue;
		if (r->open && now_us - r->fed_us > STALE_US)
			store_end_segment(s, r);
		store_disk_flush_lost(s, r, false);
		say_rendition(s, r, camera, now_us);
	}
	store_release_held(s, c, false);
	store_account_tick(s, c);
}

static void end_when_settled(struct store *s, int64_t now_us)
{
	store_log_flush(s);
	if (now_us < s->stop_us && (s->finishing_n || s->queue_jobs || !store_log_settled(s)))
		return;
	if (s->published < s->next)
		log_warn("stop", "entries=%llu published=%llu why=\"the last checkpoint did not come in time; it comes with the next start\"",
			(unsigned long long)s->next, (unsigned long long)s->published);
	event_base_loopbreak(s->role.base);
}

static void on_tick(int fd, short what, void *arg)
{
	struct store *s = arg;
	int64_t now_us = clock_mono_us();

	for (unsigned i = 0; i < s->ncameras; i++)
		look_after(s, i, now_us);
	store_serve_reap(s);
	if (s->ticks++ % DISK_LOOK_TICKS == 0)
		store_disk_look(s);
	say_state(s);
}

static void on_stop_tick(int fd, short what, void *arg)
{
	struct store *s = arg;

	end_when_settled(s, clock_mono_us());
}

/* What the loop gave them in this round. */
static void on_round(void *ctx)
{
	struct store *s = ctx;

	worker_go(&s->logger);
	worker_go(&s->writer);
	worker_go(&s->reader);
}

static void on_replay(int fd, short what, void *arg) { store_serve_replay(arg); }
static void on_sync_timer(int fd, short what, void *arg) { store_log_flush(arg); }

static void on_hash_timer(int fd, short what, void *arg) { store_hash(arg); }

static void on_finish_timer(int fd, short what, void *arg) { store_disk_finish_all(arg); }

static void on_keys_timer(int fd, short what, void *arg) { store_keys_keep(arg); }
static void on_publish_timer(int fd, short what, void *arg) { store_log_publish_again(arg); }

/* --- stop ------------------------------------------------------------------------------- */

static void stop(void *ctx)
{
	struct store *s = ctx;
	struct entry e = {.kind = ENTRY_STOP, .stop = {.why = "stopped"}};
	int64_t now_us = clock_wall_us() / 1000 * 1000;
	uint64_t index;

	s->stopping = true;
	s->stop_us = clock_mono_us() + STOP_WAIT_US;
	if (s->running) {
		store_drain_rings(s);
		for (unsigned i = 0; i < s->ncameras; i++) {
			for (unsigned k = 0; k < RENDITIONS_MAX; k++)
				store_end_segment(s, &s->camera[i].rendition[k]);
			store_hash(s);
			store_release_held(s, &s->camera[i], true);
			for (unsigned k = 0; k < RENDITIONS_MAX; k++)
				store_disk_flush_lost(s, &s->camera[i].rendition[k], true);
		}
		store_account_end_all(s, now_us);
		e.stop.time_us = now_us;
		store_log_add(s, &e, &index);
	}
	store_drop_rings(s);
	role_arm(s->stop_timer, &(struct timeval){0, 20000});
}

static void free_rendition(struct store_rendition *r)
{
	struct segment *seg;

	segment_drop(&r->open);
	for (unsigned i = 0; i < r->nwindow; i++)
		segment_drop(&r->window[i]);
	while ((seg = TAILQ_FIRST(&r->held))) {
		TAILQ_REMOVE(&r->held, seg, next);
		segment_drop(&seg);
	}
	if (r->init_fd >= 0)
		close(r->init_fd);
}

static void close_down(struct store *s)
{
	struct segment *seg;

	store_disk_finish_all(s);
	store_clip_end_all(s, NULL);
	worker_end(&s->reader);
	worker_end(&s->writer);
	worker_end(&s->logger);
	store_drop_rings(s);
	channel_free(&s->sign);
	for (unsigned i = 0; i < STORE_SERVES_MAX; i++)
		channel_free(&s->serve[i].channel);
	while ((seg = TAILQ_FIRST(&s->unsynced))) {
		TAILQ_REMOVE(&s->unsynced, seg, waiting);
		segment_drop(&seg);
	}
	for (unsigned i = 0; i < s->ncameras; i++)
		for (unsigned k = 0; k < RENDITIONS_MAX; k++)
			free_rendition(&s->camera[i].rendition[k]);
	store_witness_free(s);
	tlog_free(&s->log);
	archive_free(&s->archive);
}

static struct event *timer(struct store *s, short flags, void (*call)(int, short, void *))
{
	struct event *e = event_new(s->role.base, -1, flags, call, s);

	if (!e)
		store_give_up("no-memory", "a timer", "give the machine more memory");
	return e;
}

int main(void)
{
	static struct store s;

	role_begin(&s.role, ROLE_STORE, event_base_new());
	s.role.pace_us = PACE_US;
	s.role.round = on_round;
	role_settings(&s.role, settings, &s);
	prepare(&s);
	s.tick = timer(&s, EV_PERSIST, on_tick);
	s.stop_timer = timer(&s, EV_PERSIST, on_stop_tick);
	s.replay = timer(&s, 0, on_replay);
	s.hash_timer = timer(&s, 0, on_hash_timer);
	s.finish_timer = timer(&s, 0, on_finish_timer);
	s.sync_timer = timer(&s, 0, on_sync_timer);
	s.publish_timer = timer(&s, 0, on_publish_timer);
	s.keys_timer = timer(&s, 0, on_keys_timer);
	role_seal(&s.role);
	s.start_us = clock_wall_us() / 1000 * 1000;
	open_archive(&s);
	begin(&s);
	role_arm(s.tick, &(struct timeval){1, 0});
	store_disk_look(&s);
	on_round(&s);
	role_loop(&s.role, from_parent, &s, stop);
	close_down(&s);
	return 0;
}
