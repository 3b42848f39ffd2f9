/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What witnesses have cosigned of the log that a clip is taken from. They come now and then: the newest checkpoint that they
 * have cosigned is mostly older than the clip's own export entries, and newer than its footage. The clip then has both checkpoints,
 * each entry's proof is under the first that covers it, and a consistency proof leads from the one to the other.
 */
#include <errno.h>
#include <string.h>

#include "seal/clip_state.h"

/* log/cosigned, when it is of this site; size 0: there is none. 0 or the source's error. */
static int read_cosigned(struct clip *c, struct buf *note, struct checkpoint *ret)
{
	int rc;

	*ret = (struct checkpoint){.size = 0};
	buf_clear(note);
	rc = c->src->get(c->src->ctx, "log/cosigned", note);
	if (rc)
		return rc == -ENOENT ? 0 : clip_fail(c, rc, "log/cosigned cannot be read: %s", strerror(-rc));
	if (checkpoint_parse(buf_data(note), note->len, ret, NULL) || strcmp(ret->origin, c->log.at.origin) != 0)
		ret->size = 0;
	return 0;
}

static uint64_t last_entry(const struct clip *c)
{
	uint64_t last = c->nentries ? c->entry[c->nentries - 1] : 0;

	for (unsigned i = 0; i < c->nrenditions; i++) {
		const struct clip_rendition *r = &c->rendition[i];

		if (r->n && r->segment[r->n - 1].entry > last)
			last = r->segment[r->n - 1].entry;
	}
	return last;
}

uint64_t clip_segments_below(const struct clip *c, uint64_t size)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < c->nrenditions; i++)
		for (size_t k = 0; k < c->rendition[i].n; k++)
			n += c->rendition[i].segment[k].entry < size;
	return n;
}

/* All of the clip is under it: then it is the clip's checkpoint, and no other is needed. */
static void take_over(struct clip *c, struct buf *note, const struct checkpoint *at)
{
	struct buf old = c->log.note;

	c->log.note = *note;
	c->log.at = *at;
	*note = old;
}

static int take_beside(struct clip *c, const struct checkpoint *at)
{
	int rc;

	buf_clear(&c->consistency);
	rc = clip_log_extend(&c->log, at, &c->consistency);
	if (!rc)
		c->cosigned_at = *at;
	else if (rc == -EBADMSG)
		c->cosigned_other = true;
	else
		return clip_fail(c, rc, "the log cannot be read: casemate verify says what of it is damaged");
	return 0;
}

int clip_take_cosigned(struct clip *c)
{
	struct checkpoint at;
	int rc = read_cosigned(c, &c->cosigned, &at);

	c->cosigned_at.size = 0;
	c->cosigned_other = false;
	if (rc || at.size == 0)
		return rc;
	if (at.size <= c->log.at.size && clip_segments_below(c, at.size))
		rc = take_beside(c, &at);
	if (!rc && !c->cosigned_other && at.size > last_entry(c)) {
		take_over(c, &c->cosigned, &at);
		c->cosigned_at.size = 0;
	}
	return rc;
}

int clip_take_policy(struct clip *c)
{
	unsigned line;
	int rc;

	buf_clear(&c->policy);
	rc = c->src->get(c->src->ctx, "log/policy", &c->policy);
	if (rc == -ENOENT)
		buf_clear(&c->policy);
	else if (rc)
		return clip_fail(c, rc, "log/policy cannot be read: %s", strerror(-rc));
	c->has_judge = rc == 0 && witness_policy_parse(buf_data(&c->policy), c->policy.len, &c->judge, &line, NULL) == 0;
	return 0;
}

bool clip_judge(const struct clip *c, const struct buf *note, int64_t now_us, struct witness_verdict *ret)
{
	return c->has_judge && witness_policy_judge(&c->judge, buf_data(note), note->len, now_us, ret, NULL) == 0;
}

int clip_witnessed(struct clip *c, int64_t now_us)
{
	struct witness_verdict verdict;
	struct checkpoint at;
	int rc = clip_take_policy(c);

	if (!rc && (!c->has_judge || c->judge.quorum < 0))
		rc = clip_fail(c, -ENOENT, "the site asks for no witnesses (witnesses: in its site file)");
	if (!rc)
		rc = read_cosigned(c, &c->cosigned, &at);
	if (rc)
		return rc;
	if (at.size == 0 || clip_segments_below(c, at.size) < clip_segments_below(c, UINT64_MAX))
		return -EAGAIN;
	return clip_judge(c, &c->cosigned, now_us, &verdict) && verdict.met ? 0 : -EAGAIN;
}
