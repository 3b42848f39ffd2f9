/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By the index alone, which has when each segment begins. How long one lasts only its entry in the log tells: that is read where the next one begins
 * later than any that was read would end, so that a day costs some pages of the index and not each of its segments' entries.
 */
#include "server/store_spans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/rd.h"
#include "server/msg.h"
#include "server/store_walk.h"

#define SLACK_US 500000                 /* between two segments that follow each other */
#define ENTRIES_MAX 4096                /* of the log, read for an answer */
#define BUNDLES_BACK 3                  /* looked through for why a gap was: its entry is close before the segment's behind it */

struct span_of_time {
	int64_t from_us, to_us;
	char why[ENTRY_NAME];           /* of what is missing before it */
};

struct hole {
	int64_t from_us, to_us, told_us;  /* told_us: what of it why is said of */
	char why[ENTRY_NAME];
};

struct spans {
	const struct store_list *l;
	struct store_walk walk;
	struct span_of_time *span;
	size_t n;
	uint64_t last;                  /* number of the newest segment taken, 0: none */
	struct archive_slot last_slot;
	int64_t lasts_us;               /* no segment whose entry was read lasts longer */
	unsigned entries;
	int64_t oldest_us;
	bool removed, full;             /* removed: segments whose bytes are gone came since the last one taken */
};

/* Where the newest one taken ends. */
static int end_last(struct spans *s)
{
	struct span_of_time *now = &s->span[s->n - 1];
	struct entry_segment e;
	int rc;

	if (s->entries++ >= ENTRIES_MAX) {
		now->to_us = s->last_slot.start_us + s->lasts_us;
		return 0;
	}
	rc = store_walk_entry(&s->walk, s->last, &s->last_slot, &e);
	if (rc)
		return rc;
	now->to_us = e.start_us + e.duration_ms * INT64_C(1000);
	if (e.duration_ms * INT64_C(1000) > s->lasts_us)
		s->lasts_us = e.duration_ms * INT64_C(1000);
	return 0;
}

/* How much of the hole the gap is. */
static int64_t share_of(const struct entry_gap *g, const struct hole *h)
{
	return (g->to_us < h->to_us ? g->to_us : h->to_us) - (g->from_us > h->from_us ? g->from_us : h->from_us);
}

/* Of the camera's gaps among the bundle's first width entries, the one that most of the hole is. */
static void find_why(const struct spans *s, const struct buf *bundle, unsigned width, struct hole *h)
{
	struct rd r = rd_init(buf_data(bundle), bundle->len);
	const uint8_t *p;
	struct entry e;
	size_t n;

	for (unsigned i = 0; i < width && tile_bundle_next(&r, &p, &n) == 1; i++) {
		if (n > ENTRY_MAX_BYTES || entry_parse(p, n, &e, NULL) < 0 || e.kind != ENTRY_GAP || strcmp(e.gap.camera, s->l->camera) != 0 ||
		    share_of(&e.gap, h) <= h->told_us)
			continue;
		h->told_us = share_of(&e.gap, h);
		memcpy(h->why, e.gap.why, ENTRY_NAME);
	}
}

/* Looks back from an entry of the log for why there is nothing in that time. 0 or -errno. */
static int look_why(struct spans *s, uint64_t entry, struct hole *h)
{
	struct buf b;
	int rc = 0;

	buf_init(&b, TILE_BUNDLE_MAX_BYTES);
	for (unsigned i = 0; !rc && h->told_us < (h->to_us - h->from_us) / 2 && i < BUNDLES_BACK && entry / TILE_WIDTH >= i && s->entries < ENTRIES_MAX; i++) {
		struct tile t = {.entries = true, .index = entry / TILE_WIDTH - i, .width = i ? TILE_WIDTH : (unsigned)(entry % TILE_WIDTH) + 1};

		buf_clear(&b);
		s->entries += TILE_WIDTH / 16;
		rc = tlog_read_tile(&s->l->log, &t, &b);
		if (!rc)
			find_why(s, &b, t.width, h);
	}
	buf_free(&b);
	return rc;
}

static int begin_span(struct spans *s, const struct archive_slot *slot)
{
	struct span_of_time *now = &s->span[s->n];
	struct hole h = {.from_us = s->n ? now[-1].to_us : slot->start_us, .to_us = slot->start_us};
	int rc = 0;

	*now = (struct span_of_time){.from_us = slot->start_us, .to_us = slot->start_us};
	s->n++;
	if (h.from_us >= h.to_us)
		return 0;
	if (s->removed)
		memcpy(h.why, "deleted", sizeof "deleted");
	else
		rc = look_why(s, slot->entry, &h);
	memcpy(now->why, h.why, sizeof now->why);
	return rc;
}

/* Whether it follows the newest one taken without a hole, by what is known of how long segments last. */
static bool follows(const struct spans *s, uint64_t number, const struct archive_slot *slot)
{
	int64_t since_us = slot->start_us - s->last_slot.start_us;

	return number == s->last + 1 && since_us > -SLACK_US && since_us <= s->lasts_us + SLACK_US;
}

static int take(struct spans *s, uint64_t number, const struct archive_slot *slot)
{
	int rc = 0;

	if (s->last && !follows(s, number, slot)) {
		rc = end_last(s);
		if (rc)
			return rc;
	}
	if (!s->last || !follows(s, number, slot)) {
		if (s->n == STORE_SPANS_MAX) {
			s->full = true;
			return 0;
		}
		rc = begin_span(s, slot);
	}
	s->last = number;
	s->last_slot = *slot;
	s->removed = false;
	return rc;
}

/* 0, 1 when nothing behind it can be wanted, or -errno. */
static int look_at(struct spans *s, uint64_t number, const struct archive_slot *slot)
{
	int rc;

	if (!slot->has_entry || slot->start_us + MSG_SEGMENT_MAX_S * INT64_C(1000000) <= s->l->from_us)
		return 0;
	if (slot->start_us >= s->l->to_us || slot->entry >= s->l->log.size)
		return 1;
	if (!slot->kept) {
		s->removed = true;
		return 0;
	}
	rc = take(s, number, slot);
	return rc ? rc : s->full;
}

static int look(struct spans *s, uint64_t folder)
{
	int rc = 0;

	for (; !rc && folder <= s->l->range.newest / ARCHIVE_FOLDER; folder++) {
		rc = store_walk_page(&s->walk, folder);
		for (unsigned i = 0; !rc && i < ARCHIVE_FOLDER; i++)
			rc = look_at(s, folder * ARCHIVE_FOLDER + i, &s->walk.page.slot[i]);
	}
	if (rc >= 0 && s->last && !s->full)
		rc = end_last(s);
	return rc < 0 ? rc : 0;
}

static int find_oldest(struct spans *s)
{
	uint64_t oldest = s->l->range.oldest;
	int rc = store_walk_page(&s->walk, oldest / ARCHIVE_FOLDER);

	s->oldest_us = s->walk.page.slot[oldest % ARCHIVE_FOLDER].start_us;
	return rc;
}

static int write_spans(const struct spans *s, struct buf *out)
{
	struct json j = json_init(out);

	json_open(&j, NULL, '{');
	json_int(&j, "oldest_ms", s->oldest_us / 1000);
	json_open(&j, "spans", '[');
	for (size_t i = 0; i < s->n; i++) {
		json_open(&j, NULL, '[');
		json_int(&j, NULL, s->span[i].from_us / 1000);
		json_int(&j, NULL, s->span[i].to_us / 1000);
		json_close(&j, ']');
	}
	json_close(&j, ']');
	json_open(&j, "gaps", '[');
	for (size_t i = 1; i < s->n; i++) {
		if (s->span[i].from_us <= s->span[i - 1].to_us)
			continue;
		json_open(&j, NULL, '{');
		json_int(&j, "from_ms", s->span[i - 1].to_us / 1000);
		json_int(&j, "to_ms", s->span[i].from_us / 1000);
		json_str(&j, "why", s->span[i].why);
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_bool(&j, "whole", !s->full);
	json_close(&j, '}');
	return j.bad ? -ENOBUFS : 0;
}

int store_spans(const struct store_list *l, struct buf *out, bool *ret_stale)
{
	struct spans *s;
	uint64_t folder;
	int rc;

	*ret_stale = false;
	if (!l->range.newest || l->range.newest < l->range.oldest)
		return -ENOENT;
	s = calloc(1, sizeof *s);
	if (!s)
		return -ENOMEM;
	*s = (struct spans){.l = l, .walk = store_walk_begin(l), .span = calloc(STORE_SPANS_MAX, sizeof *s->span)};
	rc = s->span ? find_oldest(s) : -ENOMEM;
	if (!rc)
		rc = store_walk_find(&s->walk, l->from_us, &folder);
	if (!rc) {
		rc = look(s, folder);
		*ret_stale = rc == -ENOENT;
	}
	if (!rc)
		rc = write_spans(s, out);
	free(s->span);
	free(s);
	return rc;
}
