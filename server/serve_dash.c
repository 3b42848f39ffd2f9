/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/serve_dash.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "media/mpd.h"
#include "server/serve_offer.h"
#include "server/serve_watch.h"

#define MANIFEST_MAX_BYTES (256u << 10)
#define PERIODS_MAX SERVE_LISTED         /* the newest ones */
#define RATE_STEPS 8                    /* between a power of two and the next: a rate that is said should seldom change */

/* One rendition's share of one period. */
struct run {
	struct track track;
	char init[MPD_HEX + 1];
	struct mpd_segment segment[SERVE_LISTED + 1];
};

struct work {
	struct serve_offer offer;
	struct mpd mpd;
	struct mpd_period period[PERIODS_MAX];
	struct mpd_representation of[PERIODS_MAX][RENDITIONS_MAX];
	struct run run[PERIODS_MAX][RENDITIONS_MAX];
};

static const struct serve_segment *listed(const struct serve_rendition *r, unsigned *ret_n)
{
	unsigned first = r->n > SERVE_LISTED ? r->n - SERVE_LISTED : 0;

	while (first < r->n && r->window[first].m.number <= r->after)
		first++;
	*ret_n = r->n - first;
	return &r->window[first];
}

/* Keeps the newest periods, in order; store may have said anything. */
static void note_period(struct work *w, const struct msg_segment *s)
{
	size_t n = w->mpd.nperiods, at = n;

	if (s->period_us < 0 || s->period_us > AU_TIME_MAX || s->period_media_us > AU_TIME_MAX)
		return;
	while (at > 0 && w->period[at - 1].start_us > s->period_us)
		at--;
	if (at > 0 && w->period[at - 1].start_us == s->period_us)
		return;
	if (n == PERIODS_MAX && at == 0)
		return;
	if (n == PERIODS_MAX) {
		memmove(&w->period[0], &w->period[1], (at - 1) * sizeof w->period[0]);
		at--;
	} else {
		memmove(&w->period[at + 1], &w->period[at], (n - at) * sizeof w->period[0]);
		w->mpd.nperiods++;
	}
	w->period[at] = (struct mpd_period){.start_us = s->period_us, .media_us = s->period_media_us};
}

static void note_periods(struct work *w, const struct serve_rendition *r)
{
	const struct serve_segment *s;
	unsigned n;

	if (serve_media_is_asleep(r))
		return;
	s = listed(r, &n);
	for (unsigned i = 0; i < n; i++)
		note_period(w, &s[i].m);
}

/* Whether b is of a's timeline and behind it, under the same init segment. */
static bool goes_on(const struct msg_segment *a, const struct msg_segment *b)
{
	return a->period_us == b->period_us && a->period_media_us == b->period_media_us && a->timescale == b->timescale && a->decode_time + a->duration <= b->decode_time &&
	       memcmp(a->init_sha256, b->init_sha256, sizeof a->init_sha256) == 0;
}

static bool follows(const struct msg_segment *a, const struct msg_segment *b)
{
	return a->number + 1 == b->number && goes_on(a, b);
}

static bool has_track(const struct serve_rendition *r, const struct msg_segment *s, struct track *ret)
{
	for (unsigned i = 0; i < r->ntracks; i++)
		if (memcmp(r->track[i].m.init_sha256, s->init_sha256, sizeof s->init_sha256) == 0) {
			*ret = serve_media_track_of(&r->track[i]);
			return ret->timescale == s->timescale;
		}
	return false;
}

/* Rounded up. */
static uint32_t stepped(uint32_t bps)
{
	uint64_t step = 1;

	while (step * RATE_STEPS * 2 < bps)
		step *= 2;
	step = (bps + step - 1) / step * step;
	return step < UINT32_MAX ? (uint32_t)step : UINT32_MAX;
}

/*
 * What is told of a segment behind a hole begins where the one before it ended: dash.js 5.2 looks for the segment that covers the time at which
 * it has no more, and where none does it stands still until that time is listed no more. In its buffer it leaps over the hole, as others do.
 */
static struct mpd_segment covering(const struct msg_segment *s, const struct msg_segment *before)
{
	uint64_t end = s->decode_time + s->duration, from = before ? before->decode_time + before->duration : s->decode_time;

	return (struct mpd_segment){.time = from, .duration = end - from};
}

/* What the run that begins there goes on behind, also when that is listed no more: what was told of a segment stays. */
static const struct msg_segment *before_run(const struct serve_rendition *r, const struct serve_segment *s)
{
	return s > r->window && s[-1].m.number > r->after && goes_on(&s[-1].m, &s->m) ? &s[-1].m : NULL;
}

/* The one under way behind the newest whole one, and how much of it is there: in whole parts, since a list is made anew with each. Nothing: there is none. */
static void add_under_way(const struct serve_rendition *r, const struct msg_segment *newest, struct mpd_segment *ret, uint64_t *ret_came)
{
	const struct serve_under_way *u = serve_parts_listed(r);
	uint64_t came = 0;

	if (!u || !u->n || u->discontinuity != newest->discontinuity || u->timescale != newest->timescale || memcmp(u->init_sha256, newest->init_sha256, sizeof u->init_sha256) != 0)
		return;
	for (unsigned i = 0; i + u->part_grows < u->parts.n; i++)
		came += u->parts.part[i].duration;
	*ret = (struct mpd_segment){.time = newest->decode_time + newest->duration, .duration = came > newest->duration ? came : newest->duration};
	if (u->last && came && !u->part_grows && !u->unlisted && !u->cut)
		ret->duration = came;  /* no guess any more */
	*ret_came = came ? came : newest->timescale / 1000;
}

/* The newest run of a rendition in a period; nothing when there is none, or its init segment is not held. */
static void add_run(struct work *w, size_t at, const struct serve_rendition *r, const struct playlist_rendition *as)
{
	struct mpd_period *p = &w->period[at];
	struct run *run = &w->run[at][p->n];
	const struct serve_segment *s;
	unsigned n, first, last;
	uint64_t came = 0;

	if (serve_media_is_asleep(r))
		return;
	s = listed(r, &n);
	for (last = n; last > 0 && s[last - 1].m.period_us != p->start_us; last--)
		;
	if (!last || !has_track(r, &s[last - 1].m, &run->track))
		return;
	for (first = last - 1; first > 0 && follows(&s[first - 1].m, &s[first].m); first--)
		;
	for (unsigned i = first; i < last; i++)
		run->segment[i - first] = covering(&s[i].m, i > first ? &s[i - 1].m : before_run(r, &s[first]));
	if (w->mpd.chunk_ms && last == n)
		add_under_way(r, &s[last - 1].m, &run->segment[last - first], &came);
	hex_encode(s[first].m.init_sha256, MPD_HEX / 2, run->init);
	w->of[at][p->n++] = (struct mpd_representation){.name = r->set.name, .init = run->init, .track = &run->track, .peak_bps = stepped(as->peak_bps),
		.fps_milli = as->fps_milli, .first = s[first].m.number, .segment = run->segment, .nsegments = last - first + (came > 0), .came = came};
}

static void fill(struct work *w)
{
	const struct serve_offer *o = &w->offer;
	size_t kept = 0;

	for (size_t i = 0; i < o->nvideo; i++)
		note_periods(w, o->picture[i]);
	if (o->sound)
		note_periods(w, o->sound);
	for (size_t at = 0; at < w->mpd.nperiods; at++) {
		struct mpd_period *p = &w->period[at];

		p->of = w->of[at];
		for (size_t i = 0; i < o->nvideo; i++)
			add_run(w, at, o->picture[i], &o->video[i]);
		if (o->sound)
			add_run(w, at, o->sound, &o->audio);
		if (p->n)
			w->period[kept++] = *p;
	}
	w->mpd.nperiods = kept;
}

static void build(struct serve_camera *c, uint32_t chunk_ms, struct serve_bytes **ret)
{
	struct work *w = *ret ? NULL : calloc(1, sizeof *w);
	struct buf b;

	if (!w)
		return;
	serve_offer_of(c, &w->offer);
	w->mpd = (struct mpd){.period = w->period, .segment_ms = c->set.segment_ms, .depth_ms = c->set.segment_ms * SERVE_LISTED, .chunk_ms = chunk_ms};
	fill(w);
	buf_init(&b, MANIFEST_MAX_BYTES);
	if (mpd_write(&b, &w->mpd) == 0)
		serve_bytes_copy(buf_data(&b), b.len, ret);
	buf_free(&b);
	free(w);
}

struct serve_bytes *serve_dash_manifest(struct serve_camera *c)
{
	build(c, 0, &c->manifest);
	return c->manifest;
}

struct serve_bytes *serve_dash_manifest_near(struct serve_camera *c)
{
	build(c, SERVE_CHUNK_MS, &c->manifest_near);
	return c->manifest_near;
}
