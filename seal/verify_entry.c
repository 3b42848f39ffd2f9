/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify's reading of entries: what each says, and whether it follows from the one before. */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "seal/lines.h"
#include "seal/verify_state.h"

/* The chain: this entry names the leaf of the one before. */
static void check_order(struct verify *v, struct verify_track *t, const struct entry_segment *s)
{
	const struct verify_rendition *r = verify_rendition_of(v, t);

	if (t->lost) {
		if (s->number > r->last + 1)
			verify_add(v, VERIFY_MISSING, s->camera, s->rendition, r->last + 1, s->number - 1, NULL,
				"their entries, if there were any, cannot be read");
		return;
	}
	if (t->seen && s->number <= r->last)
		verify_add(v, VERIFY_ORDER, s->camera, s->rendition, s->number, s->number, NULL,
			"comes after segment %" PRIu64 " in the log", r->last);
	if (t->seen ? hash_same(&s->previous, &t->leaf) || hash_same(&s->previous, &t->tile_leaf) : v->clip || hash_is_zero(&s->previous))
		return;
	v->named_log = true;
	verify_add(v, VERIFY_ORDER, s->camera, s->rendition, t->seen ? r->last : s->number, s->number, NULL,
		t->seen ? "the later entry does not follow the earlier one: one of them was changed, or one between them is gone" :
		"the first entry of this rendition says that there were earlier ones");
}

static void take_segment(struct verify *v, const struct entry_segment *s, const struct hash *leaf, const struct hash *tile_leaf,
	struct verify_ref *ret_ref)
{
	struct verify_track *t = verify_track_get(v, s->camera, s->rendition);
	struct verify_folder *f = t ? verify_folder(v, t, s->number, true) : NULL;
	bool copy = !strcmp(s->rendition, "copy");

	if (!f)
		return;
	*ret_ref = (struct verify_ref){t, s->number};
	check_order(v, t, s);
	verify_check_encoder(v, t, s);
	if (hash_same(leaf, tile_leaf))
		verify_check_source(v, t->camera, s);
	verify_set(f->named, s->number, true);
	if (copy || !t->camera->has_copy) {
		t->camera->has_copy = t->camera->has_copy || copy;
		verify_cover(v, t->camera, s->start_us, s->start_us + (int64_t)s->duration_ms * 1000);
	}
	verify_count_segment(v, t, s);
	verify_count_cosigned(v, s);
	t->leaf = *leaf;
	t->tile_leaf = *tile_leaf;
	t->seen = true;
	t->lost = false;
	if (v->past && v->report->is_signed) {
		t->unsigned_first = t->unsigned_first ? t->unsigned_first : s->number;
		t->unsigned_last = s->number;
	}
	verify_media(v, t, s);
}

static void take_alarm(struct verify *v, const struct entry_alarm *a)
{
	struct verify_report *r = v->report;

	if (!verify_wanted(v, a->camera, a->time_us, a->time_us))
		return;
	if (r->nalarms < VERIFY_ALARMS_MAX)
		r->alarm[r->nalarms] = *a;
	r->nalarms++;
}

/* Whether other programs began than in the run before. */
static bool other_programs(const struct entry_start *a, const struct entry_start *b)
{
	bool same = !strcmp(a->program, b->program) && hash_same(&a->build, &b->build) && a->has_sbom == b->has_sbom &&
		    hash_same(&a->sbom, &b->sbom) && a->nbinaries == b->nbinaries;

	for (unsigned i = 0; same && i < a->nbinaries; i++)
		same = !strcmp(a->binary[i].name, b->binary[i].name) && hash_same(&a->binary[i].hash, &b->binary[i].hash);
	return !same;
}

static void take_programs(struct verify_report *r, const struct entry_start *before, const struct entry_start *s)
{
	if (!other_programs(before, s))
		return;
	if (r->nprograms < VERIFY_PROGRAMS_MAX)
		r->programs[r->nprograms] = *s;
	r->nprograms++;
}

static void take_config(struct verify *v, const struct entry_config *c)
{
	struct verify_report *r = v->report;

	if (r->nconfigs < VERIFY_CONFIGS_MAX)
		r->config[r->nconfigs] = *c;
	r->nconfigs++;
}

static void take_start(struct verify *v, const struct entry_start *s)
{
	if (v->running)
		v->report->crashes++;
	v->report->starts++;
	v->running = true;
	take_programs(v->report, &v->start, s);
	v->start = *s;
	verify_start_key(v, s);
}

/* An entry that cannot be parsed may still tell which segment it was about. */
void verify_salvage(const uint8_t *p, size_t n, struct verify_problem *ret)
{
	struct rd r = rd_init(p, n);

	assert(ret);
	while (rd_left(&r) && !r.bad) {
		struct rd line = lines_until(&r, '\n'), field = lines_until(&line, ' ');
		char *to = lines_is(&field, "camera") ? ret->camera : lines_is(&field, "rendition") ? ret->rendition : NULL;
		uint64_t number;

		if (to && text_is_name(lines_text(&line), rd_left(&line)))
			snprintf(to, ENTRY_NAME, "%.*s", (int)rd_left(&line), lines_text(&line));
		if (lines_is(&field, "number") && text_u64(lines_text(&line), rd_left(&line), ENTRY_NUMBER_MAX, &number) == 0)
			ret->first = ret->last = number;
	}
}

void verify_entry(struct verify *v, uint64_t index, const uint8_t *p, size_t n, const struct hash *leaf, const struct hash *tile_leaf,
	struct verify_ref *ret_ref)
{
	struct entry e;
	const char *why;

	v->report->entries++;
	v->index = index;
	if (entry_parse(p, n, &e, &why)) {
		v->named_log = true;
		verify_salvage(p, n, verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, NULL, "entry %" PRIu64 ": %s", index, why));
		return;
	}
	switch (e.kind) {
	case ENTRY_SEGMENT:
		take_segment(v, &e.segment, leaf, tile_leaf, ret_ref);
		break;
	case ENTRY_GAP:
		verify_gap(v, &e.gap);
		break;
	case ENTRY_DELETE:
		verify_deleted(v, &e.del);
		break;
	case ENTRY_START:
		take_start(v, &e.start);
		break;
	case ENTRY_STOP:
		v->report->stops++;
		v->running = false;
		break;
	case ENTRY_ALARM:
		take_alarm(v, &e.alarm);
		break;
	case ENTRY_CONFIG:
		take_config(v, &e.config);
		break;
	case ENTRY_ENCODER:
		verify_encoder(v, &e.encoder, leaf);
		break;
	case ENTRY_LOGIN:
		verify_login(v, &e.login);
		break;
	case ENTRY_EXPORT:
		verify_export(v, &e.export);
		break;
	case ENTRY_KEY:
		verify_key_change(v, &e.key);
		break;
	case ENTRY_WATCH:
		v->report->views++;
		break;
	case ENTRY_OTHER:
		break;
	}
	verify_account_entry(v, &e);
	if (!hash_same(leaf, tile_leaf)) {
		struct verify_problem *bad = verify_add(v, VERIFY_CHANGED, NULL, NULL, 0, 0, NULL,
			"entry %" PRIu64 " of the log is not the one whose hash its tile holds", index);

		v->named_log = true;
		verify_salvage(p, n, bad);
	}
}

void verify_lost(struct verify *v)
{
	for (size_t i = 0; i < v->ntracks; i++)
		v->track[i]->lost = true;
	for (size_t i = 0; i < v->ncameras; i++)
		v->camera[i]->lost = true;
}
