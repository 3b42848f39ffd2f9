/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/store_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "media/playlist.h"
#include "server/msg.h"
#include "server/store_walk.h"

#define HOLES_MAX 256                   /* numbers in a row of which nothing is kept */
#define JUMP_US 500000                  /* more than that between two segments: their timelines are two */
#define HEX (PLAYLIST_HEX + 1)

struct listing {
	const struct store_list *l;
	struct store_walk walk;
	struct playlist_segment *segment;
	char (*init)[HEX];
	size_t n, max;
	uint32_t target_s;
	bool full;
};

/* What is not kept is named as a gap, so that the others keep their numbers. */
static void fill_holes(struct listing *g, uint64_t number)
{
	while (g->n && g->n < g->max && g->segment[g->n - 1].number + 1 < number) {
		struct playlist_segment *s = &g->segment[g->n];

		*s = g->segment[g->n - 1];
		s->number++;
		s->gap = true;
		s->discontinuity = false;
		s->capture_us += (int64_t)s->duration_us;
		memcpy(g->init[g->n], g->init[g->n - 1], HEX);
		g->n++;
	}
}

static bool is_new_epoch(const struct listing *g, int64_t start_us)
{
	const struct playlist_segment *before = &g->segment[g->n - 1];
	int64_t jump_us = start_us - before->capture_us - (int64_t)before->duration_us;

	return before->gap || jump_us > JUMP_US || jump_us < -JUMP_US;
}

static void add(struct listing *g, const struct archive_slot *slot, const struct entry_segment *e)
{
	uint64_t duration_us = e->duration_ms * UINT64_C(1000);

	if (g->n && e->number - g->segment[g->n - 1].number > HOLES_MAX) {
		g->full = true;
		return;
	}
	fill_holes(g, e->number);
	if (g->n == g->max) {
		g->full = true;
		return;
	}
	g->segment[g->n] = (struct playlist_segment){.number = e->number, .duration_us = duration_us, .capture_us = e->start_us,
		.discontinuity = g->n && is_new_epoch(g, e->start_us)};
	hex_encode(slot->init, ARCHIVE_PREFIX, g->init[g->n]);
	g->n++;
	while (!playlist_fits(duration_us, g->target_s))
		g->target_s++;
}

/* 0, 1 when nothing behind it can be wanted, or -errno. */
static int look_at(struct listing *g, uint64_t number, const struct archive_slot *slot)
{
	struct entry_segment e;
	int rc;

	if (!slot->has_entry || !slot->kept || slot->start_us + MSG_SEGMENT_MAX_S * INT64_C(1000000) <= g->l->from_us)
		return 0;
	if (slot->start_us >= g->l->to_us || slot->entry >= g->l->log.size)
		return 1;
	rc = store_walk_entry(&g->walk, number, slot, &e);
	if (rc)
		return rc;
	if (store_list_touches(e.start_us, e.duration_ms * INT64_C(1000), g->l->from_us, g->l->to_us))
		add(g, slot, &e);
	return g->full;
}

static int look(struct listing *g, uint64_t folder)
{
	int rc = 0;

	for (; !rc && folder <= g->l->range.newest / ARCHIVE_FOLDER; folder++) {
		rc = store_walk_page(&g->walk, folder);
		for (unsigned i = 0; !rc && i < ARCHIVE_FOLDER; i++)
			rc = look_at(g, folder * ARCHIVE_FOLDER + i, &g->walk.page.slot[i]);
	}
	return rc < 0 ? rc : 0;
}

static int write_list(struct listing *g, struct buf *out)
{
	struct playlist_media m = {.segment = g->segment, .nsegments = g->n, .target_s = g->target_s, .ended = true};

	if (!g->n)
		return -ENOENT;
	for (size_t i = 0; i < g->n; i++)
		g->segment[i].init = g->init[i];
	return playlist_media(out, &m);
}

static struct listing *new_listing(const struct store_list *l)
{
	uint64_t numbers = l->range.newest - l->range.oldest / ARCHIVE_FOLDER * ARCHIVE_FOLDER + 1;
	struct listing *g = calloc(1, sizeof *g);

	if (!g)
		return NULL;
	*g = (struct listing){.l = l, .walk = store_walk_begin(l), .max = numbers < STORE_LIST_MAX ? (size_t)numbers : STORE_LIST_MAX, .target_s = 1};
	g->segment = calloc(g->max, sizeof *g->segment);
	g->init = calloc(g->max, sizeof *g->init);
	return g;
}

int store_list(const struct store_list *l, struct buf *out, bool *ret_stale)
{
	struct listing *g;
	uint64_t folder;
	int rc = -ENOMEM;

	*ret_stale = false;
	if (!l->range.newest || l->range.newest < l->range.oldest)
		return -ENOENT;
	g = new_listing(l);
	if (!g || !g->segment || !g->init)
		goto out;
	rc = store_walk_find(&g->walk, l->from_us, &folder);
	if (!rc) {
		rc = look(g, folder);
		*ret_stale = rc == -ENOENT;
	}
	if (!rc)
		rc = write_list(g, out);
out:
	if (g) {
		free(g->segment);
		free(g->init);
	}
	free(g);
	return rc;
}
