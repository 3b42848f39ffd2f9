/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_TREE_H
#define CONF_TREE_H
/*
 * YAML text as a bounded tree in which every node knows its line and column.
 * Only the plain part of YAML is taken: maps, lists and scalars. Anchors,
 * aliases, tags and merge keys are refused, so the tree is never larger than
 * the text; so are duplicate keys, and control bytes inside a scalar.
 */
#include <stdbool.h>
#include <stddef.h>

#include "conf/complaint.h"

#define TREE_DEPTH_MAX 16
#define TREE_NODES_MAX 200000

enum tree_kind {
	TREE_BAD,     /* complained about already: whoever walks over it says nothing */
	TREE_SCALAR,
	TREE_LIST,
	TREE_MAP,
};

struct tree_node {
	enum tree_kind kind;
	bool empty;                     /* a scalar that isn't there, as after "archive:" */
	struct complaint_at at;
	const char *text;               /* scalar: UTF-8 without control bytes, NUL-terminated; else NULL */
	size_t len;
	const char *key;                /* inside a map: this value's key, never NULL there */
	size_t key_len;
	struct complaint_at key_at;
	struct tree_node *child, *next; /* in the order of the file */
	unsigned nchildren;
};

struct tree {
	struct tree_node *root;         /* NULL when the text holds nothing but comments */
	struct tree_chunk *chunks;      /* all memory of the nodes and their texts */
	unsigned nodes;
};

/*
 * Reads text whole; *ret is owned by the caller. 0 also when there were complaints that
 * leave the tree's shape whole; -EINVAL when it can't be read further (the last complaint
 * says why); -ENOMEM.
 */
int tree_read(const void *text, size_t n, struct tree **ret, struct site_report *report);
void tree_free(struct tree **tree);

#endif
