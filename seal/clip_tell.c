/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a clip lacks, and what was rounded, in words. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "seal/clip_state.h"

static const struct entry_delete *deleted_by(const struct clip *c, const struct clip_rendition *r, const struct clip_segment *s)
{
	for (size_t i = 0; i < c->ndels; i++) {
		const struct entry_delete *d = &c->del[i];

		if (!strcmp(d->rendition, r->name) && s->number >= d->from_number && s->number <= d->to_number)
			return d;
	}
	return NULL;
}

static const char *fate_words(const struct clip *c, const struct clip_rendition *r, const struct clip_segment *s)
{
	switch ((enum clip_fate)s->fate) {
	case CLIP_CHANGED: return "NOT what was sealed: the bytes in the archive were changed; left out";
	case CLIP_UNPLAYABLE: return "the init segment that they need is not there, or NOT what was sealed; left out";
	case CLIP_UNREADABLE: return "the archive's disk does not give them";
	default: break;
	}
	if (c->start.nkeep && !entry_keeps(&c->start, r->name))
		return "logged and shown, but the site does not keep this rendition";
	return "sealed, and NOT in the archive: no entry says that they were removed";
}

static void describe(const struct clip *c, struct clip_missing *m)
{
	char time[CLOCK_TEXT];

	if (!m->del) {
		snprintf(m->why, sizeof m->why, "%s", fate_words(c, m->rendition, m->first));
		return;
	}
	clock_text(m->del->time_us, time);
	snprintf(m->why, sizeof m->why, "removed at %s, says the log: %s", time, m->del->why);
}

static bool same_run(const struct clip_missing *m, const struct clip_segment *s, const struct entry_delete *d)
{
	return m->count && m->first->fate == s->fate && m->del == d;
}

static void end_run(const struct clip *c, struct clip_missing *m, void (*each)(void *arg, const struct clip_missing *m), void *arg)
{
	if (!m->count)
		return;
	describe(c, m);
	each(arg, m);
	m->count = 0;
}

void clip_each_missing(const struct clip *c, void (*each)(void *arg, const struct clip_missing *m), void *arg)
{
	for (unsigned i = 0; i < c->nrenditions; i++) {
		const struct clip_rendition *r = &c->rendition[i];
		struct clip_missing m = {.rendition = r};

		for (size_t k = 0; k < r->n; k++) {
			const struct clip_segment *s = &r->segment[k];
			const struct entry_delete *d = s->fate == CLIP_GONE ? deleted_by(c, r, s) : NULL;

			if (s->fate == CLIP_GIVEN || !same_run(&m, s, d))
				end_run(c, &m, each, arg);
			if (s->fate == CLIP_GIVEN)
				continue;
			if (!m.count++) {
				m.first = s;
				m.del = d;
			}
			m.last = s;
		}
		end_run(c, &m, each, arg);
	}
}

static int tell_rounded(const struct clip *c, struct buf *out)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];
	int64_t from_us, to_us;
	int rc;

	clip_given(c, &from_us, &to_us);
	clock_text(from_us, from);
	clock_text(to_us, to);
	rc = buf_append_fmt(out, "whole segments from %s to %s", from, to);
	if (!rc && from_us < c->from_us)
		rc = buf_append_fmt(out, "; begins %.3f s before the asked time", (double)(c->from_us - from_us) / 1e6);
	else if (!rc && from_us > c->from_us)
		rc = buf_append_fmt(out, "; begins %.3f s AFTER the asked time", (double)(from_us - c->from_us) / 1e6);
	if (!rc && to_us > c->to_us)
		rc = buf_append_fmt(out, "; ends %.3f s after the asked time", (double)(to_us - c->to_us) / 1e6);
	else if (!rc && to_us < c->to_us)
		rc = buf_append_fmt(out, "; ends %.3f s BEFORE the asked time", (double)(c->to_us - to_us) / 1e6);
	return rc ? rc : buf_append_str(out, "\n");
}

static int tell_gap(const struct entry_gap *g, struct buf *out)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];

	clock_text(g->from_us, from);
	clock_text(g->to_us, to);
	return buf_append_fmt(out, "no footage from %s to %s: %s\n", from, to, g->why);
}

static void tell_missing(void *arg, const struct clip_missing *m)
{
	struct buf *out = arg;
	char from[CLOCK_TEXT], to[CLOCK_TEXT];

	clock_text(m->first->start_us, from);
	clock_text(clip_end_us(m->last), to);
	buf_append_fmt(out, "not in the clip: %s, segment%s %" PRIu64 " to %" PRIu64 " (%" PRIu64 "), %s to %s: %s\n", m->rendition->name,
		m->count == 1 ? "" : "s", m->first->number, m->last->number, m->count, from, to, m->why);
}

int clip_tell(const struct clip *c, struct buf *out)
{
	int rc = tell_rounded(c, out);

	for (unsigned i = 0; i < c->nrenditions && !rc; i++)
		if (c->rendition[i].n)
			rc = buf_append_fmt(out, "%s: %" PRIu64 " of %zu segments, %.1f MB\n", c->rendition[i].name, c->rendition[i].given, c->rendition[i].n,
				(double)c->rendition[i].given_bytes / 1e6);
	for (size_t i = 0; i < c->gaps_kept && !rc; i++)
		rc = tell_gap(&c->gap[i], out);
	if (!rc && c->ngaps > c->gaps_kept)
		rc = buf_append_fmt(out, "and %zu gaps more, each with its entry\n", c->ngaps - c->gaps_kept);
	if (!rc)
		clip_each_missing(c, tell_missing, out);
	return rc;
}
