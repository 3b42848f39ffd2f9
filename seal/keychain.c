/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/keychain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "seal/lines.h"
#include "seal/tree.h"

#define TITLE "casemate.key/v1\n"
#define BETWEEN "\n--\n"

int keychain_begin(struct keychain *k, const struct key_public *first)
{
	struct keychain_key *key = calloc(1, sizeof *key);

	if (!key)
		return -ENOMEM;
	*key = (struct keychain_key){.key = *first, .until = TREE_SIZE_MAX};
	*k = (struct keychain){.key = key, .nkeys = 1, .cap = 1};
	return 0;
}

void keychain_free(struct keychain *k)
{
	free(k->key);
	*k = (struct keychain){0};
}

int keychain_find(const struct keychain *k, const struct key_public *key)
{
	for (unsigned i = 0; i < k->nkeys; i++)
		if (key_same(&k->key[i].key, key))
			return (int)i;
	return -1;
}

/* A certifier is always before what it certified: this ends. */
uint64_t keychain_until(const struct keychain *k, unsigned which)
{
	uint64_t until = k->key[which].until;

	while (k->key[which].certified) {
		which = k->key[which].by;
		if (k->key[which].until < until)
			until = k->key[which].until;
	}
	return until;
}

static int grow(struct keychain *k)
{
	unsigned cap = k->cap < 8 ? 8 : k->cap * 2;
	struct keychain_key *key;

	if (k->nkeys < k->cap)
		return 0;
	key = realloc(k->key, cap * sizeof *key);
	if (!key)
		return -ENOMEM;
	k->key = key;
	k->cap = cap;
	return 0;
}

static int refuse(const char **why, const char *reason)
{
	*why = reason;
	return -EBADMSG;
}

static int parse_text(struct keychain_note *n, const char **why)
{
	struct rd r = rd_init(n->note.text, n->note.text_len), origin, vkey, time, size;

	lines_expect(&r, TITLE);
	origin = lines_until(&r, '\n');
	vkey = lines_until(&r, '\n');
	time = lines_until(&r, '\n');
	size = lines_value(&r, "size ");
	if (r.bad || rd_left(&r) || key_parse_vkey(lines_text(&vkey), rd_left(&vkey), &n->key, NULL) || !lines_is(&origin, n->key.name) ||
	    rd_left(&time) != CLOCK_TEXT - 1 || clock_parse(lines_text(&time), rd_left(&time), &n->time_us) ||
	    text_u64(lines_text(&size), rd_left(&size), TREE_SIZE_MAX, &n->size))
		return refuse(why, "a key note is malformed");
	return 0;
}

int keychain_next(struct rd *r, struct keychain_note *ret, const char **why)
{
	size_t most = rd_left(r) < KEYCHAIN_NOTE_MAX ? rd_left(r) : KEYCHAIN_NOTE_MAX;
	struct keychain_note n = {.bytes = r->p};
	const uint8_t *at;
	const char *reason;
	int rc;

	why = why ? why : &reason;
	if (most == 0)
		return 0;
	at = memmem(r->p, most, "\n" BETWEEN, sizeof "\n" BETWEEN - 1);
	if (!at)
		return refuse(why, "a key note does not end in an empty line and --");
	n.n = (size_t)(at - r->p) + sizeof BETWEEN;
	rc = note_parse(r->p, n.n - (sizeof BETWEEN - 1), &n.note, why);
	if (!rc)
		rc = parse_text(&n, why);
	if (rc)
		return rc;
	rd_bytes(r, n.n);
	*ret = n;
	return 1;
}

/* The place of the known key that signed, or -1 and *why when one that claims to have did not. */
static int signer_of(const struct keychain *k, const struct note *note, const char **why)
{
	for (unsigned i = 0; i < k->nkeys; i++) {
		int rc = note_verify(note, &k->key[i].key);

		if (rc == -EKEYREJECTED)
			*why = "a key note's signature is wrong: it was changed after it was signed";
		if (rc != -ENOKEY)
			return rc ? -1 : (int)i;
	}
	return -1;
}

/* The same statement twice says nothing new: one of a restart, after a crash. */
static bool is_repeated(const struct keychain *k, const struct keychain_note *s, unsigned by)
{
	int at = keychain_find(k, &s->key);

	return at > 0 && k->key[at].by == by && k->key[at].certified == (s->size == 0) && (s->size == 0 || k->key[by].until == s->size);
}

/* A token's keys certify, what they certified signs checkpoints: a key that leaked out of a run makes no other known. */
static int may_say(const struct keychain_key *signer, const struct keychain_note *s, const char **why)
{
	if (signer->certified)
		return refuse(why, "a key note is signed by a certified key: those sign checkpoints only");
	if (!s->size && signer->key.type != KEY_TYPE_P256)
		return refuse(why, "a certificate is signed by a key that is not a token's");
	return 0;
}

static int take_statement(struct keychain *k, const struct keychain_note *s, unsigned by, const char **why)
{
	int rc = may_say(&k->key[by], s, why);

	if (rc || is_repeated(k, s, by))
		return rc;
	if (keychain_find(k, &s->key) >= 0)
		return refuse(why, "a key note makes a key known that was there before");
	if (k->key[by].until != TREE_SIZE_MAX)
		return refuse(why, s->size ? "a key is replaced twice" : "a key that had been replaced certifies another");
	if (k->nkeys == KEYCHAIN_KEYS_MAX)
		return refuse(why, "there are more than 4096 keys");
	if (grow(k))
		return -ENOMEM;
	if (s->size)
		k->key[by].until = s->size;
	k->key[k->nkeys++] = (struct keychain_key){.key = s->key, .until = TREE_SIZE_MAX, .since_us = s->time_us, .by = by, .certified = !s->size};
	return 0;
}

static int take_note(struct keychain *k, const struct keychain_note *n, const char **why)
{
	int by;

	if (strcmp(n->key.name, k->key[0].key.name) != 0)
		return refuse(why, "the keys are another site's");
	*why = NULL;
	by = signer_of(k, &n->note, why);
	if (by < 0 && *why)
		return -EBADMSG;
	if (by < 0) {
		k->unknown++;
		return 0;
	}
	return take_statement(k, n, (unsigned)by, why);
}

static int add_all(struct keychain *k, const void *p, size_t n, const char **why)
{
	struct rd r = rd_init(p, n);
	struct keychain_note note = {0};
	int rc = n <= KEYCHAIN_BYTES_MAX ? 1 : refuse(why, "the keys are more than 4 MiB");

	while (rc > 0) {
		rc = keychain_next(&r, &note, why);
		if (rc > 0 && take_note(k, &note, why) < 0)
			rc = *why ? -EBADMSG : -ENOMEM;
	}
	return rc;
}

int keychain_add(struct keychain *k, const void *p, size_t n, const char **why)
{
	struct keychain copy = {.key = malloc(k->nkeys * sizeof *k->key), .nkeys = k->nkeys, .cap = k->nkeys, .unknown = k->unknown};
	const char *reason;
	int rc;

	if (!copy.key)
		return -ENOMEM;
	memcpy(copy.key, k->key, k->nkeys * sizeof *k->key);
	rc = add_all(&copy, p, n, why ? why : &reason);
	if (rc) {
		keychain_free(&copy);
		return rc;
	}
	keychain_free(k);
	*k = copy;
	return 0;
}

/* What is worse is told: a wrong signature before a late one, and that before none. A token's key signs no checkpoints: one by it is none. */
static int judge(const struct keychain *k, const struct note *note, uint64_t size, unsigned *ret_which)
{
	int rc = -ENOKEY;

	for (unsigned i = 0; i < k->nkeys; i++) {
		int one = note_verify(note, &k->key[i].key);

		if (one == -EKEYREJECTED)
			return one;
		if (one || rc == 0 || k->key[i].key.type == KEY_TYPE_P256)
			continue;
		rc = size <= keychain_until(k, i) ? 0 : -EKEYEXPIRED;
		*ret_which = i;
	}
	return rc;
}

int keychain_checkpoint(const struct keychain *k, const void *p, size_t n, struct checkpoint *ret, unsigned *ret_which, const char **why)
{
	struct checkpoint c;
	struct note note;
	const char *reason;
	unsigned which = 0;
	int rc;

	why = why ? why : &reason;
	rc = checkpoint_parse(p, n, &c, why);
	if (!rc)
		rc = note_parse(p, n, &note, why);
	if (rc)
		return rc;
	rc = strcmp(c.origin, k->key[0].key.name) ? -ENOKEY : judge(k, &note, c.size, &which);
	if (rc) {
		*why = rc == -EKEYREJECTED ? "the checkpoint's signature is wrong: it was changed after it was signed" :
			rc == -EKEYEXPIRED ? "the checkpoint is signed by a key that had been replaced before" :
			"the checkpoint is not of this site's log: no signature by the key";
		return rc;
	}
	if (ret)
		*ret = c;
	if (ret_which)
		*ret_which = which;
	return 0;
}

int keychain_text(struct buf *out, const struct key_public *made_known, int64_t time_us, uint64_t size)
{
	char vkey[KEY_VKEY], time[CLOCK_TEXT];
	int64_t back;

	key_vkey(made_known, vkey);
	clock_text(time_us, time);
	if (clock_parse(time, CLOCK_TEXT - 1, &back) || back != time_us)
		return -EINVAL;
	return buf_append_fmt(out, TITLE "%s\n%s\n%s\nsize %" PRIu64 "\n", made_known->name, vkey, time, size);
}

int keychain_put(struct buf *out, const void *text, size_t n, const struct key_public *by, const uint8_t *sig, size_t nsig)
{
	size_t before = out->len;
	int rc = note_put(out, text, n, by, sig, nsig);

	if (!rc)
		rc = buf_append_str(out, BETWEEN);
	if (rc)
		out->len = before;
	return rc;
}

int keychain_write(struct buf *out, const struct key_public *made_known, int64_t time_us, uint64_t size, const struct key_private *by)
{
	uint8_t sig[KEY_SIGNATURE_BYTES];
	struct buf text;
	int rc;

	buf_init(&text, KEYCHAIN_NOTE_MAX);
	rc = keychain_text(&text, made_known, time_us, size);
	if (!rc)
		rc = key_sign(by, buf_data(&text), text.len, sig);
	if (!rc)
		rc = keychain_put(out, buf_data(&text), text.len, key_public_of(by), sig, sizeof sig);
	buf_free(&text);
	return rc;
}
