/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify's look at what witnesses have cosigned: that it is of this log, and whether it is enough. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "seal/consistency.h"
#include "seal/verify_state.h"

void verify_keep_note(struct verify_note *to, const struct buf *note, const struct checkpoint *at)
{
	to->there = note->len <= sizeof to->bytes;
	to->at = *at;
	to->len = to->there ? note->len : 0;
	memcpy(to->bytes, buf_data(note), to->len);
}

/* Read before the checkpoint, so that a running site's is never the older one of both. */
void verify_read_cosigned(struct verify *v, const char *path)
{
	struct checkpoint at;
	const char *why;
	int rc;

	buf_clear(&v->note);
	rc = v->src->get(v->src->ctx, path, &v->note);
	if (rc == -ENOENT)
		return;
	why = "is too long for a checkpoint";
	if (!rc)
		rc = verify_open_checkpoint(v, buf_data(&v->note), v->note.len, &at, &why);
	if (verify_is_bad_note(rc))
		verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, path, "%s", why);
	else if (rc)
		verify_add_unreadable(v, path, rc);
	else
		verify_keep_note(&v->report->cosigned, &v->note, &at);
}

void verify_see_cosigned(struct verify *v)
{
	const struct verify_note *c = &v->report->cosigned;
	struct hash by_entry, by_tile;

	if (!c->there || v->size != c->at.size || v->past)
		return;
	tree_root(&v->by_entry, &by_entry);
	tree_root(&v->by_tile, &by_tile);
	v->cosigned_holds = hash_same(&by_entry, &c->at.root) || hash_same(&by_tile, &c->at.root);
}

/* What is wrong with a clip's second checkpoint; NULL: its consistency proof leads from it to the first. */
static const char *why_not_consistent(struct verify *v)
{
	const struct checkpoint *from = &v->report->cosigned.at, *to = &v->target;
	struct hash path[TREE_PROOF_MAX];
	size_t n;
	int rc;

	if (from->size > to->size)
		return "witnesses have cosigned more entries than the checkpoint signs: it is an older one";
	buf_clear(&v->tile);
	rc = v->src->get(v->src->ctx, "consistency", &v->tile);
	if (rc == -ENOENT)
		return "nothing leads from what witnesses have cosigned to the checkpoint";
	if (rc || consistency_parse(buf_data(&v->tile), v->tile.len, path, &n))
		return "is not a consistency proof";
	return tree_check_consistency(from->size, to->size, &from->root, &to->root, path, n) ? "witnesses have cosigned another log than the checkpoint signs" : NULL;
}

void verify_clip_cosigned(struct verify *v)
{
	struct verify_note *c = &v->report->cosigned;
	const char *why;

	if (!c->there || !v->report->is_signed)
		return;
	why = why_not_consistent(v);
	if (why)
		verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, "consistency", "%s", why);
	c->there = !why;
}

void verify_count_cosigned(struct verify *v, const struct entry_segment *s)
{
	struct verify_report *r = v->report;

	if (!r->cosigned.there || v->index < r->cosigned.at.size || !verify_wanted(v, s->camera, s->start_us, s->start_us + (int64_t)s->duration_ms * 1000))
		return;
	if (!r->uncosigned++ || s->start_us < r->uncosigned_us)
		r->uncosigned_us = s->start_us;
}

void verify_cosigned_end(struct verify *v)
{
	struct verify_note *c = &v->report->cosigned;

	if (!c->there || v->cosigned_holds || !v->report->is_signed)
		return;
	if (c->at.size > v->target.size)
		verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, "log/cosigned", "witnesses have cosigned %" PRIu64 " entries, and the checkpoint signs %" PRIu64 ": it is an older one",
			c->at.size, v->target.size);
	else if (v->size >= c->at.size)
		verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, "log/cosigned", "witnesses have cosigned another log: its first %" PRIu64 " entries are not these", c->at.size);
	c->there = false;
}

/* Whether b says more than a. */
static bool is_better(const struct witness_verdict *a, const struct witness_verdict *b)
{
	if (a->met != b->met)
		return b->met;
	return a->met ? b->quorum_us > a->quorum_us : b->cosigned > a->cosigned;
}

/* Whether one of the site's keys leads to the other: they are of one log then, whichever of them a policy names. */
static bool leads(const struct verify_report *r, const struct key_public *from, const struct key_public *to)
{
	struct keychain k = {0};
	bool found = keychain_begin(&k, from) == 0 && keychain_add(&k, buf_data(&r->keys), r->keys.len, NULL) == 0 && keychain_find(&k, to) >= 0;

	keychain_free(&k);
	return found;
}

static bool is_listed(const struct verify_report *r, const struct witness_policy *p, const struct witness_verdict *verdict)
{
	for (unsigned i = 0; i < p->nlogs && !verdict->log_listed; i++)
		if (leads(r, &p->log[i], &r->given) || leads(r, &r->given, &p->log[i]))
			return true;
	return verdict->log_listed;
}

/* What a policy that was given finds too little is a problem. */
static void say_unwitnessed(struct verify_report *r)
{
	const struct verify_quorum *q = &r->quorum;
	struct verify_problem *p;

	if (!q->verdict.met) {
		verify_add_to(r, VERIFY_UNWITNESSED, NULL, NULL, 0, 0, NULL, q->size ? "not as many witnesses have cosigned this log as the policy needs" :
			"there is no checkpoint that holds, and so none that is cosigned");
	} else if (!q->is_listed) {
		verify_add_to(r, VERIFY_UNWITNESSED, NULL, NULL, 0, 0, NULL, "the policy is for other logs than this");
	} else if (r->shape == VERIFY_CLIP && q->is_part && r->uncosigned) {
		p = verify_add_to(r, VERIFY_UNWITNESSED, NULL, NULL, 0, 0, NULL, "%" PRIu64 " segments are later than what witnesses have cosigned", r->uncosigned);
		p->from_us = r->uncosigned_us;
	}
}

int verify_judge(struct verify_report *r, const struct witness_policy *p, int64_t now_us, bool needed)
{
	const struct verify_note *const note[] = {&r->note, &r->cosigned};
	struct verify_quorum *q = &r->quorum;
	int first = 0;

	q->is_judged = true;
	q->is_needed = needed;
	q->policy = *p;
	q->now_us = now_us;
	for (unsigned i = 0; i < 2; i++) {
		struct witness_verdict verdict;
		int rc = note[i]->there ? witness_policy_judge(p, note[i]->bytes, note[i]->len, now_us, &verdict, NULL) : -ENOENT;

		first = first ? first : rc == -ENOENT ? 0 : rc;
		if (rc || (q->size && !is_better(&q->verdict, &verdict)))
			continue;
		q->verdict = verdict;
		q->size = note[i]->at.size;
		q->is_part = q->size < r->note.at.size;
		q->is_listed = is_listed(r, p, &verdict);
	}
	if (needed)
		say_unwitnessed(r);
	return q->size ? 0 : first;
}
