/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log/keys (seal/keychain.h): what sign says of its keys is on disk there before sign signs by them. store checks
 * no signature: whoever reads the file does, and sign is believed more than store is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/io.h"
#include "base/log.h"
#include "base/rd.h"
#include "seal/keychain.h"
#include "server/store.h"

#define PATH "log/keys"
#define RETRY_WAIT {5, 0}

int store_keys_read(int dirfd, struct buf *out)
{
	return io_read_file(dirfd, PATH, out);
}

/* --- a key that was replaced ------------------------------------------------------------ */

static bool is_by(const struct keychain_note *n, const struct key_public *k)
{
	for (size_t i = 0; i < n->note.nsigs; i++)
		if (!memcmp(n->note.sig[i].id, k->id, sizeof k->id))
			return true;
	return false;
}

/* In whose name it signs. */
static const char *name_of(const struct msg_sign_hello *h)
{
	return *h->certifier ? h->certifier : h->vkey;
}

int store_keys_replaced(int dirfd, const struct msg_sign_hello *h, bool *ret)
{
	const char *own = name_of(h);
	struct keychain_note note;
	struct key_public k;
	struct buf b;
	struct rd r;
	int rc;

	*ret = false;
	buf_init(&b, KEYCHAIN_BYTES_MAX);
	rc = store_keys_read(dirfd, &b);
	if (!rc && key_parse_vkey(own, strlen(own), &k, NULL) == 0) {
		r = rd_init(buf_data(&b), b.len);
		while ((rc = keychain_next(&r, &note, NULL)) == 1)
			*ret |= note.size && (note.size != h->size || *h->next) && is_by(&note, &k);
	}
	buf_free(&b);
	return rc == -ENOENT ? 0 : rc;
}

/* --- key/v1 ----------------------------------------------------------------------------- */

/* The entry that sign waits for, to the byte. */
static void turn_entry(const struct msg_sign_hello *h, struct entry *e)
{
	*e = (struct entry){.kind = ENTRY_KEY, .key = {.time_us = h->next_us, .why = "rotation"}};
	memcpy(e->key.key, h->next, sizeof e->key.key);
	memcpy(e->key.by, name_of(h), sizeof e->key.by);
}

bool store_keys_has_turned(const struct tlog *log, const struct msg_sign_hello *h)
{
	uint64_t from = tlog_published(log) > h->size ? tlog_published(log) : h->size;
	uint8_t wanted[ENTRY_MAX_BYTES], bytes[ENTRY_MAX_BYTES];
	struct entry e;
	size_t n, is;
	bool found = false;

	turn_entry(h, &e);
	if (!*h->next || entry_write(&e, wanted, &n))
		return false;
	for (uint64_t i = from; i < tlog_size(log) && !found; i++)
		found = tlog_entry(log, i, bytes, &is) == 0 && is == n && !memcmp(bytes, wanted, n);
	return found;
}

void store_keys_turn(struct store *s)
{
	const struct msg_sign_hello *h = &s->hello;
	struct entry e;
	uint64_t index;

	if (!*h->next || (!strcmp(s->turning.next, h->next) && s->turning.next_us == h->next_us))
		return;
	turn_entry(h, &e);
	if (store_log_add(s, &e, &index) < 0) {
		log_error("key-rotation", "error=\"the log takes no entry now\" mend=\"reload when it does\"");
		return;
	}
	memcpy(s->turning.next, h->next, sizeof s->turning.next);
	s->turning.next_us = h->next_us;
	store_log_flush(s);
}

/* --- key notes -------------------------------------------------------------------------- */

struct keep_work {
	struct work work;
	struct store *store;
	int dirfd;
	uint32_t sign_run;
	struct msg_key_note m;
	int rc;
};

/* Runs of a token's site have a certificate each: when there are too many, those of the runs before go. Clips have their own. */
static int drop_certificates(struct buf *b)
{
	struct rd r = rd_init(buf_data(b), b->len);
	struct keychain_note note;
	struct buf left;
	int rc;

	buf_init(&left, KEYCHAIN_BYTES_MAX);
	while ((rc = keychain_next(&r, &note, NULL)) == 1 && !(note.size && buf_append(&left, note.bytes, note.n)))
		;
	if (rc) {
		buf_free(&left);
		return -EBADMSG;
	}
	buf_free(b);
	*b = left;
	return 0;
}

static unsigned count(const struct buf *b)
{
	struct rd r = rd_init(buf_data(b), b->len);
	struct keychain_note note;
	unsigned n = 0;

	while (keychain_next(&r, &note, NULL) == 1)
		n++;
	return n;
}

/* Whether a certificate is by a token's key that has handed over already, as after an old signing state was put back: with it, the file would be none. */
static bool comes_late(const struct buf *b, const struct msg_key_note *m)
{
	struct rd r = rd_init(buf_data(b), b->len), given = rd_init(m->note, m->note_len);
	struct keychain_note note, one;
	bool late = false;

	if (m->size || keychain_next(&given, &one, NULL) != 1)
		return false;
	while (!late && keychain_next(&r, &note, NULL) == 1)
		late = note.size && note.note.nsigs && one.note.nsigs && !memcmp(note.note.sig[0].id, one.note.sig[0].id, sizeof note.note.sig[0].id);
	return late;
}

static void run_keep(struct work *work)
{
	struct keep_work *w = (struct keep_work *)work;
	struct buf b;

	buf_init(&b, KEYCHAIN_BYTES_MAX);
	w->rc = store_keys_read(w->dirfd, &b);
	if (w->rc == -ENOENT)
		w->rc = 0;
	/* Said again after a restart, by sign or of ours. */
	if (!w->rc && b.len >= w->m.note_len && memmem(buf_data(&b), b.len, w->m.note, w->m.note_len))
		goto out;
	if (!w->rc && comes_late(&b, &w->m))
		w->rc = -EKEYREJECTED;
	if (!w->rc && (b.len + w->m.note_len > KEYCHAIN_BYTES_MAX || count(&b) + 2 > KEYCHAIN_KEYS_MAX))
		w->rc = drop_certificates(&b);
	if (!w->rc)
		w->rc = buf_append(&b, w->m.note, w->m.note_len);
	if (!w->rc)
		w->rc = io_replace_file(w->dirfd, PATH, buf_data(&b), b.len, 0600);
out:
	buf_free(&b);
}

/* A token's key that another one handed over to certifies who signs; that note is next. */
static void take(struct store *s, const struct msg_key_note *m)
{
	struct key_public k;

	memcpy(s->vkey, m->vkey, sizeof s->vkey);
	memcpy(s->hello.vkey, m->vkey, sizeof s->hello.vkey);
	if (!m->size)
		return;
	*s->hello.next = *s->hello.certifier = 0;
	if (key_parse_vkey(m->vkey, strlen(m->vkey), &k, NULL) == 0 && k.type == KEY_TYPE_P256)
		memcpy(s->hello.certifier, m->vkey, sizeof s->hello.certifier);
}

static void done_keep(struct work *work)
{
	struct keep_work *w = (struct keep_work *)work;
	struct store *s = w->store;
	struct msg_key_kept kept;

	if (w->rc == -EKEYREJECTED) {
		log_error("keys-write", "error=\"the token that certifies the key has handed over to another one\" mend=\"see key-replaced\"");
	} else if (w->rc) {
		log_error("keys-write", "error=\"%s\" mend=\"free or mend the archive's disk; nothing is signed until then, tried again every 5 s\"", strerror(-w->rc));
		role_arm(s->keys_timer, &(struct timeval)RETRY_WAIT);
	} else if (s->sign && s->sign_run == w->sign_run) {
		memcpy(kept.vkey, w->m.vkey, sizeof kept.vkey);
		take(s, &w->m);
		channel_say(s->sign, MSG_KEY_KEPT, &kept, NULL, 0);
	}
	free(w);
}

void store_keys_keep(struct store *s)
{
	struct keep_work *w = store_alloc(sizeof *w);

	*w = (struct keep_work){.work = {run_keep, done_keep}, .store = s, .dirfd = s->role.folder, .sign_run = s->sign_run, .m = s->key_note};
	worker_give(&s->logger, &w->work);
}

/* One note, of the key and size that it says, by one that this sign said it has. */
static bool is_right(const struct store *s, const struct msg_key_note *m)
{
	const char *by = m->size ? name_of(&s->hello) : s->hello.certifier;
	struct rd r = rd_init(m->note, m->note_len);
	struct keychain_note note;
	struct key_public signer;
	char vkey[KEY_VKEY];

	if (keychain_next(&r, &note, NULL) != 1 || rd_left(&r) || key_parse_vkey(by, strlen(by), &signer, NULL))
		return false;
	key_vkey(&note.key, vkey);
	return !strcmp(vkey, m->vkey) && note.size == m->size && !strcmp(note.key.name, s->site.origin) && is_by(&note, &signer);
}

void store_keys_note(struct store *s, const struct msg_key_note *m)
{
	if (!s->sign_greeted || !is_right(s, m)) {
		role_bad_peer(&s->role, ROLE_SIGN, 0, "a key note that is none");
		return;
	}
	s->key_note = *m;
	store_keys_keep(s);
}
