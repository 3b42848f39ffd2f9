/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/server/sign_world.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "base/io.h"
#include "seal/entry.h"
#include "tests/server/rig_role.h"

#define LONG_US 60000000

/* --- files ------------------------------------------------------------------------------ */

static void path_of(const struct sign_world *w, const char *name, char out[512])
{
	snprintf(out, 512, "%s/%s", w->dir, name);
}

static void write_file(const struct sign_world *w, const char *name, const void *p, size_t n)
{
	char path[512];

	path_of(w, name, path);
	cr_assert_eq(io_replace_file(AT_FDCWD, path, p, n, 0600), 0);
}

/* -1 when it is not there. */
static int open_file(const struct sign_world *w, const char *name, int flags)
{
	char path[512];

	path_of(w, name, path);
	return open(path, flags | O_CLOEXEC, 0600);
}

void world_copy(const struct sign_world *w, const char *from, const char *to)
{
	int fd = open_file(w, from, O_RDONLY);
	struct buf b;

	buf_init(&b, 1 << 20);
	cr_assert_geq(fd, 0);
	cr_assert_eq(io_read_all(fd, &b), 0);
	close(fd);
	write_file(w, to, b.len ? buf_data(&b) : (const uint8_t *)"", b.len);
	buf_free(&b);
}

void world_remove(const struct sign_world *w, const char *name)
{
	char path[512];

	path_of(w, name, path);
	unlink(path);
}

static void make_key(struct sign_world *w, const char *name, struct key_public *ret)
{
	struct key_private *k;
	struct buf b;

	buf_init(&b, KEY_FILE_MAX);
	cr_assert_eq(key_generate(WORLD_ORIGIN, &k), 0);
	cr_assert_eq(key_write(k, &b), 0);
	write_file(w, name, buf_data(&b), b.len);
	*ret = *key_public_of(k);
	w->made++;
	key_free(&k);
	buf_free(&b);
}

bool world_next_key(struct sign_world *w)
{
	struct key_public k;
	int fd = open_file(w, "site.key.next", O_RDONLY);

	if (fd >= 0) {
		close(fd);
		return false;
	}
	make_key(w, "site.key.next", &k);
	key_vkey(&k, w->next);
	return true;
}

/* --- tokens ----------------------------------------------------------------------------- */

static void public_of(EVP_PKEY *pkey, struct key_public *ret)
{
	uint8_t *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);

	cr_assert(n > 0 && key_make_p256(WORLD_ORIGIN, der, (size_t)n, ret) == 0);
	OPENSSL_free(der);
}

static EVP_PKEY *make_token(struct key_public *ret)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");

	cr_assert(pkey);
	public_of(pkey, ret);
	return pkey;
}

void world_take_token(struct sign_world *w)
{
	w->token = make_token(&w->first);
}

void world_next_token(struct sign_world *w)
{
	struct key_public k;

	w->next_token = make_token(&k);
	key_vkey(&k, w->next);
}

/* The key note that it signs, at *note. */
static uint16_t sign_note(EVP_PKEY *pkey, const struct key_public *made_known, int64_t time_us, uint64_t size, uint8_t note[MSG_KEY_NOTE_MAX])
{
	uint8_t sig[KEY_SIGNATURE_MAX];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = sizeof sig;
	struct key_public by;
	struct buf text, out;
	uint16_t len;

	public_of(pkey, &by);
	buf_init(&text, KEYCHAIN_NOTE_MAX);
	buf_init(&out, KEYCHAIN_NOTE_MAX);
	cr_assert_eq(keychain_text(&text, made_known, time_us, size), 0);
	cr_assert_eq(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey), 1);
	cr_assert_eq(EVP_DigestSign(ctx, sig, &n, buf_data(&text), text.len), 1);
	EVP_MD_CTX_free(ctx);
	cr_assert_eq(keychain_put(&out, buf_data(&text), text.len, &by, sig, n), 0);
	len = (uint16_t)out.len;
	memcpy(note, buf_data(&out), out.len);
	buf_free(&text);
	buf_free(&out);
	return len;
}

/* A key of this run in the file, and its certificate. */
static uint16_t certify(struct sign_world *w, EVP_PKEY *pkey, const char *file, char certifier[MSG_VKEY], uint8_t note[MSG_KEY_NOTE_MAX])
{
	struct key_public by, run;

	public_of(pkey, &by);
	key_vkey(&by, certifier);
	make_key(w, file, &run);
	return sign_note(pkey, &run, 1800000000000000 + (int64_t)w->made * 1000000, 0, note);
}

void world_move_next_key(struct sign_world *w)
{
	EVP_PKEY_free(w->token);
	w->token = w->next_token;
	w->next_token = NULL;
	world_copy(w, "site.key.next", "site.key");
	world_remove(w, "site.key.next");
	*w->next = 0;
}

/* --- the test as store ------------------------------------------------------------------ */

static void append(struct sign_world *w, const struct hash *leaf)
{
	cr_assert_lt(w->tree.size, WORLD_LEAVES);
	w->leaf[w->tree.size] = *leaf;
	cr_assert_eq(tree_append(&w->tree, leaf), 0);
	tree_root(&w->tree, &w->root[w->tree.size]);
}

void world_tell(struct sign_world *w)
{
	struct msg_leaves m;

	while (w->store && w->hellos && !w->replaced && !w->no_leaves && w->sent < w->tree.size) {
		uint64_t n = w->tree.size - w->sent < MSG_LEAVES_MAX ? w->tree.size - w->sent : MSG_LEAVES_MAX;

		m.first = w->sent;
		m.hashes_len = (uint16_t)(n * HASH_BYTES);
		memcpy(m.hashes, &w->leaf[w->sent], m.hashes_len);
		if (channel_say(w->store, MSG_LEAVES, &m, NULL, 0) < 0)
			return;
		w->sent += n;
	}
}

void world_lie(struct sign_world *w, uint64_t first, unsigned n)
{
	struct msg_leaves m = {.first = first, .hashes_len = (uint16_t)(n * HASH_BYTES)};

	memset(m.hashes, 0xee, m.hashes_len);
	if (w->store)
		channel_say(w->store, MSG_LEAVES, &m, NULL, 0);
}

void world_grow(struct sign_world *w, unsigned n)
{
	for (; n; n--) {
		struct hash leaf;

		hash_bytes(&w->tree.size, sizeof w->tree.size, &leaf);
		append(w, &leaf);
	}
	world_tell(w);
}

static const char *name_of(const struct msg_sign_hello *h)
{
	return *h->certifier ? h->certifier : h->vkey;
}

/* Once in what no checkpoint covers, as store looks for it. */
static void add_key_entry(struct sign_world *w)
{
	struct entry e = {.kind = ENTRY_KEY, .key = {.time_us = w->hello.next_us, .why = "rotation"}};
	uint8_t bytes[ENTRY_MAX_BYTES];
	struct hash leaf;
	size_t n;

	memcpy(e.key.key, w->hello.next, sizeof e.key.key);
	memcpy(e.key.by, name_of(&w->hello), sizeof e.key.by);
	cr_assert_eq(entry_write(&e, bytes, &n), 0);
	hash_leaf(bytes, n, &leaf);
	for (uint64_t i = w->published; i < w->tree.size; i++)
		if (hash_same(&w->leaf[i], &leaf))
			return;
	append(w, &leaf);
}

static bool is_replaced(const struct sign_world *w)
{
	struct rd r = rd_init(buf_data(&w->keys), w->keys.len);
	struct keychain_note n;
	struct key_public k;
	bool is = false;

	cr_assert_eq(key_parse_vkey(name_of(&w->hello), strlen(name_of(&w->hello)), &k, NULL), 0);
	while (keychain_next(&r, &n, NULL) == 1)
		is |= n.size && note_verify(&n.note, &k) == 0 && (n.size != w->hello.size || *w->hello.next);
	return is;
}

static void on_hello(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct sign_world *w = ctx;
	struct hash root;

	w->hello = m->sign_hello;
	w->hellos++;
	cr_assert_leq(w->hello.size, w->tree.size, "signed more than there is");
	tree_root(&(struct tree){0}, &root);
	cr_assert_eq(memcmp(w->hello.root, (w->hello.size ? &w->root[w->hello.size] : &root)->b, HASH_BYTES), 0, "signed another log");
	w->replaced = is_replaced(w);
	if (w->replaced)
		return;
	if (*w->hello.next && !w->no_key_entry)
		add_key_entry(w);
	w->sent = w->hello.size;
	world_tell(w);
}

/* By a key that the first key leads to, at a size up to which that one holds, and of this log: else two trees were signed. */
static void on_checkpoint(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct sign_world *w = ctx;
	const char *why = "";
	struct checkpoint c;
	struct keychain k;
	unsigned which = 0;

	cr_assert_eq(keychain_begin(&k, &w->first), 0);
	cr_assert_eq(keychain_add(&k, buf_data(&w->keys), w->keys.len, &why), 0, "%s", why);
	cr_assert_eq(keychain_checkpoint(&k, m->checkpoint.note, m->checkpoint.note_len, &c, &which, &why), 0, "%s", why);
	cr_assert(c.size == m->checkpoint.size && c.size <= w->tree.size);
	cr_assert(hash_same(&c.root, &w->root[c.size]), "two trees of %llu leaves were signed", (unsigned long long)c.size);
	w->checkpoints++;
	if (c.size >= w->newest) {
		w->newest = c.size;
		key_vkey(&k.key[which].key, w->newest_vkey);
	}
	keychain_free(&k);
	if (!w->no_publish && c.size > w->published) {
		write_file(w, "checkpoint", m->checkpoint.note, m->checkpoint.note_len);
		w->published = c.size;
	}
}

static void on_key_note(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct sign_world *w = ctx;
	struct msg_key_kept kept;

	w->notes++;
	if (w->no_ack || w->replaced)
		return;
	if (!w->keys.len || !memmem(buf_data(&w->keys), w->keys.len, m->key_note.note, m->key_note.note_len))
		cr_assert_eq(buf_append(&w->keys, m->key_note.note, m->key_note.note_len), 0);
	memcpy(kept.vkey, m->key_note.vkey, sizeof kept.vkey);
	channel_say(w->store, MSG_KEY_KEPT, &kept, NULL, 0);
	w->acks++;
}

static void store_broken(void *ctx, struct channel *c, const char *why)
{
	cr_assert_null(why, "sign said to store what it may not: %s", why);
}

static const struct channel_answer from_sign[] = {
	{MSG_SIGN_HELLO, on_hello}, {MSG_CHECKPOINT, on_checkpoint}, {MSG_KEY_NOTE, on_key_note}, {MSG_NONE, NULL}};

/* --- the test as parent ----------------------------------------------------------------- */

static void on_ready(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	((struct sign_world *)ctx)->ready = true;
}

static void on_state(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	((struct sign_world *)ctx)->state = m->sign_state;
}

static void on_turn_ask(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct sign_world *w = ctx;
	struct msg_turn turn = {0};
	struct key_public heir;

	w->asked++;
	cr_assert_str_eq(m->turn_ask.vkey, w->next);
	cr_assert_eq(key_parse_vkey(m->turn_ask.vkey, strlen(m->turn_ask.vkey), &heir, NULL), 0);
	if (!w->no_token)
		turn.note_len = sign_note(w->token, &heir, m->turn_ask.time_us, m->turn_ask.size, turn.note);
	channel_say(w->parent, MSG_TURN, &turn, NULL, 0);
}

static void on_bad_peer(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct sign_world *w = ctx;

	w->bad_peers++;
	snprintf(w->why, sizeof w->why, "%s", m->bad_peer.why);
}

static void broken(void *ctx, struct channel *c, const char *why)
{
	cr_assert_null(why, "sign said what it may not: %s", why);
	((struct sign_world *)ctx)->gone = true;
}

static const struct channel_answer from_role[] = {
	{MSG_READY, on_ready}, {MSG_SIGN_STATE, on_state}, {MSG_BAD_PEER, on_bad_peer}, {MSG_TURN_ASK, on_turn_ask}, {MSG_NONE, NULL}};

static void give_settings(struct sign_world *w)
{
	static struct msg_sign_site site;
	int fds[MSG_FDS_MAX] = {-1, -1}, more;
	unsigned n = 2;

	site = (struct msg_sign_site){.origin = WORLD_ORIGIN};
	if (w->token)
		site.note_len = certify(w, w->token, "site.key", site.certifier, site.note);
	if (w->next_token)
		site.next_note_len = certify(w, w->next_token, "site.key.next", site.next_certifier, site.next_note);
	fds[0] = open_file(w, "site.key", O_RDONLY);
	fds[1] = open_file(w, "site.state", O_RDWR | O_CREAT);

	more = open_file(w, "site.key.next", O_RDONLY);
	site.has_next = more >= 0;
	if (more >= 0)
		fds[n++] = more;
	more = open_file(w, "checkpoint", O_RDONLY);
	site.has_checkpoint = more >= 0;
	if (more >= 0)
		fds[n++] = more;
	cr_assert(fds[0] >= 0 && fds[1] >= 0);
	cr_assert_eq(channel_say(w->parent, MSG_SIGN_SITE, &site, fds, n), 0);
	cr_assert_eq(channel_say(w->parent, MSG_GO, &(struct msg_go){true}, NULL, 0), 0);
	for (unsigned i = 0; i < n; i++)
		close(fds[i]);
}

static void reap(struct sign_world *w)
{
	channel_free(&w->parent);
	channel_free(&w->store);
	if (w->pid > 0)
		waitpid(w->pid, &w->status, 0);
	w->pid = 0;
}

static bool ready_or_gone(struct sign_world *w) { return w->ready || w->gone; }

bool world_start(struct sign_world *w)
{
	struct channel_ends ends = {.me = ROLE_PARENT, .peer = ROLE_SIGN, .answers = from_role, .broken = broken, .ctx = w};
	struct channel_ends store = {.me = ROLE_STORE, .peer = ROLE_SIGN, .answers = from_sign, .broken = store_broken, .ctx = w};
	int pair[2];

	cr_assert_eq(channel_pair(pair), 0);
	w->ready = w->gone = false;
	w->hellos = 0;
	w->pid = rig_start_role(ROLE_SIGN, pair[1]);
	close(pair[1]);
	w->parent = channel_new(w->base, pair[0], &ends);
	give_settings(w);
	cr_assert(world_until(w, ready_or_gone), "sign does not start");
	if (w->gone) {
		reap(w);
		return false;
	}
	cr_assert_eq(channel_pair(pair), 0);
	channel_say(w->parent, MSG_PEER, &(struct msg_peer){.role = ROLE_STORE}, &pair[1], 1);
	close(pair[1]);
	w->store = channel_new(w->base, pair[0], &store);
	cr_assert(w->parent && w->store);
	return true;
}

/* What it has said by then has left it, and counts. */
void world_kill(struct sign_world *w)
{
	if (w->pid > 0)
		kill(w->pid, SIGKILL);
	while (w->pid > 0 && waitpid(w->pid, &w->status, 0) < 0 && errno == EINTR)
		;
	w->pid = 0;
	if (w->store)
		channel_poll(w->store);
	if (w->parent)
		channel_poll(w->parent);
	reap(w);
}

/* --- the world -------------------------------------------------------------------------- */

static void on_nothing(int fd, short what, void *arg) {}

static bool run(struct sign_world *w, bool (*holds)(struct sign_world *w), int64_t us)
{
	int64_t end_us = clock_mono_us() + us, left;

	while (!(holds && holds(w)) && (left = end_us - clock_mono_us()) > 0) {
		left = left < 50000 ? left : 50000;
		event_base_once(w->base, -1, EV_TIMEOUT, on_nothing, NULL, &(struct timeval){0, left});
		event_base_loop(w->base, EVLOOP_ONCE);
	}
	return holds && holds(w);
}

bool world_until(struct sign_world *w, bool (*holds)(struct sign_world *w))
{
	return run(w, holds, LONG_US);
}

void world_run_us(struct sign_world *w, int64_t us)
{
	run(w, NULL, us);
}

bool world_is_signed(struct sign_world *w)
{
	return w->newest == w->tree.size;
}

unsigned world_keys(const struct sign_world *w)
{
	struct keychain k;
	unsigned n;

	cr_assert_eq(keychain_begin(&k, &w->first), 0);
	cr_assert_eq(keychain_add(&k, buf_data(&w->keys), w->keys.len, NULL), 0);
	n = k.nkeys;
	keychain_free(&k);
	return n;
}

void world_begin(struct sign_world *w)
{
	const char *tmp = getenv("TMPDIR");

	signal(SIGPIPE, SIG_IGN);
	memset(w, 0, sizeof *w);
	w->base = event_base_new();
	w->leaf = calloc(WORLD_LEAVES, sizeof *w->leaf);
	w->root = calloc(WORLD_LEAVES + 1, sizeof *w->root);
	buf_init(&w->keys, KEYCHAIN_BYTES_MAX);
	snprintf(w->dir, sizeof w->dir, "%s/casemate-sign-XXXXXX", tmp ? tmp : "/tmp");
	cr_assert(w->base && w->leaf && w->root && mkdtemp(w->dir));
	make_key(w, "site.key", &w->first);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	return remove(path);
}

void world_end(struct sign_world *w)
{
	world_kill(w);
	event_base_free(w->base);
	EVP_PKEY_free(w->token);
	EVP_PKEY_free(w->next_token);
	free(w->leaf);
	free(w->root);
	buf_free(&w->keys);
	nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
