/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A site whose key was replaced, or certified by a token: what each key proves, with key notes and without, and what the old key may no more. */
#include <stdlib.h>
#include <string.h>

#include "evidence.h"
#include "seal/keychain.h"
#include "seal/proof.h"

/* A token's key, which nobody has any more: it certified the site's key, and another one (7). */
#define CERTIFIED_AT "2025-11-23T11:00:00.000Z"
#define TOKEN_VKEY "site.example+968a699d+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAkIac0AZhsiToygOuxF2zGhWcBMZYy7PgDkJHIaZlExf399NthQxdqm4WqlqwQcoCX83pcUvASvYnoAQj7BYAE="
#define CERTIFICATE_OF_SITE \
	"casemate.key/v1\nsite.example\nsite.example+61e69161+AeQDCZjP1a0XI8Fp+VaqC564YZtZkr1hLCr0KOvHn43w\n" CERTIFIED_AT "\nsize 0\n\n" \
	"\xe2\x80\x94 site.example loppnTBFAiEAtPU1p3SG/KQscar464W9dHw4EIgBH8jM86g6Vds1/nsCIFJiaUQICdqfTj9jQhgUs3bACpqKkdplommUpwsxeKMe\n\n--\n"
#define CERTIFICATE_OF_OTHER CERTIFICATE_SAID_AT(CERTIFIED_AT)
#define CERTIFICATE_SAID_AT(time) \
	"casemate.key/v1\nsite.example\nsite.example+84940f26+AdFGd3NMW2PaYpVy8+q5uSe6v4M8J/89oTvw1yMoHr5C\n" time "\nsize 0\n\n" \
	"\xe2\x80\x94 site.example loppnTBFAiEAjJZm+X0dSlrkvsiJ22JpDzfoOS4Pns7cYbpXJMXlKzUCIGB0YYO0DKwCwQ895uTDmFBALsomFxeO4GwDmR3iT2uw\n\n--\n"

static const char *const shape[] = {"segment", "clip", "archive"}, *const path[] = {"keys", "keys", "log/keys"};

struct rotated {
	struct archive *site, *clip;
	struct key_private *old;
	struct buf keys;                /* log/keys */
	uint64_t size;                  /* up to and with the key/v1 entry */
};

static void key_entry(struct archive *a, const struct key_private *new, const struct key_private *old)
{
	struct entry e = {.kind = ENTRY_KEY, .key = {.time_us = ARCHIVE_T0 + 600000000, .why = "rotation"}};

	key_vkey(key_public_of(new), e.key.key);
	key_vkey(key_public_of(old), e.key.by);
	archive_append(a, &e);
}

/* With an entry that says so, or without. */
static struct rotated rotate(bool entry)
{
	struct rotated r = {.site = evidence_site(), .old = evidence_make_key(EVIDENCE_ORIGIN, 1)};
	struct key_private *new = evidence_make_key(EVIDENCE_ORIGIN, 3);

	if (entry)
		key_entry(r.site, new, r.old);
	r.size = r.site->size;
	key_free(&r.site->key);
	r.site->key = new;
	archive_start(r.site, ARCHIVE_T0 + 700000000);
	archive_publish(r.site);
	buf_init(&r.keys, KEYCHAIN_BYTES_MAX);
	if (keychain_write(&r.keys, key_public_of(new), ARCHIVE_T0 + 600000000, r.size, r.old))
		abort();
	r.clip = evidence_clip(r.site);
	return r;
}

static void end(struct rotated *r)
{
	archive_free(&r->site);
	archive_free(&r->clip);
	key_free(&r->old);
	buf_free(&r->keys);
}

static void put_single(struct evidence *e, struct rotated *r)
{
	struct buf proof;

	buf_init(&proof, PROOF_MAX_BYTES);
	archive_proof(r->site, evidence_entry(r->site, "gate", "copy", EVIDENCE_SEGMENT), &proof);
	evidence_put(e, "5.m4s.tlog-proof", buf_data(&proof), proof.len);
	buf_free(&proof);
}

/* One row for each shape; keys are the notes that lie there (NULL: none), key is the one that is given. */
static void rows(struct evidence *e, struct rotated *r, const char *verdict, const struct key_private *key, const struct buf *keys, const char *what)
{
	for (unsigned i = 0; i < 3; i++) {
		evidence_row(e, shape[i], verdict, "the key was replaced: %s", what);
		evidence_key(e, key_public_of(key));
		if (i == 0)
			put_single(e, r);
		else
			evidence_become(e, i == 1 ? e->clip : e->site, i == 1 ? r->clip : r->site, "");
		if (keys)
			evidence_put(e, path[i], buf_data(keys), keys->len);
	}
}

static void flipped(struct evidence *e, struct rotated *r, const struct buf *clean, size_t at, const char *what)
{
	struct buf keys;

	buf_init(&keys, KEYCHAIN_BYTES_MAX);
	if (buf_append(&keys, buf_data(clean), clean->len))
		abort();
	buf_data(&keys)[at] ^= 1;
	rows(e, r, "unsigned", r->old, &keys, what);
	buf_free(&keys);
}

static void notes(struct evidence *e, struct rotated *r)
{
	struct key_private *other = evidence_make_key(EVIDENCE_ORIGIN, 5);
	struct buf keys;

	buf_init(&keys, KEYCHAIN_BYTES_MAX);
	flipped(e, r, &r->keys, 20, "a bit of the note's name");
	flipped(e, r, &r->keys, 40, "a bit of the note's new key");
	flipped(e, r, &r->keys, r->keys.len - 20, "a bit of the note's signature");
	if (buf_append(&keys, buf_data(&r->keys), r->keys.len / 2))
		abort();
	rows(e, r, "unsigned", r->old, &keys, "half of the note");
	buf_clear(&keys);
	if (keychain_write(&keys, key_public_of(r->site->key), ARCHIVE_T0 + 600000000, r->size, other))
		abort();
	rows(e, r, "unsigned", r->old, &keys, "a note that somebody else signed");
	if (buf_append(&keys, buf_data(&r->keys), r->keys.len))
		abort();
	rows(e, r, "good", r->old, &keys, "a note besides that somebody else signed");
	buf_free(&keys);
	key_free(&other);
}

/* The old key signs on. */
static void replaced(struct evidence *e)
{
	struct rotated r = rotate(true);
	struct key_private *new = r.site->key;

	r.site->key = r.old;
	archive_checkpoint(r.site, r.site->size, r.old);
	archive_free(&r.clip);
	r.clip = evidence_clip(r.site);
	rows(e, &r, "unsigned", r.old, &r.keys, "a checkpoint by the old key, beyond what it may sign");
	r.site->key = new;
	end(&r);
}

/* Until the key's entry it may. */
static void not_yet(struct evidence *e)
{
	struct rotated r = rotate(true);
	struct key_private *new = r.site->key;

	r.site->key = r.old;
	r.site->size = r.size;
	archive_publish(r.site);
	archive_free(&r.clip);
	r.clip = evidence_clip(r.site);
	rows(e, &r, "good", r.old, &r.keys, "the old key's last checkpoint");
	rows(e, &r, "unsigned", new, &r.keys, "the old key's last checkpoint, and the new one is given");
	r.site->key = new;
	end(&r);
}

/* The site as it is, with key notes beside it. */
static void beside(struct evidence *e, const char *verdict, const struct key_public *key, const struct buf *keys, const char *what)
{
	for (unsigned i = 0; i < 3; i++) {
		evidence_row(e, shape[i], verdict, "the key is certified: %s", what);
		evidence_key(e, key);
		evidence_put(e, path[i], buf_data(keys), keys->len);
	}
}

/* What is there, and a note behind it. */
static void note_behind(struct buf *keys, const char *before, const struct key_public *to, uint64_t size, const struct key_private *by)
{
	buf_clear(keys);
	if (buf_append_str(keys, before) || keychain_write(keys, to, ARCHIVE_T0, size, by))
		abort();
}

static void certified(struct evidence *e)
{
	struct key_private *other = evidence_make_key(EVIDENCE_ORIGIN, 7);
	const struct key_public *site = key_public_of(e->site->key);
	struct key_public token;
	struct buf keys;

	if (key_parse_vkey(TOKEN_VKEY, strlen(TOKEN_VKEY), &token, NULL))
		abort();
	buf_init(&keys, KEYCHAIN_BYTES_MAX);
	if (buf_append_str(&keys, CERTIFICATE_OF_SITE))
		abort();
	beside(e, "good", &token, &keys, "by the token that is given");
	note_behind(&keys, CERTIFICATE_OF_OTHER, site, 0, other);
	beside(e, "unsigned", &token, &keys, "by one that is itself certified");
	note_behind(&keys, CERTIFICATE_OF_OTHER, site, 1, other);
	beside(e, "unsigned", &token, &keys, "a certified key makes it follow itself");
	note_behind(&keys, CERTIFICATE_OF_SITE, key_public_of(other), 1, e->site->key);
	beside(e, "unsigned", &token, &keys, "and signs a key note");
	note_behind(&keys, "", site, 0, other);
	beside(e, "unsigned", key_public_of(other), &keys, "by a key that is no token's");
	note_behind(&keys, CERTIFICATE_OF_SITE, site, 1, other);
	beside(e, "good", &token, &keys, "and a note besides that somebody else signed");
	buf_clear(&keys);
	if (buf_append_str(&keys, CERTIFICATE_OF_SITE CERTIFICATE_SAID_AT("1969-12-31T23:59:59.999Z")))
		abort();
	beside(e, "unsigned", &token, &keys, "and a note of before 1970");
	beside(e, "log", site, &keys, "a note of before 1970, by an unknown key");
	buf_free(&keys);
	key_free(&other);
}

/* A log of these, '1' to '3' a run with that key, '>' the key entry by which it is replaced by the next; its checkpoint is by key `by`, which is given. */
static void runs(struct evidence *e, const char *verdict, const char *log, unsigned by, const char *what)
{
	struct key_private *key[] = {evidence_make_key(EVIDENCE_ORIGIN, 1), evidence_make_key(EVIDENCE_ORIGIN, 3), evidence_make_key(EVIDENCE_ORIGIN, 4)};
	struct archive *site = evidence_site();
	unsigned now = 0;

	key_free(&site->key);
	for (const char *p = log; *p; p++) {
		if (*p == '>') {
			key_entry(site, key[now + 1], key[now]);
			now++;
		} else {
			site->key = key[*p - '1'];
			archive_start(site, ARCHIVE_T0 + 700000000 + (p - log) * INT64_C(1000000));
		}
	}
	site->key = key[by - 1];
	archive_publish(site);
	evidence_row(e, "archive", verdict, "runs while the key is replaced: %s", what);
	evidence_key(e, key_public_of(site->key));
	evidence_become(e, e->site, site, "");
	for (unsigned i = 0; i < 3; i++)
		if (i != by - 1)
			key_free(&key[i]);
	archive_free(&site);
}

static void runs_between(struct evidence *e)
{
	runs(e, "good", ">1", 2, "one with the key before, and the next one signs");
	runs(e, "good", ">11", 2, "two with the key before, and the next one signs");
	runs(e, "good", ">12", 2, "one with the key before, then one with the next");
	runs(e, "good", ">12>23", 3, "so twice");
	runs(e, "good", ">1>2", 3, "one with each key that is replaced");
	runs(e, "log", ">121", 2, "one with the key before, and one after the next one's");
	runs(e, "log", ">2>1", 3, "one with the first key, while the second is replaced");
	runs(e, "log", ">3", 2, "one with another key");
	runs(e, "log", ">1", 3, "one with the key before, and another signs");
}

/* A run under a token's key that nobody here was given, and after it the site's; with an entry that leads from the one to the other, or without. */
static void handed_over(struct evidence *e, bool entry, bool again)
{
	struct entry start = {.kind = ENTRY_START, .start = {.time_us = ARCHIVE_T0 + 500000000, .program = "casemate 0.1.0", .nkeep = 2, .keep = {"copy", "audio"}}};
	struct entry turn = {.kind = ENTRY_KEY, .key = {.time_us = ARCHIVE_T0 + 600000000, .why = "rotation", .by = TOKEN_VKEY}};
	struct key_private *run = evidence_make_key(EVIDENCE_ORIGIN, 7);
	struct archive *site = evidence_site();

	key_vkey(key_public_of(run), start.start.key);
	strcpy(start.start.root, TOKEN_VKEY);
	archive_append(site, &start);
	key_vkey(key_public_of(site->key), turn.key.key);
	if (entry)
		archive_append(site, &turn);
	if (again)
		archive_append(site, &start);
	archive_start(site, ARCHIVE_T0 + 700000000);
	archive_publish(site);
	evidence_row(e, "archive", entry ? "good" : "log", "a token's key was replaced: %s",
		    again ? "who has the next key alone, and a run began meanwhile" : entry ? "who has the next key alone" : "no entry says so");
	evidence_key(e, key_public_of(site->key));
	evidence_become(e, e->site, site, "");
	archive_free(&site);
	key_free(&run);
}

void evidence_key_rows(struct evidence *e)
{
	struct key_private *other = evidence_make_key(EVIDENCE_ORIGIN, 2);
	struct rotated r = rotate(true);

	rows(e, &r, "good", r.old, &r.keys, "the old one is given");
	rows(e, &r, "good", r.site->key, &r.keys, "the new one is given");
	rows(e, &r, "good", r.site->key, NULL, "the new one is given, and there are no key notes");
	rows(e, &r, "unsigned", r.old, NULL, "the old one is given, and there are no key notes");
	rows(e, &r, "unsigned", other, &r.keys, "a third one is given");
	notes(e, &r);
	end(&r);
	r = rotate(false);
	evidence_row(e, "archive", "log", "the key was replaced: no entry says so");
	evidence_key(e, key_public_of(r.site->key));
	evidence_become(e, e->site, r.site, "");
	end(&r);
	replaced(e);
	not_yet(e);
	certified(e);
	runs_between(e);
	handed_over(e, true, false);
	handed_over(e, true, true);
	handed_over(e, false, false);
	key_free(&other);
}
