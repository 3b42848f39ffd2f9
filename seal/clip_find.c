/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which entries a clip needs. The log is in the order of time but for steps of the clock and for what is logged late, so
 * the place is searched for by halves, and some minutes around it are read; from there back to the start of the run, for what
 * is in force, and forward until the camera's own account has passed the asked time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "seal/clip_state.h"

#define SLACK_US INT64_C(600000000)  /* what the clock may have stepped, and how late an entry may be */
#define STEP 4096                    /* entries looked at in a step: some milliseconds */

static int log_damaged(struct clip *c, uint64_t index, int rc)
{
	return clip_fail(c, rc == -EINVAL ? -EBADMSG : rc, "entry %llu of the log cannot be read: casemate verify says what of the log is damaged",
		(unsigned long long)index);
}

/* Entry index. 1 when it says something that is known here, 0 when not; or -errno. */
static int read_entry(struct clip *c, uint64_t index, struct entry *ret, struct hash *ret_leaf)
{
	const uint8_t *p;
	size_t n;
	int rc = clip_log_entry(&c->log, index, &p, &n);

	if (rc)
		return log_damaged(c, index, rc);
	if (ret_leaf)
		hash_leaf(p, n, ret_leaf);
	return entry_parse(p, n, ret, NULL) == 0 && ret->kind != ENTRY_OTHER;
}

static int grow(void **p, size_t *cap, size_t n, size_t max, size_t size)
{
	size_t more = *cap ? *cap * 2 : 256;
	void *grown;

	if (n < *cap)
		return 0;
	if (n >= max)
		return -ENOSPC;
	grown = realloc(*p, more * size);
	if (!grown)
		return -ENOMEM;
	*p = grown;
	*cap = more;
	return 0;
}

static int too_many(struct clip *c, int rc)
{
	return rc == -ENOSPC ? clip_fail(c, -EFBIG, "more than a clip can hold: ask for a shorter time") : clip_fail(c, rc, "%s", strerror(-rc));
}

int clip_take_entry(struct clip *c, uint64_t index)
{
	int rc = grow((void **)&c->entry, &c->cap_entries, c->nentries, CLIP_ENTRIES_MAX, sizeof *c->entry);

	if (rc)
		return too_many(c, rc);
	c->entry[c->nentries++] = index;
	return 0;
}

static int take_segment(struct clip *c, uint64_t index, const struct entry_segment *s)
{
	struct clip_segment to = {.entry = index, .number = s->number, .bytes = s->bytes, .start_us = s->start_us, .duration_ms = s->duration_ms,
		.clock_error_ms = s->clock_error_ms, .clock_rtcp = s->clock_rtcp, .is_first = hash_is_zero(&s->previous), .media = s->media,
		.init = s->init};
	struct clip_rendition *r = NULL;
	int rc;

	for (unsigned i = 0; i < c->nrenditions && !r; i++)
		if (!strcmp(c->rendition[i].name, s->rendition))
			r = &c->rendition[i];
	if (!r)
		return 0;
	if (clip_end_us(&to) <= c->from_us)
		c->has_before = true;
	else if (s->start_us >= c->to_us)
		c->covered = true;
	if (clip_end_us(&to) <= c->from_us || s->start_us >= c->to_us)
		return 0;
	if (s->has_encoder)
		to.encoder = s->encoder;
	rc = grow((void **)&r->segment, &r->cap, r->n, CLIP_SEGMENTS_MAX, sizeof *r->segment);
	if (rc)
		return too_many(c, rc);
	r->segment[r->n++] = to;
	c->has_first |= to.is_first && r == &c->rendition[0];
	return 0;
}

static int take_gap(struct clip *c, uint64_t index, const struct entry_gap *g)
{
	if (g->to_us <= c->from_us)
		c->has_before = true;
	if (g->to_us >= c->to_us)
		c->covered = true;
	if (g->to_us <= c->from_us || g->from_us >= c->to_us)
		return 0;
	if (c->gaps_kept < CLIP_GAPS_MAX)
		c->gap[c->gaps_kept++] = *g;
	c->ngaps++;
	return clip_take_entry(c, index);
}

/* Which of them segments name shows at the end. */
static int take_encoder(struct clip *c, uint64_t index, const struct entry_encoder *e, const struct hash *leaf)
{
	int rc;

	if (strcmp(e->camera, c->camera) != 0 || strcmp(e->rendition, c->rendition[0].name) != 0)
		return 0;
	rc = grow((void **)&c->encoder, &c->cap_encoders, c->nencoders, CLIP_ENTRIES_MAX, sizeof *c->encoder);
	if (rc)
		return too_many(c, rc);
	c->encoder[c->nencoders++] = (struct clip_encoder){*leaf, index};
	return 0;
}

static bool within(const struct clip *c, int64_t time_us)
{
	return time_us >= c->from_us && time_us <= c->to_us;
}

/* What is said of the asked time, wherever it stands. */
static int take_touching(struct clip *c, uint64_t index, const struct entry *e, const struct hash *leaf)
{
	switch (e->kind) {
	case ENTRY_SEGMENT:
		return strcmp(e->segment.camera, c->camera) ? 0 : take_segment(c, index, &e->segment);
	case ENTRY_GAP:
		return strcmp(e->gap.camera, c->camera) ? 0 : take_gap(c, index, &e->gap);
	case ENTRY_ALARM:
		return !strcmp(e->alarm.camera, c->camera) && within(c, e->alarm.time_us) ? clip_take_entry(c, index) : 0;
	case ENTRY_ENCODER:
		return take_encoder(c, index, &e->encoder, leaf);
	case ENTRY_START:
	case ENTRY_STOP:
	case ENTRY_CONFIG:
	case ENTRY_KEY:
		return within(c, entry_time_us(e, 0)) ? clip_take_entry(c, index) : 0;
	default:
		return 0;
	}
}

/* Going back: whether the alarm was on when the time began is what its last entry before then says. */
static int take_alarm_before(struct clip *c, uint64_t index, const struct entry_alarm *a)
{
	for (unsigned i = 0; i < c->nalarms; i++)
		if (!strcmp(c->alarm[i], a->alarm))
			return 0;
	if (strcmp(a->camera, c->camera) != 0 || a->time_us >= c->from_us || c->nalarms == CLIP_ALARMS)
		return 0;
	memcpy(c->alarm[c->nalarms++], a->alarm, sizeof a->alarm);
	return a->begin ? clip_take_entry(c, index) : 0;
}

/* Going back from the place: what was in force. */
static int take_before(struct clip *c, uint64_t index, const struct entry *e)
{
	if (entry_time_us(e, 0) >= c->from_us || c->has_start)
		return 0;
	if (e->kind == ENTRY_ALARM)
		return take_alarm_before(c, index, &e->alarm);
	if (e->kind == ENTRY_CONFIG && !c->has_config) {
		c->has_config = true;
		return clip_take_entry(c, index);
	}
	if (e->kind == ENTRY_START) {
		c->has_start = true;
		c->start = e->start;
		return clip_take_entry(c, index);
	}
	return 0;
}

/* The first time that entries of the tile tell. */
static int time_of_tile(struct clip *c, uint64_t tile, int64_t *ret)
{
	struct entry e;
	int rc = 0;

	for (uint64_t i = tile * TILE_WIDTH; rc == 0 && i < (tile + 1) * TILE_WIDTH && i < c->size; i++) {
		rc = read_entry(c, i, &e, NULL);
		if (rc == 1)
			*ret = entry_time_us(&e, 0);
	}
	return rc < 0 ? rc : 0;
}

static int find_place(struct clip *c)
{
	uint64_t low = 0, high = (c->size + TILE_WIDTH - 1) / TILE_WIDTH;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		int64_t time_us = INT64_MAX;
		int rc = time_of_tile(c, middle, &time_us);

		if (rc)
			return rc;
		if (time_us < c->from_us - SLACK_US)
			low = middle + 1;
		else
			high = middle;
	}
	c->first = c->next = low ? (low - 1) * TILE_WIDTH : 0;
	c->phase = CLIP_FORWARD;
	return 1;
}

static bool has_segments(const struct clip *c)
{
	return c->rendition[0].n > 0;
}

static int scan_forward(struct clip *c)
{
	struct entry e;
	struct hash leaf;
	bool past = false;

	for (unsigned i = 0; i < STEP && c->next < c->size && !past; i++, c->next++) {
		int rc = read_entry(c, c->next, &e, &leaf);

		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		rc = take_touching(c, c->next, &e, &leaf);
		if (rc)
			return rc;
		past = c->covered && entry_time_us(&e, 0) > c->to_us + SLACK_US;
	}
	if (c->next < c->size && !past)
		return 1;
	c->phase = has_segments(c) ? CLIP_BACKWARD : CLIP_CHECK;
	return 1;
}

/* The run's start, and something of the camera that was before; or its very first segment. */
static bool back_enough(const struct clip *c)
{
	return c->has_start && (c->has_before || c->has_first);
}

static int by_entry(const void *a, const void *b)
{
	const struct clip_segment *x = a, *y = b;

	return (x->entry > y->entry) - (x->entry < y->entry);
}

static int by_index(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Encoders that segments name are proved too. */
static int choose_encoders(struct clip *c)
{
	const struct clip_rendition *r = &c->rendition[0];
	size_t last = c->nencoders;

	for (size_t i = 0; i < r->n; i++) {
		size_t k = last < c->nencoders && hash_same(&c->encoder[last].leaf, &r->segment[i].encoder) ? c->nencoders : 0;

		while (k < c->nencoders && !hash_same(&c->encoder[k].leaf, &r->segment[i].encoder))
			k++;
		if (k == c->nencoders)
			continue;
		last = k;
		if (clip_take_entry(c, c->encoder[k].entry))
			return -ENOMEM;
	}
	return 0;
}

/* In the log's order, and each once. */
static void sort_entries(struct clip *c)
{
	size_t n = 0;

	if (c->nentries)
		qsort(c->entry, c->nentries, sizeof *c->entry, by_index);
	for (size_t i = 0; i < c->nentries; i++)
		if (n == 0 || c->entry[n - 1] != c->entry[i])
			c->entry[n++] = c->entry[i];
	c->nentries = n;
}

static int scan_back(struct clip *c)
{
	struct entry e;
	struct hash leaf;

	for (unsigned i = 0; i < STEP && c->next > 0 && !back_enough(c); i++) {
		int rc = read_entry(c, --c->next, &e, &leaf);

		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		rc = c->next < c->first ? take_touching(c, c->next, &e, &leaf) : 0;
		if (!rc)
			rc = take_before(c, c->next, &e);
		if (rc)
			return rc;
	}
	if (c->next > 0 && !back_enough(c))
		return 1;
	c->next = c->first;
	for (unsigned i = 0; i < c->nrenditions; i++)
		if (c->rendition[i].n)
			qsort(c->rendition[i].segment, c->rendition[i].n, sizeof *c->rendition[i].segment, by_entry);
	c->phase = CLIP_CHECK;
	return choose_encoders(c) ? -ENOMEM : 1;
}

int clip_find(struct clip *c)
{
	switch (c->phase) {
	case CLIP_PLACE: return find_place(c);
	case CLIP_FORWARD: return scan_forward(c);
	default: return scan_back(c);
	}
}

/* Whether it removed anything of the asked time. */
static bool removed_some(const struct clip *c, const struct entry_delete *d)
{
	for (unsigned i = 0; i < c->nrenditions; i++) {
		const struct clip_rendition *r = &c->rendition[i];

		if (!r->n || strcmp(r->name, d->rendition) != 0 || d->to_number < r->segment[0].number || d->from_number > r->segment[r->n - 1].number)
			continue;
		for (size_t k = 0; k < r->n; k++)
			if (r->segment[k].fate == CLIP_GONE && r->segment[k].number >= d->from_number && r->segment[k].number <= d->to_number)
				return true;
	}
	return false;
}

int clip_find_deletes(struct clip *c)
{
	struct entry e;

	for (unsigned i = 0; i < STEP && c->next < c->size; i++, c->next++) {
		int rc = read_entry(c, c->next, &e, NULL);

		if (rc < 0)
			return rc;
		if (rc == 0 || e.kind != ENTRY_DELETE || strcmp(e.del.camera, c->camera) != 0 || !removed_some(c, &e.del))
			continue;
		if (c->ndels < CLIP_DELETES_MAX)
			c->del[c->ndels++] = e.del;
		rc = clip_take_entry(c, c->next);
		if (rc)
			return rc;
	}
	if (c->next < c->size)
		return 1;
	sort_entries(c);
	c->phase = CLIP_FOUND;
	return 0;
}

/* The same but for the time, which is that of whoever logged it. */
static bool is_export(const struct entry_export *a, const struct entry_export *b)
{
	return !strcmp(a->user, b->user) && !strcmp(a->camera, b->camera) && !strcmp(a->rendition, b->rendition) && a->from_us == b->from_us &&
	       a->to_us == b->to_us && a->segments == b->segments && a->bytes == b->bytes &&
	       !strcmp(a->beside.rendition, b->beside.rendition) && a->beside.segments == b->beside.segments && a->beside.bytes == b->beside.bytes;
}

int clip_find_exports(struct clip *c)
{
	unsigned missing = 0;
	struct entry e;
	int rc;

	for (; c->next < c->log.at.size; c->next++) {
		rc = read_entry(c, c->next, &e, NULL);
		if (rc < 0)
			return rc;
		for (unsigned i = 0; rc == 1 && e.kind == ENTRY_EXPORT && i < c->nexports; i++) {
			if (c->logged[i] || !is_export(&c->export[i].export, &e.export))
				continue;
			c->logged[i] = true;
			c->export[i].export.time_us = e.export.time_us;
			rc = clip_take_entry(c, c->next);
			if (rc)
				return rc;
			break;
		}
	}
	for (unsigned i = 0; i < c->nexports; i++)
		missing += !c->logged[i];
	if (missing)
		return 1;
	sort_entries(c);
	return 0;
}
