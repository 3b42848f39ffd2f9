/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify's look at what witnesses have cosigned: that it is of this log, and whether it is enough. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "seal/verify_state.h"

void verify_keep_note(struct verify_note *to, const struct buf *note, const struct checkpoint *at)
{
	to->there = note->len <= sizeof to->bytes;
	to->at = *at;
	to->len = to->there ? note->len : 0;
	memcpy(to->bytes, buf_data(note), to->len);
}

/* Read before the checkpoint, so that a running site's is never the older one of both. */
void verify_read_cosigned(struct verify *v)
{
	struct checkpoint at;
	const char *why;
	int rc;

	buf_clear(&v->note);
	rc = v->src->get(v->src->ctx, "log/cosigned", &v->note);
	if (rc == -ENOENT)
		return;
	why = "is too long for a checkpoint";
	if (!rc)
		rc = verify_open_checkpoint(v, buf_data(&v->note), v->note.len, &at, &why);
	if (verify_is_bad_note(rc))
		verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, "log/cosigned", "%s", why);
	else if (rc)
		verify_add_unreadable(v, "log/cosigned", rc);
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
	}
	if (needed && !q->verdict.met)
		verify_add_to(r, VERIFY_UNWITNESSED, NULL, NULL, 0, 0, NULL, q->size ? "not as many witnesses have cosigned this log as the policy needs" :
			"there is no checkpoint that holds, and so none that is cosigned");
	else if (needed && !q->verdict.log_listed)
		verify_add_to(r, VERIFY_UNWITNESSED, NULL, NULL, 0, 0, NULL, "the policy is for other logs than this");
	return q->size ? 0 : first;
}
