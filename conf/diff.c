/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conf/diff.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/diff_effect.h"
#include "conf/merge.h"

/* Both files, as values and as text that knows its lines. */
struct differ {
	struct ytree *was_text, *is_text;
	struct diff *diff;
	bool was_grouped, is_grouped;
	unsigned room;
	int rc;
};

/* Where a thing is in both files, and what it is called. */
struct place {
	enum diff_what what;
	const char *prefix;           /* of its keys: "cameras.*." */
	const char *name, *rendition;
	const void *was, *is;
	int was_line, is_line;
};

static struct diff_item *add_item(struct differ *d, const struct place *at, enum diff_kind kind, const struct schema_key *k)
{
	struct diff_item *item;

	if (d->diff->n == d->room) {
		unsigned room = d->room ? 2 * d->room : 64;
		struct diff_item *more = room <= DIFF_ITEMS_MAX ? reallocarray(d->diff->item, room, sizeof *more) : NULL;

		if (!more) {
			d->rc = -ENOMEM;
			return NULL;
		}
		d->diff->item = more;
		d->room = room;
	}
	item = &d->diff->item[d->diff->n++];
	*item = (struct diff_item){.what = at->what, .kind = kind, .key = k, .was = at->was, .is = at->is, .old_line = at->was_line, .new_line = at->is_line};
	snprintf(item->name, sizeof item->name, "%s", at->name);
	snprintf(item->rendition, sizeof item->rendition, "%s", at->rendition);
	item->effects = diff_effect(item);
	return item;
}

/* A list's item is known by its line. */
static const struct ytree_node *child_at(const struct ytree_node *n, int line)
{
	for (n = n ? n->child : NULL; n; n = n->next)
		if (n->at.line == line)
			return n;
	return NULL;
}

/* Follows a key's path, with names for its stars; the line of its value, or otherwise where it is left out. */
static int line_of(const struct ytree *text, const struct place *at, const struct schema_key *k, int otherwise)
{
	const struct ytree_node *n = text->root;
	const char *stars[] = {at->name, at->rendition}, **star = stars;

	for (const char *p = k->path; n && *p; p += p[strcspn(p, ".")] == '.') {
		size_t len = strcspn(p, ".");
		bool list = len > 2 && p[len - 1] == ']';

		if (*p == '*') {
			assert(star < stars + 2);
			n = ytree_find(n, *star, strlen(*star));
			star++;
		} else {
			n = ytree_find(n, p, list ? len - 2 : len);
			n = list ? child_at(n, otherwise) : n;
		}
		p += len;
	}
	return n ? n->kind == YTREE_SCALAR && n->empty ? n->key_at.line : n->at.line : otherwise;
}

/* Every key below at->prefix, of something that is in both files. */
static void compare_keys(struct differ *d, const struct place *at)
{
	for (unsigned i = 0; i < schema_nkeys; i++) {
		const struct schema_key *k = &schema_keys[i];
		struct diff_item *item;

		if (!schema_is_below(k, at->prefix) || !diff_differs(k, at->was, at->is))
			continue;
		item = add_item(d, at, DIFF_CHANGED, k);
		if (!item)
			return;
		item->old_line = line_of(d->was_text, at, k, at->was_line);
		item->new_line = line_of(d->is_text, at, k, at->is_line);
	}
}

static const struct schema_key *key_of(const char *path)
{
	for (unsigned i = 0; i < schema_nkeys; i++)
		if (!strcmp(schema_keys[i].path, path))
			return &schema_keys[i];
	return NULL;
}

/* Things that a file has several of, known by name. */
struct list {
	enum diff_what what;
	const char *holder, *prefix;  /* the key that holds them; of their own keys */
	size_t size, name, line;      /* of one; where in it those are */
	size_t gone;                  /* ... and whether it only keeps a place; 0: it never does */
};

#define LIST(what, holder, prefix, type, name, ...) \
	{what, holder, prefix, sizeof(struct type), offsetof(struct type, name), offsetof(struct type, line), __VA_ARGS__}
#define GONE(type) offsetof(struct type, gone)

static const struct list listeners = LIST(DIFF_LISTENER, "listen", "listen[].", site_listener, text, 0);
static const struct list groups = LIST(DIFF_GROUP, "groups", "groups.*.", site_group, name, 0);
static const struct list users = LIST(DIFF_USER, "users", "users[].", site_user, name, GONE(site_user));
static const struct list cameras = LIST(DIFF_CAMERA, "cameras", "cameras.*.", site_camera, name, GONE(site_camera));
static const struct list renditions = LIST(DIFF_RENDITION, "cameras.*.renditions", "cameras.*.renditions.*.", site_rendition, name, GONE(site_rendition));

static const char *name_in(const struct list *l, const void *one)
{
	return (const char *)one + l->name;
}

static int line_in(const struct list *l, const void *one)
{
	return one ? *(const int *)((const char *)one + l->line) : 0;
}

/* One of n things, each as large as the list says. */
static const void *item_of(const struct list *l, const void *array, unsigned i)
{
	return (const char *)array + i * l->size;
}

static bool is_gone(const struct list *l, const void *one)
{
	return l->gone && *(const bool *)((const char *)one + l->gone);
}

static const void *find(const struct list *l, const void *array, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (!is_gone(l, item_of(l, array, i)) && !strcmp(name_in(l, item_of(l, array, i)), name))
			return item_of(l, array, i);
	return NULL;
}

static void compare_lists(struct differ *d, const struct list *l, const char *camera, const void *was, unsigned nwas, const void *is, unsigned nis);

/* Without any group every user may everything, whatever groups he is of: who gets the first one may less, and more when the last one goes. */
static void compare_grouping(struct differ *d, const struct place *at)
{
	const struct schema_key *k = key_of("users[].groups");
	struct diff_item *item = NULL;

	for (unsigned i = d->diff->n; i-- && !item && d->diff->item[i].is == at->is;)
		item = d->diff->item[i].key == k ? &d->diff->item[i] : NULL;
	if (!item)
		item = add_item(d, at, DIFF_CHANGED, k);
	if (item)
		item->effects = DIFF_DISCONNECTS | (d->is_grouped ? DIFF_CLOSES : DIFF_OPENS);
}

/* A thing that is in one file or in both. */
static void compare_one(struct differ *d, const struct list *l, const char *camera, const void *was, const void *is)
{
	const char *name = name_in(l, is ? is : was);
	struct place at = {.what = l->what, .prefix = l->prefix, .name = camera ? camera : name, .rendition = camera ? name : "", .was = was, .is = is,
			   .was_line = line_in(l, was), .is_line = line_in(l, is)};
	const struct site_camera *a = was, *b = is;

	if (was && is)
		compare_keys(d, &at);
	else
		add_item(d, &at, is ? DIFF_ADDED : DIFF_REMOVED, key_of(l->holder));
	if (was && is && l->what == DIFF_USER && d->was_grouped != d->is_grouped)
		compare_grouping(d, &at);
	if (was && is && l->what == DIFF_CAMERA)
		compare_lists(d, &renditions, name, a->rendition, a->nrenditions, b->rendition, b->nrenditions);
}

static void compare_lists(struct differ *d, const struct list *l, const char *camera, const void *was, unsigned nwas, const void *is, unsigned nis)
{
	for (unsigned i = 0; i < nis; i++)
		if (!is_gone(l, item_of(l, is, i)))
			compare_one(d, l, camera, find(l, was, nwas, name_in(l, item_of(l, is, i))), item_of(l, is, i));
	for (unsigned i = 0; i < nwas; i++)
		if (!is_gone(l, item_of(l, was, i)) && !find(l, is, nis, name_in(l, item_of(l, was, i))))
			compare_one(d, l, camera, item_of(l, was, i), NULL);
}

static void compare_site(struct differ *d, const struct site *was, const struct site *is)
{
	static const char *const levels[] = {"", "tls.", "media_signing.", "archive.", "alarms.", "processes."};
	struct place at = {.what = DIFF_SITE, .name = "", .rendition = "", .was = was, .is = is};

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		at.prefix = levels[i];
		compare_keys(d, &at);
	}
}

int diff_sites(const struct site *was, const struct site *is, struct diff **ret)
{
	struct differ d = {.diff = calloc(1, sizeof *d.diff), .was_grouped = was->ngroups > 0, .is_grouped = is->ngroups > 0};
	struct site_report *report = calloc(1, sizeof *report);

	d.rc = d.diff && report ? merge_read(was, &d.was_text, report) : -ENOMEM;
	if (!d.rc)
		d.rc = merge_read(is, &d.is_text, report);
	if (!d.rc) {
		compare_site(&d, was, is);
		compare_lists(&d, &listeners, NULL, was->listener, was->nlisteners, is->listener, is->nlisteners);
		compare_lists(&d, &groups, NULL, was->group, was->ngroups, is->group, is->ngroups);
		compare_lists(&d, &users, NULL, was->user, was->nusers, is->user, is->nusers);
		compare_lists(&d, &cameras, NULL, was->camera, was->ncameras, is->camera, is->ncameras);
	}
	for (unsigned i = 0; !d.rc && i < d.diff->n; i++)
		d.diff->effects |= d.diff->item[i].effects;
	ytree_free(&d.was_text);
	ytree_free(&d.is_text);
	free(report);
	if (d.rc)
		diff_free(&d.diff);
	else
		*ret = d.diff;
	return d.rc;
}

void diff_free(struct diff **d)
{
	if (*d)
		free((*d)->item);
	free(*d);
	*d = NULL;
}

void diff_text(const struct diff_item *item, char *out, size_t cap)
{
	static const char *const what[] = {
		[DIFF_LISTENER] = "listener ", [DIFF_GROUP] = "group ", [DIFF_USER] = "user ", [DIFF_CAMERA] = "camera ", [DIFF_RENDITION] = "rendition "};
	static const char *const kind[] = {[DIFF_ADDED] = " added", [DIFF_REMOVED] = " removed"};

	if (item->what == DIFF_SITE)
		snprintf(out, cap, "%s", item->key->path);
	else
		snprintf(out, cap, "%s%s%s%s%s%s", what[item->what], item->name, *item->rendition ? "/" : "", item->rendition,
			 item->kind == DIFF_CHANGED ? ": " : kind[item->kind], item->kind == DIFF_CHANGED ? schema_leaf(item->key) : "");
}
