/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sign: keeps the edge of the log's tree and the key. It signs only what grew out
 * of what it signed before, leaf by leaf, at most once a second, and only after
 * that is on disk. Whoever takes over store can have new entries signed; the old
 * ones cannot be changed.
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
#include "server/role.h"
#include "server/sign_state.h"
#include "server/wiping.h"

#define INTERVAL_US 1000000
#define RETRY_US 5000000

struct sign {
	struct role role;
	char origin[SITE_ORIGIN], vkey[KEY_VKEY];
	struct key_private *key;
	int state_fd;
	struct sign_state state;   /* signed */
	struct tree tree;          /* signed, and the leaves since */
	struct channel *store;
	struct event *timer;
	int64_t due_us;            /* mono: no signature before */
	int64_t signed_us;         /* wall */
};

static void on_site(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);
static void on_peer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);
static void on_leaves(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX]);

static const struct channel_answer settings[] = {{MSG_SIGN_SITE, on_site}, {MSG_NONE, NULL}};
static const struct channel_answer from_parent[] = {{MSG_PEER, on_peer}, {MSG_NONE, NULL}};
static const struct channel_answer from_store[] = {{MSG_LEAVES, on_leaves}, {MSG_NONE, NULL}};

static _Noreturn void give_up(const char *event, const char *why, const char *mend)
{
	log_error(event, "why=\"%s\" mend=\"%s\"", why, mend);
	_exit(1);
}

static void read_key(struct sign *s, int fd)
{
	const char *why = "reading the file";
	struct buf pem;
	int rc;

	wiping_begin();
	rc = secret_buf(&pem, KEY_FILE_MAX);
	while (!rc) {
		ssize_t n = read(fd, buf_data(&pem) + pem.len, KEY_FILE_MAX - pem.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = n < 0 ? -errno : 1;
			break;
		}
		buf_commit(&pem, (size_t)n);
	}
	if (rc > 0)
		rc = key_read(s->origin, buf_data(&pem), pem.len, &s->key, &why);
	wiping_end();
	secret_buf_free(&pem);
	if (rc)
		give_up("bad-key", why, "make one with: casemate keygen");
	key_vkey(key_public_of(s->key), s->vkey);
}

static void open_state(struct sign *s, int fd)
{
	int rc;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		give_up("sign-state", "another casemate signs with it", "stop that one first: two signers would tell two stories");
	rc = sign_state_open(&s->state, fd, s->vkey);
	if (rc == -EKEYREJECTED)
		give_up("sign-state", "it belongs to another key", "give that key back to the site file, or begin a new archive and state");
	if (rc == -EBADMSG)
		give_up("sign-state", "it is damaged", "put it back from a backup, or begin a new archive with a new key");
	if (rc)
		give_up("sign-state", strerror(-rc), "mend the disk that holds the key's folder");
	s->state_fd = fd;
	s->tree = s->state.tree;
}

static void on_site(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct sign *s = ctx;

	if (s->key)
		give_up("sign-settings", "a second key", "this is a mistake in casemate: report it");
	memcpy(s->origin, m->sign_site.origin, sizeof s->origin);
	read_key(s, fds[0]);
	open_state(s, fds[1]);
	fds[1] = -1;
}

static void say_state(struct sign *s, const char *refusal)
{
	struct msg_sign_state m = {.size = s->state.tree.size, .signed_us = s->signed_us};

	snprintf(m.vkey, sizeof m.vkey, "%s", s->vkey);
	snprintf(m.refusal, sizeof m.refusal, "%s", refusal);
	channel_say(s->role.parent, MSG_SIGN_STATE, &m, NULL, 0);
}

static void say_checkpoint(struct sign *s)
{
	struct msg_checkpoint m = {.size = s->tree.size};
	struct hash root;
	struct buf note;

	buf_init(&note, MSG_NOTE_MAX);
	tree_root(&s->tree, &root);
	if (checkpoint_sign(&note, s->tree.size, &root, s->key) == 0) {
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
		event_add(s->timer, &tv);
}

/* First the state, then the signature: what left us is always in it. */
static void on_due(int fd, short what, void *arg)
{
	struct sign *s = arg;
	char refusal[128];
	int rc;

	if (s->tree.size == s->state.tree.size)
		return;
	rc = sign_state_save(&s->state, &s->tree);
	s->due_us = clock_mono_us() + (rc ? RETRY_US : INTERVAL_US);
	if (rc) {
		snprintf(refusal, sizeof refusal, "cannot write its state, so signs nothing: %s", strerror(-rc));
		log_error("sign-state", "why=\"%s\" mend=\"free the disk that holds it; tried again every 5 s\"", refusal);
		say_state(s, refusal);
		arm(s);
		return;
	}
	s->signed_us = clock_wall_us();
	say_checkpoint(s);
	say_state(s, "");
}

static void drop_store(struct sign *s)
{
	channel_free(&s->store);
	s->tree = s->state.tree;
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
}

static void on_leaves(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct sign *s = ctx;
	struct rd r = rd_init(m->leaves.hashes, m->leaves.hashes_len);
	struct hash leaf;

	if (m->leaves.first != s->tree.size || m->leaves.hashes_len == 0 || m->leaves.hashes_len % HASH_BYTES) {
		refuse_leaves(s, "leaves that do not follow on what is signed");
		return;
	}
	while (rd_left(&r)) {
		memcpy(leaf.b, rd_bytes(&r, HASH_BYTES), HASH_BYTES);
		if (tree_append(&s->tree, &leaf) < 0) {
			refuse_leaves(s, "more leaves than a log holds");
			return;
		}
	}
	arm(s);
}

static void on_peer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct sign *s = ctx;
	struct channel_ends ends = {.me = ROLE_SIGN, .peer = ROLE_STORE, .peer_index = m->peer.index, .answers = from_store,
		.broken = store_broke, .ctx = s};
	struct msg_sign_hello hello = {.size = s->state.tree.size};
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
	snprintf(hello.vkey, sizeof hello.vkey, "%s", s->vkey);
	channel_say(s->store, MSG_SIGN_HELLO, &hello, NULL, 0);
	/* What was signed last may never have left. */
	if (s->state.tree.size)
		say_checkpoint(s);
}

/* OpenSSL finds its algorithms and its randomness while it still may look for them. */
static void warm(struct sign *s)
{
	uint8_t sig[KEY_SIGNATURE_BYTES];

	if (!s->key)
		give_up("sign-settings", "no key was given", "this is a mistake in casemate: report it");
	if (key_sign(s->key, "", 0, sig) < 0 || !key_verify(key_public_of(s->key), "", 0, sig, sizeof sig))
		give_up("bad-key", "it cannot sign", "make a new one with: casemate keygen");
}

int main(void)
{
	static struct sign s;

	s.state_fd = -1;
	wiping_init();
	role_begin(&s.role, ROLE_SIGN, event_base_new());
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
	key_free(&s.key);
	event_base_free(s.role.base);
	return 0;
}
