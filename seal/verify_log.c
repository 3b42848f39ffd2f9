/* SPDX-License-Identifier: GPL-2.0-or-later */
/* verify's walk over the log: every entry against its tile, every tile against the one above, the root against the checkpoint. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "seal/verify_state.h"

int verify_open_checkpoint(struct verify *v, const void *note, size_t n, struct checkpoint *ret, const char **why)
{
	return keychain_checkpoint(&v->keys, note, n, ret, NULL, why);
}

void verify_learn_keys(struct verify *v)
{
	struct buf *b = &v->report->keys;
	const char *why;
	int rc;

	why = "holds more keys than a site can have";
	rc = v->src->get(v->src->ctx, v->keys_path, b);
	if (!rc)
		rc = keychain_add(&v->keys, buf_data(b), b->len, &why);
	if (rc)
		buf_clear(b);
	if (rc == -ENOMEM)
		v->error = rc;
	else if (rc == -EBADMSG || rc == -ENOBUFS)
		verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, v->keys_path, "%s", why);
	else if (rc && rc != -ENOENT)
		verify_add_unreadable(v, v->keys_path, rc);
}

int verify_checkpoint(struct verify *v, struct checkpoint *ret, const char **why)
{
	int rc;

	buf_clear(&v->note);
	*why = "cannot be read";
	rc = v->src->get(v->src->ctx, v->note_path, &v->note);
	return rc ? rc : verify_open_checkpoint(v, buf_data(&v->note), v->note.len, ret, why);
}

static int get_tile(struct verify *v, const struct tile *t, struct buf *out)
{
	char path[TILE_PATH + 8], tile[TILE_PATH];

	tile_path(t, tile);
	snprintf(path, sizeof path, "log/%s", tile);
	buf_clear(out);
	return v->src->get(v->src->ctx, path, out);
}

/* Whether there is a newer checkpoint, whose tiles took the place of those that we look for. */
static bool is_stale(struct verify *v)
{
	struct checkpoint c;
	const char *why;

	v->stale = !v->past && v->src->again && verify_checkpoint(v, &c, &why) == 0 && c.size > v->target.size;
	return v->stale;
}

/* A tile that is not full may have grown: then its first hashes are in the full one, or in the widest there is. */
static int read_tile(struct verify *v, struct tile *t, struct buf *out)
{
	struct tile asked = *t;
	int rc = get_tile(v, t, out);

	if (rc == -ENOENT && t->width < TILE_WIDTH) {
		t->width = TILE_WIDTH;
		rc = get_tile(v, t, out);
	}
	if (rc == -ENOENT && t->level == 0 && v->widest.index == t->index && v->widest.width > asked.width) {
		t->width = v->widest.width;
		rc = get_tile(v, t, out);
	}
	if (rc)
		*t = asked;
	return rc;
}

/* Says what is wrong with a tile; NULL when nothing is, or it is only stale. */
static struct verify_problem *tile_problem(struct verify *v, const struct tile *t, int rc, const char *what)
{
	char path[TILE_PATH + 8], tile[TILE_PATH];

	if (!rc || (rc == -ENOENT && is_stale(v)))
		return NULL;
	tile_path(t, tile);
	snprintf(path, sizeof path, "log/%s", tile);
	if (rc != -ENOENT && rc != -EBADMSG && rc != -ENOBUFS) {
		verify_add_unreadable(v, path, rc);
		return NULL;
	}
	return verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, path, "%s", rc == -ENOENT ? "is not there" : what);
}

/* Names in a problem the segments that refs speak of: all of one rendition, or the first. */
static void name_segments(struct verify *v, struct verify_problem *p, const struct verify_ref *ref, unsigned n)
{
	const struct verify_rendition *r;
	unsigned i = 0;

	while (i < n && !ref[i].track)
		i++;
	if (!p || i == n)
		return;
	r = verify_rendition_of(v, ref[i].track);
	memcpy(p->camera, r->camera, sizeof p->camera);
	memcpy(p->rendition, r->rendition, sizeof p->rendition);
	p->first = ref[i].number;
	for (unsigned k = i; k < n; k++)
		if (ref[k].track == ref[i].track)
			p->last = ref[k].number;
	v->named_log = true;
}

/* The hashes of a level so far against its tile. */
static void check_level(struct verify *v, unsigned level)
{
	struct verify_level *l = &v->level[level];
	struct tile t = {.level = level, .index = l->index, .width = l->n};
	int rc = read_tile(v, &t, &v->tile);
	unsigned bad = 0;

	if (!rc && v->tile.len != t.width * HASH_BYTES)
		rc = -EBADMSG;
	if (rc) {
		name_segments(v, tile_problem(v, &t, rc, "has not the length of its hashes"), l->ref, l->n);
		return;
	}
	while (bad < l->n && !memcmp(buf_data(&v->tile) + bad * HASH_BYTES, l->hash[bad].b, HASH_BYTES))
		bad++;
	if (bad < l->n)
		name_segments(v, tile_problem(v, &t, -EBADMSG, "does not hold the hashes of the tiles below: they or it were changed"),
			l->ref + bad, 1);
}

/* A full tile's root goes one level up. */
static void carry(struct verify *v, unsigned level)
{
	struct verify_level *l = &v->level[level], *above = l + 1;
	struct verify_ref first = {0};

	if (level)
		check_level(v, level);
	for (unsigned i = 0; i < TILE_WIDTH && !first.track; i++)
		first = l->ref[i];
	for (unsigned n = TILE_WIDTH; n > 1; n /= 2)
		for (unsigned i = 0; i < n / 2; i++)
			hash_node(&l->hash[2 * i], &l->hash[2 * i + 1], &l->hash[i]);
	above->ref[above->n] = first;
	above->hash[above->n++] = l->hash[0];
	l->n = 0;
	l->index++;
	if (above->n == TILE_WIDTH && level + 2 < TILE_LEVELS)
		carry(v, level + 1);
}

/* One bundle and its tile of hashes, as far as they could be read. */
struct pages {
	struct tile hashes, entries;
	struct rd bundle;
	bool has_hashes, has_entries;
	struct verify_problem *hash_problem;
};

static bool open_pages(struct verify *v, uint64_t index, unsigned width, struct pages *ret)
{
	struct pages p = {.hashes = {.index = index, .width = width}, .entries = {.entries = true, .index = index, .width = width}};
	int rc = read_tile(v, &p.entries, &v->bundle);

	p.has_entries = rc == 0;
	tile_problem(v, &p.entries, rc, "is too long");
	if (v->stale)
		return false;
	rc = read_tile(v, &p.hashes, &v->tile);
	if (!rc && v->tile.len != p.hashes.width * HASH_BYTES)
		rc = -EBADMSG;
	p.has_hashes = rc == 0;
	p.hash_problem = tile_problem(v, &p.hashes, rc, "has not the length of its hashes");
	p.bundle = rd_init(buf_data(&v->bundle), v->bundle.len);
	if (!p.has_entries)
		verify_lost(v);
	*ret = p;
	return !v->stale;
}

static void bundle_broken(struct verify *v, struct pages *p, unsigned i)
{
	struct verify_problem *bad = tile_problem(v, &p->entries, -EBADMSG, "");

	p->has_entries = false;
	verify_lost(v);
	if (bad)
		snprintf(bad->text, sizeof bad->text, "entries from %" PRIu64 " on cannot be read", p->entries.index * TILE_WIDTH + i);
}

/* Entry i of the pages; ones before skip were taken in by an earlier walk. */
static void walk_entry(struct verify *v, struct pages *p, unsigned i, unsigned skip)
{
	struct verify_ref ref = {0};
	struct hash by_entry = {{0}}, by_tile;
	const uint8_t *entry = NULL;
	size_t n = 0;

	if (p->has_entries && tile_bundle_next(&p->bundle, &entry, &n) != 1)
		bundle_broken(v, p, i);
	if (i < skip)
		return;
	if (p->has_entries)
		hash_leaf(entry, n, &by_entry);
	by_tile = by_entry;
	if (p->has_hashes)
		memcpy(by_tile.b, buf_data(&v->tile) + i * HASH_BYTES, HASH_BYTES);
	if (!p->has_entries)
		by_entry = by_tile;
	tree_append(&v->by_entry, &by_entry);
	tree_append(&v->by_tile, &by_tile);
	if (p->has_entries)
		verify_entry(v, v->size, entry, n, &by_entry, &by_tile, &ref);
	v->size++;
	verify_see_cosigned(v);
	v->level[0].ref[i] = ref;
	v->level[0].hash[i] = by_tile;
}

/* What the pages hold up to width goes up the levels. */
static void finish_pages(struct verify *v, struct pages *p, unsigned width)
{
	struct verify_level *l = &v->level[0];

	if (p->has_entries && width == p->entries.width && rd_left(&p->bundle))
		tile_problem(v, &p->entries, -EBADMSG, "holds more entries than it may");
	name_segments(v, p->hash_problem, l->ref, width);
	l->n = width;
	if (width == TILE_WIDTH)
		carry(v, 0);
}

static void walk_tile(struct verify *v, uint64_t size)
{
	uint64_t index = v->size / TILE_WIDTH;
	unsigned skip = (unsigned)(v->size % TILE_WIDTH), width = tile_width(size, 0, index);
	struct pages p;

	if (!open_pages(v, index, width, &p))
		return;
	v->holes = p.has_entries || p.has_hashes ? 0 : v->holes + 1;
	for (unsigned i = 0; i < width && !v->error; i++)
		walk_entry(v, &p, i, skip);
	finish_pages(v, &p, width);
}

/* Unsigned, the size is only what a file's name says, which may be anything. */
static bool has_ended(const struct verify *v)
{
	return v->past && v->holes > HOLES_MAX;
}

void verify_walk(struct verify *v, uint64_t size)
{
	v->stale = false;
	while (v->size < size && !v->error && !v->stale && !has_ended(v)) {
		walk_tile(v, size);
		if (v->src->progress)
			v->src->progress(v->src->ctx, v->size, size, v->report->bytes);
	}
}

/* A log that is not the signed one, and nothing showed where: then no segment of it is proved. */
static void nothing_proved(struct verify *v)
{
	for (size_t i = 0; i < v->report->nrenditions; i++) {
		const struct verify_rendition *r = &v->report->rendition[i];

		verify_add(v, VERIFY_CHANGED, r->camera, r->rendition, r->first, r->last, NULL,
			"among these an entry was changed: the log does not hash to the signed root");
	}
}

void verify_tops(struct verify *v)
{
	struct hash by_entry, by_tile;

	for (unsigned level = 1; level < TILE_LEVELS && !v->stale; level++)
		if (v->level[level].n)
			check_level(v, level);
	if (v->stale || v->root_bad)
		return;
	tree_root(&v->by_entry, &by_entry);
	tree_root(&v->by_tile, &by_tile);
	if (hash_same(&by_entry, &v->target.root) || hash_same(&by_tile, &v->target.root)) {
		v->report->checkpoint = v->target;
		return;
	}
	v->root_bad = true;
	v->report->note.there = false;
	verify_add(v, VERIFY_LOG, NULL, NULL, 0, 0, "log/checkpoint", "the log's %" PRIu64 " entries do not hash to the root that it signs",
		v->target.size);
	if (!v->named_log)
		nothing_proved(v);
}
