/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_YTREE_H
#define CONF_YTREE_H
/*
 * YAML text as a bounded tree in which every node knows its line and column.
 * Only the plain part of YAML is taken: maps, lists and scalars. Anchors,
 * aliases, tags and merge keys are refused, so the tree is never larger than
 * the text; so are duplicate keys, and control bytes inside a scalar.
 */
#include <stdbool.h>
#include <stddef.h>

#include "conf/complaint.h"

#define YTREE_DEPTH_MAX 16
#define YTREE_NODES_MAX 200000

enum ytree_kind {
	YTREE_BAD,     /* complained about already: whoever walks over it says nothing */
	YTREE_SCALAR,
	YTREE_LIST,
	YTREE_MAP,
};

struct ytree_node {
	enum ytree_kind kind;
	bool empty;                     /* a scalar that isn't there, as after "archive:" */
	struct complaint_at at;
	const char *text;               /* scalar: UTF-8 without control bytes, NUL-terminated; else NULL */
	size_t len;
	const char *key;                /* inside a map: this value's key, never NULL there */
	size_t key_len;
	struct complaint_at key_at;
	struct ytree_node *child, *next; /* in the order of the file */
	unsigned nchildren;
};

struct ytree {
	struct ytree_node *root;         /* NULL when the text holds nothing but comments */
	struct ytree_chunk *chunks;      /* all memory of the nodes and their texts */
	unsigned nodes;
};

/*
 * Reads text whole; *ret is owned by the caller. 0 also when there were complaints that
 * leave the tree's shape whole; -EINVAL when it can't be read further (the last complaint
 * says why); -ENOMEM. part: of the site; all lines are kept with it (SITE_LINES).
 */
int ytree_read(const void *text, size_t n, unsigned part, struct ytree **ret, struct site_report *report);
void ytree_free(struct ytree **tree);

/* The value of a map's key, or NULL; also when map is NULL or no map. */
struct ytree_node *ytree_find(const struct ytree_node *map, const char *key, size_t n);
/* All memory of *other goes to tree, and *other is gone; its nodes live on. */
void ytree_adopt(struct ytree *tree, struct ytree **other);
/* Appends a node to a map's or list's children: a copy of from, which has the same children, under that key (NULL: from's own). NULL without memory. */
struct ytree_node *ytree_append(struct ytree *tree, struct ytree_node *to, const struct ytree_node *from, const struct ytree_node *key);

#endif
