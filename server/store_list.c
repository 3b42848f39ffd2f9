/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server/store_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "media/playlist.h"
#include "server/msg.h"
#include "store/index.h"

#define HOLES_MAX 256                   /* numbers in a row of which nothing is kept */
#define JUMP_US 500000                  /* more than that between two segments: their timelines are two */
#define HEX (PLAYLIST_HEX + 1)

struct listing {
	const struct store_list *l;
	struct index_page page;
	uint64_t folder;                /* of the page; UINT64_MAX: none was read */
	struct playlist_segment *segment;
	char (*init)[HEX];
	size_t n, max;
	uint32_t target_s;
	bool full;
};

static int read_page(struct listing *g, uint64_t folder)
{
	int rc = g->folder == folder ? 0 : index_read_page(g->l->log.dirfd, g->l->camera, g->l->rendition, folder, &g->page);

	if (rc == -ENOENT)
		memset(&g->page, 0, sizeof g->page);
	g->folder = rc && rc != -ENOENT ? UINT64_MAX : folder;
	return rc == -ENOENT ? 0 : rc;
}

/* When the folder begins; a folder of which nothing is known begins before everything. */
static int begin_of(struct listing *g, uint64_t folder, int64_t *ret_us)
{
	int rc = read_page(g, folder);

	*ret_us = INT64_MIN;
	for (unsigned i = 0; !rc && i < ARCHIVE_FOLDER; i++)
		if (g->page.slot[i].has_entry) {
			*ret_us = g->page.slot[i].start_us;
			break;
		}
	return rc;
}

/* The last folder that begins no later: times only grow with numbers, but for a clock that was set back. */
static int find_folder(struct listing *g, uint64_t *ret)
{
	uint64_t low = g->l->range.oldest / ARCHIVE_FOLDER, high = g->l->range.newest / ARCHIVE_FOLDER;

	while (low < high) {
		uint64_t middle = low + (high - low + 1) / 2;
		int64_t begins_us;
		int rc = begin_of(g, middle, &begins_us);

		if (rc)
			return rc;
		if (begins_us <= g->l->from_us)
			low = middle;
		else
			high = middle - 1;
	}
	*ret = low;
	return 0;
}

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
	uint8_t bytes[ENTRY_MAX_BYTES];
	struct entry e;
	size_t n;
	int rc;

	if (!slot->has_entry || !slot->kept || slot->start_us + MSG_SEGMENT_MAX_S * INT64_C(1000000) <= g->l->from_us)
		return 0;
	if (slot->start_us >= g->l->to_us || slot->entry >= g->l->log.size)
		return 1;
	rc = tlog_read_entry(&g->l->log, slot->entry, bytes, &n);
	if (rc)
		return rc;
	if (entry_parse(bytes, n, &e, NULL) < 0 || e.kind != ENTRY_SEGMENT || e.segment.number != number || strcmp(e.segment.camera, g->l->camera) != 0 ||
	    strcmp(e.segment.rendition, g->l->rendition) != 0)
		return -EBADMSG;
	if (store_list_touches(e.segment.start_us, e.segment.duration_ms * INT64_C(1000), g->l->from_us, g->l->to_us))
		add(g, slot, &e.segment);
	return g->full;
}

static int look(struct listing *g, uint64_t folder)
{
	int rc = 0;

	for (; !rc && folder <= g->l->range.newest / ARCHIVE_FOLDER; folder++) {
		rc = read_page(g, folder);
		for (unsigned i = 0; !rc && i < ARCHIVE_FOLDER; i++)
			rc = look_at(g, folder * ARCHIVE_FOLDER + i, &g->page.slot[i]);
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
	*g = (struct listing){.l = l, .folder = UINT64_MAX, .max = numbers < STORE_LIST_MAX ? (size_t)numbers : STORE_LIST_MAX, .target_s = 1};
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
	rc = find_folder(g, &folder);
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
