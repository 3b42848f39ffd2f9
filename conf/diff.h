/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_DIFF_H
#define CONF_DIFF_H
/*
 * What differs between two site files that were read: one item for each thing
 * that is only in one of them, and one for each key that differs in a thing
 * that is in both. Things are known by their names: the order of cameras, users,
 * listeners and renditions is no difference. Pure: looks at the two, opens nothing.
 * What a file holds that both name is not looked at, but for the cameras' passwords.
 */
#include "conf/schema.h"
#include "conf/site.h"

enum diff_what { DIFF_SITE, DIFF_LISTENER, DIFF_GROUP, DIFF_USER, DIFF_CAMERA, DIFF_RENDITION };
enum diff_kind { DIFF_ADDED, DIFF_REMOVED, DIFF_CHANGED };

/* What comes of it, as bits. */
enum diff_effect {
	DIFF_OPENS = 1,         /* somebody may reach, see or be what he could not before */
	DIFF_CLOSES = 2,        /* the other way round */
	DIFF_DISCONNECTS = 4,   /* viewers who are there lose what they watch, or their login */
	DIFF_REDIALS = 8,       /* the camera's connection is made anew: a gap */
	DIFF_DELETES = 16,      /* footage that is kept may have to go */
	DIFF_RESTARTS = 32,     /* only a restart of the server can do it */
};

struct diff_item {
	enum diff_what what;
	enum diff_kind kind;
	char name[64];                /* group, user, camera, or a listener's address; "" of DIFF_SITE */
	char rendition[SITE_NAME];    /* "" unless DIFF_RENDITION */
	/* What differs; of a thing that was added or removed the key that holds it: "cameras". A mask is part of "cameras.*.masks". */
	const struct schema_key *key;
	int old_line, new_line;       /* where it stands in each file, else the thing that leaves it out; 0: nowhere */
	unsigned effects;
	/* struct site, site_listener, site_group, site_user, site_camera or site_rendition of either file; NULL where it is not. As long as the two sites. */
	const void *was, *is;
};

/* Most that two site files can differ by. */
#define DIFF_ITEMS_MAX (2u * SITE_FILE_MAX)

struct diff {
	struct diff_item *item;       /* the site's own, then listeners, groups, users, cameras, each by the new file, what was removed last */
	unsigned n;
	unsigned effects;             /* of all of them */
};

/* 0 with *ret, which diff_free frees; -ENOMEM. */
int diff_sites(const struct site *was, const struct site *is, struct diff **ret);
void diff_free(struct diff **d);
/* "camera gate: source", "rendition gate/small added", "archive.max_size": no value of either file but names. */
void diff_text(const struct diff_item *item, char *out, size_t cap);

#endif
