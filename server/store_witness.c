/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What witnesses have cosigned of the log: a serve hands on what somebody brought, the logger's thread asks the policy, the site's keys
 * and the log's own hashes whether it holds, and writes it down before anybody hears of it.
 *
 *     log/cosigned   the newest checkpoint that the quorum has cosigned; none yet: the newest that anybody has
 *     log/pending    the one that witnesses are asked to cosign before the newest, so that they meet at one
 *     log/policy     whose cosignatures are taken
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "seal/keychain.h"
#include "seal/witness_book.h"
#include "server/store.h"

#define NOTES_PER_S 8
#define NOTES_WAITING 16

static const char *const file_name[MSG_LOG_NOTES] = {"log/cosigned", "log/pending", "log/policy"};

struct store_witness {
	struct witness_book *book;              /* the logger's; NULL: nobody is asked for */
	struct msg_log_note note[MSG_LOG_NOTES];  /* as serves have it */
	bool asked;                             /* the site had a policy once */
	int64_t second;
	unsigned in_second, waiting;
};

struct witness_work {
	struct work work;
	struct store *store;
	struct witness_book **book;
	struct tlog *log;
	int dirfd;
	char vkey[ENTRY_VKEY];                  /* that signs now */
	bool begin;                             /* the policy is this; else a note has come */
	struct msg_store_policy policy;
	struct msg_cosignature m;
	struct serve *to;
	uint32_t generation;
	/* what came of it */
	enum msg_cosigned_result result;
	bool changed, other;                    /* other: by our key, of a history that the log here does not have */
	uint64_t other_size;
	int error;                              /* of the disk */
	struct msg_log_note note[MSG_LOG_NOTES];
	struct msg_witness_state state;
};

/* --- on the logger's thread ------------------------------------------------------------- */

/* The key that the log began with, as its first entry names it. 0 or negative. */
static int first_key(const struct tlog *log, struct key_public *ret)
{
	uint8_t bytes[ENTRY_MAX_BYTES];
	struct entry e;
	const char *vkey;
	size_t n;

	if (tlog_entry(log, 0, bytes, &n) < 0 || entry_parse(bytes, n, &e, NULL) < 0 || e.kind != ENTRY_START)
		return -ENOKEY;
	vkey = *e.start.root ? e.start.root : e.start.key;
	return key_parse_vkey(vkey, strlen(vkey), ret, NULL);
}

/* Whether a key that follows from this one signed the note; then *ret_signer is that one. */
static bool signed_after(const struct key_public *first, const struct buf *keys, const void *note, size_t n, struct checkpoint *ret,
	struct key_public *ret_signer)
{
	struct keychain chain = {0};
	unsigned which;
	bool good = keychain_begin(&chain, first) == 0;

	if (good && keys->len)
		keychain_add(&chain, buf_data(keys), keys->len, NULL);
	good = good && keychain_checkpoint(&chain, note, n, ret, &which, NULL) == 0;
	if (good)
		*ret_signer = chain.key[which].key;
	keychain_free(&chain);
	return good;
}

/* Whether one of the site's keys signed it: the one that does now, or one that it had. */
static bool is_ours(const struct witness_work *w, const void *note, size_t n, struct checkpoint *ret, struct key_public *ret_signer)
{
	struct key_public now, first;
	struct buf keys;
	bool good;

	buf_init(&keys, KEYCHAIN_BYTES_MAX);
	if (store_keys_read(w->dirfd, &keys) < 0)
		buf_clear(&keys);
	good = key_parse_vkey(w->vkey, strlen(w->vkey), &now, NULL) == 0 && signed_after(&now, &keys, note, n, ret, ret_signer);
	good = good || (first_key(w->log, &first) == 0 && signed_after(&first, &keys, note, n, ret, ret_signer));
	buf_free(&keys);
	return good;
}

/* Whether a line bears a witness' name and key id. They can be copied; but who did not even do that costs nothing more. */
static bool claims_witness(const struct witness_policy *p, const void *bytes, size_t n)
{
	struct note note;

	if (note_parse(bytes, n, &note, NULL) < 0)
		return false;
	for (size_t i = 0; i < note.nsigs; i++)
		for (unsigned k = 0; k < p->nwitnesses; k++)
			if (cosign_is_by(&note.sig[i], &p->witness[k].key))
				return true;
	return false;
}

/* A checkpoint that a key of ours signed is of this log, or this log is not the one that it was. */
static enum msg_cosigned_result take(struct witness_work *w, const void *note, size_t n)
{
	struct key_public signer;
	struct checkpoint c;
	struct hash root;
	int rc;

	if (checkpoint_parse(note, n, &c, NULL) < 0)
		return MSG_COSIGNED_MALFORMED;
	if (!w->begin && !claims_witness(&(*w->book)->policy, note, n))
		return MSG_COSIGNED_REFUSED;
	if (!is_ours(w, note, n, &c, &signer))
		return MSG_COSIGNED_OTHER;
	rc = tlog_root(w->log, c.size, &root);
	if (rc && rc != -EINVAL)
		return MSG_COSIGNED_LATER;
	if (rc || !hash_same(&root, &c.root)) {
		w->other = true;
		w->other_size = c.size;
		return MSG_COSIGNED_OTHER;
	}
	rc = witness_book_take(*w->book, note, n, &c, &signer, clock_wall_us(), NULL);
	w->changed |= rc == 1;
	return rc == 1 ? MSG_COSIGNED_TAKEN : rc == 0 ? MSG_COSIGNED_KNOWN : rc == -EBADMSG ? MSG_COSIGNED_MALFORMED : MSG_COSIGNED_REFUSED;
}

static void take_file(struct witness_work *w, const char *path)
{
	struct buf b;

	buf_init(&b, NOTE_MAX_BYTES);
	if (io_read_file(w->dirfd, path, &b) == 0)
		take(w, buf_data(&b), b.len);
	buf_free(&b);
}

static void put_note(struct msg_log_note *m, enum msg_log_note_what what, const void *p, size_t n)
{
	m->what = (uint8_t)what;
	m->note_len = (uint16_t)n;
	memcpy(m->note, p, n);
}

static void tell_state(struct witness_work *w)
{
	const struct witness_book *b = *w->book;
	const struct witness_verdict *v = &b->best.verdict;

	w->state = (struct msg_witness_state){.met = v->met, .size = b->best.n ? b->best.size : 0, .quorum_us = v->quorum_us};
	for (unsigned i = 0; i < b->policy.nwitnesses; i++) {
		int64_t time_us = b->witness[i].time_us;

		msg_put_witness(&w->state, b->witness[i].size, time_us);
		w->state.newest_us = time_us > w->state.newest_us ? time_us : w->state.newest_us;
	}
}

/* A note or none. */
static int write_down(const struct witness_work *w, unsigned what)
{
	const struct msg_log_note *m = &w->note[what];

	if (m->note_len)
		return io_replace_file(w->dirfd, file_name[what], m->note, m->note_len, 0600);
	return unlinkat(w->dirfd, file_name[what], 0) < 0 && errno != ENOENT ? -errno : 0;
}

static void collect(struct witness_work *w)
{
	const struct witness_book *b = *w->book;

	for (unsigned i = 0; i < MSG_LOG_NOTES; i++)
		w->note[i] = (struct msg_log_note){.what = (uint8_t)i};
	put_note(&w->note[MSG_LOG_POLICY], MSG_LOG_POLICY, w->policy.text, w->policy.text_len);
	if (!b)
		return;
	put_note(&w->note[MSG_LOG_COSIGNED], MSG_LOG_COSIGNED, b->best.bytes, b->best.n);
	put_note(&w->note[MSG_LOG_WANTED], MSG_LOG_WANTED, b->wanted.bytes, b->wanted.n);
	tell_state(w);
}

/* What there was written down under an earlier policy stays, as far as this one knows its witnesses. */
static void run_begin(struct witness_work *w)
{
	struct witness_policy *policy = store_alloc(sizeof *policy);

	free(*w->book);
	*w->book = NULL;
	if (w->policy.text_len && witness_policy_parse(w->policy.text, w->policy.text_len, policy, NULL, NULL) == 0) {
		*w->book = store_alloc(sizeof **w->book);
		witness_book_begin(*w->book, policy);
		take_file(w, file_name[MSG_LOG_WANTED]);
		take_file(w, file_name[MSG_LOG_COSIGNED]);
	}
	free(policy);
	collect(w);
	w->changed = true;
	/* Cosignatures outlive a policy that does not ask for them; what is asked for now is always what it says. */
	w->error = write_down(w, MSG_LOG_POLICY);
	if (*w->book && !w->error)
		w->error = write_down(w, MSG_LOG_WANTED);
}

static void run_witness(struct work *work)
{
	struct witness_work *w = (struct witness_work *)work;

	if (w->begin) {
		run_begin(w);
		return;
	}
	w->result = *w->book ? take(w, w->m.note, w->m.note_len) : MSG_COSIGNED_NOBODY;
	if (!w->changed)
		return;
	collect(w);
	for (unsigned what = MSG_LOG_COSIGNED; what <= MSG_LOG_WANTED && !w->error; what++)
		w->error = write_down(w, what);
	if (w->error)
		w->result = MSG_COSIGNED_LATER;
}

/* --- on the loop ------------------------------------------------------------------------ */

static void answer(struct serve *to, uint32_t request, enum msg_cosigned_result result)
{
	store_serve_say(to, MSG_COSIGNED, &(struct msg_cosigned){request, (uint8_t)result});
}

static bool same_note(const struct msg_log_note *a, const struct msg_log_note *b)
{
	return a->note_len == b->note_len && !memcmp(a->note, b->note, a->note_len);
}

static void publish(struct store *s, const struct witness_work *w)
{
	for (unsigned what = 0; what < MSG_LOG_NOTES; what++) {
		/* Only the beginning says what the policy is. */
		if ((what == MSG_LOG_POLICY && !w->begin) || same_note(&s->witness->note[what], &w->note[what]))
			continue;
		s->witness->note[what] = w->note[what];
		for (unsigned i = 0; i < STORE_SERVES_MAX; i++)
			if (s->serve[i].channel)
				store_serve_say(&s->serve[i], MSG_LOG_NOTE, &w->note[what]);
	}
	/* Of a site that never asked for any there is nothing to say. */
	s->witness->asked |= s->policy.text_len > 0;
	if (s->witness->asked)
		channel_say(s->role.parent, MSG_WITNESS_STATE, &w->state, NULL, 0);
}

static void say_other(struct store *s, const struct witness_work *w)
{
	if (!s->alarm_witness[0])
		log_error("log-rewritten", "size=%" PRIu64 " mend=\"somebody holds a checkpoint by this site's key that the log here does not extend: "
			"an older copy was put back, or history was rewritten; casemate-witness(1) says what to do\"", w->other_size);
	snprintf(s->alarm_witness, sizeof s->alarm_witness,
		"a checkpoint of %" PRIu64 " entries by this site's key is not of this log: it was put back or rewritten; see casemate-witness(1)", w->other_size);
}

static void done_witness(struct work *work)
{
	struct witness_work *w = (struct witness_work *)work;
	struct store *s = w->store;

	if (w->error)
		log_error("witness-write", "error=\"%s\" mend=\"mend the archive's disk; the witness brings it again\"", strerror(-w->error));
	if (w->other)
		say_other(s, w);
	if (w->changed && !w->error)
		publish(s, w);
	if (w->changed && !w->error && !w->begin)
		log_info("cosigned", "size=%" PRIu64 " quorum=%s", w->state.size, w->state.met ? "met" : "\"not met\"");
	if (w->to)
		s->witness->waiting--;
	if (w->to && w->to->generation == w->generation)
		answer(w->to, w->m.request, w->result);
	free(w);
}

static struct witness_work *new_work(struct store *s)
{
	struct witness_work *w = store_alloc(sizeof *w);

	w->work = (struct work){run_witness, done_witness};
	w->store = s;
	w->book = &s->witness->book;
	w->log = s->log;
	w->dirfd = s->role.folder;
	memcpy(w->vkey, s->vkey, sizeof w->vkey);
	return w;
}

static void give_policy(struct store *s)
{
	struct witness_work *w = new_work(s);

	w->begin = true;
	w->policy = s->policy;
	worker_give(&s->logger, &w->work);
}

void store_witness_warm(void)
{
	struct key_public k;
	const uint8_t none[KEY_SIGNATURE_BYTES] = {0}, raw[32] = {1};

	if (key_make_public("none", raw, &k) < 0 || key_verify(&k, "", 0, none, sizeof none))
		store_give_up("store-start", "a signature that is none was taken for one", "this machine's libcrypto is broken: install it again");
}

void store_witness_begin(struct store *s)
{
	if (s->witness)
		return;
	s->witness = store_alloc(sizeof *s->witness);
	give_policy(s);
}

void store_witness_policy(void *ctx, struct channel *from, const union msg_body *m, int fds[MSG_FDS_MAX])
{
	struct store *s = ctx;

	s->policy = m->store_policy;
	if (s->witness)
		give_policy(s);
}

/* Each is signatures to check and files to sync: whoever brings more of them waits. */
static bool is_too_many(struct store_witness *w)
{
	int64_t second = clock_mono_us() / 1000000;

	if (second != w->second)
		w->in_second = 0;
	w->second = second;
	return w->waiting >= NOTES_WAITING || ++w->in_second > NOTES_PER_S;
}

void store_witness_take(struct serve *to, const struct msg_cosignature *m)
{
	struct store *s = to->store;
	struct witness_work *w;

	if (!s->policy.text_len || !s->witness || is_too_many(s->witness)) {
		answer(to, m->request, s->policy.text_len ? MSG_COSIGNED_LATER : MSG_COSIGNED_NOBODY);
		return;
	}
	w = new_work(s);
	w->m = *m;
	w->to = to;
	w->generation = to->generation;
	s->witness->waiting++;
	worker_give(&s->logger, &w->work);
}

void store_witness_tell(struct serve *to)
{
	for (unsigned what = 0; what < MSG_LOG_NOTES && to->store->witness; what++)
		if (to->store->witness->note[what].note_len)
			store_serve_say(to, MSG_LOG_NOTE, &to->store->witness->note[what]);
}

void store_witness_free(struct store *s)
{
	if (s->witness)
		free(s->witness->book);
	free(s->witness);
	s->witness = NULL;
}
