/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify's sums: what entries say of renditions, cameras and people, counted. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "seal/verify_state.h"

/* Errors of the clock, exact below 8 ms and to a quarter of their power of two above. */
static unsigned bucket_of(uint32_t ms)
{
	unsigned e = ms < 4 ? 2 : 31 - (unsigned)__builtin_clz(ms);

	return ms < 4 ? ms : (e - 1) * 4 + (ms >> (e - 2) & 3);
}

static uint32_t ms_of(unsigned bucket)
{
	return bucket < 4 ? bucket : (4 + bucket % 4) << (bucket / 4 - 1);
}

static void count_clock(struct verify_track *t, struct verify_rendition *r, const struct entry_segment *s)
{
	uint64_t *from = s->clock_rtcp ? &r->clock_rtcp : &r->clock_arrival;

	++*from;
	if (s->clock_error_ms > r->clock_worst_ms)
		r->clock_worst_ms = s->clock_error_ms;
	t->clock[bucket_of(s->clock_error_ms)]++;
}

void verify_count_segment(struct verify *v, struct verify_track *t, const struct entry_segment *s)
{
	struct verify_rendition *r = verify_rendition_of(v, t);
	int64_t end_us = s->start_us + (int64_t)s->duration_ms * 1000;

	if (r->segments++ == 0) {
		r->first = s->number;
		r->from_us = s->start_us;
	}
	r->last = s->number;
	r->to_us = end_us;
	if (!verify_wanted(v, s->camera, s->start_us, end_us))
		return;
	count_clock(t, r, s);
	r->signature[s->signature]++;
}

/* Half of the segments have no more than this. */
static uint32_t typical_ms(const struct verify_track *t, const struct verify_rendition *r)
{
	uint64_t half = (r->clock_rtcp + r->clock_arrival + 1) / 2, n = 0;
	unsigned i = 0;

	while (i < VERIFY_CLOCKS - 1 && (n += t->clock[i]) < half)
		i++;
	return ms_of(i);
}

void verify_sums_end(struct verify *v)
{
	for (size_t i = 0; i < v->ntracks; i++) {
		struct verify_rendition *r = verify_rendition_of(v, v->track[i]);

		r->clock_typical_ms = r->clock_rtcp + r->clock_arrival ? typical_ms(v->track[i], r) : 0;
	}
}

void verify_count_gap(struct verify *v, const struct verify_camera *c, const struct entry_gap *g)
{
	struct verify_account *a = &v->report->account[c->report];
	struct verify_reason *r = a->reason;

	if (g->from_us == g->to_us)
		return;
	a->gaps++;
	a->gap_us += g->to_us - g->from_us;
	while (r < a->reason + a->nreasons && strcmp(r->why, g->why))
		r++;
	if (r == a->reason + VERIFY_REASONS_MAX)
		return;
	if (r == a->reason + a->nreasons) {
		a->nreasons++;
		memcpy(r->why, g->why, sizeof r->why);
	}
	r->gaps++;
	r->us += g->to_us - g->from_us;
}

void verify_encoder(struct verify *v, const struct entry_encoder *e, const struct hash *leaf)
{
	struct verify_report *r = v->report;
	struct verify_track *t = verify_track_get(v, e->camera, e->rendition);
	struct hash same;
	struct hasher h;

	if (!t)
		return;
	t->encoder[t->nencoders++ % VERIFY_ENCODERS_KNOWN] = *leaf;
	hasher_init(&h);
	hasher_update(&h, e->encoder, sizeof e->encoder);
	hasher_update(&h, e->settings, strlen(e->settings));
	hasher_final(&h, &same);
	if (hash_same(&same, &t->encoder_text) || !verify_wanted(v, e->camera, e->time_us, INT64_MAX))
		return;
	t->encoder_text = same;
	if (r->nencoders < VERIFY_ENCODERS_MAX)
		r->encoder[r->nencoders] = *e;
	r->nencoders++;
}

void verify_check_encoder(struct verify *v, const struct verify_track *t, const struct entry_segment *s)
{
	if (!s->has_encoder || t->lost)
		return;
	for (unsigned i = 0; i < t->nencoders && i < VERIFY_ENCODERS_KNOWN; i++)
		if (hash_same(&t->encoder[i], &s->encoder))
			return;
	verify_add(v, VERIFY_ORDER, s->camera, s->rendition, s->number, s->number, NULL, "names an encoder entry that is not before it");
}

void verify_check_source(struct verify *v, struct verify_camera *c, const struct entry_segment *s)
{
	struct verify_copy *copy = &c->copy[s->number % VERIFY_COPIES];

	if (!strcmp(s->rendition, "copy"))
		*copy = (struct verify_copy){true, s->number, s->media};
	else if (strcmp(s->rendition, "audio") == 0 || hash_is_zero(&s->source) || !copy->there || copy->number != s->number)
		return;  /* nothing that it could be held against */
	else if (!hash_same(&s->source, &copy->media))
		verify_add(v, VERIFY_ORDER, s->camera, s->rendition, s->number, s->number, NULL, "says that it was made from other bytes than the copy segment of its number has");
}

void verify_login(struct verify *v, const struct entry_login *l)
{
	uint64_t *sum = l->accepted ? &v->report->logins : &v->report->refusals;

	*sum = l->count > UINT64_MAX - *sum ? UINT64_MAX : *sum + l->count;
}

/* Whether the clip's files hold just so much of a rendition. */
static bool holds(const struct verify *v, const struct verify_track *t, uint64_t segments, uint64_t bytes)
{
	return t && verify_rendition_of(v, t)->in_files == segments && t->film_bytes == bytes;
}

/* An export entry comes after all that it is about, the other rendition's segments too. */
static void match_export(struct verify *v, const struct entry_export *e)
{
	struct verify_track *t = verify_track_find(v, e->camera, e->rendition);
	const struct entry_beside *b = &e->beside;

	if (holds(v, t, e->segments, e->bytes) && e->from_us == t->film_from_us && e->to_us == t->film_to_us &&
	    (!*b->rendition || holds(v, verify_track_find(v, e->camera, b->rendition), b->segments, b->bytes)))
		t->exported = v->index + 1;
}

void verify_export(struct verify *v, const struct entry_export *e)
{
	struct verify_report *r = v->report;

	match_export(v, e);
	if (!verify_wanted(v, e->camera, e->from_us, e->to_us))
		return;
	if (r->nexports < VERIFY_EXPORTS_MAX)
		r->export[r->nexports] = *e;
	r->nexports++;
}

static void say_fewer(struct verify *v, const char *camera, const char *rendition, uint64_t exported)
{
	const struct verify_track *t = verify_track_find(v, camera, rendition);
	uint64_t here = t ? verify_rendition_of(v, t)->in_files : 0;

	if (here < exported)
		verify_add(v, VERIFY_MISSING, camera, rendition, 0, 0, NULL, "%" PRIu64 " segments were exported, and the clip has files of %" PRIu64,
			exported, here);
}

/* A clip holds all that its export entries say that was handed out. */
static void say_short(struct verify *v)
{
	const struct verify_report *r = v->report;

	for (uint64_t i = 0; i < r->nexports && i < VERIFY_EXPORTS_MAX; i++) {
		const struct entry_export *e = &r->export[i];

		say_fewer(v, e->camera, e->rendition, e->segments);
		if (*e->beside.rendition)
			say_fewer(v, e->camera, e->beside.rendition, e->beside.segments);
	}
}

/* 1 + index of the newest export entry that is of what the camera's files hold. */
static uint64_t exported_last(const struct verify *v, const struct verify_camera *c)
{
	uint64_t last = 0;

	for (size_t i = 0; i < v->ntracks; i++)
		if (v->track[i]->camera == c && v->track[i]->exported > last)
			last = v->track[i]->exported;
	return last;
}

/* Who takes footage out of a clip takes no proof away that it was handed out, and finds no excuse in what was deleted later. */
void verify_exports_end(struct verify *v)
{
	say_short(v);
	for (size_t i = 0; i < v->ntracks; i++) {
		const struct verify_track *t = v->track[i];
		const struct verify_rendition *r = verify_rendition_of(v, t);

		if (r->in_files && !t->exported)
			verify_add(v, VERIFY_MISSING, r->camera, r->rendition, 0, 0, NULL, "no export entry says that just this was handed out: all of it, or the entry");
		else if (t->excused > (r->in_files ? t->exported : exported_last(v, t->camera)))
			verify_add(v, VERIFY_MISSING, r->camera, r->rendition, 0, 0, NULL, "what is not there was deleted after the clip was exported, or no entry says when that was");
	}
}
