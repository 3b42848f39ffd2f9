/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SERVER_CHECK_INNER_H
#define SERVER_CHECK_INNER_H
/* What the parts of casemate check share: where it says what, and the looks at what a site file names. */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "conf/site.h"

struct check {
	const char *path;  /* as the user gave it */
	FILE *to;
	const char *admin_key;  /* a file, or NULL */
	const struct site *site;
	unsigned problems, warnings;
};

enum check_weight { CHECK_PROBLEM, CHECK_WARNING };

/* "FILE:LINE: warning: …", counted; line 0 is of no line. */
void check_say(struct check *c, enum check_weight w, int line, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* A path as it may be shown. */
struct check_shown { char text[256]; };
struct check_shown check_shown(const char *path);

/* check_keys.c: certificates, keys, witnesses. An authority's file of a camera holds one: else false. */
void check_keys(struct check *c);
bool check_is_certificate(const char *path);
/* check_places.c: the site file itself; archive, socket, cameras */
void check_file(struct check *c);
void check_places(struct check *c);

#endif
