/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/loader.h"

#define CAMERA_KEYS_MAX 64  /* more than a camera has: a defaults: with more than these is complained about as a map */

struct merge {
	const struct site *site;
	struct ytree *tree;
	struct site_report *report;
	int rc;
};

static struct ytree_node *find(const struct ytree_node *map, const char *key)
{
	return ytree_find(map, key, strlen(key));
}

/* Nothing after its colon: a map without keys. */
static bool is_map(struct ytree_node *n)
{
	if (n && n->kind == YTREE_SCALAR && n->empty) {
		n->kind = YTREE_MAP;
		n->text = NULL;
	}
	return n && n->kind == YTREE_MAP;
}

/* --- included files --------------------------------------------------------------------- */

static void refuse_key(struct merge *m, const struct ytree_node *n)
{
	complaint_add(m->report, n->key_at, "cameras: {gate: {source: \"rtsp://192.0.2.11/stream1\"}}",
		      "\"%s\" has no place in a file that is included: it holds cameras, and all else is in the site file", loader_quote(n->key, n->key_len).text);
}

/* The value of a part's cameras:, or NULL. */
static struct ytree_node *cameras_of(struct merge *m, struct ytree_node *root)
{
	struct ytree_node *cameras = NULL;

	if (root && root->kind != YTREE_BAD && !is_map(root))
		complaint_add(m->report, root->at, "cameras: {gate: {source: \"rtsp://192.0.2.11/stream1\"}}", "a file that is included is a map with the key cameras");
	for (struct ytree_node *c = is_map(root) ? root->child : NULL; c; c = c->next) {
		if (strcmp(c->key, "cameras")) {
			refuse_key(m, c);
		} else if (c->kind != YTREE_BAD) {
			if (is_map(c))
				cameras = c;
			else
				complaint_add(m->report, c->at, NULL, "cameras: what is wanted is a map of names");
		}
	}
	return cameras;
}

/* The site file's own, made where it has none. NULL when it is of another shape, or without memory. */
static struct ytree_node *own_cameras(struct merge *m)
{
	static const struct ytree_node key = {.kind = YTREE_SCALAR, .text = "cameras", .len = 7, .at = {1, 1}}, none = {.kind = YTREE_MAP, .at = {1, 1}};
	struct ytree_node *cameras = find(m->tree->root, "cameras");

	if (!cameras && m->tree->root && m->tree->root->kind == YTREE_MAP) {
		cameras = ytree_append(m->tree, m->tree->root, &none, &key);
		if (!cameras)
			m->rc = -ENOMEM;
	}
	return is_map(cameras) ? cameras : NULL;
}

/* Where the next one goes. */
static void put_behind(struct ytree_node *to, struct ytree_node *from)
{
	struct ytree_node **last = &to->child;

	while (*last)
		last = &(*last)->next;
	*last = from->child;
	to->nchildren += from->nchildren;
}

static struct ytree_node *read_part(struct merge *m, unsigned i)
{
	const struct site_part *part = &m->site->part[i];
	struct ytree_node *root = NULL;
	struct ytree *tree = NULL;
	int rc = ytree_read(buf_data(&m->site->bytes) + part->at, part->len, i, &tree, m->report);

	if (rc == -ENOMEM)
		m->rc = rc;
	if (rc)
		return NULL;
	root = tree->root;
	ytree_adopt(m->tree, &tree);
	return root;
}

/* The first stays, as within one file. */
static int by_name(const void *a, const void *b)
{
	const struct ytree_node *x = *(struct ytree_node *const *)a, *y = *(struct ytree_node *const *)b;
	int c = strcmp(x->key, y->key);

	return c ? c : (x->key_at.line > y->key_at.line) - (x->key_at.line < y->key_at.line);
}

static void refuse_duplicates(struct merge *m, const struct ytree_node *cameras)
{
	struct ytree_node **v = reallocarray(NULL, cameras->nchildren + 1, sizeof *v);
	const struct ytree_node *first = NULL;
	unsigned n = 0;

	if (!v) {
		m->rc = -ENOMEM;
		return;
	}
	for (struct ytree_node *c = cameras->child; c; c = c->next)
		v[n++] = c;
	qsort(v, n, sizeof *v, by_name);
	for (unsigned i = 0; i < n; i++) {
		char place[SITE_PART_NAME + 64];

		if (!first || strcmp(first->key, v[i]->key)) {
			first = v[i];
		} else if (first->key_at.line / SITE_LINES != v[i]->key_at.line / SITE_LINES) {
			site_place(m->site, "the site file", first->key_at.line, place, sizeof place);
			complaint_add(m->report, v[i]->key_at, NULL, "camera \"%s\" is here a second time; the first is in %s: keep one of them",
				      loader_quote(v[i]->key, v[i]->key_len).text, place);
			v[i]->kind = YTREE_BAD;
		}
	}
	free(v);
}

static void take_included(struct merge *m)
{
	struct ytree_node *to = m->site->nparts > 1 ? own_cameras(m) : NULL;

	for (unsigned i = 1; i < m->site->nparts && !m->rc; i++) {
		struct ytree_node *cameras = cameras_of(m, read_part(m, i));

		if (cameras && to)
			put_behind(to, cameras);
		if (m->tree->nodes > YTREE_NODES_MAX) {
			complaint_add(m->report, (struct complaint_at){(int)i * SITE_LINES, 0}, NULL, "with this file the site holds more than %u values", YTREE_NODES_MAX);
			break;
		}
	}
	if (to && !m->rc)
		refuse_duplicates(m, to);
}

/* --- profiles --------------------------------------------------------------------------- */

static void complain_profile(struct merge *m, struct ytree_node *profiles, const struct ytree_node *name)
{
	const struct ytree_node *best = NULL;
	unsigned least = 4, d;

	for (const struct ytree_node *p = is_map(profiles) && profiles->nchildren <= SITE_PROFILES_MAX ? profiles->child : NULL; p; p = p->next) {
		d = schema_distance(p->key, p->key_len, name->text, name->len);
		if (d < least) {
			least = d;
			best = p;
		}
	}
	complaint_add(m->report, name->at, "profiles: {small: {size: 640x360, bitrate: 600 kb/s}}", "renditions: there is no profile \"%s\"%s%s%s",
		      loader_quote(name->text, name->len).text, best ? ": did you mean \"" : "", best ? loader_quote(best->key, best->key_len).text : "", best ? "\"?" : "");
}

/* A list of names becomes the map that it stands for; one that is too long keeps its number, and goes without what is in it. */
static void name_renditions(struct merge *m, struct ytree_node *profiles, struct ytree_node *renditions)
{
	const struct ytree_node *item = renditions->child;

	renditions->kind = YTREE_MAP;
	renditions->child = NULL;
	if (renditions->nchildren > SITE_RENDITIONS_MAX)
		return;
	renditions->nchildren = 0;
	for (; item && !m->rc; item = item->next) {
		const struct ytree_node *profile = item->kind == YTREE_SCALAR ? ytree_find(profiles, item->text, item->len) : NULL;

		if (item->kind == YTREE_BAD)
			continue;
		if (item->kind != YTREE_SCALAR)
			complaint_add(m->report, item->at, "renditions: [large, small]", "renditions: what is wanted here is the name of a profile");
		else if (!profile)
			complain_profile(m, profiles, item);
		else if (ytree_find(renditions, item->text, item->len))
			complaint_add(m->report, item->at, NULL, "renditions: \"%s\" is here a second time", loader_quote(item->text, item->len).text);
		else if (!ytree_append(m->tree, renditions, profile, item))
			m->rc = -ENOMEM;
	}
}

/* --- defaults --------------------------------------------------------------------------- */

static bool is_inherited(const struct ytree_node *n)
{
	return schema_find("cameras.*.", n->key, n->key_len) && strcmp(n->key, "source") && strcmp(n->key, "onvif");
}

/* A key without a value takes the default away. */
static void remove_child(struct ytree_node *map, const struct ytree_node *child)
{
	for (struct ytree_node **c = &map->child; *c; c = &(*c)->next)
		if (*c == child) {
			*c = child->next;
			map->nchildren--;
			return;
		}
}

static void inherit(struct merge *m, const struct ytree_node *defaults, struct ytree_node *camera)
{
	for (const struct ytree_node *d = defaults->child; d && !m->rc; d = d->next) {
		const struct ytree_node *own = ytree_find(camera, d->key, d->key_len);

		if (!is_inherited(d))
			continue;
		if (own && own->kind == YTREE_SCALAR && own->empty)
			remove_child(camera, own);
		else if (!own && !ytree_append(m->tree, camera, d, NULL))
			m->rc = -ENOMEM;
	}
}

static void complete_cameras(struct merge *m)
{
	struct ytree_node *cameras = find(m->tree->root, "cameras"), *defaults = find(m->tree->root, "defaults"), *renditions = find(defaults, "renditions");
	struct ytree_node *profiles = find(m->tree->root, "profiles");

	if (renditions && renditions->kind == YTREE_LIST)
		name_renditions(m, profiles, renditions);
	if (!cameras || cameras->kind != YTREE_MAP || cameras->nchildren > SITE_CAMERAS_MAX)
		return;
	for (struct ytree_node *c = cameras->child; c && !m->rc; c = c->next) {
		if (!is_map(c))
			continue;
		if (defaults && defaults->kind == YTREE_MAP && defaults->nchildren <= CAMERA_KEYS_MAX)
			inherit(m, defaults, c);
		renditions = find(c, "renditions");
		if (renditions && renditions->kind == YTREE_LIST)
			name_renditions(m, profiles, renditions);
	}
}

int merge_parts(const struct site *site, struct ytree *tree, struct site_report *report)
{
	struct merge m = {.site = site, .tree = tree, .report = report};

	take_included(&m);
	if (!m.rc)
		complete_cameras(&m);
	return m.rc;
}

int merge_read(const struct site *site, struct ytree **ret, struct site_report *report)
{
	struct ytree *tree = NULL;
	int rc = ytree_read(buf_data(&site->bytes), site->part->len, 0, &tree, report);

	if (!rc)
		rc = merge_parts(site, tree, report);
	if (rc)
		ytree_free(&tree);
	else
		*ret = tree;
	return rc;
}
