/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CONF_LOADER_H
#define CONF_LOADER_H
/* What the parts of the site file's reader share. Private to this room. */
#include "conf/schema.h"
#include "conf/site.h"
#include "conf/ytree.h"

#define LOADER_FILES_MAX (2 * (SITE_CAMERAS_MAX + 1) + SITE_USERS_MAX + 16)  /* two of a camera and of the defaults, one of a user, and the site's own */

/* A file that the site names, to be looked at when the text is read. */
struct loader_file {
	const struct schema_key *key;
	struct complaint_at at;
	char *path;       /* owned */
	char **mark;      /* where the mark goes of what is in a password's or a digest's file, else NULL */
	const struct site_user *user;  /* whose digest it is, else NULL */
};

struct loader {
	struct site *site;
	struct site_report *report;
	struct loader_file *file;  /* LOADER_FILES_MAX of them */
	unsigned nfiles;
	int rc;                    /* -ENOMEM once memory ran out */
};

/* "LEAF: ..." at the node, with the key's example. */
void loader_complain(struct loader *l, const struct schema_key *k, struct complaint_at at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Sets the member of object from a scalar (listen: or a list) that the table's key takes, or complains. */
void values_set(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);

/* The words of a type that is a choice, in the order of its enum in site.h; ends with NULL. */
const char *const *values_words(enum schema_type type);

/* The values that values.c leaves to others. */
void source_set_camera(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);
void source_set_onvif(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);
void source_set_listeners(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);
/* Whether the key is the one that the listener was written at. */
bool source_is_listener(const struct schema_key *k, const struct site_listener *l);

void include_set(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);
void paths_set_file(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);
void paths_set_folder(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);
void paths_set_socket(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);

void rights_set_rights(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);
void rights_set_cameras(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);
void rights_set_groups(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);
void rights_set_hours(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);
void rights_set_until(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);
void camera_set_fingerprint(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);
/* sha256:AB:CD... as openssl prints it, or sha256:abcd...; 0 or -EINVAL. */
int camera_read_fingerprint(const char *text, uint8_t ret[32]);
void camera_set_tls_name(struct loader *l, const struct schema_key *k, const struct ytree_node *n, void *object);

/* What is wrong between the keys of a camera that n is; tells how it proves who it is. */
void camera_check(struct loader *l, const struct ytree_node *n, struct site_camera *c);

/* What users and groups say together. */
void rights_check(struct loader *l);

/* Looks at every file that was named, and marks the passwords. */
void paths_check_files(struct loader *l);
/* Under the key of site_mark_key: without it nobody can tell what the secret is like. Owned; NULL without memory. */
char *paths_mark(const void *secret, size_t n);

/* Reads a user's digest from its file, and marks it, or complains. */
void digest_file_mark(struct loader *l, const struct loader_file *f, int fd);

/* A node's text with everything unprintable escaped, cut to what a complaint holds. */
struct loader_quote {
	char text[160];
};
struct loader_quote loader_quote(const char *s, size_t n);

#endif
