/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sign: keeps the edge of the log's tree and the key. It signs only what grew out
 * of what it signed before, leaf by leaf, at most once a second, and only after
 * that is on disk. Whoever takes over store can have new entries signed; the old
 * ones cannot be changed.
 *
 * Its state may have been put back from an older copy. The archive's newest checkpoint is therefore given to it at each
 * start: below that it signs nothing, and there its tree must have the same root.
 *
 * A key is replaced in steps, each on disk before the next: the successor is noted in the state; store adds a key/v1 entry, whose
 * leaf sign knows beforehand; the old key signs its last checkpoint, of that leaf's size, and the key note; store has kept the
 * note; the state is the successor's. A crash between any two is gone on from. A note that is a token's to sign, the parent has signed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/crypto.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/secret.h"
#include "seal/checkpoint.h"
#include "server/openssl.h"
#include "server/role.h"
#include "server/sign_keys.h"
#include "server/sign_media.h"
#include "server/sign_state.h"
#include "server/wiping.h"

#define INTERVAL_US 1000000
#define RETRY_US 5000000
#define TOKEN_RETRY_US 60000000   /* a token counts wrong PINs */

struct sign {
	struct role role;
	char origin[SITE_ORIGIN];
	struct sign_keys keys;
	int state_fd;
	struct sign_state state;   /* signed */
	struct tree tree;          /* signed, and the leaves since */
	struct checkpoint floor;   /* the archive's newest, at our start; size 0: none */
	struct tree last_of_old;   /* the tree at the entry that hands over to the next key; empty before it came */
	bool unkept;               /* the key note is not in log/keys yet: nothing more is signed */
	bool asked;                /* the parent, for that note */
	struct sign_media media;
	struct channel *store;
	struct event *timer;
	int64_t due_us;            /* mono: no signature before */
	int64_t signed_us;         /* wall */
};

static void on_site(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);
static void on_peer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);
static void on_leaves(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);
static void on_key_kept(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);

static void on_media(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);
static void on_sei_ask(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);
static void on_turn(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);

static const struct channel_answer settings[] = {{MSG_SIGN_SITE, on_site}, {MSG_SIGN_MEDIA, on_media}, {MSG_NONE, NULL}};
static const struct channel_answer from_parent[] = {{MSG_PEER, on_peer}, {MSG_SEI_ASK, on_sei_ask}, {MSG_TURN, on_turn}, {MSG_NONE, NULL}};
static const struct channel_answer from_store[] = {{MSG_LEAVES, on_leaves}, {MSG_KEY_KEPT, on_key_kept}, {MSG_NONE, NULL}};

static _Noreturn void give_up(const char *event, const char *why, const char *mend)
{
	log_error(event, "why=\"%s\" mend=\"%s\"", why, mend);
	_exit(1);
}

static void read_keys(struct sign *s, const struct msg_sign_site *m, const int fds[MSG_FDS_MAX])
{
	const char *why;

	if (sign_keys_read(s->origin, fds[0], &s->keys.now, &why))
		give_up("bad-key", why, "make one with: casemate keygen");
	if (m->has_next && sign_keys_read(s->origin, fds[2], &s->keys.next, &why))
		give_up("bad-key", why, "the next key (.next) is not whole: make it with: casemate keygen --rotate");
	key_vkey(key_public_of(s->keys.now), s->keys.vkey);
	if (s->keys.next)
		key_vkey(key_public_of(s->keys.next), s->keys.next_vkey);
	memcpy(s->keys.certifier, m->certifier, sizeof s->keys.certifier);
	memcpy(s->keys.note, m->note, m->note_len);
	s->keys.note_len = m->note_len;
	memcpy(s->keys.next_certifier, m->next_certifier, sizeof s->keys.next_certifier);
	memcpy(s->keys.next_note, m->next_note, m->next_note_len);
	s->keys.next_note_len = m->next_note_len;
}

/*
 * Beside the state as it was left it could only have us sign less. It is all there is against an older state: who can change both, a store
 * that was taken over before the state was lost, has a second tree signed (doc/keys.md).
 */
static void read_floor(struct sign *s, int fd)
{
	const char *why = "reading it";
	struct buf note;
	int rc;

	buf_init(&note, CHECKPOINT_MAX_BYTES);
	rc = io_read_all(fd, &note);
	if (!rc)
		rc = checkpoint_parse(buf_data(&note), note.len, &s->floor, &why);
	if (!rc && s->keys.next && checkpoint_open(buf_data(&note), note.len, key_public_of(s->keys.next), &s->floor, &why) == 0)
		sign_keys_catch_up(&s->keys, &s->state);
	buf_free(&note);
	if (rc || strcmp(s->floor.origin, s->origin) != 0)
		give_up("sign-archive", rc ? why : "its newest checkpoint is of another site", "put the right archive back; casemate verify names what differs");
}

static bool same_root(const struct tree *t, const struct hash *root)
{
	struct hash is;

	tree_root(t, &is);
	return hash_same(&is, root);
}

static void open_state(struct sign *s, int fd)
{
	int rc;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		give_up("sign-state", "another casemate signs with it", "stop that one first: two signers would tell two stories");
	rc = sign_state_open(&s->state, fd);
	if (rc == -EBADMSG)
		give_up("sign-state", "it is damaged", "put it back from a backup, or begin a new archive with a new key");
	if (!rc)
		rc = sign_keys_fit(&s->keys, &s->state);
	if (rc == -EKEYREJECTED)
		give_up("sign-state", "it belongs to another key", "give that key back to the site file, or begin a new archive and state");
	if (rc)
		give_up("sign-state", strerror(-rc), "mend the disk that holds the key's folder");
	s->state_fd = fd;
	s->tree = s->state.tree;
}

/* The state may be older than what is signed, never of another log. */
static void compare_with_archive(struct sign *s)
{
	if (s->floor.size > s->state.tree.size)
		log_warn("sign-state-old", "signed=%llu published=%llu mend=\"the signing state was put back from a copy or is new; nothing is signed until the log has shown that it is the one that was signed\"",
			(unsigned long long)s->state.tree.size, (unsigned long long)s->floor.size);
	else if (s->floor.size == s->state.tree.size && s->floor.size && !same_root(&s->state.tree, &s->floor.root))
		give_up("sign-archive", "its newest checkpoint is not of the log that this key signed", "put the right archive back; casemate verify names what differs");
}

/* Its successor signs nothing before the note by which it becomes known is kept. */
static void make_turn_note(struct sign *s)
{
	int rc = sign_keys_turn_note(&s->keys, &s->state);

	if (rc && rc != -EAGAIN)
		give_up("no-memory", "a key note", "give the machine more memory");
	s->unkept = true;
}

/* Without a successor's turn the key in place goes on: no reason to stop signing. */
static void begin_turn(struct sign *s)
{
	int rc = s->keys.next ? sign_keys_begin_turn(&s->keys, &s->state, clock_wall_us()) : 0;

	if (s->state.turn.size && (rc == -EALREADY || !s->keys.next))
		give_up("sign-state", "it is being handed over to a key that is not there", "put the file of the next key (.next) back");
	if (rc) {
		log_error("key-rotation", "error=\"%s\" mend=\"free or mend the disk of the key's folder, and reload\"", strerror(-rc));
		sign_keys_drop_next(&s->keys);
		return;
	}
	if (s->state.turn.size)
		make_turn_note(s);
}

static void on_site(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	const struct msg_sign_site *site = &m->sign_site;
	struct sign *s = ctx;

	if (s->keys.now)
		give_up("sign-settings", "a second key", "this is a mistake in casemate: report it");
	memcpy(s->origin, site->origin, sizeof s->origin);
	read_keys(s, site, fds);
	open_state(s, fds[1]);
	fds[1] = -1;
	if (site->has_checkpoint)
		read_floor(s, fds[2 + site->has_next]);
	compare_with_archive(s);
	begin_turn(s);
}

static void say_state(struct sign *s, const char *refusal)
{
	struct msg_sign_state m = {.size = s->state.tree.size, .signed_us = s->signed_us};

	snprintf(m.vkey, sizeof m.vkey, "%s", s->keys.vkey);
	snprintf(m.refusal, sizeof m.refusal, "%s", refusal);
	channel_say(s->role.parent, MSG_SIGN_STATE, &m, NULL, 0);
}

/* Of what is on disk as signed, by whichever key it belongs to. */
static void say_checkpoint(struct sign *s)
{
	struct msg_checkpoint m = {.size = s->state.tree.size};
	struct hash root;
	struct buf note;

	buf_init(&note, MSG_NOTE_MAX);
	tree_root(&s->state.tree, &root);
	if (checkpoint_sign(&note, m.size, &root, s->keys.now) == 0) {
		memcpy(m.note, buf_data(&note), note.len);
		m.note_len = (uint16_t)note.len;
		if (s->store)
			channel_say(s->store, MSG_CHECKPOINT, &m, NULL, 0);
	}
	buf_free(&note);
}

static void arm(struct sign *s)
{
	int64_t wait = s->due_us - clock_mono_us();
	struct timeval tv = {0};

	if (wait > 0)
		tv = (struct timeval){wait / 1000000, wait % 1000000};
	if (!event_pending(s->timer, EV_TIMEOUT, NULL))
		role_arm(s->timer, &tv);
}

/* A certificate for the key that signs, or the note by which it hands over. */
static void say_key_note(struct sign *s)
{
	struct msg_key_note m = {.size = s->state.turn.size, .note_len = (uint16_t)s->keys.note_len};

	snprintf(m.vkey, sizeof m.vkey, "%s", m.size ? sign_keys_heir(&s->keys) : s->keys.vkey);
	memcpy(m.note, s->keys.note, s->keys.note_len);
	s->unkept = true;
	if (s->store)
		channel_say(s->store, MSG_KEY_NOTE, &m, NULL, 0);
}

static bool has_turned(const struct sign *s)
{
	return s->state.turn.size > 0;
}

static void ask_turn(struct sign *s)
{
	struct msg_turn_ask m = {.time_us = s->state.turn.time_us, .size = s->state.turn.size};

	if (s->asked)
		return;
	s->asked = true;
	snprintf(m.vkey, sizeof m.vkey, "%s", sign_keys_heir(&s->keys));
	channel_say(s->role.parent, MSG_TURN_ASK, &m, NULL, 0);
}

/* The old key has signed its last. */
static void hand_over(struct sign *s)
{
	if (s->keys.note_len)
		say_key_note(s);
	else
		ask_turn(s);
}

/* What may be signed now; NULL for nothing new. */
static const struct tree *next_to_sign(const struct sign *s)
{
	const struct tree *t = s->last_of_old.size ? &s->last_of_old : &s->tree;

	return s->unkept || has_turned(s) || s->tree.size < s->floor.size || t->size == s->state.tree.size ? NULL : t;
}

static void refuse_for_disk(struct sign *s, int rc)
{
	char refusal[128];

	snprintf(refusal, sizeof refusal, "cannot write its state, so signs nothing: %s", strerror(-rc));
	log_error("sign-state", "why=\"%s\" mend=\"free the disk that holds it; tried again every 5 s\"", refusal);
	s->due_us = clock_mono_us() + RETRY_US;
	say_state(s, refusal);
	arm(s);
}

/* The old key's last checkpoint is out and its note kept. */
static void turn(struct sign *s)
{
	int rc = sign_state_end_turn(&s->state);

	if (rc) {
		refuse_for_disk(s, rc);
		return;
	}
	sign_keys_turn(&s->keys);
	s->last_of_old = (struct tree){0};
	say_state(s, "");
	if (s->keys.note_len)
		say_key_note(s);
	else if (next_to_sign(s))
		arm(s);
}

/* First the state, then the signature: what left us is always in it. */
static void on_due(int fd, short what, void *arg)
{
	struct sign *s = arg;
	const struct tree *t = next_to_sign(s);
	bool last;
	int rc;

	if (has_turned(s) && !s->unkept)
		turn(s);
	else if (has_turned(s) && !s->keys.note_len)
		ask_turn(s);
	if (!t)
		return;
	last = t == &s->last_of_old;
	rc = last ? sign_state_last_of_old(&s->state, t) : sign_state_save(&s->state, t);
	if (rc) {
		refuse_for_disk(s, rc);
		return;
	}
	s->due_us = clock_mono_us() + INTERVAL_US;
	s->signed_us = clock_wall_us();
	say_checkpoint(s);
	if (last) {
		make_turn_note(s);
		hand_over(s);
	}
	say_state(s, "");
}

static void on_turn(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct sign *s = ctx;

	s->asked = false;
	if (!has_turned(s) || s->keys.note_len)
		return;
	if (sign_keys_take_note(&s->keys, &s->state, m->turn.note, m->turn.note_len) == 0) {
		say_key_note(s);
		say_state(s, "");
		return;
	}
	s->due_us = clock_mono_us() + TOKEN_RETRY_US;
	say_state(s, "signs nothing until the token of the key before has handed over to the next one");
	arm(s);
}

/* A new store says it once more when the note was there already. */
static void on_key_kept(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct sign *s = ctx;

	if (!s->unkept || !s->keys.note_len || strcmp(m->key_kept.vkey, has_turned(s) ? sign_keys_heir(&s->keys) : s->keys.vkey) != 0)
		return;
	s->unkept = false;
	if (has_turned(s)) {
		turn(s);
		return;
	}
	if (s->state.tree.size)
		say_checkpoint(s);
	if (next_to_sign(s))
		arm(s);
}

static void drop_store(struct sign *s)
{
	channel_free(&s->store);
	s->tree = s->state.tree;
	s->last_of_old = (struct tree){0};
}

static void store_broke(void *ctx, struct channel *c, const char *why)
{
	struct sign *s = ctx;

	if (why)
		role_bad_peer(&s->role, ROLE_STORE, channel_peer_index(c), why);
	drop_store(s);
}

/* Back to what is signed; the parent starts that store anew, and then both begin with a hello. */
static void refuse_leaves(struct sign *s, const char *why)
{
	role_bad_peer(&s->role, ROLE_STORE, channel_peer_index(s->store), why);
	say_state(s, why);
	s->tree = s->state.tree;
	s->last_of_old = (struct tree){0};
}

/* 0, or what is wrong with it. */
static const char *add_leaf(struct sign *s, const struct hash *leaf)
{
	if (tree_append(&s->tree, leaf) < 0)
		return "more leaves than a log holds";
	if (s->tree.size == s->floor.size && !same_root(&s->tree, &s->floor.root))
		return "leaves of another log than the one whose checkpoint is in the archive";
	if (s->keys.next && !s->last_of_old.size && s->tree.size > s->floor.size && hash_same(leaf, &s->keys.turn_leaf))
		s->last_of_old = s->tree;
	return NULL;
}

static void on_leaves(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct sign *s = ctx;
	struct rd r = rd_init(m->leaves.hashes, m->leaves.hashes_len);
	struct hash leaf;
	const char *why;

	if (m->leaves.first != s->tree.size || m->leaves.hashes_len == 0 || m->leaves.hashes_len % HASH_BYTES) {
		refuse_leaves(s, "leaves that do not follow on what is signed");
		return;
	}
	while (rd_left(&r)) {
		memcpy(leaf.b, rd_bytes(&r, HASH_BYTES), HASH_BYTES);
		why = add_leaf(s, &leaf);
		if (why) {
			refuse_leaves(s, why);
			return;
		}
	}
	if (next_to_sign(s))
		arm(s);
}

static void on_peer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct sign *s = ctx;
	struct channel_ends ends = {.me = ROLE_SIGN, .peer = ROLE_STORE, .peer_index = m->peer.index, .answers = from_store,
		.broken = store_broke, .ctx = s};
	struct msg_sign_hello hello = {.size = s->state.tree.size, .next_us = s->state.turn.time_us};
	struct hash root;

	if (m->peer.role != ROLE_STORE)
		return;
	drop_store(s);
	s->store = channel_new(s->role.base, fds[0], &ends);
	fds[0] = -1;
	if (!s->store)
		give_up("no-memory", "a channel", "give the machine more memory");
	tree_root(&s->state.tree, &root);
	memcpy(hello.root, root.b, HASH_BYTES);
	memcpy(hello.vkey, s->keys.vkey, sizeof hello.vkey);
	memcpy(hello.certifier, s->keys.certifier, sizeof hello.certifier);
	if (!has_turned(s))
		snprintf(hello.next, sizeof hello.next, "%s", sign_keys_heir(&s->keys));
	channel_say(s->store, MSG_SIGN_HELLO, &hello, NULL, 0);
	/* What was signed last may never have left: under a certified key not before its certificate, and not when its certifier has handed over. */
	if (s->state.tree.size && (has_turned(s) ? !*s->keys.certifier : !s->keys.note_len))
		say_checkpoint(s);
	if (has_turned(s))
		hand_over(s);
	else if (s->keys.note_len)
		say_key_note(s);
}

static void on_media(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct sign *s = ctx;
	const char *why;

	if (s->media.key || !*s->origin)
		give_up("sign-settings", "a key for streams that is not expected", "this is a mistake in casemate: report it");
	/* Streams without signatures of their own are no reason to have none in the log. */
	if (sign_media_read(&s->media, s->origin, fds[0], fds[1], &why))
		log_error("bad-media-key", "why=\"%s\" mend=\"make both with: casemate keygen --media-signing; nothing is signed inside streams until the next start\"", why);
}

static void on_sei_ask(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	static struct msg_sei answer;
	struct sign *s = ctx;

	if (sign_media_answer(&s->media, &m->sei_ask, clock_mono_us(), &answer) == 0)
		channel_say(s->role.parent, MSG_SEI, &answer, NULL, 0);
}

/* OpenSSL finds its algorithms and its randomness while it still may look for them. */
static void warm(struct sign *s)
{
	uint8_t sig[KEY_SIGNATURE_BYTES];

	if (!s->keys.now)
		give_up("sign-settings", "no key was given", "this is a mistake in casemate: report it");
	if (key_sign(s->keys.now, "", 0, sig) < 0 || !key_verify(key_public_of(s->keys.now), "", 0, sig, sizeof sig))
		give_up("bad-key", "it cannot sign", "make a new one with: casemate keygen");
}

int main(void)
{
	static struct sign s;

	s.state_fd = -1;
	wiping_init();
	role_begin(&s.role, ROLE_SIGN, event_base_new());
	if (!openssl_begins())
		give_up("no-memory", "OpenSSL", "give the machine more memory");
	role_secrets(SECRET_DEFAULT_BYTES, CRYPTO_secure_malloc_init(ROLE_OPENSSL_SECRET_BYTES, ROLE_OPENSSL_SECRET_LEAST) == 1);
	role_settings(&s.role, settings, &s);
	warm(&s);
	s.timer = evtimer_new(s.role.base, on_due, &s);
	if (!s.timer)
		give_up("no-memory", "a timer", "give the machine more memory");
	role_seal(&s.role);
	say_state(&s, "");
	role_loop(&s.role, from_parent, &s, NULL);
	channel_free(&s.store);
	event_free(s.timer);
	sign_keys_free(&s.keys);
	sign_media_free(&s.media);
	event_base_free(s.role.base);
	return 0;
}
