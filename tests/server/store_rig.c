/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/server/store_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/io.h"
#include "tests/server/rig_role.h"

#define START_MS 20000
#define RING_BYTES (16u << 20)

/* --- what store and sign say ------------------------------------------------------------ */

static void on_ready(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct rig *r = ctx;

	(from == r->store.parent ? &r->store : &r->sign)->ready = true;
}

static void on_bad_peer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct rig *r = ctx;
	struct rig_role *role = from == r->store.parent ? &r->store : &r->sign;

	role->bad_peers++;
	snprintf(role->why, sizeof role->why, "%s", m->bad_peer.why);
}

static void on_store_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct rig *r = ctx;

	r->state = m->store_state;
	r->states++;
}

static void on_rendition_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct rig *r = ctx;

	if (m->rendition_state.rendition < RENDITIONS_MAX)
		r->rendition[m->rendition_state.rendition] = m->rendition_state;
}

static void on_sign_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	((struct rig *)ctx)->signed_ = m->sign_state;
}

static void on_track(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct rig *r = ctx;

	r->track[m->track.rendition] = m->track;
	r->tracks[m->track.rendition]++;
}

static void on_part(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const int sealed = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	struct rig *r = ctx;
	struct rig_part *p = &r->part[r->parts < RIG_PARTS ? r->parts++ : RIG_PARTS - 1];
	void *map = mmap(NULL, m->part.bytes, PROT_READ, MAP_SHARED, fds[0], 0);

	p->m = m->part;
	p->is_sealed = (fcntl(fds[0], F_GET_SEALS) & sealed) == sealed;
	if (map != MAP_FAILED) {
		hash_bytes(map, m->part.bytes, &p->hash);
		buf_append(&r->part_bytes, map, m->part.bytes);
		munmap(map, m->part.bytes);
	}
}

static void on_segment(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const int sealed = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
	struct rig *r = ctx;
	struct rig_segment *s = &r->segment_of[m->segment.rendition][r->segments[m->segment.rendition]++ % RIG_SEGMENTS];
	void *map = mmap(NULL, m->segment.bytes, PROT_READ, MAP_SHARED, fds[0], 0);

	s->m = m->segment;
	s->is_sealed = (fcntl(fds[0], F_GET_SEALS) & sealed) == sealed;
	if (map != MAP_FAILED) {
		hash_bytes(map, m->segment.bytes, &s->hash);
		munmap(map, m->segment.bytes);
	}
}

static void on_checkpoint(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct rig *r = ctx;

	r->checkpoint = m->checkpoint;
	r->checkpoints++;
}

static void on_oldest(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	((struct rig *)ctx)->oldest[m->oldest.rendition] = m->oldest.number;
}

static void on_have(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct rig *r = ctx;

	r->has_have = true;
	r->have = m->have;
	buf_clear(&r->have_bytes);
	if (fds[0] >= 0) {
		lseek(fds[0], 0, SEEK_SET);
		cr_assert_eq(io_read_all(fds[0], &r->have_bytes), 0);
	}
}

static void on_piece(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct rig *r = ctx;

	r->has_piece = true;
	r->piece = m->clip_piece;
}

static void on_cosigned(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct rig *r = ctx;

	r->has_cosigned = true;
	r->cosigned = m->cosigned;
}

static void on_log_note(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	cr_assert_lt(m->log_note.what, MSG_LOG_NOTES);
	((struct rig *)ctx)->note[m->log_note.what] = m->log_note;
}

static void on_witness_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct rig *r = ctx;

	r->witness = m->witness_state;
	r->witness_states++;
}

static void on_taken(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	((struct rig *)ctx)->taken++;
}

static const struct channel_answer from_role[] = {
	{MSG_READY, on_ready},
	{MSG_BAD_PEER, on_bad_peer},
	{MSG_STORE_STATE, on_store_state},
	{MSG_RENDITION_STATE, on_rendition_state},
	{MSG_WITNESS_STATE, on_witness_state},
	{MSG_CAMERA_TAKEN, on_taken},
	{MSG_SIGN_STATE, on_sign_state},
	{MSG_NONE, NULL},
};
static const struct channel_answer from_store[] = {
	{MSG_TRACK, on_track},
	{MSG_SEGMENT, on_segment},
	{MSG_PART, on_part},
	{MSG_CHECKPOINT, on_checkpoint},
	{MSG_OLDEST, on_oldest},
	{MSG_HAVE, on_have},
	{MSG_CLIP_PIECE, on_piece},
	{MSG_COSIGNED, on_cosigned},
	{MSG_LOG_NOTE, on_log_note},
	{MSG_NONE, NULL},
};

/* --- processes -------------------------------------------------------------------------- */

static void on_broken(void *ctx, struct channel *c, const char *why)
{
	struct rig *r = ctx;
	struct rig_role *role = c == r->store.parent ? &r->store : &r->sign;

	cr_assert_null(why, "a role said what it may not: %s", why);
	role->gone = true;
}

static void on_serve_broken(void *ctx, struct channel *c, const char *why)
{
	cr_assert_null(why, "store said to serve what it may not: %s", why);
}

static void spawn(struct rig *r, struct rig_role *role, enum role_kind kind)
{
	struct channel_ends ends = {.me = ROLE_PARENT, .peer = kind, .answers = from_role, .broken = on_broken, .ctx = r};
	int pair[2];

	cr_assert_eq(channel_pair(pair), 0);
	*role = (struct rig_role){.pid = rig_start_role(kind, pair[1])};
	close(pair[1]);
	role->parent = channel_new(r->base, pair[0], &ends);
	cr_assert(role->parent);
}

static void say(struct channel *c, enum msg_type type, const void *body, const int *fds, unsigned nfds)
{
	cr_assert_eq(channel_say(c, type, body, fds, nfds), 0, "saying %s", msg_name(type));
}

static bool store_ready_or_gone(struct rig *r) { return r->store.ready || r->store.gone; }
static bool sign_ready_or_gone(struct rig *r) { return r->sign.ready || r->sign.gone; }
static bool store_gone(struct rig *r) { return r->store.gone; }

static void reap(struct rig_role *role)
{
	if (role->pid > 0)
		waitpid(role->pid, &role->status, 0);
	role->pid = 0;
	channel_free(&role->parent);
}

bool rig_start_store(struct rig *r)
{
	static const char *const names[RIG_RENDITIONS] = {"copy", "audio", "small"};
	struct msg_store_site site = {.origin = RIG_ORIGIN, .program = "casemate test", .archive_max_bytes = r->max_bytes,
		.cameras = (uint16_t)(1 + r->silent), .ingests = 2};
	struct msg_store_camera camera = {.name = "gate-1"};

	spawn(r, &r->store, ROLE_STORE);
	r->state = (struct msg_store_state){0};
	r->checkpoint = (struct msg_checkpoint){0};
	say(r->store.parent, MSG_STORE_SITE, &site, &r->archive, 1);
	say(r->store.parent, MSG_STORE_CAMERA, &camera, NULL, 0);
	for (unsigned i = 1; i <= r->silent; i++) {
		struct msg_store_camera other = {.camera = (uint16_t)i};

		snprintf(other.name, sizeof other.name, "silent-%u", i);
		say(r->store.parent, MSG_STORE_CAMERA, &other, NULL, 0);
	}
	for (uint8_t i = 0; i < RIG_RENDITIONS; i++) {
		struct msg_store_rendition m = {.rendition = i, .hidden = r->hidden >> i & 1};

		snprintf(m.name, sizeof m.name, "%s", names[i]);
		say(r->store.parent, MSG_STORE_RENDITION, &m, NULL, 0);
	}
	say(r->store.parent, MSG_GO, &(struct msg_go){true}, NULL, 0);
	cr_assert(rig_until(r, store_ready_or_gone, START_MS));
	if (r->store.gone)
		reap(&r->store);
	return !r->store.gone;
}

bool rig_start_sign(struct rig *r)
{
	struct msg_sign_site site = {.origin = RIG_ORIGIN};
	char path[512];
	int fds[2];

	spawn(r, &r->sign, ROLE_SIGN);
	snprintf(path, sizeof path, "%s/site.key", r->dir);
	fds[0] = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof path, "%s/sign.state", r->dir);
	fds[1] = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	say(r->sign.parent, MSG_SIGN_SITE, &site, fds, 2);
	close(fds[0]);
	close(fds[1]);
	say(r->sign.parent, MSG_GO, &(struct msg_go){true}, NULL, 0);
	cr_assert(rig_until(r, sign_ready_or_gone, START_MS));
	if (r->sign.gone)
		reap(&r->sign);
	return !r->sign.gone;
}

void rig_link_sign(struct rig *r)
{
	int pair[2];

	cr_assert_eq(channel_pair(pair), 0);
	say(r->store.parent, MSG_PEER, &(struct msg_peer){.role = ROLE_SIGN}, &pair[0], 1);
	say(r->sign.parent, MSG_PEER, &(struct msg_peer){.role = ROLE_STORE}, &pair[1], 1);
	close(pair[0]);
	close(pair[1]);
}

void rig_link_serve(struct rig *r)
{
	struct channel_ends ends = {.me = ROLE_SERVE, .peer = ROLE_STORE, .answers = from_store, .broken = on_serve_broken, .ctx = r};
	int pair[2];

	channel_free(&r->serve);
	cr_assert_eq(channel_pair(pair), 0);
	say(r->store.parent, MSG_PEER, &(struct msg_peer){.role = ROLE_SERVE}, &pair[0], 1);
	close(pair[0]);
	r->serve = channel_new(r->base, pair[1], &ends);
	cr_assert(r->serve);
}

static void link_ring(struct rig *r, struct ring *ring, int *bell, enum role_kind role)
{
	int fds[2];

	if (ring->map) {
		ring_close(ring);
		close(*bell);
	}
	cr_assert_eq(ring_create(RING_BYTES, &fds[0]), 0);
	*bell = fds[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	cr_assert_eq(ring_open(ring, fds[0], *bell), 0);
	say(r->store.parent, MSG_RING_FROM, &(struct msg_ring_from){.role = (uint8_t)role}, fds, 2);
	close(fds[0]);
}

void rig_link_worker(struct rig *r)
{
	link_ring(r, &r->transcode, &r->transcode_bell, ROLE_TRANSCODE);
}

void rig_link_rings(struct rig *r)
{
	link_ring(r, &r->ingest, &r->ingest_bell, ROLE_INGEST);
	rig_link_worker(r);
}

void rig_start(struct rig *r)
{
	cr_assert(rig_start_store(r), "store ended with %x", r->store.status);
	if (!r->sign.pid)
		cr_assert(rig_start_sign(r), "sign ended with %x", r->sign.status);
	rig_link_sign(r);
	rig_link_serve(r);
	rig_link_rings(r);
}

int rig_stop_store(struct rig *r)
{
	say(r->store.parent, MSG_STOP, NULL, NULL, 0);
	cr_assert(rig_until(r, store_gone, START_MS), "store does not stop");
	reap(&r->store);
	return r->store.status;
}

void rig_kill(struct rig_role *role)
{
	if (role->pid > 0)
		kill(role->pid, SIGKILL);
	reap(role);
}

void rig_kill_all(struct rig *r)
{
	rig_kill(&r->store);
	rig_kill(&r->sign);
	channel_free(&r->serve);
}

static void on_nothing(int fd, short what, void *arg) {}

bool rig_until(struct rig *r, bool (*holds)(struct rig *r), int ms)
{
	int64_t end_us = clock_mono_us() + ms * 1000ll;
	struct event *tick = event_new(r->base, -1, EV_PERSIST, on_nothing, NULL);

	event_add(tick, &(struct timeval){0, 5000});
	while (!holds(r) && clock_mono_us() < end_us)
		event_base_loop(r->base, EVLOOP_ONCE);
	event_free(tick);
	return holds(r);
}

static bool never(struct rig *r) { return false; }

void rig_run(struct rig *r, int ms)
{
	rig_until(r, never, ms);
}

/* --- the folder ------------------------------------------------------------------------- */

static void make_key(struct rig *r)
{
	struct key_private *k;
	char path[512];
	struct buf b;

	buf_init(&b, KEY_FILE_MAX);
	cr_assert_eq(key_generate(RIG_ORIGIN, &k), 0);
	cr_assert_eq(key_write(k, &b), 0);
	snprintf(path, sizeof path, "%s/site.key", r->dir);
	cr_assert_eq(io_replace_file(AT_FDCWD, path, buf_data(&b), b.len, 0600), 0);
	r->key = *key_public_of(k);
	key_vkey(&r->key, r->vkey);
	key_free(&k);
	buf_free(&b);
}

void rig_begin(struct rig *r)
{
	const char *tmp = getenv("TMPDIR");
	char path[512];

	signal(SIGPIPE, SIG_IGN);
	memset(r, 0, sizeof *r);
	buf_init(&r->have_bytes, 64 << 20);
	buf_init(&r->part_bytes, 64 << 20);
	r->base = event_base_new();
	r->max_bytes = 1ull << 40;
	snprintf(r->dir, sizeof r->dir, "%s/casemate-store-XXXXXX", tmp ? tmp : "/tmp");
	cr_assert(mkdtemp(r->dir));
	snprintf(path, sizeof path, "%s/archive", r->dir);
	cr_assert_eq(mkdir(path, 0700), 0);
	r->archive = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_assert_geq(r->archive, 0);
	make_key(r);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	return remove(path);
}

void rig_end(struct rig *r)
{
	rig_kill_all(r);
	for (int i = 0; i < RIG_RENDITIONS; i++)
		packager_free(&r->packager[i]);
	if (r->ingest.map) {
		ring_close(&r->ingest);
		ring_close(&r->transcode);
		close(r->ingest_bell);
		close(r->transcode_bell);
	}
	buf_free(&r->have_bytes);
	buf_free(&r->part_bytes);
	close(r->archive);
	event_base_free(r->base);
	if (!getenv("KEEP"))
		nftw(r->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- what it is asked for --------------------------------------------------------------- */

static bool settled(struct rig *r)
{
	return r->state.entries > 0 && r->state.queue == 0 && r->checkpoint.size >= r->state.entries;
}

bool rig_settle(struct rig *r)
{
	unsigned states = r->states;

	/* Two states from now on: the first may have been on its way. */
	for (int i = 0; i < 10000 && r->states < states + 2; i++)
		rig_run(r, 5);
	return rig_until(r, settled, 10000);
}

static bool has_all(struct rig *r) { return r->segments[RENDITION_ENCODED] >= r->segment; }

void rig_start_with(struct rig *r, unsigned segments)
{
	rig_start(r);
	rig_epoch(r, clock_wall_us() - segments * 1000000ll);
	rig_feed(r, segments, (1u << RIG_RENDITIONS) - 1, 500);
	cr_assert(rig_until(r, has_all, 60000));
	cr_assert(rig_settle(r));
}

static bool has_have(struct rig *r) { return r->has_have; }

bool rig_want(struct rig *r, const struct msg_want *w)
{
	r->has_have = false;
	say(r->serve, MSG_WANT, w, NULL, 0);
	return rig_until(r, has_have, 5000);
}

static bool has_piece(struct rig *r) { return r->has_piece; }

bool rig_make_clip(struct rig *r, const struct msg_clip_make *m)
{
	r->has_piece = false;
	say(r->serve, MSG_CLIP_MAKE, m, NULL, 0);
	return rig_until(r, has_piece, 60000);
}
