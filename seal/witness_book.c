/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal/witness_book.h"

#include <errno.h>
#include <string.h>

#include "base/wr.h"

void witness_book_begin(struct witness_book *b, const struct witness_policy *p)
{
	memset(b, 0, sizeof *b);
	b->policy = *p;
}

static void put_line(struct wr *w, const struct note_signature *s)
{
	wr_str(w, "\xe2\x80\x94 ");
	wr_bytes(w, s->name, s->name_len);
	wr_u8(w, ' ');
	wr_bytes(w, s->base64, s->base64_len);
	wr_u8(w, '\n');
}

/* The witness' newest line of a note whose lines are right, or NULL. */
static const struct note_signature *newest_line(const struct note *note, const struct cosign_public *c, int64_t *ret_time_s)
{
	const struct note_signature *best = NULL;
	int64_t time_s;

	*ret_time_s = -1;
	for (size_t i = 0; i < note->nsigs; i++) {
		struct note one = {.text = note->text, .text_len = note->text_len, .sig = {note->sig[i]}, .nsigs = 1};

		if (cosign_verify(&one, c, &time_s) == 0 && time_s > *ret_time_s) {
			best = &note->sig[i];
			*ret_time_s = time_s;
		}
	}
	return best;
}

static bool is_by(const struct note_signature *s, const struct key_public *k)
{
	return !memcmp(s->id, k->id, sizeof s->id) && s->name_len == strlen(k->name) && !memcmp(s->name, k->name, s->name_len);
}

/* The signer's lines of the note, and of each witness' lines in both the newest. One that is too long has lost some: bad. */
static struct wr merge(const struct witness_book *b, const struct note *note, const struct note *old, const struct key_public *signer,
	uint8_t room[NOTE_MAX_BYTES])
{
	struct wr w = wr_init(room, NOTE_MAX_BYTES);

	wr_bytes(&w, note->text, note->text_len);
	wr_u8(&w, '\n');
	for (size_t i = 0; i < note->nsigs; i++)
		if (is_by(&note->sig[i], signer))
			put_line(&w, &note->sig[i]);
	for (unsigned i = 0; i < b->policy.nwitnesses; i++) {
		int64_t time_s, old_s = -1;
		const struct note_signature *line = newest_line(note, &b->policy.witness[i].key, &time_s);
		const struct note_signature *old_line = old ? newest_line(old, &b->policy.witness[i].key, &old_s) : NULL;

		if (old_line && old_s >= time_s)
			line = old_line;
		if (line)
			put_line(&w, line);
	}
	return w;
}

static bool same_text(const struct witness_book_note *a, const struct note *note)
{
	return a->n > note->text_len && !memcmp(a->bytes, note->text, note->text_len) && a->bytes[note->text_len] == '\n';
}

/* 1 when what is kept has changed. */
static int put(struct witness_book *b, struct witness_book_note *at, const struct note *note, uint64_t size, const struct key_public *signer,
	int64_t now_us)
{
	uint8_t room[NOTE_MAX_BYTES];
	struct note old;
	bool known = same_text(at, note) && note_parse(at->bytes, at->n, &old, NULL) == 0;
	struct wr w = merge(b, note, known ? &old : NULL, signer, room);

	if (w.bad || (known && w.len == at->n && !memcmp(at->bytes, room, w.len)))
		return 0;
	memcpy(at->bytes, room, w.len);
	at->n = w.len;
	at->size = size;
	witness_policy_judge(&b->policy, at->bytes, at->n, now_us, &at->verdict, NULL);
	return 1;
}

/* Whether those who have not gone beyond it without it could still make a quorum. */
static bool can_be_met(const struct witness_book *b, const struct witness_book_note *note)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < b->policy.nwitnesses; i++)
		if (note->verdict.witness[i].seen || b->witness[i].size <= note->size)
			set |= UINT32_C(1) << i;
	return witness_policy_met(&b->policy, set);
}

/* Each in its place again, after one of them has got more. */
static void settle(struct witness_book *b)
{
	struct witness_book_note *const of[] = {&b->newest, &b->wanted};

	for (size_t i = 0; i < 2; i++)
		if (of[i]->n && of[i]->verdict.met && (!b->best.verdict.met || of[i]->size > b->best.size))
			b->best = *of[i];
	if (b->wanted.n && (b->wanted.verdict.met || b->wanted.size <= (b->best.verdict.met ? b->best.size : 0) || !can_be_met(b, &b->wanted)))
		b->wanted = (struct witness_book_note){0};
	if (!b->wanted.n && b->newest.n && !b->newest.verdict.met && (!b->best.verdict.met || b->newest.size > b->best.size))
		b->wanted = b->newest;
	if (!b->best.verdict.met && b->newest.n)
		b->best = b->newest;
}

static void remember(struct witness_book *b, const struct witness_verdict *v, uint64_t size)
{
	for (unsigned i = 0; i < b->policy.nwitnesses; i++) {
		if (!v->witness[i].seen)
			continue;
		b->witness[i].size = size > b->witness[i].size ? size : b->witness[i].size;
		b->witness[i].time_us = v->witness[i].time_us > b->witness[i].time_us ? v->witness[i].time_us : b->witness[i].time_us;
	}
}

int witness_book_take(struct witness_book *b, const void *bytes, size_t n, const struct checkpoint *c, const struct key_public *signer,
	int64_t now_us, const char **why)
{
	struct witness_verdict v;
	struct note note;
	const char *reason;
	int rc, changed = 0;

	why = why ? why : &reason;
	rc = note_parse(bytes, n, &note, why);
	if (!rc)
		rc = witness_policy_judge(&b->policy, bytes, n, now_us, &v, why);
	if (rc)
		return rc;
	if (!v.cosigned) {
		*why = "none of the witnesses that the policy names has cosigned it";
		return -ENOKEY;
	}
	remember(b, &v, c->size);
	if (same_text(&b->best, &note) || (v.met && (!b->best.verdict.met || c->size > b->best.size)))
		changed |= put(b, &b->best, &note, c->size, signer, now_us);
	if (same_text(&b->wanted, &note))
		changed |= put(b, &b->wanted, &note, c->size, signer, now_us);
	if (c->size >= b->newest.size)
		changed |= put(b, &b->newest, &note, c->size, signer, now_us);
	settle(b);
	return changed;
}
