/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_AGAINST_H
#define SERVER_AGAINST_H
/*
 * casemate check --against: what a change of the site file would open, close and change, and who would be disconnected, in
 * sentences; conf/diff.h says what differs and what comes of it.
 */
#include <stdbool.h>

#include "base/buf.h"
#include "conf/diff.h"

enum against_group { AGAINST_OPENS, AGAINST_CLOSES, AGAINST_DISCONNECTS, AGAINST_DELETES, AGAINST_CHANGES, AGAINST_GROUPS };

#define AGAINST_TEXT 400
#define AGAINST_MAX (64u << 20)   /* bytes, however it is printed */
#define AGAINST_LINES_MAX 20000   /* what is beyond is only counted */

struct against_line {
	enum against_group group;
	bool old;                     /* the line is the old file's */
	int line;                     /* 0: the file as a whole */
	const struct diff_item *item;
	char text[AGAINST_TEXT];      /* printable ASCII */
};

struct against {
	struct diff *diff;
	struct against_line *line;    /* as they came; printed by group */
	unsigned n, left_out;
	unsigned count[AGAINST_GROUPS];
	const struct site *was, *is;
	int rc;
};

/* "opens" … */
const char *against_group_name(enum against_group group);
/* 0 with *ret, which against_free frees, and which points into both sites; -ENOMEM. */
int against_sites(const struct site *was, const struct site *is, struct against **ret);
void against_free(struct against **a);
/* Something opens, somebody is disconnected, or footage would be deleted. */
bool against_matters(const struct against *a);
/* old and new: the files' names as the user gave them. */
void against_text(const struct against *a, const char *old, const char *new, struct buf *out);
void against_json(const struct against *a, const char *old, const char *new, struct buf *out);

#endif
